#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Python overrides in a program that runs asyncio and no GLib main loop.

usage: overrides_asyncio.py SOCKET
"""

import asyncio
import gc
import os
import sys
import threading
import time
import unittest

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Gio, GLib, Qmp

from peer import Peer

ADDRESS = sys.argv.pop()


class WithQemu(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.vm = await Qmp.Client.open_address_async(ADDRESS)

    async def asyncTearDown(self):
        await self.vm.close_async()

    async def test_commands(self):
        status = await self.vm.execute_async('query-status')
        self.assertEqual(status['status'], 'running')
        self.assertEqual((await self.vm.execute_async('qom-get', path='/machine', property='type')), 'none-machine')
        self.assertEqual((await self.vm.execute_message_async({'execute': 'query-name'})), {})
        self.assertEqual((await self.vm.exchange_async({'execute': 'query-name', 'id': 5}))['id'], 5)

    async def test_errors(self):
        with self.assertRaises(Qmp.ExecuteError) as caught:
            await self.vm.execute_async('device_del', id='nope')
        self.assertEqual(caught.exception.error_class, 'DeviceNotFound')
        self.assertEqual(caught.exception.sent['execute'], 'device_del')
        with self.assertRaises(GLib.Error):
            await Qmp.Client.open_address_async('/nonexistent/socket')

    async def test_gather(self):
        order = []

        async def one(number):
            await self.vm.execute_async('query-name')
            order.append(number)
            return number

        self.assertEqual(await asyncio.gather(*map(one, range(100))), list(range(100)))
        self.assertEqual(order, list(range(100)))

    async def test_events(self):
        async with self.vm.listener('STOP', 'RESUME') as events:
            await self.vm.execute_async('stop')
            self.assertEqual((await events.next_async(timeout=20)).name, 'STOP')
            asyncio.get_running_loop().call_later(0.05, lambda: asyncio.ensure_future(self.vm.execute_async('cont')))
            async for event in events:
                self.assertEqual(event.name, 'RESUME')
                break

    async def test_signals(self):
        """Nothing is awaited of the client's while the event comes."""
        heard = asyncio.get_running_loop().create_future()
        self.vm.connect('event::STOP', lambda vm, event: heard.set_result(event.name))
        self.vm.execute_async('stop')
        self.assertEqual(await asyncio.wait_for(heard, 20), 'STOP')
        await self.vm.execute_async('cont')

    async def test_blocking_between(self):
        call = self.vm.execute_async('query-status')
        heard = asyncio.get_running_loop().create_future()
        self.vm.connect('event::STOP', lambda vm, event: heard.set_result(event.name))
        self.vm.execute('stop')
        self.assertEqual(await asyncio.wait_for(heard, 20), 'STOP')
        self.assertEqual((await call)['status'], 'running')
        self.vm.execute('cont')

    async def test_schema(self):
        schema, same = await asyncio.gather(Qmp.Schema.fetch_async(self.vm), Qmp.Schema.fetch_async(self.vm))
        self.assertIs(schema, same)
        self.assertTrue(schema.has_path('blockdev-add/arg-type/driver/^null-co'))

    async def test_large_reply(self):
        self.assertGreater(len(await self.vm.execute_async('query-qmp-schema')), 100)


