#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shares the monitor of a QEMU, which nobody but this program may end, and ends it when the machine is paused.

usage: share.py ADDRESS LISTEN
"""

import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import GLib, Qmp

loop = GLib.MainLoop()
vm = Qmp.Client()
vm.open(sys.argv[1])


def allow(multiplexer, invocation):
    return invocation.props.command != 'quit'


def paused(client, event):
    if event.get_name() == 'STOP':
        client.execute_async('quit', None, None, None)


multiplexer = Qmp.Multiplexer(client=vm)
multiplexer.set_allow_func(allow)
multiplexer.props.server.listen(sys.argv[2])
vm.connect('event', paused)
vm.connect('closed', lambda client, error: loop.quit())
print('listening', flush=True)
loop.run()
