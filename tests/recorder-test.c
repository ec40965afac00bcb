/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <gio/gunixoutputstream.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "test-utils.h"

/* A recorder between a client and a server of ours, all in one loop. */

typedef struct {
  char           *directory;
  GSocketAddress *server_address;
  GSocketAddress *address;
  QmpServer      *server;
  GOutputStream  *stream;
  QmpRecorder    *recorder;
  GString        *log;        /* what the recorder has told */
} Fixture;

static gboolean
echo_cb (QmpServer     *server,
         QmpInvocation *invocation,
         Fixture       *self)
{
  return qmp_invocation_return_value (invocation, qmp_invocation_get_arguments (invocation), NULL);
}

static void
note (Fixture      *self,
      const char   *name,
      const GError *error)
{
  g_autofree char *word = error != NULL ? test_error_word (error) : g_strdup ("NULL");

  g_string_append_printf (self->log, "%s%s(%s)", self->log->len > 0 ? " " : "", name, word);
}

static void
ended_cb (QmpRecorder  *recorder,
          const GError *error,
          Fixture      *self)
{
  note (self, "ended", error);
}

static void
failed_cb (QmpRecorder  *recorder,
           const GError *error,
           Fixture      *self)
{
  note (self, "failed", error);
}

static void
make_recorder (Fixture       *self,
               GOutputStream *stream)
{
  g_autoptr(GError) error = NULL;

  self->recorder = qmp_recorder_new (G_SOCKET_CONNECTABLE (self->server_address), stream);
  g_signal_connect (self->recorder, "ended", G_CALLBACK (ended_cb), self);
  g_signal_connect (self->recorder, "failed", G_CALLBACK (failed_cb), self);
  qmp_recorder_listen (self->recorder, G_SOCKET_CONNECTABLE (self->address), &error);
  g_assert_no_error (error);
}

static void
start_server (Fixture *self)
{
  g_autoptr(GError) error = NULL;

  qmp_server_listen (self->server, G_SOCKET_CONNECTABLE (self->server_address), &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture       *self,
        gconstpointer  data)
{
  g_autofree char *server_path = NULL;
  g_autofree char *path = NULL;

  self->directory = g_dir_make_tmp ("qmp-XXXXXX", NULL);
  server_path = g_build_filename (self->directory, "server", NULL);
  path = g_build_filename (self->directory, "recorder", NULL);
  self->server_address = g_unix_socket_address_new (server_path);
  self->address = g_unix_socket_address_new (path);
  self->server = qmp_server_new (NULL);
  g_signal_connect (self->server, "command::echo", G_CALLBACK (echo_cb), self);
  self->stream = g_memory_output_stream_new_resizable ();
  self->log = g_string_new (NULL);
  make_recorder (self, self->stream);
  start_server (self);
}

static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  if (self->recorder != NULL)
    g_assert_finalize_object (self->recorder);
  g_assert_finalize_object (self->server);
  g_object_unref (self->server_address);
  g_object_unref (self->address);
  g_object_unref (self->stream);
  g_string_free (self->log, TRUE);
  g_assert_cmpint (g_rmdir (self->directory), ==, 0);
  g_free (self->directory);
}

static QmpClient *
open_client (Fixture *self)
{
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr(GError) error = NULL;

  test_open (client, G_SOCKET_CONNECTABLE (self->address), &error);
  g_assert_no_error (error);
  return client;
}

static void
execute_well (QmpClient *client)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) value = test_execute (client, "echo", &error);

  g_assert_no_error (error);
  g_assert_true (JSON_NODE_HOLDS_OBJECT (value));
}

static void
assert_told (Fixture    *self,
             const char *expected)
{
  test_spin_until (self->log->len >= strlen (expected));
  g_assert_cmpstr (self->log->str, ==, expected);
}

static char *
dup_file (Fixture *self)
{
  GMemoryOutputStream *memory = G_MEMORY_OUTPUT_STREAM (self->stream);

  /* Of an empty one the data is NULL. */
  return g_strdup_printf ("%.*s", (int) g_memory_output_stream_get_data_size (memory),
                          (const char *) g_memory_output_stream_get_data (memory));
}

