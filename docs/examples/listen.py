#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Listens, starts a QEMU that connects, asks it how it is, and ends it.

usage: listen.py SOCKET QEMU-COMMAND...
"""

import subprocess
import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp

path, *command = sys.argv[1:]

with Qmp.Client(accept_timeout=15) as vm:
    vm.listen(path)
    monitor = ['-chardev', f'socket,id=monitor,path={path}',
               '-mon', 'chardev=monitor,mode=control']
    qemu = subprocess.Popen([*command, *monitor])
    vm.accept()
    print(vm.execute('query-status')['status'])
    vm.execute('quit')
print('ended with status', qemu.wait())
