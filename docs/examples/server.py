#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plays a machine that can be paused: a server of QMP, without a QEMU.

usage: server.py ADDRESS
"""

import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import GLib, Qmp

loop = GLib.MainLoop()
status = 'running'


def query_status(server, invocation):
    return invocation.return_value({'status': status,
                                    'running': status == 'running'})


def stop(server, invocation):
    global status
    status = 'paused'
    server.emit_event('STOP')
    return invocation.return_value()


def cont(server, invocation):
    global status
    status = 'running'
    server.emit_event('RESUME')
    return invocation.return_value()


def device_del(server, invocation):
    device = invocation.arguments.get('id')
    return invocation.return_error('DeviceNotFound', f"Device '{device}' not found")


def quit(server, invocation):
    invocation.return_value()
    loop.quit()
    return True


server = Qmp.Server(name='example')
server.connect('command::query-status', query_status)
server.connect('command::stop', stop)
server.connect('command::cont', cont)
server.connect('command::device_del', device_del)
server.connect('command::quit', quit)
server.listen(sys.argv[1])
print('listening', flush=True)
loop.run()
server.close()
