#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program is recorded while it talks to a real QEMU: a job, a migration, events, large replies, secrets. With the recording
in the place of QEMU it sees the same again, to the last digit.

usage: recorded.py QMP
       recorded.py --program ADDRESS
"""

import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp

QEMU = ['qemu-system-x86_64', '-machine', 'pc,accel=tcg', '-m', '16', '-S', '-nodefaults', '-display', 'none',
        '-blockdev', 'null-co,node-name=source,size=1048576,read-zeroes=on',
        '-blockdev', 'null-co,node-name=target,size=1048576']
SECONDS = 60


def program(address):
    """All that it prints came from the server."""
    vm = Qmp.Machine()
    vm.open(address)
    events = vm.get_client().listener()
    print(vm.get_status_name(), vm.get_name(), vm.get_client().get_greeting().to_string())
    vm.resume()
    print(vm.get_status_name())
    client = vm.get_client()
    schema = client.execute_message(Qmp.Message.new_command('query-qmp-schema'))
    print(len(schema), hashlib.sha256(repr(schema).encode()).hexdigest())
    client.execute('object-add', {'qom-type': 'secret', 'id': 'key', 'data': os.environ['SECRET']})
    try:
        client.execute('device_del', id='nothing')
    except Qmp.ExecuteError as error:
        print(error)

    job = vm.start_job('blockdev-backup', {'job-id': 'copy', 'device': 'source', 'target': 'target', 'sync': 'full'})
    job.wait()
    print(job.get_status(), job.get_error())
    vm.pause()
    migration = vm.start_migration('exec:cat >/dev/null')
    migration.wait()
    print(migration.get_status(), client.execute('query-migrate')['ram']['transferred'])
    client.execute('quit')
    for event in events:
        print(event.to_string())


class Recorded(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix='qmp-glib-')
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def path(self, name):
        return str(self.directory / name)

    def own(self, process):
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)

    def start(self, *command, **more):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, **more)
        self.addCleanup(process.stdout.close)
        self.own(process)
        return process

    def qmp(self, *words):
        """Returns it, and where it listens."""
        process = self.start(QMP, *words)
        return process, process.stdout.readline().strip()

    def run_program(self, address, secret):
        done = subprocess.run([sys.executable, __file__, '--program', address], capture_output=True, text=True, timeout=SECONDS,
                              check=False, env={**os.environ, 'SECRET': secret})
        self.assertEqual((done.returncode, done.stderr), (0, ''), done.stdout)
        return done.stdout

    def record(self):
        self.own(served.start(QEMU[0], [served.listening(self.path('monitor'))], *QEMU[1:]))
        recorder, address = self.qmp('record', '--once', self.path('monitor'), self.path('recorder'), self.path('recording'))
        seen = self.run_program(address, 'opensesame')
        self.assertEqual(recorder.wait(SECONDS), 0)
        return seen

    def test_same_again(self):
        seen = self.record()
        for name in ('RESUME', 'JOB_STATUS_CHANGE', 'STOP', 'SHUTDOWN'):
            self.assertIn(f'"event": "{name}"', seen)
        recording = pathlib.Path(self.path('recording')).read_text(encoding='utf-8')
        self.assertNotIn('opensesame', recording)
        self.assertGreater(len(recording), 100000)
        # What was left out as a secret may be another one now.
        for secret in 'opensesame', 'other':
            mock, address = self.qmp('mock', '--replay', self.path('recording'), self.path('mock'))
            self.assertEqual(self.run_program(address, secret), seen)
            self.assertEqual(mock.wait(SECONDS), 0)


if __name__ == '__main__':
    if sys.argv[1] == '--program':
        program(sys.argv[2])
    else:
        QMP = sys.argv[1]
        sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
        import served
        unittest.main(argv=sys.argv[:1])
