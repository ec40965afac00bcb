#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the benchmarks, and prints what each took beside its floor.

The floor does the same bytes in a bare loop of system calls, in the same run: it reads without asking whether there is
something to be read, which only a program can do that waits for nothing else. Others poll before, or run a main loop of GLib's
with one source. Cases are taken in turn, round after
round, so that a noisy machine is noisy for all of them; the medians are printed.
"""

import argparse
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))
import served  # noqa: E402

# Case, how often, the case that it is compared with, what one is called.
CASES = [
    ('floor-blocking', 20000, None, 'command'),
    ('floor-poll', 20000, 'floor-blocking', 'command'),
    ('floor-loop', 20000, 'floor-blocking', 'command'),
    ('blocking', 20000, 'floor-blocking', 'command'),
    ('blocking-stream', 20000, 'floor-poll', 'command'),
    ('async', 20000, 'floor-blocking', 'command'),
    ('async', 20000, 'floor-loop', 'command'),
    ('floor-pipelined', 100000, None, 'command'),
    ('pipelined', 100000, 'floor-pipelined', 'command'),
    ('floor-event', 200000, None, 'event'),
    ('event-signal', 200000, 'floor-event', 'event'),
    ('event-listener', 200000, 'floor-event', 'event'),
    ('beside-flood', 2000, 'async', 'command'),
    ('floor-schema', 300, None, 'reply'),
    ('schema-routed', 300, 'floor-schema', 'reply'),
    ('schema-json-glib', 60, None, 'reply'),
    ('schema-nodes', 60, 'schema-json-glib', 'reply'),
    ('schema-validated', 300, None, 'reply'),
    ('floor-open', 2000, None, 'open'),
    ('floor-open-poll', 2000, 'floor-open', 'open'),
    ('open', 2000, 'floor-open', 'open'),
    ('open', 2000, 'floor-open-poll', 'open'),
]

# A command beside so many clients that are idle, in the same main loop; and with a hundred of ten thousand active at once:
# case, how often, how many clients there are, and how many of them are active.
BESIDE = [
    ('beside-0', 5000, 1, 1),
    ('beside-100', 5000, 101, 1),
    ('beside-1000', 5000, 1001, 1),
    ('beside-10000', 5000, 10001, 1),
    ('active-100', 20000, 100, 100),
    ('active-100-of-10000', 20000, 10000, 100),
]

# Processor time of what stands between clients and a server, for each message: a multiplexer, and a loop that copies bytes.
SHARE = [
    ('floor-share-1', 100000, None),
    ('share-1', 100000, 'floor-share-1'),
    ('floor-share-8', 400000, None),
    ('share-8', 400000, 'floor-share-8'),
    ('share-16x8', 400000, 'floor-share-8'),
    ('floor-share-event', 400000, None),
    ('share-event', 400000, 'floor-share-event'),
    ('share-16-event', 400000, None),
]

# What a machine does by itself, in processor time of the thread that has it.
MACHINE = [
    ('status', 20000, 'change of the status: STOP, or RESUME, behind which the machine asks for the status'),
    ('job', 500, 'step of a job, which the machine has asked for'),
    ('finder', 200, 'look at the processes of this computer'),
]

# Commands of the first and the last thousand of a conversation: they must cost the same.
LONG = ('pipelined', 1000000)

# For these the instructions of one are counted: those of the second count less those of the first, which takes the
# start of the program out.
INSTRUCTIONS = ['glib-command', 'glib-event', 'blocking', 'status-nodes', 'status-lookup', 'async', 'status-async',
                'pipelined', 'status-pipelined', 'event-signal', 'event-listener', 'event-nobody', 'event-machine']
INSTRUCTION_COUNTS = (10000, 20000)

# The monitor that programs ask for query-status.
TOOL_SOCKET = 'qemu.sock'

# The same, with QEMU's own client.
QEMU_QMP = '''
MORE = True
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
    if MORE:
        await timed('pipelined', count, pipelined)
        await timed('event-listener', count * 5, flood)
        await timed('schema-routed', count // 100, schema)
    await qmp.disconnect()
asyncio.run(main(sys.argv[1], int(sys.argv[2])))
'''

QEMU_QMP_BESIDE = '''
import asyncio, json, os, resource, sys, time
from qemu.qmp import QMPClient
limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
async def main(path, count, n_clients, n_active):
    clients = [QMPClient() for _ in range(n_clients)]
    for client in clients:
        await client.connect(path)
    async def run(client):
        for _ in range(count // n_active):
            await client.execute('query-status')
    begin = time.monotonic_ns()
    await asyncio.gather(*(run(client) for client in clients[::n_clients // n_active][:n_active]))
    print(json.dumps({'case': 'beside', 'count': count, 'ns': time.monotonic_ns() - begin}), flush=True)
    os._exit(0)
asyncio.run(main(sys.argv[1], *map(int, sys.argv[2:])))
'''

# Only what a real QEMU can be asked.
QEMU_QMP_REAL = QEMU_QMP.replace('MORE = True', 'MORE = False')


def run_case(program, name, count, *path):
    output = subprocess.run([program, name, str(count), *path], check=True, capture_output=True, text=True).stdout
    return json.loads(output)['ns'] / count


def measure(program, rounds):
    counts = {name: count for name, count, *_ in CASES}
    times = {name: [] for name in counts}
    for _ in range(rounds):
        for name, count in counts.items():
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


def find_qemu_qmp(program):
    """What "meson compile qemu-qmp" got, or nothing."""
    path = os.path.join(os.path.dirname(program), '..', 'qemu-qmp', 'python')
    return os.path.realpath(path) if os.path.isdir(path) else None


def run_qemu_qmp(source, script, path, *numbers):
    """With QEMU's Python client from source, which has the package qemu.qmp in it."""
    output = subprocess.run(
        [sys.executable, '-c', script, path, *map(str, numbers)], check=True, capture_output=True, text=True,
        env={**os.environ, 'PYTHONPATH': source}).stdout
    results = map(json.loads, output.splitlines())
    return {result['case']: result['ns'] / result['count'] for result in results}


