/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-redirect.h"

#include <glib/gi18n.h>
#include <string.h>

#include "shell-file.h"
#include "shell-pipe.h"
#include "tool-words.h"

struct _ShellRedirect {
  char              *command;    /* nullable: it is a file */
  char              *path;       /* nullable */
  gboolean           append;
  ShellFile         *file;       /* nullable */
  ShellPipe         *pipe;       /* while it runs */
  ShellRedirectDone  done;
  gpointer           user_data;
};

/* --- words --- */

char *
shell_redirect_read_path (const char *word)
{
  const char *end = *word == '"' || *word == '\'' ? tool_skip_quoted (word) : NULL;
  g_autoptr(GString) path = g_string_new (NULL);

  if (g_str_has_prefix (word, "~/"))
    return g_build_filename (g_get_home_dir (), word + 2, NULL);
  if (end == NULL || *end != '\0')
    return g_strdup (word);
  for (const char *at = word + 1; at < end - 1; at++)
    {
      if (*at == '\\' && at + 1 < end - 1)
        at++;
      g_string_append_c (path, *at);
    }
  return g_string_free (g_steal_pointer (&path), FALSE);
}

/* In the expressions of the human monitor "|" stands in front of what cannot be the name of a command. */
static gboolean
is_operand (const char *word)
{
  return g_ascii_isdigit (*word) || strchr ("$('+-~", *word) != NULL;
}

static gboolean
fail_at (const ToolWord  *word,
         const char      *why,
         GError         **error)
{
  tool_fail (error, "%s", why);
  tool_word_add_place (word, error);
  return FALSE;
}

/* sign: the number of the word that is one. */
static gboolean
parse (GPtrArray       *words,
       guint            sign,
       ShellRedirect  **redirect,
       GError         **error)
{
  const ToolWord *word = words->pdata[sign];
  const ToolWord *next = sign + 1 < words->len ? words->pdata[sign + 1] : NULL;
  gboolean is_pipe = strcmp (word->text, "|") == 0;
  g_autofree char *path = next != NULL && !is_pipe ? shell_redirect_read_path (next->text) : NULL;

  if (next == NULL || g_strcmp0 (path, "") == 0)
    return fail_at (word, is_pipe ? _("A command has to follow “|”") : _("The name of a file has to follow “>”"), error);
  if (!is_pipe && sign + 2 < words->len)
    return fail_at (words->pdata[sign + 2], _("Something follows the name of the file"), error);
  *redirect = g_new0 (ShellRedirect, 1);
  if (is_pipe)
    (*redirect)->command = g_strchomp (g_strdup (next->start));
  (*redirect)->path = g_steal_pointer (&path);
  (*redirect)->append = strcmp (word->text, ">>") == 0;
  return TRUE;
}

static gboolean
is_sign (const char *text)
{
  return strcmp (text, "|") == 0 || strcmp (text, ">") == 0 || strcmp (text, ">>") == 0;
}

/* Those that the human monitor gives no meaning. */
static gboolean
may_be_sign (GPtrArray *words,
             guint      number,
             gboolean   hmp)
{
  const ToolWord *first = words->pdata[0];
  const ToolWord *next = number + 1 < words->len ? words->pdata[number + 1] : NULL;

  if (!hmp)
    return TRUE;
  if (next == NULL || (strcmp (first->text, "info") != 0 && strcmp (first->text, "help") != 0))
    return FALSE;
  return !is_operand (next->text);
}

/* "|less": what would be wrong in any case. */
static gboolean
is_stuck_sign (const char *text)
{
  return strchr ("|>", *text) != NULL && !is_sign (text) && strchr (text, '=') == NULL;
}

/* The number of the word that is a sign; 0 if none is. In the place of a name it is one. */
static guint
find_sign (GPtrArray *words,
           gboolean   hmp)
{
  const ToolWord *first = words->len > 0 ? words->pdata[0] : NULL;

  for (guint i = first != NULL && strcmp (first->text, "transaction(") == 0 ? 2 : 1; i < words->len; i++)
    {
      const char *text = ((ToolWord *) words->pdata[i])->text;

      if ((is_sign (text) && may_be_sign (words, i, hmp)) || (!hmp && is_stuck_sign (text)))
        return i;
    }
  return 0;
}

gboolean
shell_redirect_split (const char      *line,
                      gboolean         hmp,
                      char           **command,
                      ShellRedirect  **redirect,
                      GError         **error)
{
  g_autoptr(GPtrArray) words = NULL;
  const ToolWord *word;
  guint sign;

  *redirect = NULL;
  *command = g_strdup (line);
  /* Most lines have no such character. */
  if (strpbrk (line, "|>") == NULL || line[strspn (line, " \t\r\n")] == '#' || !g_utf8_validate (line, -1, NULL))
    return TRUE;
  words = tool_words_split (line, NULL);
  sign = words != NULL ? find_sign (words, hmp) : 0;
  if (sign == 0)
    return TRUE;
  word = words->pdata[sign];
  if (is_stuck_sign (word->text))
    return fail_at (word, *word->text == '|' ? _("A blank has to follow “|”") : _("A blank has to follow “>”"), error);
  (*command)[word->start - line] = '\0';
  return parse (words, sign, redirect, error);
}

/* --- writing --- */

void
shell_redirect_free (ShellRedirect *self)
{
  g_assert (self->pipe == NULL);
  g_clear_pointer (&self->file, shell_file_free);
  g_free (self->command);
  g_free (self->path);
  g_free (self);
}

gboolean
shell_redirect_open (ShellRedirect  *self,
                     GError        **error)
{
  if (self->path != NULL)
    self->file = shell_file_new (self->path, self->append, error);
  return self->path == NULL || self->file != NULL;
}

gboolean
shell_redirect_is_pipe (ShellRedirect *self)
{
  return self->path == NULL;
}

gboolean
shell_redirect_is_busy (ShellRedirect *self)
{
  return self->pipe != NULL;
}

void
shell_redirect_end (ShellRedirect *self)
{
  shell_pipe_end (self->pipe);
}

static void
piped_cb (const GError *error,
          gpointer      user_data)
{
  ShellRedirect *self = user_data;

  self->pipe = NULL;
  self->done (error, self->user_data);
}

void
shell_redirect_write (ShellRedirect      *self,
                      const char         *text,
                      ShellRedirectDone   done,
                      gpointer            user_data)
{
  g_autoptr(GError) error = NULL;

  self->done = done;
  self->user_data = user_data;
  if (self->path == NULL)
    self->pipe = shell_pipe_start (self->command, text, piped_cb, self, &error);
  else
    shell_file_write (self->file, text, strlen (text), &error);
  if (self->pipe == NULL)
    done (error, user_data);
}
