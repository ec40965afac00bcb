#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table of docs/machines.md that compares programs has the lines that they have.

A row begins with what is done, and ends with two figures: the lines of the program that uses Qmp.Machine, and of the one that does
the same by the client alone. PAIRS has their files. All lines of code count but imports, printing, and taking the arguments apart;
those of a module beside the program that it imports count as its own.

usage: compared.py SOURCE_ROOT
"""

import ast
import io
import pathlib
import re
import tokenize

import checklib

EXAMPLES, COMPARED = 'docs/examples', 'tests/compared'
PAIRS = {
    'launch it and shut it down': (f'{EXAMPLES}/machine.py', f'{COMPARED}/machine.py'),
    'back a disk up, with progress': (f'{EXAMPLES}/backup.py', f'{COMPARED}/backup.py'),
    'plug a disk in, undo that if it fails, unplug it': (f'{EXAMPLES}/hotplug-machine.py', f'{EXAMPLES}/hotplug.py'),
    'take a picture of the screen': (f'{EXAMPLES}/screenshot-machine.py', f'{EXAMPLES}/screenshot.py'),
    'suspend to a file, and go on from there': (f'{EXAMPLES}/suspend-file.py', f'{COMPARED}/suspend-file.py'),
    'migrate from one to another, with progress': (f'{EXAMPLES}/migrate-machines.py', f'{COMPARED}/migrate-machines.py'),
    'keep machines open that others start': (f'{EXAMPLES}/keeper.py', f'{COMPARED}/keeper.py'),
    'boot, run a script in the guest, turn it off': (f'{EXAMPLES}/ci-run.py', f'{COMPARED}/ci-run.py'),
}
ROW = re.compile(r'^\| (.+?) \| (\d+) \| (\d+) \|$', re.MULTILINE)
NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER,
           tokenize.ENCODING}


def lines_with_code(text):
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    return lines


def is_left_out(statement):
    """Whether it is a docstring, an import, takes the arguments apart, or prints."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return True
    if isinstance(statement, ast.Assign):
        return 'sys.argv' in ast.unparse(statement)
    if not isinstance(statement, ast.Expr):
        return False
    return isinstance(statement.value, ast.Constant) or re.match(r'(print|gi\.require_version)\(', ast.unparse(statement))


def count(path):
    text = path.read_text(encoding='utf-8')
    lines, more = lines_with_code(text), 0
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.stmt) and is_left_out(node):
            lines -= set(range(node.lineno, node.end_lineno + 1))
        if isinstance(node, ast.ImportFrom) and path.with_name(f'{node.module}.py').exists():
            more += count(path.with_name(f'{node.module}.py'))
    return len(lines) + more


def check(root):
    root = pathlib.Path(root)
    text = (root / 'docs/machines.md').read_text(encoding='utf-8')
    found = {row[0]: (int(row[1]), int(row[2])) for row in ROW.findall(text)}
    for what, paths in PAIRS.items():
        figures = tuple(count(root / path) for path in paths)
        if found.get(what) != figures:
            yield f'“{what}”: the programs have {figures[0]} and {figures[1]} lines, the table {found.get(what)}'
    yield from (f'“{what}” is a row of no programs' for what in found if what not in PAIRS)


PROGRAM = '''#!/usr/bin/env python3
"""Two
lines."""

import sys

gi.require_version('Qmp', '1.0')
address = sys.argv[1]


def run(vm):
    """Runs."""
    # It may fail.
    vm.execute(
        'stop')  # as it is
    print('done:',
          vm)


run(sys.argv[2])
'''
LINES = 4
MODULE = 'import gi\n\n\ndef launch():\n    pass\n'


def fixture(change=None, first=LINES, second=LINES + 2):
    files = {path: PROGRAM for pair in PAIRS.values() for path in pair}
    rows = [f'| {what} | {first} | {second if COMPARED in pair[1] else first} |\n' for what, pair in PAIRS.items()]
    table = '| what | with | without |\n| --- | --- | --- |\n' + ''.join(rows)
    for _what, path in PAIRS.values():
        if COMPARED in path:
            files[path] = PROGRAM.replace('import sys\n', 'import sys\nfrom launched import launch\n')
    files |= {f'{COMPARED}/launched.py': MODULE, 'docs/machines.md': change(table) if change else table}
    return (checklib.tree(files),)


def right():
    return [fixture(), fixture(lambda table: f'| other | `a-test /a` |\n\n{table}')]


def wrong():
    return [
        fixture(first=LINES + 1),
        fixture(second=LINES),
        fixture(lambda table: table.replace('suspend to', 'suspend into')),
        fixture(lambda table: ''.join(table.splitlines(keepends=True)[:-1])),
        fixture(lambda table: table + '| other | 1 | 2 |\n'),
    ]


if __name__ == '__main__':
    checklib.main(check, right, wrong)
