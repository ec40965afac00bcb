# SPDX-License-Identifier: LGPL-2.1-or-later
"""When the monitors of a QEMU that starts, or of its storage daemon, can be connected to.

QEMU moves its monitors to a thread of their own while it starts. Of a client whose connection was accepted before, two
threads read: bytes are lost, one time in hundreds on a busy machine (QEMU 7.2). So there is a monitor behind all others,
over a socketpair, which answers a command when all were moved. Its greeting does not say so: the thread takes those that
are to be moved at once from behind.
"""

import contextlib
import socket

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
