#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What scripts did with qemu.qmp's sync wrapper, QEMUMonitorProtocol, done with qmp-glib.

usage: sync.py ADDRESS
"""

import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Gio, GLib, Qmp

# QEMUMonitorProtocol(address, nickname='vm') and connect(): one client, and a listener for all events.
vm = Qmp.Client(name='vm')
events = vm.listener()
vm.open(sys.argv[1])

# cmd('query-status'): the value, or an exception
print(vm.execute('query-status')['status'])

# cmd_obj(), cmd_raw(): the whole reply, an error too
reply = vm.exchange({'execute': 'device_del', 'arguments': {'id': 'nope'}})
print(reply['error']['class'])

# pull_event(wait=False): an event if there is one
print(events.try_next())

# pull_event(wait=2.0): an event, but not for ever
vm.execute('stop')
print(events.next(timeout=2.0).name)
try:
    events.next(timeout=0.01)
except GLib.Error as error:
    print(error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT))

# get_events(): all that are there
vm.execute('cont')
print([event.name for event in events.clear()])

# clear_events()
events.clear()

# settimeout(5): of execution; in milliseconds
vm.set_timeout(5000)

# send_fd_scm(): the descriptor alone, for the getfd that follows
with open('/dev/null') as file:
    vm.send_fd(file.fileno())
vm.execute('getfd', fdname='null')
vm.execute('closefd', fdname='null')

# close()
vm.close()
