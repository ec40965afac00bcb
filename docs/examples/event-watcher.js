#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Prints the events of a QMP server until it ends.
//
// usage: gjs -m event-watcher.js ADDRESS [EVENT...]

import Qmp from 'gi://Qmp?version=1.0';
import {programArgs} from 'system';

const [address, ...names] = programArgs;

// Listen before opening: then no event is missed.
const vm = new Qmp.Client({name: 'event-watcher'});
const events = vm.listener(...names);
await vm.open_async(address);
print('watching');

for await (const event of events)
  print(event.get_name(), JSON.stringify(event.data));
print('ended');
