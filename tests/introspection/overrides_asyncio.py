#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Python overrides in a program that runs asyncio and no GLib main loop.

usage: overrides_asyncio.py SOCKET
"""

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
import time
import unittest
import unittest.mock

import gi

gi.require_version('Qmp', '1.0')
from gi.overrides import _qmp_asyncio
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


    async def test_results_of_other_threads(self):
        """They come while asyncio sleeps, and nothing of the client's is under way."""
        file = Gio.File.new_for_path(__file__)
        heard = asyncio.get_running_loop().create_future()
        await asyncio.sleep(0)
        file.load_contents_async(None, lambda file, result: heard.set_result(file.load_contents_finish(result)))
        self.assertIn(b'usage', (await asyncio.wait_for(heard, 20))[1])

    async def test_gio(self):
        process = Gio.Subprocess.new(['cat', '/dev/null'], Gio.SubprocessFlags.NONE)
        self.assertTrue(await asyncio.wait_for(Qmp.gio(process, 'wait_check_async'), 20))
        call = Qmp.gio(Gio.File.new_for_path(__file__), 'load_contents_async')
        self.assertIn(b'usage', (await asyncio.wait_for(call, 20))[1])

    async def test_helpers(self):
        values = await Qmp.gather(self.vm.execute_async('query-name'), asyncio.sleep(0.01, 5), Qmp.sleep(0.01))
        self.assertEqual(values, [{}, 5, None])
        self.assertEqual(await Qmp.wait_for(asyncio.sleep(0.01, 5), 20), 5)
        with self.assertRaises(Qmp.TimeoutError):
            await Qmp.wait_for(self.vm.listener().next_async(), 0.01)
        with self.assertRaises(Qmp.TimeoutError):
            await Qmp.wait_for(asyncio.sleep(1000), 0.01)


