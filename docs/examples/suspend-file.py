#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Suspends a machine to a file, and lets it go on from there.

usage: suspend-file.py FILE QEMU [ARGUMENT...]
"""

import os
import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp


def suspend(vm, path):
    with open(path, 'wb') as file:
        vm.start_migration_fd(file).wait()
        # QEMU has written all of it. Now it has to be on the disk.
        os.fsync(file)


def restore(vm, path):
    with open(path, 'rb') as file:
        vm.start_incoming_fd(file).wait()


path, *command = sys.argv[1:]
vm = Qmp.Machine()
try:
    with vm.launch(command):
        print('launched:', vm.get_status_name())
        suspend(vm, path)
        print('suspended:', vm.get_status_name())
    # It is the same place, and the next QEMU.
    with vm.launch([*command, '-incoming', 'defer']):
        print('launched again:', vm.get_status_name())
        restore(vm, path)
        print('restored:', vm.get_status_name())
except (Qmp.LaunchError, Qmp.MigrationError) as error:
    sys.exit(str(error))
