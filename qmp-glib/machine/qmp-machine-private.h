/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-error.h>
#include <qmp-glib/qmp-machine.h>

#include "client/qmp-client-serve-private.h"
#include "machine/qmp-backoff-private.h"
#include "machine/qmp-end-private.h"
#include "machine/qmp-jobs-private.h"
#include "machine/qmp-launcher-private.h"
#include "machine/qmp-lines-private.h"
#include "machine/qmp-migrations-private.h"
#include "machine/qmp-outcome-private.h"
#include "machine/qmp-screen-private.h"
#include "machine/qmp-shutdown-private.h"
#include "machine/qmp-status-private.h"

/* The machine's inner life, shared by the files of its class:
 *
 *   qmp-machine.c            the GObject: its life, its signals, and all that is told
 *   qmp-machine-properties.c
 *   qmp-machine-run.c        one run, from its process or its link to its end
 *   qmp-machine-launch.c     launching
 *   qmp-machine-open.c       opening
 *   qmp-machine-keep.c       keeping it open
 *   qmp-machine-agent.c      its guest's agent
 *   qmp-machine-jobs.c       its jobs, which QmpJobs follows
 *   qmp-machine-migration.c  its migrations, of which QmpMigrations keeps the books
 *   qmp-machine-migrate.c    starting them
 *   qmp-machine-refresh.c    what is asked of a server, all at once
 *   qmp-machine-verbs.c      what is done with a machine
 *   qmp-machine-shut-down.c  how it is brought to its end
 *   qmp-machine-wait.c       waiting for the end
 *   qmp-machine-unplug.c     taking a device out
 *   qmp-machine-screendump.c pictures of its screen, which QmpScreen takes
 *   qmp-machine-display.c    a D-Bus connection to its display
 *   qmp-machine-actions.c    the verbs as actions
 *
 * What is of one topic has an object of its own, such as the status. It is told by the machine: of an event in see_event()
 * (qmp-machine.c), of a link that is there and was read anew in qmp_machine_set_ready(), of its end in lose_link(), and of the end
 * of the run in finish() (qmp-machine-run.c).
 *
 * What happens is noted at once, in dispatches, in a filter of the machine's own, or in a blocking call, none of which runs
 * user code. It is told from a dispatch of the owner's context: what the process has said, properties that have changed, then
 * ends. */

G_BEGIN_DECLS

/* The properties, and the bits of what has changed and was not told. Those that belong together are told in this order:
 * connected is the last. */
typedef enum {
  QMP_MACHINE_PROP_0,
  QMP_MACHINE_CLIENT,
  QMP_MACHINE_NAME,
  QMP_MACHINE_UUID,
  QMP_MACHINE_STATUS,
  QMP_MACHINE_STATUS_NAME,
  QMP_MACHINE_RUNNING,
  QMP_MACHINE_PAUSE_EVENT,
  QMP_MACHINE_LINK_ERROR,
  QMP_MACHINE_CONNECTED,
  QMP_MACHINE_PID,
  QMP_MACHINE_ALIVE,
  QMP_MACHINE_SHUT_DOWN_STAGE,
  QMP_MACHINE_OUTCOME,
  QMP_MACHINE_MIGRATION,
  QMP_MACHINE_JOBS,
  QMP_MACHINE_PROGRESS_INTERVAL,
  QMP_MACHINE_N_PROPS
} QmpMachineProp;

enum {
  QMP_MACHINE_OUTPUT,
  QMP_MACHINE_ENDED,
  QMP_MACHINE_ACTION_FAILED,
  QMP_MACHINE_N_SIGNALS
};

/* One run: a process, a link, or both. */
typedef struct {
  QmpProcess *process;    /* nullable */
  QmpOutput  *output;     /* nullable: of one that was launched */
  QmpListening *listening;  /* nullable: until it serves that itself */
  int         agent_fd;   /* our end of its agent's channel; -1: none */
  QmpEnd      end;
  guint       number;
  gboolean    launched;   /* by this machine, which it holds */
  gboolean    left;       /* when it is ready: it outlives the program, and its monitor can be opened again */
  gboolean    ready;      /* its end is told */
  gboolean    by_us;
  gboolean    linked;     /* its link was there, and its end was not seen yet */
  GError     *failure;    /* nullable: why it cannot be launched */
  GTask      *launching;  /* nullable, owned: who is told of that */
  GError    **fails;      /* nullable, borrowed: a blocking caller who is told of it */
  GQueue      waiting;    /* of QmpMachineWait, borrowed */
  QmpShutdown shutdown;
  char       *refusal;    /* nullable: what QEMU has said to the last of its commands that it has refused */
  QmpShutdownStep step;   /* to be taken by a blocking call */
} QmpRun;

