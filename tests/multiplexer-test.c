/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-raw.h"
#include "wire/qmp-io-context-private.h"

/* A multiplexer between raw clients and a server of ours that plays QEMU: what it is asked is kept, and answered when a test
 * says so. */

typedef struct {
  QmpServer      *upstream;
  GPtrArray      *kept;         /* of QmpInvocation: what has come and was not answered */
  QmpClient      *client;
  QmpMultiplexer *multiplexer;
  QmpServer      *server;       /* borrowed: the multiplexer's */
  guint           n_asked;
  gboolean        allowed;      /* what the allow function says */
  void         (* act) (QmpInvocation *invocation);
} Fixture;

static Fixture *current;

static gboolean
command_cb (QmpServer     *server,
            QmpInvocation *invocation,
            Fixture       *self)
{
  g_ptr_array_add (self->kept, g_object_ref (invocation));
  return TRUE;
}

static void
open_client (Fixture *self)
{
  int fd;
  g_autoptr(GIOStream) stream = test_socketpair (&fd);
  g_autoptr(GSocket) socket = g_socket_new_from_fd (fd, NULL);
  g_autoptr(GSocketConnection) peer = g_socket_connection_factory_create_connection (socket);
  g_autoptr(GError) error = NULL;

  g_assert_true (qmp_server_add_stream (self->upstream, stream, NULL));
  test_open_stream (self->client, G_IO_STREAM (peer), &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture       *self,
        gconstpointer  data)
{
  gboolean out_of_band = data != NULL;

  current = self;
  self->kept = g_ptr_array_new_with_free_func (g_object_unref);
  self->upstream = qmp_server_new ("upstream");
  qmp_server_set_version (self->upstream, "7.2.22");
  qmp_server_set_package (self->upstream, "Debian");
  qmp_server_set_max_pending (self->upstream, 10000);
  g_signal_connect (self->upstream, "command", G_CALLBACK (command_cb), self);
  qmp_server_set_oob_commands (self->upstream, (const char * const []) { "yank", NULL });
  self->client = qmp_client_new ("shared");
  qmp_client_set_out_of_band (self->client, out_of_band);
  open_client (self);
  self->multiplexer = qmp_multiplexer_new (self->client);
  self->server = qmp_multiplexer_get_server (self->multiplexer);
}

static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  if (self->multiplexer != NULL)
    {
      qmp_server_close (self->server);
      test_spin_ready ();
      g_assert_finalize_object (self->multiplexer);
    }
  qmp_server_close (self->upstream);
  test_spin_until (qmp_client_get_runstate (self->client) == QMP_RUNSTATE_IDLE);
  test_client_free (self->client);
  g_ptr_array_unref (self->kept);
  g_assert_finalize_object (self->upstream);
}

static TestRaw *
new_raw (Fixture *self)
{
  TestRaw *raw = test_raw_new (self->server);

  test_raw_negotiate (raw);
  return raw;
}

static guint
count (Fixture *self)
{
  return g_list_model_get_n_items (qmp_server_get_connections (self->server));
}

/* --- what upstream does --- */

static QmpInvocation *
take (Fixture *self)
{
  test_spin_until (self->kept->len > 0);
  return g_ptr_array_steal_index (self->kept, 0);
}

static void
answer (Fixture    *self,
        const char *value)
{
  g_autoptr(QmpInvocation) invocation = take (self);
  g_autoptr(GError) error = NULL;

  qmp_invocation_return_text (invocation, value, &error);
  g_assert_no_error (error);
}

static void
fail (Fixture    *self,
      const char *error_class,
      const char *desc)
{
  g_autoptr(QmpInvocation) invocation = take (self);

  g_assert_true (qmp_invocation_return_error (invocation, error_class, desc, NULL));
}

static void
emit (Fixture    *self,
      const char *name)
{
  g_assert_true (qmp_server_emit_event (self->upstream, name, NULL, NULL));
}

/* The arguments of the next command, as upstream sees them; its name is asserted. */
static char *
peek_arguments (Fixture    *self,
                const char *command)
{
  QmpInvocation *invocation;
  JsonNode *arguments;

  test_spin_until (self->kept->len > 0);
  invocation = self->kept->pdata[0];
  g_assert_cmpstr (qmp_invocation_get_command (invocation), ==, command);
  arguments = qmp_invocation_get_arguments (invocation);
  return arguments != NULL ? json_to_string (arguments, FALSE) : NULL;
}

static int
peek_n_fds (Fixture *self)
{
  GUnixFDList *fd_list;

  test_spin_until (self->kept->len > 0);
  fd_list = qmp_invocation_get_fd_list (self->kept->pdata[0]);
  return fd_list != NULL ? g_unix_fd_list_get_length (fd_list) : 0;
}

static char *
peek_fdname (Fixture    *self,
             const char *command)
{
  g_autofree char *arguments = peek_arguments (self, command);
  g_autoptr(JsonNode) node = test_json (arguments);

  return g_strdup (json_object_get_string_member (json_node_get_object (node), "fdname"));
}

