/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-grammar.h"

#include <glib/gi18n.h>
#include <string.h>

#include "tool-json.h"

/* From so many bytes on, lines of JSON are not read anew with each further line. */
#define LARGE 4096
#define MAX_BYTES ((gsize) TOOL_GRAMMAR_MAX * 1024 * 1024)

struct _ToolGrammar {
  ToolTypes *types;      /* borrowed, nullable */
  gboolean   in_transaction;
  GString   *actions;    /* of the transaction: a JSON array without its end */
  GString   *json;       /* NULL, or the lines of an object that is not complete */
  gsize      json_read;  /* how long that was when it was read last */
  int        depth;      /* how many of its brackets are open, if it is JSON at all */
};

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
  const char *end = *text == '"' || *text == '\'' ? tool_skip_quoted (text) : NULL;

  return end != NULL && *end == '\0';
}

ToolValue *
tool_value_parse (const char  *text,
                  GError     **error)
{
  g_autoptr(GError) local_error = NULL;
  g_autoptr(ToolValue) value = parse_integer (text);
  g_autofree char *shown = NULL;
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
  /* What only looks like a literal is a string, as ever. */
  if ((*text == '{' || *text == '[') && !g_error_matches (local_error, TOOL_ERROR, TOOL_ERROR_UNSENDABLE))
    return tool_value_new_string (text, strlen (text));
  shown = tool_shorten (text);
  tool_fail (error, _("%s: “%s”"), local_error->message, shown);
  return NULL;
}

/* Behind ":=" stands a literal and nothing else. */
static ToolValue *
parse_literal (const char  *text,
               GError     **error)
{
  g_autoptr(GError) local_error = NULL;
  g_autofree char *shown = NULL;
  g_autofree char *rest = NULL;
  const char *end;
  ToolValue *value = tool_literal_read_all (text, &end, &local_error);

  if (value != NULL)
    return value;
  shown = tool_shorten (text);
  rest = tool_shorten (end);
  if (*end != '\0')
    tool_fail (error, _("%s: “%s”, from “%s” on"), local_error->message, shown, rest);
  else
    tool_fail (error, _("%s: “%s”"), local_error->message, shown);
  return NULL;
}

/* As it looks, unless the server wants a text there. In quotes it is one in any case. */
static ToolValue *
parse_at_place (const ToolPlace  *place,
                const char       *key,
                const char       *text,
                GError          **error)
{
  g_autoptr(ToolValue) value = tool_value_parse (text, error);
  g_autofree char *json = NULL;

  if (value == NULL || place->types == NULL)
    return g_steal_pointer (&value);
  json = tool_value_to_json (value);
  if (*json == '"')
    return g_steal_pointer (&value);
  switch (tool_types_fit (place, key, json))
    {
    case TOOL_FIT_TEXT:
      return tool_value_new_string (text, strlen (text));
    case TOOL_FIT_ASK:
      g_set_error_literal (error, TOOL_ERROR, TOOL_ERROR_ASK, _("The server has to be asked first"));
      return NULL;
    default:
      return g_steal_pointer (&value);
    }
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
          g_autofree char *shown = tool_shorten (path->str);

          tool_fail (error, _("Cannot use “%s” as both leaf and non-leaf key"), shown);
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
  g_autofree char *shown = tool_shorten (dotted);
  g_autofree char *key = NULL;
  ToolValue *owner, *present;
  const char *last;

  if (*dotted == '\0' || g_strv_contains ((const char * const *) parts, ""))
    return tool_fail (error, _("A part of the key “%s” is empty"), shown);
  owner = find_owner (object, parts, error);
  if (owner == NULL)
    return FALSE;
  last = parts[g_strv_length (parts) - 1];
  key = tool_value_quote (last, strlen (last));
  present = tool_value_find (owner, key);
  if (present != NULL && tool_value_get_text (present) == NULL)
    return tool_fail (error, _("Cannot use “%s” as both leaf and non-leaf key"), shown);
  if (present != NULL)
    return tool_fail (error, _("Cannot set “%s” multiple times"), shown);
  tool_value_set (owner, key, g_steal_pointer (&owned));
  return TRUE;
}

