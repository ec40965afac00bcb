/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "json/qmp-json-text-private.h"

/* The table of a message's members, in their order: where the value of each stands in the text that
 * the table was made from, or the text that took its place. Values that nobody changed so keep their
 * spelling. Slices and nodes are valid until the member is set, renamed or removed. */

G_BEGIN_DECLS

typedef struct _QmpMembers QmpMembers;

/* source is held, and has to be a valid JSON object; NULL for no members. Of a key used twice the
 * last value counts, at the place of the first. */
QmpMembers  *qmp_members_new      (GBytes       *source);
void         qmp_members_free     (QmpMembers   *self);

gboolean     qmp_members_find     (QmpMembers   *self,
                                   const char   *name,
                                   QmpJsonSlice *value);
/* The value as a sealed node, made once and kept (transfer none); NULL if there is no such member. */
JsonNode    *qmp_members_get_node (QmpMembers   *self,
                                   const char   *name);
char       **qmp_members_list     (QmpMembers   *self);

/* name has to be what qmp_json_append_string() takes; value is a valid JSON text (transfer full). A
 * new member is put last. */
void         qmp_members_set      (QmpMembers   *self,
                                   const char   *name,
                                   char         *value);
gboolean     qmp_members_remove   (QmpMembers   *self,
                                   const char   *name);
/* Keeps the place of the member. FALSE if there is no name or there is a new_name. */
gboolean     qmp_members_rename   (QmpMembers   *self,
                                   const char   *name,
                                   const char   *new_name);

/* The object in its shortest form. id: JSON text that takes the place of the member "id" or is added
 * last; NULL leaves the table's own. */
void         qmp_members_append   (QmpMembers   *self,
                                   GString      *out,
                                   const char   *id);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpMembers, qmp_members_free)

G_END_DECLS
