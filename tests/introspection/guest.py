#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guest agents in Python: against a real one, on this machine, and one that is played.

usage: guest.py
"""

import asyncio
import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp


def listens(path):
    """A connection would be an agent's only one."""
    with open('/proc/net/unix', encoding='ascii') as lines:
        return any(line.split()[3] == '00010000' and line.split()[-1] == path for line in lines)


class WithAgent(unittest.TestCase):
    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.directory = stack.enter_context(tempfile.TemporaryDirectory(prefix='qmp-glib-'))
        self.address = os.path.join(self.directory, 'agent')
        program = shutil.which('qemu-ga', path=os.environ['PATH'] + ':/usr/sbin:/sbin')
        process = stack.enter_context(subprocess.Popen(
            [program, '-m', 'unix-listen', '-p', self.address, '-t', self.directory, '-f', f'{self.directory}/pid'],
            stdin=subprocess.DEVNULL))
        # The agent takes a lock in its handler of SIGTERM, and may wait for itself.
        stack.callback(process.kill)
        while not listens(self.address):
            self.assertIsNone(process.poll())
            os.sched_yield()


class Real(WithAgent):
    def test_exec(self):
        with Qmp.GuestAgent.open_address(self.address) as guest:
            self.assertIsInstance(guest.client, Qmp.Client)
            result = guest.exec(['sh', '-c', 'tr a-z A-Z; echo no >&2; exit 3'], input=b'hello', timeout=60)
            self.assertEqual((result.exit_status, result.signal, result.output, result.error_output),
                             (3, 0, b'HELLO', b'no\n'))
            self.assertEqual(repr(result), '<Qmp.GuestExecResult exit status 3, 5 bytes of output>')
            self.assertFalse(result.output_truncated or result.error_output_truncated)
            self.assertEqual(result.reply['return']['exitcode'], 3)
            self.assertEqual(guest.exec(['sh', '-c', 'echo $A'], env={'A': 'b c'}).output, b'b c\n')
            self.assertEqual(guest.exec(['echo', 'x'], flags=Qmp.GuestExecFlags.DISCARD_OUTPUT).output, b'')
            with self.assertRaises(Qmp.ExecuteError):
                guest.exec(['/nonexistent'])
        self.assertEqual(guest.client.get_runstate(), Qmp.Runstate.IDLE)

    def test_exec_too_long(self):
        fifo = os.path.join(self.directory, 'fifo')
        os.mkfifo(fifo)
        with Qmp.GuestAgent.open_address(self.address) as guest:
            with self.assertRaisesRegex(Qmp.TimeoutError, 'still runs in the guest, as process'):
                guest.exec(['cat', fifo], timeout=0.5)
            os.close(os.open(fifo, os.O_RDWR | os.O_NONBLOCK))

    def test_file(self):
        path = os.path.join(self.directory, 'file')
        data = os.urandom(700000)
        with Qmp.GuestAgent.open_address(self.address) as guest:
            self.assertTrue(guest.write_file(path, data))
            self.assertEqual(guest.read_file(path), data)
            self.assertEqual(guest.read_file(path, 5, 7), data[5:12])
            guest.write_file(path, b'end', Qmp.GuestWriteFlags.APPEND)
            self.assertEqual(guest.read_file(path, offset=700000), b'end')
            self.assertEqual(guest.read_file(path, length=0), b'')

    def test_about(self):
        with Qmp.GuestAgent.open_address(self.address) as guest:
            self.assertIn('supported_commands', guest.get_info())
            self.assertIn('kernel-release', guest.get_osinfo())
            self.assertIn('lo', [interface['name'] for interface in guest.get_network_interfaces()])
            self.assertIsInstance(guest.get_users(), list)
            before = time.time()
            self.assertTrue(before - 0.001 <= guest.get_time() <= time.time())

    def test_types(self):
        with Qmp.GuestAgent.open_address(self.address) as guest:
            with self.assertRaises(TypeError):
                guest.exec(['true'], input='text')
            with self.assertRaises(TypeError):
                guest.write_file('/nowhere', 'text')
        # A str is not taken for the list of its characters. Nothing is open: nothing could reach this machine.
        guest = Qmp.GuestAgent(Qmp.Client(guest_agent=True))
        for call in (lambda: guest.exec('true'), lambda: guest.exec(['true'], env='A=B'), lambda: guest.freeze('/'),
                     lambda: guest.add_authorized_keys('root', 'key'), lambda: guest.remove_authorized_keys('root', 'key')):
            self.assertRaisesRegex(TypeError, 'must be a list of str, not str', call)

    def test_await(self):
        async def story():
            async with await Qmp.GuestAgent.open_address_async(self.address, timeout=30) as guest:
                self.assertTrue(await guest.wait_ready_async(timeout=30))
                first, second = await asyncio.gather(guest.exec_async(['echo', '1']), guest.exec_async(['echo', '2']))
                self.assertEqual((first.output, second.output), (b'1\n', b'2\n'))
                self.assertEqual(await guest.read_file_async('/dev/null'), b'')

        asyncio.run(story())

    def test_cancelled(self):
        async def story():
            async with await Qmp.GuestAgent.open_address_async(self.address) as guest:
                with self.assertRaises(asyncio.TimeoutError):
                    await asyncio.wait_for(guest.exec_async(['sleep', '1']), 0.1)

        asyncio.run(story())

    def test_another_thread(self):
        with Qmp.GuestAgent.open_address(self.address) as guest:
            raised = []

            def use():
                try:
                    guest.wait_ready()
                except RuntimeError as error:
                    raised.append(error)

            thread = threading.Thread(target=use)
            thread.start()
            thread.join()
            self.assertEqual(len(raised), 1)


