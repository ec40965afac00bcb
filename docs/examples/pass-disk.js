#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Gives a machine a disk image as an open file: the machine needs no right to open it itself.
//
// usage: gjs -m pass-disk.js ADDRESS IMAGE

import Gio from 'gi://Gio';
import Qmp from 'gi://Qmp?version=1.0';
import {programArgs} from 'system';

const [address, path] = programArgs;
const vm = await Qmp.Client.open_address_async(address);

// The descriptor travels with the command that takes it.
const image = Gio.File.new_for_path(path).open_readwrite(null);
const fds = [image.get_input_stream().get_fd()];
const args = {'fdset-id': 1, opaque: path};
const command = Qmp.Message.new_command('add-fd', args, {fds});
await vm.execute_message_async(command);
image.close(null);

// What the machine is told to open is the descriptor that it has already.
await vm.execute_async('blockdev-add', {
  driver: 'raw',
  'node-name': 'disk0',
  file: {driver: 'file', filename: '/dev/fdset/1'},
});
for (const node of await vm.execute_async('query-named-block-nodes')) {
  if (node['node-name'] === 'disk0')
    print(`disk0: ${node.image['virtual-size']} bytes of ${node.image.filename}`);
}
await vm.close_async();
