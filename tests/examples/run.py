#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs one of the examples against real servers, and looks at what it prints.

usage: run.py NAME PROGRAM [ARGUMENT...]

NAME is that of a function below. A server that is driven from outside, while the example talks to it, has a second
monitor for that.
"""

import contextlib
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import served  # noqa: E402

SECONDS = 60
QEMU_PC = ['qemu-system-x86_64', '-machine', 'pc,accel=tcg', '-m', '16', '-nodefaults', '-display', 'none']


class Failure(Exception):
    pass


def start_server(program, paths, *arguments):
    """Starts a server with a monitor at each of the paths; they can be connected to."""
    return served.start(program, [served.listening(path) for path in paths], *arguments)


@contextlib.contextmanager
def running(process):
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def qemu(*paths):
    return running(start_server('qemu-system-x86_64', paths, '-machine', 'none', '-nodefaults',
                                '-display', 'none'))


def storage_daemon(*paths, blockdevs=()):
    arguments = [word for blockdev in blockdevs for word in ('--blockdev', blockdev)]
    return running(start_server('qemu-storage-daemon', paths, *arguments))


class Monitor:
    """A monitor that the test itself talks to."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(SECONDS)
        self.socket.connect(path)
        self.lines = self.socket.makefile(encoding='utf-8')
        self.lines.readline()
        self.execute('qmp_capabilities')

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.lines.close()
        self.socket.close()

    def execute(self, command, **arguments):
        message = {'execute': command, 'arguments': {name.replace('_', '-'): value for name, value in arguments.items()}}
        self.socket.sendall(json.dumps(message).encode())
        while True:
            message = json.loads(self.lines.readline())
            if 'return' in message:
                return message['return']
            if 'error' in message:
                raise Failure(f'{command}: {message}')
            # An event, or whatever else is no answer.

    def wait_for_event(self, name):
        while json.loads(self.lines.readline()).get('event') != name:
            pass


