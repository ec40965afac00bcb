#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Mocks in JavaScript, with clients in the same thread, which block and do not.
//
// usage: gjs -m mocks.js

import Json from 'gi://Json?version=1.0';
import Qmp from 'gi://Qmp?version=1.0';
import {gc} from 'system';

function assertEqual(value, expected) {
  const [one, other] = [value, expected].map(any => JSON.stringify(any));
  if (one !== other)
    throw new Error(`${one} is not ${other}`);
}

function fail(func) {
  try {
    func();
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

const mock = new Qmp.Mock({preset: Qmp.MockPreset.NONE});
assertEqual(mock.path, null);
mock.listen();
const vm = new Qmp.Client();
vm.open(mock.address, null);

const value = {a: [1, 2.5, null, true, 'é'], b: {}};
mock.expect('one').returns(value);
mock.expect('two', {x: 1}).returns(Json.from_string('[2]'));
mock.expect('three').emits_before('ONE', {x: 1}).emits_after('TWO').fails('DeviceNotFound', 'none');
mock.expect('four').returns();
mock.expect('five').returns(null);
mock.add_script('{"expect": "six", "return": 6}');
const events = vm.listener();
assertEqual(await vm.execute_async('one'), value);
assertEqual(await vm.execute_async('two', {x: 1, y: 2}), [2]);
const error = await vm.execute_async('three').catch(reason => reason);
assertEqual([error.errorClass, error.desc], ['DeviceNotFound', 'none']);
assertEqual(await vm.execute_async('four'), {});
assertEqual(await vm.execute_async('five'), null);
assertEqual(await vm.execute_async('six'), 6);
mock.verify();
mock.emit_event('THREE', {y: 2});
for (const name of ['ONE', 'TWO', 'THREE'])
  assertEqual((await events.next_async()).name, name);

const held = mock.expect('seven').holds();
const call = vm.execute_async('seven');
const met = new Promise(resolve => held.connect('notify::met', resolve));
assertEqual(fail(() => mock.verify()) instanceof Qmp.MissingCommandError, true);
await met;
assertEqual([held.met, held.command, held.dup_message().toObject().execute], [true, 'seven', 'seven']);
held.release();
await call;
await vm.execute_async('one').catch(() => {});
assertEqual(fail(() => mock.verify()) instanceof Qmp.UnexpectedCommandError, true);
assertEqual(mock.list_commands().length, 8);
await vm.close_async();
mock.close();
assertEqual(mock.ended, true);

// One that nobody has any more.
(() => new Qmp.Mock().listen())();
gc();
