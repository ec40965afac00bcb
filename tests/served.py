# SPDX-License-Identifier: LGPL-2.1-or-later
"""A QEMU, or its storage daemon, whose monitors can be connected to.

QEMU moves its monitors to a thread of their own while it starts. Of a client whose connection was accepted before, two
threads read: bytes are lost, one time in hundreds on a busy machine (QEMU 7.2). So there is a monitor behind all others,
over a socketpair, which answers a command when all were moved. Its greeting does not say so: the thread takes those that
are to be moved at once from behind.
"""

import contextlib
import socket
import subprocess

SECONDS = 60


class LastMonitor:
    def __init__(self, program='qemu'):
        self.ours, self.its = socket.socketpair()
        self.fd = self.its.fileno()
        monitor = ['--monitor', 'chardev=ready'] if 'storage' in program else ['-mon', 'chardev=ready,mode=control']
        self.arguments = ['--chardev', f'socket,id=ready,fd={self.fd}', *monitor]

    def wait(self):
        """Behind the start of the process; returns as well when that has ended."""
        self.its.close()
        with self.ours, contextlib.suppress(ConnectionError), self.ours.makefile('rwb', buffering=0) as file:
            self.ours.settimeout(SECONDS)
            file.readline()
            file.write(b'{"execute": "qmp_capabilities"}')
            file.readline()


def listening(address):
    sock = socket.socket(socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX)
    sock.bind(address)
    sock.listen()
    # A blocking one can make QEMU 7.2 sleep in accept4() for good.
    sock.setblocking(False)
    return sock


def start(program, sockets, *arguments, **options):
    """With a monitor at each of the listening sockets, which are the program's then; options: of Popen."""
    command = [program, *arguments]
    for number, sock in enumerate(sockets):
        command += ['--chardev', f'socket,id=m{number},fd={sock.fileno()},server=on,wait=off']
        command += ['--monitor', f'chardev=m{number}'] if 'storage' in program else \
            ['-mon', f'chardev=m{number},mode=control']
    last = LastMonitor(program)
    process = subprocess.Popen([*command, *last.arguments], stdin=subprocess.DEVNULL,
                               pass_fds=[last.fd, *[sock.fileno() for sock in sockets]], **options)
    for sock in sockets:
        sock.close()
    last.wait()
    return process
