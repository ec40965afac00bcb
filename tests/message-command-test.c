/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sys/resource.h>
#include <unistd.h>

#include "test-message.h"

static void
test_command (void)
{
  g_autoptr(JsonNode) arguments = test_node_from_text ("{\"id\":\"net0\",\"n\":1}");
  g_autoptr(JsonNode) empty = test_node_from_text ("{}");
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMessage) plain = qmp_message_new_command ("query-status", NULL, &error);
  g_autoptr(QmpMessage) without = qmp_message_new_command ("query-status", empty, &error);
  g_autoptr(QmpMessage) with = qmp_message_new_command ("device_del", arguments, &error);
  g_autoptr(QmpMessage) odd = qmp_message_new_command ("a\"ü", NULL, &error);
  g_autofree char *command = qmp_message_dup_command (with);
  g_autofree char *odd_command = qmp_message_dup_command (odd);

  g_assert_no_error (error);
  assert_bytes (plain, "{\"execute\":\"query-status\"}");
  assert_bytes (without, "{\"execute\":\"query-status\"}");
  assert_bytes (with, "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"net0\",\"n\":1}}");
  g_assert_cmpstr (command, ==, "device_del");
  g_assert_cmpstr (odd_command, ==, "a\"ü");

  /* It is a mapping like any other. */
  assert_members (with, "execute arguments");
  assert_member (with, "arguments", "{\"id\":\"net0\",\"n\":1}");
  g_assert_true (qmp_message_remove_member (with, "arguments"));
  assert_wire (with, "9", "{\"execute\":\"device_del\",\"id\":9}");
}

