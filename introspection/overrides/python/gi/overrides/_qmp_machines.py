# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lists of machines in Python: an entry is asked for what is known by its attributes."""

import os

from ..module import get_introspection_module
from ._qmp_errors import explain
from ._qmp_methods import add as _add

Qmp = get_introspection_module('Qmp')

_plain_add_file = Qmp.MachineList.add_file


@_add(Qmp.MachineList)
def add_file(self, path):
    """Adds the machines that a file names, one address or name a line. Raises Qmp.AddressError, GLib.Error."""
    return _plain_add_file(self, os.fspath(path))


@_add(Qmp.MachineList)
def __repr__(self):
    return f'<Qmp.MachineList {len(self)} machines>'


def _get_error(entry):
    error = entry.get_error()
    return None if error is None else explain(error)


Qmp.MachineEntry.title = property(Qmp.MachineEntry.get_title, doc='what it is called in the list')
Qmp.MachineEntry.machine = property(Qmp.MachineEntry.get_machine, doc='the machine, which is kept open')
Qmp.MachineEntry.instance = property(Qmp.MachineEntry.get_instance, doc='what the finder has found of it, or None')
Qmp.MachineEntry.address = property(Qmp.MachineEntry.get_address, doc='where it is kept open, or None')
Qmp.MachineEntry.error = property(_get_error, doc='why nothing can be asked of the machine, an exception, or None')


@_add(Qmp.MachineEntry)
def __repr__(self):
    return f'<Qmp.MachineEntry {self.get_title()!r} {self.get_machine().get_status_name() or "not connected"}>'
