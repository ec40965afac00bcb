# SPDX-License-Identifier: LGPL-2.1-or-later
"""How Python code waits for qmp-glib: blocking, with a GLib main loop, with asyncio."""

import functools
import os
import signal
import socket
import sys
import threading

from gi import _ossighelper
from gi.repository import Gio, GLib, GObject


# --- cancellation ---

class Cancellation:
    """A cancellable of a call's own, which follows the caller's."""

    def __init__(self, cancellable):
        self.own = Gio.Cancellable()
        self._cancellable = cancellable
        if cancellable is None:
            return
        if not isinstance(cancellable, Gio.Cancellable):
            raise TypeError(f'cancellable must be Gio.Cancellable or None, not {type(cancellable).__name__}')
        own = self.own
        self._handler = GObject.Object.connect(cancellable, 'cancelled', lambda _cancellable: own.cancel())
        if cancellable.is_cancelled():
            own.cancel()

    def end(self):
        if self._cancellable is not None:
            GObject.Object.disconnect(self._cancellable, self._handler)
            self._cancellable = None


# --- blocking ---

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

    @classmethod
    def find_context(cls, open_client):
        spy = cls()
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
        cancellation = Cancellation(cancellable)
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
        _interrupts = Interrupts(Spy.find_context(open_client))
    try:
        return _interrupts.call(function, arguments, cancellable)
    finally:
        kick()


# --- with a GLib main loop ---

class Call:
    """Something under way: await it, or ask it. It is made by calling an asynchronous method without a callback."""

    def __init__(self, cancel=lambda: None):
        self._cancel = cancel
        self._callbacks = []
        self._done = False
        self._value = None
        self._error = None

    def done(self):
        """Whether it has ended."""
        return self._done

    def cancel(self):
        """Ends it with Gio.IOErrorEnum.CANCELLED, unless it has ended."""
        if not self._done:
            self._cancel()

    def result(self):
        """What came of it, once it has ended; raises its error."""
        if not self._done:
            raise RuntimeError('the call is still under way')
        if self._error is not None:
            raise self._error
        return self._value

    def exception(self):
        """Its error, or None."""
        return self._error

    def add_done_callback(self, callback):
        """Has callback(call) called when it has ended."""
        if self._done:
            callback(self)
        else:
            self._callbacks.append(callback)

    def set_result(self, value):
        self._value = value
        self._end()

    def set_exception(self, error):
        self._error = error
        self._end()

    def _end(self):
        self._done = True
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback(self)

    def __await__(self):
        loop = running_asyncio_loop()
        if loop is not None and not self._done:
            future = loop.create_future()
            self.add_done_callback(lambda _call: future.done() or future.set_result(None))
            future.add_done_callback(lambda future: self.cancel() if future.cancelled() else None)
            drive(loop)
            yield from future
        elif not self._done:
            yield self
        return self.result()


class Task(Call):
    """A coroutine that is run by a GLib main loop."""

    def __init__(self, coroutine):
        super().__init__(self._cancel_awaited)
        self._coroutine = coroutine
        self._awaited = None
        self._step(coroutine.send, None)

    def _cancel_awaited(self):
        if self._awaited is not None:
            self._awaited.cancel()

    def _step(self, resume, argument):
        try:
            awaited = resume(argument)
        except StopIteration as end:
            self.set_result(end.value)
        except Exception as error:
            self.set_exception(error)
        else:
            self._awaited = awaited
            if isinstance(awaited, Call):
                awaited.add_done_callback(lambda _call: self._step(self._coroutine.send, None))
            else:
                self._step(self._coroutine.throw, TypeError(
                    f'Qmp.run() and Qmp.spawn() can await Qmp calls and tasks, not {type(awaited).__name__}'))

    def close(self):
        """Ends the coroutine where it stands."""
        self._coroutine.close()
        self.cancel()


def spawn(coroutine):
    """Starts a coroutine that the GLib main loop of this thread drives; returns its Task, which can be awaited.

    For programs that run a GLib main loop: in a callback, Qmp.spawn(refresh(vm)). The program keeps the errors:
    task.add_done_callback(lambda task: task.result()) raises them in the main loop.
    """
    return Task(coroutine)


def run(coroutine):
    """Runs a GLib main loop until a coroutine has ended; returns what it returns."""
    loop = GLib.MainLoop(GLib.MainContext.get_thread_default())
    task = Task(coroutine)
    task.add_done_callback(lambda _task: loop.quit())
    if not task.done():
        try:
            loop.run()
        finally:
            if not task.done():
                task.close()
    return task.result()


def sleep(seconds):
    """Waits, in a coroutine that is run by Qmp.run() or Qmp.spawn()."""
    source = GLib.timeout_source_new(max(0, round(seconds * 1000)))

    def cancel():
        source.destroy()
        call.set_exception(GLib.Error.new_literal(Gio.io_error_quark(), 'Cancelled', Gio.IOErrorEnum.CANCELLED))

    def wake(*_data):
        call.set_result(None)
        return GLib.SOURCE_REMOVE

    call = Call(cancel)
    source.set_callback(wake)
    source.attach(GLib.MainContext.get_thread_default())
    return call


# --- with asyncio ---

def running_asyncio_loop():
    asyncio = sys.modules.get('asyncio')
    return asyncio and asyncio._get_running_loop()


def drive(loop):
    from gi.overrides import _qmp_asyncio
    _qmp_asyncio.drive(loop)


def kick():
    """After something of the library's has happened outside of a main loop: asyncio has to look."""
    loop = running_asyncio_loop()
    if loop is not None and 'gi.overrides._qmp_asyncio' in sys.modules:
        drive(loop)


# --- both ---

def begin(start, finish, cancellable):
    """Starts start(cancellable, callback); returns what can be awaited, and has the value of finish(result)."""
    cancellation = Cancellation(cancellable)
    loop = running_asyncio_loop()
    future = Call(cancellation.own.cancel) if loop is None else loop.create_future()

    def is_waited_for():
        return not future.done() and not (loop is not None and loop.is_closed())

    def done(_source, result, *_data):
        cancellation.end()
        try:
            value = finish(result)
        except Exception as error:
            if is_waited_for():
                future.set_exception(error)
        else:
            if is_waited_for():
                future.set_result(value)

    def cancel(future):
        if future.cancelled():
            cancellation.own.cancel()
            drive(loop)

    if loop is not None:
        future.add_done_callback(cancel)
        drive(loop)
    start(cancellation.own, done)
    return future
