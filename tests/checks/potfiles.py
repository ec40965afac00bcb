#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""po/POTFILES.in lists, sorted, each source that has a text to translate, and no other.

usage: potfiles.py SOURCE_ROOT
"""

import pathlib
import re

import checklib

MARKED = re.compile(r'\b(?:_|N_|C_|Q_|g_dngettext|ngettext)\s?\("|\b_ \(\s*"')


def check(root):
    root = pathlib.Path(root)
    listed = [line for line in (root / 'po/POTFILES.in').read_text(encoding='utf-8').splitlines()
              if line and not line.startswith('#')]
    if listed != sorted(listed):
        yield 'po/POTFILES.in is not sorted'
    marked = [path.relative_to(root).as_posix()
              for path in sorted((root / 'qmp-glib').rglob('*.[ch]'))
              if MARKED.search(path.read_text(encoding='utf-8'))]
    for name in sorted(set(marked) - set(listed)):
        yield f'{name} has texts to translate and is not in po/POTFILES.in'
    for name in sorted(set(listed) - set(marked)):
        yield f'{name} is in po/POTFILES.in and has no text to translate'


def fixture(potfiles):
    return (checklib.tree({
        'po/POTFILES.in': potfiles,
        'qmp-glib/qmp-a.c': 'text = _("a");\n',
        'qmp-glib/qmp-b.c': 'other_ ("b");\n',
        'qmp-glib/qmp-c.c': 'text = N_("c");\n',
    }),)


def right():
    return [fixture('# comment\nqmp-glib/qmp-a.c\nqmp-glib/qmp-c.c\n')]


def wrong():
    return [
        fixture('qmp-glib/qmp-a.c\n'),
        fixture('qmp-glib/qmp-c.c\nqmp-glib/qmp-a.c\n'),
        fixture('qmp-glib/qmp-a.c\nqmp-glib/qmp-b.c\nqmp-glib/qmp-c.c\n'),
        fixture('qmp-glib/qmp-a.c\nqmp-glib/qmp-c.c\nqmp-glib/qmp-gone.c\n'),
    ]


if __name__ == '__main__':
    checklib.main(check, right, wrong)
