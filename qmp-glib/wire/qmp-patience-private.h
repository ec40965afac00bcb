/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "wire/qmp-io-context-private.h"

/* How long the caller of one operation waits for it: a time, and a cancellable. */

G_BEGIN_DECLS

typedef struct _QmpPatience QmpPatience;

/* How an operation ends when patience does. operation: borrowed. Each may free the patience, with the operation; no more
 * of them is called then, nor is one that was about to be. */
typedef struct {
  /* The time is over: first takes what came in time, which may end the operation. Nullable. */
  void    (* catch_up)  (gpointer  operation);
  /* The error of that; nullable: give_up gets NULL for it. */
  GError *(* timed_out) (gpointer  operation);
  /* The time is over, or the cancellable was cancelled. Takes error. */
  void    (* give_up)   (gpointer  operation,
                         GError   *error);
} QmpPatienceFuncs;

/* The functions are called from dispatches of context, of a cancellation before all else that is ready there.
 * milliseconds: negative for no limit. cancellable: nullable; kept alive; may be cancelled in any thread, or be so
 * already. */
QmpPatience *qmp_patience_new      (const QmpPatienceFuncs *funcs,
                                    gpointer                operation,
                                    QmpIoContext           *context,
                                    gint64                  milliseconds,
                                    GCancellable           *cancellable);
/* After this no function is called. */
void         qmp_patience_free     (QmpPatience            *self);

/* Another time, from now on, in place of the one there was. */
void         qmp_patience_set_time (QmpPatience            *self,
                                    QmpIoContext           *context,
                                    gint64                  milliseconds);

G_END_DECLS
