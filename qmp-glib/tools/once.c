/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "once.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "tool-grammar.h"
#include "tool-json.h"
#include "tool-pager.h"
#include "tool-print.h"
#include "tool-server.h"
#include "tool-streams.h"
#include "tool-words.h"

/* After that a person is told what is waited for. */
#define WAITING_MILLISECONDS 1000
/* How often progress is asked for. */
#define TICK_MILLISECONDS 250

#define BOLD "\033[1m"
#define RED "\033[31m"
#define PLAIN "\033[0m"

G_DEFINE_QUARK (once-error-quark, once_error)

gboolean
once_fail (GError     **error,
           OnceStatus   status,
           const char  *format,
           ...)
{
  va_list arguments;

  va_start (arguments, format);
  if (error != NULL)
    *error = g_error_new_valist (ONCE_ERROR, status, format, arguments);
  va_end (arguments);
  return FALSE;
}

/* --- the connection --- */

int
once_remaining (Once *once)
{
  if (once->deadline == 0)
    return QMP_TIMEOUT_NONE;
  return MAX (0, (once->deadline - g_get_monotonic_time () + 999) / 1000);
}

gboolean
once_is_late (Once *once)
{
  return once->deadline != 0 && g_get_monotonic_time () >= once->deadline;
}

void
once_set_timeout (Once *once)
{
  qmp_client_set_timeout (once->client, once_remaining (once));
}

typedef struct {
  gboolean  done;
  gboolean  good;
  GError   *error;
} Opening;

static void
opened_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Opening *opening = user_data;

  opening->good = QMP_IS_MACHINE (object) ? qmp_machine_open_finish (QMP_MACHINE (object), result, &opening->error)
                                          : qmp_client_open_finish (QMP_CLIENT (object), result, &opening->error);
  opening->done = TRUE;
}

/* A script has no use for a word while it waits. */
static gboolean
tells_waiting (void)
{
  return isatty (STDERR_FILENO);
}

static gboolean
waiting_cb (gpointer user_data)
{
  Once *once = user_data;

  g_printerr ("qmp: %s\n", tool_waiting_text (once->agent));
  return G_SOURCE_REMOVE;
}

static gboolean
open_and_tell (Once    *once,
               GError **error)
{
  g_autoptr(GSource) waiting = g_timeout_source_new (WAITING_MILLISECONDS);
  Opening opening = { FALSE };

  g_source_set_callback (waiting, waiting_cb, once, NULL);
  if (tells_waiting ())
    g_source_attach (waiting, NULL);
  if (once->machine != NULL)
    qmp_machine_open_async (once->machine, once->address, NULL, opened_cb, &opening);
  else
    qmp_client_open_async (once->client, once->address, NULL, opened_cb, &opening);
  while (!opening.done)
    g_main_context_iteration (NULL, TRUE);
  g_source_destroy (waiting);
  if (!opening.good)
    g_propagate_error (error, opening.error);
  return opening.good;
}

/* Without a GTask GIO starts no thread. */
static gboolean
open_quietly (Once    *once,
              GError **error)
{
  return qmp_client_open (once->client, once->address, NULL, error);
}

