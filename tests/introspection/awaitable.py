#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each asynchronous function can be awaited, and each blocking form be interrupted.

usage: functions.py GIR python3 awaitable.py
"""

import asyncio
import json
import sys
import unittest
import unittest.mock

import gi

gi.require_version('Qmp', '1.0')
from gi.overrides import _qmp_waiting
from gi.repository import Gio, GLib, GObject, Qmp

FUNCTIONS = json.loads(sys.argv.pop())
MAKE = {
    'Client': lambda: Qmp.Client.new(None),
    'EventListener': lambda: Qmp.EventListener.new(None),
    'EventMatch': lambda: Qmp.EventMatch.new(None),
    'Gio.IOStream': lambda: Gio.SimpleIOStream.new(Gio.MemoryInputStream.new(), Gio.MemoryOutputStream.new_resizable()),
    'Gio.SocketConnectable': lambda: Gio.UnixSocketAddress.new('/nonexistent/socket'),
    'GLib.Bytes': lambda: b'',
    'GuestAgent': lambda: Qmp.GuestAgent.new(Qmp.Client.new(None)),
    'GuestExecFlags': lambda: Qmp.GuestExecFlags.DEFAULT,
    'GuestShutdownMode': lambda: Qmp.GuestShutdownMode.HALT,
    'GuestSuspendMode': lambda: Qmp.GuestSuspendMode.RAM,
    'GuestWriteFlags': lambda: Qmp.GuestWriteFlags.REPLACE,
    'Finder': lambda: Qmp.Finder(),
    'Job': lambda: GObject.new(Qmp.Job),
    'Json.Node': lambda: None,
    'Launcher': lambda: Qmp.Launcher.new(['/nonexistent/qemu']),
    'Machine': lambda: Qmp.Machine.new(None),
    'MachineList': lambda: Qmp.MachineList(),
    'Migration': lambda: GObject.new(Qmp.Migration),
    'Message': lambda: Qmp.Message.new_command('query-status'),
    'gboolean': lambda: False,
    'ShutDownFlags': lambda: Qmp.ShutDownFlags.NONE,
    'gint': lambda: 0,
    'guint': lambda: 0,
    'gint64': lambda: 0,
    'utf8': lambda: 'query-status',
    'utf8[]': lambda: ['query-status'],
}


async def finish(awaitable):
    """Most fail, since nothing is open."""
    try:
        await awaitable
    except GLib.Error:
        pass


class Awaitable(unittest.TestCase):
    def for_each(self, suffix, check):
        for function in FUNCTIONS:
            with self.subTest(function=f"{function['type']}.{function['name']}{suffix}"):
                owner = MAKE[function['type']]() if function['isMethod'] else getattr(Qmp, function['type'])
                arguments = [MAKE[name]() for name in function['takes']]
                check(lambda: getattr(owner, function['name'] + suffix)(*arguments))

    def test_in_a_main_loop(self):
        def check(call):
            started = call()
            self.assertIsInstance(started, Qmp.Call)
            Qmp.run(finish(started))

        self.for_each('_async', check)

    def test_in_asyncio(self):
        async def begin(call):
            started = call()
            self.assertIsInstance(started, Qmp.Call)
            self.assertTrue(asyncio.iscoroutine(started))
            await asyncio.wait_for(finish(started), 30)

        self.for_each('_async', lambda call: asyncio.run(begin(call)))

    def test_blocking(self):
        """What goes through block() can be interrupted, as overrides_waiting.py shows."""
        def check(call):
            with unittest.mock.patch.object(_qmp_waiting, 'block', side_effect=_qmp_waiting.block) as block:
                try:
                    call()
                except GLib.Error:
                    pass
            block.assert_called_once()

        self.for_each('', check)


if __name__ == '__main__':
    unittest.main(verbosity=2)
