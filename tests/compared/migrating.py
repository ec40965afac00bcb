# SPDX-License-Identifier: LGPL-2.1-or-later
"""A migration to its end, by the client alone."""

import time

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp


class MigrationError(Exception):
    pass


def tell_of_migrations(vm):
    vm.execute('migrate-set-capabilities', capabilities=[
        {'capability': 'events', 'state': True}])


def finish(vm, events, progress=None):
    """progress: called each quarter of a second with what is done."""
    try:
        status = None
        while status not in ('completed', 'failed', 'cancelled'):
            try:
                status = events.next(0.25 if progress else None).data['status']
            except Qmp.TimeoutError:
                pass
            info = vm.execute('query-migrate')
            if progress and info.get('ram', {}).get('total'):
                ram = info['ram']
                progress(1 - ram['remaining'] / ram['total'])
    except (Qmp.InterruptedError, Qmp.StateError) as error:
        raise MigrationError(error.message) from error
    if status != 'completed':
        raise MigrationError(info.get('error-desc', status))
    # For what comes behind that QEMU has no event.
    while vm.execute('query-status')['status'] == 'finish-migrate':
        time.sleep(0.01)
