#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each function of the library that can fail raises a Qmp.Error, or one of its children.

What is called is what the GIR has: a function that is new, and does not fail as the others do, is made to fail in PROVOKED.

usage: errors.py GIR
"""

import os
import pickle
import socket
import sys
import tempfile
import unittest

import gi

gi.require_version('Json', '1.0')
gi.require_version('Qmp', '1.0')
from gi.repository import Gio, GLib, GObject, Json, Qmp

import functions

THROWING = list(functions.list_throwing(sys.argv.pop()))
MESSAGE = b'{"execute": "x"}'
SOCKET = '/nonexistent/socket'


def cancelled():
    cancellable = Gio.Cancellable()
    cancellable.cancel()
    return cancellable


def new_stream():
    return Gio.SimpleIOStream.new(Gio.MemoryInputStream.new(), Gio.MemoryOutputStream.new_resizable())


MAKE = {
    'Client': Qmp.Client,
    'EventListener': lambda: Qmp.EventListener.new(None),
    'EventMatch': lambda: Qmp.EventMatch.new(None),
    'Expectation': lambda: Qmp.Mock().expect('stop'),
    'Finder': Qmp.Finder,
    'GLib.Bytes': lambda: b'',
    'Gio.IOStream': new_stream,
    'Gio.SocketConnectable': lambda: Gio.UnixSocketAddress.new(SOCKET),
    'GuestAgent': lambda: Qmp.GuestAgent.new(Qmp.Client.new(None)),
    'GuestExecFlags': lambda: Qmp.GuestExecFlags.DEFAULT,
    'GuestShutdownMode': lambda: Qmp.GuestShutdownMode.HALT,
    'GuestSuspendMode': lambda: Qmp.GuestSuspendMode.RAM,
    'GuestWriteFlags': lambda: Qmp.GuestWriteFlags.REPLACE,
    'Instance': lambda: GObject.new(Qmp.Instance),
    'Job': lambda: GObject.new(Qmp.Job),
    'Json.Node': lambda: None,
    'Launcher': lambda: Qmp.Launcher.new(['/nonexistent/qemu']),
    'Machine': lambda: Qmp.Machine.new(None),
    'MachineList': Qmp.MachineList,
    'Message': lambda: Qmp.Message(MESSAGE),
    'Migration': lambda: GObject.new(Qmp.Migration),
    'Mock': Qmp.Mock,
    'Schema': lambda: Qmp.Schema.new_from_bytes(GLib.Bytes.new(b'[]')),
    'Server': Qmp.Server,
    'ShutDownFlags': lambda: Qmp.ShutDownFlags.NONE,
    'filename': lambda: '/nonexistent/file',
    'gboolean': lambda: False,
    'gint': lambda: 0,
    'guint': lambda: 0,
    'gint64': lambda: 0,
    'gsize': lambda: 0,
    'utf8': lambda: 'nonsense',
    'utf8[]': lambda: ['nonsense'],
    'EndpointKind': lambda: Qmp.EndpointKind.MONITOR,
}


# --- what needs more than that ---

def close_stream(owner):
    stream = new_stream()
    stream.close()
    owner.add_stream(stream)


def new_array():
    return Json.from_string('[]')


def with_machine(use):
    """The mock's machine, which is open."""
    with Qmp.Mock() as mock:
        machine = Qmp.Machine.new(None)
        machine.open(mock.path)
        use(mock, machine)


def with_client(use):
    with Qmp.Mock() as mock:
        use(Qmp.Client.open_address(mock.path))


def close_with_unsent(vm):
    vm.execute_async('x', {'data': ' ' * 10000000}).cancel()
    vm.execute_async('y').cancel()
    vm.close(cancelled())


def with_job(use):
    def begin(mock, machine):
        mock.expect('blockdev-backup').fails_job('no room')
        use(machine.start_job('blockdev-backup', {'job-id': 'j'}))

    with_machine(begin)


def with_invocation(use):
    """One that was answered already."""
    server = Qmp.Server()
    taken = []
    server.connect('command', lambda _server, invocation: taken.append(invocation) or invocation.return_value())
    with tempfile.TemporaryDirectory(prefix='qmp-glib-') as directory:
        server.listen(os.path.join(directory, 'socket'))

        async def ask():
            async with await Qmp.Client.open_address_async(os.path.join(directory, 'socket')) as vm:
                await vm.execute_async('x')

        Qmp.run(ask())
        server.close()
    use(taken[0])


def send_to_one_that_has_gone():
    server = Qmp.Server()
    here, there = socket.socketpair()
    server.add_stream(Gio.Socket.new_from_fd(here.detach()).connection_factory_create_connection())
    connection = server.get_connections()[0]
    server.close()
    there.close()
    connection.send(Qmp.Message(MESSAGE))


def leave_unmet():
    mock = Qmp.Mock()
    mock.expect('stop')
    mock.verify()


