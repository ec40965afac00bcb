#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Launches a machine that goes on when this program has ended, or keeps one open until that ends.
//
// usage: gjs -m stay.js start ADDRESS QEMU [ARGUMENT...]
//        gjs -m stay.js watch ADDRESS

import GLib from 'gi://GLib';
import Qmp from 'gi://Qmp?version=1.0';
import {programArgs} from 'system';

async function start(address, command) {
  const launcher = Qmp.Launcher.new(command);
  launcher.set_leave_running(address);
  const vm = new Qmp.Machine();
  await vm.launch_async(launcher);
  print(`started: ${vm.pid}`);
}

function watch(address) {
  const loop = new GLib.MainLoop(null, false);
  const vm = new Qmp.Machine();
  vm.connect('notify::connected', () =>
    print(vm.connected ? `now: ${vm.statusName}` : 'no link'));
  vm.connect('ended', (_vm, outcome) => {
    print(`ended: ${outcome.text}`);
    loop.quit();
  });
  vm.keep_open(address);
  loop.run();
}

const [what, address, ...command] = programArgs;
if (what === 'start')
  await start(address, command);
else
  watch(address);
