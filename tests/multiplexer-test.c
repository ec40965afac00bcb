/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-upstream.h"

#include <string.h>

/* What a multiplexer passes on, and what it answers itself. multiplexer-ends-test.c has those who come and go. */

/* --- commands --- */

static void
test_greeting (TestUpstream *self,
               gconstpointer data)
{
  int fd;
  g_autoptr(GIOStream) stream = test_socketpair (&fd);
  g_autoptr(TestRaw) raw = test_raw_new_for_fd (fd);

  g_assert_true (qmp_server_add_stream (self->server, stream, NULL));
  test_raw_assert_line (raw, "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}, "
                             "\"package\": \"Debian\"}, \"capabilities\": []}}");
  test_raw_assert_answer (raw, "{\"execute\": \"query-name\"}",
                          test_raw_error ("CommandNotFound",
                                          "Expecting capabilities negotiation with 'qmp_capabilities'", NULL));
}

static const char * const ids[] = {
  "null", "true", "false", "0", "1", "-5", "1.5", "1e400000", "18446744073709551615", "\"\"", "\"1\"", "\"\\u00e4\\\"\"",
  "[]", "[1, {\"a\": []}]", "{}", "{\"id\": {\"return\": 1}}",
};

/* They come back as they were, in the same spelling. */
static void
test_ids (TestUpstream *self,
          gconstpointer data)
{
  g_autoptr(TestRaw) raw = test_upstream_new_raw (self);

  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autofree char *command = g_strdup_printf ("{\"execute\": \"a\", \"id\": %s}", ids[i]);
      g_autofree char *expected = g_strdup_printf ("{\"return\": [7], \"id\": %s}", ids[i]);
      g_autofree char *line = NULL;

      if (strstr (ids[i], "e400000") != NULL)
        continue;
      test_raw_say (raw, command);
      test_upstream_answer (self, "[7]");
      line = test_raw_read_line (raw);
      g_assert_cmpstr (line, ==, expected);
    }
  test_raw_say (raw, "{\"execute\": \"a\"}");
  test_upstream_answer (self, "{}");
  test_raw_assert_line (raw, "{\"return\": {}}");
}

/* A number as an id of the client's own would be, and two clients with the same. */
static void
test_same_ids (TestUpstream *self,
               gconstpointer data)
{
  g_autoptr(TestRaw) a = test_upstream_new_raw (self);
  g_autoptr(TestRaw) b = test_upstream_new_raw (self);

  test_raw_say (a, "{\"execute\": \"a\", \"id\": 1}{\"execute\": \"a\", \"id\": 1}");
  test_spin_until (self->kept->len == 2);
  test_raw_say (b, "{\"execute\": \"b\", \"id\": 1}");
  test_spin_until (self->kept->len == 3);
  test_upstream_answer (self, "\"first\"");
  test_upstream_answer (self, "\"second\"");
  test_upstream_answer (self, "\"third\"");
  test_raw_assert_line (a, "{\"return\": \"first\", \"id\": 1}");
  test_raw_assert_line (a, "{\"return\": \"second\", \"id\": 1}");
  test_raw_assert_line (b, "{\"return\": \"third\", \"id\": 1}");
}

static void
test_arguments (TestUpstream *self,
                gconstpointer data)
{
  g_autoptr(TestRaw) raw = test_upstream_new_raw (self);
  g_autofree char *arguments = NULL;

  test_raw_say (raw, "{ \"id\" : 1 , \"arguments\" : { \"b\" : [ 1, \"\\u0041\" ] } , \"execute\" : \"\\u0061\" }");
  arguments = test_upstream_peek_arguments (self, "a");
  g_assert_cmpstr (arguments, ==, "{\"b\":[1,\"A\"]}");
  test_upstream_answer (self, "{ \"c\" : 1.0 }");
  test_raw_assert_line (raw, "{\"return\": {\"c\": 1.0}, \"id\": 1}");
}

static void
test_errors (TestUpstream *self,
             gconstpointer data)
{
  g_autoptr(TestRaw) raw = test_upstream_new_raw (self);

  test_raw_say (raw, "{\"execute\": \"a\", \"id\": 1}");
  test_upstream_fail (self, "DeviceNotFound", "Device 'ü\"' not found");
  test_raw_assert_line (raw, test_raw_error ("DeviceNotFound", "Device 'ü\"' not found", "1"));
  /* What is wrong is said in its turn. */
  test_raw_say (raw, "{\"execute\": \"a\"}{\"execute\": 1}[}{\"execute\": \"b\"}");
  test_upstream_answer (self, "1");
  test_raw_assert_line (raw, "{\"return\": 1}");
  test_raw_assert_line (raw, test_raw_error ("GenericError", "QMP input member 'execute' must be a string", NULL));
  test_raw_assert_line (raw, test_raw_error ("GenericError", "JSON parse error, at byte 1", NULL));
  test_upstream_answer (self, "2");
  test_raw_assert_line (raw, "{\"return\": 2}");
}

