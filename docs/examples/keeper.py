#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keeps machines open that somebody else has started, or will start.

usage: keeper.py FOLDER NAME...

The monitor of each is FOLDER/NAME; FOLDER/NAME.pid has the number of its
process, if that is known. They run on when this ends.
"""

import os
import pathlib
import signal
import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import GLib, Qmp

folder = pathlib.Path(sys.argv[1])


def say(name, text):
    print(f'{name}: {text}', flush=True)


def find_process(name):
    """A descriptor of the process, if the number is still QEMU's."""
    try:
        number = int((folder / f'{name}.pid').read_text())
        descriptor = os.pidfd_open(number)
        if 'qemu' in pathlib.Path(f'/proc/{number}/comm').read_text():
            return descriptor
        os.close(descriptor)
    except (OSError, ValueError):
        pass
    return None


def connected(vm, _property, name):
    if not vm.get_connected():
        say(name, 'no link')
        return
    descriptor = find_process(name)
    if descriptor is not None:
        vm.set_process(descriptor)
        os.close(descriptor)
    process = 'known' if vm.get_alive() else 'not known'
    say(name, f'{vm.get_status_name()}, process {process}')


def ended(_vm, outcome, name):
    say(name, f'ended, {outcome.text}')


def keep(name):
    vm = Qmp.Machine()
    vm.connect('notify::connected', connected, name)
    vm.connect('ended', ended, name)
    vm.keep_open(str(folder / name))
    return vm


machines = [keep(name) for name in sys.argv[2:]]
loop = GLib.MainLoop()
GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGTERM, loop.quit)
loop.run()
