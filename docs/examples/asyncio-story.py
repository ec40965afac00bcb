#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Talks to a QEMU with asyncio: events are heard while commands are under way.

usage: asyncio-story.py ADDRESS
"""

import asyncio
import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp


async def print_events(events):
    async for event in events:
        print('event', event.name)


async def main(address):
    vm = await Qmp.Client.open_address_async(address)
    with vm.listener() as events:
        watching = asyncio.create_task(print_events(events))

        # Two commands at once; the replies come back in their own time.
        status, version = await asyncio.gather(
            vm.execute_async('query-status'),
            vm.execute_async('query-version'))
        print(status['status'], version['qemu']['major'])

        try:
            await vm.execute_async('device_del', id='nope')
        except Qmp.ExecuteError as error:
            print(error.error_class, error.desc)

        # A command that takes too long is cancelled; the link goes on.
        try:
            await asyncio.wait_for(vm.execute_async('stop'), timeout=10)
        except asyncio.TimeoutError:
            print('no answer')

        await vm.execute_async('quit')
        await watching  # the end of the link ends the iteration
    await vm.close_async()


asyncio.run(main(sys.argv[1]))
