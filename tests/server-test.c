/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <math.h>

#include "test-raw.h"

/* The other side: clients of ours and bare sockets, in the loop of the server that they talk to. */

typedef struct {
  QmpServer *server;
  GPtrArray *kept;       /* of QmpInvocation: what "keep" and the like have brought */
  GString   *log;        /* names of commands */
} Fixture;

static gboolean
echo_cb (QmpServer     *server,
         QmpInvocation *invocation,
         Fixture       *self)
{
  g_autoptr(GError) error = NULL;

  qmp_invocation_return_value (invocation, qmp_invocation_get_arguments (invocation), &error);
  g_assert_no_error (error);
  return TRUE;
}

static gboolean
keep_cb (QmpServer     *server,
         QmpInvocation *invocation,
         Fixture       *self)
{
  g_ptr_array_add (self->kept, g_object_ref (invocation));
  return TRUE;
}

static gboolean
any_cb (QmpServer     *server,
        QmpInvocation *invocation,
        Fixture       *self)
{
  if (self->log->len > 0)
    g_string_append_c (self->log, ' ');
  g_string_append (self->log, qmp_invocation_get_command (invocation));
  return FALSE;
}

static void
set_up (Fixture       *self,
        gconstpointer  data)
{
  self->server = qmp_server_new ("test");
  self->kept = g_ptr_array_new_with_free_func (g_object_unref);
  self->log = g_string_new (NULL);
  g_signal_connect (self->server, "command", G_CALLBACK (any_cb), self);
  g_signal_connect (self->server, "command::echo", G_CALLBACK (echo_cb), self);
  g_signal_connect (self->server, "command::keep", G_CALLBACK (keep_cb), self);
  g_signal_connect (self->server, "command::urgent", G_CALLBACK (keep_cb), self);
  qmp_server_set_oob_commands (self->server, (const char * const []) { "urgent", NULL });
}

static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  g_ptr_array_unref (self->kept);
  qmp_server_close (self->server);
  g_assert_finalize_object (self->server);
  g_string_free (self->log, TRUE);
}

static QmpInvocation *
get_kept (Fixture *self,
          guint    index)
{
  test_spin_until (self->kept->len > index);
  return self->kept->pdata[index];
}

static QmpServerConnection *
get_connection (Fixture *self,
                guint    index)
{
  g_autoptr(QmpServerConnection) connection =
    g_list_model_get_item (qmp_server_get_connections (self->server), index);

  return connection;
}

static guint
count_connections (Fixture *self)
{
  return g_list_model_get_n_items (qmp_server_get_connections (self->server));
}

/* --- the greeting, and what follows it --- */

static void
test_greeting (Fixture       *self,
               gconstpointer  data)
{
  int fd;
  g_autoptr(GIOStream) stream = test_socketpair (&fd);
  g_autoptr(TestRaw) raw = test_raw_new_for_fd (fd);

  qmp_server_set_version (self->server, "8.2.10");
  qmp_server_set_package (self->server, "own");
  qmp_server_set_capabilities (self->server, NULL);
  g_assert_true (qmp_server_add_stream (self->server, stream, NULL));
  test_raw_assert_line (raw, "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 10, \"minor\": 2, \"major\": 8}, "
                             "\"package\": \"own\"}, \"capabilities\": []}}");
  test_raw_assert_answer (raw, "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[\"oob\"]}}",
                          test_raw_error ("GenericError", "Capability oob not available", NULL));
}

static void
test_negotiation (Fixture       *self,
                  gconstpointer  data)
{
  g_autoptr(TestRaw) raw = test_raw_new (self->server);

  g_assert_cmpint (qmp_server_connection_get_runstate (get_connection (self, 0)), ==, QMP_RUNSTATE_CONNECTING);
  test_raw_assert_answer (raw, "{\"execute\":\"echo\",\"id\":1}",
                          test_raw_error ("CommandNotFound", "Expecting capabilities negotiation with 'qmp_capabilities'", "1"));
  g_assert_cmpstr (self->log->str, ==, "");
  test_raw_negotiate (raw);
  g_assert_cmpint (qmp_server_connection_get_runstate (get_connection (self, 0)), ==, QMP_RUNSTATE_RUNNING);
  g_assert_false (qmp_server_connection_get_out_of_band_active (get_connection (self, 0)));
  test_raw_assert_answer (raw, "{\"execute\":\"echo\"}", "{\"return\":{}}");
}

