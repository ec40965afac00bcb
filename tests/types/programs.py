# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of types share: the checkers, and programs whose wrong lines say so."""

import os
import pathlib
import subprocess
import sys

SKIPPED = 77
DIRECTORY = pathlib.Path(__file__).parent


def find_program(programs, name):
    """A program from npm, or the end of the test, in words."""
    path = pathlib.Path(programs, '.bin', name).absolute()
    if not path.exists():
        print(f'skipped: {path} is not there; ./dev test installs it where npm can be reached')
        sys.exit(SKIPPED)
    return str(path)


def run(*command, directory, **variables):
    return subprocess.run(list(map(str, command)), cwd=directory, env={**os.environ, **variables}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding='utf-8', check=False)


def marked_lines(path):
    """The numbers of the lines that are wrong, and say so in a comment."""
    lines = pathlib.Path(path).read_text(encoding='utf-8').splitlines()
    return [number for number, line in enumerate(lines, 1) if line.endswith(('# wrong', '// wrong'))]
