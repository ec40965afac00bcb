#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls go one way: no two sources of the library name each other's functions, except within a class that is listed.

What goes up is a function pointer, given when the lower object was made.

usage: circles.py SOURCE_DIRECTORY
"""

import collections
import itertools
import pathlib
import re

import checklib

# The sources of one class may call each other.
CLASSES = [
    r'client/qmp-client.*\.c',
    r'machine/qmp-machine.*\.c',
]
COMMENT = re.compile(r'/\*.*?\*/', re.DOTALL)
# The return type has a line of its own, and starts with "static" for what no other file can call.
DEFINITION = re.compile(r'^(?!static\b)[A-Za-z][^\n;(]*\n(qmp_\w+) \(', re.MULTILINE)
NAME = re.compile(r'\bqmp_\w+')


def read(directory):
    """The sources without their comments, by name."""
    return {
        path.relative_to(directory).as_posix(): COMMENT.sub('', path.read_text(encoding='utf-8'))
        for path in sorted(directory.rglob('*.c')) if 'tools' not in path.relative_to(directory).parts
    }


def calls_of(sources):
    """For each source the functions of each other one that it names."""
    home = {name: source for source, text in sources.items() for name in DEFINITION.findall(text)}
    calls = {source: collections.defaultdict(set) for source in sources}
    for source, text in sources.items():
        for name in NAME.findall(text):
            if home.get(name, source) != source:
                calls[source][home[name]].add(name)
    return calls


def is_one_class(*sources):
    return any(all(re.fullmatch(pattern, source) for source in sources) for pattern in CLASSES)


def check(directory):
    calls = calls_of(read(pathlib.Path(directory)))
    for a, b in itertools.combinations(calls, 2):
        if calls[a][b] and calls[b][a] and not is_one_class(a, b):
            yield (f'{a} and {b} call each other: {", ".join(sorted(calls[a][b]))};'
                   f' {", ".join(sorted(calls[b][a]))}')


def fixture(files):
    return (checklib.tree(files),)


LOWER = 'void\nqmp_lower (void)\n{\n}\n'


def right():
    return [
        fixture({
            'wire/qmp-lower.c': f'/* Not qmp_upper (). */\n{LOWER}',
            'link/qmp-upper.c': 'void\nqmp_upper (void)\n{\n  qmp_lower ();\n}\n',
        }),
        # A name that is static in both is not called from elsewhere.
        fixture({
            'wire/qmp-lower.c': f'static void\nqmp_upper (void)\n{{\n}}\n\n{LOWER}',
            'link/qmp-upper.c': 'static void\nqmp_upper (void)\n{\n  qmp_lower ();\n}\n',
        }),
        fixture({
            'client/qmp-client.c': 'void\nqmp_client_a (void)\n{\n  qmp_client_b ();\n}\n',
            'client/qmp-client-b.c': 'void\nqmp_client_b (void)\n{\n  qmp_client_a ();\n}\n',
        }),
    ]


def wrong():
    return [
        fixture({
            'wire/qmp-lower.c': 'void\nqmp_lower (void)\n{\n  qmp_upper ();\n}\n',
            'link/qmp-upper.c': 'QmpUpper *\nqmp_upper (void)\n{\n  qmp_lower ();\n}\n',
        }),
        # A function that is given away is called as well.
        fixture({
            'wire/qmp-lower.c': 'void\nqmp_lower (void)\n{\n  take (qmp_upper);\n}\n',
            'link/qmp-upper.c': 'const char *\nqmp_upper (void)\n{\n  qmp_lower ();\n}\n',
        }),
        fixture({
            'client/qmp-client.c': 'void\nqmp_client_a (void)\n{\n  qmp_link ();\n}\n',
            'link/qmp-link.c': 'void\nqmp_link (void)\n{\n  qmp_client_a ();\n}\n',
        }),
    ]


if __name__ == '__main__':
    checklib.main(check, right, wrong)
