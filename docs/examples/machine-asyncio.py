#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Launches some machines at once, in asyncio, and ends them all.

usage: machine-asyncio.py QEMU [ARGUMENT...]
"""

import asyncio
import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp


def show(_vm, line, number):
    print(f'{number}: {line}', file=sys.stderr)


async def run(number):
    vm = Qmp.Machine()
    vm.connect('output', show, number)
    async with await vm.launch_async(sys.argv[1:]):
        await vm.pause_async()
        outcome = await vm.shut_down_async(ask=0, quit=10)
        return f'{number}: {outcome.text}'


async def main():
    for line in await asyncio.gather(*map(run, range(3))):
        print(line)


asyncio.run(main())