/* Each client has its replies at their places among the events; so does the client that is shared. */
static void
test_events (TestUpstream *self,
             gconstpointer data)
{
  g_autoptr(TestRaw) a = test_upstream_new_raw (self);
  g_autoptr(TestRaw) b = test_upstream_new_raw (self);
  g_autoptr(TestRaw) new = test_raw_new (self->server);
  TestLog *log = test_log_new (self->client);

  test_raw_say (a, "{\"execute\": \"stop\", \"id\": 1}");
  test_spin_until (self->kept->len == 1);
  test_raw_say (b, "{\"execute\": \"b\", \"id\": 2}");
  test_spin_until (self->kept->len == 2);
  test_log_execute_async (log, "own", self->client, "own", NULL);
  test_spin_until (self->kept->len == 3);
  test_upstream_emit (self, "STOP");
  test_upstream_answer (self, "{}");
  test_upstream_emit (self, "RESUME");
  test_upstream_answer (self, "{}");
  test_upstream_answer (self, "{}");
  test_upstream_emit (self, "RESET");
  test_upstream_assert_event (a, "STOP");
  test_raw_assert_line (a, "{\"return\": {}, \"id\": 1}");
  test_upstream_assert_event (a, "RESUME");
  test_upstream_assert_event (a, "RESET");
  test_upstream_assert_event (b, "STOP");
  test_upstream_assert_event (b, "RESUME");
  test_raw_assert_line (b, "{\"return\": {}, \"id\": 2}");
  test_upstream_assert_event (b, "RESET");
  test_spin_until (test_log_has (log, "RESET"));
  g_assert_cmpstr (test_log_get (log), ==, "STOP RESUME own RESET");
  test_log_free (log);
  /* Who has not negotiated has heard nothing. */
  test_raw_negotiate (new);
}

/* --- descriptors --- */

/* The descriptors of two clients at once, with the same name. */
static void
test_fds (TestUpstream *self,
          gconstpointer data)
{
  g_autoptr(TestRaw) a = test_upstream_new_raw (self);
  g_autoptr(TestRaw) b = test_upstream_new_raw (self);
  g_autofree char *name_a = NULL;
  g_autofree char *name_b = NULL;

  test_raw_say_with_fds (a, "{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"x\"}, \"id\": 1}", 1);
  test_raw_say_with_fds (b, "{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"x\"}, \"id\": 1}", 3);
  name_a = test_upstream_peek_fdname (self, "getfd");
  g_assert_cmpint (test_upstream_peek_n_fds (self), ==, 1);
  test_upstream_answer (self, "{}");
  name_b = test_upstream_peek_fdname (self, "getfd");
  g_assert_cmpint (test_upstream_peek_n_fds (self), ==, 1);
  test_upstream_answer (self, "{}");
  g_assert_true (g_str_has_suffix (name_a, "-x"));
  g_assert_true (g_str_has_suffix (name_b, "-x"));
  g_assert_cmpstr (name_a, !=, name_b);
  test_raw_assert_line (a, "{\"return\": {}, \"id\": 1}");
  test_raw_assert_line (b, "{\"return\": {}, \"id\": 1}");
}

