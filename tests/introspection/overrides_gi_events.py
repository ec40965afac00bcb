#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Python overrides in an asyncio program whose loop is PyGObject's own, which has one since version 3.50.

usage: overrides_gi_events.py SOCKET
"""

import asyncio
import os
import sys
import threading
import unittest

import gi

gi.require_version('Qmp', '1.0')
from gi.events import GLibEventLoop, GLibEventLoopPolicy
from gi.repository import Gio, GLib, Qmp

import overrides_asyncio
from beside_glib import BesideGLib, OnGLib
from peer import Peer

POLICY = GLibEventLoopPolicy()
OnGLib.loop_class = GLibEventLoop
OnGLib.loop_factory = staticmethod(POLICY.get_event_loop)


class WithQemu(OnGLib, overrides_asyncio.WithQemu):
    pass


class WithPeer(OnGLib, overrides_asyncio.WithPeer):
    pass


class Beside(BesideGLib, unittest.IsolatedAsyncioTestCase):
    pass


class Programs(unittest.TestCase):
    def setUp(self):
        self.peer = Peer(silent=None)
        self.addCleanup(self.peer.close)
        asyncio.set_event_loop_policy(POLICY)
        self.addCleanup(asyncio.set_event_loop_policy, None)

    async def echo(self, number):
        async with await Qmp.Client.open_address_async(self.peer.address) as vm:
            return await vm.execute_async('echo', n=number)

    def test_main_loop(self):
        """A program that runs a GLib main loop, as those with GTK do, and has asyncio tasks in it."""
        loop = GLib.MainLoop()
        task = POLICY.get_event_loop().create_task(self.echo(1))
        task.add_done_callback(lambda _task: loop.quit())
        loop.run()
        self.assertEqual(task.result(), {'n': 1})

    def test_tasks_of_qmp(self):
        """Qmp.run() and Qmp.spawn() are for programs without asyncio; where its loop runs as well, they go on working."""
        async def main():
            vm = await Qmp.Client.open_address_async(self.peer.address)
            await asyncio.get_running_loop().create_task(asyncio.sleep(0.01))
            value = await Qmp.gather(vm.execute_async('echo', n=1), Qmp.spawn(vm.execute_async('echo', n=2)))
            await vm.close_async()
            return value

        self.assertEqual(Qmp.run(main()), [{'n': 1}, {'n': 2}])

    def test_beside_gio(self):
        """PyGObject's own awaitables and these."""
        async def get_size():
            file = Gio.File.new_for_path(os.path.abspath(__file__))
            return (await file.query_info_async('standard::size', 0, 0)).get_size()

        async def main():
            return await asyncio.gather(self.echo(1), get_size(), self.echo(2))

        results = POLICY.get_event_loop().run_until_complete(main())
        self.assertEqual(results, [{'n': 1}, os.path.getsize(__file__), {'n': 2}])

    def test_in_a_thread(self):
        results = []

        def work():
            loop = POLICY.new_event_loop()
            asyncio.set_event_loop(loop)
            results.append(loop.run_until_complete(self.echo(1)))
            asyncio.set_event_loop(None)
            loop.close()

        thread = threading.Thread(target=work)
        thread.start()
        thread.join(30)
        self.assertEqual(results, [{'n': 1}])

    def test_loop_of_another_context(self):
        """One that does not iterate the context that clients have here."""
        loop = POLICY.new_event_loop()
        self.addCleanup(loop.close)
        self.assertEqual(loop.run_until_complete(asyncio.wait_for(self.echo(1), 20)), {'n': 1})


if __name__ == '__main__':
    unittest.main(verbosity=2)
