#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Copies a disk of a running machine to a file, as it is now, and shows
how far that is.

usage: backup.py ADDRESS NODE FILE
"""

import os
import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp


def show(job, _property):
    print(f'{job.fraction:4.0%}', flush=True)


async def back_up(vm, node, filename):
    client = vm.get_client()
    [size] = [block['image']['virtual-size']
              for block in await client.execute_async('query-named-block-nodes')
              if block['node-name'] == node]
    with open(filename, 'wb') as file:
        os.truncate(file.fileno(), size)
    await client.execute_async('blockdev-add', {
        'node-name': 'target', 'driver': 'raw',
        'file': {'driver': 'file', 'filename': filename}})
    try:
        job = await vm.start_job_async('blockdev-backup', {
            'job-id': 'backup', 'device': node, 'target': 'target',
            'sync': 'full'})
        job.connect('notify::fraction', show)
        await job
    finally:
        await client.execute_async('blockdev-del', {'node-name': 'target'})


async def main(address, node, filename):
    vm = Qmp.Machine()
    vm.set_progress_interval(0.25)
    async with await vm.open_async(address):
        await back_up(vm, node, filename)
    print('done')


Qmp.run(main(*sys.argv[1:]))
