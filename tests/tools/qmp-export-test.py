# SPDX-License-Identifier: LGPL-2.1-or-later
"""qmp export, against real servers: what it prints, and what it serves.

usage: qmp-export-test.py QMP
"""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import unittest

import terminal
from qmpcase import DONE, NO_MACHINE, QMP, TIMEOUT, USAGE, Case

# A line of Prometheus's text format.
SAMPLE = re.compile(r'[a-z_]+(\{[a-z_]+="([^"\\\n]|\\["\\n])*"(,[a-z_]+="([^"\\\n]|\\["\\n])*")*\})? [-+.0-9e]+')
DISK = ['-blockdev', 'null-co,node-name=disk,size=1048576', '-machine', 'pc', '-accel', 'tcg', '-m', '16', '-nodefaults',
        '-display', 'none', '-device', 'virtio-blk,drive=disk,id=d0']


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__('localhost', timeout=terminal.SECONDS)
        self.place = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(terminal.SECONDS)
        self.sock.connect(self.place)


class Export(Case):
    def export(self, *words, listen=None):
        self.listening = listen or self.path('metrics')
        program = self.start('export', '--listen', self.listening, *words)
        line = program.stderr.readline()
        self.assertRegex(line, r'^qmp: The metrics are at ')
        self.place = line.removeprefix('qmp: The metrics are at ').strip()
        return program

    def get(self, path='/metrics', connection=None):
        connection = connection or UnixConnection(self.listening)
        connection.request('GET', path)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer, text

    def metrics(self):
        """All samples, and what is wrong with the form of any."""
        answer, text = self.get()
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.getheader('Content-Type'), 'text/plain; version=0.0.4; charset=utf-8')
        samples = {}
        family = None
        for line in text.removesuffix('\n').split('\n'):
            if line.startswith('# TYPE '):
                family = line.split()[2]
            if line.startswith('# '):
                continue
            self.assertTrue(SAMPLE.fullmatch(line), line)
            name, value = line.rsplit(' ', 1)
            self.assertEqual(re.split('[{ ]', name)[0], family)
            self.assertNotIn(name, samples)
            samples[name] = float(value)
        return samples

    def wait_for(self, program, **wanted):
        """Reads lines until one has these members; returns it."""
        for line in program.stdout:
            message = json.loads(line)
            self.assertEqual(next(iter(message)), 'machine')
            if wanted.items() <= message.items():
                return message
        raise AssertionError(f'{wanted} was not printed: {program.stderr.read()}')

    def end(self, program):
        program.send_signal(signal.SIGTERM)
        program.stdout.read()
        self.assertEqual((program.wait(), program.stderr.read()), (DONE, ''))

    def test_events_and_metrics(self):
        vm = self.server(*DISK)
        nowhere = self.path('no"where')
        program = self.export(vm.path, nowhere)
        self.assertEqual(os.stat(self.listening).st_mode & 0o777, 0o600)
        self.wait_for(program, machine=vm.path, connected=True)
        vm.execute('stop')
        event = self.wait_for(program, machine=vm.path, event='STOP')
        self.assertIn('seconds', event['timestamp'])
        samples = self.metrics()
        expected = {
            f'qmp_machine_up{{machine="{vm.path}"}}': 1, 'qmp_machine_up{machine="%s"}' % nowhere.replace('"', '\\"'): 0,
            f'qmp_machine_running{{machine="{vm.path}"}}': 0,
            f'qmp_machine_status{{machine="{vm.path}",status="paused"}}': 1,
            f'qmp_events_total{{machine="{vm.path}",event="STOP"}}': 1,
        }
        self.assertEqual({name: samples.get(name) for name in expected}, expected)
        blocks = [name for name in samples if name.startswith('qmp_block_read_bytes_total')]
        self.assertEqual(len(blocks), 1)
        self.assertIn('d0', blocks[0])
        self.assertFalse([name for name in samples if 'where' in name and 'block' in name])
        vm.execute('quit')
        self.wait_for(program, machine=vm.path, connected=False)
        self.assertEqual(self.metrics()[f'qmp_machine_up{{machine="{vm.path}"}}'], 0)
        self.end(program)
        self.assertFalse(os.path.exists(self.listening))

    def test_hung(self):
        """Others are told of, and it is told that this one hangs."""
        a, b = self.server(*NO_MACHINE, name='a'), self.server(*NO_MACHINE, name='b')
        with open(self.path('list'), 'w', encoding='utf-8') as file:
            file.write(f'# two of them\n\n{a.path}\n  {b.path}\n')
        program = self.export('--file', self.path('list'))
        waited = {a.path, b.path}
        while waited:
            waited.discard(self.wait_for(program, connected=True)['machine'])
        os.kill(a.process.pid, signal.SIGSTOP)
        samples = self.metrics()
        self.assertEqual(samples[f'qmp_machine_up{{machine="{b.path}"}}'], 1)
        self.wait_for(program, machine=a.path, error='A command was not answered for 5000 milliseconds')
        self.assertEqual(self.metrics()[f'qmp_machine_up{{machine="{a.path}"}}'], 0)
        os.kill(a.process.pid, signal.SIGCONT)
        while self.metrics()[f'qmp_machine_up{{machine="{a.path}"}}'] != 1:
            pass
        self.end(program)

    def test_http(self):
        program = self.export('--no-events', self.path('nowhere'), listen='127.0.0.1:0')
        host, port = self.place.rsplit(':', 1)
        self.assertEqual(host, '127.0.0.1')

        def connect():
            return http.client.HTTPConnection('127.0.0.1', int(port), timeout=terminal.SECONDS)

        self.assertEqual(self.get(connection=connect())[0].status, 200)
        self.assertEqual(self.get('/', connect())[0].status, 404)
        for text, status in ((b'POST /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n', 405),
                             (b'GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n', 403),
                             (b'GET /metrics HTTP/1.1\r\n\r\n', 400), (b'nonsense\0\r\n\r\n', 400), (b'a' * 8192, 431)):
            with socket.create_connection(('127.0.0.1', int(port)), terminal.SECONDS) as connection:
                connection.sendall(text)
                self.assertTrue(connection.makefile('rb').readline().startswith(b'HTTP/1.1 %d ' % status), text)
        # Who says nothing, or goes in the middle, is in nobody's way, though there are as many as are served.
        idle = [socket.create_connection(('127.0.0.1', int(port)), terminal.SECONDS) for _ in range(15)]
        idle[0].sendall(b'GET /met')
        idle.pop().close()
        self.assertEqual(self.get(connection=connect())[0].status, 200)
        more = [socket.create_connection(('127.0.0.1', int(port)), terminal.SECONDS) for _ in range(20)]
        # They are given up, and then others are served.
        self.assertEqual(self.get(connection=connect())[0].status, 200)
        for connection in (*idle, *more):
            connection.close()
        self.end(program)

    def test_socket(self):
        """A socket that was left behind is taken, one that is served is not."""
        first = self.export(self.path('nowhere'))
        self.assertIn('Cannot listen at', self.run_qmp('export', '-l', self.listening, self.path('nowhere')).stderr)
        first.kill()
        first.wait()
        self.end(self.export(self.path('nowhere')))

    def test_bad(self):
        nowhere = self.path('nowhere')
        self.bad(USAGE, 'loopback', 'export', '-l', '0.0.0.0:0', nowhere)
        self.bad(USAGE, 'nothing to do', 'export', '--no-events', nowhere)
        self.bad(USAGE, 'tcp:nonsense', 'export', 'tcp:nonsense')
        self.bad(USAGE, 'tcp:nonsense', 'export', '-l', 'tcp:nonsense', nowhere)
        self.bad(1, 'No such file', 'export', '--file', nowhere)
        with open(self.path('list'), 'w', encoding='utf-8') as file:
            file.write('\nvsock:1\n')
        self.bad(USAGE, 'list:2: ', 'export', '--file', self.path('list'))
        self.assertEqual(self.run_qmp('export', '-t', '0.1', nowhere).returncode, TIMEOUT)

    @unittest.skipIf(os.getuid() != 0 or shutil.which('unshare') is None, 'a list of processes of our own takes root, and unshare')
    def test_all(self):
        """Among processes of our own, so that nobody else's monitors are taken."""
        script = f'''
            qemu-system-x86_64 {" ".join(NO_MACHINE)} -name a -daemonize -qmp unix:{self.directory}/a,server=on,wait=off
            "$0" export | head -n 1'''
        result = subprocess.run(['unshare', '--pid', '--fork', '--mount-proc', '--kill-child', 'sh', '-c', script, QMP],
                                capture_output=True, text=True, check=False, timeout=terminal.SECONDS, env=self.environment(),
                                stdin=subprocess.DEVNULL)
        self.assertEqual((result.stdout, result.stderr), ('{"machine": "a", "connected": true}\n', ''))


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
