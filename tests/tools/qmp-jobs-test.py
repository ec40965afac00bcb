#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qmp and what takes its time: jobs and migrations, against real servers, and against one that the test plays itself.

usage: qmp-jobs-test.py QMP
"""

import os
import sys
import unittest

import terminal
from qmpcase import DONE, FAILED, LINK, PC, QMP, TIMEOUT, Case


class Jobs(Case):
    def test_created(self):
        server = self.storage_daemon()
        create = {'job-id': 'new', 'options': {'driver': 'file', 'filename': self.path('image'), 'size': 65536}}
        self.assertEqual(self.good('job', 'list', server.path), '')
        server.execute('blockdev-create', **create)
        self.assertEqual(self.good('job', 'wait', server.path, 'new'), '')
        self.assertRegex(self.good('job', 'list', server.path), r'^ID +TYPE +STATUS +PROGRESS +ERROR\nnew +create +concluded +\d+/\d+\n$')
        self.good('job', 'wait', '--dismiss', server.path, 'new')
        self.assertEqual(self.value('job', 'list', '--json', server.path), [])
        self.bad(FAILED, 'no job “new”', 'job', 'wait', server.path, 'new')

    def test_failed(self):
        server = self.storage_daemon()
        server.execute('blockdev-create', **{'job-id': 'bad', 'options': {
            'driver': 'file', 'filename': self.path('no/image'), 'size': 65536}})
        self.bad(FAILED, 'job “bad” has failed: .*No such file', 'job', 'wait', server.path, 'bad')
        self.assertIn('No such file', self.good('job', 'list', server.path))

    def mirror(self, server, speed, **more):
        reply = server.execute('blockdev-mirror', **{'job-id': 'copy', 'device': 'source', 'target': 'target',
                                                     'sync': 'full', 'speed': speed, **more})
        self.assertIn('return', reply)

    def test_ready(self):
        server = self.storage_daemon()
        self.mirror(server, 0)
        self.good('job', 'wait', '--ready', server.path, 'copy')
        self.assertRegex(self.good('job', 'list', server.path), r'\ncopy  mirror  ready   67\.1.MB/67\.1.MB\n$')
        # It waits for somebody, who is told.
        program = self.start('job', 'wait', server.path, 'copy')
        self.assertEqual(program.stderr.readline(), 'qmp: The job “copy” is ready, and waits for “job-complete id=copy”\n')
        server.execute('job-complete', id='copy')
        self.assertEqual((program.communicate(), program.returncode), (('', ''), DONE))

    def test_pending(self):
        server = self.storage_daemon()
        program = self.start('job', 'wait', server.path, 'b', '--call', 'blockdev-backup job-id=b device=source target=target '
                             'sync=full auto-finalize=false auto-dismiss=false')
        self.assertEqual(program.stderr.readline(), 'qmp: The job “b” is pending, and waits for “job-finalize id=b”\n')
        server.execute('job-finalize', id='b')
        self.assertEqual((program.communicate(), program.returncode), (('', ''), DONE))

    def test_quick(self):
        """One that is gone before it could be looked for."""
        server = self.storage_daemon()
        call = 'blockdev-backup job-id=b device=source target=target sync=none'
        self.bad(FAILED, 'no job “b”.*--call', 'job', 'wait', server.path, 'b')
        self.good('job', 'wait', server.path, 'b', '--call', call.replace('none', 'full'))
        self.assertEqual(self.good('job', 'list', server.path), '')
        self.bad(FAILED, 'GenericError', 'job', 'wait', server.path, 'b', '-c', call.replace('source', 'nothing'))
        for error, status, pattern in (({}, DONE, '^$'), ({'error': 'disk full'}, FAILED, 'failed: disk full')):
            puppet = self.puppet()
            program = self.start('job', 'wait', puppet.path, 'j', '--call', 'x')
            puppet.accept()
            puppet.answer_machine()
            command = puppet.take()
            for message in ({'event': 'JOB_STATUS_CHANGE', 'data': {'id': 'j', 'status': 'running'}},
                            {'event': 'BLOCK_JOB_COMPLETED', 'data': {'device': 'j', **error}},
                            {'event': 'JOB_STATUS_CHANGE', 'data': {'id': 'j', 'status': 'null'}}):
                puppet.send({**message, 'timestamp': {'seconds': 1, 'microseconds': 0}})
            puppet.answer(command, {})
            self.assertRegex(program.communicate()[1], pattern)
            self.assertEqual(program.returncode, status)
            puppet.close()
            os.unlink(puppet.path)

    def test_dismisses_itself(self):
        puppet = self.puppet()
        for event, status, pattern in [
                ({'event': 'BLOCK_JOB_COMPLETED', 'data': {'device': 'j', 'error': 'disk full'}}, FAILED, 'failed: disk full'),
                ({'event': 'BLOCK_JOB_COMPLETED', 'data': {'device': 'j'}}, DONE, '^$'),
                ({'event': 'BLOCK_JOB_CANCELLED', 'data': {'device': 'j'}}, FAILED, 'failed: it was cancelled')]:
            program = self.start('job', 'wait', puppet.path, 'j')
            puppet.accept()
            puppet.answer_machine({'id': 'other'}, {'id': 'j', 'type': 'mirror', 'status': 'running',
                                                    'current-progress': 1, 'total-progress': 2})
            for message in ({'event': 'BLOCK_JOB_COMPLETED', 'data': {'device': 'other', 'error': 'not mine'}}, event,
                            {'event': 'JOB_STATUS_CHANGE', 'data': {'id': 'j', 'status': 'concluded'}}):
                puppet.send({**message, 'timestamp': {'seconds': 1, 'microseconds': 0}})
            puppet.answer(puppet.take(), [])
            self.assertRegex(program.communicate()[1], pattern)
            self.assertEqual(program.returncode, status)
            puppet.peer.close()

    def test_progress(self):
        server = self.storage_daemon()
        self.mirror(server, 1)  # stays at its beginning
        shell = terminal.Terminal([QMP, 'job', 'wait', '--ready', server.path, 'copy'], self.directory)
        self.addCleanup(shell.kill)
        # as wide as the terminal
        line = shell.see(r'\[[# ]+\] +\d+ % copy \(running\) [\d.]+.(bytes|[kM]B)/67\.1.MB')
        self.assertEqual(len(line), 79)
        shell.resize(120)
        shell.see(r'\[[# ]{60,}\] +\d+ % copy')
        shell.resize(30)
        shell.see(r'(?<=[^\]] )\d+ % copy')
        server.execute('block-job-set-speed', device='copy', speed=0)
        self.assertEqual(shell.end(), 0)
        self.assertTrue(shell.text.endswith('\r\x1b[K'), shell.text)

    def test_cancelled(self):
        server = self.storage_daemon()
        self.mirror(server, 1, **{'auto-dismiss': False})
        program = self.start('job', 'wait', server.path, 'copy')
        server.execute('job-cancel', id='copy')
        self.assertRegex(program.communicate()[1], 'job “copy” has failed: (it was cancelled|Operation canceled)')
        self.assertEqual(program.returncode, FAILED)

    def test_server_death(self):
        server = self.storage_daemon()
        self.mirror(server, 1)
        shell = terminal.Terminal([QMP, 'job', 'wait', server.path, 'copy'], self.directory)
        self.addCleanup(shell.kill)
        shell.see('%')
        server.kill()
        shell.see(r'qmp: [^\n]*connection')
        self.assertEqual(shell.end(), LINK)


class Migration(Case):
    def test_to_file(self):
        server = self.server(*PC)
        self.bad(FAILED, 'There is no migration', 'migration', 'wait', server.path)
        server.execute('migrate', uri='exec:cat > ' + self.path('state'))
        self.assertEqual(self.good('migration', 'wait', server.path), '')
        self.assertGreater(os.path.getsize(self.path('state')), 0)

    def test_failed(self):
        server = self.server(*PC)
        server.execute('migrate', uri='exec:false')
        self.bad(FAILED, 'migration has failed: ', 'migration', 'wait', server.path)

    def test_under_way(self):
        server = self.server(*PC)
        # It stays there.
        server.execute('migrate-set-capabilities', capabilities=[{'capability': 'pause-before-switchover', 'state': True}])
        server.execute('migrate', uri='exec:cat > /dev/null')
        self.bad(TIMEOUT, 'in time', 'migration', 'wait', server.path, '-t', '0.1')
        shell = terminal.Terminal([QMP, 'migration', 'wait', server.path], self.directory)
        self.addCleanup(shell.kill)
        shell.see(r'\[[# ]+\] +\d+ % migration \(')
        server.execute('migrate_cancel')
        shell.see('migration was cancelled')
        self.assertEqual(shell.end(), FAILED)

if __name__ == '__main__':
    del sys.argv[1:2]
    unittest.main()
