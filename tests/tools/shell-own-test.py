#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is qmp-shell's own: settings, files of lines, the prompt, the way out.

usage: shell-own-test.py QMP_SHELL QMP_SHELL_WRAP
"""

import json
import os
import signal
import subprocess
import unittest

import terminal
from shellcase import NO_MACHINE, PC, PROMPT, SHELL, WRAP, Case


class Own(Case):
    def puppet(self, *arguments, **more):
        """A server that the test plays, and a shell on it."""
        puppet = terminal.Puppet(self.directory)
        self.addCleanup(puppet.close)
        shell = self.shell(*arguments, puppet.path, **more)
        puppet.accept()
        return puppet, shell

    def write(self, name, *lines):
        path = os.path.join(self.directory, name)
        with open(path, 'w', encoding='utf-8') as file:
            file.write('\n'.join(lines) + '\n')
        return path


class Settings(Own):
    def test_all(self):
        shell = self.ready(self.server().path)
        shell.type('set\n')
        shell.see(r'set\ncolour off\nevents on\npretty off\nprompt plain\nredirect on\ntimeout none\nverbose off\n' + PROMPT)
        for line, shown in (('pretty on', 'pretty on'), ('verbose=on', 'verbose on'), ('timeout 2.5', 'timeout 2.5'),
                            ('timeout none', 'timeout none'), ('events STOP BLOCK_JOB_*', r'events STOP BLOCK_JOB_\*'),
                            ('events off', 'events off'), ('colour off', 'colour off')):
            name = line.replace('=', ' ').split()[0]
            shell.type(f'set {line}\nset {name}\n')
            shell.see(f'set {name}\n{shown}\n')

    def test_effect(self):
        server = self.server(*PC)
        shell = self.ready(server.path)
        shell.type('set pretty on\nquery-name\n')
        shell.see(r'\{\n    "return": \{\}\n\}\n')
        shell.type('set pretty off\nset verbose on\nquery-name\n')
        shell.see(r'\{"execute": "query-name"\}\n\{"return": \{\}\}\n')
        shell.type('set verbose off\nset colour on\nquery-name\n')
        shell.see(r'query-name\r\n[^{}]*\{\x1b\[34m"return"', raw=True)
        shell.type('nonsense x\n')
        shell.see(r'\x1b\[31mError while parsing', raw=True)

    def test_wrong(self):
        shell = self.ready(self.server().path)
        for line, why in (
            ('set prety on', r'There is no setting “prety” \(did you mean “pretty”\?\)'),
            ('set prety', r'There is no setting “prety”'),
            ('set pretty maybe', '“pretty” is “off” or “on”, not “maybe”'),
            ('set pretty on off', '“pretty” has one value'),
            ('set prompt x', '“prompt” is “full” or “plain”, not “x”'),
            ('set timeout 0', '“timeout” is a number of seconds up to 86400, or “none”, not “0”'),
            ('set timeout nan', '“timeout” is a number'),
            ('set timeout 3x', '“timeout” is a number'),
            ('set events BLOCK_JOB_REDY', 'has no “BLOCK_JOB_REDY”, but “BLOCK_JOB_READY”'),
            ('set events STOP NOTHING*', r'No event of the server is like “NOTHING\*”'),
            ('set events stop', '“stop” is a command, not an event'),
        ):
            shell.type(line + '\n')
            shell.see(why + '[^\n]*\n' + PROMPT)
        shell.type('set\n')
        shell.see(r'events on\npretty off\nprompt plain\nredirect on\ntimeout none\n')

    def test_server_has_it(self):
        """Its commands of these names, with arguments."""
        puppet, shell = self.puppet()
        for line in ('set x==1', 'source file==a', 'exit code==b', '{"execute": "exit"}'):
            shell.type(line + '\n')
            command = puppet.take()
            self.assertEqual(command['execute'], 'exit' if '"' in line else line.split()[0])
            puppet.answer(command, {})
        shell.see(PROMPT)

    def test_timeout(self):
        puppet, shell = self.puppet()
        shell.see(PROMPT)
        shell.type('set timeout 0.05\nslow\n')
        self.assertEqual(puppet.take()['execute'], 'slow')
        shell.see('time[^\n]*\n' + PROMPT)
        shell.type('set timeout none\nnext\n')
        puppet.answer(puppet.take(), 7)
        shell.see(r'"return": 7')

    def test_events(self):
        server = self.server(*PC)
        shell = self.ready(server.path)
        shell.type('set events R?SUME\n')
        shell.see(PROMPT)
        shell.type('cont\n')
        shell.see('"RESUME".*' + PROMPT)
        shell.type('stop\n')
        self.assertNotIn('"STOP"', shell.see(r'\{"return": \{\}\}\n' + PROMPT))
        shell.type('set events off\n')
        shell.see(PROMPT)
        shell.type('cont\n')
        self.assertNotIn('"RESUME"', shell.see(r'\{"return": \{\}\}\n' + PROMPT))
        shell.type('set events on\n')
        shell.see(PROMPT)
        shell.type('stop\n')
        shell.see('"STOP".*' + PROMPT)
        result = self.pipe('cont\nset events on\nstop\n', self.server(*PC, name='other').path)
        self.assertNotIn('RESUME', result.stdout)
        self.assertIn('STOP', result.stdout)

    def test_tab(self):
        os.mkdir(os.path.join(self.directory, 'folder'))
        self.write('commands', '')
        self.write('folder/image', '')
        shell = self.ready('-l', os.path.join(self.directory, 'log'), self.server().path)
        here = self.directory
        for typed, completed in (
            ('set pre', 'set pretty '),
            ('set pretty of', 'set pretty off '),
            ('set prompt pl', 'set prompt plain '),
            ('set events BLOCK_JOB_REA', 'set events BLOCK_JOB_READY '),
            ('set events STOP BLOCK_JOB_REA', 'STOP BLOCK_JOB_READY '),
            ('sour', 'source '),
            ('exi', 'exit '),
            ('source ~/com', 'source ~/commands '),
            (f'source {here}/fol', f'source {here}/folder/'),
            ('query-name > ~/fol', 'query-name > ~/folder/'),
            ('query-name >> ~/folder/i', 'query-name >> ~/folder/image '),
            ('query-name | cat ~/com', 'query-name | cat ~/commands '),
            (f'blockdev-add driver=file filename={here}/com', f'filename={here}/commands'),
            (f'blockdev-add driver=qcow2 file.driver=file file.filename={here}/folder/i', f'file.filename={here}/folder/image'),
            (f'screendump filename={here}/com', f'filename={here}/commands'),
            (f'device_del id={here}/com', f'id={here}/com'),
        ):
            with self.subTest(typed=typed):
                shell.type(typed + '\t@')
                seen = shell.see('@')
                shell.type('\x05\x15')
                self.assertTrue(seen.replace('\x07', '').endswith(completed + '@'), (seen, completed))

    def test_tab_device(self):
        """A device's properties are asked for once, and again of another server."""
        schema = [{'name': 'device_add', 'meta-type': 'command', 'arg-type': '0', 'ret-type': '0'},
                  {'name': '0', 'meta-type': 'object', 'members': []}]
        puppet, shell = self.puppet('--reconnect')
        for _ in range(2):
            shell.see(PROMPT)
            shell.type('device_add driver=d se\t')
            puppet.answer(puppet.take(), schema)
            command = puppet.take()
            self.assertEqual(command['arguments'], {'typename': 'd'})
            puppet.answer(command, [{'name': 'serial', 'type': 'str'}, {'name': 'on', 'type': 'bool'}])
            shell.see('driver=d serial=$')
            shell.type('1 o\t')
            shell.see('on=$')
            shell.type('f\t')
            shell.see('false $')
            shell.type('\n')
            command = puppet.take()
            self.assertEqual(command['execute'], 'device-list-properties')   # what the line means
            puppet.close()
            shell.see('waiting for it to come back')
            os.unlink(puppet.path)
            puppet = terminal.Puppet(self.directory)
            self.addCleanup(puppet.close)
            puppet.accept()


