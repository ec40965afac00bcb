#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each C source, test program and example is named in the meson.build of its directory.

usage: listed.py SOURCE_ROOT
"""

import pathlib
import re

import checklib

PLACES = [
    ('qmp-glib', r'((?!tools/)[a-z]+/.*\.c)'),
    ('qmp-glib/tools', r'([^/]*\.c)'),
    ('tests', r'([^/]*)-test\.c'),
    ('tests/soak', r'([^/]*\.c)'),
    ('tests/story', r'(story\.(?:c|py|js|vala))'),
    ('tests/tools', r'([^/]*-test\.(?:c|py))'),
    ('docs/man', r'([^/]*)\.rst'),
    ('docs/examples', r'([^/]*\.(?:c|py|js|vala))'),
]


def check(root):
    for place, pattern in PLACES:
        directory = pathlib.Path(root, place)
        if not directory.exists():
            continue
        build = (directory / 'meson.build').read_text(encoding='utf-8')
        # The library's floors are folders without a meson.build of their own.
        for path in sorted([*directory.glob('*'), *directory.glob('*/*')]):
            name = path.relative_to(directory).as_posix()
            match = re.fullmatch(pattern, name)
            if match and f"'{match[1]}'" not in build:
                yield f'{place}/{name} is not in {place}/meson.build'


def fixture(tests, library="files('wire/qmp-a.c')\n"):
    return (checklib.tree({
        'qmp-glib/meson.build': library, 'qmp-glib/wire/qmp-a.c': '',
        'tests/meson.build': tests, 'tests/a-test.c': '', 'tests/test-help.c': '',
    }),)


def right():
    return [fixture("tests = ['a']\n")]


def wrong():
    return [fixture(''), fixture("tests = ['aa']\n"), fixture("tests = ['a']\n", "files('qmp-a.c')\n")]


if __name__ == '__main__':
    checklib.main(check, right, wrong)
