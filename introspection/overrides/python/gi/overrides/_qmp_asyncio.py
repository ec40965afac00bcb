# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lets an asyncio event loop iterate this thread's GLib main context.

PyGObject cannot ask a main context what it waits for (g_main_context_query()), so this is done with ctypes. The
context's file descriptors are put together in one epoll, which asyncio watches as a single reader; the context's next
timeout is a timer of asyncio's.

The context belongs to the thread as long as the loop lives, also while asyncio sleeps: GLib wakes only a context that
has an owner, when another thread has a result for it. What the program itself adds to the context, in this thread, is
not noticed before the next turn: for that there are loops that run on GLib, gi.events and gbulb.
"""

import ctypes
import ctypes.util
import select
import threading
import weakref

# How many rounds of the context's sources are run before asyncio has its turn again.
ROUNDS = 16
GLIB_LOOPS = ('gi.events', 'gbulb', 'asyncio_glib')


class PollFD(ctypes.Structure):
    _fields_ = [('fd', ctypes.c_int), ('events', ctypes.c_ushort), ('revents', ctypes.c_ushort)]


def _load():
    try:
        glib = ctypes.CDLL('libglib-2.0.so.0')
    except OSError:
        glib = ctypes.CDLL(ctypes.util.find_library('glib-2.0'))
    int_p = ctypes.POINTER(ctypes.c_int)
    glib.g_main_context_ref_thread_default.restype = ctypes.c_void_p
    glib.g_main_context_unref.argtypes = [ctypes.c_void_p]
    glib.g_main_context_unref.restype = None
    glib.g_main_context_acquire.argtypes = [ctypes.c_void_p]
    glib.g_main_context_release.argtypes = [ctypes.c_void_p]
    glib.g_main_context_release.restype = None
    glib.g_main_context_iteration.argtypes = [ctypes.c_void_p, ctypes.c_int]
    glib.g_main_context_prepare.argtypes = [ctypes.c_void_p, int_p]
    glib.g_main_context_query.argtypes = [ctypes.c_void_p, ctypes.c_int, int_p, ctypes.POINTER(PollFD), ctypes.c_int]
    return glib


glib = _load()
_local = threading.local()


class Driver:
    """Iterates a main context from an asyncio loop, for as long as the loop lives."""

    def __init__(self, loop):
        self.loop = loop
        self._context = glib.g_main_context_ref_thread_default()
        self._epoll = select.epoll()
        self._fds = set()
        self._size = 8
        self._next = None
        self._owner = None
        self._acquire()
        # This alone keeps the driver: the loop forgets it when it is closed.
        loop.add_reader(self._epoll.fileno(), self._iterate)

    def __del__(self):
        if self._owner == threading.get_ident():
            glib.g_main_context_release(self._context)
        glib.g_main_context_unref(self._context)

    def stop(self):
        if not self.loop.is_closed():
            self.loop.remove_reader(self._epoll.fileno())
        self._schedule(None)
        self._epoll.close()

    def kick(self):
        """Looks at the context soon: something was added to it."""
        self._schedule(self.loop.call_soon(_iterate, weakref.ref(self)))

    def _schedule(self, handle):
        if self._next is not None:
            self._next.cancel()
        self._next = handle

    def _acquire(self):
        if not glib.g_main_context_acquire(self._context):
            raise RuntimeError('the GLib main context of this thread is run by another thread; '
                               'push a thread-default context before the client is made')
        self._owner = threading.get_ident()

    def _iterate(self):
        if self._epoll.closed:
            return
        self._schedule(None)
        for _round in range(ROUNDS):
            if not glib.g_main_context_iteration(self._context, False):
                break
        if self._epoll.closed:
            return
        fds, timeout = self._query()
        self._watch(fds)
        if timeout == 0:
            self.kick()
        elif timeout > 0:
            self._schedule(self.loop.call_later(timeout / 1000, _iterate, weakref.ref(self)))

    def _query(self):
        """Returns what the context waits for: {fd: events} and milliseconds, -1 for ever."""
        priority = ctypes.c_int()
        timeout = ctypes.c_int()
        glib.g_main_context_prepare(self._context, priority)
        while True:
            fds = (PollFD * self._size)()
            count = glib.g_main_context_query(self._context, priority, timeout, fds, self._size)
            if count <= self._size:
                break
            self._size = count
        wanted = {}
        for pollfd in fds[:count]:
            wanted[pollfd.fd] = wanted.get(pollfd.fd, 0) | pollfd.events
        return wanted, timeout.value

    def _watch(self, fds):
        for fd in self._fds - fds.keys():
            try:
                self._epoll.unregister(fd)
            except OSError:
                pass  # it was closed, which has unregistered it
        for fd, events in fds.items():
            # A descriptor may have been closed, and its number used again: the epoll knows best.
            events &= select.EPOLLIN | select.EPOLLPRI | select.EPOLLOUT
            try:
                self._epoll.modify(fd, events)
            except FileNotFoundError:
                self._epoll.register(fd, events)
        self._fds = set(fds)


def _iterate(reference):
    driver = reference()
    if driver is not None:
        driver._iterate()


def _is_of_this_thread(context):
    own = glib.g_main_context_ref_thread_default()
    glib.g_main_context_unref(own)
    return hash(context) == own  # PyGObject's hash is the pointer


def iterates_glib(loop):
    """Whether the loop runs this thread's GLib main context anyway."""
    modules = [cls.__module__ for cls in type(loop).__mro__]
    if not any(module == name or module.startswith(name + '.') for module in modules for name in GLIB_LOOPS):
        return False
    # One of gi.events that was made, but not set, has a context of its own.
    context = getattr(loop, '_context', None)
    return context is None or _is_of_this_thread(context)


def drive(loop):
    """Sees to it that the running loop iterates this thread's main context, and does so soon."""
    if iterates_glib(loop):
        return
    driver = getattr(_local, 'driver', lambda: None)()
    if driver is None or driver.loop is not loop:
        if driver is not None:
            driver.stop()
        driver = Driver(loop)
        _local.driver = weakref.ref(driver)
    driver.kick()
