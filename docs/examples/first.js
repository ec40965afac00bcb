#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Asks a machine how it is.
//
// usage: gjs -m first.js ADDRESS

import Qmp from 'gi://Qmp?version=1.0';
import {programArgs} from 'system';

const vm = await Qmp.Client.open_address_async(programArgs[0]);
const {status} = await vm.execute_async('query-status');
print(status);
await vm.close_async();
