#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/examples/ci-run.py by the client alone.

usage: ci-run.py SCRIPT QEMU [ARGUMENT...]
"""

import pathlib
import socket
import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp
from launched import Launched

script, *command = sys.argv[1:]
ours, theirs = socket.socketpair()
port = 'virtserialport,chardev=agent,id=agent'
channel = [
    '-chardev', f'socket,id=agent,fd={theirs.fileno()}',
    '-device', 'virtio-serial',
    '-device', f'{port},name=org.qemu.guest_agent.0',
]

with Launched([*command, *channel], [theirs.fileno()]) as machine:
    # If QEMU ends, so does the channel.
    theirs.close()
    # What is sent before the guest has booted waits in the channel.
    with ours, Qmp.GuestAgent.open_address(ours, open_timeout=300) as guest:
        guest.write_file('/tmp/job', pathlib.Path(script).read_bytes())
        result = guest.exec(['/bin/sh', '/tmp/job'], timeout=600)
    # The guest has half a minute, then QEMU has ten seconds.
    reason = machine.shut_down(ask=30, quit=10)

sys.stdout.buffer.write(result.output)
sys.stderr.buffer.write(result.error_output)
print('ended:', reason, flush=True)
sys.exit(result.exit_status if result.signal == 0 else 1)
