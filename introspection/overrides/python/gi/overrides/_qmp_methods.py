# SPDX-License-Identifier: LGPL-2.1-or-later
"""How a method of qmp-glib becomes one of Python: a blocking form that can be interrupted, and one to await."""

import collections.abc
import functools
import os
import threading

from gi.repository import GLib

from ..module import get_introspection_module
from . import _qmp_calls, _qmp_waiting
from ._qmp_errors import adapt_command_error, explain

Qmp = get_introspection_module('Qmp')

_plain_open = Qmp.Client.open


def open_new(address, cancellable):
    _plain_open(Qmp.Client.new(None), address, cancellable)


def name_type(value):
    return type(value).__name__


def to_words(words, name):
    """Returns a list of words. A str alone would be taken for the list of its characters."""
    if isinstance(words, (str, bytes)) or not isinstance(words, collections.abc.Iterable):
        raise TypeError(f'{name} must be a list of str, not {name_type(words)}')
    return [os.fspath(word) for word in words]


def to_words_or_none(words, name):
    return None if words is None else to_words(words, name)


def to_fd(value):
    """Returns the number of a descriptor: a number, or what has a fileno()."""
    if isinstance(value, int) and not isinstance(value, bool):
        fd = value
    elif hasattr(value, 'fileno'):
        fd = value.fileno()
    else:
        raise TypeError(f'a file descriptor is an int, or what has a fileno(), not {name_type(value)}')
    if fd < 0:
        raise ValueError(f'a file descriptor is 0 or more, not {fd}')
    return fd


def find_message(values):
    return next((value for value in values if isinstance(value, Qmp.Message)), None)


def check_thread(self):
    """A client belongs to the thread that made it, and so does what was added to it or stands on it."""
    client = self
    if isinstance(self, Qmp.Client):
        pass
    elif isinstance(self, Qmp.EventListener):
        client = self._client()
    elif isinstance(self, (Qmp.GuestAgent, Qmp.Machine)):
        client = self.get_client()
    if isinstance(client, (Qmp.Client, Qmp.Job)) and not client.is_owner_thread():
        what = 'job' if isinstance(client, Qmp.Job) else 'client'
        raise RuntimeError(f'this {what} belongs to another thread, the one that made it: it cannot be used in thread '
                           f'{threading.current_thread().name}')


class Method:
    """A triple of the library's: blocking, _async, _finish. Its receiver is [self], or [] for a function of a class."""

    def __init__(self, cls, name):
        self.name = name
        self.blocking = getattr(cls, name)
        self.start = getattr(cls, f'{name}_async')
        self.finish = getattr(cls, f'{name}_finish')
        self.names = [argument.get_name() for argument in self.blocking.get_arguments()]
        self.n_receivers = int(self.blocking.is_method())

    def bind(self, arguments, keywords):
        """Returns the arguments in the order of the C function, and the cancellable, which is the last there."""
        if len(arguments) > len(self.names):
            raise TypeError(f'{self.name}() takes {len(self.names)} arguments, but {len(arguments)} were given')
        values = dict(zip(self.names, arguments))
        for name, value in keywords.items():
            if name not in self.names or name in values:
                raise TypeError(f'{self.name}() has no argument {name!r}, or has it twice')
            values[name] = value
        *arguments, cancellable = [values.get(name) for name in self.names]
        return arguments, cancellable

    def block(self, receiver, arguments, cancellable, convert=lambda value: value):
        check_thread(*receiver or [None])
        try:
            return convert(_qmp_waiting.block(functools.partial(self.blocking, *receiver), arguments, cancellable, open_new))
        except GLib.Error as error:
            raise explain(error, find_message(arguments)) from None

    def begin(self, receiver, arguments, cancellable, convert=lambda value: value):
        check_thread(*receiver or [None])

        def start(own, callback):
            self.start(*receiver, *arguments, own, callback)

        def finish(result):
            try:
                return convert(self.finish(*receiver, result))
            except GLib.Error as error:
                raise explain(error, find_message(arguments)) from None

        return _qmp_calls.begin(start, finish, cancellable)

    def start_with_callback(self, *arguments, **keywords):
        check_thread(*arguments[:self.n_receivers] or [None])
        try:
            return self.start(*arguments, **keywords)
        finally:
            _qmp_calls.kick()

    def has_callback(self, arguments, keywords):
        """Whether an _async method is called as the C library has it."""
        callback = keywords.get('callback', (*arguments, *[None] * (len(self.names) + 1))[len(self.names)])
        if callback is not None and not callable(callback):
            raise TypeError(f'callback must be callable, not {name_type(callback)}')
        return callback is not None


