/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-message.h>

#include "json/qmp-json-reader-private.h"

/* What a reply says before a message is made of it: whose it is, and what went wrong. */

G_BEGIN_DECLS

/* An id (JSON) as the table of calls knows it: equal for equal values, in any spelling, also that in which QEMU
 * echoes it. */
char        *qmp_reply_dup_id_key   (const char     *text,
                                     gsize           length);
/* The id of a reply; of a broken one too, if so much can be told. Of length 0 if there is none. */
QmpJsonSpan  qmp_reply_find_id      (QmpJsonFrame   *frame);

/* {"class":…,"desc":…} of an error reply. Returns FALSE if it is not like that. */
gboolean     qmp_reply_parse_error  (const char     *text,
                                     QmpJsonSpan     error_span,
                                     char          **error_class,
                                     char          **desc);

/* The server's error if reply is an error reply, NULL if it is not. Holds reply, and sent (nullable): the command. */
GError      *qmp_reply_dup_error    (QmpMessage     *reply,
                                     QmpMessage     *sent);

G_END_DECLS
