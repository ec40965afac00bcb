# SPDX-License-Identifier: LGPL-2.1-or-later
"""A QEMU that the program has started, by the client alone."""

import ctypes
import os
import signal
import socket
import subprocess
import tempfile
import time

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import GLib, Qmp

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class LaunchError(Exception):
    pass


def die_with_program():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Launched:
    def __init__(self, command, fds=()):
        self.vm, self.reason = Qmp.Client(), None
        self.ends = Qmp.EventListener.new(['SHUTDOWN'])
        self.vm.add_listener(self.ends)
        ours, theirs = socket.socketpair()
        # QEMU never waits for somebody who reads a file.
        with ours, theirs, tempfile.TemporaryFile() as said:
            self.process = subprocess.Popen(
                [*command, '-chardev',
                 f'socket,id=monitor,fd={theirs.fileno()}',
                 '-mon', 'chardev=monitor,mode=control'],
                pass_fds=[theirs.fileno(), *fds], stderr=said,
                stdin=subprocess.DEVNULL, process_group=0,
                preexec_fn=die_with_program)
            # If QEMU does not start, its end of the pair is closed at once.
            theirs.close()
            try:
                self.vm.open(ours)
            except GLib.Error as error:
                self.kill()
                said.seek(0)
                raise LaunchError(said.read().decode().strip()) from error
            except BaseException:
                self.kill()
                raise

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.shut_down(ask=0, quit=10)

    def get_status_name(self):
        return self.vm.execute('query-status')['status']

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def wait(self, end):
        """Whether it is over before that time; the link is served."""
        try:
            while True:
                event = self.ends.next(max(0, end - time.monotonic()))
                self.reason = event.data['reason']
        except Qmp.TimeoutError:
            return False
        except (Qmp.InterruptedError, Qmp.StateError):
            pass
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            return False
        return True

    def tell(self, command, seconds):
        end = time.monotonic() + seconds
        try:
            self.vm.execute_message(
                Qmp.Message.new_command(command, timeout=seconds))
        except GLib.Error:
            pass  # it is over already, or does not answer
        return self.wait(end)

    def shut_down(self, ask, quit):
        """Returns what has ended it."""
        if self.process.returncode is None and not (
                (ask and self.tell('system_powerdown', ask)) or
                self.tell('quit', quit)):
            self.kill()
        if self.reason:
            return self.reason
        return 'killed' if self.process.returncode < 0 else 'exited'
