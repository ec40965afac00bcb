/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-words.h"

#include <glib/gi18n.h>
#include <string.h>

#include "tool-literal.h"

/* An error's text shows no more characters of what was typed. */
#define MAX_SHOWN 60

void
tool_word_free (ToolWord *word)
{
  g_free (word->text);
  g_free (word);
}

gboolean
tool_fail (GError     **error,
           const char  *format,
           ...)
{
  va_list arguments;

  va_start (arguments, format);
  if (error != NULL)
    *error = g_error_new_valist (TOOL_ERROR, TOOL_ERROR_USAGE, format, arguments);
  va_end (arguments);
  return FALSE;
}

char *
tool_shorten (const char *text)
{
  g_autofree char *shown = NULL;

  if (g_utf8_strlen (text, -1) <= MAX_SHOWN)
    return g_strdup (text);
  shown = g_utf8_substring (text, 0, MAX_SHOWN);
  return g_strconcat (shown, "…", NULL);
}

void
tool_word_add_place (const ToolWord  *word,
                     GError         **error)
{
  g_autofree char *message = NULL;

  if (error == NULL || *error == NULL)
    return;
  message = g_steal_pointer (&(*error)->message);
  if (word->start != NULL)
    (*error)->message = g_strdup_printf (_("%s, at character %u"), message, word->place);
  else
    (*error)->message = g_strdup_printf (_("%s, in argument %u"), message, word->place);
}

const char *
tool_skip_quoted (const char *text)
{
  char quote = *text++;

  while (*text != '\0' && *text != quote)
    text += *text == '\\' && text[1] != '\0' ? 2 : 1;
  return *text == quote ? text + 1 : NULL;
}

/* Old qmp-shells cut a literal at its blanks, which left nothing of use. */
static const char *
skip_literal (const char *text)
{
  const ToolSyntax syntaxes[] = { TOOL_SYNTAX_JSON, TOOL_SYNTAX_PYTHON };

  for (guint i = 0; i < G_N_ELEMENTS (syntaxes); i++)
    {
      const char *end;
      g_autoptr(ToolValue) value = tool_literal_read (text, syntaxes[i], &end, NULL);

      if (value != NULL && (*end == '\0' || g_ascii_isspace (*end)))
        return end;
    }
  return NULL;
}

static const char *
skip_to_blank (const char *text)
{
  while (*text != '\0' && !g_ascii_isspace (*text))
    text++;
  return text;
}

/* Behind the value whose sign is at text; NULL when quotes within it count. */
static const char *
skip_value (const char *start,
            const char *text)
{
  if (text > start && text[-1] != ':' && text[1] == '=')
    return skip_to_blank (text);
  return text[1] == '{' || text[1] == '[' ? skip_literal (text + 1) : NULL;
}

/* Behind the word that begins at text. */
static const char *
skip_word (const char  *text,
           GError     **error)
{
  const char *start = text;
  const char *end;

  while (*text != '\0' && !g_ascii_isspace (*text))
    {
      if (*text == '=' && memchr (start, '=', text - start) == NULL)
        {
          end = skip_value (start, text);
          if (end != NULL)
            return end;
        }
      if (*text == '"' || *text == '\'')
        {
          end = tool_skip_quoted (text);
          if (end == NULL)
            {
              g_autofree char *shown = tool_shorten (start);

              tool_fail (error, _("The quote %c is not closed in “%s”"), *text, shown);
              return NULL;
            }
          text = end;
        }
      else
        text++;
    }
  return text;
}

GPtrArray *
tool_words_split (const char  *line,
                  GError     **error)
{
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func ((GDestroyNotify) tool_word_free);
  const char *at = line;
  const char *counted = line;
  guint place = 1;

  for (;;)
    {
      ToolWord *word;
      const char *end;

      while (g_ascii_isspace (*at))
        at++;
      if (*at == '\0')
        return g_steal_pointer (&words);
      word = g_new0 (ToolWord, 1);
      g_ptr_array_add (words, word);
      word->start = at;
      place += g_utf8_strlen (counted, at - counted);
      counted = at;
      word->place = place;
      end = skip_word (at, error);
      if (end == NULL)
        {
          tool_word_add_place (word, error);
          return NULL;
        }
      word->text = g_strndup (at, end - at);
      at = end;
    }
}

char **
tool_words_split_before (const char *line,
                         const char *word)
{
  g_autofree char *start = g_strndup (line, strlen (line) - strlen (word));
  g_autoptr(GPtrArray) words = tool_words_split (start, NULL);
  g_autoptr(GStrvBuilder) texts = g_strv_builder_new ();

  if (words == NULL)
    return NULL;
  for (guint i = 0; i < words->len; i++)
    g_strv_builder_add (texts, ((ToolWord *) words->pdata[i])->text);
  return g_strv_builder_end (texts);
}

const char *
tool_waiting_text (gboolean agent)
{
  return agent ? _("Waiting for the guest agent: it may not be running, or another client holds it") :
                 _("Waiting for the server: another client may hold this monitor");
}
