#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A test of a program that shuts a machine down, whose guest obeys.

usage: testing-guest.py
"""

import unittest

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp


class ShutDownTest(unittest.TestCase):
    def test_obeys(self):
        with Qmp.Mock() as mock:
            shutdown = {'guest': True, 'reason': 'guest-shutdown'}
            mock.expect('system_powerdown') \
                .emits_after('SHUTDOWN', shutdown) \
                .breaks(Qmp.MockFault.HANG_UP)
            with Qmp.Machine().open(mock.path) as vm:
                outcome = vm.shut_down(ask=10, quit=0)
            self.assertTrue(outcome.by_guest)


if __name__ == '__main__':
    unittest.main()
