# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server that answers all that completion asks with names which a shell, a terminal or a program would obey.

MARK is the file that is there if one of them was obeyed. A NAME at the front is what a test types: there is one name
for each that completes to it. Nothing here sleeps."""

import json
import os
import socket
import threading

import terminal

MARK = 'obeyed'
TOUCH = 'touch${IFS}' + MARK
EVIL = [
    # for a shell
    f'$({TOUCH})', f'`{TOUCH}`', f'${{x:=$({TOUCH})}}', f'$[`{TOUCH}`]', f'\\$({TOUCH})', f'a[$({TOUCH})]', f'(e:{TOUCH}:)',
    f"'$({TOUCH})", f"'$({TOUCH})'", f'"$({TOUCH})"', f'";{TOUCH};"', f"';{TOUCH};'", f';{TOUCH}', f' ;{TOUCH}', f'|{TOUCH}',
    f'&{TOUCH}', f'&&{TOUCH}', f'>{MARK}', f'<({TOUCH})', f'>({TOUCH})', f'=({TOUCH})', f'!{MARK}', '!!', '*', '?', '~',
    '~root', '{a,b}', '\\', '^', '=x', '%s%n',
    # for whatever reads lines
    f'\n{TOUCH}\n', f'\r{TOUCH}\r', f'\t{TOUCH}', f'\nw$({TOUCH})', f'\nc1', '\0',
    # for a terminal
    f'\x1b]0;{MARK}\x07', f'\x1b[201~\r{TOUCH}\r', '\x9b2J', '\x7f\x15', '\u202e', '\u200b', '\ufeff', '\U000e0041', 'é',
    'x' * 300,
]
PLAIN = ['device[0]', '#node', 'pci.0', 'a+b@c', 'x:y', 'x,y']


def names(first):
    """first: what each begins with, so that it can be typed."""
    return list(dict.fromkeys([
        '-rf', '--version', '-', '--', '=ls', '$IFS', '', ' ', *EVIL,
        *(f'{first}{number}{evil}' for number, evil in enumerate(EVIL)), *(f'{first}-{plain}' for plain in PLAIN)]))


def schema():
    """Commands, events, members and values of all those names."""
    result = [
        {'name': 'str', 'meta-type': 'builtin', 'json-type': 'string'},
        {'name': 'e', 'meta-type': 'enum', 'members': [{'name': name} for name in names('v')], 'values': names('v')},
        {'name': 'm', 'meta-type': 'object', 'members': [
            {'name': 'mode', 'type': 'e', 'default': None},
            {'name': 'id', 'type': 'str', 'default': None},
            {'name': 'nested', 'type': 'm', 'default': None},
            *({'name': name, 'type': 'str', 'default': None} for name in names('m'))]},
        {'name': 'none', 'meta-type': 'object', 'members': []},
        {'name': 'act', 'meta-type': 'command', 'arg-type': 'm', 'ret-type': 'none'},
        {'name': 'device_add', 'meta-type': 'command', 'arg-type': 'm', 'ret-type': 'none'},
        {'name': 'HAPPENED', 'meta-type': 'event', 'arg-type': 'm'},
    ]
    for name in names('c'):
        result.append({'name': name, 'meta-type': 'command', 'arg-type': 'none', 'ret-type': 'none'})
    # The names of commands and events are all different.
    for name in [name for name in names('E') if name.startswith('E')]:
        result.append({'name': name, 'meta-type': 'event', 'arg-type': 'none'})
    return result


def answer(command, has_schema):
    name = command['execute']
    if name == 'guest-sync-delimited':
        return b'\xff', command['arguments']['id']
    if name == 'query-qmp-schema' and has_schema:
        return b'', schema()
    if name == 'guest-info':
        return b'', {'version': '1', 'supported_commands': [{'name': one, 'enabled': True} for one in names('g')]}
    if name == 'human-monitor-command':
        return b'', '\r\n'.join(names('h'))
    if name == 'qom-list':
        return b'', [{'name': one, 'type': kind} for one in names('q') for kind in ('child<x>', 'string')]
    keys = ['id', 'name', 'device', 'label', 'node-name']
    return b'', [{'type': 'X', 'description': f'a/$({TOUCH})/`{TOUCH}`', **{key: one for key in keys}} for one in names('n')]


class Server:
    """Serves all that connect, one after the other."""

    def __init__(self, directory, has_schema=True):
        self.path = os.path.join(directory, 'evil')
        self.has_schema = has_schema
        self.listening = terminal.listening(self.path)
        self.listening.setblocking(True)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                peer, _ = self.listening.accept()
            except OSError:
                return
            with peer, peer.makefile('rwb') as file:
                try:
                    self._talk(peer, file)
                except OSError:
                    pass

    def _talk(self, peer, file):
        if self.has_schema:
            file.write(b'{"QMP": {"version": {"qemu": {"major": 9, "minor": 9, "micro": 9}, "package": ""}, "capabilities": []}}\n')
            file.flush()
        decoder = json.JSONDecoder()
        buffer = ''
        while True:
            data = peer.recv(65536)
            if not data:
                return
            buffer = (buffer + data.decode('utf-8', 'replace')).lstrip(' \r\n\ufffd')
            while buffer:
                try:
                    command, end = decoder.raw_decode(buffer)
                except ValueError:
                    break
                buffer = buffer[end:].lstrip(' \r\n\ufffd')
                file.write(self._reply(command))
                file.flush()

    def _reply(self, command):
        before, value = answer(command, self.has_schema)
        if command['execute'] == 'query-qmp-schema' and not self.has_schema:
            reply = {'error': {'class': 'CommandNotFound', 'desc': 'no'}}
        else:
            reply = {'return': value}
        if 'id' in command:
            reply['id'] = command['id']
        return before + json.dumps(reply).encode() + b'\n'

    def close(self):
        # shutdown() wakes accept(), which close() alone does not
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self.thread.join()
