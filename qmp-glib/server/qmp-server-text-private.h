/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "json/qmp-json-text-private.h"

/* What a server sends, each with its line's end (QMP specification, "Server Greeting", "Command Responses", "Asynchronous
 * events"). Strings are valid UTF-8. */

G_BEGIN_DECLS

typedef struct {
  guint               version[3];    /* major, minor, micro */
  char               *package;
  char              **capabilities;
} QmpServerAbout;

GString *qmp_server_text_greeting (const QmpServerAbout *about);
/* value: JSON text. id: JSON text, of length 0 if there is none. */
GString *qmp_server_text_return   (const char           *value,
                                   gsize                 length,
                                   QmpJsonSlice          id);
/* error: JSON text, an object. */
GString *qmp_server_text_failure  (const char           *error,
                                   gsize                 length,
                                   QmpJsonSlice          id);
GString *qmp_server_text_error    (const char           *error_class,
                                   const char           *desc,
                                   QmpJsonSlice          id);
/* data: JSON text, nullable. time: in microseconds. */
GString *qmp_server_text_event    (const char           *name,
                                   const char           *data,
                                   gint64                time);

G_END_DECLS
