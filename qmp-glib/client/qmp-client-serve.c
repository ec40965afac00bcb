/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client/qmp-client-private.h"

typedef struct {
  const QmpServeFuncs *funcs;
  gpointer             data;
  GError              *error;  /* nullable: it was given up */
} Serving;

static gboolean
is_done (gpointer data)
{
  Serving *serving = data;

  return serving->error != NULL || serving->funcs->is_done (serving->data);
}

static void
give_up (gpointer  data,
         GError   *error)
{
  ((Serving *) data)->error = error;
}

static void
moved (gpointer      data,
       QmpIoContext *context)
{
  Serving *serving = data;

  serving->funcs->attach (serving->data, context);
}

static const QmpBlockingFuncs funcs = { is_done, NULL, NULL, give_up, moved };

gboolean
qmp_client_serve (QmpClient            *self,
                  const QmpServeFuncs  *serve_funcs,
                  gpointer              data,
                  GCancellable         *cancellable,
                  GError              **error)
{
  Serving serving = { serve_funcs, data, NULL };

  qmp_io_context_hold (self->io);
  qmp_client_block (self, &funcs, &serving, QMP_TIMEOUT_NONE, cancellable);
  if (serving.error == NULL)
    return TRUE;
  g_propagate_error (error, serving.error);
  return FALSE;
}

void
qmp_client_set_companion (QmpClient               *self,
                          const QmpCompanionFuncs *companion_funcs,
                          gpointer                 data)
{
  self->companion = (QmpCompanion) { companion_funcs, data };
}

void
qmp_client_drop_companion (QmpClient *self,
                           gpointer   data)
{
  if (self->companion.data == data)
    qmp_client_set_companion (self, NULL, NULL);
}

gboolean
qmp_client_is_linked (QmpClient *self)
{
  return self->link != NULL && self->ends.now == NULL;
}

gboolean
qmp_client_has_untold_end (QmpClient *self)
{
  return self->ends.n_untold > 0;
}

const GError *
qmp_client_get_last_error (QmpClient *self)
{
  return self->ends.last_error;
}
