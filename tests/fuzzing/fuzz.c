/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"

int
LLVMFuzzerInitialize (int    *argc,
                      char ***argv)
{
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
  /* What GLib holds for a thread looks like a leak while the thread ends. */
  g_thread_pool_set_max_idle_time (0);
  g_thread_pool_set_max_unused_threads (-1);
  return 0;
}

/* --- the input --- */

void
fuzz_input_init (FuzzInput    *self,
                 const guint8 *data,
                 gsize         size)
{
  self->at = (const char *) data;
  self->left = size;
}

static const char *
take (FuzzInput *self,
      gsize      length)
{
  const char *at = self->at;

  self->at += length;
  self->left -= length;
  return at;
}

guint8
fuzz_input_take_byte (FuzzInput *self)
{
  return self->left > 0 ? (guint8) *take (self, 1) : 0;
}

char *
fuzz_input_take_text (FuzzInput *self,
                      gsize      length)
{
  char *text;

  length = MIN (length, self->left);
  text = g_malloc (length + 1);
  if (length > 0)
    memcpy (text, take (self, length), length);
  text[length] = '\0';
  return text;
}

char *
fuzz_input_take_line (FuzzInput *self)
{
  const char *end;
  char *line;

  if (self->left == 0)
    return NULL;
  end = memchr (self->at, '\n', self->left);
  line = fuzz_input_take_text (self, end != NULL ? (gsize) (end - self->at) : self->left);
  fuzz_input_take_byte (self);
  return line;
}

/* --- values --- */

static gboolean
same_object (JsonObject *one,
             JsonObject *other)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  if (json_object_get_size (one) != json_object_get_size (other))
    return FALSE;
  json_object_iter_init (&iter, one);
  while (json_object_iter_next (&iter, &name, &value))
    {
      JsonNode *its = json_object_get_member (other, name);

      if (its == NULL || !fuzz_same_value (value, its))
        return FALSE;
    }
  return TRUE;
}

static gboolean
same_array (JsonArray *one,
            JsonArray *other)
{
  guint length = json_array_get_length (one);

  if (json_array_get_length (other) != length)
    return FALSE;
  for (guint i = 0; i < length; i++)
    if (!fuzz_same_value (json_array_get_element (one, i), json_array_get_element (other, i)))
      return FALSE;
  return TRUE;
}

static gboolean
same_double (double one,
             double other)
{
  return memcmp (&one, &other, sizeof one) == 0;
}

static gboolean
same_scalar (JsonNode *one,
             JsonNode *other)
{
  switch (json_node_get_value_type (one))
    {
    case G_TYPE_INT64:
      return json_node_get_int (one) == json_node_get_int (other);
    case G_TYPE_DOUBLE:
      return same_double (json_node_get_double (one), json_node_get_double (other));
    case G_TYPE_BOOLEAN:
      return json_node_get_boolean (one) == json_node_get_boolean (other);
    case G_TYPE_STRING:
      return g_str_equal (json_node_get_string (one), json_node_get_string (other));
    default:
      g_assert_not_reached ();
    }
}

gboolean
fuzz_same_value (JsonNode *one,
                 JsonNode *other)
{
  if (json_node_get_node_type (one) != json_node_get_node_type (other) ||
      json_node_get_value_type (one) != json_node_get_value_type (other))
    return FALSE;

  switch (json_node_get_node_type (one))
    {
    case JSON_NODE_OBJECT:
      return same_object (json_node_get_object (one), json_node_get_object (other));
    case JSON_NODE_ARRAY:
      return same_array (json_node_get_array (one), json_node_get_array (other));
    case JSON_NODE_VALUE:
      return same_scalar (one, other);
    default:
      return TRUE;
    }
}
