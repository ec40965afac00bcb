/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The last events of all machines, as lines. */

G_BEGIN_DECLS

typedef struct _TopLog TopLog;

TopLog     *top_log_new   (void);
void        top_log_free  (TopLog      *self);
/* title: of its machine. data: JSON text; nullable. Whatever is in them. */
void        top_log_add   (TopLog      *self,
                           const char  *title,
                           const char  *name,
                           const char  *data);
guint       top_log_count (TopLog      *self);
/* i: 0 for the last one. Harmless. */
const char *top_log_get   (TopLog      *self,
                           guint        i);

G_END_DECLS
