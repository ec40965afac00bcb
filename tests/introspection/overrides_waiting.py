#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Python overrides: what waits, in blocking calls and in a GLib main loop, and how it ends.

usage: overrides_waiting.py SOCKET
"""

import asyncio
import contextlib
import gc
import io
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Gio, GLib, Qmp

from linked import ADDRESS, WithPeer, WithQemu, is_io_error, signal_inside
from peer import Peer

EVENT = b'{"event": "E", "timestamp": {"seconds": 1, "microseconds": 2}}'


class Dropped(unittest.TestCase):
    """Another thread has the last that there is of a client, which comes to its end in its own."""

    def setUp(self):
        self.ended_in = []
        self.n_events = 0

    def open(self, with_attribute=False):
        """Returns a client in a cycle, and the other end of its link, from which events have come."""
        ours, theirs = socket.socketpair()
        stream = Gio.Socket.new_from_fd(ours.detach()).connection_factory_create_connection()
        vm = Qmp.Client()
        vm.set_await_greeting(False)
        vm.set_negotiate(False)
        vm.open_stream(stream)
        vm.weak_ref(lambda: self.ended_in.append(threading.get_ident()))
        if with_attribute:
            vm.itself = vm  # PyGObject holds it in another way then
        vm.connect('event', self.count, vm)
        theirs.sendall(EVENT * 100)
        return vm, theirs

    def count(self, vm, event, itself):
        self.n_events += 1

    def count_clients(self):
        """Those that a collector has not cleared."""
        return sum(isinstance(known, Qmp.Client) and '(QmpClient at' in repr(known) for known in gc.get_objects())

    def run_until_ended(self, number=1):
        while len(self.ended_in) < number:
            GLib.MainContext.default().iteration(True)
        self.assertEqual(set(self.ended_in), {threading.get_ident()})

    def run_thread(self, function, *arguments):
        thread = threading.Thread(target=function, args=arguments)
        thread.start()
        thread.join()

    def test_reference(self):
        vm, theirs = self.open()
        gc.collect()
        number = self.count_clients()
        box = [vm]
        del vm
        self.run_thread(box.clear)
        self.run_thread(gc.collect)
        self.assertEqual(self.count_clients(), number)  # the collector leaves it alone, and its handlers
        self.assertEqual(self.ended_in, [])
        self.run_until_ended()
        gc.collect()
        self.assertEqual(self.count_clients(), number - 1)
        theirs.settimeout(30)
        with self.assertRaises(ConnectionResetError):  # it has left events unread
            theirs.recv(1)
        theirs.close()

    def test_collected(self):
        """At any moment, while events are on their way to handlers."""
        number = 500
        stop = threading.Event()

        def collect():
            while not stop.is_set():
                gc.collect()
                time.sleep(0)

        gc.disable()
        self.addCleanup(gc.enable)
        collector = threading.Thread(target=collect)
        collector.start()
        peers = []
        for i in range(number):
            peers.append(self.open(i % 2 == 0)[1])
            for _ in range(1 + i % 6):
                GLib.MainContext.default().iteration(False)
        self.run_until_ended(number)
        stop.set()
        collector.join()
        self.assertGreater(self.n_events, 0)
        for peer in peers:
            peer.close()

    def test_thread_ended(self):
        box = []
        self.run_thread(lambda: box.extend([*self.open(), threading.get_native_id()]))
        while os.path.exists(f'/proc/self/task/{box[2]}'):
            pass  # join() does not wait for that
        del box[2], box[0]
        gc.collect()
        self.assertEqual(self.ended_in, [threading.get_ident()])
        box.pop().close()

    def test_under_way(self):
        """What is under way goes on although nobody has the client."""
        vm, theirs = self.open()
        ended = []
        vm.execute_async('x', None, None, lambda vm, result: ended.append(vm.execute_finish(result)))
        box = [vm]
        del vm
        self.run_thread(box.clear)
        self.run_thread(gc.collect)
        for _ in range(10):
            GLib.MainContext.default().iteration(False)
        self.assertEqual((ended, self.ended_in), ([], []))
        name = json.loads(theirs.recv(1000))
        theirs.sendall(json.dumps({'return': {}, 'id': name['id']}).encode())
        while not ended:
            GLib.MainContext.default().iteration(True)
        self.run_thread(gc.collect)
        self.run_until_ended()
        theirs.close()

    def test_standing(self):
        """What stands on a client ends where it does."""
        vm, theirs = self.open()
        box = [Qmp.GuestAgent.new(vm), Qmp.Machine.new(vm)]
        for owned in box:
            owned.weak_ref(lambda: self.ended_in.append(threading.get_ident()))
            owned.itself = owned
        del vm, owned
        self.run_thread(box.clear)
        self.run_thread(gc.collect)
        self.assertEqual(self.ended_in, [])
        self.run_until_ended(2)
        while len(self.ended_in) < 3:  # the client, when they have let it go
            self.run_thread(gc.collect)
            GLib.MainContext.default().iteration(False)
        self.run_until_ended(3)
        theirs.close()

    def test_not_made(self):
        unraisable = []
        hook, sys.unraisablehook = sys.unraisablehook, unraisable.append
        with self.assertRaises(TypeError):
            Qmp.Client(nonsense=1)
        with self.assertRaises(TypeError):
            Qmp.Machine(nonsense=1)
        self.run_thread(gc.collect)
        sys.unraisablehook = hook
        self.assertEqual(unraisable, [])


class Cancelling(WithPeer):
    def test_before(self):
        cancellable = Gio.Cancellable()
        cancellable.cancel()
        with self.assertRaises(GLib.Error) as caught:
            self.vm.execute('silent', None, cancellable)
        self.assertTrue(is_io_error(caught.exception, Gio.IOErrorEnum.CANCELLED))
        self.assertNotIn('silent', self.peer.received)

    def test_from_a_thread(self):
        cancellable = Gio.Cancellable()

        def cancel():
            self.peer.wait_for('silent')
            cancellable.cancel()

        thread = threading.Thread(target=cancel)
        thread.start()
        with self.assertRaises(GLib.Error) as caught:
            self.vm.execute('silent', None, cancellable)
        thread.join()
        self.assertTrue(is_io_error(caught.exception, Gio.IOErrorEnum.CANCELLED))
        self.assertEqual(self.vm.execute('query-status'), {})


class Interrupts(WithPeer):
    """A signal comes while the main thread is in a blocking call."""

    def signal_after(self, name, number=signal.SIGINT):
        def send():
            self.peer.wait_for(name)  # from then on the call is in the library
            os.kill(os.getpid(), number)

        thread = threading.Thread(target=send)
        thread.start()
        self.addCleanup(thread.join)

    def handle(self, number, handler):
        self.addCleanup(signal.signal, number, signal.signal(number, handler))

    def test_execute(self):
        self.signal_after('silent')
        with self.assertRaises(KeyboardInterrupt):
            self.vm.execute('silent')
        self.assertEqual(signal.set_wakeup_fd(-1), -1)
        self.assertIs(signal.getsignal(signal.SIGINT), signal.default_int_handler)
        self.assertEqual(self.vm.execute('query-status'), {})

    def test_fetch(self):
        self.peer.answers['query-qmp-schema'] = None
        self.signal_after('query-qmp-schema')
        with self.assertRaises(KeyboardInterrupt):
            Qmp.Schema.fetch(self.vm)
        self.assertEqual(self.vm.execute('query-status'), {})

    def test_next(self):
        signal_inside()
        with self.assertRaises(KeyboardInterrupt):
            for _event in self.vm.listener():
                pass

    def test_handler_that_returns(self):
        handled = []

        def answer(_number, _frame):
            handled.append(threading.current_thread())
            self.peer.send(b'{"event":"GO","timestamp":{"seconds":1,"microseconds":0}}')

        self.handle(signal.SIGUSR1, answer)
        events = self.vm.listener('GO')
        signal_inside(signal.SIGUSR1)
        self.assertEqual(events.next(timeout=30).name, 'GO')
        self.assertEqual(handled, [threading.main_thread()])

    def test_handler_that_raises(self):
        def give_up(_number, _frame):
            raise InterruptedError('enough')

        self.handle(signal.SIGALRM, give_up)
        signal_inside(signal.SIGALRM)
        with self.assertRaisesRegex(InterruptedError, 'enough'):
            self.vm.execute('silent')

    def test_wakeup_descriptor_of_others(self):
        read_end, write_end = os.pipe()
        os.set_blocking(write_end, False)
        self.addCleanup(os.close, read_end)
        self.addCleanup(os.close, write_end)
        self.addCleanup(signal.set_wakeup_fd, signal.set_wakeup_fd(write_end))
        self.signal_after('silent')
        with self.assertRaises(KeyboardInterrupt):
            self.vm.execute('silent')
        self.assertEqual(os.read(read_end, 10), bytes([signal.SIGINT]))
        self.assertEqual(signal.set_wakeup_fd(write_end), write_end)

    def test_within_a_main_loop(self):
        loop = GLib.MainLoop()
        ended = []

        def block():
            try:
                self.vm.execute('silent')
            finally:
                ended.append(True)

        GLib.idle_add(block)
        self.signal_after('silent')
        with self.assertRaises(KeyboardInterrupt), contextlib.redirect_stderr(io.StringIO()):
            loop.run()
        self.assertEqual(ended, [True])

    def test_no_busy_waiting(self):
        signal.signal(signal.SIGALRM, lambda *_: None)
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)
        before = time.process_time()
        with self.vm.listener() as events, self.assertRaises(GLib.Error):
            events.next(timeout=1)
        self.assertLess(time.process_time() - before, 0.5)

    def test_program(self):
        """A whole program, as somebody sits before it."""
        program = 'import sys, gi; gi.require_version("Qmp", "1.0"); from gi.repository import Qmp\n' \
                  'with Qmp.Client.open_address(sys.argv[1]) as vm: vm.execute("silent")'
        self.vm.close()
        with subprocess.Popen([sys.executable, '-c', program, self.peer.address],
                              stderr=subprocess.PIPE, text=True) as child:
            self.peer.wait_for('silent')
            child.send_signal(signal.SIGINT)
            _output, errors = child.communicate(timeout=30)
        self.assertIn('KeyboardInterrupt', errors)
        self.assertIn(child.returncode, (1, -signal.SIGINT))

    def test_in_a_thread(self):
        results = []

        def work():
            context = GLib.MainContext.new()
            context.push_thread_default()
            with Qmp.Client.open_address(self.peer.address) as vm:
                results.append(vm.execute('echo', n=1))
            context.pop_thread_default()

        self.vm.close()
        thread = threading.Thread(target=work)
        thread.start()
        thread.join(30)
        self.assertEqual(results, [{'n': 1}])


class Coroutines(WithQemu):
    """With a GLib main loop."""

    def test_run(self):
        async def main():
            status = await self.vm.execute_async('query-status')
            return status['status']

        self.assertEqual(Qmp.run(main()), 'running')

    def test_story(self):
        async def main():
            await self.vm.close_async()
            async with await Qmp.Client.open_address_async(ADDRESS) as vm:
                async with vm.listener('STOP', 'RESUME') as events:
                    await vm.execute_async('stop')
                    await vm.execute_message_async({'execute': 'cont'})
                    async for event in events:
                        yield_to.append(event.name)
                        if event.name == 'RESUME':
                            break
                reply = await vm.exchange_async({'execute': 'query-name', 'id': 'x'})
                self.assertEqual(reply['id'], 'x')
                waiting = Qmp.EventMatch.new(['STOP'])
                self.assertEqual((await vm.execute_and_wait_async({'execute': 'stop'}, waiting)).name, 'STOP')
                await vm.execute_async('cont')
            return vm.get_runstate()

        yield_to = []
        self.assertEqual(Qmp.run(main()), Qmp.Runstate.IDLE)
        self.assertEqual(yield_to, ['STOP', 'RESUME'])

    def test_errors(self):
        async def main():
            with self.assertRaises(Qmp.ExecuteError) as caught:
                await self.vm.execute_async('device_del', id='nope')
            self.assertEqual(caught.exception.sent['arguments'], {'id': 'nope'})
            await self.vm.execute_async('nope')

        with self.assertRaises(Qmp.ExecuteError) as caught:
            Qmp.run(main())
        self.assertEqual(caught.exception.error_class, 'CommandNotFound')

    def test_order_and_tasks(self):
        async def one(number):
            await self.vm.execute_async('query-name')
            order.append(number)
            return number

        async def main():
            tasks = [Qmp.spawn(one(number)) for number in range(100)]
            return [await task for task in tasks]

        order = []
        self.assertEqual(Qmp.run(main()), list(range(100)))
        self.assertEqual(order, list(range(100)))

    def test_cancel(self):
        async def main(vm):
            await vm.execute_async('silent')

        peer = Peer(silent=None)
        self.addCleanup(peer.close)
        with Qmp.Client.open_address(peer.address) as vm:
            loop = GLib.MainLoop()
            task = Qmp.spawn(main(vm))
            task.add_done_callback(lambda task: loop.quit())
            GLib.idle_add(task.cancel)
            loop.run()
            self.assertTrue(is_io_error(task.exception(), Gio.IOErrorEnum.CANCELLED))
            self.assertRaises(GLib.Error, task.result)

    def test_cancel_fetch(self):
        async def main(vm):
            await Qmp.Schema.fetch_async(vm)

        peer = Peer(**{'query-qmp-schema': None})
        self.addCleanup(peer.close)
        with Qmp.Client.open_address(peer.address) as vm:
            task = Qmp.spawn(main(vm))
            task.cancel()
            with self.assertRaises(GLib.Error) as caught:
                Qmp.run(task.__await__())
            self.assertTrue(is_io_error(caught.exception, Gio.IOErrorEnum.CANCELLED))

    def test_interrupt(self):
        async def main():
            try:
                await self.vm.listener().next_async()
            finally:
                ended.append(True)

        ended = []
        GLib.idle_add(os.kill, os.getpid(), signal.SIGINT)
        with self.assertRaises(KeyboardInterrupt):
            Qmp.run(main())
        self.assertEqual(ended, [True])

    def test_sleep_and_what_cannot_be_awaited(self):
        class Foreign:
            def __await__(self):
                yield 'something'

        async def main():
            await Qmp.sleep(0)
            await Foreign()

        with self.assertRaisesRegex(TypeError, 'not str'):
            Qmp.run(main())
        self.assertRaisesRegex(TypeError, 'coroutine is needed, not function', Qmp.spawn, main)

    def test_interrupt_inside(self):
        """What ends programs is raised by run(), and the loop ends."""
        async def main():
            await self.vm.execute_async('query-name')
            raise KeyboardInterrupt('in the middle')

        with self.assertRaisesRegex(KeyboardInterrupt, 'in the middle'):
            Qmp.run(main())

    def test_closed_task(self):
        """It is not run any more, and what it waited for is cancelled."""
        async def main():
            try:
                await self.vm.listener().next_async()
            finally:
                ended.append(True)

        ended = []
        task = Qmp.spawn(main())
        task.close()
        self.assertEqual((ended, task.done(), task.cancelled()), ([True], True, True))
        with self.assertNoLogs('Qmp'):
            Qmp.run(self.vm.execute_async('query-name'))
            del task
            gc.collect()

    def test_within_asyncio(self):
        async def inner():
            await self.vm.execute_async('query-name')

        async def main():
            with self.assertRaisesRegex(RuntimeError, 'where asyncio runs'):
                Qmp.run(inner())

        asyncio.run(main())

    def test_callbacks(self):
        """One that raises does not keep the others from being called; one can be taken back."""
        call = self.vm.execute_async('query-name')
        called = []
        call.add_done_callback(called.append)
        call.add_done_callback(lambda call: call.nothing)
        call.add_done_callback(called.extend)
        self.assertEqual(call.remove_done_callback(called.extend), 1)
        call.add_done_callback(called.append)
        with contextlib.redirect_stderr(io.StringIO()) as errors:
            self.assertEqual(Qmp.run(call), {})
        self.assertEqual(called, [call, call])
        self.assertIn('AttributeError', errors.getvalue())

    def test_wait_for(self):
        async def main():
            self.assertEqual(await Qmp.wait_for(self.vm.execute_async('query-name'), 20), {})
            self.assertEqual(await Qmp.wait_for(self.vm.execute_async('query-name'), None), {})
            with self.assertRaises(Qmp.ExecuteError):
                await Qmp.wait_for(self.vm.execute_async('nope'), 20)
            with self.assertRaises(Qmp.TimeoutError):
                await Qmp.wait_for(self.vm.listener().next_async(), 0.01)
            with self.assertRaises(TimeoutError):
                await Qmp.wait_for(slow(), 0.01)
            return 'done'

        async def slow():
            try:
                await Qmp.sleep(1000)
            finally:
                ended.append(True)

        ended = []
        self.assertEqual((Qmp.run(main()), ended), ('done', [True]))
        self.assertRaisesRegex(TypeError, 'int cannot be awaited', Qmp.wait_for, 5, 1)

    def test_gather(self):
        async def double(number):
            await self.vm.execute_async('query-name')
            return 2 * number

        async def main():
            values = await Qmp.gather(double(1), self.vm.execute_async('query-name'), *map(double, range(3)))
            self.assertEqual(values, [2, {}, 0, 2, 4])
            self.assertEqual(await Qmp.gather(), [])
            results = await Qmp.gather(double(1), self.vm.execute_async('nope'), return_exceptions=True)
            self.assertEqual(results[0], 2)
            self.assertIsInstance(results[1], Qmp.ExecuteError)
            with self.assertRaises(Qmp.ExecuteError):
                await Qmp.gather(self.vm.listener().next_async(), self.vm.execute_async('nope'))

        Qmp.run(main())

    def test_gio(self):
        async def main():
            process = Gio.Subprocess.new(['cat', '/dev/null'], Gio.SubprocessFlags.NONE)
            self.assertTrue(await Qmp.gio(process, 'wait_check_async'))
            file = Gio.File.new_for_path(__file__)
            self.assertIn(b'usage', (await Qmp.gio(file, 'load_contents_async'))[1])
            info = await Qmp.gio(file, 'query_info_async', 'standard::size', Gio.FileQueryInfoFlags.NONE, 0)
            self.assertEqual(info.get_size(), os.path.getsize(__file__))
            with self.assertRaises(GLib.Error) as caught:
                await Qmp.gio(Gio.File.new_for_path('/nonexistent'), 'load_contents_async')
            self.assertTrue(is_io_error(caught.exception, Gio.IOErrorEnum.NOT_FOUND))
            cat = Gio.Subprocess.new(['cat'], Gio.SubprocessFlags.STDIN_PIPE)
            call = Qmp.gio(cat, 'wait_async')
            call.cancel()
            with self.assertRaises(Qmp.CancelledError):
                await call
            cat.force_exit()
            await Qmp.gio(cat, 'wait_async')

        Qmp.run(main())
        self.assertRaises(ValueError, Qmp.gio, Gio.File.new_for_path('/'), 'load_contents')


class Unretrieved(WithPeer):
    """An error that nobody has asked for is told, once, as soon as nobody can ask any more."""

    def setUp(self):
        super().setUp()
        self.peer.answers['refuse'] = b'{"error":{"class":"GenericError","desc":"no"},"id":$ID}'
        gc.disable()
        self.addCleanup(gc.enable)

    def iterate(self):
        Qmp.run(self.vm.execute_async('query-name'))

    def check(self, start, *wanted):
        with self.assertLogs('Qmp') as logs:
            start()
            self.iterate()
        [record] = logs.records
        self.assertEqual(record.levelno, logging.ERROR)
        for text in wanted:
            self.assertIn(text, logs.output[0])

    def test_told(self):
        async def fail_now():
            raise KeyError('lost')

        async def fail():
            await self.vm.execute_async('refuse')

        self.check(lambda: Qmp.spawn(fail_now()), 'Task exception was never retrieved', 'fail_now', 'lost')
        self.check(lambda: Qmp.spawn(fail()), 'Task exception was never retrieved', 'in fail', 'GenericError: no')
        self.check(lambda: self.vm.execute_async('refuse'), 'Call exception was never retrieved', 'GenericError: no')

    def test_known(self):
        async def fail():
            await self.vm.execute_async('refuse')

        with self.assertNoLogs('Qmp'):
            for make in (lambda: Qmp.spawn(fail()), lambda: self.vm.execute_async('refuse')):
                with self.assertRaises(Qmp.ExecuteError):
                    Qmp.run(make())
                call = make()
                self.iterate()
                self.assertIsInstance(call.exception(), Qmp.ExecuteError)
                make().add_done_callback(lambda call: call.exception())
                self.iterate()
                make().cancel()
                self.iterate()
            self.vm.execute_async('silent').cancel()
            Qmp.run(Qmp.gather(fail(), self.vm.execute_async('refuse'), return_exceptions=True))
            call = None

    def test_program(self):
        """It is told also at the end of the program."""
        program = 'import gi; gi.require_version("Qmp", "1.0"); from gi.repository import Qmp\n' \
                  'async def fail(): raise KeyError("lost")\n' \
                  'task = Qmp.spawn(fail())'
        child = subprocess.run([sys.executable, '-c', program], stderr=subprocess.PIPE, text=True, check=True)
        self.assertIn('Task exception was never retrieved', child.stderr)
        self.assertIn("KeyError: 'lost'", child.stderr)


if __name__ == '__main__':
    unittest.main(verbosity=2)
