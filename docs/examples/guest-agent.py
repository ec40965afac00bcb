#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Asks a QEMU guest agent who it is. It changes nothing in the guest.

usage: guest-agent.py ADDRESS
"""

import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp

# A guest that is down does not answer, and nobody waits for ever.
with Qmp.Client.open_address(sys.argv[1], guest_agent=True,
                             timeout=5) as agent:
    agent.execute('guest-ping')
    print('guest-ping: answered')
    info = agent.execute('guest-info')
    print(f'guest-info: version {info["version"]},',
          len(info['supported_commands']), 'commands')
