/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every feature once, told in each language: what it prints is expected.txt.
 *
 * usage: story-vala MONITOR LISTENING AGENT TLS-ADDRESS CA-FILE */

async string get_status (Qmp.Client vm, int timeout = -1) throws Error {
  var message = new Qmp.Message.command ("query-status");
  message.timeout = timeout;
  var status = yield vm.execute_message_async (message);
  return status.get_object ().get_string_member ("status");
}

async void tell_commands (Qmp.Client vm) throws Error {
  var type = yield vm.execute_async ("qom-get", Json.from_string ("{\"path\":\"/machine\",\"property\":\"type\"}"));
  print ("qom-get: %s\n", type.get_string ());
  try {
    yield vm.execute_async ("device_del", Json.from_string ("{\"id\":\"nope\"}"));
  } catch (Qmp.CommandError.DEVICE_NOT_FOUND error) {
    print ("device_del: %s: %s\n", Qmp.CommandError.get_class (error), error.message);
  }
}

async Json.Node exchange (Qmp.Client vm, string text) throws Error {
  var reply = yield vm.exchange_async (new Qmp.Message.from_bytes (new Bytes (text.data)));
  return reply.get_node ();
}

async void tell_exchanges (Qmp.Client vm) throws Error {
  var good = yield exchange (vm, "{\"execute\":\"query-status\",\"id\":\"story\"}");
  print ("exchange: %s: %s\n", good.get_object ().get_string_member ("id"),
         good.get_object ().get_object_member ("return").get_string_member ("status"));
  var bad = yield exchange (vm, "{\"execute\":\"nope\",\"id\":{\"number\":7}}");
  print ("exchange: %d: %s\n", (int) bad.get_object ().get_object_member ("id").get_int_member ("number"),
         bad.get_object ().get_object_member ("error").get_string_member ("class"));
}

async void tell_events (Qmp.Client vm) throws Error {
  var listener = new Qmp.EventListener ({"STOP", "RESUME"});
  vm.add_listener (listener);
  var event = listener.try_next ();
  print ("listener: %s\n", event != null ? event.name : "nothing");
  yield vm.execute_async ("stop");
  yield vm.execute_async ("cont");
  event = yield listener.next_async (10000);
  print ("listener: %s\n", event.name);
  event = listener.try_next ();
  print ("listener: %s\n", event != null ? event.name : "nothing");
  try {
    event = yield listener.next_async (50);
    print ("listener: %s\n", event.name);
  } catch (IOError.TIMED_OUT error) {
    print ("listener: timed out\n");
  }
  vm.remove_listener (listener);
  event = yield vm.execute_and_wait_async (new Qmp.Message.command ("stop"), new Qmp.EventMatch ({"STOP"}));
  print ("execute_and_wait: %s\n", event.name);
}

async void tell_fd (Qmp.Client vm) throws Error {
  var message = new Qmp.Message.command ("add-fd", Json.from_string ("{\"fdset-id\":1,\"opaque\":\"story\"}"));
  var fds = new UnixFDList ();
  fds.append (0);
  message.set_fd_list (fds);
  yield vm.execute_message_async (message);
  var fdsets = yield vm.execute_async ("query-fdsets");
  unowned var fdset = fdsets.get_array ().get_object_element (0);
  print ("query-fdsets: set %d has %s\n", (int) fdset.get_int_member ("fdset-id"),
         fdset.get_array_member ("fds").get_object_element (0).get_string_member ("opaque"));
}

async void tell_calls (Qmp.Client vm) throws Error {
  var message = new Qmp.Message.command ("query-yank");
  message.out_of_band = true;
  var yank = yield vm.execute_message_async (message);
  print ("query-yank: %s\n", yank.get_array ().get_object_element (0).get_string_member ("type"));
  print ("timeout: %s\n", yield get_status (vm, 10000));

  var cancellable = new Cancellable ();
  cancellable.cancel ();
  try {
    yield vm.execute_async ("query-name", null, cancellable);
    print ("cancellable: answered\n");
  } catch (IOError.CANCELLED error) {
    print ("cancellable: cancelled\n");
  }
}

async void tell_monitor (string address) throws Error {
  var vm = new Qmp.Client ("story");
  var n_out_of_band = 0;
  vm.wire.connect ((direction, text) => {
    if ("\"exec-oob\"" in text)
      n_out_of_band++;
  });
  yield vm.open_async (Qmp.address_parse (address));
  print ("greeting: %s\n", string.joinv (", ", vm.greeting.get_capabilities ()));
  yield tell_commands (vm);
  yield tell_exchanges (vm);
  yield tell_events (vm);
  yield tell_fd (vm);
  yield tell_calls (vm);
  print ("wire: %d out of band\n", n_out_of_band);
  yield vm.close_async ();
  print ("close: %s\n", vm.runstate == Qmp.Runstate.IDLE ? "idle" : "not idle");
}

async void tell_listening (string address) throws Error {
  var vm = new Qmp.Client ();
  vm.accept_timeout = 30000;
  vm.listen (Qmp.address_parse (address));
  yield vm.accept_async ();
  print ("accept: %s\n", yield get_status (vm));
  yield vm.close_async ();
}

async void tell_agent (string address) throws Error {
  var agent = new Qmp.Client ();
  agent.guest_agent = true;
  yield agent.open_async (Qmp.address_parse (address));
  yield agent.execute_async ("guest-ping");
  print ("guest-ping: answered\n");
  yield agent.close_async ();
}

async void tell_tls (string address, string authority) throws Error {
  var vm = new Qmp.Client ();
  vm.tls = true;
  vm.tls_database = TlsFileDatabase.@new (authority);
  yield vm.open_async (Qmp.address_parse (address));
  print ("TLS: %s\n", yield get_status (vm));
  yield vm.close_async ();
}

async void tell (string[] arguments) throws Error {
  yield tell_monitor (arguments[1]);
  yield tell_listening (arguments[2]);
  yield tell_agent (arguments[3]);
  yield tell_tls (arguments[4], arguments[5]);
}

int main (string[] arguments) {
  var loop = new MainLoop ();
  var status = 0;
  tell.begin (arguments, (object, result) => {
    try {
      tell.end (result);
    } catch (Error error) {
      printerr ("%s\n", error.message);
      status = 1;
    }
    loop.quit ();
  });
  loop.run ();
  return status;
}
