#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Asks a machine how it is.

usage: first.py ADDRESS
"""

import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp

with Qmp.Client.open_address(sys.argv[1]) as vm:
    print(vm.execute('query-status')['status'])
