#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the benchmarks, and prints what each took beside its floor.

The floor does the same bytes in a bare loop of system calls, in the same run. Cases are taken in turn, round after
round, so that a noisy machine is noisy for all of them; the medians are printed.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

# Case, how often, the case that it is compared with, what one is called.
CASES = [
    ('floor-blocking', 20000, None, 'command'),
    ('blocking', 20000, 'floor-blocking', 'command'),
    ('async', 20000, 'floor-blocking', 'command'),
    ('floor-pipelined', 100000, None, 'command'),
    ('pipelined', 100000, 'floor-pipelined', 'command'),
    ('floor-event', 200000, None, 'event'),
    ('event-signal', 200000, 'floor-event', 'event'),
    ('event-listener', 200000, 'floor-event', 'event'),
    ('floor-schema', 300, None, 'reply'),
    ('schema-routed', 300, 'floor-schema', 'reply'),
    ('schema-json-glib', 60, None, 'reply'),
    ('schema-nodes', 60, 'schema-json-glib', 'reply'),
    ('schema-validated', 300, None, 'reply'),
    ('floor-open', 2000, None, 'open'),
    ('open', 2000, 'floor-open', 'open'),
]

# Commands of the first and the last thousand of a conversation: they must cost the same.
LONG = ('pipelined', 1000000)

# For these the instructions of one are counted: those of the second count less those of the first, which takes the
# start of the program out.
INSTRUCTIONS = ['blocking', 'async', 'pipelined', 'event-signal', 'event-listener']
INSTRUCTION_COUNTS = (10000, 20000)

# The same, with QEMU's own client.
QEMU_QMP = '''
import asyncio, json, sys, time
from qemu.qmp import QMPClient
async def main(path, count):
    qmp = QMPClient()
    await qmp.connect(path)
    async def timed(name, count, run):
        begin = time.monotonic_ns()
        await run(count)
        print(json.dumps({'case': name, 'count': count, 'ns': time.monotonic_ns() - begin}))
    async def one_by_one(count):
        for _ in range(count):
            await qmp.execute('query-status')
    async def pipelined(count):
        for _ in range(count // 1000):
            await asyncio.gather(*(qmp.execute('query-status') for _ in range(1000)))
    async def flood(count):
        for _ in range(count // 1000):
            await qmp.execute('flood')
            qmp.events.clear()
    async def schema(count):
        for _ in range(count):
            await qmp.execute('query-qmp-schema')
    await timed('async', count, one_by_one)
    await timed('pipelined', count, pipelined)
    await timed('event-listener', count * 5, flood)
    await timed('schema-routed', count // 100, schema)
    await qmp.disconnect()
asyncio.run(main(sys.argv[1], int(sys.argv[2])))
'''


def run_case(program, name, count):
    output = subprocess.run([program, name, str(count)], check=True, capture_output=True, text=True).stdout
    return json.loads(output)['ns'] / count


def measure(program, rounds):
    times = {name: [] for name, *_ in CASES}
    for _ in range(rounds):
        for name, count, *_ in CASES:
            times[name].append(run_case(program, name, count))
    return {name: statistics.median(values) for name, values in times.items()}


def count_instructions(program, name, count):
    with tempfile.NamedTemporaryFile() as out:
        text = subprocess.run(
            ['valgrind', '--tool=callgrind', f'--callgrind-out-file={out.name}', program, name, str(count)],
            check=True, capture_output=True, text=True).stderr
    # The server is another process, which callgrind follows as well and reports first or last: ours did the work
    # of opening too, so it has the larger count only for few commands. It is told by its process number.
    process = re.search(r'==(\d+)== Callgrind', text).group(1)
    return int(re.search(rf'=={process}== Collected : (\d+)', text).group(1))


def measure_instructions(program):
    first, second = INSTRUCTION_COUNTS
    return {
        name: (count_instructions(program, name, second) - count_instructions(program, name, first))
        / (second - first)
        for name in INSTRUCTIONS
    }


def measure_qemu_qmp(program, source):
    """With QEMU's Python client from source, which has the package qemu.qmp in it."""
    results = {}
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, 'bench.sock')
        with subprocess.Popen([program, 'serve', path], stdout=subprocess.PIPE) as server:
            server.stdout.readline()
            output = subprocess.run(
                [sys.executable, '-c', QEMU_QMP, path, '5000'], check=True, capture_output=True, text=True,
                env={**os.environ, 'PYTHONPATH': source}).stdout
            server.terminate()
    for line in output.splitlines():
        result = json.loads(line)
        results[result['case']] = result['ns'] / result['count']
    return results


def format_time(nanoseconds):
    if nanoseconds < 1e3:
        return f'{nanoseconds:8.0f} ns'
    if nanoseconds < 1e6:
        return f'{nanoseconds / 1e3:8.2f} us'
    return f'{nanoseconds / 1e6:8.2f} ms'


def print_table(report):
    print(f'{"":18} {"one takes":>11}  ratio')
    for name, _, floor, unit in CASES:
        ratio = f'{report["times"][name] / report["times"][floor]:6.2f} of {floor}' if floor else ''
        print(f'{name:18} {format_time(report["times"][name])}  {unit:8} {ratio}')
    print(f'{"idle":18} {report["idle"]:8.0f} bytes of memory for each of 1000 clients')
    print(f'{"long":18} {report["long"]:8.2f} times a command of a short conversation, over {LONG[1]} of them')
    for name, count in report.get('instructions', {}).items():
        print(f'{name:18} {count:8.0f} instructions')
    for name, time in report.get('qemu-qmp', {}).items():
        print(f'{name:18} {format_time(time)}  qemu.qmp, {time / report["times"][name]:.1f} times ours')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('program', help='the benchmark program')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--json', action='store_true', help='print JSON')
    parser.add_argument('--instructions', action='store_true', help='count instructions with callgrind, too')
    parser.add_argument('--qemu-qmp', metavar='DIRECTORY', help="the directory 'python' of QEMU's sources")
    arguments = parser.parse_args()

    report = {'times': measure(arguments.program, arguments.rounds)}
    report['idle'] = run_case(arguments.program, 'idle', 1000)
    report['long'] = run_case(arguments.program, *LONG) / report['times'][LONG[0]]
    if arguments.instructions:
        report['instructions'] = measure_instructions(arguments.program)
    if arguments.qemu_qmp:
        report['qemu-qmp'] = measure_qemu_qmp(arguments.program, arguments.qemu_qmp)
    if arguments.json:
        json.dump(report, sys.stdout, indent=2)
        print()
    else:
        print_table(report)


if __name__ == '__main__':
    main()
