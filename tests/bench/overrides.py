#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What execute('query-qmp-schema') costs in Python, beside Python's own parse of the same bytes.

All in processor time of this process, so that QEMU's does not count; in turn, the medians are printed. The parse is
timed twice: again and again, with warm caches, and directly after a reply, when QEMU has had the processor.

usage: meson devenv -C _build tests/with-qemu /usr/bin/python3 tests/bench/overrides.py
"""

import json
import statistics
import sys
import time

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp

ROUNDS = 50


def measure(function):
    start = time.process_time()
    function()
    return time.process_time() - start


with Qmp.Client.open_address(sys.argv[1]) as vm:
    text = bytes(vm.exchange({'execute': 'query-qmp-schema'}))
    assert vm.execute('query-qmp-schema') == json.loads(text)['return']

    def parse():
        json.loads(text)

    def execute():
        vm.execute('query-qmp-schema')

    rounds = []
    for _round in range(ROUNDS):
        parse()
        warm = measure(parse)
        vm.exchange({'execute': 'query-qmp-schema'})
        rounds.append((warm, measure(parse), measure(execute)))
    warm, cold, whole = (statistics.median(column) * 1000 for column in zip(*rounds))
    print(f'{len(text)} bytes: execute() {whole:.2f} ms; '
          f'json.loads() {warm:.2f} ms warm, {whole / warm:.2f} times; {cold:.2f} ms after a reply, {whole / cold:.2f} times')

    small = min(measure(lambda: [vm.execute('query-name') for _call in range(1000)]) for _round in range(5))
    print(f'a small command: {small * 1000:.1f} us')
    print(json.dumps({'execute': whole, 'json.loads': cold, 'ratio': whole / cold, 'ratio-warm': whole / warm, 'small': small}))
