/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-lines.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool-words.h"

/* What some editors put in front of a text. */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct _ToolLines {
  FILE    *file;
  gboolean owns_file;
  char    *line;     /* of getline() */
  gsize    size;
  guint    number;
};

ToolLines *
tool_lines_new (FILE *file)
{
  ToolLines *self = g_new0 (ToolLines, 1);

  self->file = file;
  return self;
}

static gboolean
fail (const char  *path,
      int          code,
      GError     **error)
{
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code), _("Cannot read “%s”: %s"), path, g_strerror (code));
  return FALSE;
}

/* Another sort of file might be waited for. */
static gboolean
check_file (int          fd,
            const char  *path,
            GError     **error)
{
  struct stat info;

  if (fstat (fd, &info) != 0)
    return fail (path, errno, error);
  if (S_ISREG (info.st_mode))
    return TRUE;
  if (S_ISDIR (info.st_mode))
    return fail (path, EISDIR, error);
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL, _("Cannot read “%s”: it is not a regular file"), path);
  return FALSE;
}

ToolLines *
tool_lines_open (const char  *path,
                 GError     **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  ToolLines *self;

  if (fd < 0)
    {
      fail (path, errno, error);
      return NULL;
    }
  if (!check_file (fd, path, error))
    {
      close (fd);
      return NULL;
    }
  self = tool_lines_new (fdopen (fd, "r"));
  self->owns_file = TRUE;
  return self;
}

void
tool_lines_free (ToolLines *self)
{
  if (self->owns_file)
    fclose (self->file);
  free (self->line);
  g_free (self);
}

guint
tool_lines_get_number (ToolLines *self)
{
  return self->number;
}

const char *
tool_lines_next (ToolLines  *self,
                 GError    **error)
{
  gssize length = getline (&self->line, &self->size, self->file);
  const char *line = self->line;

  if (length < 0 && ferror (self->file))
    g_set_error_literal (error, G_FILE_ERROR, g_file_error_from_errno (errno), g_strerror (errno));
  if (length < 0)
    return NULL;
  self->number++;
  if (memchr (line, '\0', length) != NULL)
    {
      tool_fail (error, _("The line has a zero byte in it"));
      return NULL;
    }
  g_strchomp (self->line);
  return self->number == 1 && g_str_has_prefix (line, BYTE_ORDER_MARK) ? line + strlen (BYTE_ORDER_MARK) : line;
}