/* The event of that name, without its time. */
static void
assert_event (TestRaw    *raw,
              const char *name)
{
  g_autofree char *line = test_raw_read_line (raw);
  g_autoptr(JsonNode) node = test_json (line);

  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (node), "event"), ==, name);
}

/* --- commands --- */

static void
test_greeting (Fixture       *self,
               gconstpointer  data)
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
test_ids (Fixture       *self,
          gconstpointer  data)
{
  g_autoptr(TestRaw) raw = new_raw (self);

  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autofree char *command = g_strdup_printf ("{\"execute\": \"a\", \"id\": %s}", ids[i]);
      g_autofree char *expected = g_strdup_printf ("{\"return\": [7], \"id\": %s}", ids[i]);
      g_autofree char *line = NULL;

      if (strstr (ids[i], "e400000") != NULL)
        continue;
      test_raw_say (raw, command);
      answer (self, "[7]");
      line = test_raw_read_line (raw);
      g_assert_cmpstr (line, ==, expected);
    }
  test_raw_say (raw, "{\"execute\": \"a\"}");
  answer (self, "{}");
  test_raw_assert_line (raw, "{\"return\": {}}");
}

/* A number as an id of the client's own would be, and two clients with the same. */
static void
test_same_ids (Fixture       *self,
               gconstpointer  data)
{
  g_autoptr(TestRaw) a = new_raw (self);
  g_autoptr(TestRaw) b = new_raw (self);

  test_raw_say (a, "{\"execute\": \"a\", \"id\": 1}{\"execute\": \"a\", \"id\": 1}");
  test_spin_until (self->kept->len == 2);
  test_raw_say (b, "{\"execute\": \"b\", \"id\": 1}");
  test_spin_until (self->kept->len == 3);
  answer (self, "\"first\"");
  answer (self, "\"second\"");
  answer (self, "\"third\"");
  test_raw_assert_line (a, "{\"return\": \"first\", \"id\": 1}");
  test_raw_assert_line (a, "{\"return\": \"second\", \"id\": 1}");
  test_raw_assert_line (b, "{\"return\": \"third\", \"id\": 1}");
}

static void
test_arguments (Fixture       *self,
                gconstpointer  data)
{
  g_autoptr(TestRaw) raw = new_raw (self);
  g_autofree char *arguments = NULL;

  test_raw_say (raw, "{ \"id\" : 1 , \"arguments\" : { \"b\" : [ 1, \"\\u0041\" ] } , \"execute\" : \"\\u0061\" }");
  arguments = peek_arguments (self, "a");
  g_assert_cmpstr (arguments, ==, "{\"b\":[1,\"A\"]}");
  answer (self, "{ \"c\" : 1.0 }");
  test_raw_assert_line (raw, "{\"return\": {\"c\": 1.0}, \"id\": 1}");
}

static void
test_errors (Fixture       *self,
             gconstpointer  data)
{
  g_autoptr(TestRaw) raw = new_raw (self);

  test_raw_say (raw, "{\"execute\": \"a\", \"id\": 1}");
  fail (self, "DeviceNotFound", "Device 'ü\"' not found");
  test_raw_assert_line (raw, test_raw_error ("DeviceNotFound", "Device 'ü\"' not found", "1"));
  /* What is wrong is said in its turn. */
  test_raw_say (raw, "{\"execute\": \"a\"}{\"execute\": 1}[}{\"execute\": \"b\"}");
  answer (self, "1");
  test_raw_assert_line (raw, "{\"return\": 1}");
  test_raw_assert_line (raw, test_raw_error ("GenericError", "QMP input member 'execute' must be a string", NULL));
  test_raw_assert_line (raw, test_raw_error ("GenericError", "JSON parse error, at byte 1", NULL));
  answer (self, "2");
  test_raw_assert_line (raw, "{\"return\": 2}");
}

/* Each client has its replies at their places among the events; so does the client that is shared. */
static void
test_events (Fixture       *self,
             gconstpointer  data)
{
  g_autoptr(TestRaw) a = new_raw (self);
  g_autoptr(TestRaw) b = new_raw (self);
  g_autoptr(TestRaw) new = test_raw_new (self->server);
  TestLog *log = test_log_new (self->client);

  test_raw_say (a, "{\"execute\": \"stop\", \"id\": 1}");
  test_spin_until (self->kept->len == 1);
  test_raw_say (b, "{\"execute\": \"b\", \"id\": 2}");
  test_spin_until (self->kept->len == 2);
  test_log_execute_async (log, "own", self->client, "own", NULL);
  test_spin_until (self->kept->len == 3);
  emit (self, "STOP");
  answer (self, "{}");
  emit (self, "RESUME");
  answer (self, "{}");
  answer (self, "{}");
  emit (self, "RESET");
  assert_event (a, "STOP");
  test_raw_assert_line (a, "{\"return\": {}, \"id\": 1}");
  assert_event (a, "RESUME");
  assert_event (a, "RESET");
  assert_event (b, "STOP");
  assert_event (b, "RESUME");
  test_raw_assert_line (b, "{\"return\": {}, \"id\": 2}");
  assert_event (b, "RESET");
  test_spin_until (test_log_has (log, "RESET"));
  g_assert_cmpstr (test_log_get (log), ==, "STOP RESUME own RESET");
  test_log_free (log);
  /* Who has not negotiated has heard nothing. */
  test_raw_negotiate (new);
}

