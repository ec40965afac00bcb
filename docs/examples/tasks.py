#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program with a GLib main loop, as those with GTK are: coroutines, and callbacks that start them.

usage: tasks.py ADDRESS
"""

import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Gio, Qmp


async def print_events(events):
    async for event in events:
        print('event', event.name)


async def show_status(vm):
    print((await vm.execute_async('query-status'))['status'])


async def main(address):
    vm = await Qmp.Client.open_address_async(address)
    watching = Qmp.spawn(print_events(vm.listener()))

    # A callback, such as a button's handler, starts a coroutine.
    vm.connect('event::STOP',
               lambda vm, event: Qmp.spawn(show_status(vm)))
    await vm.execute_async('stop')

    # Several at once; the one that is not answered in time is cancelled.
    name, version = await Qmp.gather(
        vm.execute_async('query-name'),
        Qmp.wait_for(vm.execute_async('query-version'), 5))
    print(name.get('name', 'no name'), version['qemu']['major'])

    # What GIO does in the background is awaited in the same way.
    process = Gio.Subprocess.new(['true'], Gio.SubprocessFlags.NONE)
    print(await Qmp.gio(process, 'wait_check_async'))

    await vm.execute_async('quit')
    await watching  # the end of the link ends the iteration
    await vm.close_async()


Qmp.run(main(sys.argv[1]))
