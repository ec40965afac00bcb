#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tests that a table of the documentation names exist, and each of its rows names one.

A test is named by its program and path, `client-call-test /client/call/errors`; a path that ends with a slash
stands for all tests below it. The test programs themselves are asked what they have. A test in Python is named
by its file and method, `shell-pipe-test.py InPipe.test_log`. A row that is dealt with elsewhere says so with a link.

usage: behaviours.py BUILD_DIRECTORY MARKDOWN...
"""

import os
import pathlib
import re
import sys

import checklib

TEST = re.compile(r'`([a-z-]+-test(?:\.py)?) ([^` ]+)`')
ROW = re.compile(r'^\|(.*)\|$', re.MULTILINE)
RULE = re.compile(r'[\s|:-]+')


def rows(text):
    """The rows of all tables, without their heads."""
    lines = ROW.findall(text)
    heads = {index for index, line in enumerate(lines[1:]) if RULE.fullmatch(line)}
    for index, line in enumerate(lines):
        if index not in heads and not RULE.fullmatch(line):
            yield line.strip()


def exists(path, paths):
    return any(each.startswith(path) for each in paths) if path.endswith('/') else path in paths


def check_texts(texts, list_paths):
    """texts: {name: Markdown}; list_paths: gives the paths of a test program, None if there is no such program."""
    known = {}
    for name, text in texts.items():
        found = list(rows(text))
        if not found:
            yield f'{name}: no table'
        for row in found:
            tests = TEST.findall(row)
            if not tests and '](' not in row:
                yield f'{name}: no test in the row “{row[:60]}…”'
            for program, path in tests:
                if program not in known:
                    known[program] = list_paths(program)
                if known[program] is None:
                    yield f'{name}: there is no program {program}'
                elif not exists(path, known[program]):
                    yield f'{name}: {program} has no test {path}'


def paths_of(listing):
    """The paths in the list that a test program prints; newer GLibs make comments of them."""
    lines = {line.removeprefix('# ') for line in listing.splitlines()}
    return {line for line in lines if line.startswith('/')}


def methods_of(text):
    """The tests in a program in Python."""
    cases = re.split(r'^class (\w+)', text, flags=re.MULTILINE)[1:]
    for case, body in zip(cases[::2], cases[1::2], strict=True):
        yield from (f'{case}.{method}' for method in re.findall(r'^    def (test_\w+)', body, re.MULTILINE))


def check(build, *documents):
    tests = pathlib.Path(build, 'tests').resolve()
    os.environ['G_TEST_BUILDDIR'] = str(tests)
    sources = pathlib.Path(__file__).resolve().parent.parent
    os.environ['G_TEST_SRCDIR'] = str(sources)

    def list_paths(program):
        if program.endswith('.py'):
            return {method for path in sources.glob(f'*/{program}') for method in methods_of(path.read_text())}
        path = tests / program
        if not path.exists():
            return None
        return paths_of(checklib.output([path, '-l']))

    texts = {pathlib.Path(each).name: pathlib.Path(each).read_text(encoding='utf-8') for each in documents}
    yield from check_texts(texts, list_paths)


def fixture(last_cell):
    table = f'Text.\n\n| no. | what | test |\n| --- | --- | --- |\n| 1 | a | {last_cell} |\n'
    script = 'class One(Case):\n    def test_a(self):\n        pass\n\nclass Two(Case):\n    def test_b(self):\n'
    return ({'a.md': table}, {'a-test': paths_of('1..2\n# Start of a tests\n/a/b\n# /a/c/1\n'),
                              'b-test.py': set(methods_of(script))}.get)


def right():
    return [
        fixture('`a-test /a/b`'),
        fixture('`a-test /a/b`, `a-test /a/c/`'),
        fixture('`b-test.py One.test_a`, `b-test.py Two.test_b`'),
        fixture('see [the tools](tools.html)'),
    ]


def wrong():
    return [
        fixture(''),
        fixture('a-test /a/b'),
        fixture('`a-test /a`'),
        fixture('`a-test /a/c`'),
        fixture('`a-test /a/d/`'),
        fixture('`b-test /a/b`'),
        fixture('`b-test.py One.test_b`'),
        fixture('`c-test.py One.test_a`'),
        fixture('`a-test /a/b`, `a-test /gone`'),
        ({'a.md': 'No table.\n'}, {}.get),
    ]


if __name__ == '__main__':
    checklib.main(check_texts if sys.argv[1:] == ['--self-test'] else check, right, wrong)
