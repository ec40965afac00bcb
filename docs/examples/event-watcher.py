#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints the events of a QMP server until it ends.

usage: event-watcher.py ADDRESS [EVENT...]
"""

import json
import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp

# Listen before opening: then no event is missed.
with (Qmp.Client('event-watcher') as vm,
      vm.listener(*sys.argv[2:]) as events):
    vm.open(sys.argv[1])
    print('watching', flush=True)
    for event in events:
        print(event.name, json.dumps(event.data))
print('ended')
