#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The typelib as PyGObject shows it, against a real QEMU.

usage: plain.py SOCKET
"""

import json
import os
import sys
import unittest

import gi

gi.require_version('Json', '1.0')
gi.require_version('Qmp', '1.0')
from gi.repository import Gio, GLib, GObject, Json, Qmp

ADDRESS = Gio.UnixSocketAddress.new(sys.argv.pop())


def to_node(value):
    return Json.from_string(json.dumps(value))


def from_node(node):
    # With the overrides, execute() returns the value itself.
    return json.loads(Json.to_string(node, False)) if isinstance(node, Json.Node) else node


def iterate_until(condition):
    late = []
    watchdog = GLib.timeout_add_seconds(30, late.append, True)
    while not condition() and not late:
        GLib.MainContext.default().iteration(True)
    if late:
        raise AssertionError('it took too long')
    GLib.source_remove(watchdog)


def call(start, *arguments):
    """Runs an asynchronous form to its result."""
    results = []
    start(*arguments, lambda vm, result: results.append(result))
    iterate_until(lambda: results)
    return results[0]


class WithQemu(unittest.TestCase):
    def setUp(self):
        self.vm = Qmp.Client(name='plain')
        self.states = []
        self.vm.connect('notify::runstate', lambda vm, _pspec: self.states.append(vm.get_runstate()))
        self.vm.open(ADDRESS, None)

    def tearDown(self):
        self.vm.close(None)

    def execute(self, command, arguments=None):
        return from_node(self.vm.execute(command, to_node(arguments or {}), None))


class Opening(WithQemu):
    def test_runstate(self):
        self.vm.close(None)
        self.vm.close(None)
        iterate_until(lambda: self.states[-1:] == [Qmp.Runstate.IDLE])
        self.assertEqual(self.states[:2], [Qmp.Runstate.CONNECTING, Qmp.Runstate.RUNNING])

    def test_greeting(self):
        greeting = self.vm.props.greeting
        self.assertIsInstance(greeting, Qmp.Greeting)
        self.assertIsInstance(greeting, Qmp.Message)
        self.assertEqual(len(greeting.get_version()), 3)
        self.assertIn('oob', greeting.get_capabilities())
        self.assertTrue(greeting.has_capability('oob'))
        self.assertFalse(greeting.has_capability('flight'))
        self.assertIsInstance(greeting.get_package(), str)

    def test_again(self):
        self.vm.close(None)
        self.assertTrue(self.vm.open(ADDRESS, None))
        self.assertEqual(self.execute('query-status')['status'], 'running')

    def test_async(self):
        vm = Qmp.Client.new(None)
        self.vm.close(None)
        self.assertTrue(vm.open_finish(call(vm.open_async, ADDRESS, None)))
        self.assertTrue(vm.close_finish(call(vm.close_async, None)))

    def test_open_stream(self):
        self.vm.close(None)
        stream = Gio.SocketClient().connect(ADDRESS, None)
        vm = Qmp.Client.new(None)
        self.assertTrue(vm.open_stream(stream, None))
        self.assertEqual(from_node(vm.execute('query-status', None, None))['status'], 'running')
        vm.close(None)

    def test_properties(self):
        vm = Qmp.Client(name='here', timeout=5000, negotiate=False)
        self.assertEqual((vm.props.name, vm.props.timeout, vm.props.negotiate), ("here", 5000, False))
        for pspec in vm.list_properties():
            self.assertNotEqual(pspec.value_type.fundamental, GObject.TYPE_POINTER, pspec.name)
            vm.get_property(pspec.name)

    def test_closed(self):
        errors = []
        self.vm.connect('closed', lambda vm, error: errors.append(error))
        self.vm.close(None)
        iterate_until(lambda: errors)
        self.assertEqual(errors, [None])

    def test_refused(self):
        vm = Qmp.Client.new(None)
        with self.assertRaises(GLib.Error) as caught:
            vm.open(Gio.UnixSocketAddress.new('/nonexistent/socket'), None)
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND))


class Commands(WithQemu):
    def test_execute(self):
        self.assertEqual(self.execute('query-status')['status'], 'running')
        objects = self.execute('qom-list', {'path': '/'})
        self.assertIn('machine', [entry['name'] for entry in objects])

    def test_no_arguments(self):
        self.assertIn('status', from_node(self.vm.execute('query-status', None, None)))

    def test_async(self):
        result = call(self.vm.execute_async, 'query-status', None, None)
        self.assertEqual(from_node(self.vm.execute_finish(result))['status'], 'running')

    def test_order(self):
        order = []
        for number in range(100):
            self.vm.execute_async('query-name', None, None, lambda *_: order.append(_[-1]), number)
        iterate_until(lambda: len(order) == 100)
        self.assertEqual(order, list(range(100)))

    def test_fd(self):
        message = Qmp.Message.new_command('add-fd', to_node({'fdset-id': 7, 'opaque': 'plain'}))
        fds = Gio.UnixFDList.new()
        read_end, write_end = os.pipe()
        fds.append(read_end)
        message.set_fd_list(fds)
        self.assertEqual(message.get_fd_list().get_length(), 1)
        added = from_node(self.vm.execute_message(message, None))
        self.assertEqual(added['fdset-id'], 7)
        self.assertEqual(self.execute('query-fdsets')[0]['fds'][0]['opaque'], 'plain')
        self.execute('remove-fd', {'fdset-id': 7})
        os.close(read_end)
        os.close(write_end)

    def test_send_fd(self):
        self.assertTrue(self.vm.send_fd(1))
        self.execute('getfd', {'fdname': 'one'})
        self.execute('closefd', {'fdname': 'one'})

    def test_exchange(self):
        message = Qmp.Message.new_command('query-status', None)
        message.set_member('id', to_node('mine'))
        reply = self.vm.exchange(message, None)
        self.assertTrue(reply.is_read_only())
        self.assertTrue(reply.has_member('return'))
        self.assertEqual(from_node(reply.get_member('id')), 'mine')

    def test_exchange_of_an_error(self):
        message = Qmp.Message.new_command('device_del', to_node({'id': 'nope'}))
        reply = self.vm.exchange_finish(call(self.vm.exchange_async, message, None))
        self.assertEqual(from_node(reply.get_member('error'))['class'], 'DeviceNotFound')

    def test_out_of_band(self):
        self.assertTrue(self.vm.props.out_of_band)
        message = Qmp.Message.new_command('query-status', None)
        message.set_out_of_band(True)
        with self.assertRaises(GLib.Error) as caught:
            self.vm.execute_message(message, None)
        self.assertTrue(caught.exception.matches(Qmp.CommandError.quark(), Qmp.CommandError.GENERIC))


class Events(WithQemu):
    def hear(self, signal, command):
        heard = []
        handler = self.vm.connect(signal, lambda vm, event: heard.append(event))
        self.execute(command)
        iterate_until(lambda: heard)
        self.vm.disconnect(handler)
        return heard[0]

    def test_detail(self):
        event = self.hear('event::STOP', 'stop')
        self.assertIsInstance(event, Qmp.Event)
        self.assertEqual(event.get_name(), 'STOP')
        self.assertIsNone(event.get_data())
        self.assertGreater(event.get_timestamp(), 0)
        self.assertEqual(self.hear('event', 'cont').get_name(), 'RESUME')

    def test_other_detail(self):
        heard = []
        self.vm.connect('event::RESUME', lambda vm, event: heard.append(event.get_name()))
        self.hear('event::STOP', 'stop')
        self.assertEqual(heard, [])
        self.execute('cont')
        iterate_until(lambda: heard)


class Errors(WithQemu):
    def test_classes(self):
        for command, arguments, code, name in (
                ('device_del', {'id': 'nope'}, Qmp.CommandError.DEVICE_NOT_FOUND, 'DeviceNotFound'),
                ('no-such-thing', {}, Qmp.CommandError.COMMAND_NOT_FOUND, 'CommandNotFound'),
                ('qom-list', {}, Qmp.CommandError.GENERIC, 'GenericError')):
            with self.assertRaises(GLib.Error) as caught:
                self.execute(command, arguments)
            error = caught.exception
            self.assertTrue(error.matches(Qmp.CommandError.quark(), code))
            self.assertEqual(Qmp.CommandError.get_class(error), name)
            self.assertTrue(error.message)

    def test_state(self):
        with self.assertRaises(GLib.Error) as caught:
            Qmp.Client.new(None).execute('query-status', None, None)
        self.assertTrue(caught.exception.matches(Qmp.ClientError.quark(), Qmp.ClientError.STATE))

    def test_cancelled(self):
        cancellable = Gio.Cancellable()
        results = []
        self.vm.execute_async('query-status', None, cancellable, lambda vm, result: results.append(result))
        cancellable.cancel()
        iterate_until(lambda: results)
        with self.assertRaises(GLib.Error) as caught:
            self.vm.execute_finish(results[0])
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED))
        self.assertEqual(self.execute('query-status')['status'], 'running')

    def test_another_client_holds_the_monitor(self):
        vm = Qmp.Client.new(None)
        # In milliseconds: the overrides for Python, which this program does not know of, have seconds.
        GObject.Object.set_property(vm, 'open-timeout', 500)
        with self.assertRaises(GLib.Error) as caught:
            vm.open(ADDRESS, None)
        self.assertTrue(caught.exception.matches(Qmp.ClientError.quark(), Qmp.ClientError.BUSY))


class Messages(unittest.TestCase):
    def test_text_is_kept(self):
        text = b'{"a":18446744073709551615,"b":0.1,"c":1e400,"d":"\\u0000"}'
        message = Qmp.Message.new_from_bytes(GLib.Bytes.new(text))
        self.assertEqual(message.get_bytes().get_data(), text)
        self.assertEqual(message.list_members(), ['a', 'b', 'c', 'd'])
        self.assertEqual(message.dup_member_text('a'), '18446744073709551615')
        self.assertIsNone(message.get_member('z'))

    def test_paths(self):
        text = b'{"return":{"status":"running","running":true,"list":[{"size":18446744073709551615},0.5]}}'
        reply = Qmp.Message.new_from_bytes(GLib.Bytes.new(text))
        self.assertEqual(reply.dup_string('return.status'), 'running')
        self.assertIs(reply.get_boolean('return.running'), True)
        self.assertEqual(reply.get_uint64('return.list[0].size'), 2 ** 64 - 1)
        self.assertEqual(reply.get_double('return.list[1]'), 0.5)
        self.assertEqual(reply.get_n_elements('return.list'), 2)
        self.assertEqual(reply.dup_text('return.list[0]'), '{"size":18446744073709551615}')
        self.assertEqual(from_node(reply.dup_node('return'))['status'], 'running')
        self.assertEqual((reply.has_path('return.list[1]'), reply.has_path('return.list[2]')), (True, False))
        self.assertEqual(reply.hash(), reply.dup().hash())
        with self.assertRaises(GLib.Error) as caught:
            reply.get_int64('return.list[0].size')
        self.assertTrue(caught.exception.matches(Qmp.ProtocolError.quark(), Qmp.ProtocolError.UNEXPECTED_TYPE))
        self.assertIn('18446744073709551615', caught.exception.message)
        with self.assertRaises(GLib.Error) as caught:
            reply.dup_string('return.stats')
        self.assertTrue(caught.exception.matches(Qmp.ProtocolError.quark(), Qmp.ProtocolError.NOT_FOUND))
        self.assertIn('“return” has only “status”, “running”, “list”', caught.exception.message)

    def test_change(self):
        message = Qmp.Message.new()
        message.set_member('one', to_node(1))
        message.set_member_text('two', '[2]')
        self.assertEqual(json.loads(message.to_string()), {'one': 1, 'two': [2]})
        copy = message.dup()
        self.assertTrue(copy.equal(message))
        self.assertTrue(copy.remove_member('one'))
        self.assertFalse(copy.remove_member('one'))
        self.assertFalse(copy.equal(message))
        self.assertEqual(from_node(message.get_node()), {'one': 1, 'two': [2]})

    def test_bad_text(self):
        for text, code in ((b'{"a":', Qmp.ProtocolError.DESERIALIZATION),
                           (b'[]', Qmp.ProtocolError.UNEXPECTED_TYPE)):
            with self.assertRaises(GLib.Error) as caught:
                Qmp.Message.new_from_bytes(GLib.Bytes.new(text))
            self.assertTrue(caught.exception.matches(Qmp.ProtocolError.quark(), code))


class Names(unittest.TestCase):
    def test_private_names_are_absent(self):
        for name in dir(Qmp):
            self.assertFalse(name.lower().startswith(('json', 'transport', 'calls', 'handshake')), name)

    def test_nothing_of_gobject_is_hidden(self):
        self.assertIs(Qmp.Client.connect, GObject.Object.connect)
        self.assertIs(Qmp.Client.disconnect, GObject.Object.disconnect)
        self.assertTrue(Qmp.check_version(1, 0, 0))


if __name__ == '__main__':
    unittest.main(verbosity=2)
