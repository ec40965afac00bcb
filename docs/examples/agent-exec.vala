/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a program in a guest, and prints what it prints.
 *
 * usage: agent-exec ADDRESS PROGRAM [ARGUMENT...] */

int main (string[] arguments) {
  try {
    var client = new Qmp.Client ("guest") { guest_agent = true, timeout = 5000 };
    client.open (Qmp.address_parse (arguments[1]));
    var guest = new Qmp.GuestAgent (client);
    var result = guest.exec (arguments[2:], null, null, DEFAULT, 60000);
    stdout.write (result.output.get_data ());
    stderr.write (result.error_output.get_data ());
    client.close ();
    return result.exit_status;
  } catch (Error error) {
    printerr ("%s\n", error.message);
    return 1;
  }
}
