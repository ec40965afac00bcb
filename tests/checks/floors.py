#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An include only points down: reads the #include lines of the library's sources.

usage: floors.py SOURCE_DIRECTORY
"""

import pathlib
import re

import checklib

FLOORS = [
    (0, r'config\.h|qmp-(version|types|error|debug|init|enums).*'),
    (1, r'qmp-json-.*'),
    (2, r'qmp-(members|message|greeting).*|qmp-event(-private)?\.[ch]'),
    (3, r'qmp-transport.*'),
    (4, r'qmp-(calls?|handshake).*'),
    (5, r'qmp-(client|event-listener|address).*'),
    (6, r'qmp-schema.*'),
    (7, r'tools/.*|qmp-glib\.h'),
]
# Programs are made as everybody else makes them.
PUBLIC = re.compile(r'config\.h|qmp-glib\.h')
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"](?:\.\./|qmp-glib/)*([^>"]+)[>"]', re.MULTILINE)
OWN = re.compile(r'qmp-|config\.h')


def floor_of(name):
    for floor, pattern in FLOORS:
        if re.fullmatch(pattern, name):
            return floor
    return None


def check(directory):
    directory = pathlib.Path(directory)
    for path in sorted([*directory.rglob('*.c'), *directory.rglob('*.h')]):
        name = path.relative_to(directory).as_posix()
        floor = floor_of(name)
        if floor is None:
            yield f'{name}: stands on no floor'
            continue
        for included in INCLUDE.findall(path.read_text(encoding='utf-8')):
            if not OWN.match(included):
                continue
            below = floor_of(included)
            if below is None:
                yield f'{name} includes {included}, which stands on no floor'
            elif below > floor:
                yield f'{name} (floor {floor}) includes {included} (floor {below})'
            elif name.startswith('tools/') and not PUBLIC.fullmatch(included):
                yield f'{name} includes {included}, which is not the public header'


def fixture(files):
    return (checklib.tree(files),)


def right():
    return [fixture({
        'qmp-client.c': '#include "config.h"\n#include <gio/gio.h>\n#include "qmp-calls-private.h"\n',
        'qmp-error.c': '#include "qmp-error-private.h"\n',
        'tools/shell.c': '#include <qmp-glib/qmp-glib.h>\n',
    })]


def wrong():
    return [
        fixture({'qmp-transport.c': '#include "qmp-client.h"\n'}),
        fixture({'qmp-error.c': '#include <qmp-glib/qmp-message.h>\n'}),
        fixture({'qmp-message.c': '#include <qmp-glib/qmp-event-listener.h>\n'}),
        fixture({'qmp-json-text.c': '#  include "qmp-glib.h"\n'}),
        fixture({'qmp-client.c': '#include "qmp-attic.h"\n'}),
        fixture({'qmp-attic.h': ''}),
        fixture({'tools/shell.c': '#include <qmp-glib/qmp-client.h>\n'}),
        fixture({'tools/shell.c': '#include "../qmp-json-text-private.h"\n'}),
    ]


if __name__ == '__main__':
    checklib.main(check, right, wrong)
