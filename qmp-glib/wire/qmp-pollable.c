/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire/qmp-pollable-private.h"

#include <gio/gunixoutputstream.h>
#include <glib/gi18n-lib.h>

#include "wire/qmp-fd-stream-private.h"
#include "wire/qmp-stream-private.h"

/* What a stream is given at once TLS makes one record of it, and whatever the stream
 * makes of less than that fits into a pipe that is writable, so that even one in blocking mode does not block. */
#define MAX_STEP 2048

/* --- writing --- */

/* What it is given next. After "would block" TLS wants to be given the same bytes again, so it
 * depends on nothing but what is left.
 *
 * The last byte is a TLS record of its own. QEMU reads its monitor byte by byte, one whenever the socket is
 * readable, and before 8.0 it does not look whether TLS holds more of a record. With another record behind it in the
 * socket it still comes to its end, and the last one has no rest. */
static gsize
get_step (QmpPollable *self,
          gsize        length)
{
  if (self->is_tls && length > 1)
    length--;
  return MIN (length, MAX_STEP);
}

gssize
qmp_pollable_write (QmpPollable  *self,
                    const char   *bytes,
                    gsize         length,
                    GError      **error)
{
  g_autoptr(GError) local_error = NULL;
  QmpPipeGuard guard;
  gssize n;

  /* A stream in between may keep an error for its next call: whether the signal came is not seen from what it returns. */
  if (self->guarded)
    qmp_pipe_guard_begin (&guard);
  n = g_pollable_output_stream_write_nonblocking (self->output, bytes, get_step (self, length), NULL, &local_error);
  if (self->guarded)
    qmp_pipe_guard_end (&guard, TRUE);
  if (n < 0 && !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    g_propagate_error (error, g_steal_pointer (&local_error));
  return n;
}

/* --- reading --- */

gssize
qmp_pollable_read (QmpPollable  *self,
                   guint8       *buffer,
                   gsize         size,
                   GError      **error)
{
  g_autoptr(GError) local_error = NULL;
  QmpPipeGuard guard;
  gssize n;

  /* TLS may have to write when it reads. */
  if (self->guarded)
    qmp_pipe_guard_begin (&guard);
  n = g_pollable_input_stream_read_nonblocking (self->input, buffer, size, NULL, &local_error);
  if (self->guarded)
    qmp_pipe_guard_end (&guard, TRUE);
  /* A QEMU that quits says no goodbye in TLS. Messages show by themselves whether they are whole. */
  if (g_error_matches (local_error, G_TLS_ERROR, G_TLS_ERROR_EOF))
    return 0;
  if (n < 0 && !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    g_propagate_error (error, g_steal_pointer (&local_error));
  return n;
}

/* --- the watch --- */

static void
watch_source (QmpPollable  *self,
              QmpIoWatch   *watch,
              gboolean      wanted,
              GSource     **source,
              GSource    *(*create) (QmpPollable *self))
{
  if (wanted && *source == NULL)
    {
      *source = create (self);
      qmp_io_watch_add_source (watch, *source);
    }
  else if (!wanted && *source != NULL)
    {
      qmp_io_watch_remove_source (watch, *source);
      g_clear_pointer (source, g_source_unref);
    }
}

static GSource *
create_input_source (QmpPollable *self)
{
  return g_pollable_input_stream_create_source (self->input, NULL);
}

static GSource *
create_output_source (QmpPollable *self)
{
  return g_pollable_output_stream_create_source (self->output, NULL);
}

void
qmp_pollable_watch (QmpPollable *self,
                    QmpIoWatch  *watch,
                    gboolean     reads,
                    gboolean     writes)
{
  watch_source (self, watch, reads, &self->input_source, create_input_source);
  watch_source (self, watch, writes, &self->output_source, create_output_source);
}

void
qmp_pollable_unwatch (QmpPollable *self)
{
  g_clear_pointer (&self->input_source, g_source_unref);
  g_clear_pointer (&self->output_source, g_source_unref);
}

/* --- beginning and end --- */

static gboolean
can_poll (GInputStream  *input,
          GOutputStream *output)
{
  return G_IS_POLLABLE_INPUT_STREAM (input) &&
         g_pollable_input_stream_can_poll (G_POLLABLE_INPUT_STREAM (input)) &&
         G_IS_POLLABLE_OUTPUT_STREAM (output) &&
         g_pollable_output_stream_can_poll (G_POLLABLE_OUTPUT_STREAM (output));
}

/* GIO's stream would block on a descriptor in blocking mode, and raise SIGPIPE. */
static GOutputStream *
dup_output (GOutputStream *output)
{
  if (G_OBJECT_TYPE (output) == G_TYPE_UNIX_OUTPUT_STREAM)
    return qmp_fd_output_stream_new (g_unix_output_stream_get_fd (G_UNIX_OUTPUT_STREAM (output)), FALSE);
  return g_object_ref (output);
}

gboolean
qmp_pollable_init (QmpPollable  *self,
                   GIOStream    *stream,
                   GError      **error)
{
  GInputStream *input = g_io_stream_get_input_stream (stream);
  GOutputStream *output = g_io_stream_get_output_stream (stream);

  if (!can_poll (input, output))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   _("A stream of type %s cannot be polled, so it cannot carry QMP"),
                   G_OBJECT_TYPE_NAME (stream));
      return FALSE;
    }
  self->input = G_POLLABLE_INPUT_STREAM (input);
  self->output = G_POLLABLE_OUTPUT_STREAM (dup_output (output));
  self->is_tls = G_IS_TLS_CONNECTION (stream);
  /* GSocket keeps the signal away itself. */
  self->guarded = qmp_stream_get_socket_below (stream) == NULL;
  return TRUE;
}

void
qmp_pollable_clear (QmpPollable *self)
{
  g_assert (self->input_source == NULL && self->output_source == NULL);

  g_clear_object (&self->output);
}
