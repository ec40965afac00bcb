/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire/qmp-connector-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/stat.h>

#include <qmp-glib/qmp-error.h>

#include "core/qmp-error-private.h"
#include "wire/qmp-address-private.h"
#include "wire/qmp-stream-private.h"

/* While a Unix socket's queue of connections is full, it is tried again after this many milliseconds,
 * then after twice as many, and so on. */
#define RETRY_FIRST 10
#define RETRY_LONGEST 250

typedef enum {
  STEP_NEW,
  STEP_OURS,      /* a Unix socket is tried again, a vsock or ssh is waited for */
  STEP_CONNECTS,  /* GIO does, and calls back */
  STEP_SECURES,   /* GIO does, and calls back */
  STEP_DONE,
} Step;

struct _QmpConnector {
  GSocketConnectable         *address;
  const QmpConnectorSettings *settings;     /* borrowed */
  QmpIoContext               *context;
  QmpConnectorFunc            func;
  gpointer                    user_data;

  Step                        step;
  GCancellable               *cancellable;
  guint                       retry_delay;  /* milliseconds */
  QmpIoTimer                  retry;
  GSocket                    *vsock;        /* nullable; waited for */
  QmpIoWatch                  watch;
  QmpTunnel                  *tunnel;       /* nullable */
  GTlsConnection             *securing;     /* nullable */
};

QmpConnector *
qmp_connector_new (GSocketConnectable         *address,
                   const QmpConnectorSettings *settings,
                   QmpIoContext               *context,
                   QmpConnectorFunc            func,
                   gpointer                    user_data)
{
  QmpConnector *self = g_new0 (QmpConnector, 1);

  self->address = g_object_ref (address);
  self->settings = settings;
  self->context = qmp_io_context_ref (context);
  self->func = func;
  self->user_data = user_data;
  self->cancellable = g_cancellable_new ();
  return self;
}

void
qmp_connector_free (QmpConnector *self)
{
  g_assert (!qmp_connector_is_under_way (self));

  g_object_unref (self->address);
  qmp_io_context_unref (self->context);
  g_object_unref (self->cancellable);
  g_clear_pointer (&self->tunnel, qmp_tunnel_free);
  g_clear_object (&self->securing);
  g_free (self);
}

QmpTunnel *
qmp_connector_steal_tunnel (QmpConnector *self)
{
  return g_steal_pointer (&self->tunnel);
}

gboolean
qmp_connector_is_under_way (QmpConnector *self)
{
  return self != NULL && self->step != STEP_NEW && self->step != STEP_DONE;
}

/* --- the end of it --- */

/* stream or error, which is taken; neither, if it has been cancelled. */
static void
finish (QmpConnector *self,
        GIOStream    *stream,
        GError       *error)
{
  if (g_cancellable_is_cancelled (self->cancellable))
    {
      stream = NULL;
      g_clear_error (&error);
      g_cancellable_set_error_if_cancelled (self->cancellable, &error);
    }
  self->step = STEP_DONE;
  self->func (stream, error, self->user_data);
}

static void
fail_connecting (QmpConnector *self,
                 GError       *error)
{
  g_autofree char *name = qmp_address_dup_text (self->address);

  g_prefix_error (&error, _("Could not connect to %s: "), name);
  finish (self, NULL, error);
}

/* What is at the path is not a socket: FALSE if it is one, or nothing. */
static gboolean
fail_by_file (QmpConnector *self)
{
  const char *path = qmp_address_get_path (self->address);
  g_autofree char *name = NULL;
  struct stat info;

  if (path == NULL || stat (path, &info) != 0 || S_ISSOCK (info.st_mode))
    return FALSE;

  name = qmp_address_dup_text (self->address);
  finish (self, NULL, g_error_new (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_NOT_A_SOCKET,
                                   S_ISFIFO (info.st_mode)
                                   ? _("%s is a pipe, and not a socket: the address of a pair of pipes "
                                       "is their path without “.in” and “.out”")
                                   : _("%s is neither a socket nor a device"), name));
  return TRUE;
}

