#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Mocks in Python, with blocking calls in the same thread, asyncio's and those of another process.

usage: mocks.py
"""

import gc
import os
import pickle
import socket
import subprocess
import sys
import threading
import unittest

import gi

gi.require_version('Json', '1.0')
gi.require_version('Qmp', '1.0')
from gi.repository import Gio, GLib, Json, Qmp

# What another program does.
ASK = """
import socket, sys
monitor = socket.socket(socket.AF_UNIX)
monitor.connect(sys.argv[1])
lines = monitor.makefile('rw')
for command in ('qmp_capabilities', 'stop'):
    lines.readline()
    lines.write('{"execute": "%s"}\\n' % command)
    lines.flush()
print(lines.readline(), end='')
"""


class Mocks(unittest.TestCase):
    def test_wrong_values(self):
        with Qmp.Mock() as mock:
            for call in (lambda: mock.expect('stop', 5), lambda: mock.emit_event('E', 5), lambda: mock.emit_event('E', [1])):
                self.assertRaisesRegex(TypeError, 'must be a mapping or None, not', call)
            expectation = mock.expect('stop')
            self.assertRaisesRegex(TypeError, 'data must be a mapping', expectation.emits_after, 'E', 5)
            with Qmp.Client.open_address(mock.address) as vm:
                vm.execute('stop')

    def test_note(self):
        """What did not come is told with what has failed for that."""
        with self.assertRaises(KeyError) as caught:
            with Qmp.Mock() as mock:
                mock.expect('stop')
                raise KeyError('x')
        self.assertRegex(caught.exception.__notes__[0], 'stop')

    def test_values(self):
        with Qmp.Mock(Qmp.MockPreset.NONE) as mock, Qmp.Client.open_address(mock.path) as vm:
            value = {'a': [1, 2.5, None, True, 'é'], 'b': {}}
            mock.expect('one').returns(value)
            mock.expect('two').returns()
            mock.expect('three').returns(None)
            mock.expect('four').returns(Json.from_string('[4]'))
            mock.expect('five', {'node-name': 'd'}, size=5)
            self.assertEqual([vm.execute(name) for name in ('one', 'two', 'three', 'four')], [value, {}, None, [4]])
            self.assertEqual(vm.execute('five', {'node-name': 'd', 'size': 5, 'more': 1}), {})
            expectation = mock.expect('six').repeats()
            with self.assertRaises(TypeError):
                expectation.returns(object())
            with self.assertRaises(ValueError):
                expectation.returns(float('nan'))

    def test_chain(self):
        with Qmp.Mock() as mock, Qmp.Client.open_address(mock.address) as vm, vm.listener() as events:
            mock.expect('a').emits_before('ONE', {'x': 1}).emits_after('TWO').fails('DeviceNotFound', 'none')
            with self.assertRaises(Qmp.ExecuteError) as caught:
                vm.execute('a')
            self.assertEqual((caught.exception.error_class, caught.exception.desc), ('DeviceNotFound', 'none'))
            mock.emit_event('THREE', {'y': 2})
            self.assertEqual([events.next(10).name for _ in range(3)], ['ONE', 'TWO', 'THREE'])

    def test_verify(self):
        mock = Qmp.Mock()
        mock.expect('stop')
        with self.assertRaisesRegex(Qmp.MissingCommandError, 'Expected “stop”') as caught:
            mock.verify()
        self.assertIsInstance(caught.exception, AssertionError)
        self.assertIsInstance(pickle.loads(pickle.dumps(caught.exception)), Qmp.MissingCommandError)
        with self.assertRaises(Qmp.UnexpectedCommandError):
            with mock, Qmp.Client.open_address(mock.path) as vm:
                mock.expect('cont')
                with self.assertRaises(Qmp.ExecuteError):
                    vm.execute('cont')
        self.assertTrue(mock.ended)
        # What fails by itself is not hidden by what did not come for that.
        with self.assertRaises(ZeroDivisionError):
            with Qmp.Mock() as mock:
                mock.expect('stop')
                1 / 0
        with self.assertRaisesRegex(GLib.Error, 'Line 2'):
            Qmp.Mock().add_script('\n{}')

    def test_came(self):
        with Qmp.Mock(Qmp.MockPreset.NONE) as mock, Qmp.Client.open_address(mock.path) as vm:
            expectation = mock.expect('getfd')
            self.assertEqual((expectation.command, expectation.met, expectation.message), ('getfd', False, None))
            vm.execute_message(Qmp.Message.new_command('getfd', {'fdname': 'f'}, fds=[2]))
            self.assertTrue(expectation.met)
            self.assertEqual(expectation.message['arguments'], {'fdname': 'f'})
            self.assertEqual(expectation.message.get_fd_list().get_length(), 1)
            self.assertEqual([message['execute'] for message in mock.commands], ['getfd'])

    def test_held(self):
        async def talk(mock):
            vm = await Qmp.Client.open_address_async(mock.path)
            expectation = mock.expect('stop').holds()
            call = vm.execute_async('stop')
            told = []
            expectation.connect('notify::met', lambda *_: told.append(expectation.met))
            while not told:
                await Qmp.sleep(0)
            self.assertFalse(call.done())
            expectation.release()
            await call
            await vm.close_async()

        with Qmp.Mock() as mock:
            Qmp.run(talk(mock))

    def test_process(self):
        with Qmp.Mock() as mock:
            expectation = mock.expect('stop').holds()
            with subprocess.Popen([sys.executable, '-c', ASK, mock.path], stdout=subprocess.PIPE, text=True) as program:
                expectation.wait(60)
                expectation.release()
                self.assertIn('"STOP"', program.stdout.readline())

    def test_wait(self):
        with Qmp.Mock() as mock:
            expectation = mock.expect('stop').repeats()
            with self.assertRaises(Qmp.TimeoutError):
                expectation.wait(0)
            cancellable = Gio.Cancellable()
            cancellable.cancel()
            with self.assertRaises(Qmp.CancelledError):
                expectation.wait(None, cancellable)

    def test_collected(self):
        """In any thread, in a cycle, with a client connected and a command held."""
        def drop():
            mock = Qmp.Mock()
            mock.listen()
            mock.me = mock
            mock.expect('stop').holds()
            monitor = socket.socket(socket.AF_UNIX)
            monitor.connect(mock.path)
            self.addCleanup(monitor.close)
            monitor.sendall(b'{"execute": "qmp_capabilities"} {"execute": "stop"}')
            return mock.path

        path = drop()
        thread = threading.Thread(target=gc.collect)
        thread.start()
        thread.join()
        gc.collect()
        context = GLib.MainContext.default()
        while os.path.exists(path):
            context.iteration(False)


if __name__ == '__main__':
    unittest.main()