class Source(Own):
    def test_lines(self):
        path = self.write('lines', '\ufeff# a comment', '', 'query-name', ' set pretty on', '{"execute":', '"query-name"}',
                          'transaction(', ') | tr a-z A-Z')
        shell = self.ready(self.server().path)
        shell.type(f'source {path}\n')
        shell.see(r'\{"return": \{\}\}\n(\{\n    "return": \{\}\n\}\n)\{\n    "RETURN": \{\}\n\}\n' + PROMPT)

    def test_stops(self):
        """At the first error, of whichever sort."""
        server = self.server()
        shell = self.ready(server.path)
        for line, why in (
            ('query-nam', r'CommandNotFound.*:2: The server has refused it; the rest of the file is not executed\n'),
            ('query-name x', r':2: Error while parsing command line: Expected a key=value pair, got “x”, at character 12\n'),
            ('qom-list path:=1e400', r':2: [^\n]*out of range'),
            ('query-name | exit 3', r':2: The command “exit 3” has ended with status 3\n'),
            ('query-name > /nothing/x', r':2: Cannot write “/nothing/x”'),
            ('set nothing on', r':2: There is no setting “nothing”'),
            ('source /nothing', r':2: Cannot read “/nothing”: No such file'),
            ('a\0b', r':2: The line has a zero byte in it\n'),
        ):
            path = self.write('lines', 'query-name', line, 'query-version')
            shell.type(f'source {path}\n')
            seen = shell.see(why + '.*' + PROMPT)
            self.assertNotIn('"qemu"', seen)
            self.assertIn('{"return": {}}\n', seen)
        shell.type('query-name\n')
        self.assertNotIn(':2:', shell.see(r'\{"return": \{\}\}\n' + PROMPT))
        for last, why in (('transaction(', 'The file ended within a transaction'),
                          ('{"execute":', 'The file ended within a JSON object')):
            path = self.write('lines', last)
            shell.type(f'source {path}\n')
            shell.see(f'{path}:1: {why}\n' + PROMPT)

    def test_files_in_files(self):
        self.write('inner', 'query-name', 'query-nam')
        outer = self.write('outer', 'query-version', 'source ~/inner', 'query-status')
        shell = self.ready(self.server().path)
        shell.type(f'source {outer}\n')
        seen = shell.see(r'"qemu".*\{"return": \{\}\}\n.*/inner:2: The server has refused it.*' + PROMPT)
        self.assertNotIn('status', seen)
        path = self.write('itself', 'query-name', 'source ~/itself')
        shell.type(f'source {path}\n')
        seen = shell.see(r'/itself:2: Too many files are within each other\n' + PROMPT)
        self.assertEqual(seen.count('"return"'), 16)

    def test_transaction(self):
        """A file may be a part of one."""
        path = self.write('actions', 'block-dirty-bitmap-add node=disk name=b')
        shell = self.ready(self.server('--blockdev', 'null-co,node-name=disk', program='qemu-storage-daemon').path)
        shell.type(f'transaction(\nsource {path}\n)\n')
        shell.see(r'TRANS> .*TRANS> .*\{"return": \{\}\}\n' + PROMPT)

    def test_not_files(self):
        shell = self.ready(self.server().path)
        fifo = os.path.join(self.directory, 'fifo')
        os.mkfifo(fifo)
        for line, why in ((f'source {fifo}', 'it is not a regular file'), (f'source {self.directory}', 'Is a directory'),
                          ('source', 'The name of a file has to follow “source”'), ('source "a b"', 'Cannot read “a b”'),
                          (f'source {fifo} | cat', 'Each command in a file says itself')):
            shell.type(line + '\n')
            shell.see(why + '[^\n]*\n' + PROMPT)

    def test_values(self):
        """The server is asked what a value is meant as, and the line is still that of the file."""
        server = self.server(*PC)
        path = self.write('lines', 'object-add qom-type=secret id=s data=12345678', 'qom-get path=/machine property=nothing')
        shell = self.ready(server.path)
        shell.type(f'source {path}\n')
        shell.see(r'\{"return": \{\}\}\n\{"error".*lines:2: The server has refused it')

    def test_ctrl_c(self):
        """Ends all of it."""
        puppet, shell = self.puppet()
        path = self.write('lines', 'one', 'two')
        shell.type(f'source {path}\n')
        self.assertEqual(puppet.take()['execute'], 'one')
        shell.type('\x03')
        shell.see('lines:1: Cancelled; the server may still execute the command\n')
        shell.type('four\n')
        self.assertEqual(puppet.take()['execute'], 'four')

    def test_script(self):
        address = self.server().path
        for line, status in (('query-nam', 1), ('query-name x', 2), ('query-name', 0), ('query-name | false', 1)):
            path = self.write('lines', line, 'query-status')
            result = self.pipe(f'set redirect on\nsource {path}\nquery-name\n', address)
            self.assertEqual((result.returncode, 'running' in result.stdout), (status, status == 0), (line, result))
            self.assertEqual(result.stdout.splitlines()[-1], '{"return": {}}')

    def test_without_end(self):
        """A line that does not end does not take all memory: of a file, of standard input that is one, and of a pipe."""
        address = self.server().path
        path = os.path.join(self.directory, 'large')
        with open(path, 'wb') as file:
            file.truncate(129 << 20)
        result = self.pipe(f'source {path}\n', address)
        self.assertEqual((result.returncode, result.stderr), (2, f'{path}:1: The line is longer than 128 MiB\n'))
        self.assertEqual(self.pipe('source /dev/zero\n', address).returncode, 1)
        for shell in (f'{SHELL} {address} < {path}', f'cat {path} {path} | {SHELL} {address}'):
            done = subprocess.run(shell, shell=True, stderr=subprocess.PIPE, text=True, check=False, preexec_fn=terminal.limit_memory)
            self.assertEqual((done.returncode, done.stderr), (1, 'Could not read standard input: The line is longer than 128 MiB\n'))

    def test_many_lines(self):
        """None of them makes the program grow."""
        path = self.write('lines', *['# a comment', 'set pretty off', 'qmp_capabilities > /dev/null'] * 20000, 'query-name')
        result = self.pipe(f'set redirect on\nsource {path}\n', self.server().path)
        self.assertEqual((result.stdout, result.stderr, result.returncode), ('{"return": {}}\n', '', 0))


