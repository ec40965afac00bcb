/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

/* What has to hold for a client whatever is done with it: each handler of notify::runstate is told of each step, the steps
 * follow from each other, "closed" is emitted once for each RUNNING, and no handler runs within a blocking call. */

G_BEGIN_DECLS

typedef struct {
  char        *what;           /* for messages: what is being tried */
  gboolean     blocking;       /* set around each blocking call, but for what a filter does within */
  QmpRunstate  told[2];        /* to the handler before, and the one behind all others */
  GArray      *steps[2];
  guint        n_running, n_closed;
} RandomWatch;

/* Before and behind all other handlers are connected. Takes what. */
void random_watch_begin    (RandomWatch *self,
                            QmpClient   *client,
                            char        *what);
void random_watch_connect  (RandomWatch *self,
                            QmpClient   *client);
/* From each callback and handler. */
void random_watch_called   (RandomWatch *self);
/* When nothing is under way any more, unless the client was disposed of, which takes its handlers away. */
void random_watch_check    (RandomWatch *self);
void random_watch_clear    (RandomWatch *self);

/* Fails with what is being tried. */
#define random_must(watch, condition)                                                    \
  G_STMT_START {                                                                         \
    if (!(condition))                                                                    \
      g_error ("%s: %s:%d: not so: %s", (watch)->what, __FILE__, __LINE__, #condition);  \
  } G_STMT_END

G_END_DECLS
