# SPDX-License-Identifier: LGPL-2.1-or-later
"""qmp share, between real servers and clients of all kinds: of this library, qmp-shell, bare sockets, and QEMU's own in Python.

QEMU's own client takes part where its source is: the directory "python" of QEMU's, which the environment variable QEMU_QMP
names or, where the build has put it, QEMU_QMP_HERE.

usage: qmp-share-test.py QMP
"""

import asyncio
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import unittest

import terminal
from qmpcase import DONE, FAILED, LINK, NO_MACHINE, PC, QMP, TIMEOUT, USAGE, Case

QEMU_QMP = os.environ.get('QEMU_QMP') or os.environ.get('QEMU_QMP_HERE', '')
QMP_SHELL = os.path.join(os.path.dirname(QMP), 'qmp-shell')
N_CLIENTS = 100
N_ROUNDS = 3
CAPABILITIES = {'execute': 'qmp_capabilities'}


class Raw:
    """A client that is a bare socket."""

    def __init__(self, path, negotiate=True):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(terminal.SECONDS)
        self.socket.connect(path)
        self.file = self.socket.makefile('rb')
        self.events = []
        self.greeting = self.read()
        if negotiate:
            assert self.exchange(CAPABILITIES) == {'return': {}}

    def say(self, *messages):
        self.socket.sendall(b''.join(json.dumps(message).encode() for message in messages))

    def read(self):
        line = self.file.readline()
        return json.loads(line) if line else None

    def reply(self):
        """The next message that is not an event; those are kept."""
        while True:
            message = self.read()
            if message is None or 'event' not in message:
                return message
            self.events.append(message['event'])

    def exchange(self, message):
        self.say(message)
        return self.reply()

    def execute(self, command, **arguments):
        return self.exchange({'execute': command, 'arguments': arguments})

    def give(self, fd, command, **arguments):
        """A command with a descriptor."""
        socket.send_fds(self.socket, [json.dumps({'execute': command, 'arguments': arguments}).encode()], [fd])

    def close(self):
        self.file.close()
        self.socket.close()


class Share(Case):
    def share(self, *words, server=None, arguments=NO_MACHINE):
        self.qemu = server or self.server(*arguments)
        self.address = self.path('shared')
        program = self.start('share', *words, self.qemu.path, self.address)
        self.assertEqual(program.stdout.readline(), self.address + '\n')
        return program

    def raw(self, **more):
        raw = Raw(self.address, **more)
        self.addCleanup(raw.close)
        return raw