/* --- descriptors --- */

/* The descriptors of two clients at once, with the same name. */
static void
test_fds (Fixture       *self,
          gconstpointer  data)
{
  g_autoptr(TestRaw) a = new_raw (self);
  g_autoptr(TestRaw) b = new_raw (self);
  g_autofree char *name_a = NULL;
  g_autofree char *name_b = NULL;

  test_raw_say_with_fds (a, "{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"x\"}, \"id\": 1}", 1);
  test_raw_say_with_fds (b, "{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"x\"}, \"id\": 1}", 3);
  name_a = peek_fdname (self, "getfd");
  g_assert_cmpint (peek_n_fds (self), ==, 1);
  answer (self, "{}");
  name_b = peek_fdname (self, "getfd");
  g_assert_cmpint (peek_n_fds (self), ==, 1);
  answer (self, "{}");
  g_assert_true (g_str_has_suffix (name_a, "-x"));
  g_assert_true (g_str_has_suffix (name_b, "-x"));
  g_assert_cmpstr (name_a, !=, name_b);
  test_raw_assert_line (a, "{\"return\": {}, \"id\": 1}");
  test_raw_assert_line (b, "{\"return\": {}, \"id\": 1}");
}

/* Nobody gets what came with somebody else's command. */
static void
test_stray_fds (Fixture       *self,
                gconstpointer  data)
{
  g_autoptr(TestRaw) a = new_raw (self);
  g_autoptr(TestRaw) b = new_raw (self);
  static const char *wrong = "{\"execute\": \"getfd\", \"arguments\": {\"fdname\": 1}}";
  static const char *right = "{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"x\"}, \"id\": 2}";

  test_raw_say_with_fds (a, "{\"execute\": \"query-name\"}", 1);
  g_assert_cmpint (peek_n_fds (self), ==, 0);
  answer (self, "{}");
  test_raw_assert_line (a, "{\"return\": {}}");
  /* The server says what is wrong before it takes the descriptor. */
  test_raw_say_with_fds (a, wrong, 1);
  g_assert_cmpint (peek_n_fds (self), ==, 0);
  fail (self, "GenericError", "Invalid parameter type");
  test_raw_assert_line (a, test_raw_error ("GenericError", "Invalid parameter type", NULL));
  test_raw_assert_answer (b, right, test_raw_error ("GenericError", "No file descriptor supplied via SCM_RIGHTS", "2"));
  test_raw_assert_answer (b, "{\"execute\": \"add-fd\"}",
                          test_raw_error ("GenericError", "No file descriptor supplied via SCM_RIGHTS", NULL));
  test_raw_say_with_fds (b, "{\"execute\": \"add-fd\", \"arguments\": {\"fdset-id\": 1, \"opaque\": \"o\"}}", 1);
  g_assert_cmpint (peek_n_fds (self), ==, 1);
  answer (self, "{\"fdset-id\": 1, \"fd\": 9}");
  test_raw_assert_line (b, "{\"return\": {\"fdset-id\": 1, \"fd\": 9}}");
}

