/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-log.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <unistd.h>

#include "tool-print.h"
#include "tool-streams.h"

struct _ShellLog {
  int      fd;
  char    *path;
  gboolean failing;  /* the last line could not be written, which was told */
};

/* What was logged before stays. It may hold passwords, so it is nobody else's to read. */
ShellLog *
shell_log_new (const char  *path,
               GError     **error)
{
  int fd = tool_streams_open_private (path, O_APPEND);
  ShellLog *self;

  if (fd < 0)
    {
      g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), _("Cannot write the log “%s”: %s"), path,
                   g_strerror (errno));
      return NULL;
    }
  self = g_new0 (ShellLog, 1);
  self->fd = fd;
  self->path = g_strdup (path);
  return self;
}

void
shell_log_free (ShellLog *self)
{
  close (self->fd);
  g_free (self->path);
  g_free (self);
}

/* FALSE with errno set: some of it may be there. */
static gboolean
write_all (int         fd,
           const char *text,
           gsize       length)
{
  while (length > 0)
    {
      gssize n = write (fd, text, length);

      if (n < 0 && errno != EINTR)
        return FALSE;
      text += MAX (n, 0);
      length -= MAX (n, 0);
    }
  return TRUE;
}

/* Each line is tried, since there may be room again, but a row of failures is told once. */
static gboolean
write_message (ShellLog    *self,
               QmpMessage  *message,
               GError     **error)
{
  g_autoptr(GString) out = g_string_new (NULL);
  gsize length;
  const char *text = g_bytes_get_data (qmp_message_get_bytes (message), &length);
  gboolean was_failing = self->failing;

  tool_print_append_json (out, text, length, TOOL_PRINT_PLAIN);
  g_string_append_c (out, '\n');
  self->failing = !write_all (self->fd, out->str, out->len);
  if (!self->failing || was_failing)
    return TRUE;

  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), _("Cannot write the log “%s”: %s"), self->path,
               g_strerror (errno));
  return FALSE;
}

static void
add_members (QmpMessage *to,
             QmpMessage *from)
{
  g_auto(GStrv) members = qmp_message_list_members (from);

  for (guint i = 0; members[i] != NULL; i++)
    {
      g_autofree char *value = qmp_message_dup_member_text (from, members[i]);

      qmp_message_set_member_text (to, members[i], value, NULL);
    }
}

gboolean
shell_log_reply (ShellLog    *self,
                 gint64       time,
                 QmpMessage  *command,
                 QmpMessage  *reply,
                 GError     **error)
{
  g_autoptr(QmpMessage) line = qmp_message_new ();
  g_autofree char *timestamp = g_strdup_printf ("{\"seconds\":%" G_GINT64_FORMAT ",\"microseconds\":%d}",
                                                time / G_USEC_PER_SEC, (int) (time % G_USEC_PER_SEC));

  qmp_message_set_member_text (line, "timestamp", timestamp, NULL);
  add_members (line, command);
  add_members (line, reply);
  return write_message (self, line, error);
}

gboolean
shell_log_event (ShellLog  *self,
                 QmpEvent  *event,
                 GError   **error)
{
  return write_message (self, QMP_MESSAGE (event), error);
}
