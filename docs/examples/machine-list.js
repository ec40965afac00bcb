#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Follows many machines, and shuts all of them down when it is told to end.
//
// usage: gjs -m machine-list.js ADDRESS|NAME...

import GLib from 'gi://GLib';
import Qmp from 'gi://Qmp?version=1.0';
import {programArgs} from 'system';

const SIGTERM = 15;
const loop = GLib.MainLoop.new(null, false);
const machines = new Qmp.MachineList();

machines.connect('items-changed', (_list, position, _removed, added) => {
  for (let i = position; i < position + added; i++) {
    const entry = machines.get_item(i);
    entry.connect('notify::error', () => {
      if (entry.error !== null)
        print(`${entry.title}: ${entry.error.message}`);
    });
    entry.machine.connect('notify::status-name', ({statusName}) => {
      if (statusName !== null)
        print(`${entry.title}: ${statusName}`);
    });
  }
});
for (const text of programArgs)
  machines.add(text);

async function end() {
  // The guests have a minute, then the QEMUs have ten seconds.
  const none = Qmp.ShutDownFlags.NONE;
  const results = await machines.shut_down_all_async(none, 60000, 10000);
  for (const {entry, error, outcome} of results)
    print(`${entry.title}: ${error?.message ?? outcome.text}`);
  loop.quit();
}

GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, SIGTERM, () => {
  end().catch(logError);
  return GLib.SOURCE_REMOVE;
});
loop.run();