class Program(Share):
    def test_greeting(self):
        self.share()
        own = self.qemu.execute('query-version')['return']
        greeting = self.raw(negotiate=False).greeting['QMP']
        self.assertEqual(greeting, {'version': own, 'capabilities': []})
        self.assertEqual(os.stat(self.address).st_mode & 0o777, 0o600)

    def test_out_of_band(self):
        self.share('--oob')
        raw = self.raw(negotiate=False)
        self.assertEqual(raw.greeting['QMP']['capabilities'], ['oob'])
        raw.exchange({**CAPABILITIES, 'arguments': {'enable': ['oob']}})
        self.assertEqual(raw.exchange({'exec-oob': 'migrate-pause', 'id': 1})['error']['class'], 'GenericError')
        self.assertEqual(raw.exchange({'exec-oob': 'query-name', 'id': 2}),
                         {'id': 2, 'error': {'class': 'GenericError', 'desc': 'The command query-name does not support OOB'}})

    def test_read_only(self):
        self.share('--read-only', arguments=[*NO_MACHINE, '-object', 'secret,id=s,data=swordfish'])
        raw = self.raw()
        self.assertIn('return', raw.execute('query-status'))
        self.assertIn('s', [child['name'] for child in raw.execute('qom-list', path='/objects')['return']])
        for command in ('qom-get', 'quit', 'human-monitor-command', 'device_add'):
            self.assertEqual(raw.execute(command, path='/objects/s', property='data')['error'],
                             {'class': 'CommandNotFound',
                              'desc': f'Command {command} has been disabled: the monitor is read-only'})
        # It is said what was refused, and nobody waits for a guest that was not asked.
        self.bad(FAILED, 'does not end .*Command quit has been disabled: .*read-only', 'shutdown', self.address)
        self.bad(FAILED, 'cannot be asked: Command system_powerdown .*read-only', 'shutdown', '--ask-only', self.address)
        # What is kept from them.
        self.assertEqual(self.qemu.execute('qom-get', path='/objects/s', property='data'), {'return': 'swordfish'})

    def test_port(self):
        server = self.server()
        program = self.start('share', server.path, '127.0.0.1:0')
        address = program.stdout.readline().rstrip('\n')
        self.assertRegex(address, r'^127\.0\.0\.1:[1-9]\d*$')
        self.value('call', address, 'query-status')

    def ends_with(self, number):
        program = self.share()
        raw = self.raw()
        program.send_signal(number)
        self.assertIsNone(raw.read())
        self.assertEqual((program.communicate(), program.returncode), (('', ''), DONE))
        self.assertFalse(os.path.exists(self.address))
        self.assertIn('return', self.qemu.execute('query-status'))

    def test_interrupted(self):
        self.ends_with(signal.SIGINT)

    def test_terminated(self):
        self.ends_with(signal.SIGTERM)

    def test_server_quits(self):
        program = self.share()
        clients = [self.raw() for _ in range(3)]
        clients[0].say({'execute': 'quit', 'id': 'last'})
        self.assertEqual(clients[0].reply(), {'return': {}, 'id': 'last'})
        for client in clients:
            self.assertIsNone(client.reply())
            self.assertEqual(client.events, ['SHUTDOWN'])
        self.assertEqual((program.communicate(), program.returncode), (('', ''), DONE))
        self.assertFalse(os.path.exists(self.address))

    def test_server_dies(self):
        program = self.share()
        raw = self.raw()
        self.qemu.process.kill()
        self.assertIsNone(raw.read())
        self.assertRegex(program.communicate()[1], '^qmp: [^\n]*\n$')
        self.assertEqual(program.returncode, LINK)

    def test_bounds(self):
        server = self.server()
        self.share(server=server)
        self.bad(USAGE, 'too few words', 'share', server.path)
        self.bad(USAGE, 'tcp:nonsense', 'share', self.path('nowhere'), 'tcp:nonsense')
        self.bad(FAILED, 'Cannot listen at', 'share', server.other_path, self.address)
        self.bad(LINK, 'No such file', 'share', self.path('nowhere'), self.path('there'))
        result = self.run_qmp('share', '-t', '0.1', server.other_path, self.path('there'))
        self.assertEqual((result.returncode, result.stdout), (TIMEOUT, self.path('there') + '\n'))