static guint
count_lines (Fixture    *self,
             const char *part)
{
  g_autofree char *text = dup_file (self);
  g_auto(GStrv) lines = g_strsplit (text, "\n", -1);
  guint n = 0;

  for (guint i = 0; lines[i] != NULL; i++)
    n += strstr (lines[i], part) != NULL;
  return n;
}

static void
assert_file_has (Fixture    *self,
                 const char *part)
{
  g_autofree char *text = dup_file (self);

  if (strstr (text, part) == NULL)
    g_error ("%s is not in %s", part, text);
}

static void
test_sessions (Fixture       *self,
               gconstpointer  data)
{
  QmpClient *client = open_client (self);
  struct stat info;

  g_assert_cmpint (stat (g_unix_socket_address_get_path (G_UNIX_SOCKET_ADDRESS (self->address)), &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);
  execute_well (client);
  test_client_free (client);
  assert_told (self, "ended(NULL)");
  client = open_client (self);
  execute_well (client);
  test_client_free (client);
  assert_told (self, "ended(NULL) ended(NULL)");
  /* opened, greeting, negotiation, echo, and their answers, closed */
  g_assert_cmpuint (count_lines (self, "\"session\":1"), ==, 7);
  g_assert_cmpuint (count_lines (self, "\"session\":2"), ==, 7);
  assert_file_has (self, "\"session\":2,\"from\":\"client\",\"message\":{\"execute\":\"echo\",\"id\":");
  g_assert_cmpuint (count_lines (self, "\"from\":\"client\",\"closed\":true}"), ==, 2);
}

/* One waits until the other has left. */
static void
test_two (Fixture       *self,
          gconstpointer  data)
{
  QmpClient *first = open_client (self);
  QmpClient *second = qmp_client_new (NULL);
  GAsyncResult *result = NULL;

  qmp_client_open_async (second, G_SOCKET_CONNECTABLE (self->address), NULL, test_result_cb, &result);
  execute_well (first);
  test_spin_ready ();
  g_assert_null (result);
  test_client_free (first);
  test_spin_until (result != NULL);
  g_assert_true (qmp_client_open_finish (second, result, NULL));
  g_object_unref (result);
  execute_well (second);
  test_client_free (second);
  assert_told (self, "ended(NULL) ended(NULL)");
}

static void
test_server_leaves (Fixture       *self,
                    gconstpointer  data)
{
  QmpClient *client = open_client (self);

  qmp_server_close (self->server);
  test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
  assert_told (self, "ended(broken-pipe)");
  assert_file_has (self, "\"from\":\"server\",\"closed\":true}");
  test_client_free (client);
}

static void
test_no_server (Fixture       *self,
                gconstpointer  data)
{
  g_autoptr(QmpClient) client = qmp_client_new (NULL);

  qmp_server_close (self->server);
  g_assert_false (test_open (client, G_SOCKET_CONNECTABLE (self->address), NULL));
  assert_told (self, "ended(not-found)");
  start_server (self);
  g_assert_true (test_open (client, G_SOCKET_CONNECTABLE (self->address), NULL));
}

/* The disk is full. */
static void
test_failed (Fixture       *self,
             gconstpointer  data)
{
  g_autoptr(GOutputStream) full = g_unix_output_stream_new (open ("/dev/full", O_WRONLY | O_CLOEXEC), TRUE);
  QmpClient *client;

  g_assert_finalize_object (self->recorder);
  make_recorder (self, full);
  client = open_client (self);
  execute_well (client);
  test_client_free (client);
  assert_told (self, "failed(no-space) ended(NULL)");
  client = open_client (self);
  execute_well (client);
  qmp_recorder_close (self->recorder);
  test_client_free (client);
}

static void
test_listen (Fixture       *self,
             gconstpointer  data)
{
  g_autoptr(GSocketAddress) any = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr(GError) error = NULL;
  GSocketAddress *bound;

  g_assert_false (qmp_recorder_listen (self->recorder, G_SOCKET_CONNECTABLE (any), &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  qmp_recorder_close (self->recorder);
  g_assert_null (qmp_recorder_get_listen_address (self->recorder));
  g_assert_true (qmp_recorder_listen (self->recorder, G_SOCKET_CONNECTABLE (any), NULL));
  bound = qmp_recorder_get_listen_address (self->recorder);
  g_assert_cmpuint (g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound)), !=, 0);
  g_assert_true (qmp_recorder_get_address (self->recorder) == G_SOCKET_CONNECTABLE (self->server_address));
  g_assert_true (qmp_recorder_get_stream (self->recorder) == self->stream);
}

static void
test_redact (Fixture       *self,
             gconstpointer  data)
{
  QmpClient *client;
  g_autoptr(QmpMessage) message = NULL;
  g_autoptr(JsonNode) value = NULL;

  g_assert_true (qmp_recorder_get_redact (self->recorder));
  qmp_recorder_close (self->recorder);
  qmp_recorder_set_redact (self->recorder, GPOINTER_TO_INT (data));
  g_assert_true (qmp_recorder_listen (self->recorder, G_SOCKET_CONNECTABLE (self->address), NULL));
  client = open_client (self);
  message = test_message ("{\"execute\":\"echo\",\"arguments\":{\"password\":\"opensesame\"}}");
  value = test_execute_message (client, message, NULL);
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (value), "password"), ==, "opensesame");
  g_assert_cmpuint (count_lines (self, "opensesame"), ==, GPOINTER_TO_INT (data) ? 0 : 2);
  test_client_free (client);
  assert_told (self, "ended(NULL)");
}

