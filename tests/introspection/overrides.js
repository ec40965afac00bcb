#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The GJS overrides, against a real QEMU and against a server that says what it is told.
//
// usage: gjs -m overrides.js SOCKET

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Json from 'gi://Json?version=1.0';
import Qmp from 'gi://Qmp?version=1.0';
import System from 'system';

const [socketPath] = System.programArgs;
const tests = {};
const peerTests = {};

function show(value) {
  return JSON.stringify(value, (_key, member) => typeof member === 'bigint' ? `BigInt ${member}` : member);
}

function assert(condition, what) {
  if (!condition)
    throw new Error(what);
}

function assertEqual(actual, expected) {
  assert(show(actual) === show(expected), `${show(actual)} instead of ${show(expected)}`);
}

async function fail(run) {
  let value;
  try {
    value = await run();
  } catch (error) {
    return error;
  }
  throw new Error(`no error, but ${show(value)}`);
}

// Serves one connection: "echo" returns its arguments as they came, "silent" nothing, "hang-up" ends it.
class Peer {
  constructor() {
    this.directory = GLib.Dir.make_tmp('qmp-glib-XXXXXX');
    this.path = `${this.directory}/peer`;
    this.answers = {};
    this.service = new Gio.SocketService();
    this.service.add_address(Gio.UnixSocketAddress.new(this.path), Gio.SocketType.STREAM, Gio.SocketProtocol.DEFAULT, null);
    this.service.connect('incoming', (_service, connection) => {
      this.connection = connection;
      this.send('{"QMP":{"version":{"qemu":{"micro":0,"minor":2,"major":7},"package":""},"capabilities":[]}}');
      this.read('');
      return true;
    });
  }

  close() {
    this.service.stop();
    this.service.close();
    GLib.unlink(this.path);
    GLib.rmdir(this.directory);
  }

  send(text) {
    const bytes = new GLib.Bytes(new TextEncoder().encode(`${text}\r\n`));
    const stream = this.connection.output_stream;
    // Much of it has to wait until the client reads, in this very thread.
    if (bytes.get_size() > 60000)
      stream.splice_async(Gio.MemoryInputStream.new_from_bytes(bytes), Gio.OutputStreamSpliceFlags.NONE, 0, null, null);
    else
      stream.write_bytes(bytes, null);
  }

  read(rest) {
    this.connection.input_stream.read_bytes_async(65536, 0, null, (stream, result) => {
      let bytes;
      try {
        bytes = stream.read_bytes_finish(result);
      } catch {
        return;
      }
      if (bytes.get_size() === 0)
        return;
      const text = rest + new TextDecoder().decode(bytes.toArray());
      let command;
      try {
        command = JSON.parse(text);
      } catch {
        this.read(text);
        return;
      }
      this.answer(command, text);
    });
  }

  answer({execute, id}, text) {
    if (execute === 'hang-up') {
      this.connection.close(null);
      return;
    }
    const echoed = /"arguments":(.*),"id"/.exec(text)?.[1];
    const value = execute === 'echo' ? echoed : this.answers[execute] ?? '{}';
    if (execute !== 'silent')
      this.send(`{"return":${value},"id":${id}}`);
    this.read('');
  }
}

// --- with QEMU ---

tests['values'] = async vm => {
  assertEqual((await vm.execute_async('query-status')).status, 'running');
  assertEqual(await vm.execute_async('qom-get', {path: '/machine', property: 'type'}), 'none-machine');
  assertEqual(await vm.execute_async('qom-get', Json.from_string('{"path":"/machine","property":"type"}'), null), 'none-machine');
  assertEqual(await vm.execute_async('query-name', null, null), {});
  assertEqual(await vm.execute_message_async({execute: 'query-name', id: 5}), {});
  assertEqual(vm.execute('query-name'), {});
  assertEqual(vm.execute_message({execute: 'query-name'}, null), {});
  assert((await vm.execute_async('query-qmp-schema')).length > 100, 'a small schema');
};

