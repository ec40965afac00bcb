/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest agents in Vala, against a real one on this machine.
 *
 * usage: guest */

string read_all (string path) {
  string text;
  try {
    FileUtils.get_contents (path, out text);
  } catch (Error error) {
    text = "";
  }
  return text;
}

/* A connection would be an agent's only one. */
void wait_for (string address) {
  while (!(" 00010000 " in read_all ("/proc/net/unix") && @" $address\n" in read_all ("/proc/net/unix")))
    Thread.yield ();
}

async void story (string directory, string address) throws Error {
  var client = new Qmp.Client () { guest_agent = true, timeout = 30000 };
  yield client.open_async (Qmp.address_parse (address));
  var guest = new Qmp.GuestAgent (client);
  assert (guest.client == client);
  yield guest.wait_ready_async (30000);

  var input = new Bytes ("hello".data);
  var result = yield guest.exec_async ({"tr", "a-z", "A-Z"}, null, input);
  assert (result.exit_status == 0 && result.signal == 0);
  assert (result.output.compare (new Bytes ("HELLO".data)) == 0);

  var path = Path.build_filename (directory, "file");
  yield guest.write_file_async (path, input);
  guest.write_file (path, input, APPEND);
  var part = yield guest.read_file_async (path, 5);
  assert (part.compare (input) == 0);
  assert (guest.read_file (path).length == 10);

  var osinfo = yield guest.get_osinfo_async ();
  assert (osinfo.has_path ("return.kernel-release"));
  assert (guest.get_time () > 0);
  try {
    guest.exec ({"/nonexistent"});
    assert_not_reached ();
  } catch (Qmp.CommandError error) {
  }
  yield client.close_async ();
}

int main () {
  var status = 0;
  try {
    var directory = DirUtils.make_tmp ("qmp-glib-XXXXXX");
    var address = Path.build_filename (directory, "agent");
    Environment.set_variable ("PATH", Environment.get_variable ("PATH") + ":/usr/sbin:/sbin", true);
    var agent = new Subprocess (NONE, "qemu-ga", "-m", "unix-listen", "-p", address, "-t", directory,
                                "-f", Path.build_filename (directory, "pid"));
    var loop = new MainLoop ();
    wait_for (address);
    story.begin (directory, address, (object, result) => {
      try {
        story.end (result);
      } catch (Error error) {
        printerr ("%s\n", error.message);
        status = 1;
      }
      loop.quit ();
    });
    loop.run ();
    /* The agent takes a lock in its handler of SIGTERM, and may wait for itself. */
    agent.force_exit ();
    agent.wait ();
    new Subprocess (NONE, "rm", "-r", directory).wait ();
  } catch (Error error) {
    printerr ("%s\n", error.message);
    status = 1;
  }
  return status;
}
