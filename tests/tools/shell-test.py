#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qmp-shell in a terminal and in a pipe, against real servers.

usage: shell-test.py QMP_SHELL QMP_SHELL_WRAP
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import termios
import unittest
import unittest.mock

import terminal

PROMPT = r'\(QEMU\) $'
SHELL, WRAP = sys.argv[1:3]
NO_MACHINE = ['-machine', 'none', '-nodefaults', '-display', 'none']
PC = ['-machine', 'pc', '-accel', 'tcg', '-smp', '2', '-m', '32', '-S', '-nodefaults', '-display', 'none']


class Case(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix='qmp-shell-')
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def server(self, *arguments, **more):
        server = terminal.Server(self.directory, arguments=arguments or NO_MACHINE, **more)
        self.addCleanup(server.kill)
        return server

    def shell(self, *arguments, program=SHELL, **more):
        shell = terminal.Terminal([program, *arguments], self.directory, **more)
        self.addCleanup(shell.kill)
        return shell

    def ready(self, *arguments, **more):
        shell = self.shell(*arguments, **more)
        shell.see(PROMPT)
        return shell

    def pipe(self, text, *arguments, program=SHELL, **variables):
        environment = {**os.environ, 'HOME': self.directory, 'LC_ALL': 'C.UTF-8', **variables}
        if 'QMP_SOCKET' not in variables:
            environment.pop('QMP_SOCKET', None)
        return subprocess.run([program, *arguments], input=text, text=True, env=environment, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=terminal.SECONDS)


