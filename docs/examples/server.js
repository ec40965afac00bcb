#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Plays a machine that can be paused: a server of QMP, without a QEMU.
//
// usage: gjs -m server.js ADDRESS

import GLib from 'gi://GLib';
import Qmp from 'gi://Qmp?version=1.0';
import {programArgs} from 'system';

const loop = new GLib.MainLoop(null, false);
const server = new Qmp.Server({name: 'example'});
let status = 'running';

function change(newStatus, event) {
  return (_server, invocation) => {
    status = newStatus;
    server.emit_event(event);
    return invocation.return_value();
  };
}

server.connect('command::query-status', (_server, invocation) =>
  invocation.return_value({status, running: status === 'running'}));
server.connect('command::stop', change('paused', 'STOP'));
server.connect('command::cont', change('running', 'RESUME'));
server.connect('command::device_del', (_server, invocation) => {
  const {id} = invocation.read_arguments();
  return invocation.return_error('DeviceNotFound', `Device '${id}' not found`);
});
server.connect('command::quit', (_server, invocation) => {
  loop.quit();
  return invocation.return_value();
});
server.listen(programArgs[0]);
print('listening');
loop.run();
server.close();
