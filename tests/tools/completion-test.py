#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Tab completes of the programs' command lines, in an interactive shell against real servers.

usage: completion-test.py bash|zsh DIRECTORY_OF_QMP COMPLETION_FILE
"""

import os
import re
import shutil
import sys
import tempfile
import unittest

import terminal

SHELL, PROGRAMS, FILE = sys.argv[1:4]
NO_MACHINE = ['-machine', 'none', '-nodefaults', '-display', 'none']
START = {
    'bash': (['bash', '--noprofile', '--norc', '-i'], f"PS1='ready''> '; source {FILE}\n"),
    'zsh': (['zsh', '-f', '-i'], f"unsetopt prompt_sp; bindkey -e; fpath=({os.path.dirname(FILE)} $fpath); "
                                 "autoload -U compinit; compinit -u -D; PS1='ready''> '\n"),
}


class Completion(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix='qmp-')
        self.addCleanup(directory.cleanup)
        self.home = directory.name
        self.directory = os.path.join(self.home, 'here')
        os.mkdir(self.directory)
        self.shell = self.start()

    def start(self):
        command, setup = START[SHELL]
        # In the directory there is nothing but what the test puts there.
        enter = ['sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', self.directory]
        path = f'{PROGRAMS}:{os.environ["PATH"]}'
        shell = terminal.Terminal([*enter, *command], self.home, columns=200, PATH=path, QMP_SOCKET=None)
        self.addCleanup(shell.kill)
        shell.type(setup)
        shell.see('ready> $')
        return shell

    def completed(self, typed, tabs=1):
        """Returns what stands in the line when all of that was completed that can be."""
        self.shell.type(typed + '\t' * tabs)
        # A mark behind the completion, so that it is seen that no more comes.
        self.shell.type('@')
        seen = self.shell.see('@').replace('\x07', '')
        self.shell.type('\x05\x15')
        # zsh takes the blank that it has put there back, and puts it there again.
        while '\b' in seen:
            seen = re.sub('[^\b]?\b', '', seen, count=1)
        return seen

    def check(self, *cases):
        for typed, completed in cases:
            with self.subTest(typed=typed):
                seen = self.completed(typed)
                self.assertTrue(seen.endswith(completed + '@'), (seen, completed))

    def server(self, *arguments, **more):
        server = terminal.Server(self.directory, arguments=arguments or NO_MACHINE, **more)
        self.addCleanup(server.kill)
        return server

    def file(self, name):
        with open(os.path.join(self.directory, name), 'w', encoding='utf-8'):
            pass

    def test_verbs(self):
        self.check(
            ('qmp intr', 'qmp introspect '),
            ('qmp gue', 'qmp guest '),
            ('qmp guest ex', 'qmp guest exec '),
            ('qmp qom ty', 'qmp qom types '),
            ('qmp job w', 'qmp job wait '),
            ('qmp migration ', 'qmp migration wait '),
        )

    def test_options(self):
        self.check(
            ('qmp call --o', 'qmp call --oob '),
            ('qmp wait --pre', 'qmp wait --pretty '),
            ('qmp guest exec --std', 'qmp guest exec --stdin '),
            ('qmp job wait --rea', 'qmp job wait --ready '),
            ('qmp qom types --abs', 'qmp qom types --abstract '),
            ('qmp monitor --js', 'qmp monitor --json '),
            ('qmp-shell --rec', 'qmp-shell --reconnect '),
            ('qmp-shell-wrap --verb', 'qmp-shell-wrap --verbose '),
        )

    def test_addresses(self):
        self.server()
        self.file('monitor.txt')
        os.mkdir(os.path.join(self.directory, 'deep'))
        self.check(
            ('qmp call monitor-', 'qmp call monitor-other '),
            ('qmp call --timeout 1 monitor-', 'monitor-other '),
            ('qmp qom list unix:monitor-', 'unix:monitor-other '),
            ('qmp call vso', 'qmp call vsock:'),
            ('qmp monitor d', 'qmp monitor deep/'),
            ('qmp-shell -p monitor-', 'monitor-other '),
            # what is no socket is none
            ('qmp call monitor.', 'qmp call monitor.'),
        )

    def test_offers(self):
        server = self.server()
        self.check(
            ('qmp call monitor query-versi', 'query-version '),
            ('qmp call --oob monitor migrate-pau', 'migrate-pause '),
            (f'qmp call {server.tcp} query-versi', 'query-version '),
            (f'qmp call tcp:{server.tcp} -t 5 query-versi', 'query-version '),
            ('qmp call unix:monitor query-versi', 'query-version '),
            (f'qmp call {self.directory}/monitor query-versi', 'query-version '),
            ('qmp call ~/here/monitor query-versi', 'query-version '),
            ('qmp introspect monitor BLOCK_JOB_REA', 'BLOCK_JOB_READY '),
            ('qmp introspect monitor query-versi', 'query-version '),
            ('qmp monitor monitor BLOCK_JOB_REA', 'BLOCK_JOB_READY '),
            ('qmp monitor monitor STOP BLOCK_JOB_REA', 'STOP BLOCK_JOB_READY '),
            ('qmp wait monitor BLOCK_JOB_REA', 'BLOCK_JOB_READY '),
            # an event is no command, and a command no event
            ('qmp call monitor BLOCK_JOB_REA', 'BLOCK_JOB_REA'),
            ('qmp wait monitor query-versi', 'query-versi'),
        )

    def test_members(self):
        self.server()
        self.file('disk.img')
        self.check(
            ('qmp call monitor blockdev-backup auto-fin', 'auto-finalize='),
            ('qmp call monitor blockdev-backup device=a auto-fin', 'device=a auto-finalize='),
            ('qmp call monitor blockdev-add lazy-ref', 'lazy-refcounts='),       # of a variant
            ('qmp call monitor blockdev-add filename=di', 'filename=disk.img '),
            ('qmp wait monitor BLOCK_JOB_READY dev', 'BLOCK_JOB_READY device='),
            # what is returned is no argument
            ('qmp call monitor query-name na', 'query-name na'),
        )

    def test_list(self):
        self.server()
        # bash shows the list at the second Tab, and zsh at the first.
        seen = self.completed('qmp call monitor query-block', tabs=2 if SHELL == 'bash' else 1)
        for name in ('query-blockstats', 'query-block-jobs', 'query-block-exports'):
            self.assertIn(name, seen)

    def test_agent(self):
        terminal.Agent(self.directory, self.addCleanup)
        self.check(
            ('qmp call -G agent guest-pi', 'guest-ping '),
            ('qmp call --guest-agent agent guest-pi', 'guest-ping '),
        )

    def test_no_server(self):
        self.check(('qmp call nothing query-versi', 'query-versi'))

    def test_shell_files(self):
        self.file('log.txt')
        self.check(
            ('qmp-shell -l lo', 'qmp-shell -l log.txt '),
            ('qmp-shell --logfile=lo', 'qmp-shell --logfile=log.txt '),
            ('qmp-shell-wrap -l lo', 'qmp-shell-wrap -l log.txt '),
            ('qmp-shell-wrap --logfile lo', 'qmp-shell-wrap --logfile log.txt '),
        )

    def test_wrapped_command(self):
        self.file('disk.img')
        self.check(
            ('qmp-shell-wrap qemu-im', 'qemu-img '),
            ('qmp-shell-wrap -p -- qemu-im', '-- qemu-img '),
            ('qmp-shell-wrap qemu-img dis', 'qemu-img disk.img '),
            ('qmp-shell-wrap -l log.txt qemu-img info dis', 'qemu-img info disk.img '),
            # no option of ours
            ('qmp-shell-wrap qemu-img --verb', 'qemu-img --verb'),
        )


if __name__ == '__main__':
    if not shutil.which(SHELL):
        sys.exit(f'{SHELL} is not installed; see the packages in ./dev')
    del sys.argv[1:4]
    unittest.main()
