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
    this.waiting = [];
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
    // Much of it has to wait until the client reads, in this very thread.
    this.waiting.push(bytes);
    if (bytes.get_size() > 60000 && this.waiting.length === 1)
      this.sendWaiting();
    else if (this.waiting.length === 1)
      this.connection.output_stream.write_bytes(this.waiting.pop(), null);
  }

  sendWaiting() {
    const source = Gio.MemoryInputStream.new_from_bytes(this.waiting[0]);
    this.connection.output_stream.splice_async(source, Gio.OutputStreamSpliceFlags.NONE, 0, null, (stream, result) => {
      stream.splice_finish(result);
      this.waiting.shift();
      if (this.waiting.length > 0)
        this.sendWaiting();
    });
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
    () => vm.execute_and_wait_async({execute: 'device_del', arguments: {id: 'nope'}}, Qmp.EventMatch.new(null)),
  ]) {
    const error = await fail(run);
    assert(error instanceof Qmp.ExecuteError && error instanceof GLib.Error, `another error: ${error}`);
    assert(error.matches(Qmp.CommandError, Qmp.CommandError.DEVICE_NOT_FOUND), 'another code');
    assertEqual(error.errorClass, 'DeviceNotFound');
    assert(error.desc.includes('nope'), `another error: ${error.desc}`);
    assertEqual(error.sent.toObject().arguments, {id: 'nope'});
    assertEqual(error.received.toObject().error, {class: error.errorClass, desc: error.desc});
    const checked = await fail(() => error.received.check_reply(error.sent));
    assertEqual([checked.errorClass, checked.sent === error.sent], ['DeviceNotFound', true]);
    assertEqual(Qmp.CommandError.get_class(error), 'DeviceNotFound');
    assertEqual([Qmp.CommandError.get_sent(error), Qmp.CommandError.get_received(error)], [error.sent, error.received]);
  }
  const error = await fail(() => Qmp.Client.new(null).execute_async('stop'));
  assert(error.matches(Qmp.ClientError, Qmp.ClientError.STATE), `another error: ${error}`);
  assert(!(error instanceof Qmp.ExecuteError), 'every error is an ExecuteError');
  assertEqual(Qmp.CommandError.get_class(error), null);
  const broken = await fail(() => Qmp.Message.new_from_bytes(new TextEncoder().encode('{"a":tru}')));
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
  assertEqual(schema.list_problems({execute: 'query-status'}), []);
  assertEqual(schema.list_problems({execute: 'qeury-status'})[0].get_suggestion(), 'query-status');
  assert(schema.validate({execute: 'device_add', arguments: {driver: 'e1000'}}), 'a wrong command');
  assert((await fail(() => schema.validate({execute: 'stop', arguments: {now: true}})))
    .matches(Qmp.SchemaError, Qmp.SchemaError.COMMAND), 'another error');
  assert((await fail(() => schema.list_problems('stop'))) instanceof TypeError, 'another error');
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
  const waiting = new Qmp.EventMatch(['STOP']);
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
  Qmp.Client.new_for_address(socketPath).close();
  const short = await Qmp.Client.new_for_address_async(socketPath);
  const stops = short.subscribe(['STOP']);
  assert(stops.is_empty(), 'an event out of nothing');
  short.close();
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
    ['a is of type Set', () => vm.execute('stop', {a: new Set([1])})],
    ['arguments is of type Promise', () => vm.execute('stop', Promise.resolve({}))],
    ['a is of type function', () => vm.execute('stop', {a: () => 1})],
    ['a is of type Uint8Array', () => vm.execute_message({execute: 'stop', arguments: {a: new Uint8Array(1)}})],
    ['a is of type Gio_Cancellable', () => vm.execute_async('stop', {a: new Gio.Cancellable()})],
    ['a is of type GLib_Bytes', () => vm.execute_async('stop', {a: new GLib.Bytes([1])})],
    ['must be a string, not number', () => vm.execute('stop', new Map([[1, 2]]))],
    ['a is NaN', () => vm.execute('stop', {a: NaN})],
    ['Infinity', () => vm.execute('stop', {a: [Infinity]})],
  ]) {
    const error = await fail(async () => run());
    assert(error instanceof TypeError && error.message.includes(what), `${what}: another error: ${error}`);
  }
  assertEqual(vm.execute('query-name'), {});
};

