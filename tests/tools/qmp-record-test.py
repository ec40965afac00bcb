#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qmp record, between programs and real servers.

usage: qmp-record-test.py QMP
"""

import json
import os
import resource
import signal
import socket
import stat
import sys
import unittest

import qmpcase
import terminal
from qmpcase import DONE, FAILED, LINK, NO_MACHINE, PC, TIMEOUT, USAGE


class Record(qmpcase.Case):
    def record(self, server, *options, file='recording', **more):
        """Returns when it listens."""
        self.listen, self.file = self.path('recorder'), self.path(file)
        program = self.start('record', *options, server, self.listen, self.file, **more)
        self.assertEqual(program.stdout.readline(), f'{self.listen}\n')
        return program

    def stop(self, program, number=signal.SIGTERM):
        """Returns the status and what was said on standard error."""
        if number:
            program.send_signal(number)
        _output, errors = program.communicate(timeout=terminal.SECONDS)
        self.assertFalse(os.path.exists(self.listen))
        return program.returncode, errors

    def lines(self):
        with open(self.file, encoding='utf-8') as file:
            return [json.loads(line) for line in file]

    def messages(self, side):
        return [line['message'] for line in self.lines() if line.get('from') == side and 'message' in line]

    def test_sessions(self):
        server = self.server(*PC)
        # What was there before is nobody else's to read any more.
        with open(self.path('recording'), 'w', encoding='utf-8') as file:
            os.fchmod(file.fileno(), 0o644)
        program = self.record(server.path)
        direct = self.value('call', server.path, 'query-version')
        self.assertEqual(self.value('call', self.listen, 'query-version'), direct)
        # An event and a large reply.
        self.good('wait', self.listen, 'RESUME', '--call', 'cont')
        self.good('introspect', self.listen)
        self.assertEqual(self.stop(program), (DONE, ''))
        self.assertEqual(stat.S_IMODE(os.stat(self.file).st_mode), 0o600)
        lines = self.lines()
        self.assertEqual({key: lines[0][key] for key in ('recording', 'redacted')}, {'recording': 1, 'redacted': True})
        self.assertEqual([line['session'] for line in lines if line.get('opened')], [1, 2, 3])
        self.assertEqual([(line['session'], line['from']) for line in lines if line.get('closed')],
                         [(number, 'client') for number in (1, 2, 3)])
        times = [line['time'] for line in lines[1:]]
        self.assertEqual(times, sorted(times))
        self.assertIn('RESUME', [message.get('event') for message in self.messages('server')])
        self.assertIn(direct, [message.get('return') for message in self.messages('server')])
        self.assertGreater(max(len(json.dumps(line)) for line in lines), 100000)

    def test_given_socket(self):
        listen = self.path('given')
        with terminal.listening(listen) as sock:
            program = self.start('record', '--once', self.server(*NO_MACHINE).path, f'fd:{sock.fileno()}', self.path('recording'),
                                 pass_fds=[sock.fileno()])
        self.good('call', listen, 'query-status')
        self.assertEqual(program.wait(), DONE)

    def test_port(self):
        program = self.start('record', '--once', self.server(*NO_MACHINE).path, '127.0.0.1:0', self.path('recording'))
        self.good('call', program.stdout.readline().strip(), 'query-status')
        self.assertEqual(program.wait(), DONE)

    def test_server_leaves(self):
        program = self.record(self.server(*NO_MACHINE).path)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(self.listen)
            client.sendall(b'{"execute":"qmp_capabilities"}{"execute":"quit"}')
            while client.recv(4096):
                pass
            self.assertEqual(self.stop(program, None), (DONE, ''))
        self.assertEqual((self.lines()[-1]['from'], self.lines()[-1]['closed']), ('server', True))

    def test_secrets(self):
        server = self.server(*NO_MACHINE)
        secret = 'object-add', 'qom-type=secret', 'data==opensesame'
        program = self.record(server.path)
        self.good('call', self.listen, *secret, 'id=a')
        self.good('qom', 'get', self.listen, '/objects/a', 'data')
        self.stop(program)
        with open(self.file, encoding='utf-8') as file:
            self.assertNotIn('opensesame', file.read())
        program = self.record(server.path, '--secrets', file='all')
        self.good('call', self.listen, *secret, 'id=b')
        self.stop(program)
        self.assertIn('opensesame', [message['arguments']['data'] for message in self.messages('client')
                                     if message['execute'] == 'object-add'])

    def test_descriptors(self):
        program = self.record(self.server(*NO_MACHINE).path)
        with open(os.devnull, 'rb') as file:
            value = self.value('call', self.listen, 'add-fd', 'fdset-id=1', f'--fd={file.fileno()}', pass_fds=[file.fileno()])
        self.assertEqual(value['fdset-id'], 1)
        self.stop(program)
        self.assertEqual([line['message']['execute'] for line in self.lines() if line.get('fds') == 1], ['add-fd'])

    def test_full(self):
        """The program that is recorded notices nothing."""
        server = self.server(*NO_MACHINE)
        program = self.record(server.path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (400, 400)),
                              restore_signals=False)
        self.good('call', self.listen, 'query-status')
        self.good('call', self.listen, 'query-status')
        status, errors = self.stop(program, signal.SIGINT)
        self.assertEqual(status, FAILED)
        self.assertRegex(errors, r'^qmp: The recording has ended, and the session goes on: [^\n]*File too large\n$')

    def test_output(self):
        """Standard output is for other programs; one that has read enough does no harm."""
        self.listen = self.path('recorder')
        program = self.start('record', self.server(*NO_MACHINE).path, self.listen, '-')
        # The first line tells that it listens.
        self.assertEqual(json.loads(program.stdout.readline())['recording'], 1)
        self.assertEqual(stat.S_IMODE(os.stat(self.listen).st_mode), 0o600)
        program.stdout.close()
        self.good('call', self.listen, 'query-status')
        program.send_signal(signal.SIGHUP)
        errors = program.stderr.read()
        self.assertEqual(program.wait(), FAILED)
        self.assertFalse(os.path.exists(self.listen))
        self.assertRegex(errors, 'Broken pipe')

    def test_output_by_name(self):
        """Through a second descriptor the recording and the address would stand on each other."""
        self.listen = self.path('recorder')
        program = self.start('record', self.server(*NO_MACHINE).path, self.listen, '/dev/stdout')
        self.assertEqual(json.loads(program.stdout.readline())['recording'], 1)
        program.send_signal(signal.SIGTERM)
        self.assertEqual((program.communicate(), program.returncode), (('', ''), DONE))

    def test_wrong(self):
        listen, file = self.path('recorder'), self.path('recording')
        with open(file, 'w', encoding='utf-8') as old:
            old.write('old')
        self.bad(USAGE, 'too few words', 'record', 'a', listen)
        self.bad(USAGE, 'too many words', 'record', 'a', listen, file, 'more')
        self.bad(USAGE, 'TLS', 'record', '--tls', 'localhost:1', listen, file)
        self.bad(USAGE, 'not a socket', 'record', 'a', file, file)
        self.bad(FAILED, 'No such file', 'record', 'a', listen, self.path('no/file'))
        self.bad(FAILED, 'cannot be written: .*No space left', 'record', 'a', listen, '/dev/full')
        self.bad(LINK, 'No such file', 'record', 'a', self.path('no/socket'), file)
        with open(file, encoding='utf-8') as old:
            self.assertEqual(old.read(), 'old')
        # A file that was not there is not left behind.
        self.bad(LINK, 'No such file', 'record', 'a', self.path('no/socket'), self.path('new'))
        self.assertFalse(os.path.exists(self.path('new')))
        result = self.run_qmp('record', '--timeout', '0.01', 'a', listen, file)
        self.assertEqual((result.returncode, result.stderr), (TIMEOUT, 'qmp: The time is over\n'))

    def test_no_server(self):
        program = self.record(self.path('nobody'))
        self.bad(LINK, 'closed', 'call', self.listen, 'query-status')
        status, errors = self.stop(program, None)
        self.assertEqual(status, LINK)
        self.assertRegex(errors, r'^qmp: Could not connect to [^\n]*nobody: [^\n]*\n$')


if __name__ == '__main__':
    del sys.argv[1:2]
    unittest.main()
