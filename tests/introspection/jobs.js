#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Jobs in GJS, of a QEMU that is launched.
//
// usage: gjs -m jobs.js

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Qmp from 'gi://Qmp?version=1.0';
import {exit} from 'system';

const qemu = [
  'qemu-system-x86_64', '-machine', 'none', '-nodefaults', '-display', 'none',
  '-blockdev', 'null-co,node-name=d,size=4194304,read-zeroes=on',
  '-blockdev', 'null-co,node-name=t,size=4194304,read-zeroes=on',
];
const backup = {'job-id': 'b', device: 'd', target: 't', sync: 'full'};

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

async function testAwait(vm) {
  const job = await vm.start_job_async('blockdev-backup', backup);
  assertEqual([job.id, job.jobType], ['b', 'backup']);
  assertEqual(await job.wait_async(), true);
  assertEqual([job.finished, job.error, job.fraction, vm.jobs.get_n_items()], [true, null, 1, 0]);

  const slow = await vm.start_job_async(Qmp.Message.new_command('blockdev-backup', {...backup, speed: 1}));
  assertEqual(vm.jobs.get_item(0) === slow, true);
  assertEqual(await fail(slow.wait_async(0)) instanceof Qmp.TimeoutError, true);
  await slow.pause_async();
  await slow.resume_async();
  await slow.cancel_async();
  assertEqual(await fail(slow.wait_async()) instanceof Qmp.JobCancelledError, true);
  assertEqual(slow.cancelled, true);

  const mirror = await vm.start_job_async('blockdev-mirror', {...backup, 'job-id': 'm'});
  await mirror.complete_async();
  await mirror.wait_async();

  const refused = await fail((async () => vm.start_job_async('blockdev-backup', {device: 'd'}))());
  assertEqual(refused.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.INVALID_ARGUMENT), true);
}

function testBlocking(vm) {
  const job = vm.start_job('blockdev-create', {
    'job-id': 'c', options: {driver: 'file', filename: '/nonexistent/file', size: 0},
  });
  const error = failNow(() => job.wait(60000));
  assertEqual(error instanceof Qmp.JobError, true);
  assertEqual(error.message.includes('No such file'), true);
  assertEqual(vm.start_job('blockdev-backup', backup).wait(), true);
  vm.progressInterval = 250;
  assertEqual(vm.get_progress_interval(), 250);
  for (const [wrong, type] of [[0.5, TypeError], [-1, RangeError], ['1', TypeError]])
    assertEqual(failNow(() => vm.set_progress_interval(wrong)) instanceof type, true);
}

async function main() {
  const vm = Qmp.Machine.new(null);
  await vm.launch_async(qemu);
  await testAwait(vm);
  testBlocking(vm);
  await vm.shut_down_async(Qmp.ShutDownFlags.NONE, 0);
}

const loop = new GLib.MainLoop(null, false);
let status = 1;
main().then(() => { status = 0; }).catch(error => logError(error)).finally(() => loop.quit());
loop.run();
exit(status);
