#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the output of a line of qmp-shell goes: through another program, or into a file.

usage: shell-redirect-test.py QMP_SHELL QMP_SHELL_WRAP
"""

import fcntl
import json
import os
import re
import resource
import signal
import subprocess
import sys
import termios
import time
import unittest

import terminal
from shellcase import NO_MACHINE, PC, PROMPT, SHELL, Case


class Pipe(Case):
    def test_reply(self):
        """Of the one command, with all that the system's shell makes of what follows."""
        shell = self.ready(self.server().path, '-v')
        shell.type('query-name | tr a-z A-Z | sed "s/RE/>re/"\n')
        shell.see(r'\{"execute": "query-name"\}\n\{">reTURN": \{\}\}\n' + PROMPT)
        shell.type('query-name\n')
        shell.see(r'\{"return": \{\}\}\n' + PROMPT)
        shell.type('{"execute": "query-name"} {"execute": "query-name", "id": 7} | wc -l\n')
        shell.see(r'\n2\n' + PROMPT)
        shell.type('help query-name | head -n 1\n')
        shell.see(r'\nquery-name\n' + PROMPT)

    def test_over_lines(self):
        """An object or a transaction ends in the line that says where the output goes."""
        shell = self.ready(self.server().path)
        shell.type('{"execute":\n')
        shell.see(r'\.\.\.\.\.\. $')
        shell.type('"query-name"} | tr a-z A-Z\n')
        shell.see(r'"RETURN".*' + PROMPT)
        shell.type('transaction(\n')
        shell.see('TRANS> $')
        shell.type('block-dirty-bitmap-add node=a name=b | cat\n')
        shell.see(r'The line ends no command, so it has no output.*TRANS> $')
        shell.type(') | tr a-z A-Z\n')
        shell.see(r'\{"RETURN": \{\}\}\n' + PROMPT)

    def test_status(self):
        shell = self.ready(self.server().path)
        shell.type('query-name | exit 3\n')
        shell.see('The command “exit 3” has ended with status 3\n' + PROMPT)
        shell.type('query-name | kill -PIPE $$\n')
        shell.see(f'was ended by signal {signal.SIGPIPE:d}\n' + PROMPT)
        # No signal is blocked or ignored; what Python ignores is not our affair.
        shell.type('query-name | grep -E "^Sig(Blk|Ign)" /proc/self/status\n')
        ignored = re.search(r'SigBlk:\s0+\nSigIgn:\s(\w+)\n', shell.see(r'SigBlk:\s0+\nSigIgn:\s\w+\n' + PROMPT)).group(1)
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE, signal.SIGTSTP):
            self.assertFalse(int(ignored, 16) & 1 << (number - 1), number)

    def test_refused(self):
        """The error is shown, and the command not started."""
        shell = self.ready(self.server().path)
        shell.type('query-nam | echo started\n')
        self.assertNotIn('\nstarted', shell.see(r'CommandNotFound.*' + PROMPT))
        shell.type('{"execute": "query-name"} {"execute": "query-nam"} | echo started\n')
        seen = shell.see(r'CommandNotFound.*\{"return": \{\}\}.*' + PROMPT)
        self.assertNotIn('\nstarted', seen)

    def test_not_read(self):
        """What is longer than a pipe holds, and is not wanted."""
        shell = self.ready(self.server().path)
        for command in ('true', 'head -c 5 >/dev/null', 'exec <&-; true'):
            shell.type(f'query-qmp-schema | {command}; echo done\n')
            shell.see(r'\ndone\n' + PROMPT)
        # One that was left behind has the pipe still.
        shell.type('query-qmp-schema | exec 3<&0; sleep 1000 >/dev/null & echo pid $!\n')
        pid = int(re.search(r'\npid (\d+)\n', shell.see(r'\npid \d+\n' + PROMPT)).group(1))
        os.kill(pid, signal.SIGKILL)
        shell.type('query-qmp-schema | wc -l\n')
        shell.see(r'\n1\n' + PROMPT)

    def test_ctrl_c(self):
        shell = self.ready(self.server().path)
        shell.type('query-name | cat; echo begun; exec sleep 1000\n')
        shell.see(r'\nbegun\n')
        shell.type('\x03')
        shell.see(r'was ended by signal 2\n' + PROMPT)
        shell.type('query-name\n')
        shell.see(r'\{"return": \{\}\}\n' + PROMPT)

    def test_ctrl_c_is_not_heard_late(self):
        """It comes to both. Here the shell is stopped until the other program has ended, so that it hears of both at once."""
        shell = self.ready(self.server().path)
        over = 'while grep -qs "^State:.[^Z]" /proc/$$/status; do :; done; kill -CONT $PPID'
        for _ in range(20):
            shell.type(f'query-name | kill -STOP $PPID; kill -INT $PPID; ({over}) &\n')
            self.assertNotIn('^C', shell.see(PROMPT))
            shell.type('query-name\n')
            self.assertNotIn('^C', shell.see(r'\{"return": \{\}\}\n' + PROMPT))

    def test_ctrl_c_ends_what_was_pasted(self):
        """Behind the command that it has ended; a shell says so by its status. Any other end is none of the next line's."""
        shell = self.ready(self.server().path)
        for command, n_replies in (('kill -INT $$', 0), ('exit 130', 0), ('exit 3', 2)):
            shell.type(f'\x1b[200~query-name | {command}\nquery-name\nquery-name\x1b[201~\n')
            self.assertEqual(shell.see(r'\nThe command.*' + PROMPT).count('{"return": {}}'), n_replies, command)

    def test_terminal_is_restored(self):
        shell = self.ready(self.server().path)
        attributes = []
        for _ in range(2):
            shell.type('query-name | cat >/dev/null; echo begun; read x </dev/tty; stty -F /dev/tty raw -echo\n')
            shell.see(r'\nbegun\n')
            attributes.append(termios.tcgetattr(shell.fd))
            shell.type('x\n')
            shell.see(PROMPT)
        self.assertEqual(*attributes)
        self.assertTrue(attributes[0][3] & termios.ICANON)

    def test_events_wait(self):
        server = self.server(*PC)
        log = os.path.join(self.directory, 'log')
        shell = self.ready('-l', log, server.path)
        shell.type('query-name | cat >/dev/null; echo begun; read x </dev/tty; echo over\n')
        shell.see(r'\nbegun\n')
        server.execute('cont')
        end = time.monotonic() + terminal.SECONDS
        while time.monotonic() < end:
            with open(log, encoding='utf-8') as file:
                if 'RESUME' in file.read():
                    break
            os.sched_yield()
        shell.type('x\n')
        shell.see(r'\nover\n[\d:.]* \{"timestamp"[^\n]*"RESUME"\}\n' + PROMPT)

    def test_server_death(self):
        """While the other program has the terminal: it is told of when that has ended."""
        server = self.server()
        shell = self.ready(server.path)
        shell.type('query-name | cat >/dev/null; echo begun; read x </dev/tty; echo over\n')
        shell.see(r'\nbegun\n')
        server.kill()
        shell.type('x\n')
        shell.see(r'\nover\nERROR: The connection')
        self.assertEqual(shell.end(), 1)

    def test_terminated(self):
        """The other program is told to end, too."""
        shell = self.ready(self.server().path)
        shell.type('query-name | cat >/dev/null; trap "echo told; exit 0" TERM; echo begun; while :; do read x </dev/tty; done\n')
        shell.see(r'\nbegun\n')
        os.kill(shell.pid, signal.SIGTERM)
        shell.see('told')
        self.assertEqual(shell.end(), 143)

    def test_hmp(self):
        shell = self.ready('-H', self.server(*PC).path)
        shell.type('info version | tr 0-9 n\n')
        shell.see(r'\nn+\.n+\.[^\n]*\n' + PROMPT)
        shell.type('print 1 | 2\n')
        shell.see(r'\n0x3\n' + PROMPT)

    def test_script(self):
        path = self.server().path
        result = self.pipe('set redirect on\nquery-name | tr a-z A-Z\nquery-name\n', path)
        self.assertEqual((result.stdout, result.stderr, result.returncode), ('{"RETURN": {}}\n{"return": {}}\n', '', 0))
        result = self.pipe('set redirect on\nquery-name | exit 3\nquery-name\n', path)
        self.assertEqual((result.stdout, result.returncode), ('{"return": {}}\n', 1))
        self.assertEqual(result.stderr, 'The command “exit 3” has ended with status 3\n')
        for line, hint in (('query-name > x', True), ('query-name x', False), ('set redirect on\nquery-name x > x', False)):
            self.assertEqual('after “set redirect on”' in self.pipe(line + '\n', path).stderr, hint, line)
        # A reply as any other, and no fault of the line.
        result = self.pipe('set redirect on\nquery-nam | cat\n', path)
        self.assertIn('CommandNotFound', result.stdout)
        self.assertEqual((result.stderr, result.returncode), ('', 0))

    def test_script_with_any_text(self):
        """What comes into its lines is no command of the system, unless the script wants that."""
        path = self.server().path
        inside = os.path.join(self.directory, 'inside')
        self.assertEqual(self.pipe(f'set_password protocol=vnc password==x | touch {inside}\nquery-name > {inside}\n'
                                   f'query-name |touch {inside}\n', path).returncode, 2)
        lines = os.path.join(self.directory, 'lines')
        with open(lines, 'w', encoding='utf-8') as file:
            file.write(f'query-name > {inside}\n')
        self.assertEqual(self.pipe(f'source {lines}\n', path).returncode, 2)
        self.assertFalse(os.path.exists(inside))
        self.assertEqual(self.pipe(f'set redirect on\nsource {lines}\n', path).returncode, 0)
        self.assertTrue(os.path.exists(inside))


