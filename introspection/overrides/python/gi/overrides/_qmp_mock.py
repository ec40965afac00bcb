# SPDX-License-Identifier: LGPL-2.1-or-later
"""Mocks in Python: plain values, with, answers in a chain."""

import collections.abc
import functools

from gi.repository import GLib, GObject, Json

from ..module import get_introspection_module
from . import _qmp_waiting
from ._qmp_errors import explain
from ._qmp_methods import add as _add, explained as _explained, open_new as _open_new
from ._qmp_times import to_wait

Qmp = get_introspection_module('Qmp')

_plain_listen = _explained(Qmp.Mock.listen)
_plain_emit_event = _explained(Qmp.Mock.emit_event)
_plain_add_script = _explained(Qmp.Mock.add_script)
_plain_verify = _explained(Qmp.Mock.verify)
_plain_expect = Qmp.Mock.expect
_plain_wait = Qmp.Expectation.wait


def _overrides():
    from . import Qmp as overrides  # which imports this
    return overrides


def _make_node(value):
    return None if value is None else _overrides()._make_node(value)


def _make_object(value, what):
    if value is not None and not isinstance(value, (collections.abc.Mapping, Json.Node)):
        raise TypeError(f'{what} must be a mapping or None, not {type(value).__name__}')
    return _make_node(value)


# --- mocks ---

@_add(Qmp.Mock)
def __init__(self, preset=Qmp.MockPreset.MACHINE, **properties):
    """Makes a mock without clients: Qmp.Mock(), or Qmp.Mock(Qmp.MockPreset.NONE)."""
    GObject.Object.__init__(self, preset=preset, **properties)


@_add(Qmp.Mock)
def listen(self, address=None):
    """Listens for a client; without an address, as for Qmp.Client.open(), on a socket of its own: see path. Raises GLib.Error."""
    return _plain_listen(self, None if address is None else _overrides()._make_address(address))


@_add(Qmp.Mock)
def expect(self, command, arguments=None, /, **more):
    """Expects a command, after those that are expected already. Returns the Qmp.Expectation, on which the answer is said.

    arguments: some of its arguments, a mapping; or, in more, as keywords

    mock.expect('device_add', driver='e1000').fails('GenericError', 'no room')
    """
    if more:
        arguments = {**(arguments or {}), **more}
    return _plain_expect(self, command, _make_object(arguments, 'arguments'))


@_add(Qmp.Mock)
def add_script(self, text):
    """Expects what a text says, lines of JSON. Raises GLib.Error, which names the line."""
    return _plain_add_script(self, text)


@_add(Qmp.Mock)
def verify(self):
    """Raises Qmp.UnexpectedCommandError, Qmp.MissingCommandError if not all was as expected. Both are AssertionErrors."""
    return _plain_verify(self)


@_add(Qmp.Mock)
def emit_event(self, name, data=None):
    """Sends an event with its data, a dict, to all clients that have negotiated."""
    return _plain_emit_event(self, name, _make_object(data, 'data'))


@_add(Qmp.Mock)
def __enter__(self):
    if self.get_address() is None:
        self.listen()
    return self


@_add(Qmp.Mock)
def __exit__(self, exception, *more):
    """What has failed already is not hidden by what did not come for that, but has it as a note."""
    self.close()
    if exception is None:
        self.verify()
        return
    try:
        self.verify()
    except AssertionError as error:
        more[0].add_note(str(error))


Qmp.Mock.address = property(Qmp.Mock.get_address, doc='where it listens, as for Qmp.Client.open(), or None')
Qmp.Mock.path = property(Qmp.Mock.get_path, doc='the file of the Unix socket that it listens on, or None')
Qmp.Mock.ended = property(Qmp.Mock.get_ended, doc='whether it was closed, or its machine has quit')
Qmp.Mock.commands = property(Qmp.Mock.list_commands, doc='all commands that came, a list of Qmp.Message')


# --- expectations ---

def _in_chain(declare):
    """Decorates a function that returns the arguments for the C function; the method returns its expectation."""
    plain = getattr(Qmp.Expectation, declare.__name__)

    @functools.wraps(declare)
    def call(self, *arguments, **keywords):
        plain(self, *declare(self, *arguments, **keywords))
        return self

    return _add(Qmp.Expectation)(call)


@_in_chain
def returns(self, value={}):
    """The command succeeds, and returns a value, any of JSON's."""
    return (_overrides()._make_node(value),)


@_in_chain
def fails(self, error_class, desc):
    """The command fails, with a class of QEMU's and a text."""
    return error_class, desc


@_in_chain
def fails_job(self, desc):
    """The command starts a job, which fails at once."""
    return (desc,)


@_in_chain
def stays_silent(self):
    """The command is never answered."""
    return ()


@_in_chain
def emits_before(self, name, data=None):
    """An event, whose data are a dict, goes out before the answer."""
    return name, _make_object(data, 'data')


@_in_chain
def emits_after(self, name, data=None):
    """An event, whose data are a dict, goes out right behind the answer."""
    return name, _make_object(data, 'data')


@_in_chain
def breaks(self, fault):
    """Something goes wrong with the connection: Qmp.MockFault."""
    return (fault,)


@_in_chain
def repeats(self):
    """The command may come at any time, as often as it likes, or not at all."""
    return ()


@_in_chain
def holds(self):
    """The command is not answered before release() is called."""
    return ()


@_add(Qmp.Expectation)
def wait(self, timeout=None, cancellable=None):
    """Blocks until the command has come, for at most timeout seconds: for a client in another thread or process.

    Raises Qmp.TimeoutError, Qmp.UnexpectedCommandError, Qmp.MissingCommandError, GLib.Error.
    """
    try:
        return _qmp_waiting.block(functools.partial(_plain_wait, self), [to_wait(timeout)], cancellable, _open_new)
    except GLib.Error as error:
        raise explain(error) from None


Qmp.Expectation.command = property(Qmp.Expectation.get_command, doc="the command's name")
Qmp.Expectation.met = property(Qmp.Expectation.get_met, doc='whether it has come')
Qmp.Expectation.message = property(Qmp.Expectation.dup_message, doc='what has come, a Qmp.Message with its descriptors, or None')
