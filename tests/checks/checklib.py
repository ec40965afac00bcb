# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the checks share: a check is a function that yields problems, and it proves itself.

A check's script is called with its arguments, or with --self-test: then each of its fixtures, which
is wrong in one way, must be found wrong, and each that is right must be found right.
"""

import pathlib
import subprocess
import sys
import tempfile

SKIPPED = {'.git', '__pycache__', 'subprojects'}

_trees = []


def tree(files):
    """The path of a new directory with the given files ({name: text}); gone at the end."""
    directory = tempfile.TemporaryDirectory(prefix='qmp-glib-check-')
    _trees.append(directory)
    for name, text in files.items():
        path = pathlib.Path(directory.name, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding='utf-8')
    return directory.name


def source_files(root):
    """The files of a source tree without what was built there."""
    for path in sorted(pathlib.Path(root).iterdir()):
        if path.name in SKIPPED or (path / 'meson-private').exists():
            continue
        if path.is_dir():
            yield from source_files(path)
        else:
            yield path


def output(command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def self_test(check, right, wrong):
    for fixture in right:
        problems = list(check(*fixture))
        if problems:
            yield f'a right fixture was found wrong: {problems}'
    for fixture in wrong:
        if not list(check(*fixture)):
            yield f'a wrong fixture was not found: {fixture}'


def main(check, right, wrong):
    """right, wrong: functions that return lists of argument tuples for check."""
    if sys.argv[1:] == ['--self-test']:
        problems = list(self_test(check, right(), wrong()))
    else:
        problems = list(check(*sys.argv[1:]))
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)
