#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Python overrides: links, commands and events, in blocking calls.

usage: overrides.py SOCKET
"""

import gc
import json
import math
import os
import pathlib
import socket
import threading
import time
import unittest

import gi

gi.require_version('Json', '1.0')
gi.require_version('Qmp', '1.0')
from gi.repository import Gio, GLib, GObject, Json, Qmp

from linked import ADDRESS, WithPeer, WithQemu, is_io_error, signal_inside
from peer import GREETING, Peer


class Opening(WithQemu):
    def test_with(self):
        self.vm.close()
        with Qmp.Client.open_address(ADDRESS, name='named', timeout=5) as vm:
            self.assertEqual((vm.props.name, vm.props.timeout), ('named', 5))
            self.assertEqual(vm.get_runstate(), Qmp.Runstate.RUNNING)
        self.assertEqual(vm.get_runstate(), Qmp.Runstate.IDLE)

    def test_new_for_address(self):
        self.vm.close()
        with Qmp.Client.new_for_address(ADDRESS) as vm:
            self.assertEqual(vm.execute('query-status')['status'], 'running')
            with vm.subscribe(['STOP']) as stops, vm.subscribe() as events:
                self.assertEqual((str(stops.get_match()), str(events.get_match())), ('STOP', 'any event'))
        self.assertRaises(Qmp.AddressError, Qmp.Client.new_for_address, 'tcp:')

        async def work():
            vm = await Qmp.Client.new_for_address_async(ADDRESS)
            await vm.close_async()

        Qmp.run(work())

    def test_addresses(self):
        self.vm.close()
        for address in (ADDRESS, 'unix:' + ADDRESS, Gio.UnixSocketAddress.new(ADDRESS), pathlib.Path(ADDRESS),
                        os.fsencode(ADDRESS)):
            self.vm.open(address)
            self.vm.close()
        with socket.socket(socket.AF_UNIX) as own:
            own.connect(ADDRESS)
            self.vm.open(own)
            self.vm.close()
            self.assertGreaterEqual(own.fileno(), 0)
        self.vm.open(address=ADDRESS)

    def test_host_and_port(self):
        self.vm.close()
        with socket.create_server(('127.0.0.1', 0)) as listening:
            port = listening.getsockname()[1]
            threading.Thread(target=self.greet, args=[listening], daemon=True).start()
            with self.assertRaises(Qmp.InterruptedError):
                with Qmp.Client.open_address(('127.0.0.1', port), negotiate=False) as vm:
                    vm.execute('query-status')

    def greet(self, listening):
        connection, _address = listening.accept()
        with connection:
            connection.sendall(GREETING)
            connection.recv(1)

    def test_paths_that_are_not_utf8(self):
        peer = Peer()
        self.addCleanup(peer.close)
        path = os.fsencode(os.path.dirname(peer.address)) + b'/s\xff\xe9'
        os.symlink(peer.address, path)
        for address in (path, os.fsdecode(path), pathlib.Path(os.fsdecode(path))):
            with Qmp.Client.open_address(address) as vm:
                self.assertEqual(vm.execute('echo', n=1), {'n': 1})

    def test_properties_are_no_attributes(self):
        listener = Qmp.EventListener.new(None)
        for instance, name in [(self.vm, 'timeout'), (self.vm, 'open_timeout'), (self.vm, 'runstate'), (self.vm, 'name'),
                               (listener, 'max_length'), (Qmp.Message(), 'timeout'), (Qmp.Message(), 'read_only')]:
            with self.subTest(instance=type(instance), name=name):
                getattr(instance.props, name)
                self.assertRaisesRegex(AttributeError, f'see props.{name}$', setattr, instance, name, 5)
                self.assertRaisesRegex(AttributeError, f'see props.{name}$', getattr, instance, name)
        self.assertRaisesRegex(AttributeError, "'Client' object has no attribute 'time_out'", getattr, self.vm, 'time_out')
        self.vm.disk = 'disk0'  # the program's own
        self.assertEqual(self.vm.disk, 'disk0')

    def test_name(self):
        self.assertEqual(Qmp.Client('vm').props.name, 'vm')
        self.assertEqual(Qmp.Client('vm', open_timeout=3).get_name(), 'vm')
        self.assertIsNone(Qmp.Client().get_name())

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
        self.assertEqual(message.get_timeout(), 20)
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
        waiting = Qmp.EventMatch.new(['STOP'])
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


class Times(WithPeer):
    """Seconds, wherever a time is said."""

    def test_client(self):
        vm = Qmp.Client(timeout=0.5, **{'open-timeout': 2.9}, stall_time=None)
        self.assertEqual((vm.get_timeout(), vm.get_open_timeout(), vm.get_stall_time()), (0.5, 2.9, None))
        self.assertEqual((vm.props.timeout, vm.get_property('open-timeout')), (0.5, 2.9))
        self.assertEqual(GObject.Object.get_property(vm, 'open-timeout'), 2900)
        vm.set_close_timeout(1)
        vm.props.accept_timeout = 0.001
        vm.set_property('stall-time', 7)
        vm.set_properties(timeout=math.inf, open_timeout=0.0001)
        self.assertEqual(vm.get_properties('close-timeout', 'accept_timeout', 'stall_time', 'timeout', 'name'),
                         (1, 0.001, 7, None, None))
        self.assertEqual(vm.get_open_timeout(), 0.001)
        self.assertIn('timeout', dir(vm.props))
        self.assertEqual({pspec.name for pspec in vm.props}, {pspec.name for pspec in vm.list_properties()})
        self.assertIsNone(vm.get_oldest_wait())

    def test_message(self):
        self.assertEqual(Qmp.Message({'execute': 'stop'}, timeout=2).get_timeout(), 2)
        self.assertEqual(Qmp.Message.new_command('stop', timeout=2).props.timeout, 2)
        message = Qmp.Message.new_command('stop')
        self.assertIsNone(message.get_timeout())
        message.set_timeout(math.inf)
        self.assertEqual((message.get_timeout(), GObject.Object.get_property(message, 'timeout')), (math.inf, Qmp.TIMEOUT_NONE))
        message.props.timeout = None
        self.assertEqual(GObject.Object.get_property(message, 'timeout'), Qmp.TIMEOUT_CLIENT)

    def test_at_once(self):
        """0 is no time at all, and not as long as it takes."""
        self.assertEqual(Qmp.Client(timeout=0).get_timeout(), 0)
        self.assertRaises(Qmp.TimeoutError, self.vm.execute_message, Qmp.Message.new_command('silent', timeout=0))

    def test_what_is_no_time(self):
        message = Qmp.Message.new_command('stop')
        for value, wanted in ((-0.1, ValueError), (-1, ValueError), (math.nan, ValueError), ('5', TypeError), (True, TypeError)):
            for function in (lambda: Qmp.Client(timeout=value), lambda: self.vm.set_stall_time(value),
                             lambda: setattr(self.vm.props, 'timeout', value), lambda: message.set_timeout(value),
                             lambda: Qmp.Message({}, timeout=value), lambda: self.vm.set_property('open-timeout', value)):
                self.assertRaisesRegex(wanted, '_time|timeout', function)

    def test_next(self):
        """A time that is over is not one without a limit."""
        events = self.vm.listener()
        for seconds in (0, -0.5, -1, -1e9):
            self.assertRaises(Qmp.TimeoutError, events.next, seconds)

    def test_oldest_wait(self):
        self.vm.set_stall_time(0.01)
        call = self.vm.execute_async('silent')
        while not self.vm.get_stalled():
            GLib.MainContext.default().iteration(True)
        self.assertGreaterEqual(self.vm.get_oldest_wait(), 0.01)
        self.assertLess(self.vm.get_oldest_wait(), 10)
        call.cancel()


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
        check('(host, port) or a socket, not int', Qmp.Client.new(None).open, 4444)
        check('str and int, not (str, str)', Qmp.Client.new(None).open, ('localhost', '4444'))
        check('name must be str or None, not int', Qmp.Client, 5)
        check('not NoneType', Qmp.Client.new(None).open_async, None)
        check('Gio.IOStream', self.vm.open_stream, 'x')
        check("open() got an unexpected keyword argument 'adress'", self.vm.open, address=ADDRESS, adress=ADDRESS)
        check('open() takes from 2 to 3 positional arguments', self.vm.open, ADDRESS, None, None)
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
        self.assertEqual(schema.list_problems({'execute': 'query-status'}), [])
        self.assertEqual(schema.list_problems({'execute': 'qeury-status'})[0].get_suggestion(), 'query-status')
        self.assertTrue(schema.validate(Qmp.Message.new_command('stop')))
        with self.assertRaises(GLib.Error) as caught:
            schema.validate({'execute': 'stop', 'arguments': {'now': True}})
        self.assertTrue(caught.exception.matches(Qmp.SchemaError.quark(), Qmp.SchemaError.COMMAND))
        self.assertRaises(TypeError, schema.list_problems, 'stop')

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


class Threads(WithPeer):
    def test_another_thread(self):
        vm = self.vm
        events = vm.listener()
        deeds = [
            lambda: vm.execute('x'), lambda: vm.execute_async('x'), lambda: vm.execute_async('x', None, None, print),
            lambda: vm.exchange({'execute': 'x'}), lambda: vm.open(self.peer.address), lambda: vm.open_async(self.peer.address),
            vm.close, vm.close_async, vm.accept, lambda: vm.listen(self.peer.address), lambda: vm.send_fd(0),
            lambda: vm.set_timeout(1), lambda: vm.set_property('timeout', 1), lambda: setattr(vm.props, 'timeout', 1),
            lambda: vm.set_negotiate(False), lambda: vm.set_command_check(None), vm.listener,
            lambda: vm.remove_listener(events),
            lambda: events.next(0), events.next_async, lambda: next(iter(events)),
        ]
        errors = []

        def work():
            for deed in deeds:
                try:
                    deed()
                except RuntimeError as error:
                    errors.append(str(error))

        self.assertTrue(vm.is_owner_thread())
        thread = threading.Thread(target=work, name='elsewhere')
        thread.start()
        thread.join()
        self.assertEqual(len(errors), len(deeds))
        for error in errors:
            self.assertRegex(error, 'belongs to another thread.*elsewhere')
        self.assertIsNone(vm.get_timeout())
        self.assertEqual(vm.get_runstate(), Qmp.Runstate.RUNNING)


if __name__ == '__main__':
    unittest.main(verbosity=2)
