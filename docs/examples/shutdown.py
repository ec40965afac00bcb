#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shuts a machine down: asks the guest, and ends QEMU if it does not.

usage: shutdown.py ADDRESS [SECONDS]
"""

import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp

seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 60

with Qmp.Machine().open(sys.argv[1]) as vm:
    # The guest is asked as by the power button, then QEMU is told.
    outcome = vm.shut_down(ask=seconds, quit=10)
    print('ended:', outcome.text)
