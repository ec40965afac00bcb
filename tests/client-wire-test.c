/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "client/qmp-client-private.h"
#include "test-peer.h"

/* Seeing what goes over the wire. */

static char *
read_name (const char *text,
           const char *member)
{
  const char *name = strstr (text, member);

  if (name == NULL)
    return NULL;
  name = strchr (name + strlen (member) + 1, '"') + 1;
  return g_strndup (name, strcspn (name, "\""));
}

/* A message in a word: the name of a command or an event, "greeting", "return", "error", "?". */
static char *
make_word (const char *text)
{
  static const char * const members[] = { "return", "error" };
  char *name = read_name (text, "\"execute\"");

  if (name == NULL)
    name = read_name (text, "\"event\"");
  if (name != NULL)
    return name;

  if (strstr (text, "\"QMP\"") != NULL)
    return g_strdup ("greeting");
  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    if (strstr (text, members[i]) != NULL)
      return g_strdup (members[i]);
  return g_strdup ("?");
}

static void
log_wire_cb (QmpClient        *client,
             QmpWireDirection  direction,
             const char       *text,
             TestLog          *log)
{
  g_autofree char *word = make_word (text);

  g_assert_true (g_utf8_validate (text, -1, NULL));
  test_log_add (log, "%s%s", direction == QMP_WIRE_DIRECTION_SENT ? ">" : "<", word);
}

static void
keep_wire_cb (QmpClient        *client,
              QmpWireDirection  direction,
              const char       *text,
              GPtrArray        *texts)
{
  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_ptr_array_add (texts, g_strdup (text));
}

static gboolean
any_has (GPtrArray  *texts,
         const char *part)
{
  for (guint i = 0; i < texts->len; i++)
    if (strstr (g_ptr_array_index (texts, i), part) != NULL)
      return TRUE;
  return FALSE;
}

static GPtrArray *
keep_wire (QmpClient *client)
{
  GPtrArray *texts = g_ptr_array_new_with_free_func (g_free);

  g_signal_connect_data (client, "wire", G_CALLBACK (keep_wire_cb), g_ptr_array_ref (texts),
                         (GClosureNotify) (GCallback) g_ptr_array_unref, 0);
  return texts;
}

static JsonNode *
make_password (void)
{
  return test_json ("{\"protocol\": \"vnc\", \"password\": \"hunter2\"}");
}

/* Each message in its place among replies, events and runstates. */
static void
test_order (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_EVENT ("X"), PEER_REPLY ("1"), PEER_EVENT ("Y"),
                                    PEER_EXPECT ("b"), PEER_ERROR ("GenericError", "no"));
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GIOStream) stream = test_peer_steal_stream (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (GError) error = NULL;

  g_signal_connect (client, "wire", G_CALLBACK (log_wire_cb), log);
  g_assert_true (test_open_stream (client, stream, &error));
  test_log_execute_async (log, "a", client, "a", NULL);
  test_spin_until (test_log_has (log, "Y"));
  test_log_execute_async (log, "b", client, "b", NULL);
  test_spin_until (test_log_has (log, "b!generic"));
  g_assert_cmpstr (test_log_get (log), ==,
                   "CONNECTING <greeting >qmp_capabilities <return RUNNING "
                   ">a <X X <return a <Y Y >b <error b!generic");
  g_signal_handlers_disconnect_by_func (client, log_wire_cb, log);
  g_clear_pointer (&log, test_log_free);
  test_peer_close (peer, client);
}