static gboolean
open_server (Once    *once,
             GError **error)
{
  gboolean background = once->machine != NULL || tells_waiting ();
  g_autoptr(GError) local_error = NULL;

  if (background ? open_and_tell (once, &local_error) : open_quietly (once, &local_error))
    return TRUE;
  if (g_error_matches (local_error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY))
    tool_server_name_holder (once->address, local_error);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

gboolean
once_find_server (Once    *once,
                  GError **error)
{
  if (once->address == NULL)
    once->address = tool_server_find (once->server, once->agent, FALSE, error);
  return once->address != NULL;
}

gboolean
once_set_up_client (Once       *once,
                    QmpClient  *client,
                    GError    **error)
{
  qmp_client_set_guest_agent (client, once->agent);
  qmp_client_set_out_of_band (client, once->out_of_band);
  qmp_client_set_await_greeting (client, !once->skip_negotiation);
  qmp_client_set_negotiate (client, !once->skip_negotiation);
  return tool_tls_apply (&once->tls, client, error);
}

gboolean
once_open (Once    *once,
           GError **error)
{
  if (!once_find_server (once, error) || !once_set_up_client (once, once->client, error))
    return FALSE;
  if (once->deadline != 0)
    qmp_client_set_open_timeout (once->client, once_remaining (once));
  /* Of a machine more is asked before it is open. */
  once_set_timeout (once);
  if (!open_server (once, error))
    return FALSE;
  once_set_timeout (once);
  return TRUE;
}

gboolean
once_open_machine (Once    *once,
                   GError **error)
{
  once->machine = qmp_machine_new (once->client);
  qmp_machine_set_progress_interval (once->machine, once_shows_progress () ? TICK_MILLISECONDS : 0);
  return once_open (once, error);
}

static gboolean
late_cb (gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

gboolean
once_follow (Once        *once,
             gboolean   (*is_done) (gpointer data),
             gpointer     data,
             GError     **error)
{
  if (once->deadline != 0)
    g_timeout_add (once_remaining (once), late_cb, NULL);
  while (!is_done (data))
    {
      if (!qmp_machine_get_connected (once->machine))
        {
          g_propagate_error (error, g_error_copy (qmp_machine_get_link_error (once->machine)));
          return FALSE;
        }
      if (once_is_late (once))
        return once_fail (error, ONCE_STATUS_TIMEOUT, _("It has not ended in time"));
      g_main_context_iteration (NULL, TRUE);
    }
  return TRUE;
}

void
once_take_result (GObject      *object,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

gboolean
once_await_result (Once          *once,
                   GAsyncResult **result,
                   GCancellable  *cancellable,
                   GError       **error)
{
  if (once->deadline != 0)
    g_timeout_add (once_remaining (once), late_cb, NULL);
  while (*result == NULL)
    {
      if (once_is_late (once))
        g_cancellable_cancel (cancellable);
      g_main_context_iteration (NULL, TRUE);
    }
  return !g_cancellable_is_cancelled (cancellable) || once_fail (error, ONCE_STATUS_TIMEOUT, _("It has not ended in time"));
}

/* --- what goes over it --- */

JsonNode *
once_execute (Once        *once,
              QmpMessage  *command,
              GError     **error)
{
  g_autoptr(QmpMessage) owned = command;

  if (command == NULL)
    return NULL;
  once_set_timeout (once);
  return qmp_client_execute_message (once->client, command, NULL, error);
}

QmpMessage *
once_exchange (Once        *once,
               QmpMessage  *command,
               GError     **error)
{
  g_autoptr(QmpMessage) owned = command;

  if (command == NULL)
    return NULL;
  once_set_timeout (once);
  return qmp_client_exchange (once->client, command, NULL, error);
}

/* Takes cause, which is set when there is no schema. */
static QmpSchema *
judge_schema (QmpSchema  *schema,
              GError     *cause,
              GError    **error)
{
  if (g_error_matches (cause, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_COMMAND_NOT_FOUND))
    g_clear_error (&cause);
  if (cause != NULL)
    g_propagate_error (error, cause);
  return schema;
}

QmpSchema *
once_fetch_schema (Once    *once,
                   GError **error)
{
  GError *cause = NULL;
  QmpSchema *schema;

  once_set_timeout (once);
  schema = qmp_schema_fetch (once->client, NULL, &cause);
  return judge_schema (schema, cause, error);
}

QmpSchema *
once_finish_schema (GAsyncResult  *result,
                    GError       **error)
{
  GError *cause = NULL;
  QmpSchema *schema = qmp_schema_fetch_finish (result, &cause);

  return judge_schema (schema, cause, error);
}

void
once_answer (Once      *once,
             ToolTypes *types)
{
  QmpMessage *question = tool_types_new_question (types);
  g_autoptr(QmpSchema) schema = NULL;
  g_autoptr(JsonNode) answer = NULL;

  /* When there is no answer nothing is known; a link that has ended is told of by the command itself. */
  if (question != NULL)
    {
      answer = once_execute (once, question, NULL);
      tool_types_take_answer (types, answer);
      return;
    }
  schema = once_fetch_schema (once, NULL);
  tool_types_take_schema (types, schema);
}

QmpMessage *
once_new_command (Once                *once,
                  const char * const  *words,
                  GError             **error)
{
  /* An agent has no schema. */
  g_autoptr(ToolTypes) types = once->agent ? NULL : tool_types_new ();
  g_autoptr(GError) local_error = NULL;
  QmpMessage *command = tool_command_from_words (words, types, &local_error);

  while (g_error_matches (local_error, TOOL_ERROR, TOOL_ERROR_ASK))
    {
      g_clear_error (&local_error);
      once_answer (once, types);
      command = tool_command_from_words (words, types, &local_error);
    }
  if (local_error != NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  return command;
}

const char *
once_get_return_string (QmpMessage *reply)
{
  return tool_json_as_string (qmp_message_get_member (reply, "return"));
}

/* --- output --- */

static void
take_write_error (Once *once,
                  int   code)
{
  if (code == EPIPE)
    tool_streams_end_unread ();
  if (once->write_code == 0)
    once->write_code = code;
  /* once_flush() does. */
  tool_streams_set_told ();
}

static void
write_text (Once       *once,
            FILE       *stream,
            const char *text,
            gsize       length)
{
  if (once->page != NULL && stream == stdout)
    g_string_append_len (once->page, text, length);
  /* No bytes are NULL, which fwrite() must not be given. */
  else if (length > 0 && fwrite (text, 1, length, stream) < length)
    take_write_error (once, errno);
}

void
once_start_page (Once *once)
{
  if (isatty (STDOUT_FILENO))
    once->page = g_string_new (NULL);
}

static void
show_page (Once *once)
{
  g_autoptr(GString) page = g_steal_pointer (&once->page);

  if (page != NULL && !tool_pager_show (page->str))
    write_text (once, stdout, page->str, page->len);
}

gboolean
once_flush (Once    *once,
            GError **error)
{
  show_page (once);
  if (fflush (stdout) != 0)
    take_write_error (once, errno);
  if (once->write_code == 0)
    return TRUE;
  return once_fail (error, ONCE_STATUS_FAILED, _("Could not write to standard output: %s"), g_strerror (once->write_code));
}

/* harmless: so that nothing in it could command a terminal. */
static void
write_for_people (Once       *once,
                  const char *harmless)
{
  g_autofree char *encoded = tool_streams_encode (harmless);

  write_text (once, stdout, encoded, strlen (encoded));
}

void
once_print (Once       *once,
            const char *format,
            ...)
{
  g_autofree char *text = NULL;
  g_autofree char *harmless = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  harmless = tool_print_harmless (text);
  write_for_people (once, harmless);
}

void
once_print_line (Once       *once,
                 const char *format,
                 ...)
{
  g_autofree char *harmless = NULL;
  g_autofree char *line = NULL;
  va_list arguments;

  va_start (arguments, format);
  harmless = tool_print_harmless_format (format, arguments);
  va_end (arguments);
  line = g_strconcat (harmless, "\n", NULL);
  write_for_people (once, line);
}

void
once_print_heading (Once       *once,
                    const char *text)
{
  g_autofree char *harmless = tool_print_harmless_line (text);
  gboolean colour = tool_print_wants_colour (stdout);
  g_autofree char *line = g_strconcat (colour ? BOLD : "", harmless, colour ? PLAIN : "", "\n", NULL);

  write_for_people (once, line);
}

static void
print_fields (Once       *once,
              const char *mark,
              const char *json,
              gsize       length)
{
  g_autoptr(GString) out = g_string_new (NULL);

  tool_fields_append (once->fields, out, mark, json, length);
  write_for_people (once, out->str);
}

gboolean
once_check_fields (Once    *once,
                   GError **error)
{
  const char *missing = once->fields != NULL ? tool_fields_get_missing (once->fields) : NULL;

  return missing == NULL || once_fail (error, ONCE_STATUS_FAILED, _("Nothing of it has the field “%s”"), missing);
}

void
once_print_json (Once       *once,
                 const char *json,
                 gssize      length,
                 gboolean    auto_pretty)
{
  g_autoptr(GString) out = g_string_new (NULL);
  gsize size = length < 0 ? strlen (json) : (gsize) length;
  gboolean pretty = once->pretty || (auto_pretty && isatty (STDOUT_FILENO));
  ToolPrintFlags flags = pretty ? TOOL_PRINT_PRETTY : TOOL_PRINT_PLAIN;

  if (once->fields != NULL)
    {
      print_fields (once, NULL, json, size);
      return;
    }
  if (tool_print_wants_colour (stdout))
    flags |= TOOL_PRINT_COLOUR;
  tool_print_append_json (out, json, size, flags);
  g_string_append_c (out, '\n');
  write_text (once, stdout, out->str, out->len);
}

/* text: harmless, but for our colours. */
static void
print_marked (Once       *once,
              const char *mark,
              const char *text)
{
  gboolean colour = tool_print_wants_colour (stdout);
  g_auto(GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_autofree char *line = g_strconcat (colour ? BOLD : "", mark, ":", colour ? PLAIN : "", " ", lines[i], "\n", NULL);

      write_for_people (once, line);
    }
}

void
once_print_marked_line (Once       *once,
                        const char *mark,
                        const char *text)
{
  g_autofree char *harmless = tool_print_harmless_line (text);

  print_marked (once, mark, harmless);
}

void
once_print_marked_json (Once       *once,
                        const char *mark,
                        const char *json,
                        gsize       length)
{
  g_autoptr(GString) out = g_string_new (NULL);
  ToolPrintFlags flags = once->pretty ? TOOL_PRINT_PRETTY : TOOL_PRINT_PLAIN;

  if (once->fields != NULL)
    {
      print_fields (once, mark, json, length);
      return;
    }
  if (tool_print_wants_colour (stdout))
    flags |= TOOL_PRINT_COLOUR;
  tool_print_append_json (out, json, length, flags);
  print_marked (once, mark, out->str);
}

void
once_print_error (const char *format,
                  ...)
{
  gboolean colour = tool_print_wants_colour (stderr);
  g_autofree char *text = NULL;
  g_autofree char *harmless = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  harmless = tool_print_harmless (text);
  g_strdelimit (g_strchomp (harmless), "\n\t", ' ');
  g_printerr ("qmp: %s%s%s\n", colour ? RED : "", harmless, colour ? PLAIN : "");
}

gboolean
once_check_return (QmpMessage  *reply,
                   GError     **error)
{
  JsonNode *failure;

  if (qmp_message_has_member (reply, "return"))
    return TRUE;
  failure = qmp_message_get_member (reply, "error");
  return once_fail (error, ONCE_STATUS_FAILED, "%s: %s", tool_json_get_string (failure, "class"),
                    tool_json_get_string (failure, "desc"));
}

gboolean
once_print_return (Once        *once,
                   QmpMessage  *reply,
                   GError     **error)
{
  g_autofree char *text = qmp_message_dup_member_text (reply, "return");

  if (!once_check_return (reply, error))
    return FALSE;
  once_print_json (once, text, -1, TRUE);
  return TRUE;
}

gboolean
once_execute_and_print (Once        *once,
                        QmpMessage  *command,
                        GError     **error)
{
  g_autoptr(QmpMessage) reply = once_exchange (once, command, error);

  return reply != NULL && once_print_return (once, reply, error);
}

/* A character that goes on in the next bytes is shown as two wrong ones, which harms nobody. */
static void
write_harmless (Once       *once,
                FILE       *stream,
                const char *data,
                gsize       length)
{
  g_autofree char *harmless = tool_print_harmless_bytes (data, length);

  write_text (once, stream, harmless, strlen (harmless));
}

void
once_write (Once   *once,
            FILE   *stream,
            GBytes *bytes)
{
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);

  if (isatty (fileno (stream)))
    write_harmless (once, stream, data, length);
  else
    write_text (once, stream, data, length);
}
