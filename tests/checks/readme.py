#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The code that a text shows stands so in an example, all of which are run by tests.

A block of code is preceded by a comment with the file's path: <!-- docs/examples/hello.py -->

usage: readme.py SOURCE_ROOT
"""

import pathlib
import re
import textwrap

import checklib

FENCE = re.compile(r'(?:<!-- (\S+) -->\n)?^```(\S*)\n(.*?)\n```$', re.DOTALL | re.MULTILINE)
CODE = {'c': '.c', 'javascript': '.js', 'js': '.js', 'python': '.py', 'py': '.py', 'vala': '.vala'}
OTHER = {'', 'json', 'sh', 'text'}
EXAMPLES = 'docs/examples'


def stands_in(block, text):
    wanted = textwrap.dedent(block).splitlines()
    lines = text.splitlines()
    for start in range(len(lines) - len(wanted) + 1):
        if textwrap.dedent('\n'.join(lines[start:start + len(wanted)])).splitlines() == wanted:
            return True
    return False


def check_block(root, document, name, language, block):
    shown = f'{document}: the {language} block “{block.strip().splitlines()[0]}”'
    if language not in CODE:
        if language not in OTHER:
            yield f'{shown} is of an unknown language'
    elif not name:
        yield f'{shown} names no file'
    elif not re.fullmatch(EXAMPLES + r'/[^/]+' + re.escape(CODE[language]), name):
        yield f'{shown} names {name}, which is no example of that language'
    elif not (root / name).exists():
        yield f'{shown} names {name}, which is not there'
    elif not stands_in(block, (root / name).read_text(encoding='utf-8')):
        yield f'{shown} does not stand so in {name}'


def check(root):
    root = pathlib.Path(root)
    for document in [root / 'README.md', *sorted((root / 'docs').glob('*.md'))]:
        for block in FENCE.findall(document.read_text(encoding='utf-8')):
            yield from check_block(root, document.relative_to(root), *block)


def fixture(document, more=None):
    return (checklib.tree({
        'docs/examples/a.c': 'int\nmain (void)\n{\n  run ();\n  return 0;\n}\n',
        'README.md': 'A text.\n',
        'docs/guide.md': document,
        'src.c': 'run ();\n',
        **(more or {}),
    }),)


def right():
    return [fixture('<!-- docs/examples/a.c -->\n```c\nrun ();\nreturn 0;\n```\n```sh\n./dev demo\n```\n')]


def wrong():
    return [
        fixture('<!-- docs/examples/a.c -->\n```c\nrun ();\nreturn 1;\n```\n'),
        fixture('<!-- docs/examples/a.c -->\n```c\nint\n{\n```\n'),
        fixture('```c\nrun ();\n```\n'),
        fixture('```python3\nrun ()\n```\n'),
        fixture('<!-- docs/examples/b.c -->\n```c\nrun ();\n```\n'),
        fixture('<!-- src.c -->\n```c\nrun ();\n```\n'),
        fixture('', {'README.md': '```c\nrun ();\n```\n'}),
    ]


if __name__ == '__main__':
    checklib.main(check, right, wrong)
