/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-client-private.h"

/* The blocking forms run the link's I/O in a context of the library's own, "borrowed" for the length of the
 * call: nothing else is attached to it, so nobody else's code runs, and no main loop is needed. One for each
 * thread serves all its clients, since it is empty between the calls. */
static GPrivate private_context = G_PRIVATE_INIT ((GDestroyNotify) g_main_context_unref);

static GMainContext *
get_private_context (void)
{
  GMainContext *context = g_private_get (&private_context);

  if (context == NULL)
    {
      context = g_main_context_new ();
      g_private_set (&private_context, context);
    }
  return context;
}

GMainContext *
qmp_client_get_io_context (QmpClient *self)
{
  return self->blocking ? get_private_context () : self->home;
}

void
qmp_client_begin_blocking (QmpClient *self)
{
  g_assert (!self->blocking);

  g_main_context_push_thread_default (get_private_context ());
  self->blocking = TRUE;
  if (self->transport != NULL)
    {
      qmp_transport_attach (self->transport, get_private_context ());
      qmp_transport_flush (self->transport);
    }
}

void
qmp_client_iterate (QmpClient *self)
{
  g_main_context_iteration (get_private_context (), TRUE);
}

void
qmp_client_end_blocking (QmpClient *self)
{
  self->blocking = FALSE;
  g_main_context_pop_thread_default (get_private_context ());
  if (self->transport != NULL)
    qmp_transport_attach (self->transport, self->home);
}

GSource *
qmp_client_add_timer (QmpClient   *self,
                      guint        milliseconds,
                      GSourceFunc  callback)
{
  GSource *source = g_timeout_source_new (milliseconds);

  g_source_set_static_name (source, "[qmp] timer");
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, callback, self, NULL);
  g_source_attach (source, qmp_client_get_io_context (self));
  return source;
}

GSource *
qmp_client_add_cancellation (QmpClient    *self,
                             GCancellable *cancellable,
                             GSourceFunc   callback,
                             gpointer      data)
{
  GSource *source = g_cancellable_source_new (cancellable);

  g_source_set_static_name (source, "[qmp] cancellation");
  g_source_set_callback (source, callback, data, NULL);
  g_source_attach (source, qmp_client_get_io_context (self));
  return source;
}
