#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each C source, test program, example and page is named in the meson.build of its directory.

usage: listed.py SOURCE_ROOT
"""

import pathlib
import re

import checklib

PLACES = [
    ('qmp-glib', r'(qmp-.*\.c)'),
    ('qmp-glib/tools', r'(.*\.c)'),
    ('tests', r'(.*)-test\.c'),
    ('tests/soak', r'(.*\.c)'),
    ('tests/story', r'(story\.(?:c|py|js|vala))'),
    ('tests/tools', r'(.*-test\.(?:c|py))'),
    ('docs', r'(.*\.md)'),
    ('docs/man', r'(.*)\.rst'),
    ('docs/examples', r'(.*\.(?:c|py|js|vala))'),
]


def check(root):
    for place, pattern in PLACES:
        directory = pathlib.Path(root, place)
        if not directory.exists():
            continue
        build = (directory / 'meson.build').read_text(encoding='utf-8')
        for path in sorted(directory.iterdir()):
            match = re.fullmatch(pattern, path.name)
            if match and f"'{match[1]}'" not in build:
                yield f'{place}/{path.name} is not in {place}/meson.build'


def fixture(build):
    return (checklib.tree({'tests/meson.build': build, 'tests/a-test.c': '', 'tests/test-help.c': ''}),)


def right():
    return [fixture("tests = ['a']\n")]


def wrong():
    return [fixture(''), fixture("tests = ['aa']\n")]


if __name__ == '__main__':
    checklib.main(check, right, wrong)
