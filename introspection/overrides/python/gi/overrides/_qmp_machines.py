# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lists of machines in Python: an entry is asked for what is known by its attributes."""

import os

from ..module import get_introspection_module
from ._qmp_errors import explain
from ._qmp_methods import add as _add, explained as _explained, override as _override
from ._qmp_times import to_stage

Qmp = get_introspection_module('Qmp')

_plain_add = _explained(Qmp.MachineList.add)
_plain_add_file = _explained(Qmp.MachineList.add_file)


@_add(Qmp.MachineList)
def add(self, text):
    """Adds a machine by its address, name, UUID or process ID. Returns its Qmp.MachineEntry. Raises Qmp.AddressError."""
    return _plain_add(self, text)


@_add(Qmp.MachineList)
def add_file(self, path):
    """Adds the machines that a file names, one address or name a line. Raises Qmp.AddressError, GLib.Error."""
    return _plain_add_file(self, os.fspath(path))


@_override(Qmp.MachineList)
def _shut_down_all(self, flags=None, ask=30, quit=10, max_parallel=0, cancellable=None):
    """Brings all machines of the list to their end, each in stages. Returns a list of Qmp.MachineResult.

    ask: how many seconds from now on the guests may take to turn themselves off; 0 does not ask them, None waits for ever
    quit: how many seconds behind that the QEMUs may take to quit before they are killed; 0 does not tell them, None waits for ever
    max_parallel: how many are shut down at a time; 0 for all
    flags: Qmp.ShutDownFlags; None for none of them

    Each result has an error or an outcome. Raises Qmp.CancelledError.
    """
    stages = [to_stage(ask, 'ask'), to_stage(quit, 'quit')]
    return [Qmp.ShutDownFlags.NONE if flags is None else flags, *stages, max_parallel], cancellable


@_add(Qmp.MachineList)
def __repr__(self):
    return f'<Qmp.MachineList {len(self)} machines>'


def _get_error(owner):
    error = owner.get_error()
    return None if error is None else explain(error)


Qmp.MachineEntry.title = property(Qmp.MachineEntry.get_title, doc='what it is called in the list')
Qmp.MachineEntry.machine = property(Qmp.MachineEntry.get_machine, doc='the machine, which is kept open')
Qmp.MachineEntry.instance = property(Qmp.MachineEntry.get_instance, doc='what the finder has found of it, or None')
Qmp.MachineEntry.address = property(Qmp.MachineEntry.get_address, doc='where it is kept open, or None')
Qmp.MachineEntry.error = property(_get_error, doc='why nothing can be asked of the machine, an exception, or None')


@_add(Qmp.MachineEntry)
def __repr__(self):
    return f'<Qmp.MachineEntry {self.get_title()!r} {self.get_machine().get_status_name() or "not connected"}>'


Qmp.MachineResult.entry = property(Qmp.MachineResult.get_entry, doc='which machine it was')
Qmp.MachineResult.outcome = property(Qmp.MachineResult.get_outcome, doc='how it has ended: a Qmp.Outcome, or None')
Qmp.MachineResult.error = property(_get_error, doc='why it has failed, an exception, or None')


@_add(Qmp.MachineResult)
def __repr__(self):
    return f'<Qmp.MachineResult {self.entry.title!r} {self.error or self.outcome.text}>'
