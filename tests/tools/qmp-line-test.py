#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line of qmp: options, verbs, help, and commands from standard input.

usage: qmp-line-test.py QMP
"""

import os
import subprocess
import sys
import unittest

from qmpcase import DONE, FAILED, LINK, QMP, USAGE, Case


class CommandLine(Case):
    def test_general(self):
        self.assertRegex(self.good('--version'), r'^qmp \d+\.\d+\.\d+\n$')
        self.assertRegex(self.good('call', '--version'), r'^qmp \d+\.\d+\.\d+\n$')
        text = self.good('--help')
        verbs = [line.split('  ')[1] for line in text[text.index('Verbs:'):].splitlines() if line.startswith('  ')]
        self.assertIn('guest exec', verbs)
        for verb in verbs:
            address = {'list': '', 'top': ' [ADDRESS…]', 'watch': ' [ADDRESS…]', 'export': ' [ADDRESS…]'}.get(verb, ' ADDRESS')
            text = self.good(*verb.split(), '--help')
            self.assertIn(f'qmp {verb} [OPTION…]{address}', text)
            self.assertEqual(self.good('help', *verb.split()), text)

    def test_wrong(self):
        for pattern, words in [
            ('verb is missing', ()),
            (r'no verb “cal” \(did you mean “call”\?\)', ('cal', 'x')),
            (r'no verb “monitr” \(did you mean “monitor”\?\)', ('monitr',)),
            (r'no verb “zzzzz”;', ('zzzzz',)),
            (r'no verb “qom lst” \(did you mean “list”\?\)', ('qom', 'lst', 'x')),
            (r'no verb “cal” \(did you mean “call”\?\)', ('help', 'cal')),
            (r'“qom” has to follow one of', ('help', 'qom', 'zzzzz')),
            (r'option --timout \(did you mean “--timeout”\?\)', ('call', 'x', 'y', '--timout', '3')),
            (r'option --timout \(did you mean “--timeout”\?\)', ('--timout', '3', 'call', 'x', 'y')),
            (r'option --jso \(did you mean “--json”\?\)', ('--jso',)),
            (r'option -t3;', ('-t3', 'call', 'x', 'y')),
            (r'option --fd;', ('--fd=3', 'job', 'list', 'x')),
            ('address is empty', ('call', '', 'y')),
            ('not the name of a command', ('call', 'x', '')),
            ('not the name of a command', ('call', 'x', 'a b')),
            ('not the name of a command', ('call', 'x', '["execute"]')),
            ('ends too early', ('call', 'x', '{"execute": "a"')),
            ('Expected a comma', ('call', 'x', '{"execute": 1 2}')),
            ('no JSON object', ('call', 'x', 'y', '-')),
            ('--failure takes a name', ('wait', 'x', 'STOP', '--failure', 'X*')),
            ('is not a command', ('job', 'wait', 'x', 'j', '--call', '')),
            ('“qom” has to follow one of: list, get, set, tree, types', ('qom',)),
            ('address is missing', ('call',)),
            ('too few words', ('call', 'x')),
            ('too many words: “b”', ('job', 'wait', 'x', 'a', 'b')),
            ('Unknown option --nonsense', ('call', 'x', 'y', '--nonsense')),
            ('QMP_SOCKET is not set', ('call', '-', 'query-status')),
            ('QGA_CLIENT_ADDRESS is not set', ('guest', 'ping', '-')),
            ('tcp', ('call', 'tcp:nonsense', 'query-status')),
            ('Expected a key=value pair, got “oops”, in argument 1', ('call', 'x', 'y', 'oops')),
            ('both leaf and non-leaf', ('call', 'x', 'y', 'a=1', 'a.b=2')),
            ('The value ends too early', ('call', 'x', 'y', '{"a": 1')),
            ('not UTF-8', ('call', 'x', 'y', b'{"a": "\xff"}')),
            ('not the number of a file descriptor', ('call', 'x', 'y', '--fd', 'one')),
            ('99 is not open', ('call', 'x', 'y', '--fd', '99')),
            ('timeout', ('call', 'x', 'y', '--timeout', '0')),
            ('timeout', ('call', 'x', 'y', '--timeout=-1')),
            ('timeout', ('call', 'x', 'y', '--timeout', 'nan')),
            ('timeout', ('call', 'x', 'y', '--timeout', '1e300')),
            ('MEMBER=VALUE', ('wait', 'x', 'STOP', 'oops')),
            ('is not a command', ('wait', 'x', 'STOP', '--call', '')),
            ('is not a command', ('wait', 'x', 'STOP', '--call', '{"execute": "a"} {"execute": "b"}')),
            ('Expected a key=value pair', ('wait', 'x', 'STOP', '--call', 'cont oops')),
            ('names no property', ('qom', 'get', 'x', '/machine')),
        ]:
            with self.subTest(words=words):
                self.bad(USAGE, pattern, *words)
        self.bad(125, 'too few words', 'guest', 'exec', 'x')

    def test_tls_everywhere(self):
        """Each verb that connects takes it; those that do not, refuse it."""
        more = {'call': 'a', 'wait': 'A', 'hmp': 'a', 'screenshot': 'a.png', 'share': 'b', 'qom get': '/a.b', 'guest exec': 'a',
                'guest cat': 'a', 'migration start': 'a'}
        text = self.good('--help')
        verbs = [line[2:20].strip() for line in text[text.index('Verbs:'):].splitlines() if line.startswith('  ')]
        for verb in verbs:
            words = ['/a.b', '1'] if verb == 'qom set' else ['a', 'b'] if verb == 'record' else [more[verb]] if verb in more else []
            if verb.startswith('job ') and verb != 'job list' or verb.startswith('snapshot ') and verb != 'snapshot list':
                words = ['a']
            server = [] if verb == 'list' else ['./nobody']
            with self.subTest(verb=verb):
                status = 125 if verb == 'guest exec' else USAGE
                pattern = {'list': 'There is no server to speak TLS with', 'mock': 'There is no server to speak TLS with',
                           'record': 'cannot be recorded'}.get(verb, 'of the option “--tls-ca” cannot be used')
                self.bad(status, pattern, '--tls-ca', self.path('nothing'), *verb.split(), *server, *words)
        for verb in (['list'], ['mock', './nobody']):
            self.bad(USAGE, 'no server to negotiate with', *verb, '-N')

    def test_options_anywhere(self):
        path = self.server().path
        for words in [('-t', '60', 'call', path, 'query-name'), ('--timeout=60', 'call', '-j', path, 'query-name'),
                      ('-jt', '60', 'call', path, 'query-name'), ('call', path, 'query-name', '-t', '60'), ('--', 'call', path, 'query-name'),
                      ('--timeout', '60', 'call', '--json', path, '--', 'query-name')]:
            with self.subTest(words=words):
                self.assertEqual(self.good(*words), '{}\n')
        self.assertEqual(self.value('-j', 'qom', 'get', path, '/', 'type'), 'container')
        self.assertEqual(self.value('--json', 'qom', '-t', '60', 'get', path, '/', 'type'), 'container')
        # one that is the verb's own, with a value that could be a verb
        self.assertRegex(self.good('--call', 'query-name', 'wait', path, 'SHUTDOWN', '-t', '60', '--help'), 'qmp wait')
        self.assertIn('unknown command: \'--json\'', self.good('-t', '60', 'hmp', path, '--json'))

    def test_help(self):
        general = self.good('--help')
        for words in [('help',), ('-h',), ('help', '--help'), ('-t', '3', 'help')]:
            self.assertEqual(self.good(*words), general)
        for words in [('help', 'job', 'wait'), ('--help', 'job', 'wait'), ('job', '-h', 'wait'), ('job', 'wait', 'x', '-h')]:
            self.assertIn('qmp job wait [OPTION…] ADDRESS ID', self.good(*words))
        for group in ('qom', 'guest', 'job', 'migration'):
            text = self.good(group, '--help')
            self.assertEqual(self.good('help', group), text)
            self.assertIn(f'qmp {group} [OPTION…] VERB ADDRESS', text)
            verbs = [line.split('  ')[1] for line in text[text.index('Verbs:'):].splitlines() if line.startswith('  ')]
            self.assertEqual({verb.split()[0] for verb in verbs}, {group})
        # Where they mean nothing they are not offered, and taken all the same.
        self.assertNotIn('--json', self.good('screenshot', '--help'))
        self.assertIn('--json', self.good('qom', 'get', '--help'))
        self.bad(LINK, 'No such file', '--json', 'guest', 'ping', self.path('nothing'))

    def test_no_server(self):
        for words in ['call X query-status', 'monitor X', 'wait X STOP', 'introspect X', 'hmp X info', 'screenshot X -',
                      'qom list X', 'qom get X a.b', 'qom set X a.b 1', 'qom tree X', 'qom types X', 'guest ping X',
                      'guest sync X', 'guest info X', 'guest network X', 'guest cat X f', 'job list X', 'job wait X j',
                      'migration wait X']:
            with self.subTest(words=words):
                self.bad(LINK, 'Could not connect to .*nothing: No such file',
                         *(self.path('nothing') if word == 'X' else word for word in words.split()))
        self.bad(125, 'Could not connect', 'guest', 'exec', self.path('nothing'), 'true')

    def test_number(self):
        """Where an address has to be it is none, and no socket of that name is made."""
        said = '“9772” is a number: the port is “:9772”, and a Unix socket of that name is “./9772”; see'
        for words in [('mock', '9772'), ('share', 'x', '9772'), ('record', 'x', '9772', 'y'),
                      ('export', '--listen', '9772', '/nonexistent/socket')]:
            with self.subTest(words=words):
                self.bad(USAGE, said, *words, cwd=self.directory)
        self.assertEqual(os.listdir(self.directory), [])
        self.bad(LINK, 'There is no file “9772', 'call', '9772999999', 'x')
        for words in [('mock', './9772'), ('mock', 'unix:9772'), ('mock', '9772')]:
            # The last one finds the file that the others have left.
            program = self.start(*words, cwd=self.directory)
            self.assertRegex(program.stdout.readline(), '9772$')
            program.kill()
            program.wait()
            self.assertEqual(os.listdir(self.directory), ['9772'])

    def test_address_from_environment(self):
        server = self.server()
        self.value('call', '-', 'query-version', variables={'QMP_SOCKET': server.path})

    def test_no_readline(self):
        libraries = subprocess.run(['ldd', QMP], check=True, capture_output=True, text=True).stdout
        self.assertIn('libqmp-glib', libraries)
        self.assertNotIn('readline', libraries)

class Messages(Case):
    """Whole ones, and what comes from standard input."""

    def test_message(self):
        path = self.server().path
        self.assertEqual(self.value('call', path, '{"execute": "query-name"}'), {})
        self.assertEqual(self.good('call', path, '{"execute": "qmp_capabilities"}{"execute": "query-name", "id": 7}\n'
                                   '{"execute": "qom-get", "arguments": {"path": "/", "property": "type"}}'),
                         '{}\n{}\n"container"\n')
        # None is executed when one is wrong, and none behind one that fails.
        self.bad(USAGE, 'twice', 'call', path, '{"execute": "quit"} {"execute": "query-name", "execute": "stop"}')
        result = self.run_qmp('call', path, '{"execute": "query-name"}{"execute": "nonsense"}{"execute": "quit"}')
        self.assertEqual((result.returncode, result.stdout), (FAILED, '{}\n'))
        self.assertRegex(result.stderr, '^qmp: CommandNotFound: [^\n]*\n$')
        self.assertEqual(self.value('call', path, 'query-name'), {})

    def test_arguments_from_input(self):
        path = self.server().path
        self.assertEqual(self.value('call', path, 'qom-get', '-', input=' {"path": "/",\n "property": "type"}\n'), 'container')
        self.assertEqual(self.value('call', '-', 'query-name', '-', input='{}', variables={'QMP_SOCKET': path}), {})
        self.bad(USAGE, 'no JSON object', 'call', path, 'quit', '-', input='[]')
        self.bad(USAGE, 'no JSON object', 'call', path, 'quit', '-', input='{}\0')
        self.bad(USAGE, 'ends too early', 'call', path, 'quit', '-', input='{')
        self.assertEqual(self.value('call', path, 'query-name'), {})

    def test_lines(self):
        path = self.server().path
        script = '''# in one connection
            qmp_capabilities
            object-add qom-type=iothread id=a

            {"execute": "object-add", "arguments":
             {"qom-type": "iothread", "id": "b"}}
            qom-list path=/objects
            '''
        lines = self.good('call', path, '-', input=script).splitlines()
        self.assertEqual(lines[:-1], ['{}'] * 3)
        self.assertIn('"b"', lines[-1])
        self.assertEqual(self.good('call', path, '-', input=''), '')
        self.assertEqual(self.good('call', path, '-', input='\ufeff# a comment\nquery-name\n'), '{}\n')
        for status, error, script in [
            (FAILED, r'line 3: CommandNotFound: .*\(did you mean “query-name”\?\)', 'query-name\n\nquery-nam\nquit\n'),
            (USAGE, 'line 2: Expected a key=value pair', 'query-name\nquit oops\nquit\n'),
            (USAGE, 'line 2: .*zero byte', 'query-name\nquit\0 x\n'),
            (USAGE, 'Standard input ended within a transaction', 'query-name\ntransaction(\n'),
        ]:
            with self.subTest(script=script):
                result = self.run_qmp('call', path, '-', input=script)
                self.assertEqual((result.returncode, result.stdout), (status, '{}\n'))
                self.assertRegex(result.stderr, rf'^qmp: {error}[^\n]*\n$')
        self.assertEqual(self.value('call', path, 'query-name'), {})

    def test_each_as_it_comes(self):
        program = self.start('call', self.server().path, '-', stdin=subprocess.PIPE)
        for _ in range(3):
            program.stdin.write('query-name\n')
            program.stdin.flush()
            self.assertEqual(program.stdout.readline(), '{}\n')
        program.stdin.close()
        self.assertEqual(program.wait(), DONE)

    def test_descriptor_that_is_used(self):
        """A machine that runs drops one that is not used before the last client leaves."""
        path = self.server().path
        script = 'add-fd fdset-id=1\nblockdev-add driver=file node-name=f filename=/dev/fdset/1\nquery-fdsets\n'
        with open(self.path('disk'), 'w+b') as disk:
            disk.truncate(65536)
            lines = self.good('call', path, '-', '--fd', str(disk.fileno()), input=script, pass_fds=[disk.fileno()])
        self.assertIn('"fdset-id": 1', lines.splitlines()[2])
        self.assertIn('/dev/fdset/1', self.good('call', path, 'query-named-block-nodes'))


if __name__ == '__main__':
    del sys.argv[1:2]
    unittest.main()
