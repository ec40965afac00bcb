#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Python overrides in an asyncio program whose loop is that of gbulb, which runs on GLib.

usage: overrides_gbulb.py SOCKET
"""

import asyncio
import unittest
import warnings

import gi

gi.require_version('Qmp', '1.0')
# What gbulb takes from asyncio is going to go.
warnings.simplefilter('ignore', DeprecationWarning)
import gbulb
from gi.repository import GLib, Qmp

import overrides_asyncio
from beside_glib import BesideGLib, OnGLib
from peer import Peer

OnGLib.loop_class = gbulb.GLibEventLoop


class OnGbulb:
    """Each test has a policy of its own: only the first loop of a policy has the default main context."""

    def run(self, result=None):
        asyncio.set_event_loop_policy(gbulb.GLibEventLoopPolicy())
        try:
            return super().run(result)
        finally:
            asyncio.set_event_loop_policy(None)


class WithQemu(OnGbulb, OnGLib, overrides_asyncio.WithQemu):
    pass


class WithPeer(OnGbulb, OnGLib, overrides_asyncio.WithPeer):
    pass


class Beside(OnGbulb, BesideGLib, unittest.IsolatedAsyncioTestCase):
    pass


class Programs(OnGbulb, unittest.TestCase):
    def test_loop_of_another_context(self):
        """The second loop of a policy has one."""
        peer = Peer()
        self.addCleanup(peer.close)

        async def main():
            async with await Qmp.Client.open_address_async(peer.address) as vm:
                return await vm.execute_async('echo', n=1)

        self.assertEqual([asyncio.run(main()), asyncio.run(main())], [{'n': 1}, {'n': 1}])

    def test_timer(self):
        """A whole program, with a timer of its own."""
        ticks = []
        peer = Peer(silent=None)
        self.addCleanup(peer.close)

        async def main():
            async with await Qmp.Client.open_address_async(peer.address) as vm:
                third = asyncio.get_running_loop().create_future()
                call = vm.execute_async('silent')
                GLib.timeout_add(10, tick, third)
                await asyncio.wait_for(third, 20)
                call.cancel()
                return await vm.execute_async('echo', n=1)

        def tick(third):
            ticks.append(True)
            if len(ticks) == 3:
                third.set_result(None)
            return len(ticks) < 3

        self.assertEqual(asyncio.run(main()), {'n': 1})
        self.assertEqual(len(ticks), 3)


if __name__ == '__main__':
    unittest.main(verbosity=2)
