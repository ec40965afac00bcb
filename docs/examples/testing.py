#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small program, and its test, which needs no QEMU.

usage: testing.py
"""

import unittest

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp


def pause(address):
    """What is tested: pauses a machine, and says how that went."""
    with Qmp.Client.open_address(address) as vm:
        try:
            vm.execute('stop')
            return vm.execute('query-status')['status']
        except Qmp.ExecuteError as error:
            return f'cannot pause: {error.desc}'


class PauseTest(unittest.TestCase):
    def test_pauses(self):
        with Qmp.Mock() as mock:
            mock.expect('stop')
            self.assertEqual(pause(mock.path), 'paused')

    def test_says_why_not(self):
        with Qmp.Mock() as mock:
            mock.expect('stop').fails('GenericError', 'not today')
            self.assertEqual(pause(mock.path), 'cannot pause: not today')


if __name__ == '__main__':
    unittest.main()
