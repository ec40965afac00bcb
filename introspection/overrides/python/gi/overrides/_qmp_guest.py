# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guest agents in Python: bytes in and out, environments as dicts, seconds."""

import collections.abc
import os

from gi.repository import GLib, GObject

from ..module import get_introspection_module
from ._qmp_methods import add as _add, override as _override, to_words as _to_words, to_words_or_none as _to_words_or_none
from ._qmp_times import to_wait

Qmp = get_introspection_module('Qmp')


def _take_bytes(value):
    return value.get_data() or b''


def _make_environment(env):
    if isinstance(env, collections.abc.Mapping):
        return [f'{name}={value}' for name, value in env.items()]
    return _to_words_or_none(env, 'env')


def _make_bytes(value, name):
    if isinstance(value, (bytes, bytearray, memoryview)):
        return GLib.Bytes.new(bytes(value))
    raise TypeError(f'{name} must be bytes, not {type(value).__name__}')


# --- a client of its own ---

@_add(Qmp.GuestAgent)
def __init__(self, client):
    """Makes calls of what a client's guest agent can do; the client has guest_agent=True."""
    GObject.Object.__init__(self, client=client)


def _make_client(name, properties):
    return Qmp.Client(name, guest_agent=True, **properties)


@classmethod
def _open_address(cls, address, name=None, **properties):
    """Returns a guest agent on a client that is open: Qmp.GuestAgent.open_address('/run/agent.sock', timeout=5).

    address: as for Qmp.Client.open()
    name, properties: as for Qmp.Client()
    """
    agent = cls(_make_client(name, properties))
    agent.client.open(address)
    return agent


@classmethod
async def _open_address_async(cls, address, name=None, **properties):
    """Like open_address(), for await."""
    agent = cls(_make_client(name, properties))
    await agent.client.open_async(address)
    return agent


Qmp.GuestAgent.open_address = _open_address
Qmp.GuestAgent.open_address_async = _open_address_async
Qmp.GuestAgent.client = property(lambda self: self.get_client(), doc='the client that talks to the agent')


@_add(Qmp.GuestAgent)
def __enter__(self):
    return self


@_add(Qmp.GuestAgent)
def __exit__(self, *_exception):
    self.client.close()


@_add(Qmp.GuestAgent)
async def __aenter__(self):
    return self


@_add(Qmp.GuestAgent)
async def __aexit__(self, *_exception):
    await self.client.close_async()


# --- what it can do ---

@_override(Qmp.GuestAgent)
def _wait_ready(self, timeout=None, cancellable=None):
    """Waits until the agent answers, for at most timeout seconds; None waits as long as it takes."""
    return [to_wait(timeout)], cancellable


@_override(Qmp.GuestAgent)
def _exec(self, argv, env=None, input=None, flags=0, timeout=None, cancellable=None):
    """Runs a program in the guest until it ends. Returns a Qmp.GuestExecResult, whatever the exit status.

    argv: the program, by its path or its name, and its arguments
    env: the variables of its environment, a dict or a list of 'NAME=VALUE'; None for those of the agent
    input: what it reads from its standard input: bytes
    flags: Qmp.GuestExecFlags
    timeout: how many seconds all of it may take; None for as long as it takes

    guest.exec(['uname', '-r']).output

    Raises Qmp.ExecuteError when it cannot be started, Qmp.TimeoutError when it still runs, Qmp.GuestLostError, GLib.Error.
    """
    data = None if input is None else _make_bytes(input, 'input')
    return [_to_words(argv, 'argv'), _make_environment(env), data, flags, to_wait(timeout)], cancellable


@_override(Qmp.GuestAgent, convert=_take_bytes)
def _read_file(self, path, offset=0, length=None, cancellable=None):
    """Reads a file in the guest. Returns bytes.

    offset: where to begin
    length: how many bytes to read at most; None for all up to the end
    """
    return [os.fspath(path), offset, -1 if length is None else length], cancellable


@_override(Qmp.GuestAgent)
def _write_file(self, path, contents, flags=0, cancellable=None):
    """Writes a file in the guest: bytes, which become the whole file, or go behind it with Qmp.GuestWriteFlags.APPEND."""
    return [os.fspath(path), _make_bytes(contents, 'contents'), flags], cancellable


# --- file systems ---

@_override(Qmp.GuestAgent)
def _freeze(self, mountpoints=None, lease=None, cancellable=None):
    """Freezes the guest's file systems; returns how many. See freezing(), which thaws them.

    mountpoints: which, by where they are mounted; None for all
    lease: after how many seconds they are thawed anyway; None for never
    """
    return [_to_words_or_none(mountpoints, 'mountpoints'), to_wait(lease)], cancellable


@_override(Qmp.GuestAgent)
def _thaw(self, cancellable=None):
    """Thaws the guest's file systems; returns how many.

    Raises Qmp.GuestThawedError if they were thawed before: what was copied meanwhile is not to be relied on.
    """
    return [], cancellable


