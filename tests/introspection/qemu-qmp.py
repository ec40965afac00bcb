#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""QEMU's own Python client, its shell and its blocking interface, a client of ours and a bare socket, all at once, at a server of ours.

usage: qemu-qmp.py SOURCE SERVER...

SOURCE is the directory "python" of QEMU's sources, unless the environment variable QEMU_QMP names another one; where neither is
there the test is skipped.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

SOURCE = os.environ.get('QEMU_QMP', sys.argv[1])
SECONDS = 60
# How many commands each client sends.
COMMANDS = int(os.environ.get('QEMU_QMP_COMMANDS', '100'))
RUNNING = {'status': 'running', 'running': True}


class AtOnce(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix='qmp-glib-')
        self.addCleanup(directory.cleanup)
        self.path = os.path.join(directory.name, 'socket')
        self.server = subprocess.Popen([*sys.argv[2:], self.path], stdout=subprocess.PIPE)
        self.addCleanup(self.server.wait)
        self.addCleanup(self.server.kill)
        self.addCleanup(self.server.stdout.close)
        self.assertEqual(self.server.stdout.readline(), b'listening\n')

    def of_qemu(self):
        """The asynchronous client: values, errors, events."""
        async def talk():
            qmp = QMPClient('test')
            stopped = EventListener('STOP')
            qmp.register_listener(stopped)
            await qmp.connect(self.path)
            self.assertEqual(qmp.greeting._raw['QMP']['capabilities'], ['oob'])
            await qmp.execute('stop')
            self.assertEqual((await stopped.get())['event'], 'STOP')
            await qmp.execute('cont')
            for number in range(COMMANDS):
                with self.assertRaises(ExecuteError) as caught:
                    await qmp.execute('device_del', {'id': f'a{number}'})
                self.assertEqual((caught.exception.error_class, str(caught.exception)),
                                 ('DeviceNotFound', f"Device 'a{number}' not found"))
            many = await asyncio.gather(*(qmp.execute('query-status') for _ in range(COMMANDS)))
            self.assertEqual(len(many), COMMANDS)
            with self.assertRaisesRegex(ExecuteError, 'The command nothing has not been found'):
                await qmp.execute('nothing')
            await qmp.disconnect()

        asyncio.run(asyncio.wait_for(talk(), SECONDS))

    def blocking_of_qemu(self):
        asyncio.set_event_loop(asyncio.new_event_loop())
        qmp = QEMUMonitorProtocol(self.path)
        qmp.connect()
        # QEMU 9.0 has renamed both.
        raw, command = (qmp.cmd_raw, qmp.cmd) if hasattr(qmp, 'cmd_raw') else (qmp.cmd, qmp.command)
        for _ in range(COMMANDS):
            self.assertIn('running', command('query-status'))
        self.assertEqual(raw('nothing')['error']['class'], 'CommandNotFound')
        qmp.close()
        asyncio.get_event_loop().close()

    def shell_of_qemu(self):
        done = subprocess.run([sys.executable, '-m', 'qemu.qmp.qmp_shell', self.path], capture_output=True, text=True,
                              timeout=SECONDS, check=False, env={**os.environ, 'PYTHONPATH': SOURCE},
                              input='device_del id=b\n' + 'query-status\n' * COMMANDS)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Device 'b' not found", done.stdout)
        self.assertEqual(done.stdout.count('"status"'), COMMANDS)

    def of_ours(self):
        vm = Qmp.Client()
        vm.open(self.path)
        for _ in range(COMMANDS):
            self.assertIn('running', vm.execute('query-status'))
        vm.close()

    def bare(self):
        with socket.socket(socket.AF_UNIX) as sock, sock.makefile('r') as file:
            sock.settimeout(SECONDS)
            sock.connect(self.path)
            self.assertIn('QMP', json.loads(file.readline()))
            sock.sendall(b'{"execute":"qmp_capabilities"}' +
                         b''.join(b'{"execute":"query-status","id":%d}' % number for number in range(COMMANDS)))
            answers = 0
            while answers <= COMMANDS:
                line = json.loads(file.readline())
                if 'event' not in line:
                    self.assertEqual(line.get('id', -1), answers - 1)
                    answers += 1

    def test_at_once(self):
        faults, times = [], {}

        def run(talk):
            begin = time.monotonic()
            try:
                talk()
            except BaseException as error:
                faults.append(f'{talk.__name__}: {error!r}')
            times[talk.__name__] = time.monotonic() - begin

        threads = [threading.Thread(target=run, args=[talk])
                   for talk in (self.of_qemu, self.blocking_of_qemu, self.shell_of_qemu, self.of_ours, self.bare)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(faults, [])
        for name, seconds in times.items():
            print(f'{name}: {COMMANDS} commands, {seconds:.3f} s')

        vm = Qmp.Client()
        vm.open(self.path)
        self.assertEqual(vm.execute('query-status'), RUNNING)
        vm.execute('quit')
        self.assertEqual(self.server.wait(SECONDS), 0)


if __name__ == '__main__':
    if not os.path.isdir(SOURCE):
        print("skipped: there is no QEMU's source: “meson compile qemu-qmp” was not run, or could not get it", file=sys.stderr)
        sys.exit(77)
    sys.path.insert(0, SOURCE)
    import gi
    gi.require_version('Qmp', '1.0')
    from gi.repository import Qmp
    from qemu.qmp import EventListener, ExecuteError, QMPClient
    from qemu.qmp.legacy import QEMUMonitorProtocol
    unittest.main(argv=sys.argv[:1])
