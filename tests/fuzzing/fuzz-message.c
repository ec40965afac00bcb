/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"

#include "qmp-glib/qmp-error.h"
#include "json/qmp-json-node-private.h"
#include "json/qmp-json-text-private.h"
#include "message/qmp-message-private.h"

/* A message from any bytes, and changes to it; the same bytes as an event and as a greeting that were received.
 *
 * Input: lines of instructions up to an empty one, then the message's bytes. An instruction is a letter and its
 * argument:
 *
 *   +NAME=JSON   set a member to a text       =NAME=JSON  to a node
 *   -NAME        remove a member              ?NAME       ask for it
 *   lPATH        look a value up
 *   o, O         out-of-band, and not         d           go on with a duplicate
 *   c            go on with a new command, the message's members for arguments
 *   wJSON        for the wire, with that id */

static GBytes *
dup_bytes (QmpMessage *message)
{
  return g_bytes_ref (qmp_message_get_bytes (message));
}

static void
assert_same_json (const char *one,
                  gsize       one_length,
                  const char *other,
                  gsize       other_length)
{
  g_autoptr(GString) left = g_string_new (NULL);
  g_autoptr(GString) right = g_string_new (NULL);

  qmp_json_append_canonical (left, one, one_length);
  qmp_json_append_canonical (right, other, other_length);
  g_assert_true (g_string_equal (left, right));
}

/* A message is what its text says. */
static void
check_whole (QmpMessage *message)
{
  g_autoptr(GBytes) bytes = dup_bytes (message);
  g_autofree char *pretty = qmp_message_to_string (message);
  g_autoptr(QmpMessage) again = qmp_message_new_from_bytes_unchecked (bytes);
  g_autoptr(QmpMessage) copy = qmp_message_dup (message);
  gboolean valid = qmp_message_validate (message, NULL);

  g_assert_true (g_utf8_validate (pretty, -1, NULL));
  g_assert_true (JSON_NODE_HOLDS_OBJECT (qmp_message_get_node (message)));
  g_assert_true (qmp_message_validate (again, NULL) == valid);
  g_assert_true (qmp_message_equal (message, again));
  g_assert_true (qmp_message_equal (again, message));
  g_assert_true (qmp_message_equal (message, copy));
  g_assert_false (qmp_message_is_read_only (copy));
  if (valid)
    assert_same_json (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), pretty, strlen (pretty));
}

static void
check_members (QmpMessage *message)
{
  g_auto(GStrv) names = qmp_message_list_members (message);
  JsonObject *object = json_node_get_object (qmp_message_get_node (message));

  for (guint i = 0; names[i] != NULL; i++)
    {
      g_autofree char *text = qmp_message_dup_member_text (message, names[i]);
      JsonNode *node = qmp_message_get_member (message, names[i]);

      g_assert_true (qmp_message_has_member (message, names[i]));
      g_assert_nonnull (text);
      g_assert_true (fuzz_same_value (node, json_object_get_member (object, names[i])));
    }
}

/* --- instructions --- */

static void
ask (QmpMessage *message,
     const char *name)
{
  gboolean has = qmp_message_has_member (message, name);
  g_autofree char *text = qmp_message_dup_member_text (message, name);

  g_assert_true (has == (text != NULL));
  g_assert_true (has == (qmp_message_get_member (message, name) != NULL));
}

/* A value is found or it is not, whoever asks, and what is found is a value. */
static void
look_up (QmpMessage *message,
         const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *text = qmp_message_dup_text (message, path, &error);
  g_autoptr(JsonNode) node = NULL, again = NULL;
  gint64 number;

  g_assert_true ((text != NULL) == (error == NULL));
  g_assert_true ((text != NULL) == qmp_message_has_path (message, path));
  if (text == NULL)
    {
      g_assert_true (error->domain == QMP_COMMAND_ERROR || error->domain == QMP_PROTOCOL_ERROR);
      g_assert_true (g_utf8_validate (error->message, -1, NULL) || !g_utf8_validate (path, -1, NULL));
      return;
    }

  g_assert_true (qmp_json_check (text, strlen (text), 1024, NULL, NULL));
  node = qmp_message_dup_node (message, path, NULL);
  again = qmp_json_to_whole_node (text, strlen (text), NULL);
  g_assert_true (node == NULL ? again == NULL : fuzz_same_value (node, again));
  g_assert_true (qmp_message_lookup (message, NULL, path, "x", &number, NULL) ==
                 qmp_json_get_int64 (text, strlen (text), &number));
}

static void
set_text (QmpMessage *message,
          const char *name,
          const char *value)
{
  g_autoptr(GBytes) before = dup_bytes (message);
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;

  if (!qmp_message_set_member_text (message, name, value, &error))
    {
      g_assert_true (error != NULL && error->domain == QMP_PROTOCOL_ERROR);
      g_assert_true (g_bytes_equal (before, qmp_message_get_bytes (message)));
      return;
    }
  g_assert_no_error (error);
  text = qmp_message_dup_member_text (message, name);
  assert_same_json (text, strlen (text), value, strlen (value));
}

static void
set_node (QmpMessage *message,
          const char *name,
          const char *value)
{
  g_autoptr(JsonNode) node = NULL;
  g_autoptr(GError) error = NULL;

  /* Not json-glib's parser, which leaks what comes before a second value. */
  if (!qmp_json_check (value, strlen (value), 1024, NULL, NULL))
    return;
  node = qmp_json_to_node (value, strlen (value));
  if (qmp_message_set_member (message, name, node, &error))
    g_assert_true (fuzz_same_value (node, qmp_message_get_member (message, name)));
  else
    g_assert_true (error != NULL && error->domain == QMP_PROTOCOL_ERROR);
}