class Descriptors(Share):
    def chardev(self, raw, name, fdname):
        return raw.execute('chardev-add', id=name, backend={
            'type': 'socket', 'data': {'server': False, 'addr': {'type': 'fd', 'data': {'str': fdname}}}})

    @staticmethod
    def has_ended(ours, timeout=0):
        return bool(select.select([ours], [], [], timeout)[0])

    def pair(self):
        ours, its = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(its.close)
        return ours, its

    def test_two_at_once(self):
        """Each finds its own under the same name."""
        self.share()
        clients = [self.raw(), self.raw()]
        pairs = [self.pair(), self.pair()]
        for client, (_, its) in zip(clients, pairs):
            client.give(its.fileno(), 'getfd', fdname='x')
        for number, client in enumerate(clients):
            self.assertEqual(client.reply(), {'return': {}})
            pairs[number][1].close()
            self.assertEqual(self.chardev(client, f'c{number}', 'x'), {'return': {}})
        for number, (ours, _) in enumerate(pairs):
            self.assertFalse(self.has_ended(ours))
            self.assertEqual(clients[0].execute('chardev-remove', id=f'c{number}'), {'return': {}})
            self.assertTrue(self.has_ended(ours, terminal.SECONDS))

    def test_errors(self):
        self.share()
        a, b = self.raw(), self.raw()
        own = Raw(self.qemu.other_path)
        self.addCleanup(own.close)
        ours, its = self.pair()
        a.give(its.fileno(), 'getfd', fdname='x')
        self.assertEqual(a.reply(), {'return': {}})
        its.close()
        for message in (
                {'execute': 'closefd', 'arguments': {'fdname': 'x'}},
                {'execute': 'getfd', 'arguments': {'fdname': 'x'}},
                {'execute': 'getfd'},
                {'execute': 'getfd', 'arguments': {'fdname': 1}},
                {'execute': 'add-fd', 'arguments': {'opaque': 1}},
                {'execute': 'add-fd'},
                {'execute': 'add_client', 'arguments': {'protocol': 'vnc', 'fdname': 'x'}}):
            self.assertEqual(b.exchange(message), own.exchange(message))
        with open(os.devnull) as file:
            for client in (b, own):
                client.give(file.fileno(), 'getfd', fdname='1x')
            self.assertEqual(b.reply(), own.reply())
        self.assertEqual(a.execute('closefd', fdname='y'), own.execute('closefd', fdname='y'))
        self.assertEqual(a.execute('closefd', fdname='x'), {'return': {}})
        self.assertTrue(self.has_ended(ours, terminal.SECONDS))

    def test_left_behind(self):
        """Nobody else can have it, and QEMU does not keep it."""
        self.share()
        raw = self.raw()
        ours, its = self.pair()
        raw.give(its.fileno(), 'getfd', fdname='x')
        raw.reply()
        its.close()
        self.assertFalse(self.has_ended(ours))
        raw.close()
        self.assertTrue(self.has_ended(ours, terminal.SECONDS))

    def test_fdset(self):
        self.share()
        raw = self.raw()
        with open(self.path('disk'), 'w+b') as file:
            file.truncate(65536)
            raw.give(file.fileno(), 'add-fd', **{'fdset-id': 5, 'opaque': 'disk'})
        self.assertEqual(raw.reply()['return']['fdset-id'], 5)
        self.assertEqual(self.raw().execute('blockdev-add', driver='file', filename='/dev/fdset/5', **{'node-name': 'n'}),
                         {'return': {}})


