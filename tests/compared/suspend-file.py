#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/examples/suspend-file.py by the client alone.

usage: suspend-file.py FILE QEMU [ARGUMENT...]
"""

import os
import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp
from launched import Launched, LaunchError
from migrating import MigrationError, finish, tell_of_migrations


def migrate(vm, command, file):
    tell_of_migrations(vm)
    vm.execute_message(Qmp.Message.new_command(
        'getfd', {'fdname': 'state'}, fds=[file]))
    with vm.listener('MIGRATION') as events:
        try:
            vm.execute(command, uri='fd:state')
        except Qmp.ExecuteError:
            vm.execute('closefd', fdname='state')
            raise
        finish(vm, events)


def suspend(vm, path):
    with open(path, 'wb') as file:
        migrate(vm, 'migrate', file)
        # QEMU has written all of it. Now it has to be on the disk.
        os.fsync(file)


def restore(vm, path):
    with open(path, 'rb') as file:
        migrate(vm, 'migrate-incoming', file)


path, *command = sys.argv[1:]
try:
    with Launched(command) as machine:
        print('launched:', machine.get_status_name())
        suspend(machine.vm, path)
        print('suspended:', machine.get_status_name())
    # The next QEMU.
    with Launched([*command, '-incoming', 'defer']) as machine:
        print('launched again:', machine.get_status_name())
        restore(machine.vm, path)
        print('restored:', machine.get_status_name())
except (LaunchError, MigrationError) as error:
    sys.exit(str(error))