class InTerminal(Case):
    def test_banner_and_end(self):
        shell = self.shell(self.server().path)
        shell.see(r'Welcome to the QMP low-level shell!\nConnected to QEMU \d+\.\d+\.\d+\n\n\(QEMU\) $')
        shell.type('query-name\n')
        shell.see(r'query-name\n\{"return": \{\}\}\n\(QEMU\) $')
        shell.type('\x04')
        self.assertEqual(shell.end(), 0)

    def test_events_and_typing(self):
        server = self.server(*PC)
        shell = self.ready(server.path)
        shell.type('query-sta')
        shell.see('query-sta$')
        server.execute('cont')
        shell.see(r'\n?\{"timestamp": [^\n]*"event": "RESUME"\}\n\(QEMU\) query-sta$')
        shell.type('\x01\x1b[C')  # somewhere within the line
        server.execute('stop')
        shell.see(r'"event": "STOP"\}\n\(QEMU\) query-sta')
        shell.type('\x05tus\n')
        shell.see(r'\{"return": \{"status": "paused"[^\n]*\n\(QEMU\) $')

    def test_events_over_many_rows(self):
        server = self.server(*PC)
        shell = self.ready(server.path, columns=40)
        shell.type('query-status ' + 'x' * 60)
        shell.see('x{10}.*x{10}')
        server.execute('cont')
        shell.see(r'"event": "RESUME"\}\n\(QEMU\) query-status x')
        shell.type('\x15query-name\n')
        shell.see(r'\{"return": \{\}\}\n\(QEMU\) $')

    def test_resize(self):
        server = self.server(*PC)
        shell = self.ready(server.path)
        shell.type('query-name x=' + 'a' * 50)
        shell.see('a{50}')
        shell.resize(40)
        shell.type('b')
        shell.see('b')
        server.execute('cont')
        shell.see(r'RESUME"\}\n\(QEMU\) query-name x=a+')
        shell.resize(120)
        shell.type('\x15query-name\n')
        # The terminal may be seen to be wider before or after the command: the prompt is shown again then.
        shell.see(r'\{"return": \{\}\}\n\(QEMU\) ')

    def test_history(self):
        server = self.server()
        shell = self.ready(server.path)
        shell.type('query-name\n')
        shell.see(PROMPT)
        shell.type(' query-version\n')  # a blank at the front: not kept
        shell.see('"qemu".*' + PROMPT)
        shell.type('\x04')
        self.assertEqual(shell.end(), 0)
        shell = self.ready(server.path)
        shell.type('\x1b[A\n')
        shell.see(r'query-name\n\{"return": \{\}\}\n\(QEMU\) $')
        with open(os.path.join(self.directory, '.qmp-shell_history'), encoding='utf-8') as file:
            self.assertEqual(file.read().splitlines(), ['query-name', 'query-name'])

    def test_history_on_full_disk(self):
        """It is not kept, and lines can be called back all the same."""
        os.symlink('/dev/full', os.path.join(self.directory, '.qmp-shell_history'))
        shell = self.ready(self.server().path)
        shell.type('query-name\n')
        shell.see(r'\{"return": \{\}\}\n' + PROMPT)
        shell.type('\x1b[A\n')
        shell.see(r'query-name\n\{"return": \{\}\}\n\(QEMU\) $')
        shell.type('\x04')
        self.assertEqual(shell.end(), 0)

    def test_history_length(self):
        path = os.path.join(self.directory, '.qmp-shell_history')
        with open(path, 'w', encoding='utf-8') as file:
            file.writelines(f'line {number}\n' for number in range(2000))
        shell = self.ready(self.server().path)
        shell.type('query-name\n')
        shell.see(PROMPT)
        shell.type('\x04')
        self.assertEqual(shell.end(), 0)
        with open(path, encoding='utf-8') as file:
            lines = file.read().splitlines()
        self.assertEqual((len(lines), lines[-1]), (1024, 'query-name'))

    def test_transaction(self):
        shell = self.ready(self.server().path, '-v')
        shell.type('transaction(\n')
        shell.see(r'TRANS> $')
        shell.type('block-dirty-bitmap-add node=drive0 name=bitmap1\n')
        shell.see(r'TRANS> $')
        shell.type('oops oops\n')
        shell.see(r'Expected a key=value pair, got “oops”.*TRANS> $')
        shell.type(')\n')
        shell.see(r'"actions": \[\{"type": "block-dirty-bitmap-add", "data": \{"node": "drive0", "name": "bitmap1"\}\}\]'
                  r'.*"error".*' + PROMPT)

    def test_transaction_abort(self):
        shell = self.ready(self.server().path)
        for way in ('abort\n', '\x03'):
            shell.type('transaction( block-dirty-bitmap-add node=a name=b\n')
            shell.see(r'TRANS> $')
            shell.type(way)
            shell.see(r'Transaction aborted\n\(QEMU\) $')
        shell.type('transaction( )\n')
        shell.see(r'\{"return": \{\}\}\n\(QEMU\) $')

    def test_ctrl_c_clears_the_line(self):
        shell = self.ready(self.server().path)
        shell.type('qui')
        shell.see('qui$')
        shell.type('\x03')
        shell.see(r'\^C\n\(QEMU\) $')
        shell.type('query-name\n')
        shell.see(r'\{"return": \{\}\}\n\(QEMU\) $')

    def test_ctrl_c_cancels_the_command(self):
        puppet = terminal.Puppet(self.directory)
        self.addCleanup(puppet.close)
        shell = self.shell(puppet.path)
        puppet.accept()
        shell.see('9.9.9.*' + PROMPT)
        shell.type('slow\n')
        slow = puppet.take()
        self.assertEqual(slow['execute'], 'slow')
        shell.type('\x03')
        shell.see(r'Cancelled.*\(QEMU\) $')
        shell.type('next\n')
        following = puppet.take()
        puppet.answer(slow, 'late')
        puppet.answer(following, {'x': 1})
        seen = shell.see(r'\{"return": \{"x": 1\}\}\n\(QEMU\) $')
        self.assertNotIn('late', seen)

    def test_type_ahead(self):
        puppet = terminal.Puppet(self.directory)
        self.addCleanup(puppet.close)
        shell = self.shell(puppet.path)
        puppet.accept()
        shell.see(PROMPT)
        shell.type('first\n')
        first = puppet.take()
        shell.type('second\nthi')
        puppet.answer(first, 1)
        second = puppet.take()
        self.assertEqual(second['execute'], 'second')
        puppet.answer(second, 2)
        shell.see(r'"return": 1.*"return": 2.*thi')
        shell.type('rd\n')
        self.assertEqual(puppet.take()['execute'], 'third')

    def test_harmless(self):
        puppet = terminal.Puppet(self.directory)
        self.addCleanup(puppet.close)
        shell = self.shell(puppet.path)
        puppet.accept()
        shell.see(PROMPT)
        shell.type('x\n')
        puppet.peer.sendall('{"return":"\\u001b]0;title\\u0007 \x9b31m \x7f","id":%d}'
                            .replace('%d', json.dumps(puppet.take()['id'])).encode())
        seen = shell.see(r'"return": .*?\n', raw=True)
        self.assertIn(r'"\u001b]0;title\u0007 \u009b31m \u007f"', seen)

    HOSTILE_SCHEMA = [
        {'name': 'act', 'meta-type': 'command', 'arg-type': '0', 'ret-type': '1', 'features': ['f\x1b[31m']},
        {'name': 'EVENT\x1b[2J', 'meta-type': 'event', 'arg-type': '1'},
        {'name': '0', 'meta-type': 'object', 'members': [
            {'name': 'm\x1b]0;title\x07', 'type': '2'}, {'name': 'mode', 'type': '2'}, {'name': 'x\nquit', 'type': '2'}]},
        {'name': '1', 'meta-type': 'object', 'members': []},
        {'name': '2', 'meta-type': 'enum', 'values': ['good', 'go\x9b31m', 'goto\nquit', 'go on=1', 'gold']},
    ]

    def hostile_shell(self, *arguments):
        puppet = terminal.Puppet(self.directory)
        self.addCleanup(puppet.close)
        shell = self.shell(*arguments, puppet.path)
        puppet.accept()
        shell.see(PROMPT)
        return puppet, shell

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

    def test_hostile_texts(self):
        """In an event, in HMP's output, in an error."""
        puppet, shell = self.hostile_shell('-H')
        puppet.send({'timestamp': {'seconds': 1, 'microseconds': 1}, 'event': 'E\x1b[2J', 'data': {'\x1b]0;t\x07': '\x9b2J'}})
        shell.see(r'E\\u001b\[2J.*\(QEMU\) $', raw=True)
        shell.type('info x\n')
        puppet.answer(puppet.take(), 'one\x1b[2J\r\ntwo\x9b2J\x07\r\n')
        shell.see(r'one\\x1b\[2J\r\ntwo\\x9b2J\\x07\r\n', raw=True)
        shell.type('info y\n')
        puppet.send({'error': {'class': 'C\x1b[2J', 'desc': 'd\x1b]0;t\x07'}, 'id': puppet.take()['id']})
        shell.see(r'C\\x1b\[2J: d\\x1b\]0;t\\x07\r\n', raw=True)

    def test_server_death(self):
        server = self.server()
        shell = self.ready(server.path)
        shell.type('query-na')
        shell.see('query-na$')
        server.kill()
        seen = shell.see(r'ERROR: The connection to [^\n]*\n')
        self.assertEqual(shell.end(), 1)
        self.assertNotIn('assert', seen)

    def test_quit(self):
        shell = self.ready(self.server().path)
        shell.type('quit\n')
        shell.see(r'\{"return": \{\}\}')
        self.assertEqual(shell.end(), 0)

    def test_reconnect(self):
        server = self.server()
        shell = self.ready('--reconnect', server.path)
        server.kill()
        shell.see('waiting for it to come back')
        os.unlink(server.path)
        os.unlink(server.other_path)
        self.server()
        shell.see('Connected to QEMU.*' + PROMPT)
        shell.type('query-name\n')
        shell.see(r'\{"return": \{\}\}\n\(QEMU\) $')

    def test_resize_before_the_first_prompt(self):
        shell = self.shell('--reconnect', os.path.join(self.directory, 'nothing'))
        shell.see('waiting for it to come back')
        shell.resize(40)
        self.server(name='nothing')
        shell.see('Connected to QEMU.*' + PROMPT)

    def test_reconnect_given_up(self):
        shell = self.shell('--reconnect', os.path.join(self.directory, 'nothing'))
        shell.see('waiting for it to come back')
        shell.type('\x03')
        self.assertEqual(shell.end(), 130)

    def test_paste(self):
        shell = self.ready(self.server().path)
        shell.type('\x1b[200~query-name\n{\n  "execute":\n    "query-version"\n}\n\x1b[201~')
        shell.type('\n')
        shell.see(r'\{"return": \{\}\}\n\{"return": \{"qemu".*\n\(QEMU\) $')

    def test_colour(self):
        server = self.server()
        shell = self.shell(server.path, NO_COLOR='')
        shell.see(PROMPT)
        shell.type('query-version\n')
        shell.see(r'\x1b\[34m"return"\x1b\[0m', raw=True)

    def test_hmp(self):
        shell = self.shell('-H', self.server(*PC).path)
        shell.see(r'Welcome to the HMP shell!\nConnected to QEMU.*' + PROMPT)
        for line, pattern in [
            ('info version', r'\n\d+\.\d+\.\d+[^\n]*\n'),
            ('', r'\n'),
            ('cpu', r'cpu command takes an integer argument\n'),
            ('cpu x', r'cpu command takes an integer argument\n'),
            ('cpu 9', r'bad CPU index\n'),
            ('cpu 1', r'\n'),
            ('info cpus', r'\* CPU #1'),
            ('nonsense', r"unknown command: 'nonsense'\n"),
        ]:
            shell.type(line + '\n')
            shell.see(pattern + r'.*\(QEMU\) $')
        shell.type('info statu\t')
        shell.see('info status ')

    def test_help(self):
        shell = self.ready(self.server().path)
        shell.type('help block-job-cancel\n')
        shell.see(r'block-job-cancel\narguments:\n  device: string\n  force: boolean \(optional\)\n\(QEMU\) $')
        shell.type('help blockdev-add\n')
        shell.see(r'\n  driver: .*\nwith driver=qcow2 also:\n.*  file: .*\n\(QEMU\) $')
        shell.type('help migrate-pause\n')
        shell.see(r'migrate-pause \(can run out-of-band\)\n')
        shell.type('help device_add\n')
        shell.see(r'device_add \[json-cli.*\]\n')
        shell.type('help STOP\n')
        shell.see(r'STOP \(an event\)\n')
        shell.type('help nothing\n')
        shell.see(r'no command and no event “nothing”\n')
        shell.type('help\n')
        shell.see(r'executes a command\n')

    def test_stopping(self):
        shell = self.ready(self.server().path)
        shell.type('query-na')
        shell.see('query-na$')
        shell.type('\x1a')
        _pid, status = os.waitpid(shell.pid, os.WUNTRACED)
        self.assertTrue(os.WIFSTOPPED(status))
        self.assertTrue(termios.tcgetattr(shell.fd)[3] & termios.ICANON, 'the terminal is not as it was')
        os.kill(shell.pid, signal.SIGCONT)
        shell.see('query-na$')
        self.assertFalse(termios.tcgetattr(shell.fd)[3] & termios.ICANON)
        shell.type('me\n')
        shell.see(r'\{"return": \{\}\}\n\(QEMU\) $')

    def test_guest_agent(self):
        agent = terminal.Agent(self.directory, self.addCleanup)
        shell = self.ready('-G', agent.path)
        shell.type('guest-ping\n')
        shell.see(r'\{"return": \{\}\}\n\(QEMU\) $')
        shell.type('guest-nonsense\n')
        shell.see(r'\{"error": [^\n]*CommandNotFound[^\n]*\n\(QEMU\) $')
        shell.type('guest-sync id=7\n')
        shell.see(r'\{"return": 7\}\n\(QEMU\) $')
        # it describes nothing, so nothing is completed, and nothing hangs
        shell.type('guest-pi\t@')
        shell.see('guest-pi.*@')
        shell.type('\x15\x04')
        self.assertEqual(shell.end(), 0)
        # the next one gets in step again
        result = self.pipe('guest-ping\n', '-G', agent.path)
        self.assertEqual((result.stdout, result.returncode), ('{"return": {}}\n', 0))

    def test_transaction_properties(self):
        server = self.server('--blockdev', 'null-co,node-name=disk', program='qemu-storage-daemon')
        shell = self.ready(server.path, '-v')
        shell.type('transaction( block-dirty-bitmap-add node=disk name=b ) properties.completion-mode=individual\n')
        shell.see(r'"properties": \{"completion-mode": "individual"\}.*\{"return": \{\}\}\n' + PROMPT)
        shell.type('transaction(\nblock-dirty-bitmap-clear node=disk name=b\n) properties.completion-mode=grouped\n')
        shell.see(r'"error": .*does not support Transaction property completion-mode = grouped.*' + PROMPT)

    def test_storage_daemon(self):
        server = self.server('--blockdev', 'null-co,node-name=disk', program='qemu-storage-daemon')
        shell = self.ready(server.path)
        shell.type('block-dirty-bitmap-add node=d\t')
        shell.see('node=disk ')
        shell.type('name=b\n')
        shell.see(r'\{"return": \{\}\}\n\(QEMU\) $')
        shell.type('transaction( block-dirty-bitmap-clear node=disk name=b )\n')
        shell.see(r'\{"return": \{\}\}\n\(QEMU\) $')
        server.kill()
        shell.see('ERROR: ')
        self.assertEqual(shell.end(), 1)


