#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One command, or a monitor, for several servers at once. Only what this test has started is asked: other machines may run beside it.

usage: qmp-many-test.py QMP
"""

import json
import os
import select
import shutil
import signal
import subprocess
import unittest

import qmpcase
import terminal
from qmpcase import DONE, FAILED, LINK, NO_MACHINE, QMP, TIMEOUT, USAGE


class Many(qmpcase.Case):
    def named(self, name, *arguments):
        """The name is one that no other test has."""
        name = f'{name}-{os.getpid()}'
        server = self.server(*NO_MACHINE, '-name', name, *arguments, name=name)
        server.name = name
        return server

    def both(self, *words):
        """Two machines, and what the program says of them and leaves with, in the order of their names."""
        a, b = self.named('a'), self.named('b')
        result = self.run_qmp(*(word for pattern in words for word in ([a.path, '-a', b.path] if pattern == 'X' else [pattern])))
        return a, b, sorted(result.stdout.splitlines()), sorted(result.stderr.splitlines()), result.returncode

    def stop(self, server):
        os.kill(server.process.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, server.process.pid, os.WSTOPPED | os.WNOWAIT)

    def objects(self, output):
        """What is said with --json, by the machines' names; each says one thing."""
        lines = [json.loads(line) for line in output.splitlines()]
        found = {line.pop('machine'): line for line in lines}
        self.assertEqual(len(found), len(lines))
        return found