static void
fail_securing (QmpConnector *self,
               GError       *error)
{
  g_autofree char *words = self->tunnel != NULL ? qmp_tunnel_dup_words (self->tunnel) : NULL;

  qmp_tls_explain (&self->settings->tls, self->securing, self->address, &error);
  if (words != NULL)
    qmp_error_append_reason (error, words);
  finish (self, NULL, error);
}

/* --- TLS --- */

/* The GTlsConnection works on the handshake in a thread of GIO's; it calls back, and asks whether a certificate is
 * accepted, in our context. */
static void
secured_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  QmpConnector *self = user_data;
  GError *error = NULL;

  if (g_tls_connection_handshake_finish (G_TLS_CONNECTION (source), result, &error))
    finish (self, G_IO_STREAM (source), NULL);
  else
    fail_securing (self, error);
}

static void
secure (QmpConnector *self,
        GIOStream    *stream)
{
  GError *error = NULL;

  self->securing = qmp_tls_wrap (&self->settings->tls, stream, self->address, &error);
  if (self->securing == NULL)
    {
      fail_securing (self, error);
      return;
    }
  self->step = STEP_SECURES;
  g_main_context_push_thread_default (qmp_io_context_get_main_context (self->context));
  g_tls_connection_handshake_async (self->securing, G_PRIORITY_DEFAULT, self->cancellable, secured_cb, self);
  g_main_context_pop_thread_default (qmp_io_context_get_main_context (self->context));
}

static void
connected (QmpConnector *self,
           GIOStream    *stream)
{
  if (self->settings->keep_alive)
    qmp_stream_keep_alive (stream);
  if (self->settings->tls.wanted && !g_cancellable_is_cancelled (self->cancellable))
    secure (self, stream);
  else
    finish (self, stream, NULL);
}

/* --- at once or not at all --- */

static void try_immediate (QmpConnector *self);

static void
retry_cb (gpointer owner)
{
  try_immediate (owner);
}

static void
try_again_later (QmpConnector *self)
{
  self->step = STEP_OURS;
  self->retry_delay = CLAMP (self->retry_delay * 2, RETRY_FIRST, RETRY_LONGEST);
  qmp_io_timer_set (&self->retry, self->context, g_get_monotonic_time () + self->retry_delay * 1000, retry_cb, self);
}

/* Connecting to a Unix socket is done at once or not at all. When QEMU serves another client and more of
 * them wait, the kernel says "try again". */
static void
try_immediate (QmpConnector *self)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GIOStream) stream = qmp_address_connect (self->address, &error);

  if (stream != NULL)
    connected (self, stream);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    try_again_later (self);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED) || !fail_by_file (self))
    fail_connecting (self, g_steal_pointer (&error));
}

/* --- a vsock --- */

static void
forget_vsock (QmpConnector *self)
{
  qmp_io_watch_detach (&self->watch);
  g_clear_object (&self->vsock);
}

static gboolean
vsock_ready (gpointer     owner,
             GIOCondition ready)
{
  QmpConnector *self = owner;
  g_autoptr(GSocket) socket = g_object_ref (self->vsock);
  g_autoptr(GSocketConnection) connection = NULL;
  GError *error = NULL;

  forget_vsock (self);
  if (g_socket_check_connect_result (socket, &error))
    {
      connection = g_socket_connection_factory_create_connection (socket);
      connected (self, G_IO_STREAM (connection));
    }
  else
    {
      fail_connecting (self, error);
    }
  return FALSE;
}

static const QmpIoFuncs vsock_funcs = { NULL, vsock_ready };

/* GSocketClient would make the socket by its family, which GIO does not know. */
static void
connect_vsock (QmpConnector *self)
{
  GError *error = NULL;

  self->vsock = qmp_address_begin_vsock (self->address, &error);
  if (self->vsock == NULL)
    {
      fail_connecting (self, error);
      return;
    }
  self->step = STEP_OURS;
  qmp_io_watch_attach (&self->watch, self->context, &vsock_funcs, self);
  qmp_io_watch_set_fd (&self->watch, g_socket_get_fd (self->vsock), G_IO_OUT);
}