class Program:
    """An example that runs, and what it has printed."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.printed = ''
        self.watchdog = threading.Timer(SECONDS, self.process.kill)
        self.watchdog.start()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.watchdog.cancel()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def wait_for(self, wanted):
        """Reads up to a line that matches, and returns it."""
        for line in self.process.stdout:
            self.printed += line
            if re.search(wanted, line):
                return line
        raise Failure(f'“{wanted}” was not printed, but:\n{self.printed}')

    def finish(self, status=0):
        self.printed += self.process.stdout.read()
        if self.process.wait() != status:
            raise Failure(f'ended with status {self.process.returncode}, and printed:\n{self.printed}')
        return self.printed


def matches(printed, wanted):
    if not re.fullmatch(wanted, printed):
        raise Failure(f'printed was:\n{printed}and wanted:\n{wanted}')


def first(directory, *command):
    path = f'{directory}/monitor'
    with qemu(path), Program([*command, path]) as program:
        matches(program.finish(), r'running\n')


def finder(directory, *command):
    name = f'example-{os.getpid()}'
    with Program([*command, name]) as program:
        program.wait_for('^waiting$')
        with running(start_server('qemu-system-x86_64', [f'{directory}/monitor'], '-machine', 'none', '-nodefaults',
                                  '-display', 'none', '-name', name)):
            program.wait_for(f'^{name} is running$')
        program.wait_for(f'^{name} is gone$')
        program.finish()


def machine_list(directory, *command):
    path = f'{directory}/a'
    name = f'example-{os.getpid()}'
    # No guest could be asked.
    paused = ['-machine', 'none', '-nodefaults', '-display', 'none', '-S']
    with Program([*command, path, name]) as program:
        program.wait_for(f'^{name}: .*No machine .{name}. runs on this computer')
        with running(start_server('qemu-system-x86_64', [path], *paused)):
            program.wait_for(f'^{path}: prelaunch$')
            with running(start_server('qemu-system-x86_64', [f'{directory}/b'], *paused, '-name', name)):
                program.wait_for(f'^{name}: prelaunch$')
                program.process.send_signal(signal.SIGTERM)
                for title in path, name:
                    program.wait_for(f'^{title}: .*host-qmp-quit')
                program.finish()


def asyncio_story(directory, *command):
    path = f'{directory}/monitor'
    with qemu(path), Program([*command, path]) as program:
        matches(program.finish(), r'running \d+\nDeviceNotFound .*nope.*\nevent STOP\nevent SHUTDOWN\n')


def asyncio_calls(directory, *command):
    path = f'{directory}/monitor'
    with qemu(path), Program([*command, path]) as program:
        matches(program.finish(), r'DeviceNotFound .*nope.*\nevent STOP\n')


def asyncio_glib(directory, *command):
    path = f'{directory}/monitor'
    with qemu(path), Program([*command, path]) as program:
        matches(program.finish(), r'running\n')


def tasks(directory, *command):
    path = f'{directory}/monitor'
    with qemu(path), Program([*command, path]) as program:
        printed = program.finish()
        matches(printed, r'(?:[^\n]+\n){5}')
        for line in ('event STOP', 'paused', 'True', 'event SHUTDOWN'):
            matches(''.join(re.findall(rf'^{line}$', printed, re.MULTILINE)), line)


def schema(directory, *command):
    path = f'{directory}/monitor'
    with qemu(path), Program([*command, path]) as program:
        matches(program.finish(), r'block_resize is there\n'
                r'blockdev-add/arg-type/driver/\^nbd is there\nblockdev-add/arg-type/driver/\^floppy is not there\n'
                r'(block_resize: (device|node-name): string, optional\n){2}block_resize: size: integer\n'
                r'The server has no “blockdev-add/arg-type/driver/\^ndb”: no “\^ndb”, but “nbd”\n'
                r'arguments.node_name: there is no such member; did you mean “node-name”\?\n'
                r'arguments.size: expected integer, found "1G"\n'
                r'not sent: The command is wrong: arguments.node_name: .*; arguments.size: .*\n')


def sync(directory, *command):
    path = f'{directory}/monitor'
    with qemu(path), Program([*command, path]) as program:
        matches(program.finish(), r"running\nrunning\nDeviceNotFound\nNone\nSTOP\nlate: [^\n]+\n\['RESUME'\]\n")


def listen(directory, *command):
    with Program([*command, f'{directory}/monitor', 'qemu-system-x86_64', '-machine', 'none', '-nodefaults',
                  '-display', 'none']) as program:
        matches(program.finish(), r'running\nended with status 0\n')


def event_watcher(directory, *command):
    paths = [f'{directory}/example', f'{directory}/test']
    with qemu(*paths), Program([*command, paths[0]]) as program, Monitor(paths[1]) as monitor:
        program.wait_for('^watching$')
        monitor.execute('stop')
        monitor.execute('cont')
        monitor.execute('quit')
        matches(program.finish(), r'watching\nSTOP \{\}\nRESUME \{\}\nSHUTDOWN \{.*host-qmp-quit.*\}\n.*\n')


def event_watcher_names(directory, *command):
    paths = [f'{directory}/example', f'{directory}/test']
    with qemu(*paths), Program([*command, paths[0], 'RESUME']) as program, Monitor(paths[1]) as monitor:
        program.wait_for('^watching$')
        monitor.execute('stop')
        monitor.execute('cont')
        monitor.execute('quit')
        matches(program.finish(), r'watching\nRESUME \{\}\n.*\n')


def pass_disk(directory, *command):
    image = f'{directory}/disk.img'
    with open(image, 'wb') as file:
        file.truncate(3 * 1024 * 1024)
    path = f'{directory}/monitor'
    with qemu(path), Program([*command, path, image]) as program:
        matches(program.finish(), r'disk0: 3145728 bytes of /dev/fdset/1\n')


def job_watch(directory, *command):
    path = f'{directory}/monitor'
    blockdevs = [json.dumps({'driver': 'null-co', 'node-name': name, 'size': 1024 * 1024})
                 for name in ('source', 'target')]
    with storage_daemon(path, blockdevs=blockdevs):
        with Program([*command, path, 'source', 'target']) as program:
            matches(program.finish(), r'copy: created\ncopy: running\n(copy: \w+\n)*copy: concluded\ncopy: done\n')
        # The link was closed, and the job dismissed: it can be done again.
        with Program([*command, path, 'source', 'target']) as program:
            matches(program.finish(), r'(copy: \w+\n)*copy: concluded\ncopy: done\n')


@contextlib.contextmanager
def running_agent(directory):
    """The path of a guest agent of this machine's, which may not be asked for anything that changes it."""
    path = f'{directory}/agent'
    agent = subprocess.Popen(
        [shutil.which('qemu-ga', path=os.environ['PATH'] + ':/usr/sbin:/sbin'), '-m', 'unix-listen', '-p', path,
         '-t', directory, '-f', f'{directory}/pid'], stdin=subprocess.DEVNULL)
    with running(agent):
        while not os.path.exists(path):
            if agent.poll() is not None:
                raise Failure('the agent did not start')
            os.sched_yield()
        yield path
        # It takes a lock in its handler of SIGTERM, and may wait for itself.
        agent.kill()


