#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Devices, pictures and displays in GJS, of a QEMU that is launched.
//
// usage: gjs -m devices.js

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Qmp from 'gi://Qmp?version=1.0';
import {exit} from 'system';

const qemu = [
  'qemu-system-x86_64', '-machine', 'pc,accel=tcg', '-m', '16', '-nodefaults', '-name', 'shown',
  '-display', 'dbus,p2p=yes', '-device', 'VGA,id=screen', '-device', 'qemu-xhci', '-device', 'usb-tablet,id=tablet',
  '-device', 'usb-mouse,id=mouse', '-device', 'virtio-balloon-pci,id=deaf',
];

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

const isPicture = bytes => bytes instanceof GLib.Bytes && bytes.toArray()[0] === 0x89;

function getName(display) {
  const [properties] = display.call_sync(
    null, '/org/qemu/Display1/VM', 'org.freedesktop.DBus.Properties', 'GetAll',
    new GLib.Variant('(s)', ['org.qemu.Display1.VM']), null, Gio.DBusCallFlags.NONE, -1, null).recursiveUnpack();
  return properties.Name;
}

async function testAwait(vm) {
  assertEqual(await vm.unplug_async('tablet'), true);
  assertEqual(await fail(vm.unplug_async('deaf', 0)) instanceof Qmp.NoAnswerError, true);
  assertEqual(isPicture(await vm.screendump_async()), true);
  assertEqual(await fail(vm.screendump_async('nothing')) instanceof Qmp.ExecuteError, true);
  const display = await vm.open_display_async();
  assertEqual(getName(display), 'shown');
  return display;
}

function testBlocking(vm) {
  assertEqual(vm.unplug('mouse', -1), true);
  assertEqual(failNow(() => vm.unplug('mouse')) instanceof Qmp.ExecuteError, true);
  assertEqual(failNow(() => vm.unplug('deaf', 0, null)) instanceof Qmp.NoAnswerError, true);
  assertEqual(failNow(() => vm.unplug('deaf', 'soon')) instanceof TypeError, true);
  assertEqual(isPicture(vm.screendump('screen')), true);
  const display = vm.open_display();
  assertEqual(getName(display), 'shown');
  display.close_sync(null);
}

async function main() {
  const vm = Qmp.Machine.new(null);
  const launcher = Qmp.Launcher.new(qemu);
  // What it says of a display that hangs up would end it.
  launcher.set_environment(GLib.environ_unsetenv(GLib.get_environ(), 'G_DEBUG'));
  await vm.launch_async(launcher);
  await testAwait(vm);
  testBlocking(vm);
  await vm.shut_down_async(Qmp.ShutDownFlags.NONE, 0);
}

const loop = new GLib.MainLoop(null, false);
let status = 1;
main().then(() => { status = 0; }).catch(error => logError(error)).finally(() => loop.quit());
loop.run();
exit(status);
