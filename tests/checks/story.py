#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program prints what the README says it prints; the numbers of versions may differ.

usage: story.py README COMMAND...
"""

import pathlib
import re
import sys

import checklib

BLOCK = re.compile(r'<!-- printed by hello -->\n```\n(.*?)```', re.DOTALL)


def without_versions(text):
    return re.sub(r'\d+\.\d+\.\d+', 'X.Y.Z', text)


def check_text(readme, printed):
    blocks = BLOCK.findall(readme)
    if len(blocks) != 1:
        yield f'the README has {len(blocks)} blocks “printed by hello”'
    elif without_versions(blocks[0]) != without_versions(printed):
        yield f'the README says:\n{blocks[0]}\nand printed was:\n{printed}'


def check(readme, *command):
    yield from check_text(pathlib.Path(readme).read_text(encoding='utf-8'), checklib.output(command))


def right():
    return [('<!-- printed by hello -->\n```\nQEMU 7.2.0\nbye\n```\n', 'QEMU 10.1.22\nbye\n')]


def wrong():
    return [
        ('<!-- printed by hello -->\n```\nQEMU 7.2.0\nbye\n```\n', 'QEMU 7.2.0\n'),
        ('```\nQEMU 7.2.0\n```\n', 'QEMU 7.2.0\n'),
    ]


if __name__ == '__main__':
    checklib.main(check_text if sys.argv[1:] == ['--self-test'] else check, right, wrong)