/* Nobody gets what came with somebody else's command. */
static void
test_stray_fds (TestUpstream *self,
                gconstpointer data)
{
  g_autoptr(TestRaw) a = test_upstream_new_raw (self);
  g_autoptr(TestRaw) b = test_upstream_new_raw (self);
  static const char *wrong = "{\"execute\": \"getfd\", \"arguments\": {\"fdname\": 1}}";
  static const char *right = "{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"x\"}, \"id\": 2}";

  test_raw_say_with_fds (a, "{\"execute\": \"query-name\"}", 1);
  g_assert_cmpint (test_upstream_peek_n_fds (self), ==, 0);
  test_upstream_answer (self, "{}");
  test_raw_assert_line (a, "{\"return\": {}}");
  /* The server says what is wrong before it takes the descriptor. */
  test_raw_say_with_fds (a, wrong, 1);
  g_assert_cmpint (test_upstream_peek_n_fds (self), ==, 0);
  test_upstream_fail (self, "GenericError", "Invalid parameter type");
  test_raw_assert_line (a, test_raw_error ("GenericError", "Invalid parameter type", NULL));
  test_raw_assert_answer (b, right, test_raw_error ("GenericError", "No file descriptor supplied via SCM_RIGHTS", "2"));
  test_raw_assert_answer (b, "{\"execute\": \"add-fd\"}",
                          test_raw_error ("GenericError", "No file descriptor supplied via SCM_RIGHTS", NULL));
  test_raw_say_with_fds (b, "{\"execute\": \"add-fd\", \"arguments\": {\"fdset-id\": 1, \"opaque\": \"o\"}}", 1);
  g_assert_cmpint (test_upstream_peek_n_fds (self), ==, 1);
  test_upstream_answer (self, "{\"fdset-id\": 1, \"fd\": 9}");
  test_raw_assert_line (b, "{\"return\": {\"fdset-id\": 1, \"fd\": 9}}");
}

/* Where commands have names, and where they only seem to. %s is one. */
static const char * const named[] = {
  "{\"protocol\":\"@x\",\"fdname\":\"%s\"}",
  "{\"type\":\"tap\",\"fd\":\"%s\",\"vhostfd\":\"y\",\"id\":\"x\"}",
  "{\"fds\":\"0:%s:x1:%s\"}",
  "{\"uri\":\"fd:%s\"}",
  "{\"uri\":\"exec:x\",\"protocol\":\"fd:%s\"}",
  "{\"channels\":[{\"addr\":{\"transport\":\"socket\",\"type\":\"fd\",\"str\":\"%s\"}}]}",
  "{\"backend\":{\"data\":{\"addr\":{\"type\":\"fd\",\"data\":{\"str\":\"%s\"}}}}}",
};

static void
test_used_names (TestUpstream *self,
                 gconstpointer data)
{
  g_autoptr(TestRaw) raw = test_upstream_new_raw (self);
  g_autoptr(TestRaw) other = test_upstream_new_raw (self);

  for (gsize i = 0; i < G_N_ELEMENTS (named); i++)
    {
      g_autofree char *full = test_upstream_give_name (self, raw, "x");
      g_auto(GStrv) parts = g_strsplit (named[i], "%s", -1);
      g_autofree char *arguments = g_strjoinv ("x", parts);
      g_autofree char *expected = g_strjoinv (full, parts);
      g_autofree char *command = g_strdup_printf ("{\"execute\": \"a\", \"arguments\": %s, \"id\": \"fd:x\"}", arguments);
      g_autofree char *seen = NULL;
      g_autofree char *said = NULL;
      g_autofree char *desc = g_strdup_printf ("File descriptor named '%s' has not been found, or '%s'", full, full);

      /* To others the name is nothing. */
      test_raw_say (other, command);
      seen = test_upstream_peek_arguments (self, "a");
      g_assert_cmpstr (seen, ==, arguments);
      test_upstream_answer (self, "{}");
      test_raw_assert_line (other, "{\"return\": {}, \"id\": \"fd:x\"}");
      g_clear_pointer (&seen, g_free);

      /* What it is called upstream is never told. */
      test_raw_say (raw, command);
      seen = test_upstream_peek_arguments (self, "a");
      g_assert_cmpstr (seen, ==, expected);
      test_upstream_fail (self, "GenericError", desc);
      test_raw_assert_line (raw, test_raw_error ("GenericError", "File descriptor named 'x' has not been found, or 'x'",
                                                 "\"fd:x\""));

      /* It is gone once it was taken. */
      test_raw_say (raw, command);
      test_upstream_answer (self, "{}");
      test_raw_assert_line (raw, "{\"return\": {}, \"id\": \"fd:x\"}");
      test_raw_say (raw, command);
      said = test_upstream_peek_arguments (self, "a");
      g_assert_cmpstr (said, ==, arguments);
      test_upstream_answer (self, "{}");
      test_raw_assert_line (raw, "{\"return\": {}, \"id\": \"fd:x\"}");
    }
}

