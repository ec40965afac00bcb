# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of qmp share: the program, given as the first argument, and servers for it."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

import terminal

QMP = os.path.abspath(sys.argv[1])
NO_MACHINE = ['-machine', 'none', '-nodefaults', '-display', 'none']
PC = ['-machine', 'pc', '-accel', 'tcg', '-m', '32', '-S', '-nodefaults', '-vga', 'std', '-display', 'none']
DONE, FAILED, USAGE, LINK, TIMEOUT = range(5)


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