typedef struct _QmpMachineTry QmpMachineTry;

/* Whether it is kept open, and how far that is. */
typedef struct {
  GSocketConnectable *address;   /* nullable: it is not */
  QmpBackoff          backoff;
  QmpIoTimer          timer;     /* in io: the next try */
  QmpMachineTry      *attempt;   /* nullable, borrowed: one try is under way */
} QmpMachineKeeping;

/* Who waits for the end of a run. */
typedef struct {
  QmpRun     *run;        /* nullable: borrowed, while it has not ended */
  GTask      *task;       /* nullable, owned: who is told, unless it is a blocking call */
  GSource    *cancellation;  /* nullable */
  QmpOutcome *outcome;    /* nullable: of the run, when it has ended */
  GError     *error;      /* nullable: it is waited for in vain */
  gboolean    shuts_down; /* and brings it about */
  QmpShutdownCaller caller;
} QmpMachineWait;

/* An end that is to be told. */
typedef struct {
  QmpOutcome *outcome;    /* nullable: there is none, only who waits is told */
  gboolean    ready;
  GTask      *launching;  /* nullable: fails with failure */
  GError     *failure;
  GQueue      waiting;    /* of QmpMachineWait, owned: with a task */
} QmpMachineEnding;

struct _QmpMachine {
  GObject           parent_instance;

  QmpClient        *client;
  QmpEventListener *listener;    /* its filter sees the events, also in blocking calls */
  QmpIoContext     *io;          /* the owner's */
  QmpIoWatch        todo;        /* in io: something is to be told, or to be asked */
  QmpIoTimer        alarm;       /* where the I/O is: something of the run is due */

  QmpStatus         status;
  gint64            ask_status_at;  /* it settles without an event, or the end that was announced has not come; 0: never */
  gboolean          awaits_end;  /* that is why */
  QmpJobs          *jobs;
  QmpScreen        *screen;
  QmpMigrations     migrations;
  gint64            ask_migration_at;  /* 0: never */
  guint             n_migration_waits;
  gboolean          holds;       /* they hold it, while there is a link */
  char             *name;        /* nullable */
  char             *uuid;        /* nullable */
  gboolean          connected;
  GError           *link_error;  /* nullable */
  QmpRun           *run;         /* nullable */
  guint             n_runs;
  QmpOutcome       *outcome;     /* nullable: of the last run */
  GActionGroup     *actions;     /* nullable: nobody has asked for them yet */
  QmpClient        *agent;       /* nullable, weak: of its guest's agent, the last that was opened */
  gboolean          opening_agent;

  gboolean          blocking;    /* nothing is told */
  gboolean          was_blocking;  /* before the call of the client's that it accompanies */
  gint64            blocking_until;  /* G_MAXINT64: for ever */
  QmpLines          lines;       /* of what the process has said, which were not told */
  guint             changed;     /* bits of QmpMachineProp */
  GQueue            endings;     /* of QmpMachineEnding, owned */
  QmpMachine       *held;        /* nullable, owned: itself, until they are told */
  QmpMachineKeeping keeping;
  guint             n_openings;  /* under way, of which one at most comes to anything */
};

extern GParamSpec *qmp_machine_properties[QMP_MACHINE_N_PROPS];
extern guint       qmp_machine_signals[QMP_MACHINE_N_SIGNALS];

/* First in each method that is not for any thread. */
#define qmp_machine_is_foreign(self, error)                                               \
  (!qmp_machine_require_thread ((self), G_STRFUNC, (error)))

/* qmp-machine.c */
gboolean  qmp_machine_require_thread   (QmpMachine           *self,
                                        const char           *function,
                                        GError              **error);
/* Something has changed, and is to be told soon. */
void      qmp_machine_touch            (QmpMachine           *self,
                                        QmpMachineProp        prop);
/* From a dispatch of the owner's context: tells all that is to be told. Runs user code. The caller holds self. Does nothing in
 * a blocking call. */
