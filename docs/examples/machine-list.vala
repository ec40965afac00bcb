/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Follows many machines, and shuts all of them down when it is told to end.
 *
 * usage: machine-list ADDRESS|NAME... */

void say (Qmp.MachineEntry entry, string text) {
  print ("%s: %s\n", entry.title, text);
}

void follow (Qmp.MachineEntry entry) {
  var vm = entry.machine;

  entry.notify["error"].connect (() => {
    if (entry.error != null)
      say (entry, entry.error.message);
  });
  vm.notify["status-name"].connect (() => {
    if (vm.status_name != null)
      say (entry, vm.status_name);
  });
}

int main (string[] arguments) {
  var loop = new MainLoop ();
  var machines = new Qmp.MachineList ();

  machines.items_changed.connect ((position, removed, added) => {
    for (var i = position; i < position + added; i++)
      follow ((Qmp.MachineEntry) machines.get_item (i));
  });
  try {
    foreach (var text in arguments[1:arguments.length])
      machines.add (text);
  } catch (Error error) {
    printerr ("%s\n", error.message);
    return 2;
  }
  Unix.signal_add (ProcessSignal.TERM, () => {
    try {
      /* The guests have a minute, then the QEMUs have ten seconds. */
      foreach (var result in machines.shut_down_all (NONE, 60000, 10000))
        say (result.entry, result.error != null ? result.error.message : result.outcome.text);
    } catch (Error error) {
      printerr ("%s\n", error.message);
    }
    loop.quit ();
    return Source.REMOVE;
  });
  loop.run ();
  return 0;
}
