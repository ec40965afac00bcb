# SPDX-License-Identifier: LGPL-2.1-or-later
"""A terminal with a program in it, and servers for the program to talk to. Nothing here sleeps."""

import fcntl
import json
import os
import pty
import re
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))
import served  # noqa: E402

# In the background of a script programs ignore Ctrl-C; with a handler here, those that are started do not.
signal.signal(signal.SIGINT, signal.default_int_handler)
SECONDS = 60
SECONDS_TO_LEAVE = 1
CONTROL = re.compile(r'\x1b\[[?0-9;]*[A-Za-z]|\x1b[=>]|\r')


def set_size(fd, columns, rows=24):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))


class Terminal:
    """What the program shows is waited for with see(); plain(): without control sequences."""

    def __init__(self, command, home, columns=80, term='xterm', **variables):
        environment = {**os.environ, 'HOME': home, 'TERM': term, 'LC_ALL': 'C.UTF-8', 'INPUTRC': '/dev/null',
                       'NO_COLOR': '1', 'PAGER': 'cat', 'QMP_COMPLETION_TIMEOUT': str(SECONDS), **variables}
        for name in [name for name, value in environment.items() if value is None]:
            del environment[name]
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, environment)
        self.resize(columns)
        self.text = ''
        self.status = None

    def resize(self, columns):
        set_size(self.fd, columns)

    def type(self, text):
        os.write(self.fd, text.encode())

    def _read(self, end):
        ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
        if not ready:
            raise AssertionError(f'not seen in time; the terminal has {self.text!r}')
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b''
        self.text += data.decode('utf-8', 'replace')
        return bool(data)

    def see(self, pattern, raw=False):
        """Waits until the pattern is on the terminal, and returns what was there up to its end."""
        end = time.monotonic() + SECONDS
        while True:
            text = self.text if raw else CONTROL.sub('', self.text)
            match = re.search(pattern, text, re.DOTALL)
            if match:
                self.text = '' if not raw else self.text[match.end():]
                if not raw:
                    self.text = text[match.end():]
                return text[:match.end()]
            if not self._read(end):
                raise AssertionError(f'the program ended with {self.end()}, and showed {text!r}, not {pattern!r}')

    def end(self):
        """Waits for the end of the program; returns its status."""
        end = time.monotonic() + SECONDS
        while self._read(end):
            pass
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)

    def _leave(self):
        """A program that ends by itself writes down what ran, for a coverage report."""
        end = time.monotonic() + SECONDS_TO_LEAVE
        try:
            # Ctrl-C for what runs; Ctrl-U, Ctrl-K for what is typed; Ctrl-D.
            self.type('\x03\x15\x0b\x04')
            while self._read(end):
                pass
        except (AssertionError, OSError):
            os.kill(self.pid, signal.SIGKILL)

    def kill(self):
        if self.pid:
            self._leave()
            os.waitpid(self.pid, 0)
            os.close(self.fd)


listening = served.listening


def start_with_one_monitor(path, *arguments):
    """A QEMU that one program at a time can talk to."""
    return served.start('qemu-system-x86_64', [listening(path)], *arguments)


class Server:
    """A QEMU, or its storage daemon, with monitors that can be connected to."""

    def __init__(self, directory, program='qemu-system-x86_64', arguments=(), name='monitor'):
        self.path = os.path.join(directory, name)
        self.other_path = os.path.join(directory, name + '-other')
        sockets = [listening(self.path), listening(self.other_path), listening(('127.0.0.1', 0))]
        self.tcp = '127.0.0.1:%d' % sockets[2].getsockname()[1]
        self.process = served.start(program, sockets, *arguments, stderr=subprocess.DEVNULL)
        self.side = None

    def execute(self, command, **arguments):
        """Over a monitor of the test's own."""
        if self.side is None:
            self.side = socket.socket(socket.AF_UNIX)
            self.side.settimeout(SECONDS)
            self.side.connect(self.other_path)
            self.file = self.side.makefile('rw', encoding='utf-8')
            self.file.readline()
            self.execute('qmp_capabilities')
        self.file.write(json.dumps({'execute': command, 'arguments': arguments}) + '\n')
        self.file.flush()
        while True:
            message = json.loads(self.file.readline())
            if 'return' in message or 'error' in message:
                return message

    def kill(self):
        if self.side is not None:
            self.file.close()
            self.side.close()
            self.side = None
        self.process.kill()
        self.process.wait()


class Agent:
    """A guest agent; of this machine, so nothing may be asked of it that changes anything."""

    def __init__(self, directory, add_cleanup):
        self.path = os.path.join(directory, 'agent')
        program = shutil.which('qemu-ga', path=os.environ['PATH'] + ':/usr/sbin:/sbin')
        self.process = subprocess.Popen([program, '-m', 'unix-listen', '-p', self.path, '-t', directory,
                                         '-f', os.path.join(directory, 'pid')],
                                        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        add_cleanup(self.kill)
        while not os.path.exists(self.path):
            assert self.process.poll() is None, 'the agent runs'
            os.sched_yield()

    def kill(self):
        self.process.kill()
        self.process.wait()


def limit_memory():
    """In a child, before its program: what would take all memory fails. The address sanitizer needs all the addresses there are."""
    if 'ASAN_OPTIONS' not in os.environ:
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))


class Puppet:
    """A server that the test plays itself."""

    def __init__(self, directory):
        self.path = os.path.join(directory, 'puppet')
        self.listening = listening(self.path)
        self.listening.settimeout(SECONDS)
        self.peer = None

    def accept(self):
        self.peer, _ = self.listening.accept()
        self.peer.settimeout(SECONDS)
        self.buffer = b''
        self.decoder = json.JSONDecoder()
        self.send({'QMP': {'version': {'qemu': {'major': 9, 'minor': 9, 'micro': 9}, 'package': ''},
                           'capabilities': []}})
        self.answer(self.take(), {})

    def send(self, message):
        self.peer.sendall(json.dumps(message).encode() + b'\r\n')

    def take(self):
        while True:
            try:
                message, end = self.decoder.raw_decode(self.buffer.decode().lstrip())
                self.buffer = self.buffer.decode().lstrip()[end:].encode()
                return message
            except ValueError:
                data = self.peer.recv(65536)
                if not data:
                    raise AssertionError('the client has gone') from None
                self.buffer += data

    def answer(self, command, value):
        self.send({'return': value, 'id': command['id']})

    def answer_machine(self, *jobs):
        """What is asked of a machine when it is opened."""
        answers = {'query-status': {'status': 'running'}, 'query-name': {}, 'query-uuid': {}, 'query-jobs': jobs,
                   'migrate-set-capabilities': {}, 'query-migrate': {}}
        while answers:
            command = self.take()
            self.answer(command, answers.pop(command['execute']))

    def close(self):
        if self.peer is not None:
            self.peer.close()
        self.listening.close()
