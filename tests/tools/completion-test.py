#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Tab completes of the programs' command lines, in an interactive shell against real servers.

usage: completion-test.py bash|fish|zsh DIRECTORY_OF_QMP COMPLETION_FILE
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

import hostile
import terminal

SHELL, PROGRAMS, FILE = sys.argv[1:4]
NO_MACHINE = ['-machine', 'none', '-nodefaults', '-display', 'none']
COMPINIT = f'fpath=({os.path.dirname(FILE)} $fpath); autoload -U compinit; compinit -u -d $ZSH_DUMP'
START = {
    'bash': (['bash', '--noprofile', '--norc', '-i'], f"PS1='ready''> '; source {FILE}\n"),
    'fish': (['fish', '--no-config', '-i'],
             'set fish_autosuggestion_enabled 0; '
             # What is in the line is printed, since fish shows only what changes in it.
             "bind \\cg 'echo; echo \"<\"(commandline)\">\"; commandline \"\"; commandline -f repaint'; "
             f"source {FILE}; function fish_prompt; echo -n ready; echo -n '> '; end\n"),
    'zsh': (['zsh', '-f', '-i'], f"unsetopt prompt_sp; bindkey -e; {COMPINIT} -C; PS1='ready''> '\n"),
}


class Completion(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """zsh looks once for all completions that there are, which takes a second or two."""
        directory = tempfile.TemporaryDirectory(prefix='qmp-')
        cls.addClassCleanup(directory.cleanup)
        cls.dump = os.path.join(directory.name, 'dump')
        if SHELL == 'zsh':
            subprocess.run(['zsh', '-f', '-c', COMPINIT], env={**os.environ, 'ZSH_DUMP': cls.dump}, check=True)

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix='qmp-')
        self.addCleanup(directory.cleanup)
        self.home = directory.name
        self.directory = os.path.join(self.home, 'here')
        os.mkdir(self.directory)
        self.shell = self.start()

    def start(self):
        command, setup = START[SHELL]
        # In the directory there is nothing but what the test puts there.
        enter = ['sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', self.directory]
        path = f'{PROGRAMS}:{os.environ["PATH"]}'
        shell = terminal.Terminal([*enter, *command], self.home, columns=200, PATH=path, QMP_SOCKET=None,
                                  ZSH_DUMP=self.dump)
        self.addCleanup(shell.kill)
        shell.type(setup)
        shell.see('ready> $')
        return shell

    def completed(self, typed, tabs=1):
        """Returns what stands in the line when all of that was completed that can be."""
        self.shell.type(typed + '\t' * tabs)
        if SHELL == 'fish':
            self.shell.type('@\x07')
            seen = self.shell.see('<[^\n]*@>\n')
            self.shell.see('ready> $')
            return seen[:-len('>\n')]
        # A mark behind the completion, so that it is seen that no more comes.
        self.shell.type('@')
        seen = self.shell.see('@').replace('\x07', '')
        self.shell.type('\x05\x15')
        # zsh takes the blank that it has put there back, and puts it there again.
        while '\b' in seen:
            seen = re.sub('[^\b]?\b', '', seen, count=1)
        return seen

    def check(self, *cases):
        for typed, completed in cases:
            with self.subTest(typed=typed):
                seen = self.completed(typed)
                self.assertTrue(seen.endswith(completed + '@'), (seen, completed))

    def server(self, *arguments, **more):
        server = terminal.Server(self.directory, arguments=arguments or NO_MACHINE, **more)
        self.addCleanup(server.kill)
        return server

    def file(self, name):
        with open(os.path.join(self.directory, name), 'w', encoding='utf-8'):
            pass

    def test_verbs(self):
        self.check(
            ('qmp intr', 'qmp introspect '),
            ('qmp gue', 'qmp guest '),
            ('qmp guest ex', 'qmp guest exec '),
            ('qmp qom ty', 'qmp qom types '),
            ('qmp job w', 'qmp job wait '),
            ('qmp job dis', 'qmp job dismiss '),
            ('qmp shutd', 'qmp shutdown '),
            ('qmp snapshot sa', 'qmp snapshot save '),
            ('qmp block tr', 'qmp block tree '),
            ('qmp migration w', 'qmp migration wait '),
            ('qmp sha', 'qmp share '),
            ('qmp to', 'qmp top '),
            ('qmp wat', 'qmp watch '),
            ('qmp ba', 'qmp batch '),
            ('qmp hel', 'qmp help '),
            ('qmp help gue', 'qmp help guest '),
            ('qmp help qom ty', 'qmp help qom types '),
        )

    def test_options_before_the_verb(self):
        self.server()
        self.check(
            ('qmp -t 3 intr', 'qmp -t 3 introspect '),
            ('qmp -jt 3 intr', 'qmp -jt 3 introspect '),
            ('qmp --fd 3 cal', 'qmp --fd 3 call '),
            ('qmp --pretty qom ty', 'qmp --pretty qom types '),
            ('qmp -t 3 call monitor query-versi', 'query-version '),
            ("qmp job wait monitor j --call 'query-versi", "'query-version' "),
        )

    def test_options(self):
        self.check(
            ('qmp call --o', 'qmp call --oob '),
            ('qmp wait --pre', 'qmp wait --pretty '),
            ('qmp guest exec --std', 'qmp guest exec --stdin '),
            ('qmp job wait --rea', 'qmp job wait --ready '),
            ('qmp shutdown --ask-', 'qmp shutdown --ask-only '),
            ('qmp snapshot load --sta', 'qmp snapshot load --state '),
            ('qmp migration start --det', 'qmp migration start --detach '),
            ('qmp qom types --abs', 'qmp qom types --abstract '),
            ('qmp monitor --js', 'qmp monitor --json '),
            ('qmp share --rea', 'qmp share --read-only '),
            ('qmp top --onc', 'qmp top --once '),
            ('qmp-shell --rec', 'qmp-shell --reconnect '),
            ('qmp-shell-wrap --verb', 'qmp-shell-wrap --verbose '),
        )

    def test_addresses(self):
        self.server()
        self.file('monitor.txt')
        os.mkdir(os.path.join(self.directory, 'deep'))
        self.check(
            ('qmp call monitor-', 'qmp call monitor-other '),
            ('qmp top -i 1 monitor monitor-', 'qmp top -i 1 monitor monitor-other '),
            ('qmp call --timeout 1 monitor-', 'monitor-other '),
            ('qmp qom list unix:monitor-', 'unix:monitor-other '),
            ('qmp share monitor monitor-', 'qmp share monitor monitor-other '),
            ('qmp share monitor vso', 'qmp share monitor vsock:'),
            ('qmp call vso', 'qmp call vsock:'),
            ('qmp monitor dee', 'qmp monitor deep/'),
            ('qmp-shell -p monitor-', 'monitor-other '),
            # what is not a socket is not offered
            ('qmp call monitor.', 'qmp call monitor.'),
        )

    def test_names(self):
        """Those of machines that run, as far as they are plain words."""
        name = f'vm-{os.getpid()}'
        self.server(*NO_MACHINE, '-name', f'{name}.one')
        self.server(*NO_MACHINE, '-name', f'hostile-{os.getpid()}$(touch touched)', name='other')
        self.check(
            (f'qmp call {name}', f'qmp call {name}.one '),
            (f'qmp guest ping {name}', f'{name}.one '),
            (f'qmp-shell {name}', f'qmp-shell {name}.one '),
            (f'qmp call {name}.one query-versi', 'query-version '),
            (f'qmp introspect {name}.one query-versi', 'query-version '),
            (f'qmp call hostile-{os.getpid()}', f'qmp call hostile-{os.getpid()}'),
            ('qmp list --js', 'qmp list --json '),
            ('qmp export monitor monitor-', 'qmp export monitor monitor-other '),
            ('qmp export --lis', 'qmp export --listen '),
            (f'qmp status monitor --also {name}', f'{name}.one '),
            (f'qmp monitor --name {name}', f'{name}.one '),
            ('qmp call --kind sto', 'qmp call --kind storage-daemon '),
            ('qmp call monitor --als', 'qmp call monitor --also '),
            ('qmp pause monitor monitor-', 'qmp pause monitor monitor-other '),
            ('qmp shutdown --fil', 'qmp shutdown --file '),
            ('qmp export --nam', 'qmp export --name '),
            ('qmp list --kind gue', 'qmp list --kind guest-agent '),
            ('qmp call --kind gue', 'qmp call --kind gue'),
            ('qmp pause --all monitor-', 'qmp pause --all monitor-'),
            ('qmp call --all query-versi', 'qmp call --all query-versi'),
            ('qmp list mon', 'qmp list mon'),
        )
        self.assertNotIn('touched', os.listdir(self.directory))

    def test_offers(self):
        server = self.server()
        self.check(
            ('qmp call monitor query-versi', 'query-version '),
            ('qmp call --oob monitor migrate-pau', 'migrate-pause '),
            (f'qmp call {server.tcp} query-versi', 'query-version '),
            (f'qmp call tcp:{server.tcp} -t 5 query-versi', 'query-version '),
            ('qmp call unix:monitor query-versi', 'query-version '),
            (f'qmp call {self.directory}/monitor query-versi', 'query-version '),
            ('qmp call ~/here/monitor query-versi', 'query-version '),
            ('qmp introspect monitor BLOCK_JOB_REA', 'BLOCK_JOB_READY '),
            ('qmp introspect monitor query-versi', 'query-version '),
            ('qmp monitor monitor BLOCK_JOB_REA', 'BLOCK_JOB_READY '),
            ('qmp monitor monitor STOP BLOCK_JOB_REA', 'STOP BLOCK_JOB_READY '),
            ('qmp wait monitor BLOCK_JOB_REA', 'BLOCK_JOB_READY '),
            # an event is not a command, nor a command an event
            ('qmp call monitor BLOCK_JOB_REA', 'BLOCK_JOB_REA'),
            ('qmp wait monitor query-versi', 'query-versi'),
        )

    def test_members(self):
        self.server()
        self.file('disk.img')
        self.check(
            ('qmp call monitor blockdev-backup auto-fin', 'auto-finalize='),
            ('qmp call monitor blockdev-backup device=a auto-fin', 'device=a auto-finalize='),
            ('qmp call monitor blockdev-add driver=qcow2 lazy-ref', 'lazy-refcounts='),
            ('qmp call monitor blockdev-add driver==qcow2 lazy-ref', 'lazy-refcounts='),
            # of a variant that was not chosen
            ('qmp call monitor blockdev-add driver=raw lazy-ref', 'driver=raw lazy-ref'),
            ('qmp call monitor blockdev-add lazy-ref', 'blockdev-add lazy-ref'),
            ('qmp call monitor blockdev-add driver=raw file.driver=file file.loc', 'file.locking='),
            ('qmp call monitor blockdev-add driver=file filename=di', 'filename=disk.img '),
            ('qmp wait monitor BLOCK_JOB_READY dev', 'BLOCK_JOB_READY device='),
            # what is given is not offered again
            ('qmp call monitor device_del id=a i', 'id=a i'),
            # what is returned is not an argument
            ('qmp call monitor query-name na', 'query-name na'),
        )

    def test_values(self):
        self.server('-machine', 'pc', '-accel', 'tcg', '-m', '32', '-S', '-nodefaults', '-display', 'none',
                    '-blockdev', 'null-co,node-name=disk0', '-object', 'iothread,id=thread0',
                    '-device', 'virtio-balloon-pci,id=balloon0', '-chardev', 'null,id=com0')
        self.check(
            ('qmp call monitor blockdev-backup sync=incr', 'sync=incremental '),
            ('qmp call monitor blockdev-backup compress=t', 'compress=true '),
            ('qmp call monitor blockdev-backup compress:=t', 'compress:=true '),
            ('qmp call monitor blockdev-add driver=raw file=d', 'file=disk0 '),
            ('qmp call monitor blockdev-add driver=raw file.driver=null-c', 'file.driver=null-co '),
            ('qmp call monitor device_del id=b', 'id=balloon0 '),
            ('qmp call monitor chardev-remove id=c', 'id=com0 '),
            ('qmp call monitor device_add driver=virtio-blk-pci disable-l', 'disable-legacy='),
            ('qmp call monitor device_add driver=virtio-blk-pci iothread=t', 'iothread=thread0 '),
            ('qmp call monitor device_add driver=virtio-blk-pci disable-legacy=a', 'disable-legacy=auto '),
            ('qmp call monitor device_add driver=virtio-blk-pci ioeventfd=f', 'ioeventfd=false '),
            ('qmp call monitor qom-get path=/objects/thread0 property=poll-g', 'property=poll-grow '),
            ('qmp wait monitor BLOCK_JOB_READY type=mir', 'type=mirror '),
            ('qmp wait monitor DEVICE_DELETED device=b', 'device=balloon0 '),
            ('qmp wait monitor STOP --failure=SHUTD', '--failure=SHUTDOWN '),
            ('qmp wait monitor STOP --failure SHUTD', '--failure SHUTDOWN '),
            ("qmp wait monitor STOP -c 'device_del id=b", "-c 'device_del id=balloon0' "),
        )

    def test_qom(self):
        self.server('-machine', 'pc', '-accel', 'tcg', '-m', '32', '-S', '-nodefaults', '-display', 'none',
                    '-device', 'virtio-balloon-pci,id=balloon0')
        self.check(
            ('qmp qom list monitor /mach', 'list monitor /machine'),
            ('qmp qom get monitor /machine/peripheral/b', '/machine/peripheral/balloon0'),
            ('qmp qom get monitor /machine/peripheral/balloon0 guest-stats-p', 'guest-stats-polling-interval '),
            ('qmp qom get monitor /machine/peripheral/balloon0.guest-stats-p', 'balloon0.guest-stats-polling-interval'),
            ('qmp qom types monitor virtio-balloon-d', 'virtio-balloon-device '),
            # what a shell would take for a pattern is quoted, and read again
            ('qmp qom list monitor /machine/unattached/ram-bel', '/machine/unattached/ram-below-4g\\[0\\]'),
            ('qmp qom list monitor /machine/unattached/ram-below-4g\\[', '/machine/unattached/ram-below-4g\\[0\\]'),
            ('qmp call monitor qom-list path=/machine/unattached/ram-bel', 'path=/machine/unattached/ram-below-4g\\[0\\]'),
        )

    def test_introspect(self):
        self.server()
        self.check(
            ('qmp introspect monitor blockdev-add driver=qcow2 lazy-ref', 'lazy-refcounts='),
            ('qmp introspect monitor query-block/ret-type/ins', 'query-block/ret-type/inserted '),
            ('qmp introspect monitor query-block/ins', 'query-block/inserted '),
            ('qmp introspect monitor query-block/inserted/image/format-sp', 'image/format-specific '),
            ('qmp introspect monitor --has query-block/ins', 'query-block/ins'),
            ('qmp introspect monitor --has blockdev-add/arg-type/+qcow2/lazy-ref', '+qcow2/lazy-refcounts '),
        )

    def test_hmp(self):
        self.server()
        self.check(
            ('qmp hmp monitor savev', 'hmp monitor savevm '),
            ('qmp hmp monitor info blockst', 'info blockstats '),
        )

    def test_job(self):
        server = self.server('-machine', 'none', '-nodefaults', '-display', 'none',
                             '-blockdev', 'null-co,node-name=a', '-blockdev', 'null-co,node-name=b')
        server.execute('blockdev-mirror', **{'job-id': 'mirror0', 'device': 'a', 'target': 'b', 'sync': 'full'})
        self.file('mirror.txt')
        self.check(('qmp job wait monitor mir', 'mirror0 '), ('qmp job cancel monitor mir', 'mirror0 '))

    def test_words(self):
        """However the shell has them."""
        self.server()
        self.shell.type('set S monitor\n' if SHELL == 'fish' else 'S=monitor\n')
        self.shell.see('ready> $')
        self.check(
            ('qmp call "monitor" query-versi', '"monitor" query-version '),
            ('qmp call mon\\itor query-versi', 'query-version '),
            ('qmp call monitor "query-versi', '"query-version" '),
            ("qmp call monitor 'query-versi", "'query-version' "),
            ('qmp call $S query-versi', 'query-version '),
            ('qmp call "$S" query-versi', 'query-version '),
            ('qmp call monitor blockdev-backup "sync=incr', '"sync=incremental" '),
            # zsh takes the quote away when none is needed
            ('qmp call monitor blockdev-backup sync="incr',
             'sync=incremental ' if SHELL == 'zsh' else 'sync="incremental" '),
            ('qmp call -- monitor query-versi', 'query-version '),
        )

    def test_all_options(self):
        """Those that the programs have, and no others."""
        for words in ['qmp call', 'qmp wait', 'qmp guest exec', 'qmp guest ping', 'qmp-shell', 'qmp-shell-wrap']:
            with self.subTest(words=words):
                program, *verb = words.split()
                text = subprocess.run([os.path.join(PROGRAMS, program), *verb, '--help'], capture_output=True,
                                      check=True, text=True).stdout
                offered = subprocess.run([os.path.join(PROGRAMS, 'qmp'), 'complete', '=:', *words.split(), '--'],
                                         capture_output=True, check=True, text=True).stdout
                self.assertEqual(set(re.findall(r'^w(--[a-z-]+)', offered, re.MULTILINE)),
                                 set(re.findall(r'^ .*?(--[a-z-]+)', text, re.MULTILINE)))

    def test_list(self):
        self.server()
        # bash shows the list at the second Tab, the others at the first; fish leaves out how each of them begins.
        seen = self.completed('qmp call monitor query-block', tabs=2 if SHELL == 'bash' else 1)
        for name in ('ery-blockstats', 'ery-block-jobs', 'ery-block-exports'):
            self.assertIn(name, seen)

    def test_agent(self):
        terminal.Agent(self.directory, self.addCleanup)
        self.check(
            ('qmp call -G agent guest-pi', 'guest-ping '),
            ('qmp call --guest-agent agent guest-pi', 'guest-ping '),
        )

    def test_hostile(self):
        """A server sends what would be executed, if it were expanded, or came into the line as it is."""
        server = hostile.Server(self.directory)
        self.addCleanup(server.close)
        places = [('call evil ', 'c'), ('monitor evil ', 'E'), ('introspect evil ', 'c'), ('introspect evil act/arg-type/', 'm'),
                  ('wait evil ', 'E'), ('wait evil HAPPENED ', 'm'), ('call evil act ', 'm'), ('call evil act nested.', 'm'),
                  ('call evil act mode=', 'v'), ('call evil act device=', 'n'), ('wait evil HAPPENED mode=', 'v'),
                  ('call evil device_add driver=', 'n'), ('call evil device_add driver=x ', 'n'),
                  ('call evil device_add driver=x n-pci.0=', 'a'), ('qom list evil /', 'q'), ('qom get evil /x ', 'n'),
                  ('call evil qom-get path=/', 'q'), ('job wait evil ', 'n'), ('qom types evil ', 'n'), ('hmp evil ', 'h'),
                  ("wait evil HAPPENED -c '", 'c'), ('call evil "', 'c'), ('call -G evil ', 'c')]
        self.try_places(places)
        # each alone, so that it would go into the line
        for number in range(len(hostile.EVIL)):
            with self.subTest(evil=hostile.EVIL[number]):
                seen = self.completed(f'qmp call evil c{number}', tabs=2)
                self.assertNotIn(hostile.MARK, seen)
        self.check(('qmp call evil c-dev', 'c-device\\[0\\] '), ('qmp call evil act mode=v-dev', 'mode=v-device\\[0\\] '),
                   ('qmp job wait evil n-pci', 'n-pci.0 '))

    def test_hostile_agent(self):
        server = hostile.Server(self.directory, has_schema=False)
        self.addCleanup(server.close)
        self.try_places([('call -G evil ', 'g'), ('call --guest-agent evil ', 'g')])

    def try_places(self, places):
        """At each: all names, those that begin alike, and what goes into the line then, executed."""
        for before, first in places:
            for typed in ('', first + '-'):
                with self.subTest(before=before, typed=typed):
                    seen = self.completed(f'qmp {before}{typed}', tabs=2)
                    self.assertNotIn(hostile.MARK, seen)
                    self.assertNotIn('$', seen.rpartition('ready> ')[2])
            quote = before[-1] if before[-1] in '\'"' else ''
            self.shell.type(f': {before}{first}\t\t{quote}\n')
            self.shell.see('ready> $')
        self.assertFalse(os.path.exists(os.path.join(self.directory, hostile.MARK)))

    def test_record(self):
        """Sockets, then where to listen and the file."""
        self.server()
        self.file('session.jsonl')
        self.check(
            ('qmp rec', 'qmp record '),
            ('qmp record mon', 'qmp record monitor'),
            ('qmp record monitor sess', 'record monitor session.jsonl '),
            ('qmp record monitor new sess', 'monitor new session.jsonl '),
            ('qmp record monitor new session.jsonl sess', 'session.jsonl sess'),
            ('qmp record --sec', 'qmp record --secrets '),
            ('qmp mock --rep', 'qmp mock --replay '),
            ('qmp mock --replay sess', 'mock --replay session.jsonl '),
            ('qmp mock --replay session.jsonl mon', 'session.jsonl monitor'),
            ('qmp mock --any', 'qmp mock --any-arguments '),
            ('qmp mock --ba', 'qmp mock --bare '),
            ('qmp mock monitor sess', 'mock monitor session.jsonl '),
            ('qmp batch monitor a sess', 'monitor a session.jsonl '),
            ('qmp batch --kee', 'qmp batch --keep-going '),
        )

    def test_hostile_files(self):
        """Names of files are those of whoever may write there."""
        self.server()
        self.file(f'disk$({hostile.TOUCH})')
        self.completed('qmp call monitor blockdev-add filename=dis', tabs=2)
        self.completed('qmp screenshot monitor dis', tabs=2)
        self.shell.type(': qmp screenshot monitor dis\t\n')
        self.shell.see('ready> $')
        self.assertFalse(os.path.exists(os.path.join(self.directory, hostile.MARK)))

    def test_silent_server(self):
        """One that never says a word: completion gives up, and the line is as it was."""
        listening = terminal.listening(os.path.join(self.directory, 'silent'))
        self.addCleanup(listening.close)
        self.shell.type('export QMP_COMPLETION_TIMEOUT=0.1\n')
        self.shell.see('ready> $')
        self.check(('qmp call silent query-versi', 'silent query-versi'))

    def test_no_server(self):
        self.check(
            ('qmp call nothing query-versi', 'query-versi'),
            ('qmp call unix:', 'call unix:'),
        )

    def test_descriptor(self):
        """An address that is an open file descriptor: whoever has it needs it."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            for words in ['qmp call', 'qmp call -G', 'qmp monitor']:
                subprocess.run([os.path.join(PROGRAMS, 'qmp'), 'complete', '=:', *words.split(), f'fd:{theirs.fileno()}', ''],
                               check=True, pass_fds=[theirs.fileno()], capture_output=True)
            ours.setblocking(False)
            with self.assertRaises(BlockingIOError):
                ours.recv(1)

    def test_shell_files(self):
        self.file('log.txt')
        self.check(
            ('qmp-shell -l lo', 'qmp-shell -l log.txt '),
            ('qmp-shell --logfile=lo', 'qmp-shell --logfile=log.txt '),
            ('qmp-shell-wrap -l lo', 'qmp-shell-wrap -l log.txt '),
            ('qmp-shell-wrap --logfile lo', 'qmp-shell-wrap --logfile log.txt '),
        )

    def test_wrapped_command(self):
        self.file('disk.img')
        self.check(
            ('qmp-shell-wrap qemu-im', 'qemu-img '),
            ('qmp-shell-wrap -p -- qemu-im', '-- qemu-img '),
            ('qmp-shell-wrap qemu-img dis', 'qemu-img disk.img '),
            ('qmp-shell-wrap -l log.txt qemu-img info dis', 'qemu-img info disk.img '),
            # no option of ours
            ('qmp-shell-wrap qemu-img --verb', 'qemu-img --verb'),
        )


if __name__ == '__main__':
    if SHELL == 'fish' and not shutil.which(SHELL):
        print('fish is not installed; see the packages in ./dev')
        sys.exit(77)
    if SHELL == 'fish' and not subprocess.check_output(['fish', '--version'], text=True).startswith('fish, version 3'):
        print('this fish draws its line in other ways than are read here')
        sys.exit(77)
    if not shutil.which(SHELL):
        sys.exit(f'{SHELL} is not installed; see the packages in ./dev')
    del sys.argv[1:4]
    unittest.main()
