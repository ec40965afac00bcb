# SPDX-License-Identifier: LGPL-2.1-or-later
"""Machines in Python: lists of words to launch, with, seconds."""

import collections.abc

from gi.repository import GObject

from ..module import get_introspection_module
from . import _qmp_end, _qmp_times
from ._qmp_errors import EndedError
from ._qmp_methods import (Method as _Method, add as _add, check_thread as _check_thread, explained as _explained, name_type as _name_type,
                           override as _override, override_unknown as _override_unknown, replace as _replace,
                           to_fd as _to_fd, to_words_or_none as _to_words_or_none)
from ._qmp_times import to_wait

Qmp = get_introspection_module('Qmp')


def _make_command(command, arguments, more):
    from . import Qmp as overrides  # which imports this
    return command if isinstance(command, Qmp.Message) else overrides._make_command(command, arguments, more)


def _make_address(address):
    from . import Qmp as overrides  # which imports this
    return overrides._make_address(address)


# --- launchers ---

@_add(Qmp.Launcher)
def __init__(self, argv=None, **properties):
    """Says how QEMU is started: Qmp.Launcher(['qemu-system-x86_64', '-m', '512'], flags=Qmp.LauncherFlags.PAUSED).

    The properties are those of the class.
    """
    GObject.Object.__init__(self, argv=_to_words_or_none(argv, 'argv'), **properties)


_plain_set_argv = Qmp.Launcher.set_argv
_plain_set_environment = Qmp.Launcher.set_environment


def _new_launcher(argv=None):
    """The same as Qmp.Launcher(argv)."""
    return Qmp.Launcher(argv)


_replace(Qmp.Launcher, 'new', _new_launcher, staticmethod)


@_add(Qmp.Launcher)
def set_argv(self, argv=None):
    """Says which program is started, with which arguments: a list."""
    _plain_set_argv(self, _to_words_or_none(argv, 'argv'))


@_add(Qmp.Launcher)
def set_environment(self, environment=None):
    """Says which variables the process has, a list of 'NAME=VALUE'; None for those of the program."""
    _plain_set_environment(self, _to_words_or_none(environment, 'environment'))


_plain_inherit_fd = _explained(Qmp.Launcher.inherit_fd)


@_add(Qmp.Launcher)
def inherit_fd(self, fd):
    """Gives a descriptor to the process, a number or what has a fileno(); returns its number there. It stays yours."""
    return _plain_inherit_fd(self, _to_fd(fd))


_plain_set_leave_running = _explained(Qmp.Launcher.set_leave_running)


@_add(Qmp.Launcher)
def set_leave_running(self, address, output=None):
    """Lets the machine outlive the program, and be opened again at an address; None lets it die with the program.

    address: as for Qmp.Client.open()
    output: where it writes to: a number, or what has a fileno(), such as a file; it stays yours
    """
    _plain_set_leave_running(self, None if address is None else _make_address(address),
                             -1 if output is None else _to_fd(output))
    self._leaves_running = address is not None


Qmp.Launcher._leaves_running = False


# --- machines ---

def _make_launcher(launcher):
    if isinstance(launcher, Qmp.Launcher):
        return launcher
    if isinstance(launcher, (str, bytes)) or not isinstance(launcher, collections.abc.Iterable):
        raise TypeError(f'what is launched is a list of words or Qmp.Launcher, not {_name_type(launcher)}')
    return Qmp.Launcher(launcher)


@_add(Qmp.Machine)
def __init__(self, client=None):
    """Makes a machine in which nothing runs: Qmp.Machine().

    client: a Qmp.Client that is not open; without one the machine makes it
    """
    GObject.Object.__init__(self, client=client)


_launch = _Method(Qmp.Machine, 'launch')
_open_machine = _Method(Qmp.Machine, 'open')
for _method in (_launch, _open_machine):
    _replace(Qmp.Machine, f'{_method.name}_finish', _explained(_method.finish))


# Whether it was launched here, and is not to be left running: who leaves a machine that was opened leaves it running.
Qmp.Machine._launched = False


