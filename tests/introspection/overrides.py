#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Python overrides: blocking calls, and those in a GLib main loop.

usage: overrides.py SOCKET
"""

import asyncio
import collections.abc
import contextlib
import copy
import ctypes
import functools
import gc
import io
import json
import logging
import math
import os
import pathlib
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
import weakref

import gi

gi.require_version('Json', '1.0')
gi.require_version('Qmp', '1.0')
from gi.overrides import _qmp_waiting
from gi.repository import Gio, GLib, GObject, Json, Qmp

from peer import GREETING, Peer

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


class Errors(WithQemu):
    def test_check_reply(self):
        command = Qmp.Message.new_command('device_del', {'id': 'nope'})
        reply = self.vm.exchange(command)
        with self.assertRaises(Qmp.ExecuteError) as caught:
            reply.check_reply(command)
        self.assertEqual((caught.exception.error_class, caught.exception.sent, caught.exception.received),
                         ('DeviceNotFound', command, reply))
        self.assertTrue(self.vm.exchange(Qmp.Message.new_command('query-status')).check_reply())

    def test_members(self):
        try:
            self.vm.execute('device_del', id='nope')
        except Qmp.ExecuteError as error:
            self.assertIsInstance(error, GLib.Error)
            self.assertEqual(error.error_class, 'DeviceNotFound')
            self.assertIn('nope', error.desc)
            self.assertEqual(error.sent, {'execute': 'device_del', 'arguments': {'id': 'nope'}})
            self.assertEqual(error.received['error'], {'class': error.error_class, 'desc': error.desc})
            self.assertTrue(error.matches(Qmp.CommandError.quark(), Qmp.CommandError.DEVICE_NOT_FOUND))
            self.assertFalse(error.matches(Qmp.CommandError.quark(), Qmp.CommandError.GENERIC))
            self.assertEqual(Qmp.CommandError.get_class(error), 'DeviceNotFound')
            self.assertIs(Qmp.CommandError.get_sent(error), error.sent)
            self.assertIs(Qmp.CommandError.get_received(error), error.received)
            self.assertEqual(str(error), f'DeviceNotFound: {error.desc}')
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
            self.vm.execute_and_wait({'execute': 'odd'}, Qmp.EventMatch.new(['STOP']))
        error = caught.exception
        self.assertEqual((error.error_class, error.desc, error.received), (None, 'd', None))
        self.assertEqual(error.sent, {'execute': 'odd'})
        with self.assertRaises(GLib.Error) as caught:
            self.vm.execute('broken')
        self.assertIn('at byte 10', caught.exception.message)
        self.assertIsNone(Qmp.ProtocolError.get_text(caught.exception))
        self.assertEqual(Qmp.ProtocolError.get_offset(caught.exception), -1)


class ErrorClasses(WithPeer):
    """An except for each kind of error that a program deals with."""

    def check(self, cls, domain, code, function, *arguments, **keywords):
        with self.assertRaises(cls) as caught:
            function(*arguments, **keywords)
        error = caught.exception
        self.assertIsInstance(error, GLib.Error)
        self.assertTrue(error.matches(domain, code))
        self.assertEqual(str(error), error.message)
        return error

    def check_client_error(self, cls, code, function, *arguments, **keywords):
        return self.check(cls, Qmp.ClientError.quark(), code, function, *arguments, **keywords)

    def test_classes(self):
        check = self.check_client_error
        check(Qmp.InterruptedError, Qmp.ClientError.INTERRUPTED, self.vm.execute, 'hang-up')
        check(Qmp.StateError, Qmp.ClientError.STATE, self.vm.execute, 'stop')
        check(Qmp.StateError, Qmp.ClientError.STATE, self.vm.send_fd, 0)
        check(Qmp.AddressError, Qmp.ClientError.ADDRESS, Qmp.address_parse, 'tcp:')
        check(Qmp.AddressError, Qmp.ClientError.ADDRESS, self.vm.open, '[::1')
        check(Qmp.NotASocketError, Qmp.ClientError.NOT_A_SOCKET, self.vm.listen, __file__)
        with socket.socket(socket.AF_UNIX) as silent, socket.socket(socket.AF_UNIX) as listening:
            path = self.peer.address + '-silent'
            listening.bind(path)
            listening.listen()
            check(Qmp.BusyError, Qmp.ClientError.BUSY, Qmp.Client.open_address, path, open_timeout=0.1)

    def test_times(self):
        check = functools.partial(self.check, Qmp.TimeoutError, Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT)
        self.assertIsInstance(check(self.vm.listener().next, 0), TimeoutError)
        check(self.vm.execute_message, Qmp.Message.new_command('silent', timeout=0.05))
        cancellable = Gio.Cancellable()
        cancellable.cancel()
        self.check(Qmp.CancelledError, Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED,
                   self.vm.execute, 'silent', None, cancellable)

    def test_failure(self):
        self.peer.answers['go'] = b'{"event":"BAD","timestamp":{"seconds":1,"microseconds":0}}\r\n{"return":{},"id":$ID}'
        waiting = Qmp.EventMatch.new(['GOOD'])
        waiting.add_failure('BAD')
        self.check_client_error(Qmp.FailureEventError, Qmp.ClientError.FAILURE_EVENT,
                                self.vm.execute_and_wait, {'execute': 'go'}, waiting)

    def test_with_a_callback(self):
        errors = []
        loop = GLib.MainLoop()

        def done(vm, result):
            try:
                vm.execute_finish(result)
            except Qmp.InterruptedError as error:
                errors.append(error)
            loop.quit()

        self.vm.execute_async('hang-up', None, None, done)
        loop.run()
        self.assertEqual(len(errors), 1)


class Copies(unittest.TestCase):
    """What goes to another process and comes back."""

    def copies_of(self, thing):
        return [copy.copy(thing), copy.deepcopy(thing), *(pickle.loads(pickle.dumps(thing, protocol))
                                                          for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1))]

    def test_errors(self):
        sent = Qmp.Message.new_command('device_del', {'id': 'x'}, timeout=3)
        for error in (Qmp.ExecuteError('gone', 'DeviceNotFound', sent, Qmp.Message({'error': {}})),
                      Qmp.ExecuteError('gone', 'Odd'), Qmp.BusyError('busy'), Qmp.TimeoutError('late'),
                      Qmp.CancelledError('c'), GLib.Error('other', 'QmpProtocolError', 3)):
            for same in [*self.copies_of(error), error.copy()]:
                self.assertIs(type(same), type(error))
                self.assertEqual((same.domain, same.code, same.message, str(same), repr(same)),
                                 (error.domain, error.code, error.message, str(error), repr(error)))
                for name in ('error_class', 'desc', 'sent', 'received'):
                    self.assertEqual(getattr(same, name, None), getattr(error, name, None))

    def test_descriptors(self):
        sent = Qmp.Message.new_command('add-fd', fds=[0])
        self.assertEqual(copy.deepcopy(sent).get_fd_list().get_length(), 1)
        with self.assertRaisesRegex(TypeError, 'descriptors'):
            pickle.dumps(sent)
        error = pickle.loads(pickle.dumps(Qmp.ExecuteError('no', 'GenericError', sent)))
        self.assertEqual(error.sent, sent)
        self.assertIsNone(error.sent.get_fd_list())

    def test_messages(self):
        message = Qmp.Message.new_command('stop', {'n': 2**100}, timeout=1.5, out_of_band=True)
        for same in self.copies_of(message):
            self.assertEqual((same, same.get_timeout(), same.get_out_of_band()), (message, 1.5, True))
        with Qmp.Client.open_address(ADDRESS) as vm, self.assertRaisesRegex(TypeError, 'cannot be pickled'):
            pickle.dumps(vm.get_greeting())

    def test_process(self):
        """As a pool of processes has it: the other one has not imported anything."""
        program = 'import pickle, sys; error = pickle.load(sys.stdin.buffer); ' \
                  'print(type(error).__name__, error.desc, error.sent["execute"])'
        error = Qmp.ExecuteError('gone', 'DeviceNotFound', Qmp.Message.new_command('device_del'))
        child = subprocess.run([sys.executable, '-W', 'ignore', '-c', program], input=pickle.dumps(error),
                               stdout=subprocess.PIPE, check=True)
        self.assertEqual(child.stdout.decode(), 'ExecuteError gone device_del\n')


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


class Bounds(WithPeer):
    """What the library lets through and Python's json does not is an error as any other."""

    def check(self, code, function, *arguments, **keywords):
        with self.assertRaises(GLib.Error) as caught:
            function(*arguments, **keywords)
        self.assertTrue(caught.exception.matches(Qmp.ProtocolError.quark(), code))

    def test_reply(self):
        value = b'9' * 5000
        self.peer.answers['large'] = b'{"return":' + value + b',"id":$ID}'
        self.check(Qmp.ProtocolError.TOO_LARGE, self.vm.execute, 'large')
        reply = self.vm.exchange({'execute': 'large'})
        self.check(Qmp.ProtocolError.TOO_LARGE, reply.get, 'return')
        self.check(Qmp.ProtocolError.TOO_LARGE, reply.__getitem__, 'return')
        self.assertEqual(reply.dup_member_text('return').encode(), value)

    def test_deep_reply(self):
        """How deep Python's json goes depends on its version, and on how deep the program is already."""
        self.peer.answers['deep'] = b'{"return":' + b'[' * 1000 + b']' * 1000 + b',"id":$ID}'
        try:
            value = self.vm.execute('deep')
        except GLib.Error as error:
            self.assertTrue(error.matches(Qmp.ProtocolError.quark(), Qmp.ProtocolError.TOO_DEEP))
        else:
            for _level in range(999):
                [value] = value
            self.assertEqual(value, [])

    def test_event(self):
        self.peer.answers['go'] = b'{"event":"GO","data":{"n":' + b'9' * 5000 + \
            b'},"timestamp":{"seconds":1,"microseconds":0}}\r\n{"return":{},"id":$ID}'
        events = self.vm.listener()
        self.vm.execute('go')
        event = events.next(timeout=30)
        self.check(Qmp.ProtocolError.TOO_LARGE, lambda: event.data)

    def test_own_value(self):
        value = []
        for _level in range(100000):
            value = [value]
        self.check(Qmp.ProtocolError.TOO_DEEP, self.vm.execute, 'echo', value=value)
        while value:
            value = value.pop()
        self.assertEqual(self.vm.execute('echo', n=1), {'n': 1})


