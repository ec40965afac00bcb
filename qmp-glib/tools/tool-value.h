/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A JSON value that is being put together from what somebody typed: an object, or the text of anything
 * else. Numbers are text and stay exact. */

G_BEGIN_DECLS

typedef struct _ToolValue ToolValue;

/* Takes json, the shortest JSON text of a value that is not an object. */
ToolValue  *tool_value_new_text    (char        *json);
/* text: UTF-8, zero bytes allowed. */
ToolValue  *tool_value_new_string  (const char  *text,
                                    gsize        length);
ToolValue  *tool_value_new_object  (void);
void        tool_value_free        (ToolValue   *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolValue, tool_value_free)

/* NULL for an object. */
const char *tool_value_get_text    (ToolValue   *self);
/* Keys are JSON strings with their quotes. */
ToolValue  *tool_value_find        (ToolValue   *object,
                                    const char  *key);
/* Takes value. A key that is there already keeps its place and gets the new value. */
void        tool_value_set         (ToolValue   *object,
                                    const char  *key,
                                    ToolValue   *value);
void        tool_value_append_to   (ToolValue   *self,
                                    GString     *out);
char       *tool_value_to_json     (ToolValue   *self);

/* A JSON string in the shortest form, quotes included. */
char       *tool_value_quote       (const char  *text,
                                    gsize        length);

G_END_DECLS
