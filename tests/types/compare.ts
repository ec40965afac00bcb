// SPDX-License-Identifier: LGPL-2.1-or-later
// The types written by hand against those made from the GIR: each name is in both, or is an addition.

import type Plain from 'plain://Qmp?version=1.0';
import type Qmp from 'gi://Qmp?version=1.0';

type None<Names extends never> = Names;
type Made<Class> = Class extends abstract new (...args: never[]) => infer Instance ? Instance : never;
type Classes = keyof typeof Plain & keyof typeof Qmp;

// What ts-for-gir has for itself, and what GJS leaves under the names of C; what frees a boxed type is in newer GIRs.
type Helper = '$signals' | '_init' | `vfunc_${string}` | 'connect' | 'connect_after' | 'emit' | '$gtype' | 'free';
type Plainer = '__name__' | '__version__' | `${string}_error_${string}`;

// What the overrides add.
type Added = 'toObject' | 'toJSON' | 'listener' | 'desc' | 'errorClass' | 'sent' | 'received' | 'read_arguments' |
  typeof Symbol.asyncIterator;
type AddedStatic = 'open_address' | 'open_address_async' | 'from';
type AddedName = 'ExecuteError' | 'StateError' | 'InterruptedError' | 'BusyError' | 'AddressError' | 'NotASocketError' |
  'FailureEventError' | 'TimeoutError' | 'CancelledError' | 'GuestLostError' | 'GuestThawedError' | 'LaunchError' | 'EndedError' |
  'NoAnswerError' | 'NoProcessError' | 'JobError' | 'JobCancelledError' | 'LostError' | 'MigrationError' |
  'MigrationCancelledError' | 'NotFoundError' | 'AmbiguousError' | 'NoEndpointError' | 'UnexpectedCommandError' | 'MissingCommandError';

type Missing = {[C in Classes]: Exclude<keyof Made<(typeof Plain)[C]>, keyof Made<(typeof Qmp)[C]> | Helper>}[Classes];
type More = {[C in Classes]: Exclude<keyof Made<(typeof Qmp)[C]>, keyof Made<(typeof Plain)[C]> | Added>}[Classes];
type MissingStatic = {[C in Classes]: Exclude<keyof (typeof Plain)[C], keyof (typeof Qmp)[C] | Helper>}[Classes];
type MoreStatic = {[C in Classes]: Exclude<keyof (typeof Qmp)[C], keyof (typeof Plain)[C] | AddedStatic>}[Classes];

export type Checked = [
  None<Exclude<keyof typeof Plain, keyof typeof Qmp | Plainer>>,
  None<Exclude<keyof typeof Qmp, keyof typeof Plain | AddedName>>,
  None<Missing>,
  None<More>,
  None<MissingStatic>,
  None<MoreStatic>,
];
