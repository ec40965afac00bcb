#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a script in a guest that is booted for it, prints what it prints, and turns the guest off.

usage: ci-run.py SCRIPT QEMU [ARGUMENT...]

The guest starts qemu-guest-agent when it boots.
"""

import pathlib
import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp

script, *command = sys.argv[1:]
launcher = Qmp.Launcher()
channel = launcher.add_agent_channel()
# The device that stands on the channel is the program's to say.
port = f'virtserialport,chardev={channel},id=agent'
launcher.set_argv([
    *command,
    '-device', 'virtio-serial',
    '-device', f'{port},name=org.qemu.guest_agent.0',
])

vm = Qmp.Machine()
with vm.launch(launcher):
    # The guest boots meanwhile.
    with vm.open_agent(timeout=300) as guest:
        guest.write_file('/tmp/job', pathlib.Path(script).read_bytes())
        result = guest.exec(['/bin/sh', '/tmp/job'], timeout=600)
    # The guest has half a minute, then QEMU has ten seconds.
    outcome = vm.shut_down(ask=30, quit=10)

sys.stdout.buffer.write(result.output)
sys.stderr.buffer.write(result.error_output)
print('ended:', outcome.text, flush=True)
sys.exit(result.exit_status if result.signal == 0 else 1)
