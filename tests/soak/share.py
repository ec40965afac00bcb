#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients of all kinds over `qmp share` in front of a real QEMU, for a while. It is over with the first thing that is lost,
doubled, or given to another. The same seed gives the same choices, though not the same moments.

usage: share.py QMP [SECONDS [SEED]]
"""

import collections
import contextlib
import json
import os
import random
import selectors
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, 'tools'))
import terminal  # noqa: E402

PC = ['-machine', 'pc', '-accel', 'tcg', '-m', '32', '-S', '-nodefaults', '-display', 'none']
N_CLIENTS = 24
N_EVENTS_KEPT = 4096
SECONDS_FOR_A_REPLY = 60
SECONDS_BETWEEN_REPORTS = 30
# The first part of the time makes what is made once.
WARM_UP = 8
ABSENT = object()
IDS = (ABSENT, None, True, 0, -1, 1.5, 10 ** 18, '', 'ä"\\', [], [1, {'a': []}], {}, {'id': {'return': 1}})


class Wrong(Exception):
    pass


class History:
    """The events that the first client has heard, with a number for each."""

    def __init__(self):
        self.n_events = 0
        self.kept = collections.deque(maxlen=N_EVENTS_KEPT)

    def add(self, event):
        self.kept.append(event)
        self.n_events += 1

    def get(self, number):
        return self.kept[number - self.n_events]


class Client:
    def __init__(self, path, number):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.number = number
        self.n_sent = 0
        self.n_replies = 0
        self.buffer = b''
        self.awaited = collections.deque()  # what each reply has to be, and since when
        self.events = []
        self.next_event = None  # its number; None until one was found in the history
        self.deaf = False
        self.name = None  # of a descriptor
        greeting = self.read_line()
        if 'QMP' not in greeting:
            raise Wrong(f'{greeting} instead of a greeting')
        self.send('qmp_capabilities', {'return': {}})
        self.socket.setblocking(True)
        while self.awaited:
            self.take(self.read_line())
        self.socket.setblocking(False)

    def read_line(self):
        while b'\n' not in self.buffer:
            data = self.socket.recv(65536)
            if not data:
                raise Wrong('a client was closed')
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b'\n')
        return json.loads(line)

    # --- saying ---

    def send(self, command, reply, arguments=None, fd=None):
        message = {'execute': command}
        if arguments is not None:
            message['arguments'] = arguments
        identity = random.choice(IDS)
        if identity is not ABSENT:
            message['id'] = identity
            reply = {**reply, 'id': identity}
        self.awaited.append((reply, time.monotonic()))
        self.n_sent += 1
        data = json.dumps(message).encode()
        self.socket.setblocking(True)
        if fd is not None:
            socket.send_fds(self.socket, [data], [fd])
        else:
            self.socket.sendall(data)
        self.socket.setblocking(False)

    def ask_nonsense(self):
        """What comes back has the name of what nobody else has asked for."""
        name = f'x-{self.number}-{self.n_sent}'
        self.send(name, {'error': {'class': 'CommandNotFound', 'desc': f'The command {name} has not been found'}})

    def ask_with_arguments(self):
        name = f'/x-{self.number}-{self.n_sent}'
        self.send('qom-list', {'error': {'class': 'DeviceNotFound', 'desc': f"Device '{name}' not found"}}, {'path': name})

    def pass_descriptor(self):
        """All have one name."""
        with open(os.devnull, encoding='ascii') as file:
            if self.name is None:
                self.send('getfd', {'return': {}}, {'fdname': 'same'}, file.fileno())
                self.name = 'same'
            else:
                self.send('closefd', {'return': {}}, {'fdname': 'same'})
                self.name = None

    def close_wrong(self):
        self.send('closefd', {'error': {'class': 'GenericError', 'desc': "File descriptor named 'other' not found"}},
                  {'fdname': 'other'})

    # --- hearing ---

    def read(self):
        """All that is there."""
        with contextlib.suppress(BlockingIOError):
            while True:
                data = self.socket.recv(65536)
                if not data:
                    raise Wrong(f'client {self.number} was closed')
                self.buffer += data
        lines = self.buffer.split(b'\n')
        self.buffer = lines.pop()
        for line in lines:
            self.take(json.loads(line))

    def take(self, message):
        if 'event' in message:
            self.events.append((message['event'], message['timestamp']['seconds'], message['timestamp']['microseconds']))
            return
        if not self.awaited:
            raise Wrong(f'client {self.number} has heard {message}, and waits for nothing')
        awaited, _ = self.awaited.popleft()
        if message != awaited:
            raise Wrong(f'client {self.number} has heard {message}, and not {awaited}')
        self.n_replies += 1

    def compare_events(self, history):
        for event in self.events:
            if self.next_event is None:
                found = [number for number in range(max(0, history.n_events - len(history.kept)), history.n_events)
                         if history.get(number) == event]
                if len(found) != 1:
                    raise Wrong(f'client {self.number} has heard {event}, which is there {len(found)} times')
                self.next_event = found[0]
            if history.get(self.next_event) != event:
                raise Wrong(f'client {self.number} has heard {event}, and not {history.get(self.next_event)}')
            self.next_event += 1
        self.events.clear()


def usage(pid):
    with open(f'/proc/{pid}/status', encoding='ascii') as file:
        status = dict(line.split(':', 1) for line in file)
    return int(status['VmRSS'].split()[0]), len(os.listdir(f'/proc/{pid}/fd'))


class Soak:
    def __init__(self, qmp, directory, seconds):
        self.qemu = terminal.Server(directory, arguments=PC)
        self.path = os.path.join(directory, 'shared')
        self.program = subprocess.Popen([qmp, 'share', self.qemu.path, self.path], stdout=subprocess.PIPE, text=True)
        self.program.stdout.readline()
        self.begin = time.monotonic()
        self.seconds = seconds
        self.counts = collections.Counter()
        self.history = History()
        self.first = Client(self.path, 0)
        self.clients = []
        self.running = False
        self.usage = None
        for _ in range(N_CLIENTS):
            self.add()

    def add(self):
        self.counts['clients'] += 1
        self.clients.append(Client(self.path, self.counts['clients']))

    def drop(self, client):
        self.counts['replies'] += client.n_replies
        client.socket.close()
        self.clients.remove(client)
        self.add()

    # --- what happens ---

    def burst(self, client):
        for _ in range(random.randint(1, 30)):
            random.choice((client.ask_nonsense, client.ask_with_arguments, client.close_wrong))()

    def toggle(self, client):
        """Two at once by two clients would not be told from one."""
        self.settle([client])
        client.send('stop' if self.running else 'cont', {'return': {}})
        self.running = not self.running
        self.settle([client])

    def leave(self, client):
        self.burst(client)
        client.socket.setblocking(True)
        client.socket.sendall(b'{"execute": "quit", "id')
        self.drop(client)

    def junk(self, client):
        client.socket.setblocking(True)
        client.socket.sendall(b'\xff\x00garbage}{]["' * random.randint(1, 1000))
        self.drop(client)

    def deafen(self, client):
        """Asks for much, and reads none of it."""
        with contextlib.suppress(BlockingIOError):
            for _ in range(1000):
                client.socket.send(b'{"execute": "query-qmp-schema"}' * 10)
        client.deaf = True

    def settle(self, clients):
        """Until all that was asked is answered."""
        with selectors.DefaultSelector() as selector:
            for client in {*clients, self.first}:
                selector.register(client.socket, selectors.EVENT_READ, client)
            while any(client.awaited for client in clients):
                for key, _ in selector.select(1):
                    key.data.read()
                for client in clients:
                    if client.awaited and time.monotonic() - client.awaited[0][1] > SECONDS_FOR_A_REPLY:
                        raise Wrong(f'client {client.number} has no reply')

    def look(self):
        """Everybody's replies and events up to now. The first client's reply comes behind all events that are told."""
        good = [client for client in self.clients if not client.deaf]
        self.settle(good)
        self.first.ask_nonsense()
        self.settle([self.first])
        for event in self.first.events:
            self.history.add(event)
        self.first.events.clear()
        for client in good:
            client.compare_events(self.history)

    def step(self):
        client = random.choice([client for client in self.clients if not client.deaf])
        actions = [self.burst] * 60 + [self.toggle] * 8 + [self.leave, self.junk, self.deafen] + \
                  [lambda client: client.pass_descriptor()] * 8
        random.choice(actions)(client)
        if random.randrange(40) == 0:
            for deaf in [client for client in self.clients if client.deaf]:
                self.drop(deaf)
            self.look()

    def report(self):
        now = usage(self.program.pid)
        replies = self.counts['replies'] + self.first.n_replies + sum(client.n_replies for client in self.clients)
        print(f'{time.monotonic() - self.begin:6.0f} s: {replies} replies, {self.history.n_events} events to each, '
              f'{self.counts["clients"]} clients, {now[0]} kB, {now[1]} descriptors; QEMU: {usage(self.qemu.process.pid)[1]}',
              flush=True)
        return now

    def check_usage(self, now):
        if self.usage is None:
            if time.monotonic() - self.begin > self.seconds / WARM_UP:
                self.usage = now
        elif now[0] > self.usage[0] * 1.2 + 4096 or now[1] > self.usage[1] + N_CLIENTS:
            raise Wrong(f'it takes {now}, and took {self.usage}')

    def run(self):
        next_report = self.begin + SECONDS_BETWEEN_REPORTS
        while time.monotonic() < self.begin + self.seconds:
            self.step()
            if time.monotonic() > next_report:
                self.check_usage(self.report())
                next_report += SECONDS_BETWEEN_REPORTS
        self.look()
        n_descriptors = usage(self.qemu.process.pid)[1]
        for client in list(self.clients):
            self.drop(client)
        self.look()
        self.report()
        # Those that were named are closed with their clients.
        if usage(self.qemu.process.pid)[1] > n_descriptors:
            raise Wrong('QEMU has more descriptors than before')

    def end(self):
        self.program.kill()
        self.program.wait()
        self.program.stdout.close()
        self.qemu.kill()


def main():
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 3600
    seed = sys.argv[3] if len(sys.argv) > 3 else str(random.randrange(10 ** 6))
    random.seed(seed)
    print(f'seed {seed}', flush=True)
    with tempfile.TemporaryDirectory(prefix='qmp-') as directory:
        soak = Soak(os.path.abspath(sys.argv[1]), directory, seconds)
        try:
            soak.run()
        finally:
            soak.end()


if __name__ == '__main__':
    main()
