/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "once.h"
#include "tool-events.h"
#include "tool-grammar.h"

static char *call_line;
static char **failure_names;

/* --- events --- */

char *
once_event_to_line (QmpEvent *event)
{
  gint64 at = qmp_event_get_timestamp (event);
  /* A server that does not know the time says -1. */
  g_autoptr(GDateTime) second = at >= 0 ? g_date_time_new_from_unix_local (at / G_USEC_PER_SEC) : NULL;
  g_autofree char *time = second != NULL ? g_date_time_format (second, "%F %T") : NULL;
  g_autofree char *data = qmp_message_dup_member_text (QMP_MESSAGE (event), "data");

  GString *line = g_string_new (NULL);

  if (time == NULL)
    g_string_append_c (line, '-');
  else
    g_string_append_printf (line, "%s.%06d", time, (int) (at % G_USEC_PER_SEC));
  g_string_append_printf (line, " %s", qmp_event_get_name (event));
  if (data != NULL)
    g_string_append_printf (line, " %s", data);
  return g_string_free (line, FALSE);
}

void
once_print_event (Once     *once,
                  QmpEvent *event)
{
  gsize length;
  const char *text = g_bytes_get_data (qmp_message_get_bytes (QMP_MESSAGE (event)), &length);

  g_autofree char *line = NULL;

  if (once->json)
    {
      once_print_json (once, text, length, FALSE);
      return;
    }
  line = once_event_to_line (event);
  once_print_line (once, "%s", line);
}

gboolean
once_check_event_names (QmpSchema           *schema,
                        const char * const  *names,
                        GError             **error)
{
  g_autoptr(GError) local_error = NULL;

  return tool_events_check (schema, names, &local_error) ||
         once_fail (error, ONCE_STATUS_FAILED, "%s", local_error->message);
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
  return once_check_event_names (schema, names, error);
}

/* --- wait --- */

static gboolean
add_json (QmpEventMatch  *match,
          const char     *member,
          ToolValue      *value,
          GError        **error)
{
  g_autofree char *json = tool_value_to_json (value);
  g_autoptr(JsonNode) node = json_from_string (json, error);

  if (node == NULL)
    return FALSE;
  qmp_event_match_add_member (match, NULL, member, node);
  return TRUE;
}

/* What looks like a number, or like something else that is not a text, may be meant as a text: then either matches. */
static gboolean
add_member (QmpEventMatch  *match,
            const char     *word,
            GError        **error)
{
  ToolWord member = { (char *) word, NULL, 0 };
  ToolWord *words[] = { &member };
  const ToolPlace place = { NULL, TOOL_OF_EVENT, NULL, words, 1 };
  const char *sign = strchr (word, '=');
  g_autofree char *name = NULL;
  g_autofree char *json = NULL;
  g_autoptr(ToolValue) value = NULL;
  g_autoptr(ToolValue) text = NULL;

  if (sign == NULL || sign == word)
    return once_fail (error, ONCE_STATUS_USAGE, _("Expected MEMBER=VALUE, got “%s”"), word);
  if (!g_utf8_validate (word, -1, NULL))
    return once_fail (error, ONCE_STATUS_USAGE, _("The text is not UTF-8"));
  value = tool_member_parse (&place, 0, &name, error);
  if (value == NULL || !add_json (match, name, value, error))
    return FALSE;
  json = tool_value_to_json (value);
  if (*json == '"' || sign[-1] == ':')
    return TRUE;
  text = tool_value_new_string (sign + 1, strlen (sign + 1));
  return add_json (match, name, text, error);
}

static gboolean
fits_pattern_cb (QmpEvent *event,
                 gpointer  names)
{
  const char *name = qmp_event_get_name (event);

  return g_strv_contains ((const char * const *) names + 1, name) || g_pattern_match_simple (*(char **) names, name);
}

