# SPDX-License-Identifier: LGPL-2.1-or-later
"""The exceptions of qmp-glib in Python: each a GLib.Error, with a class to catch, and such that it can be pickled."""

import builtins

from gi.repository import Gio, GLib

from ..module import get_introspection_module

Qmp = get_introspection_module('Qmp')

CODES = {
    'GenericError': 'GENERIC',
    'CommandNotFound': 'COMMAND_NOT_FOUND',
    'DeviceNotActive': 'DEVICE_NOT_ACTIVE',
    'DeviceNotFound': 'DEVICE_NOT_FOUND',
    'KVMMissingCap': 'KVM_MISSING_CAP',
}


class Error(GLib.Error):
    """What the functions of the library raise: its domain and code say what it is. What programs deal with has a class of its own."""

    __module__ = 'gi.repository.Qmp'  # where it is found again when it is unpickled

    def __repr__(self):
        return f'Qmp.Error({self.message!r}, {self.domain!r}, {self.code})'

    def __reduce__(self):
        return type(self), (self.message, self.domain, self.code)

    def copy(self):
        return type(self)(self.message, self.domain, self.code)


class ExecuteError(Error):
    """The server answered a command with an error.

    error_class, desc: the error's class and text, as the server says them
    sent, received: the command and the whole reply, each a Qmp.Message, or None where it is not known
    """

    __module__ = 'gi.repository.Qmp'

    def __init__(self, desc, error_class='GenericError', sent=None, received=None):
        super().__init__(desc, *_identify('CommandError', CODES.get(error_class, 'UNKNOWN')))
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


class _KnownError(Error):
    """An error that is known by its class, and not only by its domain and code.

    Their enumerations are made when there is an error: that takes as long as much of the import.
    """

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = 'ClientError'

    def __init__(self, message):
        super().__init__(message, *_identify(self._DOMAIN, self._CODE))

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
    _CODE = 'STATE'


class InterruptedError(_KnownError):
    """The link ended before the reply came."""

    __module__ = 'gi.repository.Qmp'
    _CODE = 'INTERRUPTED'


class BusyError(_KnownError):
    """Connected, but no greeting came."""

    __module__ = 'gi.repository.Qmp'
    _CODE = 'BUSY'


class AddressError(_KnownError):
    """The address is wrong, or cannot be used."""

    __module__ = 'gi.repository.Qmp'
    _CODE = 'ADDRESS'


class NotASocketError(_KnownError):
    """At the path is a file that is not a socket, or the descriptor is not of one."""

    __module__ = 'gi.repository.Qmp'
    _CODE = 'NOT_A_SOCKET'


class FailureEventError(_KnownError):
    """execute_and_wait(): an event came that says that the operation has failed."""

    __module__ = 'gi.repository.Qmp'
    _CODE = 'FAILURE_EVENT'


class GuestLostError(_KnownError):
    """The guest agent does not know any more what was begun."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = 'GuestAgentError'
    _CODE = 'LOST'


class GuestThawedError(_KnownError):
    """The guest's file systems were thawed before the program did it."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = 'GuestAgentError'
    _CODE = 'THAWED'


class LaunchError(_KnownError):
    """The machine could not be launched; the text has all that QEMU has said."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = 'MachineError'
    _CODE = 'LAUNCH'


class EndedError(_KnownError):
    """There is no machine: it has ended, or was not launched yet."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = 'MachineError'
    _CODE = 'ENDED'


class NoAnswerError(_KnownError):
    """The guest does not turn itself off or let go of a device in time, or the process does not go although it was killed."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = 'MachineError'
    _CODE = 'NO_ANSWER'


class NoProcessError(_KnownError):
    """The machine knows of no process that could be killed."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = 'MachineError'
    _CODE = 'NO_PROCESS'


class JobError(_KnownError):
    """A job has failed; the text is QEMU's."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = 'MachineError'
    _CODE = 'JOB'


class JobCancelledError(_KnownError):
    """A job was cancelled; CancelledError is for waiting that was."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = 'MachineError'
    _CODE = 'JOB_CANCELLED'


class LostError(_KnownError):
    """Nobody knows what has become of a job, a migration or a device, as there is no link, or was none when it ended."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = 'MachineError'
    _CODE = 'LOST'


class MigrationError(_KnownError):
    """A migration has failed; the text has what QEMU says of it."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = 'MachineError'
    _CODE = 'MIGRATION'