/* What stands there without a key. */
static gboolean
fail_by_word (const ToolPlace  *place,
              guint             number,
              GError          **error)
{
  const char *word = place->words[number]->text;
  const char *before = number > 0 ? place->words[number - 1]->text : "";
  const char *after = number + 1 < place->n_words ? place->words[number + 1]->text : "";
  g_autofree char *shown = tool_shorten (word);

  if (*word == '=' || *after == '=' || g_str_has_suffix (before, "="))
    return tool_fail (error, _("Expected a key=value pair, without blanks about the “=”, got “%s”"), shown);
  return tool_fail (error, _("Expected a key=value pair, got “%s”"), shown);
}

ToolValue *
tool_member_parse (const ToolPlace  *place,
                   guint             number,
                   char            **key,
                   GError          **error)
{
  const char *word = place->words[number]->text;
  const char *sign = strchr (word, '=');
  gboolean literal = sign != NULL && sign > word && sign[-1] == ':';

  if (sign == NULL || (number > 0 && strcmp (word, "=") == 0))
    {
      fail_by_word (place, number, error);
      return NULL;
    }
  *key = g_strndup (word, sign - word - (literal ? 1 : 0));
  if (literal)
    return parse_literal (sign + 1, error);
  if (sign > word && sign[1] == '=')
    return tool_value_new_string (sign + 2, strlen (sign + 2));
  return parse_at_place (place, *key, sign + 1, error);
}

static gboolean
set_argument (ToolValue        *arguments,
              const ToolPlace  *place,
              guint             number,
              GError          **error)
{
  g_autofree char *key = NULL;
  ToolValue *value = tool_member_parse (place, number, &key, error);

  return value != NULL && set_dotted (arguments, key, value, error);
}

static gboolean
set_arguments (ToolValue        *arguments,
               const ToolPlace  *place,
               GError          **error)
{
  for (guint i = 0; i < place->n_words; i++)
    {
      if (set_argument (arguments, place, i, error))
        continue;
      tool_word_add_place (place->words[i], error);
      return FALSE;
    }
  return TRUE;
}

/* NULL on failure; without a member when there are no words. */
static ToolValue *
parse_arguments (const ToolPlace  *place,
                 GError          **error)
{
  g_autoptr(ToolValue) arguments = tool_value_new_object ();

  return set_arguments (arguments, place, error) ? g_steal_pointer (&arguments) : NULL;
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
  return qmp_message_new_from_bytes (bytes, error);
}

/* words: the name, and the arguments. */
static QmpMessage *
parse_command (ToolTypes  *types,
               ToolWord  **words,
               guint       n_words,
               GError    **error)
{
  const ToolPlace place = { types, TOOL_OF_COMMAND, words[0]->text, words + 1, n_words - 1 };
  ToolValue *arguments = parse_arguments (&place, error);

  return arguments != NULL ? new_command (words[0]->text, arguments, error) : NULL;
}

QmpMessage *
tool_command_from_words (const char * const  *words,
                         ToolTypes           *types,
                         GError             **error)
{
  g_autoptr(GPtrArray) array = g_ptr_array_new_with_free_func ((GDestroyNotify) tool_word_free);

  for (guint i = 0; words[i] != NULL; i++)
    {
      ToolWord *word = g_new0 (ToolWord, 1);

      g_ptr_array_add (array, word);
      word->text = g_strdup (words[i]);
      word->place = i;
      if (g_utf8_validate (words[i], -1, NULL))
        continue;
      tool_fail (error, _("The text is not UTF-8"));
      tool_word_add_place (word, error);
      return NULL;
    }
  if (array->len == 0)
    {
      tool_fail (error, _("The command is missing"));
      return NULL;
    }
  return parse_command (types, (ToolWord **) array->pdata, array->len, error);
}

gboolean
tool_command_negotiates (QmpMessage *command)
{
  const char *name = tool_json_as_string (qmp_message_get_member (command, "execute"));
  g_autofree char *arguments = qmp_message_dup_member_text (command, "arguments");

  return g_strcmp0 (name, "qmp_capabilities") == 0 && (arguments == NULL || strcmp (arguments, "{}") == 0);
}

/* Whether the client will send it. As a value in a format it is looked at as closely as when it is sent. */
static gboolean
check_command (QmpMessage  *command,
               GError     **error)
{
  gsize length;
  const char *text = g_bytes_get_data (qmp_message_get_bytes (command), &length);
  g_autofree char *json = g_strndup (text, length);
  g_autoptr(QmpMessage) checked = qmp_message_new_parsed ("check", error, "{'command': %j}", json);

  return checked != NULL;
}

