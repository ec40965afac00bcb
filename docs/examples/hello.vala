/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Talks to a QEMU without blocking.
 *
 * usage: hello-vala SOCKET */

async string get_status (Qmp.Client vm) throws Error {
  var reply = yield vm.exchange_async (new Qmp.Message.command ("query-status"));
  return reply.dup_string ("return.status");
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
  var query = new Qmp.Message.command ("query-version");
  var version = yield vm.exchange_async (query);
  version.lookup ("return.qemu.major", "u", out major,
                  "return.qemu.minor", "u", out minor,
                  "return.qemu.micro", "u", out micro);
  print ("query-version: %u.%u.%u\n", major, minor, micro);
  print ("query-status: %s\n", yield get_status (vm));

  /* Pause and resume the machine. */
  yield execute_and_hear (vm, "stop", "STOP");
  yield execute_and_hear (vm, "cont", "RESUME");

  /* Hand over a file descriptor. */
  var message = new Qmp.Message.parsed (
    "add-fd", "{'fdset-id': %i, 'opaque': %s}", 1, "from hello");
  var fds = new UnixFDList ();
  var file = yield File.new_for_path ("/dev/null").read_async ();
  fds.append (((FileDescriptorBased) file).get_fd ());
  message.set_fd_list (fds);
  yield vm.execute_message_async (message, null);
  var fdsets = yield vm.exchange_async (new Qmp.Message.command ("query-fdsets"));
  print ("query-fdsets: set %d has one %s\n", (int) fdsets.get_int64 ("return[0].fdset-id"),
         fdsets.dup_string ("return[0].fds[0].opaque"));

  /* An error of the server. */
  try {
    var command = new Qmp.Message.parsed (
      "device_del", "{'id': %s}", "nope");
    yield vm.execute_message_async (command);
  } catch (Qmp.CommandError.DEVICE_NOT_FOUND error) {
    var name = Qmp.CommandError.get_class (error);
    print ("device_del: %s: %s\n", name, error.message);
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