PROVOKED = {
    (None, 'address_parse'): lambda: Qmp.address_parse(''),
    ('Client', 'close'): lambda: with_client(close_with_unsent),
    ('Client', 'wait_closed'): lambda: with_client(lambda vm: vm.wait_closed(cancelled())),
    ('Invocation', 'return_error'): lambda: with_invocation(lambda invocation: invocation.return_error('E', 'x')),
    ('Invocation', 'return_text'): lambda: with_invocation(lambda invocation: invocation.return_text('{}')),
    ('Invocation', 'return_value'): lambda: with_invocation(lambda invocation: invocation.return_value({})),
    ('Job', 'dismiss'): lambda: with_job(lambda job: job.dismiss(cancelled())),
    ('Job', 'wait'): lambda: with_job(lambda job: job.wait()),
    ('Launcher', 'inherit_fd'): lambda: Qmp.Launcher.new(['x']).inherit_fd(1000000),
    ('Launcher', 'set_leave_running'): lambda: Qmp.Launcher.new(['x']).set_leave_running(None, 1000000),
    ('MachineList', 'add'): lambda: Qmp.MachineList().add('tcp:'),
    ('Message', 'check_reply'): lambda: Qmp.Message({'error': {'class': 'E', 'desc': 'x'}}).check_reply(),
    ('Message', 'new_command'): lambda: Qmp.Message.new_command('x', new_array()),
    ('Message', 'new_from_bytes'): lambda: Qmp.Message.new_from_bytes(GLib.Bytes.new(b'{')),
    ('Message', 'new_from_node'): lambda: Qmp.Message.new_from_node(new_array()),
    ('Message', 'set_member'): lambda: Qmp.Message().set_member('x', Json.from_string('1e999')),
    ('Message', 'validate'): lambda: Qmp.Message(b'{', eager=False).validate(),
    ('Migration', 'wait'): lambda: with_machine(lambda _mock, machine: machine.start_migration('exec:x').wait(0)),
    ('Mock', 'add_stream'): lambda: close_stream(Qmp.Mock()),
    ('Mock', 'emit_event'): lambda: Qmp.Mock().emit_event('E', new_array()),
    ('Mock', 'verify'): leave_unmet,
    ('Recorder', 'listen'): lambda: Qmp.Recorder(SOCKET, Gio.MemoryOutputStream.new_resizable()).listen(SOCKET),
    ('Schema', 'new_from_bytes'): lambda: Qmp.Schema.new_from_bytes(GLib.Bytes.new(b'{')),
    ('Server', 'add_stream'): lambda: close_stream(Qmp.Server()),
    ('Server', 'emit_event'): lambda: Qmp.Server().emit_event('E', new_array()),
    ('ServerConnection', 'send'): send_to_one_that_has_gone,
}


def make(function):
    """What it is called on, and with."""
    owner = Qmp if function['type'] is None else getattr(Qmp, function['type'])
    if function['isMethod']:
        owner = MAKE[function['type']]()
    return owner, [MAKE[name]() for name in function['takes']]


def call(function):
    """Calls it, so that it fails: with nothing open, and cancelled where that can be."""
    provoked = PROVOKED.get((function['type'], function['name']))
    if provoked is not None:
        return provoked()
    owner, arguments = make(function)
    if function['cancellable']:
        arguments.append(cancelled())
    return getattr(owner, function['name'])(*arguments)


def finish(function):
    """The same with a callback, as in C, which takes bytes as GLib has them."""
    owner, arguments = make(function)
    arguments = [GLib.Bytes.new(argument) if isinstance(argument, bytes) else argument for argument in arguments]
    results = []
    getattr(owner, f"{function['name']}_async")(*arguments, cancelled(), lambda _source, result: results.append(result))
    while not results:
        GLib.MainContext.default().iteration(True)
    return getattr(owner, f"{function['name']}_finish")(results[0])


class Errors(unittest.TestCase):
    def check(self, function, run):
        with self.subTest(function=f"{function['type']}.{function['name']}", how=run.__name__):
            with self.assertRaises(GLib.Error) as context:
                run(function)
            self.assertIsInstance(context.exception, Qmp.Error, context.exception)

    def test_all(self):
        for function in THROWING:
            if not function['name'].endswith('_finish'):
                self.check(function, call)

    def test_finish(self):
        """What had to be provoked otherwise does not fail so; that it is not PyGObject's own is seen all the same."""
        plain = type(Qmp.Client.get_name)
        names = {(function['type'], function['name']) for function in THROWING}
        for function in THROWING:
            if (function['type'], f"{function['name']}_finish") not in names:
                continue
            self.assertNotIsInstance(getattr(getattr(Qmp, function['type']), f"{function['name']}_finish"), plain)
            if (function['type'], function['name']) not in PROVOKED:
                self.check(function, finish)

    def test_told(self):
        """Those that are told of, and not raised."""
        machines = Qmp.MachineList()
        entry = machines.add('no-machine-has-this-name')
        entry.connect('notify::error', lambda *_arguments: None)
        while entry.error is None:
            GLib.MainContext.default().iteration(True)
        for error in (entry.error, entry.get_error()):
            self.assertIsInstance(error, Qmp.NotFoundError)
        machine = Qmp.Machine.new(None)
        self.assertIsNone(machine.get_link_error())

    def test_classes(self):
        """Each has the domain and code that it stands for, and can be pickled and copied."""
        with self.assertRaises(Qmp.Error) as context:
            Qmp.Message(b'{')
        error = context.exception
        self.assertIs(type(error), Qmp.Error)
        for other in (pickle.loads(pickle.dumps(error)), error.copy()):
            self.assertEqual((type(other), other.message, other.domain, other.code), (Qmp.Error, error.message, error.domain, error.code))
        self.assertTrue(error.matches(Qmp.ProtocolError.quark(), error.code))
        self.assertRegex(repr(error), r"^Qmp\.Error\(")
        for cls, quark, code in [(Qmp.NotFoundError, Qmp.FinderError.quark(), Qmp.FinderError.NOT_FOUND),
                                 (Qmp.AmbiguousError, Qmp.FinderError.quark(), Qmp.FinderError.AMBIGUOUS),
                                 (Qmp.NoEndpointError, Qmp.FinderError.quark(), Qmp.FinderError.NO_ENDPOINT),
                                 (Qmp.TimeoutError, Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT)]:
            for error in (cls('x'), pickle.loads(pickle.dumps(cls('x'))), cls('x').copy()):
                self.assertTrue(type(error) is cls and isinstance(error, Qmp.Error) and error.matches(quark, code))


if __name__ == '__main__':
    unittest.main(verbosity=2)
