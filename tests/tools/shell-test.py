#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qmp-shell in a terminal, against real servers.

usage: shell-test.py QMP_SHELL QMP_SHELL_WRAP
"""

import os
import re
import signal
import termios
import unittest

import terminal
from shellcase import PC, PROMPT, SHELL, Case


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

    def test_mistyped(self):
        shell = self.ready(self.server().path)
        shell.type('query-statu\n')
        shell.see(r'CommandNotFound[^\n]*\n.*did you mean “query-status”\?\n')
        shell.type('blockdev-add drivr=null-co\n')
        shell.see(r'"error"[^\n]*\n.*you wrote “drivr”; did you mean “driver”\?\n')
        shell.type('query-name\n\x04')
        shell.see(r'\{"return": \{\}\}')
        self.assertEqual(shell.end(), 0)

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
            self.assertEqual(file.read().splitlines(), ['query-name'])  # once, though it was given twice

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

    def test_object_abort(self):
        shell = self.ready(self.server().path)
        shell.type('{"execute":\n')
        shell.see(r'\.\.\.\.\.\. $')
        shell.type('\x03')
        shell.see(r'The unfinished object is forgotten\n\(QEMU\) $')

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

    def test_waiting(self):
        """Another client has the monitor: that is told after a second."""
        puppet = terminal.Puppet(self.directory)
        self.addCleanup(puppet.close)
        shell = self.shell(puppet.path)
        shell.see('Waiting for the server: another client may hold this monitor\n')
        puppet.accept()
        shell.see('Connected.*' + PROMPT)

    def test_replies_into_a_file(self):
        """The prompt stays on the terminal."""
        replies = os.path.join(self.directory, 'replies')
        path = self.server().path
        for other in ('', '2>/dev/null'):
            shell = self.shell('-c', f'exec "$0" --plain-prompt "$1" >"$2" {other}', SHELL, path, replies, program='sh')
            shell.see('Welcome.*Connected.*' + PROMPT)
            shell.type('query-name\n')
            shell.see('query-name\n' + PROMPT)
            shell.type('\x04')
            self.assertEqual(shell.end(), 0)
            with open(replies, encoding='utf-8') as file:
                self.assertEqual(file.read(), '{"return": {}}\n')

    def test_plain_quotes(self):
        """Where the locale has no others."""
        shell = self.shell(self.server().path, LC_ALL='C')
        shell.see(PROMPT)
        shell.type('x y\n')
        shell.see('got "y", at character 3\n')
        result = self.pipe('x y\n', self.server(name='other').path, LC_ALL='C')
        self.assertIn('got "y"', result.stderr)

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
        shell.type('nonsense\n')
        shell.see(r'{\x1b\[31m"error"\x1b\[0m: {\x1b\[31m"class"\x1b\[0m: \x1b\[31m"CommandNotFound"', raw=True)
        shell.type('x y\n')
        shell.see(r'\x1b\[31mError while parsing [^\n]*\x1b\[0m\r\n', raw=True)

    def test_hmp(self):
        shell = self.shell('-H', self.server(*PC).path)
        shell.see(r'Welcome to the HMP shell!\nConnected to QEMU.*' + PROMPT)
        for line, pattern in [
            ('info version', r'\n\d+\.\d+\.\d+[^\n]*\n'),
            ('', r'\n'),
            ('cpu', r'cpu command takes an integer argument\n'),
            ('cpu x', r'cpu command takes an integer argument\n'),
            ('cpu 9', r'bad CPU index\n'),
            ('cpu  1', r'\n'),
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
        shell.see(r'The server has no “nothing”\n')
        shell.type('help blockdev-ad\n')
        shell.see(r'has no “blockdev-ad”, but “blockdev-add”\n')
        shell.type('help blockdev-add driver=qcow2\n')
        shell.see(r'\n  driver: [^\n]*“vvfat”\n.*\n  lazy-refcounts: boolean \(optional\)\n')
        shell.type('help query-block/inserted/image\n')
        shell.see(r'image: object\n  filename: string\n')
        shell.type('help\n')
        shell.see(r'executes a command\n')

    def test_pager(self):
        """For what is longer than the terminal; Ctrl-C is its own."""
        pager = os.path.join(self.directory, 'pager')
        with open(pager, 'w', encoding='utf-8') as file:
            # Whoever is about to read when the signal comes never hears of it: so it is waited for. Python has a
            # handler of its own where the signal was not ignored.
            file.write('#!/usr/bin/python3\nimport signal, sys\n'
                       'signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})\n'
                       'print("paged", sys.stdin.readline(), sep="\\n", end="", flush=True)\n'
                       'signal.sigwait({signal.SIGINT})\n'
                       'if signal.getsignal(signal.SIGINT) is signal.default_int_handler: print("interrupted")\n')
        os.chmod(pager, 0o700)
        shell = self.ready(self.server().path, PAGER=pager)
        shell.type('help blockdev-add\n')
        shell.see(r'paged\nblockdev-add\n')
        shell.type('\x03')
        shell.see(r'interrupted\n.*\(QEMU\) $')
        shell.type('help query-name\n')
        self.assertNotIn('paged', shell.see(r'returns:.*\(QEMU\) $'))

    def test_pager_is_stopped(self):
        """Ctrl-Z stops it and the shell, so that neither waits for the other."""
        pager = os.path.join(self.directory, 'pager')
        with open(pager, 'w', encoding='utf-8') as file:
            # The shell may not have come back from starting it.
            file.write('#!/bin/sh\nsed -n "s/SigBlk:/paged/p" /proc/$$/status\n'
                       f'while [ $((0x$(sed -n "s/SigBlk:.//p" /proc/$PPID/status) & {1 << (signal.SIGTSTP - 1)})) -ne 0 ]; do :; done\n'
                       'echo free\n')
        os.chmod(pager, 0o700)
        shell = self.ready(self.server().path, PAGER=pager)
        shell.type('help blockdev-add\n')
        blocked = re.search(r'paged\s(\w+)', shell.see(r'paged\s\w+\nfree\n\(QEMU\) $'))[1]
        self.assertFalse(int(blocked, 16) & 1 << (signal.SIGTSTP - 1))

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
        shell.see(r'"properties": \{"completion-mode": "grouped"\}.*"error": \{"class": "GenericError".*' + PROMPT)

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
            ('blockdev-del node-name==d', 'blockdev-del node-name==disk0 '),
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


if __name__ == '__main__':
    unittest.main()
