/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gunixfdlist.h>
#include <sys/socket.h>

#include "link/qmp-request-private.h"
#include "qmp-error.h"
#include "test-utils.h"
#include "test-wire.h"

/* Requests on a table of calls, with nobody else there. */

static void
assert_command (QmpCalls   *calls,
                const char *command,
                const char *arguments,
                const char *before_id)
{
  g_autoptr(JsonNode) node = arguments != NULL ? test_json (arguments) : NULL;
  guint serial = qmp_calls_take_serial (calls) + 1;
  g_autofree char *expected = g_strdup_printf ("%s,\"id\":%u}", before_id, serial);
  g_auto(QmpRequest) request = { 0 };
  g_autoptr(GError) error = NULL;

  g_assert_true (qmp_request_init_command (&request, calls, command, node, 7, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (request.text->str, ==, expected);
  g_assert_cmpuint (request.serial, ==, serial);
  g_assert_cmpuint (request.timeout, ==, 7);
  g_assert_null (request.id_text);
  g_assert_false (request.silent || request.out_of_band);
}

static void
test_command (void)
{
  QmpCalls *calls = qmp_calls_new ();
  g_autofree char *long_name = g_strnfill (10000, 'x');
  g_autofree char *long_text = g_strdup_printf ("{\"execute\":\"%s\"", long_name);

  assert_command (calls, "stop", NULL, "{\"execute\":\"stop\"");
  assert_command (calls, "stop", "{}", "{\"execute\":\"stop\"");
  assert_command (calls, "a\"b", "{\"c\": 1}", "{\"execute\":\"a\\\"b\",\"arguments\":{\"c\":1}");
  /* What a long text took is given back, and the next is none the worse. */
  assert_command (calls, long_name, NULL, long_text);
  assert_command (calls, "cont", NULL, "{\"execute\":\"cont\"");
  qmp_calls_free (calls);
}

static gboolean
init_parsed (QmpRequest  *request,
             QmpCalls    *calls,
             GError     **error,
             const char  *format,
             ...)
{
  va_list arguments;
  gboolean done;

  va_start (arguments, format);
  done = qmp_request_init_parsed (request, calls, "a\"b", format, &arguments, 7, error);
  va_end (arguments);
  return done;
}

static void
test_parsed (void)
{
  QmpCalls *calls = qmp_calls_new ();
  g_auto(QmpRequest) request = { 0 };
  g_autoptr(GError) error = NULL;
  g_autofree char *expected = NULL, *bare = NULL;

  g_assert_true (init_parsed (&request, calls, &error, "{'c': %s}", "d"));
  g_assert_no_error (error);
  expected = g_strdup_printf ("{\"execute\":\"a\\\"b\",\"arguments\":{\"c\":\"d\"},\"id\":%u}", request.serial);
  g_assert_cmpstr (request.text->str, ==, expected);
  g_assert_cmpint (request.form, ==, QMP_CALL_REPLY);
  g_assert_cmpint (request.timeout, ==, 7);

  g_assert_true (init_parsed (&request, calls, &error, "{}"));
  bare = g_strdup_printf ("{\"execute\":\"a\\\"b\",\"id\":%u}", request.serial);
  g_assert_cmpstr (request.text->str, ==, bare);
  g_assert_false (init_parsed (&request, calls, &error, "[%i]", 1));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE);
  qmp_calls_free (calls);
}

static void
assert_command_fails (const char *command,
                      const char *arguments,
                      const char *word)
{
  QmpCalls *calls = qmp_calls_new ();
  g_autoptr(JsonNode) node = test_json (arguments);
  g_auto(QmpRequest) request = { 0 };
  g_autoptr(GError) error = NULL;
  g_autofree char *found = NULL;

  g_assert_false (qmp_request_init_command (&request, calls, command, node, 0, &error));
  found = test_error_word (error);
  g_assert_cmpstr (found, ==, word);
  qmp_calls_free (calls);
}

static void
test_command_wrong (void)
{
  assert_command_fails ("stop", "[1]", "unexpected-type");
  assert_command_fails ("st\xffop", "{}", "serialization");
}

/* --- messages --- */

static void
test_message_id (void)
{
  QmpCalls *calls = qmp_calls_new ();
  g_autoptr(QmpMessage) message = test_message ("{\"execute\": \"stop\", \"id\": 1.0}");
  g_auto(QmpRequest) executed = { 0 };
  g_auto(QmpRequest) exchanged = { 0 };
  g_auto(QmpRequest) bare = { 0 };
  g_autoptr(GError) error = NULL;

  g_assert_true (qmp_request_init_message (&executed, calls, message, QMP_CALL_VALUE, 0, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (executed.serial, !=, 0);
  g_assert_null (executed.id_text);

  g_assert_true (qmp_request_init_message (&exchanged, calls, message, QMP_CALL_MESSAGE, 0, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (exchanged.serial, ==, 0);
  g_assert_nonnull (exchanged.id_text);
  g_assert_nonnull (strstr (exchanged.text->str, "\"id\":1.0"));

  qmp_message_set_assign_id (message, FALSE);
  g_assert_true (qmp_request_init_message (&bare, calls, message, QMP_CALL_VALUE, 0, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (bare.serial, ==, 0);
  g_assert_cmpstr (bare.id_text, ==, exchanged.id_text);
  qmp_calls_free (calls);
}

static void
test_message_timeout (void)
{
  static const struct { int own; gboolean answered; int given, expected; } cases[] = {
    { QMP_TIMEOUT_CLIENT, TRUE, QMP_TIMEOUT_NONE, QMP_TIMEOUT_NONE }, { QMP_TIMEOUT_CLIENT, TRUE, 5, 5 },
    { 3, TRUE, 5, 3 }, { 0, TRUE, 5, 0 }, { QMP_TIMEOUT_NONE, TRUE, 5, QMP_TIMEOUT_NONE },
    { QMP_TIMEOUT_CLIENT, FALSE, QMP_TIMEOUT_NONE, 3000 }, { QMP_TIMEOUT_CLIENT, FALSE, 5, 5 },
    { QMP_TIMEOUT_NONE, FALSE, 5, QMP_TIMEOUT_NONE },
  };
  QmpCalls *calls = qmp_calls_new ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(QmpMessage) message = test_message ("{\"execute\": \"stop\"}");
      g_auto(QmpRequest) request = { 0 };

      qmp_message_set_timeout (message, cases[i].own);
      qmp_message_set_success_response (message, cases[i].answered);
      g_assert_true (qmp_request_init_message (&request, calls, message, QMP_CALL_VALUE, cases[i].given, NULL));
      g_assert_cmpint (request.timeout, ==, cases[i].expected);
      g_assert_cmpint (request.silent, ==, !cases[i].answered);
    }
  qmp_calls_free (calls);
}

static void
test_out_of_band (void)
{
  QmpCalls *calls = qmp_calls_new ();
  g_autoptr(QmpMessage) message = test_message ("{\"execute\": \"stop\"}");
  g_auto(QmpRequest) request = { 0 };
  g_auto(QmpRequest) placeless = { 0 };
  g_autoptr(GError) error = NULL;

  qmp_message_set_out_of_band (message, TRUE);
  g_assert_true (qmp_request_init_message (&request, calls, message, QMP_CALL_VALUE, 0, &error));
  g_assert_no_error (error);
  g_assert_true (request.out_of_band);

  /* It is answered out of order. */
  qmp_message_set_assign_id (message, FALSE);
  g_assert_false (qmp_request_init_message (&placeless, calls, message, QMP_CALL_VALUE, 0, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  qmp_calls_free (calls);
}

/* --- on its way --- */

static void
test_issue (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);
  QmpCalls *calls = qmp_calls_new ();
  g_autoptr(QmpMessage) message = test_message ("{\"execute\": \"stop\", \"id\": \"a\"}");
  g_auto(QmpRequest) request = { 0 };
  g_auto(QmpRequest) again = { 0 };
  g_autoptr(GUnixFDList) nothing = g_unix_fd_list_new ();
  g_autoptr(GError) error = NULL;
  QmpCall *call;
  GQueue rest;

  qmp_calls_begin (calls, wire->transport);
  qmp_message_set_fd_list (message, nothing);
  qmp_message_set_success_response (message, FALSE);
  g_assert_true (qmp_request_init_message (&request, calls, message, QMP_CALL_MESSAGE, 0, &error));
  g_assert_no_error (error);
  call = qmp_request_issue (&request, calls);
  g_assert_null (request.id_text);
  g_assert_true (call->silent);
  g_assert_cmpint (call->form, ==, QMP_CALL_MESSAGE);
  g_assert_null (call->packet->fd_list);

  /* It is in use now. */
  g_assert_false (qmp_request_init_message (&again, calls, message, QMP_CALL_MESSAGE, 0, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);

  g_assert_null (qmp_calls_end (calls, "test", &rest));
  g_assert_true (g_queue_pop_head_link (&rest)->data == call);
  qmp_call_free (call);
  qmp_calls_free (calls);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/request/command", test_command);
  g_test_add_func ("/request/command/wrong", test_command_wrong);
  g_test_add_func ("/request/parsed", test_parsed);
  g_test_add_func ("/request/message/id", test_message_id);
  g_test_add_func ("/request/message/timeout", test_message_timeout);
  g_test_add_func ("/request/message/out-of-band", test_out_of_band);
  g_test_add_func ("/request/issue", test_issue);

  return g_test_run ();
}
