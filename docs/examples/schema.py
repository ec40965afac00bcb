#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Asks a server what it can do, and has commands checked before they are sent.

usage: schema.py ADDRESS
"""

import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import GLib, Qmp

with Qmp.Client.open_address(sys.argv[1]) as vm:
    schema = Qmp.Schema.fetch(vm)

    # What there is, without trying it and without knowing the server's version.
    driver = 'blockdev-add/arg-type/driver'
    for path in ('block_resize', f'{driver}/^nbd', f'{driver}/^floppy'):
        print(path, 'is there' if schema.has_path(path) else 'is not there')

    # What a command takes.
    for member in schema.ref_command_arguments('block_resize').list_members():
        optional = ', optional' if member.is_optional() else ''
        print(f'block_resize: {member.get_name()}: {member.ref_value_type().describe()}{optional}')

    # Why a path leads nowhere.
    try:
        schema.find_type(f'{driver}/^ndb')
    except GLib.Error as error:
        print(error.message)

    # All that is wrong with a command.
    command = {'execute': 'block_resize',
               'arguments': {'node_name': 'disk0', 'size': '1G'}}
    for problem in schema.list_problems(command):
        print(f'{problem.get_path()}: {problem.get_text()}')

    # From now on no wrong command is sent.
    schema.attach(vm)
    try:
        vm.execute_message(command)
    except GLib.Error as error:
        if not error.matches(Qmp.SchemaError.quark(), Qmp.SchemaError.COMMAND):
            raise
        print('not sent:', error.message)
