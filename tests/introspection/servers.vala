/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Servers in Vala, with a client of ours in the same main loop. */

async void talk (Qmp.Server server, GLib.SocketAddress address) throws GLib.Error
{
  var vm = new Qmp.Client (null);

  yield vm.open_async (address, null);
  var value = yield vm.execute_async ("query-name", null, null);
  assert (value.get_object ().get_string_member ("name") == "a");
  try
    {
      yield vm.execute_async ("refuse", null, null);
      assert_not_reached ();
    }
  catch (Qmp.CommandError.DEVICE_NOT_FOUND error)
    {
      assert (error.message == "there is none");
    }
  assert (server.connections.get_n_items () == 1);
  var connection = server.connections.get_item (0) as Qmp.ServerConnection;
  assert (connection.runstate == Qmp.Runstate.RUNNING);
  server.emit_event ("STOP", null);
  yield share (vm);
  yield vm.close_async (null);
}

async void share (Qmp.Client vm) throws GLib.Error
{
  var multiplexer = new Qmp.Multiplexer (vm);
  var other = new Qmp.Client (null);

  multiplexer.server.listen (new GLib.InetSocketAddress.from_string ("127.0.0.1", 0));
  multiplexer.set_allow_func ((multiplexer, invocation) => invocation.command != "refuse");
  yield other.open_async (multiplexer.server.listen_address, null);
  var value = yield other.execute_async ("query-name", null, null);
  assert (value.get_object ().get_string_member ("name") == "a");
  try
    {
      yield other.execute_async ("refuse", null, null);
      assert_not_reached ();
    }
  catch (Qmp.CommandError.COMMAND_NOT_FOUND error)
    {
      assert (error.message == "Command refuse has been disabled");
    }
  yield other.close_async (null);
}

int main ()
{
  var loop = new GLib.MainLoop ();
  var server = new Qmp.Server ("test");
  bool failed = false;

  server.command["query-name"].connect ((invocation) => {
    try
      {
        return invocation.return_text ("{\"name\": \"a\"}");
      }
    catch (GLib.Error error)
      {
        GLib.error ("%s", error.message);
      }
  });
  server.command["refuse"].connect ((invocation) => {
    try
      {
        return invocation.return_error ("DeviceNotFound", "there is none");
      }
    catch (GLib.Error error)
      {
        GLib.error ("%s", error.message);
      }
  });
  try
    {
      server.listen (new GLib.InetSocketAddress.from_string ("127.0.0.1", 0));
    }
  catch (GLib.Error error)
    {
      GLib.error ("%s", error.message);
    }
  talk.begin (server, server.listen_address, (object, result) => {
    try
      {
        talk.end (result);
      }
    catch (GLib.Error error)
      {
        GLib.printerr ("%s\n", error.message);
        failed = true;
      }
    loop.quit ();
  });
  loop.run ();
  server.close ();
  return failed ? 1 : 0;
}