/* What stands behind the negotiation in the same read is judged after it. */
static void
test_negotiation_pipelined (Fixture       *self,
                            gconstpointer  data)
{
  g_autoptr(TestRaw) raw = test_raw_new (self->server);

  test_raw_say (raw, "{\"execute\":\"qmp_capabilities\"}{\"execute\":\"echo\",\"id\":\"a\"}");
  test_raw_assert_line (raw, "{\"return\":{}}");
  test_raw_assert_line (raw, "{\"return\":{},\"id\":\"a\"}");
}

/* --- commands --- */

static void
test_commands (Fixture       *self,
               gconstpointer  data)
{
  g_autoptr(TestRaw) raw = test_raw_new (self->server);

  test_raw_negotiate (raw);
  test_raw_assert_answer (raw, "{\"execute\":\"echo\",\"arguments\":{\"a\":[1.0,\"\\u00e9\"]},\"id\":{\"b\":null}}",
                          "{\"return\":{\"a\":[1,\"\xc3\xa9\"]},\"id\":{\"b\":null}}");
  test_raw_assert_answer (raw, "{\"execute\":\"nothing\",\"id\":18446744073709551615}",
                          test_raw_error ("CommandNotFound", "The command nothing has not been found", "18446744073709551615"));
  test_raw_assert_answer (raw, "{\"execute\":\"echo\",\"id\":1,\"a\":1}",
                          test_raw_error ("GenericError", "QMP input member 'a' is unexpected", "1"));
  test_raw_assert_answer (raw, "{\"execute\":echo,\"id\":1}",
                          test_raw_error ("GenericError", "JSON parse error, at byte 11", NULL));
  test_raw_assert_answer (raw, "hello\r\n", test_raw_error ("GenericError", "JSON parse error, at byte 0", NULL));
  test_raw_assert_answer (raw, "{\"execute\":\"echo\"}", "{\"return\":{}}");
  g_assert_cmpstr (self->log->str, ==, "echo nothing echo");
}

/* Names that clients make up are not kept: quarks are for ever. */
static void
test_no_quarks (Fixture       *self,
                gconstpointer  data)
{
  g_autoptr(TestRaw) raw = test_raw_new (self->server);

  test_raw_negotiate (raw);
  test_raw_assert_answer (raw, "{\"execute\":\"never-heard-of\"}",
                          test_raw_error ("CommandNotFound", "The command never-heard-of has not been found", NULL));
  g_assert_cmpuint (g_quark_try_string ("never-heard-of"), ==, 0);
}

static void
test_invocation (Fixture       *self,
                 gconstpointer  data)
{
  g_autoptr(TestRaw) raw = test_raw_new (self->server);
  g_autofree char *command = NULL;
  g_autoptr(QmpMessage) message = NULL;
  g_autoptr(QmpServerConnection) connection = NULL;
  g_autoptr(JsonNode) arguments = NULL;
  QmpInvocation *invocation;
  gboolean answered, out_of_band;

  test_raw_negotiate (raw);
  test_raw_say (raw, "{\"execute\":\"keep\",\"arguments\":{\"a\":1},\"id\":7}{\"execute\":\"keep\"}");
  invocation = get_kept (self, 0);
  g_object_get (invocation, "command", &command, "message", &message, "connection", &connection, "answered", &answered,
                "out-of-band", &out_of_band, "arguments", &arguments, NULL);
  g_assert_cmpstr (command, ==, "keep");
  g_assert_true (qmp_message_is_read_only (message));
  g_assert_true (connection == get_connection (self, 0));
  g_assert_false (answered);
  g_assert_false (out_of_band);
  test_assert_json (arguments, "{\"a\":1}");
  test_assert_json (qmp_message_get_node (message), "{\"execute\":\"keep\",\"arguments\":{\"a\":1},\"id\":7}");
  g_assert_null (qmp_invocation_get_fd_list (invocation));
  g_assert_null (qmp_invocation_get_arguments (get_kept (self, 1)));
}

