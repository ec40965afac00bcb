#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Jobs in Python: of a QEMU that is launched.

usage: jobs.py
"""

import asyncio
import math
import threading
import unittest

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Gio, GLib, Qmp

QEMU = ['qemu-system-x86_64', '-machine', 'none', '-nodefaults', '-display', 'none',
        '-blockdev', 'null-co,node-name=d,size=4194304,read-zeroes=on',
        '-blockdev', 'null-co,node-name=t,size=4194304,read-zeroes=on']
BACKUP = {'job-id': 'b', 'device': 'd', 'target': 't', 'sync': 'full'}


class Blocking(unittest.TestCase):
    def setUp(self):
        self.vm = Qmp.Machine()
        self.vm.launch(QEMU)
        self.addCleanup(self.vm.__exit__)

    def test_success(self):
        for _ in range(2):
            job = self.vm.start_job('blockdev-backup', BACKUP)
            self.assertIsInstance(job, Qmp.Job)
            self.assertTrue(job.wait(timeout=60))
            self.assertEqual((job.id, job.job_type, job.finished, job.cancelled, job.error, job.fraction),
                             ('b', 'backup', True, False, None, 1))
            self.assertEqual(repr(job), "<Qmp.Job 'b' null>")

    def test_late_and_cancelled(self):
        job = self.vm.start_job(Qmp.Message.new_command('blockdev-backup', {**BACKUP, 'speed': 1}))
        with self.assertRaises(Qmp.TimeoutError):
            job.wait(timeout=0.001)
        self.assertFalse(job.finished)
        self.assertEqual((job.total, job.ready), (4194304, False))
        job.pause()
        job.resume()
        job.cancel()
        with self.assertRaises(Qmp.JobCancelledError):
            job.wait()
        self.assertTrue(job.cancelled)
        self.assertIsInstance(job.error, Qmp.JobCancelledError)
        with self.assertRaises(Qmp.EndedError):
            job.cancel()
        job.dismiss()

    def test_mirror(self):
        job = self.vm.start_job('blockdev-mirror', **{'job-id': 'm'}, device='d', target='t', sync='full')
        job.complete()
        self.assertTrue(job.wait(60))

    def test_thread(self):
        job = self.vm.start_job('blockdev-backup', {**BACKUP, 'speed': 1})
        errors = []

        async def wait():
            await job

        def use():
            self.assertFalse(job.is_owner_thread())
            for call in (job.pause, job.wait, lambda: asyncio.run(wait())):
                try:
                    call()
                except RuntimeError as error:
                    errors.append(str(error))

        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
        self.assertTrue(job.is_owner_thread())
        self.assertEqual([error.split(',')[0] for error in errors], ['this job belongs to another thread'] * 3)

    def test_refused(self):
        with self.assertRaises(GLib.Error) as raised:
            self.vm.start_job('blockdev-backup', device='d')
        self.assertTrue(raised.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.INVALID_ARGUMENT))
        with self.assertRaises(Qmp.ExecuteError):
            self.vm.start_job('blockdev-backup', {**BACKUP, 'device': 'nothing'})

    def test_failure(self):
        job = self.vm.start_job('blockdev-create', {'job-id': 'c', 'options': {
            'driver': 'file', 'filename': '/nonexistent/file', 'size': 0}})
        with self.assertRaises(Qmp.JobError) as raised:
            job.wait()
        self.assertIn('No such file', str(raised.exception))

    def test_interval(self):
        self.assertIsNone(self.vm.get_progress_interval())
        self.vm.set_progress_interval(0.5)
        self.assertEqual(self.vm.props.progress_interval, 0.5)
        self.vm.props.progress_interval = None
        self.assertIsNone(self.vm.get_property('progress-interval'))
        for wrong in (-1, math.inf):
            with self.assertRaisesRegex(ValueError, 'None is for never'):
                self.vm.set_progress_interval(wrong)


class Asyncio(unittest.IsolatedAsyncioTestCase):
    async def test_await(self):
        vm = Qmp.Machine()
        fractions = []
        async with await vm.launch_async(QEMU):
            vm.set_progress_interval(0.001)
            job = await vm.start_job_async('blockdev-backup', {**BACKUP, 'speed': 1048576})
            seen = asyncio.Event()

            def on_notify(job, _param):
                fractions.append(job.fraction)
                if job.fraction > 0:
                    seen.set()

            job.connect('notify::fraction', on_notify)
            self.assertEqual([item.id for item in vm.get_jobs()], ['b'])
            await seen.wait()
            vm.get_client().execute('block-job-set-speed', device='b', speed=0)
            await job
            self.assertEqual(fractions[-1], 1)
            self.assertEqual(list(vm.get_jobs()), [])
            with self.assertRaises(Qmp.TimeoutError):
                await (await vm.start_job_async('blockdev-backup', {**BACKUP, 'speed': 1})).wait_async(0)

    async def test_lost(self):
        vm = Qmp.Machine()
        async with await vm.launch_async(QEMU):
            job = await vm.start_job_async('blockdev-backup', {**BACKUP, 'speed': 1})
            waiting = asyncio.ensure_future(job.wait_async())
            await vm.kill_async()
            with self.assertRaises(Qmp.LostError):
                await waiting


if __name__ == '__main__':
    unittest.main()
