#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qmp mock --replay: recordings that are written here, and what programs make of them.

usage: qmp-replay-test.py QMP
"""

import json
import os
import signal
import socket
import sys
import unittest

import qmpcase
import terminal
from qmpcase import DONE, FAILED, TIMEOUT, USAGE

HEADER = {'recording': 1, 'version': '1.0.0', 'redacted': True}
GREETING = {'QMP': {'version': {'qemu': {'micro': 7, 'minor': 8, 'major': 9}, 'package': 'p'}, 'capabilities': ['oob']}}
NEGOTIATED = [
    ('client', {'execute': 'qmp_capabilities', 'arguments': {'enable': ['oob']}, 'id': 1}),
    ('server', {'return': {}, 'id': 1}),
]
EVENT = {'event': 'STOP', 'timestamp': {'seconds': 1, 'microseconds': 2}}


def command(name, number, **arguments):
    return 'client', {'execute': name, 'arguments': arguments, 'id': number}


def answer(number, value):
    return 'server', {'return': value, 'id': number}


class Replay(qmpcase.Case):
    def write(self, *sessions, server_ends=False, end=''):
        lines = [json.dumps(HEADER)]
        for steps in sessions:
            lines.append('{"from":"client","opened":true}')
            lines += [json.dumps({'from': side, 'message': message}) for side, message in
                      [('server', GREETING), *NEGOTIATED, *steps]]
            lines.append(json.dumps({'from': 'server' if server_ends else 'client', 'closed': True}))
        with open(self.path('recording'), 'w', encoding='utf-8') as file:
            file.write('\n'.join(lines) + '\n' + end)
        return self.path('recording')

    def mock(self, *options):
        """Returns when it listens."""
        program = self.start('mock', self.path('mock'), '--replay', self.path('recording'), *options)
        self.assertEqual(program.stdout.readline(), self.path('mock') + '\n')
        return program

    def open(self):
        """A client that has negotiated."""
        sock = socket.socket(socket.AF_UNIX)
        self.addCleanup(sock.close)
        sock.settimeout(terminal.SECONDS)
        sock.connect(self.path('mock'))
        file = sock.makefile('r')
        self.addCleanup(file.close)
        self.assertEqual(json.loads(file.readline()), GREETING)
        self.talk = sock, file
        self.assertEqual(self.ask({'execute': 'qmp_capabilities', 'arguments': {'enable': ['oob']}}), {'return': {}})

    def say(self, message):
        self.talk[0].sendall(json.dumps(message).encode())

    def hear(self):
        return json.loads(self.talk[1].readline())

    def ask(self, message):
        self.say(message)
        return self.hear()

    def leave(self):
        self.talk[1].close()
        self.talk[0].close()

    def ends(self, program, status, pattern='^$'):
        _output, errors = program.communicate(timeout=terminal.SECONDS)
        self.assertEqual(program.returncode, status, errors)
        self.assertRegex(errors, pattern)
        self.assertFalse(os.path.exists(self.path('mock')))

    def test_events(self):
        """What stands between two commands is said between them; numbers are as they were."""
        self.write([command('a', 2), answer(2, {}), ('server', EVENT), command('b', 3), ('server', EVENT),
                    ('server', {'error': {'class': 'DeviceNotFound', 'desc': 'no'}, 'id': 3})], end='{"half')
        program = self.mock()
        self.open()
        self.assertEqual(self.ask({'execute': 'a', 'id': 'x'}), {'return': {}, 'id': 'x'})
        self.assertEqual(self.hear(), EVENT)
        self.assertEqual(self.ask({'execute': 'b', 'id': [1]}), EVENT)
        self.assertEqual(self.hear(), {'error': {'class': 'DeviceNotFound', 'desc': 'no'}, 'id': [1]})
        self.leave()
        self.ends(program, DONE)

    def test_order(self):
        """A command that comes early, or late, is answered as it was."""
        self.write([command('a', 2), command('b', 3), answer(2, 'A'), answer(3, 'B'), command('c', 4), answer(4, 'C')])
        program = self.mock()
        self.open()
        self.assertEqual(self.ask({'execute': 'c'}), {'return': 'C'})
        self.assertEqual(self.ask({'execute': 'b'}), {'return': 'B'})
        self.assertEqual(self.ask({'execute': 'a'}), {'return': 'A'})
        self.leave()
        self.ends(program, DONE)

    def test_queries(self):
        """They may be missing, and come again; the end of the server does not wait for them."""
        self.write([command('query-status', 2), answer(2, 'first'), command('query-name', 3), answer(3, 'name'), command('quit', 4),
                    answer(4, {}), ('server', EVENT), command('query-status', 5), answer(5, 'second')], server_ends=True)
        program = self.mock()
        self.open()
        for _ in range(2):
            self.assertEqual(self.ask({'execute': 'query-name', 'arguments': {}}), {'return': 'name'})
        self.assertEqual(self.ask({'execute': 'quit'}), {'return': {}})
        self.assertEqual(self.hear(), EVENT)
        self.assertEqual(self.talk[1].readline(), '')
        self.ends(program, DONE)

    def test_out_of_band(self):
        self.write([command('a', 2), ('client', {'exec-oob': 'b', 'id': 3}), answer(3, 'B'), answer(2, 'A')])
        program = self.mock()
        self.open()
        self.say({'execute': 'a', 'id': 1})
        self.assertEqual(self.ask({'exec-oob': 'b', 'id': 2}), {'return': 'B', 'id': 2})
        self.assertEqual(self.hear(), {'return': 'A', 'id': 1})
        self.leave()
        self.ends(program, DONE)

    def test_secrets(self):
        """What was left out is equal to everything."""
        self.write([command('a', 2, password='***', url='nbd://u:***@host', list=[1]), answer(2, {})])
        sent = {'password': {'any': 1}, 'url': 'nbd://u:secret@host', 'list': [1]}
        for change, status in ({}, DONE), ({'url': 'nbd://u:secret@other'}, FAILED), ({'list': [2]}, FAILED), ({'more': 1}, FAILED):
            program = self.mock()
            self.open()
            reply = self.ask({'execute': 'a', 'arguments': {**sent, **change}})
            self.assertEqual('return' in reply, status == DONE, change)
            self.leave()
            self.ends(program, status, '^$' if status == DONE else r'^qmp: session 1: The recording has \{.*"a".*\} here, '
                      'and the program sent a\n$')

    def test_any_arguments(self):
        self.write([command('a', 2, x=1), answer(2, {})])
        program = self.mock('--any-arguments')
        self.open()
        self.assertEqual(self.ask({'execute': 'a', 'arguments': {'y': 2}}), {'return': {}})
        self.leave()
        self.ends(program, DONE)

    def test_wrong_command(self):
        self.write([command('a', 2), answer(2, {})])
        program = self.mock()
        self.open()
        self.assertEqual(self.ask({'execute': 'b'})['error']['class'], 'GenericError')
        self.assertEqual(self.ask({'execute': 'a'}), {'return': {}})
        self.assertEqual(self.ask({'execute': 'a'})['error']['class'], 'GenericError')
        self.leave()
        self.ends(program, FAILED, r'^qmp: session 1: The recording has \{.*"a".*\} here, and the program sent b\n$')

    def test_missing(self):
        self.write([command('a', 2), answer(2, {})], [])
        program = self.mock()
        self.open()
        self.leave()
        self.open()
        program.send_signal(signal.SIGTERM)
        self.ends(program, FAILED, r'^qmp: session 1: The recording has \{.*"a".*\} here, and the program left\n$')
        program = self.mock()
        program.send_signal(signal.SIGINT)
        self.ends(program, FAILED, '^qmp: 0 of 2 sessions were played\n$')
        program = self.mock('--timeout', '0.01')
        self.ends(program, TIMEOUT, 'The time is over\n$')

    def test_sessions(self):
        """Each client gets its own, also beside another."""
        self.write([command('a', 2), answer(2, 1)], [command('a', 2), answer(2, 2)])
        program = self.mock()
        self.open()
        first = self.talk
        self.open()
        self.assertEqual(self.ask({'execute': 'a'}), {'return': 2})
        self.leave()
        self.talk = first
        self.assertEqual(self.ask({'execute': 'a'}), {'return': 1})
        self.leave()
        self.ends(program, DONE)

    def test_bad_files(self):
        path, file = self.path('mock'), self.path('recording')
        self.bad(USAGE, 'without a script', 'mock', path, file, '--replay', file)
        self.bad(USAGE, 'without a script', 'mock', path, '--bare', '--replay', file)
        self.bad(FAILED, 'No such file', 'mock', path, '--replay', file)
        self.bad(USAGE, '/dev/zero: line 1: The line is longer than 128 MiB', 'mock', path, '--replay', '/dev/zero',
                 preexec_fn=terminal.limit_memory)
        for text, problem in (
                ('', 'recording: The file is empty'), ('{"a":1}\n', 'line 1: This is not the first line .* no “recording”'),
                ('x\n', 'line 1: This is not a recording of “qmp record”, which is JSON: .*at byte 0'),
                ('{"a":1}', 'its first line has no end'),
                ('{"recording":2}\n', 'line 1: .*another version'), ('{"recording":1}\n', 'no session'),
                ('{"recording":1}\n{"from":"client","message":{}}\n', 'line 2: No client'),
                ('{"recording":1}\n{"opened":true}\n{"from":"server","message":[]}\n', 'line 3: '),
                ('{"recording":1}\n{"opened":true}\n', 'without a greeting')):
            with open(file, 'w', encoding='utf-8') as recording:
                recording.write(text)
            self.bad(FAILED, problem, 'mock', path, '--replay', file)


if __name__ == '__main__':
    del sys.argv[1:2]
    unittest.main()