class Tab(Case):
    def test_places(self):
        server = self.server(*PC, '-blockdev', 'null-co,node-name=disk0', '-object', 'iothread,id=thread0',
                             '-device', 'virtio-balloon-pci,id=balloon0')
        shell = self.ready(server.path)
        for typed, completed in [
            ('query-stat', 'query-stat'),            # many: stays
            ('query-statu', 'query-status '),
            ('block-job-cancel for', 'block-job-cancel force='),
            ('block-job-cancel force=t', 'block-job-cancel force=true '),
            ('device_d', 'device_del '),
            ('device_del id=b', 'device_del id=balloon0 '),
            ('device_add driver=virtio-net-pci-n', 'device_add driver=virtio-net-pci-non-transitional '),
            ('blockdev-add driver=qco', 'blockdev-add driver=qcow'),
            ('blockdev-add driver=qcow2 node-name=n lazy', 'blockdev-add driver=qcow2 node-name=n lazy-refcounts='),
            ('blockdev-add driver=raw file.driver=null-c', 'blockdev-add driver=raw file.driver=null-co '),
            ('blockdev-add driver=raw file.driver=file file.loc', 'blockdev-add driver=raw file.driver=file file.locking='),
            ('blockdev-add driver=raw file=d', 'blockdev-add driver=raw file=disk0 '),
            ('blockdev-del node-name=d', 'blockdev-del node-name=disk0 '),
            ('qom-list path=/mach', 'qom-list path=/machine'),
            ('qom-list path=/machine/peripheral/b', 'qom-list path=/machine/peripheral/balloon0'),
            ('qom-get path=/objects/thread0 property=poll-g', 'qom-get path=/objects/thread0 property=poll-grow '),
            ('object-del id=t', 'object-del id=thread0 '),
            ('transaction( blockdev-b', 'transaction( blockdev-backup '),
            ('transaction( block-dirty-bitmap-add per', 'transaction( block-dirty-bitmap-add persistent='),
            ('help block-job-canc', 'help block-job-cancel '),
            ('help BALLOON_C', 'help BALLOON_CHANGE '),
        ]:
            with self.subTest(typed=typed):
                shell.type(typed + '\t')
                # A mark behind the completion, so that it is seen that no more comes.
                shell.type('@')
                seen = shell.see('@')
                shell.type('\x05\x15')
                self.assertTrue(seen.replace('\x07', '').endswith(completed + '@'), (seen, completed))
        shell.type('\x15transaction(\n')
        shell.see('TRANS> $')
        shell.type('blockdev-backup sync=incr\t')
        shell.see('sync=incremental ')

    def test_job(self):
        server = self.server(*PC, '-blockdev', 'null-co,node-name=a', '-blockdev', 'null-co,node-name=b')
        server.execute('blockdev-mirror', **{'job-id': 'mirror0', 'device': 'a', 'target': 'b', 'sync': 'full'})
        shell = self.ready(server.path)
        shell.type('block-job-cancel device=m\t')
        shell.see('device=mirror0 ')
        shell.type('\x15job-complete id=m\t')
        shell.see('id=mirror0 ')