def _note_launched(machine, launched):
    machine._launched = launched
    return machine


@_add(Qmp.Machine)
def launch(self, launcher, cancellable=None):
    """Starts QEMU, connects to its monitor and reads its status. Returns the machine, for with: what is left leaves it ended.

    launcher: the program and its arguments, or a Qmp.Launcher

    with vm.launch(['qemu-system-x86_64', '-m', '512', 'disk.qcow2']):
        print(vm.get_status())

    Raises Qmp.LaunchError, Qmp.StateError, GLib.Error.
    """
    launcher = _make_launcher(launcher)
    _launch.block([self], [launcher], cancellable)
    return _note_launched(self, not launcher._leaves_running)


@_add(Qmp.Machine)
def launch_async(self, launcher, cancellable=None, callback=None, *user_data):
    """Like launch(), for await. With a callback, it is the C library's."""
    if _launch.has_callback((launcher, cancellable, callback), {}):
        return _launch.start_with_callback(self, launcher, cancellable, callback, *user_data)
    launcher = _make_launcher(launcher)
    return _launch.begin([self], [launcher], cancellable,
                         lambda _launched: _note_launched(self, not launcher._leaves_running))


@_add(Qmp.Machine)
def open(self, address, cancellable=None):
    """Opens the monitor of a machine that runs, and reads its status. Returns the machine, for with, which closes it.

    address: as for Qmp.Client.open()
    """
    _open_machine.block([self], [_make_address(address)], cancellable)
    return _note_launched(self, False)


@_add(Qmp.Machine)
def open_async(self, address, cancellable=None, callback=None, *user_data):
    """Like open(), for await. With a callback, it is the C library's."""
    if _open_machine.has_callback((address, cancellable, callback), {}):
        return _open_machine.start_with_callback(self, address, cancellable, callback, *user_data)
    return _open_machine.begin([self], [_make_address(address)], cancellable, lambda _opened: _note_launched(self, False))


_plain_keep_open = Qmp.Machine.keep_open


@_add(Qmp.Machine)
def keep_open(self, address):
    """Keeps the monitor open: opens it as soon as it can be had, and again when the link ends, until told None.

    address: as for Qmp.Client.open()
    """
    _check_thread(self)
    _plain_keep_open(self, None if address is None else _make_address(address))


@_override(Qmp.Machine)
def _wait_ended(self, cancellable=None):
    """Waits for the end of the machine. Returns the Qmp.Outcome."""
    return [], cancellable


@_override(Qmp.Machine)
def _refresh(self, cancellable=None):
    """Reads anew what the machine tells: status, name, UUID, jobs and migration."""
    return [], cancellable


@_override(Qmp.Machine)
def _pause(self, cancellable=None):
    """Pauses the machine; its status is what QEMU says when this returns."""
    return [], cancellable


@_override(Qmp.Machine)
def _resume(self, cancellable=None):
    """Lets a machine that is paused, or has stopped, run on."""
    return [], cancellable


@_override(Qmp.Machine)
def _reset(self, cancellable=None):
    """Resets the machine."""
    return [], cancellable


@_override(Qmp.Machine)
def _power_down(self, cancellable=None):
    """Presses the power button, which proves nothing; see shut_down()."""
    return [], cancellable


@_override(Qmp.Machine)
def _wake_up(self, cancellable=None):
    """Wakes a guest that sleeps."""
    return [], cancellable


@_override(Qmp.Machine)
def _quit(self, cancellable=None):
    """Tells QEMU to quit, without asking the guest."""
    return [], cancellable


@_override(Qmp.Machine)
def _kill(self, cancellable=None):
    """Kills the process, with all that it has started; returns when it has ended."""
    return [], cancellable