static void
test_command_bad (void)
{
  g_autoptr(JsonNode) array = test_node_from_text ("[]");
  g_autoptr(JsonNode) null = json_node_new (JSON_NODE_NULL);
  g_autoptr(JsonNode) infinite = json_node_init_double (json_node_alloc (), -INFINITY);
  g_autoptr(JsonNode) arguments = test_object_around ("x", json_node_copy (infinite));
  g_autoptr(GError) error = NULL;

  g_assert_null (qmp_message_new_command ("stop", array, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE);
  g_assert_cmpstr (error->message, ==, "Arguments of “stop”: JSON, but an array, not an object: []");
  g_clear_error (&error);

  g_assert_null (qmp_message_new_command ("stop", null, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE);
  g_clear_error (&error);
  g_assert_null (qmp_message_new_command ("stop", infinite, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);

  g_assert_null (qmp_message_new_command ("stop", arguments, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  g_clear_error (&error);
  g_assert_null (qmp_message_new_command ("st\xffop", NULL, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
}

static void
test_parsed (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) value = test_node_from_text ("[1,2]");
  g_autoptr(QmpMessage) none = qmp_message_new_parsed ("stop", &error, NULL);
  g_autoptr(QmpMessage) empty = qmp_message_new_parsed ("stop", &error, " { } ");
  g_autoptr(QmpMessage) all =
    qmp_message_new_parsed ("x", &error, "{'b':%b,'i':%i,'u':%u,'x':%x,'t':%t,'d':%d,'s':%s,'v':%v,'j':%j}",
                            TRUE, -1, 1u, G_MININT64, G_MAXUINT64, 0.5, "a'\"", value, "[ 1e3 ]");
  g_autofree char *command = qmp_message_dup_command (all);

  g_assert_no_error (error);
  assert_bytes (none, "{\"execute\":\"stop\"}");
  assert_bytes (empty, "{\"execute\":\"stop\"}");
  g_assert_cmpstr (command, ==, "x");
  assert_wire (all, "1",
               "{\"execute\":\"x\",\"arguments\":{\"b\":true,\"i\":-1,\"u\":1,\"x\":-9223372036854775808,"
               "\"t\":18446744073709551615,\"d\":0.5,\"s\":\"a'\\\"\",\"v\":[1,2],\"j\":[1e3]},\"id\":1}");
}

static void
test_parsed_bad (void)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (qmp_message_new_parsed ("stop", &error, "[1]"));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE);
  g_assert_cmpstr (error->message, ==, "Arguments of “stop”: JSON, but an array, not an object: [1]");
  g_clear_error (&error);
  g_assert_null (qmp_message_new_parsed ("stop", &error, "%j", "3"));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE);
  g_clear_error (&error);
  g_assert_null (qmp_message_new_parsed ("stop", &error, "{'a':%j}", "[1"));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  g_clear_error (&error);
  g_assert_null (qmp_message_new_parsed ("stop", &error, "{'a':%d}", INFINITY));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  g_assert_true (g_str_has_prefix (error->message, "Arguments of “stop”: "));
  g_clear_error (&error);
  g_assert_null (qmp_message_new_parsed ("stop", &error, "{'a':%s}", "\xff"));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  g_clear_error (&error);
  g_assert_null (qmp_message_new_parsed ("stop", &error, "{'a':1,'a':2}"));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  g_clear_error (&error);
  g_assert_null (qmp_message_new_parsed ("stop", &error, "{'a':%j}", "1e400"));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
}

static void
test_dup_command (void)
{
  static const char * const cases[][2] = {
    { "{\"execute\":\"stop\"}", "stop" },
    { "{\"exec-oob\":\"st\\u006fp\"}", "stop" },
    { "{\"execute\":\"\"}", "" },
    { "{\"execute\":1}", NULL },
    { "{\"execute\":null}", NULL },
    { "{\"execute\":[\"a\"]}", NULL },
    { "{\"execute\":\"a\",\"exec-oob\":\"b\"}", NULL },
    { "{\"return\":{}}", NULL },
    { "{}", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(QmpMessage) message = test_message_from_text (cases[i][0]);
      g_autofree char *command = qmp_message_dup_command (message);

      g_test_message ("%s", cases[i][0]);
      g_assert_cmpstr (command, ==, cases[i][1]);
    }
}

static void
test_wire (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMessage) command = qmp_message_new_command ("stop", NULL, &error);
  g_autoptr(QmpMessage) spaced = test_message_from_text (" { \"id\" : \"own\" , \"execute\" : \"stop\" } \r\n");
  g_autoptr(QmpMessage) lazy = test_lazy_message_from_text ("{ \"execute\": \"stop\" }");
  g_autoptr(QmpMessage) received = test_received_from_text ("{ \"execute\": \"stop\" }\n");

  assert_wire (command, "12", "{\"execute\":\"stop\",\"id\":12}");
  assert_wire (command, "13", "{\"execute\":\"stop\",\"id\":13}");
  assert_wire (command, NULL, "{\"execute\":\"stop\"}");
  assert_bytes (command, "{\"execute\":\"stop\"}");

  /* The id takes the place of the own one. */
  assert_wire (spaced, "12", "{\"id\":12,\"execute\":\"stop\"}");
  assert_wire (spaced, NULL, "{\"id\":\"own\",\"execute\":\"stop\"}");
  assert_bytes (spaced, " { \"id\" : \"own\" , \"execute\" : \"stop\" } \r\n");
  assert_wire (lazy, "1", "{\"execute\":\"stop\",\"id\":1}");
  assert_wire (lazy, NULL, "{\"execute\":\"stop\"}");
  assert_wire (received, "1", "{\"execute\":\"stop\",\"id\":1}");
}

/* Changed after it was made or sent. */
static void
test_wire_changed (void)
{
  g_autoptr(QmpMessage) command = qmp_message_new_command ("stop", NULL, NULL);
  g_autoptr(QmpMessage) copy = qmp_message_dup (command);
  g_autoptr(JsonNode) id = json_node_init_string (json_node_alloc (), "mine");

  assert_wire (copy, "1", "{\"execute\":\"stop\",\"id\":1}");
  g_assert_true (qmp_message_set_member (command, "id", id, NULL));
  assert_wire (command, NULL, "{\"execute\":\"stop\",\"id\":\"mine\"}");
  assert_wire (command, "5", "{\"execute\":\"stop\",\"id\":5}");
  g_assert_true (qmp_message_set_member_text (command, "arguments", "{ \"a\" : 1 }", NULL));
  assert_wire (command, "5", "{\"execute\":\"stop\",\"id\":5,\"arguments\":{\"a\":1}}");
  g_assert_true (qmp_message_set_member_text (command, "arguments", "{\"a\":1e999}", NULL));
  assert_wire_fails (command, "5", QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  g_assert_true (qmp_message_remove_member (command, "arguments"));
  assert_wire (command, "5", "{\"execute\":\"stop\",\"id\":5}");
}

static void
test_wire_refused (void)
{
  static const char * const texts[] = {
    "{\"execute\":\"x\",\"arguments\":{\"a\":1e400}}",
    "{\"execute\":\"x\",\"arguments\":{\"a\":\"\\uffff\"}}",
    "{\"execute\":\"x\",\"arguments\":{\"a\":\"\xef\xbf\xbe\"}}",
    "{\"execute\":\"x\",\"execute\":\"y\"}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(QmpMessage) message = test_message_from_text (texts[i]);
      g_autoptr(QmpMessage) copy = qmp_message_dup (message);

      g_test_message ("%s", texts[i]);
      assert_wire_fails (message, "1", QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
      assert_wire_fails (copy, "1", QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
      assert_wire_fails (message, NULL, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
    }
}

static void
count_notify_cb (GObject    *object,
                 GParamSpec *pspec,
                 guint      *count)
{
  (*count)++;
}

static void
test_out_of_band (void)
{
  g_autoptr(QmpMessage) command = qmp_message_new_command ("stop", NULL, NULL);
  g_autoptr(QmpMessage) text = test_message_from_text ("{\"id\": 1, \"exec-oob\": \"stop\", \"control\": {}}");
  g_autoptr(QmpMessage) both = test_message_from_text ("{\"exec-oob\":\"a\",\"execute\":\"b\"}");
  g_autoptr(QmpMessage) neither = qmp_message_new ();
  g_autofree char *name = NULL;
  guint n_notified = 0;
  gboolean out_of_band;

  g_signal_connect (command, "notify::out-of-band", G_CALLBACK (count_notify_cb), &n_notified);
  g_assert_false (qmp_message_get_out_of_band (command));
  qmp_message_set_out_of_band (command, FALSE);
  g_assert_cmpuint (n_notified, ==, 0);
  qmp_message_set_out_of_band (command, TRUE);
  qmp_message_set_out_of_band (command, TRUE);
  g_assert_cmpuint (n_notified, ==, 1);
  g_assert_true (qmp_message_get_out_of_band (command));
  name = qmp_message_dup_command (command);
  g_assert_cmpstr (name, ==, "stop");
  assert_bytes (command, "{\"exec-oob\":\"stop\"}");
  assert_wire (command, "3", "{\"exec-oob\":\"stop\",\"id\":3}");
  g_object_set (command, "out-of-band", FALSE, NULL);
  assert_bytes (command, "{\"execute\":\"stop\"}");
  g_assert_cmpuint (n_notified, ==, 2);
  g_object_get (command, "out-of-band", &out_of_band, NULL);
  g_assert_false (out_of_band);

  /* A member like any other, too. */
  g_assert_true (qmp_message_set_member_text (command, "exec-oob", "\"a\"", NULL));
  g_assert_cmpuint (n_notified, ==, 3);
  g_assert_true (qmp_message_remove_member (command, "exec-oob"));
  g_assert_cmpuint (n_notified, ==, 4);

  g_assert_true (qmp_message_get_out_of_band (text));
  qmp_message_set_out_of_band (text, FALSE);
  assert_bytes (text, "{\"id\":1,\"execute\":\"stop\",\"control\":{}}");

  qmp_message_set_out_of_band (both, FALSE);
  assert_bytes (both, "{\"exec-oob\":\"a\",\"execute\":\"b\"}");
  qmp_message_set_out_of_band (neither, TRUE);
  g_assert_false (qmp_message_get_out_of_band (neither));
  assert_bytes (neither, "{}");
}

static void
assert_closed (int fd)
{
  errno = 0;
  g_assert_cmpint (fcntl (fd, F_GETFD), ==, -1);
  g_assert_cmpint (errno, ==, EBADF);
}

static void
assert_open (int fd)
{
  g_assert_cmpint (fcntl (fd, F_GETFD), !=, -1);
}

static GUnixFDList *
two_fds (void)
{
  int fds[2];

  g_assert_cmpint (pipe (fds), ==, 0);

  return g_unix_fd_list_new_from_array (fds, 2);
}

static void
test_fds (void)
{
  g_autoptr(QmpMessage) message = qmp_message_new_command ("add-fd", NULL, NULL);
  QmpMessage *copy;
  GUnixFDList *fds = two_fds ();
  int theirs = g_unix_fd_list_peek_fds (fds, NULL)[0];
  int ours[2];
  guint n_notified = 0;
  GUnixFDList *same = NULL;

  g_signal_connect (message, "notify::fd-list", G_CALLBACK (count_notify_cb), &n_notified);
  qmp_message_set_fd_list (message, fds);
  g_assert_cmpuint (n_notified, ==, 1);
  g_assert_false (qmp_message_get_fd_list (message) == fds);
  g_assert_cmpint (g_unix_fd_list_get_length (qmp_message_get_fd_list (message)), ==, 2);
  memcpy (ours, g_unix_fd_list_peek_fds (qmp_message_get_fd_list (message), NULL), sizeof ours);
  g_assert_cmpint (ours[0], !=, theirs);
  g_assert_cmpint (fcntl (ours[0], F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);

  /* The caller's are his. */
  g_assert_finalize_object (fds);
  assert_closed (theirs);
  assert_open (ours[0]);
  assert_open (ours[1]);

  /* A copy shares them; the last one closes. */
  copy = qmp_message_dup (message);
  g_assert_true (qmp_message_get_fd_list (copy) == qmp_message_get_fd_list (message));
  g_assert_true (qmp_message_equal (copy, message));
  g_object_get (copy, "fd-list", &same, NULL);
  g_assert_true (same == qmp_message_get_fd_list (message));
  g_object_unref (same);
  g_object_set (message, "fd-list", NULL, NULL);
  g_assert_cmpuint (n_notified, ==, 2);
  g_assert_null (qmp_message_get_fd_list (message));
  g_assert_true (qmp_message_equal (copy, message));
  assert_open (ours[0]);
  g_assert_finalize_object (copy);
  assert_closed (ours[0]);
  assert_closed (ours[1]);
}

static void
test_fds_replaced (void)
{
  QmpMessage *message = qmp_message_new ();
  g_autoptr(GUnixFDList) fds = two_fds ();
  g_autoptr(GUnixFDList) empty = g_unix_fd_list_new ();
  int first;
  int second;

  qmp_message_set_fd_list (message, fds);
  first = g_unix_fd_list_peek_fds (qmp_message_get_fd_list (message), NULL)[0];
  qmp_message_set_fd_list (message, empty);
  g_assert_null (qmp_message_get_fd_list (message));
  assert_closed (first);
  g_object_set (message, "fd-list", fds, NULL);
  second = g_unix_fd_list_peek_fds (qmp_message_get_fd_list (message), NULL)[1];
  assert_open (second);
  g_assert_finalize_object (message);
  assert_closed (second);
}

/* No descriptors left: the command must not go out without those it was given. */
static void
test_fds_exhausted (void)
{
  g_autoptr(QmpMessage) message = qmp_message_new_command ("add-fd", NULL, NULL);
  g_autoptr(QmpMessage) copy = NULL;
  g_autoptr(GUnixFDList) fds = two_fds ();
  g_autoptr(GError) error = NULL;
  struct rlimit saved;
  struct rlimit limit;
  int next = dup (0);

  /* Room for one of the two. */
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &saved), ==, 0);
  limit = saved;
  limit.rlim_cur = next + 1;
  close (next);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  qmp_message_set_fd_list (message, fds);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &saved), ==, 0);

  assert_closed (next);
  g_assert_null (qmp_message_get_fd_list (message));
  g_assert_false (qmp_message_validate (message, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  assert_wire_fails (message, "1", G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  copy = qmp_message_dup (message);
  assert_wire_fails (copy, "1", G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);

  /* It can still be changed, and mended. */
  g_assert_true (qmp_message_set_member_text (message, "arguments", "{}", NULL));
  qmp_message_set_fd_list (message, fds);
  assert_wire (message, "1", "{\"execute\":\"add-fd\",\"arguments\":{},\"id\":1}");
  qmp_message_set_fd_list (copy, NULL);
  g_assert_true (qmp_message_validate (copy, NULL));
}

static void
test_timeout (void)
{
  g_autoptr(QmpMessage) message = qmp_message_new_command ("stop", NULL, NULL);
  g_autoptr(QmpMessage) copy = NULL;
  guint n_notified = 0;
  int timeout;

  g_signal_connect (message, "notify::timeout", G_CALLBACK (count_notify_cb), &n_notified);
  g_object_get (message, "timeout", &timeout, NULL);
  g_assert_cmpint (timeout, ==, QMP_TIMEOUT_CLIENT);
  qmp_message_set_timeout (message, QMP_TIMEOUT_CLIENT);
  g_assert_cmpuint (n_notified, ==, 0);
  qmp_message_set_timeout (message, 2000);
  qmp_message_set_timeout (message, 2000);
  g_assert_cmpuint (n_notified, ==, 1);
  copy = qmp_message_dup (message);
  g_assert_cmpint (qmp_message_get_timeout (copy), ==, 2000);
  g_object_set (message, "timeout", 0, NULL);
  g_assert_cmpint (qmp_message_get_timeout (message), ==, 0);
  g_assert_cmpint (qmp_message_get_timeout (copy), ==, 2000);
  g_assert_true (qmp_message_equal (message, copy));
}

/* Copies have nothing to do with each other. */
static void
test_dup (void)
{
  g_autoptr(QmpMessage) message = test_message_from_text ("{ \"a\": [ 18446744073709551615 ], \"b\": 2 }");
  g_autoptr(QmpMessage) copy = qmp_message_dup (message);
  g_autoptr(QmpMessage) second = NULL;

  g_assert_true (qmp_message_get_bytes (message) == qmp_message_get_bytes (copy));
  g_assert_true (qmp_message_remove_member (copy, "b"));
  assert_bytes (message, "{ \"a\": [ 18446744073709551615 ], \"b\": 2 }");
  assert_bytes (copy, "{\"a\":[18446744073709551615]}");
  second = qmp_message_dup (copy);
  g_assert_true (qmp_message_set_member_text (copy, "c", "3", NULL));
  assert_bytes (second, "{\"a\":[18446744073709551615]}");
  assert_wire (second, "1", "{\"a\":[18446744073709551615],\"id\":1}");
  g_assert_false (qmp_message_equal (copy, second));
}

/* A reply that is not an object must not be taken for one, whoever hands it in. */
static void
test_received_array (void)
{
  g_autoptr(QmpMessage) message = test_received_from_text ("[{\"id\":1}]");

  g_assert_false (qmp_message_validate (message, NULL));
  assert_members (message, "");
}

/* A boolean property that is TRUE by default and is copied. */
static void
test_flag (gconstpointer name)
{
  g_autoptr (QmpMessage) message = qmp_message_new ();
  g_autoptr (QmpMessage) copy = NULL;
  g_autofree char *signal = g_strconcat ("notify::", name, NULL);
  guint n_notified = 0;
  gboolean value = FALSE;

  g_signal_connect (message, signal, G_CALLBACK (count_notify_cb), &n_notified);
  g_object_get (message, name, &value, NULL);
  g_assert_true (value);
  g_object_set (message, name, TRUE, NULL);
  g_assert_cmpuint (n_notified, ==, 0);
  g_object_set (message, name, FALSE, NULL);
  g_object_set (message, name, FALSE, NULL);
  g_assert_cmpuint (n_notified, ==, 1);
  copy = qmp_message_dup (message);
  g_object_get (copy, name, &value, NULL);
  g_assert_false (value);
  g_assert_false (qmp_message_get_assign_id (message) && qmp_message_get_success_response (message));
  g_assert_true (qmp_message_get_assign_id (message) || qmp_message_get_success_response (message));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/message-command/command", test_command);
  g_test_add_func ("/message-command/command-bad", test_command_bad);
  g_test_add_func ("/message-command/parsed", test_parsed);
  g_test_add_func ("/message-command/parsed-bad", test_parsed_bad);
  g_test_add_func ("/message-command/dup-command", test_dup_command);
  g_test_add_func ("/message-command/wire", test_wire);
  g_test_add_func ("/message-command/wire-changed", test_wire_changed);
  g_test_add_func ("/message-command/wire-refused", test_wire_refused);
  g_test_add_func ("/message-command/out-of-band", test_out_of_band);
  g_test_add_func ("/message-command/fds", test_fds);
  g_test_add_func ("/message-command/fds-replaced", test_fds_replaced);
  g_test_add_func ("/message-command/fds-exhausted", test_fds_exhausted);
  g_test_add_func ("/message-command/timeout", test_timeout);
  g_test_add_data_func ("/message-command/assign-id", "assign-id", test_flag);
  g_test_add_data_func ("/message-command/success-response", "success-response", test_flag);
  g_test_add_func ("/message-command/dup", test_dup);
  g_test_add_func ("/message-command/received-array", test_received_array);

  return g_test_run ();
}
