#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a program in a guest, and prints what it prints.

usage: agent-exec.py ADDRESS PROGRAM [ARGUMENT...]
"""

import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp

address, *command = sys.argv[1:]
# A guest that is down does not answer, and nobody waits for ever.
with Qmp.GuestAgent.open_address(address, timeout=5) as guest:
    result = guest.exec(command, timeout=60)
sys.stdout.buffer.write(result.output)
sys.stderr.buffer.write(result.error_output)
sys.exit(result.exit_status if result.signal == 0 else 128 + result.signal)
