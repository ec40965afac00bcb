/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "test-peer.h"

/* Properties, opening, the handshake, and that chunks do not matter. */

static void
test_defaults (void)
{
  g_autoptr (QmpClient) client = qmp_client_new (NULL);
  g_autoptr (QmpClient) named = qmp_client_new ("vm0");

  g_assert_null (qmp_client_get_name (client));
  g_assert_cmpstr (qmp_client_get_name (named), ==, "vm0");
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  g_assert_null (qmp_client_get_greeting (client));
  g_assert_true (qmp_client_get_await_greeting (client));
  g_assert_true (qmp_client_get_negotiate (client));
  g_assert_true (qmp_client_get_out_of_band (client));
  g_assert_false (qmp_client_get_guest_agent (client));
  g_assert_cmpint (qmp_client_get_open_timeout (client), ==, 10000);
  g_assert_cmpint (qmp_client_get_close_timeout (client), ==, 5000);
  g_assert_cmpint (qmp_client_get_timeout (client), ==, QMP_TIMEOUT_NONE);
  g_assert_cmpuint (qmp_client_get_max_message_size (client), >=, 64 * 1024 * 1024);
  g_assert_cmpuint (qmp_client_get_max_depth (client), ==, 1024);
}

static void
test_version (void)
{
  g_assert_true (qmp_check_version (QMP_MAJOR_VERSION, QMP_MINOR_VERSION, QMP_MICRO_VERSION));
  g_assert_false (qmp_check_version (QMP_MAJOR_VERSION, QMP_MINOR_VERSION, QMP_MICRO_VERSION + 1));
  g_assert_false (qmp_check_version (QMP_MAJOR_VERSION, QMP_MINOR_VERSION + 1, 0));
  g_assert_false (qmp_check_version (QMP_MAJOR_VERSION + 1, 0, 0));
  g_assert_true (qmp_check_version (QMP_MAJOR_VERSION - 1, QMP_MINOR_VERSION + 1, QMP_MICRO_VERSION + 1));
}

static void
count_cb (GObject    *object,
          GParamSpec *pspec,
          guint      *count)
{
  (*count)++;
}

static void
test_properties (void)
{
  g_autoptr (QmpClient) client = qmp_client_new (NULL);
  guint n_notified = 0;
  gboolean await_greeting, negotiate, out_of_band;
  guint max_message_size, max_depth;
  int open_timeout, close_timeout, timeout;

  g_signal_connect (client, "notify", G_CALLBACK (count_cb), &n_notified);
  g_object_set (client,
                "await-greeting", FALSE, "negotiate", FALSE, "out-of-band", FALSE,
                "open-timeout", 5, "close-timeout", 9, "timeout", 6, "max-message-size", 70000, "max-depth", 80,
                NULL);
  g_assert_cmpuint (n_notified, ==, 8);
  g_assert_false (qmp_client_get_await_greeting (client));
  g_assert_false (qmp_client_get_negotiate (client));
  g_assert_false (qmp_client_get_out_of_band (client));
  g_assert_cmpint (qmp_client_get_open_timeout (client), ==, 5);
  g_assert_cmpint (qmp_client_get_close_timeout (client), ==, 9);
  g_assert_cmpint (qmp_client_get_timeout (client), ==, 6);
  g_assert_cmpuint (qmp_client_get_max_message_size (client), ==, 70000);
  g_assert_cmpuint (qmp_client_get_max_depth (client), ==, 80);

  qmp_client_set_timeout (client, 6);
  qmp_client_set_negotiate (client, FALSE);
  g_assert_cmpuint (n_notified, ==, 8);

  qmp_client_set_await_greeting (client, TRUE);
  qmp_client_set_negotiate (client, TRUE);
  qmp_client_set_out_of_band (client, TRUE);
  qmp_client_set_open_timeout (client, 1);
  qmp_client_set_close_timeout (client, 3);
  qmp_client_set_timeout (client, 2);
  qmp_client_set_max_message_size (client, 90000);
  qmp_client_set_max_depth (client, 4);
  g_assert_cmpuint (n_notified, ==, 16);
  g_object_get (client,
                "await-greeting", &await_greeting, "negotiate", &negotiate,
                "out-of-band", &out_of_band, "open-timeout", &open_timeout, "close-timeout", &close_timeout, "timeout", &timeout,
                "max-message-size", &max_message_size, "max-depth", &max_depth,
                NULL);
  g_assert_true (await_greeting && negotiate && out_of_band);
  g_assert_cmpuint (open_timeout, ==, 1);
  g_assert_cmpuint (close_timeout, ==, 3);
  g_assert_cmpuint (timeout, ==, 2);
  g_assert_cmpuint (max_message_size, ==, 90000);
  g_assert_cmpuint (max_depth, ==, 4);
}

