#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plugs a disk into a running machine, and takes it out again.

The machine has a SCSI controller: -device virtio-scsi-pci.

usage: hotplug-machine.py ADDRESS FILE
"""

import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp


def plug(vm, filename):
    client = vm.get_client()
    client.execute('blockdev-add', {
        'node-name': 'disk0', 'driver': 'raw',
        'file': {'driver': 'file', 'filename': filename}})
    try:
        client.execute('device_add', driver='scsi-hd', id='scsi0',
                       drive='disk0')
    except Qmp.ExecuteError:
        client.execute('blockdev-del', {'node-name': 'disk0'})
        raise


def unplug(vm):
    """The device goes when its guest lets go, and the disk behind it."""
    vm.unplug('scsi0', timeout=30)
    vm.get_client().execute('blockdev-del', {'node-name': 'disk0'})


vm = Qmp.Machine()
with vm.open(sys.argv[1]):
    plug(vm, sys.argv[2])
    print('plugged:', [block['qdev'] for block in
                       vm.get_client().execute('query-block')])
    try:
        unplug(vm)
    except Qmp.NoAnswerError as error:
        sys.exit(str(error))
    print('unplugged')