tests['messages'] = async vm => {
  const reply = await vm.exchange_async({execute: 'query-name', id: 'mine'});
  assert(reply instanceof Qmp.Message, 'no message');
  const {id, return: value} = reply.toObject();
  assertEqual([id, value], ['mine', {}]);
  assertEqual(vm.exchange(Qmp.Message.new_command('nope')).toObject().error.class, 'CommandNotFound');
  assertEqual(Qmp.Message.from({a: [2n ** 64n]}), {a: [2n ** 64n]});
  const message = Qmp.Message.new_command('add-fd', {'fdset-id': 2}, {fds: [1], timeout: 5000});
  assertEqual([message.get_fd_list().get_length(), message.get_timeout()], [1, 5000]);
  assertEqual((await vm.execute_message_async(message))['fdset-id'], 2);
  vm.execute('remove-fd', {'fdset-id': 2});
};

tests['errors'] = async vm => {
  for (const run of [
    () => vm.execute_async('device_del', {id: 'nope'}),
    () => vm.execute('device_del', {id: 'nope'}),
    () => vm.execute_and_wait_async({execute: 'device_del', arguments: {id: 'nope'}}, Qmp.EventListener.new(null)),
  ]) {
    const error = await fail(run);
    assert(error instanceof Qmp.ExecuteError && error instanceof GLib.Error, `another error: ${error}`);
    assert(error.matches(Qmp.CommandError, Qmp.CommandError.DEVICE_NOT_FOUND), 'another code');
    assertEqual([error.errorClass, error.desc], ['DeviceNotFound', "Device 'nope' not found"]);
    assertEqual(error.sent.toObject().arguments, {id: 'nope'});
    assertEqual(error.received.toObject().error, {class: error.errorClass, desc: error.desc});
    assertEqual(Qmp.CommandError.get_class(error), 'DeviceNotFound');
    assertEqual([Qmp.CommandError.get_sent(error), Qmp.CommandError.get_received(error)], [error.sent, error.received]);
  }
  const error = await fail(() => Qmp.Client.new(null).execute_async('stop'));
  assert(error.matches(Qmp.ClientError, Qmp.ClientError.STATE), `another error: ${error}`);
  assert(!(error instanceof Qmp.ExecuteError), 'every error is an ExecuteError');
  assertEqual(Qmp.CommandError.get_class(error), null);
  const broken = await fail(() => Qmp.Message.new_from_bytes(new TextEncoder().encode('{"a":tru}'), true));
  assertEqual([Qmp.ProtocolError.get_offset(broken), Qmp.ProtocolError.get_text(broken).get_size()], [5, 9]);
};

tests['errors that a program makes'] = async () => {
  const error = new Qmp.CommandError({code: Qmp.CommandError.DEVICE_NOT_FOUND, message: 'gone'});
  assert(error instanceof Qmp.ExecuteError && error.matches(Qmp.CommandError, Qmp.CommandError.DEVICE_NOT_FOUND), 'another error');
  assertEqual([error.errorClass, error.desc, error.sent, error.received], ['DeviceNotFound', 'gone', null, null]);
  assertEqual(Qmp.ProtocolError.get_text(new Qmp.ProtocolError({code: 0, message: 'x'})), null);
};

tests['schemas'] = async vm => {
  const schema = await Qmp.Schema.fetch_async(vm);
  assert(schema instanceof Qmp.Schema && schema === Qmp.Schema.fetch(vm), 'another schema');
  assert(schema === Qmp.Schema.fetch(vm, null) && schema === await Qmp.Schema.fetch_async(vm, null), 'another schema');
  assert(schema.has_path('blockdev-add/arg-type/driver/^null-co'), 'no null-co');
  assertEqual(schema.validate({execute: 'query-status'}), []);
  assertEqual(schema.validate({execute: 'qeury-status'})[0].get_suggestion(), 'query-status');
  assert(schema.check({execute: 'device_add', arguments: {driver: 'e1000'}}), 'a wrong command');
  assert((await fail(() => schema.check({execute: 'stop', arguments: {now: true}})))
    .matches(Qmp.SchemaError, Qmp.SchemaError.COMMAND), 'another error');
  assert((await fail(() => schema.validate('stop'))) instanceof TypeError, 'another error');
  schema.attach(vm);
  const error = await fail(() => vm.execute_async('device_del', {name: 'net0'}));
  assert(error.matches(Qmp.SchemaError, Qmp.SchemaError.COMMAND) && error.message.includes('id'), `another error: ${error}`);
  const agent = await fail(() => Qmp.Schema.fetch_async(Qmp.Client.new(null)));
  assert(agent.matches(Qmp.ClientError, Qmp.ClientError.STATE), `another error: ${agent}`);
};