static void
test_open_transport (gconstpointer data)
{
  TestPeerTransport transport = GPOINTER_TO_INT (data);
  TestPeer *peer = test_peer_start (transport,
                                    PEER_HANDSHAKE, PEER_EXPECT ("query-name"), PEER_REPLY ("{\"name\": \"a\"}"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = test_execute (client, "query-name", &error);

  g_assert_no_error (error);
  test_assert_json (value, "{\"name\": \"a\"}");
  test_peer_close (peer, client);
}

static void
test_greeting (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_GREET_OOB, PEER_NEGOTIATE);
  QmpClient *client = qmp_client_new (NULL);
  QmpGreeting *greeting;
  guint n_notified = 0, major, minor, micro;
  g_autoptr (GError) error = NULL;

  g_signal_connect (client, "notify::greeting", G_CALLBACK (count_cb), &n_notified);
  g_assert_true (test_open (client, test_peer_get_address (peer), &error));
  g_assert_cmpuint (n_notified, ==, 1);
  greeting = qmp_client_get_greeting (client);
  g_assert_nonnull (greeting);
  qmp_greeting_get_version (greeting, &major, &minor, &micro);
  g_assert_cmpuint (major, ==, 7);
  g_assert_cmpuint (minor, ==, 2);
  g_assert_cmpuint (micro, ==, 22);
  g_assert_cmpstr (qmp_greeting_get_package (greeting), ==, "Debian 1:7.2");
  g_assert_cmpstr (qmp_greeting_get_capabilities (greeting)[0], ==, "oob");
  g_assert_null (qmp_greeting_get_capabilities (greeting)[1]);
  g_assert_true (qmp_greeting_has_capability (greeting, "oob"));
  test_peer_close (peer, client);
}

/* Neither greeting nor negotiation, as with a guest agent: running at once, nothing is sent. */
static void
test_await_nothing (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_EXPECT ("guest-ping"), PEER_REPLY ("{}"));
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GIOStream) stream = test_peer_steal_stream (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = NULL;

  qmp_client_set_await_greeting (client, FALSE);
  qmp_client_set_negotiate (client, FALSE);
  g_assert_true (test_open_stream (client, stream, &error));
  g_clear_object (&stream);
  g_assert_cmpstr (test_log_get (log), ==, "CONNECTING RUNNING");
  g_assert_null (qmp_client_get_greeting (client));
  value = test_execute (client, "guest-ping", &error);
  g_assert_no_error (error);
  test_assert_json (value, "{}");
  test_peer_close (peer, client);
}

/* The greeting, but no negotiation: the first command that is sent is the caller's. */
static void
test_await_greeting_only (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_GREET, PEER_EXPECT ("qmp_capabilities"), PEER_REPLY ("{}"));
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = NULL;

  qmp_client_set_negotiate (client, FALSE);
  g_assert_true (test_open (client, test_peer_get_address (peer), &error));
  g_assert_nonnull (qmp_client_get_greeting (client));
  value = test_execute (client, "qmp_capabilities", &error);
  g_assert_no_error (error);
  test_peer_close (peer, client);
}

static void
test_out_of_band_negotiated (gconstpointer data)
{
  gboolean offered = GPOINTER_TO_INT (data) & 1;
  gboolean wanted = GPOINTER_TO_INT (data) & 2;
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX,
                                    PEER_SEND (offered ? PEER_GREETING_OOB : PEER_GREETING), PEER_NEGOTIATE);
  QmpClient *client = qmp_client_new (NULL);
  g_autofree char *sent = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_set_out_of_band (client, wanted);
  g_assert_true (test_open (client, test_peer_get_address (peer), &error));
  sent = test_peer_dup_text (peer);
  g_assert_true (g_str_has_prefix (sent, "{\"execute\":\"qmp_capabilities\","));
  g_assert_true ((strstr (sent, "\"arguments\":{\"enable\":[\"oob\"]}") != NULL) == (offered && wanted));
  g_assert_true ((strstr (sent, "arguments") != NULL) == (offered && wanted));
  test_peer_close (peer, client);
}

