/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "core/qmp-error-private.h"
#include "json/qmp-json-node-private.h"
#include "json/qmp-json-text-private.h"
#include "json/qmp-json-walk-private.h"

/* Objects of a few members cost little, whatever their keys are. */
#define FEW_MEMBERS 256
#define MAX_WORK (QMP_JSON_MAX_MEMBERS * (QMP_JSON_MAX_MEMBERS / 2u))

/* What is made for a value beside its text, in units of a scalar's: about 100 bytes. An object has a hash table. */
#define SCALAR_COST 1
#define ARRAY_COST 1
#define OBJECT_COST 4

/* Strings that json-glib is to copy are made in buffer, or where they do not fit or have escapes, in scratch. */
typedef struct {
  const char *position;
  const char *end;
  guint       work;    /* on large objects */
  guint       cost;    /* of what was made */
  gboolean    full;    /* something was left out because of that */
  GString    *scratch; /* nullable */
  char        buffer[128];
} Builder;

/* A string, with its quotes. */
typedef struct {
  const char *text;
  gsize       length;
  gboolean    plain;  /* ASCII without an escape; otherwise it may still be without one */
} String;

static JsonNode *build_object (Builder *self);
static JsonNode *build_array  (Builder *self);

static inline String
take_string (Builder *self)
{
  String string = { .text = self->position };

  self->position = qmp_json_walk_string (string.text, self->end, &string.plain);
  string.length = self->position - string.text;
  return string;
}

static const char *
unescape (Builder      *self,
          const String *string)
{
  if (self->scratch == NULL)
    self->scratch = g_string_new (NULL);
  g_string_truncate (self->scratch, 0);
  qmp_json_append_unescaped (self->scratch, string->text, string->length, QMP_JSON_REPLACEMENT_CHARACTER);
  return self->scratch->str;
}

/* What the string says, valid until the next call. */
static inline const char *
get_plain (Builder      *self,
           const String *string)
{
  gsize length = string->length - 2;

  if (length >= sizeof self->buffer || !(string->plain || memchr (string->text, '\\', string->length) == NULL))
    return unescape (self, string);

  /* Of a size that the compiler knows it is one instruction. */
  if (length <= 16 && self->end - string->text > 16)
    memcpy (self->buffer, string->text + 1, 16);
  else
    memcpy (self->buffer, string->text + 1, length);
  self->buffer[length] = '\0';
  return self->buffer;
}

static void
pass_by (Builder *self)
{
  self->position = qmp_json_walk_value (self->position, self->end);
}

static JsonNode *
build_string (Builder *self)
{
  String string = take_string (self);

  return json_node_init_string (json_node_alloc (), get_plain (self, &string));
}

/* Any number, and words of which there are none in valid text. */
static JsonNode *
build_word (Builder *self)
{
  const char *text = self->position;
  JsonNode *node = json_node_alloc ();
  gsize length;
  gint64 value;

  pass_by (self);
  length = self->position - text;
  if (qmp_json_get_int64 (text, length, &value))
    return json_node_init_int (node, value);

  return json_node_init_double (node, qmp_json_get_double (text, length));
}

static inline void
skip (Builder *self,
      gsize    length)
{
  self->position = qmp_json_walk_bytes (length, self->position, self->end);
}

static inline JsonNode *
build_value (Builder *self)
{
  char first = self->position < self->end ? *self->position : 'n';

  if (first == '{')
    return build_object (self);
  if (first == '[')
    return build_array (self);

  self->cost += SCALAR_COST;
  switch (first)
    {
    case '"':
      return build_string (self);
    case 't':
      skip (self, strlen ("true"));
      return json_node_init_boolean (json_node_alloc (), TRUE);
    case 'f':
      skip (self, strlen ("false"));
      return json_node_init_boolean (json_node_alloc (), FALSE);
    case 'n':
      skip (self, strlen ("null"));
      return json_node_init_null (json_node_alloc ());
    default:
      return build_word (self);
    }
}

/* Moves over a value that is left out, if there is no room for it. */
static inline gboolean
leave_out (Builder *self)
{
  if (self->cost < QMP_JSON_MAX_VALUES)
    return FALSE;

  self->full = TRUE;
  pass_by (self);
  return TRUE;
}

/* Counts as if each new member had to be compared with all that are there. */
static gboolean
has_room (Builder    *self,
          JsonObject *object)
{
  guint n_members = json_object_get_size (object);

  if (n_members >= FEW_MEMBERS)
    self->work += MIN (n_members, MAX_WORK + 1 - self->work);
  return n_members < FEW_MEMBERS || self->work <= MAX_WORK;
}

/* Goes to the next member or element; behind the closing bracket if there is none. */
static inline gboolean
find_next (Builder *self)
{
  const char *p = qmp_json_walk_over (',', self->position, self->end);
  gboolean found = p < self->end && *p != '}' && *p != ']';

  self->position = found || p == self->end ? p : p + 1;
  return found;
}

/* n: of those that come before it in the text. */
static inline void
add_member (Builder    *self,
            JsonNode   *node,
            JsonObject *object,
            gsize       n)
{
  String key = take_string (self);
  JsonNode *value;

  self->position = qmp_json_walk_over (':', self->position, self->end);
  if (n >= FEW_MEMBERS && !has_room (self, object))
    {
      pass_by (self);
      return;
    }
  if (leave_out (self))
    return;

  value = build_value (self);
  json_node_set_parent (value, node);
  json_object_set_member (object, get_plain (self, &key), value);
}

static JsonNode *
build_object (Builder *self)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  json_node_take_object (node, object);
  self->cost += OBJECT_COST;
  self->position++;
  for (gsize n = 0; find_next (self); n++)
    add_member (self, node, object, n);

  return node;
}

static JsonNode *
build_array (Builder *self)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  JsonArray *array = json_array_new ();

  json_node_take_array (node, array);
  self->cost += ARRAY_COST;
  self->position++;
  while (find_next (self))
    if (!leave_out (self))
      {
        JsonNode *element = build_value (self);

        json_node_set_parent (element, node);
        json_array_add_element (array, element);
      }

  return node;
}

/* What was left out. */
typedef enum {
  NOTHING,
  MEMBERS,
  VALUES,
} Rest;

static JsonNode *
build (const char *text,
       gsize       length,
       Rest       *rest)
{
  Builder builder;
  JsonNode *node;

  builder.end = text + length;
  builder.position = qmp_json_walk_spaces (text, builder.end);
  builder.work = 0;
  builder.cost = 0;
  builder.full = FALSE;
  builder.scratch = NULL;
  node = build_value (&builder);
  *rest = builder.work > MAX_WORK ? MEMBERS : builder.full ? VALUES : NOTHING;
  if (builder.scratch != NULL)
    g_string_free (builder.scratch, TRUE);
  return node;
}

JsonNode *
qmp_json_to_node (const char *text,
                  gsize       length)
{
  Rest rest;

  return build (text, length, &rest);
}

JsonNode *
qmp_json_to_whole_node (const char  *text,
                        gsize        length,
                        GError     **error)
{
  Rest rest;
  JsonNode *node = build (text, length, &rest);
  GError *refusal;

  if (rest == NOTHING)
    return node;

  json_node_unref (node);
  if (rest == MEMBERS)
    refusal = qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_TOO_LARGE, text, length, -1,
                                               _("An object with more than %d members"), QMP_JSON_MAX_MEMBERS);
  else
    refusal = qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_TOO_LARGE, text, length, -1,
                                               _("More than the %d values that nodes are made of; the text has them all"),
                                               QMP_JSON_MAX_VALUES);
  g_propagate_error (error, refusal);
  return NULL;
}
