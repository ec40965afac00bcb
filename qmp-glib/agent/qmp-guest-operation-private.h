/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "agent/qmp-guest-agent-private.h"

/* Something that takes commands one after the other, and pauses between them. An operation says step by step what comes
 * next; who runs it does so in the background, or blocks. So there is one text for both. */

G_BEGIN_DECLS

typedef struct _QmpGuestOperation QmpGuestOperation;

typedef enum {
  QMP_GUEST_STEP_SEND,    /* the command; its reply comes to next() */
  QMP_GUEST_STEP_PAUSE,   /* for so long, then next() without a reply */
  QMP_GUEST_STEP_DONE,    /* with the result */
  QMP_GUEST_STEP_FAILED,  /* error is set */
} QmpGuestStep;

typedef struct {
  /* What comes next. reply: to the command, a success; NULL at the beginning and after a pause. */
  QmpGuestStep (* next)   (QmpGuestOperation  *self,
                           QmpMessage         *reply,
                           GError            **error);
  /* Nullable. Something has failed with *error: returns FAILED, and may have put another error there; or goes on, with
   * *error cleared, but not when the time is over. */
  QmpGuestStep (* failed) (QmpGuestOperation  *self,
                           GError            **error);
  /* Nullable. Gives up what it owns; what is still to be undone in the guest is sent aside. */
  void         (* clear)  (QmpGuestOperation  *self);
} QmpGuestOperationFuncs;

/* The first member of each operation, whose memory is one piece of g_new0(). */
struct _QmpGuestOperation {
  const QmpGuestOperationFuncs *funcs;
  QmpGuestAgent                *agent;
  QmpClient                    *client;       /* the agent's */
  guint                         link_number;  /* of the link that it began in */
  gint64                        deadline;     /* of the whole: monotonic microseconds, 0 for none */

  /* what next() says */
  QmpMessage                   *command;      /* owned */
  int                           timeout;      /* of the command: milliseconds or QMP_TIMEOUT_CLIENT */
  gboolean                      kept;         /* its reply is waited for even when the caller has cancelled, and given
                                               * to next(): it says what has to be undone */
  int                           pause;        /* milliseconds */
  gpointer                      result;
  GDestroyNotify                free_result;

  /* in the background */
  GTask                        *task;
  gboolean                      abandoned;    /* was cancelled, and a reply is still waited for */
  GCancellable                 *cancellable;  /* nullable */
  GSource                      *source;       /* of a pause, or watches the cancellable; nullable */
};

/* timeout: of the whole, milliseconds; QMP_TIMEOUT_NONE or QMP_TIMEOUT_CLIENT. */
void         qmp_guest_operation_init        (QmpGuestOperation             *self,
                                              const QmpGuestOperationFuncs  *funcs,
                                              QmpGuestAgent                 *agent,
                                              int                            timeout);
void         qmp_guest_operation_free        (QmpGuestOperation             *self);

/* Takes self. Runs it in the background; the result comes out of finish. */
void         qmp_guest_operation_start       (QmpGuestOperation             *self,
                                              GCancellable                  *cancellable,
                                              GAsyncReadyCallback            callback,
                                              gpointer                       user_data,
                                              gpointer                       source_tag);
/* Takes self, and blocks until its end. Returns the result, or NULL with error. */
gpointer     qmp_guest_operation_run         (QmpGuestOperation             *self,
                                              GCancellable                  *cancellable,
                                              GError                       **error);

/* --- for the operations themselves --- */

/* Takes command. */
QmpGuestStep qmp_guest_operation_send        (QmpGuestOperation             *self,
                                              QmpMessage                    *command);
QmpGuestStep qmp_guest_operation_pause       (QmpGuestOperation             *self,
                                              int                            pause);
/* Takes result. */
QmpGuestStep qmp_guest_operation_done        (QmpGuestOperation             *self,
                                              gpointer                       result,
                                              GDestroyNotify                 free_result);
gboolean     qmp_guest_operation_is_late     (QmpGuestOperation             *self);
/* Takes command. It is sent if the link is still that of the beginning; nobody waits for its reply. */
void         qmp_guest_operation_send_aside  (QmpGuestOperation             *self,
                                              QmpMessage                    *command);

G_END_DECLS
