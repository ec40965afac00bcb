/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"

#include "qmp-glib/qmp-error.h"
#include "json/qmp-json-node-private.h"
#include "json/qmp-json-reader-private.h"
#include "json/qmp-json-text-private.h"
#include "json/qmp-json-writer-private.h"

/* What is written is strict JSON that QEMU takes, and reads back as what it was written from; every form of a text says
 * the same.
 *
 * Input: a byte; if it is 'n', what follows are instructions to make a node, else it is JSON text. */

#define MAX_DEPTH 1024

static void
check_clean (const char *text,
             gsize       length)
{
  for (gsize i = 0; i < length; i++)
    g_assert_cmpint ((guint8) text[i], >=, 0x20);
}

static void
check_written (JsonNode *node)
{
  g_autoptr(GString) out = g_string_new ("before");
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) again = NULL;
  gsize length;

  if (!qmp_json_append_node (out, node, &error))
    {
      g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
      g_assert_cmpstr (out->str, ==, "before");
      return;
    }
  g_assert_no_error (error);
  g_string_erase (out, 0, strlen ("before"));
  length = out->len;
  qmp_json_check (out->str, length, MAX_DEPTH, NULL, &error);
  g_assert_no_error (error);
  qmp_json_check_sendable (out->str, length, &error);
  g_assert_no_error (error);
  check_clean (out->str, length);
  again = qmp_json_to_node (out->str, length);
  g_assert_true (fuzz_same_value (node, again));
}

/* --- from text --- */

typedef void (*FormFunc) (GString    *out,
                          const char *text,
                          gsize       length);

static GString *
canonical (const char *text,
           gsize       length)
{
  GString *out = g_string_new (NULL);

  qmp_json_append_canonical (out, text, length);
  return out;
}

static void
check_form (FormFunc    form,
            const char *text,
            gsize       length)
{
  g_autoptr(GString) out = g_string_new (NULL);
  g_autoptr(GString) expected = canonical (text, length);
  g_autoptr(GString) actual = NULL;
  g_autoptr(GError) error = NULL;

  form (out, text, length);
  qmp_json_check (out->str, out->len, MAX_DEPTH, NULL, &error);
  g_assert_no_error (error);
  actual = canonical (out->str, out->len);
  g_assert_true (g_string_equal (expected, actual));
}

static void
check_sendable (const char *text,
                gsize       length,
                JsonNode   *node)
{
  g_autoptr(GString) out = g_string_new (NULL);
  g_autoptr(GError) error = NULL;

  if (!qmp_json_check_sendable (text, length, &error))
    {
      g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
      return;
    }
  qmp_json_append_node (out, node, &error);
  g_assert_no_error (error);
}

/* Of any bytes. */
static void
check_redacted (const char *text,
                gsize       length,
                gboolean    is_json)
{
  g_autoptr(GString) out = g_string_new (NULL);

  qmp_json_append_redacted (out, text, length);
  g_assert_true (g_utf8_validate_len (out->str, out->len, NULL));
  g_assert_true (!is_json || qmp_json_check (out->str, out->len, MAX_DEPTH, NULL, NULL));
}

static void
check_text (const char *text,
            gsize       length)
{
  g_autoptr(JsonNode) node = NULL;
  gboolean is_json = qmp_json_check (text, length, MAX_DEPTH, NULL, NULL);

  check_redacted (text, length, is_json);
  if (!is_json)
    return;
  check_form (qmp_json_append_compact, text, length);
  check_form (qmp_json_append_pretty, text, length);
  check_form (qmp_json_append_canonical, text, length);
  node = qmp_json_to_node (text, length);
  check_sendable (text, length, node);
  check_written (node);
}

/* --- from a node --- */

static JsonNode *make_node (FuzzInput *input,
                            guint      depth);

static void
take_number (FuzzInput *input,
             gpointer   number)
{
  for (guint i = 0; i < sizeof (gint64); i++)
    ((guint8 *) number)[i] = fuzz_input_take_byte (input);
}

static char *
take_string (FuzzInput *input)
{
  return fuzz_input_take_text (input, fuzz_input_take_byte (input) & 0x3f);
}

static JsonNode *
make_int (FuzzInput *input)
{
  gint64 value;

  take_number (input, &value);
  return json_node_init_int (json_node_alloc (), value);
}

static JsonNode *
make_double (FuzzInput *input)
{
  double value;

  take_number (input, &value);
  return json_node_init_double (json_node_alloc (), value);
}

static JsonNode *
make_string (FuzzInput *input)
{
  g_autofree char *string = take_string (input);

  return json_node_init_string (json_node_alloc (), string);
}

static JsonNode *
make_array (FuzzInput *input,
            guint      depth)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  JsonArray *array = json_array_new ();

  for (guint n = fuzz_input_take_byte (input) & 7; n > 0; n--)
    json_array_add_element (array, make_node (input, depth));
  json_node_take_array (node, array);
  return node;
}

static JsonNode *
make_object (FuzzInput *input,
             guint      depth)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  for (guint n = fuzz_input_take_byte (input) & 7; n > 0; n--)
    {
      g_autofree char *name = take_string (input);

      json_object_set_member (object, name, make_node (input, depth));
    }
  json_node_take_object (node, object);
  return node;
}

static JsonNode *
make_node (FuzzInput *input,
           guint      depth)
{
  guint8 kind = depth > 0 ? fuzz_input_take_byte (input) : 0;

  switch (kind)
    {
    case 'i':
      return make_int (input);
    case 'd':
      return make_double (input);
    case 's':
      return make_string (input);
    case 't':
      return json_node_init_boolean (json_node_alloc (), TRUE);
    case 'a':
      return make_array (input, depth - 1);
    case 'o':
      return make_object (input, depth - 1);
    default:
      return json_node_new (JSON_NODE_NULL);
    }
}

static JsonNode *
take_in_arrays (JsonNode *node,
                guint     levels)
{
  for (; levels > 0; levels--)
    {
      JsonArray *array = json_array_new ();

      json_array_add_element (array, node);
      node = json_node_new (JSON_NODE_ARRAY);
      json_node_take_array (node, array);
    }
  return node;
}

static void
check_node (FuzzInput *input)
{
  /* Over the limit of 1024 with the highest. */
  guint levels = fuzz_input_take_byte (input) * 5;
  g_autoptr(JsonNode) node = take_in_arrays (make_node (input, 16), levels);

  check_written (node);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  FuzzInput input;

  fuzz_input_init (&input, data, size);
  if (fuzz_input_take_byte (&input) == 'n')
    {
      check_node (&input);
    }
  else
    {
      gsize length = input.left;
      g_autofree char *text = fuzz_input_take_text (&input, length);

      check_text (text, length);
    }
  return 0;
}