def guest_agent(directory, *command):
    with running_agent(directory) as path:
        for _ in range(2):
            with Program([*command, path]) as program:
                matches(program.finish(), r'guest-ping: answered\nguest-info: version \d+\.\d+\.\d+, \d+ commands\n')


def many_machines(directory, *command):
    a, b, b_test = (f'{directory}/{name}' for name in ('a', 'b', 'b-test'))
    with contextlib.ExitStack() as stack:
        stack.enter_context(qemu(b, b_test))
        program = stack.enter_context(Program([*command, a, b]))
        program.wait_for(f'^{b}: running$')
        with qemu(a):  # comes later, and is found
            program.wait_for(f'^{a}: running$')
            with Monitor(b_test) as monitor:
                monitor.execute('stop')
                program.wait_for(f'^{b}: STOP$')
        program.wait_for(f'^{a}: gone$')
        with qemu(a):  # comes again
            program.wait_for(f'^{a}: running$')
            program.process.send_signal(signal.SIGTERM)
            program.finish()


def launch(directory, *command):
    machine = ['qemu-system-x86_64', '-machine', 'none', '-nodefaults', '-display', 'none']
    with Program([*command, *machine]) as program:
        matches(program.finish(), r'running\nended with status 0\n')
    # One that does not start is told of, and the example fails.
    with Program([*command, 'qemu-system-x86_64', '-machine', 'nope']) as program:
        matches(program.finish(1), r'')


def machine(directory, *command):
    qemu_none = ['qemu-system-x86_64', '-machine', 'none', '-nodefaults', '-display', 'none']
    with Program([*command, *qemu_none]) as program:
        matches(program.finish(), r'launched: running\nnow: paused\nended: host-qmp-quit\n')
    # One that does not start is told of in QEMU's words, and the example fails.
    with Program([*command, 'qemu-system-x86_64', '-machine', 'nope']) as program:
        matches(program.finish(1), r'')


def keeper(directory, *command):
    names = ['a', 'b', 'c']
    paths = {name: [f'{directory}/{name}', f'{directory}/{name}-test'] for name in names}
    with contextlib.ExitStack() as stack:
        a = stack.enter_context(qemu(*paths['a']))
        with open(f'{directory}/a.pid', 'w') as file:
            file.write(f'{a.pid}\n')
        program = stack.enter_context(Program([*command, directory, *names]))
        program.wait_for('^a: running, process known$')
        with qemu(*paths['b']) as b:  # comes later, and goes
            program.wait_for('^b: running, process not known$')
            with Monitor(paths['b'][1]) as monitor:
                monitor.execute('quit')
            program.wait_for('^b: ended, host-qmp-quit$')
            b.wait(SECONDS)
        with qemu(*paths['b']):  # comes again
            program.wait_for('^b: running, process not known$')
            with qemu(*paths['c']) as c:
                program.wait_for('^c: running, process not known$')
                c.kill()
                program.wait_for('^c: no link$')
            program.process.send_signal(signal.SIGTERM)
            program.finish()
            for name in 'a', 'b':
                with Monitor(paths[name][1]) as monitor:
                    monitor.execute('query-status')


def stay(directory, *command):
    address, other = f'{directory}/address', f'{directory}/other'
    with Program([*command, 'start', address, 'qemu-system-x86_64', '-machine', 'none', '-nodefaults', '-display', 'none',
                  '-qmp', f'unix:{other},server=on,wait=off']) as program:
        number = int(re.fullmatch(r'started: (\d+)\n', program.finish()).group(1))
    machine = os.pidfd_open(number)
    try:
        with Program([*command, 'watch', address]) as program:
            program.wait_for('^now: running$')
            with Monitor(other) as monitor:
                monitor.execute('quit')
            program.wait_for('^ended: host-qmp-quit$')
            program.finish()
        select.select([machine], [], [])
    finally:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(machine, signal.SIGKILL)
        os.close(machine)


def machine_asyncio(directory, *command):
    qemu_none = ['qemu-system-x86_64', '-machine', 'none', '-nodefaults', '-display', 'none']
    with Program([*command, *qemu_none]) as program:
        matches(program.finish(), r'0: host-qmp-quit\n1: host-qmp-quit\n2: host-qmp-quit\n')


