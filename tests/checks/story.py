#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program prints what the README says it prints; the numbers of versions may differ, and what QEMU says of an error.

usage: story.py README COMMAND...
"""

import pathlib
import re
import sys

import checklib

BLOCK = re.compile(r'<!-- printed by hello -->\n```\n(.*?)```', re.DOTALL)


def without_server(text):
    """What is left when each server may say it in its own words, and about this 'nope'."""
    text = re.sub(r"^(device_del: DeviceNotFound: ).*\bnope\b.*", r'\1nope', text, flags=re.MULTILINE)
    return re.sub(r'\d+\.\d+\.\d+', 'X.Y.Z', text)


def check_text(readme, printed):
    blocks = BLOCK.findall(readme)
    if len(blocks) != 1:
        yield f'the README has {len(blocks)} blocks “printed by hello”'
    elif without_server(blocks[0]) != without_server(printed):
        yield f'the README says:\n{blocks[0]}\nand printed was:\n{printed}'


def check(readme, *command):
    yield from check_text(pathlib.Path(readme).read_text(encoding='utf-8'), checklib.output(command))


def right():
    device = 'device_del: DeviceNotFound: '
    return [
        ('<!-- printed by hello -->\n```\nQEMU 7.2.0\nbye\n```\n', 'QEMU 10.1.22\nbye\n'),
        (f'<!-- printed by hello -->\n```\n{device}no "nope" here\n```\n', f"{device}Device 'nope' not found\n"),
    ]


def wrong():
    return [
        ('<!-- printed by hello -->\n```\nQEMU 7.2.0\nbye\n```\n', 'QEMU 7.2.0\n'),
        ('```\nQEMU 7.2.0\n```\n', 'QEMU 7.2.0\n'),
        ('<!-- printed by hello -->\n```\ndevice_del: DeviceNotFound: nope\n```\n', 'device_del: DeviceNotFound: \n'),
    ]


if __name__ == '__main__':
    checklib.main(check_text if sys.argv[1:] == ['--self-test'] else check, right, wrong)
