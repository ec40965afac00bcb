/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* Forks, and does not wait until the program is executed, as GLib does: with many programs that start that takes a tenth of a
 * second each. Whether it could be executed is known when the process has ended. */

G_BEGIN_DECLS

/* What is to be run. All of it is borrowed. */
typedef struct {
  const char * const *argv;
  const char         *directory;    /* nullable: the program's own */
  const char * const *environment;  /* nullable: the program's own */
  gboolean            leave;        /* it outlives the program, in a session of its own */
  gboolean            ties_input;   /* its standard input is what it dies by, since it closes all that are not standard */
  int                 output_fd;    /* what its standard output is; -1: the program's */
  int                 error_fd;     /* what its standard error is; -1: the program's */
  const int          *fds;          /* these are QMP_SPAWN_FIRST_FD and so on there, and it has no others */
  guint               n_fds;
} QmpSpawnPlan;

#define QMP_SPAWN_FIRST_FD 3

/* A page that both have until the program is executed. */
typedef struct _QmpSpawnReport QmpSpawnReport;

QmpSpawnReport *qmp_spawn_report_new      (GError              **error);
void            qmp_spawn_report_free     (QmpSpawnReport       *self);
/* Of a process that has ended: why plan could not be executed; NULL if it was. Transfer full. */
GError         *qmp_spawn_report_explain  (QmpSpawnReport       *self,
                                           const char           *program,
                                           const char           *directory);

/* life_fd: has something to be read when the program ends, which kills the process; -1: it outlives the program. -1 with
 * G_SPAWN_ERROR_FORK. */
pid_t           qmp_spawn                 (const QmpSpawnPlan   *plan,
                                           int                   life_fd,
                                           QmpSpawnReport       *report,
                                           GError              **error);

G_END_DECLS
