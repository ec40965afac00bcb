/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-log.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <unistd.h>

#include "tool-print.h"

struct _ShellLog {
  FILE *file;
};

/* What was logged before stays. It may hold passwords, so it is nobody else's to read. */
ShellLog *
shell_log_new (const char  *path,
               GError     **error)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  ShellLog *self;

  if (fd < 0)
    {
      g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), _("Cannot write the log “%s”: %s"), path,
                   g_strerror (errno));
      return NULL;
    }
  self = g_new0 (ShellLog, 1);
  self->file = fdopen (fd, "a");
  return self;
}

void
shell_log_free (ShellLog *self)
{
  fclose (self->file);
  g_free (self);
}

static void
write_message (ShellLog   *self,
               QmpMessage *message)
{
  g_autoptr(GString) out = g_string_new (NULL);
  gsize length;
  const char *text = g_bytes_get_data (qmp_message_get_bytes (message), &length);

  tool_print_append_json (out, text, length, TOOL_PRINT_PLAIN);
  g_string_append_c (out, '\n');
  fputs (out->str, self->file);
  fflush (self->file);
}

void
shell_log_reply (ShellLog   *self,
                 QmpMessage *command,
                 QmpMessage *reply)
{
  g_autoptr(QmpMessage) both = qmp_message_dup (command);
  g_auto(GStrv) members = qmp_message_list_members (reply);

  for (guint i = 0; members[i] != NULL; i++)
    {
      g_autofree char *value = qmp_message_get_member_text (reply, members[i]);

      qmp_message_set_member_text (both, members[i], value, NULL);
    }
  write_message (self, both);
}

void
shell_log_event (ShellLog *self,
                 QmpEvent *event)
{
  write_message (self, QMP_MESSAGE (event));
}
