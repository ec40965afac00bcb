/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test-utils.h"
#include "wire/qmp-address-private.h"
#include "wire/qmp-connector-private.h"

/* From an address to a stream, made alone: no client. The server is the test itself. */

typedef struct {
  QmpConnector         *connector;
  QmpConnectorSettings  settings;
  char                 *directory;
  char                 *path;
  GSocketAddress       *address;
  GSocket              *listener;  /* nullable, at address */
  guint                 n_calls;
  GIOStream            *stream;    /* owned */
  GError               *error;
  gboolean              frees;     /* what the function does */
  QmpIoContext         *io;        /* the default main context's */
} Fixture;

static void
done_cb (GIOStream *stream,
         GError    *error,
         gpointer   user_data)
{
  Fixture *self = user_data;

  g_assert_true ((stream == NULL) != (error == NULL));
  g_assert_false (qmp_connector_is_under_way (self->connector));
  self->n_calls++;
  g_set_object (&self->stream, stream);
  self->error = error;
  if (self->frees)
    g_clear_pointer (&self->connector, qmp_connector_free);
}

static void
set_up (Fixture       *self,
        gconstpointer  data)
{
  self->directory = g_dir_make_tmp ("qmp-connector-XXXXXX", NULL);
  self->path = g_build_filename (self->directory, "socket", NULL);
  self->address = g_unix_socket_address_new (self->path);
  self->io = qmp_io_context_get (g_main_context_default ());
}

static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  /* Nothing of it is left in the context. */
  test_spin_ready ();
  g_assert_cmpuint (self->n_calls, ==, 1);
  g_clear_pointer (&self->connector, qmp_connector_free);
  qmp_tls_clear (&self->settings.tls);
  g_clear_object (&self->stream);
  g_clear_error (&self->error);
  g_clear_object (&self->listener);
  g_object_unref (self->address);
  g_unlink (self->path);
  g_assert_no_errno (g_rmdir (self->directory));
  qmp_io_context_unref (self->io);
  g_free (self->path);
  g_free (self->directory);
}

static GSocket *
new_socket (GSocketAddress *address)
{
  GSocket *socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                                  G_SOCKET_PROTOCOL_DEFAULT, NULL);

  g_socket_set_blocking (socket, FALSE);
  return socket;
}

static void
listen_there (Fixture *self)
{
  self->listener = new_socket (self->address);
  g_socket_set_listen_backlog (self->listener, 1);
  g_assert_true (g_socket_bind (self->listener, self->address, TRUE, NULL));
  g_assert_true (g_socket_listen (self->listener, NULL));
}

/* On a port that is free. */
static void
use_tcp (Fixture  *self,
         gboolean  listens)
{
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new_from_string ("127.0.0.1", 0);

  self->listener = new_socket (any);
  g_assert_true (g_socket_bind (self->listener, any, TRUE, NULL));
  g_assert_true (!listens || g_socket_listen (self->listener, NULL));
  g_object_unref (self->address);
  self->address = g_socket_get_local_address (self->listener, NULL);
}

static void
start_at (Fixture            *self,
          GSocketConnectable *address)
{
  self->connector = qmp_connector_new (address, &self->settings, self->io, done_cb, self);
  g_assert_false (qmp_connector_is_under_way (self->connector));
  qmp_connector_start (self->connector);
}

static void
start (Fixture *self)
{
  start_at (self, G_SOCKET_CONNECTABLE (self->address));
}

/* Waits for whoever connects. */
static GSocket *
take (Fixture *self)
{
  GSocket *peer = NULL;

  test_spin_until ((peer = g_socket_accept (self->listener, NULL, NULL)) != NULL);
  return peer;
}

static void
assert_met (Fixture *self,
            GSocket *peer)
{
  GSocket *socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (self->stream));
  char byte = 0;

  g_assert_cmpint (write (g_socket_get_fd (peer), "x", 1), ==, 1);
  g_assert_true (g_socket_condition_wait (socket, G_IO_IN, NULL, NULL));
  g_assert_cmpint (read (g_socket_get_fd (socket), &byte, 1), ==, 1);
  g_assert_cmpint (byte, ==, 'x');
}

static void
assert_text_has (GError     *error,
                 const char *part)
{
  if (strstr (error->message, part) == NULL)
    g_error ("“%s” is not in “%s”", part, error->message);
}

/* --- it connects --- */

