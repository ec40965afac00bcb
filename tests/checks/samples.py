#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The samples in the reference, those of the comments in the sources, can be compiled, and their JSON read.

A sample is a whole function, or what stands in one. tests/checks/samples.h declares what it takes for granted.

usage: samples.py SOURCE_ROOT COMPILER_FLAG...
"""

import json
import pathlib
import re
import subprocess
import textwrap

import checklib

COMMENT = re.compile(r'^/\*\*\n.*?^ \*/', re.DOTALL | re.MULTILINE)
STAR = re.compile(r'^ \* ?', re.MULTILINE)
FENCE = re.compile(r'^ *```(\S*)\n(.*?)^ *```$', re.DOTALL | re.MULTILINE)
WARNINGS = ['-Wall', '-Wextra', '-Wno-unused', '-Werror']


def samples(path):
    """Yields (line, language, text)."""
    source = path.read_text(encoding='utf-8')
    for comment in COMMENT.finditer(source):
        text = STAR.sub('', comment[0])
        first = source.count('\n', 0, comment.start()) + 1
        for fence in FENCE.finditer(text):
            yield first + text.count('\n', 0, fence.start(2)), fence[1], textwrap.dedent(fence[2])
        for old in re.finditer(r'\|\[', text):
            yield first + text.count('\n', 0, old.start()), '|[', ''


def wrap(number, path, line, text):
    line_directive = f'#line {line} "{path}"\n'
    if re.search(r'^{$', text, re.MULTILINE):
        return f'{line_directive}{text}'
    return (f'gboolean sample_{number} (void);\ngboolean sample_{number} (void)\n{{\n'
            f'{line_directive}{text}return TRUE;\n}}\n')


def check_json(text):
    try:
        json.loads(text)
    except ValueError as error:
        return str(error)
    return None


def compile_all(root, program, flags):
    done = subprocess.run(['cc', '-x', 'c', '-std=gnu11', '-fsyntax-only', *WARNINGS, f'-I{root}', *flags, '-'],
                          cwd=root, input=program, stderr=subprocess.PIPE, text=True, check=False)
    return done.stderr if done.returncode != 0 else None


def check(root, *flags):
    root = pathlib.Path(root)
    program = ['#include "tests/checks/samples.h"\n']
    for path in sorted((root / 'qmp-glib').rglob('*.[ch]')):
        shown = path.relative_to(root)
        for line, language, text in samples(path):
            if language == 'c':
                program.append(wrap(len(program), shown, line, text))
            elif language == 'json':
                yield from (f'{shown}:{line}: {problem}' for problem in [check_json(text)] if problem)
            elif language:
                yield f'{shown}:{line}: a sample in “{language}”'
    if len(program) == 1:
        yield f'{root}: no samples'
    yield from filter(None, [compile_all(root, '\n'.join(program), flags)])


HEADER = 'typedef int gboolean;\n#define TRUE 1\nint run (int number);\n'


def fixture(*lines):
    sample = '```c\nint ready = run (5);\n\nif (ready)\n  return 0;\n```'.splitlines()
    comment = '\n'.join(f' * {line}'.rstrip() for line in ['qmp_run:', '', *sample, *lines])
    return (checklib.tree({'tests/checks/samples.h': HEADER, 'qmp-glib/a.c': f'/**\n{comment}\n */\nint a;\n'}),)


def right():
    return [
        fixture(),
        fixture('```c', 'int ready = run (7);', '```'),
        fixture('```c', 'static int', 'walk (void)', '{', '  return run (3);', '}', '```'),
        fixture('```json', '{"a": 1}', '```', '```', 'any text', '```'),
    ]


def wrong():
    return [
        fixture('```c', 'int ready = walk (5);', '```'),
        fixture('```c', 'int ready = run ();', '```'),
        fixture('- a list', '', '  ```c', '  run (;', '  ```'),
        fixture('```c', 'static int', 'walk (void)', '{', '  return run;', '}', '```'),
        fixture('```json', '{"a": 1,}', '```'),
        fixture('```python', 'run(5)', '```'),
        fixture('|[<!-- language="C" -->', 'run (5);', ']|'),
        (checklib.tree({'tests/checks/samples.h': HEADER, 'qmp-glib/a.c': 'int a;\n'}),),
    ]


if __name__ == '__main__':
    checklib.main(check, right, wrong)