/* Nothing from within, everything afterwards. */
static void
test_blocking (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_EVENT ("X"), PEER_REPLY ("1"),
                                    PEER_EXPECT ("b"), PEER_REPLY ("2"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) a = NULL;
  g_autoptr (JsonNode) b = NULL;

  g_signal_connect (client, "wire", G_CALLBACK (log_wire_cb), log);
  a = qmp_client_execute (client, "a", NULL, NULL, &error);
  b = qmp_client_execute (client, "b", NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (test_log_get (log), ==, "");
  test_spin_until (test_log_count (log, "<return") == 2);
  g_assert_cmpstr (test_log_get (log), ==, ">a <X X <return >b <return");
  g_signal_handlers_disconnect_by_func (client, log_wire_cb, log);
  g_clear_pointer (&log, test_log_free);
  test_peer_close (peer, client);
}

/* A message that a server does not read is seen when it begins to go out, though the loop has nothing to do
 * then. Over a socket, and over another stream. */
static void
test_blocked (gconstpointer data)
{
  gboolean is_socket = GPOINTER_TO_INT (data);
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_REPLY ("1"), PEER_WAIT,
                                    PEER_EXPECT ("big"), PEER_REPLY ("2"));
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GIOStream) base = test_peer_steal_stream (peer);
  g_autoptr (GIOStream) stream = is_socket ? g_object_ref (base) : test_chunk_stream_new (base, 4096);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autofree char *big = g_strnfill (4 * 1024 * 1024, 'x');
  g_autofree char *text = g_strdup_printf ("{\"execute\": \"big\", \"arguments\": {\"x\": \"%s\"}}", big);
  g_autoptr (QmpMessage) message = test_message (text);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (JsonNode) a = NULL;
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (test_open_stream (client, stream, &error));
  /* Brings the transport's source behind the one that delivers. */
  a = qmp_client_execute (client, "a", NULL, NULL, &error);
  g_assert_no_error (error);
  test_log_clear (log);
  g_signal_connect (client, "wire", G_CALLBACK (log_wire_cb), log);
  qmp_client_execute_message_async (client, message, NULL, test_result_cb, &result);
  test_spin_until (test_log_has (log, ">big"));
  test_peer_signal (peer);
  test_spin_until (result != NULL);
  value = qmp_client_execute_message_finish (client, result, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (test_log_get (log), ==, ">big <return");
  g_clear_object (&result);
  g_signal_handlers_disconnect_by_func (client, log_wire_cb, log);
  g_clear_pointer (&log, test_log_free);
  test_peer_close (peer, client);
}

/* What is not a message is seen too. */
static void
test_faulty (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_SEND ("hello \xfe\r\n[\"list\"]\r\n"),
                                    PEER_SEND_FOR ("{\"return\": inf, \"id\": @}\r\n"),
                                    PEER_EXPECT ("b"), PEER_SEND ("hello \xfe\r\n"),
                                    PEER_SEND_FOR ("{\"return\": inf, \"id\": @}\r\n"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GPtrArray) texts = keep_wire (client);
  g_autoptr (GError) error = NULL;

  g_assert_null (test_execute (client, "a", &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_DESERIALIZATION);
  g_clear_error (&error);
  g_assert_true (any_has (texts, "[\"list\"]"));
  g_assert_true (any_has (texts, " bytes that are not JSON)"));
  g_assert_false (any_has (texts, "hello"));
  g_assert_false (any_has (texts, "inf"));

  qmp_client_set_redact (client, FALSE);
  g_ptr_array_set_size (texts, 0);
  g_assert_null (test_execute (client, "b", &error));
  g_assert_true (any_has (texts, "hello"));
  g_assert_true (any_has (texts, "\"return\": inf"));
  test_peer_close (peer, client);
}

static void
test_redact (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_ECHO (0, 0));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GPtrArray) texts = keep_wire (client);
  g_autoptr (JsonNode) password = make_password ();
  g_autoptr (JsonNode) first = NULL;
  g_autoptr (JsonNode) second = NULL;
  g_autoptr (GError) error = NULL;
  guint n_notified = 0;

  g_signal_connect_swapped (client, "notify::redact", G_CALLBACK (g_atomic_int_inc), &n_notified);
  g_assert_true (qmp_client_get_redact (client));
  first = qmp_client_execute (client, "set_password", password, NULL, &error);
  g_assert_no_error (error);
  test_spin_until (texts->len == 2);
  g_assert_true (g_str_has_prefix (g_ptr_array_index (texts, 0),
                                   "{\"execute\":\"set_password\",\"arguments\":{\"protocol\":\"vnc\","
                                   "\"password\":\"***\"},\"id\":"));
  g_assert_false (any_has (texts, "hunter2"));
  test_assert_json (json_object_get_member (json_node_get_object (first), "arguments"),
                    "{\"protocol\": \"vnc\", \"password\": \"hunter2\"}");

  qmp_client_set_redact (client, TRUE);
  g_assert_cmpuint (n_notified, ==, 0);
  g_object_set (client, "redact", FALSE, NULL);
  g_assert_cmpuint (n_notified, ==, 1);
  second = qmp_client_execute (client, "set_password", password, NULL, &error);
  test_spin_until (texts->len == 4);
  g_assert_nonnull (strstr (g_ptr_array_index (texts, 2), "hunter2"));
  g_assert_nonnull (strstr (g_ptr_array_index (texts, 3), "hunter2"));
  test_peer_close (peer, client);
}