tests['events'] = async vm => {
  const listener = vm.listener('STOP', 'RESUME');
  await vm.execute_async('stop');
  const names = [];
  for await (const event of listener) {
    names.push(event.name);
    assertEqual(event.data, {});
    assert(event.timestamp > 0, 'no timestamp');
    if (event.name === 'RESUME')
      break;
    await vm.execute_async('cont');
  }
  assertEqual(names, ['STOP', 'RESUME']);
  assert((await fail(() => listener.next_async(50))).matches(Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT), 'no timeout');
  assert((await fail(() => listener.next(0))).matches(Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT), 'no timeout');
  vm.remove_listener(listener);
  const waiting = Qmp.EventListener.new(['STOP']);
  assertEqual((await vm.execute_and_wait_async({execute: 'stop'}, waiting)).name, 'STOP');
  vm.execute('cont');
};

tests['callbacks'] = async vm => {
  const value = await new Promise(resolve => {
    vm.execute_async('query-name', null, null, (source, result) => resolve(source.execute_finish(result)));
  });
  assert(value instanceof Json.Node, 'no node');
};

tests['addresses'] = async vm => {
  await vm.close_async();
  for (const address of [socketPath, `unix:${socketPath}`, Gio.UnixSocketAddress.new(socketPath)]) {
    await vm.open_async(address);
    await vm.close_async(null);
  }
  const other = await Qmp.Client.open_address_async(socketPath, {name: 'other'});
  assertEqual([other.name, other.runstate], ['other', Qmp.Runstate.RUNNING]);
  await other.close_async();
  Qmp.Client.open_address(socketPath).close();
  vm.open(socketPath);
};

tests['types'] = async vm => {
  for (const [what, run] of [
    ['command must be a string, not number', () => vm.execute_async(5)],
    ['command must be a string, not undefined', () => vm.execute()],
    ['arguments must be an object or null, not string', () => vm.execute_async('stop', 'now')],
    ['not Array', () => vm.execute('stop', [])],
    ['cancellable must be', () => vm.execute_async('stop', null, 'x')],
    ['cancellable must be', () => vm.execute('stop', null, {})],
    ['message must be a Qmp.Message or an object, not number', () => vm.exchange_async(5)],
    ['not null', () => vm.execute_message(null)],
    ['address must be a string', () => vm.open_async(4444)],
    ['timeout must be a number', () => vm.listener().next_async('soon')],
    ['event must be a string, not number', () => vm.listener(5)],
    ['a is NaN', () => vm.execute('stop', {a: NaN})],
    ['Infinity', () => vm.execute('stop', {a: [Infinity]})],
  ]) {
    const error = await fail(async () => run());
    assert(error instanceof TypeError && error.message.includes(what), `${what}: another error: ${error}`);
  }
  assertEqual(vm.execute('query-name'), {});
};

// --- with a peer ---

peerTests['numbers'] = async vm => {
  const large = [2n ** 63n, 2n ** 64n - 1n, -(2n ** 63n), 2n ** 100n, 9007199254740993n];
  assertEqual(await vm.execute_async('echo', {large}), {large});
  const small = [0, -1, 0.1, 2 ** 53 - 1, 1e300, -5e-324];
  assertEqual(await vm.execute_async('echo', {small, large}), {small, large});
  // A double that is a long integer is sent as what it is, and not as its shortest digits.
  assertEqual(await vm.execute_async('echo', {n: 2 ** 60}), {n: 2n ** 60n});
};

peerTests['numbers in strings'] = async (vm, peer) => {
  const value = {'12345678901234567890': 'a "12345678901234567890" \\', b: ['12345678901234567890', 12345678901234567890n]};
  assertEqual(await vm.execute_async('echo', value), value);
  peer.answers.large = '[1e400, 12345678901234567890, 1234567890123456.5, "\\u0000\\""]';
  const [infinite, integer, fraction, text] = await vm.execute_async('large');
  assert(infinite === Infinity && integer === 12345678901234567890n, 'other numbers');
  assertEqual([fraction, text], [1234567890123456.5, '\0"']);
};

peerTests['long strings'] = async vm => {
  const value = {n: 2n ** 64n, text: 'x\\"'.repeat(300000)};
  assert(show(await vm.execute_async('echo', value)) === show(value), 'another value');
};

