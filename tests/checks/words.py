#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Texts use the words of the list in docs/developing.md, and none of those that stand there as “instead of”.

usage: words.py SOURCE_ROOT
"""

import pathlib
import re

import checklib

LIST = 'docs/developing.md'
HEADING = '## Words'
PLACES = ['*.md', 'dev', 'docs', 'environment', 'introspection', 'packaging', 'qmp-glib']
SUFFIXES = {'', '.c', '.css', '.d.ts', '.h', '.in', '.js', '.md', '.py', '.pyi', '.rst', '.sh', '.ts', '.vala', '.build'}
# Where a word is right: there is no answer, it is no longer there.
RIGHT = {'is no': (r'(?<![Tt]here )', r'(?! longer\b| more\b| less\b| need\b| use\b| such\b)'),
         'is none': (r'(?<![Tt]here )', '')}
RIGHT.update({phrase.replace('is', verb, 1): RIGHT[phrase] for phrase in list(RIGHT) for verb in ('are', 'was', 'were')})


def read_list(text):
    """The phrases of the second column of the table below the heading."""
    part = re.split(r'^## ', text.partition(HEADING)[2], flags=re.MULTILINE)[0]
    rows = [line.split('|') for line in part.splitlines() if line.startswith('|')][2:]
    return [phrase for row in rows for phrase in re.findall(r'`([^`]+)`', row[2])]


def make_pattern(phrase):
    before, after = RIGHT.get(phrase, ('', ''))
    return re.compile(before + r'\b' + r'\s+'.join(map(re.escape, phrase.split())) + r'\b' + after)


def find_files(root):
    for place in PLACES:
        for path in sorted(root.glob(place)):
            yield from sorted(path.rglob('*')) if path.is_dir() else [path]


def check(root):
    root = pathlib.Path(root)
    phrases = read_list((root / LIST).read_text(encoding='utf-8'))
    if not phrases:
        yield f'{LIST} has no list of words'
    patterns = {phrase: make_pattern(phrase) for phrase in phrases}
    for path in find_files(root):
        if not path.is_file() or path.suffix not in SUFFIXES or '__pycache__' in path.parts:
            continue
        text = path.read_text(encoding='utf-8')
        if path == root / LIST:
            text = re.sub(rf'{HEADING}.*?(?=^## |\Z)', '', text, flags=re.DOTALL | re.MULTILINE)
        # Comments go on over lines.
        text = re.sub(r'\n[ \t]*(?:\*|//|#|/\*)?[ \t]*', ' ', text)
        for phrase, pattern in patterns.items():
            for match in pattern.finditer(text):
                yield f'{path.relative_to(root)}: “…{text[max(0, match.start() - 30):match.end() + 20]}…” has “{phrase}”'


TABLE = '# Work\n\n## Words\n\n| We say | Instead of | About |\n| --- | --- | --- |\n| at most | `at the most` | |\n' \
        '| is not a | `is no`, `are no` | |\n\n## More\n\n'


def fixture(text, name='docs/a.md', table=TABLE):
    return (checklib.tree({'docs/developing.md': table, name: text}),)


def right():
    return [
        fixture('It is at most one, there is no other, and it is no longer here. Those are not files.\n'),
        fixture('at the most\n', name='tests/a.c'),
    ]


def wrong():
    return [
        fixture('One at the most.\n'),
        fixture('One at\n * the most.\n', name='qmp-glib/json/a.c'),
        fixture('It is no file.\n'),
        fixture('Those are no files.\n', name='dev'),
        fixture('Good.\n', table='# Work\n'),
        fixture('Good.\n', table=TABLE + 'One at the most.\n'),
    ]


if __name__ == '__main__':
    checklib.main(check, right, wrong)
