#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Devices, pictures and displays in Python: of a QEMU that is launched.

usage: devices.py
"""

import os
import unittest

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Gio, GLib, Qmp

QEMU = ['qemu-system-x86_64', '-machine', 'pc,accel=tcg', '-m', '16', '-nodefaults', '-name', 'shown',
        '-display', 'dbus,p2p=yes', '-device', 'VGA,id=screen', '-device', 'qemu-xhci', '-device', 'usb-tablet,id=tablet',
        '-device', 'virtio-balloon-pci,id=deaf']
# What it says of a display that hangs up would end it.
ENVIRONMENT = [f'{name}={value}' for name, value in os.environ.items() if name != 'G_DEBUG']


def get_properties(display):
    reply = display.call_sync(None, '/org/qemu/Display1/VM', 'org.freedesktop.DBus.Properties', 'GetAll',
                              GLib.Variant('(s)', ['org.qemu.Display1.VM']), None, Gio.DBusCallFlags.NONE, -1, None)
    return reply.unpack()[0]


class Blocking(unittest.TestCase):
    def setUp(self):
        self.vm = Qmp.Machine()
        self.vm.launch(Qmp.Launcher(QEMU, environment=ENVIRONMENT))
        self.addCleanup(self.vm.__exit__)

    def test_unplug(self):
        self.assertTrue(self.vm.unplug('tablet'))
        with self.assertRaises(Qmp.ExecuteError) as raised:
            self.vm.unplug('tablet', timeout=None)
        self.assertEqual(raised.exception.error_class, 'DeviceNotFound')
        with self.assertRaises(Qmp.NoAnswerError):
            self.vm.unplug('deaf', timeout=0.001)
        with self.assertRaises(TypeError):
            self.vm.unplug('deaf', timeout='soon')

    def test_screendump(self):
        picture = self.vm.screendump()
        self.assertIsInstance(picture, bytes)
        self.assertTrue(picture.startswith(b'\x89PNG'))
        self.assertTrue(self.vm.screendump('screen', 0).startswith(b'\x89PNG'))
        with self.assertRaises(Qmp.ExecuteError):
            self.vm.screendump(device='nothing')
        with self.assertRaises(Qmp.ExecuteError):
            self.vm.screendump(head=1)

    def test_display(self):
        display = self.vm.open_display()
        self.assertIsInstance(display, Gio.DBusConnection)
        self.assertEqual(get_properties(display)['Name'], 'shown')
        display.close_sync(None)


class Asyncio(unittest.IsolatedAsyncioTestCase):
    async def test_await(self):
        async with await Qmp.Machine().launch_async(Qmp.Launcher(QEMU, environment=ENVIRONMENT)) as vm:
            self.assertTrue(await vm.unplug_async('tablet', timeout=None))
            with self.assertRaises(Qmp.NoAnswerError):
                await vm.unplug_async('deaf', 0)
            self.assertTrue((await vm.screendump_async()).startswith(b'\x89PNG'))
            display = await vm.open_display_async()
            self.assertEqual(get_properties(display)['Name'], 'shown')
            display.close_sync(None)
            waiting = vm.unplug_async('deaf', None)
            await vm.kill_async()
            with self.assertRaises(Qmp.LostError):
                await waiting


if __name__ == '__main__':
    unittest.main()
