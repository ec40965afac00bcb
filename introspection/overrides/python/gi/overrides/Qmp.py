# SPDX-License-Identifier: LGPL-2.1-or-later
"""qmp-glib for Python: plain values in and out, with, for, await, exceptions.

A method without a callback is blocking, or, if its name ends in _async, returns something to await: a
Qmp.Call in a program with a GLib main loop, an asyncio.Future where asyncio runs. An _async method that is given a
callback, and a _finish method, are those of the C library: their values are Json.Node.

Values go through the JSON text of a message, so integers are exact.
"""

import collections.abc
import functools
import json
import math

import gi

gi.require_version('Json', '1.0')
from gi.repository import Gio, GLib, GObject, Json

from ..module import get_introspection_module
from . import _qmp_waiting
from ._qmp_waiting import Call, Task, run, sleep, spawn

Qmp = get_introspection_module('Qmp')

__all__ = ['Call', 'ExecuteError', 'Task', 'run', 'sleep', 'spawn']

COMMAND_ERROR = GLib.quark_to_string(Qmp.CommandError.quark())
CODES = {
    'GenericError': Qmp.CommandError.GENERIC,
    'CommandNotFound': Qmp.CommandError.COMMAND_NOT_FOUND,
    'DeviceNotActive': Qmp.CommandError.DEVICE_NOT_ACTIVE,
    'DeviceNotFound': Qmp.CommandError.DEVICE_NOT_FOUND,
    'KVMMissingCap': Qmp.CommandError.KVM_MISSING_CAP,
}


class ExecuteError(GLib.Error):
    """The server answered a command with an error.

    error_class, desc: the error's class and text, as the server says them
    sent, received: the command and the whole reply, each a Qmp.Message, or None where it is not known
    """

    def __init__(self, desc, error_class='GenericError', sent=None, received=None):
        super().__init__(desc, COMMAND_ERROR, int(CODES.get(error_class, Qmp.CommandError.UNKNOWN)))
        self.error_class = error_class
        self.desc = desc
        self.sent = sent
        self.received = received

    def __str__(self):
        return f'{self.error_class}: {self.desc}'

    def copy(self):
        return ExecuteError(self.desc, self.error_class, self.sent, self.received)


def _read(name, attribute):
    """Lets a function that asks an error of a command know what PyGObject has not kept."""
    plain = getattr(Qmp.CommandError, name)

    def get(error):
        return getattr(error, attribute) if isinstance(error, ExecuteError) else plain(error)

    setattr(Qmp.CommandError, name, staticmethod(get))
    return plain


_get_class = _read('get_class', 'error_class')
_read('get_sent', 'sent')
_read('get_received', 'received')


def _explain(error, sent=None):
    """An error that came out of the library, as it is to be raised."""
    if error.domain != COMMAND_ERROR or isinstance(error, ExecuteError):
        return error
    return ExecuteError(error.message, _get_class(error), sent)


# --- values and text ---

def _name_type(value):
    return type(value).__name__


def _plain(value):
    if isinstance(value, collections.abc.Mapping):
        return dict(value)
    raise TypeError(f'a value of type {_name_type(value)} cannot be sent as JSON')


def _dump(value):
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(',', ':'), default=_plain)


def _parse_message(data, eager=True):
    return Qmp.Message.new_from_bytes(GLib.Bytes.new(data), eager)


def _make_message(value):
    if isinstance(value, Qmp.Message):
        return value
    if isinstance(value, collections.abc.Mapping):
        return _parse_message(_dump(value).encode())
    raise TypeError(f'message must be Qmp.Message or a mapping, not {_name_type(value)}')


def _find_message(values):
    return next((value for value in values if isinstance(value, Qmp.Message)), None)


def _make_command(command, arguments=None, more=()):
    if not isinstance(command, str):
        raise TypeError(f'command must be str, not {_name_type(command)}')
    if isinstance(arguments, Json.Node):
        if more:
            raise TypeError('arguments are either Json.Node or keywords')
        return _plain_new_command(command, arguments)
    if arguments is not None and not isinstance(arguments, collections.abc.Mapping):
        raise TypeError(f'arguments must be a mapping or None, not {_name_type(arguments)}')
    members = {'execute': command}
    arguments = {**(arguments or {}), **dict(more)}
    if arguments:
        members['arguments'] = arguments
    return _parse_message(_dump(members).encode())


