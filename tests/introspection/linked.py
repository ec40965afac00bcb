# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the Python overrides share: a client with a link to QEMU, or to a server that answers as it is told.

The last argument of the program is the socket of QEMU.
"""

import ctypes
import signal
import sys
import unittest

import gi

gi.require_version('Qmp', '1.0')
from gi.overrides import _qmp_waiting
from gi.repository import Gio, Qmp

from peer import Peer

ADDRESS = sys.argv.pop()

libc = ctypes.CDLL(None)
glib = ctypes.CDLL('libglib-2.0.so.0')
glib.g_idle_source_new.restype = ctypes.c_void_p
glib.g_source_set_callback.argtypes = [ctypes.c_void_p] * 4
glib.g_source_attach.argtypes = [ctypes.c_void_p] * 2
glib.g_source_unref.argtypes = [ctypes.c_void_p]


def is_io_error(error, code):
    return error.matches(Gio.io_error_quark(), code)


class WithQemu(unittest.TestCase):
    def setUp(self):
        self.vm = Qmp.Client.open_address(ADDRESS, 'overrides')

    def tearDown(self):
        self.vm.close()


class WithPeer(unittest.TestCase):
    def setUp(self):
        self.peer = Peer(silent=None)
        self.vm = Qmp.Client.open_address(self.peer.address)

    def tearDown(self):
        self.vm.close()
        self.peer.close()


def signal_inside(number=signal.SIGINT):
    """Has the next blocking call get a signal while it waits: from its own context, and without running Python."""
    source = glib.g_idle_source_new()
    glib.g_source_set_callback(source, ctypes.cast(libc['raise'], ctypes.c_void_p), number, None)
    glib.g_source_attach(source, hash(_qmp_waiting._interrupts._context))  # a boxed value's hash is its address
    glib.g_source_unref(source)
