/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-invocation.h>

/* What a tiny QEMU reads and writes. */

G_BEGIN_DECLS

/* Of the command's arguments: NULL, the default, if there is none, or it is of another type. */
const char *qmp_tiny_get_string     (QmpInvocation *invocation,
                                     const char    *name);
gint64      qmp_tiny_get_int        (QmpInvocation *invocation,
                                     const char    *name,
                                     gint64         otherwise);
gboolean    qmp_tiny_get_boolean    (QmpInvocation *invocation,
                                     const char    *name,
                                     gboolean       otherwise);

/* Answers; the first two take what they are given. */
void        qmp_tiny_return_object  (QmpInvocation *invocation,
                                     JsonObject    *object);
void        qmp_tiny_return_array   (QmpInvocation *invocation,
                                     JsonArray     *array);
void        qmp_tiny_return_nothing (QmpInvocation *invocation);
void        qmp_tiny_refuse         (QmpInvocation *invocation,
                                     const char    *error_class,
                                     const char    *format,
                                     ...) G_GNUC_PRINTF (3, 4);

G_END_DECLS