@_override(Qmp.Machine)
def _shut_down(self, flags=None, ask=30, quit=10, cancellable=None):
    """Brings the machine to its end, in stages. Returns the Qmp.Outcome.

    ask: how many seconds the guest may take to turn itself off; 0 does not ask it, None waits for ever
    quit: how many seconds QEMU may take to quit before its process is killed; 0 does not tell it, None waits for ever
    flags: Qmp.ShutDownFlags; None for none of them

    Raises Qmp.EndedError, Qmp.NoAnswerError, Qmp.NoProcessError, GLib.Error.
    """
    return [Qmp.ShutDownFlags.NONE if flags is None else flags, _qmp_times.to_stage(ask, 'ask'), _qmp_times.to_stage(quit, 'quit')], cancellable


@_override(Qmp.Machine)
def _open_agent(self, timeout=None, cancellable=None):
    """Waits until the guest's agent answers, for at most timeout seconds; None waits as long as it takes. Returns a Qmp.GuestAgent.

    The machine was launched with Qmp.Launcher.add_agent_channel().

    with vm.open_agent(timeout=60) as guest:
        print(guest.exec(['uname', '-r']).output)

    Raises Qmp.NoAnswerError, Qmp.EndedError, GLib.Error.
    """
    return [_qmp_times.to_wait(timeout)], cancellable


# --- jobs ---

_start_job = _Method(Qmp.Machine, 'start_job')
_replace(Qmp.Machine, 'start_job_finish', _explained(_start_job.finish))
_qmp_times.use_seconds(Qmp.Machine, _replace, _check_thread, progress_interval=_qmp_times.Interval())


@_add(Qmp.Machine)
def start_job(self, command, arguments=None, cancellable=None, /, **more):
    """Starts a job, and returns it: a Qmp.Job. The command has a job-id.

    command: its name, or a Qmp.Message
    arguments, more: as for Qmp.Client.execute()

    job = vm.start_job('block-stream', {'job-id': 'stream', 'device': 'disk'})

    Raises Qmp.ExecuteError, GLib.Error.
    """
    return _start_job.block([self], [_make_command(command, arguments, more)], cancellable)


@_add(Qmp.Machine)
def start_job_async(self, command, arguments=None, cancellable=None, callback=None, /, *user_data, **more):
    """Like start_job(), for await. With a Qmp.Message, a cancellable and a callback, it is the C library's."""
    if callable(cancellable):
        return _start_job.start_with_callback(self, command, arguments, cancellable,
                                              *([] if callback is None and not user_data else [callback, *user_data]))
    return _start_job.begin([self], [_make_command(command, arguments, more)], cancellable)


# --- devices ---

@_override(Qmp.Machine)
def _unplug(self, device, timeout=30, cancellable=None):
    """Takes a device out of the machine, and waits until it is gone.

    device: its ID, or, if it has none, its path in QOM
    timeout: how many seconds the guest may take; None waits for ever. It has still been asked then, and may let go later.

    Raises Qmp.NoAnswerError, Qmp.LostError, Qmp.ExecuteError, GLib.Error when the guest refuses.
    """
    return [device, to_wait(timeout)], cancellable


def _take_bytes(value):
    return bytes(value.get_data() or b'')


@_override(Qmp.Machine, convert=_take_bytes)
def _screendump(self, device=None, head=0, cancellable=None):
    """Takes a picture of the machine's screen. Returns a PNG image: bytes.

    device: the ID of a display device; None for the first
    head: which of its screens

    Raises Qmp.ExecuteError, GLib.Error: Gio.IOErrorEnum.NOT_SUPPORTED if QEMU has no PNG, or the link is not a Unix socket.
    """
    return [device, head], cancellable


@_override(Qmp.Machine)
def _open_display(self, cancellable=None):
    """Opens a D-Bus connection to the display of a machine with -display dbus,p2p=yes: a Gio.DBusConnection.

    QEMU has one such connection at a time, and closes the one before.
    """
    return [], cancellable


# --- migrations ---

@_override(Qmp.Machine)
def _start_migration(self, uri, cancellable=None):
    """Lets the machine migrate: to another QEMU that waits for it, or to a command. Returns the Qmp.Migration.

    uri: 'unix:PATH', 'tcp:HOST:PORT', 'exec:COMMAND'

    await (await vm.start_migration_async('unix:there.sock'))

    Raises Qmp.ExecuteError, GLib.Error.
    """
    return [uri], cancellable