class InPipe(Case):
    def test_lines(self):
        result = self.pipe('query-name\n\nquery-status\nnonsense\n', self.server().path)
        lines = result.stdout.splitlines()
        self.assertEqual(lines[0], '{"return": {}}')
        self.assertEqual(json.loads(lines[1])['return']['status'], 'running')
        self.assertEqual(json.loads(lines[2])['error']['class'], 'CommandNotFound')
        self.assertEqual((len(lines), result.stderr, result.returncode), (3, '', 0))

    def test_no_line_end(self):
        result = self.pipe('query-name', self.server().path)
        self.assertEqual((result.stdout, result.returncode), ('{"return": {}}\n', 0))

    def test_usage(self):
        server = self.server()
        result = self.pipe('query-name x\nquery-name\n', server.path)
        self.assertIn('got “x”', result.stderr)
        self.assertEqual((result.stdout, result.returncode), ('{"return": {}}\n', 2))
        self.assertEqual(self.pipe('transaction(\n', server.path).returncode, 2)
        self.assertEqual(self.pipe('', '--nonsense', server.path).returncode, 2)
        self.assertEqual(self.pipe('', server.path, server.path).returncode, 2)
        self.assertEqual(self.pipe('').returncode, 2)
        self.assertEqual(self.pipe('', 'host:99999').returncode, 2)

    def test_no_server(self):
        result = self.pipe('query-name\n', os.path.join(self.directory, 'nothing'))
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, '^ERROR: Couldn\'t connect to [^\n]*\n$')

    def test_server_death(self):
        server = self.server()
        result = self.pipe('quit\nquery-name\n', server.path)
        self.assertEqual(result.returncode, 0)

    def test_environment_and_tcp(self):
        server = self.server()
        for address in (server.path, server.tcp, 'tcp:' + server.tcp):
            result = self.pipe('query-name\n', QMP_SOCKET=address)
            self.assertEqual((result.stdout, result.returncode), ('{"return": {}}\n', 0))

    def test_old_command_lines(self):
        """On real QEMU, which answers differently when the arguments are not what they should be."""
        lines = {
            'blockdev-add node-name=n driver=null-co size=+1_048_576 read-zeroes=TRUE': {},
            "blockdev-add node-name=r driver=raw file={'driver':'null-co','size':0x200}": {},
            'blockdev-add node-name=s driver=raw size=512 file.driver=null-co file.size=1024 offset=512': {},
            'object-add qom-type=secret id="my-secret" data=\'a b\'': {},
            'transaction( block-dirty-bitmap-add node=n name=bitmap0': None,
            'block-dirty-bitmap-add node=n name=bitmap1 persistent=false )': {},
            'human-monitor-command command-line="info name"': '',
            'qom-set path=/objects/my-secret property=nonsense value:=1.5': None,
            '{"execute":"blockdev-del","arguments":{"node-name":"s"}}': {},
        }
        result = self.pipe('\n'.join(lines) + '\n', self.server().path)
        replies = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual(result.stderr, '')
        expected = [value for line, value in lines.items() if not line.startswith('transaction(')]
        for reply, value in zip(replies, expected, strict=True):
            if value is None:
                self.assertIn('error', reply)
            else:
                self.assertEqual(reply, {'return': value})

    def test_log(self):
        log = os.path.join(self.directory, 'log')
        server = self.server()
        for _ in range(2):
            self.assertEqual(self.pipe('query-name\n', '-l', log, server.path).returncode, 0)
        with open(log, encoding='utf-8') as file:
            self.assertEqual(file.read(), '{"execute": "query-name", "return": {}}\n' * 2)
        self.assertEqual(os.stat(log).st_mode & 0o777, 0o600)
        self.assertEqual(self.pipe('', '-l', '/nonsense/log', server.path).returncode, 2)

    def test_log_on_full_disk(self):
        """It is told once, and the session goes on."""
        result = self.pipe('query-name\nquery-status\nquery-name\n', '-l', '/dev/full', self.server().path)
        self.assertEqual((len(result.stdout.splitlines()), result.returncode), (3, 0))
        self.assertRegex(result.stderr, '^[^\n]*/dev/full[^\n]*No space left on device\n$')

    def test_verbose_and_pretty(self):
        result = self.pipe('query-name\n', '-v', '-p', self.server().path)
        self.assertEqual(result.stdout, '{\n    "execute": "query-name"\n}\n{\n    "return": {}\n}\n')

    def test_skip_negotiation(self):
        result = self.pipe('qmp_capabilities\nquery-name\n', '-N', self.server().path)
        self.assertEqual(result.stdout, '{"return": {}}\n{"return": {}}\n')

    def test_hmp(self):
        result = self.pipe('info version\n', '-H', self.server().path)
        self.assertRegex(result.stdout, r'^\d+\.\d+\.\d+')


