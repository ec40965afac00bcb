/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <qmp-glib/qmp-mock.h>

#include <glib/gi18n-lib.h>
#include <string.h>

#include <qmp-glib/qmp-enums.h>

#include "json/qmp-json-node-private.h"
#include "json/qmp-json-reader-private.h"
#include "json/qmp-json-text-private.h"
#include "message/qmp-value-private.h"

/* A script that is a text: one expectation a line. */

typedef enum {
  STRING,
  OBJECT,
  EVENTS,    /* an array of objects that have an event */
  TRUTH,     /* true */
  ANYTHING,
  FAULT,
} Shape;

typedef struct {
  const char *name;
  Shape       shape;
  gboolean    answers;  /* there is one of these at most */
} Member;

static const Member members[] = {
  { "expect", STRING },
  { "arguments", OBJECT },
  { "return", ANYTHING, TRUE },
  { "error", OBJECT, TRUE },
  { "fail-job", STRING, TRUE },
  { "silent", TRUTH, TRUE },
  { "before", EVENTS },
  { "after", EVENTS },
  { "repeat", TRUTH },
  { "break", FAULT },
};

/* --- what is wrong with it --- */

static gboolean
has_string (JsonObject *object,
            const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && json_node_get_value_type (node) == G_TYPE_STRING;
}

static gboolean
is_event (JsonNode *node)
{
  JsonObject *object;
  JsonNode *data;

  if (!JSON_NODE_HOLDS_OBJECT (node))
    return FALSE;
  object = json_node_get_object (node);
  data = json_object_get_member (object, "data");
  return has_string (object, "event") && (data == NULL || JSON_NODE_HOLDS_OBJECT (data)) &&
         json_object_get_size (object) == (data != NULL ? 2 : 1);
}

static gboolean
is_events (JsonNode *node)
{
  JsonArray *array;

  if (!JSON_NODE_HOLDS_ARRAY (node))
    return FALSE;
  array = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (array); i++)
    if (!is_event (json_array_get_element (array, i)))
      return FALSE;
  return TRUE;
}

/* NULL if there is no such fault. */
static GEnumValue *
find_fault (JsonNode *node)
{
  g_autoptr(GEnumClass) faults = g_type_class_ref (QMP_TYPE_MOCK_FAULT);

  return g_enum_get_value_by_nick (faults, json_node_get_string (node));
}

static gboolean
has_shape (JsonNode *node,
           Shape     shape)
{
  GType type = json_node_get_value_type (node);

  switch (shape)
    {
    case STRING:
      return type == G_TYPE_STRING;
    case OBJECT:
      return JSON_NODE_HOLDS_OBJECT (node);
    case EVENTS:
      return is_events (node);
    case TRUTH:
      return type == G_TYPE_BOOLEAN && json_node_get_boolean (node);
    case FAULT:
      return type == G_TYPE_STRING && find_fault (node) != NULL;
    case ANYTHING:
      return TRUE;
    }
  g_assert_not_reached ();
}

static const Member *
find_member (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    if (g_str_equal (members[i].name, name))
      return &members[i];
  return NULL;
}

static gboolean
fail (guint        line,
      GError     **error,
      const char  *format,
      ...) G_GNUC_PRINTF (3, 4);

static gboolean
fail (guint        line,
      GError     **error,
      const char  *format,
      ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, QMP_MOCK_ERROR, QMP_MOCK_ERROR_SCRIPT, _("Line %u of the script: %s"), line, text);
  return FALSE;
}

static gboolean
check_members (JsonObject  *object,
               guint        line,
               guint       *n_answers,
               GError     **error)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &name, &node))
    {
      const Member *member = find_member (name);

      if (member == NULL)
        return fail (line, error, _("“%s” is not known"), name);
      if (!has_shape (node, member->shape))
        return fail (line, error, _("what “%s” says is not understood"), name);
      *n_answers += member->answers;
    }
  return TRUE;
}

static gboolean
check_line (JsonNode  *node,
            guint      line,
            GError   **error)
{
  JsonObject *object, *failure = NULL;
  guint n_answers = 0;

  if (!JSON_NODE_HOLDS_OBJECT (node))
    return fail (line, error, _("it is not an object"));
  object = json_node_get_object (node);
  if (!check_members (object, line, &n_answers, error))
    return FALSE;
  if (!json_object_has_member (object, "expect"))
    return fail (line, error, _("it names no command to “expect”"));
  if (n_answers > 1)
    return fail (line, error, _("there is more than one answer"));
  if (json_object_has_member (object, "error"))
    failure = json_object_get_object_member (object, "error");
  if (failure != NULL && (!has_string (failure, "class") || !has_string (failure, "desc")))
    return fail (line, error, _("an error has “class” and “desc”"));
  return TRUE;
}