static void
test_unix (Fixture       *self,
           gconstpointer  data)
{
  g_autoptr (GSocket) peer = NULL;

  listen_there (self);
  start (self);
  g_assert_no_error (self->error);
  g_assert_cmpuint (self->n_calls, ==, 1);
  peer = take (self);
  assert_met (self, peer);
  /* Too late. */
  qmp_connector_cancel (self->connector);
}

static void
test_tcp (Fixture       *self,
          gconstpointer  data)
{
  g_autoptr (GSocket) peer = NULL;
  gboolean keep_alive = GPOINTER_TO_INT (data);

  use_tcp (self, TRUE);
  self->settings.keep_alive = keep_alive;
  start (self);
  g_assert_true (qmp_connector_is_under_way (self->connector));
  test_spin_until (self->n_calls > 0);
  g_assert_no_error (self->error);
  peer = take (self);
  assert_met (self, peer);
  g_assert_cmpint (g_socket_get_keepalive (g_socket_connection_get_socket (G_SOCKET_CONNECTION (self->stream))), ==,
                   keep_alive);
}

static void
test_freed_inside (Fixture       *self,
                   gconstpointer  data)
{
  use_tcp (self, TRUE);
  self->frees = TRUE;
  start (self);
  test_spin_until (self->n_calls > 0);
  g_assert_null (self->connector);
}

/* --- the queue is full --- */

/* Returns those who wait in it. */
static GPtrArray *
fill_queue (Fixture *self)
{
  GPtrArray *waiting = g_ptr_array_new_with_free_func (g_object_unref);

  while (TRUE)
    {
      g_autoptr (GSocket) socket = new_socket (self->address);

      if (!g_socket_connect (socket, self->address, NULL, NULL))
        break;
      g_ptr_array_add (waiting, g_steal_pointer (&socket));
    }
  g_assert_cmpuint (waiting->len, >, 0);
  return waiting;
}

static void
test_full (Fixture       *self,
           gconstpointer  data)
{
  g_autoptr (GPtrArray) waiting = NULL;
  g_autoptr (GSocket) peer = NULL;
  g_autoptr (GError) error = NULL;

  listen_there (self);
  waiting = fill_queue (self);
  start (self);
  /* Twice in vain. */
  test_iterate ();
  test_iterate ();
  g_assert_cmpuint (self->n_calls, ==, 0);
  g_assert_true (qmp_connector_is_under_way (self->connector));
  error = qmp_connector_error_timed_out (self->connector);
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY);
  assert_text_has (error, "queue is full");

  for (guint i = 0; i < waiting->len; i++)
    g_object_unref (take (self));
  test_spin_until (self->n_calls > 0);
  g_assert_no_error (self->error);
  peer = take (self);
  assert_met (self, peer);
}