class Wrap(Case):
    def test_terminal(self):
        shell = self.shell('-v', '--', 'qemu-system-x86_64', *NO_MACHINE, program=WRAP)
        shell.see('Connected to QEMU.*' + PROMPT)
        shell.type('\x03')
        shell.see(r'\^C\n\(QEMU\) $')
        shell.type('query-name\n')
        shell.see(r'\{"return": \{\}\}\n\(QEMU\) $')
        shell.type('\x04')
        shell.see('Waiting for QEMU to end')
        shell.type('\x03')
        self.assertEqual(shell.end(), 0)

    def test_status(self):
        result = self.pipe('quit\n', '--', 'qemu-system-x86_64', *NO_MACHINE, program=WRAP)
        self.assertEqual(result.returncode, 0)
        self.assertIn('{"return": {}}\n', result.stdout)

    def test_early_death(self):
        result = self.pipe('', 'qemu-system-x86_64', '-machine', 'nonsense', program=WRAP)
        self.assertEqual(result.returncode, 1)
        self.assertIn('unsupported machine type', result.stderr)

    def test_signal(self):
        result = self.pipe('', 'sh', '-c', f'kill -{signal.SIGKILL} $$', program=WRAP)
        self.assertEqual(result.returncode, 128 + signal.SIGKILL)

    def test_missing(self):
        result = self.pipe('', os.path.join(self.directory, 'nothing'), program=WRAP)
        self.assertEqual(result.returncode, 127)
        self.assertRegex(result.stderr, 'ERROR: QEMU executable “.*nothing” not found')


if __name__ == '__main__':
    del sys.argv[1:3]
    unittest.main()
