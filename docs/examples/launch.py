#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Starts a QEMU whose monitor nobody else can reach, and ends it.

usage: launch.py QEMU [ARGUMENT...]
"""

import socket
import subprocess
import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp


def launch(command):
    """Returns the process, and a client that is connected to it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        monitor = ['-chardev', f'socket,id=monitor,fd={theirs.fileno()}',
                   '-mon', 'chardev=monitor,mode=control']
        machine = subprocess.Popen([*command, *monitor],
                                   pass_fds=[theirs.fileno()],
                                   stdin=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        # If QEMU does not start, its end of the pair is closed at once.
        theirs.close()
        try:
            # The client keeps a duplicate of the socket.
            return machine, Qmp.Client.open_address(ours)
        except Exception:
            machine.kill()
            print(machine.communicate()[1], end='', file=sys.stderr)
            raise


machine, vm = launch(sys.argv[1:])
with machine, vm:
    print(vm.execute('query-status')['status'])
    vm.execute('quit')
print('ended with status', machine.returncode)
