#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""No test of the overrides leaves an object, a task or a descriptor behind: each runs again and again.

It needs live-objects preloaded, which counts.

usage: leaks.py SOCKET
"""

import gc
import os
import pathlib
import sys
import time
import unittest

from gi.repository import GLib

ADDRESS = sys.argv.pop()
PROGRAMS = ['overrides', 'overrides_values', 'overrides_waiting', 'overrides_asyncio']
ROUNDS = 3
SECONDS = 20


def count():
    """What there is: how many of each type, and descriptors."""
    text = pathlib.Path(os.environ['QMP_TEST_LIVE']).read_text(encoding='ascii').replace('\0', '')
    counts = {name: int(number) for name, number in map(str.split, text.splitlines())}
    return {**counts, 'descriptors': len(os.listdir('/proc/self/fd'))}


def settle():
    while GLib.MainContext.default().iteration(False):
        pass
    gc.collect()
    return count()


def more(before, after):
    return {name: number - before.get(name, 0) for name, number in after.items() if number > before.get(name, 0)}


def wait_for(before):
    """What is left over; threads and servers of the test may take a moment to end."""
    deadline = time.monotonic() + SECONDS
    while left := more(before, settle()):
        if time.monotonic() > deadline:
            return left
        time.sleep(0.01)
    return {}


def run(test):
    result = unittest.TestResult()
    type(test)(test._testMethodName).run(result)
    return ''.join(text for _test, text in [*result.failures, *result.errors])


def tests_in(suite):
    for test in suite:
        yield from tests_in(test) if isinstance(test, unittest.TestSuite) else [test]


def check(test):
    """What is wrong with it. The first time, types and caches are made for good."""
    problem = run(test)
    before = settle()
    for _round in range(ROUNDS):
        problem = problem or run(test)
    left = wait_for(before)
    return problem or (f'left over: {left}' if left else '')


class Kept(unittest.TestCase):
    """A test that leaves something behind, to see that it is found."""

    kept = []

    def test_object(self):
        self.kept.append(Qmp.Client.new(None))

    def test_descriptor(self):
        self.kept.append(os.dup(0))


def load(name):
    sys.argv.append(ADDRESS)
    return unittest.defaultTestLoader.loadTestsFromName(name)


def main():
    global Qmp, SECONDS
    tests = [test for name in PROGRAMS for test in tests_in(load(name))]
    from gi.repository import Qmp
    failed = 0
    for test in tests:
        problem = check(test)
        failed += bool(problem)
        print(f'{"not ok" if problem else "ok"} {test.id()}{problem and ": "}{problem}', flush=True)
    SECONDS = 0
    for name in ('test_object', 'test_descriptor'):
        if not check(Kept(name)):
            failed += 1
            print(f'not ok: what {name} leaves was not found')
    sys.exit(failed != 0)


if __name__ == '__main__':
    main()
