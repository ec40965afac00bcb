# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server that answers as it is told, for the tests in Python."""

import json
import os
import shutil
import socket
import tempfile
import threading

GREETING = b'{"QMP":{"version":{"qemu":{"micro":0,"minor":2,"major":7},"package":""},"capabilities":[]}}\r\n'


class Peer:
    """Serves one connection after the other, in a thread.

    answers: what to send for a command, {name: bytes, or None for nothing at all}; $ID stands for the id. The
    command "echo" returns its arguments as they came. The command "hang-up" ends the connection.
    """

    def __init__(self, **answers):
        self.answers = answers
        self.received = []
        self.heard = threading.Condition()
        self._directory = tempfile.mkdtemp(prefix='qmp-glib-')
        self.address = os.path.join(self._directory, 'peer')
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(self.address)
        self._listening.listen()
        self._connection = None
        threading.Thread(target=self._serve, daemon=True).start()

    def connect(self, path):
        """Serves a client that listens, instead of one that connects."""
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(path)
        threading.Thread(target=self._serve_one, args=[connection], daemon=True).start()

    def close(self):
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        shutil.rmtree(self._directory)

    def send(self, data):
        self._connection.sendall(data)

    def wait_for(self, name):
        """Waits until a command has come."""
        with self.heard:
            if not self.heard.wait_for(lambda: name in self.received, 30):
                raise AssertionError(f'{name} did not come')

    def _serve(self):
        while True:
            try:
                connection, _address = self._listening.accept()
            except OSError:
                return
            self._serve_one(connection)

    def _serve_one(self, connection):
        self._connection = connection
        with connection:
            connection.sendall(GREETING)
            self._answer_all(connection)

    def _answer_all(self, connection):
        rest = b''
        while data := connection.recv(65536):
            rest += data
            while rest:
                try:
                    command, end = json.JSONDecoder().raw_decode(rest.decode())
                except ValueError:
                    break
                text, rest = rest[:len(rest.decode()[:end].encode())], rest.decode()[end:].lstrip().encode()
                if command['execute'] == 'hang-up':
                    return
                self._answer(connection, command, text)

    def _answer(self, connection, command, text):
        name = command['execute']
        number = json.dumps(command.get('id')).encode()
        answer = self.answers.get(name, b'{"return":{},"id":$ID}')
        if name == 'echo':
            answer = b'{"return":' + text[text.index(b'"arguments":') + 12:text.rindex(b',"id"')] + b',"id":$ID}'
        with self.heard:
            self.received.append(name)
            self.heard.notify_all()
        if answer is not None:
            connection.sendall(answer.replace(b'$ID', number) + b'\r\n')