/* --- what it says --- */

static void
add_events (QmpExpectation  *expectation,
            JsonArray       *events,
            void           (*add) (QmpExpectation *expectation,
                                   const char     *name,
                                   JsonNode       *data))
{
  for (guint i = 0; i < json_array_get_length (events); i++)
    {
      JsonObject *event = json_array_get_object_element (events, i);

      add (expectation, json_object_get_string_member (event, "event"), json_object_get_member (event, "data"));
    }
}

static void
say_answer (QmpExpectation *expectation,
            JsonObject     *line)
{
  if (json_object_has_member (line, "return"))
    qmp_expectation_returns (expectation, json_object_get_member (line, "return"));
  if (json_object_has_member (line, "error"))
    {
      JsonObject *failure = json_object_get_object_member (line, "error");

      qmp_expectation_fails (expectation, json_object_get_string_member (failure, "class"),
                             json_object_get_string_member (failure, "desc"));
    }
  if (json_object_has_member (line, "fail-job"))
    qmp_expectation_fails_job (expectation, json_object_get_string_member (line, "fail-job"));
  if (json_object_has_member (line, "silent"))
    qmp_expectation_stays_silent (expectation);
}

static void
add_line (QmpMock    *self,
          JsonObject *line)
{
  QmpExpectation *expectation = qmp_mock_expect (self, json_object_get_string_member (line, "expect"),
                                                 json_object_get_member (line, "arguments"));

  if (json_object_has_member (line, "repeat"))
    qmp_expectation_repeats (expectation);
  say_answer (expectation, line);
  if (json_object_has_member (line, "before"))
    add_events (expectation, json_object_get_array_member (line, "before"), qmp_expectation_emits_before);
  if (json_object_has_member (line, "after"))
    add_events (expectation, json_object_get_array_member (line, "after"), qmp_expectation_emits_after);
  if (json_object_has_member (line, "break"))
    qmp_expectation_breaks (expectation, find_fault (json_object_get_member (line, "break"))->value);
}

/* --- its lines --- */

static JsonNode *
read_line (const char  *text,
           guint        line,
           GError     **error)
{
  g_autoptr(GError) local_error = NULL;
  g_autoptr(JsonNode) node = NULL;

  if (qmp_json_check (text, strlen (text), QMP_MESSAGE_MAX_DEPTH - 2, NULL, &local_error) &&
      qmp_json_check_sendable (text, strlen (text), &local_error))
    node = qmp_json_to_whole_node (text, strlen (text), &local_error);
  if (node == NULL)
    {
      fail (line, error, "%s", local_error->message);
      return NULL;
    }
  return check_line (node, line, error) ? g_steal_pointer (&node) : NULL;
}

/* Of JsonNode; NULL with error. */
static GPtrArray *
read_lines (const char  *text,
            GError     **error)
{
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) json_node_unref);
  g_auto(GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      JsonNode *node;

      g_strstrip (lines[i]);
      if (lines[i][0] == '\0' || lines[i][0] == '#')
        continue;
      node = read_line (lines[i], i + 1, error);
      if (node == NULL)
        return NULL;
      g_ptr_array_add (list, node);
    }
  return g_steal_pointer (&list);
}

/**
 * qmp_mock_add_script:
 * @self: a mock
 * @text: (not nullable): lines of JSON
 * @error: return location for an error
 *
 * Expects what a text says, behind what is expected already.
 *
 * Each line is an object, an expectation: `{"expect": "stop", "before": [{"event": "STOP"}]}`. Empty lines, and those that begin
 * with `#`, say nothing. [Testing](testing.html#scripts) has all that may stand there.
 *
 * Errors, with which nothing is expected that was not before:
 *
 * - `QMP_MOCK_ERROR_SCRIPT`: it is not understood; the text names the line.
 *
 * Returns: `TRUE` if it is expected
 *
 * Since: 1.0
 */
gboolean
qmp_mock_add_script (QmpMock     *self,
                     const char  *text,
                     GError     **error)
{
  g_autoptr(GPtrArray) lines = NULL;

  g_return_val_if_fail (QMP_IS_MOCK (self), FALSE);
  g_return_val_if_fail (text != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  lines = read_lines (text, error);
  if (lines == NULL)
    return FALSE;
  for (guint i = 0; i < lines->len; i++)
    add_line (self, json_node_get_object (lines->pdata[i]));
  return TRUE;
}