static char *
give_name (Fixture    *self,
           TestRaw    *raw,
           const char *name)
{
  g_autofree char *command = g_strdup_printf ("{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"%s\"}}", name);
  char *full;

  test_raw_say_with_fds (raw, command, 1);
  full = peek_fdname (self, "getfd");
  answer (self, "{}");
  test_raw_assert_line (raw, "{\"return\": {}}");
  return full;
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
test_used_names (Fixture       *self,
                 gconstpointer  data)
{
  g_autoptr(TestRaw) raw = new_raw (self);
  g_autoptr(TestRaw) other = new_raw (self);

  for (gsize i = 0; i < G_N_ELEMENTS (named); i++)
    {
      g_autofree char *full = give_name (self, raw, "x");
      g_auto(GStrv) parts = g_strsplit (named[i], "%s", -1);
      g_autofree char *arguments = g_strjoinv ("x", parts);
      g_autofree char *expected = g_strjoinv (full, parts);
      g_autofree char *command = g_strdup_printf ("{\"execute\": \"a\", \"arguments\": %s, \"id\": \"fd:x\"}", arguments);
      g_autofree char *seen = NULL;
      g_autofree char *said = NULL;
      g_autofree char *desc = g_strdup_printf ("File descriptor named '%s' has not been found, or '%s'", full, full);

      /* To others the name is nothing. */
      test_raw_say (other, command);
      seen = peek_arguments (self, "a");
      g_assert_cmpstr (seen, ==, arguments);
      answer (self, "{}");
      test_raw_assert_line (other, "{\"return\": {}, \"id\": \"fd:x\"}");
      g_clear_pointer (&seen, g_free);

      /* What it is called upstream is never told. */
      test_raw_say (raw, command);
      seen = peek_arguments (self, "a");
      g_assert_cmpstr (seen, ==, expected);
      fail (self, "GenericError", desc);
      test_raw_assert_line (raw, test_raw_error ("GenericError", "File descriptor named 'x' has not been found, or 'x'",
                                                 "\"fd:x\""));

      /* It is gone once it was taken. */
      test_raw_say (raw, command);
      answer (self, "{}");
      test_raw_assert_line (raw, "{\"return\": {}, \"id\": \"fd:x\"}");
      test_raw_say (raw, command);
      said = peek_arguments (self, "a");
      g_assert_cmpstr (said, ==, arguments);
      answer (self, "{}");
      test_raw_assert_line (raw, "{\"return\": {}, \"id\": \"fd:x\"}");
    }
}

static void
test_closefd (Fixture       *self,
              gconstpointer  data)
{
  g_autoptr(TestRaw) raw = new_raw (self);
  static const char *closefd = "{\"execute\": \"closefd\", \"arguments\": {\"fdname\": \"x\"}}";
  g_autofree char *full = give_name (self, raw, "x");
  g_autofree char *closed = NULL;
  g_autofree char *desc = NULL;

  /* One more of that name is on its way when the first is closed. */
  test_raw_say (raw, closefd);
  test_raw_say_with_fds (raw, "{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"x\"}}", 1);
  closed = peek_fdname (self, "closefd");
  g_assert_cmpstr (closed, ==, full);
  answer (self, "{}");
  test_raw_assert_line (raw, "{\"return\": {}}");
  answer (self, "{}");
  test_raw_assert_line (raw, "{\"return\": {}}");
  test_raw_say (raw, "{\"execute\": \"a\", \"arguments\": {\"fd\": \"x\"}}");
  g_clear_pointer (&closed, g_free);
  closed = peek_arguments (self, "a");
  g_assert_nonnull (strstr (closed, full));
  answer (self, "{}");
  test_raw_assert_line (raw, "{\"return\": {}}");

  desc = g_strdup_printf ("File descriptor named '%s' not found", full);
  test_raw_say (raw, closefd);
  fail (self, "GenericError", desc);
  test_raw_assert_line (raw, test_raw_error ("GenericError", "File descriptor named 'x' not found", NULL));
  /* A name that the server refuses goes there as it is. */
  g_clear_pointer (&closed, g_free);
  test_raw_say_with_fds (raw, "{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"1x\"}}", 1);
  closed = peek_fdname (self, "getfd");
  g_assert_cmpstr (closed, ==, "1x");
  g_assert_cmpint (peek_n_fds (self), ==, 1);
  fail (self, "GenericError", "Parameter 'fdname' expects a name not starting with a digit");
  test_raw_assert_line (raw, test_raw_error ("GenericError",
                                             "Parameter 'fdname' expects a name not starting with a digit", NULL));
}

/* What a client has left behind is closed, and what is on its way when it leaves as well. */
static void
test_left_fds (Fixture       *self,
               gconstpointer  data)
{
  TestRaw *raw = new_raw (self);
  g_autofree char *full = give_name (self, raw, "x");
  g_autofree char *first = NULL;
  g_autofree char *late = NULL;

  test_raw_say_with_fds (raw, "{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"late\"}}", 1);
  test_spin_until (self->kept->len == 1);
  test_raw_free (raw);
  test_spin_until (count (self) == 0);
  test_spin_until (self->kept->len == 3);
  answer (self, "{}");
  first = peek_fdname (self, "closefd");
  answer (self, "{}");
  late = peek_fdname (self, "closefd");
  fail (self, "GenericError", "no such name yet");
  g_assert_true (g_str_equal (first, full) != g_str_equal (late, full));
  g_clear_pointer (&late, g_free);
  late = peek_fdname (self, "closefd");
  g_assert_true (g_str_has_suffix (late, "-late"));
  answer (self, "{}");
}

static void
test_many_names (Fixture       *self,
                 gconstpointer  data)
{
  g_autoptr(TestRaw) raw = new_raw (self);

  for (guint i = 0; i < 64; i++)
    {
      g_autofree char *name = g_strdup_printf ("n%u", i);

      g_free (give_name (self, raw, name));
    }
  test_raw_say_with_fds (raw, "{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"more\"}}", 1);
  test_raw_assert_line (raw, test_raw_error ("GenericError", "Too many file descriptors have names", NULL));
  g_free (give_name (self, raw, "n5"));
}

/* --- who may do what --- */

static void
test_read_only (Fixture       *self,
                gconstpointer  data)
{
  g_autoptr(TestRaw) raw = new_raw (self);
  static const char * const allowed[] = { "query-status", "x-query-irq", "qom-list", "qom-list-types" };
  static const char * const refused[] = { "quit", "qom-get", "human-monitor-command", "getfd", "query", "Query-x" };

  qmp_multiplexer_set_read_only (self->multiplexer, TRUE);
  g_assert_true (qmp_multiplexer_get_read_only (self->multiplexer));
  for (gsize i = 0; i < G_N_ELEMENTS (allowed); i++)
    {
      g_autofree char *command = g_strdup_printf ("{\"execute\": \"%s\"}", allowed[i]);

      test_raw_say (raw, command);
      answer (self, "{}");
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
  answer (self, "{}");
  test_raw_assert_line (raw, "{\"return\": {}}");
}

static gboolean
allow_cb (QmpMultiplexer *multiplexer,
          QmpInvocation  *invocation,
          gpointer        user_data)
{
  Fixture *self = current;

  g_assert_true (QMP_IS_SERVER_CONNECTION (qmp_invocation_get_connection (invocation)));
  self->n_asked++;
  if (self->act != NULL)
    self->act (invocation);
  return self->allowed;
}

static void
count_freed (gpointer freed)
{
  ++*(int *) freed;
}

static void
set_allow_func (Fixture *self,
                int     *freed)
{
  qmp_multiplexer_set_allow_func (self->multiplexer, allow_cb, freed, count_freed);
}

static void
test_allow_func (Fixture       *self,
                 gconstpointer  data)
{
  g_autoptr(TestRaw) raw = new_raw (self);
  int freed = 0;

  set_allow_func (self, &freed);
  test_raw_assert_answer (raw, "{\"execute\": \"quit\", \"id\": [1]}",
                          test_raw_error ("CommandNotFound", "Command quit has been disabled", "[1]"));
  self->allowed = TRUE;
  /* In order with what is refused, and what is answered otherwise. */
  test_raw_say (raw, "{\"execute\": \"a\", \"id\": 1}{\"execute\": \"b\", \"arguments\": {\"x\": 1}}");
  answer (self, "1");
  g_free (peek_arguments (self, "b"));
  answer (self, "2");
  test_raw_assert_line (raw, "{\"return\": 1, \"id\": 1}");
  test_raw_assert_line (raw, "{\"return\": 2}");
  g_assert_cmpuint (self->n_asked, ==, 3);
  /* What is forbidden is not asked about. */
  qmp_multiplexer_set_read_only (self->multiplexer, TRUE);
  test_raw_assert_answer (raw, "{\"execute\": \"quit\"}",
                          test_raw_error ("CommandNotFound", "Command quit has been disabled: the monitor is read-only",
                                          NULL));
  g_assert_cmpuint (self->n_asked, ==, 3);
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
  g_clear_object (&current->multiplexer);
}

static void
run_loop (QmpInvocation *invocation)
{
  current->act = NULL;
  test_spin_ready ();
}

/* The function may do anything. */
static void
test_allow_func_acts (Fixture       *self,
                      gconstpointer  data)
{
  g_autoptr(TestRaw) a = new_raw (self);
  g_autoptr(TestRaw) b = new_raw (self);
  g_autoptr(TestRaw) c = new_raw (self);
  g_autoptr(TestRaw) d = new_raw (self);
  int freed = 0;

  set_allow_func (self, &freed);
  self->allowed = TRUE;
  self->act = answer_itself;
  test_raw_assert_answer (a, "{\"execute\": \"a\", \"id\": 1}", "{\"return\": \"mine\", \"id\": 1}");
  self->act = close_itself;
  test_raw_say (b, "{\"execute\": \"a\"}");
  test_raw_assert_end (b);
  g_assert_cmpuint (self->kept->len, ==, 0);
  self->act = run_loop;
  test_raw_say (c, "{\"execute\": \"a\"}{\"execute\": \"b\"}");
  test_spin_until (self->kept->len == 2);
  answer (self, "\"a\"");
  answer (self, "\"b\"");
  test_raw_assert_line (c, "{\"return\": \"a\"}");
  test_raw_assert_line (c, "{\"return\": \"b\"}");
  self->act = drop_multiplexer;
  test_raw_say (d, "{\"execute\": \"a\"}{\"execute\": \"b\"}");
  test_raw_assert_end (d);
  test_raw_assert_end (a);
  g_assert_cmpint (freed, ==, 1);
}

static gboolean
handle_cb (QmpServer     *server,
           QmpInvocation *invocation,
           Fixture       *self)
{
  return qmp_invocation_return_text (invocation, "\"handled\"", NULL);
}

/* What the program answers itself, at its place among what is passed on. */
static void
test_handler (Fixture       *self,
              gconstpointer  data)
{
  g_autoptr(TestRaw) raw = new_raw (self);

  g_signal_connect (self->server, "command::query-name", G_CALLBACK (handle_cb), self);
  test_raw_say (raw, "{\"execute\": \"a\"}{\"execute\": \"query-name\"}{\"execute\": \"b\"}");
  answer (self, "1");
  g_free (peek_arguments (self, "b"));
  answer (self, "2");
  test_raw_assert_line (raw, "{\"return\": 1}");
  test_raw_assert_line (raw, "{\"return\": \"handled\"}");
  test_raw_assert_line (raw, "{\"return\": 2}");
}

/* --- out of band --- */

static void
test_out_of_band (Fixture       *self,
                  gconstpointer  data)
{
  g_autoptr(TestRaw) raw = test_raw_new (self->server);
  g_autoptr(TestRaw) other = new_raw (self);

  test_raw_negotiate_oob (raw);
  test_raw_say (raw, "{\"execute\": \"a\", \"id\": 1}");
  test_spin_until (self->kept->len == 1);
  test_raw_say (raw, "{\"exec-oob\": \"yank\", \"id\": 2}");
  test_spin_until (self->kept->len == 2);
  g_assert_true (qmp_invocation_get_out_of_band (self->kept->pdata[1]));
  g_assert_true (qmp_invocation_return_text (self->kept->pdata[1], "\"yanked\"", NULL));
  test_raw_assert_line (raw, "{\"return\": \"yanked\", \"id\": 2}");
  answer (self, "1");
  test_raw_assert_line (raw, "{\"return\": 1, \"id\": 1}");
  test_raw_assert_answer (raw, "{\"exec-oob\": \"a\", \"id\": 3}",
                          test_raw_error ("GenericError", "The command a does not support OOB", "3"));
  test_raw_assert_answer (other, "{\"exec-oob\": \"yank\", \"id\": 2}",
                          test_raw_error ("GenericError", "QMP input member 'exec-oob' is unexpected", "2"));
}

/* --- coming and going --- */

/* Its commands are executed, and their replies are nobody's. */
static void
test_client_leaves (Fixture       *self,
                    gconstpointer  data)
{
  TestRaw *raw = new_raw (self);
  g_autoptr(TestRaw) other = new_raw (self);

  test_raw_say (raw, "{\"execute\": \"a\", \"id\": 1}{\"execute\": \"b\", \"id\": 2}{\"execute\": \"c");
  test_spin_until (self->kept->len == 2);
  test_raw_free (raw);
  test_spin_until (count (self) == 1);
  test_raw_say (other, "{\"execute\": \"c\", \"id\": 1}");
  answer (self, "1");
  answer (self, "2");
  answer (self, "3");
  test_raw_assert_line (other, "{\"return\": 3, \"id\": 1}");
}

/* One that asks and asks has to wait; the others have not. */
static void
test_flood (Fixture       *self,
            gconstpointer  data)
{
  g_autoptr(TestRaw) raw = new_raw (self);
  g_autoptr(TestRaw) other = new_raw (self);
  g_autoptr(GString) text = g_string_new (NULL);
  guint n = TEST_FEW ? 200 : 4000;

  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "{\"execute\": \"a\", \"id\": %u}", i);
  test_raw_say (raw, text->str);
  test_spin_until (self->kept->len == 8);
  test_raw_say (other, "{\"execute\": \"b\"}");
  test_spin_until (self->kept->len == 9);
  for (guint i = 0; i < 8; i++)
    answer (self, "{}");
  g_free (peek_arguments (self, "b"));
  answer (self, "7");
  test_raw_assert_line (other, "{\"return\": 7}");
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *expected = g_strdup_printf ("{\"return\": {}, \"id\": %u}", i);
      g_autofree char *line = NULL;

      if (i >= 8)
        answer (self, "{}");
      line = test_raw_read_line (raw);
      g_assert_cmpstr (line, ==, expected);
    }
}

