#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Every feature once, told in each language: what it prints is expected.txt.
//
// usage: gjs -m story.js MONITOR LISTENING AGENT TLS-ADDRESS CA-FILE

import Gio from 'gi://Gio';
import Qmp from 'gi://Qmp?version=1.0';
import {programArgs} from 'system';

async function tellCommands(vm) {
  print(`qom-get: ${await vm.execute_async('qom-get', {path: '/machine', property: 'type'})}`);
  try {
    await vm.execute_async('device_del', {id: 'nope'});
  } catch (error) {
    if (!(error instanceof Qmp.ExecuteError))
      throw error;
    print(`device_del: ${error.errorClass}: ${error.desc}`);
  }
}

async function tellExchanges(vm) {
  const good = (await vm.exchange_async({execute: 'query-status', id: 'story'})).toObject();
  print(`exchange: ${good.id}: ${good.return.status}`);
  const bad = (await vm.exchange_async({execute: 'nope', id: {number: 7}})).toObject();
  print(`exchange: ${bad.id.number}: ${bad.error.class}`);
}

async function tellEvents(vm) {
  const listener = vm.listener('STOP', 'RESUME');
  print(`listener: ${listener.try_next()?.name ?? 'nothing'}`);
  await vm.execute_async('stop');
  await vm.execute_async('cont');
  print(`listener: ${(await listener.next_async(10000)).name}`);
  print(`listener: ${listener.try_next().name}`);
  try {
    print(`listener: ${(await listener.next_async(50)).name}`);
  } catch (error) {
    if (!error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT))
      throw error;
    print('listener: timed out');
  }
  vm.remove_listener(listener);
  const event = await vm.execute_and_wait_async({execute: 'stop'}, Qmp.EventMatch.new(['STOP']));
  print(`execute_and_wait: ${event.name}`);
}

async function tellFd(vm) {
  const file = Gio.File.new_for_path('/dev/null').read(null);
  await vm.execute_message_async(Qmp.Message.new_command(
    'add-fd', {'fdset-id': 1, opaque: 'story'}, {fds: [file.get_fd()]}));
  for (const fdset of await vm.execute_async('query-fdsets'))
    print(`query-fdsets: set ${fdset['fdset-id']} has ${fdset.fds[0].opaque}`);
}

async function tellCalls(vm) {
  const [yank] = await vm.execute_message_async(Qmp.Message.new_command('query-yank', null, {outOfBand: true}));
  print(`query-yank: ${yank.type}`);
  const {status} = await vm.execute_message_async(Qmp.Message.new_command('query-status', null, {timeout: 10000}));
  print(`timeout: ${status}`);

  const cancellable = new Gio.Cancellable();
  cancellable.cancel();
  try {
    await vm.execute_async('query-name', null, cancellable);
    print('cancellable: answered');
  } catch (error) {
    if (!error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED))
      throw error;
    print('cancellable: cancelled');
  }
}

async function tellMonitor(address) {
  const vm = new Qmp.Client({name: 'story'});
  const messages = [];
  vm.connect('wire', (_vm, _direction, text) => messages.push(text));
  await vm.open_async(Qmp.address_parse(address));
  print(`greeting: ${vm.get_greeting().get_capabilities().join(', ')}`);
  await tellCommands(vm);
  await tellExchanges(vm);
  await tellEvents(vm);
  await tellFd(vm);
  await tellCalls(vm);
  print(`wire: ${messages.filter(text => text.includes('"exec-oob"')).length} out of band`);
  await vm.close_async();
  print(`close: ${vm.runstate === Qmp.Runstate.IDLE ? 'idle' : 'not idle'}`);
}

async function tellListening(address) {
  const vm = new Qmp.Client({accept_timeout: 30000});
  vm.listen(Qmp.address_parse(address));
  await vm.accept_async();
  print(`accept: ${(await vm.execute_async('query-status')).status}`);
  await vm.close_async();
}

async function tellAgent(address) {
  const agent = await Qmp.Client.open_address_async(address, {guest_agent: true});
  await agent.execute_async('guest-ping');
  print('guest-ping: answered');
  await agent.close_async();
}

async function tellTls(address, authority) {
  const database = Gio.TlsFileDatabase.new(authority);
  const vm = await Qmp.Client.open_address_async(address, {tls: true, tls_database: database});
  print(`TLS: ${(await vm.execute_async('query-status')).status}`);
  await vm.close_async();
}

const [monitor, listening, agent, tls, authority] = programArgs;
await tellMonitor(monitor);
await tellListening(listening);
await tellAgent(agent);
await tellTls(tls, authority);