def measure_qemu_qmp(program, source):
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, 'bench.sock')
        with subprocess.Popen([program, 'serve', path], stdout=subprocess.PIPE) as server:
            server.stdout.readline()
            results = run_qemu_qmp(source, QEMU_QMP, path, 5000)
            server.terminate()
    return results


def run_qemu_beside(program, source, *numbers):
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, 'bench.sock')
        with subprocess.Popen([program, 'serve-all', path], stdout=subprocess.PIPE) as server:
            server.stdout.readline()
            result = run_qemu_qmp(source, QEMU_QMP_BESIDE, path, *numbers)['beside']
            server.terminate()
    return result


def measure_beside(program, source, rounds):
    """Ours and theirs in turn."""
    ours = {name: [] for name, *_ in BESIDE}
    theirs = {name: [] for name, *_ in BESIDE}
    for _ in range(rounds):
        for name, count, n_clients, n_active in BESIDE:
            ours[name].append(run_case(program, name, count))
            if source:
                theirs[name].append(run_qemu_beside(program, source, count // 5, n_clients, n_active))
    return {name: {'ns': statistics.median(ours[name]),
                   'qemu-qmp': statistics.median(theirs[name]) if source else None} for name in ours}


def measure_share(program, rounds):
    times = {name: [] for name, *_ in SHARE}
    for _ in range(rounds):
        for name, count, _ in SHARE:
            times[name].append(run_case(program, name, count))
    return {name: statistics.median(values) for name, values in times.items()}


@contextlib.contextmanager
def run_qemu(path):
    """A QEMU whose monitor at path serves one client after the other."""
    with served.start('qemu-system-x86_64', [served.listening(path)], '-machine', 'none', '-nodefaults', '-display', 'none') as qemu:
        try:
            yield
        finally:
            qemu.kill()


def measure_machine(program, rounds):
    times = {name: [] for name, *_ in MACHINE}
    for _ in range(rounds):
        for name, count, _ in MACHINE:
            times[name].append(run_case(f'{program}-machine', name, count))
    return {name: statistics.median(values) for name, values in times.items()}


def measure_real(program, source, rounds):
    """query-status of a real QEMU, which reads one byte per system call. In turn, like the rest."""
    times = {name: [] for name in ('floor-blocking', 'blocking', 'async')}
    theirs = []
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, 'qemu.sock')
        with run_qemu(path):
            for _ in range(rounds):
                for name, values in times.items():
                    values.append(run_case(program, name, 5000, path))
                if source:
                    theirs.append(run_qemu_qmp(source, QEMU_QMP_REAL, path, 5000)['async'])
    report = {name: statistics.median(values) for name, values in times.items()}
    if theirs:
        report['qemu-qmp'] = statistics.median(theirs)
    return report


def measure_python(program):
    """The schema reply as a value in Python, beside Python's own parse of it. None without the bindings."""
    build = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(program))))
    tests = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    if not os.path.exists(os.path.join(build, 'introspection', 'Qmp-1.0.typelib')):
        return None
    output = subprocess.run(
        ['meson', 'devenv', '-C', build, os.path.join(tests, 'with-qemu'), '/usr/bin/python3',
         os.path.join(tests, 'bench', 'overrides.py')], check=True, capture_output=True, text=True).stdout
    return json.loads(output.splitlines()[-1])