class _Freezing:
    def __init__(self, agent, arguments):
        self._agent = agent
        self._arguments = arguments

    def __enter__(self):
        return self._agent.freeze(*self._arguments)

    def __exit__(self, kind, *_exception):
        try:
            self._agent.thaw()
        except GLib.Error:
            if kind is None:
                raise

    async def __aenter__(self):
        return await self._agent.freeze_async(*self._arguments)

    async def __aexit__(self, kind, *_exception):
        try:
            await self._agent.thaw_async()
        except GLib.Error:
            if kind is None:
                raise


@_add(Qmp.GuestAgent)
def freezing(self, mountpoints=None, lease=None):
    """Freezes the guest's file systems, and thaws them in the end: with guest.freezing(lease=10): take_snapshot()

    mountpoints, lease: as for freeze()

    The end raises Qmp.GuestThawedError if they were thawed before. It can be async with, too.
    """
    return _Freezing(self, (mountpoints, lease))


# --- power ---

@_override(Qmp.GuestAgent)
def _shutdown(self, mode=0, cancellable=None):
    """Has the guest shut itself down, or start anew: a Qmp.GuestShutdownMode, by default POWERDOWN. Returns when it did not
    refuse.
    """
    return [mode], cancellable


@_override(Qmp.GuestAgent)
def _suspend(self, mode, cancellable=None):
    """Has the guest suspend itself: a Qmp.GuestSuspendMode. Returns when it did not refuse."""
    return [mode], cancellable


# --- what it says of itself ---

def _take_return(reply):
    return reply['return']


@_override(Qmp.GuestAgent, convert=_take_return)
def _get_info(self, cancellable=None):
    """Asks the agent which version it is, and which commands it has. Returns a dict."""
    return [], cancellable


@_override(Qmp.GuestAgent, convert=_take_return)
def _get_osinfo(self, cancellable=None):
    """Asks which operating system the guest has. Returns a dict."""
    return [], cancellable


@_override(Qmp.GuestAgent, convert=_take_return)
def _get_network_interfaces(self, cancellable=None):
    """Asks for the guest's network interfaces and their addresses. Returns a list."""
    return [], cancellable


@_override(Qmp.GuestAgent, convert=_take_return)
def _get_users(self, cancellable=None):
    """Asks who is logged in. Returns a list."""
    return [], cancellable


# --- its clock ---

@_override(Qmp.GuestAgent, convert=lambda microseconds: microseconds / 1000000)
def _get_time(self, cancellable=None):
    """Asks for the time of the guest's clock. Returns seconds since 1970, as time.time() has them."""
    return [], cancellable


@_override(Qmp.GuestAgent)
def _set_time(self, time=None, cancellable=None):
    """Sets the guest's clock.

    time: seconds since 1970, as time.time() has them; None to take the time of its hardware clock
    """
    return [-1 if time is None else round(time * 1000000)], cancellable


# --- accounts ---

@_override(Qmp.GuestAgent)
def _set_user_password(self, username, password, crypted=False, cancellable=None):
    """Sets the password of an account of the guest; crypted says that it is a hash already."""
    return [username, password, crypted], cancellable


@_override(Qmp.GuestAgent)
def _get_authorized_keys(self, username, cancellable=None):
    """Asks for the SSH keys that may log in to an account of the guest. Returns a list of str."""
    return [username], cancellable


@_override(Qmp.GuestAgent)
def _add_authorized_keys(self, username, keys, reset=False, cancellable=None):
    """Lets SSH keys log in to an account of the guest; reset removes all others."""
    return [username, _to_words(keys, 'keys'), reset], cancellable


@_override(Qmp.GuestAgent)
def _remove_authorized_keys(self, username, keys, cancellable=None):
    """Lets SSH keys not log in any more to an account of the guest."""
    return [username, _to_words(keys, 'keys')], cancellable


# --- results ---

Qmp.GuestExecResult.exit_status = property(lambda self: self.get_exit_status(), doc='the exit status, -1 after a signal')
Qmp.GuestExecResult.signal = property(lambda self: self.get_signal(), doc='the signal that ended it, or 0')
Qmp.GuestExecResult.output = property(lambda self: _take_bytes(self.get_output()), doc='what was printed, bytes')
Qmp.GuestExecResult.error_output = property(lambda self: _take_bytes(self.get_error_output()),
                                            doc='what was printed as errors, bytes')
Qmp.GuestExecResult.output_truncated = property(lambda self: self.get_output_truncated(),
                                                doc='whether the agent has dropped a part of output')
Qmp.GuestExecResult.error_output_truncated = property(lambda self: self.get_error_output_truncated(),
                                                      doc='whether the agent has dropped a part of error_output')
Qmp.GuestExecResult.reply = property(lambda self: self.get_reply(), doc='the whole reply, a Qmp.Message')


@_add(Qmp.GuestExecResult)
def __repr__(self):
    end = f'signal {self.signal}' if self.signal else f'exit status {self.exit_status}'
    return f'<Qmp.GuestExecResult {end}, {len(self.output)} bytes of output>'