#define GET_SECRET \
  "{\"execute\": \"qom-get\", \"arguments\": {\"path\": \"/objects/s0\", \"property\": \"data\"}}"

/* What is asked for may be a secret by its name; of a reply that is late nobody knows any more what it was. */
static void
test_redact_reply (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("qom-get"), PEER_SEND_FOR ("{\"return\": \"hunter2\", \"id\": @}\r\n"),
                                    PEER_EXPECT ("qom-get"), PEER_TELL, PEER_WAIT,
                                    PEER_SEND_FOR ("{\"return\": \"hunter3\", \"id\": @}\r\n"),
                                    PEER_EXPECT ("b"), PEER_SEND_FOR ("{\"return\": \"shown\", \"id\": @}\r\n"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GPtrArray) texts = keep_wire (client);
  g_autoptr (QmpMessage) command = test_message (GET_SECRET);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) secret = NULL;
  g_autoptr (JsonNode) value = NULL;

  secret = qmp_client_execute_message (client, command, NULL, &error);
  g_assert_no_error (error);
  qmp_client_execute_message_async (client, command, cancellable, test_result_cb, &result);
  test_spin_until (test_peer_get_told (peer) == 1);
  g_cancellable_cancel (cancellable);
  test_spin_until (result != NULL);
  g_clear_object (&result);
  test_peer_signal (peer);
  value = test_execute (client, "b", &error);
  g_assert_no_error (error);
  test_spin_until (texts->len == 6);
  g_assert_true (any_has (texts, "\"return\": \"***\""));
  g_assert_true (any_has (texts, "\"return\": \"shown\""));
  g_assert_false (any_has (texts, "hunter"));
  test_peer_close (peer, client);
}

/* Without a handler, and with one that is blocked, nothing is kept. */
static void
test_nobody (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_ECHO (0, 0));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (JsonNode) first = NULL;
  g_autoptr (JsonNode) second = NULL;
  g_autoptr (JsonNode) third = NULL;
  g_autoptr (GError) error = NULL;
  gulong handler;

  test_spin_ready ();
  first = qmp_client_execute (client, "a", NULL, NULL, &error);
  g_assert_cmpuint (client->wire_log.texts.length, ==, 0);
  g_assert_cmpuint (client->inbox.entries.length, ==, 0);

  handler = g_signal_connect (client, "wire", G_CALLBACK (log_wire_cb), NULL);
  g_signal_handler_block (client, handler);
  second = qmp_client_execute (client, "a", NULL, NULL, &error);
  g_assert_cmpuint (client->wire_log.texts.length, ==, 0);
  g_signal_handler_disconnect (client, handler);

  third = qmp_client_execute (client, "a", NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (client->wire_log.texts.length, ==, 0);
  g_assert_cmpuint (client->wire_log.size, ==, 0);
  test_peer_close (peer, client);
}

/* Without a main loop the oldest are lost, and it is said how many. */
static void
test_bound (void)
{
  const guint n_calls = 8;
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_ECHO (0, 0));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GPtrArray) texts = keep_wire (client);
  g_autofree char *big = g_strnfill (1024 * 1024, 'x');
  g_autofree char *arguments_text = g_strdup_printf ("{\"x\": \"%s\"}", big);
  g_autoptr (JsonNode) arguments = test_json (arguments_text);
  g_autoptr (GError) error = NULL;
  guint n_lost;

  for (guint i = 0; i < n_calls; i++)
    {
      g_autoptr (JsonNode) value = qmp_client_execute (client, "a", arguments, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (client->wire_log.size, <=, 4 * 1024 * 1024);
    }
  g_assert_cmpuint (texts->len, ==, 0);
  test_spin_ready ();
  g_assert_cmpint (sscanf (g_ptr_array_index (texts, 0), "(messages before this one that were not kept: %u)", &n_lost), ==, 1);
  g_assert_cmpuint (n_lost, >, 0);
  g_assert_cmpuint (texts->len - 1 + n_lost, ==, 2 * n_calls);
  g_assert_cmpuint (client->wire_log.size, ==, 0);

  /* It is said once. */
  g_ptr_array_set_size (texts, 0);
  json_node_unref (qmp_client_execute (client, "a", NULL, NULL, &error));
  test_spin_until (texts->len == 2);
  g_assert_true (g_str_has_prefix (g_ptr_array_index (texts, 0), "{\"execute\":\"a\""));
  test_peer_close (peer, client);
}