@_override(Qmp.Machine)
def _start_migration_fd(self, fd, cancellable=None):
    """Lets the machine migrate into a file, or to whoever reads the other end. Returns the Qmp.Migration.

    fd: a number, or what has a fileno(): a file that can be written to. It stays yours.
    """
    return [_to_fd(fd)], cancellable


@_override(Qmp.Machine)
def _start_incoming(self, uri, cancellable=None):
    """Lets a machine arrive that was launched with -incoming defer. Returns the Qmp.Migration, which ends when it is there.

    uri: where it listens, or what it reads: 'unix:PATH', 'tcp:HOST:PORT', 'exec:COMMAND'
    """
    return [uri], cancellable


@_override(Qmp.Machine)
def _start_incoming_fd(self, fd, cancellable=None):
    """Lets a machine arrive from a file, or from whoever writes to the other end. Returns the Qmp.Migration.

    fd: a number, or what has a fileno(): a file that can be read, from where it stands. It stays yours.
    """
    return [_to_fd(fd)], cancellable


# --- processes ---

_plain_set_process = _explained(Qmp.Machine.set_process)


@_add(Qmp.Machine)
def set_process(self, pidfd):
    """Tells a machine that was opened which process it is: a number, or what has a fileno(), of os.pidfd_open()."""
    return _plain_set_process(self, _to_fd(pidfd))


for _name in [name[:-len('_async')] for name in dir(Qmp.Machine) if name.endswith('_async')]:
    if isinstance(getattr(Qmp.Machine, _name, None), type(_launch.blocking)):
        _override_unknown(Qmp.Machine, _name)


@_add(Qmp.Machine)
def __del__(self):
    _qmp_end.leave_to_own_thread(self, Qmp.Machine.get_client)


@_add(Qmp.Machine)
def __enter__(self):
    return self


# How many seconds QEMU may take to quit when a program leaves its machine.
_LEAVING_TIME = 10


@_add(Qmp.Machine)
def __exit__(self, *_exception):
    if not self._launched:
        self.get_client().close()
        return
    try:
        self.shut_down(ask=0, quit=_LEAVING_TIME)
    except EndedError:
        pass
    except BaseException:
        # It was interrupted.
        if self.get_alive():
            self.kill()
        raise


@_add(Qmp.Machine)
async def __aenter__(self):
    return self


@_add(Qmp.Machine)
async def __aexit__(self, *_exception):
    if not self._launched:
        await self.get_client().close_async()
        return
    try:
        await self.shut_down_async(ask=0, quit=_LEAVING_TIME)
    except EndedError:
        pass
    except BaseException:
        if self.get_alive():
            self.kill()
        raise


# An outcome is a value: its properties are attributes.
Qmp.Outcome.reason = property(Qmp.Outcome.get_reason)
Qmp.Outcome.text = property(Qmp.Outcome.get_text)
Qmp.Outcome.by_guest = property(Qmp.Outcome.get_by_guest)
Qmp.Outcome.by_us = property(Qmp.Outcome.get_by_us)
Qmp.Outcome.exit_status = property(Qmp.Outcome.get_exit_status)
Qmp.Outcome.signal = property(Qmp.Outcome.get_signal)
Qmp.Outcome.output = property(Qmp.Outcome.get_output)
Qmp.Outcome.clean = property(Qmp.Outcome.get_clean)
Qmp.Outcome.stage = property(Qmp.Outcome.get_stage)


@_add(Qmp.Machine)
def __repr__(self):
    name = f'{self.get_name()!r} ' if self.get_name() else ''
    pid = f', pid {self.get_pid()}' if self.get_alive() else ''
    return f'<Qmp.Machine {name}{self.get_status_name() or "not connected"}{pid}>'


@_add(Qmp.Outcome)
def __repr__(self):
    return f'<Qmp.Outcome {self.get_text()}{"" if self.get_clean() else ", not clean"}>'