/* One that asks and does not read gets no more than what waits for it. */
static void
test_deaf_asks (Fixture       *self,
                gconstpointer  data)
{
  g_autoptr(TestRaw) raw = new_raw (self);
  g_autofree char *large = g_strdup_printf ("\"%0*u\"", 100000, 0);
  guint n = 0;

  for (guint i = 0; i < 60; i++)
    test_raw_say (raw, "{\"execute\": \"a\"}");
  test_spin_until (self->kept->len == 8);
  for (; self->kept->len > 0; n++)
    {
      answer (self, large);
      test_spin_ready ();
    }
  g_assert_cmpuint (n, <, 30);
  g_assert_cmpuint (count (self), ==, 1);
  /* When it reads it gets all. */
  for (guint i = 0; i < 60; i++)
    {
      g_autofree char *line = NULL;

      while (!test_raw_has_line (raw) && self->kept->len > 0)
        answer (self, large);
      line = test_raw_read_line (raw);
      g_assert_cmpuint (strlen (line), >, 100000);
      test_spin_ready ();
    }
}

/* Clients that come, ask, and leave: when too much is under way nobody is read from, until half of that is answered. */
static void
test_congested (Fixture       *self,
                gconstpointer  data)
{
  g_autoptr(TestRaw) other = new_raw (self);

  if (TEST_FEW)
    {
      g_test_skip ("That many take very long under valgrind");
      return;
    }
  for (guint n = 0; n < 4096; n += 8)
    {
      g_autoptr(TestRaw) raw = new_raw (self);

      for (guint i = 0; i < 8; i++)
        test_raw_say (raw, "{\"execute\":\"a\"}");
      test_spin_until (self->kept->len == n + 8);
    }
  test_raw_say (other, "{\"execute\":\"b\"}");
  test_spin_ready ();
  g_assert_cmpuint (self->kept->len, ==, 4096);
  for (guint n = 0; n < 2049; n++)
    answer (self, "{}");
  test_spin_until (g_str_equal (qmp_invocation_get_command (self->kept->pdata[self->kept->len - 1]), "b"));
  g_assert_cmpuint (self->kept->len, ==, 2048);
}