gboolean
tool_commands_check (GQueue  *commands,
                     GError **error)
{
  if (g_queue_get_length (commands) < 2)
    return TRUE;
  for (GList *l = commands->head; l != NULL; l = l->next)
    if (!check_command (l->data, error))
      return FALSE;
  return TRUE;
}

/* --- transactions --- */

ToolGrammar *
tool_grammar_new (ToolTypes *types)
{
  ToolGrammar *self = g_new0 (ToolGrammar, 1);

  self->types = types;
  self->actions = g_string_new (NULL);
  return self;
}

ToolGrammar *
tool_grammar_copy (ToolGrammar *self)
{
  ToolGrammar *copy = g_memdup2 (self, sizeof *self);

  copy->actions = g_string_new_len (self->actions->str, self->actions->len);
  copy->json = self->json != NULL ? g_string_new_len (self->json->str, self->json->len) : NULL;
  return copy;
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
  const ToolPlace place = { self->types, TOOL_OF_COMMAND, "transaction", words, n_words };
  g_autoptr(ToolValue) arguments = tool_value_new_object ();

  tool_value_set (arguments, "\"actions\"", tool_value_new_text (g_strconcat (self->actions->str, "]", NULL)));
  if (!set_arguments (arguments, &place, error))
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
  const ToolPlace place = { self->types, TOOL_OF_ACTION, words[0]->text, words + 1, n_words - 1 };
  g_autoptr(ToolValue) action = tool_value_new_object ();
  g_autofree char *json = NULL;
  ToolValue *data = parse_arguments (&place, error);

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

/* Something follows the end that is not a property. */
static gboolean
check_end (ToolWord **words,
           guint      n_words,
           guint      end,
           GError   **error)
{
  g_autofree char *shown = NULL;

  if (end + 1 >= n_words || strchr (words[end + 1]->text, '=') != NULL)
    return TRUE;
  shown = tool_shorten (words[end + 1]->text);
  tool_fail (error, _("Unexpected input after close of Transaction sub-shell: “%s”"), shown);
  tool_word_add_place (words[end + 1], error);
  return FALSE;
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

  if (!check_end (words, n_words, end, error))
    return NULL;
  if (end > 0 && !parse_action (self, words, end, error))
    return NULL;
  if (end == n_words)
    return NULL;
  command = end_transaction (self, words + end + 1, n_words - end - 1, error);
  if (command == NULL)
    g_string_truncate (self->actions, length);
  return command;
}

/* Brackets are words of their own: "transaction(a" and ")x" are names of nothing. */
static gboolean
check_brackets (ToolGrammar  *self,
                ToolWord    **words,
                guint         n_words,
                GError      **error)
{
  const char *first = n_words > 0 ? words[0]->text : "";
  const char *second = n_words > 1 ? words[1]->text : "";

  if (g_str_has_prefix (first, "transaction(") && strlen (first) > strlen ("transaction("))
    tool_fail (error, _("A blank has to follow “transaction(”"));
  else if (strcmp (first, "transaction") == 0 && *second == '(')
    tool_fail (error, _("No blank stands in “transaction(”"));
  else if (self->in_transaction && *first == ')' && strlen (first) > 1)
    tool_fail (error, _("A blank has to follow “)”"));
  else if (self->in_transaction && strcmp (first, "transaction(") == 0)
    tool_fail (error, _("A transaction is going on already; “)” ends it, “abort” forgets it"));
  else
    return TRUE;
  tool_word_add_place (words[0], error);
  return FALSE;
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

  if (!check_brackets (self, words, n_words, error))
    return NULL;
  if (self->in_transaction && n_words == 1 && strcmp (words[0]->text, "abort") == 0)
    {
      tool_grammar_abort (self);
      return NULL;
    }
  if (!begins && !self->in_transaction)
    return n_words > 0 ? parse_command (self->types, words, n_words, error) : NULL;

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

/* How deep the text is in brackets behind a line. A string does not go on in the next one. */
static void
count_brackets (ToolGrammar *self,
                const char  *line)
{
  gboolean in_string = FALSE;

  for (; *line != '\0'; line++)
    {
      if (in_string && *line == '\\' && line[1] != '\0')
        line++;
      else if (*line == '"')
        in_string = !in_string;
      else if (!in_string && (*line == '{' || *line == '['))
        self->depth++;
      else if (!in_string && (*line == '}' || *line == ']'))
        self->depth--;
    }
}

/* Whether to look at the lines that there are. A large object is read where it may end, and now and then, so that
 * mistakes in it are found. */
static gboolean
is_worth_reading (ToolGrammar *self,
                  GString     *text)
{
  return text->len < LARGE || self->depth <= 0 || text->len / 2 > self->json_read;
}

/* An object is complete: it is a command, or within a transaction an action. */
static gboolean
take_object (ToolGrammar  *self,
             const char   *text,
             gsize         length,
             GQueue       *commands,
             GError      **error)
{
  g_autofree char *stripped = g_strchomp (g_strndup (text, length));
  g_autoptr(GBytes) bytes = g_bytes_new (stripped, strlen (stripped));
  g_autoptr(QmpMessage) message = qmp_message_new_from_bytes (bytes, error);

  if (message == NULL)
    return FALSE;
  if (self->in_transaction)
    add_action (self, stripped);
  else
    g_queue_push_tail (commands, g_steal_pointer (&message));
  return TRUE;
}

/* Objects one behind the other, as scripts send them. UNFINISHED when the last one is not complete. */
static gboolean
take_objects (ToolGrammar  *self,
              const char   *text,
              GQueue       *commands,
              GError      **error)
{
  for (text += strspn (text, " \t\r\n"); *text != '\0'; text += strspn (text, " \t\r\n"))
    {
      g_autoptr(GError) local_error = NULL;
      g_autoptr(ToolValue) value = NULL;
      const char *end;

      value = tool_literal_read (text, TOOL_SYNTAX_JSON, &end, &local_error);
      if (value == NULL && g_error_matches (local_error, TOOL_ERROR, TOOL_ERROR_UNFINISHED))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      /* Of what is wrong, or no object, the message's own error tells more. */
      if (value == NULL || *text != '{')
        end = text + strlen (text);
      if (!take_object (self, text, end - text, commands, error))
        return FALSE;
      text = end;
    }
  return TRUE;
}

static gboolean
feed_json (ToolGrammar  *self,
           const char   *line,
           GQueue       *commands,
           GError      **error)
{
  g_autoptr(GString) text = g_steal_pointer (&self->json);
  g_autoptr(GError) local_error = NULL;
  gsize n_actions = self->actions->len;
  GQueue found = G_QUEUE_INIT;

  if (text == NULL)
    {
      text = g_string_new (NULL);
      self->depth = 0;
      self->json_read = 0;
    }
  g_string_append (text, line);
  count_brackets (self, line);
  if (!is_worth_reading (self, text))
    {
      self->json = g_string_append_c (g_steal_pointer (&text), '\n');
      return TRUE;
    }
  self->json_read = text->len;
  if (take_objects (self, text->str, &found, &local_error))
    {
      while (!g_queue_is_empty (&found))
        g_queue_push_tail (commands, g_queue_pop_head (&found));
      return TRUE;
    }
  g_queue_clear_full (&found, g_object_unref);
  g_string_truncate (self->actions, n_actions);
  if (g_error_matches (local_error, TOOL_ERROR, TOOL_ERROR_UNFINISHED))
    {
      self->json = g_string_append_c (g_steal_pointer (&text), '\n');
      return TRUE;
    }
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* --- lines --- */

/* What was begun in earlier lines is all kept: an object that does not end would take all memory. It is forgotten then. */
static gboolean
check_length (ToolGrammar  *self,
              const char   *line,
              GError      **error)
{
  gsize before = self->actions->len + (self->json != NULL ? self->json->len : 0);

  if (before == 0 || before + strlen (line) <= MAX_BYTES)
    return TRUE;
  tool_grammar_abort (self);
  return tool_fail (error, _("The command is longer than %d MiB"), TOOL_GRAMMAR_MAX);
}

gboolean
tool_grammar_feed (ToolGrammar  *self,
                   const char   *line,
                   GQueue       *commands,
                   GError      **error)
{
  const char *first = line + strspn (line, " \t\r\n");
  g_autoptr(GPtrArray) words = NULL;
  g_autoptr(GError) local_error = NULL;
  QmpMessage *command;

  if (!check_length (self, line, error))
    return FALSE;
  if (!g_utf8_validate (line, -1, NULL))
    return tool_fail (error, _("The line is not UTF-8"));
  if (self->json != NULL || *first == '{')
    return feed_json (self, line, commands, error);
  if (*first == '#')
    return TRUE;
  words = tool_words_split (line, error);
  if (words == NULL)
    return FALSE;
  command = feed_words (self, (ToolWord **) words->pdata, words->len, &local_error);
  if (command != NULL)
    g_queue_push_tail (commands, command);
  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}
