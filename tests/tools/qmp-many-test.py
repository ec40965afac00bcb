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
            ('--kind takes .* not “nonsense”', ('list', '--kind', 'nonsense')),
            ('--file names the machines', ('status', '--all', '--file', 'x')),
            ('address is missing', ('status',)),
            ('address is missing', ('pause', '-a', 'x')),
            ('too few words', ('call', '--all')),
            ('too many words: “x”; see', ('status', '--all', 'x')),
            ('too many words: “x”; see', ('top', '--name', 'y', 'x')),
            ('Unknown option --all', ('introspect', '--all')),
            ('Unknown option --also', ('list', '--also', 'x')),
            # Nothing is sent to anybody when one cannot be an address.
            ('The address is empty', ('pause', 'x', '')),
            ('The address is “-”, and QMP_SOCKET is not set', ('pause', 'x', '-a', '-')),
            ('The port “y” in the address “tcp:x:y”', ('pause', 'x', 'tcp:x:y')),
            ('not the name of a command', ('call', 'x', 'a b', '-a', 'y')),
            ('cannot be used', ('status', '--name', 'x', '--tls-ca', self.path('nothing'))),
        ]:
            with self.subTest(words=words):
                self.bad(USAGE, pattern, *words)


class NotThere(Many):
    def test_pattern(self):
        """What is like nothing is said, with a status of its own. Only by verbs that would do no harm to another's machine."""
        said = 'Nothing of a name like “no-machine-has-this-name\\*” runs on this computer$'
        for words in [('status',), ('call', 'query-name'), ('hmp', 'info name'), ('monitor', '-t', '1'), ('list',),
                      ('top', '--once'), ('status', '--json'), ('list', '--json')]:
            with self.subTest(words=words):
                self.bad(LINK, said, words[0], '--name', 'no-machine-has-this-name*', *words[1:])
        self.bad(LINK, 'a name like “” runs', 'status', '--name', '')

    def test_pattern_that_may_come(self):
        """Who waits for what comes is told, and waits."""
        for verb in ('watch', 'export'):
            result = self.run_qmp(verb, '--name', 'no-machine-has-this-name*', '-t', '0.2')
            self.assertEqual((result.returncode, result.stdout), (TIMEOUT, ''))
            self.assertRegex(result.stderr, '^qmp: Nothing of a name like .*\nqmp: The time is over\n$')

    def test_one_pattern_of_several(self):
        a = self.named('some-a')
        result = self.run_qmp('status', '--name', a.name, '--name', 'no-machine-has-this-name')
        self.assertEqual((result.returncode, result.stdout), (FAILED, f'{a.name}: running\n'))
        self.assertEqual(result.stderr, 'qmp: no-machine-has-this-name: Nothing of a name like “no-machine-has-this-name” runs on this '
                                        'computer\n')

    def test_file(self):
        for status, pattern, content in [(USAGE, 'list:2: The port “y”', '# them\ntcp:x:y\n'), (FAILED, 'No such file', None)]:
            if content is not None:
                with open(self.path('list'), 'w', encoding='utf-8') as file:
                    file.write(content)
            self.bad(status, pattern, 'pause', '-F', self.path('list' if content is not None else 'nothing'))
        self.bad(FAILED, 'Is a directory', 'pause', '-F', self.directory)
        # Of a list with nothing in it nothing is wanted.
        self.good('pause', '-F', os.devnull)


class Pushes(Many):
    """What machines are told to do."""

    def test_addresses(self):
        a, b = self.named('a'), self.named('b')
        self.assertEqual(self.good('pause', a.path, b.name), '')
        self.assertEqual(sorted(self.good('status', a.path, b.path).splitlines()), [f'{a.path}: paused', f'{b.path}: paused'])
        self.assertEqual(self.objects(self.good('resume', '--json', a.path, '--', b.path)), {s.path: {'return': {}} for s in (a, b)})
        # One alone is as it was.
        self.assertEqual((self.good('reset', a.path, '--json'), self.good('status', a.path)), ('', 'running\n'))

    def test_hmp(self):
        a, b = self.named('hmp-a'), self.named('hmp-b')
        self.assertEqual(sorted(self.good('hmp', '--name', f'hmp-?-{os.getpid()}', 'info', 'name').splitlines()),
                         [f'{s.name}: {s.name}' for s in (a, b)])

    def test_shut_down_as_json(self):
        a, b = self.named('a'), self.named('b')
        with open(self.path('list'), 'w', encoding='utf-8') as file:
            file.write(f'# both\n {a.path}\n\n{b.path}\n')
        self.assertEqual(self.objects(self.good('shutdown', '-F', self.path('list'), '--ask', '0', '--json')),
                         {s.path: {'return': 'QEMU has quit'} for s in (a, b)})

    def test_one_fails(self):
        """The others do what they are told."""
        a = self.named('a')
        storage = self.storage_daemon()
        result = self.run_qmp('pause', self.path('nobody'), a.path, storage.path)
        self.assertEqual((result.returncode, result.stdout), (FAILED, ''))
        self.assertRegex(result.stderr, r'(?m)^qmp: /[^ ]*/nobody: .*No such file')
        self.assertRegex(result.stderr, rf'(?m)^qmp: {storage.path}: ')
        self.assertEqual(self.good('status', a.path), 'paused\n')

    def test_hung(self):
        """It is given up when its time is over, also with a link that is open."""
        a, hung = self.named('a'), self.named('hung')
        self.stop(hung)
        puppet = self.puppet()
        program = self.start('pause', hung.path, puppet.path, a.path, '-t', '0.5')
        puppet.accept()
        output, errors = program.communicate()
        self.assertEqual((program.returncode, output), (FAILED, ''))
        self.assertEqual(sorted(line.split(': ')[1] for line in errors.splitlines()), sorted([hung.path, puppet.path]))
        self.assertEqual(self.good('status', a.path), 'paused\n')

    def test_vanishes(self):
        """It goes when it has greeted."""
        a, puppet = self.named('a'), self.puppet()
        program = self.start('pause', puppet.path, a.path)
        puppet.accept()
        puppet.take()
        puppet.peer.close()
        output, errors = program.communicate()
        self.assertEqual((program.returncode, output), (FAILED, ''))
        self.assertRegex(errors, f'^qmp: {puppet.path}: [^\n]*\n$')
        self.assertEqual(self.good('status', a.path), 'paused\n')