/* Clients that read nothing keep what is held for them, and nothing else from anybody. */
static void
test_many_deaf (Fixture       *self,
                gconstpointer  data)
{
  g_autoptr(GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) test_raw_free);
  g_autoptr(TestRaw) other = new_raw (self);
  g_autoptr(GString) text = g_string_new (NULL);
  g_autofree char *large = g_strdup_printf ("\"%0*u\"", 400000, 0);
  guint n_clients = TEST_FEW ? 2 : 20;

  for (guint i = 0; i < 1000; i++)
    g_string_append (text, "{\"execute\":\"a\"}");
  for (guint i = 0; i < n_clients; i++)
    {
      g_ptr_array_add (clients, new_raw (self));
      test_raw_say (clients->pdata[i], text->str);
    }
  test_spin_until (self->kept->len == n_clients * 8);
  while (self->kept->len > 0)
    {
      answer (self, large);
      test_spin_ready ();
    }
  test_raw_say (other, "{\"execute\":\"b\"}");
  answer (self, "7");
  test_raw_assert_line (other, "{\"return\": 7}");
}

static void
read_events (TestRaw    *raw,
             const char *last)
{
  for (gboolean seen = FALSE; !seen;)
    {
      g_autofree char *line = test_raw_read_line (raw);

      g_assert_nonnull (line);
      seen = strstr (line, last) != NULL;
    }
}