def override(cls, declare=None, convert=lambda value: value):
    """Makes a blocking method one that can be interrupted, and its _async one that can be awaited.

    It decorates a function that has the arguments and the documentation of the blocking method, and its name behind an
    underscore; what that returns are the arguments for the C function, and the cancellable. convert is applied to the result.
    """
    if declare is None:
        return functools.partial(override, cls, convert=convert)
    name = declare.__name__[1:]
    method = Method(cls, name)
    declare.__qualname__ = f'{cls.__name__}.{name}'
    wrap = staticmethod if method.n_receivers == 0 else lambda function: function

    def blocking(*arguments, **keywords):
        return method.block(arguments[:method.n_receivers], *declare(*arguments, **keywords), convert)

    def start(*arguments, **keywords):
        if method.has_callback(arguments[method.n_receivers:], keywords):
            return method.start_with_callback(*arguments, **keywords)
        return method.begin(arguments[:method.n_receivers], *declare(*arguments, **keywords), convert)

    # The signature that help() shows is that of what is wrapped.
    blocking.__doc__ = declare.__doc__
    blocking.__wrapped__ = start.__wrapped__ = declare
    start.__doc__ = describe_start(name, declare.__doc__)
    replace(cls, name, blocking, wrap)
    replace(cls, f'{name}_async', start, wrap)
    replace(cls, f'{name}_finish', explained(method.finish), wrap)
    return method


def describe_start(name, text):
    return text and f"""Like {name}(), but it returns a Qmp.Call to await. With a callback, it is the C library's.

    {name}(): {text}"""


def override_unknown(cls, name):
    """Overrides a method that a later version of the library brings; its arguments are those of the C function."""
    method = Method(cls, name)

    def declare(*arguments, **keywords):
        return method.bind(arguments[method.n_receivers:], keywords)

    declare.__name__ = f'_{name}'
    override(cls, declare)


def explained(function):
    """A function of the library's whose errors have classes."""
    def call(*arguments, **keywords):
        try:
            return function(*arguments, **keywords)
        except GLib.Error as error:
            raise explain(error) from None
    return call


# --- functions of the library's that have no other override ---

_Plain = type(_plain_open)


class _Signature:
    """What inspect.signature() finds of a function of the library's, which takes too long to make for all of them."""

    def __init__(self, plain):
        self._plain = plain

    @property
    def __signature__(self):
        from inspect import Parameter, Signature  # which nobody needs otherwise
        arguments, _end, _result = self._plain.__doc__.partition('(')[2].partition(')')
        names = [argument.partition(':')[0].partition('=')[0] for argument in arguments.split(', ') if argument[:1] not in ('', '*')]
        return Signature([Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in names])


def in_own_thread(function):
    """A method of a client that raises RuntimeError in another thread."""
    def call(self, *arguments, **keywords):
        check_thread(self)
        return function(self, *arguments, **keywords)

    if type(function) is _Plain:
        call.__doc__ = 'As in the C library.'
        call.__wrapped__ = _Signature(function)
        return call
    return functools.update_wrapper(call, function, assigned=('__doc__',), updated=())


def _set_explained(cls, name, call, plain):
    call.__name__ = name
    call.__qualname__ = f'{cls.__name__}.{name}'
    call.__doc__ = 'As in the C library. Its errors are Qmp.Error.'
    call.__wrapped__ = _Signature(plain)
    setattr(cls, name, call if plain.is_method() else staticmethod(call))


def _explain_result(plain):
    """A method that tells of an error, and does not raise it."""
    def call(self):
        error = plain(self)
        return None if error is None else explain(error)
    return call


def _explain_class(cls):
    for name, plain in list(vars(cls).items()):
        if type(plain) is not _Plain:
            continue
        if plain.can_throw_gerror():
            _set_explained(cls, name, explained(plain if plain.is_method() else getattr(cls, name)), plain)
        elif name in ('get_error', 'get_link_error'):
            _set_explained(cls, name, _explain_result(plain), plain)


class _Namespace(type(Qmp)):
    """The names of the library. What nobody has asked for yet is made when somebody does."""

    def __getattr__(self, name):
        value = super().__getattr__(name)
        if name == 'CommandError':
            adapt_command_error(value)
        elif isinstance(value, type):
            _explain_class(value)
        return value


def explain_rest():
    """Has the errors of all functions be those of _qmp_errors. Called when everything else is overridden."""
    for value in list(vars(Qmp).values()):
        if isinstance(value, type):
            _explain_class(value)
    Qmp.__class__ = _Namespace


def replace(cls, name, function, wrap=lambda function: function):
    function.__name__ = name
    function.__qualname__ = f'{cls.__name__}.{name}'
    function.__doc__ = function.__doc__ or getattr(getattr(cls, name, None), '__doc__', None)
    setattr(cls, name, wrap(function))


def add(cls):
    """Decorates a function to be a method of a class of the library's."""
    def decorate(function):
        replace(cls, function.__name__, function)
        return function
    return decorate
