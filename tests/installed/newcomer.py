#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Goes the way of somebody who has the packages and the HTML, and nothing else.

The first program of each tutorial is taken out of its page, built as the page says, and run with the QEMU that the page
starts. It runs where the packages are installed.
"""

import html.parser
import os
import pathlib
import shlex
import socket
import subprocess
import sys
import tempfile

BOOK = pathlib.Path('/usr/share/doc/qmp-glib-1.0')
TUTORIALS = ('tutorial-c', 'tutorial-python', 'tutorial-javascript', 'tutorial-vala')
MONITOR = '/tmp/vm.sock'
PRINTED = 'running\n'


class Page(html.parser.HTMLParser):
    """The blocks of code of a page, and which example each is from."""

    def __init__(self, path):
        super().__init__()
        self.blocks = []
        self.examples = {}
        self._in_block = False
        self.feed(path.read_text(encoding='utf-8'))

    def handle_starttag(self, tag, attrs):
        if tag == 'pre':
            self._in_block = True
            self.blocks.append('')
        href = dict(attrs).get('href') or ''
        if tag == 'a' and href.startswith('example-') and self.blocks:
            self.examples.setdefault(href, len(self.blocks) - 1)

    def handle_endtag(self, tag):
        if tag == 'pre':
            self._in_block = False

    def handle_data(self, data):
        if self._in_block:
            self.blocks[-1] += data

    def first_program(self):
        href, number = next((href, number) for href, number in self.examples.items() if href.startswith('example-first-'))
        name, suffix = href.removesuffix('.html').removeprefix('example-').split('-')
        return f'{name}.{suffix}', self.blocks[number]

    def commands(self, *beginnings):
        return [block.strip() for block in self.blocks if block.startswith(beginnings)]


def run(command, directory):
    done = subprocess.run(['sh', '-euc', command], cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          encoding='utf-8', check=False)
    print(f'$ {command}\n{done.stdout}', end='', flush=True)
    if done.returncode != 0:
        sys.exit(f'it ended with status {done.returncode}')
    return done.stdout


def start_machine(command):
    """Starts what the page has with a & at its end, and waits until it listens."""
    print(f'$ {command}', flush=True)
    machine = subprocess.Popen(shlex.split(command.rstrip('& ').replace('\\\n', '')), stdin=subprocess.DEVNULL)
    with socket.socket(socket.AF_UNIX) as monitor:
        while monitor.connect_ex(MONITOR) != 0:
            if machine.poll() is not None:
                sys.exit('the machine has ended')
            os.sched_yield()
    return machine


def follow(tutorial):
    page = Page(BOOK / f'{tutorial}.html')
    name, text = page.first_program()
    with tempfile.TemporaryDirectory() as directory:
        pathlib.Path(directory, name).write_text(text, encoding='utf-8')
        for command in page.commands('cc ', 'valac '):
            run(command, directory)
        [block] = page.commands('qemu-system-x86_64 ')
        start, use = block.rsplit('\n', 1)
        machine = start_machine(start)
        try:
            printed = run(use, directory)
            asked = run(f'qmp call {MONITOR} query-status', directory)
        finally:
            machine.terminate()
            machine.wait()
    if not printed.endswith(PRINTED) or '"running"' not in asked:
        sys.exit(f'{tutorial}: {printed!r}, {asked!r}')


for name in TUTORIALS:
    follow(name)
print(f'{len(TUTORIALS)} languages, and the programs')
