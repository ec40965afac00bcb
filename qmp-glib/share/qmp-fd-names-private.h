/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "json/qmp-json-text-private.h"

/* The names that one client has given to file descriptors in the server, where they are kept apart from everybody else's by
 * what they begin with, which nobody else can guess. Names are the client's, unescaped. No I/O. */

G_BEGIN_DECLS

/* Reference counted: what is under way holds it. */
typedef struct _QmpFdNames QmpFdNames;

/* So many of one client, since each may be a descriptor of the server. */
#define QMP_FD_NAMES_MAX 64

QmpFdNames  *qmp_fd_names_new            (void);
QmpFdNames  *qmp_fd_names_ref            (QmpFdNames    *self);
void         qmp_fd_names_unref          (QmpFdNames    *self);

/* A descriptor is about to get that name; FALSE if there are too many. */
gboolean     qmp_fd_names_begin          (QmpFdNames    *self,
                                          const char    *name);
/* It has got it, or has not. */
void         qmp_fd_names_end            (QmpFdNames    *self,
                                          const char    *name);
/* It was closed, or a command has taken it. */
void         qmp_fd_names_remove         (QmpFdNames    *self,
                                          const char    *name);
gboolean     qmp_fd_names_has            (QmpFdNames    *self,
                                          const char    *name);
guint        qmp_fd_names_get_n_names    (QmpFdNames    *self);
/* NULL-terminated; the strings are borrowed. */
const char **qmp_fd_names_list           (QmpFdNames    *self);

/* As a JSON string that the server knows it by. */
void         qmp_fd_names_append         (QmpFdNames    *self,
                                          GString       *out,
                                          const char    *name);
/* A command's arguments, with names in the places where commands have such. NULL if there are none. used: gets them, owned. */
GString     *qmp_fd_names_rewrite        (QmpFdNames    *self,
                                          QmpJsonSlice   arguments,
                                          GPtrArray     *used);
/* What the server says, with the client's names again. */
void         qmp_fd_names_append_restored (QmpFdNames   *self,
                                          GString       *out,
                                          const char    *text,
                                          gsize          length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpFdNames, qmp_fd_names_unref)

G_END_DECLS
