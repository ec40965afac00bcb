#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The program through a real ssh, over a network link that is cut: a namespace of the test's own stands for another computer. It
takes root, and is skipped where there can be no namespace.

usage: qmp-ssh-test.py QMP
"""

import getpass
import os
import shutil
import socket
import subprocess
import sys
import unittest

import terminal
from qmpcase import TIMEOUT, Case

SSHD = shutil.which('sshd', path=os.environ['PATH'] + ':/usr/sbin:/sbin')
IP = shutil.which('ip', path=os.environ['PATH'] + ':/usr/sbin:/sbin')
SPACE = f'qmp-{os.getpid()}'
HERE, THERE = f'qh{os.getpid()}', f'qt{os.getpid()}'
# Of the block that is for benchmarks.
NET = '198.18.77.'
PORT = 2222


def ip(*words):
    subprocess.run([IP, *words], check=True, capture_output=True)


def make_link():
    ip('netns', 'add', SPACE)
    ip('link', 'add', HERE, 'type', 'veth', 'peer', 'name', THERE, 'netns', SPACE)
    ip('address', 'add', NET + '1/30', 'dev', HERE)
    ip('link', 'set', HERE, 'up')
    ip('-n', SPACE, 'address', 'add', NET + '2/30', 'dev', THERE)
    ip('-n', SPACE, 'link', 'set', THERE, 'up')


def remove_link():
    subprocess.run([IP, 'netns', 'delete', SPACE], check=False, capture_output=True)
    subprocess.run([IP, 'link', 'delete', HERE], check=False, capture_output=True)


def cut():
    ip('-n', SPACE, 'link', 'set', THERE, 'down')


def mend():
    ip('-n', SPACE, 'link', 'set', THERE, 'up')
    # For a moment the kernel remembers that nobody was there.
    while True:
        try:
            socket.create_connection((NET + '2', PORT), 1).close()
        except OSError:
            continue
        return


class Cut(Case):
    def setUp(self):
        super().setUp()
        self.write('config', 0o600, f'Host *\n User {getpass.getuser()}\n IdentityFile {self.path("user")}\n IdentitiesOnly yes\n'
                   f' IdentityAgent none\n UserKnownHostsFile {self.path("known")}\n GlobalKnownHostsFile none\n')
        for name in ('host', 'user'):
            subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', self.path(name)], check=True)
        shutil.copy(self.path('user.pub'), self.path('authorized'))
        with open(self.path('host.pub'), encoding='ascii') as file:
            self.write('known', 0o600, f'[{NET}2]:{PORT} {file.read()}')
        os.mkdir(self.path('bin'))
        self.write('bin/ssh', 0o700, f'#!/bin/sh\nexec {shutil.which("ssh")} -F {self.path("config")} "$@"\n')
        make_link()
        self.addCleanup(remove_link)
        self.start_sshd()
        self.target = f'ssh:{NET}2:{PORT}{self.server().path}'
        self.addCleanup(self.assert_no_ssh)

    def assert_no_ssh(self):
        found = subprocess.run(['pgrep', '-f', f'^{shutil.which("ssh")} -F {self.directory}'], check=False, capture_output=True, text=True)
        self.assertEqual(found.stdout, '', 'an ssh is left')

    def write(self, name, mode, text):
        with open(self.path(name), 'w', encoding='ascii') as file:
            file.write(text)
        os.chmod(self.path(name), mode)

    def start_sshd(self):
        os.makedirs('/run/sshd', exist_ok=True)
        self.write('sshd_config', 0o600, f'Port {PORT}\nListenAddress {NET}2\nHostKey {self.path("host")}\nPidFile none\n'
                   f'AuthorizedKeysFile {self.path("authorized")}\nUsePAM no\nStrictModes no\nPermitRootLogin prohibit-password\n')
        sshd = subprocess.Popen([IP, 'netns', 'exec', SPACE, SSHD, '-D', '-e', '-f', self.path('sshd_config')],
                                stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(sshd.stderr.close)
        self.addCleanup(sshd.wait)
        self.addCleanup(sshd.kill)
        while 'Server listening' not in sshd.stderr.readline():
            self.assertIsNone(sshd.poll())

    def environment(self, **variables):
        return super().environment(PATH=f'{self.path("bin")}:{os.environ["PATH"]}', **variables)

    def test_meanwhile(self):
        program = self.start('call', '-t', '3', self.target, '-', stdin=subprocess.PIPE)
        program.stdin.write('query-version\n')
        program.stdin.flush()
        self.assertIn('qemu', program.stdout.readline() or program.stderr.read())
        cut()
        program.stdin.write('query-version\n')
        program.stdin.close()
        self.assertEqual(program.wait(terminal.SECONDS), TIMEOUT)
        self.assertRegex(program.stderr.read(), r'^qmp: line 2: [^\n]*in time\n$')
        mend()
        self.assertIn('qemu', self.good('call', self.target, 'query-version'))

    def test_before(self):
        cut()
        self.bad(TIMEOUT, 'time', 'call', '-t', '2', self.target, 'query-version')
        mend()
        self.assertIn('qemu', self.good('call', self.target, 'query-version'))


if __name__ == '__main__':
    if os.geteuid() != 0 or IP is None or SSHD is None:
        print('only root can make a network, with ip, and sshd has to be there')
        sys.exit(77)
    try:
        make_link()
    except subprocess.CalledProcessError as error:
        print(f'no network can be made here: {error.stderr.decode()}')
        sys.exit(77)
    finally:
        remove_link()
    del sys.argv[1:2]
    unittest.main()
