# SPDX-License-Identifier: LGPL-2.1-or-later
"""Times of qmp-glib in Python are in seconds, an int or a float, wherever a program says or gets one.

The library has milliseconds, which only what connects GObject properties to each other sees: bind_property().
"""

import math

from gi.repository import GLib, GObject

_plain_props = next(vars(cls)['props'] for cls in GObject.Object.__mro__ if 'props' in vars(cls))


def to_milliseconds(seconds, name='timeout'):
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f'{name} must be a number of seconds or None, not {type(seconds).__name__}')
    if math.isnan(seconds):
        raise ValueError(f'{name} must be a number of seconds, not NaN')
    return math.ceil(max(0, min(seconds * 1000, GLib.MAXINT)))


def to_wait(seconds):
    """How long to wait for something that may be there already: not at all, or, for None, as long as it takes."""
    return -1 if seconds is None else to_milliseconds(seconds)


def to_stage(seconds, name):
    """How long a stage may take: None is for ever. -1, which C has for that, would skip it: QEMU would be told to quit at once."""
    if seconds is None:
        return -1
    milliseconds = to_milliseconds(seconds, name)
    if seconds < 0:
        raise ValueError(f'{name} must be 0 seconds or more; None waits for ever')
    return milliseconds


_UNLIMITED = -1


class Limit:
    """A property that is a time; None is said for one of its values, and infinity for what sets no limit."""

    def __init__(self, none=_UNLIMITED):
        self._none = none
        self._hint = f'{"None" if none == _UNLIMITED else "math.inf"} sets no limit'

    def to_c(self, seconds, name):
        if seconds is None:
            return self._none
        milliseconds = to_milliseconds(seconds, name)
        if seconds < 0:
            raise ValueError(f'{name} must be 0 seconds or more; {self._hint}')
        return self._to_c(seconds, milliseconds, name)

    def _to_c(self, seconds, milliseconds, _name):
        return _UNLIMITED if seconds == math.inf else milliseconds

    def from_c(self, milliseconds):
        if milliseconds == self._none:
            return None
        return math.inf if milliseconds == _UNLIMITED else milliseconds / 1000


class Interval(Limit):
    """A property that says how often; None is said for never."""

    def __init__(self):
        super().__init__(none=0)
        self._hint = 'None is for never'

    def _to_c(self, seconds, milliseconds, name):
        if seconds == math.inf:
            raise ValueError(f'{name} must not be infinite; {self._hint}')
        return milliseconds


def _key(name):
    return name.replace('-', '_')


class _Props:
    """What PyGObject has as props, with the times in seconds."""

    def __init__(self, plain, times, check):
        object.__setattr__(self, '_plain', plain)
        object.__setattr__(self, '_times', times)
        object.__setattr__(self, '_check', check)

    def __getattr__(self, name):
        value = getattr(self._plain, name)
        return self._times[name].from_c(value) if name in self._times else value

    def __setattr__(self, name, value):
        self._check()
        setattr(self._plain, name, self._times[name].to_c(value, name) if name in self._times else value)

    def __dir__(self):
        return dir(self._plain)

    def __iter__(self):
        return iter(list(self._plain))

    def __len__(self):
        return len(self._plain)


class _PropsOf:
    def __init__(self, times, check):
        self._times = times
        self._check = check

    def __get__(self, instance, owner=None):
        plain = _plain_props.__get__(instance, owner)
        return plain if instance is None else _Props(plain, self._times, lambda: self._check(instance))


def use_seconds(cls, replace, check, **times):
    """Makes the properties of a class that are times ones in seconds; replace(cls, name, function) sets a method;
    check(instance) is called before one is set.

    Returns a function that converts keywords for the constructor.
    """
    def convert(properties):
        return {name: times[_key(name)].to_c(value, _key(name)) if _key(name) in times else value
                for name, value in properties.items()}

    def set_property(self, name, value):
        GObject.Object.set_property(self, name, *convert({name: value}).values())

    def set_properties(self, **properties):
        GObject.Object.set_properties(self, **convert(properties))

    def get_property(self, name):
        value = GObject.Object.get_property(self, name)
        return times[_key(name)].from_c(value) if _key(name) in times else value

    def get_properties(self, *names):
        return tuple(self.get_property(name) for name in names)

    for function in (set_property, set_properties, get_property, get_properties):
        replace(cls, function.__name__, function)
    for name, time in times.items():
        _use_seconds_in_accessors(cls, replace, name, time)
    cls.props = _PropsOf(times, check)
    return convert


def _use_seconds_in_accessors(cls, replace, name, time):
    plain_get = getattr(cls, f'get_{name}')
    plain_set = getattr(cls, f'set_{name}')

    def get(self):
        return time.from_c(plain_get(self))

    def convert(self, seconds):
        plain_set(self, time.to_c(seconds, name))

    # The argument has the name that it has in C.
    set = eval(f'lambda self, {name}: convert(self, {name})', {'convert': convert})
    get.__doc__ = f'{name}: seconds, or None'
    set.__doc__ = f'{name}: seconds, an int or a float, or None'
    replace(cls, f'get_{name}', get)
    replace(cls, f'set_{name}', set)
