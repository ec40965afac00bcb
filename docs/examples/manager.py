#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A GTK 4 window on several machines: their status and screens, buttons for
what can be done, and their jobs.

Control and the number of a machine pauses it, with Shift it is resumed.

usage: manager.py ADDRESS...
"""

import sys

import gi

gi.require_version('Gdk', '4.0')
gi.require_version('Gtk', '4.0')
gi.require_version('Qmp', '1.0')
from gi.repository import Gdk, Gio, GLib, GObject, Gtk, Qmp

SYNC = GObject.BindingFlags.SYNC_CREATE
ACTIONS = {'Pause': 'pause', 'Resume': 'resume', 'Reset': 'reset',
           'Power Down': 'power-down'}


class Row(Gtk.Box):
    """One machine."""

    def __init__(self, address, group):
        super().__init__(spacing=12, margin_top=6, margin_bottom=6,
                         margin_start=6, margin_end=6)
        self.vm = Qmp.Machine()
        self.vm.set_progress_interval(0.25)
        self.screen = Gtk.Picture(width_request=240, height_request=150)
        self.append(self.screen)
        self.append(self.make_column(address, group))
        self.vm.connect('action-failed', self.show_failure)
        self.running = Qmp.spawn(self.run(address))

    def make_column(self, address, group):
        column = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6,
                         hexpand=True)
        self.title = Gtk.Label(label=address, xalign=0)
        status = Gtk.Label(xalign=0)
        self.vm.bind_property('status-name', status, 'label', SYNC)
        buttons = Gtk.Box(spacing=6)
        for label, action in ACTIONS.items():
            # The machine says when there is something to be done.
            buttons.append(Gtk.Button(label=label,
                                      action_name=f'{group}.{action}'))
        jobs = Gtk.ListBox(selection_mode=Gtk.SelectionMode.NONE)
        jobs.bind_model(self.vm.get_jobs(), self.make_job)
        for widget in self.title, status, buttons, jobs:
            column.append(widget)
        return column

    def make_job(self, job):
        bar = Gtk.ProgressBar(show_text=True, text=job.id)
        job.bind_property('fraction', bar, 'fraction', SYNC)
        return bar

    def show_failure(self, _vm, _action, error):
        self.title.set_text(error.message)

    async def run(self, address):
        try:
            await self.vm.open_async(address)
            self.title.set_text(self.vm.get_name() or address)
            while self.vm.get_connected():
                await self.refresh()
                await Qmp.sleep(1)
        except GLib.Error as error:
            self.title.set_text(error.message)

    async def refresh(self):
        try:
            picture = GLib.Bytes.new(await self.vm.screendump_async())
        except Qmp.ExecuteError:  # it has no screen
            return
        self.screen.set_paintable(Gdk.Texture.new_from_bytes(picture))


class Window(Gtk.ApplicationWindow):
    def __init__(self, application, addresses):
        super().__init__(application=application, title='Machines',
                         default_width=720, default_height=400)
        rows = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
        self.set_child(Gtk.ScrolledWindow(child=rows))
        for number, address in enumerate(addresses, 1):
            row = Row(address, f'vm{number}')
            self.insert_action_group(f'vm{number}',
                                     row.vm.get_action_group())
            for action, key in ('pause', ''), ('resume', '<Shift>'):
                application.set_accels_for_action(
                    f'vm{number}.{action}', [f'<Control>{key}{number}'])
            rows.append(row)


application = Gtk.Application(flags=Gio.ApplicationFlags.NON_UNIQUE)
application.connect('activate', lambda application: Window(
    application, sys.argv[1:]).present())
application.run()
