// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Migrations in Vala, of QEMUs that are launched.
//
// usage: migrations-vala

const string[] QEMU = { "qemu-system-x86_64", "-machine", "none", "-m", "16", "-nodefaults", "-display", "none" };

Qmp.Launcher new_launcher (string[] more) {
  string[] words = {};

  foreach (unowned var word in QEMU)
    words += word;
  foreach (unowned var word in more)
    words += word;
  return new Qmp.Launcher (words);
}

async void to_another () throws Error {
  var source = new Qmp.Machine ();
  var destination = new Qmp.Machine ();
  var directory = DirUtils.make_tmp ("qmp-test-XXXXXX");
  var uri = @"unix:$directory/socket";

  yield source.launch_async (new_launcher ({}));
  yield destination.launch_async (new_launcher ({ "-incoming", "defer" }));
  var arriving = yield destination.start_incoming_async (uri);
  var leaving = yield source.start_migration_async (uri);
  assert (leaving == source.migration);
  assert (leaving.direction == OUTGOING);
  yield leaving.wait_async ();
  yield arriving.wait_async ();
  assert (leaving.finished && leaving.error == null && leaving.fraction == 1);
  assert (source.status == POSTMIGRATE && destination.running);
  try {
    var failing = yield destination.start_migration_async ("unix:/nonexistent/socket");
    yield failing.wait_async ();
    assert_not_reached ();
  } catch (Qmp.MachineError.MIGRATION error) {
    assert ("No such file" in error.message);
  }
  yield source.shut_down_async (NONE, 0, 10000);
  yield destination.shut_down_async (NONE, 0, 10000);
  FileUtils.unlink (@"$directory/socket");
  DirUtils.remove (directory);
}

void to_a_file () throws Error {
  var vm = new Qmp.Machine ();
  FileIOStream stream;
  var file = File.new_tmp ("qmp-test-XXXXXX", out stream);
  var fd = ((FileDescriptorBased) stream.output_stream).get_fd ();

  vm.launch (new_launcher ({}));
  vm.start_migration_fd (fd).wait ();
  vm.shut_down (NONE, 0, 10000);
  stream.seek (0, SET);
  vm.launch (new_launcher ({ "-incoming", "defer" }));
  vm.start_incoming_fd (fd).wait ();
  assert (vm.running);
  vm.shut_down (NONE, 0, 10000);
  file.delete ();
}

int main () {
  var loop = new MainLoop ();
  var status = 1;

  to_another.begin ((object, result) => {
    try {
      to_another.end (result);
      to_a_file ();
      status = 0;
    } catch (Error error) {
      printerr ("%s\n", error.message);
    }
    loop.quit ();
  });
  loop.run ();
  return status;
}
