# SPDX-License-Identifier: LGPL-2.1-or-later
"""Migrations in Python: one is awaited, and asked for what it knows by its attributes."""

from ..module import get_introspection_module
from ._qmp_errors import explain
from ._qmp_methods import add as _add, override as _override
from ._qmp_times import to_wait

Qmp = get_introspection_module('Qmp')


def _get_error(migration):
    error = migration.get_error()
    return None if error is None else explain(error)


Qmp.Migration.direction = property(Qmp.Migration.get_direction, doc='whether the machine leaves or arrives: Qmp.MigrationDirection')
Qmp.Migration.status = property(Qmp.Migration.get_status, doc='where it stands: Qmp.MigrationStatus')
Qmp.Migration.status_name = property(Qmp.Migration.get_status_name, doc="where it stands, in QEMU's word")
Qmp.Migration.finished = property(Qmp.Migration.get_finished, doc='whether it has ended, with success or not')
Qmp.Migration.error = property(_get_error, doc='why it has not succeeded, an exception, or None')
Qmp.Migration.total = property(Qmp.Migration.get_total, doc='how much memory the machine has; 0 if that is not known')
Qmp.Migration.remaining = property(Qmp.Migration.get_remaining, doc='how much of it is to be copied still')
Qmp.Migration.fraction = property(Qmp.Migration.get_fraction, doc='how much is done, from 0 to 1')


@_override(Qmp.Migration)
def _wait(self, timeout=None, cancellable=None):
    """Waits for the end of the migration, for at most timeout seconds; None waits as long as it takes. So does await migration.

    Raises Qmp.MigrationError, Qmp.MigrationCancelledError, Qmp.LostError; Qmp.TimeoutError, with which it goes on; GLib.Error.
    """
    return [to_wait(timeout)], cancellable


@_add(Qmp.Migration)
def __await__(self):
    return self.wait_async().__await__()


@_override(Qmp.Migration)
def _cancel(self, cancellable=None):
    """Cancels the migration; when this returns it has ended, and the machine runs on.

    Raises Qmp.EndedError, Qmp.LostError, Qmp.TimeoutError, GLib.Error.
    """
    return [], cancellable


@_add(Qmp.Migration)
def __repr__(self):
    return f'<Qmp.Migration {self.get_direction().value_nick} {self.get_status_name()}>'
