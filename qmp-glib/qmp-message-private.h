/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-event.h>
#include <qmp-glib/qmp-greeting.h>
#include <qmp-glib/qmp-message.h>

#include "qmp-json-reader-private.h"

/* A message that came over the wire: text is taken (transfer full), found valid by the reader, and
 * the result is read-only. */

G_BEGIN_DECLS

QmpMessage  *qmp_message_new_received  (GBytes                *text,
                                        const QmpJsonOutline  *outline);
QmpEvent    *qmp_event_new_received    (GBytes                *text,
                                        const QmpJsonOutline  *outline);
/* What it costs, in bytes. */
gsize        qmp_event_get_size        (QmpEvent              *self);
/* Fails with QMP_PROTOCOL_ERROR_GREETING when the QMP member is no object. */
QmpGreeting *qmp_greeting_new_received (GBytes                *text,
                                        const QmpJsonOutline  *outline,
                                        GError               **error);

/* Appends the message in its shortest form, checked to be what QEMU takes. id_text: JSON text that
 * takes the place of the "id" member, or is added as the last member; NULL leaves the message's own
 * id, if any. Fails with QMP_PROTOCOL_ERROR_SERIALIZATION, or with what qmp_message_validate() fails
 * with; out is then as it was. */
gboolean     qmp_message_append_wire   (QmpMessage            *self,
                                        GString               *out,
                                        const char            *id_text,
                                        GError               **error);

/* The command's name, or NULL if the message is no command (has neither or both of "execute" and
 * "exec-oob", or they are no string). Owned by the caller. */
char        *qmp_message_dup_command   (QmpMessage            *self);

G_END_DECLS