def ci_run(directory, *command):
    """In the tests' guest, where that could be made."""
    guest = pathlib.Path('tests/guest').resolve()
    if not (guest / 'initramfs').exists():
        print('there is no guest: its kernel could not be had, or “meson compile guest” was not run', file=sys.stderr)
        sys.exit(77)
    script = pathlib.Path(directory, 'script')
    script.write_text('echo hello from $0\nexit 3\n', encoding='utf-8')
    with Program([*command, script, 'qemu-system-x86_64', '-machine', 'pc,accel=tcg', '-m', '96', '-nodefaults',
                  '-display', 'none', '-kernel', guest / 'vmlinuz', '-initrd', guest / 'initramfs',
                  '-append', 'quiet']) as program:
        matches(program.finish(3), r'hello from /tmp/job\nended: guest-shutdown\n')


def shutdown(directory, *command):
    """The test is the guest that hears of the power button, and then one that does not."""
    paths = [f'{directory}/example', f'{directory}/test']
    with qemu(*paths), Monitor(paths[1]) as monitor, Program([*command, paths[0]]) as program:
        monitor.wait_for_event('POWERDOWN')
        monitor.execute('quit')
        matches(program.finish(), r'ended: host-qmp-quit\n')
    with qemu(paths[0] + '2') as server, Program([*command, paths[0] + '2', '1']) as program:
        matches(program.finish(), r'ended: host-qmp-quit\n')
        if server.wait(SECONDS) != 0:
            raise Failure('QEMU was not ended')


def hotplug(directory, *command):
    image = f'{directory}/disk.img'
    with open(image, 'wb') as file:
        file.truncate(1024 * 1024)
    path = f'{directory}/monitor'
    server = start_server('qemu-system-x86_64', [path], '-machine', 'pc', '-S', '-nodefaults', '-display', 'none',
                          '-accel', 'tcg', '-device', 'virtio-scsi-pci')
    with running(server):
        for _ in range(2):
            with Program([*command, path, image]) as program:
                matches(program.finish(), r"plugged: \['scsi0'\]\nunplugged\n")
    # Without a controller nothing is left behind.
    with qemu(path + '2'):
        with Program([*command, path + '2', image]) as program:
            matches(program.finish(1), r'')
        with Monitor(path + '2') as monitor:
            if monitor.execute('query-named-block-nodes') != []:
                raise Failure('a node is left')


def hotplug_machine(directory, *command):
    hotplug(directory, *command)


def backup(directory, *command):
    path, copy = f'{directory}/monitor', f'{directory}/copy'
    disk = json.dumps({'driver': 'null-co', 'node-name': 'disk0', 'size': 1024 * 1024, 'read-zeroes': True})
    server = start_server('qemu-system-x86_64', [path], '-machine', 'none', '-nodefaults', '-display', 'none',
                          '-blockdev', disk)
    with running(server):
        for _ in range(2):
            with Program([*command, path, 'disk0', copy]) as program:
                matches(program.finish(), r'( *\d+%\n)*done\n')
            if pathlib.Path(copy).read_bytes() != bytes(1024 * 1024):
                raise Failure('the copy is another')


def screenshot(directory, *command):
    path = f'{directory}/monitor'
    server = start_server('qemu-system-x86_64', [path], '-machine', 'pc', '-nodefaults', '-display', 'none',
                          '-accel', 'tcg', '-device', 'VGA')
    with running(server):
        picture = subprocess.run([*command, path], stdout=subprocess.PIPE, check=True, timeout=SECONDS).stdout
        if not picture.startswith(b'\x89PNG') or b'IEND' not in picture:
            raise Failure(f'it is no picture: {picture[:40]}')


def screenshot_machine(directory, *command):
    screenshot(directory, *command)


def migrate(directory, *command):
    path, state = f'{directory}/monitor', f'{directory}/state'
    server = start_server('qemu-system-x86_64', [path], '-machine', 'pc', '-S', '-nodefaults', '-display', 'none',
                          '-accel', 'tcg', '-m', '16')
    with running(server), Program([*command, path, state]) as program:
        matches(program.finish(), r'setup\n(?:active\n|device\n)+completed\n')
    if not pathlib.Path(state).read_bytes().startswith(b'QEVM'):
        raise Failure('the file has no state')