static void
test_full_cancelled (Fixture       *self,
                     gconstpointer  data)
{
  g_autoptr (GPtrArray) waiting = NULL;

  listen_there (self);
  waiting = fill_queue (self);
  self->frees = GPOINTER_TO_INT (data);
  start (self);
  test_iterate ();
  qmp_connector_cancel (self->connector);
  g_assert_cmpuint (self->n_calls, ==, 1);
  g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* --- it cannot connect --- */

static void
test_refused (Fixture       *self,
              gconstpointer  data)
{
  g_autofree char *name = NULL;
  g_autoptr (GError) timed_out = NULL;

  use_tcp (self, FALSE);
  start (self);
  timed_out = qmp_connector_error_timed_out (self->connector);
  g_assert_error (timed_out, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  test_spin_until (self->n_calls > 0);
  g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  name = qmp_address_dup_text (G_SOCKET_CONNECTABLE (self->address));
  assert_text_has (self->error, name);
}

static void
test_not_there (Fixture       *self,
                gconstpointer  data)
{
  start (self);
  g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  assert_text_has (self->error, self->path);
}

static void
test_pipe (Fixture       *self,
           gconstpointer  data)
{
  g_assert_no_errno (mkfifo (self->path, 0600));
  start (self);
  g_assert_error (self->error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_NOT_A_SOCKET);
  assert_text_has (self->error, "is a pipe");
}

/* Nobody has a number like that, if this machine has such sockets at all. */
static void
test_vsock (Fixture       *self,
            gconstpointer  data)
{
  g_autoptr (GSocketConnectable) address = qmp_own_address_new_vsock (0x7ffffff0, 1);

  start_at (self, address);
  test_spin_until (self->n_calls > 0);
  g_assert_nonnull (self->error);
  assert_text_has (self->error, "vsock");
}

/* GIO is not done yet, and says so later; a connection that was made meanwhile is not taken. */
static void
test_cancelled (Fixture       *self,
                gconstpointer  data)
{
  use_tcp (self, TRUE);
  start (self);
  qmp_connector_cancel (self->connector);
  qmp_connector_cancel (self->connector);
  g_assert_cmpuint (self->n_calls, ==, 0);
  g_assert_true (qmp_connector_is_under_way (self->connector));
  test_spin_until (self->n_calls > 0);
  g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* --- TLS --- */

static gboolean
want_tls (Fixture *self)
{
  if (!g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    {
      self->n_calls = 1;
      g_test_skip ("no TLS here");
      return FALSE;
    }
  self->settings.tls.wanted = TRUE;
  return TRUE;
}

static gboolean
is_securing (Fixture *self)
{
  g_autoptr (GError) error = qmp_connector_error_timed_out (self->connector);

  return error->domain == QMP_CLIENT_ERROR && strstr (error->message, "TLS handshake") != NULL;
}

static void
test_tls_clear (Fixture       *self,
                gconstpointer  data)
{
  static const char greeting[] = "{\"QMP\": {}}\r\n";
  g_autoptr (GSocket) peer = NULL;

  if (!want_tls (self))
    return;
  self->settings.tls.identity = g_strdup ("vm.example");
  listen_there (self);
  start (self);
  g_assert_true (qmp_connector_is_under_way (self->connector));
  peer = take (self);
  g_assert_cmpint (write (g_socket_get_fd (peer), greeting, strlen (greeting)), ==, strlen (greeting));
  test_spin_until (self->n_calls > 0);
  g_assert_nonnull (self->error);
  g_assert_true (self->error->domain == G_TLS_ERROR);
  assert_text_has (self->error, "Could not secure the connection to ");
  assert_text_has (self->error, self->path);
  assert_text_has (self->error, "may not speak TLS");
}

static void
test_tls_cancelled (Fixture       *self,
                    gconstpointer  data)
{
  g_autoptr (GSocket) peer = NULL;

  if (!want_tls (self))
    return;
  use_tcp (self, TRUE);
  start (self);
  peer = take (self);
  test_spin_until (is_securing (self));
  /* GIO's thread says hello. */
  g_assert_true (g_socket_condition_wait (peer, G_IO_IN, NULL, NULL));
  g_assert_cmpuint (self->n_calls, ==, 0);
  qmp_connector_cancel (self->connector);
  test_spin_until (self->n_calls > 0);
  g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* A Unix socket has no host that a certificate could be for. */
static void
test_tls_no_identity (Fixture       *self,
                      gconstpointer  data)
{
  if (!want_tls (self))
    return;
  listen_there (self);
  start (self);
  g_assert_error (self->error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_TLS_IDENTITY);
  assert_text_has (self->error, "tls-identity");
}

static void
test_tls_certificate (void)
{
  QmpTls tls = { 0 };

  g_assert_false (qmp_tls_lacks_certificate (&tls));
  tls.wanted = TRUE;
  g_assert_true (qmp_tls_lacks_certificate (&tls));
  qmp_tls_clear (&tls);
}

#define ADD(path, data, function) \
  g_test_add ("/connector/" path, Fixture, GINT_TO_POINTER (data), set_up, function, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("unix", 0, test_unix);
  ADD ("tcp/plain", FALSE, test_tcp);
  ADD ("tcp/keep-alive", TRUE, test_tcp);
  ADD ("freed-inside", 0, test_freed_inside);
  ADD ("full/until-taken", 0, test_full);
  ADD ("full/cancelled", FALSE, test_full_cancelled);
  ADD ("full/cancelled/freed-inside", TRUE, test_full_cancelled);
  ADD ("fails/refused", 0, test_refused);
  ADD ("fails/not-there", 0, test_not_there);
  ADD ("fails/pipe", 0, test_pipe);
  ADD ("fails/vsock", 0, test_vsock);
  ADD ("cancelled", 0, test_cancelled);
  ADD ("tls/clear", 0, test_tls_clear);
  ADD ("tls/cancelled", 0, test_tls_cancelled);
  ADD ("tls/no-identity", 0, test_tls_no_identity);
  g_test_add_func ("/connector/tls/certificate", test_tls_certificate);

  return g_test_run ();
}
