#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qmp top, in a terminal that the test plays, against real servers and one that the test plays as well. It asks what it has started
itself: other machines may run beside it.

usage: qmp-top-test.py QMP
"""

import json
import os
import signal
import sys
import unittest

import emulator
import qmpcase
import terminal
from qmpcase import NO_MACHINE, PC, QMP, TIMEOUT, USAGE

# Starts a program in a group of its own as a shell does, says when it was stopped, and lets it go on when it is told a line.
SHELL = '''
import os, signal, sys
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
child = os.fork()
if child == 0:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execv(sys.argv[1], sys.argv[1:])
_, status = os.waitpid(child, os.WUNTRACED)
assert os.WIFSTOPPED(status)
os.tcsetpgrp(0, os.getpgrp())
print('stopped', flush=True)
sys.stdin.readline()
os.tcsetpgrp(0, child)
os.kill(child, signal.SIGCONT)
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
'''


class Top(qmpcase.Case):
    def named(self, name, *arguments):
        """No other test has one of that name."""
        name = f'{name}-{os.getpid()}'
        server = self.server(*(arguments or NO_MACHINE), '-name', name, name=name)
        server.name = name
        return server

    def top(self, *words, columns=80, rows=24, command=(QMP, 'top', '-i', '0.1'), **variables):
        screen = emulator.Emulator([*command, *words], self.directory, columns=columns, rows=rows, **variables)
        self.addCleanup(screen.kill)
        return screen

    def stop(self, server):
        os.kill(server.process.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, server.process.pid, os.WSTOPPED | os.WNOWAIT)

    def objects(self, output):
        return [json.loads(line) for line in output.splitlines()]

    def answer(self, puppet):
        """What is asked all the time, until something else is asked, which is returned."""
        while True:
            command = puppet.take()
            if command['execute'] in ('query-blockstats', 'query-cpus-fast'):
                puppet.answer(command, [])
            else:
                return command


class Screen(Top):
    def test_wide(self):
        a, b = self.named('a'), self.named('b')
        screen = self.top(a.name, b.name, columns=200)
        screen.show(rf'^{a.name} +{a.process.pid} running +\d+\.\d +0 +0 +0 +0$', rf'^{b.name} .* running .* 0$')
        self.assertRegex(screen.lines()[0], r'^qmp top  \d\d:\d\d:\d\d  2 machines, 2 running$')
        self.assertRegex(screen.lines()[1], r'^NAME +PID STATUS +CPU% VCPU% +READ/s WRITE/s +READS WRITES WORK$')
        self.assertRegex(screen.lines()[23], r'^q leave  h help')
        screen.type('q')
        self.assertEqual((screen.leave(), screen.is_restored()), (0, True))

    def test_narrow(self):
        a = self.named('with-a-name-that-is-long')
        screen = self.top(a.name, columns=30)
        lines = screen.show(r'^with-a-name…? *running +\d+\.\d *|^with-a.* running')
        self.assertRegex(lines[1], r'^NAME +STATUS +CPU%')
        self.assertLessEqual(max(map(len, lines)), 30)
        self.assertTrue(lines[23].endswith('…'))

    def test_resize(self):
        """The width is another one, and the lines fewer than there are machines."""
        servers = [self.named(f'm{number}') for number in range(4)]
        screen = self.top(*(server.name for server in servers), columns=200)
        screen.show(r'^m3-.*running', 'READS')
        for columns, rows in ((30, 10), (200, 24), (1, 1), (100, 5), (80, 24)):
            screen.set_size(columns, rows)
            if columns > 1:
                screen.show(r'^m0-\S* .*running', r'^q leave')
            while ('READS' in '\n'.join(screen.lines())) != (columns >= 80):
                screen.step(emulator.soon())
        screen.set_size(60, 6)
        screen.show(r'^m0-', r'^m1-', r'^m2-', '^q leave')
        self.assertEqual([line[:2] for line in screen.lines()[2:5]], ['m0', 'm1', 'm2'])
        screen.type('\x1b[F')
        screen.show(r'^m1-', r'^m2-', r'^m3-')
        self.assertEqual([line[:2] for line in screen.lines()[2:5]], ['m1', 'm2', 'm3'])
        screen.type('\x1b[A\x1b[5~')
        screen.show(r'^m0-')

    def test_nothing_blinks(self):
        """It is erased once, and what comes then is no more than what has changed."""
        screen = self.top(self.named('a').name)
        screen.show(r'^a-.* running .* 0$')
        screen.drawn.clear()
        for verb, status in (('p', 'paused'), ('r', 'running')):
            screen.type(verb)
            screen.show(rf'^a-.* {status}', 'is paused' if verb == 'p' else 'goes on')
        self.assertEqual(screen.erased, 1)
        self.assertLess(max(map(len, screen.drawn)), 400)
        screen.type('\x0c')
        screen.show(r'^a-.* running')
        while screen.erased == 1:
            screen.show('qmp top')
            screen.step(emulator.soon())

    def test_restored(self):
        """Whatever ends it."""
        server = self.named('a')
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGSEGV):
            screen = self.top(server.name)
            screen.show(r'^a-.*running')
            self.assertEqual(screen.modes, {'1049': True, '25': False, '7': False})
            before = terminal.termios.tcgetattr(screen.fd)
            self.assertFalse(before[3] & terminal.termios.ECHO)
            if number == signal.SIGINT:
                screen.type('\x03')
            else:
                os.kill(screen.pid, number)
            self.assertEqual((screen.leave(), screen.is_restored()), (-number, True), number)

    def test_nobody_reads(self):
        """A terminal that takes nothing does not keep it."""
        screen = self.top(self.named('a').name, columns=200, rows=60)
        screen.show(r'^a-.*running')
        # Each draws all again.
        screen.type('\x0c' * 200)
        os.kill(screen.pid, signal.SIGTERM)
        _, status = os.waitpid(screen.pid, 0)
        screen.pid = 0
        self.assertEqual(os.waitstatus_to_exitcode(status), -signal.SIGTERM)
        os.close(screen.fd)

    def test_stopped(self):
        """Ctrl-Z gives the terminal back, and going on takes it again."""
        screen = self.top(self.named('a').name, command=(sys.executable, '-c', SHELL, QMP, 'top', '-i', '0.1'))
        screen.show(r'^a-.*running')
        screen.type('\x1a')
        while 'stopped' not in screen.text:
            screen.step(emulator.soon())
        self.assertTrue(screen.is_restored())
        self.assertTrue(terminal.termios.tcgetattr(screen.fd)[3] & terminal.termios.ECHO)
        screen.clear()
        screen.type('\n')
        screen.show(r'^a-.*running', r'^q leave')
        self.assertFalse(terminal.termios.tcgetattr(screen.fd)[3] & terminal.termios.ECHO)
        screen.type('q')
        self.assertEqual((screen.leave(), screen.is_restored()), (0, True))

    def test_killed_and_continued(self):
        """Something else has written meanwhile."""
        screen = self.top(self.named('a').name)
        screen.show(r'^a-.*running')
        screen.clear()
        os.kill(screen.pid, signal.SIGSTOP)
        os.kill(screen.pid, signal.SIGCONT)
        screen.show(r'^qmp top', r'^a-.*running', r'^q leave')


class Keys(Top):
    def test_selection(self):
        """What is selected stays selected, wherever it comes to stand."""
        servers = [self.named(name) for name in 'abc']
        screen = self.top(*(server.name for server in servers))
        screen.show(r'^c-.*running')
        self.assertEqual(screen.style_of('^a-'), '0;7')
        for keys, name in (('\x1b[B', 'b'), ('j', 'c'), ('j', 'c'), ('\x1b[H', 'a'), ('\x1b[6~', 'c'), ('k', 'b'), ('\x1bOB', 'c')):
            screen.type(keys)
            while screen.style_of(f'^{name}-') != '0;7':
                screen.step(emulator.soon())
        screen.type('p')
        screen.show(r'^c-.*paused')
        # By the processor, reads, writes, then by the status: one that is paused stands in front.
        screen.type('ssss')
        while not screen.lines()[2].startswith('c-'):
            screen.step(emulator.soon())
        self.assertEqual(screen.style_of('^c-'), '0;7')

    def test_questions(self):
        server = self.named('a')
        screen = self.top(server.name)
        screen.show(r'^a-.*running')
        for answer in ('n', '\x1b', '\r', 'q'):
            screen.type('R')
            screen.show(rf'^y/n: Reset {server.name}\?$')
            screen.type(answer)
            screen.show('^q leave')
        self.assertNotIn('RESET', '\n'.join(screen.lines()))
        screen.type('Ry')
        screen.show(rf'^{server.name} was reset$', rf'^\d\d:\d\d:\d\d {server.name} RESET {{"guest": false')
        screen.type('Py')
        screen.show('power button .* was pressed', 'POWERDOWN')
        screen.type('Q')
        screen.show('^y/n: Let QEMU quit')
        screen.type('y')
        screen.show(r'^a-.*not there', '1 not open', 'SHUTDOWN', 'QEMU has quit')
        self.assertEqual(server.process.wait(), 0)
        # Any key leads to why; nothing can be told to it.
        screen.type('R')
        screen.show(f'^No machine “{server.name}” runs')
        screen.type('q')
        self.assertEqual(screen.leave(), 0)

    def test_help(self):
        screen = self.top(self.named('a').name)
        screen.show(r'^a-.*running')
        screen.type('h')
        screen.show('let QEMU quit', 'any key leads back')
        # Not the key of a verb, meanwhile.
        screen.type('p')
        screen.show(r'^a-.*running')
        screen.type('?')
        screen.show('leave; machines run on')
        screen.type('\x1b[15~')
        screen.show(r'^a-.*running')

    def test_refused(self):
        """What the machine says is shown."""
        puppet = self.puppet()
        screen = self.top(puppet.path)
        puppet.accept()
        puppet.answer_machine()
        screen.show('running')
        screen.type('p')
        command = self.answer(puppet)
        self.assertEqual(command['execute'], 'stop')
        puppet.send({'error': {'class': 'GenericError', 'desc': 'no \x1b[2J\u202e'}, 'id': command['id']})
        command = self.answer(puppet)
        self.assertEqual(command['execute'], 'query-status')
        puppet.answer(command, {'status': 'running'})
        screen.show(r'puppet: no \\x1b\[2J\\u202e')


class Machines(Top):
    def test_hung(self):
        """One delays nobody, and is shown; of what it is asked a single command waits."""
        a, puppet = self.named('a'), self.puppet()
        screen = self.top(a.name, puppet.path)
        puppet.accept()
        puppet.answer_machine()
        self.assertEqual(puppet.take()['execute'], 'query-blockstats')
        screen.show(r'^a-.*running', r'no answer', '1 not open', '2 machines, 1 running')
        screen.type('jp')
        screen.show(r'^a-.*paused')
        puppet.peer.setblocking(False)
        commands = []
        try:
            while True:
                commands.append(puppet.take())
        except BlockingIOError:
            pass
        self.assertNotIn('query-blockstats', [command['execute'] for command in commands])

    def test_stopped_process(self):
        a, b = self.named('a'), self.named('b')
        self.stop(a)
        screen = self.top(a.name, b.name)
        screen.show(r'^a-.*stopped', r'^b-.*running +\d', r'^The process .* is stopped')
        os.kill(a.process.pid, signal.SIGCONT)
        screen.show(r'^a-.*running')

    def test_held(self):
        """A monitor that somebody uses is left alone."""
        path, name = self.path('only'), f'held-{os.getpid()}'
        process = terminal.start_with_one_monitor(path, *NO_MACHINE, '-name', name)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        holder = self.start('wait', path, 'SHUTDOWN')
        while f'held by qmp ({holder.pid})' not in self.good('list'):
            pass
        screen = self.top(name)
        screen.show(rf'^{name} +{process.pid} held +\d', rf'The process {holder.pid} \(qmp\) holds the monitor')
        holder.kill()
        screen.show(rf'^{name} .* running')

    def test_gone(self):
        server = self.named('a')
        screen = self.top(server.path)
        screen.show(r'running')
        server.kill()
        os.unlink(server.path)
        screen.show(r'no link')

    def test_jobs(self):
        server = self.storage_daemon()
        server.execute('blockdev-mirror', **{'job-id': 'copy\x1b[2J', 'device': 'source', 'target': 'target', 'sync': 'full',
                                             'speed': 1024})
        server.execute('blockdev-mirror', **{'job-id': 'copy', 'device': 'source', 'target': 'target', 'sync': 'full',
                                             'speed': 1024})
        screen = self.top(server.path, columns=120)
        screen.show(r'open .* copy \d+ %', '^JOBS$', r'copy +running +\[#* *\] +\d+ % [\d.]+M?/67M')
        screen.set_size(40, 10)
        screen.show(r'copy +running +(\[#* *\])? +\d+ %')
        server.execute('job-cancel', id='copy')
        while 'JOBS' in screen.lines():
            screen.step(emulator.soon())

    def test_migration(self):
        server = self.named('a', *PC)
        server.execute('migrate-set-capabilities', capabilities=[{'capability': 'pause-before-switchover', 'state': True}])
        server.execute('cont')
        screen = self.top(server.name, columns=120)
        screen.show(r'^a-.*running')
        server.execute('migrate', uri='exec:cat > /dev/null')
        screen.show(r'^a-.* migration \d+ %', r'migration +pre-switchover +\[#* *\]')
        # A processor that is emulated is a thread.
        screen.show(r'^a-\S+ +\d+ \S+ +\d+\.\d +\d+\.\d')
        server.execute('migrate_cancel')
        while 'JOBS' in screen.lines():
            screen.step(emulator.soon())

    def test_hostile(self):
        """What a server or a command line says cannot command the terminal: the emulator refuses all that top does not send."""
        name = f'日本\x1b[2J\u202e\n-{os.getpid()}'
        a = self.server(*NO_MACHINE, '-name', name, name='a')
        puppet = self.puppet()
        screen = self.top(name, puppet.path, columns=120)
        puppet.accept()
        puppet.answer_machine({'id': 'j\x1bc', 'type': 'x', 'status': 'running\x9b', 'current-progress': -5, 'total-progress': -1})
        puppet.send({'event': 'EVIL\x1b]0;x\x07', 'data': {'x': 'a\x1b[2J\x07\x9b' + 'ä' * 100000},
                     'timestamp': {'seconds': 1, 'microseconds': 0}})
        screen.show(r'日本\\x1b\[2J\\u202e\\n-\d+ .*running', r'EVIL\\x1b\]0;x\\x07 {"x": "a\\u001b', r'j\\x1bc +running\\x9b')
        self.assertEqual(screen.erased, 1)
        stats = [{'device': '\x1b', 'stats': {'rd_bytes': -(1 << 63), 'wr_bytes': 'x'}}, None, {'stats': []}]
        puppet.answer(puppet.take(), stats)
        puppet.answer(puppet.take(), [{'thread-id': -1}, {}, 7])
        screen.type('\x1b[F')
        screen.show('qmp top')
        self.assertIsNone(a.process.poll())

    def test_flood(self):
        """Of many events the last ones are there."""
        puppet = self.puppet()
        screen = self.top(puppet.path)
        puppet.accept()
        puppet.answer_machine()
        screen.show('running')
        for number in range(3000):
            puppet.send({'event': 'E', 'data': {'number': number}, 'timestamp': {'seconds': 1, 'microseconds': 0}})
        screen.show('"number": 2999')
        self.assertEqual(sum('"number"' in line for line in screen.lines()), 24 - 3 - 1 - 1)

    def test_ascii(self):
        name = f'日本-{os.getpid()}'
        self.server(*NO_MACHINE, '-name', name)
        screen = self.top(self.path("monitor"), LC_ALL='C', columns=40)
        screen.show('running')
        self.assertTrue('\n'.join(screen.lines()).isascii())


class Once(Top):
    def test_table(self):
        a, b = self.named('a'), self.named('b')
        lines = self.good('top', '--once', '-i', '0.1', b.name, a.name).splitlines()
        self.assertRegex(lines[0], r'^NAME +PID +STATUS +CPU%')
        self.assertRegex(lines[1], rf'^{a.name} +{a.process.pid} +running +\d+\.\d +0 +0')
        self.assertRegex(lines[2], rf'^{b.name} +{b.process.pid} +running')

    def test_json(self):
        a = self.named('a')
        found = self.value('top', '-1', '--json', '-i', '0.1', a.name)
        self.assertEqual((found['machine'], found['pid'], found['connected'], found['status'], found['jobs']),
                         (a.name, a.process.pid, True, 'running', []))
        self.assertEqual((found['read-bytes'], found['write-operations']), (0, 0))
        self.assertGreaterEqual(found['cpu'], 0)
        found = self.value('top', '-1', '--json', '-i', '0.1', 'no-machine-has-this-name')
        self.assertEqual((found['connected'], 'status' in found), (False, False))
        self.assertRegex(found['error'], 'No machine')

    def test_rates(self):
        """What was read between two looks, for each second."""
        puppet = self.puppet()
        program = self.start('top', '-1', '--json', '-i', '0.1', puppet.path)
        puppet.accept()
        puppet.answer_machine()
        for count in (1000, 2000):
            command = puppet.take()
            while command['execute'] != 'query-blockstats':
                puppet.answer(command, [])
                command = puppet.take()
            puppet.answer(command, [{'device': 'd', 'stats': {'rd_bytes': count, 'wr_operations': count}}])
        found = json.loads(program.stdout.readline())
        self.assertEqual(found['write-operations'], found['read-bytes'])
        self.assertTrue(0 < found['read-bytes'] <= 10000)

    def test_stream(self):
        """Line by line, until nobody reads them."""
        program = self.start('top', '--json', '-i', '0.1', self.named('a').name)
        for _ in range(3):
            self.assertEqual(json.loads(program.stdout.readline())['status'], 'running')
        program.stdout.close()
        self.assertEqual(program.wait(), -signal.SIGPIPE)

    def test_hung(self):
        """It is waited for, but not for long; and not at all with less time."""
        a, b = self.named('a'), self.named('b')
        self.stop(b)
        lines = self.good('top', '-1', '-i', '0.1', a.name, b.name).splitlines()
        self.assertRegex(lines[1], 'running')
        self.assertRegex(lines[2], 'stopped')
        self.bad(TIMEOUT, 'The time is over', 'top', '-1', '-t', '0.05', a.name, b.name)

    def test_no_terminal(self):
        self.bad(USAGE, 'not a terminal.*--once', 'top', self.named('a').name)
        screen = terminal.Terminal([QMP, 'top', 'a'], self.directory, term='dumb')
        self.addCleanup(screen.kill)
        screen.see('not a terminal.*--once')
        self.assertEqual(screen.end(), USAGE)

    def test_words(self):
        for wrong in ('0', '0.01', 'nan', '1e9', '-1'):
            self.bad(USAGE, r'--interval takes seconds', 'top', '--once', f'--interval={wrong}')
        self.assertIn('qmp top [OPTION…] [ADDRESS…]', self.good('top', '--help'))
        self.bad(USAGE, 'address', 'top', '--once', 'tcp:nonsense')


if __name__ == '__main__':
    unittest.main(argv=[__file__], verbosity=2)
