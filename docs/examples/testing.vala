/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small program, and its test, which needs no QEMU.
 *
 * usage: testing */

/* What is tested: pauses a machine, and says how that went. */
string pause_machine (SocketConnectable address) {
  try {
    var vm = new Qmp.Client ();
    vm.open (address);
    vm.execute ("stop");
    var reply = vm.execute_parsed (null, "query-status", null);
    return reply.dup_string ("return.status");
  } catch (Error error) {
    return "cannot pause: " + error.message;
  }
}

int main () {
  try {
    var mock = new Qmp.Mock ();
    mock.listen ();
    mock.expect ("stop");
    mock.expect ("stop").fails ("GenericError", "no");
    assert (pause_machine (mock.address) == "paused");
    assert (pause_machine (mock.address) == "cannot pause: no");
    mock.verify ();
    return 0;
  } catch (Error error) {
    printerr ("%s\n", error.message);
    return 1;
  }
}
