#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/examples/backup.py by the client alone.

usage: backup.py ADDRESS NODE FILE
"""

import os
import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp


def show(fraction):
    print(f'{fraction:4.0%}', flush=True)


def find_job(vm):
    [job] = [job for job in vm.execute('query-jobs') if job['id'] == 'backup']
    return job


def wait_for_job(vm, events):
    status = None
    while status != 'concluded':
        try:
            status = events.next(0.25).data['status']
        except Qmp.TimeoutError:
            pass
        job = find_job(vm)
        if job['total-progress'] > 0:
            show(job['current-progress'] / job['total-progress'])
    vm.execute('job-dismiss', id='backup')
    if 'error' in job:
        raise RuntimeError(job['error'])


def back_up(vm, node, filename):
    [size] = [block['image']['virtual-size']
              for block in vm.execute('query-named-block-nodes')
              if block['node-name'] == node]
    with open(filename, 'wb') as file:
        os.truncate(file.fileno(), size)
    vm.execute('blockdev-add', {
        'node-name': 'target', 'driver': 'raw',
        'file': {'driver': 'file', 'filename': filename}})
    changed = Qmp.EventMatch.new(['JOB_STATUS_CHANGE'])
    changed.add_member(None, 'id', 'backup')
    try:
        with vm.listener(changed) as events:
            vm.execute('blockdev-backup', {
                'job-id': 'backup', 'device': node, 'target': 'target',
                'sync': 'full', 'auto-dismiss': False})
            wait_for_job(vm, events)
    finally:
        vm.execute('blockdev-del', {'node-name': 'target'})


address, node, filename = sys.argv[1:]
with Qmp.Client.open_address(address) as vm:
    back_up(vm, node, filename)
print('done')
