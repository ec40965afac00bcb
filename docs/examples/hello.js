#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Talks to a QEMU without blocking.
//
// usage: gjs -m hello.js ADDRESS

import Gio from 'gi://Gio';
import Qmp from 'gi://Qmp?version=1.0';
import {programArgs} from 'system';

// Runs a command and waits for the event that it brings.
async function executeAndHear(vm, command, name) {
  const events = vm.listener(name);
  await vm.execute_async(command);
  const event = await events.next_async(10000);
  vm.remove_listener(events);
  const {status} = await vm.execute_async('query-status');
  print(`${command}: heard ${event.get_name()}, the machine is ${status}`);
}

// Open the monitor.
const vm = await Qmp.Client.open_address_async(programArgs[0]);
const greeting = vm.get_greeting();
print(`greeting: QEMU ${greeting.get_version().join('.')}`,
  `offers ${greeting.get_capabilities().join(', ')}`);

// Ask.
const {qemu: {major, minor, micro}} = await vm.execute_async('query-version');
print(`query-version: ${major}.${minor}.${micro}`);
print(`query-status: ${(await vm.execute_async('query-status')).status}`);

// Pause and resume the machine.
await executeAndHear(vm, 'stop', 'STOP');
await executeAndHear(vm, 'cont', 'RESUME');

// Hand over a file descriptor.
const file = Gio.File.new_for_path('/dev/null').read(null);
await vm.execute_message_async(Qmp.Message.new_command(
  'add-fd', {'fdset-id': 1, opaque: 'from hello'}, {fds: [file.get_fd()]}));
for (const fdset of await vm.execute_async('query-fdsets')) {
  for (const fd of fdset.fds)
    print(`query-fdsets: set ${fdset['fdset-id']} has one ${fd.opaque}`);
}

// An error of the server.
try {
  await vm.execute_async('device_del', {id: 'nope'});
} catch (error) {
  if (!(error instanceof Qmp.ExecuteError))
    throw error;
  print(`device_del: ${error.errorClass}: ${error.desc}`);
}

// End it.
await vm.execute_async('quit');
await vm.close_async();
print('quit: closed');
