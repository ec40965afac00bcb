# SPDX-License-Identifier: LGPL-2.1-or-later
"""Jobs in Python: a job is awaited, and asked for what it knows by its attributes."""

from ..module import get_introspection_module
from ._qmp_errors import explain
from ._qmp_methods import add as _add, override as _override
from ._qmp_times import to_wait

Qmp = get_introspection_module('Qmp')


def _get_error(job):
    error = job.get_error()
    return None if error is None else explain(error)


Qmp.Job.id = property(Qmp.Job.get_id, doc='the name that it was started with')
Qmp.Job.job_type = property(Qmp.Job.get_job_type, doc="what it does, in QEMU's word; None until that is known")
Qmp.Job.status = property(Qmp.Job.get_status, doc='where it stands: Qmp.JobStatus')
Qmp.Job.status_name = property(Qmp.Job.get_status_name, doc="where it stands, in QEMU's word")
Qmp.Job.ready = property(Qmp.Job.get_ready, doc='whether it is ready to be completed')
Qmp.Job.finished = property(Qmp.Job.get_finished, doc='whether it has ended, with success or not')
Qmp.Job.cancelled = property(Qmp.Job.get_cancelled, doc='whether it has ended because it was cancelled')
Qmp.Job.error = property(_get_error, doc='why it has not succeeded, an exception, or None')
Qmp.Job.current = property(Qmp.Job.get_current, doc='how much is done')
Qmp.Job.total = property(Qmp.Job.get_total, doc='how much there is to do; 0 if that is not known')
Qmp.Job.fraction = property(Qmp.Job.get_fraction, doc='how much is done, from 0 to 1')


@_override(Qmp.Job)
def _wait(self, timeout=None, cancellable=None):
    """Waits for the end of the job, for at most timeout seconds; None waits as long as it takes. So does await job.

    Raises Qmp.JobError, Qmp.JobCancelledError, Qmp.LostError; Qmp.TimeoutError, with which the job goes on; GLib.Error.
    """
    return [to_wait(timeout)], cancellable


@_add(Qmp.Job)
def __await__(self):
    return self.wait_async().__await__()


@_override(Qmp.Job)
def _pause(self, cancellable=None):
    """Pauses the job."""
    return [], cancellable


@_override(Qmp.Job)
def _resume(self, cancellable=None):
    """Lets a job that is paused go on."""
    return [], cancellable


@_override(Qmp.Job)
def _complete(self, cancellable=None):
    """Completes a mirror, or a commit of an active disk, as soon as it is ready."""
    return [], cancellable


@_override(Qmp.Job)
def _cancel(self, cancellable=None):
    """Cancels the job, which ends a moment later."""
    return [], cancellable


@_override(Qmp.Job)
def _dismiss(self, cancellable=None):
    """Lets QEMU forget a job of somebody else's that is concluded."""
    return [], cancellable


@_add(Qmp.Job)
def __repr__(self):
    return f'<Qmp.Job {self.get_id()!r} {self.get_status_name()}>'