def _take_value(sent, reply):
    """What a reply brings: its return value, or its error."""
    members = json.loads(reply.get_bytes().get_data())
    if 'error' not in members:
        return members.get('return')
    error = members['error']
    raise ExecuteError(error['desc'], error['class'], sent, reply)


# --- the library's own methods ---

class _Method:
    """A triple of the library's: blocking, _async, _finish. Its receiver is [self], or [] for a function of a class."""

    def __init__(self, cls, name):
        self.name = name
        self.blocking = getattr(cls, name)
        self.start = getattr(cls, f'{name}_async')
        self.finish = getattr(cls, f'{name}_finish')
        self.names = [argument.get_name() for argument in self.blocking.get_arguments()]
        self.n_receivers = int(self.blocking.is_method())

    def bind(self, arguments, keywords):
        """Returns the arguments in the order of the C function, and the cancellable, which is the last there."""
        if len(arguments) > len(self.names):
            raise TypeError(f'{self.name}() takes {len(self.names)} arguments, but {len(arguments)} were given')
        values = dict(zip(self.names, arguments))
        for name, value in keywords.items():
            if name not in self.names or name in values:
                raise TypeError(f'{self.name}() has no argument {name!r}, or has it twice')
            values[name] = value
        *arguments, cancellable = [values.get(name) for name in self.names]
        return arguments, cancellable

    def block(self, receiver, arguments, cancellable):
        try:
            return _qmp_waiting.block(functools.partial(self.blocking, *receiver), arguments, cancellable, _open_new)
        except GLib.Error as error:
            raise _explain(error, _find_message(arguments)) from None

    def begin(self, receiver, arguments, cancellable, convert=lambda value: value):
        def start(own, callback):
            self.start(*receiver, *arguments, own, callback)

        def finish(result):
            try:
                return convert(self.finish(*receiver, result))
            except GLib.Error as error:
                raise _explain(error, _find_message(arguments)) from None

        return _qmp_waiting.begin(start, finish, cancellable)

    def has_callback(self, arguments, keywords):
        """Whether an _async method is called as the C library has it."""
        callback = keywords.get('callback', (*arguments, *[None] * (len(self.names) + 1))[len(self.names)])
        if callback is not None and not callable(callback):
            raise TypeError(f'callback must be callable, not {_name_type(callback)}')
        return callback is not None


def _override(cls, name, adapt=lambda arguments: arguments):
    """Makes a blocking method one that can be interrupted, and its _async one that can be awaited."""
    method = _Method(cls, name)
    wrap = staticmethod if method.n_receivers == 0 else lambda function: function

    def split(arguments):
        return arguments[:method.n_receivers], arguments[method.n_receivers:]

    def blocking(*arguments, **keywords):
        receiver, arguments = split(arguments)
        arguments, cancellable = method.bind(arguments, keywords)
        return method.block(receiver, adapt(arguments), cancellable)

    def start(*arguments, **keywords):
        receiver, arguments = split(arguments)
        if method.has_callback(arguments, keywords):
            return method.start(*receiver, *arguments, **keywords)
        arguments, cancellable = method.bind(arguments, keywords)
        return method.begin(receiver, adapt(arguments), cancellable)

    _replace(cls, name, blocking, wrap)
    _replace(cls, f'{name}_async', start, wrap)
    return method


def _replace(cls, name, function, wrap=lambda function: function):
    function.__name__ = name
    function.__qualname__ = f'{cls.__name__}.{name}'
    function.__doc__ = function.__doc__ or getattr(getattr(cls, name, None), '__doc__', None)
    setattr(cls, name, wrap(function))


def _add(cls):
    """Decorates a function to be a method of a class of the library's."""
    def decorate(function):
        _replace(cls, function.__name__, function)
        return function
    return decorate


# --- messages ---

_plain_new_command = Qmp.Message.new_command


def _new_message(cls, value=b'{}', *, eager=True, **properties):
    if cls is not Qmp.Message:
        return GObject.Object.__new__(cls)
    if isinstance(value, (bytes, bytearray, memoryview)):
        message = _parse_message(bytes(value), eager)
    elif isinstance(value, collections.abc.Mapping):
        message = _parse_message(_dump(value).encode(), eager)
    else:
        raise TypeError(f'a message is made from bytes or a mapping, not {_name_type(value)}')
    if properties:
        message.set_properties(**properties)
    return message


def _init_message(self, *arguments, **keywords):
    if type(self) is not Qmp.Message:
        GObject.Object.__init__(self, *arguments, **keywords)


