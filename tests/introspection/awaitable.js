#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Each asynchronous function returns a promise when it is given no callback and no cancellable.
//
// usage: functions.py GIR gjs -m awaitable.js

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Qmp from 'gi://Qmp?version=1.0';
import System from 'system';

const make = {
  'Client': () => Qmp.Client.new(null),
  'EventListener': () => Qmp.EventListener.new(null),
  'EventMatch': () => Qmp.EventMatch.new(null),
  'Gio.IOStream': () => Gio.SimpleIOStream.new(Gio.MemoryInputStream.new(), Gio.MemoryOutputStream.new_resizable()),
  'Gio.SocketConnectable': () => Gio.UnixSocketAddress.new('/nonexistent/socket'),
  'GLib.Bytes': () => new Uint8Array(),
  'GuestAgent': () => Qmp.GuestAgent.new(Qmp.Client.new(null)),
  'GuestExecFlags': () => Qmp.GuestExecFlags.DEFAULT,
  'GuestShutdownMode': () => Qmp.GuestShutdownMode.HALT,
  'GuestSuspendMode': () => Qmp.GuestSuspendMode.RAM,
  'GuestWriteFlags': () => Qmp.GuestWriteFlags.REPLACE,
  'Finder': () => new Qmp.Finder(),
  'Job': () => new Qmp.Job(),
  'Migration': () => new Qmp.Migration(),
  'Json.Node': () => null,
  'Launcher': () => Qmp.Launcher.new(['/nonexistent/qemu']),
  'Machine': () => Qmp.Machine.new(null),
  'MachineList': () => new Qmp.MachineList(),
  'Message': () => Qmp.Message.new_command('query-status'),
  'gboolean': () => false,
  'ShutDownFlags': () => Qmp.ShutDownFlags.NONE,
  'gint': () => 0,
  'guint': () => 0,
  'gint64': () => 0,
  'utf8': () => 'query-status',
  'utf8[]': () => ['query-status'],
};

// Most fail, since nothing is open.
async function finish(call) {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof GLib.Error))
      throw error;
    return error;
  }
}

async function check({type, name, isMethod, takes}) {
  const owner = isMethod ? make[type]() : Qmp[type];
  const args = takes.map(taken => make[taken]());
  await finish(() => owner[name](...args));
  await finish(() => {
    const started = owner[`${name}_async`](...args);
    if (!(started instanceof Promise))
      throw new Error(`returns ${started} and no promise`);
    return started;
  });
}

let failed = 0;
for (const tested of JSON.parse(System.programArgs[0])) {
  try {
    await check(tested);
    print(`ok ${tested.type}.${tested.name}`);
  } catch (error) {
    print(`not ok ${tested.type}.${tested.name}: ${error}`);
    failed++;
  }
}
System.exit(failed > 0 ? 1 : 0);