/* One that does not read is cut off. */
static void
test_deaf (Fixture       *self,
           gconstpointer  data)
{
  g_autoptr(TestRaw) deaf = NULL;
  g_autoptr(TestRaw) other = NULL;
  g_autofree char *text = g_strnfill (100000, 'x');
  g_autoptr(JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, json_object_new ());
  json_object_set_string_member (json_node_get_object (node), "text", text);
  qmp_server_set_max_unsent (self->server, 300000);
  deaf = new_raw (self);
  other = new_raw (self);
  for (guint i = 0; i < 20; i++)
    {
      g_assert_true (qmp_server_emit_event (self->upstream, "E", node, NULL));
      read_events (other, "\"E\"");
    }
  test_spin_until (count (self) == 1);
  test_raw_say (other, "{\"execute\": \"a\"}");
  answer (self, "{}");
  test_raw_assert_line (other, "{\"return\": {}}");
}

/* All hear the last event, and then the end. What waits for its reply has none. */
static void
test_end (Fixture       *self,
          gconstpointer  data)
{
  g_autoptr(TestRaw) a = new_raw (self);
  g_autoptr(TestRaw) b = new_raw (self);
  int fd;
  g_autoptr(GIOStream) stream = NULL;
  g_autoptr(TestRaw) late = NULL;
  g_autoptr(GError) error = NULL;

  test_raw_say (a, "{\"execute\": \"a\"}{\"execute\": \"quit\"}");
  test_spin_until (self->kept->len == 2);
  emit (self, "SHUTDOWN");
  qmp_server_close (self->upstream);
  assert_event (a, "SHUTDOWN");
  test_raw_assert_end (a);
  assert_event (b, "SHUTDOWN");
  test_raw_assert_end (b);
  test_spin_until (qmp_client_get_runstate (self->client) == QMP_RUNSTATE_IDLE);
  g_assert_cmpuint (count (self), ==, 0);

  stream = test_socketpair (&fd);
  late = test_raw_new_for_fd (fd);
  g_assert_false (qmp_server_add_stream (self->server, stream, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  g_ptr_array_set_size (self->kept, 0);

  /* Opened again, it goes on. */
  open_client (self);
  {
    g_autoptr(TestRaw) again = new_raw (self);

    test_raw_say (again, "{\"execute\": \"a\", \"id\": 1}");
    answer (self, "{}");
    test_raw_assert_line (again, "{\"return\": {}, \"id\": 1}");
  }
}

/* One that does not read does not keep the others from hearing of the end, nor itself alive. */
static void
test_end_with_deaf (Fixture       *self,
                    gconstpointer  data)
{
  g_autoptr(TestRaw) deaf = new_raw (self);
  g_autoptr(TestRaw) other = new_raw (self);
  g_autofree char *text = g_strnfill (1000000, 'x');
  g_autoptr(QmpIoContext) io = qmp_io_context_get (g_main_context_default ());
  g_autoptr(JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, json_object_new ());
  json_object_set_string_member (json_node_get_object (node), "text", text);
  g_assert_true (qmp_server_emit_event (self->upstream, "E", node, NULL));
  emit (self, "LAST");
  read_events (other, "\"LAST\"");
  qmp_server_close (self->upstream);
  test_raw_assert_end (other);
  test_spin_until (count (self) == 1);
  g_assert_true (qmp_io_context_hurry (io));
  test_spin_until (count (self) == 0);
}

/* The client closes its link, and is dropped, with commands under way. */
static void
test_client_closes (Fixture       *self,
                    gconstpointer  data)
{
  g_autoptr(TestRaw) raw = new_raw (self);

  test_raw_say (raw, "{\"execute\": \"a\"}");
  test_spin_until (self->kept->len == 1);
  g_assert_true (test_close (self->client, NULL));
  test_raw_assert_end (raw);
  g_ptr_array_set_size (self->kept, 0);
}

/* What is under way goes on without the multiplexer, and its client as well. */
static void
test_multiplexer_goes (Fixture       *self,
                       gconstpointer  data)
{
  g_autoptr(TestRaw) raw = new_raw (self);
  TestLog *log = test_log_new (self->client);
  g_autofree char *full = give_name (self, raw, "x");
  g_autofree char *closed = NULL;

  test_raw_say (raw, "{\"execute\": \"a\"}{\"execute\": \"b\"}");
  test_spin_until (self->kept->len == 2);
  test_log_execute_async (log, "own", self->client, "own", NULL);
  g_assert_finalize_object (g_steal_pointer (&self->multiplexer));
  test_raw_assert_end (raw);
  answer (self, "1");
  answer (self, "2");
  g_free (peek_arguments (self, "own"));
  answer (self, "3");
  closed = peek_fdname (self, "closefd");
  g_assert_cmpstr (closed, ==, full);
  answer (self, "{}");
  test_spin_until (test_log_has (log, "own"));
  test_log_free (log);
}

static void
test_multiplexer_goes_before_the_end (Fixture       *self,
                                      gconstpointer  data)
{
  g_autoptr(TestRaw) raw = new_raw (self);

  test_raw_say (raw, "{\"execute\": \"a\"}{\"execute\": \"b\"}");
  test_spin_until (self->kept->len == 2);
  g_assert_finalize_object (g_steal_pointer (&self->multiplexer));
  g_ptr_array_set_size (self->kept, 0);
}

/* The other way round, within the dispatch that ends the link. */
static void
test_multiplexer_goes_at_the_end (Fixture       *self,
                                  gconstpointer  data)
{
  g_autoptr(TestRaw) raw = new_raw (self);

  g_signal_connect_swapped (self->client, "closed", G_CALLBACK (g_clear_object), &self->multiplexer);
  test_raw_say (raw, "{\"execute\": \"a\"}");
  test_spin_until (self->kept->len == 1);
  qmp_server_close (self->upstream);
  test_raw_assert_end (raw);
  test_spin_until (self->multiplexer == NULL);
  g_ptr_array_set_size (self->kept, 0);
}

/* Two on one client: each has its own. */
static void
test_two (Fixture       *self,
          gconstpointer  data)
{
  g_autoptr(QmpMultiplexer) second = qmp_multiplexer_new (self->client);
  g_autoptr(TestRaw) a = new_raw (self);
  g_autoptr(TestRaw) b = test_raw_new (qmp_multiplexer_get_server (second));

  test_raw_negotiate (b);
  test_raw_say (a, "{\"execute\": \"a\", \"id\": 1}");
  test_spin_until (self->kept->len == 1);
  test_raw_say (b, "{\"execute\": \"b\", \"id\": 1}");
  test_spin_until (self->kept->len == 2);
  answer (self, "\"a\"");
  answer (self, "\"b\"");
  emit (self, "E");
  test_raw_assert_line (a, "{\"return\": \"a\", \"id\": 1}");
  test_raw_assert_line (b, "{\"return\": \"b\", \"id\": 1}");
  assert_event (a, "E");
  assert_event (b, "E");
}

/* --- what is wrong upstream --- */

/* A server that answers nonsense: its clients hear of that, and no nonsense. */
static void
test_bad_replies (Fixture       *self,
                  gconstpointer  data)
{
  g_autoptr(QmpServerConnection) connection = g_list_model_get_item (qmp_server_get_connections (self->upstream), 0);
  static const char * const replies[] = {
    "",
    "\"return\": 1, \"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}, ",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      g_autoptr(TestRaw) raw = new_raw (self);
      g_autoptr(QmpInvocation) invocation = NULL;
      g_autofree char *id = NULL;
      g_autofree char *text = NULL;
      g_autoptr(QmpMessage) message = NULL;

      test_raw_say (raw, "{\"execute\": \"a\", \"id\": 5}");
      invocation = take (self);
      id = qmp_message_dup_member_text (qmp_invocation_get_message (invocation), "id");
      text = g_strdup_printf ("{%s\"id\": %s}", replies[i], id);
      message = test_message (text);
      g_assert_true (qmp_server_connection_send (connection, message, NULL));
      test_raw_assert_line (raw, test_raw_error ("GenericError", "The server's reply cannot be read", "5"));
      g_assert_true (qmp_invocation_return_value (invocation, NULL, NULL));
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, function) g_test_add ("/multiplexer/" name, Fixture, NULL, set_up, function, tear_down)
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
  g_test_add ("/multiplexer/out-of-band", Fixture, "oob", set_up, test_out_of_band, tear_down);
  ADD ("client-leaves", test_client_leaves);
  ADD ("flood", test_flood);
  ADD ("congested", test_congested);
  ADD ("many-deaf", test_many_deaf);
  ADD ("deaf", test_deaf);
  ADD ("deaf-asks", test_deaf_asks);
  ADD ("end", test_end);
  ADD ("end-with-deaf", test_end_with_deaf);
  ADD ("client-closes", test_client_closes);
  ADD ("goes", test_multiplexer_goes);
  ADD ("goes-before-the-end", test_multiplexer_goes_before_the_end);
  ADD ("goes-at-the-end", test_multiplexer_goes_at_the_end);
  ADD ("two", test_two);
  ADD ("bad-replies", test_bad_replies);

  return g_test_run ();
}
