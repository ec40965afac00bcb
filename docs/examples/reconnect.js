#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Watches machines, and connects again when they come back.
//
// usage: gjs -m reconnect.js ADDRESS...

import GLib from 'gi://GLib';
import Qmp from 'gi://Qmp?version=1.0';
import {exit, programArgs} from 'system';

const FIRST_WAIT = 250;
const LONGEST_WAIT = 8000;

function say(address, text) {
  print(`${address}: ${text}`);
}

function sleep(milliseconds) {
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}

// Opens the monitor, and tells what happens until it ends.
async function watchOnce(vm, address, connected) {
  const events = vm.listener('STOP', 'RESUME', 'SHUTDOWN');
  try {
    await vm.open_async(address);
    connected();
    const {status} = await vm.execute_async('query-status');
    say(address, status);
    for await (const event of events) // until the link ends
      say(address, event.get_name());
    say(address, 'gone');
  } finally {
    vm.remove_listener(events);
  }
}

// Never gives up, but waits longer and longer for who is not there.
async function watch(address) {
  const vm = new Qmp.Client({name: address});
  let wait = FIRST_WAIT;
  for (;;) {
    try {
      await watchOnce(vm, address, () => (wait = FIRST_WAIT));
    } catch (error) {
      if (!(error instanceof GLib.Error))
        throw error;
      if (wait === FIRST_WAIT)
        say(address, error.message);
    }
    // Not all at once, when a host comes up again.
    await sleep(wait * (0.5 + Math.random() / 2));
    wait = Math.min(2 * wait, LONGEST_WAIT);
  }
}

GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, 15, () => exit(0));
await Promise.all(programArgs.map(watch));
