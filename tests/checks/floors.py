#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A folder is a floor, and an include only points down: reads the #include lines of the library's sources.

An include of a private header says its floor ("wire/qmp-transport-private.h"). Public headers are flat.

usage: floors.py SOURCE_DIRECTORY
"""

import pathlib
import re

import checklib

FLOORS = ['core', 'json', 'message', 'wire', 'event', 'link', 'client', 'schema', 'agent', 'server', 'finder', 'mock', 'machine',
          'share', 'tools']
# The floors of the public headers.
PUBLIC = [
    ('core', r'qmp-(version|version-macros|types|error|enums)\.h'),
    ('message', r'qmp-(message|event|greeting)\.h'),
    ('wire', r'qmp-address\.h'),
    ('finder', r'qmp-(endpoint|finder|instance)\.h'),
    ('event', r'qmp-event-.*\.h'),
    ('client', r'qmp-client.*\.h'),
    ('schema', r'qmp-schema\.h'),
    ('agent', r'qmp-guest-.*\.h'),
    ('server', r'qmp-(invocation|recorder|server.*)\.h'),
    ('mock', r'qmp-(expectation|mock)\.h'),
    ('machine', r'qmp-(job|launcher|machine.*|migration|outcome)\.h'),
    ('share', r'qmp-multiplexer\.h'),
    ('tools', r'qmp-glib\.h'),
]
# What programs may include: they are made as everybody else makes them.
FOR_PROGRAMS = re.compile(r'config\.h|qmp-glib\.h')
# These stand on public headers alone, as a program does.
ON_PUBLIC_HEADERS = ('agent', 'machine')
# Of what is a client's own these see the public headers alone.
ON_THE_WIRE = {
    'finder': ('core', 'wire', 'finder'),
    'server': ('core', 'json', 'message', 'wire', 'server'),
    'mock': ('core', 'json', 'message', 'wire', 'server', 'mock'),
}
# But for these, which docs/architecture.md gives the reason of.
ALSO = {
    'agent': (
        'client/qmp-client-serve-private.h', 'core/qmp-cancellation-private.h', 'wire/qmp-hand-over-private.h',
    ),
    'machine': (
        'client/qmp-client-serve-private.h', 'core/qmp-cancellation-private.h', 'wire/qmp-hand-over-private.h',
        'wire/qmp-io-context-private.h', 'wire/qmp-listening-private.h', 'wire/qmp-output-private.h',
        'wire/qmp-patience-private.h', 'wire/qmp-process-private.h',
    ),
}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"](?:\.\./|qmp-glib/)*([^>"]+)[>"]', re.MULTILINE)
OWN = re.compile(r'(.*/)?qmp-[^/]*|config\.h')


def floor_of(name):
    """The floor of a file below the source directory, or None."""
    if name == 'config.h':
        return 0
    folder, slash, file = name.rpartition('/')
    if slash:
        return FLOORS.index(folder) if folder in FLOORS else None
    for folder, pattern in PUBLIC:
        if re.fullmatch(pattern, file):
            return FLOORS.index(folder)
    return None


def problem(name, included):
    """What is wrong with an include, or None."""
    floor, below = floor_of(name), floor_of(included)
    if below is None:
        return 'stands on no floor'
    if below > floor:
        return f'(floor {FLOORS[below]}) is above it'
    folder = name.partition('/')[0]
    if folder == 'tools' and not FOR_PROGRAMS.fullmatch(included):
        return 'is not the public header'
    if included in ALSO.get(folder, ()):
        return None
    if folder in ON_PUBLIC_HEADERS and '/' in included and not included.startswith(f'{folder}/'):
        return 'is not a public header'
    if '/' in included and included.partition('/')[0] not in ON_THE_WIRE.get(folder, FLOORS):
        return "is a client's own"
    return None


def check(directory):
    directory = pathlib.Path(directory)
    for path in sorted([*directory.rglob('*.c'), *directory.rglob('*.h')]):
        name = path.relative_to(directory).as_posix()
        if floor_of(name) is None:
            yield f'{name}: stands on no floor'
            continue
        for included in INCLUDE.findall(path.read_text(encoding='utf-8')):
            if not OWN.fullmatch(included):
                continue
            wrong = problem(name, included)
            if wrong:
                yield f'{name} includes {included}, which {wrong}'


def fixture(files):
    return (checklib.tree(files),)


def right():
    return [fixture({
        'client/qmp-client.c': '#include "config.h"\n#include <gio/gio.h>\n#include "link/qmp-calls-private.h"\n',
        'core/qmp-error.c': '#include "core/qmp-error-private.h"\n',
        'machine/qmp-machine.c': '#include "machine/qmp-machine-private.h"\n#include "qmp-client.h"\n',
        'machine/qmp-launcher.c': '#include "wire/qmp-process-private.h"\n',
        'server/qmp-server.c': '#include "wire/qmp-transport-private.h"\n#include <qmp-glib/qmp-client.h>\n',
        'tools/shell.c': '#include <qmp-glib/qmp-glib.h>\n',
    })]


def wrong():
    return [
        fixture({'wire/qmp-transport.c': '#include "qmp-client.h"\n'}),
        fixture({'core/qmp-error.c': '#include <qmp-glib/qmp-message.h>\n'}),
        fixture({'message/qmp-message.c': '#include <qmp-glib/qmp-event-listener.h>\n'}),
        fixture({'message/qmp-message.c': '#include "link/qmp-calls-private.h"\n'}),
        fixture({'json/qmp-json-text.c': '#  include "qmp-glib.h"\n'}),
        fixture({'json/qmp-json-text.c': '#include "qmp-json-text-private.h"\n'}),
        fixture({'client/qmp-client.c': '#include "qmp-attic.h"\n'}),
        fixture({'client/qmp-client.c': '#include "attic/qmp-attic-private.h"\n'}),
        fixture({'qmp-attic.h': ''}),
        fixture({'qmp-client.c': ''}),
        fixture({'machine/qmp-machine.c': '#include "link/qmp-link-private.h"\n'}),
        fixture({'server/qmp-server.c': '#include "link/qmp-link-private.h"\n'}),
        fixture({'server/qmp-server.c': '#include "mock/qmp-script-private.h"\n'}),
        fixture({'mock/qmp-mock.c': '#include "link/qmp-link-private.h"\n'}),
        fixture({'server/qmp-server.c': '#include "agent/qmp-guest-agent-private.h"\n'}),
        fixture({'tools/shell.c': '#include <qmp-glib/qmp-client.h>\n'}),
        fixture({'tools/shell.c': '#include "json/qmp-json-text-private.h"\n'}),
    ]


if __name__ == '__main__':
    checklib.main(check, right, wrong)
