# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is under way in Python: calls and tasks that a GLib main loop runs, and the calls of asyncio."""

import collections.abc
import functools
import sys

from gi.repository import Gio, GLib, GObject

from ._qmp_errors import CancelledError, TimeoutError, explain


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


_logging = None


def _import_logging():
    """Costs as much as all else that is imported here, and cannot be done any more when Python ends."""
    global _logging
    if _logging is None:
        import logging
        _logging = logging


def _report(what, error):
    """As asyncio does it with an error that nobody has asked for."""
    message = f'{what} exception was never retrieved'
    loop = running_asyncio_loop()
    if loop is not None:
        loop.call_exception_handler({'message': message, 'exception': error})
    else:
        _import_logging()
        _logging.getLogger('Qmp').error(message, exc_info=(type(error), error, error.__traceback__))


# --- cancellation ---

_Cancellable = Gio.Cancellable  # PyGObject looks a name up anew each time


class Cancellation:
    """A cancellable of a call's own, which follows the caller's.

    own: one that nobody uses, and that is not cancelled
    """

    def __init__(self, cancellable, own=None):
        self.own = own or _Cancellable()
        self._cancellable = cancellable
        if cancellable is None:
            return
        if not isinstance(cancellable, _Cancellable):
            raise TypeError(f'cancellable must be Gio.Cancellable or None, not {type(cancellable).__name__}')
        own = self.own
        self._handler = GObject.Object.connect(cancellable, 'cancelled', lambda _cancellable: own.cancel())
        if cancellable.is_cancelled():
            own.cancel()

    def end(self):
        if self._cancellable is not None:
            GObject.Object.disconnect(self._cancellable, self._handler)
            self._cancellable = None


# --- with a GLib main loop, and anywhere ---

class Call(collections.abc.Coroutine):
    """Something under way: await it, or ask it. It is made by calling an asynchronous method without a callback.

    It is a coroutine that has begun already, so that what takes a coroutine takes it: asyncio.create_task(),
    TaskGroup, gather(), wait_for(), shield(), run(). It can be awaited more than once.
    """

    _done = False
    _error = None
    _is_told = False  # whether anybody knows the error

    def __init__(self, cancel=lambda: None):
        _import_logging()
        self._cancel = cancel
        self._callbacks = []
        self._value = None

    def __del__(self):
        error = self._error
        if not self._is_told and isinstance(error, Exception) and not isinstance(error, CancelledError):
            _report(type(self).__name__, error)

    def done(self):
        """Whether it has ended."""
        return self._done

    def cancel(self, msg=None):
        """Ends it with Qmp.CancelledError, in asyncio with asyncio.CancelledError; False if it has ended already."""
        if self._done:
            return False
        self._is_told = True
        self._cancel()
        kick()
        return True

    def cancelled(self):
        """Whether it was cancelled."""
        return isinstance(self._error, CancelledError)

    def result(self):
        """What came of it, once it has ended; raises its error."""
        if not self._done:
            raise RuntimeError('the call is still under way')
        if self._error is not None:
            self._is_told = True
            raise self._error
        return self._value

    def exception(self):
        """Its error, or None."""
        self._is_told = True
        return self._error

    def add_done_callback(self, callback, *, context=None):
        """Has callback(call) called when it has ended."""
        if context is not None:
            callback = functools.partial(context.run, callback)
        if self._done:
            callback(self)
        else:
            self._callbacks.append(callback)

    def remove_done_callback(self, callback):
        """Takes a callback back; returns how many times it was there."""
        before = len(self._callbacks)
        self._callbacks = [other for other in self._callbacks if other != callback]
        return before - len(self._callbacks)

    def set_result(self, value):
        """Ends it with a value."""
        self._value = value
        self._end()

    def set_exception(self, error):
        """Ends it with an error."""
        self._error = error
        self._end()

    def _end(self):
        self._done = True
        callbacks, self._callbacks = self._callbacks, []
        while callbacks:
            try:
                callbacks.pop(0)(self)
            except Exception:
                # As in any callback of a main loop: the others are still called.
                sys.excepthook(*sys.exc_info())

    # --- as a coroutine ---

    def _wait(self):
        """What is yielded to whoever runs the coroutine."""
        loop = running_asyncio_loop()
        if loop is None:
            return self
        future = loop.create_future()

        def wake(_call):
            if not future.done() and not loop.is_closed():
                future.set_result(None)

        self.add_done_callback(wake)
        future.add_done_callback(lambda future: self.cancel() if future.cancelled() else None)
        drive(loop)
        future._asyncio_future_blocking = True
        return future

    def __await__(self):
        if not self.done():
            yield self._wait()
        return self.result()

    # Several may run it: each is told the result.
    def send(self, _value):
        """Runs it as a coroutine is run, for those who take one."""
        if self.done():
            raise StopIteration(self.result())
        return self._wait()

    def throw(self, error, value=None, _traceback=None):
        """Cancels it and raises the error, as a coroutine does that does not catch it."""
        self.cancel()
        raise error if value is None else value

    def close(self):
        """Cancels it, unless it has ended."""
        self.cancel()


