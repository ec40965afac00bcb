/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What /proc says of a process. A process is the descriptor of its folder there: that stays its own, and is dead when it has
 * ended, though its number may be another's by then. Where something cannot be seen, or is gone, there is NULL. */

typedef struct {
  char     state;         /* "R", "S", "T"… */
  guint64  start_time;    /* in ticks, since the computer was started */
  char    *name;          /* the thread's; UTF-8 */
} QmpProcStat;

/* The numbers of all processes, of int, in ascending order. root: a descriptor of /proc, or of what looks like it. */
GArray     *qmp_proc_list          (int           root);
/* -1 if it is gone. */
int         qmp_proc_open          (int           root,
                                    int           pid);
/* The name of its program's file, as the kernel has it; or the first word of its command line where that cannot be seen.
 * process and folder: it and "", or root and "PID/". */
char       *qmp_proc_dup_program   (int           process,
                                    const char   *folder);
/* No words of a zombie. */
char      **qmp_proc_dup_arguments (int           process);
gboolean    qmp_proc_read_stat     (int           process,
                                    QmpProcStat  *stat);
/* Its effective user; -1 if that cannot be seen. */
int         qmp_proc_get_user      (int           process);
/* The value of a variable of the environment that it was started with. */
char       *qmp_proc_dup_variable  (int           process,
                                    const char   *name);
/* Where a link within its folder leads. */
char       *qmp_proc_dup_link      (int           process,
                                    const char   *name);
/* Whether it lets one see its descriptors. */
gboolean    qmp_proc_is_visible    (int           process);
/* Its sockets, inode by number of a descriptor; NULL if it does not let one see. */
GHashTable *qmp_proc_list_sockets  (int           process);
/* What is in a file within its folder, or in an ordinary file below it. At most max bytes, with a NUL behind them. length:
 * nullable. */
char       *qmp_proc_read_file     (int           process,
                                    const char   *name,
                                    gsize         max,
                                    gsize        *length);

G_END_DECLS
