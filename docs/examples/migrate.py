#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Saves a machine's state into a file, as for a later -incoming.

usage: migrate.py ADDRESS FILE
"""

import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp

ENDS = ('completed', 'failed', 'cancelled')


def save(vm, path):
    vm.execute('migrate-set-capabilities', capabilities=[
        {'capability': 'events', 'state': True}])
    with open(path, 'wb') as file:
        vm.execute_message(Qmp.Message.new_command(
            'getfd', {'fdname': 'state'}, fds=[file]))
    with vm.listener('MIGRATION') as events:
        vm.execute('migrate', uri='fd:state')
        for event in events:
            print(event.data['status'])
            if event.data['status'] in ENDS:
                break
    info = vm.execute('query-migrate')
    if info['status'] != 'completed':
        raise RuntimeError(info.get('error-desc', info['status']))


with Qmp.Client.open_address(sys.argv[1]) as vm:
    save(vm, sys.argv[2])
