#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qmp batch: many commands in one connection, and what replies are for later ones.

usage: qmp-batch-test.py QMP
"""

import json
import os
import re
import subprocess
import sys
import unittest

import terminal
from qmpcase import DONE, FAILED, LINK, NO_MACHINE, TIMEOUT, USAGE, Case


class Batch(Case):
    def file(self, name, text):
        with open(self.path(name), 'w', encoding='utf-8') as file:
            file.write(text)
        return self.path(name)

    def outcome(self, *words, **more):
        result = self.run_qmp('batch', *words, **more)
        return result.returncode, result.stdout.splitlines(), result.stderr.splitlines()

    def test_sources(self):
        path = self.server(*NO_MACHINE, '-name', 'vm1').path
        first = self.file('first', '''\ufeff# in one connection
            qmp_capabilities

            {"execute": "object-add", "arguments":
             {"qom-type": "iothread", "id": "a"}}
            ''')
        second = self.file('second', 'qom-list path=/objects\n')
        self.assertEqual(self.good('batch', path, first, '-', second, input='query-name').splitlines()[:-1], ['{}', '{}', '{"name": "vm1"}'])
        for words, given in [((), 'query-name\n'), (('-',), 'query-name'), (('-c', 'query-name'), 'quit\n')]:
            self.assertEqual(self.value('batch', path, *words, input=given), {'name': 'vm1'})
        self.assertEqual(self.good('batch', '-c', 'query-name', path, second, '--call=query-name', '-f', 'name').splitlines()[:2], ['vm1'] * 2)
        self.assertEqual(self.good('batch', path, input=''), '')

    def test_variables(self):
        path = self.server(*NO_MACHINE, '-name', 'vm1').path
        script = self.file('script', '''
            name = query-name
            object-add qom-type=iothread id=$name.name
            all = qom-list path=/objects
            {"execute": "object-del", "arguments": {"id": "$all[1].name"}}
            type = {"execute": "qom-get",
              "arguments": {"path": "/", "property": "type"}}
            human-monitor-command command-line="$$"
            ''')
        self.assertEqual(self.good('batch', path, script).splitlines(), ['{}', '{}', '"unknown command: \'$\'\\r\\n"'])
        # One file's are another's, and a number stays one.
        self.assertEqual(self.good('batch', path, '-c', 'io = object-add qom-type=iothread id=b poll-max-ns=5',
                                   '-c', 'ns = qom-get path=/objects/b property=poll-max-ns', '-',
                                   input='qom-set path=/objects/b property=poll-grow value=$ns\n'
                                         'qom-get path=/objects/b property=poll-grow\n'), '{}\n5\n')

    def test_what_is_sent(self):
        """Whatever a server sends, it is a value."""
        reply = {'a': '"x", "b": 1}} {"execute": "quit"}', 'b': '$name', 'c': [1, None]}
        puppet = self.puppet()
        program = self.start('batch', puppet.path, '-c', 'r = first', '-c', 'second a=$r.a b=$r.b c.d=$r.c e:=["$r.c[1]"] f==$r',
                             '-c', 'transaction(', '-c', 'act x=$r.b', '-c', ')')
        puppet.accept()
        for name, arguments in [('first', None), ('query-qmp-schema', None), (None, None)]:
            command = puppet.take()
            while command['execute'] == 'query-qmp-schema':
                puppet.peer.sendall(f'{{"return": [], "id": {json.dumps(command["id"])}}}'.encode())
                command = puppet.take()
            if command['execute'] == 'first':
                answer = reply
            elif command['execute'] == 'second':
                answer = {}
                self.assertEqual(command['arguments'], {'a': reply['a'], 'b': '$name', 'c': {'d': [1, None]}, 'e': [None], 'f': reply})
            else:
                answer = {}
                self.assertEqual(command['arguments'], {'actions': [{'type': 'act', 'data': {'x': '$name'}}]})
            puppet.peer.sendall(f'{{"return": {json.dumps(answer)}, "id": {json.dumps(command["id"])}}}'.encode())
        output, errors = program.communicate()
        self.assertEqual((program.returncode, output, errors), (DONE, '{}\n{}\n', ''))

    def test_first_error(self):
        path = self.server().path
        for status, pattern, text in [
            (FAILED, r'3: CommandNotFound: .*\(did you mean “query-name”\?\)', 'query-name\n\nquery-nam\nquit\n'),
            (FAILED, '2: There is no variable “\\$x”', 'query-name\nqom-list path=$x\nquit\n'),
            (FAILED, '3: “\\$x.a”: There is no “return.a”', 'x = query-name\nquery-name\nqom-list path=$x.a\nquit\n'),
            (USAGE, '2: Expected a key=value pair', 'query-name\nquit oops\nquit\n'),
            (USAGE, '2: .*zero byte', 'query-name\nquit\0 x\n'),
            (USAGE, '2: One command has to follow “x =”', 'query-name\nx = # none\nquit\n'),
            (USAGE, '2: One command has to follow “x =”', 'query-name\nx = {"execute": "quit"} {"execute": "quit"}\n'),
            (USAGE, '3: The text ends within', 'query-name\ntransaction(\nabort x=1\n'),
        ]:
            with self.subTest(text=text):
                script = self.file('script', text)
                code, output, errors = self.outcome(path, script)
                self.assertEqual((code, output, len(errors)), (status, ['{}'], 1))
                self.assertRegex(errors[0], f'^qmp: {script}:{pattern}')
        self.bad(FAILED, '^qmp: -:1: ', 'batch', path, input='nonsense')
        self.bad(FAILED, '^qmp: -c:2: ', 'batch', path, '-c', 'x = query-name', '-c', 'nonsense', '-c', 'quit')
        self.bad(FAILED, 'Cannot read “.*nothing”: No such file', 'batch', path, '-c', 'quit', self.path('nothing'))
        self.assertEqual(self.value('call', path, 'query-name'), {})

    def test_without_end(self):
        """Neither a line that does not end takes all memory, nor a command over lines."""
        path = self.server().path
        with open('/dev/zero', 'rb') as zero:
            self.bad(USAGE, '^qmp: -:1: The line is longer than 128 MiB', 'batch', path, stdin=zero, preexec_fn=terminal.limit_memory)
        with open(self.path('large'), 'w', encoding='utf-8') as file:
            file.write('{"execute": "x", "arguments": {"a": [\n' + f'"{"x" * (1 << 20)}",\n' * 130)
        self.bad(USAGE, 'large:129: The command is longer than 128 MiB', 'batch', path, self.path('large'),
                 preexec_fn=terminal.limit_memory)
        self.bad(FAILED, 'it is not a regular file', 'batch', path, '/dev/zero')
        self.bad(FAILED, 'Is a directory', 'batch', path, self.directory)

    def test_keep_going(self):
        path = self.server(*NO_MACHINE, '-name', 'vm1').path
        code, output, errors = self.outcome(path, '-k', input='x = query-name\nx = nonsense\nqom-list path=$x.name\nquery-name\n')
        self.assertEqual((code, output), (FAILED, ['{"name": "vm1"}']))
        self.assertRegex(errors[0], '^qmp: -:2: CommandNotFound: ')
        self.assertEqual(errors[1:], ['qmp: -:3: There is no variable “$x”'])
        self.assertEqual(self.outcome(path, '--keep-going', input='query-name\n'), (DONE, ['{"name": "vm1"}'], []))
        # What follows what is not understood might be meant as a part of it.
        code, output, errors = self.outcome(path, '-k', input='nonsense\ntransaction( oops\nquit\n')
        self.assertEqual((code, output, len(errors)), (USAGE, [], 2))
        # Where there is nobody, there is nothing to go on with.
        code, output, errors = self.outcome(path, '-k', input='quit\nquery-name\nquery-name\n')
        self.assertEqual((code, output, len(errors)), (LINK, ['{}'], 1))
        self.assertRegex(errors[0], '^qmp: -:2: ')

    def test_page(self):
        """The file that the page on scripts shows."""
        with open(os.path.join(os.path.dirname(__file__), '..', '..', 'docs', 'scripts.md'), encoding='utf-8') as page:
            script = re.search(r'\n```\n(# a disk.*?)```\n', page.read(), re.DOTALL)[1]
        path = self.storage_daemon().path
        self.assertEqual(self.good('batch', path, '-', input='blockdev-del node-name=source\nblockdev-del node-name=target\n'), '{}\n{}\n')
        self.assertEqual(self.good('batch', path, self.file('disks.qmp', script)), '{}\n' * 3)
        sizes = self.good('call', path, 'query-named-block-nodes', '-f', 'image.virtual-size', '-f', 'dirty-bitmaps[0].name')
        self.assertEqual(sizes, '1048576\tchanged\n' * 2)

    def test_end_of_time(self):
        puppet = self.puppet()
        program = self.start('batch', '-k', '--timeout=1', puppet.path, '-c', '{"execute": "a"}', '-c', '{"execute": "b"}')
        puppet.accept()
        self.assertEqual(puppet.take()['execute'], 'a')
        output, errors = program.communicate()
        self.assertEqual((program.returncode, output), (TIMEOUT, ''))
        self.assertRegex(errors, '^qmp: -c:1: [^\n]*\n$')

    def test_each_as_it_comes(self):
        program = self.start('batch', self.server().path, stdin=subprocess.PIPE)
        for _ in range(3):
            program.stdin.write('query-name\n')
            program.stdin.flush()
            self.assertEqual(program.stdout.readline(), '{}\n')
        program.stdin.close()
        self.assertEqual(program.wait(), DONE)

    def test_nobody_reads(self):
        """With --keep-going, too."""
        with open('/dev/full', 'w', encoding='utf-8') as full:
            program = self.start('batch', '-k', self.server().path, '-c', 'query-name', '-c', 'query-name', stdout=full)
            errors = program.communicate()[1]
        self.assertEqual((program.returncode, errors.count('\n')), (FAILED, 1))


if __name__ == '__main__':
    del sys.argv[1:2]
    unittest.main()
