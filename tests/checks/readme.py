#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The code that a text shows stands so in an example, all of which are run by tests.

A block of code is preceded by a comment with the file's path: <!-- docs/examples/hello.py -->
A line is narrow enough to be read beside the list of pages. JSON has to be JSON. Shell commands have to be in the shell's grammar, and those that begin with ./dev to be there.

usage: readme.py SOURCE_ROOT
"""

import json
import pathlib
import re
import subprocess
import textwrap

import checklib

FENCE = re.compile(r'(?:<!-- (\S+) -->\n)?^( *)```(\S*)\n(.*?)\n\2```$', re.DOTALL | re.MULTILINE)
MARK = re.compile(r'^[ \t>]*(?:```|~~~)', re.MULTILINE)
CODE = {'c': '.c', 'javascript': '.js', 'js': '.js', 'python': '.py', 'py': '.py', 'vala': '.vala'}
TEXT = {'', 'ini', 'meson', 'text'}
EXAMPLES = 'docs/examples'
WIDEST = 73


def stands_in(block, text):
    wanted = textwrap.dedent(block).splitlines()
    lines = text.splitlines()
    for start in range(len(lines) - len(wanted) + 1):
        if textwrap.dedent('\n'.join(lines[start:start + len(wanted)])).splitlines() == wanted:
            return True
    return False


def check_json(_root, block):
    try:
        json.loads(block)
    except ValueError as error:
        yield f'is not JSON: {error}'


def check_shell(root, block):
    done = subprocess.run(['sh', '-n'], input=block, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        yield f'is nothing for a shell: {done.stderr}'
    for command in re.findall(r'^\./dev (\S+)', block, re.MULTILINE):
        if not re.search(rf'^  {re.escape(command)}\) ', (root / 'dev').read_text(encoding='utf-8'), re.MULTILINE):
            yield f'has ./dev {command}, which is not there'


OTHER = {'json': check_json, 'sh': check_shell}


def check_block(root, document, name, language, block):
    shown = f'{document}: the {language} block “{block.strip().splitlines()[0]}”'
    yield from (f'{shown} has a line of {len(line)} characters' for line in block.splitlines() if len(line) > WIDEST)
    if language in OTHER:
        yield from (f'{shown} {problem}' for problem in OTHER[language](root, block))
    elif language not in CODE:
        if language not in TEXT:
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
        text = document.read_text(encoding='utf-8')
        for name, _indent, language, block in FENCE.findall(text):
            yield from check_block(root, document.relative_to(root), name, language, textwrap.dedent(block))
        for mark in MARK.finditer(FENCE.sub('', text)):
            yield f'{document.relative_to(root)}: “{mark[0]}” is no block that this check can read'


def fixture(document, more=None):
    return (checklib.tree({
        'docs/examples/a.c': 'int\nmain (void)\n{\n  run ();\n  return 0;\n}\n',
        'README.md': 'A text.\n',
        'docs/guide.md': document,
        'src.c': 'run ();\n',
        'dev': 'case $1 in\n  demo) echo ;;\nesac\n',
        **(more or {}),
    }),)


def right():
    return [
        fixture('<!-- docs/examples/a.c -->\n```c\nrun ();\nreturn 0;\n```\n```sh\n./dev demo\n```\n'),
        fixture('```json\n{"a": 1}\n```\n```text\n' + 73 * '{' + '\n```\n- a list\n\n  ```sh\n  ls "$(pwd)"\n  ```\n'),
    ]


def wrong():
    return [
        fixture('<!-- docs/examples/a.c -->\n```c\nrun ();\nreturn 1;\n```\n'),
        fixture('<!-- docs/examples/a.c -->\n```c\nint\n{\n```\n'),
        fixture('```c\nrun ();\n```\n'),
        fixture('```text\n' + 74 * 'a' + '\n```\n'),
        fixture('```python3\nrun ()\n```\n'),
        fixture('<!-- docs/examples/b.c -->\n```c\nrun ();\n```\n'),
        fixture('<!-- src.c -->\n```c\nrun ();\n```\n'),
        fixture('', {'README.md': '```c\nrun ();\n```\n'}),
        fixture('- a list\n\n  ```c\n  run ();\n  ```\n'),
        fixture('~~~c\nrun ();\n~~~\n'),
        fixture('```c and more\nrun ();\n```\n'),
        fixture('```c\nrun ();\n'),
        fixture('```json\n{"a": }\n```\n'),
        fixture('```sh\nls "\n```\n'),
        fixture('```sh\n./dev nothing\n```\n'),
    ]


if __name__ == '__main__':
    checklib.main(check, right, wrong)
