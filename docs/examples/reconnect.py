#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Watches machines with asyncio, and connects again when they come back.

usage: reconnect.py ADDRESS...
"""

import asyncio
import random
import signal
import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import GLib, Qmp

FIRST_WAIT, LONGEST_WAIT = 0.25, 8


def say(address, text):
    print(f'{address}: {text}', flush=True)


async def watch_once(vm, address, connected):
    """Opens the monitor, and tells what happens until it ends."""
    with vm.listener('STOP', 'RESUME', 'SHUTDOWN') as events:
        await vm.open_async(address)
        connected()
        status = await vm.execute_async('query-status')
        say(address, status['status'])
        async for event in events:  # until the link ends
            say(address, event.name)
    say(address, 'gone')


async def watch(address):
    """Never gives up, but waits longer each time."""
    wait = FIRST_WAIT

    def connected():
        nonlocal wait
        wait = FIRST_WAIT

    async with Qmp.Client(address) as vm:
        while True:
            try:
                await watch_once(vm, address, connected)
            except GLib.Error as error:
                if wait == FIRST_WAIT:
                    say(address, error.message)
            # Not all at once, when a host comes up again.
            await asyncio.sleep(wait * random.uniform(0.5, 1))
            wait = min(2 * wait, LONGEST_WAIT)


async def main(addresses):
    watching = asyncio.gather(*map(watch, addresses))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, watching.cancel)
    try:
        await watching
    except asyncio.CancelledError:
        pass  # was told to end


asyncio.run(main(sys.argv[1:]))
