#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Talks to a QEMU with blocking calls.

usage: hello.py SOCKET
"""

import json
import os
import sys

import gi

gi.require_version('Json', '1.0')
gi.require_version('Qmp', '1.0')
from gi.repository import Gio, GLib, Json, Qmp

vm = Qmp.Client.new('hello')


def to_node(value):
    return Json.from_string(json.dumps(value))


def from_node(node):
    return json.loads(Json.to_string(node, False))


def execute(command, arguments=None):
    return from_node(vm.execute(command, to_node(arguments or {}), None))


def execute_and_hear(command, name):
    """Runs a command and waits for the event that it brings."""
    heard = []
    handler = vm.connect(f'event::{name}', lambda vm, event: heard.append(event))
    execute(command)
    while not heard:
        GLib.MainContext.default().iteration(True)
    vm.disconnect(handler)
    print(f'{command}: heard {name}, the machine is', execute('query-status')['status'])


# Open the monitor.
vm.open(Gio.UnixSocketAddress.new(sys.argv[1]), None)
greeting = vm.get_greeting()
print('greeting: QEMU {}.{}.{}'.format(*greeting.get_version()),
      'offers', ', '.join(greeting.get_capabilities()))

# Ask.
version = execute('query-version')['qemu']
print('query-version: {major}.{minor}.{micro}'.format(**version))
print('query-status:', execute('query-status')['status'])

# Pause and resume the machine.
execute_and_hear('stop', 'STOP')
execute_and_hear('cont', 'RESUME')

# Hand over a file descriptor.
message = Qmp.Message.new_command('add-fd', to_node({'fdset-id': 1, 'opaque': 'from hello'}))
with open('/dev/null') as file:
    fds = Gio.UnixFDList.new()
    fds.append(file.fileno())
    message.set_fd_list(fds)
vm.execute_message(message, None)
for fdset in execute('query-fdsets'):
    for fd in fdset['fds']:
        print(f'query-fdsets: set {fdset["fdset-id"]} has one {fd["opaque"]}')

# An error of the server.
try:
    execute('device_del', {'id': 'nope'})
except GLib.Error as error:
    if not error.matches(Qmp.CommandError.quark(), Qmp.CommandError.DEVICE_NOT_FOUND):
        raise
    print(f'device_del: {Qmp.CommandError.get_class(error)}: {error.message}')

# End it.
execute('quit')
vm.close(None)
print('quit: closed')
