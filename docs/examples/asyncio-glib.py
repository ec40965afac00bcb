#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs asyncio on GLib's main loop: what the program has there, a timer here, goes on beside the coroutines.

usage: asyncio-glib.py ADDRESS
"""

import asyncio
import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import GLib, Qmp

try:
    from gi.events import GLibEventLoopPolicy  # PyGObject 3.50 and later
except ImportError:
    from gbulb import GLibEventLoopPolicy  # Debian: python3-gbulb


async def main(address):
    async with await Qmp.Client.open_address_async(address) as vm:
        rung = asyncio.Event()
        GLib.timeout_add(10, rung.set)  # once: set() returns None
        await rung.wait()
        print((await vm.execute_async('query-status'))['status'])


policy = GLibEventLoopPolicy()
asyncio.set_event_loop_policy(policy)
policy.get_event_loop().run_until_complete(main(sys.argv[1]))