class MigrationCancelledError(_KnownError):
    """A migration was cancelled; CancelledError is for waiting that was."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = 'MachineError'
    _CODE = 'MIGRATION_CANCELLED'


class NotFoundError(_KnownError):
    """Nothing of that name, UUID or process ID runs on this computer."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = 'FinderError'
    _CODE = 'NOT_FOUND'


class AmbiguousError(_KnownError):
    """Several have that name; the text lists their processes."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = 'FinderError'
    _CODE = 'AMBIGUOUS'


class NoEndpointError(_KnownError):
    """It has no monitor, or no guest agent, that can be connected to."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = 'FinderError'
    _CODE = 'NO_ENDPOINT'


class UnexpectedCommandError(_KnownError, AssertionError):
    """A mock was sent what it did not expect; the text says both."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = 'MockError'
    _CODE = 'UNEXPECTED'


class MissingCommandError(_KnownError, AssertionError):
    """A mock was not sent what it expected."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = 'MockError'
    _CODE = 'MISSING'


class TimeoutError(_KnownError, builtins.TimeoutError):
    """It took too long: Gio.IOErrorEnum.TIMED_OUT."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = 'IOErrorEnum'
    _CODE = 'TIMED_OUT'


class CancelledError(_KnownError):
    """It was cancelled: Gio.IOErrorEnum.CANCELLED. It is not asyncio's, which is raised where asyncio cancels."""

    __module__ = 'gi.repository.Qmp'
    _DOMAIN = 'IOErrorEnum'
    _CODE = 'CANCELLED'


_CLASSES = (
    StateError, InterruptedError, BusyError, AddressError, NotASocketError, FailureEventError, GuestLostError,
    GuestThawedError, LaunchError, EndedError, NoAnswerError, NoProcessError, JobError, JobCancelledError,
    LostError, MigrationError, MigrationCancelledError, NotFoundError, AmbiguousError, NoEndpointError,
    UnexpectedCommandError, MissingCommandError, TimeoutError, CancelledError)
_known = None  # by domain and code


def _identify(domain, code):
    """The domain and the code of an error, by their names."""
    if domain == 'IOErrorEnum':
        codes, quark = Gio.IOErrorEnum, Gio.io_error_quark()
    else:
        codes = getattr(Qmp, domain)
        quark = codes.quark()
    return GLib.quark_to_string(quark), int(getattr(codes, code))


def _find_class(error):
    """Its class; ExecuteError if it is of a command, whatever its code."""
    global _known
    if _known is None:
        known = {_identify(cls._DOMAIN, cls._CODE): cls for cls in _CLASSES}
        known.update((_identify('CommandError', code), ExecuteError) for code in (*CODES.values(), 'UNKNOWN'))
        _known = known
    return _known.get((error.domain, error.code), Error)


# --- what PyGObject has not kept ---

_plain_get_class = None


def _read(commands, name, attribute):
    """Lets a function that asks an error of a command know what PyGObject has not kept."""
    plain = getattr(commands, name)

    def get(error):
        return getattr(error, attribute) if isinstance(error, ExecuteError) else plain(error)

    get.__name__ = name
    get.__qualname__ = f'CommandError.{name}'
    get.__doc__ = f'The {attribute} of a Qmp.ExecuteError, or None.'
    setattr(commands, name, staticmethod(get))
    return plain


def adapt_command_error(commands):
    """Called with Qmp.CommandError, when somebody has asked for it first."""
    global _plain_get_class
    _plain_get_class = _read(commands, 'get_class', 'error_class')
    _read(commands, 'get_sent', 'sent')
    _read(commands, 'get_received', 'received')


def explain(error, sent=None):
    """An error that came out of the library, as it is to be raised."""
    if isinstance(error, Error):
        return error
    cls = _find_class(error)
    if cls is ExecuteError:
        return ExecuteError(error.message, _plain_get_class(error), sent)
    return Error(error.message, error.domain, error.code) if cls is Error else cls(error.message)


def protocol_error(code, message):
    return Error(message, GLib.quark_to_string(Qmp.ProtocolError.quark()), int(code))
