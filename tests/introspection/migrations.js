#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Migrations in GJS, of QEMUs that are launched.
//
// usage: gjs -m migrations.js

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Qmp from 'gi://Qmp?version=1.0';
import {exit} from 'system';

const qemu = ['qemu-system-x86_64', '-machine', 'none', '-m', '16', '-nodefaults', '-display', 'none'];
const waiting = [...qemu, '-incoming', 'defer'];

function assertEqual(actual, expected) {
  if (JSON.stringify(actual) !== JSON.stringify(expected))
    throw new Error(`${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`);
}

async function fail(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('no error');
}

function failNow(call) {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('no error');
}

async function launch(command) {
  const vm = Qmp.Machine.new(null);
  await vm.launch_async(command);
  return vm;
}

function testWrongDescriptors() {
  const vm = Qmp.Machine.new(null);
  const calls = [
    fd => vm.start_migration_fd(fd), fd => vm.start_incoming_fd(fd), fd => vm.set_process(fd), fd => vm.client.send_fd(fd),
    fd => Qmp.Launcher.new(null).inherit_fd(fd),
  ];
  for (const call of calls) {
    for (const [wrong, type] of [[-1, RangeError], [0.5, TypeError], ['5', TypeError], [null, TypeError]])
      assertEqual(failNow(() => call(wrong)) instanceof type, true);
  }
}

async function testAwait() {
  const source = await launch(qemu);
  const destination = await launch(waiting);
  const directory = GLib.dir_make_tmp('qmp-test-XXXXXX');
  const uri = `unix:${directory}/socket`;
  const arriving = await destination.start_incoming_async(uri);
  const leaving = await source.start_migration_async(uri, null);
  assertEqual(source.migration === leaving, true);
  assertEqual(await leaving.wait_async(), true);
  assertEqual(await arriving.wait_async(60000), true);
  assertEqual([leaving.direction, leaving.statusName, leaving.finished, leaving.error, leaving.fraction],
    [Qmp.MigrationDirection.OUTGOING, 'completed', true, null, 1]);
  assertEqual([source.status, destination.running], [Qmp.MachineStatus.POSTMIGRATE, true]);
  GLib.unlink(`${directory}/socket`);
  GLib.rmdir(directory);

  destination.client.execute('migrate-set-parameters', {'max-bandwidth': 100});
  const slow = await destination.start_migration_async('exec:cat >/dev/null');
  assertEqual(await fail(slow.wait_async(0)) instanceof Qmp.TimeoutError, true);
  assertEqual(await slow.cancel_async(), true);
  assertEqual(await fail(slow.wait_async()) instanceof Qmp.MigrationCancelledError, true);
  assertEqual(await fail(slow.cancel_async(null)) instanceof Qmp.EndedError, true);
  await source.shut_down_async(Qmp.ShutDownFlags.NONE, 0);
  await destination.shut_down_async(Qmp.ShutDownFlags.NONE, 0);
}

async function testBlocking() {
  const vm = await launch(qemu);
  assertEqual(vm.get_migration(), null);
  assertEqual(failNow(() => vm.start_migration('nosuch:address')) instanceof Qmp.CommandError, true);
  const error = failNow(() => vm.start_migration('unix:/nonexistent/socket').wait());
  assertEqual(error instanceof Qmp.MigrationError, true);
  assertEqual(error.message.includes('No such file'), true);
  const [file, stream] = Gio.File.new_tmp('qmp-test-XXXXXX');
  const fd = stream.get_output_stream().get_fd();
  assertEqual(vm.start_migration_fd(fd).wait(60000), true);
  await vm.shut_down_async(Qmp.ShutDownFlags.NONE, 0);
  const again = await launch(waiting);
  stream.get_input_stream().seek(0, GLib.SeekType.SET, null);
  assertEqual(again.start_incoming_fd(fd).wait(), true);
  assertEqual(again.running, true);
  file.delete(null);
  await again.shut_down_async(Qmp.ShutDownFlags.NONE, 0);
}

async function main() {
  testWrongDescriptors();
  await testAwait();
  await testBlocking();
}

const loop = new GLib.MainLoop(null, false);
let status = 1;
main().then(() => { status = 0; }).catch(error => logError(error)).finally(() => loop.quit());
loop.run();
exit(status);