# --- with asyncio ---

class LoopCall(Call):
    """A call that was begun where asyncio runs. Its own future reports an error that nobody has asked for."""

    def __init__(self, loop, cancel):
        self._future = loop.create_future()
        self._future.add_done_callback(lambda future: cancel() if future.cancelled() else None)

    def __repr__(self):
        return f'<Qmp.Call {self._future!r}>'

    def done(self):
        return self._future.done()

    def cancel(self, msg=None):
        return self._future.cancel(msg)

    def cancelled(self):
        return self._future.cancelled()

    def result(self):
        return self._future.result()

    def exception(self):
        return self._future.exception()

    def add_done_callback(self, callback, *, context=None):
        self._future.add_done_callback(_ForCall(callback, self), context=context)

    def remove_done_callback(self, callback):
        return self._future.remove_done_callback(_ForCall(callback, self))

    def set_result(self, value):
        if self._is_waited_for():
            self._future.set_result(value)

    def set_exception(self, error):
        if self._is_waited_for():
            self._future.set_exception(error)
            if isinstance(error, CancelledError):
                self._future.exception()  # whoever cancelled it knows

    def _is_waited_for(self):
        return not self._future.done() and not self._future.get_loop().is_closed()

    def _wait(self):
        self._future._asyncio_future_blocking = True
        return self._future

    def __await__(self):
        return self._future.__await__()


class _ForCall:
    """A callback that is given the call, and not its future."""

    def __init__(self, callback, call):
        self._callback = callback
        self._call = call

    def __call__(self, _future):
        self._callback(self._call)

    def __eq__(self, other):
        return isinstance(other, _ForCall) and self._callback == other._callback

    __hash__ = None


# --- tasks of a GLib main loop ---

class Task(Call):
    """A coroutine that is run by a GLib main loop.

    Its error's traceback keeps the frames that were there, with their variables: none of these may hold the task when
    it has ended, or the error would be reported only when the garbage is collected.
    """

    def __init__(self, coroutine):
        if not hasattr(coroutine, 'send') or not hasattr(coroutine, 'throw'):
            raise TypeError(f'a coroutine is needed, not {type(coroutine).__name__}')
        super().__init__()
        self._coroutine = coroutine
        self._awaited = None
        self._wake = None
        self._raises = True
        own = [self]
        del self
        own.pop()._step(coroutine.send, None)

    def cancel(self, msg=None):
        """Cancels what the coroutine waits for; False if it has ended already."""
        if self._done:
            return False
        if self._awaited is not None:
            self._awaited.cancel()
        return True

    def _step(self, resume, argument):
        self._awaited = self._wake = None
        try:
            awaited = resume(argument)
        except StopIteration as end:
            self.set_result(end.value)
        except BaseException as error:
            self.set_exception(error.with_traceback(error.__traceback__.tb_next))
            if self._raises and isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
        else:
            self._wait_for(awaited)
        finally:
            del self

    def _wait_for(self, awaited):
        self._awaited = awaited
        self._wake = functools.partial(self._step, self._coroutine.send)
        if isinstance(awaited, Call):
            awaited.add_done_callback(self._wake)
        elif getattr(awaited, '_asyncio_future_blocking', None):
            # Where a loop of asyncio's iterates GLib, as that of gi.events does, both kinds are awaited.
            awaited._asyncio_future_blocking = False
            awaited.add_done_callback(self._wake)
        else:
            self._step(self._coroutine.throw, TypeError(
                f'Qmp.run() and Qmp.spawn() can await Qmp calls and tasks, not {type(awaited).__name__}'))

    def close(self):
        """Ends the coroutine where it stands."""
        if self._done:
            return
        awaited, self._awaited = self._awaited, None
        if awaited is not None:
            awaited.remove_done_callback(self._wake)
            awaited.cancel()
        self._coroutine.close()
        self.set_exception(CancelledError('The task was closed'))


def spawn(coroutine):
    """Starts a coroutine that the GLib main loop of this thread drives; returns its Task, which can be awaited.

    For programs that run a GLib main loop: in a callback, Qmp.spawn(refresh(vm)). An error of a task that nobody
    has awaited or asked for is logged when the task is dropped, by the logger "Qmp".
    """
    return Task(coroutine)