def _new_command(command, arguments=None, *, fds=(), timeout=None, out_of_band=False):
    """Makes a command.

    fds: file descriptors, or objects with fileno(), to pass with it; they stay yours
    timeout: seconds
    """
    message = _make_command(command, arguments)
    if fds:
        fd_list = Gio.UnixFDList.new()
        for fd in fds:
            fd_list.append(fd if isinstance(fd, int) else fd.fileno())
        message.set_fd_list(fd_list)
    if timeout is not None:
        message.set_timeout(_to_milliseconds(timeout))
    if out_of_band:
        message.set_out_of_band(True)
    return message


Qmp.Message.__new__ = _new_message
Qmp.Message.__init__ = _init_message
Qmp.Message.new_command = staticmethod(_new_command)
Qmp.Message.__hash__ = None
for _name in ('get', 'keys', 'items', 'values', 'pop', 'popitem', 'clear', 'update', 'setdefault'):
    setattr(Qmp.Message, _name, getattr(collections.abc.MutableMapping, _name))
collections.abc.MutableMapping.register(Qmp.Message)


def _check_member(message, name, writing=False):
    if not isinstance(name, str):
        raise TypeError(f'the name of a member must be str, not {_name_type(name)}')
    if '\0' in name:
        raise ValueError('the name of a member cannot have a NUL here')
    if writing and message.is_read_only():
        raise TypeError('a message that was received is read-only; dup() gives one to change')


@_add(Qmp.Message)
def __getitem__(self, name):
    _check_member(self, name)
    text = self.get_member_text(name)
    if text is None:
        raise KeyError(name)
    return json.loads(text)


@_add(Qmp.Message)
def __setitem__(self, name, value):
    _check_member(self, name, writing=True)
    self.set_member_text(name, _dump(value))


@_add(Qmp.Message)
def __delitem__(self, name):
    _check_member(self, name, writing=True)
    if not self.remove_member(name):
        raise KeyError(name)


@_add(Qmp.Message)
def __contains__(self, name):
    return isinstance(name, str) and '\0' not in name and self.has_member(name)


@_add(Qmp.Message)
def __iter__(self):
    return iter(self.list_members())


@_add(Qmp.Message)
def __len__(self):
    return len(self.list_members())


@_add(Qmp.Message)
def __bytes__(self):
    return self.get_bytes().get_data()


@_add(Qmp.Message)
def __str__(self):
    return self.to_string()


@_add(Qmp.Message)
def __repr__(self):
    return f'<Qmp.{_name_type(self)} {bytes(self).decode(errors="replace")}>'


@_add(Qmp.Message)
def __eq__(self, other):
    if isinstance(other, Qmp.Message):
        return self.equal(other)
    if isinstance(other, collections.abc.Mapping):
        return dict(self) == dict(other)
    return NotImplemented


def _get_data(event):
    text = event.get_member_text('data')
    return {} if text is None else json.loads(text)


def _get_timestamp(event):
    microseconds = event.get_timestamp()
    return None if microseconds < 0 else microseconds / 1000000


Qmp.Event.name = property(Qmp.Event.get_name, doc='the name of the event')
Qmp.Event.data = property(_get_data, doc='what the event says, a dict; empty if there is nothing')
Qmp.Event.timestamp = property(_get_timestamp, doc='when it was, in seconds since 1970 as in time.time(); None if unknown')
Qmp.Greeting.version = property(lambda self: tuple(self.get_version()), doc='the version of the server: (7, 2, 0)')


# --- the link ---

def _adapt_address(arguments):
    address, *rest = arguments
    if isinstance(address, str):
        address = Qmp.address_parse(address)
    elif not isinstance(address, Gio.SocketConnectable):
        raise TypeError(f'address must be str or Gio.SocketConnectable, not {_name_type(address)}')
    return [address, *rest]


def _adapt_message(arguments):
    message, *rest = arguments
    return [_make_message(message), *rest]


def _to_milliseconds(seconds):
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f'timeout must be a number of seconds or None, not {_name_type(seconds)}')
    return min(math.ceil(min(seconds, 1e9) * 1000), GLib.MAXINT)


def _adapt_timeout(arguments):
    seconds, *rest = arguments
    if seconds is None:
        return [-1, *rest]
    return [max(-1, _to_milliseconds(seconds)), *rest]


