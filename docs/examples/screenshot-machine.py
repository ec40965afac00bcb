#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Takes a picture of a machine's screen, which never is in a file.

usage: screenshot-machine.py ADDRESS >PICTURE
"""

import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp

vm = Qmp.Machine()
with vm.open(sys.argv[1]):
    sys.stdout.buffer.write(vm.screendump())
