#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Runs a program in a guest, and prints what it prints.
//
// usage: gjs -m agent-exec.js ADDRESS PROGRAM [ARGUMENT...]

import Qmp from 'gi://Qmp?version=1.0';
import {exit, programArgs} from 'system';

const [address, ...command] = programArgs;
// A guest that is down does not answer, and nobody waits for ever.
const guest = await Qmp.GuestAgent.open_address_async(address, {
  timeout: 5000,
});
const result = await guest.exec_async(command);
const decoder = new TextDecoder();
for (const bytes of [result.output, result.errorOutput]) {
  if (bytes.get_size() > 0)
    print(decoder.decode(bytes.toArray()).trimEnd());
}
await guest.client.close_async();
exit(result.signal === 0 ? result.exitStatus : 128 + result.signal);
