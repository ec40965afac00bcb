/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "once.h"
#include "tool-grammar.h"

static char *call_line;
static char **failure_names;

/* --- events --- */

static void
print_for_people (Once     *once,
                  QmpEvent *event)
{
  g_autoptr(GDateTime) second = g_date_time_new_from_unix_local (qmp_event_get_timestamp (event) / G_USEC_PER_SEC);
  g_autofree char *time = second != NULL ? g_date_time_format (second, "%F %T") : NULL;
  g_autofree char *data = qmp_message_get_member_text (QMP_MESSAGE (event), "data");
  int part = qmp_event_get_timestamp (event) % G_USEC_PER_SEC;

  if (time == NULL)
    once_print (once, "- ");
  else
    once_print (once, "%s.%06d ", time, ABS (part));
  once_print (once, "%s%s%s\n", qmp_event_get_name (event), data != NULL ? " " : "", data != NULL ? data : "");
}

void
once_print_event (Once     *once,
                  QmpEvent *event)
{
  gsize length;
  const char *text = g_bytes_get_data (qmp_message_get_bytes (QMP_MESSAGE (event)), &length);

  if (once->json)
    once_print_json (once, text, length, FALSE);
  else
    print_for_people (once, event);
}

static gboolean
check_name (QmpSchema   *schema,
            const char  *name,
            GError     **error)
{
  g_autoptr(QmpSchemaType) type = NULL;

  if (schema == NULL || strpbrk (name, "*?") != NULL)
    return TRUE;
  if (qmp_schema_has_event (schema, name))
    return TRUE;
  if (qmp_schema_has_command (schema, name))
    return once_fail (error, ONCE_STATUS_FAILED, _("“%s” is a command, not an event"), name);
  /* It names the nearest. */
  type = qmp_schema_find_type (schema, name, error);
  return type != NULL && once_fail (error, ONCE_STATUS_FAILED, _("“%s” is no event"), name);
}

gboolean
once_check_events (Once                *once,
                   const char * const  *names,
                   GError             **error)
{
  g_autoptr(GError) local_error = NULL;
  g_autoptr(QmpSchema) schema = names[0] != NULL ? once_fetch_schema (once, &local_error) : NULL;

  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  for (guint i = 0; names[i] != NULL; i++)
    if (!check_name (schema, names[i], error))
      return FALSE;
  return TRUE;
}

/* --- wait --- */

static gboolean
add_match (QmpEventListener  *listener,
           const char        *word,
           GError           **error)
{
  const char *sign = strchr (word, '=');
  g_autofree char *member = sign != NULL ? g_strndup (word, sign - word) : NULL;
  g_autoptr(ToolValue) value = NULL;
  g_autoptr(JsonNode) node = NULL;
  g_autofree char *json = NULL;

  if (sign == NULL || sign == word)
    return once_fail (error, ONCE_STATUS_USAGE, _("Expected MEMBER=VALUE, got “%s”"), word);
  if (!g_utf8_validate (word, -1, NULL))
    return once_fail (error, ONCE_STATUS_USAGE, _("The text is not UTF-8"));
  value = tool_value_parse (sign + 1, error);
  if (value == NULL)
    return FALSE;
  json = tool_value_to_json (value);
  node = json_from_string (json, error);
  if (node == NULL)
    return FALSE;
  qmp_event_listener_add_match_node (listener, NULL, member, node);
  return TRUE;
}

/* words: the event, then what is to match. */
static QmpEventListener *
new_listener (const char * const  *words,
              GError             **error)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new ();
  g_autoptr(QmpEventListener) listener = NULL;

  g_ptr_array_add (names, (gpointer) words[0]);
  for (guint i = 0; failure_names != NULL && failure_names[i] != NULL; i++)
    g_ptr_array_add (names, failure_names[i]);
  g_ptr_array_add (names, NULL);
  listener = qmp_event_listener_new ((const char * const *) names->pdata);
  for (guint i = 0; failure_names != NULL && failure_names[i] != NULL; i++)
    qmp_event_listener_add_failure (listener, failure_names[i]);
  for (guint i = 1; words[i] != NULL; i++)
    if (!add_match (listener, words[i], error))
      return NULL;
  return g_steal_pointer (&listener);
}

/* NULL without an error when there is none. */
static QmpMessage *
new_command (GError **error)
{
  g_autoptr(ToolGrammar) grammar = tool_grammar_new ();
  g_autoptr(GError) local_error = NULL;
  QmpMessage *command;

  if (call_line == NULL)
    return NULL;
  command = tool_grammar_feed (grammar, call_line, &local_error);
  if (local_error != NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  else if (command == NULL)
    once_fail (error, ONCE_STATUS_USAGE, _("“%s” is no command"), call_line);
  return command;
}

static gboolean
fail_by_event (Once      *once,
               QmpEvent  *event,
               GError   **error)
{
  g_autofree char *data = qmp_message_get_member_text (QMP_MESSAGE (event), "data");

  return once_fail (error, ONCE_STATUS_FAILED, "%s %s", qmp_event_get_name (event), data != NULL ? data : "");
}

static QmpEvent *
wait_for_event (Once              *once,
                QmpEventListener  *listener,
                GError           **error)
{
  QmpEvent *event = qmp_event_listener_next (listener, once_remaining (once, -1), NULL, error);

  if (event != NULL && qmp_event_listener_is_failure (listener, event))
    {
      fail_by_event (once, event, error);
      g_clear_object (&event);
    }
  return event;
}

static QmpEvent *
wait_with_command (Once              *once,
                   QmpMessage        *command,
                   QmpEventListener  *listener,
                   GError           **error)
{
  if (command == NULL)
    return wait_for_event (once, listener, error);
  once_set_timeout (once);
  return qmp_client_execute_and_wait (once->client, command, listener, NULL, error);
}

static gboolean
run_wait (Once                *once,
          const char * const  *words,
          GError             **error)
{
  g_autoptr(QmpEventListener) listener = new_listener (words, error);
  g_autoptr(QmpMessage) command = NULL;
  g_autoptr(QmpEvent) event = NULL;
  g_autoptr(GError) local_error = NULL;

  if (listener == NULL)
    return FALSE;
  command = new_command (&local_error);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  qmp_client_add_listener (once->client, listener);
  if (!once_open (once, error))
    return FALSE;
  if (!once_check_events (once, qmp_event_listener_get_names (listener), error))
    return FALSE;
  event = wait_with_command (once, command, listener, error);
  if (event == NULL)
    return FALSE;
  once_print_event (once, event);
  return TRUE;
}

static const GOptionEntry wait_entries[] = {
  { "call", 'c', 0, G_OPTION_ARG_STRING, &call_line,
    N_("Execute that when listening has begun; only what comes from then on counts"), N_("'COMMAND KEY=VALUE…'") },
  { "failure", 0, 0, G_OPTION_ARG_STRING_ARRAY, &failure_names,
    N_("This event says that what was waited for has failed; may be repeated"), N_("EVENT") },
  G_OPTION_ENTRY_NULL
};

const OnceVerb once_wait = {
  .words = "wait",
  .parameters = N_("EVENT [MEMBER=VALUE…]"),
  .summary = N_("Wait for an event"),
  .entries = wait_entries,
  .min_words = 1,
  .max_words = G_MAXUINT,
  .run = run_wait,
};