class Commands(Many):
    def test_status(self):
        a, b, lines, errors, status = self.both('status', 'X')
        self.assertEqual((lines, errors, status), ([f'{a.path}: running', f'{b.path}: running'], [], DONE))
        # By their names.
        self.assertEqual(sorted(self.good('status', a.name, '--also', b.name).splitlines()),
                         [f'{a.name}: running', f'{b.name}: running'])

    def test_call(self):
        a, b, lines, errors, status = self.both('call', 'X', 'query-name')
        self.assertEqual((lines, errors, status), ([f'{s.path}: {{"name": "{s.name}"}}' for s in (a, b)], [], DONE))
        self.assertEqual(self.objects(self.good('call', a.path, 'query-name', '-ja', b.path)),
                         {s.path: {'return': {'name': s.name}} for s in (a, b)})
        self.assertEqual(sorted(self.good('call', a.path, 'query-name', '-a', b.path, '-f', 'name').splitlines()),
                         [f'{s.path}\t{s.name}' for s in (a, b)])
        pretty = self.good('call', a.path, 'query-name', '-a', b.path, '-p').splitlines()
        self.assertEqual(sorted(pretty)[:3], [f'{a.path}:     "name": "{a.name}"', f'{a.path}: {{', f'{a.path}: }}'])

    def test_messages(self):
        """Each is sent to each, and none behind one that fails."""
        a, b, lines, errors, status = self.both('call', 'X', '{"execute": "query-name"} {"execute": "nonsense"} {"execute": "quit"}')
        self.assertEqual(lines, [f'{s.path}: {{"name": "{s.name}"}}' for s in (a, b)])
        self.assertEqual((errors, status), ([f'qmp: {s.path}: CommandNotFound: The command nonsense has not been found'
                                             for s in (a, b)], FAILED))
        self.good('call', a.path, '-a', b.path, 'query-name', '{}')
        self.good('call', a.path, '-a', b.path, 'query-name', '-', input='{}')

    def test_text_where_it_is_wanted(self):
        a, b, lines, errors, status = self.both('call', 'X', 'object-add', 'qom-type=secret', 'id=s', 'data=0012')
        self.assertEqual((lines, errors, status), ([f'{a.path}: {{}}', f'{b.path}: {{}}'], [], DONE))
        # Of a property the object itself is asked.
        self.good('call', a.path, '-a', b.path, 'qom-set', 'path=/machine', 'property=kernel', 'value=0012')
        self.assertEqual(self.good('qom', 'get', b.path, '/machine', 'kernel'), '0012\n')

    def test_failures(self):
        a = self.named('a')
        result = self.run_qmp('status', a.path, '-a', self.path('nobody'), '-a', 'no-machine-has-this-name')
        self.assertEqual((result.returncode, result.stdout), (FAILED, f'{a.path}: running\n'))
        self.assertRegex(result.stderr, r'(?m)^qmp: /[^ ]*/nobody: .*No such file')
        self.assertRegex(result.stderr, r'(?m)^qmp: no-machine-has-this-name: There is no file')
        result = self.run_qmp('call', '--json', a.path, 'nonsense', '-a', self.path('nobody'))
        self.assertEqual((result.returncode, result.stderr), (FAILED, ''))
        found = self.objects(result.stdout)
        self.assertEqual(found[a.path], {'error': {'class': 'CommandNotFound', 'desc': 'The command nonsense has not been found'}})
        self.assertRegex(found[self.path('nobody')]['error']['desc'], 'No such file')
        self.assertNotIn('class', found[self.path('nobody')]['error'])

    def test_hung(self):
        """One that hangs delays nobody."""
        a, hung = self.named('a'), self.named('hung')
        self.stop(hung)
        program = self.start('status', hung.path, '-a', a.path, '-a', a.other_path, '-t', str(terminal.SECONDS))
        self.assertEqual({program.stdout.readline(), program.stdout.readline()}, {f'{s}: running\n' for s in (a.path, a.other_path)})
        self.assertIsNone(program.poll())
        os.kill(hung.process.pid, signal.SIGCONT)
        self.assertEqual(program.communicate(), (f'{hung.path}: running\n', ''))
        self.assertEqual(program.returncode, DONE)

    def test_timeout(self):
        """Of each: before it has greeted, and afterwards."""
        hung = self.named('hung')
        self.stop(hung)
        puppet = self.puppet()
        program = self.start('status', hung.path, '-a', puppet.path, '-t', '0.5', '--json')
        puppet.accept()
        output, errors = program.communicate()
        self.assertEqual((program.returncode, errors), (FAILED, ''))
        found = self.objects(output)
        self.assertEqual({name: list(line) for name, line in found.items()}, {hung.path: ['error'], puppet.path: ['error']})

    def test_many(self):
        """More than are asked at a time."""
        n = 70
        puppet = self.puppet()
        program = self.start('status', puppet.path, *['-a', puppet.path] * (n - 1))
        peers = []
        for _ in range(n):
            puppet.accept()
            peers.append(puppet.peer)
            puppet.answer(puppet.take(), {'status': 'running'})
        self.assertEqual(program.communicate(), (f'{puppet.path}: running\n' * n, ''))
        self.assertEqual(program.returncode, DONE)
        for peer in peers:
            peer.close()

    def test_words(self):
        for pattern, words in [
            ('A file descriptor is for one server', ('call', 'x', 'y', '-a', 'z', '--fd', '1')),
            ('standard input are for one', ('call', 'x', '-', '-a', 'z')),
            ('--also has an ADDRESS', ('status', '--all', '-a', 'x')),
            ('--kind takes', ('status', '--kind', 'nonsense')),
            ('--kind takes', ('status', '--kind', 'guest-agent')),
            ('too few words', ('call', '--all')),
            ('too many words: “x”; see', ('status', '--all', 'x')),
            ('too many words: “y”; another server is given with --also', ('status', 'x', 'y')),
            ('Unknown option --all', ('pause', '--all')),
            ('not the name of a command', ('call', 'x', 'a b', '-a', 'y')),
            ('cannot be used', ('status', '--name', 'x', '--tls-ca', self.path('nothing'))),
        ]:
            with self.subTest(words=words):
                self.bad(USAGE, pattern, *words)
        # No machine is like it, and nothing has failed.
        self.assertEqual(self.good('status', '--name', 'no-machine-has-this-name*'), '')


