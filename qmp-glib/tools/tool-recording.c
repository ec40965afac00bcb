/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-recording.h"

#include <glib/gi18n.h>
#include <string.h>

#include "tool-json.h"
#include "tool-lines.h"

#define FORMAT 1

#define SECRET "***"

/* A command whose answer has not come. */
typedef struct {
  QmpMessage *command;  /* borrowed: the step's, or the negotiation's, which is owned */
  int         step;     /* -1: the answer is left out */
} Open;

static gboolean
fail (GError     **error,
      const char  *text)
{
  g_set_error_literal (error, G_FILE_ERROR, G_FILE_ERROR_INVAL, text);
  return FALSE;
}

/* --- memory --- */

static void
open_free (Open *open)
{
  g_object_unref (open->command);
  g_free (open);
}

static void
step_free (gpointer data)
{
  ToolStep *step = data;

  g_clear_object (&step->command);
  g_clear_object (&step->said);
  g_free (step);
}

static void
session_free (gpointer data)
{
  ToolSession *session = data;

  g_clear_object (&session->greeting);
  g_ptr_array_unref (session->steps);
  g_queue_clear_full (&session->open, (GDestroyNotify) open_free);
  g_free (session);
}

void
tool_recording_free (ToolRecording *self)
{
  g_ptr_array_unref (self->sessions);
  g_free (self);
}

/* --- steps --- */

char *
tool_recording_dup_name (QmpMessage *command)
{
  char *name = qmp_message_dup_string (command, "execute", NULL);

  return name != NULL ? name : qmp_message_dup_string (command, "exec-oob", NULL);
}

static gboolean
equals (JsonNode *one,
        JsonNode *other)
{
  return one == NULL || other == NULL ? one == other : json_node_equal (one, other);
}

static int
add_step (ToolSession *session,
          QmpMessage  *command,
          QmpMessage  *said,
          int          answers)
{
  ToolStep *step = g_new0 (ToolStep, 1);

  g_set_object (&step->command, command);
  g_set_object (&step->said, said);
  step->answers = answers;
  g_ptr_array_add (session->steps, step);
  return session->steps->len - 1;
}

static void
add_command (ToolSession *session,
             QmpMessage  *message)
{
  g_autofree char *name = tool_recording_dup_name (message);
  Open *open;

  if (name == NULL)
    return;
  open = g_new (Open, 1);
  open->command = g_object_ref (message);
  open->step = g_str_equal (name, "qmp_capabilities") ? -1 : add_step (session, message, NULL, -1);
  g_queue_push_tail (&session->open, open);
}

/* An answer to what was not a command has none. */
static void
add_answer (ToolSession *session,
            QmpMessage  *message)
{
  for (GList *link = session->open.head; link != NULL; link = link->next)
    {
      Open *open = link->data;

      if (!equals (qmp_message_get_member (open->command, "id"), qmp_message_get_member (message, "id")))
        continue;
      if (open->step >= 0)
        add_step (session, NULL, message, open->step);
      open_free (open);
      g_queue_delete_link (&session->open, link);
      return;
    }
}

static void
add_said (ToolSession *session,
          QmpMessage  *message)
{
  if (qmp_message_has_member (message, "QMP"))
    g_set_object (&session->greeting, message);
  else if (qmp_message_has_member (message, "event"))
    add_step (session, NULL, message, -1);
  else
    add_answer (session, message);
}

/* --- lines --- */

static void
add_session (ToolRecording *self)
{
  ToolSession *session = g_new0 (ToolSession, 1);

  session->steps = g_ptr_array_new_with_free_func (step_free);
  g_ptr_array_add (self->sessions, session);
}

/* What a line says of the session that is read. */
static gboolean
add_line (ToolRecording  *self,
          QmpMessage     *line,
          GError        **error)
{
  gboolean by_server = g_strcmp0 (tool_json_as_string (qmp_message_get_member (line, "from")), "server") == 0;
  ToolSession *session;
  g_autofree char *text = NULL;
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GError) cause = NULL;
  g_autoptr(QmpMessage) message = NULL;

  if (qmp_message_has_member (line, "opened"))
    add_session (self);
  if (self->sessions->len == 0)
    return fail (error, _("No client has connected before"));
  session = self->sessions->pdata[self->sessions->len - 1];
  if (qmp_message_has_member (line, "closed"))
    session->server_ends = by_server;
  text = qmp_message_dup_member_text (line, "message");
  if (text == NULL)
    return TRUE;
  bytes = g_bytes_new (text, strlen (text));
  message = qmp_message_new_from_bytes (bytes, &cause);
  if (message == NULL)
    return fail (error, cause->message);
  if (by_server)
    add_said (session, message);
  else
    add_command (session, message);
  return TRUE;
}

static gboolean
read_header (ToolRecording  *self,
             QmpMessage     *line,
             GError        **error)
{
  gint64 format = qmp_message_get_int64 (line, "recording", NULL);

  if (format == 0)
    return fail (error, _("This is not the first line of a recording of “qmp record”: it has no “recording”"));
  if (format != FORMAT)
    return fail (error, _("The recording is of another version"));
  self->redacted = qmp_message_get_boolean (line, "redacted", NULL);
  return TRUE;
}

/* Another file altogether. */
static gboolean
fail_by_start (const GError  *cause,
               GError       **error)
{
  g_autofree char *text = g_strdup_printf (_("This is not a recording of “qmp record”, which is JSON: %s"), cause->message);

  return fail (error, text);
}

