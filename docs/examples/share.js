#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Shares the monitor of a QEMU, which nobody but this program may end, and ends it when the machine is paused.
//
// usage: gjs -m share.js ADDRESS LISTEN

import GLib from 'gi://GLib';
import Qmp from 'gi://Qmp?version=1.0';
import {programArgs} from 'system';

const loop = new GLib.MainLoop(null, false);
const vm = Qmp.Client.open_address(programArgs[0]);
const multiplexer = Qmp.Multiplexer.new(vm);
multiplexer.set_allow_func((_multiplexer, invocation) =>
  invocation.command !== 'quit');
multiplexer.server.listen(programArgs[1]);
vm.connect('event::STOP', () => vm.execute_async('quit'));
vm.connect('closed', () => loop.quit());
print('listening');
loop.run();