def measure_simdjson(program):
    """The check of a real QEMU's schema reply, in turn with simdjson's parser. None where that was not there to build."""
    beside = os.path.join(os.path.dirname(os.path.realpath(program)), 'bench-simdjson')
    if not os.path.exists(beside):
        return None
    with_qemu = os.path.join(os.path.dirname(os.path.realpath(__file__)), '..', 'with-qemu')
    output = subprocess.run([with_qemu, beside, '3000'], check=True, capture_output=True, text=True).stdout
    return json.loads(output.splitlines()[-1])


def tool_cases(program, path, source):
    """Name: the command, and what it is fed."""
    directory = os.path.dirname(os.path.realpath(program))
    tools = os.path.join(directory, '../../qmp-glib/tools')
    cases = {
        'linked': ([os.path.join(directory, 'bench-call')], ''),
        'floor-call': ([os.path.join(directory, 'bench-call'), path], ''),
        'qmp call': ([os.path.join(tools, 'qmp'), 'call', path, 'query-status'], ''),
        'qmp --version': ([os.path.join(tools, 'qmp'), '--version'], ''),
    }
    if os.path.exists(os.path.join(tools, 'qmp-shell')):
        cases['qmp-shell'] = ([os.path.join(tools, 'qmp-shell'), path], 'query-status\n')
        cases['qmp-shell --version'] = ([os.path.join(tools, 'qmp-shell'), '--version'], '')
    if source:
        cases["Python's qmp-shell"] = (['/usr/bin/python3', '-m', 'qemu.qmp.qmp_shell', path], 'query-status\n')
    return cases


def run_tool(command, text, environment):
    """Spawned and waited for with as little around it as can be: subprocess takes a millisecond itself. No stream of it is
    a terminal."""
    with tempfile.TemporaryFile('w+') as given, tempfile.TemporaryFile('w+') as printed:
        given.write(text)
        given.seek(0)
        files = [(os.POSIX_SPAWN_DUP2, given.fileno(), 0), (os.POSIX_SPAWN_DUP2, printed.fileno(), 1),
                 (os.POSIX_SPAWN_DUP2, printed.fileno(), 2)]
        begin = time.monotonic_ns()
        pid = os.posix_spawn(command[0], command, environment or os.environ, file_actions=files)
        _, status = os.waitpid(pid, 0)
        taken = time.monotonic_ns() - begin
        printed.seek(0)
        output = printed.read()
    asks = any(os.path.basename(word) == TOOL_SOCKET for word in command)
    if status != 0 or (asks and '"running"' not in output):
        sys.exit(f'{command} got no answer, but said {output!r}')
    return taken


def measure_peak(command, text, environment):
    """In kB. Measured by a small program: a process counts what its parent had when it was forked."""
    with tempfile.NamedTemporaryFile('r') as out:
        run_tool(['/usr/bin/time', '-f', '%M', '-o', out.name, *command], text, environment)
        return int(out.read())


