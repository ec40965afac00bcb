/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-message.h>

/* What replies of an agent say, which may be anything. */

G_BEGIN_DECLS

/* The bytes that are base64 at a path; nothing there is as good as no bytes. NULL with error if it is something else. */
GBytes   *qmp_guest_reply_dup_bytes (QmpMessage          *reply,
                                     const char          *path,
                                     GError             **error);
/* Takes reply: TRUE if there is one. */
gboolean  qmp_guest_reply_take_done (QmpMessage          *reply);
/* Sets error: what came is not what was asked for. Always FALSE. */
gboolean  qmp_guest_reply_fail      (const char          *command,
                                     GError             **error);

/* For arguments: an array. strings: nullable, for none. */
JsonNode *qmp_guest_strings_to_node (const char * const  *strings);

G_END_DECLS
