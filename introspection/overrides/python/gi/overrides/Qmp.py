# SPDX-License-Identifier: LGPL-2.1-or-later
"""qmp-glib for Python: plain values in and out, with, for, await, exceptions.

A method without a callback is blocking, or, if its name ends in _async, returns a Qmp.Call to await, in a program with
a GLib main loop and in asyncio alike. An _async method that is given a callback, and a _finish method, are those of the
C library: their values are Json.Node.

Times are in seconds.

Values go through the JSON text of a message, so integers are exact.
"""

import functools
import os
import re
import socket
import sys
import threading

import gi

gi.require_version('Json', '1.0')
from gi.repository import Gio, GLib, GObject, Json

from ..module import get_introspection_module
from . import _qmp_end, _qmp_finder, _qmp_guest, _qmp_job, _qmp_machine, _qmp_machines, _qmp_migration, _qmp_mock, _qmp_times
from ._qmp_calls import Call, Task, gather, gio, run, sleep, spawn, wait_for
from ._qmp_errors import (AddressError, AmbiguousError, BusyError, CancelledError, EndedError, Error, ExecuteError,
                          FailureEventError, GuestLostError, GuestThawedError, InterruptedError, JobCancelledError, JobError,
                          LaunchError, LostError, MigrationCancelledError, MigrationError, MissingCommandError,
                          NoAnswerError, NoEndpointError, NoProcessError, NotASocketError, NotFoundError, StateError,
                          TimeoutError, UnexpectedCommandError, explain)
from ._qmp_messages import (dump as _dump, load as _load, make_command as _make_command, make_message as _make_message,
                            take_value as _take_value)
from ._qmp_methods import (Method as _Method, add as _add, check_thread as _check_thread, explain_rest as _explain_rest,
                           explained as _explained, in_own_thread as _in_own_thread, name_type as _name_type,
                           override as _override, override_unknown as _override_unknown, replace as _replace,
                           to_fd as _to_fd, to_words_or_none as _to_words_or_none)

Qmp = get_introspection_module('Qmp')

# The typelib may be found where the library is not: that is said here, and not at the first call.
Qmp.check_version(0, 0, 0)

__all__ = ['AddressError', 'AmbiguousError', 'BusyError', 'Call', 'CancelledError', 'EndedError', 'Error', 'ExecuteError',
           'FailureEventError', 'GuestLostError', 'GuestThawedError', 'InterruptedError', 'JobCancelledError', 'JobError',
           'LaunchError', 'LostError', 'MigrationCancelledError', 'MigrationError', 'MissingCommandError', 'NoAnswerError',
           'NoEndpointError', 'NoProcessError', 'NotASocketError', 'NotFoundError', 'StateError', 'Task', 'TimeoutError',
           'UnexpectedCommandError', 'address_parse', 'gather', 'gio', 'run', 'sleep', 'spawn', 'wait_for']


# --- the link ---

_plain_address_parse = Qmp.address_parse


def address_parse(text):
    """Reads an address as a person writes it; returns what can be opened. Raises Qmp.AddressError."""
    try:
        return _plain_address_parse(text)
    except UnicodeEncodeError:
        # A path that is not UTF-8, as Python spells it.
        return _make_unix_address(os.fsencode(text))
    except GLib.Error as error:
        raise explain(error) from None


def _make_unix_address(path):
    """The address of a Unix socket whose path is bytes; an abstract name begins with a NUL."""
    kind = Gio.UnixSocketAddressType.PATH
    if path[:1] == b'\0':
        path = path[1:]
        kind = Gio.UnixSocketAddressType.ABSTRACT
    signed = [byte - 256 if byte > 127 else byte for byte in path]  # which gchar is to PyGObject
    return Gio.UnixSocketAddress.new_with_type(signed, kind)


def _make_network_address(host, port):
    if not isinstance(host, str) or isinstance(port, bool) or not isinstance(port, int):
        raise TypeError(f'an address of two is (host, port), str and int, not ({_name_type(host)}, {_name_type(port)})')
    if not 0 <= port <= 65535:
        raise ValueError(f'{port} is not a port')
    return Gio.NetworkAddress.new(host or 'localhost', port)


