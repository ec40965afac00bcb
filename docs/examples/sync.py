#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What scripts did with qemu.qmp's sync wrapper, QEMUMonitorProtocol, done with qmp-glib.

usage: sync.py ADDRESS
"""

import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp

# QEMUMonitorProtocol(address, nickname='vm') and connect(): a client,
# and a listener for all events
vm = Qmp.Client('vm')
events = vm.listener()
vm.open(sys.argv[1])

# cmd('query-status'): the value, or an exception
print(vm.execute('query-status')['status'])

# the same, with a timeout for this command alone
status = vm.execute_message(
    Qmp.Message.new_command('query-status', timeout=3))
print(status['status'])

# cmd_obj(), cmd_raw(): the whole reply, an error too
reply = vm.exchange({'execute': 'device_del',
                     'arguments': {'id': 'nope'}})
print(reply['error']['class'])

# pull_event(wait=False): an event if there is one
print(events.try_next())

# pull_event(wait=2.0): an event, but not for ever
vm.execute('stop')
print(events.next(timeout=2.0).name)
try:
    events.next(timeout=0.01)
except Qmp.TimeoutError as error:
    print('late:', error)

# get_events(): all that are there
vm.execute('cont')
print([event.name for event in events.steal_events()])

# clear_events()
events.steal_events()

# settimeout(5): of execution
vm.set_timeout(5)

# send_fd_scm(): the descriptor alone, for the getfd that follows
with open('/dev/null') as file:
    vm.send_fd(file)
vm.execute('getfd', fdname='null')
vm.execute('closefd', fdname='null')

# close()
vm.close()