class Followed(Many):
    """Those that are kept open."""

    def test_names(self):
        a, b, other = self.named('kept-a'), self.named('kept-b'), self.named('other')
        pattern = f'kept-?-{os.getpid()}'
        self.assertEqual(sorted(self.good('list', '--name', pattern, '-f', 'name').splitlines()), [a.name, b.name])
        lines = self.good('top', '--once', '--json', '-i', '0.1', '--name', pattern).splitlines()
        self.assertEqual(sorted(json.loads(line)['machine'] for line in lines), [a.name, b.name])
        lines = self.good('top', '--once', '--json', '-i', '0.1', a.path, '-a', other.path).splitlines()
        self.assertEqual(sorted(json.loads(line)['machine'] for line in lines), [a.path, other.path])
        for verb in ('watch', 'export'):
            program = self.start(verb, '--json', '--name', pattern)
            seen = set()
            while seen != {a.name, b.name}:
                seen.add(json.loads(program.stdout.readline())['machine'])
                self.assertLessEqual(seen, {a.name, b.name})
            program.send_signal(signal.SIGTERM)
            self.assertEqual((program.communicate()[1], program.returncode), ('', DONE))

    def test_comes(self):
        """One that is started later, and whose name is like the pattern."""
        pattern = f'late-?-{os.getpid()}'
        program = self.start('export', '--name', pattern)
        self.assertRegex(program.stderr.readline(), 'Nothing of a name like')
        other, late = self.named('other'), self.named('late-a')
        self.assertEqual(json.loads(program.stdout.readline()), {'machine': late.name, 'connected': True})
        self.good('quit', other.path)
        self.good('quit', late.other_path)
        while (line := json.loads(program.stdout.readline())).get('connected', True):
            self.assertEqual(line['machine'], late.name)
        program.send_signal(signal.SIGTERM)
        self.assertNotIn(other.name, program.communicate()[0])

    def test_storage_daemon(self):
        """It is none of a list's machines, and is kept open all the same."""
        storage = self.storage_daemon()
        pid = str(storage.process.pid)
        self.assertIn(pid, self.good('list', '--kind', 'storage-daemon', '-f', 'pid').splitlines())
        self.assertNotIn(pid, self.good('list', '--kind', 'machine', '--kind', 'guest-agent', '-f', 'pid').splitlines())


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
        held = terminal.start_with_one_monitor(self.path('held'), *NO_MACHINE, '-name', name)
        self.addCleanup(held.wait)
        self.addCleanup(held.kill)
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
            "$0" status -A --kind machine --name c; echo $?
            "$0" pause --all; "$0" resume --name a; "$0" status --all
            "$0" pause --name nobody 2>/dev/null; echo $?; "$0" shutdown --name 'b*' --ask 0; "$0" list --name b -f name 2>/dev/null
            "$0" top --once --kind storage-daemon -i 0.1 --json -f machine
            "$0" quit --all; while "$0" list --kind machine -f pid | grep -q .; do :; done; "$0" status --all; echo $?'''
        result = subprocess.run(['unshare', '--pid', '--fork', '--mount-proc', '--kill-child', 'sh', '-c', script, QMP],
                                capture_output=True, text=True, check=False, timeout=terminal.SECONDS, env=self.environment(),
                                stdin=subprocess.DEVNULL)
        lines = result.stdout.splitlines()
        self.assertEqual(sorted(lines[:2]), ['a: running', 'b: running'], result.stderr)
        self.assertEqual(lines[2], 'b: running')
        self.assertRegex(lines[3], r'^\d+\tn$')
        self.assertEqual((lines[4], result.stderr), ('3', 'qmp: Nothing of a name like “c” runs on this computer\n'))
        self.assertEqual(sorted(lines[5:7]), ['a: running', 'b: paused'])
        self.assertEqual(lines[7:9], ['3', 'b: QEMU has quit'])
        self.assertRegex(lines[9], r'^\d+$')
        # Where all are meant, that there is none is not a failure.
        self.assertEqual(lines[10:], ['0'])


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
