/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The processor time of a process, or of a thread, from /proc. */

G_BEGIN_DECLS

/* text: what a file "stat" there has. Nanoseconds in user mode and in the kernel; -1 if it says nothing. */
gint64 top_proc_parse (const char  *text);
/* thread: 0 for all of the process. -1 if it is gone, or nobody may look. */
gint64 top_proc_read  (int          pid,
                       int          thread);

G_END_DECLS