def migrate_machines(directory, *command):
    with Program([*command, *QEMU_PC]) as program:
        matches(program.finish(), r'( *\d+%\n)+source: postmigrate\ndestination: running\n')


def suspend_file(directory, *command):
    state = f'{directory}/state'
    with Program([*command, state, *QEMU_PC]) as program:
        matches(program.finish(), r'launched: running\nsuspended: postmigrate\nlaunched again: inmigrate\nrestored: running\n')
    if not pathlib.Path(state).read_bytes().startswith(b'QEVM'):
        raise Failure('the file has no state')
    with Program([*command, state, 'qemu-system-x86_64', '-machine', 'nope']) as program:
        matches(program.finish(1), r'')


def agent_exec(directory, *command):
    with running_agent(directory) as path:
        with Program([*command, path, '/bin/echo', 'hello', 'guest']) as program:
            matches(program.finish(), r'hello guest\n')
        with Program([*command, path, '/bin/sh', '-c', 'exit 3']) as program:
            matches(program.finish(3), r'')


def play_agent(listening, answers, received):
    """Plays a guest agent for one client: a real one may not be asked to change this machine."""
    connection, _address = listening.accept()
    with connection:
        for line in connection.makefile('rb'):
            message = json.loads(line.lstrip(b'\xff'))
            reply = {'return': message['arguments']['id'] if message['execute'] == 'guest-sync-delimited'
                     else answers[message['execute']]}
            reply.update({'id': message['id']} if 'id' in message else {})
            received.append(message['execute'])
            connection.sendall(b'\xff' + json.dumps(reply).encode() + b'\n')


def agent_freeze(directory, *command):
    path = f'{directory}/agent'
    received = []
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        answers = {'guest-fsfreeze-freeze': 2, 'guest-fsfreeze-thaw': 2}
        agent = threading.Thread(target=play_agent, args=[listening, answers, received], daemon=True)
        agent.start()
        with Program([*command, path, 'echo', 'meanwhile']) as program:
            matches(program.finish(), r'2 file systems are frozen\nmeanwhile\nthawed: .*\n')
        agent.join()
    if received[1:] != ['guest-fsfreeze-freeze', 'guest-fsfreeze-thaw']:
        raise Failure(f'the agent was told {received}')


def reconnect(directory, *command):
    many_machines(directory, *command)


def server(directory, *command):
    path = f'{directory}/monitor'
    with Program([*command, path]) as program:
        program.wait_for('^listening$')
        with Monitor(path) as monitor:
            monitor.execute('stop')
            if monitor.execute('query-status') != {'status': 'paused', 'running': False}:
                raise Failure('the machine is not paused')
            monitor.execute('cont')
            try:
                monitor.execute('device_del', id='nope')
            except Failure as failure:
                matches(str(failure), r".*'DeviceNotFound'.*Device 'nope' not found.*")
            else:
                raise Failure('there was a device')
            monitor.execute('quit')
        matches(program.finish(), r'listening\n')
    if os.path.exists(path):
        raise Failure('the socket was left behind')


def testing(_directory, *command):
    with Program(command) as program:
        program.finish()


def testing_guest(directory, *command):
    testing(directory, *command)


def share(directory, *command):
    path = f'{directory}/shared'
    with qemu(f'{directory}/monitor') as process, Program([*command, f'{directory}/monitor', path]) as program:
        program.wait_for('^listening$')
        with Monitor(path) as one, Monitor(path) as other:
            try:
                other.execute('quit')
            except Failure as failure:
                matches(str(failure), r".*'Command quit has been disabled'.*")
            else:
                raise Failure('anybody may end QEMU')
            one.execute('stop')
            other.wait_for_event('STOP')
            other.wait_for_event('SHUTDOWN')
        process.wait(SECONDS)
        matches(program.finish(), r'listening\n')


