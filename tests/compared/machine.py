#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/examples/machine.py by the client alone.

usage: machine.py QEMU [ARGUMENT...]
"""

import sys

from launched import Launched, LaunchError

try:
    with Launched(sys.argv[1:]) as machine:
        print('launched:', machine.get_status_name())
        machine.vm.execute('stop')
        print('now:', machine.get_status_name())
        machine.vm.execute('cont')
        # The guest has a second, then QEMU has ten.
        reason = machine.shut_down(ask=1, quit=10)
        print('ended:', reason)
except LaunchError as error:
    sys.exit(str(error))
