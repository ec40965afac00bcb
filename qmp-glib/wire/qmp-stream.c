/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire/qmp-stream-private.h"

#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "wire/qmp-fd-stream-private.h"

/* How long GIO's thread may wait for a server to take TLS's goodbye. */
#define GOODBYE_SECONDS 2

/* The system's own times are hours. With these a link whose other side is gone ends after three minutes. */
#define IDLE_SECONDS 60
#define INTERVAL_SECONDS 20
#define PROBES 6

GSocket *
qmp_stream_get_socket (GIOStream *stream)
{
  if (!G_IS_SOCKET_CONNECTION (stream) || G_IS_TCP_WRAPPER_CONNECTION (stream))
    return NULL;
  return g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream));
}

static int
get_output_fd (GOutputStream *output)
{
  if (QMP_IS_FD_OUTPUT_STREAM (output))
    return qmp_fd_output_stream_get_fd (QMP_FD_OUTPUT_STREAM (output));
  return G_IS_UNIX_OUTPUT_STREAM (output) ? g_unix_output_stream_get_fd (G_UNIX_OUTPUT_STREAM (output)) : -1;
}

static gboolean
is_same_socket (int one,
                int other)
{
  struct stat info, other_info;

  return fstat (one, &info) == 0 && fstat (other, &other_info) == 0 && S_ISSOCK (info.st_mode) &&
         info.st_dev == other_info.st_dev && info.st_ino == other_info.st_ino;
}

int
qmp_stream_get_socket_fd (GIOStream *stream)
{
  GSocket *socket = qmp_stream_get_socket (stream);
  GInputStream *input;
  int output_fd;

  if (socket != NULL)
    return g_socket_get_fd (socket);
  if (!G_IS_SIMPLE_IO_STREAM (stream))
    return -1;

  input = g_io_stream_get_input_stream (stream);
  output_fd = get_output_fd (g_io_stream_get_output_stream (stream));
  if (output_fd < 0 || !G_IS_UNIX_INPUT_STREAM (input) ||
      !is_same_socket (g_unix_input_stream_get_fd (G_UNIX_INPUT_STREAM (input)), output_fd))
    return -1;
  return output_fd;
}

static GIOStream *
dup_base (GIOStream *stream)
{
  GIOStream *base = NULL;

  if (G_IS_TLS_CONNECTION (stream))
    g_object_get (stream, "base-io-stream", &base, NULL);
  return base;
}

GSocket *
qmp_stream_get_socket_below (GIOStream *stream)
{
  g_autoptr(GIOStream) base = dup_base (stream);

  return base != NULL ? qmp_stream_get_socket (base) : NULL;
}

static gboolean
is_half_closed (GIOStream *stream)
{
  return g_input_stream_is_closed (g_io_stream_get_input_stream (stream)) ||
         g_output_stream_is_closed (g_io_stream_get_output_stream (stream));
}

/* A socket is used without its halves, which would be made for the question; TLS above it uses them. */
gboolean
qmp_stream_is_closed (GIOStream *stream)
{
  g_autoptr(GIOStream) base = dup_base (stream);
  GSocket *socket = qmp_stream_get_socket (stream);

  if (g_io_stream_is_closed (stream))
    return TRUE;
  if (socket != NULL)
    return g_socket_is_closed (socket);
  return is_half_closed (stream) ||
         (base != NULL && (qmp_stream_is_closed (base) || is_half_closed (base)));
}

int
qmp_stream_get_lowest_fd (GIOStream *stream)
{
  GSocket *below = qmp_stream_get_socket_below (stream);

  return below != NULL ? g_socket_get_fd (below) : qmp_stream_get_socket_fd (stream);
}

static void
close_in_thread (GTask        *task,
                 gpointer      source_object,
                 gpointer      task_data,
                 GCancellable *cancellable)
{
  QmpPipeGuard guard;

  qmp_pipe_guard_begin (&guard);
  g_io_stream_close (task_data, NULL, NULL);
  g_object_unref (task_data);
  qmp_pipe_guard_end (&guard, TRUE);
}

/* Closing a socket does not block; closing anything else may (TLS says goodbye), so that is left to one of GIO's
 * threads, which a server that reads no more does not hold for ever. g_io_stream_close_async() would need a main
 * context that runs afterwards, and the one of a blocking call does not. */
void
qmp_stream_close (GIOStream *stream)
{
  GSocket *below = qmp_stream_get_socket_below (stream);
  g_autoptr(GTask) task = NULL;

  if (below != NULL)
    g_socket_set_timeout (below, GOODBYE_SECONDS);
  if (qmp_stream_get_socket_fd (stream) >= 0)
    {
      g_io_stream_close (stream, NULL, NULL);
      return;
    }
  task = g_task_new (NULL, NULL, NULL, NULL);
  g_task_set_source_tag (task, qmp_stream_close);
  g_task_set_task_data (task, g_object_ref (stream), NULL);
  g_task_run_in_thread (task, close_in_thread);
}

/* A goodbye of the child's would end TLS for its parent, and GIO's threads have stayed with the parent. */
void
qmp_stream_abandon (GIOStream *stream)
{
  g_autoptr(GIOStream) base = dup_base (stream);

  if (base != NULL)
    qmp_stream_abandon (base);
  g_io_stream_close (stream, NULL, NULL);
}

/* NULL for a socket that only its descriptor is known of. */
static GSocket *
get_lowest_socket (GIOStream *stream)
{
  GSocket *below = qmp_stream_get_socket_below (stream);

  return below != NULL ? below : qmp_stream_get_socket (stream);
}

/* Commands are small and wait for nothing: Nagle's algorithm would hold each second one back. Other sockets do not know
 * the option. */
void
qmp_stream_set_no_delay (GIOStream *stream)
{
  GSocket *socket = get_lowest_socket (stream);
  int on = TRUE;
  int fd;

  if (socket != NULL && g_socket_get_family (socket) == G_SOCKET_FAMILY_UNIX)
    return;
  fd = qmp_stream_get_lowest_fd (stream);
  if (fd >= 0)
    setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof (on));
}

void
qmp_stream_keep_alive (GIOStream *stream)
{
  GSocket *socket = qmp_stream_get_socket (stream);

  if (socket == NULL || g_socket_get_family (socket) == G_SOCKET_FAMILY_UNIX)
    return;

  g_socket_set_keepalive (socket, TRUE);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_KEEPIDLE, IDLE_SECONDS, NULL);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_KEEPINTVL, INTERVAL_SECONDS, NULL);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_KEEPCNT, PROBES, NULL);
}