// Milliseconds, and whole ones: 0.5 would be 0, which is at once.
tests['times'] = async vm => {
  const client = new Qmp.Client({timeout: 5000, openTimeout: 7, 'close-timeout': 8, stall_time: 9});
  assertEqual([client.timeout, client.open_timeout, client.closeTimeout, client.get_stall_time()], [5000, 7, 8, 9]);
  client['open-timeout'] = 1;
  client.acceptTimeout = 2;
  client.set_timeout(3);
  assertEqual([client.openTimeout, client.get_accept_timeout(), client.timeout], [1, 2, 3]);
  const message = Qmp.Message.new_command('stop', null, {timeout: 4});
  message.timeout = Qmp.TIMEOUT_NONE;
  assertEqual(message.get_timeout(), -1);
  assertEqual(new Qmp.Client().timeout, Qmp.TIMEOUT_NONE);
  assertEqual(Qmp.Message.new_command('stop').timeout, Qmp.TIMEOUT_CLIENT);
  for (const [Class, value] of [[TypeError, 0.5], [TypeError, '5'], [TypeError, NaN], [RangeError, -3], [RangeError, 2 ** 31]]) {
    for (const run of [
      () => new Qmp.Client({timeout: value}),
      () => new Qmp.Client({'open-timeout': value}),
      () => client.set_stall_time(value),
      () => (client.closeTimeout = value),
      () => (message.timeout = value),
      () => Qmp.Message.new_command('stop', null, {timeout: value}),
      () => vm.listener().next_async(value),
      () => vm.listener().next(value),
    ]) {
      const error = await fail(run);
      assert(error instanceof Class && error.message.includes('milliseconds'), `${value}: another error: ${error}`);
    }
  }
  assertEqual([client.closeTimeout, message.timeout], [8, -1]);
};

