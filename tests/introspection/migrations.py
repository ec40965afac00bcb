#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Migrations in Python: of QEMUs that are launched.

usage: migrations.py
"""

import asyncio
import os
import tempfile
import unittest

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Gio, GLib, Qmp

QEMU = ['qemu-system-x86_64', '-machine', 'none', '-m', '16', '-nodefaults', '-display', 'none']
WAITING = [*QEMU, '-incoming', 'defer']
NOWHERE = 'exec:cat >/dev/null'


def slow_down(vm, bandwidth=100):
    vm.get_client().execute('migrate-set-parameters', {'max-bandwidth': bandwidth})


class Blocking(unittest.TestCase):
    def launch(self, command):
        vm = Qmp.Machine()
        self.addCleanup(vm.__exit__)
        return vm.launch(command)

    def test_file(self):
        with tempfile.TemporaryFile() as file:
            vm = self.launch(QEMU)
            self.assertIsNone(vm.get_migration())
            migration = vm.start_migration_fd(file)
            self.assertIsInstance(migration, Qmp.Migration)
            self.assertTrue(migration.wait(timeout=60))
            self.assertEqual((migration.direction, migration.status, migration.status_name, migration.finished, migration.error,
                              migration.fraction, migration.remaining),
                             (Qmp.MigrationDirection.OUTGOING, Qmp.MigrationStatus.COMPLETED, 'completed', True, None, 1, 0))
            self.assertGreater(migration.total, 0)
            self.assertEqual(repr(migration), '<Qmp.Migration outgoing completed>')
            self.assertEqual(vm.get_status(), Qmp.MachineStatus.POSTMIGRATE)
            self.assertIs(vm.get_migration(), migration)
            file.seek(0)
            vm = self.launch(WAITING)
            vm.start_incoming_fd(file.fileno()).wait()
            self.assertTrue(vm.get_running())

    def test_late_and_cancelled(self):
        vm = self.launch(QEMU)
        slow_down(vm)
        migration = vm.start_migration(NOWHERE)
        with self.assertRaises(Qmp.TimeoutError):
            migration.wait(timeout=0.001)
        self.assertFalse(migration.finished)
        self.assertTrue(migration.cancel())
        self.assertIsInstance(migration.error, Qmp.MigrationCancelledError)
        with self.assertRaises(Qmp.MigrationCancelledError):
            migration.wait()
        with self.assertRaises(Qmp.EndedError):
            migration.cancel()
        self.assertTrue(vm.get_running())

    def test_refused_and_failed(self):
        vm = self.launch(QEMU)
        with self.assertRaises(Qmp.ExecuteError):
            vm.start_migration('nosuch:address')
        self.assertIsNone(vm.get_migration())
        with self.assertRaises(Qmp.MigrationError) as raised:
            vm.start_migration('unix:/nonexistent/socket').wait()
        self.assertIn('No such file', str(raised.exception))
        with self.assertRaises(TypeError):
            vm.start_migration(5)

    def test_wrong_descriptor(self):
        vm = Qmp.Machine()
        for call in (vm.start_migration_fd, vm.start_incoming_fd, vm.set_process, vm.get_client().send_fd, Qmp.Launcher().inherit_fd):
            for wrong, wanted in ((-1, ValueError), ('5', TypeError), (True, TypeError), (None, TypeError)):
                with self.subTest(call=call, wrong=wrong), self.assertRaisesRegex(wanted, 'a file descriptor is'):
                    call(wrong)

    def test_garbage(self):
        with tempfile.TemporaryFile() as file:
            file.write(b'This is not a machine.')
            file.seek(0)
            vm = self.launch(WAITING)
            migration = vm.start_incoming_fd(file)
            with self.assertRaises(GLib.Error) as raised:
                migration.cancel()
            self.assertTrue(raised.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_SUPPORTED))
            with self.assertRaises(Qmp.MigrationError) as raised:
                migration.wait()
            self.assertIn('Not a migration stream', str(raised.exception))
            self.assertEqual(vm.wait_ended().reason, Qmp.OutcomeReason.MIGRATION_FAILED)


async def migrate():
    fractions = []
    source, destination = Qmp.Machine(), Qmp.Machine()
    source.set_progress_interval(0.001)
    async with await source.launch_async(QEMU), await destination.launch_async(WAITING):
        with tempfile.TemporaryDirectory() as directory:
            uri = 'unix:' + os.path.join(directory, 'socket')
            arriving = await destination.start_incoming_async(uri)
            leaving = await source.start_migration_async(uri)
            leaving.connect('notify::fraction', lambda migration, _property: fractions.append(migration.fraction))
            await leaving
            await arriving
        assert source.get_status() == Qmp.MachineStatus.POSTMIGRATE
        assert destination.get_running()
        assert fractions[-1] == 1, fractions
        try:
            await destination.start_migration_async('nosuch:address')
        except Qmp.ExecuteError:
            return 'done'


class Awaiting(unittest.TestCase):
    def test_glib(self):
        self.assertEqual(Qmp.run(migrate()), 'done')

    def test_asyncio(self):
        self.assertEqual(asyncio.run(migrate()), 'done')


if __name__ == '__main__':
    unittest.main()
