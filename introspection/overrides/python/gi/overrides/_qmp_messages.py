# SPDX-License-Identifier: LGPL-2.1-or-later
"""Values and messages in Python: JSON text in and out, and a message as a mapping."""

import collections.abc
import functools

from gi.repository import Gio, GLib, GObject, Json

from ..module import get_introspection_module
from . import _qmp_times
from ._qmp_errors import ExecuteError, protocol_error
from ._qmp_methods import (add as _add, explained as _explained, name_type as _name_type, replace as _replace,
                           to_fd as _to_fd)

Qmp = get_introspection_module('Qmp')


# --- values and text ---

def _plain(value):
    if isinstance(value, collections.abc.Mapping):
        return dict(value)
    raise TypeError(f'a value of type {_name_type(value)} cannot be sent as JSON')


_encode = _decode = None


def _import_json():
    """A tenth of what is imported here, most of it regular expressions, and not needed before there is something to say."""
    global _encode, _decode
    import json

    # json.dumps() would make an encoder for each value, and json.loads() look for the encoding of each text.
    _encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(',', ':'), default=_plain).encode
    _decode = json.JSONDecoder().raw_decode


def dump(value):
    if _encode is None:
        _import_json()
    try:
        return _encode(value)
    except RecursionError:
        raise protocol_error(Qmp.ProtocolError.TOO_DEEP, 'The value is nested too deep for Python') from None


def load(text):
    """Reads a value as the library gives it, without space around it. It lets through what Python's json does not always."""
    if _decode is None:
        _import_json()
    try:
        return _decode(text)[0]
    except RecursionError:
        raise protocol_error(Qmp.ProtocolError.TOO_DEEP, 'The message is nested too deep for Python') from None
    except ValueError as error:
        # The text was checked, but Python reads integers up to sys.get_int_max_str_digits() only: they take it long.
        raise protocol_error(Qmp.ProtocolError.TOO_LARGE, f'The message is too much for Python: {error}') from None


# PyGObject looks a name up anew each time.
_new_bytes = GLib.Bytes.new
_plain_new_from_bytes = _explained(Qmp.Message.new_from_bytes)
_plain_new_from_bytes_unchecked = Qmp.Message.new_from_bytes_unchecked


def parse_message(data, eager=True):
    make = _plain_new_from_bytes if eager else _plain_new_from_bytes_unchecked
    return make(_new_bytes(data))


def make_message(value):
    if isinstance(value, Qmp.Message):
        return value
    if isinstance(value, collections.abc.Mapping):
        return parse_message(dump(value).encode())
    raise TypeError(f'message must be Qmp.Message or a mapping, not {_name_type(value)}')


def make_command(command, arguments=None, more=()):
    if not isinstance(command, str):
        raise TypeError(f'command must be str, not {_name_type(command)}')
    if isinstance(arguments, Json.Node):
        if more:
            raise TypeError('arguments are either Json.Node or keywords')
        return _plain_new_command(command, arguments)
    if arguments is not None and not isinstance(arguments, collections.abc.Mapping):
        raise TypeError(f'arguments must be a mapping or None, not {_name_type(arguments)}')
    arguments = {**(arguments or {}), **dict(more)}
    if arguments:
        return parse_message(dump({'execute': command, 'arguments': arguments}).encode())
    if command.isascii() and command.isprintable():
        return _plain_new_command(command, None)
    return parse_message(dump({'execute': command}).encode())


def _check_reply(sent, reply):
    text = reply.dup_member_text('error')
    if text is not None:
        error = load(text)
        raise ExecuteError(error['desc'], error['class'], sent, reply)


def take_value(sent, reply):
    """What a reply brings: its return value, or its error; the library has seen to it that it is not both."""
    text = reply.dup_member_text('return')
    if text is not None:
        return load(text)
    return _check_reply(sent, reply)


# --- messages ---

_plain_new_command = _explained(Qmp.Message.new_command)


def _new_message(cls, value=b'{}', *, eager=True, **properties):
    if issubclass(cls, (Qmp.Event, Qmp.Greeting)):
        raise TypeError(f'a Qmp.{cls.__name__} comes from the server: it cannot be made')
    if cls is not Qmp.Message:
        return GObject.Object.__new__(cls)
    if isinstance(value, (bytes, bytearray, memoryview)):
        message = parse_message(bytes(value), eager)
    elif isinstance(value, collections.abc.Mapping):
        message = parse_message(dump(value).encode(), eager)
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
    timeout: seconds; None leaves it to the client, math.inf sets no limit
    """
    message = make_command(command, arguments)
    fds = list(fds)
    if fds:
        fd_list = Gio.UnixFDList.new()
        for fd in fds:
            fd_list.append(_to_fd(fd))
        message.set_fd_list(fd_list)
    if timeout is not None:
        message.set_timeout(timeout)
    if out_of_band:
        message.set_out_of_band(True)
    return message


_qmp_times.use_seconds(Qmp.Message, _replace, lambda _message: None, timeout=_qmp_times.Limit(Qmp.TIMEOUT_CLIENT))
Qmp.Message.__new__ = _new_message
_init_message.__wrapped__ = _new_message
_init_message.__name__ = '__init__'
_init_message.__doc__ = """Makes a message from JSON text or from a mapping: Qmp.Message({'execute': 'stop'}, timeout=5).

eager: whether the text is checked now; otherwise Qmp.Message.validate() does it
properties: timeout, in seconds; out_of_band, success_response, assign_id, fd_list
"""
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
    text = self.dup_member_text(name)
    if text is None:
        raise KeyError(name)
    return load(text)


@_add(Qmp.Message)
def __setitem__(self, name, value):
    _check_member(self, name, writing=True)
    self.set_member_text(name, dump(value))


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


@_add(Qmp.Message)
def __copy__(self):
    return self.dup()


@_add(Qmp.Message)
def __deepcopy__(self, _memo):
    return self.dup()


@_add(Qmp.Message)
def check_reply(self, command=None):
    """Returns True, or raises Qmp.ExecuteError if this reply, as exchange() gives it, is the server's error.

    command: what it answers, a Qmp.Message, which the error is to have with it
    """
    _check_reply(command, self)
    return True


_STATE = ('timeout', 'out_of_band', 'success_response', 'assign_id')


@_add(Qmp.Message)
def __reduce__(self):
    if type(self) is not Qmp.Message:
        raise TypeError(f'a Qmp.{_name_type(self)} cannot be pickled, but Qmp.Message(it) and dict(it) can')
    if self.get_fd_list() is not None:
        raise TypeError('a message with descriptors cannot be pickled')
    make = functools.partial(Qmp.Message, eager=False)
    return make, (bytes(self),), {name: getattr(self, f'get_{name}')() for name in _STATE}


@_add(Qmp.Message)
def __setstate__(self, state):
    for name, value in state.items():
        getattr(self, f'set_{name}')(value)


def _get_data(event):
    text = event.dup_member_text('data')
    return {} if text is None else load(text)


def _get_timestamp(event):
    microseconds = event.get_timestamp()
    return None if microseconds < 0 else microseconds / 1000000


Qmp.Event.name = property(Qmp.Event.get_name, doc='the name of the event')
Qmp.Event.data = property(_get_data, doc='what the event says, a dict; empty if there is nothing')
Qmp.Event.timestamp = property(_get_timestamp, doc='when it was, in seconds since 1970 as in time.time(); None if unknown')
Qmp.Greeting.version = property(lambda self: tuple(self.get_version()), doc='the version of the server: (7, 2, 0)')
