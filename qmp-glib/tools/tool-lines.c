/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-lines.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool-words.h"

/* What some editors put in front of a text. */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define MAX_BYTES ((gsize) TOOL_LINES_MAX * 1024 * 1024)

struct _ToolLines {
  FILE    *file;
  gboolean owns_file;
  GString *line;
  guint    number;
  gboolean has_end;  /* the line */
};

ToolLines *
tool_lines_new (FILE *file)
{
  ToolLines *self = g_new0 (ToolLines, 1);

  self->file = file;
  self->line = g_string_new (NULL);
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

ToolLines *
tool_lines_open_any (const char  *path,
                     GError     **error)
{
  FILE *file = fopen (path, "re");
  ToolLines *self;

  if (file == NULL)
    {
      fail (path, errno, error);
      return NULL;
    }
  self = tool_lines_new (file);
  self->owns_file = TRUE;
  return self;
}

void
tool_lines_free (ToolLines *self)
{
  if (self->owns_file)
    fclose (self->file);
  g_string_free (self->line, TRUE);
  g_free (self);
}

guint
tool_lines_get_number (ToolLines *self)
{
  return self->number;
}

gboolean
tool_lines_has_end (ToolLines *self)
{
  return self->has_end;
}

/* FALSE at the end of the file, and when it cannot be read. A line that is too long is left where it is one byte more than that. */
static gboolean
read_line (ToolLines *self)
{
  int c;

  self->has_end = FALSE;
  g_string_truncate (self->line, 0);
  while (!self->has_end && self->line->len <= MAX_BYTES && (c = getc_unlocked (self->file)) != EOF)
    {
      g_string_append_c (self->line, c);
      self->has_end = c == '\n';
    }
  return self->line->len > 0 && !ferror (self->file);
}

const char *
tool_lines_next (ToolLines  *self,
                 GError    **error)
{
  const char *line;

  errno = 0;
  if (!read_line (self))
    {
      if (ferror (self->file))
        g_set_error_literal (error, G_FILE_ERROR, g_file_error_from_errno (errno), g_strerror (errno));
      return NULL;
    }
  self->number++;
  if (self->line->len > MAX_BYTES)
    tool_fail (error, _("The line is longer than %d MiB"), TOOL_LINES_MAX);
  else if (memchr (self->line->str, '\0', self->line->len) != NULL)
    tool_fail (error, _("The line has a zero byte in it"));
  else
    {
      line = g_strchomp (self->line->str);
      return self->number == 1 && g_str_has_prefix (line, BYTE_ORDER_MARK) ? line + strlen (BYTE_ORDER_MARK) : line;
    }
  return NULL;
}
