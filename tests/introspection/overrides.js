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
  }
  const error = await fail(() => Qmp.Client.new(null).execute_async('stop'));
  assert(error.matches(Qmp.ClientError, Qmp.ClientError.STATE), `another error: ${error}`);
  assert(!(error instanceof Qmp.ExecuteError), 'every error is an ExecuteError');
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

async function runAll(list, open) {
  let failed = 0;
  for (const [name, test] of Object.entries(list)) {
    try {
      const [vm, peer] = await open();
      await test(vm, peer);
      await vm.close_async();
      peer?.close();
      print(`ok ${name}`);
    } catch (error) {
      print(`not ok ${name}: ${error}\n${error.stack}`);
      failed++;
    }
  }
  return failed;
}

const withQemu = await runAll(tests, async () => [await Qmp.Client.open_address_async(socketPath)]);
const withPeer = await runAll(peerTests, async () => {
  const peer = new Peer();
  return [await Qmp.Client.open_address_async(peer.path), peer];
});
System.exit(withQemu + withPeer > 0 ? 1 : 0);
