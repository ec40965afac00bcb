/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices, pictures and displays in Vala, of a QEMU that is launched.
 *
 * usage: devices */

bool is_picture (Bytes bytes) {
  return bytes.length > 8 && bytes.get (0) == 0x89;
}

async void story () throws Error {
  var vm = new Qmp.Machine ();
  var launcher = new Qmp.Launcher ({
    "qemu-system-x86_64", "-machine", "pc,accel=tcg", "-m", "16", "-nodefaults", "-name", "shown",
    "-display", "dbus,p2p=yes", "-device", "VGA,id=screen", "-device", "qemu-xhci", "-device", "usb-tablet,id=tablet",
    "-device", "usb-mouse,id=mouse", "-device", "virtio-balloon-pci,id=deaf"
  });
  /* What it says of a display that hangs up would end it. */
  launcher.environment = Environ.unset_variable (Environ.get (), "G_DEBUG");
  yield vm.launch_async (launcher);

  assert (yield vm.unplug_async ("tablet", Qmp.TIMEOUT_NONE));
  assert (vm.unplug ("mouse", Qmp.TIMEOUT_NONE));
  try {
    vm.unplug ("deaf", 0);
    assert_not_reached ();
  } catch (Qmp.MachineError.NO_ANSWER error) {
  }

  assert (is_picture (yield vm.screendump_async ()));
  assert (is_picture (vm.screendump ("screen")));

  var display = yield vm.open_display_async ();
  assert (!display.is_closed ());
  yield display.close ();

  var outcome = yield vm.shut_down_async (NONE, 0, 10000);
  assert (outcome.clean);
}

int main () {
  var status = 0;
  var loop = new MainLoop ();

  story.begin ((object, result) => {
    try {
      story.end (result);
    } catch (Error error) {
      printerr ("%s\n", error.message);
      status = 1;
    }
    loop.quit ();
  });
  loop.run ();
  return status;
}