peerTests['cancelling'] = async vm => {
  const cancellable = new Gio.Cancellable();
  const call = vm.execute_async('silent', null, cancellable);
  GLib.idle_add(GLib.PRIORITY_DEFAULT, () => {
    cancellable.cancel();
    return GLib.SOURCE_REMOVE;
  });
  const error = await fail(() => call);
  assert(error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED), `another error: ${error}`);
  assertEqual(await vm.execute_async('echo', {n: 1}), {n: 1});
};

peerTests['schemas'] = async (vm, peer) => {
  const cancellable = new Gio.Cancellable();
  const call = Qmp.Schema.fetch_async(vm, cancellable);
  cancellable.cancel();
  const error = await fail(() => call);
  assert(error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED), `another error: ${error}`);
  peer.answers['query-qmp-schema'] = '[5]';
  const invalid = await fail(() => Qmp.Schema.fetch_async(vm));
  assert(invalid.matches(Qmp.SchemaError, Qmp.SchemaError.INVALID), `another error: ${invalid}`);
};

peerTests['the end of the link'] = async (vm, peer) => {
  const listener = vm.listener();
  await vm.execute_async('query-status');
  peer.send('{"event":"LAST","data":{"n":18446744073709551615},"timestamp":{"seconds":1,"microseconds":0}}');
  const error = await fail(() => vm.execute_async('hang-up'));
  assert(error.matches(Qmp.ClientError, Qmp.ClientError.INTERRUPTED), `another error: ${error}`);
  const heard = [];
  for await (const event of listener)
    heard.push(event.data);
  assertEqual(heard, [{n: 2n ** 64n - 1n}]);
};

// Where objects are counted, a test runs several times, and what grows each time has been left behind. One more or less
// means nothing: the collector takes some things for used that are not.
const livePath = GLib.getenv('QMP_TEST_LIVE');
const ROUNDS = livePath === null ? 1 : 6;

function count() {
  const [, bytes] = GLib.file_get_contents(livePath);
  const counts = {descriptors: 0};
  for (const line of new TextDecoder().decode(bytes.filter(byte => byte !== 0)).trim().split('\n')) {
    const [name, number] = line.split(/ +/);
    counts[name] = Number(number);
  }
  const directory = Gio.File.new_for_path('/proc/self/fd').enumerate_children('standard::name', Gio.FileQueryInfoFlags.NONE, null);
  while (directory.next_file(null) !== null)
    counts.descriptors++;
  directory.close(null);
  return counts;
}

// Lets everything that waits run, and collects.
async function settle() {
  for (let i = 0; i < 3; i++) {
    await new Promise(resolve => GLib.idle_add(GLib.PRIORITY_LOW, () => {
      resolve();
      return GLib.SOURCE_REMOVE;
    }));
    System.gc();
  }
}

function grown(before, after) {
  return Object.keys(after).filter(name => after[name] - (before[name] ?? 0) >= ROUNDS - 2);
}

async function runOne(test, open) {
  const [vm, peer] = await open();
  await test(vm, peer);
  await vm.close_async();
  peer?.close();
}

async function runRounds(test, open) {
  let before;
  for (let round = 0; round < ROUNDS; round++) {
    await runOne(test, open);
    if (livePath !== null) {
      await settle();
      before ??= count();
    }
  }
  const left = livePath === null ? [] : grown(before, count());
  assert(left.length === 0, `left over: ${left}`);
}

async function runAll(list, open) {
  let failed = 0;
  for (const [name, test] of Object.entries(list)) {
    try {
      await runRounds(test, open);
      print(`ok ${name}`);
    } catch (error) {
      print(`not ok ${name}: ${error}\n${error.stack}`);
      failed++;
    }
  }
  return failed;
}

const openQemu = async () => [await Qmp.Client.open_address_async(socketPath)];
const openPeer = async () => {
  const peer = new Peer();
  return [await Qmp.Client.open_address_async(peer.path), peer];
};
const withQemu = await runAll(tests, openQemu);
const withPeer = await runAll(peerTests, openPeer);

// What is left behind is found, where it is counted.
const kept = [];
const noticed = livePath === null || (await fail(() => runRounds(async vm => kept.push(vm), openQemu))).message.includes('QmpClient');
if (!noticed)
  print('not ok: the clients left behind were not found');
System.exit(withQemu + withPeer > 0 || !noticed ? 1 : 0);
