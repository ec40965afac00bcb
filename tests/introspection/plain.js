#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The typelib as GJS shows it, against a real QEMU.
//
// usage: gjs -m plain.js SOCKET

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Json from 'gi://Json?version=1.0';
import Qmp from 'gi://Qmp?version=1.0';
import System from 'system';

for (const name of ['open', 'close', 'open_stream', 'execute', 'execute_message', 'exchange'])
  Gio._promisify(Qmp.Client.prototype, `${name}_async`);

const address = Gio.UnixSocketAddress.new(System.programArgs[0]);
const toNode = value => Json.from_string(JSON.stringify(value));
// With the overrides, execute_async() returns the value itself.
const fromNode = node => node instanceof Json.Node ? JSON.parse(Json.to_string(node, false)) : node;
const tests = {};

function assert(condition, what) {
  if (!condition)
    throw new Error(what);
}

function assertEqual(actual, expected) {
  const [a, b] = [actual, expected].map(value => JSON.stringify(value));
  assert(a === b, `${a} instead of ${b}`);
}

async function assertFails(promise, domain, code) {
  let value;
  try {
    value = await promise;
  } catch (error) {
    assert(error instanceof GLib.Error && error.matches(domain, code), `another error: ${error}`);
    return error;
  }
  throw new Error(`no error, but ${value}`);
}

function nextSignal(vm, signal) {
  return new Promise(resolve => {
    const id = vm.connect(signal, (_vm, value) => {
      vm.disconnect(id);
      resolve(value);
    });
  });
}

tests['opening and closing'] = async () => {
  const vm = new Qmp.Client({name: 'plain', open_timeout: 20000});
  const states = [];
  vm.connect('notify::runstate', () => states.push(vm.runstate));
  const closed = nextSignal(vm, 'closed');
  assertEqual(await vm.open_async(address, null), true);
  assert(vm.greeting instanceof Qmp.Greeting, 'the greeting has another type');
  assertEqual(vm.greeting.get_version().length, 3);
  assert(vm.greeting.get_capabilities().includes('oob'), 'no oob');
  assertEqual(await vm.close_async(null), true);
  assertEqual(await closed, null);
  assertEqual(states.slice(0, 2), [Qmp.Runstate.CONNECTING, Qmp.Runstate.RUNNING]);
  assertEqual(states.at(-1), Qmp.Runstate.IDLE);
};

tests['blocking calls'] = vm => {
  assertEqual(fromNode(vm.execute('query-status', null, null)).status, 'running');
  const objects = fromNode(vm.execute('qom-list', toNode({path: '/'}), null));
  assert(objects.some(({name}) => name === 'machine'), 'no machine');
};

tests['asynchronous calls, in order'] = async vm => {
  const order = [];
  await Promise.all([...Array(100).keys()].map(async number => {
    await vm.execute_async('query-name', null, null);
    order.push(number);
  }));
  assertEqual(order, [...Array(100).keys()]);
};

tests['a file descriptor'] = async vm => {
  const message = Qmp.Message.new_command('add-fd', toNode({'fdset-id': 7, opaque: 'plain'}));
  const fds = Gio.UnixFDList.new();
  fds.append(1);
  message.set_fd_list(fds);
  const added = fromNode(await vm.execute_message_async(message, null));
  assertEqual(added['fdset-id'], 7);
  const [fdset] = fromNode(await vm.execute_async('query-fdsets', null, null));
  assertEqual(fdset.fds[0].opaque, 'plain');
  await vm.execute_async('remove-fd', toNode({'fdset-id': 7}), null);
};

tests['whole replies'] = async vm => {
  const good = Qmp.Message.new_command('query-status', null);
  good.set_member('id', toNode('mine'));
  const reply = await vm.exchange_async(good, null);
  assertEqual(fromNode(reply.get_member('id')), 'mine');
  assert(reply.has_member('return'), 'no return');
  const bad = Qmp.Message.new_command('device_del', toNode({id: 'nope'}));
  assertEqual(fromNode((await vm.exchange_async(bad, null)).get_member('error')).class, 'DeviceNotFound');
};

tests['events'] = async vm => {
  const stopped = nextSignal(vm, 'event::STOP');
  await vm.execute_async('stop', null, null);
  const event = await stopped;
  assert(event instanceof Qmp.Event, 'the event has another type');
  assertEqual(event.get_name(), 'STOP');
  assertEqual(event.get_data(), null);
  assert(event.get_timestamp() > 0, 'no timestamp');
  const resumed = nextSignal(vm, 'event');
  await vm.execute_async('cont', null, null);
  assertEqual((await resumed).get_name(), 'RESUME');
};

tests['errors'] = async vm => {
  const error = await assertFails(vm.execute_async('device_del', toNode({id: 'nope'}), null),
    Qmp.CommandError, Qmp.CommandError.DEVICE_NOT_FOUND);
  assert(error instanceof Qmp.CommandError, 'the error has another type');
  assertEqual(Qmp.CommandError.get_class(error), 'DeviceNotFound');
  assert(error.message.includes('nope'), `another error: ${error.message}`);
  await assertFails(vm.execute_async('no-such-thing', null, null),
    Qmp.CommandError, Qmp.CommandError.COMMAND_NOT_FOUND);
  await assertFails(Qmp.Client.new(null).execute_async('query-status', null, null),
    Qmp.ClientError, Qmp.ClientError.STATE);
};

tests['a cancelled call'] = async vm => {
  const cancellable = new Gio.Cancellable();
  const call = vm.execute_async('query-status', null, cancellable);
  cancellable.cancel();
  await assertFails(call, Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
  assertEqual(fromNode(await vm.execute_async('query-status', null, null)).status, 'running');
};

tests['messages'] = async () => {
  const text = '{"a":18446744073709551615,"b":1e400}';
  const message = Qmp.Message.new_from_bytes(new TextEncoder().encode(text));
  assertEqual(new TextDecoder().decode(message.get_bytes().toArray()), text);
  assertEqual(message.list_members(), ['a', 'b']);
  assertEqual(message.dup_member_text('a'), '18446744073709551615');
  const reply = Qmp.Message.new_from_bytes(new TextEncoder().encode('{"return":{"status":"running","list":[true,7,0.5]}}'));
  assertEqual(reply.dup_string('return.status'), 'running');
  assertEqual([reply.get_boolean('return.list[0]'), reply.get_int64('return.list[1]'), reply.get_double('return.list[2]')],
    [true, 7, 0.5]);
  assertEqual([reply.has_path('return.list[3]'), reply.get_n_elements('return.list')], [false, 3]);
  await assertFails((async () => reply.get_int64('return.status'))(), Qmp.ProtocolError, Qmp.ProtocolError.UNEXPECTED_TYPE);
  await assertFails((async () => reply.dup_string('return.stats'))(), Qmp.ProtocolError, Qmp.ProtocolError.NOT_FOUND);
  await assertFails((async () => Qmp.Message.new_from_bytes(new TextEncoder().encode('{"a":')))(),
    Qmp.ProtocolError, Qmp.ProtocolError.DESERIALIZATION);
};

let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  const vm = Qmp.Client.new(null);
  try {
    if (test.length > 0)
      await vm.open_async(address, null);
    await test(vm);
    await vm.close_async(null);
    print(`ok ${name}`);
  } catch (error) {
    print(`not ok ${name}: ${error}\n${error.stack}`);
    failed++;
  }
}
System.exit(failed > 0 ? 1 : 0);
