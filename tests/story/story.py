#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every feature once, told in each language: what it prints is expected.txt.

usage: story.py MONITOR LISTENING AGENT TLS-ADDRESS CA-FILE
"""

import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Gio, GLib, Qmp


def is_io_error(error, code):
    return error.matches(Gio.io_error_quark(), code)


def tell_commands(vm):
    print('qom-get:', vm.execute('qom-get', path='/machine', property='type'))
    try:
        vm.execute('device_del', id='nope')
    except Qmp.ExecuteError as error:
        print(f'device_del: {error.error_class}: {error.desc}')


def tell_exchanges(vm):
    reply = vm.exchange({'execute': 'query-status', 'id': 'story'})
    print(f'exchange: {reply["id"]}: {reply["return"]["status"]}')
    reply = vm.exchange({'execute': 'nope', 'id': {'number': 7}})
    print(f'exchange: {reply["id"]["number"]}: {reply["error"]["class"]}')


def tell_events(vm):
    with vm.listener('STOP', 'RESUME') as listener:
        print('listener:', listener.try_next() or 'nothing')
        vm.execute('stop')
        vm.execute('cont')
        print('listener:', listener.next(timeout=10).name)
        print('listener:', listener.try_next().name)
        try:
            print('listener:', listener.next(timeout=0.05).name)
        except GLib.Error as error:
            if not is_io_error(error, Gio.IOErrorEnum.TIMED_OUT):
                raise
            print('listener: timed out')
    event = vm.execute_and_wait({'execute': 'stop'}, Qmp.EventMatch.new(['STOP']))
    print('execute_and_wait:', event.name)


def tell_fd(vm):
    with open('/dev/null', encoding='ascii') as file:
        vm.execute_message(Qmp.Message.new_command('add-fd', {'fdset-id': 1, 'opaque': 'story'}, fds=[file]))
    for fdset in vm.execute('query-fdsets'):
        print(f'query-fdsets: set {fdset["fdset-id"]} has {fdset["fds"][0]["opaque"]}')


def tell_calls(vm):
    yank = vm.execute_message(Qmp.Message.new_command('query-yank', out_of_band=True))
    print('query-yank:', yank[0]['type'])
    status = vm.execute_message(Qmp.Message.new_command('query-status', timeout=10))
    print('timeout:', status['status'])

    cancellable = Gio.Cancellable()
    cancellable.cancel()
    try:
        vm.execute('query-name', None, cancellable)
        print('cancellable: answered')
    except GLib.Error as error:
        if not is_io_error(error, Gio.IOErrorEnum.CANCELLED):
            raise
        print('cancellable: cancelled')


def tell_monitor(address):
    messages = []
    vm = Qmp.Client(name='story')
    vm.connect('wire', lambda _vm, _direction, text: messages.append(text))
    with vm:
        vm.open(Qmp.address_parse(address))
        print('greeting:', ', '.join(vm.get_greeting().get_capabilities()))
        tell_commands(vm)
        tell_exchanges(vm)
        tell_events(vm)
        tell_fd(vm)
        tell_calls(vm)
        while GLib.MainContext.default().iteration(False):
            pass  # blocking calls leave the signals to the main context
        print('wire:', sum('"exec-oob"' in message for message in messages), 'out of band')
    print('close:', 'idle' if vm.get_runstate() == Qmp.Runstate.IDLE else 'not idle')


def tell_listening(address):
    with Qmp.Client(accept_timeout=30000) as vm:
        vm.listen(Qmp.address_parse(address))
        vm.accept()
        print('accept:', vm.execute('query-status')['status'])


def tell_agent(address):
    with Qmp.Client.open_address(address, guest_agent=True) as agent:
        agent.execute('guest-ping')
        print('guest-ping: answered')


def tell_tls(address, authority):
    database = Gio.TlsFileDatabase.new(authority)
    with Qmp.Client.open_address(address, tls=True, tls_database=database) as vm:
        print('TLS:', vm.execute('query-status')['status'])


def main():
    monitor, listening, agent, tls, authority = sys.argv[1:]
    tell_monitor(monitor)
    tell_listening(listening)
    tell_agent(agent)
    tell_tls(tls, authority)


if __name__ == '__main__':
    main()
