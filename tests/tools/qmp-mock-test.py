#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qmp mock: the preset and scripts, and what programs make of them.

usage: qmp-mock-test.py QMP
"""

import os
import signal
import sys
import unittest

import qmpcase
import terminal
from qmpcase import DONE, FAILED, LINK, TIMEOUT, USAGE

SCRIPT = """\
# Twice, and the second time it works.
{"expect": "device_add", "arguments": {"driver": "e1000"}, "error": {"class": "GenericError", "desc": "no room"}}
{"expect": "device_add"}
{"expect": "query-name", "return": {"name": "vm1"}, "repeat": true}
"""


class Mock(qmpcase.Case):
    def mock(self, *arguments):
        """Returns when it listens."""
        program = self.start('mock', self.path('mock'), *arguments)
        self.assertEqual(program.stdout.readline(), self.path('mock') + '\n')
        return program

    def script(self, text=SCRIPT):
        with open(self.path('script'), 'w', encoding='utf-8') as file:
            file.write(text)
        return self.path('script')

    def ends(self, program, status, pattern='^$', *, by=signal.SIGTERM):
        if by is not None:
            program.send_signal(by)
        _output, errors = program.communicate(timeout=terminal.SECONDS)
        self.assertEqual(program.returncode, status, errors)
        self.assertRegex(errors, pattern)
        self.assertFalse(os.path.exists(self.path('mock')))

    def test_preset(self):
        program = self.mock()
        mock = self.path('mock')
        self.assertEqual(self.good('status', mock), 'running\n')
        self.good('pause', mock)
        self.assertEqual(self.good('status', mock), 'paused\n')
        self.good('job', 'wait', mock, 'j', '--call', 'blockdev-backup job-id=j device=d target=t sync=full')
        self.good('quit', mock)
        self.ends(program, DONE, by=None)

    def test_script(self):
        program = self.mock(self.script())
        mock = self.path('mock')
        self.bad(FAILED, 'GenericError: no room', 'call', mock, 'device_add', 'driver=e1000')
        self.good('call', mock, 'device_add', 'driver=e1000')
        self.assertIn('vm1', self.good('call', mock, 'query-name'))
        self.ends(program, DONE)

    def test_missing(self):
        program = self.mock(self.script())
        self.ends(program, FAILED, 'Expected “device_add” with .*e1000.*, which did not come', by=signal.SIGINT)

    def test_unexpected(self):
        program = self.mock('--bare', self.script())
        mock = self.path('mock')
        self.bad(FAILED, 'CommandNotFound', 'call', mock, 'query-status')
        self.bad(FAILED, 'did not expect', 'call', mock, 'device_add', 'driver=virtio')
        self.ends(program, FAILED, 'Expected .*e1000.*, but .*virtio.* came', by=signal.SIGHUP)

    def test_wrong(self):
        mock = self.path('mock')
        self.bad(FAILED, 'No such file', 'mock', mock, self.path('script'))
        self.bad(FAILED, 'Line 1 of the script: “expects” is not known', 'mock', mock, self.script('{"expects": "stop"}'))
        self.bad(USAGE, 'two', 'mock', mock, 'one', 'two')
        self.bad(FAILED, 'Cannot read “/dev/zero”: The line is longer than 128 MiB', 'mock', mock, '/dev/zero',
                 preexec_fn=terminal.limit_memory)
        self.bad(LINK, 'No such file', 'mock', self.path('no/mock'))
        self.ends(self.mock('--timeout', '0.01'), TIMEOUT, 'The time is over', by=None)


if __name__ == '__main__':
    del sys.argv[1:2]
    unittest.main()
