#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qmp-shell in a pipe, and qmp-shell-wrap, against real servers.

usage: shell-pipe-test.py QMP_SHELL QMP_SHELL_WRAP
"""

import json
import os
import pathlib
import select
import signal
import subprocess
import tempfile
import unittest

import terminal
from shellcase import NO_MACHINE, PC, PROMPT, SHELL, WRAP, Case


def threads_of(pid):
    """Their names."""
    for path in pathlib.Path(f'/proc/{pid}/task').glob('*/comm'):
        yield path.read_text(encoding='utf-8')


class InPipe(Case):
    def test_lines(self):
        result = self.pipe('query-name\n\nquery-status\nnonsense\n', self.server().path)
        lines = result.stdout.splitlines()
        self.assertEqual(lines[0], '{"return": {}}')
        self.assertEqual(json.loads(lines[1])['return']['status'], 'running')
        self.assertEqual(json.loads(lines[2])['error']['class'], 'CommandNotFound')
        self.assertEqual((len(lines), result.stderr, result.returncode), (3, '', 0))

    def test_nobody_reads(self):
        """It ends as other programs do, and executes no more."""
        puppet = terminal.Puppet(self.directory)
        self.addCleanup(puppet.close)
        shell = self.open_pipe(puppet.path)
        puppet.accept()
        shell.stdin.write(b'first\nsecond\nthird\n')
        shell.stdin.flush()
        puppet.answer(puppet.take(), {})
        self.assertEqual(shell.stdout.readline(), b'{"return": {}}\n')
        shell.stdout.close()
        puppet.answer(puppet.take(), {})
        self.assertEqual(shell.wait(terminal.SECONDS), -signal.SIGPIPE)
        with self.assertRaisesRegex(AssertionError, 'has gone'):
            puppet.take()

    def test_full_output(self):
        for program, arguments in ((SHELL, [self.server().path]), (WRAP, ['qemu-system-x86_64', *NO_MACHINE])):
            for more, text in (([], 'query-name\nquit\n'), (['-v'], 'query-name\nquit\n'), (['--version'], ''), (['--help'], '')):
                with self.subTest(program=program, more=more), open('/dev/full', 'w', encoding='utf-8') as full:
                    result = subprocess.run([program, *more, *arguments], input=text, text=True, stdout=full,
                                            stderr=subprocess.PIPE, check=False, timeout=terminal.SECONDS)
                    self.assertEqual(result.returncode, 1)
                    self.assertRegex(result.stderr, 'Could not write to standard output')

    def test_closed_streams(self):
        """Their numbers become no connection."""
        path = self.server().path
        for closed, status in (('<&-', 0), ('>&-', 1), ('<&- >&-', 0), ('2>&-', 0), ('<&- >&- 2>&-', 0)):
            with self.subTest(closed=closed):
                result = subprocess.run(['sh', '-c', f'"$0" "$1" {closed}', SHELL, path], input='query-name\n', text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                                        timeout=terminal.SECONDS)
                self.assertEqual(result.returncode, status)
        self.assertEqual(self.pipe('query-name\n', path).returncode, 0)

    def test_file(self):
        """It is read line by line, and in no thread."""
        puppet = terminal.Puppet(self.directory)
        self.addCleanup(puppet.close)
        with tempfile.TemporaryFile('w+') as file:
            file.write('\ufefffirst\n# nothing\nsecond')
            file.seek(0)
            shell = subprocess.Popen([SHELL, puppet.path], stdin=file, stdout=subprocess.PIPE, text=True)
        puppet.accept()
        for name in ('first', 'second'):
            command = puppet.take()
            self.assertEqual(command['execute'], name)
            self.assertFalse([thread for thread in threads_of(shell.pid) if thread.startswith('pool-qmp')])
            puppet.answer(command, name)
        self.assertEqual(shell.communicate()[0], '{"return": "first"}\n{"return": "second"}\n')
        self.assertEqual(shell.returncode, 0)

    def test_unreadable_input(self):
        directory = os.open(self.directory, os.O_RDONLY)
        self.addCleanup(os.close, directory)
        result = subprocess.run([SHELL, self.server().path], stdin=directory, stderr=subprocess.PIPE, text=True,
                                check=False, timeout=terminal.SECONDS)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, '^Could not read standard input: [^\n]*\n$')

    def test_refused_lines(self):
        """Nothing of them is executed or echoed, and the status tells."""
        path = self.server().path
        for line, why in (
            ('query-status\0x', 'zero byte'),
            ('qom-list path=/mach\0ine', 'zero byte'),
            ('qom-list path:=1e400', 'out of range'),
            ('{"execute":"query-status","execute":"query-name"}', 'used twice'),
            ('{"execute":"query-name"} {"execute":"query-name","id":1e400}', 'out of range'),
            ('{"execute":"query-name"} query-name', ''),
            ('query-name \udcff', 'UTF-8'),
            ('x: ' + 'y' * 100000, '…'),
        ):
            with self.subTest(line=line[:80]):
                result = subprocess.run([SHELL, '-v', path], input=(line + '\n').encode(errors='surrogateescape'),
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                                        timeout=terminal.SECONDS, env={**os.environ, 'LC_ALL': 'C.UTF-8'})
                self.assertEqual((result.stdout, result.returncode), (b'', 2))
                self.assertIn(why, result.stderr.decode())
                self.assertLess(len(result.stderr), 500)
        for line in ('cpu x', 'info \udcff'):
            result = subprocess.run([SHELL, '-H', path], input=(line + '\n').encode(errors='surrogateescape'),
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=terminal.SECONDS)
            self.assertEqual((result.stdout, result.returncode), (b'', 2))

    def test_comments(self):
        result = self.pipe('\ufeff# a comment\nquery-name\n  # another\n', self.server().path)
        self.assertEqual((result.stdout, result.stderr, result.returncode), ('{"return": {}}\n', '', 0))
        result = self.pipe('\ufeffquery-name\n', self.server(name='other').path)
        self.assertEqual((result.stdout, result.stderr, result.returncode), ('{"return": {}}\n', '', 0))

    def test_script_for_nc(self):
        """The negotiation first, and all on one line."""
        line = '{"execute":"qmp_capabilities"}{"execute":"query-name","id":"n"} {"execute":"qmp_capabilities","id":2}'
        result = self.pipe(line + '\nqmp_capabilities\n', self.server().path)
        self.assertEqual(result.stdout, '{"return": {}}\n{"return": {}, "id": "n"}\n{"return": {}, "id": 2}\n{"return": {}}\n')
        self.assertEqual((result.stderr, result.returncode), ('', 0))
        # What it asks for beyond that is the server's to answer.
        result = self.pipe('qmp_capabilities enable=["oob"]\n', self.server(name='other').path)
        self.assertIn('CommandNotFound', result.stdout)

    def test_text_where_it_is_wanted(self):
        """The server's schema, and the properties of its objects, tell what a value is meant as."""
        server = self.server(*PC, '-blockdev', 'null-co,node-name=disk0', '-device', 'virtio-scsi-pci,id=scsi0')
        lines = {
            'object-add qom-type=secret id=s data=12345678': {},
            'object-add qom-type=secret id=true data=[1]': {},
            'object-add qom-type=iothread id=t poll-max-ns=4096': {},
            'qom-get path=/objects/t property=poll-max-ns': 4096,
            'object-add qom-type=throttle-group id=g limits.iops-total=10': {},
            'device_add driver=scsi-hd id=d1 drive=disk0 bus=scsi0.0 serial=00123 rotation_rate=2': {},
            'qom-get path=/machine/peripheral/d1 property=serial': '00123',
            'qom-get path=/machine/peripheral/d1 property=rotation_rate': 2,
            'qom-set path=/machine property=kernel value=0042': {},
            'qom-get path=/machine property=kernel': '0042',
            'blockdev-add driver=raw node-name=n12 file=disk0': {},
            'transaction( block-dirty-bitmap-add node=n12 name=34 )': {},
            'block-dirty-bitmap-remove node=n12 name=34': {},
            'object-add qom-type=secret id==q data=="q"': {},
            'human-monitor-command command-line=7': "unknown command: '7'\r\n",
        }
        result = self.pipe('\n'.join(lines) + '\n', server.path)
        for line, reply in zip(lines, result.stdout.splitlines(), strict=True):
            self.assertEqual((line, json.loads(reply)), (line, {'return': lines[line]}))
        self.assertEqual(result.stderr, '')

    def test_no_schema(self):
        """Then a value is what it looks like; and nothing is asked that would not help."""
        puppet = terminal.Puppet(self.directory)
        self.addCleanup(puppet.close)
        shell = self.open_pipe(puppet.path)
        puppet.accept()
        shell.stdin.write(b'act x="7" y=z\nact x=7\nact x=8\n')
        shell.stdin.close()
        for expected in ({'x': '7', 'y': 'z'}, None, {'x': 7}, {'x': 8}):
            command = puppet.take()
            if expected is None:
                self.assertEqual(command['execute'], 'query-qmp-schema')
                puppet.send({'error': {'class': 'CommandNotFound', 'desc': 'no'}, 'id': command['id']})
            else:
                self.assertEqual((command['execute'], command['arguments']), ('act', expected))
                puppet.answer(command, {})
        self.assertEqual(shell.wait(terminal.SECONDS), 0)

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
        self.assertRegex(result.stderr, '^ERROR: Could not connect to [^\n:]*/nothing: [^\n:]*\n$')

    def test_name(self):
        name = f'shell-{os.getpid()}'
        self.server(*NO_MACHINE, '-name', name)
        result = self.pipe('query-name\n', name)
        self.assertEqual((result.stdout, result.stderr), (f'{{"return": {{"name": "{name}"}}}}\n', ''))
        result = self.pipe('query-name\n', f'{name}2')
        self.assertEqual((result.stdout, result.returncode), ('', 1))
        self.assertRegex(result.stderr, f'^ERROR: There is no file “{name}2”, [^\n]*\n$')

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
            self.assertEqual(os.stat(log).st_mode & 0o777, 0o600)
            os.chmod(log, 0o644)
        with open(log, encoding='utf-8') as file:
            self.assertRegex(file.read(), r'^({"timestamp": {"seconds": \d+, "microseconds": \d+}, '
                                          r'"execute": "query-name", "return": {}}\n){2}$')
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

    def test_messages_are_harmless(self):
        """While the shell runs and when it has gone; a line without an end too."""
        script = r"printf '\033]0;x\007 a\0b\nlast\033[2J' >&2"
        result = self.pipe('', 'sh', '-c', script, program=WRAP)
        self.assertEqual(result.stderr, '\\x1b]0;x\\x07 a\ufffdb\nlast\\x1b[2J\n')
        self.assertEqual(result.returncode, 0)

    def test_that_hangs(self):
        """A second Ctrl-C ends what does not hear the first."""
        shell = self.shell('sh', '-c', 'echo "pid $$" >&2; exec qemu-system-x86_64 ' + ' '.join(NO_MACHINE) + ' "$@"', 'sh',
                           program=WRAP)
        seen = shell.see(r'pid \d+\n.*' + PROMPT)
        os.kill(int(seen.split('pid ')[1].split()[0]), signal.SIGSTOP)
        shell.type('\x04')
        shell.see('Waiting for QEMU to end')
        shell.type('\x03')
        shell.see('Ctrl-C again kills it')
        shell.type('\x03')
        shell.see('QEMU was ended by signal 9')
        self.assertEqual(shell.end(), 128 + signal.SIGKILL)

    def test_early_death(self):
        result = self.pipe('', 'qemu-system-x86_64', '-machine', 'nonsense', program=WRAP)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r'unsupported machine type.*\nUse -machine help.*\nQEMU has ended with status 1\n$')
        result = self.pipe('', 'qemu-system-x86_64', '-machine', 'none', '-device', 'help', program=WRAP)
        self.assertEqual((result.returncode, result.stderr), (0, ''))

    def test_that_is_not_qemu(self):
        result = self.pipe('', 'sh', '-c', 'exec 3>&-; exec sleep 1000', program=WRAP)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, '^ERROR: [^\n]*could not be launched: [^\n]*\nQEMU has hung up [^\n]*killed\n$')
        result = self.pipe('', 'qemu-system-x86_64', '-daemonize', program=WRAP)
        self.assertEqual(result.returncode, 127)
        self.assertRegex(result.stderr, '^ERROR: [^\n]*-daemonize[^\n]*\n$')

    def test_dies_with_the_shell(self):
        script = 'echo "pid $$" >&2; exec qemu-system-x86_64 ' + ' '.join(NO_MACHINE) + ' "$@"'
        shell = self.shell('sh', '-c', script, 'sh', program=WRAP)
        qemu = os.pidfd_open(int(shell.see(r'pid \d+\n.*' + PROMPT).split('pid ')[1].split()[0]))
        self.addCleanup(os.close, qemu)
        os.kill(shell.pid, signal.SIGKILL)
        self.assertEqual(select.select([qemu], [], [], terminal.SECONDS)[0], [qemu])

    def test_signal(self):
        result = self.pipe('', 'sh', '-c', f'kill -{signal.SIGKILL} $$', program=WRAP)
        self.assertEqual(result.returncode, 128 + signal.SIGKILL)

    def test_missing(self):
        result = self.pipe('', os.path.join(self.directory, 'nothing'), program=WRAP)
        self.assertEqual(result.returncode, 127)
        self.assertRegex(result.stderr, 'ERROR: QEMU executable “.*nothing” not found')


if __name__ == '__main__':
    unittest.main()