class Played(unittest.TestCase):
    """A guest agent that answers what it is told to."""

    def serve(self, *answers):
        """Answers the commands in turn, and returns a guest agent."""
        here, there = socket.socketpair()
        self.addCleanup(there.close)
        self.addCleanup(here.close)
        self.received = []
        threading.Thread(target=self.answer, args=[there, list(answers)], daemon=True).start()
        return Qmp.GuestAgent.open_address(here, timeout=30)

    def answer(self, there, answers):
        for line in there.makefile('rb'):
            message = json.loads(line.lstrip(b'\xff'))
            if message['execute'] == 'guest-sync-delimited':
                answer = {'return': message['arguments']['id']}
                there.sendall(b'\xff')
            else:
                self.received.append({name: value for name, value in message.items() if name != 'id'})
                answer = answers.pop(0)
                if not answer:
                    continue  # to be silent
                answer = {**answer, 'id': message['id']}
            there.sendall(json.dumps(answer).encode() + b'\n')

    def test_lost(self):
        guest = self.serve({'return': {'pid': 5}},
                           {'error': {'class': 'GenericError', 'desc': 'PID 5 does not exist'}})
        with guest, self.assertRaisesRegex(Qmp.GuestLostError, 'process 5') as caught:
            guest.exec(['true'])
        self.assertTrue(caught.exception.matches(Qmp.GuestAgentError.quark(), Qmp.GuestAgentError.LOST))

    def test_freezing(self):
        guest = self.serve({'return': 2}, {'return': 2}, {'return': 1}, {'return': 0}, {'return': 1}, {'return': 0})
        with guest:
            with guest.freezing(lease=60) as n_frozen:
                self.assertEqual(n_frozen, 2)
            with self.assertRaises(Qmp.GuestThawedError):
                with guest.freezing(['/', '/home']):
                    pass
            with self.assertRaises(ZeroDivisionError):
                with guest.freezing():
                    1 / 0
        self.assertEqual(self.received, [
            {'execute': 'guest-fsfreeze-freeze'}, {'execute': 'guest-fsfreeze-thaw'},
            {'execute': 'guest-fsfreeze-freeze-list', 'arguments': {'mountpoints': ['/', '/home']}},
            {'execute': 'guest-fsfreeze-thaw'},
            {'execute': 'guest-fsfreeze-freeze'}, {'execute': 'guest-fsfreeze-thaw'}])

    def test_freezing_async(self):
        guest = self.serve({'return': 2}, {'return': 2})

        async def story():
            async with guest, guest.freezing() as n_frozen:
                self.assertEqual(n_frozen, 2)

        asyncio.run(story())

    def test_changes(self):
        guest = self.serve(*[{'return': {}}] * 5, {'return': {'keys': ['a', 'b']}})
        with guest:
            self.assertTrue(guest.set_time(1700000000.000001))
            guest.set_time()
            guest.set_user_password('joe', 'hi')
            guest.add_authorized_keys('joe', ['a'], reset=True)
            guest.remove_authorized_keys('joe', ('a',))
            self.assertEqual(guest.get_authorized_keys('joe'), ['a', 'b'])
        self.assertEqual([message.get('arguments') for message in self.received], [
            {'time': 1700000000000001000}, None, {'username': 'joe', 'password': 'aGk=', 'crypted': False},
            {'username': 'joe', 'keys': ['a'], 'reset': True}, {'username': 'joe', 'keys': ['a']}, {'username': 'joe'}])

    def test_power(self):
        guest = self.serve({}, {}, {'error': {'class': 'GenericError', 'desc': 'no'}})
        with guest:
            guest.client.set_timeout(1)
            self.assertTrue(guest.shutdown(Qmp.GuestShutdownMode.REBOOT))
            self.assertTrue(guest.shutdown())
            guest.client.set_timeout(30)
            with self.assertRaises(Qmp.ExecuteError):
                guest.suspend(Qmp.GuestSuspendMode.RAM)
        self.assertEqual(self.received, [{'execute': 'guest-shutdown', 'arguments': {'mode': 'reboot'}},
                                         {'execute': 'guest-shutdown', 'arguments': {'mode': 'powerdown'}},
                                         {'execute': 'guest-suspend-ram'}])

    def test_disabled(self):
        guest = self.serve({'error': {'class': 'CommandNotFound', 'desc': 'Command guest-exec has been disabled'}})
        with guest, self.assertRaisesRegex(Qmp.ExecuteError, 'CommandNotFound: Command guest-exec has been disabled'):
            guest.exec(['true'])


if __name__ == '__main__':
    unittest.main(verbosity=2)
