# SPDX-License-Identifier: LGPL-2.1-or-later
"""The exceptions of qmp-glib in Python: each a GLib.Error, with a class to catch, and such that it can be pickled."""

import builtins

from gi.repository import Gio, GLib

from ..module import get_introspection_module

Qmp = get_introspection_module('Qmp')

CLIENT_ERROR = GLib.quark_to_string(Qmp.ClientError.quark())
COMMAND_ERROR = GLib.quark_to_string(Qmp.CommandError.quark())
PROTOCOL_ERROR = GLib.quark_to_string(Qmp.ProtocolError.quark())
GUEST_AGENT_ERROR = GLib.quark_to_string(Qmp.GuestAgentError.quark())
MACHINE_ERROR = GLib.quark_to_string(Qmp.MachineError.quark())
MOCK_ERROR = GLib.quark_to_string(Qmp.MockError.quark())
IO_ERROR = GLib.quark_to_string(Gio.io_error_quark())
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

    __module__ = 'gi.repository.Qmp'  # where it is found again when it is unpickled

    def __init__(self, desc, error_class='GenericError', sent=None, received=None):
        super().__init__(desc, COMMAND_ERROR, int(CODES.get(error_class, Qmp.CommandError.UNKNOWN)))
        self.error_class = error_class
        self.desc = desc
        self.sent = sent
        self.received = received

    def __str__(self):
        return f'{self.error_class}: {self.desc}'

    def __repr__(self):
        return f'Qmp.ExecuteError({self.desc!r}, {self.error_class!r})'

    def __reduce__(self):
        return ExecuteError, (self.desc, self.error_class, _without_fds(self.sent), self.received)

    def copy(self):
        return ExecuteError(self.desc, self.error_class, self.sent, self.received)


def _without_fds(message):
    """A descriptor means nothing in another process."""
    if message is None or message.get_fd_list() is None:
        return message
    message = message.dup()
    message.set_fd_list(None)
    return message


class _KnownError(GLib.Error):
    """An error that is known by its class, and not only by its domain and code."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = CLIENT_ERROR

    def __init__(self, message):
        super().__init__(message, self._DOMAIN, int(self._CODE))

    def __str__(self):
        return self.message

    def __repr__(self):
        return f'Qmp.{type(self).__name__}({self.message!r})'

    def __reduce__(self):
        return type(self), (self.message,)

    def copy(self):
        return type(self)(self.message)


class StateError(_KnownError):
    """The call is not allowed in the client's runstate."""

    __module__ = 'gi.repository.Qmp'
    _CODE = Qmp.ClientError.STATE


class InterruptedError(_KnownError):
    """The link ended before the reply came."""

    __module__ = 'gi.repository.Qmp'
    _CODE = Qmp.ClientError.INTERRUPTED


class BusyError(_KnownError):
    """Connected, but no greeting came."""

    __module__ = 'gi.repository.Qmp'
    _CODE = Qmp.ClientError.BUSY


class AddressError(_KnownError):
    """The address is wrong, or cannot be used."""

    __module__ = 'gi.repository.Qmp'
    _CODE = Qmp.ClientError.ADDRESS


class NotASocketError(_KnownError):
    """At the path is a file that is not a socket, or the descriptor is not of one."""

    __module__ = 'gi.repository.Qmp'
    _CODE = Qmp.ClientError.NOT_A_SOCKET


class FailureEventError(_KnownError):
    """execute_and_wait(): an event came that says that the operation has failed."""

    __module__ = 'gi.repository.Qmp'
    _CODE = Qmp.ClientError.FAILURE_EVENT


class GuestLostError(_KnownError):
    """The guest agent does not know any more what was begun."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = GUEST_AGENT_ERROR
    _CODE = Qmp.GuestAgentError.LOST


class GuestThawedError(_KnownError):
    """The guest's file systems were thawed before the program did it."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = GUEST_AGENT_ERROR
    _CODE = Qmp.GuestAgentError.THAWED


