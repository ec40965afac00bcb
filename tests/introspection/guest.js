#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Guest agents in GJS, against a real one on this machine.
//
// usage: gjs -m guest.js

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Qmp from 'gi://Qmp?version=1.0';
import {exit} from 'system';

const directory = GLib.Dir.make_tmp('qmp-glib-XXXXXX');
const address = `${directory}/agent`;
const decoder = new TextDecoder();

function assertEqual(actual, expected) {
  if (JSON.stringify(actual) !== JSON.stringify(expected))
    throw new Error(`${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`);
}

function text(bytes) {
  return bytes.get_size() > 0 ? decoder.decode(bytes.toArray()) : '';
}

async function fail(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('no error');
}

function find(name) {
  const path = `${GLib.getenv('PATH')}:/usr/sbin:/sbin`.split(':').map(part => `${part}/${name}`);
  return path.find(file => GLib.file_test(file, GLib.FileTest.IS_EXECUTABLE));
}

// A connection would be an agent's only one.
function listens() {
  const [, lines] = GLib.file_get_contents('/proc/net/unix');
  return decoder.decode(lines).split('\n').some(line => / 00010000 /.test(line) && line.endsWith(` ${address}`));
}

async function testAwait() {
  const guest = await Qmp.GuestAgent.open_address_async(address, {timeout: 30000});
  await guest.wait_ready_async();
  const result = await guest.exec_async(['sh', '-c', 'tr a-z A-Z; echo $A >&2; exit 3'], ['A=b'],
    new TextEncoder().encode('hello'));
  assertEqual([result.exitStatus, result.signal, text(result.output), text(result.error_output)], [3, 0, 'HELLO', 'b\n']);
  assertEqual(result.reply.toObject().return.exitcode, 3);
  const error = await fail(guest.exec_async(['/nonexistent'], null, null, Qmp.GuestExecFlags.DEFAULT, 30000));
  if (!(error instanceof Qmp.CommandError))
    throw error;
  const type = await fail((async () => guest.exec(['true'], null, null, 0, 'soon'))());
  if (!(type instanceof TypeError))
    throw type;
  assertEqual(typeof (await guest.get_osinfo_async())['kernel-release'], 'string');
  assertEqual(Array.isArray(await guest.get_users_async()), true);
  await guest.client.close_async();
}

async function testTypes() {
  // Nothing is open: nothing could reach this machine.
  const guest = Qmp.GuestAgent.new(new Qmp.Client({guestAgent: true}));
  for (const call of [
    () => guest.exec(['true'], null, null, {timeout: 5000}),
    () => guest.write_file('/nowhere', 'text', {append: true}),
    () => guest.read_file('/nowhere', {offset: 5}),
    () => guest.shutdown({mode: 'reboot'}),
    () => guest.suspend('disk'),
    () => guest.set_time({time: 5}),
  ]) {
    const error = await fail((async () => call())());
    if (!(error instanceof TypeError))
      throw error;
  }
}

function testBlocking() {
  const guest = Qmp.GuestAgent.open_address(address);
  const path = `${directory}/file`;
  const before = GLib.get_real_time();
  guest.wait_ready(30000);
  guest.write_file(path, new TextEncoder().encode('hello'));
  guest.write_file(path, new GLib.Bytes(new TextEncoder().encode(' guest')), Qmp.GuestWriteFlags.APPEND);
  assertEqual(text(guest.read_file(path)), 'hello guest');
  assertEqual(text(guest.read_file(path, 6, 2)), 'gu');
  assertEqual(guest.exec(['true']).exit_status, 0);
  assertEqual(typeof guest.get_info().version, 'string');
  assertEqual(guest.get_network_interfaces().some(({name}) => name === 'lo'), true);
  assertEqual(guest.get_time() >= before, true);
  guest.client.close();
}

function testErrors() {
  const thawed = new Qmp.GuestAgentError({code: Qmp.GuestAgentError.THAWED, message: ''});
  assertEqual([thawed instanceof Qmp.GuestThawedError, thawed instanceof Qmp.GuestLostError], [true, false]);
  assertEqual(new Qmp.GuestLostError('lost').matches(Qmp.GuestAgentError, Qmp.GuestAgentError.LOST), true);
}

const agent = Gio.Subprocess.new(
  [find('qemu-ga'), '-m', 'unix-listen', '-p', address, '-t', directory, '-f', `${directory}/pid`],
  Gio.SubprocessFlags.NONE);
let failed = 0;
try {
  while (!listens())
    ;
  await testAwait();
  await testTypes();
  testBlocking();
  testErrors();
} catch (error) {
  print(`not ok: ${error}\n${error.stack}`);
  failed = 1;
}
// The agent takes a lock in its handler of SIGTERM, and may wait for itself.
agent.force_exit();
agent.wait(null);
GLib.spawn_command_line_sync(`rm -r ${directory}`);
exit(failed);
