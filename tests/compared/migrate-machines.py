#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/examples/migrate-machines.py by the client alone.

usage: migrate-machines.py QEMU [ARGUMENT...]
"""

import sys
import tempfile

from launched import Launched
from migrating import finish, tell_of_migrations


def show(fraction):
    print(f'{fraction:4.0%}', flush=True)


def migrate(source, destination, uri):
    tell_of_migrations(source)
    tell_of_migrations(destination)
    with (source.listener('MIGRATION') as leaving,
          destination.listener('MIGRATION') as arriving):
        # It listens when this is done.
        destination.execute('migrate-incoming', uri=uri)
        source.execute('migrate', uri=uri)
        finish(source, leaving, show)
        finish(destination, arriving)


command = sys.argv[1:]
with Launched(command) as source:
    with Launched([*command, '-incoming', 'defer']) as destination:
        with tempfile.TemporaryDirectory() as directory:
            migrate(source.vm, destination.vm, f'unix:{directory}/migration')
        print('source:', source.get_status_name())
        print('destination:', destination.get_status_name())
