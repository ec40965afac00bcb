# SPDX-License-Identifier: LGPL-2.1-or-later
"""The finder in Python: what was found is asked for what is known by its attributes."""

from ..module import get_introspection_module
from . import _qmp_times
from ._qmp_methods import add as _add, check_thread as _check_thread, override as _override, replace as _replace

Qmp = get_introspection_module('Qmp')

_qmp_times.use_seconds(Qmp.Finder, _replace, _check_thread, interval=_qmp_times.Interval())


@_override(Qmp.Finder)
def _refresh(self, cancellable=None):
    """Looks what runs now: afterwards the list is right.

    Raises Qmp.CancelledError, GLib.Error.
    """
    return [], cancellable


@_add(Qmp.Finder)
def __repr__(self):
    return f'<Qmp.Finder {len(self)} found>'


Qmp.Instance.kind = property(Qmp.Instance.get_kind, doc='which program it is: Qmp.InstanceKind')
Qmp.Instance.pid = property(Qmp.Instance.get_pid, doc='the ID of its process')
Qmp.Instance.uid = property(Qmp.Instance.get_uid, doc='the user it runs as')
Qmp.Instance.program = property(Qmp.Instance.get_program, doc="the name of its program's file")
Qmp.Instance.name = property(Qmp.Instance.get_name, doc='what -name says, or None')
Qmp.Instance.uuid = property(Qmp.Instance.get_uuid, doc='what -uuid says, or None')
Qmp.Instance.machine_type = property(Qmp.Instance.get_machine_type, doc="what -machine says, or None for QEMU's choice")
Qmp.Instance.stopped = property(Qmp.Instance.get_stopped, doc='whether the process was stopped by a signal or a debugger')
Qmp.Instance.visible = property(Qmp.Instance.get_visible, doc='whether its open files can be seen')
Qmp.Instance.gone = property(Qmp.Instance.get_gone, doc='whether it has ended')
Qmp.Instance.endpoints = property(Qmp.Instance.get_endpoints, doc='its monitors and its channels to agents: a Gio.ListModel of Qmp.Endpoint')

Qmp.Endpoint.kind = property(Qmp.Endpoint.get_kind, doc='what speaks there: Qmp.EndpointKind')
Qmp.Endpoint.id = property(Qmp.Endpoint.get_id, doc='the ID of its character device, or None')
Qmp.Endpoint.description = property(Qmp.Endpoint.get_description, doc='what the command line says of it')
Qmp.Endpoint.address = property(Qmp.Endpoint.get_address, doc='where it is, or None if that cannot be told')
Qmp.Endpoint.listens = property(Qmp.Endpoint.get_listens, doc='whether it can be connected to')
Qmp.Endpoint.state = property(Qmp.Endpoint.get_state, doc='whether somebody is connected: Qmp.EndpointState')
Qmp.Endpoint.holder_pid = property(Qmp.Endpoint.get_holder_pid, doc='the process that is connected, or 0')
Qmp.Endpoint.holder_name = property(Qmp.Endpoint.get_holder_name, doc='the name of that process, or None')


@_add(Qmp.Instance)
def __repr__(self):
    return f'<Qmp.Instance {self.dup_title()!r}>'


@_add(Qmp.Endpoint)
def __repr__(self):
    return f'<Qmp.Endpoint {self.get_kind().value_nick} {self.get_address()!r} {self.get_state().value_nick}>'
