#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Python overrides: blocking calls, and those in a GLib main loop.

usage: overrides.py SOCKET
"""

import collections.abc
import contextlib
import ctypes
import gc
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import unittest

import gi

gi.require_version('Json', '1.0')
gi.require_version('Qmp', '1.0')
from gi.overrides import _qmp_waiting
from gi.repository import Gio, GLib, Json, Qmp

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


class Opening(WithQemu):
    def test_with(self):
        self.vm.close()
        with Qmp.Client.open_address(ADDRESS, name='named', timeout=5000) as vm:
            self.assertEqual((vm.props.name, vm.props.timeout), ('named', 5000))
            self.assertEqual(vm.get_runstate(), Qmp.Runstate.RUNNING)
        self.assertEqual(vm.get_runstate(), Qmp.Runstate.IDLE)

    def test_addresses(self):
        self.vm.close()
        for address in (ADDRESS, 'unix:' + ADDRESS, Gio.UnixSocketAddress.new(ADDRESS)):
            self.vm.open(address)
            self.vm.close()
        self.vm.open(address=ADDRESS)

    def test_errors(self):
        with self.assertRaises(GLib.Error) as caught:
            Qmp.Client.open_address('/nonexistent/socket')
        self.assertTrue(is_io_error(caught.exception, Gio.IOErrorEnum.NOT_FOUND))
        with self.assertRaises(GLib.Error) as caught:
            Qmp.Client.open_address('[::1')
        self.assertTrue(caught.exception.matches(Qmp.ClientError.quark(), Qmp.ClientError.ADDRESS))

    def test_greeting(self):
        version = self.vm.get_greeting().version
        self.assertEqual(version[0], self.vm.execute('query-version')['qemu']['major'])
        self.assertEqual(version[0], self.vm.get_greeting()['QMP']['version']['qemu']['major'])


class Commands(WithQemu):
    def test_values(self):
        self.assertEqual(self.vm.execute('query-status')['status'], 'running')
        self.assertEqual(self.vm.execute('query-name'), {})
        self.assertIsInstance(self.vm.execute('query-chardev'), list)
        self.assertEqual(self.vm.execute('qom-get', path='/machine', property='type'), 'none-machine')

    def test_arguments(self):
        wanted = self.vm.execute('qom-list', path='/machine')
        self.assertEqual(self.vm.execute('qom-list', {'path': '/machine'}), wanted)
        self.assertEqual(self.vm.execute('qom-list', **{'path': '/machine'}), wanted)
        self.assertEqual(self.vm.execute('qom-list', Json.from_string('{"path": "/machine"}'), None), wanted)
        self.assertEqual(self.vm.execute('qom-list', Qmp.Message({'path': '/machine'})), wanted)
        self.assertEqual(self.vm.execute('query-name', {}), {})

    def test_schema(self):
        reply = self.vm.exchange({'execute': 'query-qmp-schema'})
        self.assertGreater(len(bytes(reply)), 100000)
        self.assertEqual(self.vm.execute('query-qmp-schema'), json.loads(bytes(reply))['return'])

    def test_messages(self):
        self.assertEqual(self.vm.execute_message({'execute': 'query-status', 'id': 7})['status'], 'running')
        message = Qmp.Message.new_command('query-status', timeout=20)
        self.assertEqual(self.vm.execute_message(message)['status'], 'running')
        self.assertEqual(message.get_timeout(), 20000)
        self.assertEqual(message, {'execute': 'query-status'})

    def test_exchange(self):
        reply = self.vm.exchange({'execute': 'query-status', 'id': 'mine'})
        self.assertEqual((reply['id'], reply['return']['status']), ('mine', 'running'))
        self.assertEqual(self.vm.exchange({'execute': 'nope'})['error']['class'], 'CommandNotFound')

    def test_fds(self):
        with open('/dev/null') as file:
            self.vm.execute_message(Qmp.Message.new_command(
                'add-fd', {'fdset-id': 3, 'opaque': 'overrides'}, fds=[file]))
        self.assertEqual(self.vm.execute('query-fdsets')[0]['fds'][0]['opaque'], 'overrides')
        self.vm.execute('remove-fd', {'fdset-id': 3})

    def test_out_of_band(self):
        with self.assertRaises(Qmp.ExecuteError) as caught:
            self.vm.execute_message(Qmp.Message.new_command('query-status', out_of_band=True))
        self.assertIn('exec-oob', caught.exception.sent)

    def test_wait(self):
        waiting = Qmp.EventListener.new(['STOP'])
        self.assertEqual(self.vm.execute_and_wait({'execute': 'stop'}, waiting).name, 'STOP')
        self.vm.execute('cont')
        with self.assertRaises(Qmp.ExecuteError) as caught:
            self.vm.execute_and_wait({'execute': 'nope'}, waiting)
        self.assertEqual(caught.exception.error_class, 'CommandNotFound')
        self.assertEqual(caught.exception.sent, {'execute': 'nope'})

    def test_plain_callback(self):
        values = []
        loop = GLib.MainLoop()

        def done(vm, result, data):
            values.append((vm.execute_finish(result), data))
            loop.quit()

        self.assertIsNone(self.vm.execute_async('query-status', None, None, done, 'data'))
        loop.run()
        self.assertIsInstance(values[0][0], Json.Node)
        self.assertEqual(values[0][1], 'data')


class Errors(WithQemu):
    def test_members(self):
        try:
            self.vm.execute('device_del', id='nope')
        except Qmp.ExecuteError as error:
            self.assertIsInstance(error, GLib.Error)
            self.assertEqual((error.error_class, error.desc), ('DeviceNotFound', "Device 'nope' not found"))
            self.assertEqual(error.sent, {'execute': 'device_del', 'arguments': {'id': 'nope'}})
            self.assertEqual(error.received['error'], {'class': error.error_class, 'desc': error.desc})
            self.assertTrue(error.matches(Qmp.CommandError.quark(), Qmp.CommandError.DEVICE_NOT_FOUND))
            self.assertFalse(error.matches(Qmp.CommandError.quark(), Qmp.CommandError.GENERIC))
            self.assertEqual(Qmp.CommandError.get_class(error), 'DeviceNotFound')
            self.assertIs(Qmp.CommandError.get_sent(error), error.sent)
            self.assertIs(Qmp.CommandError.get_received(error), error.received)
            self.assertEqual(str(error), "DeviceNotFound: Device 'nope' not found")
            self.assertEqual(error.message, error.desc)
        else:
            self.fail('no error')

    def test_unknown_class(self):
        peer = Peer(odd=b'{"error":{"class":"Odd","desc":"d"},"id":$ID}')
        self.addCleanup(peer.close)
        self.vm.close()
        self.vm.open(peer.address)
        with self.assertRaises(Qmp.ExecuteError) as caught:
            self.vm.execute('odd')
        self.assertEqual(caught.exception.error_class, 'Odd')
        self.assertEqual(Qmp.CommandError.get_class(caught.exception), 'Odd')
        self.assertTrue(caught.exception.matches(Qmp.CommandError.quark(), Qmp.CommandError.UNKNOWN))

    def test_others_stay(self):
        self.vm.close()
        with self.assertRaises(GLib.Error) as caught:
            self.vm.execute('query-status')
        self.assertNotIsInstance(caught.exception, Qmp.ExecuteError)
        self.assertTrue(caught.exception.matches(Qmp.ClientError.quark(), Qmp.ClientError.STATE))
        self.assertIsNone(Qmp.CommandError.get_class(caught.exception))
        self.assertRaises(TypeError, Qmp.CommandError.get_class, 5)

    def test_without_the_reply(self):
        """What docs/errors.md says is lost: PyGObject makes these errors anew."""
        peer = Peer(odd=b'{"error":{"class":"Odd","desc":"d"},"id":$ID}', broken=b'{"return":tru,"id":$ID}')
        self.addCleanup(peer.close)
        self.vm.close()
        self.vm.open(peer.address)
        with self.assertRaises(Qmp.ExecuteError) as caught:
            self.vm.execute_and_wait({'execute': 'odd'}, Qmp.EventListener.new(['STOP']))
        error = caught.exception
        self.assertEqual((error.error_class, error.desc, error.received), (None, 'd', None))
        self.assertEqual(error.sent, {'execute': 'odd'})
        with self.assertRaises(GLib.Error) as caught:
            self.vm.execute('broken')
        self.assertIn('at byte 10', caught.exception.message)
        self.assertIsNone(Qmp.ProtocolError.get_text(caught.exception))
        self.assertEqual(Qmp.ProtocolError.get_offset(caught.exception), -1)


class Types(WithQemu):
    """A wrong type is told at once, by name."""

    def check(self, what, function, *arguments, **keywords):
        with self.assertRaises(TypeError) as caught:
            function(*arguments, **keywords)
        self.assertIn(what, str(caught.exception))

    def test_types(self):
        check = self.check
        check('command must be str, not int', self.vm.execute, 5)
        check('not NoneType', self.vm.execute, None)
        check('arguments must be a mapping or None, not list', self.vm.execute, 'stop', [1])
        check('not str', self.vm.execute_async, 'stop', 'now')
        check('type set', self.vm.execute, 'stop', a={1})
        check('cancellable must be Gio.Cancellable or None, not str', self.vm.execute, 'stop', None, 'x')
        check('cancellable must be Gio.Cancellable or None, not int', self.vm.execute_async, 'stop', None, 5)
        check('callback must be callable, not int', self.vm.execute_async, 'stop', None, None, 5)
        check('arguments must be Json.Node', self.vm.execute_async, 'stop', {'a': 1}, None, print)
        check('message must be Qmp.Message or a mapping, not int', self.vm.exchange, 5)
        check('not str', self.vm.execute_message, 'stop')
        check('not int', self.vm.exchange_async, 5)
        check('address must be str or Gio.SocketConnectable, not int', Qmp.Client.new(None).open, 4444)
        check('not NoneType', Qmp.Client.new(None).open_async, None)
        check('Gio.IOStream', self.vm.open_stream, 'x')
        check('has no argument', self.vm.open, adress=ADDRESS)
        check('takes 2 arguments', self.vm.open, ADDRESS, None, None)
        check('event must be str, not int', self.vm.listener, 5)
        check('listener must be', self.vm.add_listener, 5)
        check('timeout must be a number of seconds', self.vm.listener().next, 'soon')
        check('made from bytes or a mapping, not list', Qmp.Message, [1])
        check('member must be str, not int', Qmp.Message().__getitem__, 5)

    def test_values(self):
        for value in (float('inf'), float('nan'), '\ud800'):
            with self.assertRaises((ValueError, GLib.Error)):
                self.vm.execute('qom-list', path=value)
        self.assertEqual(self.vm.execute('query-name'), {})


class Schemas(WithQemu):
    def test_fetch(self):
        schema = Qmp.Schema.fetch(self.vm)
        self.assertIs(schema, Qmp.Schema.fetch(self.vm, cancellable=None))
        self.assertTrue(schema.has_path('blockdev-add/arg-type/driver/^null-co'))
        self.assertEqual(schema.validate({'execute': 'query-status'}), [])
        self.assertEqual(schema.validate({'execute': 'qeury-status'})[0].get_suggestion(), 'query-status')
        self.assertTrue(schema.check(Qmp.Message.new_command('stop')))
        with self.assertRaises(GLib.Error) as caught:
            schema.check({'execute': 'stop', 'arguments': {'now': True}})
        self.assertTrue(caught.exception.matches(Qmp.SchemaError.quark(), Qmp.SchemaError.COMMAND))
        self.assertRaises(TypeError, schema.validate, 'stop')

    def test_attach(self):
        Qmp.Schema.fetch(self.vm).attach(self.vm)
        with self.assertRaises(GLib.Error) as caught:
            self.vm.execute('device_del', name='net0')
        self.assertTrue(caught.exception.matches(Qmp.SchemaError.quark(), Qmp.SchemaError.COMMAND))
        self.assertEqual(self.vm.execute('query-status')['status'], 'running')

    def test_await(self):
        async def main():
            schema = await Qmp.Schema.fetch_async(self.vm)
            self.assertIs(schema, await Qmp.Schema.fetch_async(client=self.vm))
            self.assertTrue(schema.has_command('query-status'))

        Qmp.run(main())

    def test_plain_callback(self):
        schemas = []
        loop = GLib.MainLoop()

        def done(_client, result, data):
            schemas.append((Qmp.Schema.fetch_finish(result), data))
            loop.quit()

        self.assertIsNone(Qmp.Schema.fetch_async(self.vm, None, done, 'data'))
        loop.run()
        self.assertEqual(schemas, [(Qmp.Schema.fetch(self.vm), 'data')])

    def test_errors(self):
        self.vm.close()
        with self.assertRaises(GLib.Error) as caught:
            Qmp.Schema.fetch(self.vm)
        self.assertTrue(caught.exception.matches(Qmp.ClientError.quark(), Qmp.ClientError.STATE))
        for value in (5, None):
            self.assertRaises(TypeError, Qmp.Schema.fetch, value)
            self.assertRaises(TypeError, Qmp.Schema.fetch_async, value)
        self.assertRaises(TypeError, Qmp.Schema.fetch, self.vm, 'x')


class Exactness(WithPeer):
    def test_echo(self):
        for value in (2**63, 2**64 - 1, -2**63, 2**100, -2**100, 0.1, 'a\0b', '\u20ac\U0001f600', '"\\\n',
                      [], {}, None, True, {'a': [{'b': 2**64 - 1}]}):
            self.assertEqual(self.vm.execute('echo', value=value), {'value': value})
            self.assertEqual(Qmp.Message({'value': value})['value'], value)

    def test_large_float(self):
        self.peer.answers['large'] = b'{"return":[1e400,18446744073709551615,"\\u0000"],"id":$ID}'
        self.assertEqual(self.vm.execute('large'), [float('inf'), 2**64 - 1, '\0'])
        self.assertIn(b'1e400', bytes(self.vm.exchange({'execute': 'large'})))

    def test_names(self):
        self.assertEqual(self.vm.execute('echo', {'a\0b': 1, 'command': 2, 'self': 3}, cancellable=4),
                         {'a\0b': 1, 'command': 2, 'self': 3, 'cancellable': 4})


class Events(WithQemu):
    def tearDown(self):
        self.vm.execute('cont')
        super().tearDown()

    def test_next(self):
        before = time.time()
        with self.vm.listener('STOP', 'RESUME') as events:
            self.assertTrue(events)
            self.vm.execute('stop')
            event = events.next(timeout=20)
            self.assertEqual((event.name, event.data, event['event']), ('STOP', {}, 'STOP'))
            self.assertAlmostEqual(event.timestamp, before, delta=60)
            self.vm.execute('cont')
            self.assertEqual(events.next(20.0).name, 'RESUME')
            self.assertIsNone(events.try_next())
            self.vm.execute('stop')
        self.assertEqual(events.next().name, 'STOP')
        self.vm.execute('cont')
        self.assertTrue(events.is_empty())

    def test_timeout(self):
        start = time.monotonic()
        with self.vm.listener('STOP') as events, self.assertRaises(GLib.Error) as caught:
            events.next(timeout=0.2)
        self.assertTrue(is_io_error(caught.exception, Gio.IOErrorEnum.TIMED_OUT))
        self.assertGreater(time.monotonic() - start, 0.19)
        self.assertLess(time.monotonic() - start, 20)

    def test_iteration_ends_with_the_link(self):
        peer = Peer()
        self.addCleanup(peer.close)
        with Qmp.Client.open_address(peer.address) as vm:
            events = vm.listener()
            vm.execute('query-status')
            for number in range(3):
                peer.send(b'{"event":"E%d","data":{"n":%d},"timestamp":{"seconds":-1,"microseconds":-1}}' % (number, number))
            heard = []
            for event in events:
                heard.append((event.name, event.data, event.timestamp))
                if len(heard) == 3:
                    with self.assertRaises(GLib.Error):
                        vm.execute('hang-up')
        self.assertEqual(heard, [(f'E{n}', {'n': n}, None) for n in range(3)])

    def test_belonging(self):
        events = self.vm.listener()
        with self.assertRaises(ValueError):
            self.vm.add_listener(events)
        with self.assertRaises(ValueError):
            Qmp.Client.new(None).remove_listener(events)
        self.vm.remove_listener(events)
        with events:
            pass
        with self.assertRaises(ValueError):
            self.vm.remove_listener(events)
        self.vm.add_listener(events)

    def test_nothing_is_kept(self):
        vm = Qmp.Client.new('short-lived')
        gone = []
        vm.listener('STOP')
        vm.weak_ref(lambda: gone.append(True))
        del vm
        gc.collect()
        self.assertEqual(gone, [True])


class Messages(unittest.TestCase):
    def test_documented(self):
        message = Qmp.Message(b'{"hello": "world"}')
        self.assertEqual(message['hello'], 'world')
        message['id'] = 'foobar'
        self.assertEqual(str(message), '{\n  "hello": "world",\n  "id": "foobar"\n}')
        message = Qmp.Message({'hello': 'world', 'id': 'foobar'})
        self.assertEqual(bytes(message), b'{"hello":"world","id":"foobar"}')
        self.assertEqual(dict(message), {'hello': 'world', 'id': 'foobar'})

    def test_mapping(self):
        message = Qmp.Message()
        self.assertEqual((len(message), dict(message)), (0, {}))
        self.assertIsInstance(message, collections.abc.MutableMapping)
        message.update(a=1, b=[2**64])
        self.assertEqual(list(message), ['a', 'b'])
        self.assertEqual(list(message.items()), [('a', 1), ('b', [2**64])])
        self.assertIn('a', message)
        self.assertNotIn('c', message)
        self.assertNotIn(5, message)
        self.assertEqual(message.get('c', 3), 3)
        self.assertEqual(message.pop('a'), 1)
        del message['b']
        self.assertEqual(message.setdefault('d', None), None)
        self.assertEqual(message, {'d': None})
        self.assertNotEqual(message, {'d': 1})
        self.assertNotEqual(message, 5)
        self.assertEqual(message, Qmp.Message(b' { "d" : null } '))
        self.assertRaises(KeyError, message.__getitem__, 'z')
        self.assertRaises(KeyError, message.__delitem__, 'z')
        self.assertRaises(TypeError, hash, message)

    def test_eager(self):
        for value in (b'{"a":', b'[]', b''):
            with self.assertRaises(GLib.Error) as caught:
                Qmp.Message(value)
            self.assertEqual(caught.exception.domain, GLib.quark_to_string(Qmp.ProtocolError.quark()))
        message = Qmp.Message(b'{"a":', eager=False)
        with self.assertRaises(GLib.Error):
            message.validate()

    def test_received_is_read_only(self):
        with Qmp.Client.open_address(ADDRESS) as vm:
            reply = vm.exchange({'execute': 'query-name'})
        self.assertRaises(TypeError, reply.__setitem__, 'id', 5)
        self.assertRaises(TypeError, reply.__delitem__, 'id')
        copy = reply.dup()
        copy['id'] = 5
        self.assertNotEqual(copy, reply)


class Listening(WithPeer):
    def test_accept(self):
        path = self.peer.address + '-listening'
        self.vm.close()
        self.vm.listen(path)
        self.peer.connect(path)
        self.vm.accept()
        self.assertEqual(self.vm.execute('echo', n=1), {'n': 1})

    def test_accept_is_interrupted(self):
        path = self.peer.address + '-listening'
        self.vm.close()
        self.vm.listen(path)
        signal_inside()
        with self.assertRaises(KeyboardInterrupt):
            self.vm.accept()


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
                waiting = Qmp.EventListener.new(['STOP'])
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
        GLib.timeout_add(50, os.kill, os.getpid(), signal.SIGINT)
        with self.assertRaises(KeyboardInterrupt):
            Qmp.run(main())
        self.assertEqual(ended, [True])

    def test_sleep_and_what_cannot_be_awaited(self):
        class Foreign:
            def __await__(self):
                yield 'something'

        async def main():
            await Qmp.sleep(0.01)
            await Foreign()

        with self.assertRaisesRegex(TypeError, 'not str'):
            Qmp.run(main())


if __name__ == '__main__':
    unittest.main(verbosity=2)