class WithPeer(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.peer = Peer(silent=None)
        self.vm = await Qmp.Client.open_address_async(self.peer.address)

    async def asyncTearDown(self):
        await self.vm.close_async()
        self.peer.close()

    async def assert_alive(self):
        self.assertEqual(await asyncio.wait_for(self.vm.execute_async('echo', n=2**100), 20), {'n': 2**100})

    async def wait_for(self, name):
        await asyncio.get_running_loop().run_in_executor(None, self.peer.wait_for, name)

    async def assert_pending(self, number):
        for _round in range(1000):
            if self.vm.get_n_pending() == number:
                return
            await asyncio.sleep(0.01)
        self.fail(f'{self.vm.get_n_pending()} calls are pending, not {number}')

    async def test_cancel(self):
        task = asyncio.ensure_future(self.vm.execute_async('silent'))
        await self.wait_for('silent')
        await self.assert_pending(1)
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        await self.assert_pending(0)
        await self.assert_alive()

    async def test_cancel_fetch(self):
        self.peer.answers['query-qmp-schema'] = None
        call = Qmp.Schema.fetch_async(self.vm)
        await self.wait_for('query-qmp-schema')
        await self.assert_pending(1)
        call.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await call
        await self.assert_pending(0)
        await self.assert_alive()

    async def test_cancel_of_a_task(self):
        async def work():
            await self.vm.execute_async('silent')

        task = asyncio.create_task(work())
        await self.wait_for('silent')
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        await self.assert_pending(0)
        await self.assert_alive()

    async def test_wait_for(self):
        with self.assertRaises(asyncio.TimeoutError):
            await asyncio.wait_for(self.vm.execute_async('silent'), 0.1)
        await self.assert_pending(0)
        with self.assertRaises(asyncio.TimeoutError):
            await asyncio.wait_for(self.vm.listener().next_async(), 0.1)
        await self.assert_alive()

    async def test_cancellable(self):
        cancellable = Gio.Cancellable()
        call = self.vm.execute_async('silent', None, cancellable)
        asyncio.get_running_loop().call_later(0.05, cancellable.cancel)
        with self.assertRaises(GLib.Error) as caught:
            await asyncio.wait_for(call, 20)
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED))

    async def test_timeout_of_the_library(self):
        """GLib's own timers run too."""
        message = Qmp.Message.new_command('silent', timeout=0.1)
        start = time.monotonic()
        with self.assertRaises(GLib.Error) as caught:
            await asyncio.wait_for(self.vm.execute_message_async(message), 20)
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT))
        self.assertGreater(time.monotonic() - start, 0.09)

    async def test_end_of_the_link(self):
        async def listen():
            return [event.name async for event in self.vm.listener()]

        listening = asyncio.create_task(listen())
        await self.vm.execute_async('query-status')
        self.peer.send(b'{"event":"LAST","timestamp":{"seconds":1,"microseconds":0}}')
        with self.assertRaises(GLib.Error) as caught:
            await asyncio.wait_for(self.vm.execute_async('hang-up'), 20)
        self.assertTrue(caught.exception.matches(Qmp.ClientError.quark(), Qmp.ClientError.INTERRUPTED))
        self.assertEqual(await asyncio.wait_for(listening, 20), ['LAST'])

    async def test_accept(self):
        path = self.peer.address + '-listening'
        await self.vm.close_async()
        self.vm.listen(path)
        accepting = asyncio.ensure_future(self.vm.accept_async())
        await asyncio.sleep(0.05)
        self.peer.connect(path)
        await asyncio.wait_for(accepting, 20)
        await self.assert_alive()

    async def test_open_again(self):
        """A descriptor's number is used again."""
        for _round in range(20):
            await self.vm.close_async()
            await asyncio.wait_for(self.vm.open_async(self.peer.address), 20)
            await self.assert_alive()

    async def test_large_command(self):
        """The socket is full: the writing waits, too."""
        text = 'x' * 3000000
        echoed = await asyncio.wait_for(self.vm.execute_async('echo', text=text), 30)
        self.assertEqual(len(echoed['text']), len(text))

    async def test_idle_costs_nothing(self):
        call = self.vm.execute_async('silent')
        await asyncio.sleep(0.1)
        before = time.process_time()
        await asyncio.sleep(1)
        self.assertLess(time.process_time() - before, 0.3)
        call.cancel()

    async def test_other_work_goes_on(self):
        ticks = 0
        call = asyncio.ensure_future(self.vm.execute_async('silent'))
        for _tick in range(20):
            await asyncio.sleep(0.01)
            ticks += 1
        self.assertEqual((ticks, call.done()), (20, False))
        call.cancel()


class Loops(unittest.TestCase):
    def test_one_loop_after_another(self):
        """The client outlives the loop."""
        peer = Peer(silent=None)
        self.addCleanup(peer.close)
        vm = Qmp.Client.open_address(peer.address)

        async def main(number):
            pending = vm.execute_async('silent')
            self.assertEqual(await asyncio.wait_for(vm.execute_async('echo', n=number), 20), {'n': number})
            return pending

        for number in range(10):
            self.assertTrue(asyncio.run(main(number)).cancelled)
        fds = len(os.listdir('/proc/self/fd'))
        for number in range(10):
            asyncio.run(main(number))
            gc.collect()
        self.assertLessEqual(len(os.listdir('/proc/self/fd')), fds + 2)
        vm.close()

    def test_begun_before_the_loop(self):
        peer = Peer()
        self.addCleanup(peer.close)
        vm = Qmp.Client.open_address(peer.address)
        call = vm.execute_async('echo', n=1)
        self.assertIsInstance(call, Qmp.Call)

        async def main():
            return await call

        self.assertEqual(asyncio.run(main()), {'n': 1})
        vm.close()

    def test_in_a_thread(self):
        peer = Peer()
        self.addCleanup(peer.close)
        results = []

        async def main():
            async with await Qmp.Client.open_address_async(peer.address) as vm:
                results.append(await vm.execute_async('echo', n=1))

        def work():
            context = GLib.MainContext.new()
            context.push_thread_default()
            asyncio.run(main())
            context.pop_thread_default()

        thread = threading.Thread(target=work)
        thread.start()
        thread.join(30)
        self.assertEqual(results, [{'n': 1}])

    def test_context_of_another_thread(self):
        """It is said, where it would hang."""
        loop = GLib.MainLoop()
        running = threading.Event()
        GLib.idle_add(running.set)
        thread = threading.Thread(target=loop.run)
        thread.start()
        running.wait(30)

        async def main():
            with self.assertRaisesRegex(RuntimeError, 'another thread'):
                Qmp.Client.new(None).close_async()

        asyncio.run(main())
        loop.quit()
        thread.join(30)


if __name__ == '__main__':
    unittest.main(verbosity=2)