/* What may come before the greeting and between it and the negotiation's reply. */
static void
test_events_in_handshake (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX,
                                    PEER_EVENT ("E1"), PEER_EVENT ("E2"), PEER_GREET, PEER_EVENT ("E3"),
                                    PEER_EXPECT ("qmp_capabilities"), PEER_EVENT ("E4"), PEER_REPLY ("{}"),
                                    PEER_EVENT ("E5"));
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (GError) error = NULL;

  g_assert_true (test_open (client, test_peer_get_address (peer), &error));
  test_spin_until (test_log_has (log, "E5"));
  g_assert_cmpstr (test_log_get (log), ==, "CONNECTING E1 E2 E3 E4 RUNNING E5");
  test_peer_close (peer, client);
}

static void
test_stale_reply (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX,
                                    PEER_SEND ("{\"return\": {\"old\": 0}, \"id\": 0}\r\n"),
                                    PEER_GREET,
                                    PEER_EXPECT ("qmp_capabilities"),
                                    PEER_SEND ("{\"return\": {\"old\": 1}, \"id\": 1}\r\n"
                                               "{\"return\": {\"old\": 2}, \"id\": \"__qmp#00001\"}\r\n"
                                               "{\"id\": 2, \"error\": {\"class\": \"GenericError\", \"desc\": \"old\"}}\r\n"
                                               "{\"return\": {\"old\": 3}}\r\n"),
                                    PEER_REPLY ("{}"),
                                    PEER_EXPECT ("query-name"), PEER_REPLY ("{\"name\": \"new\"}"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = test_execute (client, "query-name", &error);

  g_assert_no_error (error);
  test_assert_json (value, "{\"name\": \"new\"}");
  test_peer_close (peer, client);
}

static gboolean
send_telnet (TestPeer *peer,
             gpointer  user_data)
{
  return test_peer_send (peer, "\xff\xfb\x01\xff\xfb\x03\xff\xfb\x00\xff\xfd\x00", 12);
}

static void
test_junk_before_greeting (gconstpointer data)
{
  const char *junk = data;
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_SEND (junk), PEER_HANDSHAKE);
  QmpClient *client = test_peer_open (peer);

  g_assert_nonnull (qmp_client_get_greeting (client));
  test_peer_close (peer, client);
}

static void
test_telnet_before_greeting (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_CALL (send_telnet, NULL), PEER_HANDSHAKE);
  QmpClient *client = test_peer_open (peer);

  test_peer_close (peer, client);
}

static GError *
fail_to_open (TestPeer *peer)
{
  g_autoptr (QmpClient) client = qmp_client_new (NULL);
  GError *error = NULL;

  qmp_client_set_open_timeout (client, QMP_TIMEOUT_NONE);
  g_assert_false (qmp_client_open (client, test_peer_get_address (peer), NULL, &error));
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  test_peer_finish (peer);
  return error;
}

/* Past 64 KiB there is no waiting for something better. */
static void
test_too_much_junk (void)
{
  g_autofree char *junk = g_strnfill (70000, '.');
  g_autoptr (GError) greeting_error = NULL;
  g_autoptr (GError) negotiation_error = NULL;

  greeting_error = fail_to_open (test_peer_start (TEST_PEER_UNIX, PEER_SEND (junk), PEER_DRAIN));
  g_assert_error (greeting_error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_GREETING);
  test_assert_error_has (greeting_error, "....");
  negotiation_error = fail_to_open (test_peer_start (TEST_PEER_UNIX, PEER_GREET, PEER_EXPECT ("qmp_capabilities"),
                                                     PEER_SEND (junk), PEER_DRAIN));
  g_assert_error (negotiation_error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_NEGOTIATION);
}

/* Perhaps in another thread. */
static void
gone_cb (gpointer  user_data,
         GObject  *gone)
{
  g_atomic_int_set ((int *) user_data, TRUE);
  g_main_context_wakeup (NULL);
}

