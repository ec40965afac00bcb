#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Takes a picture of a machine's screen, which never is in a file.

usage: screenshot.py ADDRESS >PICTURE
"""

import os
import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp


def take_picture(vm):
    """Returns a PNG image."""
    with open(os.memfd_create('picture'), 'rb') as memory:
        # QEMU takes a descriptor that was opened for writing alone.
        path = f'/proc/self/fd/{memory.fileno()}'
        writing = os.open(path, os.O_WRONLY)
        try:
            fdset = vm.execute_message(
                Qmp.Message.new_command('add-fd', fds=[writing]))
        finally:
            os.close(writing)
        number = fdset['fdset-id']
        try:
            vm.execute('screendump', filename=f'/dev/fdset/{number}',
                       format='png')
        finally:
            vm.execute('remove-fd', {'fdset-id': number})
        return memory.read()


with Qmp.Client.open_address(sys.argv[1]) as vm:
    sys.stdout.buffer.write(take_picture(vm))