class LaunchError(_KnownError):
    """The machine could not be launched; the text has all that QEMU has said."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = MACHINE_ERROR
    _CODE = Qmp.MachineError.LAUNCH


class EndedError(_KnownError):
    """There is no machine: it has ended, or was not launched yet."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = MACHINE_ERROR
    _CODE = Qmp.MachineError.ENDED


class NoAnswerError(_KnownError):
    """The guest does not turn itself off or let go of a device in time, or the process does not go although it was killed."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = MACHINE_ERROR
    _CODE = Qmp.MachineError.NO_ANSWER


class NoProcessError(_KnownError):
    """The machine knows of no process that could be killed."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = MACHINE_ERROR
    _CODE = Qmp.MachineError.NO_PROCESS


class JobError(_KnownError):
    """A job has failed; the text is QEMU's."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = MACHINE_ERROR
    _CODE = Qmp.MachineError.JOB


class JobCancelledError(_KnownError):
    """A job was cancelled; CancelledError is for waiting that was."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = MACHINE_ERROR
    _CODE = Qmp.MachineError.JOB_CANCELLED


class LostError(_KnownError):
    """Nobody knows what has become of a job, a migration or a device, as there is no link, or was none when it ended."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = MACHINE_ERROR
    _CODE = Qmp.MachineError.LOST


class MigrationError(_KnownError):
    """A migration has failed; the text has what QEMU says of it."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = MACHINE_ERROR
    _CODE = Qmp.MachineError.MIGRATION


class MigrationCancelledError(_KnownError):
    """A migration was cancelled; CancelledError is for waiting that was."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = MACHINE_ERROR
    _CODE = Qmp.MachineError.MIGRATION_CANCELLED


class UnexpectedCommandError(_KnownError, AssertionError):
    """A mock was sent what it did not expect; the text says both."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = MOCK_ERROR
    _CODE = Qmp.MockError.UNEXPECTED


class MissingCommandError(_KnownError, AssertionError):
    """A mock was not sent what it expected."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = MOCK_ERROR
    _CODE = Qmp.MockError.MISSING


class TimeoutError(_KnownError, builtins.TimeoutError):
    """It took too long: Gio.IOErrorEnum.TIMED_OUT."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = IO_ERROR
    _CODE = Gio.IOErrorEnum.TIMED_OUT


class CancelledError(_KnownError):
    """It was cancelled: Gio.IOErrorEnum.CANCELLED. It is not asyncio's, which is raised where asyncio cancels."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = IO_ERROR
    _CODE = Gio.IOErrorEnum.CANCELLED


_KNOWN = {(cls._DOMAIN, int(cls._CODE)): cls for cls in (
    StateError, InterruptedError, BusyError, AddressError, NotASocketError, FailureEventError, GuestLostError,
    GuestThawedError, LaunchError, EndedError, NoAnswerError, NoProcessError, JobError, JobCancelledError,
    LostError, MigrationError, MigrationCancelledError, UnexpectedCommandError, MissingCommandError, TimeoutError,
    CancelledError)}


def _read(name, attribute):
    """Lets a function that asks an error of a command know what PyGObject has not kept."""
    plain = getattr(Qmp.CommandError, name)

    def get(error):
        return getattr(error, attribute) if isinstance(error, ExecuteError) else plain(error)

    get.__name__ = name
    get.__qualname__ = f'CommandError.{name}'
    get.__doc__ = f'The {attribute} of a Qmp.ExecuteError, or None.'
    setattr(Qmp.CommandError, name, staticmethod(get))
    return plain


_get_class = _read('get_class', 'error_class')
_read('get_sent', 'sent')
_read('get_received', 'received')


def explain(error, sent=None):
    """An error that came out of the library, as it is to be raised."""
    if isinstance(error, (ExecuteError, _KnownError)):
        return error
    if error.domain == COMMAND_ERROR:
        return ExecuteError(error.message, _get_class(error), sent)
    known = _KNOWN.get((error.domain, error.code))
    return error if known is None else known(error.message)


def protocol_error(code, message):
    return GLib.Error(message, PROTOCOL_ERROR, int(code))