/* In-band answers wait for earlier ones. */
static void
test_order (Fixture       *self,
            gconstpointer  data)
{
  g_autoptr(TestRaw) raw = test_raw_new (self->server);

  test_raw_negotiate (raw);
  test_raw_say (raw, "{\"execute\":\"keep\",\"id\":1}{\"execute\":\"keep\",\"id\":2}{\"id\":3}{\"execute\":\"echo\",\"id\":4}");
  g_assert_true (qmp_invocation_return_text (get_kept (self, 1), " \"two\" ", NULL));
  test_spin_until (g_str_has_suffix (self->log->str, "echo"));
  test_spin_ready ();
  g_assert_false (test_raw_has_line (raw));
  g_assert_true (qmp_invocation_return_error (get_kept (self, 0), "DeviceNotFound", "no \xff one", NULL));
  test_raw_assert_line (raw, test_raw_error ("DeviceNotFound", "no \xef\xbf\xbd one", "1"));
  test_raw_assert_line (raw, "{\"return\":\"two\",\"id\":2}");
  test_raw_assert_line (raw, test_raw_error ("GenericError", "QMP input lacks member 'execute'", "3"));
  test_raw_assert_line (raw, "{\"return\":{},\"id\":4}");
}

/* Those that come out-of-band go first: their answers, and they themselves. */
static void
test_out_of_band (Fixture       *self,
                  gconstpointer  data)
{
  g_autoptr(TestRaw) raw = test_raw_new (self->server);

  test_raw_negotiate_oob (raw);
  g_assert_true (qmp_server_connection_get_out_of_band_active (get_connection (self, 0)));
  test_raw_say (raw, "{\"execute\":\"keep\",\"id\":1}{\"exec-oob\":\"urgent\",\"id\":2}{\"exec-oob\":\"urgent\",\"id\":3}"
                     "{\"exec-oob\":1,\"id\":4}");
  test_raw_assert_line (raw, test_raw_error ("GenericError", "QMP input member 'exec-oob' must be a string", "4"));
  g_assert_cmpstr (qmp_invocation_get_command (get_kept (self, 0)), ==, "urgent");
  g_assert_true (qmp_invocation_get_out_of_band (get_kept (self, 0)));
  g_assert_cmpstr (qmp_invocation_get_command (get_kept (self, 2)), ==, "keep");
  qmp_invocation_return_value (get_kept (self, 1), NULL, NULL);
  test_raw_assert_line (raw, "{\"return\":{},\"id\":3}");
  qmp_invocation_return_value (get_kept (self, 0), NULL, NULL);
  test_raw_assert_line (raw, "{\"return\":{},\"id\":2}");
  qmp_invocation_return_value (get_kept (self, 2), NULL, NULL);
  test_raw_assert_line (raw, "{\"return\":{},\"id\":1}");
}

static void
test_out_of_band_refused (Fixture       *self,
                          gconstpointer  data)
{
  g_autoptr(TestRaw) raw = test_raw_new (self->server);
  g_autoptr(TestRaw) without = test_raw_new (self->server);

  /* Whoever hears of all commands may have any: then nothing is known to be missing. */
  g_signal_handlers_disconnect_by_func (self->server, any_cb, self);
  test_raw_negotiate_oob (raw);
  test_raw_assert_answer (raw, "{\"exec-oob\":\"echo\",\"id\":1}",
                          test_raw_error ("GenericError", "The command echo does not support OOB", "1"));
  test_raw_assert_answer (raw, "{\"exec-oob\":\"nothing\",\"id\":1}",
                          test_raw_error ("CommandNotFound", "The command nothing has not been found", "1"));
  test_raw_assert_answer (raw, "{\"exec-oob\":\"qmp_capabilities\",\"id\":1}",
                          test_raw_error ("GenericError", "The command qmp_capabilities does not support OOB", "1"));
  test_raw_negotiate (without);
  test_raw_assert_answer (without, "{\"exec-oob\":\"urgent\",\"id\":1}",
                          test_raw_error ("GenericError", "QMP input member 'exec-oob' is unexpected", "1"));
  g_signal_connect (self->server, "command", G_CALLBACK (any_cb), self);
}

