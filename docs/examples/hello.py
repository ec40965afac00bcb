#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Talks to a QEMU with blocking calls.

usage: hello.py ADDRESS
"""

import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp


def execute_and_hear(vm, command, name):
    """Runs a command and waits for the event that it brings."""
    with vm.listener(name) as events:
        vm.execute(command)
        event = events.next(timeout=10)
    print(f'{command}: heard {event.name}, the machine is', vm.execute('query-status')['status'])


# Open the monitor.
with Qmp.Client.open_address(sys.argv[1]) as vm:
    greeting = vm.get_greeting()
    print('greeting: QEMU {}.{}.{}'.format(*greeting.version),
          'offers', ', '.join(greeting.get_capabilities()))

    # Ask.
    version = vm.execute('query-version')['qemu']
    print('query-version: {major}.{minor}.{micro}'.format(**version))
    print('query-status:', vm.execute('query-status')['status'])

    # Pause and resume the machine.
    execute_and_hear(vm, 'stop', 'STOP')
    execute_and_hear(vm, 'cont', 'RESUME')

    # Hand over a file descriptor.
    with open('/dev/null') as file:
        vm.execute_message(Qmp.Message.new_command('add-fd', {'fdset-id': 1, 'opaque': 'from hello'},
                                                   fds=[file]))
    for fdset in vm.execute('query-fdsets'):
        for fd in fdset['fds']:
            print(f'query-fdsets: set {fdset["fdset-id"]} has one {fd["opaque"]}')

    # An error of the server.
    try:
        vm.execute('device_del', id='nope')
    except Qmp.ExecuteError as error:
        print(f'device_del: {error.error_class}: {error.desc}')

    # End it.
    vm.execute('quit')
print('quit: closed')
