/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mocks in Vala, with a client that blocks in the same thread. */

void talk () throws GLib.Error
{
  var mock = new Qmp.Mock (Qmp.MockPreset.NONE);
  assert (mock.path == null);
  mock.listen ();
  var vm = new Qmp.Client ();
  vm.open (mock.address);
  mock.expect ("one").returns (Json.from_string ("[1]"));
  mock.expect ("two");
  var expectation = mock.expect ("three", Json.from_string ("{\"x\": 1}"));
  expectation.emits_before ("E");
  expectation.fails ("DeviceNotFound", "there is none");
  assert (vm.execute ("one").get_array ().get_int_element (0) == 1);
  vm.execute ("two");
  try
    {
      vm.execute ("three", Json.from_string ("{\"x\": 1, \"y\": 2}"));
      assert_not_reached ();
    }
  catch (Qmp.CommandError.DEVICE_NOT_FOUND error)
    {
      assert (error.message == "there is none");
    }
  assert (expectation.met && expectation.command == "three");
  assert (expectation.wait ());
  assert (expectation.dup_message ().dup_string ("execute") == "three");
  assert (mock.list_commands ().length () == 3);
  mock.verify ();
  mock.expect ("four");
  try
    {
      mock.verify ();
      assert_not_reached ();
    }
  catch (Qmp.MockError.MISSING error)
    {
      assert (error.message.has_prefix ("Expected “four”"));
    }
  mock.close ();
  assert (mock.ended);
}

int main ()
{
  try
    {
      talk ();
      return 0;
    }
  catch (GLib.Error error)
    {
      GLib.printerr ("%s\n", error.message);
      return 1;
    }
}
