/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks a machine how it is.
 *
 * usage: first ADDRESS */

int main (string[] arguments) {
  try {
    var vm = new Qmp.Client (null);
    vm.open (Qmp.address_parse (arguments[1]));
    var status = vm.execute ("query-status");
    print ("%s\n", status.get_object ().get_string_member ("status"));
    vm.close ();
    return 0;
  } catch (Error error) {
    printerr ("%s\n", error.message);
    return 1;
  }
}