class Matches(WithPeer):
    def test_values(self):
        for number, value in enumerate(('x', True, False, 5, 2**62, 0.5, None)):
            other = b'{"event":"E","data":{"m":{"v":"other"}},"timestamp":{"seconds":1,"microseconds":0}}\r\n'
            self.peer.answers['go'] = other + other.replace(b'"other"', json.dumps(value).encode()) + b'{"return":{},"id":$ID}'
            waiting = Qmp.EventMatch.new(['E'])
            waiting.add_member(None, 'm.v', value)
            event = self.vm.execute_and_wait({'execute': 'go', 'id': number}, waiting)
            self.assertEqual(event.data['m'], {'v': value})

    def test_types(self):
        match = Qmp.EventMatch.new(None)
        self.assertRaises(TypeError, match.add_member, None, 'm', {1})
        self.assertRaises(TypeError, match.add_failure, 'E', None, 'x')
        self.assertRaises(TypeError, self.vm.listener, 'E', match)
        for make in (Qmp.EventMatch, Qmp.EventMatch.new, Qmp.EventListener.new, self.vm.subscribe):
            self.assertRaisesRegex(TypeError, 'names must be a list of str, not str', make, 'STOP')
        for make in (Qmp.EventMatch, Qmp.EventMatch.new):
            self.assertEqual(str(make(['A', 'B'])), 'A, B')
            self.assertEqual(str(make()), 'any event')
        self.assertEqual(str(Qmp.EventListener.new(['A']).get_match()), 'A')
        self.assertRaises(TypeError, self.vm.execute_and_wait, {'execute': 'x'}, 'E')
        match.add_member('E', 'm', Json.from_string('[1]'))
        self.assertEqual(repr(match), '<Qmp.EventMatch any event; E: m = [1]>')

    def test_failures(self):
        match = Qmp.EventMatch.new(['M'])
        match.add_failure('BAD')
        match.add_failure('M', 'error')
        match.add_failure('M', 'status', 'failed')
        match.add_failure('M', 'n', None)
        self.assertEqual(str(match), 'M; failure BAD; failure M: error; failure M: status = "failed"; failure M: n = null')
        for data in (b'{"error":1}', b'{"status":"failed"}', b'{"n":null}'):
            self.peer.answers['go'] = (b'{"event":"M","data":{"status":"ok"},"timestamp":{"seconds":1,"microseconds":0}}\r\n'
                                       b'{"return":{},"id":$ID}')
            self.assertEqual(self.vm.execute_and_wait({'execute': 'go'}, match).data, {'status': 'ok'})
            self.peer.answers['go'] = self.peer.answers['go'].replace(b'{"status":"ok"}', data)
            self.assertRaises(Qmp.FailureEventError, self.vm.execute_and_wait, {'execute': 'go'}, match)

    def test_shared(self):
        """Whoever uses a match has a copy, and the filter lives as long as one of them."""
        class Filter:
            def __call__(self, event, wanted):
                return event.data == wanted

        match = Qmp.EventMatch.new(['E'])
        accepts = Filter()
        alive = weakref.ref(accepts)
        match.set_filter(accepts, {'m': 2})
        del accepts
        listener = self.vm.listener(match)
        twin = match.copy()
        match.add_member(None, 'm', 3)
        self.assertEqual(str(match), 'E; m = 3; filter')
        self.assertEqual((str(twin), str(listener.get_match()), str(listener.props.match)), ('E; filter',) * 3)
        del match
        event = b'{"event":"E","data":{"m":1},"timestamp":{"seconds":1,"microseconds":0}}\r\n'
        self.peer.answers['go'] = event + event.replace(b':1}', b':2}') + b'{"return":{},"id":$ID}'
        self.assertEqual(self.vm.execute_and_wait({'execute': 'go'}, twin).data, {'m': 2})
        self.assertEqual([found.data for found in listener.steal_events()], [{'m': 2}])
        del twin
        gc.collect()
        self.assertIsNotNone(alive())
        listener.set_match(Qmp.EventMatch.new(['F']))
        gc.collect()
        self.assertIsNone(alive())


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

    def test_received_only(self):
        self.assertRaises(TypeError, Qmp.Event)
        self.assertRaises(TypeError, Qmp.Greeting)
        # GLib says so, too, which ends this program.
        program = ('import gi\ngi.require_version("Qmp", "1.0")\nfrom gi.repository import Qmp\n'
                   'try:\n    type("Mine", (Qmp.Event,), {})()\n'
                   'except (TypeError, RuntimeError):\n    print("refused")')
        environment = {name: value for name, value in os.environ.items() if name != 'G_DEBUG'}
        child = subprocess.run([sys.executable, '-c', program], env=environment, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, check=True)
        self.assertEqual(child.stdout, 'refused\n')

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
