#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qmp-shell in a terminal, when a server hangs, goes or sends what a terminal would obey.

usage: shell-hostile-test.py QMP_SHELL QMP_SHELL_WRAP
"""

import json
import os
import unittest
import unittest.mock

import hostile
import terminal
from shellcase import PROMPT, Case


class Hostile(Case):
    HOSTILE_SCHEMA = [
        {'name': 'act', 'meta-type': 'command', 'arg-type': '0', 'ret-type': '1', 'features': ['f\x1b[31m']},
        {'name': 'EVENT\x1b[2J', 'meta-type': 'event', 'arg-type': '1'},
        {'name': '0', 'meta-type': 'object', 'members': [
            {'name': 'm\x1b]0;title\x07', 'type': '2'}, {'name': 'mode', 'type': '2'}, {'name': 'x\nquit', 'type': '2'}]},
        {'name': '1', 'meta-type': 'object', 'members': []},
        {'name': '2', 'meta-type': 'enum', 'values': ['good', 'go\x9b31m', 'goto\nquit', 'go on=1', 'gold']},
    ]

    def hostile_shell(self, *arguments, **more):
        """A server that the test plays, and a shell on it."""
        puppet = terminal.Puppet(self.directory)
        self.addCleanup(puppet.close)
        shell = self.shell(*arguments, puppet.path, **more)
        puppet.accept()
        shell.see(PROMPT)
        return puppet, shell

    def test_typed_for_another_server(self):
        """What was typed while there was no server does not reach the next one."""
        puppet, shell = self.hostile_shell('--reconnect')
        shell.type('transaction(\n')
        shell.see('TRANS> $')
        shell.type('query-kv')
        shell.see('query-kv$')
        puppet.close()
        shell.see('Transaction aborted.*waiting for it to come back')
        os.unlink(puppet.path)
        shell.type('m\nx quit\nqu')
        shell.see('x quit')
        puppet = terminal.Puppet(self.directory)
        self.addCleanup(puppet.close)
        puppet.accept()
        shell.see('Connected.*' + PROMPT)
        shell.type('query-name\n')
        self.assertEqual(puppet.take()['execute'], 'query-name')

    def test_server_that_hangs(self):
        """Whatever is waited for, Ctrl-C ends it, and nothing is sent by then that was not wanted."""
        puppet, shell = self.hostile_shell()
        for line in ('help act\n', 'act x=7\n'):
            shell.type(line)
            self.assertEqual(puppet.take()['execute'], 'query-qmp-schema')
            shell.type('\x03')
            shell.see(r'Cancelled; the command was not sent\n\(QEMU\) $')
        shell.type('act\n')
        self.assertEqual(puppet.take()['execute'], 'act')

    def test_server_that_dies_when_asked(self):
        """About a value: the next server is asked again."""
        puppet, shell = self.hostile_shell('--reconnect')
        schema = [*self.HOSTILE_SCHEMA, {'name': 'device_add', 'meta-type': 'command', 'arg-type': '1', 'ret-type': '1'}]
        for wait_for in ('query-qmp-schema', 'device-list-properties'):
            shell.type('device_add driver=d x=7\n')
            command = puppet.take()
            if wait_for == 'device-list-properties':
                puppet.answer(command, schema)
                command = puppet.take()
            self.assertEqual(command['execute'], wait_for)
            puppet.close()
            shell.see('waiting for it to come back')
            os.unlink(puppet.path)
            puppet = terminal.Puppet(self.directory)
            self.addCleanup(puppet.close)
            puppet.accept()
            shell.see('Connected.*' + PROMPT)
        shell.type('device_add driver=d x=7\n')
        puppet.answer(puppet.take(), schema)
        puppet.answer(puppet.take(), [{'name': 'x', 'type': 'str'}])
        self.assertEqual(puppet.take()['arguments'], {'driver': 'd', 'x': '7'})

    def test_unseen_characters(self):
        """What nobody sees, and what breaks lines or turns their order around."""
        puppet, shell = self.hostile_shell()
        shell.type('x\n')
        puppet.peer.sendall(json.dumps({'return': 'a\u2028b\u200bc\ufeffd\U000e0041e\u061cf\u200eg\ue000h\ufe0fi\u3164j\u2800',
                                        'id': puppet.take()['id']}, ensure_ascii=False).encode())
        shell.see(r'"a\\u2028b\\u200bc\\ufeffd\\udb40\\udc41e\\u061cf\\u200eg\\ue000h\\ufe0fi\\u3164j\\u2800"', raw=True)

    def test_harmless(self):
        puppet, shell = self.hostile_shell()
        shell.type('x\n')
        puppet.peer.sendall('{"return":"\\u001b]0;title\\u0007 \x9b31m \x7f","id":%d}'
                            .replace('%d', json.dumps(puppet.take()['id'])).encode())
        seen = shell.see(r'"return": .*?\n', raw=True)
        self.assertIn(r'"\u001b]0;title\u0007 \u009b31m \u007f"', seen)

    def test_hostile_schema(self):
        """Its names are shown harmless, and only those go into the line that are one word."""
        puppet, shell = self.hostile_shell()
        shell.type('help act\n')
        puppet.answer(puppet.take(), self.HOSTILE_SCHEMA)
        seen = shell.see(r'arguments:.*\(QEMU\) $', raw=True)
        self.assertIn('m\\x1b]0;title\\x07: ', seen)
        self.assertIn('f\\x1b[31m', seen)
        self.assertNotIn('\x1b]0', seen)
        self.assertNotIn('\x1b[31m', seen)
        shell.type('act mode=go\t\t')
        seen = shell.see(r'gold +(mode=)?good.*\(QEMU\) act mode=go$')
        self.assertNotIn('quit', seen)
        shell.type('ld\t\n')
        self.assertEqual(puppet.take(), {'execute': 'act', 'arguments': {'mode': 'gold'}, 'id': unittest.mock.ANY})

    def test_hostile_names(self):
        """Nothing that Tab puts into the line is more than a plain word."""
        server = hostile.Server(self.directory)
        self.addCleanup(server.close)
        shell = self.ready(server.path, columns=200)
        for typed in ['c', 'act m', 'act mode=v', 'act device=n', 'device_add driver=n', 'qom-list path=/q', 'help E']:
            for number in range(len(hostile.EVIL)):
                shell.type(f'{typed}{number}\t@')
                self.assertTrue(shell.see('@').replace('\x07', '').endswith(f'{typed}{number}@'))
                shell.type('\x05\x15')
        shell.type('c-dev\t@')
        shell.see(r'c-device\[0\] @')

    def test_server_that_hangs_at_tab(self):
        """Tab gives up, a word tells, and what was typed meanwhile is kept."""
        puppet, shell = self.hostile_shell(QMP_COMPLETION_TIMEOUT='0.1')
        for _ in range(2):
            shell.type('quer\ty-na')
            shell.see(r'does not answer.*\(QEMU\) quer\x07?y-na$')
            self.assertEqual(puppet.take()['execute'], 'query-qmp-schema')
            shell.type('me\n')
            command = puppet.take()
            self.assertEqual(command['execute'], 'query-name')
            puppet.answer(command, {})
            shell.see(PROMPT)
        shell.type('\x04')
        self.assertEqual(shell.end(), 0)

    def test_hostile_texts(self):
        """In an event, in HMP's output, in an error."""
        puppet, shell = self.hostile_shell('-H')
        puppet.send({'timestamp': {'seconds': 1, 'microseconds': 1}, 'event': 'E\x1b[2J', 'data': {'\x1b]0;t\x07': '\x9b2J'}})
        shell.see(r'\d\d:00:01\.000 E\\x1b\[2J {"\\u001b\]0;t\\u0007": "\\u009b2J"}\r\n\(QEMU\) $', raw=True)
        shell.type('info x\n')
        puppet.answer(puppet.take(), 'one\x1b[2J\r\ntwo\x9b2J\x07\r\n')
        shell.see(r'one\\x1b\[2J\r\ntwo\\x9b2J\\x07\r\n', raw=True)
        shell.type('info y\n')
        puppet.send({'error': {'class': 'C\x1b[2J', 'desc': 'd\x1b]0;t\x07'}, 'id': puppet.take()['id']})
        shell.see(r'C\\x1b\[2J: d\\x1b\]0;t\\x07\r\n', raw=True)


if __name__ == '__main__':
    unittest.main()
