#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each source and script says its licence in its first lines.

usage: spdx.py SOURCE_ROOT
"""

import checklib

LINE = 'SPDX-License-Identifier: LGPL-2.1-or-later'
SUFFIXES = {'.c', '.h', '.py', '.js', '.vala', '.sh', '.build'}


def is_source(path, text):
    return (path.suffix in SUFFIXES or path.name == 'meson_options.txt' or
            path.name.endswith('.h.in') or text.startswith('#!'))


def check(root):
    for path in checklib.source_files(root):
        text = path.read_bytes()[:500].decode('utf-8', 'replace')
        if is_source(path, text) and not any(LINE in line for line in text.splitlines()[:2]):
            yield f'{path}: no “{LINE}” in its first two lines'


def fixture(name, text):
    return (checklib.tree({name: text, 'notes.md': 'words\n'}),)


def right():
    return [
        fixture('a.c', f'/* {LINE} */\n'),
        fixture('b.py', f'#!/usr/bin/env python3\n# {LINE}\n'),
        fixture('_build/meson-private/c.c', 'int c;\n'),
    ]


def wrong():
    return [
        fixture('deep/a.c', 'int a;\n'),
        fixture('b', '#!/bin/sh\necho\n'),
        fixture('c.py', f'\n\n\n# {LINE}\n'),
    ]


if __name__ == '__main__':
    checklib.main(check, right, wrong)
