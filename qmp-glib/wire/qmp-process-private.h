/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "wire/qmp-spawn-private.h"
#include "wire/qmp-io-context-private.h"

/* A process: started, watched until it ends, reaped, and killed with all that it has started. No SIGCHLD and no thread has
 * a part in it: its descriptor (pidfd_open) is polled. */

G_BEGIN_DECLS

typedef struct _QmpProcess QmpProcess;

/* How it has ended. */
typedef struct {
  gboolean known;        /* FALSE: somebody else has reaped it, or it is nobody's child here */
  int      exit_status;  /* -1 if a signal has ended it */
  int      signal;       /* 0 if none has */
} QmpProcessEnd;

/* It has ended, and was reaped. May free the process. */
typedef void (*QmpProcessFunc) (gpointer owner);

/* In a process group of its own, with nothing on its standard input. Unless it is to be left running it is killed when the
 * program ends, however that happens, or when self is freed. Returns before it is executed. */
QmpProcess          *qmp_process_spawn         (const QmpSpawnPlan   *plan,
                                                GError              **error);
/* One that runs already, by its descriptor, of which a duplicate is taken. It is not reaped, and not killed when self is
 * freed. */
QmpProcess          *qmp_process_new_for_pidfd (int                   pidfd,
                                                GError              **error);
/* Kills it unless it has ended, is not ours, or is to be left running. Somebody else then reaps it. */
void                 qmp_process_free          (QmpProcess           *self);
/* The same, but it is reaped as soon as it has ended, from a dispatch of that context. to_kill: also one that was to be left
 * running. */
void                 qmp_process_abandon       (QmpProcess           *self,
                                                QmpIoContext         *context,
                                                gboolean              to_kill);
/* Frees one that is to be killed, and waits for the kernel to do so: nothing is left for a dispatch, which may never come. */
void                 qmp_process_end           (QmpProcess           *self,
                                                QmpIoContext         *context);
/* Looks whether it has ended, before its dispatch, which does not come then. */
gboolean             qmp_process_check         (QmpProcess           *self);

/* Where it is watched, from now on. func is called once, from a dispatch. */
void                 qmp_process_attach        (QmpProcess           *self,
                                                QmpIoContext         *context,
                                                QmpProcessFunc        func,
                                                gpointer              owner);
/* Sends a signal to the whole group, or to the process alone if it is not ours. Not when it has ended. */
void                 qmp_process_kill          (QmpProcess           *self,
                                                int                   signal_number);
/* SIGTERM, to the process alone, which sees to the others. Not when it has ended. */
void                 qmp_process_terminate     (QmpProcess           *self);
pid_t                qmp_process_get_pid       (QmpProcess           *self);
/* NULL while it runs. */
const QmpProcessEnd *qmp_process_get_end       (QmpProcess           *self);

/* When it has ended: why it could not be executed; NULL if it was. Transfer full. */
GError              *qmp_process_explain       (QmpProcess           *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpProcess, qmp_process_free)

G_END_DECLS