class File(Case):
    def run_lines(self, *lines, **more):
        result = self.pipe('\n'.join(['set redirect on', *lines]) + '\n', self.address, **more)
        self.assertEqual([name for name in os.listdir(self.directory) if 'reply.' in name], [])
        return result

    def setUp(self):
        super().setUp()
        self.address = self.server(*NO_MACHINE, '-name', 'vm').path
        self.path = os.path.join(self.directory, 'reply')

    def read(self):
        with open(self.path, encoding='utf-8') as file:
            return file.read()

    def test_write_and_append(self):
        result = self.run_lines(f'query-name > {self.path}', f'query-status >> {self.path}', 'query-name')
        self.assertEqual((result.stdout, result.stderr, result.returncode), ('{"return": {"name": "vm"}}\n', '', 0))
        name, status = [json.loads(line)['return'] for line in self.read().splitlines()]
        self.assertEqual(name, {'name': 'vm'})
        self.assertIn('running', status)
        self.run_lines(f'query-name > {self.path}')
        self.assertEqual(self.read(), '{"return": {"name": "vm"}}\n')

    def test_standard_output(self):
        """Where it is a file, that stays in its place, with all that was written before."""
        link = os.path.join(self.directory, 'link')
        os.symlink('/dev/stdout', link)
        with open(self.path, 'w', encoding='utf-8') as output:
            before = os.fstat(output.fileno()).st_ino
            lines = ['set redirect on', 'query-name', 'query-name > /dev/stdout', f'query-name > {link}', 'query-name >> /dev/fd/1',
                     f'query-name > {self.path}', 'query-name']
            done = subprocess.run([SHELL, self.address], input='\n'.join(lines), stdout=output, stderr=subprocess.PIPE, text=True,
                                  check=False, env={**os.environ, 'HOME': self.directory, 'LC_ALL': 'C.UTF-8'})
        self.assertEqual((done.stderr, done.returncode), ('', 0))
        self.assertEqual(self.read(), '{"return": {"name": "vm"}}\n' * 6)
        self.assertEqual((os.stat(self.path).st_ino, os.readlink(link)), (before, '/dev/stdout'))

    def test_log(self):
        """The shell's own log is not taken from it either."""
        result = self.pipe(f'set redirect on\nquery-name\nquery-name > {self.path}\nquery-name\n', '--logfile', self.path, self.address)
        self.assertEqual((result.stderr, result.returncode), ('', 0))
        lines = [json.loads(line) for line in self.read().splitlines()]
        self.assertEqual(['execute' in line for line in lines], [True, True, False, True])

    def test_names(self):
        self.run_lines(f'query-name > "{self.directory}/a b"', 'query-name > ~/c')
        for name in ('a b', 'c'):
            self.assertTrue(os.path.exists(os.path.join(self.directory, name)))

    def test_no_colours(self):
        shell = self.ready(self.address, NO_COLOR='')
        shell.type(f'query-name > {self.path}\n')
        shell.see(PROMPT)
        self.assertEqual(self.read(), '{"return": {"name": "vm"}}\n')

    def test_permissions(self):
        """Those of the file that is there; a link stays one."""
        real = os.path.join(self.directory, 'real')
        with open(real, 'w', encoding='utf-8') as file:
            file.write('old')
        os.chmod(real, 0o604)
        os.symlink(real, self.path)
        self.run_lines(f'query-name > {self.path}', f'query-name > {self.directory}/new')
        self.assertTrue(os.path.islink(self.path))
        self.assertEqual(os.stat(real).st_mode & 0o777, 0o604)
        umask = os.umask(0)
        os.umask(umask)
        self.assertEqual(os.stat(os.path.join(self.directory, 'new')).st_mode & 0o777, 0o666 & ~umask)
        self.assertEqual(self.read(), '{"return": {"name": "vm"}}\n')

    def test_hard_link(self):
        """Both names have the new text."""
        self.run_lines(f'query-status > {self.path}')
        os.link(self.path, self.path + '2')
        self.run_lines(f'query-name > {self.path}2')
        self.assertEqual(self.read(), '{"return": {"name": "vm"}}\n')

    def test_refused(self):
        """What is there stays."""
        self.run_lines(f'query-name > {self.path}')
        result = self.run_lines(f'query-nam > {self.path}', f'query-nam >> {self.path}')
        self.assertEqual(result.stdout.count('CommandNotFound'), 2)
        self.assertEqual(self.read(), '{"return": {"name": "vm"}}\n')

    def test_cannot_write(self):
        """Nothing is executed then; the error names the file."""
        for line in (f'quit > {self.directory}/nothing/x', f'quit > {self.directory}', f'quit >> {self.directory}'):
            with self.subTest(line=line):
                result = self.run_lines(line, 'query-name')
                self.assertRegex(result.stderr, f'^Cannot write “{line.split()[-1]}”: [^\n]*\n$')
                self.assertEqual((result.stdout, result.returncode), ('{"return": {"name": "vm"}}\n', 1))

    def test_full_disk(self):
        """All of it, or what was there."""
        self.run_lines(f'query-name > {self.path}')
        for sign in ('>', '>>'):
            shell = subprocess.run(
                [SHELL, self.address], input=f'set redirect on\nquery-qmp-schema {sign} {self.path}\n', text=True, check=False,
                restore_signals=False, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000)),
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=terminal.SECONDS)
            self.assertEqual((shell.stdout, shell.returncode), ('', 1))
            self.assertIn(f'Cannot write “{self.path}”: File too large', shell.stderr)
            self.assertEqual(self.read(), '{"return": {"name": "vm"}}\n')
        result = self.run_lines('query-name > /dev/full')
        self.assertRegex(result.stderr, '^Cannot write “/dev/full”: No space left on device\n$')
        self.assertEqual(self.run_lines('query-name > /dev/null').stderr, '')

    def test_pipe_that_is_not_read(self):
        """The shell waits for its reader, and no longer than the user likes."""
        os.mkfifo(self.path)
        with open(os.open(self.path, os.O_RDONLY | os.O_NONBLOCK), 'rb') as pipe:
            shell = self.ready(self.address)
            for _ in range(2):
                shell.type(f'query-qmp-schema > {self.path}\n')
                self.wait_until_full(pipe)
                shell.type('\x03')
                shell.see(r'Cannot write “[^\n]*reply”: Interrupted system call\n[^\n]*\^C\n' + PROMPT)
                pipe.read()
            shell.type(f'query-name > {self.path}\n')
            shell.see(PROMPT)
            self.assertEqual(pipe.read(), b'{"return": {"name": "vm"}}\n')

    @staticmethod
    def wait_until_full(pipe):
        size = fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ)
        end = time.monotonic() + terminal.SECONDS
        while int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder) < size:
            assert time.monotonic() < end
            os.sched_yield()

    def test_no_reply(self):
        """The server ends in the middle, or the shell: nothing is written."""
        self.run_lines(f'query-name > {self.path}')
        for ends, status in (('server', 1), ('shell', 143)):
            puppet = terminal.Puppet(self.directory)
            self.addCleanup(puppet.close)
            shell = self.open_pipe(puppet.path)
            puppet.accept()
            shell.stdin.write(f'set redirect on\nquery-name > {self.path}\n'.encode())
            shell.stdin.flush()
            puppet.take()
            if ends == 'shell':
                shell.terminate()
            else:
                puppet.close()
            self.assertEqual(shell.wait(terminal.SECONDS), status)
            puppet.close()
            os.unlink(puppet.path)
            self.assertEqual(self.read(), '{"return": {"name": "vm"}}\n')
            self.assertEqual([name for name in os.listdir(self.directory) if 'reply.' in name], [])

    def test_settings(self):
        self.run_lines(f'set > {self.path}')
        self.assertIn('pretty off\n', self.read())


if __name__ == '__main__':
    unittest.main()
