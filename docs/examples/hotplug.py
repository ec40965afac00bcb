#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plugs a disk into a running machine, and takes it out again.

The machine has a SCSI controller: -device virtio-scsi-pci.

usage: hotplug.py ADDRESS FILE
"""

import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp


def plug(vm, filename):
    vm.execute('blockdev-add', {
        'node-name': 'disk0', 'driver': 'raw',
        'file': {'driver': 'file', 'filename': filename}})
    try:
        vm.execute('device_add', driver='scsi-hd', id='scsi0',
                   drive='disk0')
    except Qmp.ExecuteError:
        vm.execute('blockdev-del', {'node-name': 'disk0'})
        raise


def unplug(vm):
    """The guest has to let go of it; an event says that it has."""
    deleted = Qmp.EventMatch.new(['DEVICE_DELETED'])
    deleted.add_member(None, 'device', 'scsi0')
    deleted.add_failure('DEVICE_UNPLUG_GUEST_ERROR')
    command = Qmp.Message.new_command('device_del', {'id': 'scsi0'},
                                      timeout=30)
    vm.execute_and_wait(command, deleted)
    vm.execute('blockdev-del', {'node-name': 'disk0'})


with Qmp.Client.open_address(sys.argv[1]) as vm:
    plug(vm, sys.argv[2])
    print('plugged:', [block['qdev']
                       for block in vm.execute('query-block')])
    try:
        unplug(vm)
    except Qmp.TimeoutError as error:
        sys.exit(str(error))
    print('unplugged')
