#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Follows many machines, and shuts all of them down when it is told to end.

usage: machine-list.py ADDRESS|NAME...
"""

import signal
import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import GLib, Qmp


def say(entry, text):
    print(f'{entry.title}: {text}', flush=True)


def changed(machines, position, _removed, added):
    for entry in machines[position:position + added]:
        entry.connect('notify::error', failed)
        entry.machine.connect('notify::status-name', stands, entry)


def stands(vm, _property, entry):
    if vm.get_status_name() is not None:
        say(entry, vm.get_status_name())


def failed(entry, _property):
    if entry.error is not None:
        say(entry, entry.error.message)


def end():
    # The guests have a minute, then the QEMUs have ten seconds.
    for result in machines.shut_down_all(ask=60, quit=10):
        error = result.error
        say(result.entry, error.message if error else result.outcome.text)
    loop.quit()


machines = Qmp.MachineList()
machines.connect('items-changed', changed)
for text in sys.argv[1:]:
    machines.add(text)

loop = GLib.MainLoop()
GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGTERM, end)
loop.run()