def _make_address(address):
    if isinstance(address, Gio.SocketConnectable):
        return address
    if isinstance(address, str):
        return address_parse(address)
    if isinstance(address, (bytes, os.PathLike)):
        return _make_unix_address(os.fsencode(address))
    if isinstance(address, tuple) and len(address) == 2:
        return _make_network_address(*address)
    if isinstance(address, socket.socket):
        return address_parse(f'fd:{address.fileno()}')
    raise TypeError('address must be str or Gio.SocketConnectable, a path, (host, port) or a socket, '
                    f'not {_name_type(address)}')


@_override(Qmp.Client)
def _open(self, address, cancellable=None):
    """Connects to a server, awaits its greeting and negotiates, for at most open_timeout seconds.

    address: a str as in Qmp.address_parse(), a path (bytes, pathlib.Path), (host, port), a connected socket.socket,
        or a Gio.SocketConnectable

    Raises Qmp.BusyError where nobody greets, Qmp.AddressError, Qmp.StateError, Qmp.TimeoutError, GLib.Error.
    """
    return [_make_address(address)], cancellable


@_override(Qmp.Client)
def _new_for_address(address, cancellable=None):
    """What open_address() does, as the C library has it: address is a str, and the client is as it is by default."""
    return [address], cancellable


@_override(Qmp.Client)
def _listen(self, address, cancellable=None):
    """Listens for a server that connects; accept() takes the connection. The address is one as for open()."""
    return [_make_address(address)], cancellable


@_override(Qmp.Client)
def _wait_closed(self, cancellable=None):
    """Waits for the end of the link, whoever ends it; not at all if there is none.

    Raises GLib.Error, which says why it has ended, unless close() did it.
    """
    return [], cancellable


@_override(Qmp.Client)
def _open_stream(self, stream, cancellable=None):
    """Like open(), over a Gio.IOStream that is connected already."""
    return [stream], cancellable


@_override(Qmp.Client)
def _accept(self, cancellable=None):
    """Waits for a server to connect where listen() listens, for at most accept_timeout seconds, and opens as open() does."""
    return [], cancellable


@_override(Qmp.Client)
def _close(self, cancellable=None):
    """Sends what is still to be sent, for at most close_timeout seconds, and ends the link."""
    return [], cancellable


@_override(Qmp.Client)
def _exchange(self, message, cancellable=None):
    """Sends a message, a Qmp.Message or a dict, and returns the whole reply as a Qmp.Message: an error reply too."""
    return [_make_message(message)], cancellable


@_override(Qmp.Client)
def _execute_and_wait(self, command, match, cancellable=None):
    """Runs a command, a Qmp.Message or a dict, and returns the Qmp.Event that it brings.

    match: a Qmp.EventMatch, which says what the event is, and what is a failure
    The timeout of the command, or of the client, covers the reply and the event together.

    Raises Qmp.ExecuteError, Qmp.FailureEventError, Qmp.TimeoutError, GLib.Error.
    """
    return [_make_message(command), match], cancellable


@_override(Qmp.EventListener)
def _next(self, timeout=None, cancellable=None):
    """Takes the next event out of the queue, and waits for one if there is none. Returns a Qmp.Event.

    timeout: how many seconds to wait at most; None waits until the link ends, 0 does not wait

    Raises Qmp.TimeoutError, Qmp.InterruptedError when the link has ended, Qmp.StateError when it is not open.
    """
    return [_qmp_times.to_wait(timeout)], cancellable


@_override(Qmp.Schema)
def _fetch(client, cancellable=None):
    """Asks the server of a client for its schema. Returns a Qmp.Schema."""
    return [client], cancellable


_execute = _Method(Qmp.Client, 'execute')
_execute_message = _Method(Qmp.Client, 'execute_message')
for _method in (_execute, _execute_message):
    _replace(Qmp.Client, f'{_method.name}_finish', _explained(_method.finish))
