#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Servers in JavaScript, with a client of ours in the same main loop.
//
// usage: gjs -m servers.js

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Json from 'gi://Json?version=1.0';
import Qmp from 'gi://Qmp?version=1.0';

function assertEqual(value, expected) {
  const [one, other] = [value, expected].map(any => JSON.stringify(any));
  if (one !== other)
    throw new Error(`${one} is not ${other}`);
}

async function fail(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

const directory = GLib.dir_make_tmp('qmp-glib-XXXXXX');
const path = `${directory}/socket`;
const server = new Qmp.Server({name: 'test', version: '9.8.7'});
const kept = [];
server.connect('command::query-name', (_server, invocation) => invocation.return_value({name: 'a'}));
server.connect('command::echo', (_server, invocation) => invocation.return_value(invocation.read_arguments()));
server.connect('command::node', (_server, invocation) => invocation.return_value(Json.from_string('[1]')));
server.connect('command::nothing', (_server, invocation) => invocation.return_value());
server.connect('command::refuse', (_server, invocation) => invocation.return_error('DeviceNotFound', 'there is none'));
server.connect('command::keep', (_server, invocation) => {
  kept.push(invocation);
  return true;
});
server.listen(path);

const vm = await Qmp.Client.open_address_async(path);
assertEqual(vm.greeting.get_version(), [9, 8, 7]);
assertEqual(await vm.execute_async('query-name'), {name: 'a'});
const value = {a: [1, 2.5, null, true, 'é'], b: {}};
assertEqual(await vm.execute_async('echo', value), value);
assertEqual(await vm.execute_async('echo'), {});
assertEqual(await vm.execute_async('node'), [1]);
assertEqual(await vm.execute_async('nothing'), {});
assertEqual((await fail(vm.execute_async('refuse'))).errorClass, 'DeviceNotFound');
assertEqual((await fail(vm.execute_async('other'))).errorClass, 'CommandNotFound');

server.connect('command::throw', (_server, invocation) => {
  if (invocation.read_arguments().late)
    invocation.return_value('done');
  throw new Error('the disk is full');
});
const thrown = await fail(vm.execute_async('throw'));
assertEqual([thrown.errorClass, thrown.message], ['GenericError', 'the disk is full']);
assertEqual(await vm.execute_async('throw', {late: true}), 'done');

for (const wrong of [
  () => new Qmp.Server({version: '8.2'}),
  () => server.set_version('8.2.x'),
  () => {
    server.version = '';
  },
]) {
  try {
    wrong();
  } catch (error) {
    assertEqual(error.message.startsWith('version must be three numbers'), true);
    continue;
  }
  throw new Error('a wrong version was taken');
}
server.version = '8.2.0';
assertEqual(server.get_version(), '8.2.0');

const call = vm.execute_async('keep', {x: 1});
// An answer out-of-band would not wait: this one is behind.
const behind = vm.execute_async('query-name');
while (kept.length === 0)
  await new Promise(resolve => GLib.idle_add(GLib.PRIORITY_LOW, () => resolve()));
assertEqual([kept[0].command, kept[0].read_arguments(), kept[0].answered], ['keep', {x: 1}, false]);
kept[0].return_value('late');
assertEqual(await call, 'late');
assertEqual(await behind, {name: 'a'});
let again = null;
try {
  kept[0].return_value();
} catch (error) {
  again = error;
}
assertEqual(again instanceof Qmp.StateError, true);

const events = vm.listener('JOB');
server.emit_event('JOB', {id: 'a'});
assertEqual(JSON.parse((await events.next_async()).dup_member_text('data')), {id: 'a'});

const stream = Gio.MemoryOutputStream.new_resizable();
const recorder = new Qmp.Recorder({address: path, stream});
const ended = new Promise(resolve => recorder.connect('ended', (_recorder, error) => resolve(error)));
recorder.listen(`${path}.recorder`);
const recorded = await Qmp.Client.open_address_async(recorder.listenAddress);
await recorded.execute_async('echo', {password: 'x'});
await recorded.close_async();
assertEqual(await ended, null);
recorder.close();
stream.close(null);
while (server.connections.get_n_items() > 1)
  await new Promise(resolve => GLib.idle_add(GLib.PRIORITY_LOW, () => resolve()));
const lines = new TextDecoder().decode(stream.steal_as_bytes().toArray()).trim().split('\n').map(line => JSON.parse(line));
assertEqual(lines.find(line => line.message?.execute === 'echo').message.arguments, {password: '***'});

const multiplexer = new Qmp.Multiplexer({client: vm});
multiplexer.server.listen(`${path}.shared`);
const other = await Qmp.Client.open_address_async(`${path}.shared`);
assertEqual(await other.execute_async('echo', {a: 1}), {a: 1});
multiplexer.set_allow_func((_multiplexer, invocation) => invocation.command !== 'refuse');
assertEqual(await other.execute_async('query-name'), {name: 'a'});
assertEqual((await fail(other.execute_async('refuse'))).message, 'Command refuse has been disabled');
multiplexer.set_allow_func(null);
multiplexer.read_only = true;
assertEqual((await fail(other.execute_async('echo'))).errorClass, 'CommandNotFound');
await other.close_async();
multiplexer.server.close();

const connection = server.connections.get_item(0);
assertEqual(connection.runstate, Qmp.Runstate.RUNNING);
connection.close();
assertEqual(server.connections.get_n_items(), 0);
await fail(vm.wait_closed_async());
server.close();
Gio.File.new_for_path(directory).delete(null);
