/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "core/qmp-error-private.h"
#include "json/qmp-json-node-private.h"
#include "json/qmp-json-text-private.h"

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

static JsonNode *build_value (Builder *self);

static char
peek (Builder *self)
{
  self->position = qmp_json_skip_spaces (self->position, self->end);
  return self->position < self->end ? *self->position : '\0';
}

/* The unescaped string, valid until the next call. */
static const char *
plain_string (Builder    *self,
              const char *text,
              gsize       length)
{
  if (length < sizeof self->buffer && memchr (text, '\\', length) == NULL)
    {
      memcpy (self->buffer, text + 1, length - 2);
      self->buffer[length - 2] = '\0';
      return self->buffer;
    }

  if (self->scratch == NULL)
    self->scratch = g_string_new (NULL);
  g_string_truncate (self->scratch, 0);
  qmp_json_append_unescaped (self->scratch, text, length, QMP_JSON_REPLACEMENT_CHARACTER);
  return self->scratch->str;
}

/* Moves over a value that is left out, if there is no room for it. */
static gboolean
leave_out (Builder *self)
{
  if (self->cost < QMP_JSON_MAX_VALUES)
    return FALSE;

  self->full = TRUE;
  self->position = qmp_json_skip_value (self->position, self->end);
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

static void
add_member (Builder    *self,
            JsonNode   *node,
            JsonObject *object)
{
  const char *key = self->position;
  const char *key_end = qmp_json_skip_value (key, self->end);
  JsonNode *value;

  self->position = key_end;
  if (peek (self) == ':')
    self->position++;
  peek (self);
  if (!has_room (self, object))
    {
      self->position = qmp_json_skip_value (self->position, self->end);
      return;
    }
  if (leave_out (self))
    return;

  value = build_value (self);
  json_node_set_parent (value, node);
  json_object_set_member (object, plain_string (self, key, key_end - key), value);
}

static JsonNode *
build_object (Builder *self)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  json_node_take_object (node, object);
  self->position++;
  while (peek (self) != '}' && self->position < self->end)
    {
      add_member (self, node, object);
      if (peek (self) == ',')
        {
          self->position++;
          peek (self);
        }
    }
  self->position++;

  return node;
}

static JsonNode *
build_array (Builder *self)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  JsonArray *array = json_array_new ();

  json_node_take_array (node, array);
  self->position++;
  while (peek (self) != ']' && self->position < self->end)
    {
      if (!leave_out (self))
        {
          JsonNode *element = build_value (self);

          json_node_set_parent (element, node);
          json_array_add_element (array, element);
        }
      if (peek (self) == ',')
        self->position++;
    }
  self->position++;

  return node;
}

static JsonNode *
build_number (const char *text,
              gsize       length)
{
  JsonNode *node = json_node_alloc ();
  gint64 value;

  if (qmp_json_get_int64 (text, length, &value))
    return json_node_init_int (node, value);

  return json_node_init_double (node, qmp_json_get_double (text, length));
}

static JsonNode *
build_scalar (Builder *self)
{
  const char *text = self->position;
  gsize length;

  self->position = qmp_json_skip_value (text, self->end);
  length = self->position - text;

  switch (length > 0 ? *text : 'n')
    {
    case '"':
      return json_node_init_string (json_node_alloc (), plain_string (self, text, length));
    case 't':
    case 'f':
      return json_node_init_boolean (json_node_alloc (), *text == 't');
    case 'n':
      return json_node_init_null (json_node_alloc ());
    default:
      return build_number (text, length);
    }
}

static JsonNode *
build_value (Builder *self)
{
  switch (peek (self))
    {
    case '{':
      self->cost += OBJECT_COST;
      return build_object (self);
    case '[':
      self->cost += ARRAY_COST;
      return build_array (self);
    default:
      self->cost += SCALAR_COST;
      return build_scalar (self);
    }
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

  builder.position = text;
  builder.end = text + length;
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
