/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-lines.h"

#include <glib/gi18n.h>

#include "tool-lines.h"
#include "tool-words.h"

#define MAX_FILES 16

typedef struct {
  char      *path;
  ToolLines *lines;
  int        mark;
} File;

struct _ShellLines {
  GQueue  typed;      /* of char * */
  GQueue  files;      /* of File; the innermost first */
  char   *again;      /* nullable */
};

ShellLines *
shell_lines_new (void)
{
  return g_new0 (ShellLines, 1);
}

static void
file_free (File *file)
{
  tool_lines_free (file->lines);
  g_free (file->path);
  g_free (file);
}

void
shell_lines_close_all (ShellLines *self)
{
  g_queue_clear_full (&self->files, (GDestroyNotify) file_free);
}

void
shell_lines_forget (ShellLines *self)
{
  shell_lines_close_all (self);
  g_queue_clear_full (&self->typed, g_free);
  g_clear_pointer (&self->again, g_free);
}

void
shell_lines_free (ShellLines *self)
{
  shell_lines_forget (self);
  g_free (self);
}

void
shell_lines_add (ShellLines *self,
                 const char *text)
{
  g_auto(GStrv) parts = g_strsplit (text, "\n", -1);

  for (guint i = 0; parts[i] != NULL; i++)
    g_queue_push_tail (&self->typed, g_strdup (parts[i]));
}

void
shell_lines_put_back (ShellLines *self,
                      const char *line)
{
  g_free (self->again);
  self->again = g_strdup (line);
}

gboolean
shell_lines_open (ShellLines  *self,
                  const char  *path,
                  int          mark,
                  GError     **error)
{
  ToolLines *lines;
  File *file;

  if (g_queue_get_length (&self->files) == MAX_FILES)
    return tool_fail (error, _("Too many files are within each other"));
  lines = tool_lines_open (path, error);
  if (lines == NULL)
    return FALSE;
  file = g_new0 (File, 1);
  file->path = g_strdup (path);
  file->lines = lines;
  file->mark = mark;
  g_queue_push_head (&self->files, file);
  return TRUE;
}

void
shell_lines_close (ShellLines *self)
{
  file_free (g_queue_pop_head (&self->files));
}

static ShellLinesNext
next_of_file (File    *file,
              char   **line,
              GError **error)
{
  g_autoptr(GError) local_error = NULL;

  *line = g_strdup (tool_lines_next (file->lines, &local_error));
  if (*line != NULL)
    return SHELL_LINES_LINE;
  if (local_error == NULL)
    return SHELL_LINES_END;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return SHELL_LINES_ERROR;
}

ShellLinesNext
shell_lines_next (ShellLines  *self,
                  char       **line,
                  GError     **error)
{
  *line = g_steal_pointer (&self->again);
  if (*line == NULL && !g_queue_is_empty (&self->files))
    return next_of_file (g_queue_peek_head (&self->files), line, error);
  if (*line == NULL)
    *line = g_queue_pop_head (&self->typed);
  return *line != NULL ? SHELL_LINES_LINE : SHELL_LINES_NONE;
}

gboolean
shell_lines_is_in_file (ShellLines *self)
{
  return !g_queue_is_empty (&self->files);
}

char *
shell_lines_dup_place (ShellLines *self)
{
  const File *file = g_queue_peek_head (&self->files);

  return file != NULL ? g_strdup_printf ("%s:%u: ", file->path, tool_lines_get_number (file->lines)) : NULL;
}

int
shell_lines_get_mark (ShellLines *self)
{
  return ((File *) g_queue_peek_head (&self->files))->mark;
}