class All(Many):
    def test_names(self):
        """Those whose names are like a pattern."""
        a, b, twin = self.named('all-a'), self.named('all-b', '-S'), self.named('all-c')
        second = self.server(*NO_MACHINE, '-name', twin.name, name='second')
        lines = self.good('status', '--name', f'all-?-{os.getpid()}').splitlines()
        self.assertEqual(sorted(lines), sorted([f'{a.name}: running', f'{b.name}: prelaunch', f'{twin.process.pid}: running',
                                                f'{second.process.pid}: running']))
        one_way = self.server(*NO_MACHINE)  # not named: never asked
        self.assertNotIn(str(one_way.process.pid), '\n'.join(lines))

    def test_held(self):
        """One that somebody is connected to is skipped. It has one monitor."""
        name = f'held-{os.getpid()}'
        held = subprocess.Popen(['qemu-system-x86_64', *NO_MACHINE, '-name', name, '-qmp',
                                 f'unix:{self.path("held")},server=on,wait=off'], stdin=subprocess.DEVNULL)
        self.addCleanup(held.wait)
        self.addCleanup(held.kill)
        while not os.path.exists(self.path('held')) or 'free' not in self.good('list', '-f', 'name', '-f', 'endpoints[0].state'):
            os.sched_yield()
        holder = self.start('call', self.path('held'), '-', stdin=subprocess.PIPE)
        holder.stdin.write('query-name\n')
        holder.stdin.flush()
        self.assertEqual(json.loads(holder.stdout.readline()), {'name': name})
        result = self.run_qmp('status', '--name', name)
        self.assertEqual((result.returncode, result.stdout), (DONE, ''))
        self.assertEqual(result.stderr, f'qmp: {name}: skipped: qmp ({holder.pid}) is connected to it\n')
        # Who asks that one alone waits for it, and is told then.
        self.bad(TIMEOUT, rf'; qmp \({holder.pid}\) is connected to it', 'status', '-t', '1', name)
        self.assertEqual(self.objects(self.good('status', '--json', '--name', name)),
                         {name: {'skipped': f'qmp ({holder.pid}) is connected to it'}})
        holder.communicate()
        self.assertEqual(self.good('status', '--name', name), f'{name}: running\n')

    @unittest.skipIf(os.getuid() != 0 or shutil.which('unshare') is None, 'a list of processes of our own takes root, and unshare')
    def test_all(self):
        """Among processes of our own, so that nobody else's machines are asked."""
        script = f'''
            for name in a b; do
              qemu-system-x86_64 {" ".join(NO_MACHINE)} -name $name -daemonize -qmp unix:{self.directory}/$name,server=on,wait=off
            done
            qemu-storage-daemon --daemonize --pidfile {self.directory}/pid --blockdev null-co,node-name=n \\
              --chardev socket,id=c,path={self.directory}/s,server=on,wait=off --monitor c
            "$0" status --all; "$0" status --all --name b; "$0" call --kind storage-daemon query-named-block-nodes -f node-name
            "$0" status -A --kind machine --name c; echo $?'''
        result = subprocess.run(['unshare', '--pid', '--fork', '--mount-proc', '--kill-child', 'sh', '-c', script, QMP],
                                capture_output=True, text=True, check=False, timeout=terminal.SECONDS, env=self.environment(),
                                stdin=subprocess.DEVNULL)
        lines = result.stdout.splitlines()
        self.assertEqual(sorted(lines[:2]), ['a: running', 'b: running'], result.stderr)
        self.assertEqual(lines[2], 'b: running')
        self.assertRegex(lines[3], r'^\d+\tn$')
        self.assertEqual((lines[4:], result.stderr), (['0'], ''))


