#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library exports what its public headers declare, and nothing else.

usage: symbols.py LIBRARY HEADER...
"""

import pathlib
import re
import sys

import checklib

FUNCTION = re.compile(r'\b(qmp_[a-z0-9_]+)\s*\(')
DECLARED_TYPE = re.compile(r'\bG_DECLARE_(?:FINAL_TYPE|DERIVABLE_TYPE|INTERFACE)\s*\(\s*\w+,\s*(qmp_\w+)')
COMMENT = re.compile(r'/\*.*?\*/', re.DOTALL)
MACRO = re.compile(r'^[ \t]*#(?:.*\\\n)*.*$', re.MULTILINE)


def declared_in(header):
    text = MACRO.sub('', COMMENT.sub('', header))
    return set(FUNCTION.findall(text)) | {f'{name}_get_type' for name in DECLARED_TYPE.findall(text)}


def check_symbols(exported, headers):
    declared = set().union(*map(declared_in, headers))
    for name in sorted(exported - declared):
        yield f'{name} is exported and in no public header'
    for name in sorted(declared - exported):
        yield f'{name} is in a public header and not exported'


def check(library, *headers):
    lines = checklib.output(['nm', '--dynamic', '--defined-only', '--format=posix', library]).splitlines()
    exported = {line.split()[0] for line in lines}
    texts = [pathlib.Path(header).read_text(encoding='utf-8') for header in headers]
    yield from check_symbols(exported, texts)


HEADER = '''
/* qmp_in_a_comment (void) */
#define QMP_TYPE_A (qmp_in_a_macro ())
G_DECLARE_FINAL_TYPE (QmpA, qmp_a, QMP, A, GObject)
QMP_AVAILABLE_IN_1_0
int qmp_a_run (QmpA *self);
'''


def right():
    return [({'qmp_a_get_type', 'qmp_a_run'}, [HEADER])]


def wrong():
    return [
        ({'qmp_a_get_type', 'qmp_a_run', 'qmp_a_hidden'}, [HEADER]),
        ({'qmp_a_get_type', 'qmp_a_run', 'helper'}, [HEADER]),
        ({'qmp_a_get_type'}, [HEADER]),
        ({'qmp_a_run'}, [HEADER]),
    ]


if __name__ == '__main__':
    checklib.main(check_symbols if sys.argv[1:] == ['--self-test'] else check, right, wrong)
