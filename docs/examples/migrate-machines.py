#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Launches a machine, and another one to which it migrates.

usage: migrate-machines.py QEMU [ARGUMENT...]
"""

import sys
import tempfile

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp


def show(migration, _property):
    print(f'{migration.fraction:4.0%}', flush=True)


async def migrate(source, destination, uri):
    # It listens when this is done.
    arriving = await destination.start_incoming_async(uri)
    leaving = await source.start_migration_async(uri)
    leaving.connect('notify::fraction', show)
    await leaving
    await arriving


async def main(*command):
    source, destination = Qmp.Machine(), Qmp.Machine()
    source.set_progress_interval(0.25)
    async with await source.launch_async(command):
        async with await destination.launch_async(
                [*command, '-incoming', 'defer']):
            with tempfile.TemporaryDirectory() as directory:
                await migrate(source, destination,
                              f'unix:{directory}/migration')
            print('source:', source.get_status_name())
            print('destination:', destination.get_status_name())


Qmp.run(main(*sys.argv[1:]))
