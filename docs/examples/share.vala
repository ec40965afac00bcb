/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shares the monitor of a QEMU, which nobody but this program may end, and ends it when the machine is paused.
 *
 * usage: share ADDRESS LISTEN */

int main (string[] arguments) {
  var loop = new MainLoop ();

  try {
    var vm = new Qmp.Client.for_address (arguments[1]);
    var multiplexer = new Qmp.Multiplexer (vm);
    multiplexer.set_allow_func ((multiplexer, invocation) => {
      return invocation.command != "quit";
    });
    multiplexer.server.listen (Qmp.address_parse (arguments[2]));
    vm.event["STOP"].connect (() => vm.execute_async.begin ("quit", null, null));
    vm.closed.connect (() => loop.quit ());
    print ("listening\n");
    stdout.flush ();
    loop.run ();
    return 0;
  } catch (Error error) {
    printerr ("%s\n", error.message);
    return 1;
  }
}
