# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of qmp-shell share: the programs, given as the first two arguments, and servers for them."""

import os
import subprocess
import sys
import tempfile
import unittest

import terminal

SHELL, WRAP = sys.argv[1:3]
del sys.argv[1:3]
PROMPT = r'\(QEMU\) $'
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

    def shell(self, *arguments, program=SHELL, plain=True, **more):
        """plain: with a prompt that does not change, for which the server is asked nothing."""
        options = ['--plain-prompt'] if plain and program in (SHELL, WRAP) else []
        shell = terminal.Terminal([program, *options, *arguments], self.directory, **more)
        self.addCleanup(shell.kill)
        return shell

    def ready(self, *arguments, **more):
        shell = self.shell(*arguments, **more)
        shell.see(PROMPT)
        return shell

    def open_pipe(self, *arguments):
        """A shell that is written to, and read from, bit by bit."""
        shell = subprocess.Popen([SHELL, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

        def end():
            shell.kill()
            shell.wait()
            shell.stdin.close()
            shell.stdout.close()

        self.addCleanup(end)
        return shell

    def pipe(self, text, *arguments, program=SHELL, **variables):
        environment = {**os.environ, 'HOME': self.directory, 'LC_ALL': 'C.UTF-8', **variables}
        if 'QMP_SOCKET' not in variables:
            environment.pop('QMP_SOCKET', None)
        return subprocess.run([program, *arguments], input=text, text=True, env=environment, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=terminal.SECONDS)
