# SPDX-License-Identifier: LGPL-2.1-or-later
"""How a blocking call of qmp-glib waits in Python, so that it can be interrupted."""

import functools
import os
import signal
import socket
import threading

from gi import _ossighelper
from gi.repository import Gio, GLib, GObject

from ._qmp_calls import Cancellation, kick


@functools.cache
def _get_spy_class():
    """Made when it is needed first: a class of GObject's is registered, which takes as long as a whole module."""
    class Spy(GObject.Object, Gio.SocketConnectable):
        """Sees in which main context a blocking call waits."""

        __gtype_name__ = 'QmpPythonSpy'
        __module__ = 'qmp_glib'  # PyGObject registers no types of gi.overrides
        context = None
        cancellable = None

        def do_enumerate(self):
            self.context = GLib.MainContext.ref_thread_default()
            self.cancellable.cancel()
            return Gio.UnixSocketAddress.new('/').enumerate()

        do_proxy_enumerate = do_enumerate

    return Spy


def _find_context(open_client):
    spy = _get_spy_class()()
    spy.cancellable = Gio.Cancellable()
    try:
        open_client(spy, spy.cancellable)
    except GLib.Error:
        pass
    return spy.context


class Interrupts:
    """Lets Python's signal handlers run while the main thread is blocked in the library.

    The library waits in a context of its own, which the blocking calls of a thread share. A source there watches
    Python's wakeup descriptor. Python runs the handlers when the source's callback is called; what a handler
    raises, KeyboardInterrupt say, ends the call and is raised from it.
    """

    def __init__(self, context):
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._context = context
        self._outer_fd = -1
        self._cancellable = None
        self._spare = None  # a cancellable that a call has left as it was
        self._error = None
        self._source = None

    def _attach(self):
        callback = self._handle_signals()
        next(callback)
        # A source whose callback takes no arguments and that can have a descriptor; its own time never comes.
        self._source = GLib.timeout_source_new(GLib.MAXUINT)
        self._source.add_unix_fd(self._reader.fileno(), GLib.IOCondition.IN)
        self._source.set_callback(functools.partial(next, callback), False)
        self._source.attach(self._context)

    # A handler may raise already at the first instruction of a callback, where a function cannot catch it yet;
    # a generator is resumed inside its try.
    def _handle_signals(self):
        while True:
            try:
                yield True
                signals = self._drain()  # after which the handlers have run
                if signal.SIGINT in signals and getattr(_ossighelper, '_sigint_called', False):
                    # A main loop that blocks in this call has taken the signal, to end when it can.
                    raise KeyboardInterrupt
            except BaseException as error:
                self._error = error
                if self._cancellable is not None:
                    self._cancellable.cancel()

    def _drain(self):
        try:
            signals = self._reader.recv(4096)
        except BlockingIOError:
            return b''
        if self._outer_fd >= 0:
            try:
                os.write(self._outer_fd, signals)
            except OSError:
                pass
        return signals

    def call(self, function, arguments, cancellable):
        if self._source is None or self._source.is_destroyed():
            self._attach()
        cancellation = Cancellation(cancellable, self._spare)
        self._spare = None
        outer = self._outer_fd, self._cancellable, self._error
        self._cancellable = cancellation.own
        self._error = None
        armed = False
        try:
            self._outer_fd = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
            armed = True
            return function(*arguments, cancellation.own)
        except GLib.Error:
            if self._error is None:
                raise
        finally:
            if armed:
                signal.set_wakeup_fd(self._outer_fd)
                self._drain()
            error = self._error
            self._outer_fd, self._cancellable, self._error = outer
            cancellation.end()
            if cancellable is None and self._cancellable is None and error is None:
                self._spare = cancellation.own
            if error is not None:
                raise error.with_traceback(None) from None


_interrupts = None


def _forget_interrupts():
    """A child must not read its parent's signals."""
    global _interrupts
    _interrupts = None


os.register_at_fork(after_in_child=_forget_interrupts)


def block(function, arguments, cancellable, open_client):
    """Calls function(*arguments, cancellable), a blocking form, so that it can be interrupted."""
    global _interrupts
    if threading.get_ident() != threading.main_thread().ident:
        return function(*arguments, cancellable)
    if _interrupts is None:
        _interrupts = Interrupts(_find_context(open_client))
    try:
        return _interrupts.call(function, arguments, cancellable)
    finally:
        kick()