void      qmp_machine_tell             (QmpMachine           *self);
/* For QmpOutput: the process has said that. */
void      qmp_machine_hear             (const guint8         *bytes,
                                        gsize                 length,
                                        gpointer              machine);
/* Takes ending. */
void      qmp_machine_post_ending      (QmpMachine           *self,
                                        QmpMachineEnding     *ending);

/* qmp-machine-properties.c */
void      qmp_machine_install_properties (GObjectClass       *object_class);

/* qmp-machine-run.c */
/* launched: nullable; taken. */
QmpRun   *qmp_machine_begin_run        (QmpMachine           *self,
                                        QmpLaunched          *launched);
/* There is a link, over which it can be spoken to. FALSE with QMP_MACHINE_ERROR_ENDED if nothing runs, else
 * QMP_CLIENT_ERROR_STATE. */
gboolean  qmp_machine_require_monitor  (QmpMachine           *self,
                                        GError              **error);
/* Its process is another now; taken. */
void      qmp_machine_watch_process    (QmpMachine           *self,
                                        QmpProcess           *process);
/* The client has a link, which is not read yet: the run goes on over it, or another one begins. */
void      qmp_machine_take_link        (QmpMachine           *self);
/* It could not be read: what has begun with the link is forgotten, unless somebody counts on it already. */
void      qmp_machine_give_link_up     (QmpMachine           *self);
/* Another machine is at the other end now: nobody knows how this one has ended. The link is left. */
void      qmp_machine_lose_run         (QmpMachine           *self);
/* Why there is no link, nullable; copied. */
void      qmp_machine_set_link_error   (QmpMachine           *self,
                                        const GError         *error);
/* Where all that it waits for beside the link is watched from now on. */
void      qmp_machine_attach           (QmpMachine           *self,
                                        QmpIoContext         *context);
/* Looks at what has happened, and what is due, and does what there is to be done. May end the run. The caller holds self. */
void      qmp_machine_advance          (QmpMachine           *self);
/* Notes the end of its link. The caller holds self. */
void      qmp_machine_see_link         (QmpMachine           *self);
/* It cannot be launched: takes error. Ends the run, at once or later. */
void      qmp_machine_fail_launch      (QmpMachine           *self,
                                        GError               *error);
/* The link is there, and all was read anew. */
void      qmp_machine_set_ready        (QmpMachine           *self);
/* For dispose. */
void      qmp_machine_drop_run         (QmpMachine           *self);
/* Of that, where the I/O is. */
void      qmp_machine_set_alarm        (QmpMachine           *self);
/* When something is due, if nothing happens: monotonic microseconds, G_MAXINT64 for never. */
gint64    qmp_machine_get_until        (QmpMachine           *self);
/* The same in milliseconds, at least one, for a command; QMP_TIMEOUT_CLIENT for never. */
int       qmp_machine_get_remaining    (QmpMachine           *self);
/* Shutting down goes on while the client blocks for somebody else. */
extern const QmpCompanionFuncs qmp_machine_companion_funcs;
/* A blocking call that waits until done says so, which is asked when something has happened to the run. Meanwhile the run
 * goes on as in a main loop. */
gboolean  qmp_machine_block            (QmpMachine           *self,
                                        gboolean           (* is_done) (gpointer data),
                                        gpointer              data,
                                        GCancellable         *cancellable,
                                        GError              **error);

/* qmp-machine-refresh.c */
/* Reads all anew, in one batch. done: called once, from the owner's context; error is borrowed. The caller holds self until
 * then. */
typedef void (*QmpMachineReadFunc) (QmpMachine   *self,
                                    const GError *error,
                                    gpointer      user_data);
void      qmp_machine_read_async       (QmpMachine           *self,
                                        GCancellable         *cancellable,
                                        QmpMachineReadFunc    done,
                                        gpointer              user_data);
gboolean  qmp_machine_read             (QmpMachine           *self,
                                        GCancellable         *cancellable,
                                        GError              **error);
/* What was read is of another machine than before the link: nothing of it was taken. error: nullable. */
gboolean  qmp_machine_is_replaced      (const GError         *error);
/* The status alone. Milliseconds, or QMP_TIMEOUT_CLIENT. FALSE with error; a status that is not taken is asked for again. */
gboolean  qmp_machine_read_status      (QmpMachine           *self,
                                        int                   timeout,
                                        GCancellable         *cancellable,
                                        GError              **error);