/* --- through ssh --- */

static void
tunnel_connected (gpointer   owner,
                  GIOStream *stream)
{
  connected (owner, stream);
}

static void
tunnel_failed (gpointer  owner,
               GError   *error)
{
  fail_connecting (owner, error);
}

static const QmpTunnelFuncs tunnel_funcs = { tunnel_connected, tunnel_failed };

static void
connect_by_ssh (QmpConnector      *self,
                const QmpSshPlace *place)
{
  GError *error = NULL;

  self->tunnel = qmp_tunnel_new (place, self->settings->keep_alive, self->context, &tunnel_funcs, self, &error);
  if (self->tunnel != NULL)
    self->step = STEP_OURS;
  else
    fail_connecting (self, error);
}

/* --- anything else --- */

/* GIO puts the host before the cause, without the port. */
static void
shorten_connect_error (GError *error)
{
  const char *cause = strstr (error->message, ": ") != NULL ? g_strrstr (error->message, ": ") + 2 : NULL;
  char *text;

  if (error->domain != G_IO_ERROR || cause == NULL)
    return;
  text = g_strdup (cause);
  g_free (error->message);
  error->message = text;
}

static void
connected_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  QmpConnector *self = user_data;
  GError *error = NULL;
  g_autoptr(GSocketConnection) connection =
    g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &error);

  if (connection != NULL)
    {
      connected (self, G_IO_STREAM (connection));
      return;
    }
  shorten_connect_error (error);
  fail_connecting (self, error);
}

/* Names are looked up, addresses tried one after the other. */
static void
connect_by_socket_client (QmpConnector *self)
{
  g_autoptr(GSocketClient) client = g_socket_client_new ();

  self->step = STEP_CONNECTS;
  /* A monitor is not a web site: no proxy is asked for it. */
  g_socket_client_set_enable_proxy (client, FALSE);
  g_main_context_push_thread_default (qmp_io_context_get_main_context (self->context));
  g_socket_client_connect_async (client, self->address, self->cancellable, connected_cb, self);
  g_main_context_pop_thread_default (qmp_io_context_get_main_context (self->context));
}

/* --- for its owner --- */

void
qmp_connector_start (QmpConnector *self)
{
  const QmpSshPlace *place = qmp_address_get_ssh_place (self->address);

  g_assert (self->step == STEP_NEW);

  if (qmp_address_is_immediate (self->address))
    try_immediate (self);
  else if (qmp_address_is_vsock (self->address))
    connect_vsock (self);
  else if (place != NULL)
    connect_by_ssh (self, place);
  else
    connect_by_socket_client (self);
}

void
qmp_connector_cancel (QmpConnector *self)
{
  gboolean ours = self->step == STEP_OURS;

  g_cancellable_cancel (self->cancellable);
  if (!ours)
    return;
  qmp_io_timer_clear (&self->retry);
  forget_vsock (self);
  g_clear_pointer (&self->tunnel, qmp_tunnel_free);
  finish (self, NULL, NULL);
}

GError *
qmp_connector_error_timed_out (QmpConnector *self)
{
  g_autofree char *name = qmp_address_dup_text (self->address);
  g_autofree char *words = self->tunnel != NULL ? qmp_tunnel_dup_words (self->tunnel) : NULL;

  if (self->step == STEP_SECURES)
    return g_error_new (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY,
                        _("%s: Connected, but the TLS handshake did not come to its end in time: another client may be "
                          "holding this monitor, the server may hang, or may not speak TLS"), name);
  if (qmp_address_is_immediate (self->address))
    return g_error_new (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY,
                        _("Could not connect to %s in time: the socket's queue is full: other clients are connected "
                          "or wait, or the server hangs"), name);
  if (words != NULL)
    return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("Could not connect to %s in time: %s"), name, words);
  return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("Could not connect to %s in time"), name);
}