for _cls in (Qmp.Client, Qmp.EventListener, Qmp.GuestAgent, Qmp.Schema):
    for _name in [name[:-len('_async')] for name in vars(_cls) if name.endswith('_async')]:
        is_plain = isinstance(getattr(_cls, _name, None), type(_execute.blocking))
        if is_plain and _name not in ('execute', 'execute_message'):
            _override_unknown(_cls, _name)


_plain_send_fd = _explained(Qmp.Client.send_fd)
_plain_get_oldest_wait = Qmp.Client.get_oldest_wait
_convert_times = _qmp_times.use_seconds(Qmp.Client, _replace, _check_thread, **dict.fromkeys(
    ('open_timeout', 'accept_timeout', 'close_timeout', 'timeout', 'stall_time'), _qmp_times.Limit()))


@_add(Qmp.Client)
def __init__(self, name=None, **properties):
    """Makes a client, which is not open yet: Qmp.Client('vm', timeout=5).

    The properties are those of the class: timeout, open_timeout, guest_agent, tls and others. Times are in seconds, and
    None sets no limit.
    """
    if name is not None and not isinstance(name, str):
        raise TypeError(f'name must be str or None, not {_name_type(name)}')
    GObject.Object.__init__(self, name=name, **_convert_times(properties))


@_add(Qmp.Client)
def get_oldest_wait(self):
    """How long the oldest command that waits for its reply has waited, in seconds; None if none waits."""
    milliseconds = _plain_get_oldest_wait(self)
    return None if milliseconds < 0 else milliseconds / 1000


@_add(Qmp.Client)
def send_fd(self, fd):
    """Sends a descriptor alone, for a getfd that follows: a number, or what has a fileno(); it stays yours."""
    return _plain_send_fd(self, _to_fd(fd))


@classmethod
def _open_address(cls, address, name=None, **properties):
    """Returns a client that is open: Qmp.Client.open_address('/run/vm.sock').

    address: as for open()
    name, properties: as for Qmp.Client()
    """
    client = cls(name=name, **properties)
    client.open(address)
    return client


@classmethod
async def _open_address_async(cls, address, name=None, **properties):
    """Like open_address(), for await."""
    client = cls(name=name, **properties)
    await client.open_async(address)
    return client


Qmp.Client.open_address = _open_address
Qmp.Client.open_address_async = _open_address_async


@_add(Qmp.Client)
def __enter__(self):
    return self


@_add(Qmp.Client)
def __exit__(self, *_exception):
    self.close()


@_add(Qmp.Client)
async def __aenter__(self):
    return self


@_add(Qmp.Client)
async def __aexit__(self, *_exception):
    await self.close_async()


# --- commands ---

_LARGE = 65536


def _run(client, message, cancellable):
    reply = _exchange.block([client], [message], cancellable)
    data = reply.get_bytes().get_data()
    if len(data) < _LARGE or reply.has_member('error'):
        return _take_value(message, reply)
    # Three copies of it at a time are what malloc() gives back to the system, and to get them again takes longer than all else.
    reply = None
    text = data.decode()
    data = None
    return _load(text).get('return')


def _start(client, message, cancellable):
    return _exchange.begin([client], [message], cancellable, functools.partial(_take_value, message))


def _make_own(message):
    """A command as execute_message() has it, which does not keep an id unless it is told so."""
    message = _make_message(message)
    if message.get_assign_id() and message.has_member('id'):
        message = message.dup()
        message.remove_member('id')
    return message


@_add(Qmp.Client)
def execute(self, command, arguments=None, cancellable=None, /, **more):
    """Runs a command and returns the value that it returns. Raises Qmp.ExecuteError, GLib.Error.

    arguments: a mapping, for names that are not valid in Python
    more: arguments of the command as keywords; a timeout is not one of them, see execute_message()

    vm.execute('device_add', driver='e1000', id='net0')
    vm.execute('blockdev-del', {'node-name': 'disk0'})
    """
    return _run(self, _make_command(command, arguments, more), cancellable)


