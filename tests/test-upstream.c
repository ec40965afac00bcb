/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-upstream.h"

static gboolean
command_cb (QmpServer     *server,
            QmpInvocation *invocation,
            TestUpstream  *self)
{
  g_ptr_array_add (self->kept, g_object_ref (invocation));
  return TRUE;
}

void
test_upstream_open_client (TestUpstream *self)
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

void
test_upstream_set_up (TestUpstream *self,
                      gconstpointer data)
{
  gboolean out_of_band = data != NULL;

  self->kept = g_ptr_array_new_with_free_func (g_object_unref);
  self->upstream = qmp_server_new ("upstream");
  qmp_server_set_version (self->upstream, "7.2.22");
  qmp_server_set_package (self->upstream, "Debian");
  qmp_server_set_max_pending (self->upstream, 10000);
  g_signal_connect (self->upstream, "command", G_CALLBACK (command_cb), self);
  qmp_server_set_oob_commands (self->upstream, (const char * const []) { "yank", NULL });
  self->client = qmp_client_new ("shared");
  qmp_client_set_out_of_band (self->client, out_of_band);
  test_upstream_open_client (self);
  self->multiplexer = qmp_multiplexer_new (self->client);
  self->server = qmp_multiplexer_get_server (self->multiplexer);
}

void
test_upstream_tear_down (TestUpstream *self,
                         gconstpointer data)
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

TestRaw *
test_upstream_new_raw (TestUpstream *self)
{
  TestRaw *raw = test_raw_new (self->server);

  test_raw_negotiate (raw);
  return raw;
}

guint
test_upstream_count_clients (TestUpstream *self)
{
  return g_list_model_get_n_items (qmp_server_get_connections (self->server));
}

QmpInvocation *
test_upstream_take (TestUpstream *self)
{
  test_spin_until (self->kept->len > 0);
  return g_ptr_array_steal_index (self->kept, 0);
}

void
test_upstream_answer (TestUpstream *self,
                      const char   *value)
{
  g_autoptr(QmpInvocation) invocation = test_upstream_take (self);
  g_autoptr(GError) error = NULL;

  qmp_invocation_return_text (invocation, value, &error);
  g_assert_no_error (error);
}

void
test_upstream_fail (TestUpstream *self,
                    const char   *error_class,
                    const char   *desc)
{
  g_autoptr(QmpInvocation) invocation = test_upstream_take (self);

  g_assert_true (qmp_invocation_return_error (invocation, error_class, desc, NULL));
}

void
test_upstream_emit (TestUpstream *self,
                    const char   *name)
{
  g_assert_true (qmp_server_emit_event (self->upstream, name, NULL, NULL));
}

char *
test_upstream_peek_arguments (TestUpstream *self,
                              const char   *command)
{
  QmpInvocation *invocation;
  JsonNode *arguments;

  test_spin_until (self->kept->len > 0);
  invocation = self->kept->pdata[0];
  g_assert_cmpstr (qmp_invocation_get_command (invocation), ==, command);
  arguments = qmp_invocation_get_arguments (invocation);
  return arguments != NULL ? json_to_string (arguments, FALSE) : NULL;
}

int
test_upstream_peek_n_fds (TestUpstream *self)
{
  GUnixFDList *fd_list;

  test_spin_until (self->kept->len > 0);
  fd_list = qmp_invocation_get_fd_list (self->kept->pdata[0]);
  return fd_list != NULL ? g_unix_fd_list_get_length (fd_list) : 0;
}

char *
test_upstream_peek_fdname (TestUpstream *self,
                           const char   *command)
{
  g_autofree char *arguments = test_upstream_peek_arguments (self, command);
  g_autoptr(JsonNode) node = test_json (arguments);

  return g_strdup (json_object_get_string_member (json_node_get_object (node), "fdname"));
}

void
test_upstream_assert_event (TestRaw    *raw,
                            const char *name)
{
  g_autofree char *line = test_raw_read_line (raw);
  g_autoptr(JsonNode) node = test_json (line);

  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (node), "event"), ==, name);
}

char *
test_upstream_give_name (TestUpstream *self,
                         TestRaw      *raw,
                         const char   *name)
{
  g_autofree char *command = g_strdup_printf ("{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"%s\"}}", name);
  char *full;

  test_raw_say_with_fds (raw, command, 1);
  full = test_upstream_peek_fdname (self, "getfd");
  test_upstream_answer (self, "{}");
  test_raw_assert_line (raw, "{\"return\": {}}");
  return full;
}
