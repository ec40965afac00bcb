#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Machines in GJS, with real QEMU.
//
// usage: gjs -m machine.js

import GLib from 'gi://GLib';
import Qmp from 'gi://Qmp?version=1.0';
import {exit} from 'system';

const QEMU = ['qemu-system-x86_64', '-machine', 'none', '-nodefaults', '-display', 'none'];

function assertEqual(actual, expected) {
  if (actual !== expected)
    throw new Error(`${actual} instead of ${expected}`);
}

async function fail(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('no error');
}

async function promises() {
  const vm = new Qmp.Machine();
  const ended = [];
  vm.connect('ended', (_vm, outcome) => ended.push(outcome));
  await vm.launch_async(QEMU);
  assertEqual(vm.status, Qmp.MachineStatus.RUNNING);
  await vm.pause_async();
  assertEqual(vm.status_name, 'paused');
  assertEqual(vm.pauseEvent.get_name(), 'STOP');
  await vm.resume_async();
  assertEqual(vm.running, true);
  const waiting = vm.wait_ended_async();
  const outcome = await vm.shut_down_async(Qmp.ShutDownFlags.NONE, 50, 60000);
  assertEqual(await waiting, outcome);
  assertEqual(ended[0], outcome);
  assertEqual(outcome.text, 'host-qmp-quit');
  assertEqual(outcome.byUs, true);
}

async function errors() {
  const vm = new Qmp.Machine();
  const error = await fail(vm.launch_async([...QEMU, '-nosuch']));
  assertEqual(error instanceof Qmp.LaunchError, true);
  assertEqual(error.message.includes('invalid option'), true);
  assertEqual(await fail(vm.kill_async()) instanceof Qmp.EndedError, true);
  assertEqual(await fail(vm.pause_async()) instanceof Qmp.EndedError, true);
  for (const wrong of ['qemu', 5, null])
    assertEqual(await fail((async () => vm.launch(wrong))()) instanceof TypeError, true);
  for (const wrong of [[0, '1'], [{ask: 1000}], ['0'], [null]])
    assertEqual(await fail((async () => vm.shut_down(...wrong))()) instanceof TypeError, true);
}

async function leftRunning() {
  const path = GLib.build_filenamev([GLib.get_tmp_dir(), `qmp-glib-${GLib.uuid_string_random()}`]);
  const launcher = Qmp.Launcher.new(QEMU);
  const vm = new Qmp.Machine();
  launcher.set_leave_running(path);
  await vm.launch_async(launcher);
  await vm.client.close_async();
  const connected = new Promise(resolve => {
    vm.connect('notify::connected', () => vm.connected && resolve());
  });
  vm.keep_open(path);
  await connected;
  vm.keep_open(null);
  assertEqual((await vm.shut_down_async(Qmp.ShutDownFlags.NONE, 0, 60000)).text, 'host-qmp-quit');
}

async function agent() {
  const launcher = Qmp.Launcher.new(QEMU);
  assertEqual(launcher.add_agent_channel(), 'qmp-glib-agent');
  const vm = new Qmp.Machine();
  assertEqual(await fail(vm.open_agent_async()) instanceof Qmp.EndedError, true);
  await vm.launch_async(launcher);
  assertEqual(await fail(vm.open_agent_async(50)) instanceof Qmp.NoAnswerError, true);
  assertEqual(await fail((async () => vm.open_agent('50'))()) instanceof TypeError, true);
  await vm.kill_async();
}

function blocking() {
  const vm = new Qmp.Machine();
  vm.launch(Qmp.Launcher.new(QEMU));
  vm.pause();
  assertEqual(vm.status_name, 'paused');
  const outcome = vm.shut_down();
  assertEqual(outcome.stage, Qmp.ShutDownStage.QUITTING);
  assertEqual(vm.alive, false);
}

const loop = new GLib.MainLoop(null, false);
let status = 1;
(async () => {
  try {
    await promises();
    await errors();
    await leftRunning();
    await agent();
    blocking();
    status = 0;
  } catch (error) {
    logError(error);
  }
  loop.quit();
})();
loop.run();
exit(status);