static void
test_closefd (TestUpstream *self,
              gconstpointer data)
{
  g_autoptr(TestRaw) raw = test_upstream_new_raw (self);
  static const char *closefd = "{\"execute\": \"closefd\", \"arguments\": {\"fdname\": \"x\"}}";
  g_autofree char *full = test_upstream_give_name (self, raw, "x");
  g_autofree char *closed = NULL;
  g_autofree char *desc = NULL;

  /* One more of that name is on its way when the first is closed. */
  test_raw_say (raw, closefd);
  test_raw_say_with_fds (raw, "{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"x\"}}", 1);
  closed = test_upstream_peek_fdname (self, "closefd");
  g_assert_cmpstr (closed, ==, full);
  test_upstream_answer (self, "{}");
  test_raw_assert_line (raw, "{\"return\": {}}");
  test_upstream_answer (self, "{}");
  test_raw_assert_line (raw, "{\"return\": {}}");
  test_raw_say (raw, "{\"execute\": \"a\", \"arguments\": {\"fd\": \"x\"}}");
  g_clear_pointer (&closed, g_free);
  closed = test_upstream_peek_arguments (self, "a");
  g_assert_nonnull (strstr (closed, full));
  test_upstream_answer (self, "{}");
  test_raw_assert_line (raw, "{\"return\": {}}");

  desc = g_strdup_printf ("File descriptor named '%s' not found", full);
  test_raw_say (raw, closefd);
  test_upstream_fail (self, "GenericError", desc);
  test_raw_assert_line (raw, test_raw_error ("GenericError", "File descriptor named 'x' not found", NULL));
  /* A name that the server refuses goes there as it is. */
  g_clear_pointer (&closed, g_free);
  test_raw_say_with_fds (raw, "{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"1x\"}}", 1);
  closed = test_upstream_peek_fdname (self, "getfd");
  g_assert_cmpstr (closed, ==, "1x");
  g_assert_cmpint (test_upstream_peek_n_fds (self), ==, 1);
  test_upstream_fail (self, "GenericError", "Parameter 'fdname' expects a name not starting with a digit");
  test_raw_assert_line (raw, test_raw_error ("GenericError",
                                             "Parameter 'fdname' expects a name not starting with a digit", NULL));
}

/* What a client has left behind is closed, and what is on its way when it leaves as well. */
static void
test_left_fds (TestUpstream *self,
               gconstpointer data)
{
  TestRaw *raw = test_upstream_new_raw (self);
  g_autofree char *full = test_upstream_give_name (self, raw, "x");
  g_autofree char *first = NULL;
  g_autofree char *late = NULL;

  test_raw_say_with_fds (raw, "{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"late\"}}", 1);
  test_spin_until (self->kept->len == 1);
  test_raw_free (raw);
  test_spin_until (test_upstream_count_clients (self) == 0);
  test_spin_until (self->kept->len == 3);
  test_upstream_answer (self, "{}");
  first = test_upstream_peek_fdname (self, "closefd");
  test_upstream_answer (self, "{}");
  late = test_upstream_peek_fdname (self, "closefd");
  test_upstream_fail (self, "GenericError", "no such name yet");
  g_assert_true (g_str_equal (first, full) != g_str_equal (late, full));
  g_clear_pointer (&late, g_free);
  late = test_upstream_peek_fdname (self, "closefd");
  g_assert_true (g_str_has_suffix (late, "-late"));
  test_upstream_answer (self, "{}");
}

static void
test_many_names (TestUpstream *self,
                 gconstpointer data)
{
  g_autoptr(TestRaw) raw = test_upstream_new_raw (self);

  for (guint i = 0; i < 64; i++)
    {
      g_autofree char *name = g_strdup_printf ("n%u", i);

      g_free (test_upstream_give_name (self, raw, name));
    }
  test_raw_say_with_fds (raw, "{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"more\"}}", 1);
  test_raw_assert_line (raw, test_raw_error ("GenericError", "Too many file descriptors have names", NULL));
  g_free (test_upstream_give_name (self, raw, "n5"));
}

/* --- who may do what --- */

