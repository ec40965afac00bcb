/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-machine.h>

/* How a machine is brought to its end, in stages: its guest is asked, QEMU is told to quit, its process is terminated, and
 * killed. What is to be done next is said here, and done by the owner. Several callers may want that: of their times the
 * earlier counts. Times are monotonic microseconds; those of callers are milliseconds. */

G_BEGIN_DECLS

/* How long a process may take to go once it was killed, and how long after a press the button is pressed again. */
#define QMP_SHUTDOWN_KILL_PATIENCE (5 * G_USEC_PER_SEC)
#define QMP_SHUTDOWN_PRESS_AGAIN (G_USEC_PER_SEC / 2)

/* What the owner sees of the machine. */
typedef struct {
  gboolean         linked;
  gboolean         has_process;
  QmpMachineStatus status;
} QmpShutdownSight;

/* What is to be done now. */
typedef enum {
  QMP_SHUTDOWN_NOTHING,
  QMP_SHUTDOWN_RESUME,      /* cont */
  QMP_SHUTDOWN_WAKE,        /* system_wakeup */
  QMP_SHUTDOWN_PRESS,       /* system_powerdown */
  QMP_SHUTDOWN_QUIT,        /* quit */
  QMP_SHUTDOWN_TERMINATE,   /* SIGTERM */
  QMP_SHUTDOWN_KILL,        /* SIGKILL */
  QMP_SHUTDOWN_GIVE_UP,     /* there is no process that could be killed, or it does not go: all callers fail */
} QmpShutdownStep;

/* One who wants it. A member of its owner. */
typedef struct {
  QmpShutDownFlags flags;
  gint64           ask_until;  /* G_MAXINT64: for ever */
  int              quit;       /* milliseconds, -1 for ever */
} QmpShutdownCaller;

typedef struct {
  QmpShutDownStage stage;
  GQueue           callers;    /* of QmpShutdownCaller, borrowed */
  gint64           quit_until; /* of the stages after asking */
  gint64           press_at;   /* 0: not again */
  gboolean         pressed;
  gboolean         resumed;
  gboolean         woken;
  gboolean         deaf;       /* QEMU does not press the button */
} QmpShutdown;

/* Is one that nobody wants when all its bytes are 0. */

/* ask, quit: milliseconds, 0 skips a stage, -1 is for ever. */
void               qmp_shutdown_join      (QmpShutdown            *self,
                                           QmpShutdownCaller      *caller,
                                           QmpShutDownFlags        flags,
                                           int                     ask,
                                           int                     quit,
                                           gint64                  now);
/* With the last of them it ends: what was begun is not taken back. */
void               qmp_shutdown_leave     (QmpShutdown            *self,
                                           QmpShutdownCaller      *caller);
/* It is over: whoever still wants it is told by others. */
void               qmp_shutdown_clear     (QmpShutdown            *self);
/* One who only wanted to ask, and whose time is over, or who has nobody to ask: left already. NULL if there is none. */
QmpShutdownCaller *qmp_shutdown_pop_late  (QmpShutdown            *self,
                                           const QmpShutdownSight *sight,
                                           gint64                  now);
/* Until it is QMP_SHUTDOWN_NOTHING. */
QmpShutdownStep    qmp_shutdown_step      (QmpShutdown            *self,
                                           const QmpShutdownSight *sight,
                                           gint64                  now);
/* QEMU does not do what the stage is: neither press the button nor quit. */
void               qmp_shutdown_refuse    (QmpShutdown            *self,
                                           gint64                  now);
/* When it is to be asked again, if nothing happens; G_MAXINT64 for never. */
gint64             qmp_shutdown_get_until (QmpShutdown            *self);

G_END_DECLS
