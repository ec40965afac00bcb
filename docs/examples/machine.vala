/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Launches a machine, pauses and resumes it, and shuts it down.
 *
 * usage: machine QEMU [ARGUMENT...] */

int main (string[] arguments) {
  try {
    var vm = new Qmp.Machine ();
    vm.launch (new Qmp.Launcher (arguments[1:arguments.length]));
    print ("launched: %s\n", vm.status_name);
    vm.pause ();
    print ("now: %s\n", vm.status_name);
    vm.resume ();
    /* The guest has a second, then QEMU has ten. */
    var outcome = vm.shut_down (NONE, 1000, 10000);
    print ("ended: %s\n", outcome.text);
    return 0;
  } catch (Error error) {
    printerr ("%s\n", error.message);
    return 1;
  }
}
