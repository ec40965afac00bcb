#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Shuts a machine down: asks the guest, and ends QEMU if it does not.
//
// usage: gjs -m shutdown.js ADDRESS [SECONDS]

import Qmp from 'gi://Qmp?version=1.0';
import {programArgs} from 'system';

const [address, seconds = '60'] = programArgs;
const vm = new Qmp.Machine();
await vm.open_async(address);
// The guest is asked as by the power button, then QEMU is told.
const none = Qmp.ShutDownFlags.NONE;
const outcome = await vm.shut_down_async(none, seconds * 1000, 10000);
print('ended:', outcome.text);