class Exit(Own):
    def test_shell(self):
        server = self.server()
        for lines in ('exit\n', 'set pretty on\nexit\nquery-name\n'):
            shell = self.ready(server.path)
            shell.type(lines)
            shell.see('exit\n')
            self.assertEqual(shell.end(), 0)
        path = self.write('lines', 'exit', 'quit')
        for text in ('exit\nquit\n', f'source {path}\nquit\n'):
            result = self.pipe(text, server.path)
            self.assertEqual((result.stdout, result.stderr, result.returncode), ('', '', 0))
        self.assertEqual(server.execute('query-name'), {'return': {}})
        self.assertEqual(self.pipe('exit\n', '-H', server.path).returncode, 0)

    def test_wrap(self):
        """QEMU runs on, and is waited for."""
        shell = self.shell('--', 'qemu-system-x86_64', *NO_MACHINE, program=WRAP)
        shell.see(PROMPT)
        shell.type('exit\n')
        shell.see('Waiting for QEMU to end')
        shell.type('\x03')
        self.assertEqual(shell.end(), 0)


class Prompt(Own):
    def test_name_and_status(self):
        server = self.server(*PC, '-name', 'vm1')
        shell = self.shell(server.path, plain=False)
        shell.see(r'\n\(vm1 prelaunch\) $')
        shell.type('cont\n')
        shell.see(r'\(vm1 running\) $')
        shell.type('query-na')
        shell.see('query-na$')
        server.execute('stop')
        shell.see(r'\(vm1 paused\) query-na$')
        shell.type('me\n')
        shell.see(r'"vm1"\}\}\n\(vm1 paused\) $')
        shell.type('transaction(\n')
        shell.see('TRANS> $')
        shell.type('abort\n')
        shell.see(r'\(vm1 paused\) $')
        shell.type('set prompt plain\n')
        shell.see(PROMPT)
        server.execute('cont')
        shell.see('RESUME.*' + PROMPT)
        shell.type('set prompt full\n')
        shell.see(r'\(vm1 running\) $')
        shell.type('quit\n')
        self.assertEqual(shell.end(), 0)

    def test_no_name(self):
        shell = self.shell(self.server().path, plain=False)
        shell.see(r'\n\(QEMU running\) $')

    def test_no_machine(self):
        """They are asked nothing that shows."""
        server = self.server('--blockdev', 'null-co,node-name=disk', program='qemu-storage-daemon')
        log = os.path.join(self.directory, 'log')
        shell = self.shell('-v', '-l', log, server.path, plain=False)
        shell.see(r'Connected[^\n]*\n\n' + PROMPT)
        shell.type('query-version\n')
        shell.see(r'\n\{"execute": "query-version"\}\n\{"return": [^\n]*\n' + PROMPT)
        with open(log, encoding='utf-8') as file:
            self.assertEqual([json.loads(line)['execute'] for line in file], ['query-version'])
        agent = terminal.Agent(self.directory, self.addCleanup)
        shell = self.shell('-G', '-v', agent.path, plain=False)
        shell.see(r'Connected\n\n' + PROMPT)

    def test_not_asked(self):
        """Neither a script nor who does not want it."""
        puppet, shell = self.puppet()
        shell.type('one\n')
        self.assertEqual(puppet.take()['execute'], 'one')
        puppet.close()
        os.unlink(puppet.path)
        puppet = terminal.Puppet(self.directory)
        self.addCleanup(puppet.close)
        pipe = self.open_pipe(puppet.path)
        puppet.accept()
        pipe.stdin.write(b'two\n')
        pipe.stdin.flush()
        self.assertEqual(puppet.take()['execute'], 'two')

    def test_hostile(self):
        puppet, shell = self.puppet(plain=False)
        puppet.answer(puppet.take(), {'status': 'st\x1b[2J\x01'})
        puppet.answer(puppet.take(), {'name': 'n\n\x1b]0;t\x07\u202e' + 'x' * 1000})
        seen = shell.see(r'\(n\\n\\x1b\]0;t\\x07\\u202ex{30,60}… st\\x1b\[2J\\x01\) ', raw=True)
        self.assertNotIn('\x1b]0', seen)

    def test_that_hangs(self):
        """The prompt comes without it, and takes it when it is there."""
        puppet, shell = self.puppet(plain=False)
        query = puppet.take()
        shell.see(r'\n\(QEMU\) $')
        shell.type('ab')
        shell.see('ab$')
        puppet.answer(query, {'status': 'running'})
        puppet.answer(puppet.take(), {'name': 'late'})
        shell.see(r'\(late running\) ab$')
        shell.type('\n')
        command = puppet.take()
        self.assertEqual(command['execute'], 'ab')
        # Of many events the last counts, and one question is under way at a time.
        for event in ('STOP', 'RESUME', 'STOP', 'SHUTDOWN'):
            puppet.send({'event': event, 'timestamp': {'seconds': 1, 'microseconds': 1}})
        query = puppet.take()
        self.assertEqual(query['execute'], 'query-status')
        puppet.answer(command, {})
        shell.see(r'\(late shutdown\) $')
        puppet.answer(query, {'status': 'running'})
        query = puppet.take()
        self.assertEqual(query['execute'], 'query-status')
        puppet.answer(query, {'status': 'io-error'})
        shell.see(r'\(late io-error\) $')
        # A question that has failed is not the last.
        for status in (None, 'running'):
            puppet.send({'event': 'RESET', 'timestamp': {'seconds': 1, 'microseconds': 1}})
            query = puppet.take()
            self.assertEqual(query['execute'], 'query-status')
            if status is None:
                puppet.send({'error': {'class': 'GenericError', 'desc': 'not now'}, 'id': query['id']})
            else:
                puppet.answer(query, {'status': status})
        shell.see(r'\(late running\) $')

    def test_ctrl_c_while_it_waits(self):
        puppet, shell = self.puppet(plain=False)
        puppet.take()
        shell.see('Connected')
        os.kill(shell.pid, signal.SIGINT)
        shell.see(r'\(QEMU\) $')

    def test_another_machine(self):
        puppet, shell = self.puppet('--reconnect', plain=False)
        for name in ('one', 'two', None):
            query = puppet.take()
            if name is None:
                puppet.send({'error': {'class': 'CommandNotFound', 'desc': 'no'}, 'id': query['id']})
                shell.see(r'\n\n\(QEMU\) $')
                return
            puppet.answer(query, {'status': 'running'})
            puppet.answer(puppet.take(), {'name': name})
            shell.see(rf'\({name} running\) $')
            puppet.close()
            shell.see('waiting for it to come back')
            os.unlink(puppet.path)
            puppet = terminal.Puppet(self.directory)
            self.addCleanup(puppet.close)
            puppet.accept()

    def test_wrap(self):
        shell = self.shell('--', 'qemu-system-x86_64', *NO_MACHINE, '-name', 'mine', program=WRAP, plain=False)
        shell.see(r'\(mine running\) $')
        shell.type('quit\n')
        self.assertEqual(shell.end(), 0)


if __name__ == '__main__':
    unittest.main()
