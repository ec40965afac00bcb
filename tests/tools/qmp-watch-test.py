#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qmp watch, against real servers and one that the test plays. It follows what it has started itself: other machines may run beside
it.

usage: qmp-watch-test.py QMP
"""

import json
import os
import re
import signal
import unittest

import qmpcase
import terminal
from qmpcase import DONE, FAILED, LINK, NO_MACHINE, TIMEOUT


class Watch(qmpcase.Case):
    def named(self, name, *arguments):
        name = f'{name}-{os.getpid()}'
        server = self.server(*(arguments or NO_MACHINE), '-name', name, name=name)
        server.name = name
        return server

    def see(self, program, pattern):
        """Reads lines up to one that is like it. Returns what was skipped."""
        skipped = []
        for line in program.stdout:
            if re.search(pattern, line):
                return skipped
            skipped.append(line)
        raise AssertionError(f'it ended, and said {skipped}: {program.stderr.read()}')

    def end(self, program, status=DONE, errors=''):
        output, said = program.communicate()
        self.assertEqual((program.returncode, output), (status, ''), said)
        self.assertRegex(said, errors or '^$')

    def test_life(self):
        server = self.named('vm')
        program = self.start('watch', server.name)
        self.assertEqual(self.see(program, rf'^\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{{6}} {server.name} link open$'), [])
        self.assertEqual(self.see(program, 'status running$'), [])
        server.execute('stop')
        self.assertEqual(self.see(program, 'status paused$'), [])
        server.execute('cont')
        self.assertEqual(self.see(program, 'status running$'), [])
        server.execute('system_reset')
        self.assertEqual(self.see(program, r'event RESET {"guest": false, "reason": "host-qmp-system-reset"}$'), [])
        server.execute('quit')
        self.see(program, 'event SHUTDOWN')
        self.assertEqual(self.see(program, 'link closed'), [])
        self.assertEqual(self.see(program, 'ended host-qmp-quit$'), [])
        self.end(program)

    def test_killed(self):
        """It says nothing itself."""
        server = self.named('vm')
        program = self.start('watch', server.name)
        self.see(program, 'status running')
        server.process.kill()
        self.see(program, 'link closed')
        self.see(program, 'ended ')
        self.end(program)

    def test_json(self):
        server = self.named('vm')
        program = self.start('watch', '--json', server.path)
        lines = [json.loads(program.stdout.readline()) for _ in range(2)]
        self.assertEqual([(line['machine'], line['what']) for line in lines], [(server.path, 'link'), (server.path, 'status')])
        self.assertEqual((lines[0]['link'], lines[1]['status']), ('open', 'running'))
        server.execute('system_reset')
        line = json.loads(program.stdout.readline())
        self.assertEqual((line['event'], line['data']['reason']), ('RESET', 'host-qmp-system-reset'))
        program.send_signal(signal.SIGTERM)
        self.end(program)

    def test_jobs(self):
        server = self.storage_daemon()
        program = self.start('watch', server.path)
        self.see(program, 'link open')
        server.execute('blockdev-mirror', **{'job-id': 'copy', 'device': 'source', 'target': 'target', 'sync': 'full'})
        # What it has left behind when it was looked at is not said.
        self.see(program, r'job copy ready \d+ %$')
        server.execute('job-complete', id='copy')
        self.see(program, r'job copy null 100 %$')
        program.send_signal(signal.SIGINT)
        output, _ = program.communicate()
        self.assertNotRegex(output, 'JOB_STATUS_CHANGE|BLOCK_JOB')
        self.assertEqual(program.returncode, DONE)

    def test_migration(self):
        server = self.named('vm', '-machine', 'pc', '-accel', 'tcg', '-m', '32', '-S', '-nodefaults', '-display', 'none')
        program = self.start('watch', server.name)
        self.see(program, 'status prelaunch')
        server.execute('migrate', uri='exec:cat > /dev/null')
        self.see(program, r'migration \S+ \d+ %$')
        self.see(program, r'migration completed 100 %$')

    def test_stopped(self):
        server = self.named('vm')
        program = self.start('watch', server.name)
        self.see(program, 'status running')
        os.kill(server.process.pid, signal.SIGSTOP)
        self.see(program, r'error The process \d+ is stopped')
        os.kill(server.process.pid, signal.SIGCONT)
        self.see(program, r'answers$')
        server.execute('quit')
        self.see(program, 'ended')
        self.end(program)

    def test_held(self):
        """It is waited for, and not disturbed."""
        path, name = self.path('only'), f'held-{os.getpid()}'
        process = terminal.start_with_one_monitor(path, *NO_MACHINE, '-name', name)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        holder = self.start('wait', path, 'SHUTDOWN')
        while f'held by qmp ({holder.pid})' not in self.good('list'):
            pass
        program = self.start('watch', name)
        self.see(program, rf'{name} error The process {holder.pid} \(qmp\) holds the monitor')
        self.assertIsNone(holder.poll())
        holder.kill()
        self.see(program, 'status running')

    def test_not_there(self):
        self.bad(LINK, '^qmp: No machine “nosuch” runs', 'watch', 'nosuch')
        self.bad(LINK, 'No such file', 'watch', '--json', self.path('nothing'))
        result = self.run_qmp('watch', 'nosuch', self.path('nothing'))
        self.assertEqual((result.returncode, result.stdout), (FAILED, ''))
        self.assertRegex(result.stderr, '(?m)^qmp: nosuch: No machine')
        self.assertRegex(result.stderr, '(?m)^qmp: .*/nothing: Could not connect')
        # The other one is followed to its end.
        server = self.named('vm')
        program = self.start('watch', 'nosuch', server.name)
        self.see(program, 'status running')
        server.execute('quit')
        self.see(program, 'ended')
        self.end(program, FAILED, 'nosuch')
        self.bad(TIMEOUT, 'The time is over', 'watch', '-t', '0.2', self.puppet().path)

    def test_keep(self):
        """It comes, it goes, and it comes again."""
        name = f'vm-{os.getpid()}'
        program = self.start('watch', '--keep', name)
        self.see(program, f'{name} error No machine')
        for _ in range(2):
            server = self.named('vm')
            self.see(program, 'link open')
            self.see(program, 'status running')
            server.execute('quit')
            self.see(program, 'ended')
            server.kill()
        program.send_signal(signal.SIGHUP)
        output, errors = program.communicate()
        self.assertEqual((program.returncode, errors), (DONE, ''), output)

    def test_hostile(self):
        puppet = self.puppet()
        program = self.start('watch', puppet.path)
        puppet.accept()
        puppet.answer_machine({'id': 'j\x1bc\n', 'type': 'x', 'status': 'running\x9b', 'current-progress': -5, 'total-progress': -1})
        puppet.send({'event': 'EVIL\x1b]0;x\x07', 'data': {'x': '\u202e\n'}, 'timestamp': {'seconds': -1, 'microseconds': 0}})
        self.see(program, r'link open')
        self.see(program, r'EVIL\\x1b\]0;x\\x07 \{"x": ')
        puppet.close()
        self.see(program, 'link closed')
        program.send_signal(signal.SIGTERM)
        output, _ = program.communicate()
        self.assertNotRegex(output, '[\x1b\x07\x9b\u202e]')

    def test_unread(self):
        program = self.start('watch', self.named('vm').name)
        self.see(program, 'status running')
        program.stdout.close()
        self.assertEqual(program.wait(), -signal.SIGPIPE)


if __name__ == '__main__':
    unittest.main(argv=[__file__], verbosity=2)
