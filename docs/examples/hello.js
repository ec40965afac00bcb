#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Talks to a QEMU without blocking.
//
// usage: gjs -m hello.js SOCKET

import Gio from 'gi://Gio';
import Json from 'gi://Json?version=1.0';
import Qmp from 'gi://Qmp?version=1.0';
import {programArgs} from 'system';

for (const name of ['open', 'execute', 'execute_message', 'close'])
  Gio._promisify(Qmp.Client.prototype, `${name}_async`);

const vm = Qmp.Client.new('hello');

const toNode = value => Json.from_string(JSON.stringify(value));
const fromNode = node => JSON.parse(Json.to_string(node, false));

async function execute(command, args = {}) {
  return fromNode(await vm.execute_async(command, toNode(args), null));
}

// Runs a command and waits for the event that it brings.
async function executeAndHear(command, name) {
  const heard = new Promise(resolve => {
    const id = vm.connect(`event::${name}`, () => {
      vm.disconnect(id);
      resolve();
    });
  });
  await execute(command);
  await heard;
  const {status} = await execute('query-status');
  print(`${command}: heard ${name}, the machine is ${status}`);
}

// Open the monitor.
await vm.open_async(Gio.UnixSocketAddress.new(programArgs[0]), null);
const greeting = vm.get_greeting();
print(`greeting: QEMU ${greeting.get_version().join('.')}`,
  `offers ${greeting.get_capabilities().join(', ')}`);

// Ask.
const {qemu: {major, minor, micro}} = await execute('query-version');
print(`query-version: ${major}.${minor}.${micro}`);
print(`query-status: ${(await execute('query-status')).status}`);

// Pause and resume the machine.
await executeAndHear('stop', 'STOP');
await executeAndHear('cont', 'RESUME');

// Hand over a file descriptor.
const message = Qmp.Message.new_command('add-fd', toNode({'fdset-id': 1, opaque: 'from hello'}));
const file = Gio.File.new_for_path('/dev/null').read(null);
const fds = Gio.UnixFDList.new();
fds.append(file.get_fd());
message.set_fd_list(fds);
await vm.execute_message_async(message, null);
for (const fdset of await execute('query-fdsets')) {
  for (const fd of fdset.fds)
    print(`query-fdsets: set ${fdset['fdset-id']} has one ${fd.opaque}`);
}

// An error of the server.
try {
  await execute('device_del', {id: 'nope'});
} catch (error) {
  if (!error.matches(Qmp.CommandError, Qmp.CommandError.DEVICE_NOT_FOUND))
    throw error;
  print(`device_del: ${Qmp.CommandError.get_class(error)}: ${error.message}`);
}

// End it.
await execute('quit');
await vm.close_async(null);
print('quit: closed');
