#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Launches a machine, pauses and resumes it, and shuts it down.

usage: machine.py QEMU [ARGUMENT...]
"""

import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp

vm = Qmp.Machine()
try:
    with vm.launch(sys.argv[1:]):
        print('launched:', vm.get_status_name())
        vm.pause()
        print('now:', vm.get_status_name())
        vm.resume()
        # The guest has a second, then QEMU has ten.
        outcome = vm.shut_down(ask=1, quit=10)
        print('ended:', outcome.text)
except Qmp.LaunchError as error:
    sys.exit(str(error))
