#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a command on this machine, such as one that takes a snapshot, while a guest's file systems are frozen.

usage: agent-freeze.py ADDRESS COMMAND [ARGUMENT...]
"""

import subprocess
import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp

address, *command = sys.argv[1:]
with Qmp.GuestAgent.open_address(address, timeout=60) as guest:
    # A guest that hangs for longer than this would be noticed.
    with guest.freezing(lease=10) as n_frozen:
        print(n_frozen, 'file systems are frozen', flush=True)
        subprocess.run(command, check=True)
print('thawed: what the command has done can be relied on')