/* names: the event, or a pattern, and those that mean failure. */
static QmpEventMatch *
new_bare_match (const char * const *names)
{
  QmpEventMatch *match = qmp_event_match_new (tool_events_is_pattern (names[0]) ? NULL : names);

  if (tool_events_is_pattern (names[0]))
    qmp_event_match_set_filter (match, fits_pattern_cb, g_strdupv ((char **) names), (GDestroyNotify) g_strfreev);
  return match;
}

/* Transfer container. */
static const char **
list_names (const char  *event,
            GError     **error)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new ();

  g_ptr_array_add (names, (gpointer) event);
  for (guint i = 0; failure_names != NULL && failure_names[i] != NULL; i++)
    {
      if (tool_events_is_pattern (failure_names[i]))
        {
          once_fail (error, ONCE_STATUS_USAGE, _("“%s” is a pattern, and --failure takes a name"), failure_names[i]);
          return NULL;
        }
      g_ptr_array_add (names, failure_names[i]);
    }
  g_ptr_array_add (names, NULL);
  return (const char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

/* words: what the members are to be. */
static QmpEventMatch *
new_match (const char * const  *names,
           const char * const  *words,
           GError             **error)
{
  g_autoptr(QmpEventMatch) match = new_bare_match (names);

  for (guint i = 1; names[i] != NULL; i++)
    qmp_event_match_add_failure (match, names[i], NULL, NULL);
  for (guint i = 0; words[i] != NULL; i++)
    if (!add_member (match, words[i], error))
      return NULL;
  return g_steal_pointer (&match);
}

static gboolean
fail_by_event (Once      *once,
               QmpEvent  *event,
               GError   **error)
{
  g_autofree char *data = qmp_message_dup_member_text (QMP_MESSAGE (event), "data");

  return once_fail (error, ONCE_STATUS_FAILED, "%s %s", qmp_event_get_name (event), data != NULL ? data : "");
}

static QmpEvent *
wait_for_event (Once              *once,
                QmpEventListener  *listener,
                GError           **error)
{
  QmpEvent *event = qmp_event_listener_next (listener, once_remaining (once), NULL, error);

  if (event != NULL && qmp_event_match_is_failure (qmp_event_listener_get_match (listener), event))
    {
      fail_by_event (once, event, error);
      g_clear_object (&event);
    }
  return event;
}

static QmpEvent *
wait_with_command (Once              *once,
                   QmpEventListener  *listener,
                   GError           **error)
{
  g_autoptr(QmpMessage) command = NULL;

  if (call_line == NULL)
    return wait_for_event (once, listener, error);
  command = once_parse_line (once, call_line, error);
  if (command == NULL)
    return NULL;
  once_set_timeout (once);
  return qmp_client_execute_and_wait (once->client, command, qmp_event_listener_get_match (listener), NULL, error);
}

static gboolean
run_wait (Once                *once,
          const char * const  *words,
          GError             **error)
{
  g_autofree const char **names = list_names (words[0], error);
  g_autoptr(QmpEventMatch) match = names != NULL ? new_match (names, words + 1, error) : NULL;
  g_autoptr(QmpEventListener) listener = NULL;
  g_autoptr(QmpMessage) checked = NULL;
  g_autoptr(QmpEvent) event = NULL;

  if (match == NULL)
    return FALSE;
  if (call_line != NULL)
    {
      checked = once_check_line (once, call_line, error);
      if (checked == NULL)
        return FALSE;
    }
  listener = qmp_event_listener_new_for_match (match);
  qmp_client_add_listener (once->client, listener);
  if (!once_open (once, error))
    return FALSE;
  if (!once_check_events (once, names, error))
    return FALSE;
  event = wait_with_command (once, listener, error);
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
  .parameters = N_("{EVENT | PATTERN} [MEMBER=VALUE…]"),
  .summary = N_("Wait for an event"),
  .entries = wait_entries,
  .min_words = 1,
  .max_words = G_MAXUINT,
  .run = run_wait,
};
