/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "once.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tool-print.h"

#define BAR_WIDTH 40

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
once_remaining (Once *once,
                int   most)
{
  gint64 left;

  if (once->deadline == 0)
    return most;
  left = MAX (0, (once->deadline - g_get_monotonic_time () + 999) / 1000);
  return most < 0 ? left : MIN (left, most);
}

gboolean
once_is_late (Once *once)
{
  return once->deadline != 0 && g_get_monotonic_time () >= once->deadline;
}

/* 0 is no timeout to a client. */
static guint
timeout_for_client (Once *once)
{
  return once->deadline != 0 ? MAX (1, once_remaining (once, -1)) : 0;
}

void
once_set_timeout (Once *once)
{
  qmp_client_set_timeout (once->client, timeout_for_client (once));
}

gboolean
once_open (Once    *once,
           GError **error)
{
  qmp_client_set_guest_agent (once->client, once->agent);
  qmp_client_set_out_of_band (once->client, once->out_of_band);
  if (once->deadline != 0)
    qmp_client_set_open_timeout (once->client, timeout_for_client (once));
  if (!qmp_client_open (once->client, once->address, NULL, error))
    return FALSE;
  once_set_timeout (once);
  return TRUE;
}

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

QmpSchema *
once_fetch_schema (Once    *once,
                   GError **error)
{
  g_autoptr(GError) local_error = NULL;
  QmpSchema *schema;

  once_set_timeout (once);
  schema = qmp_schema_fetch (once->client, NULL, &local_error);
  if (schema == NULL && !g_error_matches (local_error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_COMMAND_NOT_FOUND))
    g_propagate_error (error, g_steal_pointer (&local_error));
  return schema;
}

/* --- what a server sent --- */

JsonNode *
once_get_member (JsonNode   *node,
                 const char *name)
{
  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    return NULL;
  return json_object_get_member (json_node_get_object (node), name);
}

const char *
once_get_string (JsonNode   *node,
                 const char *name)
{
  JsonNode *member = once_get_member (node, name);

  return member != NULL && json_node_get_value_type (member) == G_TYPE_STRING ? json_node_get_string (member) : "";
}

gint64
once_get_int (JsonNode   *node,
              const char *name)
{
  JsonNode *member = once_get_member (node, name);

  return member != NULL && JSON_NODE_HOLDS_VALUE (member) ? json_node_get_int (member) : 0;
}

gboolean
once_get_boolean (JsonNode   *node,
                  const char *name)
{
  JsonNode *member = once_get_member (node, name);

  return member != NULL && JSON_NODE_HOLDS_VALUE (member) && json_node_get_boolean (member);
}

const char *
once_get_return_string (QmpMessage *reply)
{
  JsonNode *value = qmp_message_get_member (reply, "return");

  return value != NULL && json_node_get_value_type (value) == G_TYPE_STRING ? json_node_get_string (value) : NULL;
}

guint
once_get_length (JsonNode *array)
{
  return array != NULL && JSON_NODE_HOLDS_ARRAY (array) ? json_array_get_length (json_node_get_array (array)) : 0;
}

JsonNode *
once_get_element (JsonNode *array,
                  guint     index)
{
  return json_array_get_element (json_node_get_array (array), index);
}

GBytes *
once_get_base64 (JsonNode   *node,
                 const char *name)
{
  const char *text = once_get_string (node, name);
  gsize length = 0;
  guchar *data = *text != '\0' ? g_base64_decode (text, &length) : NULL;

  return g_bytes_new_take (data, length);
}

/* --- output --- */

void
once_end_unread (void)
{
  signal (SIGPIPE, SIG_DFL);
  raise (SIGPIPE);
}

static void
take_write_error (Once *once,
                  int   code)
{
  if (code == EPIPE)
    once_end_unread ();
  if (once->write_code == 0)
    once->write_code = code;
}

static void
write_text (Once       *once,
            FILE       *stream,
            const char *text,
            gsize       length)
{
  /* No bytes are NULL, which fwrite() must not be given. */
  if (length > 0 && fwrite (text, 1, length, stream) < length)
    take_write_error (once, errno);
}

gboolean
once_flush (Once    *once,
            GError **error)
{
  if (fflush (stdout) != 0)
    take_write_error (once, errno);
  if (once->write_code == 0)
    return TRUE;
  return once_fail (error, ONCE_STATUS_FAILED, _("Could not write to standard output: %s"), g_strerror (once->write_code));
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
  write_text (once, stdout, harmless, strlen (harmless));
}

void
once_print_json (Once       *once,
                 const char *json,
                 gssize      length,
                 gboolean    auto_pretty)
{
  g_autoptr(GString) out = g_string_new (NULL);
  gboolean pretty = once->pretty || (auto_pretty && isatty (STDOUT_FILENO));
  ToolPrintFlags flags = pretty ? TOOL_PRINT_PRETTY : TOOL_PRINT_PLAIN;

  if (tool_print_wants_colour (stdout))
    flags |= TOOL_PRINT_COLOUR;
  tool_print_append_json (out, json, length < 0 ? strlen (json) : (gsize) length, flags);
  g_string_append_c (out, '\n');
  write_text (once, stdout, out->str, out->len);
}

gboolean
once_print_return (Once        *once,
                   QmpMessage  *reply,
                   GError     **error)
{
  g_autofree char *text = qmp_message_get_member_text (reply, "return");
  JsonNode *failure;

  if (text != NULL)
    {
      once_print_json (once, text, -1, TRUE);
      return TRUE;
    }
  failure = qmp_message_get_member (reply, "error");
  return once_fail (error, ONCE_STATUS_FAILED, "%s: %s", once_get_string (failure, "class"),
                    once_get_string (failure, "desc"));
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
  const char *end = data + length;

  while (data < end)
    {
      g_autofree char *piece = g_strndup (data, end - data);
      g_autofree char *harmless = tool_print_harmless (piece);

      write_text (once, stream, harmless, strlen (harmless));
      data += strlen (piece);
      if (data < end)
        write_text (once, stream, "\\x00", strlen ("\\x00"));
      data++;
    }
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

/* --- progress --- */

gboolean
once_shows_progress (void)
{
  const char *term = g_getenv ("TERM");

  return isatty (STDERR_FILENO) && g_strcmp0 (term, "dumb") != 0;
}

void
once_show_progress (const char *what,
                    gint64      current,
                    gint64      total)
{
  g_autofree char *harmless = tool_print_harmless (what);
  double part = total > 0 ? CLAMP ((double) current / total, 0, 1) : 0;
  char bar[BAR_WIDTH + 1];

  if (!once_shows_progress ())
    return;
  memset (bar, ' ', BAR_WIDTH);
  memset (bar, '#', (int) (part * BAR_WIDTH));
  bar[BAR_WIDTH] = '\0';
  fprintf (stderr, "\r[%s] %3d %% %.30s\033[K", bar, (int) (part * 100), harmless);
  fflush (stderr);
}

void
once_end_progress (void)
{
  if (once_shows_progress ())
    fputs ("\r\033[K", stderr);
}
