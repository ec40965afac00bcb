/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-complete.h"

#include <string.h>

#include "shell-live.h"
#include "tool-grammar.h"
#include "tool-print.h"

struct _ShellComplete {
  QmpClient  *client;      /* borrowed */
  gboolean    hmp;
  QmpSchema  *schema;      /* nullable */
  gboolean    asked;       /* for the schema */
  char      **hmp_names;   /* nullable until asked for, as are the following */
  char      **info_names;
};

/* One word that is to be completed. */
typedef struct {
  ShellComplete *complete;
  const char    *command;
  GPtrArray     *words;    /* of ToolWord: those before it */
  GPtrArray     *found;    /* of char * */
} Search;

ShellComplete *
shell_complete_new (QmpClient *client,
                    gboolean   hmp)
{
  ShellComplete *self = g_new0 (ShellComplete, 1);

  self->client = client;
  self->hmp = hmp;
  return self;
}

void
shell_complete_free (ShellComplete *self)
{
  shell_complete_forget (self);
  g_free (self);
}

void
shell_complete_forget (ShellComplete *self)
{
  g_clear_object (&self->schema);
  g_clear_pointer (&self->hmp_names, g_strfreev);
  g_clear_pointer (&self->info_names, g_strfreev);
  self->asked = FALSE;
}

QmpSchema *
shell_complete_get_schema (ShellComplete *self)
{
  if (!self->asked && qmp_client_get_runstate (self->client) == QMP_RUNSTATE_RUNNING)
    {
      self->asked = TRUE;
      self->schema = qmp_schema_fetch (self->client, NULL, NULL);
    }
  return self->schema;
}

static void
add (Search     *search,
     const char *before,
     const char *name,
     const char *after)
{
  g_ptr_array_add (search->found, g_strconcat (before, name, after, NULL));
}

/* Takes names. */
static void
add_names (Search      *search,
           const char  *before,
           char       **names)
{
  for (guint i = 0; names[i] != NULL; i++)
    add (search, before, names[i], "");
  g_strfreev (names);
}

/* --- members --- */

static gboolean
is_kind (QmpSchemaType *type,
         QmpSchemaKind  kind)
{
  return qmp_schema_type_get_kind (type) == kind;
}

static void
free_list (GList *list)
{
  g_list_free_full (list, g_object_unref);
}

/* What members are added to by a tag that was given; prefix: the dotted way to the object, with the last dot. */
static QmpSchemaType *
chosen_variant (Search        *search,
                QmpSchemaType *type,
                const char    *prefix)
{
  const char *tag = qmp_schema_type_get_tag (type);
  g_autofree char *key = NULL;
  g_autofree char *value = NULL;

  if (tag == NULL)
    return NULL;
  key = g_strconcat (prefix, tag, NULL);
  value = shell_live_given (search->words, key);
  return value != NULL ? qmp_schema_type_get_variant (type, value) : NULL;
}

static QmpSchemaMember *
find_member (Search        *search,
             QmpSchemaType *type,
             const char    *prefix,
             const char    *name)
{
  QmpSchemaMember *member = qmp_schema_type_get_member (type, name);
  g_autoptr(QmpSchemaType) variant = NULL;

  if (member != NULL)
    return member;
  variant = chosen_variant (search, type, prefix);
  return variant != NULL ? find_member (search, variant, prefix, name) : NULL;
}

/* The type itself if it is an object, or the object among its alternatives. */
static QmpSchemaType *
as_object (QmpSchemaType *type)
{
  QmpSchemaType *object = NULL;
  GList *alternatives;

  if (is_kind (type, QMP_SCHEMA_KIND_OBJECT))
    return g_object_ref (type);
  alternatives = qmp_schema_type_list_alternatives (type);
  for (GList *l = alternatives; l != NULL && object == NULL; l = l->next)
    {
      if (is_kind (l->data, QMP_SCHEMA_KIND_OBJECT))
        object = g_object_ref (l->data);
    }
  free_list (alternatives);
  return object;
}

/* The object that the last part of a dotted key is in. */
static QmpSchemaType *
find_object (Search        *search,
             QmpSchemaType *type,
             const char    *dotted)
{
  g_auto(GStrv) parts = g_strsplit (dotted, ".", -1);
  g_autoptr(QmpSchemaType) object = as_object (type);
  g_autoptr(GString) prefix = g_string_new (NULL);

  for (guint i = 0; object != NULL && parts[i + 1] != NULL; i++)
    {
      g_autoptr(QmpSchemaMember) member = find_member (search, object, prefix->str, parts[i]);
      g_autoptr(QmpSchemaType) inner = member != NULL ? qmp_schema_member_get_value_type (member) : NULL;

      g_clear_object (&object);
      if (inner != NULL)
        object = as_object (inner);
      g_string_append_printf (prefix, "%s.", parts[i]);
    }
  return g_steal_pointer (&object);
}

