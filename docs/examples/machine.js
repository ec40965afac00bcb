#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Launches a machine, pauses and resumes it, and shuts it down.
//
// usage: gjs -m machine.js QEMU [ARGUMENT...]

import Qmp from 'gi://Qmp?version=1.0';
import {exit, programArgs} from 'system';

async function main(command) {
  const vm = new Qmp.Machine();
  await vm.launch_async(command);
  print('launched:', vm.statusName);
  await vm.pause_async();
  print('now:', vm.statusName);
  await vm.resume_async();
  // The guest has a second, then QEMU has ten.
  const none = Qmp.ShutDownFlags.NONE;
  const outcome = await vm.shut_down_async(none, 1000, 10000);
  print('ended:', outcome.text);
}

try {
  await main(programArgs);
} catch (error) {
  if (!(error instanceof Qmp.LaunchError))
    throw error;
  printerr(error.message);
  exit(1);
}
