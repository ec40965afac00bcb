/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every feature once, told in each language: what it prints is expected.txt.
 *
 * usage: story MONITOR LISTENING AGENT TLS-ADDRESS CA-FILE */

#include <gio/gunixfdlist.h>
#include <qmp-glib/qmp-glib.h>
#include <stdlib.h>
#include <string.h>

static void
check (GError *error)
{
  if (error == NULL)
    return;
  g_printerr ("%s\n", error->message);
  exit (1);
}

static void
open_client (QmpClient  *vm,
             const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnectable) address = qmp_address_parse (text, &error);

  check (error);
  qmp_client_open (vm, address, NULL, &error);
  check (error);
}

static void
close_client (QmpClient *vm)
{
  g_autoptr (GError) error = NULL;

  qmp_client_close (vm, NULL, &error);
  check (error);
}

static JsonNode *
execute (QmpClient  *vm,
         QmpMessage *message)
{
  g_autoptr (GError) error = NULL;
  JsonNode *value = qmp_client_execute_message (vm, message, NULL, &error);

  check (error);
  return value;
}

static void
run (QmpClient  *vm,
     const char *command)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = qmp_client_execute (vm, command, NULL, NULL, &error);

  check (error);
}

static void
print_status (QmpClient  *vm,
              const char *label,
              int         timeout)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpMessage) message = qmp_message_new_command ("query-status", NULL, &error);
  g_autoptr (JsonNode) value = NULL;

  check (error);
  qmp_message_set_timeout (message, timeout);
  value = execute (vm, message);
  g_print ("%s: %s\n", label, json_object_get_string_member (json_node_get_object (value), "status"));
}

static void
tell_commands (QmpClient *vm)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) arguments = json_from_string ("{\"path\": \"/machine\", \"property\": \"type\"}", NULL);
  g_autoptr (JsonNode) type = qmp_client_execute (vm, "qom-get", arguments, NULL, &error);
  g_autoptr (QmpMessage) message = NULL;
  g_autoptr (JsonNode) nothing = NULL;

  check (error);
  g_print ("qom-get: %s\n", json_node_get_string (type));

  message = qmp_message_new_parsed ("device_del", &error, "{'id': %s}", "nope");
  check (error);
  nothing = qmp_client_execute_message (vm, message, NULL, &error);
  if (!g_error_matches (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_DEVICE_NOT_FOUND))
    check (error);
  g_print ("device_del: %s: %s\n", qmp_command_error_get_class (error), error->message);
}

static QmpMessage *
exchange (QmpClient  *vm,
          const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (QmpMessage) message = qmp_message_new_from_bytes (bytes, &error);
  QmpMessage *reply;

  check (error);
  reply = qmp_client_exchange (vm, message, NULL, &error);
  check (error);
  return reply;
}

static void
tell_exchanges (QmpClient *vm)
{
  g_autoptr (QmpMessage) good = exchange (vm, "{\"execute\": \"query-status\", \"id\": \"story\"}");
  g_autoptr (QmpMessage) bad = exchange (vm, "{\"execute\": \"nope\", \"id\": {\"number\": 7}}");
  JsonObject *reply = json_node_get_object (qmp_message_get_node (good));

  g_print ("exchange: %s: %s\n", json_object_get_string_member (reply, "id"),
           json_object_get_string_member (json_object_get_object_member (reply, "return"), "status"));
  reply = json_node_get_object (qmp_message_get_node (bad));
  g_print ("exchange: %d: %s\n",
           (int) json_object_get_int_member (json_object_get_object_member (reply, "id"), "number"),
           json_object_get_string_member (json_object_get_object_member (reply, "error"), "class"));
}

static void
tell_events (QmpClient *vm)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new ((const char *[]) { "STOP", "RESUME", NULL });
  g_autoptr (QmpEventMatch) stop = qmp_event_match_new ((const char *[]) { "STOP", NULL });
  g_autoptr (QmpMessage) command = NULL;
  g_autoptr (QmpEvent) early = NULL;
  g_autoptr (QmpEvent) first = NULL;
  g_autoptr (QmpEvent) second = NULL;
  g_autoptr (QmpEvent) none = NULL;
  g_autoptr (QmpEvent) waited = NULL;

  qmp_client_add_listener (vm, listener);
  early = qmp_event_listener_try_next (listener);
  g_print ("listener: %s\n", early != NULL ? qmp_event_get_name (early) : "nothing");
  run (vm, "stop");
  run (vm, "cont");
  first = qmp_event_listener_next (listener, 10000, NULL, &error);
  check (error);
  g_print ("listener: %s\n", qmp_event_get_name (first));
  second = qmp_event_listener_try_next (listener);
  g_print ("listener: %s\n", second != NULL ? qmp_event_get_name (second) : "nothing");
  none = qmp_event_listener_next (listener, 50, NULL, &error);
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    check (error);
  g_print ("listener: %s\n", none == NULL ? "timed out" : qmp_event_get_name (none));
  g_clear_error (&error);
  qmp_client_remove_listener (vm, listener);

  command = qmp_message_new_command ("stop", NULL, &error);
  check (error);
  waited = qmp_client_execute_and_wait (vm, command, stop, NULL, &error);
  check (error);
  g_print ("execute_and_wait: %s\n", qmp_event_get_name (waited));
}