/* Asks for the status, if somebody wants that. */
void      qmp_machine_ask_status       (QmpMachine           *self);

/* qmp-machine-keep.c */
void      qmp_machine_init_keeping     (QmpMachine           *self);
/* It may have to be opened: looks whether it is so. */
void      qmp_machine_keep             (QmpMachine           *self);
void      qmp_machine_stop_keeping     (QmpMachine           *self);
/* FALSE with QMP_CLIENT_ERROR_STATE. */
gboolean  qmp_machine_require_not_kept (QmpMachine           *self,
                                        GError              **error);
/* For tests: microseconds. Before it is kept open. */
void      qmp_machine_set_keep_delays  (QmpMachine           *self,
                                        gint64                first,
                                        gint64                last);

/* qmp-machine-migration.c */
void      qmp_machine_init_migrations  (QmpMachine           *self);
/* For dispose. */
void      qmp_machine_drop_migrations  (QmpMachine           *self);
/* Is there something to be asked? */
gboolean  qmp_machine_wants_migration  (QmpMachine           *self);
/* Arguments of the command that lets the server have events for migrations. Transfer full. */
JsonNode *qmp_machine_new_migration_events (void);
/* What came of that and of query-migrate when all was read anew; reply: nullable. */
void      qmp_machine_take_migration   (QmpMachine           *self,
                                        QmpMigrationsTicket   ticket,
                                        gboolean              hears,
                                        JsonNode             *reply);
/* Asks for it: in the background, or in a blocking call. timeout: as for read_status. */
void      qmp_machine_ask_migration    (QmpMachine           *self);
void      qmp_machine_read_migration   (QmpMachine           *self,
                                        int                   timeout,
                                        GCancellable         *cancellable);
/* What is due of status and migration is wanted, and a migration that has ended may have finished. */
void      qmp_machine_step_migration   (QmpMachine           *self);
/* Whether those who wait hold the machine depends on the link. May drop the last reference but the caller's. */
void      qmp_machine_update_hold      (QmpMachine           *self);
/* One of them, if there is something to be told. Runs user code. */
gboolean  qmp_machine_tell_migration   (QmpMachine           *self);

/* qmp-machine-wait.c */
/* Nobody can cancel it any more. */
void      qmp_machine_wait_end_cancellation (QmpMachineWait  *wait);
void      qmp_machine_wait_free        (QmpMachineWait       *wait);
/* Waits for the end of the run that there is. Takes task. */
QmpMachineWait *qmp_machine_wait_async (QmpMachine           *self,
                                        GTask                *task,
                                        GCancellable         *cancellable);
/* NULL with error. shut_down: nullable, joins the run's shutdown. */
QmpOutcome *qmp_machine_wait           (QmpMachine           *self,
                                        QmpMachineWait       *wait,
                                        GCancellable         *cancellable,
                                        GError              **error);
/* It does not wait any more, and shuts down no more. */
void      qmp_machine_leave_wait       (QmpMachine           *self,
                                        QmpMachineWait       *wait);

/* qmp-machine-shut-down.c */
/* Does what is due. In a blocking call a command is left in the run's step, for the next. */
void      qmp_machine_step_shutdown    (QmpMachine           *self);
void      qmp_machine_take_step        (QmpMachine           *self,
                                        GCancellable         *cancellable);
/* A step that a blocking call has left to others, when it ends. */
void      qmp_machine_pass_step_on     (QmpMachine           *self);
/* Shuts down the run that there is. Takes task. */
void      qmp_machine_shut_down_run_async (QmpMachine        *self,
                                        QmpShutDownFlags      flags,
                                        int                   ask,
                                        int                   quit,
                                        GTask                *task,
                                        GCancellable         *cancellable);
QmpOutcome *qmp_machine_shut_down_run  (QmpMachine           *self,
                                        QmpShutDownFlags      flags,
                                        int                   ask,
                                        int                   quit,
                                        GCancellable         *cancellable,
                                        GError              **error);

/* qmp-machine-actions.c */
GActionGroup *qmp_machine_make_actions (QmpMachine           *machine);

/* For other files: a task of an asynchronous method. */
GTask    *qmp_machine_task_new         (QmpMachine           *self,
                                        GAsyncReadyCallback   callback,
                                        gpointer              user_data,
                                        gpointer              source_tag);

G_END_DECLS
