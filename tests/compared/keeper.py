#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/examples/keeper.py by the client alone.

usage: keeper.py FOLDER NAME...
"""

import asyncio
import os
import pathlib
import random
import select
import signal
import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import GLib, Qmp

FIRST_WAIT, LONGEST_WAIT = 0.1, 10
folder = pathlib.Path(sys.argv[1])


def say(name, text):
    print(f'{name}: {text}', flush=True)


def find_process(name):
    """A descriptor of the process, if the number is still QEMU's."""
    try:
        number = int((folder / f'{name}.pid').read_text())
        descriptor = os.pidfd_open(number)
        if 'qemu' in pathlib.Path(f'/proc/{number}/comm').read_text():
            return descriptor
        os.close(descriptor)
    except (OSError, ValueError):
        pass
    return None


class Kept:
    def __init__(self, name):
        self.name, self.vm = name, Qmp.Client(name)
        self.uuid = self.process = self.reason = None
        self.wait = FIRST_WAIT

    def end(self):
        say(self.name, f'ended, {self.reason or "lost"}')
        if self.process is not None:
            os.close(self.process)
        self.uuid = self.process = self.reason = None

    def is_over(self):
        """A process that is known decides; without one, what QEMU said."""
        if self.process is None:
            return self.reason is not None
        return bool(select.select([self.process], [], [], 0)[0])

    async def connected(self):
        uuid = (await self.vm.execute_async('query-uuid'))['UUID']
        status = (await self.vm.execute_async('query-status'))['status']
        if self.uuid not in (None, uuid):
            self.end()  # another one is here
        self.uuid = uuid
        if self.process is None:
            self.process = find_process(self.name)
        process = 'known' if self.process is not None else 'not known'
        say(self.name, f'{status}, process {process}')

    async def follow(self):
        """Over one link."""
        names = 'SHUTDOWN', 'STOP', 'RESUME', 'RESET'
        with self.vm.listener(*names) as events:
            await self.vm.open_async(str(folder / self.name))
            try:
                await self.connected()
            except GLib.Error:
                await self.vm.close_async()
                raise
            self.wait = FIRST_WAIT
            async for event in events:
                # Behind the others it has not ended, but goes on.
                self.reason = event.data.get('reason')
        say(self.name, 'no link')

    async def keep(self):
        while True:
            try:
                await self.follow()
            except GLib.Error:
                pass
            # Not all at once, when a host comes up again.
            await asyncio.sleep(self.wait * random.uniform(0.5, 1))
            self.wait = min(2 * self.wait, LONGEST_WAIT)
            if self.is_over():
                self.end()


async def main(names):
    keeping = asyncio.gather(*(Kept(name).keep() for name in names))
    asyncio.get_running_loop().add_signal_handler(
        signal.SIGTERM, keeping.cancel)
    try:
        await keeping
    except asyncio.CancelledError:
        pass  # was told to end


asyncio.run(main(sys.argv[2:]))
