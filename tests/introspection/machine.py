#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Machines in Python, with real QEMU.

usage: machine.py
"""

import asyncio
import os
import signal
import tempfile
import threading
import unittest

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Gio, GLib, Qmp

QEMU = ['qemu-system-x86_64', '-machine', 'none', '-nodefaults', '-display', 'none']


class Machine(unittest.TestCase):
    def tearDown(self):
        with self.assertRaises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)

    def test_with(self):
        vm = Qmp.Machine()
        with vm.launch([*QEMU, '-name', 'one']) as same:
            self.assertIs(same, vm)
            self.assertEqual(vm.get_status(), Qmp.MachineStatus.RUNNING)
            self.assertEqual(vm.get_name(), 'one')
            vm.pause()
            self.assertEqual(vm.props.status_name, 'paused')
            self.assertEqual(vm.get_pause_event()['event'], 'STOP')
            vm.resume()
            self.assertTrue(vm.get_running())
            self.assertEqual(vm.get_client().execute('query-name'), {'name': 'one'})
        self.assertFalse(vm.get_alive())
        self.assertTrue(vm.get_outcome().by_us)
        self.assertEqual(vm.get_outcome().stage, Qmp.ShutDownStage.QUITTING)

    def test_with_after_the_end(self):
        vm = Qmp.Machine()
        self.assertEqual(repr(vm), '<Qmp.Machine not connected>')
        with vm.launch([*QEMU, '-name', 'first']):
            self.assertEqual(repr(vm), f"<Qmp.Machine 'first' running, pid {vm.get_pid()}>")
            outcome = vm.shut_down(ask=0.05, quit=60)
        self.assertIs(outcome, vm.get_outcome())
        self.assertEqual((outcome.reason, outcome.text), (Qmp.OutcomeReason.HOST_QMP_QUIT, 'host-qmp-quit'))
        self.assertTrue(outcome.clean)
        self.assertEqual(repr(outcome), '<Qmp.Outcome host-qmp-quit>')

    def test_with_an_error(self):
        vm = Qmp.Machine()
        with self.assertRaises(ZeroDivisionError), vm.launch(QEMU):
            os.kill(vm.get_pid(), signal.SIGSTOP)
            os.kill(vm.get_pid(), signal.SIGCONT)
            1 / 0
        self.assertFalse(vm.get_alive())

    def test_launcher(self):
        launcher = Qmp.Launcher(QEMU, flags=Qmp.LauncherFlags.PAUSED)
        with open('/dev/null', 'rb') as file:
            self.assertEqual(launcher.inherit_fd(file), 4)
        launcher.set_argv([*launcher.get_argv(), '-add-fd', 'fd=4,set=1'])
        with Qmp.Machine().launch(launcher) as vm:
            self.assertEqual(vm.get_status_name(), 'prelaunch')
            self.assertEqual([entry['fdset-id'] for entry in vm.get_client().execute('query-fdsets')], [1])
            vm.kill()
            self.assertEqual(vm.get_outcome().signal, signal.SIGKILL)

    def test_errors(self):
        vm = Qmp.Machine()
        with self.assertRaisesRegex(Qmp.LaunchError, 'invalid option'):
            vm.launch([*QEMU, '-nosuch'])
        self.assertEqual(vm.get_outcome().exit_status, 1)
        self.assertIn('-nosuch', vm.get_outcome().output)
        with self.assertRaises(GLib.Error) as raised:
            vm.launch(['/nonexistent/qemu'])
        self.assertTrue(raised.exception.matches(GLib.spawn_error_quark(), GLib.SpawnError.NOENT))
        with self.assertRaises(Qmp.EndedError):
            vm.shut_down()
        with self.assertRaises(Qmp.EndedError):
            vm.pause()
        for wrong in ('qemu', 5, None):
            with self.assertRaises(TypeError):
                vm.launch(wrong)
        launcher = Qmp.Launcher.new(['true', '-x'])
        self.assertEqual(launcher.get_argv(), ['true', '-x'])
        for call in (Qmp.Launcher, Qmp.Launcher.new, launcher.set_argv, launcher.set_environment):
            self.assertRaisesRegex(TypeError, 'must be a list of str, not str', call, 'qemu')
        for wrong in ('1', True):
            with self.assertRaises(TypeError):
                vm.shut_down(ask=wrong)
        for name in ('ask', 'quit'):
            with self.assertRaisesRegex(ValueError, f'{name} must be 0 seconds or more'):
                vm.shut_down(**{name: -1})

    def test_no_answer(self):
        with Qmp.Machine().launch(QEMU) as vm:
            with self.assertRaises(Qmp.NoAnswerError):
                vm.shut_down(Qmp.ShutDownFlags.ASK_ONLY, ask=0.05)
            self.assertTrue(vm.get_connected())

    def test_agent(self):
        launcher = Qmp.Launcher(QEMU)
        self.assertEqual(launcher.add_agent_channel(), 'qmp-glib-agent')
        with Qmp.Machine().launch(launcher) as vm:
            with self.assertRaises(Qmp.NoAnswerError):
                vm.open_agent(timeout=0.05)
            for wrong in ('1', True):
                self.assertRaises(TypeError, vm.open_agent, timeout=wrong)
        with Qmp.Machine().launch(QEMU) as vm:
            with self.assertRaises(GLib.Error) as raised:
                vm.open_agent(timeout=0.05)
            self.assertTrue(raised.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_SUPPORTED))
        self.assertRaises(Qmp.EndedError, vm.open_agent)

    def test_interrupted(self):
        """Ctrl-C ends what blocks, and the machine with it."""
        vm = Qmp.Machine()
        with self.assertRaises(KeyboardInterrupt), vm.launch(QEMU):
            timer = threading.Timer(0.1, os.kill, [os.getpid(), signal.SIGINT])
            timer.start()
            vm.wait_ended()
        timer.join()
        self.assertFalse(vm.get_alive())

    def test_launch_interrupted(self):
        vm = Qmp.Machine()
        with self.assertRaises(KeyboardInterrupt):
            vm.launch(['sh', '-c', 'kill -INT $PPID; exec sleep 1000'])
        self.assertFalse(vm.get_alive())

    def test_opened(self):
        """Who leaves a machine that was opened leaves it running."""
        ours = Qmp.Machine()
        path = f'/tmp/qmp-glib-{os.getpid()}'
        with ours.launch([*QEMU, '-qmp', f'unix:{path},server=on,wait=off']):
            with Qmp.Machine().open(path) as vm:
                self.assertFalse(vm.get_alive())
                with self.assertRaises(Qmp.NoProcessError):
                    vm.kill()
                fd = os.pidfd_open(ours.get_pid())
                vm.set_process(fd)
                os.close(fd)
                self.assertEqual(vm.get_pid(), ours.get_pid())
            self.assertFalse(vm.get_connected())
            self.assertTrue(ours.get_alive())

    async def story(self):
        vm = Qmp.Machine()
        ended = []
        vm.connect('ended', lambda _vm, outcome: ended.append(outcome))
        async with await vm.launch_async(QEMU):
            await vm.pause_async()
            self.assertEqual(vm.get_status_name(), 'paused')
            await vm.resume_async()
            waiting = vm.wait_ended_async()
            outcome = await vm.shut_down_async(ask=0.05, quit=60)
            self.assertIs(await waiting, outcome)
        self.assertEqual(ended, [outcome])
        with self.assertRaises(Qmp.EndedError):
            await vm.open_agent_async(timeout=60)
        with self.assertRaises(Qmp.LaunchError):
            await vm.launch_async([*QEMU, '-nosuch'])
        async with await vm.launch_async(QEMU):
            os.kill(vm.get_pid(), signal.SIGTERM)
            outcome = await vm.wait_ended_async()
        self.assertEqual(outcome.reason, Qmp.OutcomeReason.HOST_SIGNAL)

    def test_asyncio(self):
        asyncio.run(self.story())

    def test_main_loop(self):
        Qmp.run(self.story())

    def test_asyncio_cancelled(self):
        async def launch():
            task = asyncio.create_task(Qmp.Machine().launch_async(['sh', '-c', 'exec sleep 1000']))
            await asyncio.sleep(0.05)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            while True:
                try:
                    os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
                except ChildProcessError:
                    break
                await asyncio.sleep(0.01)

        asyncio.run(launch())

    def test_left_running(self):
        with tempfile.TemporaryDirectory() as directory:
            path = f'{directory}/monitor'
            launcher = Qmp.Launcher(QEMU)
            with open(f'{directory}/log', 'w+b') as log:
                launcher.set_leave_running(path, log)
                with Qmp.Machine().launch(launcher) as vm:
                    pid = vm.get_pid()
                self.assertIsNone(vm.get_outcome())
                other = Qmp.Machine()
                loop = GLib.MainLoop()
                other.connect('notify::connected', lambda *_: loop.quit())
                other.keep_open(path)
                loop.run()
                self.assertTrue(other.get_connected())
                with self.assertRaises(Qmp.StateError):
                    other.open(path)
                other.keep_open(None)
                other.set_process(os.pidfd_open(pid))
                self.assertEqual(other.shut_down(ask=0, quit=60).text, 'host-qmp-quit')
                while vm.get_outcome() is None:
                    GLib.MainContext.default().iteration(True)
                self.assertEqual(vm.get_outcome().exit_status, 0)
            launcher.set_leave_running(None)
            with self.assertRaises(TypeError):
                other.keep_open(5)

    def test_actions(self):
        group = Qmp.Machine().get_action_group()
        self.assertIsInstance(group, Gio.ActionGroup)
        self.assertFalse(any(map(group.get_action_enabled, group.list_actions())))

    def test_thread(self):
        vm = Qmp.Machine()
        errors = []

        def use():
            try:
                vm.launch(QEMU)
            except RuntimeError as error:
                errors.append(error)

        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
        self.assertEqual(len(errors), 1)


if __name__ == '__main__':
    unittest.main(verbosity=2)