def run(coroutine):
    """Runs a GLib main loop until a coroutine has ended; returns what it returns."""
    if running_asyncio_loop() is not None:
        if hasattr(coroutine, 'close'):
            coroutine.close()
        raise RuntimeError('Qmp.run() cannot be called where asyncio runs: await the coroutine')
    loop = GLib.MainLoop(GLib.MainContext.get_thread_default())
    task = Task(coroutine)
    task._raises = False  # it is raised from here
    task.add_done_callback(lambda _task: loop.quit())
    if not task.done():
        try:
            loop.run()
        finally:
            if not task.done():
                task.close()
    return task.result()


def _start_timer(seconds, function):
    """Calls a function when the time is over; returns the source."""
    source = GLib.timeout_source_new(max(0, min(round(seconds * 1000), GLib.MAXINT)))

    def wake(*_data):
        function()
        return GLib.SOURCE_REMOVE

    source.set_callback(wake)
    source.attach(GLib.MainContext.get_thread_default())
    kick()
    return source


def sleep(seconds):
    """Waits, in a coroutine that is run by Qmp.run() or Qmp.spawn()."""
    def cancel():
        source.destroy()
        call.set_exception(CancelledError('Operation was cancelled'))

    call = Call(cancel)
    source = _start_timer(seconds, lambda: call.set_result(None))
    return call


async def _await(awaitable):
    return await awaitable


def _ensure_call(awaitable):
    """What can be asked how it ended."""
    if isinstance(awaitable, Call) or hasattr(awaitable, '_asyncio_future_blocking'):
        return awaitable
    if not hasattr(awaitable, '__await__'):
        raise TypeError(f'{type(awaitable).__name__} cannot be awaited')
    coroutine = awaitable if hasattr(awaitable, 'send') else _await(awaitable)
    loop = running_asyncio_loop()
    return Task(coroutine) if loop is None else loop.create_task(coroutine)


def _get_outcome(call):
    """Returns its value, and its error."""
    try:
        error = call.exception()
    except BaseException as cancelled:  # so asyncio's futures have it
        return None, cancelled
    return (None, error) if error is not None else (call.result(), None)


def gather(*awaitables, return_exceptions=False):
    """Waits for all of them; returns the list of what they return. Coroutines run side by side.

    The first error is raised at once, and the others go on; with return_exceptions errors are part of the list.
    """
    calls = [_ensure_call(awaitable) for awaitable in awaitables]
    whole = Call(lambda: [call.cancel() for call in calls])
    outcomes = {}

    def end_one(number, call):
        value, error = _get_outcome(call)
        outcomes[number] = value if error is None else error
        if whole.done():
            return
        if error is not None and not return_exceptions:
            whole.set_exception(error)
        elif len(outcomes) == len(calls):
            whole.set_result([outcomes[index] for index in range(len(calls))])

    for number, call in enumerate(calls):
        call.add_done_callback(functools.partial(end_one, number))
    if not calls:
        whole.set_result([])
    return whole


def wait_for(awaitable, seconds):
    """Waits for something at most that long; then cancels it, and raises Qmp.TimeoutError. None waits for ever."""
    call = _ensure_call(awaitable)
    whole = Call(call.cancel)
    is_late = False

    def give_up():
        nonlocal is_late
        is_late = True
        call.cancel()

    def end(call):
        value, error = _get_outcome(call)
        if timer is not None:
            timer.destroy()
        if error is None:
            whole.set_result(value)
        else:
            whole.set_exception(TimeoutError('It took too long') if is_late else error)

    timer = None if seconds is None else _start_timer(seconds, give_up)
    call.add_done_callback(end)
    return whole


# --- what is begun ---

def begin(start, finish, cancellable):
    """Starts start(cancellable, callback); returns what can be awaited, and has the value of finish(result)."""
    loop = running_asyncio_loop()
    if loop is not None:
        drive(loop)
    cancellation = Cancellation(cancellable)

    def cancel():
        cancellation.own.cancel()
        kick()

    call = Call(cancellation.own.cancel) if loop is None else LoopCall(loop, cancel)

    def done(_source, result, *_data):
        cancellation.end()
        try:
            value = finish(result)
        except Exception as error:
            call.set_exception(error.with_traceback(None))  # whose frames would hold the call
        else:
            call.set_result(value)

    start(cancellation.own, done)
    return call


def gio(source, name, *arguments, cancellable=None):
    """Starts an asynchronous method of GIO, or another of its shape: await Qmp.gio(process, 'wait_check_async').

    The arguments are those before the cancellable. It returns what the method's _finish returns.
    """
    if not name.endswith('_async'):
        raise ValueError(f'{name!r} does not end in _async')
    start = functools.partial(getattr(source, name), *arguments)
    plain_finish = getattr(source, f"{name[:-len('_async')]}_finish")

    def finish(result):
        try:
            return plain_finish(result)
        except GLib.Error as error:
            raise explain(error) from None

    return begin(start, finish, cancellable)
