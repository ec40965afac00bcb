#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A GTK 4 window on a machine: its status, its events, and two buttons.

usage: window.py ADDRESS
"""

import json
import sys

import gi

gi.require_version('Gtk', '4.0')
gi.require_version('Qmp', '1.0')
from gi.repository import Gio, GLib, Gtk, Qmp

HISTORY = 1000


class Window(Gtk.ApplicationWindow):
    def __init__(self, application, address):
        super().__init__(application=application, title='Machine',
                         default_width=640, default_height=360)
        self.vm = Qmp.Client('window')
        # A listener remembers the events that it has taken.
        self.events = Qmp.EventListener.new(None)
        self.events.set_history_length(HISTORY)
        self.vm.add_listener(self.events)
        self.status = Gtk.Label()
        self.actions = [self.add_command('pause', 'stop'),
                        self.add_command('resume', 'cont')]
        self.set_titlebar(self.make_header())
        self.set_child(self.make_list())
        self.vm.connect('closed', lambda *_: self.show_status('gone'))
        # A callback starts a coroutine, which GTK's main loop drives.
        self.running = Qmp.spawn(self.run(address))

    def add_command(self, name, command):
        def activate(_action, _parameter):
            Qmp.spawn(self.execute(command))
        action = Gio.SimpleAction(name=name, enabled=False)
        action.connect('activate', activate)
        self.add_action(action)
        return action

    def make_header(self):
        header = Gtk.HeaderBar()
        for label in 'Pause', 'Resume':
            action = f'win.{label.lower()}'
            header.pack_start(Gtk.Button(label=label, action_name=action))
        header.pack_end(self.status)
        return header

    def make_list(self):
        factory = Gtk.SignalListItemFactory()
        factory.connect('setup', lambda _factory, item: item.set_child(
            Gtk.Label(xalign=0)))
        factory.connect('bind', self.bind_event)
        view = Gtk.ListView(model=Gtk.NoSelection(model=self.events.get_history()),
                            factory=factory)
        return Gtk.ScrolledWindow(child=view)

    def bind_event(self, _factory, item):
        event = item.get_item()
        text = f'{event.name} {json.dumps(event.data)}'
        item.get_child().set_text(text)

    def show_status(self, status):
        self.status.set_text(status)
        for action, where in zip(self.actions, ('running', 'paused')):
            action.set_enabled(status == where)

    async def execute(self, command):
        try:
            return await self.vm.execute_async(command)
        except GLib.Error as error:
            self.show_status(error.message)

    async def run(self, address):
        try:
            await self.vm.open_async(address)
        except GLib.Error as error:
            self.show_status(error.message)
            return
        with self.vm.listener('STOP', 'RESUME') as changes:
            await self.ask_status()
            async for _event in changes:  # until the link ends
                await self.ask_status()

    async def ask_status(self):
        value = await self.execute('query-status')
        if value is not None:
            self.show_status(value['status'])


def activate(application):
    application.set_accels_for_action('win.pause', ['<Control>p'])
    application.set_accels_for_action('win.resume', ['<Control>r'])
    Window(application, sys.argv[1]).present()


application = Gtk.Application(flags=Gio.ApplicationFlags.NON_UNIQUE)
application.connect('activate', activate)
application.run()