class Crowd(Share):
    """Many clients, of whom some do what they should not."""

    def deaf(self):
        """Asks, and reads nothing."""
        raw = self.raw()
        raw.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                raw.socket.send(b'{"execute": "query-qmp-schema"}' * 100)
        return raw

    def flooding(self):
        """Sends as fast as it can, and reads what it gets."""
        raw = self.raw()
        raw.thread = threading.Thread(target=self.flood, args=(raw,))
        raw.thread.start()
        return raw

    @staticmethod
    def flood(raw):
        for number in range(20):
            raw.say(*[{'execute': 'query-name', 'id': number}] * 100)
            assert all(raw.reply() == {'return': {}, 'id': number} for _ in range(100))

    def junk(self):
        raw = self.raw()
        raw.socket.sendall(b'\xff\x00garbage}{]["' * 1000)
        return raw

    def leaving(self):
        raw = self.raw()
        raw.say(*[{'execute': 'query-qmp-schema', 'id': None}] * 10)
        raw.socket.sendall(b'{"execute": "quit"')
        raw.close()
        return raw

    def passing(self):
        raw = self.raw()
        with open(os.devnull) as file:
            raw.give(file.fileno(), 'getfd', fdname='same')
        return raw

    @staticmethod
    def usage(program):
        with open(f'/proc/{program.pid}/status', encoding='ascii') as file:
            status = dict(line.split(':', 1) for line in file)
        return int(status['VmRSS'].split()[0]), len(os.listdir(f'/proc/{program.pid}/fd'))

    @staticmethod
    def keeps_what_was_freed(program):
        """The address sanitizer does."""
        with open(f'/proc/{program.pid}/maps', encoding='utf-8') as file:
            return 'libasan' in file.read()

    def good(self, clients, number):
        """Nothing is lost, doubled, or somebody else's."""
        for place, client in enumerate(clients):
            client.say(*[{'execute': command, 'id': [number, place, step]}
                         for step, command in enumerate(('query-status', 'nonsense', 'query-version'))])
        for place, client in enumerate(clients):
            replies = [client.reply() for _ in range(3)]
            self.assertEqual([reply['id'] for reply in replies], [[number, place, step] for step in range(3)])
            self.assertIn('running', replies[0]['return'])
            self.assertEqual(replies[1]['error']['class'], 'CommandNotFound')
            self.assertIn('qemu', replies[2]['return'])

    def round(self, clients, number):
        guilty = [self.deaf(), self.flooding(), self.junk(), self.leaving()]
        passing = [self.passing(), self.passing()]
        self.good(clients, number)
        for raw in passing:
            self.assertEqual(raw.reply(), {'return': {}})
            self.assertEqual(raw.execute('closefd', fdname='same'), {'return': {}})
        guilty[1].thread.join()
        self.good(clients, -number)
        for raw in [*guilty, *passing]:
            raw.close()

    def test_hundred(self):
        program = self.share(arguments=PC)
        clients = [self.raw() for _ in range(N_CLIENTS - 6)]
        usages = []
        for number in range(N_ROUNDS + 1):
            self.round(clients, number)
            # The last of the clients that have left is gone when this is answered.
            self.good(clients[:1], number)
            usages.append(self.usage(program))
        if not self.keeps_what_was_freed(program):
            self.assertLessEqual(usages[-1][0], usages[1][0] + 1024, 'memory')
        self.assertLessEqual(usages[-1][1], usages[0][1], 'descriptors')
        # All of them have heard the same.
        self.qemu.execute('cont')
        self.qemu.execute('stop')
        for client in clients:
            while len(client.events) < 2:
                client.events.append(client.read()['event'])
            self.assertEqual(client.events, ['RESUME', 'STOP'])


class Kinds(Share):
    """All at once, over one monitor."""

    N_CALLS = 20

    def library(self):
        for _ in range(self.N_CALLS):
            self.assertIn('running', self.value('call', self.address, 'query-status'))

    def bare(self):
        raw = Raw(self.address)
        for number in range(self.N_CALLS * 20):
            assert raw.exchange({'execute': 'query-name', 'id': number}) == {'return': {}, 'id': number}
        raw.close()

    def shell(self, command):
        lines = 'query-status\nquery-name\n' * self.N_CALLS
        result = subprocess.run([*command, self.address], input=lines, capture_output=True, text=True, check=False,
                                timeout=terminal.SECONDS, env=self.environment(PYTHONPATH=QEMU_QMP))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout.count('running"'), 2 * self.N_CALLS, result.stdout)

    def own_shell(self):
        self.shell([QMP_SHELL])

    def their_shell(self):
        self.shell([sys.executable, '-m', 'qemu.qmp.qmp_shell'])

    def their_client(self):
        sys.path.insert(0, QEMU_QMP)
        from qemu.qmp import QMPClient  # noqa: PLC0415

        async def run():
            client = QMPClient('theirs')
            await client.connect(self.address)
            for _ in range(self.N_CALLS):
                replies = await asyncio.gather(*[client.execute('query-status') for _ in range(20)])
                assert all('running' in reply for reply in replies)
            await client.disconnect()

        asyncio.run(run())

    def run_all(self, *functions):
        failures = []

        def run(function):
            try:
                function()
            except BaseException as error:  # in a thread: raised below
                failures.append((function.__name__, error))

        threads = [threading.Thread(target=run, args=(function,)) for function in functions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])

    def test_ours(self):
        self.share()
        shells = [self.own_shell] if os.path.exists(QMP_SHELL) else []
        self.run_all(self.library, self.bare, self.bare, *shells)

    @unittest.skipUnless(os.path.isdir(QEMU_QMP), "there is no QEMU's source")
    def test_theirs_as_well(self):
        self.share()
        self.run_all(self.library, self.bare, self.own_shell, self.their_shell, self.their_client, self.their_client)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
