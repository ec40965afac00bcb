// SPDX-License-Identifier: LGPL-2.1-or-later
import GLib from 'gi://GLib?version=2.0';
import Qmp from 'gi://Qmp?version=1.0';

const vm = await Qmp.Client.open_address_async('/run/vm.sock', {open_timeout: 500, openTimeout: 500});
await Qmp.Client.open_address_async('/run/vm.sock', {open_timeout: '500'}); // wrong
const {status} = await vm.execute_async('query-status');
print(status, vm.runstate === Qmp.Runstate.RUNNING, vm.greeting?.version_string);
vm.closeTimeout = 200;
vm.close_timeout = 'soon'; // wrong
vm.runstate = Qmp.Runstate.IDLE; // wrong
vm.no_such_method(); // wrong
vm.open(3); // wrong
vm.execute('stop');
vm.execute('stop', new Map([['id', 1]]));
vm.execute({execute: 'stop'}); // wrong
vm.execute_message({execute: 'stop'});
const message = Qmp.Message.new_command('add-fd', {'fdset-id': 1}, {fds: [3], timeout: 500, outOfBand: false});
Qmp.Message.new_command('add-fd', null, {descriptors: [3]}); // wrong
print((await vm.exchange_async(message)).toObject().return);
vm.close_async(null, (client, result) => client?.close_finish(result));

vm.connect('event::STOP', (_vm, event) => print(event.data.reason, event.get_timestamp()));
vm.connect('wire', (_vm, direction, text) => print(direction === Qmp.WireDirection.SENT, text.length));
vm.connect('closed', (_vm, error) => print(error?.message));

const events = vm.listener('STOP', 'RESUME');
vm.listener(5); // wrong
const match = new Qmp.EventMatch(['STOP']);
for (const value of ['x', 1, 2n, true, null, {}, []])
  match.add_member(null, 'member', value);
match.add_member('STOP', 'member'); // wrong
match.add_failure('SHUTDOWN', 'guest', false);
match.set_filter(event => event.data.guest);
vm.listener('STOP', match); // wrong
print(vm.listener(match).match.to_string());
for await (const event of events)
  print(event.name, event.no_such_member); // wrong
print(events.next(500).get_name(), events.history.get_n_items());

try {
  vm.execute('device_del', {id: 'nope'});
} catch (error) {
  if (error instanceof Qmp.ExecuteError)
    print(error.errorClass, error.desc, error.sent?.toObject().arguments);
  else if (error instanceof Qmp.BusyError)
    print(error.code, error.no_such_member); // wrong
  else if (error instanceof GLib.Error && error.matches(Qmp.ClientError, Qmp.ClientError.BUSY))
    print(error.message);
}

const guest = await Qmp.GuestAgent.open_address_async('/run/agent.sock', {timeout: 5000});
const result = await guest.exec_async(['uname', '-r'], null, new Uint8Array(), Qmp.GuestExecFlags.MERGE_OUTPUT, 10000);
print(result.exitStatus, result.error_output.get_size(), result.no_such_member); // wrong
await guest.exec_async('uname'); // wrong
print((await guest.read_file_async('/file')).get_size(), guest.get_osinfo().name, guest.client.runstate);
guest.write_file('/file', 'text'); // wrong
try {
  await guest.thaw_async();
} catch (error) {
  if (error instanceof Qmp.GuestThawedError)
    print(error.message);
}
