/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-schema.h>

#include "json/qmp-json-text-private.h"

/* A schema's inner life:
 *
 *   qmp-schema.c           the GObject, commands and events
 *   qmp-schema-entry.c     what one entry of the text says; slots, words
 *   qmp-schema-load.c      from text to entries; whatever is odd about a schema is refused there
 *   qmp-schema-type.c      types and members, as programs see them
 *   qmp-schema-path.c      paths
 *   qmp-schema-validate.c  commands against the schema
 *   qmp-schema-problem.c   what is found wrong with them
 *   qmp-schema-nearest.c   the nearest name
 *   qmp-schema-fetch.c     asking a server, sharing, attaching
 *
 * Names of types are masked on the wire. They only tie entries together while loading, and are never shown.
 *
 * What a loaded schema is sure of: every reference leads to a type; arguments, data and variants are objects; a
 * tag is a member whose type is an enum; no type is contained in itself without a member between, and such
 * containment goes QMP_SCHEMA_MAX_HEIGHT levels deep at most. So walks that follow a path or a value end with it. */

G_BEGIN_DECLS

#define QMP_SCHEMA_MAX_HEIGHT 32

typedef enum {
  QMP_SCHEMA_META_TYPE,
  QMP_SCHEMA_META_COMMAND,
  QMP_SCHEMA_META_EVENT,
} QmpSchemaMeta;

/* JSON's types as a schema has them, in the order of the names in qmp_schema_json_name(). */
typedef enum {
  QMP_SCHEMA_JSON_VALUE,
  QMP_SCHEMA_JSON_STRING,
  QMP_SCHEMA_JSON_NUMBER,
  QMP_SCHEMA_JSON_INT,
  QMP_SCHEMA_JSON_BOOLEAN,
  QMP_SCHEMA_JSON_NULL,
  QMP_SCHEMA_JSON_OBJECT,
  QMP_SCHEMA_JSON_ARRAY,
  QMP_SCHEMA_N_JSON,
} QmpSchemaJson;

typedef struct _QmpSchemaEntry QmpSchemaEntry;

/* A member, a variant, one of an alternate's types, or an enum's value. All strings belong to the schema. */
typedef struct {
  const char          *name;           /* NULL for one of an alternate's types */
  const char          *type_name;      /* NULL for an enum's value */
  QmpSchemaEntry      *type;           /* likewise; from type_name */
  const char          *default_text;   /* JSON; NULL for a member that has to be there */
  const char         **features;       /* owned, nullable */
} QmpSchemaSlot;

typedef struct {
  QmpSchemaSlot       *slots;
  guint                n_slots;
} QmpSchemaSlots;

struct _QmpSchemaEntry {
  const char          *name;
  QmpSchemaMeta        meta;
  QmpSchemaKind        kind;           /* of a type */
  QmpSchemaJson        json;           /* of a type */
  QmpSchemaSlots       members;        /* of an object; the values of an enum; the types of an alternate */
  const char          *tag_name;       /* nullable */
  const QmpSchemaSlot *tag;            /* nullable; in members, from tag_name */
  QmpSchemaSlots       variants;
  QmpSchemaSlot        argument;       /* a command's arguments, an event's data, an array's element */
  QmpSchemaSlot        result;         /* of a command */
  const char         **features;       /* owned, nullable */
  gboolean             allow_oob;
  int                  height;         /* while loading: 0 not looked at, -1 being looked at */
};

struct _QmpSchema {
  GObject              parent_instance;

  GHashTable          *entries;        /* of QmpSchemaEntry by name */
  GStringChunk        *strings;
};

/* qmp-schema-entry.c */
void                  qmp_schema_slot_clear    (QmpSchemaSlot         *self);
void                  qmp_schema_entry_free    (QmpSchemaEntry        *entry);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpSchemaEntry, qmp_schema_entry_free)

const QmpSchemaEntry *qmp_schema_find_entry    (QmpSchema             *self,
                                                QmpSchemaMeta          meta,
                                                const char            *name);
const QmpSchemaSlot  *qmp_schema_slots_find    (const QmpSchemaSlots  *self,
                                                const char            *name);
gboolean              qmp_schema_has_word      (const char           **words,
                                                const char            *word);
char                **qmp_schema_dup_words     (const char           **words);
const char           *qmp_schema_json_name     (QmpSchemaJson          json);

/* qmp-schema-load.c */
/* text: an array that qmp_json_check() has found valid. */
gboolean              qmp_schema_load          (QmpSchema             *self,
                                                const char            *text,
                                                gsize                  length,
                                                GError               **error);
/* The array of entries in a reply or in an array itself. */
gboolean              qmp_schema_locate        (GBytes                *bytes,
                                                QmpJsonSlice          *array,
                                                GError               **error);

/* qmp-schema-type.c */
QmpSchemaType        *qmp_schema_type_new      (QmpSchema             *schema,
                                                const QmpSchemaEntry  *entry);
char                 *qmp_schema_entry_describe (const QmpSchemaEntry *entry);

/* qmp-schema-problem.c */
/* Takes all but the severity; those after text are nullable. */
QmpSchemaProblem     *qmp_schema_problem_new   (QmpSchemaSeverity      severity,
                                                char                  *path,
                                                char                  *text,
                                                char                  *expected,
                                                char                  *found,
                                                char                  *suggestion);

/* qmp-schema-nearest.c */
/* The search for the name that is most like another. Feed it names, then look at best. */
typedef struct {
  const char          *wanted;
  const char          *best;           /* nullable: none is like it */
  gboolean             unfinished;     /* best begins with wanted */
  guint                distance;       /* of best */
  guint                most;           /* farther ones are not like it */
} QmpSchemaNearest;

void                  qmp_schema_nearest_init  (QmpSchemaNearest      *self,
                                                const char            *wanted);
void                  qmp_schema_nearest_offer (QmpSchemaNearest      *self,
                                                const char            *name);
void                  qmp_schema_nearest_offer_slots (QmpSchemaNearest *self,
                                                const QmpSchemaSlots  *slots);
void                  qmp_schema_nearest_offer_entries (QmpSchemaNearest *self,
                                                QmpSchema             *schema,
                                                QmpSchemaMeta          meta);

G_END_DECLS
