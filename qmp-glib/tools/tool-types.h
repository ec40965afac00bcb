/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

#include "tool-words.h"

/* What a server wants at a place. A value such as 00123, true or [1] can be meant as such or as a text, and the server
 * may know which: its schema does, or an object's list of properties. What has to be asked of it is asked by whoever
 * owns this. No I/O. */

G_BEGIN_DECLS

typedef struct _ToolTypes ToolTypes;

typedef enum {
  TOOL_OF_COMMAND,
  TOOL_OF_ACTION,   /* of a transaction */
  TOOL_OF_EVENT,
} ToolOwner;

/* The members of something, each a word with a key. All is borrowed. */
typedef struct {
  ToolTypes  *types;    /* NULL: nothing is known */
  ToolOwner   owner;
  const char *name;     /* of the owner */
  ToolWord  **words;
  guint       n_words;
} ToolPlace;

typedef enum {
  TOOL_FIT_VALUE,   /* as it looks; also when the server does not say */
  TOOL_FIT_TEXT,
  TOOL_FIT_ASK,     /* there is a question, whose answer has to be taken first */
} ToolFit;

ToolTypes  *tool_types_new           (void);
void        tool_types_free          (ToolTypes        *self);

/* How the value of that dotted key is meant; json is what it looks like. */
ToolFit     tool_types_fit           (const ToolPlace  *place,
                                      const char       *key,
                                      const char       *json);

/* The command that asks; NULL when it is the schema that is wanted. Transfers it. */
QmpMessage *tool_types_new_question  (ToolTypes        *self);
/* schema: nullable, when the server has none. */
void        tool_types_take_schema   (ToolTypes        *self,
                                      QmpSchema        *schema);
/* What the command returned; nullable. */
void        tool_types_take_answer   (ToolTypes        *self,
                                      JsonNode         *answer);
/* Objects come and go: answers count for one line. */
void        tool_types_forget_answers (ToolTypes       *self);
/* The server is another one. */
void        tool_types_forget        (ToolTypes        *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolTypes, tool_types_free)

G_END_DECLS