/* What was not delivered goes with the client. */
static void
test_drop (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_ECHO (0, 0));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GPtrArray) texts = keep_wire (client);
  g_autoptr (GError) error = NULL;

  test_spin_ready ();
  json_node_unref (qmp_client_execute (client, "a", NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_finalize_object (client);
  g_assert_cmpuint (texts->len, ==, 0);
  test_peer_finish (peer);
}

static void
close_in_wire_cb (QmpClient        *client,
                  QmpWireDirection  direction,
                  const char       *text,
                  gpointer          user_data)
{
  g_signal_handlers_disconnect_by_data (client, user_data);
  g_assert_true (qmp_client_close (client, NULL, NULL));
}

/* A handler may do as it likes. */
static void
test_close_inside (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_DRAIN);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);

  g_signal_connect (client, "wire", G_CALLBACK (close_in_wire_cb), &peer);
  test_log_execute_async (log, "a", client, "a", NULL);
  test_spin_until (test_log_has (log, "closed"));
  g_assert_cmpuint (test_log_count (log, "IDLE"), ==, 1);
  g_clear_pointer (&log, test_log_free);
  test_peer_close (peer, client);
}

/* QMP_DEBUG */

static void
run_debugged (const char *flags)
{
  TestPeer *peer;
  QmpClient *client;
  guint n_errors = 0;
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (JsonNode) password = make_password ();
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  g_setenv ("QMP_DEBUG", flags, TRUE);
  peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("set_password"),
                          PEER_SEND ("{\"event\": \"E\", \"data\": {\"password\": \"hunter2\", \"x\": nan}}\r\n"
                                     "ter2\"} \"password\": \"hunter2\" \r\n"),
                          PEER_SEND_FOR ("{\"return\": {\"password\": \"hunter2\"}, \"id\": @}\r\n"));
  client = qmp_client_new ("vm");
  g_signal_connect_swapped (client, "protocol-error", G_CALLBACK (g_atomic_int_inc), &n_errors);
  stream = test_peer_steal_stream (peer);
  g_assert_true (qmp_client_open_stream (client, stream, NULL, &error));
  value = qmp_client_execute (client, "set_password", password, NULL, &error);
  g_assert_no_error (error);
  test_spin_until (n_errors >= 2);
  test_peer_close (peer, client);
}

static void
test_debug (gconstpointer data)
{
  const char *flags = data;

  if (g_test_subprocess ())
    {
      run_debugged (flags);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  if (strstr (flags, "wire") == NULL && strstr (flags, "all") == NULL)
    {
      g_test_trap_assert_stderr_unmatched ("*set_password*");
      return;
    }
  g_test_trap_assert_stderr ("*vm <-- {\"QMP\"*vm --> {\"execute\":\"qmp_capabilities\"*"
                             "vm --> {\"execute\":\"set_password\"*vm <-- *");
  if (strstr (flags, "secrets") != NULL)
    g_test_trap_assert_stderr ("*\"password\":\"hunter2\"*");
  else
    g_test_trap_assert_stderr_unmatched ("*ter2*");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/wire/order", test_order);
  g_test_add_func ("/client/wire/blocking", test_blocking);
  g_test_add_data_func ("/client/wire/blocked/socket", GINT_TO_POINTER (TRUE), test_blocked);
  g_test_add_data_func ("/client/wire/blocked/stream", GINT_TO_POINTER (FALSE), test_blocked);
  g_test_add_func ("/client/wire/faulty", test_faulty);
  g_test_add_func ("/client/wire/redact", test_redact);
  g_test_add_func ("/client/wire/redact/reply", test_redact_reply);
  g_test_add_func ("/client/wire/nobody", test_nobody);
  g_test_add_func ("/client/wire/bound", test_bound);
  g_test_add_func ("/client/wire/drop", test_drop);
  g_test_add_func ("/client/wire/close-inside", test_close_inside);
  g_test_add_data_func ("/client/wire/debug/wire", "wire", test_debug);
  g_test_add_data_func ("/client/wire/debug/all", "all", test_debug);
  g_test_add_data_func ("/client/wire/debug/secrets", "wire,secrets", test_debug);
  g_test_add_data_func ("/client/wire/debug/other", "secrets", test_debug);
  return g_test_run ();
}
