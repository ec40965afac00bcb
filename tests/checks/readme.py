#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The code that a text shows stands so in the file that it names.

A block of code is preceded by a comment with the file's path: <!-- docs/examples/hello.py -->

usage: readme.py SOURCE_ROOT MARKDOWN...
"""

import pathlib
import re
import textwrap

import checklib

BLOCK = re.compile(r'(?:<!-- (\S+) -->\n)?```(c|python|javascript|vala)\n(.*?)\n```', re.DOTALL)


def stands_in(block, text):
    wanted = textwrap.dedent(block).splitlines()
    lines = text.splitlines()
    for start in range(len(lines) - len(wanted) + 1):
        if textwrap.dedent('\n'.join(lines[start:start + len(wanted)])).splitlines() == wanted:
            return True
    return False


def check(root, *documents):
    for document in documents:
        for name, language, block in BLOCK.findall(pathlib.Path(document).read_text(encoding='utf-8')):
            shown = block.strip().splitlines()[0]
            if not name:
                yield f'{document}: the {language} block “{shown}” names no file'
            elif not stands_in(block, pathlib.Path(root, name).read_text(encoding='utf-8')):
                yield f'{document}: the {language} block “{shown}” does not stand so in {name}'


def fixture(document):
    root = checklib.tree({'a.c': 'int\nmain (void)\n{\n  run ();\n  return 0;\n}\n', 'README.md': document})
    return (root, f'{root}/README.md')


def right():
    return [fixture('<!-- a.c -->\n```c\nrun ();\nreturn 0;\n```\n```sh\n./dev demo\n```\n')]


def wrong():
    return [
        fixture('<!-- a.c -->\n```c\nrun ();\nreturn 1;\n```\n'),
        fixture('<!-- a.c -->\n```c\nint\n{\n```\n'),
        fixture('```c\nrun ();\n```\n'),
    ]


if __name__ == '__main__':
    checklib.main(check, right, wrong)