static void
set_member (QmpMessage *message,
            char        how,
            char       *argument)
{
  char *value = strchr (argument, '=');

  if (value == NULL)
    return;
  *value++ = '\0';
  if (how == '+')
    set_text (message, argument, value);
  else
    set_node (message, argument, value);
}

static void
remove_member (QmpMessage *message,
               const char *name)
{
  gboolean had = qmp_message_has_member (message, name);
  gboolean removed = qmp_message_remove_member (message, name);

  g_assert_true (removed == had);
  g_assert_false (qmp_message_has_member (message, name));
}

static void
check_wire (QmpMessage *message,
            const char *id)
{
  g_autoptr(GString) out = g_string_new ("before");
  g_autoptr(GError) error = NULL;

  /* The client's own ids are such. */
  if (!qmp_json_check (id, strlen (id), 1024, NULL, NULL) || !qmp_json_check_sendable (id, strlen (id), NULL))
    id = NULL;
  if (!qmp_message_append_wire (message, out, id, &error))
    {
      g_assert_nonnull (error);
      g_assert_cmpstr (out->str, ==, "before");
      return;
    }
  g_string_erase (out, 0, strlen ("before"));
  g_assert_true (qmp_json_check (out->str, out->len, 1024, NULL, NULL));
  g_assert_true (qmp_json_check_sendable (out->str, out->len, NULL));
}

static void
swap (QmpMessage **message,
      QmpMessage  *other)
{
  if (other == NULL)
    return;
  g_object_unref (*message);
  *message = other;
}

static void
follow (QmpMessage **message,
        char        *line)
{
  switch (line[0])
    {
    case '+':
    case '=':
      set_member (*message, line[0], line + 1);
      break;
    case '-':
      remove_member (*message, line + 1);
      break;
    case '?':
      ask (*message, line + 1);
      break;
    case 'l':
      look_up (*message, line + 1);
      break;
    case 'o':
    case 'O':
      qmp_message_set_out_of_band (*message, line[0] == 'o');
      break;
    case 'd':
      swap (message, qmp_message_dup (*message));
      break;
    case 'c':
      swap (message, qmp_message_new_command (line + 1, qmp_message_get_node (*message), NULL));
      break;
    case 'w':
      check_wire (*message, line + 1);
      break;
    default:
      break;
    }
}

/* --- what was received --- */

static void
check_event (QmpJsonFrame *frame)
{
  g_autoptr(QmpEvent) event = qmp_event_new_received (NULL, frame);
  JsonNode *data = qmp_event_get_data (event);

  g_assert_true (g_utf8_validate (qmp_event_get_name (event), -1, NULL));
  g_assert_true ((data != NULL) == qmp_message_has_member (QMP_MESSAGE (event), "data"));
  g_assert_cmpint (qmp_event_get_timestamp (event), >=, -1);
  g_assert_true (qmp_message_is_read_only (QMP_MESSAGE (event)));
  check_whole (QMP_MESSAGE (event));
  check_members (QMP_MESSAGE (event));
}

static void
check_greeting (QmpJsonFrame *frame)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpGreeting) greeting = qmp_greeting_new_received (NULL, frame, &error);
  const char * const *capabilities;
  guint major, minor, micro;

  if (greeting == NULL)
    {
      g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_GREETING);
      return;
    }
  qmp_greeting_get_version (greeting, &major, &minor, &micro);
  g_assert_true (g_utf8_validate (qmp_greeting_get_version_string (greeting), -1, NULL));
  g_assert_true (g_utf8_validate (qmp_greeting_get_package (greeting), -1, NULL));
  capabilities = qmp_greeting_get_capabilities (greeting);
  for (guint i = 0; capabilities[i] != NULL; i++)
    g_assert_true (qmp_greeting_has_capability (greeting, capabilities[i]));
}

static void
check_received (GBytes *bytes)
{
  QmpJsonFrame frame = { NULL };

  frame.text = g_bytes_get_data (bytes, &frame.length);
  if (!qmp_json_check (frame.text, frame.length, 1024, &frame.outline, NULL) || frame.outline.kind != QMP_JSON_OBJECT)
    return;
  if (frame.outline.members[QMP_JSON_KEY_EVENT].length > 0)
    check_event (&frame);
  if (frame.outline.members[QMP_JSON_KEY_QMP].length > 0)
    check_greeting (&frame);
}

static GPtrArray *
take_instructions (FuzzInput *input)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
  char *line;

  while ((line = fuzz_input_take_line (input)) != NULL && line[0] != '\0')
    g_ptr_array_add (lines, line);
  g_free (line);
  return lines;
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  FuzzInput input;
  g_autoptr(GPtrArray) lines = NULL;
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(QmpMessage) message = NULL;
  g_autoptr(QmpMessage) checked = NULL;

  fuzz_input_init (&input, data, size);
  lines = take_instructions (&input);
  bytes = g_bytes_new (input.at, input.left);
  message = qmp_message_new_from_bytes_unchecked (bytes);
  checked = qmp_message_new_from_bytes (bytes, NULL);
  g_assert_true ((checked != NULL) == qmp_message_validate (message, NULL));

  check_received (bytes);
  check_whole (message);
  for (guint i = 0; checked != NULL && i < lines->len; i++)
    follow (&message, g_ptr_array_index (lines, i));
  check_whole (message);
  check_members (message);
  return 0;
}
