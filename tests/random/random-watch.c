/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "random-watch.h"

#include <string.h>

static gboolean
may_follow (QmpRunstate from,
            QmpRunstate to)
{
  switch (from)
    {
    case QMP_RUNSTATE_IDLE:
      return to == QMP_RUNSTATE_CONNECTING;
    case QMP_RUNSTATE_CONNECTING:
      return to == QMP_RUNSTATE_RUNNING || to == QMP_RUNSTATE_DISCONNECTING;
    case QMP_RUNSTATE_RUNNING:
      return to == QMP_RUNSTATE_DISCONNECTING;
    case QMP_RUNSTATE_DISCONNECTING:
    default:
      return to == QMP_RUNSTATE_IDLE;
    }
}

void
random_watch_called (RandomWatch *self)
{
  random_must (self, !self->blocking);
}

static void
note_step (RandomWatch *self,
           QmpClient   *client,
           guint        handler)
{
  QmpRunstate now = qmp_client_get_runstate (client);

  random_watch_called (self);
  random_must (self, may_follow (self->told[handler], now));
  self->told[handler] = now;
  g_array_append_val (self->steps[handler], now);
}

static void
first_runstate_cb (QmpClient   *client,
                   GParamSpec  *pspec,
                   RandomWatch *self)
{
  note_step (self, client, 0);
  self->n_running += self->told[0] == QMP_RUNSTATE_RUNNING;
}

static void
last_runstate_cb (QmpClient   *client,
                  GParamSpec  *pspec,
                  RandomWatch *self)
{
  note_step (self, client, 1);
}

static void
closed_cb (QmpClient   *client,
           GError      *error,
           RandomWatch *self)
{
  random_watch_called (self);
  self->n_closed++;
}

void
random_watch_begin (RandomWatch *self,
                    QmpClient   *client,
                    char        *what)
{
  *self = (RandomWatch) { .what = what };
  for (guint i = 0; i < 2; i++)
    self->steps[i] = g_array_new (FALSE, FALSE, sizeof (QmpRunstate));
  g_signal_connect (client, "notify::runstate", G_CALLBACK (first_runstate_cb), self);
  g_signal_connect (client, "closed", G_CALLBACK (closed_cb), self);
}

void
random_watch_connect (RandomWatch *self,
                      QmpClient   *client)
{
  g_signal_connect (client, "notify::runstate", G_CALLBACK (last_runstate_cb), self);
}

void
random_watch_check (RandomWatch *self)
{
  if (self->n_closed != self->n_running)
    g_error ("%s: closed %u times, RUNNING %u times", self->what, self->n_closed, self->n_running);
  random_must (self, self->told[0] == QMP_RUNSTATE_IDLE);
  random_must (self, self->steps[0]->len == self->steps[1]->len);
  random_must (self, self->steps[0]->len == 0 || memcmp (self->steps[0]->data, self->steps[1]->data,
                                                         self->steps[0]->len * sizeof (QmpRunstate)) == 0);
}

void
random_watch_clear (RandomWatch *self)
{
  g_array_unref (self->steps[0]);
  g_array_unref (self->steps[1]);
  g_free (self->what);
}