/* It is closed in the background, because that might block, and not kept until the next blocking call. */
static void
test_stream_without_polling (void)
{
  g_autoptr (QmpClient) client = qmp_client_new (NULL);
  g_autoptr (GInputStream) memory = g_memory_input_stream_new_from_data (PEER_GREETING, -1, NULL);
  g_autoptr (GInputStream) input = g_buffered_input_stream_new (memory);
  g_autoptr (GOutputStream) output = g_memory_output_stream_new_resizable ();
  g_autoptr (GIOStream) stream = g_simple_io_stream_new (input, output);
  g_autoptr (GError) error = NULL;
  int gone = FALSE;

  g_object_weak_ref (G_OBJECT (stream), gone_cb, &gone);
  g_assert_false (qmp_client_open_stream (client, stream, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  test_assert_error_has (error, "GSimpleIOStream");
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  g_clear_object (&stream);
  test_spin_until (g_atomic_int_get (&gone));
  g_assert_true (g_input_stream_is_closed (input));
  g_assert_true (g_output_stream_is_closed (output));
}

/* The greeting and what follows it in one read; no newline at the end. */
static void
test_greeting_and_more (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX,
                                    PEER_SEND (PEER_EVENT_TEXT ("E1") PEER_GREETING PEER_EVENT_TEXT ("E2")),
                                    PEER_EXPECT ("qmp_capabilities"),
                                    PEER_SEND_FOR (PEER_EVENT_TEXT ("E3") "{\"return\":{},\"id\":@}"
                                                   PEER_EVENT_TEXT ("E4")));
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (GError) error = NULL;

  g_assert_true (test_open (client, test_peer_get_address (peer), &error));
  test_spin_until (test_log_has (log, "E4"));
  g_assert_cmpstr (test_log_get (log), ==, "CONNECTING E1 E2 E3 RUNNING E4");
  test_peer_close (peer, client);
}

#define PRETTY_GREETING \
  "{\r\n    \"QMP\": {\r\n        \"version\": {\r\n            \"qemu\": {\r\n" \
  "                \"micro\": 22,\r\n                \"minor\": 2,\r\n                \"major\": 7\r\n" \
  "            },\r\n            \"package\": \"\"\r\n        },\r\n        \"capabilities\": [\r\n" \
  "        ]\r\n    }\r\n}\r\n"

static void
test_pretty (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX,
                                    PEER_SEND_CHUNKS (PRETTY_GREETING, 11),
                                    PEER_EXPECT ("qmp_capabilities"),
                                    PEER_SEND_FOR ("{\r\n    \"return\": {\r\n    },\r\n    \"id\": @\r\n}\r\n"));
  QmpClient *client = test_peer_open (peer);

  g_assert_cmpstr (qmp_greeting_get_package (qmp_client_get_greeting (client)), ==, "");
  test_peer_close (peer, client);
}

