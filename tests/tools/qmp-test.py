#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qmp, the tool that does one thing, against real servers, and against one that the test plays itself.

usage: qmp-test.py QMP
"""

import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

import terminal

QMP = os.path.abspath(sys.argv[1])
NO_MACHINE = ['-machine', 'none', '-nodefaults', '-display', 'none']
PC = ['-machine', 'pc', '-accel', 'tcg', '-m', '32', '-S', '-nodefaults', '-vga', 'std', '-display', 'none']
DONE, FAILED, USAGE, LINK, TIMEOUT = range(5)
BROKEN_PIPE = -signal.SIGPIPE


def on_alarm(number, frame):
    raise AssertionError('the test takes too long')


class Case(unittest.TestCase):
    def setUp(self):
        signal.signal(signal.SIGALRM, on_alarm)
        signal.alarm(2 * terminal.SECONDS)
        self.addCleanup(signal.alarm, 0)
        directory = tempfile.TemporaryDirectory(prefix='qmp-')
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def path(self, name):
        return os.path.join(self.directory, name)

    def server(self, *arguments, **more):
        server = terminal.Server(self.directory, arguments=arguments or NO_MACHINE, **more)
        self.addCleanup(server.kill)
        return server

    def storage_daemon(self):
        nodes = [word for name in ('source', 'target')
                 for word in ('--blockdev', f'null-co,node-name={name},size=67108864')]
        return self.server(*nodes, program='qemu-storage-daemon')

    def puppet(self, *capabilities):
        puppet = terminal.Puppet(self.directory)
        self.addCleanup(puppet.close)
        return puppet

    def start(self, *words, stdout=subprocess.PIPE, **more):
        program = subprocess.Popen([QMP, *words], stdin=more.pop('stdin', subprocess.DEVNULL), stdout=stdout,
                                   stderr=subprocess.PIPE, text=True, env=self.environment(), **more)
        self.addCleanup(self.reap, program)
        return program

    @staticmethod
    def reap(program):
        program.kill()
        program.wait()
        for stream in (program.stdout, program.stderr):
            if stream is not None:
                stream.close()

    def environment(self, **variables):
        environment = {**os.environ, 'LC_ALL': 'C.UTF-8', **variables}
        for name in {'QMP_SOCKET', 'QGA_CLIENT_ADDRESS'} - set(variables):
            environment.pop(name, None)
        return environment

    def run_qmp(self, *words, text=True, variables=None, **more):
        if 'input' not in more:
            more.setdefault('stdin', subprocess.DEVNULL)
        return subprocess.run([QMP, *words], capture_output=True, text=text, check=False, timeout=terminal.SECONDS,
                              env=self.environment(**variables or {}), **more)

    def good(self, *words, **more):
        """Returns what was printed."""
        result = self.run_qmp(*words, **more)
        self.assertEqual((result.returncode, result.stderr), (DONE, type(result.stderr)()), words)
        return result.stdout

    def value(self, *words, **more):
        output = self.good(*words, **more)
        self.assertEqual(output.count('\n'), 1, 'one line')
        return json.loads(output)

    def bad(self, status, pattern, *words, **more):
        """It says why, in one line, and nothing else."""
        result = self.run_qmp(*words, **more)
        self.assertEqual((result.returncode, result.stdout), (status, ''), (words, result.stderr))
        self.assertRegex(result.stderr, r'^qmp: [^\n]*\n$')
        self.assertRegex(result.stderr, pattern)


class CommandLine(Case):
    def test_general(self):
        self.assertRegex(self.good('--version'), r'^qmp \d+\.\d+\.\d+\n$')
        self.assertRegex(self.good('call', '--version'), r'^qmp \d+\.\d+\.\d+\n$')
        text = self.good('--help')
        verbs = [line.split('  ')[1] for line in text[text.index('Verbs:'):].splitlines() if line.startswith('  ')]
        self.assertIn('guest exec', verbs)
        for verb in verbs:
            self.assertIn(f'qmp {verb} [OPTION…] ADDRESS', self.good(*verb.split(), '--help'))

    def test_wrong(self):
        for pattern, words in [
            ('verb is missing', ()),
            ('no verb “cal”', ('cal', 'x')),
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
            ('no number of a file descriptor', ('call', 'x', 'y', '--fd', 'one')),
            ('99 is not open', ('call', 'x', 'y', '--fd', '99')),
            ('timeout', ('call', 'x', 'y', '--timeout', '0')),
            ('timeout', ('call', 'x', 'y', '--timeout=-1')),
            ('timeout', ('call', 'x', 'y', '--timeout', 'nan')),
            ('timeout', ('call', 'x', 'y', '--timeout', '1e300')),
            ('MEMBER=VALUE', ('wait', 'x', 'STOP', 'oops')),
            ('is no command', ('wait', 'x', 'STOP', '--call', '')),
            ('Expected a key=value pair', ('wait', 'x', 'STOP', '--call', 'cont oops')),
            ('names no property', ('qom', 'get', 'x', '/machine')),
        ]:
            with self.subTest(words=words):
                self.bad(USAGE, pattern, *words)
        self.bad(125, 'too few words', 'guest', 'exec', 'x')

    def test_no_server(self):
        for words in ['call X query-status', 'monitor X', 'wait X STOP', 'introspect X', 'hmp X info', 'screenshot X -',
                      'qom list X', 'qom get X a.b', 'qom set X a.b 1', 'qom tree X', 'qom types X', 'guest ping X',
                      'guest sync X', 'guest info X', 'guest network X', 'guest cat X f', 'job list X', 'job wait X j',
                      'migration wait X']:
            with self.subTest(words=words):
                self.bad(LINK, 'Could not connect to .*nothing: No such file',
                         *(self.path('nothing') if word == 'X' else word for word in words.split()))
        self.bad(125, 'Could not connect', 'guest', 'exec', self.path('nothing'), 'true')

    def test_address_from_environment(self):
        server = self.server()
        self.value('call', '-', 'query-version', variables={'QMP_SOCKET': server.path})

    def test_no_readline(self):
        libraries = subprocess.run(['ldd', QMP], check=True, capture_output=True, text=True).stdout
        self.assertIn('libqmp-glib', libraries)
        self.assertNotIn('readline', libraries)


class Call(Case):
    def test_replies(self):
        server = self.server()
        self.assertEqual(self.value('call', server.path, 'query-name'), {})
        self.assertIn('qemu', self.value('call', server.tcp, 'query-version', '--json'))
        pretty = self.good('call', '-p', server.path, 'query-version')
        self.assertGreater(pretty.count('\n'), 3)
        self.assertIn('qemu', json.loads(pretty))
        self.assertEqual(self.value('call', server.path, 'object-add', 'qom-type=iothread', 'id=a'), {})
        self.assertEqual(self.value('call', server.path, 'object-add', '{"qom-type": "iothread", "id": "b"}'), {})
        self.assertEqual({thread['id'] for thread in self.value('call', server.path, 'query-iothreads')}, {'a', 'b'})
        self.assertEqual(self.value('call', server.path, 'quit'), {})

    def test_server_errors(self):
        path = self.server().path
        self.bad(FAILED, "qmp: DeviceNotFound: Device 'x' not found\n$", 'call', path, 'device_del', 'id=x')
        self.bad(FAILED, r'CommandNotFound: .*query-versio .*\(did you mean “query-version”\?\)', 'call', path, 'query-versio')
        self.bad(FAILED, r"GenericError: Parameter 'id' is missing \(did you mean “id”\?\)", 'call', path, 'device_del',
                 'idd=x')
        self.bad(FAILED, "GenericError: Invalid parameter type for 'id'", 'call', path, 'device_del', 'id=1')

    def test_exact_text(self):
        puppet = self.puppet()
        program = self.start('call', puppet.path, 'x', 'n=18446744073709551616', 'a.b:=1.50')
        puppet.accept()
        command = puppet.take()
        self.assertEqual(command['arguments'], {'n': 18446744073709551616, 'a': {'b': 1.5}})
        puppet.peer.sendall(b'{"return": {"n": 123456789012345678901, "s": "\\u001b[2J\x7f"}, "id": %s}'
                            % json.dumps(command['id']).encode())
        self.assertEqual(program.communicate()[0], '{"n": 123456789012345678901, "s": "\\u001b[2J\\u007f"}\n')

    def ask_puppet(self, answers, *words):
        """Returns what is printed when the commands get these answers, which are JSON text."""
        puppet = self.puppet()
        program = self.start(*(puppet.path if word == 'X' else word for word in words))
        puppet.accept()
        for name, text in answers:
            command = puppet.take()
            self.assertEqual(command['execute'], name)
            puppet.peer.sendall(f'{{"return": {text}, "id": {json.dumps(command["id"])}}}'.encode())
        output, errors = program.communicate()
        self.assertEqual((program.returncode, errors), (DONE, ''))
        puppet.close()
        os.unlink(puppet.path)
        return output

    def test_exact_numbers(self):
        """What no 64 bits hold, and how numbers are spelled, goes through every verb that prints a value."""
        number = '{"n": 18446744073709551616, "x": 1.50, "big": 1e400}'
        schema = '[{"name": "1", "meta-type": "object", "members": [], "n": 18446744073709551616}]'
        for command, words in [
            ('x', 'call X x'),
            ('qom-get', 'qom get X /a.b'),
            ('qom-get', 'qom get --json X /a b'),
            ('qom-list', 'qom list --json X'),
            ('qom-list-types', 'qom types --json X'),
            ('query-jobs', 'job list --json X'),
            ('human-monitor-command', 'hmp X info'),
        ]:
            with self.subTest(words=words):
                self.assertEqual(self.ask_puppet([(command, number)], *words.split()), number + '\n')
        self.assertEqual(self.ask_puppet([('query-qmp-schema', schema)] * 2, 'introspect', '--json', 'X'), schema + '\n')
        tree = [('qom-list', '[{"name": "p", "type": "uint64"}]'), ('qom-get', number)]
        self.assertEqual(self.ask_puppet(tree, 'qom', 'tree', 'X'), f'/\n  p: {number} (uint64)\n\n')
        self.assertEqual(self.ask_puppet(tree, 'qom', 'tree', '--json', 'X'),
                         f'{{"path": "/", "name": "p", "type": "uint64", "value": {number}}}\n')

    def test_hostile_error(self):
        puppet = self.puppet()
        program = self.start('call', puppet.path, 'x')
        puppet.accept()
        puppet.send({'error': {'class': 'A\x1b[1m', 'desc': 'two\nlines\r\x07'}, 'id': puppet.take()['id']})
        schema = puppet.take()  # for a suggestion
        self.assertEqual(schema['execute'], 'query-qmp-schema')
        puppet.send({'error': {'class': 'CommandNotFound', 'desc': 'no'}, 'id': schema['id']})
        self.assertEqual(program.communicate(), ('', 'qmp: A\\x1b[1m: two lines \\x07\n'))
        self.assertEqual(program.returncode, FAILED)

    def test_fds(self):
        server = self.server(*NO_MACHINE, '-S')  # one that runs forgets the set when we leave
        with open(self.path('a'), 'wb') as a, open(self.path('b'), 'wb') as b:
            value = self.value('call', server.path, 'add-fd', 'fdset-id=3', '--fd', str(a.fileno()), pass_fds=[a.fileno()])
            self.assertEqual(value['fdset-id'], 3)
            sets = server.execute('query-fdsets')['return']
            self.assertEqual([(group['fdset-id'], len(group['fds'])) for group in sets], [(3, 1)])
            words = ['add-fd', '--fd', str(a.fileno())]
            self.bad(FAILED, 'only be passed over a Unix socket', 'call', server.tcp, *words, pass_fds=[a.fileno()])
            # What arrives, seen from the other side.
            puppet = self.puppet()
            program = self.start('call', puppet.path, 'x', '--fd', str(a.fileno()), '--fd', str(b.fileno()),
                                 pass_fds=[a.fileno(), b.fileno()])
            puppet.accept()
            data, fds, _, _ = socket.recv_fds(puppet.peer, 65536, 8)
            self.assertEqual([os.fstat(fd).st_ino for fd in fds], [os.fstat(file.fileno()).st_ino for file in (a, b)])
            for fd in fds:
                os.close(fd)
            puppet.answer(json.loads(data), {})
            self.assertEqual(program.communicate(), ('{}\n', ''))

    def test_out_of_band(self):
        server = self.server()
        self.bad(FAILED, 'GenericError: .*does not support OOB', 'call', '--oob', server.path, 'query-name')
        self.bad(FAILED, 'GenericError: .*postcopy', 'call', '--oob', server.path, 'migrate-pause')
        puppet = self.puppet()
        program = self.start('call', puppet.path, 'x', '--oob')
        puppet.accept()
        self.assertIn('does not offer to execute out of band', program.communicate()[1])
        self.assertEqual(program.returncode, FAILED)

    def test_silent_server(self):
        puppet = self.puppet()
        self.bad(TIMEOUT, 'in time', 'call', puppet.path, 'x', '--timeout', '0.1')
        puppet.listening.accept()[0].close()
        program = self.start('call', puppet.path, 'x', '--timeout', '0.3')
        puppet.accept()
        puppet.take()
        self.assertIn('did not answer “x” in time', program.communicate()[1])
        self.assertEqual(program.returncode, TIMEOUT)

    def test_server_death(self):
        puppet = self.puppet()
        program = self.start('call', puppet.path, 'x')
        puppet.accept()
        puppet.take()
        puppet.peer.close()
        self.assertRegex(program.communicate()[1], '^qmp: The connection ended before the reply to “x”: [^\n]*\n$')
        self.assertEqual(program.returncode, LINK)

    def test_not_qmp(self):
        puppet = self.puppet()
        program = self.start('call', puppet.path, 'x')
        peer, _ = puppet.listening.accept()
        with peer:
            peer.sendall(b'220 smtp.example.com\r\n')
            self.assertIn('no QMP greeting', program.communicate()[1])
        self.assertEqual(program.returncode, LINK)

    def test_output_that_fails(self):
        path = self.server().path
        with open('/dev/full', 'w', encoding='utf-8') as full:
            program = self.start('call', path, 'query-version', stdout=full)
            self.assertIn('No space left', program.communicate()[1])
        self.assertEqual(program.returncode, FAILED)
        for words in (['call', path, 'query-qmp-schema'], ['qom', 'types', path]):
            read_end, write_end = os.pipe()
            os.close(read_end)
            program = self.start(*words, stdout=write_end)
            os.close(write_end)
            self.assertEqual((program.communicate()[1], program.returncode), ('', BROKEN_PIPE))

    def test_terminal(self):
        shell = terminal.Terminal([QMP, 'call', self.server().path, 'query-version'], self.directory)
        self.addCleanup(shell.kill)
        shell.see(r'^\{\n    "qemu": \{\n')
        self.assertEqual(shell.end(), 0)

    def test_hmp(self):
        path = self.server().path
        self.assertRegex(self.good('hmp', path, 'info', 'version'), r'^\d+\.\d+\.\d+[^\r]*\n$')
        self.assertIn('unknown command', self.good('hmp', path, 'nonsense'))
        self.assertIsInstance(self.value('hmp', '--json', path, 'info', 'version'), str)
        self.bad(FAILED, 'GenericError: .*cpu-index', 'hmp', '--cpu', '9', path, 'info version')


class Events(Case):
    def test_monitor(self):
        server = self.server(*PC)
        program = self.start('monitor', server.path, '--json')
        watched = self.start('monitor', server.tcp, 'RES*', 'STOP')
        while len(select.select([program.stdout, watched.stdout], [], [], 0)[0]) < 2:
            server.execute('cont')
            server.execute('stop')
        server.execute('quit')
        lines = [json.loads(line) for line in program.stdout]
        self.assertIn('SHUTDOWN', [line['event'] for line in lines])
        self.assertLessEqual({line['event'] for line in lines}, {'STOP', 'RESUME', 'SHUTDOWN'})
        self.assertEqual(program.wait(), DONE)
        for line in watched.stdout:
            self.assertRegex(line, r'^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} (RESUME|STOP)\n$')
        self.assertEqual((watched.wait(), watched.stderr.read()), (DONE, ''))

    def monitored(self, *words, **more):
        puppet = self.puppet()
        program = self.start('monitor', puppet.path, *words, **more)
        puppet.accept()
        return puppet, program

    def test_monitor_lines(self):
        puppet, program = self.monitored()
        puppet.send({'event': 'A', 'data': {'x': '\x1b[2J'}, 'timestamp': {'seconds': 1, 'microseconds': 2}})
        puppet.send({'event': 'B\x1b', 'timestamp': {'seconds': -1, 'microseconds': -1}})
        self.assertRegex(program.stdout.readline(), r'\.000002 A \{"x": ?"\\u001b\[2J"\}\n$')
        self.assertRegex(program.stdout.readline(), r'B\\x1b\n$')
        puppet.peer.close()
        self.assertRegex(program.communicate()[1], '^qmp: [^\n]*closed the connection\n$')
        self.assertEqual(program.returncode, LINK)

    def test_monitor_unread(self):
        read_end, write_end = os.pipe()
        puppet, program = self.monitored(stdout=write_end)
        os.close(write_end)
        os.close(read_end)  # no event is needed for it to be noticed
        self.assertEqual((program.communicate()[1], program.returncode), ('', BROKEN_PIPE))

    def test_monitor_interrupted(self):
        puppet, program = self.monitored()
        puppet.send({'event': 'A', 'timestamp': {'seconds': 1, 'microseconds': 2}})
        program.stdout.readline()
        program.send_signal(signal.SIGINT)
        self.assertEqual((program.communicate(), program.returncode), (('', ''), -signal.SIGINT))

    def test_monitor_bounds(self):
        path = self.server().path
        self.bad(TIMEOUT, 'time', 'monitor', path, '--timeout', '0.1')
        self.bad(FAILED, 'no “RESUM”, but “RESUME”', 'monitor', path, 'RESUM')
        self.bad(FAILED, '“stop” is a command', 'monitor', path, 'stop')
        self.bad(FAILED, 'is no event', 'monitor', path, 'stop/arg-type')

    def test_wait(self):
        server = self.server(*PC, '-device', 'virtio-balloon-pci,id=b0')
        self.assertRegex(self.good('wait', server.path, 'RESUME', '--call', 'cont'), r' RESUME\n$')
        event = self.value('wait', server.path, 'STOP', '--json', '-c', 'stop')
        self.assertEqual(event['event'], 'STOP')
        self.bad(FAILED, 'DeviceNotFound', 'wait', server.path, 'DEVICE_DELETED', '-c', 'device_del id=x')
        self.bad(FAILED, 'RESUME', 'wait', server.path, 'STOP', '--failure', 'RESUME', '-c', 'cont')
        self.bad(TIMEOUT, 'in time', 'wait', server.path, 'RESUME', '-c', 'query-name', '-t', '0.1')
        self.bad(TIMEOUT, 'in time', 'wait', server.path, 'RESUME', '-t', '0.1')
        self.bad(FAILED, 'no “STOPP”, but “STOP”', 'wait', server.path, 'STOPP')

    def test_wait_matches(self):
        puppet = self.puppet()
        program = self.start('wait', '--json', puppet.path, 'A', 'x=1', 'inner.name=n', '--failure', 'F')
        puppet.accept()
        schema = puppet.take()
        puppet.send({'error': {'class': 'CommandNotFound', 'desc': 'no'}, 'id': schema['id']})
        for number, (name, data) in enumerate([
                ('A', {'x': '1', 'inner': {'name': 'n'}}), ('A', {'x': 1, 'inner': {'name': 'm'}}), ('A', {}), ('F', {}),
                ('A', {'x': 1, 'inner': {'name': 'n'}})]):
            puppet.send({'event': name, 'data': data, 'timestamp': {'seconds': number, 'microseconds': 0}})
        self.assertEqual(json.loads(program.communicate()[0])['timestamp']['seconds'], 4)
        self.assertEqual(program.returncode, DONE)

    def test_wait_failure(self):
        puppet = self.puppet()
        program = self.start('wait', puppet.path, 'A', '--failure', 'F')
        puppet.accept()
        puppet.send({'error': {'class': 'CommandNotFound', 'desc': 'no'}, 'id': puppet.take()['id']})
        puppet.send({'event': 'F', 'data': {'why': 1}, 'timestamp': {'seconds': 1, 'microseconds': 0}})
        self.assertRegex(program.communicate()[1], r'^qmp: F \{"why": 1\}\n$')
        self.assertEqual(program.returncode, FAILED)

    def test_wait_server_death(self):
        puppet = self.puppet()
        program = self.start('wait', puppet.path, 'A')
        puppet.accept()
        puppet.send({'error': {'class': 'CommandNotFound', 'desc': 'no'}, 'id': puppet.take()['id']})
        puppet.peer.close()
        self.assertIn('connection', program.communicate()[1])
        self.assertEqual(program.returncode, LINK)


class Introspect(Case):
    def test_for_people(self):
        path = self.server().path
        names = self.good('introspect', path).splitlines()
        self.assertLessEqual({'query-version', 'blockdev-add', 'SHUTDOWN'}, set(names))
        self.assertEqual(self.good('introspect', path, 'query-version*'), 'query-version\n')
        text = self.good('introspect', path, 'block_resize', 'BLOCK_JOB_COMPLETED')
        self.assertRegex(text, r'(?s)^block_resize\narguments:\n.*  size: integer\n.*BLOCK_JOB_COMPLETED \(an event\)\ndata:')
        self.assertRegex(text, r'device: string \(optional\)')
        self.bad(FAILED, 'no “query-versio”, but “query-version”', 'introspect', path, 'query-versio')
        self.bad(FAILED, 'is like “zz\\*”', 'introspect', path, 'zz*')
        self.bad(USAGE, '--has', 'introspect', path, 'device_del/arg-type')

    def test_json(self):
        path = self.server().path
        every = self.value('introspect', '--json', path)
        self.assertEqual(len(every), len(self.value('call', path, 'query-qmp-schema')))
        entries = {entry['name']: entry for entry in self.value('introspect', '--json', path, 'query-bl*k', 'blockdev-add')}
        self.assertEqual({name for name, entry in entries.items() if entry['meta-type'] == 'command'},
                         {'query-block', 'blockdev-add'})
        for entry in entries.values():
            needed = [entry[name] for name in ('arg-type', 'ret-type', 'element-type') if name in entry]
            parts = entry.get('members', []) + entry.get('variants', [])
            needed += [part['type'] for part in parts if 'type' in part]  # values of enumerations have none
            self.assertLessEqual(set(needed), set(entries))

    def test_has(self):
        path = self.server().path
        self.assertEqual(self.good('introspect', path, '--has', 'blockdev-add/arg-type/driver/^nbd', '--has', 'SHUTDOWN'),
                         '')
        self.bad(FAILED, 'no “\\^nbdd”, but “nbd”', 'introspect', path, '--has', 'blockdev-add/arg-type/driver/^nbdd')
        self.bad(FAILED, 'no “x”', 'introspect', path, '--has', 'SHUTDOWN', '--has', 'x')
        self.bad(USAGE, 'Not a path', 'introspect', path, '--has', 'blockdev-add/x')

    def test_without_schema(self):
        puppet = self.puppet()
        program = self.start('introspect', puppet.path)
        puppet.accept()
        puppet.send({'error': {'class': 'CommandNotFound', 'desc': 'no'}, 'id': puppet.take()['id']})
        self.assertIn('does not describe its commands', program.communicate()[1])
        self.assertEqual(program.returncode, FAILED)


class Qom(Case):
    def test_all(self):
        server = self.server(*PC)
        path = server.path
        self.assertIn('machine/\n', self.good('qom', 'list', path))
        listed = self.good('qom', 'list', path, '/machine').splitlines()
        self.assertLessEqual({'type', 'peripheral/', '@memory-backend/'}, set(listed))
        self.assertIn({'name': 'type', 'type': 'string'}, self.value('qom', 'list', '--json', path, '/machine'))
        self.assertRegex(self.good('qom', 'get', path, '/machine.type'), '^pc-.*-machine\n$')
        self.assertRegex(self.value('qom', 'get', path, '/machine', 'type', '--json'), '^pc-.*-machine$')
        self.assertEqual(self.good('qom', 'get', path, '/machine.graphics'), 'true\n')
        self.assertEqual(self.good('qom', 'set', path, '/machine.graphics', 'False'), '')
        self.assertEqual(self.value('qom', 'get', path, '/machine.graphics'), False)
        self.good('qom', 'set', path, '/machine', 'graphics', 'true')
        self.assertEqual(self.value('qom', 'get', path, '/machine.graphics'), True)
        self.good('qom', 'set', path, '--', '/machine.append', '"7"')
        self.assertEqual(self.value('qom', 'get', path, '/machine.append', '--json'), '7')
        self.bad(FAILED, 'GenericError: .*phandle-start', 'qom', 'set', path, '/machine', 'phandle-start', '-x')
        self.bad(FAILED, 'DeviceNotFound', 'qom', 'list', path, '/nope')
        self.bad(FAILED, 'nope', 'qom', 'get', path, '/machine.nope')
        types = self.good('qom', 'types', path, 'pci-device').splitlines()
        self.assertEqual(types, sorted(types))
        self.assertIn('virtio-balloon-pci', types)
        self.assertNotIn('pci-device', types)
        self.assertIn('pci-device', self.good('qom', 'types', '--abstract', path, 'pci-device').splitlines())

    def test_tree(self):
        path = self.server().path
        text = self.good('qom', 'tree', path)
        self.assertRegex(text, r'(?m)\A/\n  type: container \(string\)\n\n/')
        self.assertRegex(text, r'(?m)^/machine\n  type: none-machine \(string\)\n')
        lines = [json.loads(line) for line in self.good('qom', 'tree', path, '--json', '/machine').splitlines()]
        self.assertIn({'path': '/machine', 'name': 'type', 'type': 'string', 'value': 'none-machine'}, lines)
        self.bad(FAILED, 'DeviceNotFound', 'qom', 'tree', path, '/nope')

    def test_tree_without_end(self):
        puppet = self.puppet()
        program = self.start('qom', 'tree', puppet.path)
        puppet.accept()
        with contextlib.suppress(AssertionError):  # it goes
            while True:
                puppet.answer(puppet.take(), [{'name': 'x', 'type': 'child<x>'}])
        self.assertIn('The tree is too deep', program.communicate()[1])
        self.assertEqual(program.returncode, FAILED)

    def test_nonsense(self):
        puppet = self.puppet()
        program = self.start('qom', 'list', puppet.path)
        puppet.accept()
        puppet.answer(puppet.take(), [1, None, {}, {'name': 7, 'type': []}, {'name': 'a\x1bb', 'type': 'int'}])
        self.assertEqual(program.communicate(), ('\n\n\n\na\\x1bb\n', ''))


class Screenshot(Case):
    def check_png(self, data):
        self.assertEqual(data[:8], b'\x89PNG\r\n\x1a\n')
        width, height = struct.unpack('>II', data[16:24])
        self.assertGreater(width * height, 0)
        length, = struct.unpack('>I', data[8:12])
        self.assertEqual(zlib.crc32(data[12:16 + length]), struct.unpack('>I', data[16 + length:20 + length])[0])
        self.assertEqual(data[-8:-4], b'IEND')

    def read(self, name):
        with open(self.path(name), 'rb') as file:
            return file.read()

    def test_files(self):
        server = self.server(*PC)
        self.assertEqual(self.good('screenshot', server.path, self.path('a.png')), '')
        self.check_png(self.read('a.png'))
        self.check_png(self.good('screenshot', server.path, '-', text=False))
        self.good('screenshot', server.path, self.path('a.PPM'))
        self.assertEqual(self.read('a.PPM')[:2], b'P6')
        os.symlink('a.png', self.path('link'))
        os.truncate(self.path('a.png'), 0)
        self.good('screenshot', server.path, self.path('link'))
        self.assertTrue(os.path.islink(self.path('link')))
        self.check_png(self.read('a.png'))
        # QEMU got descriptors, and opened no file. QEMU 10 shows their sets as empty ones.
        self.assertTrue(server.execute('query-fdsets')['return'])
        self.good('screenshot', server.tcp, 'b.png', cwd=self.directory)
        self.check_png(self.read('b.png'))

    def test_name_stays_here(self):
        """A server that is confined could do nothing with it."""
        puppet = self.puppet()
        program = self.start('screenshot', puppet.path, self.path('mine.png'), '--device', 'd', '--head', '2')
        puppet.accept()
        puppet.send({'error': {'class': 'CommandNotFound', 'desc': 'no'}, 'id': puppet.take()['id']})
        data, fds, _, _ = socket.recv_fds(puppet.peer, 65536, 8)
        command = json.loads(data)
        self.assertEqual(command['execute'], 'add-fd')
        # QEMU looks for one that is open for writing alone.
        self.assertEqual(fcntl.fcntl(fds[0], fcntl.F_GETFL) & os.O_ACCMODE, os.O_WRONLY)
        puppet.answer(command, {'fdset-id': 5, 'fd': 1})
        command = puppet.take()
        self.assertEqual((command['execute'], command['arguments']), ('screendump', {
            'filename': '/dev/fdset/5', 'format': 'png', 'device': 'd', 'head': 2}))
        os.write(fds[0], b'picture')
        os.close(fds[0])
        puppet.answer(command, {})
        command = puppet.take()
        self.assertEqual((command['execute'], command['arguments']), ('remove-fd', {'fdset-id': 5}))
        puppet.answer(command, {})
        self.assertEqual(program.communicate(), ('', ''))
        self.assertEqual(self.read('mine.png'), b'picture')

    def test_failures(self):
        server = self.server(*PC)
        with open(self.path('old.png'), 'wb') as file:
            file.write(b'old')
        self.bad(FAILED, 'GenericError|DeviceNotFound', 'screenshot', server.path, self.path('old.png'), '--device', 'nope')
        self.bad(FAILED, 'GenericError', 'screenshot', server.path, self.path('old.png'), '--head', '1')
        self.assertEqual(self.read('old.png'), b'old')
        self.bad(FAILED, 'No such file', 'screenshot', server.path, self.path('no/where.png'))
        self.bad(FAILED, 'standard output', 'screenshot', server.tcp, '-')
        self.bad(FAILED, 'No space left', 'screenshot', server.path, '/dev/full')

    def test_no_screen(self):
        self.bad(FAILED, 'has no screen', 'screenshot', self.storage_daemon().path, self.path('x.png'))

    def test_old_server(self):
        puppet = self.puppet()
        program = self.start('screenshot', puppet.path, self.path('x.png'))
        puppet.accept()
        puppet.answer(puppet.take(), [
            {'name': 'screendump', 'meta-type': 'command', 'arg-type': '1', 'ret-type': '2'},
            {'name': '1', 'meta-type': 'object', 'members': [{'name': 'filename', 'type': 'str'}]},
            {'name': '2', 'meta-type': 'object', 'members': []},
            {'name': 'str', 'meta-type': 'builtin', 'json-type': 'string'}])
        self.assertRegex(program.communicate()[1], 'cannot write PNG.*“.ppm”')
        self.assertEqual(program.returncode, FAILED)


class Guest(Case):
    def agent(self):
        return terminal.Agent(self.directory, self.addCleanup).path

    def test_asked(self):
        path = self.agent()
        self.assertEqual(self.good('guest', 'ping', path), '')
        self.assertEqual(self.good('guest', 'sync', '-', variables={'QGA_CLIENT_ADDRESS': path}), '')
        self.assertRegex(self.good('guest', 'info', path), r'(?s)^version: \d+.*\nenabled:\n.*  guest-ping\n.*disabled:\n')
        self.assertIn('version', self.value('guest', 'info', path, '--json'))
        self.assertRegex(self.good('guest', 'network', path), r'(?m)^lo .*\n  ipv4 127\.0\.0\.1/8$')
        self.assertIn('lo', [interface['name'] for interface in self.value('guest', 'network', path, '--json')])
        self.assertEqual(self.value('call', '-G', path, 'guest-ping'), {})
        self.bad(FAILED, 'CommandNotFound', 'call', '-G', path, 'guest-nonsense')

    def exec(self, *words, **more):
        result = self.run_qmp('guest', 'exec', *words, **more)
        return result.returncode, result.stdout, result.stderr

    def test_exec(self):
        path = self.agent()
        self.assertEqual(self.exec(path, 'sh', '-c', 'echo out; echo err >&2; exit 7'), (7, 'out\n', 'err\n'))
        self.assertEqual(self.exec(path, '--', 'sh', '-c', 'kill -9 $$'), (128 + 9, '', ''))
        self.assertEqual(self.exec('-i', path, 'tr', 'a-z', 'A-Z', input='hello'), (0, 'HELLO', ''))
        self.assertEqual(self.exec(path, 'printf', r'\0\377', text=False), (0, b'\0\xff', b''))
        self.assertEqual(self.exec('-e', 'A=b', '-e', 'C=d', path, 'sh', '-c', 'echo $A$C'), (0, 'bd\n', ''))
        self.assertEqual(self.value('guest', 'exec', '--json', path, 'true')['exitcode'], 0)
        self.bad(125, 'No such file', 'guest', 'exec', path, '/nonexistent')
        os.mkfifo(self.path('fifo'))
        self.bad(124, 'still runs in the guest, as process \\d+', 'guest', 'exec', '-t', '1', path, 'cat', self.path('fifo'))
        # Opened and closed, so that it ends.
        os.close(os.open(self.path('fifo'), os.O_RDWR | os.O_NONBLOCK))

    def test_exec_in_terminal(self):
        shell = terminal.Terminal([QMP, 'guest', 'exec', self.agent(), 'printf', r'\033[2J\0x'], self.directory)
        self.addCleanup(shell.kill)
        shell.see(r'\\x1b\[2J\\x00x', raw=True)
        self.assertEqual(shell.end(), 0)

    def test_cat(self):
        path = self.agent()
        data = os.urandom(700000)
        with open(self.path('file'), 'wb') as file:
            file.write(data)
        self.assertEqual(self.good('guest', 'cat', path, self.path('file'), text=False), data)
        open(self.path('empty'), 'wb').close()
        self.assertEqual(self.good('guest', 'cat', path, self.path('empty')), '')
        self.bad(FAILED, 'No such file', 'guest', 'cat', path, self.path('nothing'))
        with open('/dev/full', 'w', encoding='utf-8') as full:
            program = self.start('guest', 'cat', path, self.path('file'), stdout=full)
            self.assertIn('No space left', program.communicate()[1])
        self.assertEqual(program.returncode, FAILED)

    def test_no_agent(self):
        puppet = self.puppet()
        for verb in ('ping', 'sync', 'info', 'network'):
            self.bad(TIMEOUT, 'agent did not answer|in time', 'guest', verb, puppet.path, '-t', '0.1')
        self.bad(124, 'agent did not answer|in time', 'guest', 'exec', '-t', '0.1', puppet.path, 'true')


class Jobs(Case):
    def test_created(self):
        server = self.storage_daemon()
        create = {'job-id': 'new', 'options': {'driver': 'file', 'filename': self.path('image'), 'size': 65536}}
        self.assertEqual(self.good('job', 'list', server.path), '')
        server.execute('blockdev-create', **create)
        self.assertEqual(self.good('job', 'wait', server.path, 'new'), '')
        self.assertRegex(self.good('job', 'list', server.path), r'^new create concluded \d+/\d+\n$')
        self.good('job', 'wait', '--dismiss', server.path, 'new')
        self.assertEqual(self.value('job', 'list', '--json', server.path), [])
        self.bad(FAILED, 'no job “new”', 'job', 'wait', server.path, 'new')

    def test_failed(self):
        server = self.storage_daemon()
        server.execute('blockdev-create', **{'job-id': 'bad', 'options': {
            'driver': 'file', 'filename': self.path('no/image'), 'size': 65536}})
        self.bad(FAILED, 'job “bad” has failed: Could not create.*No such file', 'job', 'wait', server.path, 'bad')
        self.assertIn('No such file', self.good('job', 'list', server.path))

    def mirror(self, server, speed, **more):
        reply = server.execute('blockdev-mirror', **{'job-id': 'copy', 'device': 'source', 'target': 'target',
                                                     'sync': 'full', 'speed': speed, **more})
        self.assertIn('return', reply)

    def test_ready(self):
        server = self.storage_daemon()
        self.mirror(server, 0)
        self.good('job', 'wait', '--ready', server.path, 'copy')
        self.assertRegex(self.good('job', 'list', server.path), '^copy mirror ready ')
        self.bad(TIMEOUT, 'in time', 'job', 'wait', server.path, 'copy', '-t', '0.1')
        program = self.start('job', 'wait', server.path, 'copy')
        server.execute('job-complete', id='copy')
        # It dismisses itself, so it may be gone before it is looked for.
        text = program.communicate()[1]
        self.assertIn((program.returncode, text), [(DONE, ''), (FAILED, 'qmp: There is no job “copy”\n')])

    def test_dismisses_itself(self):
        puppet = self.puppet()
        for event, status, pattern in [
                ({'event': 'BLOCK_JOB_COMPLETED', 'data': {'device': 'j', 'error': 'disk full'}}, FAILED, 'failed: disk full'),
                ({'event': 'BLOCK_JOB_COMPLETED', 'data': {'device': 'j'}}, DONE, '^$'),
                ({'event': 'BLOCK_JOB_CANCELLED', 'data': {'device': 'j'}}, FAILED, 'failed: it was cancelled')]:
            program = self.start('job', 'wait', puppet.path, 'j')
            puppet.accept()
            puppet.answer(puppet.take(), [{'id': 'other'}, {'id': 'j', 'type': 'mirror', 'status': 'running',
                                                            'current-progress': 1, 'total-progress': 2}])
            for message in ({'event': 'BLOCK_JOB_COMPLETED', 'data': {'device': 'other', 'error': 'not mine'}}, event,
                            {'event': 'JOB_STATUS_CHANGE', 'data': {'id': 'j', 'status': 'concluded'}}):
                puppet.send({**message, 'timestamp': {'seconds': 1, 'microseconds': 0}})
            puppet.answer(puppet.take(), [])
            self.assertRegex(program.communicate()[1], pattern)
            self.assertEqual(program.returncode, status)
            puppet.peer.close()

    def test_progress(self):
        server = self.storage_daemon()
        self.mirror(server, 1)  # stays at its beginning
        shell = terminal.Terminal([QMP, 'job', 'wait', '--ready', server.path, 'copy'], self.directory)
        self.addCleanup(shell.kill)
        shell.see(r'\[[# ]{40}\] +\d+ % copy')
        server.execute('block-job-set-speed', device='copy', speed=0)
        self.assertEqual(shell.end(), 0)
        self.assertTrue(shell.text.endswith('\r\x1b[K'), shell.text)

    def test_cancelled(self):
        server = self.storage_daemon()
        self.mirror(server, 1, **{'auto-dismiss': False})
        program = self.start('job', 'wait', server.path, 'copy')
        server.execute('job-cancel', id='copy')
        self.assertRegex(program.communicate()[1], 'job “copy” has failed: (it was cancelled|Operation canceled)')
        self.assertEqual(program.returncode, FAILED)

    def test_server_death(self):
        server = self.storage_daemon()
        self.mirror(server, 1)
        shell = terminal.Terminal([QMP, 'job', 'wait', server.path, 'copy'], self.directory)
        self.addCleanup(shell.kill)
        shell.see('%')
        server.kill()
        shell.see(r'qmp: [^\n]*connection')
        self.assertEqual(shell.end(), LINK)


class Migration(Case):
    def test_to_file(self):
        server = self.server(*PC)
        self.bad(FAILED, 'There is no migration', 'migration', 'wait', server.path)
        server.execute('migrate', uri='exec:cat > ' + self.path('state'))
        self.assertEqual(self.good('migration', 'wait', server.path), '')
        self.assertGreater(os.path.getsize(self.path('state')), 0)

    def test_failed(self):
        server = self.server(*PC)
        server.execute('migrate', uri='exec:false')
        self.bad(FAILED, 'migration has ended as “failed”', 'migration', 'wait', server.path)

    def test_under_way(self):
        server = self.server(*PC)
        # It stays there.
        server.execute('migrate-set-capabilities', capabilities=[{'capability': 'pause-before-switchover', 'state': True}])
        server.execute('migrate', uri='exec:cat > /dev/null')
        self.bad(TIMEOUT, 'in time', 'migration', 'wait', server.path, '-t', '0.1')
        shell = terminal.Terminal([QMP, 'migration', 'wait', server.path], self.directory)
        self.addCleanup(shell.kill)
        shell.see(r'\[[# ]{40}\] +\d+ % migration')
        server.execute('migrate_cancel')
        shell.see('migration has ended as “cancelled”')
        self.assertEqual(shell.end(), FAILED)


if __name__ == '__main__':
    del sys.argv[1:2]
    unittest.main()