@_add(Qmp.Client)
def execute_async(self, command, arguments=None, cancellable=None, callback=None, /, *user_data, **more):
    """Like execute(), for await. With a callback, it is the C library's."""
    if _execute.has_callback((command, arguments, cancellable, callback), {}):
        if more or not (arguments is None or isinstance(arguments, Json.Node)):
            raise TypeError('with a callback, arguments must be Json.Node or None')
        return _execute.start_with_callback(self, command, arguments, cancellable, callback, *user_data)
    return _start(self, _make_command(command, arguments, more), cancellable)


@_add(Qmp.Client)
def execute_message(self, message, cancellable=None):
    """Like execute(), for a command that is a Qmp.Message, or a dict: {'execute': 'query-status'}.

    vm.execute_message(Qmp.Message.new_command('stop', timeout=3))
    """
    return _run(self, _make_own(message), cancellable)


@_add(Qmp.Client)
def execute_message_async(self, message, cancellable=None, callback=None, *user_data):
    """Like execute_message(), for await. With a callback, it is the C library's."""
    if _execute_message.has_callback((message, cancellable, callback), {}):
        return _execute_message.start_with_callback(self, _make_message(message), cancellable, callback, *user_data)
    return _start(self, _make_own(message), cancellable)


# --- schemas ---

_plain_list_problems = Qmp.Schema.list_problems
_plain_validate = _explained(Qmp.Schema.validate)


@_add(Qmp.Schema)
def list_problems(self, command):
    """Looks for everything that is wrong with a command, a Qmp.Message or a dict; returns a list of Qmp.SchemaProblem."""
    return _plain_list_problems(self, _make_message(command))


@_add(Qmp.Schema)
def validate(self, command):
    """Like list_problems(), but raises GLib.Error with everything that is wrong."""
    return _plain_validate(self, _make_message(command))


# --- events ---

_plain_add_listener = Qmp.Client.add_listener
_plain_remove_listener = Qmp.Client.remove_listener

# A weak reference to the client: the client holds the listener.
Qmp.EventListener._client = staticmethod(lambda: None)


def _check_listener(listener):
    if not isinstance(listener, Qmp.EventListener):
        raise TypeError(f'listener must be Qmp.EventListener, not {_name_type(listener)}')


@_add(Qmp.Client)
def add_listener(self, listener):
    """Has a Qmp.EventListener hear the client's events from now on. One listener is with one client at most."""
    _check_listener(listener)
    if listener._client() is not None:
        raise ValueError('the listener is with a client already')
    _plain_add_listener(self, listener)
    listener._client = self.weak_ref()


@_add(Qmp.Client)
def remove_listener(self, listener):
    """Has a listener hear no more of the client's events; those in its queue stay there."""
    _check_listener(listener)
    if listener._client() is not self:
        raise ValueError('the listener is not with this client')
    _plain_remove_listener(self, listener)
    del listener._client


def _make_match(names):
    if len(names) == 1 and isinstance(names[0], Qmp.EventMatch):
        return names[0]
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f'the name of an event must be str, not {_name_type(name)}')
    return Qmp.EventMatch.new(list(names) or None)


@_add(Qmp.Client)
def listener(self, *names):
    """Returns a listener to the events of these names, of one Qmp.EventMatch, or to all; it listens from now on.

    with vm.listener('STOP', 'RESUME') as events:
        vm.execute('stop')
        print(events.next(timeout=2))
    """
    new = Qmp.EventListener.new_for_match(_make_match(names))
    self.add_listener(new)
    return new


@_add(Qmp.Client)
def subscribe(self, names=None):
    """What listener() does, as the C library has it: names is a list, None for all events."""
    return self.listener(*(_to_words_or_none(names, 'names') or ()))


_plain_new_match = Qmp.EventMatch.new


def _new_match(names=None):
    """Wants the events of these names, a list; None for all."""
    return _plain_new_match(_to_words_or_none(names, 'names'))


_replace(Qmp.EventMatch, 'new', _new_match, staticmethod)
Qmp.EventMatch.__new__ = lambda _cls, names=None: _new_match(names)


def _new_listener(names=None):
    """Listens to the events of these names, a list, or to all if it is None, once it was added to a client."""
    return Qmp.EventListener.new_for_match(_new_match(names))