static void
tell_fd (QmpClient *vm)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpMessage) message = qmp_message_new_parsed ("add-fd", &error, "{'fdset-id': %i, 'opaque': %s}", 1, "story");
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr (JsonNode) added = NULL;
  g_autoptr (JsonNode) fdsets = NULL;
  JsonObject *fdset, *fd;

  check (error);
  g_unix_fd_list_append (fds, 0, &error);
  check (error);
  qmp_message_set_fd_list (message, fds);
  added = execute (vm, message);
  fdsets = qmp_client_execute (vm, "query-fdsets", NULL, NULL, &error);
  check (error);
  fdset = json_array_get_object_element (json_node_get_array (fdsets), 0);
  fd = json_array_get_object_element (json_object_get_array_member (fdset, "fds"), 0);
  g_print ("query-fdsets: set %d has %s\n", (int) json_object_get_int_member (fdset, "fdset-id"),
           json_object_get_string_member (fd, "opaque"));
}

static void
tell_calls (QmpClient *vm)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpMessage) message = qmp_message_new_command ("query-yank", NULL, &error);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (JsonNode) yank = NULL;
  g_autoptr (JsonNode) nothing = NULL;

  check (error);
  qmp_message_set_out_of_band (message, TRUE);
  yank = execute (vm, message);
  g_print ("query-yank: %s\n",
           json_object_get_string_member (json_array_get_object_element (json_node_get_array (yank), 0), "type"));
  print_status (vm, "timeout", 10000);

  g_cancellable_cancel (cancellable);
  nothing = qmp_client_execute (vm, "query-name", NULL, cancellable, &error);
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    check (error);
  g_print ("cancellable: %s\n", nothing == NULL ? "cancelled" : "answered");
}

static void
wire_cb (QmpClient        *vm,
         QmpWireDirection  direction,
         const char       *text,
         gpointer          user_data)
{
  guint *n_out_of_band = user_data;

  if (strstr (text, "\"exec-oob\"") != NULL)
    ++*n_out_of_band;
}

static void
tell_monitor (const char *address)
{
  g_autoptr (QmpClient) vm = qmp_client_new ("story");
  g_autofree char *capabilities = NULL;
  guint n_out_of_band = 0;

  g_signal_connect (vm, "wire", G_CALLBACK (wire_cb), &n_out_of_band);
  open_client (vm, address);
  capabilities = g_strjoinv (", ", (char **) qmp_greeting_get_capabilities (qmp_client_get_greeting (vm)));
  g_print ("greeting: %s\n", capabilities);
  tell_commands (vm);
  tell_exchanges (vm);
  tell_events (vm);
  tell_fd (vm);
  tell_calls (vm);
  while (g_main_context_iteration (NULL, FALSE))
    ;  /* blocking calls leave the signals to the main context */
  g_print ("wire: %u out of band\n", n_out_of_band);
  close_client (vm);
  g_print ("close: %s\n", qmp_client_get_runstate (vm) == QMP_RUNSTATE_IDLE ? "idle" : "not idle");
}

static void
tell_listening (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpClient) vm = qmp_client_new (NULL);
  g_autoptr (GSocketConnectable) address = qmp_address_parse (text, &error);

  check (error);
  qmp_client_set_accept_timeout (vm, 30000);
  qmp_client_listen (vm, address, NULL, &error);
  check (error);
  qmp_client_accept (vm, NULL, &error);
  check (error);
  print_status (vm, "accept", -1);
  close_client (vm);
}

static void
tell_agent (const char *address)
{
  g_autoptr (QmpClient) agent = qmp_client_new (NULL);

  qmp_client_set_guest_agent (agent, TRUE);
  open_client (agent, address);
  run (agent, "guest-ping");
  g_print ("guest-ping: answered\n");
  close_client (agent);
}

static void
tell_tls (const char *address,
          const char *authority)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpClient) vm = qmp_client_new (NULL);
  g_autoptr (GTlsDatabase) database = g_tls_file_database_new (authority, &error);

  check (error);
  qmp_client_set_tls (vm, TRUE);
  qmp_client_set_tls_database (vm, database);
  open_client (vm, address);
  print_status (vm, "TLS", -1);
  close_client (vm);
}

int
main (int    argc,
      char **argv)
{
  g_assert_cmpint (argc, ==, 6);
  tell_monitor (argv[1]);
  tell_listening (argv[2]);
  tell_agent (argv[3]);
  tell_tls (argv[4], argv[5]);
  return 0;
}
