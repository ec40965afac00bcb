#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Asks a server what it can do, and has commands checked before they are sent.
//
// usage: gjs -m schema.js ADDRESS

import Qmp from 'gi://Qmp?version=1.0';
import {programArgs} from 'system';

const vm = await Qmp.Client.open_address_async(programArgs[0]);
const schema = await Qmp.Schema.fetch_async(vm);

// What there is, without trying it and without knowing the server's version.
const driver = 'blockdev-add/arg-type/driver';
const paths = ['block_resize', `${driver}/^nbd`, `${driver}/^floppy`];
for (const path of paths)
  print(path, schema.has_path(path) ? 'is there' : 'is not there');

// What a command takes.
const type = schema.ref_command_arguments('block_resize');
for (const member of type.list_members()) {
  const text = member.ref_value_type().describe();
  const optional = member.is_optional() ? ', optional' : '';
  print(`block_resize: ${member.get_name()}: ${text}${optional}`);
}

// Why a path leads nowhere.
try {
  schema.find_type(`${driver}/^ndb`);
} catch (error) {
  print(error.message);
}

// All that is wrong with a command.
const command = {execute: 'block_resize', arguments: {node_name: 'disk0', size: '1G'}};
for (const problem of schema.list_problems(command))
  print(`${problem.get_path()}: ${problem.get_text()}`);

// From now on no wrong command is sent.
schema.attach(vm);
try {
  await vm.execute_message_async(command);
} catch (error) {
  if (!error.matches(Qmp.SchemaError, Qmp.SchemaError.COMMAND))
    throw error;
  print('not sent:', error.message);
}
await vm.close_async();
