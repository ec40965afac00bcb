/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* What may stand in a message as the value of a member. */

G_BEGIN_DECLS

/* As many levels as QEMU takes; the message itself is the first of them. */
#define QMP_MESSAGE_MAX_DEPTH 1024

/* The value of the member name as text; the error names the member. Leaves out as it was on failure. */
gboolean qmp_value_append             (GString     *out,
                                       const char  *name,
                                       JsonNode    *value,
                                       GError     **error);

/* The value of a member is one level deeper than by itself: FALSE with
 * QMP_PROTOCOL_ERROR_SERIALIZATION for one that leaves no room for that. value is valid JSON. */
gboolean qmp_value_check_depth        (const char  *value,
                                       gsize        length,
                                       GError     **error);

/* FALSE with QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE for what is not an object. text is valid JSON. */
gboolean qmp_value_check_object       (const char  *text,
                                       gsize        length,
                                       GError     **error);
gboolean qmp_value_check_holds_object (JsonNode    *node,
                                       GError     **error);

G_END_DECLS