static void
test_read_only (TestUpstream *self,
                gconstpointer data)
{
  g_autoptr(TestRaw) raw = test_upstream_new_raw (self);
  static const char * const allowed[] = { "query-status", "x-query-irq", "qom-list", "qom-list-types" };
  static const char * const refused[] = { "quit", "qom-get", "human-monitor-command", "getfd", "query", "Query-x" };

  qmp_multiplexer_set_read_only (self->multiplexer, TRUE);
  g_assert_true (qmp_multiplexer_get_read_only (self->multiplexer));
  for (gsize i = 0; i < G_N_ELEMENTS (allowed); i++)
    {
      g_autofree char *command = g_strdup_printf ("{\"execute\": \"%s\"}", allowed[i]);

      test_raw_say (raw, command);
      test_upstream_answer (self, "{}");
      test_raw_assert_line (raw, "{\"return\": {}}");
    }
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autofree char *command = g_strdup_printf ("{\"execute\": \"%s\", \"id\": 1}", refused[i]);
      g_autofree char *desc = g_strdup_printf ("Command %s has been disabled: the monitor is read-only", refused[i]);

      test_raw_assert_answer (raw, command, test_raw_error ("CommandNotFound", desc, "1"));
    }
  g_assert_cmpuint (self->kept->len, ==, 0);
  qmp_multiplexer_set_read_only (self->multiplexer, FALSE);
  test_raw_say (raw, "{\"execute\": \"quit\"}");
  test_upstream_answer (self, "{}");
  test_raw_assert_line (raw, "{\"return\": {}}");
}

/* What the allow function does. */
static struct {
  TestUpstream  *fixture;
  guint     n_asked;
  gboolean  allowed;
  void   (* act) (QmpInvocation *invocation);
} asking;

static gboolean
allow_cb (QmpMultiplexer *multiplexer,
          QmpInvocation  *invocation,
          gpointer        user_data)
{
  g_assert_true (QMP_IS_SERVER_CONNECTION (qmp_invocation_get_connection (invocation)));
  asking.n_asked++;
  if (asking.act != NULL)
    asking.act (invocation);
  return asking.allowed;
}

static void
count_freed (gpointer freed)
{
  ++*(int *) freed;
}

static void
set_allow_func (TestUpstream *self,
                int          *freed)
{
  memset (&asking, 0, sizeof asking);
  asking.fixture = self;
  qmp_multiplexer_set_allow_func (self->multiplexer, allow_cb, freed, count_freed);
}

static void
test_allow_func (TestUpstream *self,
                 gconstpointer data)
{
  g_autoptr(TestRaw) raw = test_upstream_new_raw (self);
  int freed = 0;

  set_allow_func (self, &freed);
  test_raw_assert_answer (raw, "{\"execute\": \"quit\", \"id\": [1]}",
                          test_raw_error ("CommandNotFound", "Command quit has been disabled", "[1]"));
  asking.allowed = TRUE;
  /* In order with what is refused, and what is answered otherwise. */
  test_raw_say (raw, "{\"execute\": \"a\", \"id\": 1}{\"execute\": \"b\", \"arguments\": {\"x\": 1}}");
  test_upstream_answer (self, "1");
  g_free (test_upstream_peek_arguments (self, "b"));
  test_upstream_answer (self, "2");
  test_raw_assert_line (raw, "{\"return\": 1, \"id\": 1}");
  test_raw_assert_line (raw, "{\"return\": 2}");
  g_assert_cmpuint (asking.n_asked, ==, 3);
  /* What is forbidden is not asked about. */
  qmp_multiplexer_set_read_only (self->multiplexer, TRUE);
  test_raw_assert_answer (raw, "{\"execute\": \"quit\"}",
                          test_raw_error ("CommandNotFound", "Command quit has been disabled: the monitor is read-only",
                                          NULL));
  g_assert_cmpuint (asking.n_asked, ==, 3);
  g_assert_cmpint (freed, ==, 0);
  qmp_multiplexer_set_allow_func (self->multiplexer, NULL, NULL, NULL);
  g_assert_cmpint (freed, ==, 1);
}

static void
answer_itself (QmpInvocation *invocation)
{
  g_assert_true (qmp_invocation_return_text (invocation, "\"mine\"", NULL));
}

static void
close_itself (QmpInvocation *invocation)
{
  qmp_server_connection_close (qmp_invocation_get_connection (invocation));
}

static void
drop_multiplexer (QmpInvocation *invocation)
{
  g_clear_object (&asking.fixture->multiplexer);
}

static void
run_loop (QmpInvocation *invocation)
{
  asking.act = NULL;
  test_spin_ready ();
}

