/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints the events of a QMP server until it ends.
 *
 * usage: event-watcher ADDRESS [EVENT...] */

async void watch (string address, string[]? names) throws Error {
  var vm = new Qmp.Client ("event-watcher");
  var events = new Qmp.EventListener (names);

  /* Listen before opening: then no event is missed. */
  vm.add_listener (events);
  yield vm.open_async (Qmp.address_parse (address));
  print ("watching\n");

  try {
    while (true) {
      var event = yield events.next_async ();
      var data = event.dup_member_text ("data") ?? "{}";
      print ("%s %s\n", event.name, data);
    }
  } catch (Qmp.ClientError.INTERRUPTED error) {
    /* The link has ended, and there is nothing more to read. */
    print ("%s\n", error.message);
  }
}

int main (string[] arguments) {
  var loop = new MainLoop ();
  var status = 0;
  string[]? names = null;
  if (arguments.length > 2)
    names = arguments[2:arguments.length];
  watch.begin (arguments[1], names, (object, result) => {
    try {
      watch.end (result);
    } catch (Error error) {
      printerr ("%s\n", error.message);
      status = 1;
    }
    loop.quit ();
  });
  loop.run ();
  return status;
}