def measure_tools(program, source, rounds):
    """Whole processes, from start to end; what talks, to a real QEMU. In turn, like the rest."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, TOOL_SOCKET)
        environment = {**os.environ, 'HOME': directory, 'PYTHONPATH': source or ''}
        cases = tool_cases(program, path, source)
        times, peaks = {name: [] for name in cases}, {name: [] for name in cases}
        with run_qemu(path):
            for _ in range(rounds):
                for name, (command, text) in cases.items():
                    times[name].append(run_tool(command, text, environment))
                    peaks[name].append(measure_peak(command, text, environment))
    return {name: {'ns': statistics.median(times[name]), 'kB': statistics.median(peaks[name])} for name in cases}


def format_time(nanoseconds):
    if nanoseconds < 1e3:
        return f'{nanoseconds:8.0f} ns'
    if nanoseconds < 1e6:
        return f'{nanoseconds / 1e3:8.2f} us'
    return f'{nanoseconds / 1e6:8.2f} ms'


def print_tools(report):
    for name, tool in report.items():
        print(f'{name:19}{format_time(tool["ns"])}  process  {tool["ns"] / report["qmp call"]["ns"]:6.2f} of qmp call, '
              f'{tool["ns"] / report["floor-call"]["ns"]:.2f} of floor-call, {tool["kB"]:.0f} kB of memory at the most')


def print_beside(report):
    for name, times in report.items():
        base = 'active-100' if name.startswith('active') else 'beside-0'
        print(f'{name:19}{format_time(times["ns"])}  command  {times["ns"] / report[base]["ns"]:6.2f} of {base}')
        if times['qemu-qmp']:
            print(f'{name:19}{format_time(times["qemu-qmp"])}  qemu.qmp, {times["qemu-qmp"] / times["ns"]:.1f} times ours, '
                  f'{times["qemu-qmp"] / report[base]["qemu-qmp"]:.2f} of its {base}')


def print_share(report):
    for name, _, floor in SHARE:
        more = f'{report[name] - report[floor]:+6.0f} ns beside {floor}' if floor else ''
        print(f'{name:19}{format_time(report[name])}  of the processor for a message  {more}')


def print_machine(report):
    for name, _, what in MACHINE:
        print(f'{"machine-" + name:18} {format_time(report[name])}  of the processor for a {what}')


def print_simdjson(report):
    print(f'{"schema of QEMU":18} {format_time(report["qmp-glib"])}  checked, {report["qmp-glib"] / report[report["best"]]:.2f} '
          f'of simdjson with its best kernel')
    for kernel in (name for name in report if name not in ('bytes', 'best', 'qmp-glib')):
        print(f'{"simdjson":18} {format_time(report[kernel])}  {kernel}')


def print_table(report):
    print(f'{"":18} {"one takes":>11}  ratio')
    for name, _, floor, unit in CASES:
        ratio = f'{report["times"][name] / report["times"][floor]:6.2f} of {floor}' if floor else ''
        print(f'{name:18} {format_time(report["times"][name])}  {unit:8} {ratio}')
    print(f'{"idle":18} {report["idle"]:8.0f} bytes of memory for each of 1000 clients')
    print(f'{"idle-machine":18} {report["idle-machine"]:8.0f} bytes of memory for each of 1000 machines with their clients')
    print(f'{"long":18} {report["long"]:8.2f} times a command of a short conversation, over {LONG[1]} of them')
    for name, time_taken in report['real'].items():
        print(f'{name:18} {format_time(time_taken)}  query-status of a real QEMU, '
              f'{time_taken / report["real"]["floor-blocking"]:.2f} of floor-blocking')
    if report['python']:
        print('{:18} {:8.2f} ms, {:.2f} of json.loads() of the same bytes after a reply, {:.2f} of it again and again'.format(
            'schema in Python', *(report['python'][name] for name in ('execute', 'ratio', 'ratio-warm'))))
    if report['simdjson']:
        print_simdjson(report['simdjson'])
    print_tools(report['tools'])
    print_beside(report['beside'])
    print_share(report['share'])
    print_machine(report['machine'])
    for name, count in report.get('instructions', {}).items():
        print(f'{name:18} {count:8.0f} instructions')
    for name, time_taken in report.get('qemu-qmp', {}).items():
        print(f'{name:18} {format_time(time_taken)}  qemu.qmp, {time_taken / report["times"][name]:.1f} times ours')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('program', help='the benchmark program')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--tools', action='store_true', help='measure the programs alone')
    parser.add_argument('--beside', action='store_true', help='measure a command beside many clients alone')
    parser.add_argument('--share', action='store_true', help='measure a multiplexer alone')
    parser.add_argument('--tool-rounds', type=int, default=20)
    parser.add_argument('--json', action='store_true', help='print JSON')
    parser.add_argument('--instructions', action='store_true', help='count instructions with callgrind, too')
    parser.add_argument('--qemu-qmp', metavar='DIRECTORY', help="the directory 'python' of QEMU's sources, unless it is in the build")
    arguments = parser.parse_args()
    arguments.qemu_qmp = arguments.qemu_qmp or find_qemu_qmp(arguments.program)

    if arguments.share:
        share = measure_share(arguments.program, arguments.rounds)
        if arguments.json:
            print(json.dumps(share, indent=2))
        else:
            print_share(share)
        return
    if arguments.beside:
        beside = measure_beside(arguments.program, arguments.qemu_qmp, arguments.rounds)
        if arguments.json:
            print(json.dumps(beside, indent=2))
        else:
            print_beside(beside)
        return
    tools = measure_tools(arguments.program, arguments.qemu_qmp, arguments.tool_rounds)
    if arguments.tools:
        if arguments.json:
            print(json.dumps(tools, indent=2))
        else:
            print_tools(tools)
        return
    report = {'tools': tools, 'times': measure(arguments.program, arguments.rounds)}
    report['idle'] = run_case(arguments.program, 'idle', 1000)
    report['idle-machine'] = run_case(arguments.program, 'idle-machine', 1000)
    report['long'] = run_case(arguments.program, *LONG) / report['times'][LONG[0]]
    report['real'] = measure_real(arguments.program, arguments.qemu_qmp, arguments.rounds)
    report['beside'] = measure_beside(arguments.program, arguments.qemu_qmp, arguments.rounds)
    report['share'] = measure_share(arguments.program, arguments.rounds)
    report['machine'] = measure_machine(arguments.program, arguments.rounds)
    report['python'] = measure_python(arguments.program)
    report['simdjson'] = measure_simdjson(arguments.program)
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
