#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A small program, and its test, which needs no QEMU.
//
// usage: gjs -m testing.js

import Qmp from 'gi://Qmp?version=1.0';

// What is tested: pauses a machine, and says how that went.
async function pause(address) {
  const vm = await Qmp.Client.open_address_async(address);
  try {
    await vm.execute_async('stop');
    return (await vm.execute_async('query-status')).status;
  } catch (error) {
    return `cannot pause: ${error.desc}`;
  } finally {
    await vm.close_async();
  }
}

function assertEqual(got, expected) {
  if (got !== expected)
    throw new Error(`expected “${expected}”, got “${got}”`);
}

const mock = new Qmp.Mock();
mock.listen();
mock.expect('stop');
mock.expect('stop').fails('GenericError', 'not today');
assertEqual(await pause(mock.path), 'paused');
assertEqual(await pause(mock.path), 'cannot pause: not today');
mock.verify();
mock.close();