static void
test_open_twice (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_ACCEPT, PEER_WAIT, PEER_HANDSHAKE);
  g_autoptr (QmpClient) client = qmp_client_new (NULL);
  g_autoptr (GAsyncResult) first = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_open_async (client, test_peer_get_address (peer), NULL, test_result_cb, &first);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_CONNECTING);
  g_assert_false (test_open (client, test_peer_get_address (peer), &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  g_test_message ("%s", error->message);
  g_clear_error (&error);

  /* The first is undisturbed. */
  test_peer_signal (peer);
  test_spin_until (first != NULL);
  g_assert_true (qmp_client_open_finish (client, first, &error));
  g_assert_no_error (error);

  g_assert_false (test_open (client, test_peer_get_address (peer), &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_RUNNING);
  g_clear_object (&first);
  test_peer_close (peer, g_steal_pointer (&client));
}

/* One recorded conversation, cut in all ways. */

static char *
build_schema (gsize size)
{
  GString *text = g_string_new ("{\"return\": [");

  for (guint i = 0; text->len < size; i++)
    g_string_append_printf (text,
                            "%s{\"name\": \"%u\", \"meta-type\": \"object\", \"members\": [{\"name\": "
                            "\"a\\\"]}{[\\\\\", \"type\": \"str\", \"default\": null}, {\"name\": "
                            "\"\\u0000\\ud83d\\ude00\", \"n\": [18446744073709551615, -0.5e-3, 1e400, true]}], "
                            "\"empty\": {}, \"none\": []}", i > 0 ? ", " : "", i);
  g_string_append (text, "], \"id\": @}\r\n");
  return g_string_free (text, FALSE);
}

static void
transcript_event_cb (QmpClient *client,
                     QmpEvent  *event,
                     GString   *transcript)
{
  g_autofree char *text = test_message_dup_text (QMP_MESSAGE (event));

  g_string_append_printf (transcript, "%s\n", text);
}

static void
transcript_exchange_cb (GObject      *object,
                        GAsyncResult *result,
                        gpointer      user_data)
{
  GString *transcript = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpMessage) reply = qmp_client_exchange_finish (QMP_CLIENT (object), result, &error);
  g_autofree char *text = NULL;

  g_assert_no_error (error);
  text = test_message_dup_text (reply);
  g_string_append_printf (transcript, "%s\n", text);
}

static void
transcript_exchange (QmpClient  *client,
                     const char *command,
                     GString    *transcript)
{
  g_autoptr (QmpMessage) message = test_message (command);

  qmp_client_exchange_async (client, message, NULL, transcript_exchange_cb, transcript);
}

/* read_chunk: at most so many bytes for one read of the client; send_chunk: so many for one write of the
 * server. 0: all. */
static char *
run_conversation (const char *schema,
                  gsize       read_chunk,
                  guint       send_chunk)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR,
                                    PEER_SEND_CHUNKS (PEER_EVENT_TEXT ("EARLY") PEER_GREETING
                                                      PEER_EVENT_DATA_TEXT ("BETWEEN", "{\"a\": [1, {}]}"), send_chunk),
                                    PEER_EXPECT ("qmp_capabilities"),
                                    PEER_SEND_FOR_CHUNKS ("{\"return\": {}, \"id\": @}\r\n", send_chunk),
                                    PEER_EXPECT ("query-qmp-schema"),
                                    PEER_SEND_CHUNKS (PEER_EVENT_TEXT ("BEFORE"), send_chunk),
                                    PEER_SEND_FOR_CHUNKS (schema, send_chunk),
                                    PEER_EXPECT ("nothing"),
                                    PEER_SEND_FOR_CHUNKS ("{\"error\": {\"class\": \"GenericError\", \"desc\": \"\\u00e4 }\"}, "
                                                          "\"id\": @}\n{\n    \"event\": \"AFTER\"\n}", send_chunk));
  g_autoptr (GIOStream) socket = test_peer_steal_stream (peer);
  g_autoptr (GIOStream) stream = NULL;
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (TestLog) log = test_log_new (client);
  GString *transcript = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  stream = read_chunk > 0 ? test_chunk_stream_new (socket, read_chunk) : g_object_ref (socket);
  g_clear_object (&socket);
  g_signal_connect (client, "event", G_CALLBACK (transcript_event_cb), transcript);
  g_assert_true (test_open_stream (client, stream, &error));
  g_clear_object (&stream);
  transcript_exchange (client, "{\"execute\": \"query-qmp-schema\", \"id\": \"one\"}", transcript);
  transcript_exchange (client, "{\"execute\": \"nothing\", \"id\": \"two\"}", transcript);
  test_spin_until (test_log_has (log, "AFTER"));
  test_peer_close (peer, client);
  return g_string_free (transcript, FALSE);
}

static void
check_conversation (gsize        size,
                    const guint *read_chunks,
                    const guint *send_chunks)
{
  g_autofree char *schema = build_schema (size);
  g_autofree char *expected = run_conversation (schema, 0, 0);
  g_auto (GStrv) lines = g_strsplit (schema, ", \"id\": @}", 2);

  g_assert_nonnull (strstr (expected, lines[0]));
  g_assert_nonnull (strstr (expected, "\"EARLY\""));
  for (guint i = 0; read_chunks[i] != 0; i++)
    {
      g_autofree char *transcript = run_conversation (schema, read_chunks[i], 0);

      if (!g_str_equal (transcript, expected))
        g_error ("reading %u bytes at a time gives other messages", read_chunks[i]);
    }
  for (guint i = 0; send_chunks[i] != 0; i++)
    {
      g_autofree char *transcript = run_conversation (schema, 0, send_chunks[i]);

      if (!g_str_equal (transcript, expected))
        g_error ("sending %u bytes at a time gives other messages", send_chunks[i]);
    }
}

static void
test_chunks_small (void)
{
  guint chunks[66] = { 0 };

  for (guint i = 0; i < 64; i++)
    chunks[i] = i + 1;
  check_conversation (1000, chunks, chunks);
}