class Monitor(Many):
    def test_events(self):
        a, b = self.named('a'), self.named('b')
        program = self.start('monitor', a.path, '-a', b.path, 'STOP')
        plain = self.start('monitor', '--json', a.tcp, '-a', b.tcp)
        for server in (a, b):
            while not self.is_heard(program, server, 'cont', 'stop'):
                pass
        for server in (a, b):
            server.execute('quit')
        for line in program.stdout:
            self.assertRegex(line, rf'^({a.path}|{b.path}): \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{{6}} STOP\n$')
        self.assertEqual((program.wait(), program.stderr.read()), (DONE, ''))
        lines = [json.loads(line) for line in plain.stdout]
        self.assertCountEqual([line['machine'] for line in lines if line['event'] == 'SHUTDOWN'], [a.tcp, b.tcp])
        self.assertEqual(list(lines[-1])[0], 'machine')
        self.assertEqual((plain.wait(), plain.stderr.read()), (DONE, ''))

    @staticmethod
    def is_heard(program, server, *commands):
        """Makes the machine say something until the monitor has it."""
        for command in commands:
            server.execute(command)
        ready = select.select([program.stdout], [], [], 0)[0]
        return bool(ready) and program.stdout.readline().startswith(server.path)

    def test_ends(self):
        """One that goes is told of, and the others are followed."""
        puppet = self.puppet()
        a = self.named('a')
        program = self.start('monitor', a.path, '-a', puppet.path, '-a', self.path('nobody'))
        puppet.accept()
        puppet.peer.close()
        errors = sorted(program.stderr.readline() for _ in range(2))
        self.assertRegex(errors[0], r'/nobody: .*No such file')
        self.assertRegex(errors[1], r'/puppet: .*closed the connection')
        while not self.is_heard(program, a, 'cont', 'stop'):
            pass
        a.execute('quit')
        program.communicate()
        self.assertEqual(program.returncode, FAILED)

    def test_event_of_another(self):
        """A server cannot speak as another one."""
        puppet = self.puppet()
        program = self.start('monitor', '--json', puppet.path, '-a', self.path('nobody'))
        puppet.accept()
        puppet.send({'event': 'SHUTDOWN', 'timestamp': {'seconds': 1, 'microseconds': 2}, 'machine': 'a'})
        puppet.peer.close()
        lines = [json.loads(line) for line in program.communicate()[0].splitlines()]
        self.assertEqual([line['machine'] for line in lines if 'event' in line], [puppet.path])

    def test_wrong_event(self):
        """Of a server that does not have it; with one alone that would be the end."""
        a = self.named('a')
        storage = self.storage_daemon()
        program = self.start('monitor', storage.path, '-a', a.path, 'STOP')
        self.assertRegex(program.stderr.readline(), f'^qmp: {storage.path}: .*STOP')
        while not self.is_heard(program, a, 'cont', 'stop'):
            pass
        self.assertIsNone(program.poll())
        a.execute('quit')
        program.communicate()
        self.assertEqual(program.returncode, FAILED)
        self.bad(LINK, 'No such file', 'monitor', self.path('nobody'))

    def test_fields(self):
        a, puppet = self.named('a'), self.puppet()
        program = self.start('monitor', a.path, '-a', puppet.path, '-f', 'event', '-f', 'data.x')
        puppet.accept()
        puppet.send({'event': 'A', 'data': {'x': 1}, 'timestamp': {'seconds': 1, 'microseconds': 2}})
        self.assertEqual(program.stdout.readline(), f'{puppet.path}\tA\t1\n')
        puppet.send({'event': 'SHUTDOWN', 'timestamp': {'seconds': 1, 'microseconds': 2}})
        self.assertEqual(program.stdout.readline(), f'{puppet.path}\tSHUTDOWN\t\n')
        puppet.peer.close()
        a.execute('quit')
        program.communicate()
        self.assertEqual(program.returncode, DONE)

    def test_timeout(self):
        a, b = self.named('a'), self.named('b')
        self.bad(TIMEOUT, 'The time is over', 'monitor', a.path, '-a', b.path, '-t', '0.5')


if __name__ == '__main__':
    unittest.main(argv=[__file__], verbosity=2)
