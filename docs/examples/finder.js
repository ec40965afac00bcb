#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Lists the machines on this computer, waits for one of a name, asks it how it is, and waits for its end.
//
// usage: gjs -m finder.js NAME

import GLib from 'gi://GLib';
import Qmp from 'gi://Qmp?version=1.0';
import {programArgs} from 'system';

const finder = new Qmp.Finder();
const loop = GLib.MainLoop.new(null, false);

function* items(list) {
  for (let i = 0; i < list.get_n_items(); i++)
    yield list.get_item(i);
}

async function ask(instance) {
  const monitor = instance.choose_endpoint(Qmp.EndpointKind.MONITOR);
  const vm = await Qmp.Client.open_address_async(monitor.address);
  const {status} = await vm.execute_async('query-status');
  print(`${instance.name} is ${status}`);
  await vm.close_async();
}

finder.refresh();
for (const instance of items(finder)) {
  for (const {address, holder_name} of items(instance.endpoints))
    print(instance.name ?? instance.program, address, holder_name ?? '');
}
print('waiting');

finder.connect('items-changed', (_finder, position, _removed, added) => {
  for (let i = position; i < position + added; i++) {
    const instance = finder.get_item(i);
    if (instance.name !== programArgs[0])
      continue;
    ask(instance).catch(logError);
    instance.connect('notify::gone', () => {
      print(`${instance.name} is gone`);
      loop.quit();
    });
  }
});
loop.run();