_replace(Qmp.EventListener, 'new', _new_listener, staticmethod)


_plain_add_member = Qmp.EventMatch.add_member
_plain_add_failure = Qmp.EventMatch.add_failure


def _make_node(value):
    return value if isinstance(value, Json.Node) else Json.from_string(_dump(value))


@_add(Qmp.EventMatch)
def add_member(self, event, path, value):
    """Wants only those of an event, or of all if it is None, whose data have the value, any of JSON's, at the path."""
    _plain_add_member(self, event, path, _make_node(value))


@_add(Qmp.EventMatch)
def add_failure(self, event, path=None, value=...):
    """Takes an event for a failure: always, or if its data have anything at the path, or if they have the value there."""
    if path is None and value is not ...:
        raise TypeError('a value is at a path')
    _plain_add_failure(self, event, path, None if value is ... else _make_node(value))


# --- servers ---

_plain_server_listen = _explained(Qmp.Server.listen)
_plain_emit_event = _explained(Qmp.Server.emit_event)
_plain_return_value = _explained(Qmp.Invocation.return_value)
_plain_return_text = _explained(Qmp.Invocation.return_text)
_plain_return_error = _explained(Qmp.Invocation.return_error)


def _check_version(properties):
    version = properties.get('version')
    if version is not None and not re.fullmatch(r'\d{1,3}\.\d{1,3}\.\d{1,3}', version, re.ASCII):
        raise ValueError(f"version must be three numbers, as in '8.2.0', not {version!r}")


def _answering(handler):
    """A handler of commands that raises has failed: its client is told so, and the program as PyGObject tells it."""
    @functools.wraps(handler, assigned=('__name__', '__qualname__', '__doc__'), updated=())
    def call(server, invocation, *data):
        try:
            return handler(server, invocation, *data)
        except Exception as error:
            sys.excepthook(*sys.exc_info())
            if not invocation.get_answered():
                invocation.return_error('GenericError', str(error) or _name_type(error))
            return True
    return call


def _override_connect(name):
    plain = getattr(Qmp.Server, name)

    def connect(self, detailed_signal, handler, *user_data):
        """Has a signal call the handler. One of command that raises has the client told of a GenericError."""
        if detailed_signal.partition('::')[0] == 'command' and callable(handler):
            handler = _answering(handler)
        return plain(self, detailed_signal, handler, *user_data)

    _replace(Qmp.Server, name, connect)


for _name in ('connect', 'connect_after'):
    _override_connect(_name)


@_add(Qmp.Server)
def __init__(self, **properties):
    """Makes a server without clients. Its properties may be given as keywords; version is three numbers, as in '8.2.0'."""
    _check_version(properties)
    GObject.Object.__init__(self, **properties)


_plain_set_version = Qmp.Server.set_version


@_add(Qmp.Server)
def set_version(self, version):
    """Sets the version that the greeting tells: three numbers, as in '8.2.0'. Raises ValueError."""
    _check_version({'version': version})
    _plain_set_version(self, version)


@_add(Qmp.Server)
def listen(self, address):
    """Listens for clients, until close(). The address is one as for Qmp.Client.open(). Raises GLib.Error."""
    return _plain_server_listen(self, _make_address(address))


_plain_recorder_listen = _explained(Qmp.Recorder.listen)


@_add(Qmp.Recorder)
def __init__(self, address, stream, *, redact=True):
    """Makes a recorder of what is said to the server at an address, one as for Qmp.Client.open().

    stream: a Gio.OutputStream, to which it is written
    redact: whether passwords and the like are left out
    """
    GObject.Object.__init__(self, address=_make_address(address), stream=stream, redact=redact)


@_add(Qmp.Recorder)
def listen(self, address):
    """Listens for clients, until close(). The address is one as for Qmp.Client.open(). Raises GLib.Error."""
    return _plain_recorder_listen(self, _make_address(address))


@_add(Qmp.Server)
def emit_event(self, name, data=None):
    """Sends an event with its data, a dict, to all clients that have negotiated."""
    return _plain_emit_event(self, name, None if data is None else _make_node(data))