/* The function may do anything. */
static void
test_allow_func_acts (TestUpstream *self,
                      gconstpointer data)
{
  g_autoptr(TestRaw) a = test_upstream_new_raw (self);
  g_autoptr(TestRaw) b = test_upstream_new_raw (self);
  g_autoptr(TestRaw) c = test_upstream_new_raw (self);
  g_autoptr(TestRaw) d = test_upstream_new_raw (self);
  int freed = 0;

  set_allow_func (self, &freed);
  asking.allowed = TRUE;
  asking.act = answer_itself;
  test_raw_assert_answer (a, "{\"execute\": \"a\", \"id\": 1}", "{\"return\": \"mine\", \"id\": 1}");
  asking.act = close_itself;
  test_raw_say (b, "{\"execute\": \"a\"}");
  test_raw_assert_end (b);
  g_assert_cmpuint (self->kept->len, ==, 0);
  asking.act = run_loop;
  test_raw_say (c, "{\"execute\": \"a\"}{\"execute\": \"b\"}");
  test_spin_until (self->kept->len == 2);
  test_upstream_answer (self, "\"a\"");
  test_upstream_answer (self, "\"b\"");
  test_raw_assert_line (c, "{\"return\": \"a\"}");
  test_raw_assert_line (c, "{\"return\": \"b\"}");
  asking.act = drop_multiplexer;
  test_raw_say (d, "{\"execute\": \"a\"}{\"execute\": \"b\"}");
  test_raw_assert_end (d);
  test_raw_assert_end (a);
  g_assert_cmpint (freed, ==, 1);
}

static gboolean
handle_cb (QmpServer     *server,
           QmpInvocation *invocation,
           TestUpstream  *self)
{
  return qmp_invocation_return_text (invocation, "\"handled\"", NULL);
}

/* What the program answers itself, at its place among what is passed on. */
static void
test_handler (TestUpstream *self,
              gconstpointer data)
{
  g_autoptr(TestRaw) raw = test_upstream_new_raw (self);

  g_signal_connect (self->server, "command::query-name", G_CALLBACK (handle_cb), self);
  test_raw_say (raw, "{\"execute\": \"a\"}{\"execute\": \"query-name\"}{\"execute\": \"b\"}");
  test_upstream_answer (self, "1");
  g_free (test_upstream_peek_arguments (self, "b"));
  test_upstream_answer (self, "2");
  test_raw_assert_line (raw, "{\"return\": 1}");
  test_raw_assert_line (raw, "{\"return\": \"handled\"}");
  test_raw_assert_line (raw, "{\"return\": 2}");
}

/* --- out of band --- */

static void
test_out_of_band (TestUpstream *self,
                  gconstpointer data)
{
  g_autoptr(TestRaw) raw = test_raw_new (self->server);
  g_autoptr(TestRaw) other = test_upstream_new_raw (self);

  test_raw_negotiate_oob (raw);
  test_raw_say (raw, "{\"execute\": \"a\", \"id\": 1}");
  test_spin_until (self->kept->len == 1);
  test_raw_say (raw, "{\"exec-oob\": \"yank\", \"id\": 2}");
  test_spin_until (self->kept->len == 2);
  g_assert_true (qmp_invocation_get_out_of_band (self->kept->pdata[1]));
  g_assert_true (qmp_invocation_return_text (self->kept->pdata[1], "\"yanked\"", NULL));
  test_raw_assert_line (raw, "{\"return\": \"yanked\", \"id\": 2}");
  test_upstream_answer (self, "1");
  test_raw_assert_line (raw, "{\"return\": 1, \"id\": 1}");
  test_raw_assert_answer (raw, "{\"exec-oob\": \"a\", \"id\": 3}",
                          test_raw_error ("GenericError", "The command a does not support OOB", "3"));
  test_raw_assert_answer (other, "{\"exec-oob\": \"yank\", \"id\": 2}",
                          test_raw_error ("GenericError", "QMP input member 'exec-oob' is unexpected", "2"));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, function) \
  g_test_add ("/multiplexer/" name, TestUpstream, NULL, test_upstream_set_up, function, test_upstream_tear_down)
  ADD ("greeting", test_greeting);
  ADD ("ids", test_ids);
  ADD ("same-ids", test_same_ids);
  ADD ("arguments", test_arguments);
  ADD ("errors", test_errors);
  ADD ("events", test_events);
  ADD ("fds", test_fds);
  ADD ("stray-fds", test_stray_fds);
  ADD ("used-names", test_used_names);
  ADD ("closefd", test_closefd);
  ADD ("left-fds", test_left_fds);
  ADD ("many-names", test_many_names);
  ADD ("read-only", test_read_only);
  ADD ("allow-func", test_allow_func);
  ADD ("allow-func-acts", test_allow_func_acts);
  ADD ("handler", test_handler);
  g_test_add ("/multiplexer/out-of-band", TestUpstream, "oob", test_upstream_set_up, test_out_of_band,
              test_upstream_tear_down);

  return g_test_run ();
}