_open = _override(Qmp.Client, 'open', _adapt_address)
_exchange = _override(Qmp.Client, 'exchange', _adapt_message)
_override(Qmp.Client, 'execute_and_wait', _adapt_message)
_next = _override(Qmp.EventListener, 'next', _adapt_timeout)
_execute = _Method(Qmp.Client, 'execute')
_execute_message = _Method(Qmp.Client, 'execute_message')
# The others are as they are: open_stream, accept, close, fetch, and what a later version brings.
for _cls in (Qmp.Client, Qmp.EventListener, Qmp.Schema):
    for _name in [name[:-len('_async')] for name in dir(_cls) if name.endswith('_async')]:
        is_plain = isinstance(getattr(_cls, _name, None), type(_execute.blocking))
        if is_plain and _name not in ('execute', 'execute_message'):
            _override(_cls, _name)


def _open_new(address, cancellable):
    _open.blocking(Qmp.Client.new(None), address, cancellable)


_plain_listen = Qmp.Client.listen


@_add(Qmp.Client)
def listen(self, address):
    return _plain_listen(self, *_adapt_address([address]))


@classmethod
def _open_address(cls, address, name=None, **properties):
    """Returns a client that is open: Qmp.Client.open_address('/run/vm.sock'). See Qmp.address_parse()."""
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

def _run(client, message, cancellable):
    return _take_value(message, _exchange.block([client], [message], cancellable))


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
    """Runs a command; returns the value that it returns. Raises Qmp.ExecuteError, GLib.Error.

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
        return _execute.start(self, command, arguments, cancellable, callback, *user_data)
    return _start(self, _make_command(command, arguments, more), cancellable)


@_add(Qmp.Client)
def execute_message(self, message, cancellable=None):
    """Like execute(), for a command that is a Qmp.Message, or a dict: {'execute': 'query-status'}."""
    return _run(self, _make_own(message), cancellable)


@_add(Qmp.Client)
def execute_message_async(self, message, cancellable=None, callback=None, *user_data):
    """Like execute_message(), for await. With a callback, it is the C library's."""
    if _execute_message.has_callback((message, cancellable, callback), {}):
        return _execute_message.start(self, _make_message(message), cancellable, callback, *user_data)
    return _start(self, _make_own(message), cancellable)


# --- schemas ---

_plain_validate = Qmp.Schema.validate
_plain_check = Qmp.Schema.check


@_add(Qmp.Schema)
def validate(self, command):
    """Looks for everything that is wrong with a command, a Qmp.Message or a dict; returns a list of Qmp.SchemaProblem."""
    return _plain_validate(self, _make_message(command))


@_add(Qmp.Schema)
def check(self, command):
    """Like validate(), but raises GLib.Error with everything that is wrong."""
    return _plain_check(self, _make_message(command))


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
    _check_listener(listener)
    if listener._client() is not None:
        raise ValueError('the listener is with a client already')
    _plain_add_listener(self, listener)
    listener._client = self.weak_ref()


@_add(Qmp.Client)
def remove_listener(self, listener):
    _check_listener(listener)
    if listener._client() is not self:
        raise ValueError('the listener is not with this client')
    _plain_remove_listener(self, listener)
    del listener._client


@_add(Qmp.Client)
def listener(self, *names):
    """Returns a listener to the events of these names, or to all; it listens from now on.

    with vm.listener('STOP', 'RESUME') as events:
        vm.execute('stop')
        print(events.next(timeout=2))
    """
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f'the name of an event must be str, not {_name_type(name)}')
    new = Qmp.EventListener.new(list(names) or None)
    self.add_listener(new)
    return new


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
def __bool__(self):
    return True


def _is_end(error):
    """Whether no event can come any more."""
    domain = Qmp.ClientError.quark()
    return error.matches(domain, Qmp.ClientError.INTERRUPTED) or error.matches(domain, Qmp.ClientError.STATE)


@_add(Qmp.EventListener)
def __iter__(self):
    """Takes the events as they come, until the link ends."""
    while True:
        try:
            event = self.next()
        except GLib.Error as error:
            if _is_end(error):
                return
            raise
        yield event


@_add(Qmp.EventListener)
def __aiter__(self):
    """Takes the events as they come, until the link ends."""
    return self


@_add(Qmp.EventListener)
async def __anext__(self):
    try:
        return await self.next_async()
    except GLib.Error as error:
        if _is_end(error):
            raise StopAsyncIteration from None
        raise
