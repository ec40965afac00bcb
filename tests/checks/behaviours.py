#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tests that a table of the documentation names exist, and each of its rows names one.

A test is named by its program and path, `client-call-test /client/call/errors`; a path that ends with a slash
stands for all tests below it. A row that is dealt with elsewhere says so with a link. The test programs
themselves are asked what they have.

usage: behaviours.py BUILD_DIRECTORY MARKDOWN...
"""

import os
import pathlib
import re
import sys

import checklib

TEST = re.compile(r'`([a-z-]+-test) (/[^` ]*)`')
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


def check(build, *documents):
    tests = pathlib.Path(build, 'tests').resolve()
    os.environ['G_TEST_BUILDDIR'] = str(tests)
    os.environ['G_TEST_SRCDIR'] = str(pathlib.Path(__file__).resolve().parent.parent)

    def list_paths(program):
        path = tests / program
        if not path.exists():
            return None
        return {line for line in checklib.output([path, '-l']).splitlines() if line.startswith('/')}

    texts = {pathlib.Path(each).name: pathlib.Path(each).read_text(encoding='utf-8') for each in documents}
    yield from check_texts(texts, list_paths)


def fixture(last_cell):
    table = f'Text.\n\n| no. | what | test |\n| --- | --- | --- |\n| 1 | a | {last_cell} |\n'
    return ({'a.md': table}, {'a-test': {'/a/b', '/a/c/1'}}.get)


def right():
    return [
        fixture('`a-test /a/b`'),
        fixture('`a-test /a/b`, `a-test /a/c/`'),
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
        fixture('`a-test /a/b`, `a-test /gone`'),
        ({'a.md': 'No table.\n'}, {}.get),
    ]


if __name__ == '__main__':
    checklib.main(check_texts if sys.argv[1:] == ['--self-test'] else check, right, wrong)
