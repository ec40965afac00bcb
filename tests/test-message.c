/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-message.h"

#include <string.h>

GBytes *
test_bytes_from_text (const char *text)
{
  return g_bytes_new (text, strlen (text));
}

QmpMessage *
test_message_from_text (const char *text)
{
  g_autoptr(GBytes) bytes = test_bytes_from_text (text);
  g_autoptr(GError) error = NULL;
  QmpMessage *message = qmp_message_new_from_bytes (bytes, &error);

  g_assert_no_error (error);
  g_assert_nonnull (message);

  return message;
}

QmpMessage *
test_lazy_message_from_text (const char *text)
{
  g_autoptr(GBytes) bytes = test_bytes_from_text (text);

  return qmp_message_new_from_bytes_unchecked (bytes);
}

QmpMessage *
test_received_from_text (const char *text)
{
  QmpJsonFrame frame = { .text = text, .length = strlen (text) };

  g_assert_true (qmp_json_check (text, frame.length, 1024, &frame.outline, NULL));

  return qmp_message_new_received (NULL, &frame);
}

JsonNode *
test_node_from_text (const char *text)
{
  g_autoptr(GError) error = NULL;
  JsonNode *node = json_from_string (text, &error);

  g_assert_no_error (error);

  return node;
}

/* n empty arrays, one in the other. */
char *
test_nested_arrays (guint n)
{
  char *text = g_malloc (2 * n + 1);

  memset (text, '[', n);
  memset (text + n, ']', n);
  text[2 * n] = '\0';

  return text;
}

JsonNode *
test_object_around (const char *name,
                    JsonNode   *value)
{
  JsonObject *object = json_object_new ();
  JsonNode *node = json_node_alloc ();

  json_object_set_member (object, name, value);
  json_node_init_object (node, object);
  json_object_unref (object);

  return node;
}
