#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Copies a disk as a block job and watches the job until it is over.

usage: job-watch.py ADDRESS SOURCE-NODE TARGET-NODE
"""

import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp

JOB = 'copy'
address, source, target = sys.argv[1:]

# Hear of this job alone.
changed = Qmp.EventMatch.new(['JOB_STATUS_CHANGE'])
changed.add_member(None, 'id', JOB)

with Qmp.Client.open_address(address) as qemu, qemu.listener(changed) as events:
    # A job that is not dismissed by itself can be asked afterwards how it went.
    qemu.execute('blockdev-backup', {'job-id': JOB, 'device': source, 'target': target, 'sync': 'full',
                                     'auto-dismiss': False})
    for event in events:
        print(f'{JOB}: {event.data["status"]}')
        if event.data['status'] == 'concluded':
            break
    [job] = [job for job in qemu.execute('query-jobs') if job['id'] == JOB]
    print(f'{JOB}:', job.get('error', 'done'))
    qemu.execute('job-dismiss', id=JOB)
