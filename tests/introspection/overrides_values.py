#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Python overrides: the values that go in and come out, and the errors.

usage: overrides_values.py SOCKET
"""

import collections.abc
import copy
import functools
import gc
import json
import os
import pickle
import socket
import subprocess
import sys
import unittest
import weakref

import gi

gi.require_version('Json', '1.0')
gi.require_version('Qmp', '1.0')
from gi.repository import Gio, GLib, Json, Qmp

from linked import ADDRESS, WithPeer, WithQemu
from peer import Peer


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
        check(Qmp.AddressError, Qmp.ClientError.ADDRESS, Qmp.MachineList().add, 'tcp:')
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


class End(unittest.TestCase):
    def test_client_in_a_cycle(self):
        """When Python ends, PyGObject cannot import what it wants for a call any more: nobody is told of that."""
        program = 'import gi; gi.require_version("Qmp", "1.0"); from gi.repository import Qmp\n' \
                  'vm = Qmp.Client(); vm.connect("event", lambda *_arguments: vm)'
        child = subprocess.run([sys.executable, '-W', 'ignore', '-c', program], stderr=subprocess.PIPE, text=True, check=True)
        self.assertEqual(child.stderr, '')


class Exactness(WithPeer):
    def test_large(self):
        """A reply of which no more copies are kept than needed."""
        for value in ({'error': 'x' * 200000}, ['\u20ac' * 70000, 2**64 - 1]):
            self.assertEqual(self.vm.execute('echo', value=value), {'value': value})

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


if __name__ == '__main__':
    unittest.main(verbosity=2)
