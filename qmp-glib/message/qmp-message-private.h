/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-event.h>
#include <qmp-glib/qmp-greeting.h>
#include <qmp-glib/qmp-message.h>

#include "json/qmp-json-reader-private.h"

/* A message that came over the wire, found valid by the reader; the result is read-only. reader: whose buffer the frame is
 * in, NULL if it is in none. */

G_BEGIN_DECLS

QmpMessage  *qmp_message_new_received  (QmpJsonReader         *reader,
                                        QmpJsonFrame          *frame);
QmpEvent    *qmp_event_new_received    (QmpJsonReader         *reader,
                                        QmpJsonFrame          *frame);
/* What it costs, in bytes. */
gsize        qmp_event_get_size        (QmpEvent              *self);
/* Fails with QMP_PROTOCOL_ERROR_GREETING when the QMP member is not an object. */
QmpGreeting *qmp_greeting_new_received (QmpJsonReader         *reader,
                                        QmpJsonFrame          *frame,
                                        GError               **error);

/* Appends the message in its shortest form, checked to be what QEMU takes. id_text: JSON text that
 * takes the place of the "id" member, or is added as the last member; NULL leaves the message's own
 * id, if any. Fails with QMP_PROTOCOL_ERROR_SERIALIZATION, or with what qmp_message_validate() fails
 * with; out is then as it was. */
gboolean     qmp_message_append_wire   (QmpMessage            *self,
                                        GString               *out,
                                        const char            *id_text,
                                        GError               **error);

/* Begins the text of a command in an empty string: {"execute":"name". */
gboolean     qmp_message_begin_command (GString               *text,
                                        const char            *command,
                                        GError               **error);

/* Appends a command with its arguments in place, as qmp_message_new_parsed_va() makes it, but for the closing brace, to an empty
 * string. name_end (out): where its name ends. */
gboolean     qmp_message_append_parsed (GString               *text,
                                        gsize                 *name_end,
                                        GError               **error,
                                        const char            *command,
                                        const char            *format,
                                        va_list               *arguments);

/* Ends the text of a command: the id is its last member. */
void         qmp_message_append_id     (GString               *out,
                                        guint                  id);

/* The command's name, or NULL if the message is not a command (has neither or both of "execute" and
 * "exec-oob", or they are not a string). Owned by the caller. */
char        *qmp_message_dup_command   (QmpMessage            *self);

G_END_DECLS