static gboolean
read_line (ToolRecording  *self,
           guint           number,
           const char     *text,
           GError        **error)
{
  g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr(GError) cause = NULL;
  g_autoptr(QmpMessage) line = qmp_message_new_from_bytes (bytes, &cause);

  if (line == NULL && number == 1)
    return fail_by_start (cause, error);
  if (line == NULL)
    return fail (error, cause->message);
  return number == 1 ? read_header (self, line, error) : add_line (self, line, error);
}

/* The last line has no end when the recorder was killed, or the disk was full: it is left out. */
static gboolean
read_lines (ToolRecording  *self,
            ToolLines      *lines,
            GError        **error)
{
  g_autoptr(GError) cause = NULL;
  const char *line;
  guint number;

  while ((line = tool_lines_next (lines, &cause)) != NULL && tool_lines_has_end (lines))
    if (!read_line (self, tool_lines_get_number (lines), line, &cause))
      break;
  number = tool_lines_get_number (lines);
  if (cause != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      if (number > 0)
        g_prefix_error (error, _("line %u: "), number);
      return FALSE;
    }
  if (number == 0)
    return fail (error, _("The file is empty"));
  return number > 1 || line == NULL || fail (error, _("This is not a recording of “qmp record”: its first line has no end"));
}

static gboolean
check_sessions (ToolRecording  *self,
                GError        **error)
{
  if (self->sessions->len == 0)
    return fail (error, _("The recording has no session"));
  for (guint i = 0; i < self->sessions->len; i++)
    if (((ToolSession *) self->sessions->pdata[i])->greeting == NULL)
      return fail (error, _("The recording has a session without a greeting"));
  return TRUE;
}

ToolRecording *
tool_recording_read (const char  *path,
                     GError     **error)
{
  g_autoptr(ToolRecording) self = g_new0 (ToolRecording, 1);
  g_autoptr(ToolLines) lines = tool_lines_open_any (path, error);

  self->sessions = g_ptr_array_new_with_free_func (session_free);
  if (lines == NULL)
    return NULL;
  if (read_lines (self, lines, error) && check_sessions (self, error))
    return g_steal_pointer (&self);
  g_prefix_error (error, "%s: ", path);
  return NULL;
}

/* --- comparing --- */

/* "***" stands for all or a part of a string, or for any value. */
static gboolean
is_hidden (JsonNode *recorded,
           JsonNode *sent)
{
  const char *text = tool_json_as_string (recorded);
  const char *other = tool_json_as_string (sent);
  const char *stars = text != NULL ? strstr (text, SECRET) : NULL;
  const char *last = text != NULL ? g_strrstr (text, SECRET) : NULL;

  if (stars == NULL)
    return FALSE;
  if (g_str_equal (text, SECRET))
    return TRUE;
  return other != NULL && strncmp (text, other, stars - text) == 0 && g_str_has_suffix (other, last + strlen (SECRET));
}

static gboolean matches (JsonNode *recorded, JsonNode *sent, gboolean redacted);

static gboolean
object_matches (JsonObject *recorded,
                JsonObject *sent,
                gboolean    redacted)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  if (json_object_get_size (recorded) != json_object_get_size (sent))
    return FALSE;
  json_object_iter_init (&iter, recorded);
  while (json_object_iter_next (&iter, &name, &value))
    if (!json_object_has_member (sent, name) || !matches (value, json_object_get_member (sent, name), redacted))
      return FALSE;
  return TRUE;
}

static gboolean
array_matches (JsonArray *recorded,
               JsonArray *sent,
               gboolean   redacted)
{
  guint n = json_array_get_length (recorded);

  if (n != json_array_get_length (sent))
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (!matches (json_array_get_element (recorded, i), json_array_get_element (sent, i), redacted))
      return FALSE;
  return TRUE;
}

static gboolean
matches (JsonNode *recorded,
         JsonNode *sent,
         gboolean  redacted)
{
  if (redacted && is_hidden (recorded, sent))
    return TRUE;
  if (JSON_NODE_HOLDS_OBJECT (recorded) && JSON_NODE_HOLDS_OBJECT (sent))
    return object_matches (json_node_get_object (recorded), json_node_get_object (sent), redacted);
  if (JSON_NODE_HOLDS_ARRAY (recorded) && JSON_NODE_HOLDS_ARRAY (sent))
    return array_matches (json_node_get_array (recorded), json_node_get_array (sent), redacted);
  return json_node_equal (recorded, sent);
}

/* Without arguments is the same as with none. */
static gboolean
is_empty (JsonNode *arguments)
{
  return arguments == NULL || (JSON_NODE_HOLDS_OBJECT (arguments) && json_object_get_size (json_node_get_object (arguments)) == 0);
}

gboolean
tool_recording_matches (ToolRecording *self,
                        QmpMessage    *recorded,
                        const char    *name,
                        JsonNode      *arguments,
                        gboolean       any_arguments)
{
  JsonNode *expected = qmp_message_get_member (recorded, "arguments");
  g_autofree char *expected_name = tool_recording_dup_name (recorded);

  if (g_strcmp0 (expected_name, name) != 0)
    return FALSE;
  if (any_arguments || is_empty (expected) || is_empty (arguments))
    return any_arguments || is_empty (expected) == is_empty (arguments);
  return matches (expected, arguments, self->redacted);
}
