#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is done for many at once must not cost their number's square: counts instructions with callgrind.

usage: growth.py PROGRAM [CASE...]
"""

import re
import shutil
import subprocess
import sys
import tempfile

FEW, TIMES = 750, 4
# Of four times as many: 4 is linear, 16 is the square.
MOST = 5
SKIPPED = 77


def count(program, case, number):
    with tempfile.NamedTemporaryFile() as out:
        text = subprocess.run(
            ['valgrind', '--tool=callgrind', f'--callgrind-out-file={out.name}', program, case, str(number)],
            check=True, capture_output=True, text=True).stderr
    return int(re.search(r'Collected : (\d+)', text).group(1))


def main():
    if shutil.which('valgrind') is None:
        print('valgrind is not there')
        sys.exit(SKIPPED)
    program, *cases = sys.argv[1:]
    if not cases:
        cases = subprocess.run([program], check=True, capture_output=True, text=True).stdout.split()
    bad = []
    for case in cases:
        start = count(program, case, 1)
        growth = (count(program, case, FEW * TIMES) - start) / (count(program, case, FEW) - start)
        print(f'{case}: {TIMES} times as many cost {growth:.1f} times as much', flush=True)
        if growth > MOST:
            bad.append(case)
    if bad:
        sys.exit(f'more than {MOST} times as much: {", ".join(bad)}')


if __name__ == '__main__':
    main()
