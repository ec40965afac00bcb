#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Servers in Python, with clients of ours in the same main loop.

usage: servers.py
"""

import json
import os
import sys
import tempfile
import unittest
import unittest.mock

import gi

gi.require_version('Json', '1.0')
gi.require_version('Qmp', '1.0')
from gi.repository import Gio, GLib, Json, Qmp


class Servers(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix='qmp-glib-')
        self.addCleanup(directory.cleanup)
        self.path = os.path.join(directory.name, 'socket')
        self.server = Qmp.Server(name='test', version='9.8.7')
        self.addCleanup(self.server.close)
        self.kept = []
        self.server.connect('command::query-name', lambda _server, invocation: invocation.return_value({'name': 'a'}))
        self.server.connect('command::echo', self.echo)
        self.server.connect('command::keep', self.keep)
        self.server.connect('command::refuse', lambda _server, invocation:
                            invocation.return_error('DeviceNotFound', 'there is none'))
        self.assertTrue(self.server.listen(self.path))

    def echo(self, _server, invocation):
        invocation.return_value(invocation.arguments)

    def keep(self, _server, invocation):
        self.kept.append(invocation)
        return True

    async def open(self):
        return await Qmp.Client.open_address_async(self.path)

    def test_values(self):
        async def talk():
            vm = await self.open()
            self.assertEqual(vm.get_greeting().version, (9, 8, 7))
            self.assertEqual(await vm.execute_async('query-name'), {'name': 'a'})
            self.assertEqual(await vm.execute_async('echo'), {})
            value = {'a': [1, 2.5, None, True, 'é', 2**63], 'b': {}}
            self.assertEqual(await vm.execute_async('echo', value), value)
            with self.assertRaises(Qmp.ExecuteError) as caught:
                await vm.execute_async('refuse')
            self.assertEqual((caught.exception.error_class, caught.exception.desc), ('DeviceNotFound', 'there is none'))
            with self.assertRaises(Qmp.ExecuteError) as caught:
                await vm.execute_async('nothing')
            self.assertEqual(caught.exception.error_class, 'CommandNotFound')
            await vm.close_async()

        Qmp.run(talk())

    def test_later(self):
        async def talk():
            vm = await self.open()
            call = vm.execute_async('keep')
            second = vm.execute_async('keep')
            while len(self.kept) < 2:
                await Qmp.sleep(0)
            first, last = self.kept
            self.assertEqual((first.command, first.arguments), ('keep', {}))
            self.assertIsInstance(first.connection, Qmp.ServerConnection)
            with self.assertRaises(TypeError):
                first.return_value(object())
            with self.assertRaises(GLib.Error):
                first.return_text('{')
            last.return_value([2])
            first.return_value(Json.from_string('[1]'))
            self.assertEqual(await call, [1])
            self.assertEqual(await second, [2])
            with self.assertRaises(Qmp.StateError):
                first.return_value()
            with self.assertRaises(Qmp.StateError):
                first.return_error('GenericError', 'late')
            await vm.close_async()

        Qmp.run(talk())

    def test_events(self):
        async def talk():
            vm = await self.open()
            with vm.listener('STOP', 'JOB') as events:
                self.assertTrue(self.server.emit_event('STOP'))
                self.assertTrue(self.server.emit_event('JOB', {'id': 'a'}))
                with self.assertRaises(TypeError):
                    self.server.emit_event('JOB', {'id': object()})
                self.assertEqual((await events.next_async()).name, 'STOP')
                self.assertEqual((await events.next_async()).data, {'id': 'a'})
            await vm.close_async()

        Qmp.run(talk())

    def test_connections(self):
        async def talk():
            vm = await self.open()
            connections = self.server.get_connections()
            self.assertEqual(len(connections), 1)
            connection = connections[0]
            self.assertEqual(connection.get_runstate(), Qmp.Runstate.RUNNING)
            self.assertEqual(connection.get_credentials().get_unix_pid(), os.getpid())
            ends = []
            connection.connect('closed', lambda _connection, error: ends.append(error))
            connection.send(Qmp.Message({'event': 'OWN', 'timestamp': {'seconds': 1, 'microseconds': 0}}))
            connection.close()
            self.assertEqual(ends, [None])
            self.assertEqual(len(connections), 0)
            with self.assertRaises(GLib.Error):
                await vm.wait_closed_async()

        Qmp.run(talk())

    def test_raises(self):
        told = []
        sys.excepthook = lambda *what: told.append(what[1])
        self.addCleanup(setattr, sys, 'excepthook', sys.__excepthook__)

        def fail(_server, invocation):
            if invocation.arguments.get('late'):
                invocation.return_value('done')
            raise KeyError() if invocation.arguments.get('bare') else ValueError('the disk is full')

        self.server.connect('command', fail)

        async def talk():
            vm = await self.open()
            for arguments, desc in ({}, 'the disk is full'), ({'bare': True}, 'KeyError'):
                with self.assertRaises(Qmp.ExecuteError) as caught:
                    await vm.execute_async('save', arguments)
                self.assertEqual((caught.exception.error_class, caught.exception.desc), ('GenericError', desc))
            self.assertEqual(await vm.execute_async('save', late=True), 'done')
            self.assertEqual([type(error) for error in told], [ValueError, KeyError, ValueError])
            await vm.close_async()

        Qmp.run(talk())

    def test_version(self):
        for version in '8.2', '8.2.x', '1.2.3.4', '1000.0.0', '':
            with self.assertRaisesRegex(ValueError, 'three numbers'):
                Qmp.Server(version=version)
            with self.assertRaisesRegex(ValueError, 'three numbers'):
                self.server.set_version(version)
        self.server.set_version('8.2.0')
        self.assertEqual(self.server.get_version(), '8.2.0')

    def test_recorder(self):
        stream = Gio.MemoryOutputStream.new_resizable()
        recorder = Qmp.Recorder(self.path, stream)
        ends = []
        recorder.connect('ended', lambda _recorder, error: ends.append(error))
        self.assertTrue(recorder.listen(f'{self.path}.recorder'))
        self.addCleanup(recorder.close)

        async def talk():
            vm = await Qmp.Client.open_address_async(recorder.get_listen_address())
            self.assertEqual(await vm.execute_async('echo', password='x'), {'password': 'x'})
            await vm.close_async()
            while not ends:
                await Qmp.sleep(0)

        Qmp.run(talk())
        self.assertEqual(ends, [None])
        stream.close()
        lines = [json.loads(line) for line in bytes(stream.steal_as_bytes().get_data()).splitlines()]
        self.assertEqual([line['message']['arguments'] for line in lines if line.get('message', {}).get('execute') == 'echo'],
                         [{'password': '***'}])
        with self.assertRaises(TypeError):
            Qmp.Recorder(5, stream)

    def test_wrong(self):
        with self.assertRaises(TypeError):
            self.server.listen(5)
        with self.assertRaises(GLib.Error) as caught:
            Qmp.Server().listen(self.path)
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.ADDRESS_IN_USE))

    def test_shared(self):
        """A multiplexer in front of the server, which plays QEMU."""
        asked = []

        def allow(multiplexer, invocation):
            asked.append(invocation.props.command)
            if invocation.props.command == 'raise':
                raise ValueError('no')
            return invocation.props.command != 'refuse'

        async def refused(other, command):
            with self.assertRaises(Qmp.ExecuteError) as caught:
                await other.execute_async(command)
            self.assertEqual(caught.exception.error_class, 'CommandNotFound')
            return caught.exception.desc

        async def talk():
            vm = await self.open()
            multiplexer = Qmp.Multiplexer(client=vm)
            self.assertIs(multiplexer.props.client, vm)
            multiplexer.props.server.listen(self.path + '-shared')
            other = await Qmp.Client.open_address_async(self.path + '-shared')
            self.assertEqual(other.get_greeting().version, (9, 8, 7))
            self.assertEqual(await other.execute_async('echo', {'a': [1]}), {'a': [1]})
            multiplexer.set_allow_func(allow)
            self.assertEqual(await other.execute_async('query-name'), {'name': 'a'})
            self.assertEqual(await refused(other, 'refuse'), 'Command refuse has been disabled')
            with unittest.mock.patch('sys.stderr'):
                self.assertEqual(await refused(other, 'raise'), 'Command raise has been disabled')
            self.assertEqual(asked, ['query-name', 'refuse', 'raise'])
            multiplexer.set_allow_func(None)
            multiplexer.set_read_only(True)
            self.assertTrue(multiplexer.props.read_only)
            self.assertIn('read-only', await refused(other, 'echo'))
            await vm.close_async()
            with self.assertRaises(GLib.Error):
                await other.wait_closed_async()
            multiplexer.props.server.close()

        Qmp.run(talk())


if __name__ == '__main__':
    unittest.main()
