#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qmp and what a machine, a job or a migration is told to do, against real QEMUs.

usage: qmp-power-test.py QMP
"""

import os
import sys
import unittest

from qmpcase import FAILED, LINK, NO_MACHINE, TIMEOUT, USAGE, Case


class Power(Case):
    def test_run_status(self):
        server = self.server()
        for verb, status in (('pause', 'paused'), ('pause', 'paused'), ('resume', 'running'), ('reset', 'running'),
                             ('powerdown', 'running')):
            self.assertEqual(self.good(verb, server.path), '')
            self.assertEqual(self.good('status', server.path), f'{status}\n')
        self.assertEqual(self.value('status', '--json', server.path)['status'], 'running')
        self.bad(FAILED, 'not supported by this guest', 'wakeup', server.path)

    def test_no_machine(self):
        server = self.storage_daemon()
        self.bad(FAILED, 'has no status', 'status', server.path)
        self.bad(FAILED, 'CommandNotFound: .*stop', 'pause', server.path)

    def test_quit(self):
        server = self.server()
        self.assertEqual(self.good('quit', server.path), '')
        self.assertEqual(server.process.wait(), 0)
        self.bad(LINK, 'Could not connect', 'quit', server.path)

    def test_shutdown(self):
        """Without a guest nobody hears the button."""
        server = self.server()
        self.bad(FAILED, 'guest has not turned itself off', 'shutdown', server.path, '--ask-only', '--ask=0.1')
        self.bad(TIMEOUT, 'in time', 'shutdown', server.path, '-t', '0.2')
        self.assertEqual(self.good('shutdown', server.path, '--ask=0.1'), 'QEMU has quit\n')
        self.assertEqual(server.process.wait(), 0)

    def test_timeout(self):
        """Of one that greets, and says nothing when its status is asked for."""
        for words in [('pause',), ('status',), ('shutdown',), ('job', 'list')]:
            with self.subTest(words=words):
                puppet = self.puppet()
                program = self.start(*words, puppet.path, '-t', '0.5')
                puppet.accept()
                self.assertEqual(program.communicate(), ('', 'qmp: The server did not answer “query-status” in time\n'))
                self.assertEqual(program.returncode, TIMEOUT)
                puppet.close()
                os.unlink(puppet.path)

    def test_shutdown_by_guest(self):
        """One that the test plays: it turns itself off when it is asked."""
        puppet = self.puppet()
        program = self.start('shutdown', puppet.path)
        puppet.accept()
        puppet.answer_machine()
        command = puppet.take()
        self.assertEqual(command['execute'], 'system_powerdown')
        puppet.answer(command, {})
        puppet.send({'event': 'SHUTDOWN', 'data': {'guest': True, 'reason': 'guest-shutdown'},
                     'timestamp': {'seconds': 1, 'microseconds': 0}})
        puppet.close()
        self.assertEqual(program.communicate(), ('The guest has turned itself off\n', ''))
        self.assertEqual(program.returncode, 0)

    def test_times(self):
        for option in ('--ask', '--quit'):
            for wrong in ('-1', 'nan', 'inf', '1e10'):
                self.bad(USAGE, f'{option} takes seconds', 'shutdown', '/nowhere', f'{option}={wrong}')


class Jobs(Case):
    def test_verbs(self):
        server = self.storage_daemon()
        reply = server.execute('blockdev-mirror', **{'job-id': 'copy', 'device': 'source', 'target': 'target', 'sync': 'full',
                                                     'auto-dismiss': False})
        self.assertIn('return', reply)
        self.good('job', 'wait', '--ready', server.path, 'copy')
        self.good('job', 'pause', server.path, 'copy')
        self.assertIn('standby', self.good('job', 'list', server.path))
        self.good('job', 'resume', server.path, 'copy')
        self.good('job', 'complete', server.path, 'copy')
        self.good('job', 'wait', server.path, 'copy')
        self.assertIn('concluded', self.good('job', 'list', server.path))
        self.good('job', 'dismiss', server.path, 'copy')
        self.assertEqual(self.good('job', 'list', server.path), '')
        for verb in ('pause', 'resume', 'complete', 'cancel', 'dismiss'):
            self.bad(FAILED, 'There is no job “copy”', 'job', verb, server.path, 'copy')

    def test_cancel(self):
        server = self.storage_daemon()
        server.execute('blockdev-mirror', **{'job-id': 'copy', 'device': 'source', 'target': 'target', 'sync': 'full', 'speed': 1})
        self.good('job', 'cancel', server.path, 'copy')
        self.bad(FAILED, 'cancelled|no job “copy”', 'job', 'wait', server.path, 'copy')


class Migrations(Case):
    def test_start(self):
        server = self.server()
        self.bad(FAILED, 'There is no migration', 'migration', 'status', server.path)
        self.bad(FAILED, 'There is no migration', 'migration', 'cancel', server.path)
        self.assertEqual(self.good('migration', 'start', server.path, 'exec:cat >/dev/null'), '')
        self.assertRegex(self.good('migration', 'status', server.path), r'^completed( |$)')
        self.assertEqual(self.good('status', server.path), 'postmigrate\n')
        self.assertEqual(self.value('migration', 'status', '--json', server.path)['status'], 'completed')
        self.bad(FAILED, 'GenericError', 'migration', 'start', server.path, 'nosuch:address')

    def test_cancel(self):
        # Without memory there is so little to send that it is over soon, however slow it is.
        server = self.server(*NO_MACHINE, '-m', '16')
        server.execute('migrate-set-parameters', **{'max-bandwidth': 100})
        self.assertEqual(self.good('migration', 'start', server.path, 'exec:cat >/dev/null', '--detach'), '')
        self.good('migration', 'cancel', server.path)
        self.bad(FAILED, 'cancelled', 'migration', 'wait', server.path)
        self.assertEqual(self.good('status', server.path), 'running\n')


if __name__ == '__main__':
    del sys.argv[1:2]
    unittest.main()