static void
add_keys (Search        *search,
          QmpSchemaType *object,
          const char    *prefix)
{
  GList *members = qmp_schema_type_list_members (object);
  g_autoptr(QmpSchemaType) variant = chosen_variant (search, object, prefix);

  for (GList *l = members; l != NULL; l = l->next)
    {
      const char *name = qmp_schema_member_get_name (l->data);
      g_autoptr(QmpSchemaType) type = qmp_schema_member_get_value_type (l->data);
      g_autoptr(QmpSchemaType) inner = as_object (type);
      g_autofree char *key = g_strconcat (prefix, name, NULL);
      g_autofree char *given = shell_live_given (search->words, key);

      if (given != NULL)
        continue;
      if (inner != NULL)
        add (search, key, ".", "");
      if (!is_kind (type, QMP_SCHEMA_KIND_OBJECT))
        add (search, key, "=", "");
    }
  free_list (members);
  if (variant != NULL)
    add_keys (search, variant, prefix);
}

/* --- values --- */

static void
add_values (Search        *search,
            QmpSchemaType *type,
            const char    *before)
{
  GList *alternatives = qmp_schema_type_list_alternatives (type);

  for (GList *l = alternatives; l != NULL; l = l->next)
    add_values (search, l->data, before);
  free_list (alternatives);
  add_names (search, before, qmp_schema_type_list_values (type));
  if (g_str_equal (qmp_schema_type_get_json_type (type), "boolean"))
    {
      add (search, before, "true", "");
      add (search, before, "false", "");
    }
}

static void
add_live_values (Search     *search,
                 const char *before,
                 const char *key,
                 const char *typed)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  shell_live_names (search->complete->client, search->command, key, typed, search->words, names);
  for (guint i = 0; i < names->len; i++)
    add (search, before, names->pdata[i], "");
}

/* arguments: nullable. */
static void
complete_argument (Search        *search,
                   QmpSchemaType *arguments,
                   const char    *word)
{
  const char *sign = strchr (word, '=');
  g_autofree char *key = sign != NULL ? g_strndup (word, sign - word) : g_strdup (word);
  g_autofree char *before = sign != NULL ? g_strndup (word, sign + 1 - word) : NULL;
  const char *dot = strrchr (key, '.');
  g_autofree char *prefix = dot != NULL ? g_strndup (key, dot + 1 - key) : g_strdup ("");
  g_autoptr(QmpSchemaType) object = arguments != NULL ? find_object (search, arguments, key) : NULL;
  g_autoptr(QmpSchemaMember) member = NULL;

  if (sign == NULL)
    {
      if (object != NULL)
        add_keys (search, object, prefix);
      return;
    }
  member = object != NULL ? find_member (search, object, prefix, dot != NULL ? dot + 1 : key) : NULL;
  if (member != NULL)
    {
      g_autoptr(QmpSchemaType) type = qmp_schema_member_get_value_type (member);

      add_values (search, type, before);
    }
  add_live_values (search, before, key, sign + 1);
}

/* --- lines --- */

static void
add_commands (Search *search)
{
  QmpSchema *schema = shell_complete_get_schema (search->complete);

  if (schema != NULL)
    add_names (search, "", qmp_schema_list_commands (schema));
  else
    shell_live_commands (search->complete->client, search->found);
}

/* The type of a transaction's actions. */
static QmpSchemaType *
action_type (QmpSchema *schema)
{
  g_autoptr(QmpSchemaType) arguments = schema != NULL && qmp_schema_has_command (schema, "transaction") ?
                                       qmp_schema_get_command_arguments (schema, "transaction") : NULL;
  g_autoptr(QmpSchemaMember) actions = arguments != NULL ? qmp_schema_type_get_member (arguments, "actions") : NULL;
  g_autoptr(QmpSchemaType) list = actions != NULL ? qmp_schema_member_get_value_type (actions) : NULL;

  return list != NULL ? qmp_schema_type_get_element_type (list) : NULL;
}

static void
complete_action (Search     *search,
                 const char *word)
{
  g_autoptr(QmpSchemaType) action = action_type (shell_complete_get_schema (search->complete));
  g_autoptr(QmpSchemaType) variant = NULL;
  g_autoptr(QmpSchemaMember) data = NULL;
  g_autoptr(QmpSchemaType) arguments = NULL;

  if (action != NULL && search->command == NULL)
    add_names (search, "", qmp_schema_type_list_cases (action));
  if (search->command == NULL)
    return;
  variant = action != NULL ? qmp_schema_type_get_variant (action, search->command) : NULL;
  data = variant != NULL ? qmp_schema_type_get_member (variant, "data") : NULL;
  arguments = data != NULL ? qmp_schema_member_get_value_type (data) : NULL;
  complete_argument (search, arguments, word);
}