tests['kinds of errors'] = async vm => {
  const cancellable = new Gio.Cancellable();
  cancellable.cancel();
  for (const [Class, run] of [
    [Qmp.StateError, () => new Qmp.Client().execute('stop')],
    [Qmp.AddressError, () => Qmp.address_parse('[::1')],
    [Qmp.NotFoundError, () => Qmp.Instance.find('no-machine-has-this-name')],
    [Qmp.NotASocketError, () => new Qmp.Client().open('/etc/passwd')],
    [Qmp.TimeoutError, () => vm.listener().next_async(0)],
    [Qmp.BusyError, () => Qmp.Client.open_address_async(socketPath, {openTimeout: 100})],
    [Qmp.CancelledError, () => vm.execute_async('query-name', null, cancellable)],
  ]) {
    const error = await fail(run);
    assert(error instanceof Class && error instanceof GLib.Error, `${Class.name}: another error: ${error}`);
    assert(!(error instanceof Qmp.InterruptedError) && !(error instanceof Qmp.ExecuteError), 'every error is one');
  }
  const own = new Qmp.FailureEventError('it failed');
  assert(own instanceof Qmp.FailureEventError && !(own instanceof Qmp.BusyError), 'another error');
  assert(own.matches(Qmp.ClientError, Qmp.ClientError.FAILURE_EVENT) && own.message === 'it failed', 'another error');
  assertEqual([5 instanceof Qmp.BusyError, null instanceof Qmp.BusyError], [false, false]);
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

peerTests['maps'] = async vm => {
  const reply = Qmp.Message.from({return: {most: 2n ** 64n - 1n, least: -(2n ** 63n), few: 7, over: 2n ** 64n, half: 0.5}});
  assertEqual([reply.get_uint64('return.most'), reply.get_int64('return.least'), reply.get_int64('return.few')],
    [2n ** 64n - 1n, -(2n ** 63n), 7]);
  for (const run of [() => reply.get_int64('return.most'), () => reply.get_uint64('return.over'),
    () => reply.get_uint64('return.least'), () => reply.get_int64('return.half'), () => reply.get_int64('return.none')])
    assert(await fail(run) instanceof Qmp.ProtocolError, 'another error');
  for (const Class of [Qmp.Event, Qmp.Greeting])
    assert(await fail(() => new Class()) instanceof TypeError, 'an empty one was made');

  const map = new Map([['a', 1n], ['b', new Map([['c', [new Map([['d', null]])]]])]]);
  assertEqual(await vm.execute_async('echo', map), {a: 1, b: {c: [{d: null}]}});
  assertEqual(await vm.execute_async('query-name', new Map()), {});
  assertEqual(await vm.execute_async('echo', {a: new Date(0), b: undefined, c: Qmp.Message.from({d: 1})}),
    {a: '1970-01-01T00:00:00.000Z', c: {d: 1}});
};

// What takes stack, or cannot be had, is a value or an error that is caught.
peerTests['large and deep'] = async (vm, peer) => {
  const escapes = '\\r\\n\\"\\\\'.repeat(500000);
  const text = new TextEncoder().encode(`{"n": 12345678901234567890, "a": "${escapes}0123456789012345"}`);
  const read = Qmp.Message.new_from_bytes(text).toObject();
  assert(read.n === 12345678901234567890n && read.a.length === 2000016, 'another value');
  System.gc(); // at once: GJS runs no callback while it collects so much step by step
  peer.answers.digits = '9'.repeat(5000);
  assert(await vm.execute_async('digits') === 10n ** 5000n - 1n, 'another number');
  peer.answers.digits = '9'.repeat(20000);
  const large = await fail(() => vm.execute_async('digits'));
  assert(large.matches(Qmp.ProtocolError, Qmp.ProtocolError.TOO_LARGE), `another error: ${large}`);
  peer.answers.levels = `${'['.repeat(1000)}12345678901234567890${']'.repeat(1000)}`;
  assertEqual((await vm.execute_async('levels')).flat(Infinity), [12345678901234567890n]);
  let value = [];
  for (let level = 0; level < 100000; level++)
    value = [value];
  const deep = await fail(() => vm.execute_async('echo', {value}));
  assert(deep.matches(Qmp.ProtocolError, Qmp.ProtocolError.TOO_DEEP), `another error: ${deep}`);
};

peerTests['matches'] = async (vm, peer) => {
  for (const value of ['x', true, false, 5, 0.5, null]) {
    const match = Qmp.EventMatch.new(['E']);
    match.add_member(null, 'm.v', value);
    const listener = vm.listener(match);
    for (const sent of ['other', value])
      peer.send(JSON.stringify({event: 'E', data: {m: {v: sent}}, timestamp: {seconds: 1, microseconds: 0}}));
    assertEqual((await listener.next_async(20000)).data, {m: {v: value}});
    vm.remove_listener(listener);
  }
};

// The match holds it: it must not see the match.
const hasTwo = event => event.data.m === 2;

peerTests['a match is shared'] = async (vm, peer) => {
  const match = Qmp.EventMatch.new(['E']);
  match.set_filter(hasTwo);
  match.add_failure('E', 'error');
  match.add_failure('E', 'status', 'failed');
  match.add_failure('BAD');
  const listener = vm.listener(match);
  const copy = match.copy();
  match.add_member(null, 'm', 3);
  assertEqual(match.to_string(), 'E; m = 3; failure E: error; failure E: status = "failed"; failure BAD; filter');
  for (const other of [copy, listener.get_match(), listener.match])
    assertEqual(other.to_string(), 'E; failure E: error; failure E: status = "failed"; failure BAD; filter');
  assert(await fail(() => match.add_failure('E', null, 1)) instanceof TypeError, 'no type error');
  assert(await fail(() => vm.listener('E', match)) instanceof TypeError, 'no type error');
  for (const m of [1, 2])
    peer.send(JSON.stringify({event: 'E', data: {m}, timestamp: {seconds: 1, microseconds: 0}}));
  assertEqual((await listener.next_async(20000)).data, {m: 2});
  vm.remove_listener(listener);
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