/* --- the end of the recorder --- */

static void
close_cb (QmpRecorder  *recorder,
          const GError *error,
          gpointer      user_data)
{
  qmp_recorder_close (recorder);
}

static void
drop_cb (QmpRecorder  *recorder,
         const GError *error,
         Fixture      *self)
{
  g_clear_object (&self->recorder);
}

static void
test_end_in_handler (Fixture       *self,
                     gconstpointer  drop)
{
  QmpClient *client = open_client (self);

  g_signal_connect (self->recorder, "ended", drop != NULL ? G_CALLBACK (drop_cb) : G_CALLBACK (close_cb), self);
  test_client_free (client);
  assert_told (self, "ended(NULL)");
  if (drop == NULL)
    g_assert_null (qmp_recorder_get_listen_address (self->recorder));
  g_clear_object (&self->recorder);
}

/* Before the client has been connected, and with half a session. */
static void
test_in_the_middle (Fixture       *self,
                    gconstpointer  data)
{
  g_autoptr(QmpClient) client = qmp_client_new (NULL);
  GAsyncResult *result = NULL;

  qmp_client_open_async (client, G_SOCKET_CONNECTABLE (self->address), NULL, test_result_cb, &result);
  while (count_lines (self, "\"opened\"") < GPOINTER_TO_UINT (data))
    test_iterate ();
  qmp_recorder_close (self->recorder);
  test_spin_until (result != NULL);
  g_assert_false (qmp_client_open_finish (client, result, NULL));
  g_object_unref (result);
  g_assert_cmpstr (self->log->str, ==, "");
}

static gpointer
drop_in_thread (gpointer recorder)
{
  g_object_unref (recorder);
  return NULL;
}

static void
test_thread (Fixture       *self,
             gconstpointer  data)
{
  QmpClient *client = open_client (self);
  gpointer weak = self->recorder;

  g_object_add_weak_pointer (G_OBJECT (self->recorder), &weak);
  g_thread_join (g_thread_new (NULL, drop_in_thread, g_steal_pointer (&self->recorder)));
  test_spin_until (weak == NULL);
  test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
  test_client_free (client);
}

#define add(path, data, func) g_test_add (path, Fixture, data, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("/recorder/sessions", NULL, test_sessions);
  add ("/recorder/two", NULL, test_two);
  add ("/recorder/server-leaves", NULL, test_server_leaves);
  add ("/recorder/no-server", NULL, test_no_server);
  add ("/recorder/failed", NULL, test_failed);
  add ("/recorder/listen", NULL, test_listen);
  add ("/recorder/redact/on", GINT_TO_POINTER (TRUE), test_redact);
  add ("/recorder/redact/off", NULL, test_redact);
  add ("/recorder/end-in-handler/close", NULL, test_end_in_handler);
  add ("/recorder/end-in-handler/drop", GINT_TO_POINTER (TRUE), test_end_in_handler);
  add ("/recorder/in-the-middle/at-once", GUINT_TO_POINTER (0), test_in_the_middle);
  add ("/recorder/in-the-middle/greeted", GUINT_TO_POINTER (1), test_in_the_middle);
  add ("/recorder/thread", NULL, test_thread);

  return g_test_run ();
}