@contextlib.contextmanager
def screen(directory, size):
    """An X server; gives the environment of its programs, and a function that calls xdotool."""
    read, write = os.pipe()
    x_server = subprocess.Popen(['Xvfb', '-displayfd', str(write), '-screen', '0', f'{size}x24', '-nolisten', 'tcp'],
                                pass_fds=[write], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(write)
    with open(read, encoding='ascii') as display, running(x_server):
        environment = {**os.environ, 'DISPLAY': ':' + display.readline().strip(), 'GDK_BACKEND': 'x11',
                       'GSK_RENDERER': 'cairo', 'LIBGL_ALWAYS_SOFTWARE': '1', 'GTK_A11Y': 'none',
                       'GSETTINGS_BACKEND': 'memory', 'HOME': directory, 'XDG_RUNTIME_DIR': directory}
        environment.pop('WAYLAND_DISPLAY', None)

        def xdotool(*words):
            subprocess.run(['xdotool', *words], env=environment, check=True, timeout=SECONDS, stdout=subprocess.DEVNULL)

        yield environment, xdotool


def wait_while_it_runs(program, xdotool, what, condition, *words):
    """The words are for xdotool: a key does something only when the window is there and knows its machine."""
    for _ in range(SECONDS * 5):
        if program.poll() is not None:
            raise Failure(f'the window ended with status {program.returncode}')
        if condition():
            return
        xdotool(*words, 'sleep', '0.2')
    raise Failure(f'{what} did not come about')


def take_screenshot(path, environment):
    subprocess.run(['import', '-window', 'root', path], env=environment, check=True, timeout=SECONDS)
    if pathlib.Path(path).stat().st_size < 5000:
        raise Failure('the picture is empty')


def window(directory, screenshot, *command):
    """Presses the window's buttons by their keys, and takes a picture."""
    paths = [f'{directory}/example', f'{directory}/test']
    with screen(directory, '640x360') as (environment, xdotool), qemu(*paths), Monitor(paths[1]) as monitor, \
            running(subprocess.Popen([*command, paths[0]], env=environment)) as program:
        def wait_for_status(status, key):
            wait_while_it_runs(program, xdotool, status,
                               lambda: monitor.execute('query-status')['status'] == status, 'key', key)

        xdotool('search', '--sync', '--onlyvisible', '--name', 'Machine', 'windowfocus')
        wait_for_status('paused', 'ctrl+p')
        wait_for_status('running', 'ctrl+r')
        for disk in ('disk0', 'disk1'):  # a job has events with something to say
            monitor.execute('blockdev-add', driver='null-co', node_name=disk, size=1024 * 1024)
        monitor.execute('blockdev-mirror', job_id='copy', device='disk0', target='disk1', sync='full')
        wait_for_status('paused', 'ctrl+p')
        xdotool('mousemove', '639', '359', 'sleep', '1')
        take_screenshot(screenshot, environment)
        monitor.execute('quit')


def shown_machine(paths, name):
    return running(start_server('qemu-system-x86_64', paths, '-machine', 'pc', '-m', '16', '-nodefaults',
                                '-display', 'none', '-accel', 'tcg', '-device', 'VGA', '-name', name))


def manager(directory, screenshot, *command):
    """Pauses the first machine by its key, and takes a picture when the window has taken those of both screens."""
    paths = [[f'{directory}/example{i}', f'{directory}/test{i}'] for i in range(2)]
    with screen(directory, '720x400') as (environment, xdotool), \
            shown_machine(paths[0], 'first'), shown_machine(paths[1], 'second'), \
            Monitor(paths[0][1]) as first, Monitor(paths[1][1]) as second, \
            running(subprocess.Popen([*command, paths[0][0], paths[1][0]], env=environment)) as program:
        xdotool('search', '--sync', '--onlyvisible', '--name', 'Machines', 'windowfocus')
        wait_while_it_runs(program, xdotool, 'paused',
                           lambda: first.execute('query-status')['status'] == 'paused', 'key', 'ctrl+1')
        for disk in ('disk0', 'disk1'):
            second.execute('blockdev-add', driver='null-co', node_name=disk, size=4 * 1024 * 1024)
        # It rests at a part.
        second.execute('blockdev-backup', job_id='copy', device='disk0', target='disk1', sync='full', speed=1024 * 1024)
        second.execute('block-job-set-speed', device='copy', speed=1)
        wait_while_it_runs(program, xdotool, 'pictures',
                           lambda: first.execute('query-fdsets') and second.execute('query-fdsets'))
        xdotool('mousemove', '719', '399', 'sleep', '1')
        take_screenshot(screenshot, environment)


def main():
    name, *arguments = sys.argv[1:]
    os.environ['LC_ALL'] = 'C.UTF-8'  # for the quotation marks of the library's texts
    with tempfile.TemporaryDirectory(prefix='qmp-glib-') as directory:
        try:
            globals()[name.replace('-', '_')](directory, *arguments)
        except Failure as failure:
            sys.exit(f'{name}: {failure}')


if __name__ == '__main__':
    main()
