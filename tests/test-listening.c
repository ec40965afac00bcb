/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-listening.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

void
test_listening_init (TestListening *self)
{
  *self = (TestListening) { 0 };
  self->directory = g_dir_make_tmp ("qmp-listen-XXXXXX", NULL);
  self->path = g_build_filename (self->directory, "s", NULL);
  self->address = g_unix_socket_address_new (self->path);
  self->cancellable = g_cancellable_new ();
  self->client = qmp_client_new (NULL);
  self->log = test_log_new (self->client);
}

void
test_listening_bind (TestListening  *self,
                     GSocketAddress *address)
{
  g_autoptr (GError) error = NULL;
  gboolean success = qmp_client_listen (self->client, G_SOCKET_CONNECTABLE (address), NULL, &error);

  g_assert_no_error (error);
  g_assert_true (success);
  g_assert_cmpint (qmp_client_get_runstate (self->client), ==, QMP_RUNSTATE_CONNECTING);
}

void
test_listening_begin (TestListening *self)
{
  test_listening_init (self);
  test_listening_bind (self, self->address);
}

gboolean
test_file_exists (const char *path)
{
  struct stat info;

  return lstat (path, &info) == 0;
}

void
test_listening_clear (TestListening *self)
{
  if (self->client != NULL)
    {
      g_assert_true (qmp_client_close (self->client, NULL, NULL));
      g_assert_cmpint (qmp_client_get_runstate (self->client), ==, QMP_RUNSTATE_IDLE);
      test_client_free (self->client);
    }
  g_assert_false (test_file_exists (self->path));
  g_assert_null (self->result);
  test_log_free (self->log);
  g_rmdir (self->directory);
  g_free (self->directory);
  g_free (self->path);
  g_object_unref (self->address);
  g_object_unref (self->cancellable);
}

void
test_accept_begin (TestListening *self)
{
  g_assert_null (self->result);
  qmp_client_accept_async (self->client, self->cancellable, test_result_cb, &self->result);
  g_assert_null (self->result);
}

gboolean
test_accept_end (TestListening  *self,
                 GError        **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  test_spin_until (self->result != NULL);
  result = g_steal_pointer (&self->result);
  return qmp_client_accept_finish (self->client, result, error);
}

void
test_accept_well (TestListening *self)
{
  g_autoptr (GError) error = NULL;
  gboolean success;

  test_accept_begin (self);
  success = test_accept_end (self, &error);
  g_assert_no_error (error);
  g_assert_true (success);
  g_assert_cmpint (qmp_client_get_runstate (self->client), ==, QMP_RUNSTATE_RUNNING);
}

void
test_execute_well (TestListening *self,
                   const char    *command)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = test_execute (self->client, command, &error);

  g_assert_no_error (error);
  g_assert_nonnull (value);
}