class WithPeer(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.peer = Peer(silent=None, refuse=b'{"error":{"class":"GenericError","desc":"no"},"id":$ID}')
        self.vm = await Qmp.Client.open_address_async(self.peer.address)

    async def asyncTearDown(self):
        await self.vm.close_async()
        self.peer.close()

    async def assert_alive(self):
        self.assertEqual(await asyncio.wait_for(self.vm.execute_async('echo', n=2**100), 20), {'n': 2**100})

    async def wait_for(self, name):
        await asyncio.get_running_loop().run_in_executor(None, self.peer.wait_for, name)

    async def assert_pending(self, number):
        for _round in range(100):
            if self.vm.get_n_pending() == number:
                return
            await self.assert_alive()
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

    # --- a call is a coroutine, which has begun, and can be asked as a future ---

    def echo(self, number):
        return self.vm.execute_async('echo', n=number)

    async def test_as_a_coroutine(self):
        self.assertTrue(asyncio.iscoroutine(self.echo(0)))
        self.assertEqual(await asyncio.create_task(self.echo(1)), {'n': 1})
        self.assertEqual(await asyncio.ensure_future(self.echo(2)), {'n': 2})
        self.assertEqual(await asyncio.shield(self.echo(3)), {'n': 3})
        self.assertEqual(await asyncio.wait_for(self.echo(4), 20), {'n': 4})
        self.assertEqual(await asyncio.gather(self.echo(5), self.echo(6)), [{'n': 5}, {'n': 6}])
        self.assertEqual([await call for call in asyncio.as_completed([self.echo(7)])], [{'n': 7}])
        tasks = {asyncio.create_task(self.echo(number)) for number in range(3)}
        self.assertEqual(await asyncio.wait(tasks), (tasks, set()))
        loop = asyncio.get_running_loop()
        self.assertEqual(await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self.echo(8), loop)), {'n': 8})
        async with asyncio.timeout(20):
            self.assertEqual(await self.echo(9), {'n': 9})

    async def test_as_a_future(self):
        called = []
        call = self.echo(1)
        call.add_done_callback(called.append)
        call.add_done_callback(called.extend)
        self.assertEqual((call.done(), call.remove_done_callback(called.extend)), (False, 1))
        self.assertRaises(asyncio.InvalidStateError, call.result)
        self.assertEqual((await call, await call, await asyncio.create_task(call)), ({'n': 1},) * 3)
        await asyncio.sleep(0)
        self.assertEqual(called, [call])
        self.assertEqual((call.done(), call.cancelled(), call.result(), call.exception()), (True, False, {'n': 1}, None))
        self.assertFalse(call.cancel())

    async def test_two_tasks_of_one_call(self):
        call = self.echo(1)
        tasks = [asyncio.create_task(call), asyncio.create_task(call)]
        self.assertEqual(await asyncio.gather(*tasks), [{'n': 1}] * 2)

    async def test_tasks_that_are_cancelled_at_once(self):
        for make in (asyncio.create_task, asyncio.ensure_future):
            task = make(self.vm.execute_async('silent'))
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
        self.vm.execute_async('silent').close()
        await self.assert_pending(0)
        await self.assert_alive()

    async def test_group(self):
        """A command that fails ends the other fifty."""
        with self.assertRaises(ExceptionGroup) as caught:
            async with asyncio.TaskGroup() as group:
                for _number in range(50):
                    group.create_task(self.vm.execute_async('silent'))
                group.create_task(self.vm.execute_async('refuse'))
        self.assertEqual([error.desc for error in caught.exception.exceptions], ['no'])
        await self.assert_pending(0)
        await self.assert_alive()

    @unittest.skipUnless(hasattr(asyncio, 'eager_task_factory'), 'this Python has no eager tasks')
    async def test_eager_tasks(self):
        loop = asyncio.get_running_loop()
        loop.set_task_factory(asyncio.eager_task_factory)
        self.addCleanup(loop.set_task_factory, None)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self.echo(number)) for number in range(50)]
        self.assertEqual([task.result()['n'] for task in tasks], list(range(50)))
        task = asyncio.create_task(self.vm.execute_async('silent'))
        await self.wait_for('silent')
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        await self.assert_pending(0)

    async def test_nothing_is_sent_by_what_raises(self):
        before = list(self.peer.received)
        for make in (lambda: self.vm.execute_async('never', None, 'x'), lambda: self.vm.execute_async('never', 5),
                     lambda: self.vm.execute_async('never', None, None, 5), lambda: self.vm.exchange_async(5),
                     lambda: self.vm.execute_async('never', a={1})):
            self.assertRaises(TypeError, make)
        await self.assert_alive()
        self.assertEqual(self.peer.received[len(before):], ['echo'])

    async def test_unretrieved(self):
        """The loop's handler is told of an error that nobody has asked for, and not of one that somebody knows."""
        told = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: told.append((context['message'], context['exception'])))

        async def fail():
            await self.vm.execute_async('refuse')

        self.vm.execute_async('refuse')
        await self.assert_alive()
        [(message, error)] = told
        self.assertIn('exception was never retrieved', message)
        self.assertEqual(error.desc, 'no')
        Qmp.spawn(fail())
        await self.assert_alive()
        gc.collect()
        self.assertEqual([error.desc for _message, error in told], ['no', 'no'])

        cancellable = Gio.Cancellable()
        call = self.vm.execute_async('silent', None, cancellable)
        cancellable.cancel()
        self.vm.execute_async('silent').cancel()
        await self.assert_pending(0)
        self.assertTrue(call.done())
        del call
        gc.collect()
        self.assertEqual(len(told), 2)

    async def test_cancellable(self):
        cancellable = Gio.Cancellable()
        call = self.vm.execute_async('silent', None, cancellable)
        await self.wait_for('silent')
        cancellable.cancel()
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
        await asyncio.sleep(0)
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
        """While a command waits for its reply, the loop's turns are no work for the library."""
        call = self.vm.execute_async('silent')
        await self.wait_for('silent')
        driver = _qmp_asyncio.Driver
        with unittest.mock.patch.object(driver, '_query', autospec=True, side_effect=driver._query) as queries:
            for _turn in range(1000):
                await asyncio.sleep(0)
        self.assertLess(queries.call_count, 100)
        call.cancel()

    async def test_other_work_goes_on(self):
        """Timers and other threads' results come while a command waits for its reply."""
        loop = asyncio.get_running_loop()
        call = asyncio.ensure_future(self.vm.execute_async('silent'))
        await self.wait_for('silent')
        timer = loop.create_future()
        loop.call_later(0.001, timer.set_result, 'over')
        self.assertEqual((await asyncio.wait_for(timer, 20), call.done()), ('over', False))
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

    def test_as_the_program(self):
        peer = Peer()
        self.addCleanup(peer.close)
        with Qmp.Client.open_address(peer.address) as vm:
            self.assertEqual(asyncio.run(vm.execute_async('echo', n=1)), {'n': 1})

    def test_context_is_given_back(self):
        """When the loop has ended, another thread may run the main context."""
        peer = Peer()
        self.addCleanup(peer.close)

        async def main():
            async with await Qmp.Client.open_address_async(peer.address) as vm:
                await vm.execute_async('echo', n=1)

        context = GLib.MainContext.default()
        owners = []

        def own():
            owners.append(context.acquire())
            if owners[-1]:
                context.release()

        asyncio.run(main())
        thread = threading.Thread(target=own)
        thread.start()
        thread.join()
        self.assertEqual(owners, [True])

    def test_interrupt(self):
        """The key ends the program, with what is under way."""
        program = 'import asyncio, sys, gi; gi.require_version("Qmp", "1.0"); from gi.repository import Qmp\n' \
                  'async def main():\n' \
                  '    async with await Qmp.Client.open_address_async(sys.argv[1]) as vm, asyncio.TaskGroup() as group:\n' \
                  '        for _ in range(50): group.create_task(vm.execute_async("silent"))\n' \
                  'asyncio.run(main())'
        peer = Peer(silent=None)
        self.addCleanup(peer.close)
        with subprocess.Popen([sys.executable, '-X', 'dev', '-W', 'error::ResourceWarning', '-c', program, peer.address],
                              stderr=subprocess.PIPE, text=True) as child:
            peer.wait_for('silent')
            child.send_signal(signal.SIGINT)
            _output, errors = child.communicate(timeout=30)
        self.assertIn('KeyboardInterrupt', errors)
        self.assertNotIn('never', errors)
        self.assertIn(child.returncode, (1, -signal.SIGINT))

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
