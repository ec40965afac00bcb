#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Asks a QEMU guest agent who it is. It changes nothing in the guest.
//
// usage: gjs -m guest-agent.js ADDRESS

import Qmp from 'gi://Qmp?version=1.0';
import {programArgs} from 'system';

// A guest that is down does not answer, and nobody waits for ever.
const agent = await Qmp.Client.open_address_async(programArgs[0], {
  guestAgent: true,
  timeout: 5000,
});
await agent.execute_async('guest-ping');
print('guest-ping: answered');
const info = await agent.execute_async('guest-info');
print(`guest-info: version ${info.version},`,
  info.supported_commands.length, 'commands');
await agent.close_async();
