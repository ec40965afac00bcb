// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Lists the machines on this computer, waits for one of a name, asks it how it is, and waits for its end.
//
// usage: finder NAME

void ask (Qmp.Instance instance) throws Error {
  var monitor = instance.choose_endpoint (Qmp.EndpointKind.MONITOR);
  var vm = new Qmp.Client.for_address (monitor.address);
  var reply = vm.execute ("query-status");
  print ("%s is %s\n", instance.name, reply.get_object ().get_string_member ("status"));
  vm.close ();
}

int main (string[] args) {
  var loop = new MainLoop ();
  var finder = new Qmp.Finder ();

  try {
    finder.refresh ();
  } catch (Error e) {
    printerr ("%s\n", e.message);
    return 1;
  }
  for (uint i = 0; i < finder.get_n_items (); i++) {
    var instance = (Qmp.Instance) finder.get_item (i);
    print ("%s\n", instance.dup_title ());
  }
  print ("waiting\n");

  finder.items_changed.connect ((position, removed, added) => {
    for (var i = position; i < position + added; i++) {
      var instance = (Qmp.Instance) finder.get_item (i);
      if (instance.name != args[1])
        continue;
      instance.notify["gone"].connect (() => {
        print ("%s is gone\n", instance.name);
        loop.quit ();
      });
      try {
        ask (instance);
      } catch (Error e) {
        printerr ("%s\n", e.message);
      }
    }
  });
  loop.run ();
  return 0;
}
