/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Talks to a QEMU without blocking.
 *
 * usage: hello-vala SOCKET */

async string get_status (Qmp.Client vm) throws Error {
  var status = yield vm.execute_async ("query-status", null, null);
  return status.get_object ().get_string_member ("status");
}

/* Runs a command and waits for the event that it brings. */
async void execute_and_hear (Qmp.Client vm, string command, string event) throws Error {
  var heard = false;
  SourceFunc resume = null;
  var handler = vm.event[event].connect (() => {
    heard = true;
    if (resume != null)
      resume ();
  });
  yield vm.execute_async (command, null, null);
  if (!heard) {
    resume = execute_and_hear.callback;
    yield;
  }
  vm.disconnect (handler);
  print ("%s: heard %s, the machine is %s\n", command, event, yield get_status (vm));
}

async void hello (string path) throws Error {
  var vm = new Qmp.Client ("hello");

  /* Open the monitor. */
  yield vm.open_async (new UnixSocketAddress (path), null);
  uint major, minor, micro;
  vm.greeting.get_version (out major, out minor, out micro);
  print ("greeting: QEMU %u.%u.%u offers %s\n", major, minor, micro,
         string.joinv (", ", vm.greeting.get_capabilities ()));

  /* Ask. */
  var version = yield vm.execute_async ("query-version", null, null);
  unowned var qemu = version.get_object ().get_object_member ("qemu");
  print ("query-version: %d.%d.%d\n", (int) qemu.get_int_member ("major"),
         (int) qemu.get_int_member ("minor"), (int) qemu.get_int_member ("micro"));
  print ("query-status: %s\n", yield get_status (vm));

  /* Pause and resume the machine. */
  yield execute_and_hear (vm, "stop", "STOP");
  yield execute_and_hear (vm, "cont", "RESUME");

  /* Hand over a file descriptor. */
  var message = new Qmp.Message.command ("add-fd", Json.from_string ("{\"fdset-id\":1,\"opaque\":\"from hello\"}"));
  var fds = new UnixFDList ();
  var file = yield File.new_for_path ("/dev/null").read_async ();
  fds.append (((FileDescriptorBased) file).get_fd ());
  message.set_fd_list (fds);
  yield vm.execute_message_async (message, null);
  var fdsets = yield vm.execute_async ("query-fdsets", null, null);
  unowned var fdset = fdsets.get_array ().get_object_element (0);
  print ("query-fdsets: set %d has one %s\n", (int) fdset.get_int_member ("fdset-id"),
         fdset.get_array_member ("fds").get_object_element (0).get_string_member ("opaque"));

  /* An error of the server. */
  try {
    yield vm.execute_async ("device_del", Json.from_string ("{\"id\":\"nope\"}"), null);
  } catch (Qmp.CommandError.DEVICE_NOT_FOUND error) {
    print ("device_del: %s: %s\n", Qmp.CommandError.get_class (error), error.message);
  }

  /* End it. */
  yield vm.execute_async ("quit", null, null);
  yield vm.close_async (null);
  print ("quit: closed\n");
}

int main (string[] arguments) {
  var loop = new MainLoop ();
  var status = 0;
  hello.begin (arguments[1], (object, result) => {
    try {
      hello.end (result);
    } catch (Error error) {
      printerr ("%s\n", error.message);
      status = 1;
    }
    loop.quit ();
  });
  loop.run ();
  return status;
}
