/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-grammar.h"

#include <glib/gi18n.h>
#include <string.h>

struct _ToolGrammar {
  gboolean  in_transaction;
  GString  *actions;   /* of the transaction: a JSON array without its end */
  GString  *json;      /* NULL, or the lines of an object that is not complete */
};

/* --- words --- */

static void
word_free (ToolWord *word)
{
  g_free (word->text);
  g_free (word);
}

static gboolean
fail (GError     **error,
      const char  *format,
      ...) G_GNUC_PRINTF (2, 3);

/* Returns FALSE, for the caller to return. */
static gboolean
fail (GError     **error,
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

/* Says where a word stands. */
static void
add_place (const ToolWord  *word,
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

/* Behind the closing quote; NULL if there is none. */
static const char *
skip_quoted (const char *text)
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

/* Behind the word that begins at text. */
static const char *
skip_word (const char  *text,
           GError     **error)
{
  const char *start = text;
  const char *end;

  while (*text != '\0' && !g_ascii_isspace (*text))
    {
      if (*text == '=' && (text[1] == '{' || text[1] == '[') && memchr (start, '=', text - start) == NULL)
        {
          end = skip_literal (text + 1);
          if (end != NULL)
            return end;
        }
      if (*text == '"' || *text == '\'')
        {
          end = skip_quoted (text);
          if (end == NULL)
            {
              fail (error, _("The quote %c is not closed in “%s”"), *text, start);
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
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func ((GDestroyNotify) word_free);
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
          add_place (word, error);
          return NULL;
        }
      word->text = g_strndup (at, end - at);
      at = end;
    }
}

/* --- values --- */

/* As Python's int() reads them: a sign, digits of any script, single underscores between them. */
static ToolValue *
parse_integer (const char *text)
{
  g_autoptr(GString) out = g_string_new (NULL);
  gboolean negative = *text == '-';
  gboolean after_digit = FALSE;

  if (*text == '-' || *text == '+')
    text++;
  for (; *text != '\0'; text = g_utf8_next_char (text))
    {
      gunichar c = g_utf8_get_char (text);

      if (c == '_' && after_digit)
        {
          after_digit = FALSE;
          continue;
        }
      after_digit = g_unichar_type (c) == G_UNICODE_DECIMAL_NUMBER;
      if (!after_digit)
        return NULL;
      /* no zeros at the front */
      if (out->len == 1 && out->str[0] == '0')
        g_string_truncate (out, 0);
      g_string_append_c (out, '0' + g_unichar_digit_value (c));
    }
  if (!after_digit)
    return NULL;
  if (negative && strcmp (out->str, "0") != 0)
    g_string_prepend_c (out, '-');
  return tool_value_new_text (g_strdup (out->str));
}

/* A value that is one string in quotes from end to end. */
static gboolean
is_quoted (const char *text)
{
  const char *end = *text == '"' || *text == '\'' ? skip_quoted (text) : NULL;

  return end != NULL && *end == '\0';
}

ToolValue *
tool_value_parse (const char  *text,
                  GError     **error)
{
  g_autoptr(GError) local_error = NULL;
  g_autoptr(ToolValue) value = parse_integer (text);
  const char *end;

  if (value != NULL)
    return g_steal_pointer (&value);
  if (g_ascii_strcasecmp (text, "true") == 0 || g_ascii_strcasecmp (text, "false") == 0)
    return tool_value_new_text (g_ascii_strdown (text, -1));
  if (*text != '{' && *text != '[' && !is_quoted (text))
    return tool_value_new_string (text, strlen (text));

  value = tool_literal_read_all (text, &end, &local_error);
  if (value != NULL)
    return g_steal_pointer (&value);
  /* What looks like a literal and is none is a string, as ever. */
  if ((*text == '{' || *text == '[') && !g_error_matches (local_error, TOOL_ERROR, TOOL_ERROR_UNSENDABLE))
    return tool_value_new_string (text, strlen (text));
  fail (error, _("%s: “%s”"), local_error->message, text);
  return NULL;
}

/* Behind ":=" stands a literal and nothing else. */
static ToolValue *
parse_literal (const char  *text,
               GError     **error)
{
  g_autoptr(GError) local_error = NULL;
  const char *end;
  ToolValue *value = tool_literal_read_all (text, &end, &local_error);

  if (value == NULL && *end != '\0')
    fail (error, _("%s: “%s”, from “%s” on"), local_error->message, text, end);
  else if (value == NULL)
    fail (error, _("%s: “%s”"), local_error->message, text);
  return value;
}

/* --- key=value --- */

/* The object that the last part of a dotted key goes into. */
static ToolValue *
find_owner (ToolValue   *object,
            char       **parts,
            GError     **error)
{
  g_autoptr(GString) path = g_string_new (NULL);

  for (; parts[1] != NULL; parts++)
    {
      g_autofree char *key = tool_value_quote (parts[0], strlen (parts[0]));
      ToolValue *inner = tool_value_find (object, key);

      g_string_append_printf (path, "%s%s", path->len > 0 ? "." : "", parts[0]);
      if (inner == NULL)
        {
          inner = tool_value_new_object ();
          tool_value_set (object, key, inner);
        }
      else if (tool_value_get_text (inner) != NULL)
        {
          fail (error, _("Cannot use “%s” as both leaf and non-leaf key"), path->str);
          return NULL;
        }
      object = inner;
    }
  return object;
}

static gboolean
set_dotted (ToolValue   *object,
            const char  *dotted,
            ToolValue   *value,
            GError     **error)
{
  g_auto(GStrv) parts = g_strsplit (dotted, ".", -1);
  g_autoptr(ToolValue) owned = value;
  g_autofree char *key = NULL;
  ToolValue *owner, *present;
  const char *last;

  if (*dotted == '\0' || g_strv_contains ((const char * const *) parts, ""))
    return fail (error, _("A part of the key “%s” is empty"), dotted);
  owner = find_owner (object, parts, error);
  if (owner == NULL)
    return FALSE;
  last = parts[g_strv_length (parts) - 1];
  key = tool_value_quote (last, strlen (last));
  present = tool_value_find (owner, key);
  if (present != NULL && tool_value_get_text (present) == NULL)
    return fail (error, _("Cannot use “%s” as both leaf and non-leaf key"), dotted);
  if (present != NULL)
    return fail (error, _("Cannot set “%s” multiple times"), dotted);
  tool_value_set (owner, key, g_steal_pointer (&owned));
  return TRUE;
}

static gboolean
set_argument (ToolValue   *arguments,
              const char  *word,
              GError     **error)
{
  const char *sign = strchr (word, '=');
  gboolean literal = sign != NULL && sign > word && sign[-1] == ':';
  g_autofree char *key = NULL;
  ToolValue *value;

  if (sign == NULL)
    return fail (error, _("Expected a key=value pair, got “%s”"), word);
  key = g_strndup (word, sign - word - (literal ? 1 : 0));
  value = literal ? parse_literal (sign + 1, error) : tool_value_parse (sign + 1, error);
  return value != NULL && set_dotted (arguments, key, value, error);
}

/* words: from the first argument on. */
static gboolean
set_arguments (ToolValue  *arguments,
               ToolWord  **words,
               guint       n_words,
               GError    **error)
{
  for (guint i = 0; i < n_words; i++)
    {
      if (set_argument (arguments, words[i]->text, error))
        continue;
      add_place (words[i], error);
      return FALSE;
    }
  return TRUE;
}

/* NULL on failure; without a member when there are no words. */
static ToolValue *
parse_arguments (ToolWord **words,
                 guint      n_words,
                 GError   **error)
{
  g_autoptr(ToolValue) arguments = tool_value_new_object ();

  return set_arguments (arguments, words, n_words, error) ? g_steal_pointer (&arguments) : NULL;
}

/* --- commands --- */

/* Takes arguments. */
static QmpMessage *
new_command (const char  *name,
             ToolValue   *arguments,
             GError     **error)
{
  g_autoptr(ToolValue) command = tool_value_new_object ();
  g_autofree char *arguments_text = tool_value_to_json (arguments);
  g_autoptr(GBytes) bytes = NULL;
  char *text;

  tool_value_set (command, "\"execute\"", tool_value_new_string (name, strlen (name)));
  if (strcmp (arguments_text, "{}") == 0)
    tool_value_free (arguments);
  else
    tool_value_set (command, "\"arguments\"", arguments);
  text = tool_value_to_json (command);
  bytes = g_bytes_new_take (text, strlen (text));
  return qmp_message_new_from_bytes (bytes, TRUE, error);
}

static QmpMessage *
parse_command (ToolWord **words,
               guint      n_words,
               GError   **error)
{
  ToolValue *arguments = parse_arguments (words + 1, n_words - 1, error);

  return arguments != NULL ? new_command (words[0]->text, arguments, error) : NULL;
}

QmpMessage *
tool_command_from_words (const char * const  *words,
                         GError             **error)
{
  g_autoptr(GPtrArray) array = g_ptr_array_new_with_free_func ((GDestroyNotify) word_free);

  for (guint i = 0; words[i] != NULL; i++)
    {
      ToolWord *word = g_new0 (ToolWord, 1);

      g_ptr_array_add (array, word);
      word->text = g_strdup (words[i]);
      word->place = i;
      if (g_utf8_validate (words[i], -1, NULL))
        continue;
      fail (error, _("The text is not UTF-8"));
      add_place (word, error);
      return NULL;
    }
  if (array->len == 0)
    {
      fail (error, _("The command is missing"));
      return NULL;
    }
  return parse_command ((ToolWord **) array->pdata, array->len, error);
}

/* --- transactions --- */

ToolGrammar *
tool_grammar_new (void)
{
  ToolGrammar *self = g_new0 (ToolGrammar, 1);

  self->actions = g_string_new (NULL);
  return self;
}

void
tool_grammar_free (ToolGrammar *self)
{
  tool_grammar_abort (self);
  g_string_free (self->actions, TRUE);
  g_free (self);
}

ToolState
tool_grammar_get_state (ToolGrammar *self)
{
  if (self->json != NULL)
    return TOOL_STATE_JSON;
  return self->in_transaction ? TOOL_STATE_TRANSACTION : TOOL_STATE_COMMAND;
}

gboolean
tool_grammar_abort (ToolGrammar *self)
{
  gboolean had = tool_grammar_get_state (self) != TOOL_STATE_COMMAND;

  if (self->json != NULL)
    g_string_free (g_steal_pointer (&self->json), TRUE);
  self->in_transaction = FALSE;
  g_string_truncate (self->actions, 0);
  return had;
}

static void
begin_transaction (ToolGrammar *self)
{
  self->in_transaction = TRUE;
  g_string_assign (self->actions, "[");
}

static void
add_action (ToolGrammar *self,
            const char  *json)
{
  if (self->actions->len > 1)
    g_string_append_c (self->actions, ',');
  g_string_append (self->actions, json);
}

/* words: behind the end; what else the command is given, such as properties.completion-mode=grouped. */
static QmpMessage *
end_transaction (ToolGrammar  *self,
                 ToolWord    **words,
                 guint         n_words,
                 GError      **error)
{
  g_autoptr(ToolValue) arguments = tool_value_new_object ();

  tool_value_set (arguments, "\"actions\"", tool_value_new_text (g_strconcat (self->actions->str, "]", NULL)));
  if (!set_arguments (arguments, words, n_words, error))
    return NULL;
  tool_grammar_abort (self);
  return new_command ("transaction", g_steal_pointer (&arguments), error);
}

static gboolean
parse_action (ToolGrammar  *self,
              ToolWord    **words,
              guint         n_words,
              GError      **error)
{
  g_autoptr(ToolValue) action = tool_value_new_object ();
  g_autofree char *json = NULL;
  ToolValue *data = parse_arguments (words + 1, n_words - 1, error);

  if (data == NULL)
    return FALSE;
  tool_value_set (action, "\"type\"", tool_value_new_string (words[0]->text, strlen (words[0]->text)));
  tool_value_set (action, "\"data\"", data);
  json = tool_value_to_json (action);
  add_action (self, json);
  return TRUE;
}

/* Which word ends the transaction; n_words if none does. */
static guint
find_end (ToolWord **words,
          guint      n_words)
{
  guint i = 0;

  while (i < n_words && strcmp (words[i]->text, ")") != 0)
    i++;
  return i;
}

/* One action at most, and the end at most, of the transaction that is going on. */
static QmpMessage *
feed_transaction (ToolGrammar  *self,
                  ToolWord    **words,
                  guint         n_words,
                  GError      **error)
{
  guint end = find_end (words, n_words);
  gsize length = self->actions->len;
  QmpMessage *command;

  if (end + 1 < n_words && strchr (words[end + 1]->text, '=') == NULL)
    {
      fail (error, _("Unexpected input after close of Transaction sub-shell: “%s”"), words[end + 1]->text);
      add_place (words[end + 1], error);
      return NULL;
    }
  if (end > 0 && !parse_action (self, words, end, error))
    return NULL;
  if (end == n_words)
    return NULL;
  command = end_transaction (self, words + end + 1, n_words - end - 1, error);
  if (command == NULL)
    g_string_truncate (self->actions, length);
  return command;
}

static QmpMessage *
feed_words (ToolGrammar  *self,
            ToolWord    **words,
            guint         n_words,
            GError      **error)
{
  gboolean begins = n_words > 0 && strcmp (words[0]->text, "transaction(") == 0;
  g_autoptr(GError) local_error = NULL;
  QmpMessage *command;

  if (begins && self->in_transaction)
    {
      fail (error, _("A transaction is going on already; “)” ends it, “abort” forgets it"));
      add_place (words[0], error);
      return NULL;
    }
  if (self->in_transaction && n_words == 1 && strcmp (words[0]->text, "abort") == 0)
    {
      tool_grammar_abort (self);
      return NULL;
    }
  if (!begins && !self->in_transaction)
    return n_words > 0 ? parse_command (words, n_words, error) : NULL;

  if (begins)
    {
      begin_transaction (self);
      words++;
      n_words--;
    }
  command = feed_transaction (self, words, n_words, &local_error);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      if (begins)
        tool_grammar_abort (self);
    }
  return command;
}

/* --- JSON --- */

/* An object is complete: it is the command, or within a transaction the action. */
static QmpMessage *
finish_json (ToolGrammar  *self,
             const char   *text,
             GError      **error)
{
  g_autofree char *stripped = g_strstrip (g_strdup (text));
  g_autoptr(GBytes) bytes = g_bytes_new (stripped, strlen (stripped));
  g_autoptr(QmpMessage) message = qmp_message_new_from_bytes (bytes, TRUE, error);

  if (message == NULL || !self->in_transaction)
    return g_steal_pointer (&message);
  add_action (self, stripped);
  return NULL;
}

static QmpMessage *
feed_json (ToolGrammar  *self,
           const char   *line,
           GError      **error)
{
  g_autoptr(GString) text = g_steal_pointer (&self->json);
  g_autoptr(ToolValue) value = NULL;
  g_autoptr(GError) local_error = NULL;
  const char *end;

  if (text == NULL)
    text = g_string_new (NULL);
  g_string_append (text, line);
  value = tool_literal_read (text->str + strspn (text->str, " \t\r\n"), TOOL_SYNTAX_JSON, &end, &local_error);
  if (value == NULL && g_error_matches (local_error, TOOL_ERROR, TOOL_ERROR_UNFINISHED))
    {
      self->json = g_steal_pointer (&text);
      g_string_append_c (self->json, '\n');
      return NULL;
    }
  return finish_json (self, text->str, error);
}

QmpMessage *
tool_grammar_feed (ToolGrammar  *self,
                   const char   *line,
                   GError      **error)
{
  g_autoptr(GPtrArray) words = NULL;

  if (!g_utf8_validate (line, -1, NULL))
    {
      fail (error, _("The line is not UTF-8"));
      return NULL;
    }
  if (self->json != NULL || line[strspn (line, " \t\r\n")] == '{')
    return feed_json (self, line, error);
  words = tool_words_split (line, error);
  if (words == NULL)
    return NULL;
  return feed_words (self, (ToolWord **) words->pdata, words->len, error);
}