/* --- answering --- */

static gpointer
drop_in_thread (gpointer data)
{
  g_object_unref (data);
  return NULL;
}

static void
test_dropped (Fixture       *self,
              gconstpointer  data)
{
  g_autoptr(TestRaw) raw = test_raw_new (self->server);
  QmpInvocation *last;

  test_raw_negotiate (raw);
  test_raw_say (raw, "{\"execute\":\"keep\",\"id\":1}{\"execute\":\"keep\",\"id\":2}");
  get_kept (self, 1);
  g_ptr_array_remove_index (self->kept, 0);
  test_raw_assert_line (raw, test_raw_error ("GenericError", "The command keep was not answered", "1"));

  last = g_object_ref (get_kept (self, 0));
  g_ptr_array_set_size (self->kept, 0);
  g_thread_join (g_thread_new ("dropper", drop_in_thread, last));
  test_raw_assert_line (raw, test_raw_error ("GenericError", "The command keep was not answered", "2"));
}

static void
test_answered_twice (Fixture       *self,
                     gconstpointer  data)
{
  g_autoptr(TestRaw) raw = test_raw_new (self->server);
  g_autoptr(GError) error = NULL;

  test_raw_negotiate (raw);
  test_raw_say (raw, "{\"execute\":\"keep\"}");
  g_assert_true (qmp_invocation_return_value (get_kept (self, 0), NULL, NULL));
  g_assert_true (qmp_invocation_get_answered (get_kept (self, 0)));
  g_assert_false (qmp_invocation_return_error (get_kept (self, 0), "GenericError", "no", &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  test_raw_assert_line (raw, "{\"return\":{}}");
  test_raw_assert_answer (raw, "{\"execute\":\"echo\"}", "{\"return\":{}}");
}

/* What cannot be sent is not sent, and the command can still be answered. */
static void
test_unsendable (Fixture       *self,
                 gconstpointer  data)
{
  g_autoptr(TestRaw) raw = test_raw_new (self->server);
  g_autoptr(JsonNode) infinite = json_node_init_double (json_node_alloc (), INFINITY);
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) text_error = NULL;
  g_autoptr(GError) data_error = NULL;
  g_autoptr(JsonNode) array = test_json ("[]");

  test_raw_negotiate (raw);
  test_raw_say (raw, "{\"execute\":\"keep\"}");
  g_assert_false (qmp_invocation_return_value (get_kept (self, 0), infinite, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  g_assert_false (qmp_invocation_return_text (get_kept (self, 0), "{", &text_error));
  g_assert_error (text_error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_DESERIALIZATION);
  g_assert_false (qmp_server_emit_event (self->server, "A", array, &data_error));
  g_assert_error (data_error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE);
  g_assert_false (qmp_invocation_get_answered (get_kept (self, 0)));
  g_assert_true (qmp_invocation_return_text (get_kept (self, 0), "[18446744073709551616]", NULL));
  test_raw_assert_line (raw, "{\"return\":[18446744073709551616]}");
}

static gpointer
answer_in_thread (gpointer data)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (qmp_invocation_return_value (data, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_THREAD);
  return NULL;
}

static void
test_foreign_thread (Fixture       *self,
                     gconstpointer  data)
{
  g_autoptr(TestRaw) raw = test_raw_new (self->server);

  test_raw_negotiate (raw);
  test_raw_say (raw, "{\"execute\":\"keep\"}");
  get_kept (self, 0);
  g_test_expect_message ("Qmp", G_LOG_LEVEL_CRITICAL, "*() was called in another thread than the server's*");
  g_thread_join (g_thread_new ("foreign", answer_in_thread, get_kept (self, 0)));
  g_test_assert_expected_messages ();
  g_assert_true (qmp_invocation_return_value (get_kept (self, 0), NULL, NULL));
  test_raw_assert_line (raw, "{\"return\":{}}");
}

/* --- events --- */

static char *
read_event (TestRaw *raw)
{
  g_autofree char *line = test_raw_read_line (raw);
  g_autoptr(QmpMessage) message = test_message (line);

  g_assert_cmpint (qmp_message_get_int64 (message, "timestamp.seconds", NULL), >, 1600000000);
  qmp_message_remove_member (message, "timestamp");
  return test_message_dup_text (message);
}

static void
test_events (Fixture       *self,
             gconstpointer  data)
{
  g_autoptr(TestRaw) early = test_raw_new (self->server);
  g_autoptr(TestRaw) raw = test_raw_new (self->server);
  g_autoptr(JsonNode) event_data = test_json ("{\"a\":1}");
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  test_raw_negotiate (raw);
  test_raw_say (raw, "{\"execute\":\"keep\"}");
  get_kept (self, 0);
  g_assert_true (qmp_server_emit_event (self->server, "STOP", NULL, NULL));
  qmp_invocation_return_value (get_kept (self, 0), NULL, NULL);
  g_assert_true (qmp_server_emit_event (self->server, "RESUME", event_data, NULL));
  first = read_event (raw);
  g_assert_cmpstr (first, ==, "{\"event\":\"STOP\"}");
  test_raw_assert_line (raw, "{\"return\":{}}");
  second = read_event (raw);
  g_assert_cmpstr (second, ==, "{\"event\":\"RESUME\",\"data\":{\"a\":1}}");

  /* Who has not negotiated is told nothing. */
  test_raw_negotiate (early);
}

static void
test_send (Fixture       *self,
           gconstpointer  data)
{
  g_autoptr(TestRaw) raw = test_raw_new (self->server);
  g_autoptr(QmpMessage) message = test_message ("{\"hello\": 1}");
  g_autoptr(QmpServerConnection) connection = g_object_ref (get_connection (self, 0));
  g_autoptr(GError) error = NULL;

  g_assert_true (qmp_server_connection_send (connection, message, NULL));
  test_raw_assert_line (raw, "{\"hello\": 1}");
  qmp_server_connection_close (connection);
  g_assert_false (qmp_server_connection_send (connection, message, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
}

/* --- descriptors --- */

static void
test_descriptors (Fixture       *self,
                  gconstpointer  data)
{
  g_autoptr(TestRaw) raw = test_raw_new (self->server);
  guint n_fds;

  test_raw_negotiate (raw);
  n_fds = test_count_fds ();
  test_raw_say (raw, "{\"execute\":\"keep\"}");
  test_raw_say_with_fds (raw, "{\"execute\":\"keep\"}{\"execute\":\"keep\"}", 2);
  g_assert_null (qmp_invocation_get_fd_list (get_kept (self, 0)));
  g_assert_cmpint (g_unix_fd_list_get_length (qmp_invocation_get_fd_list (get_kept (self, 1))), ==, 2);
  g_assert_null (qmp_invocation_get_fd_list (get_kept (self, 2)));
  g_ptr_array_set_size (self->kept, 0);
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
}

/* --- with our client --- */

static void
event_cb (QmpClient *client,
          QmpEvent  *event,
          gpointer   user_data)
{
  g_string_append_printf (user_data, " %s", qmp_event_get_name (event));
}

static void
test_client (Fixture       *self,
             gconstpointer  data)
{
  g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  GSocketAddress *bound;
  g_autoptr(GString) events = g_string_new (NULL);
  g_autoptr(JsonNode) value = NULL;
  g_autoptr(GError) error = NULL;
  QmpClient *client = qmp_client_new (NULL);

  g_assert_null (qmp_server_get_listen_address (self->server));
  g_assert_true (qmp_server_listen (self->server, G_SOCKET_CONNECTABLE (address), &error));
  bound = qmp_server_get_listen_address (self->server);
  g_signal_connect (client, "event", G_CALLBACK (event_cb), events);
  g_assert_true (test_open (client, G_SOCKET_CONNECTABLE (bound), &error));
  g_assert_cmpstr (qmp_greeting_get_package (qmp_client_get_greeting (client)), ==, "qmp-glib");
  g_assert_true (qmp_client_get_out_of_band_active (client));
  g_assert_null (qmp_server_connection_get_credentials (get_connection (self, 0)));

  value = test_execute (client, "echo", &error);
  g_assert_no_error (error);
  g_assert_null (test_execute (client, "nothing", &error));
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_COMMAND_NOT_FOUND);
  g_clear_error (&error);
  qmp_server_emit_event (self->server, "STOP", NULL, NULL);
  test_spin_until (g_str_equal (events->str, " STOP"));
  g_assert_true (test_close (client, NULL));
  test_spin_until (count_connections (self) == 0);
  test_client_free (client);
}

/* --- QMP_DEBUG --- */

static gboolean
answer_secret_cb (QmpServer     *server,
                  QmpInvocation *invocation,
                  gpointer       user_data)
{
  return qmp_invocation_return_text (invocation, "{\"x\": \"hunter2\"}", NULL);
}

static void
run_debugged (Fixture    *self,
              const char *flags)
{
  g_autoptr(TestRaw) raw = NULL;

  g_setenv ("QMP_DEBUG", flags, TRUE);
  raw = test_raw_new (self->server);
  test_raw_negotiate (raw);
  g_signal_connect (self->server, "command::qom-get", G_CALLBACK (answer_secret_cb), NULL);
  test_raw_assert_answer (raw, "{\"execute\":\"echo\",\"arguments\":{\"password\":\"hunter2\"}}",
                          "{\"return\":{\"password\":\"hunter2\"}}");
  test_raw_assert_answer (raw, "{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"/objects/a\",\"property\":\"password\"}}",
                          "{\"return\":{\"x\":\"hunter2\"}}");
}

static void
test_debug (Fixture       *self,
            gconstpointer  data)
{
  const char *flags = data;

  if (g_test_subprocess ())
    {
      run_debugged (self, flags);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*test --> {\"QMP\"*test <-- {\"execute\"*test --> {\"return\"*");
  if (strstr (flags, "secrets") != NULL)
    g_test_trap_assert_stderr ("*hunter2*");
  else
    g_test_trap_assert_stderr_unmatched ("*hunter2*");
}

/* --- bare objects --- */

static void
test_bare (Fixture       *self,
           gconstpointer  data)
{
  g_autoptr(QmpInvocation) invocation = g_object_new (QMP_TYPE_INVOCATION, NULL);
  g_autoptr(QmpServerConnection) connection = g_object_new (QMP_TYPE_SERVER_CONNECTION, NULL);

  g_assert_null (qmp_invocation_get_command (invocation));
  g_assert_null (qmp_invocation_get_arguments (invocation));
  g_assert_cmpint (qmp_server_connection_get_runstate (connection), ==, QMP_RUNSTATE_IDLE);
  qmp_server_connection_close (connection);
}

static void
test_properties (Fixture       *self,
                 gconstpointer  data)
{
  g_autofree char *version = NULL;
  g_autofree char *own = g_strdup_printf ("%d.%d.%d", QMP_MAJOR_VERSION, QMP_MINOR_VERSION, QMP_MICRO_VERSION);
  const char * const *capabilities = qmp_server_get_capabilities (self->server);

  g_assert_cmpstr (qmp_server_get_name (self->server), ==, "test");
  g_assert_cmpstr (qmp_server_get_version (self->server), ==, own);
  g_assert_cmpstr (capabilities[0], ==, "oob");
  g_object_set (self->server, "version", "1.2.3", "package", "p", "capabilities", NULL, "oob-commands", NULL, "owner-only",
                FALSE, "max-message-size", 10, "max-connections", 2, "max-pending", 3, "max-unsent", 4, NULL);
  g_object_get (self->server, "version", &version, NULL);
  g_assert_cmpstr (version, ==, "1.2.3");
  g_assert_cmpstr (qmp_server_get_package (self->server), ==, "p");
  g_assert_null (qmp_server_get_capabilities (self->server)[0]);
  g_assert_null (qmp_server_get_oob_commands (self->server)[0]);
  g_assert_false (qmp_server_get_owner_only (self->server));
  g_assert_cmpuint (qmp_server_get_max_message_size (self->server), ==, 10);
  g_assert_cmpuint (qmp_server_get_max_connections (self->server), ==, 2);
  g_assert_cmpuint (qmp_server_get_max_pending (self->server), ==, 3);
  g_assert_cmpuint (qmp_server_get_max_unsent (self->server), ==, 4);

  g_test_expect_message ("Qmp", G_LOG_LEVEL_CRITICAL, "*read_version*");
  qmp_server_set_version (self->server, "1.2");
  g_test_assert_expected_messages ();
}

#define ADD(path, function) \
  g_test_add ("/server/" path, Fixture, NULL, set_up, function, tear_down)

/* A program that waits for itself is told so. */
static void
test_own_server (Fixture       *self,
                 gconstpointer  data)
{
  g_autofree char *directory = g_dir_make_tmp ("qmp-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "socket", NULL);
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr(QmpClient) client = qmp_client_new (NULL);
  g_autoptr(GError) error = NULL;

  g_assert_true (qmp_server_listen (self->server, G_SOCKET_CONNECTABLE (address), NULL));
  qmp_client_set_open_timeout (client, 1);
  g_assert_false (qmp_client_open (client, G_SOCKET_CONNECTABLE (address), NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY);
  test_assert_error_has (error, "waits for itself");
  qmp_server_close (self->server);
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

static void
add_another (QmpServerConnection *connection,
             const GError        *why,
             QmpServer           *server)
{
  int fd;
  g_autoptr(GIOStream) stream = test_socketpair (&fd);
  g_autoptr(GError) error = NULL;

  g_assert_false (qmp_server_add_stream (server, stream, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  close (fd);
}

/* Whoever hears that a client is gone may want another, of a server that is about to go. */
static void
test_add_while_it_goes (void)
{
  QmpServer *server = qmp_server_new (NULL);
  g_autoptr(QmpServerConnection) connection = NULL;
  g_autoptr(GIOStream) stream = NULL;
  int fd;

  stream = test_socketpair (&fd);
  g_assert_true (qmp_server_add_stream (server, stream, NULL));
  connection = g_list_model_get_item (qmp_server_get_connections (server), 0);
  g_signal_connect (connection, "closed", G_CALLBACK (add_another), server);
  g_object_unref (server);
  close (fd);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("greeting", test_greeting);
  ADD ("negotiation", test_negotiation);
  ADD ("negotiation/pipelined", test_negotiation_pipelined);
  ADD ("commands", test_commands);
  ADD ("commands/no-quarks", test_no_quarks);
  ADD ("commands/invocation", test_invocation);
  ADD ("commands/order", test_order);
  ADD ("commands/out-of-band", test_out_of_band);
  ADD ("commands/out-of-band/refused", test_out_of_band_refused);
  ADD ("answers/dropped", test_dropped);
  ADD ("answers/twice", test_answered_twice);
  ADD ("answers/unsendable", test_unsendable);
  ADD ("answers/foreign-thread", test_foreign_thread);
  ADD ("events", test_events);
  ADD ("send", test_send);
  ADD ("descriptors", test_descriptors);
  ADD ("client", test_client);
  g_test_add ("/server/debug", Fixture, "wire", set_up, test_debug, tear_down);
  g_test_add ("/server/debug/secrets", Fixture, "wire,secrets", set_up, test_debug, tear_down);
  ADD ("bare", test_bare);
  ADD ("properties", test_properties);
  ADD ("own", test_own_server);

  g_test_add_func ("/server/add-while-it-goes", test_add_while_it_goes);

  return g_test_run ();
}
