#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A GTK 4 window on a machine: its status, its events, and two buttons.
//
// usage: gjs -m window.js ADDRESS

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gtk from 'gi://Gtk?version=4.0';
import Qmp from 'gi://Qmp?version=1.0';
import {programArgs} from 'system';

const HISTORY = 1000;

const Window = GObject.registerClass(
class Window extends Gtk.ApplicationWindow {
  constructor(application, address) {
    super({application, title: 'Machine'});
    this.set_default_size(640, 360);
    this._vm = new Qmp.Client({name: 'window'});
    // A listener remembers the events that it has taken.
    this._events = new Qmp.EventListener({historyLength: HISTORY});
    this._vm.add_listener(this._events);
    this._status = new Gtk.Label();
    this._pause = this._addCommand('pause', 'stop');
    this._resume = this._addCommand('resume', 'cont');
    this.set_titlebar(this._makeHeader());
    this.set_child(this._makeList());
    this._vm.connect('closed', () => this._showStatus('gone'));
    this._run(address).catch(error => this._showStatus(error.message));
  }

  _addCommand(name, command) {
    const action = new Gio.SimpleAction({name, enabled: false});
    action.connect('activate', () => {
      this._vm.execute_async(command)
        .catch(error => this._showStatus(error.message));
    });
    this.add_action(action);
    return action;
  }

  _makeHeader() {
    const header = new Gtk.HeaderBar();
    for (const label of ['Pause', 'Resume']) {
      const actionName = `win.${label.toLowerCase()}`;
      header.pack_start(new Gtk.Button({label, actionName}));
    }
    header.pack_end(this._status);
    return header;
  }

  _makeList() {
    const factory = new Gtk.SignalListItemFactory();
    factory.connect('setup', (_factory, item) => {
      item.set_child(new Gtk.Label({xalign: 0}));
    });
    factory.connect('bind', (_factory, item) => {
      const event = item.get_item();
      const text = `${event.get_name()} ${JSON.stringify(event.data)}`;
      item.get_child().set_text(text);
    });
    const model = new Gtk.NoSelection({model: this._events.history});
    const child = new Gtk.ListView({model, factory});
    return new Gtk.ScrolledWindow({child});
  }

  _showStatus(status) {
    this._status.set_text(status);
    this._pause.set_enabled(status === 'running');
    this._resume.set_enabled(status === 'paused');
  }

  async _askStatus() {
    const {status} = await this._vm.execute_async('query-status');
    this._showStatus(status);
  }

  async _run(address) {
    await this._vm.open_async(address);
    const changes = this._vm.listener('STOP', 'RESUME');
    await this._askStatus();
    for await (const _event of changes) // until the link ends
      await this._askStatus();
  }
});

const application = new Gtk.Application({
  flags: Gio.ApplicationFlags.NON_UNIQUE,
});
application.connect('activate', () => {
  application.set_accels_for_action('win.pause', ['<Control>p']);
  application.set_accels_for_action('win.resume', ['<Control>r']);
  new Window(application, programArgs[0]).present();
});
application.run([]);
