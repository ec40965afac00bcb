/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What a terminal sends, as keys. No I/O. */

G_BEGIN_DECLS

/* Behind all characters. */
enum {
  TOOL_KEY_UP = 0x110000,
  TOOL_KEY_DOWN,
  TOOL_KEY_LEFT,
  TOOL_KEY_RIGHT,
  TOOL_KEY_HOME,
  TOOL_KEY_END,
  TOOL_KEY_PAGE_UP,
  TOOL_KEY_PAGE_DOWN,
  TOOL_KEY_ESCAPE,
  TOOL_KEY_OTHER,      /* whatever has no name here */
};

typedef struct {
  GString *bytes;      /* that have come and are not read */
} ToolKeys;

void     tool_keys_init       (ToolKeys    *self);
void     tool_keys_clear      (ToolKeys    *self);
void     tool_keys_feed       (ToolKeys    *self,
                               const char  *data,
                               gsize        length);
/* A character, or one of those above; 0: there is none, or it has not come as a whole. */
guint    tool_keys_next       (ToolKeys    *self);
/* An Escape has come, which is a key, or the beginning of one: if nothing follows, it is a key. */
gboolean tool_keys_is_escape  (ToolKeys    *self);
void     tool_keys_drop       (ToolKeys    *self);

G_END_DECLS
