/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks a machine how it is.
 *
 * usage: first ADDRESS */

int main (string[] arguments) {
  try {
    var vm = new Qmp.Client.for_address (arguments[1]);
    var reply = vm.execute_parsed (null, "query-status", null);
    print ("%s\n", reply.dup_string ("return.status"));
    vm.close ();
    return 0;
  } catch (Error error) {
    printerr ("%s\n", error.message);
    return 1;
  }
}
