#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An error and an event with asyncio, as in the page about qemu.qmp.

usage: asyncio-calls.py ADDRESS
"""

import asyncio
import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp


async def main(address):
    vm = Qmp.Client('vm')
    await vm.open_async(address)
    try:
        await vm.execute_async('device_del', {'id': 'nope'})
    except Qmp.ExecuteError as error:
        print(error.error_class, error.desc)
    with vm.listener('STOP') as listener:
        await vm.execute_async('stop')
        event = await listener.next_async()
        print('event', event.name)
    await vm.close_async()


asyncio.run(main(sys.argv[1]))
