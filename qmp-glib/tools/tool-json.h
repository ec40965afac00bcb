/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

/* Looking into what a server sent, which may be anything; and members of an object that is being made. No I/O. */

G_BEGIN_DECLS

/* NULL if node is NULL or not an object, or has no such member. Borrowed, as are all that follow. */
JsonNode   *tool_json_get_member  (JsonNode    *node,
                                   const char  *name);
/* "" if it is not a string. */
const char *tool_json_get_string  (JsonNode    *node,
                                   const char  *name);
/* 0 if it is not a number. */
gint64      tool_json_get_int     (JsonNode    *node,
                                   const char  *name);
gboolean    tool_json_get_boolean (JsonNode    *node,
                                   const char  *name);
/* NULL if node is NULL or not a string. */
const char *tool_json_as_string   (JsonNode    *node);
/* Of what is not an array: 0. */
guint       tool_json_get_length  (JsonNode    *array);
JsonNode   *tool_json_get_element (JsonNode    *array,
                                   guint        index);

/* text: nullable, for no member. */
void        tool_json_add_text    (JsonBuilder *builder,
                                   const char  *name,
                                   const char  *text);
void        tool_json_add_int     (JsonBuilder *builder,
                                   const char  *name,
                                   gint64       number);

G_END_DECLS