@_add(Qmp.Invocation)
def return_value(self, value={}):
    """Answers the command with a value, any of JSON's. Raises Qmp.StateError if it is answered already."""
    if isinstance(value, Json.Node):
        return _plain_return_value(self, value)
    return self.return_text(_dump(value))


@_add(Qmp.Invocation)
def return_text(self, json):
    """Answers the command with a JSON text. Raises Qmp.StateError if it is answered already, GLib.Error."""
    return _plain_return_text(self, json)


@_add(Qmp.Invocation)
def return_error(self, error_class, desc):
    """Answers the command: it has failed. Raises Qmp.StateError if it is answered already."""
    return _plain_return_error(self, error_class, desc)


def _get_arguments(invocation):
    text = invocation.get_message().dup_member_text('arguments')
    return {} if text is None else _load(text)


Qmp.Invocation.command = property(Qmp.Invocation.get_command, doc="the command's name")
Qmp.Invocation.arguments = property(_get_arguments, doc='its arguments, a dict; empty if there are none')
Qmp.Invocation.connection = property(Qmp.Invocation.get_connection, doc='the client that has sent it')


@_add(Qmp.EventMatch)
def __str__(self):
    return self.to_string()


@_add(Qmp.EventMatch)
def __repr__(self):
    return f'<Qmp.EventMatch {self.to_string()}>'


@_add(Qmp.EventListener)
def __enter__(self):
    return self


@_add(Qmp.EventListener)
def __exit__(self, *_exception):
    client = self._client()
    if client is not None:
        client.remove_listener(self)


@_add(Qmp.EventListener)
async def __aenter__(self):
    return self


@_add(Qmp.EventListener)
async def __aexit__(self, *_exception):
    self.__exit__()


@_add(Qmp.EventListener)
def __iter__(self):
    """Takes the events as they come, until the link ends."""
    while True:
        try:
            event = self.next()
        except (InterruptedError, StateError):
            return  # no event can come any more
        yield event


@_add(Qmp.EventListener)
def __aiter__(self):
    """Takes the events as they come, until the link ends."""
    return self


@_add(Qmp.EventListener)
async def __anext__(self):
    # What is in the queue already needs no turn of the main loop; while there is none, nothing is added to the queue.
    event = self.try_next()
    try:
        return event if event is not None else await self.next_async()
    except (InterruptedError, StateError):
        raise StopAsyncIteration from None


# --- properties ---

def _check_attribute(self, name):
    """Raises AttributeError if the name is a GObject property's and no attribute's: a value would go nowhere."""
    if not hasattr(type(self), name) and type(self).find_property(name) is not None:
        raise AttributeError(f'{name} is a property of {_name_type(self)}, not an attribute: see props.{name}',
                             name=name, obj=self)


def _watch_attributes(cls):
    def __setattr__(self, name, value):
        _check_attribute(self, name)
        GObject.Object.__setattr__(self, name, value)

    def __getattr__(self, name):
        _check_attribute(self, name)
        raise AttributeError(f'{_name_type(self)!r} object has no attribute {name!r}', name=name, obj=self)

    for function in (__setattr__, __getattr__):
        _replace(cls, function.__name__, function)


for _cls in (Qmp.Client, Qmp.Endpoint, Qmp.EventListener, Qmp.Finder, Qmp.GuestAgent, Qmp.GuestExecResult, Qmp.Instance,
             Qmp.Job, Qmp.Launcher, Qmp.Message, Qmp.Machine, Qmp.MachineEntry, Qmp.MachineList,
             Qmp.MachineResult, Qmp.Migration, Qmp.Schema):
    _watch_attributes(_cls)


# --- threads ---

for _name in [name for name in vars(Qmp.Client) if name.startswith('set_')] + ['add_listener', 'remove_listener', 'send_fd']:
    _replace(Qmp.Client, _name, _in_own_thread(getattr(Qmp.Client, _name)))
_qmp_end.use_own_thread(_replace, Qmp.Client, Qmp.GuestAgent, Qmp.Machine)


# --- errors ---

_explain_rest()