static void
complete_command (Search     *search,
                  const char *word)
{
  QmpSchema *schema = shell_complete_get_schema (search->complete);
  g_autoptr(QmpSchemaType) arguments = NULL;

  if (search->command == NULL || g_str_equal (search->command, "help"))
    {
      add_commands (search);
      if (search->command == NULL)
        {
          add (search, "", "help", "");
          add (search, "", "transaction(", "");
        }
      else if (schema != NULL)
        {
          add_names (search, "", qmp_schema_list_events (schema));
        }
      return;
    }
  if (schema != NULL && qmp_schema_has_command (schema, search->command))
    arguments = qmp_schema_get_command_arguments (schema, search->command);
  complete_argument (search, arguments, word);
}

/* --- HMP --- */

/* From the lines of "help" or "info": "name|long-name arguments -- text". */
static char **
parse_hmp_help (const char *text,
                const char *before)
{
  g_auto(GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr(GStrvBuilder) names = g_strv_builder_new ();

  for (guint i = 0; lines[i] != NULL; i++)
    {
      const char *line = lines[i];
      g_autofree char *spelled = NULL;
      char *bar;

      if (!g_str_has_prefix (line, before) || line[0] == '[' || g_ascii_isspace (line[0]))
        continue;
      line += strlen (before);
      spelled = g_strndup (line, strcspn (line, " \t\r"));
      bar = strrchr (spelled, '|');
      if (*spelled != '\0')
        g_strv_builder_add (names, bar != NULL ? bar + 1 : spelled);
    }
  return g_strv_builder_end (names);
}

static char **
hmp_names (ShellComplete   *self,
           const char      *line,
           const char      *before,
           char          ***kept)
{
  if (*kept == NULL)
    {
      g_autofree char *text = shell_live_hmp (self->client, line);

      *kept = parse_hmp_help (text != NULL ? text : "", before);
    }
  return g_strdupv (*kept);
}

static void
complete_hmp (Search *search)
{
  ShellComplete *self = search->complete;

  if (search->command == NULL || (g_str_equal (search->command, "help") && search->words->len == 0))
    add_names (search, "", hmp_names (self, "help", "", &self->hmp_names));
  else if (g_str_equal (search->command, "info") && search->words->len == 0)
    add_names (search, "", hmp_names (self, "help info", "info ", &self->info_names));
}

/* --- all of it --- */

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char * const *) a, *(const char * const *) b);
}

/* Names come from the server, and go into the user's line: they must not bring a terminal, or the line, more than
 * one word. */
static gboolean
is_harmless (const char *text)
{
  g_autofree char *harmless = tool_print_harmless (text);

  return g_str_equal (harmless, text) && strpbrk (text, " \t\n\"'\\") == NULL;
}

static char **
fitting (GPtrArray  *found,
         const char *word)
{
  g_autoptr(GStrvBuilder) fit = g_strv_builder_new ();

  g_ptr_array_sort (found, compare_names);
  for (guint i = 0; i < found->len; i++)
    {
      const char *name = found->pdata[i];

      if (g_str_has_prefix (name, word) && is_harmless (name + strlen (word)) &&
          (i == 0 || strcmp (name, found->pdata[i - 1]) != 0))
        g_strv_builder_add (fit, name);
    }
  return g_strv_builder_end (fit);
}

char **
shell_complete_words (ShellComplete *self,
                      const char    *before,
                      const char    *word,
                      gboolean       in_transaction)
{
  g_autofree char *start = g_strndup (before, strlen (before) - strlen (word));
  g_autoptr(GPtrArray) words = tool_words_split (start, NULL);
  g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func (g_free);
  Search search = { self, NULL, words, found };
  g_autofree char *command = NULL;

  if (words == NULL)
    return NULL;
  if (words->len > 0 && strcmp (((ToolWord *) words->pdata[0])->text, "transaction(") == 0 && !self->hmp)
    {
      in_transaction = TRUE;
      g_ptr_array_remove_index (words, 0);
    }
  if (words->len > 0)
    {
      command = g_strdup (((ToolWord *) words->pdata[0])->text);
      g_ptr_array_remove_index (words, 0);
    }
  search.command = command;
  if (self->hmp)
    complete_hmp (&search);
  else if (in_transaction)
    complete_action (&search, word);
  else
    complete_command (&search, word);
  return fitting (found, word);
}
