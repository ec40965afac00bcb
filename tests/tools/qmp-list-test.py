#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qmp list, and machines by their names, against real servers; others may run beside them.

usage: qmp-list-test.py QMP
"""

import json
import os
import resource
import signal
import socket
import unittest
import uuid

import qmpcase
import terminal
from qmpcase import LINK, NO_MACHINE, TIMEOUT, USAGE

NOBODY = 65534


class List(qmpcase.Case):
    def named(self, name, *arguments, monitor='monitor'):
        return self.server(*NO_MACHINE, '-name', name.replace(',', ',,'), *arguments, name=monitor)

    @staticmethod
    def unique(name):
        return f'{name}-{os.getpid()}'

    def found(self, server, **more):
        """What is said of it as JSON."""
        lines = [json.loads(line) for line in self.good('list', '--json', **more).splitlines()]
        return next(line for line in lines if line['pid'] == server.process.pid)

    def rows(self, server):
        """Its lines of the table."""
        lines = self.good('list').splitlines()
        self.assertRegex(lines[0], r'^PID +USER +NAME +TYPE +SPEAKS +ADDRESS +STATE$')
        first = next(i for i, line in enumerate(lines) if line.startswith(f'{server.process.pid} '))
        last = next((i for i in range(first + 1, len(lines)) if lines[i][0] != ' '), len(lines))
        return lines[first:last]

    def test_json(self):
        name, identity = self.unique('json'), str(uuid.uuid4())
        server = self.named(name, '-uuid', identity)
        found = self.found(server)
        path, other, tcp, last = found.pop('endpoints')
        self.assertEqual(found, {'pid': server.process.pid, 'uid': os.getuid(), 'kind': 'machine', 'name': name,
                                 'program': 'qemu-system-x86_64', 'uuid': identity, 'machine-type': 'none',
                                 'stopped': False, 'visible': True})
        description = path.pop('description')
        self.assertRegex(description, r'^socket,id=m0,fd=\d+,server=on,wait=off$')
        self.assertEqual(path, {'kind': 'monitor', 'id': 'm0', 'address': server.path, 'listens': True, 'state': 'free'})
        self.assertEqual(other['address'], server.other_path)
        self.assertEqual((tcp['state'], tcp['address'], tcp['listens']), ('free', server.tcp, True))
        # Of a socketpair whose other end is closed.
        self.assertEqual((last['listens'], 'address' in last), (False, False))

    def test_held(self):
        server = self.named(self.unique('held'))
        program = self.start('wait', server.path, 'SHUTDOWN')
        while self.found(server)['endpoints'][0]['state'] != 'held':
            pass
        held = self.found(server)['endpoints'][0]
        self.assertEqual((held['holder-pid'], held['holder-name']), (program.pid, 'qmp'))
        self.assertRegex(self.rows(server)[0], rf'held by qmp \({program.pid}\)$')
        # By its name one comes to the monitor that is free.
        self.value('call', self.unique('held'), 'query-version')
        self.assertIsNone(program.poll())
        program.send_signal(signal.SIGTERM)

    def test_held_tcp(self):
        server = self.server(*NO_MACHINE)
        program = self.start('wait', server.tcp, 'SHUTDOWN')
        while self.found(server)['endpoints'][2]['state'] != 'held':
            pass
        self.assertEqual([(endpoint['state'], endpoint.get('holder-pid')) for endpoint in self.found(server)['endpoints'][:3]],
                         [('free', None), ('free', None), ('held', program.pid)])
        # Another one, which is not taken, is not whoever holds it.
        with socket.create_connection(server.tcp.split(':')):
            self.assertEqual(self.found(server)['endpoints'][2].get('holder-pid'), program.pid)
        program.send_signal(signal.SIGTERM)
        program.wait()
        os.kill(server.process.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, server.process.pid, os.WSTOPPED | os.WNOWAIT)
        # One that waits for a server that takes nobody.
        with socket.create_connection(server.tcp.split(':')):
            held = self.found(server)['endpoints'][2]
            self.assertEqual((held['state'], 'holder-pid' in held), ('held', True))

    def test_table(self):
        server = self.storage_daemon()
        rows = self.rows(server)
        self.assertRegex(rows[0], rf'^{server.process.pid} .* storage daemon +monitor +{server.path} +free$')
        self.assertRegex(rows[1], rf'^ +monitor +{server.other_path} +free$')
        os.kill(server.process.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, server.process.pid, os.WSTOPPED | os.WNOWAIT)
        self.assertRegex(self.rows(server)[0], r'storage daemon, stopped ')
        self.assertTrue(self.found(server)['stopped'])

    def test_untouched(self):
        """No monitor is connected to: of a server that is stopped that would stay to be seen. And it costs little processor time."""
        servers = [self.server(*NO_MACHINE, name=f'm{n}') for n in range(4)]
        for server in servers:
            os.kill(server.process.pid, signal.SIGSTOP)
            os.waitid(os.P_PID, server.process.pid, os.WSTOPPED | os.WNOWAIT)
        seconds = []
        for words in (['list'], ['list', '--json'], ['list']):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            self.good(*words)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        for server in servers:
            self.assertEqual([endpoint['state'] for endpoint in self.found(server)['endpoints'][:2]], ['free', 'free'])
            # So it would be seen.
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(server.path)
            self.assertEqual(self.found(server)['endpoints'][0]['state'], 'held')
        if 'ASAN_OPTIONS' not in os.environ:
            self.assertLess(min(seconds), 0.05)

    def test_hostile_names(self):
        name = self.unique('\033[31mred\nline\u202e,=') + ' "$(id)"'
        server = self.named(name)
        self.assertEqual(self.found(server)['name'], name)
        output = '\n'.join(self.rows(server))
        self.assertIn('line', output)
        self.assertNotRegex(output, '[\033\u202e]')
        self.assertEqual(self.value('call', name, 'query-name'), {'name': name})

    def test_names(self):
        name, identity = self.unique('vm'), str(uuid.uuid4())
        server = self.named(name, '-uuid', identity)
        for word in (name, identity, identity.upper(), str(server.process.pid)):
            self.assertEqual(self.value('call', word, 'query-name'), {'name': name}, word)
        self.assertEqual(self.value('call', '-', 'query-name', variables={'QMP_SOCKET': name}), {'name': name})
        self.assertEqual(self.good('qom', 'get', name, '/machine', 'type'), 'none-machine\n')
        self.bad(LINK, f'^qmp: There is no file “{name}2”, and no machine of that name runs', 'call', f'{name}2', 'query-name')
        self.bad(LINK, 'has no channel to a guest agent', 'guest', 'ping', name)
        self.bad(LINK, 'has no channel to a guest agent', 'call', '-G', name, 'guest-ping')
        # What is an address in any case is not a name.
        self.bad(LINK, 'No such file', 'call', f'./{name}', 'query-name')
        self.bad(LINK, 'No such file', 'call', f'unix:{name}', 'query-name')

    def test_twins(self):
        name = self.unique('twin')
        pids = sorted(self.named(name, monitor=monitor).process.pid for monitor in ('first', 'second'))
        self.bad(USAGE, f'There are 2 machines “{name}”: the processes {pids[0]}, {pids[1]}', 'call', name, 'query-name')
        self.value('call', str(pids[1]), 'query-name')

    def test_files_first(self):
        name = self.unique('file')
        self.named(name)
        other = self.server(name=name)
        self.assertEqual(self.value('call', name, 'query-name', cwd=self.directory), {})
        # Nobody listens any more, but it is a file.
        other.kill()
        self.bad(LINK, 'Connection refused', 'call', name, 'query-name', cwd=self.directory)

    def test_agent(self):
        agent = terminal.Agent(self.directory, self.addCleanup)
        found = self.found(agent)
        self.assertEqual((found['kind'], found['endpoints'][0]['kind'], found['endpoints'][0]['address']),
                         ('guest-agent', 'agent', agent.path))
        self.good('guest', 'ping', str(agent.process.pid))
        name = self.unique('guest')
        self.server('-machine', 'pc', '-accel', 'tcg', '-S', '-nodefaults', '-display', 'none', '-name', name, '-device',
                    'virtio-serial', '-chardev', f'socket,id=g,path={self.path("g")},server=on,wait=off', '-device',
                    '{"driver": "virtserialport", "chardev": "g", "name": "org.qemu.guest_agent.0"}')
        self.bad(TIMEOUT, 'did not answer in time', '-t', '0.2', 'guest', 'ping', name)

    @unittest.skipIf(os.getuid() != 0, 'only root can be somebody else')
    def test_other_user(self):
        server = self.named(self.unique('other'), '-qmp', f'unix:{self.path("seen")},server=on,wait=off')
        found = self.found(server, user=NOBODY, group=NOBODY, extra_groups=[])
        self.assertEqual((found['name'], found['uid'], found['visible']), (self.unique('other'), 0, False))
        self.assertEqual([endpoint.get('address') for endpoint in found['endpoints']],
                         [None, None, None, None, self.path('seen')] if found['endpoints'][0]['id'] == 'm0'
                         else [self.path('seen'), None, None, None, None])
        found = next(endpoint for endpoint in found['endpoints'] if endpoint.get('address'))
        self.assertEqual((found['state'], 'holder-pid' in found), ('free', False))

    def test_words(self):
        self.bad(USAGE, 'too many words', 'list', 'all')
        self.assertIn('qmp list [OPTION…]', self.good('list', '--help'))
        self.good('--json', 'list', '--')


if __name__ == '__main__':
    unittest.main(argv=[__file__], verbosity=2)
