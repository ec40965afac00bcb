#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lists the machines on this computer, waits for one of a name, asks it how it is, and waits for its end.

usage: finder.py NAME
"""

import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import GLib, Qmp

MONITOR = Qmp.EndpointKind.MONITOR


def ask(instance):
    address = instance.choose_endpoint(MONITOR).address
    with Qmp.Client.open_address(address) as vm:
        status = vm.execute('query-status')['status']
    print(f'{instance.name} is {status}', flush=True)


def gone(instance, _property):
    print(f'{instance.name} is gone')
    loop.quit()


def changed(finder, position, _removed, added):
    for instance in finder[position:position + added]:
        if instance.name == sys.argv[1]:
            instance.connect('notify::gone', gone)
            ask(instance)


finder = Qmp.Finder()
finder.refresh()
for instance in finder:
    for endpoint in instance.endpoints:
        print(instance.name or instance.program, endpoint.address,
              endpoint.state.value_nick, endpoint.holder_name or '')
print('waiting', flush=True)

loop = GLib.MainLoop()
finder.connect('items-changed', changed)
loop.run()