static void
test_chunks_large (void)
{
  static const guint read_chunks[] = { 1, 2, 3, 5, 7, 64, 1000, 4095, 4096, 4097, 65535, 65536, 0 };
  static const guint send_chunks[] = { 1, 3, 64, 4096, 65537, 0 };

  check_conversation (70 * 1000, read_chunks + (TEST_FEW ? 5 : 0), send_chunks + (TEST_FEW ? 2 : 0));
}

/* That the tests can fail: a peer that is told something else says so, with file and line of the step. */
static void
test_peer_fails (void)
{
  if (g_test_subprocess ())
    {
      TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("right"), PEER_REPLY ("{}"));
      QmpClient *client = test_peer_open (peer);
      g_autoptr (JsonNode) value = test_execute (client, "wrong", NULL);

      test_peer_close (peer, client);
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*client-test.c:*PEER_EXPECT*step 2: expected right, the client sent*wrong*");
}

/* A command that no step expects is a failure too. */
static void
test_peer_fails_at_end (void)
{
  if (g_test_subprocess ())
    {
      TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE);
      QmpClient *client = test_peer_open (peer);
      g_autoptr (JsonNode) value = test_execute (client, "wrong", NULL);

      test_peer_close (peer, client);
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*PEER_END*no command was expected, the client sent*wrong*");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/harness/peer-fails", test_peer_fails);
  g_test_add_func ("/client/harness/peer-fails-at-end", test_peer_fails_at_end);
  g_test_add_func ("/client/properties/defaults", test_defaults);
  g_test_add_func ("/client/properties/set", test_properties);
  g_test_add_data_func ("/client/open/pair", GINT_TO_POINTER (TEST_PEER_PAIR), test_open_transport);
  g_test_add_data_func ("/client/open/unix", GINT_TO_POINTER (TEST_PEER_UNIX), test_open_transport);
  g_test_add_data_func ("/client/open/tcp", GINT_TO_POINTER (TEST_PEER_TCP), test_open_transport);
  g_test_add_func ("/client/open/twice", test_open_twice);
  g_test_add_func ("/client/open/without-polling", test_stream_without_polling);
  g_test_add_func ("/client/version", test_version);
  g_test_add_func ("/client/handshake/greeting", test_greeting);
  g_test_add_func ("/client/handshake/none", test_await_nothing);
  g_test_add_func ("/client/handshake/greeting-only", test_await_greeting_only);
  g_test_add_data_func ("/client/handshake/oob/0", GINT_TO_POINTER (0), test_out_of_band_negotiated);
  g_test_add_data_func ("/client/handshake/oob/offered", GINT_TO_POINTER (1), test_out_of_band_negotiated);
  g_test_add_data_func ("/client/handshake/oob/wanted", GINT_TO_POINTER (2), test_out_of_band_negotiated);
  g_test_add_data_func ("/client/handshake/oob/both", GINT_TO_POINTER (3), test_out_of_band_negotiated);
  g_test_add_func ("/client/handshake/events", test_events_in_handshake);
  g_test_add_func ("/client/handshake/stale-reply", test_stale_reply);
  g_test_add_data_func ("/client/handshake/junk/words", "hello, who is there?\r\n", test_junk_before_greeting);
  g_test_add_data_func ("/client/handshake/junk/tail-of-a-reply", "us\": \"running\"}, \"id\": 7}\r\n",
                        test_junk_before_greeting);
  g_test_add_data_func ("/client/handshake/junk/tail-with-object", "us\": {\"a\": [1]}, \"id\": 7}\r\n",
                        test_junk_before_greeting);
  g_test_add_data_func ("/client/handshake/junk/newlines", "\r\n\n \t\r\n", test_junk_before_greeting);
  g_test_add_data_func ("/client/handshake/junk/sentinel", "\xff", test_junk_before_greeting);
  g_test_add_func ("/client/handshake/junk/telnet", test_telnet_before_greeting);
  g_test_add_func ("/client/handshake/junk/too-much", test_too_much_junk);
  g_test_add_func ("/client/handshake/one-read", test_greeting_and_more);
  g_test_add_func ("/client/handshake/pretty", test_pretty);
  g_test_add_func ("/client/chunks/small", test_chunks_small);
  g_test_add_func ("/client/chunks/large", test_chunks_large);
  return g_test_run ();
}
