#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Gives a machine a disk image as an open file: the machine needs no right to open it itself.

usage: pass-disk.py ADDRESS IMAGE
"""

import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp

address, path = sys.argv[1:]

with Qmp.Client.open_address(address) as vm:
    # The descriptor travels with the command that takes it.
    with open(path, 'r+b') as image:
        command = Qmp.Message.new_command(
            'add-fd', {'fdset-id': 1, 'opaque': path}, fds=[image])
        vm.execute_message(command)

    # What the machine is told to open is the descriptor that it has already.
    vm.execute('blockdev-add', {
        'driver': 'raw', 'node-name': 'disk0',
        'file': {'driver': 'file', 'filename': '/dev/fdset/1'}})
    for node in vm.execute('query-named-block-nodes'):
        if node['node-name'] == 'disk0':
            print(f'disk0: {node["image"]["virtual-size"]} bytes of {node["image"]["filename"]}')
