#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shows each test that failed, and the end of what it printed: whoever reads a long log reads its end.

usage: failures.py LOG...      logs are those that meson writes as JSON
"""

import json
import sys

SUCCESSES = {'OK', 'EXPECTEDFAIL', 'SKIP', 'IGNORED'}
LINES = 60


def show(log, test):
    print(f'\n{test["result"]}: {test["name"]} ({log}, {test["duration"]:.1f} s)')
    for stream in 'stdout', 'stderr':
        lines = (test.get(stream) or '').splitlines()
        # In a stream of TAP, what went wrong may stand far before the end.
        wrong = [line for line in lines[:-LINES] if line.startswith(('not ok', 'Bail out!'))]
        for line in wrong + lines[-LINES:]:
            print(f'  {line}')


def main(logs):
    for log in logs:
        with open(log, encoding='utf-8', errors='replace') as tests:
            for test in map(json.loads, tests):
                if test['result'] not in SUCCESSES:
                    show(log, test)


if __name__ == '__main__':
    main(sys.argv[1:])
