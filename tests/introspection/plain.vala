/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The vapi against a real QEMU.
 *
 * usage: plain-vala SOCKET */

delegate void TestFunc (Qmp.Client vm) throws Error;

SocketAddress address;

/* Runs a test with an open client. */
void add (string name, owned TestFunc func) {
  Test.add_data_func ("/plain/" + name, () => {
    try {
      var vm = new Qmp.Client (name);
      vm.open (address, null);
      func (vm);
      vm.close (null);
    } catch (Error error) {
      Test.message ("%s", error.message);
      Test.fail ();
    }
  });
}

string status_of (Json.Node node) {
  return node.get_object ().get_string_member ("status");
}

async void run_async (Qmp.Client vm) throws Error {
  var status = yield vm.execute_async ("query-status", null, null);
  assert_cmpstr (status_of (status), CompareOperator.EQ, "running");
  var message = new Qmp.Message.command ("query-status", null);
  var reply = yield vm.exchange_async (message, null);
  assert_true (reply.has_member ("return"));
  assert_true (yield vm.close_async (null));
  assert_true (yield vm.open_async (address, null));
}

void opening (Qmp.Client vm) throws Error {
  uint major, minor, micro;
  vm.greeting.get_version (out major, out minor, out micro);
  assert_cmpuint (major, CompareOperator.GT, 0);
  assert_true ("oob" in vm.greeting.get_capabilities ());
  assert_true (vm.runstate == Qmp.Runstate.RUNNING);
  assert_cmpstr (vm.name, CompareOperator.EQ, "opening");
}

void commands (Qmp.Client vm) throws Error {
  assert_cmpstr (status_of (vm.execute ("query-status", null, null)), CompareOperator.EQ, "running");
  var objects = vm.execute ("qom-list", Json.from_string ("{\"path\":\"/\"}"), null);
  assert_cmpuint (objects.get_array ().get_length (), CompareOperator.GT, 0);
}

/* What takes a variable number of arguments. */
void variable (Qmp.Client vm) throws Error {
  var status = vm.exchange (new Qmp.Message.parsed ("query-status", null));
  string state, absent;
  bool running;
  int number;
  assert_true (status.lookup ("return.status", "s", out state, "return.running", "b", out running,
                              "return.absent", "?s", out absent));
  assert_cmpstr (state, CompareOperator.EQ, "running");
  assert_true (running);
  assert_null (absent);
  try {
    status.lookup ("return.status", "s", out state, "return.status", "i", out number);
    assert_not_reached ();
  } catch (Qmp.ProtocolError.UNEXPECTED_TYPE error) {
    assert_null (state);
  }
  var objects = vm.execute_parsed (null, "qom-list", "{'path': %s}", "/");
  assert_cmpuint (objects.get_n_elements ("return"), CompareOperator.GT, 0);
  try {
    new Qmp.Message.parsed ("stop", "%j", "3").validate ();
    assert_not_reached ();
  } catch (Qmp.ProtocolError.UNEXPECTED_TYPE error) {
  }
  try {
    vm.exchange (new Qmp.Message.parsed ("device_del", "{'id': %s}", "nope")).dup_node ("return");
    assert_not_reached ();
  } catch (Qmp.CommandError.DEVICE_NOT_FOUND error) {
  }
  try {
    vm.execute_parsed (null, "device_del", "{'id': %s}", "nope");
    assert_not_reached ();
  } catch (Qmp.CommandError.DEVICE_NOT_FOUND error) {
  }
}

void asynchronous (Qmp.Client vm) throws Error {
  var loop = new MainLoop ();
  Error? failure = null;
  run_async.begin (vm, (object, result) => {
    try {
      run_async.end (result);
    } catch (Error error) {
      failure = error;
    }
    loop.quit ();
  });
  loop.run ();
  if (failure != null)
    throw failure;
}

void file_descriptor (Qmp.Client vm) throws Error {
  var message = new Qmp.Message.command ("add-fd", Json.from_string ("{\"fdset-id\":7}"));
  var fds = new UnixFDList ();
  fds.append (1);
  message.set_fd_list (fds);
  var added = vm.execute_message (message, null);
  assert_cmpint ((int) added.get_object ().get_int_member ("fdset-id"), CompareOperator.EQ, 7);
  vm.execute ("remove-fd", Json.from_string ("{\"fdset-id\":7}"), null);
}

void events (Qmp.Client vm) throws Error {
  string heard = "";
  vm.event["STOP"].connect ((event) => { heard += event.get_name () + " "; });
  vm.event.connect ((event) => { heard += event.get_name () + " "; });
  vm.execute ("stop", null, null);
  vm.execute ("cont", null, null);
  while (!("RESUME" in heard))
    MainContext.default ().iteration (true);
  assert_cmpstr (heard, CompareOperator.EQ, "STOP STOP RESUME ");
}

void errors (Qmp.Client vm) throws Error {
  try {
    vm.execute ("device_del", Json.from_string ("{\"id\":\"nope\"}"), null);
    assert_not_reached ();
  } catch (Qmp.CommandError.DEVICE_NOT_FOUND error) {
    assert_cmpstr (Qmp.CommandError.get_class (error), CompareOperator.EQ, "DeviceNotFound");
    assert_true (Qmp.CommandError.get_received (error).has_member ("error"));
    assert_true (Qmp.CommandError.get_sent (error).has_member ("execute"));
  }
  try {
    new Qmp.Client (null).execute ("query-status", null, null);
    assert_not_reached ();
  } catch (Qmp.ClientError.STATE error) {
  }
}

void cancellation (Qmp.Client vm) throws Error {
  var cancellable = new Cancellable ();
  cancellable.cancel ();
  try {
    vm.execute ("query-status", null, cancellable);
    assert_not_reached ();
  } catch (IOError.CANCELLED error) {
  }
  assert_cmpstr (status_of (vm.execute ("query-status", null, null)), CompareOperator.EQ, "running");
}

int main (string[] arguments) {
  address = new UnixSocketAddress (arguments[arguments.length - 1]);
  Test.init (ref arguments);
  add ("opening", opening);
  add ("commands", commands);
  add ("variable", variable);
  add ("asynchronous", asynchronous);
  add ("file-descriptor", file_descriptor);
  add ("events", events);
  add ("errors", errors);
  add ("cancellation", cancellation);
  return Test.run ();
}
