/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-complete.h"

#include <string.h>

#include "tool-describe.h"
#include "tool-files.h"
#include "tool-grammar.h"
#include "tool-live.h"
#include "tool-members.h"
#include "tool-offers.h"

struct _ToolCompleter {
  QmpClient  *client;      /* borrowed */
  gint64      deadline;    /* 0: each call has its own */
  ToolLive    live;
  QmpSchema  *schema;      /* nullable */
  gboolean    files;       /* are offered, too */
  gboolean    has_none;    /* the server has said that it has no schema */
  char      **hmp_names;   /* nullable until asked for, as are the following */
  char      **info_names;
};

/* One word that is to be completed, of the arguments of a command, or of an event's members. */
typedef struct {
  ToolCompleter      *completer;
  ToolOffers          offers;
  const char         *command;   /* or the event */
  const char * const *given;
} Search;

static const char * const nothing[] = { NULL };

ToolCompleter *
tool_completer_new (QmpClient *client,
                    gint64     deadline)
{
  ToolCompleter *self = g_new0 (ToolCompleter, 1);

  self->client = client;
  self->deadline = deadline;
  return self;
}

void
tool_completer_free (ToolCompleter *self)
{
  tool_completer_forget (self);
  g_free (self);
}

void
tool_completer_set_files (ToolCompleter *self,
                          gboolean       files)
{
  self->files = files;
}

void
tool_completer_forget (ToolCompleter *self)
{
  tool_live_forget (&self->live);
  g_clear_object (&self->schema);
  g_clear_pointer (&self->hmp_names, g_strfreev);
  g_clear_pointer (&self->info_names, g_strfreev);
  self->has_none = FALSE;
}

gboolean
tool_completer_is_late (ToolCompleter *self)
{
  return self->live.late;
}

/* Asked of the server when it is first wanted, within the time that the completion has left. */
static QmpSchema *
get_schema (ToolCompleter *self)
{
  if (self->schema == NULL && !self->has_none)
    {
      self->schema = tool_live_fetch_schema (&self->live);
      self->has_none = self->schema == NULL && !self->live.late &&
                       qmp_client_get_runstate (self->client) == QMP_RUNSTATE_RUNNING;
    }
  return self->schema;
}

static void
start (ToolCompleter      *self,
       Search             *search,
       const char         *command,
       const char * const *given,
       const char         *word)
{
  tool_live_start (&self->live, self->client, self->deadline);
  search->completer = self;
  search->command = command;
  search->given = given;
  tool_offers_init (&search->offers, word);
}

/* --- members --- */

static void
add_keys (Search        *search,
          QmpSchemaType *object,
          const char    *prefix)
{
  GList *members = qmp_schema_type_list_members (object);
  g_autoptr(QmpSchemaType) variant = tool_members_find_variant (object, prefix, search->given);

  for (GList *l = members; l != NULL; l = l->next)
    {
      const char *name = qmp_schema_member_get_name (l->data);
      g_autoptr(QmpSchemaType) type = qmp_schema_member_ref_value_type (l->data);
      g_autoptr(QmpSchemaType) inner = tool_members_as_object (type);
      g_autofree char *key = g_strconcat (prefix, name, NULL);
      g_autofree char *given = tool_members_dup_given (search->given, key);

      if (given != NULL)
        continue;
      if (inner != NULL)
        tool_offers_add (&search->offers, prefix, name, ".");
      if (qmp_schema_type_get_kind (type) != QMP_SCHEMA_KIND_OBJECT)
        tool_offers_add (&search->offers, prefix, name, "=");
    }
  g_list_free_full (members, g_object_unref);
  if (variant != NULL)
    add_keys (search, variant, prefix);
}

/* arguments: nullable. */
static void
complete_key (Search        *search,
              QmpSchemaType *arguments,
              const char    *word)
{
  const char *dot = strrchr (word, '.');
  g_autofree char *prefix = g_strndup (word, dot != NULL ? dot + 1 - word : 0);
  g_autoptr(QmpSchemaType) object = arguments != NULL ? tool_members_find_owner (arguments, word, search->given) : NULL;
  g_autofree char *driver = tool_members_dup_given (search->given, "driver");

  if (object != NULL)
    add_keys (search, object, prefix);
  if (dot == NULL && driver != NULL && g_str_equal (search->command, "device_add"))
    tool_live_add_device_keys (&search->completer->live, &search->offers, driver);
}

/* --- values --- */

/* literal: behind ":=", where a string would need quotes. */
static void
add_values (Search        *search,
            QmpSchemaType *type,
            const char    *before,
            gboolean       literal)
{
  GList *alternatives = qmp_schema_type_list_alternatives (type);
  const char *json_type = qmp_schema_type_get_json_type (type);

  for (GList *l = alternatives; l != NULL; l = l->next)
    add_values (search, l->data, before, literal);
  g_list_free_full (alternatives, g_object_unref);
  if (!literal)
    tool_offers_add_names (&search->offers, before, qmp_schema_type_list_values (type));
  else if (g_str_equal (json_type, "null"))
    tool_offers_add (&search->offers, before, "null", "");
  if (g_str_equal (json_type, "boolean"))
    {
      tool_offers_add (&search->offers, before, "true", "");
      tool_offers_add (&search->offers, before, "false", "");
    }
}

static void
complete_value (Search        *search,
                QmpSchemaType *arguments,
                const char    *word)
{
  const char *sign = strchr (word, '=');
  gboolean literal = sign > word && sign[-1] == ':';
  /* "==" takes a text as it stands. */
  const char *value = sign + (!literal && sign[1] == '=' ? 2 : 1);
  g_autofree char *key = g_strndup (word, sign - word - (literal ? 1 : 0));
  g_autofree char *before = g_strndup (word, value - word);
  g_autoptr(QmpSchemaMember) member = arguments != NULL ? tool_members_find (arguments, key, search->given) : NULL;

  if (member != NULL)
    {
      g_autoptr(QmpSchemaType) type = qmp_schema_member_ref_value_type (member);

      add_values (search, type, before, literal);
    }
  if (!literal)
    tool_live_add_values (&search->completer->live, &search->offers, before, search->command, key, value,
                          search->given);
  if (!literal && search->completer->files && search->offers.found->len == 0 && tool_files_want (search->command, key))
    tool_files_add (&search->offers, before, value);
}

static void
complete_argument (Search        *search,
                   QmpSchemaType *arguments)
{
  const char *word = search->offers.word;

  if (strchr (word, '=') != NULL)
    complete_value (search, arguments, word);
  else
    complete_key (search, arguments, word);
}

/* --- words by what they are --- */

static void
add_commands (Search *search)
{
  QmpSchema *schema = get_schema (search->completer);

  if (schema != NULL)
    tool_offers_add_names (&search->offers, "", qmp_schema_list_commands (schema));
  else
    tool_live_add_commands (&search->completer->live, &search->offers);
}

static void
add_events (Search *search)
{
  QmpSchema *schema = get_schema (search->completer);

  if (schema != NULL)
    tool_offers_add_names (&search->offers, "", qmp_schema_list_events (schema));
}

static void
add_arguments (Search *search)
{
  QmpSchema *schema = get_schema (search->completer);
  g_autoptr(QmpSchemaType) arguments = NULL;

  if (schema != NULL && qmp_schema_has_command (schema, search->command))
    arguments = qmp_schema_ref_command_arguments (schema, search->command);
  complete_argument (search, arguments);
}

char **
tool_completer_commands (ToolCompleter *self,
                         const char    *word)
{
  Search search;

  start (self, &search, NULL, nothing, word);
  add_commands (&search);
  return tool_offers_end (&search.offers);
}

char **
tool_completer_events (ToolCompleter *self,
                       const char    *word)
{
  Search search;

  start (self, &search, NULL, nothing, word);
  add_events (&search);
  return tool_offers_end (&search.offers);
}

char **
tool_completer_argument (ToolCompleter      *self,
                         const char         *command,
                         const char * const *given,
                         const char         *word)
{
  Search search;

  start (self, &search, command, given, word);
  add_arguments (&search);
  return tool_offers_end (&search.offers);
}

char **
tool_completer_event_member (ToolCompleter      *self,
                             const char         *event,
                             const char * const *given,
                             const char         *word)
{
  QmpSchema *schema;
  g_autoptr(QmpSchemaType) data = NULL;
  Search search;

  start (self, &search, event, given, word);
  schema = get_schema (self);
  if (schema != NULL && qmp_schema_has_event (schema, event))
    data = qmp_schema_ref_event_data (schema, event);
  complete_argument (&search, data);
  return tool_offers_end (&search.offers);
}

char **
tool_completer_value (ToolCompleter *self,
                      const char    *command,
                      const char    *key,
                      const char    *word)
{
  Search search;

  start (self, &search, command, nothing, word);
  tool_live_add_values (&self->live, &search.offers, "", command, key, word, nothing);
  return tool_offers_end (&search.offers);
}

char **
tool_completer_qom_path (ToolCompleter *self,
                         const char    *word,
                         gboolean       with_property)
{
  const char *dot = strrchr (word, '.');
  Search search;

  start (self, &search, NULL, nothing, word);
  tool_live_add_paths (&self->live, &search.offers, "", word);
  if (with_property && dot != NULL && strchr (dot, '/') == NULL)
    {
      g_autofree char *path = g_strndup (word, dot - word);
      g_autofree char *before = g_strndup (word, dot + 1 - word);

      tool_live_add_properties (&self->live, &search.offers, before, path);
    }
  return tool_offers_end (&search.offers);
}

char **
tool_completer_qom_property (ToolCompleter *self,
                             const char    *path,
                             const char    *word)
{
  Search search;

  start (self, &search, NULL, nothing, word);
  tool_live_add_properties (&self->live, &search.offers, "", path);
  return tool_offers_end (&search.offers);
}

/* --- paths into the schema --- */

static void
add_steps (Search        *search,
           QmpSchemaType *type,
           const char    *before)
{
  g_autoptr(QmpSchemaType) element = qmp_schema_type_ref_element_type (type);
  GList *members = qmp_schema_type_list_members (type);
  GList *alternatives = qmp_schema_type_list_alternatives (type);
  g_autofree char *case_before = g_strconcat (before, "+", NULL);

  for (GList *l = members; l != NULL; l = l->next)
    tool_offers_add (&search->offers, before, qmp_schema_member_get_name (l->data), "");
  tool_offers_add_names (&search->offers, case_before, qmp_schema_type_list_cases (type));
  for (GList *l = alternatives; l != NULL; l = l->next)
    add_steps (search, l->data, before);
  g_list_free_full (members, g_object_unref);
  g_list_free_full (alternatives, g_object_unref);
  if (element != NULL)
    add_steps (search, element, before);
}

/* Behind the name of a command or an event. */
static void
add_first_steps (Search     *search,
                 QmpSchema  *schema,
                 const char *name,
                 gboolean    exact)
{
  static const char * const halves[] = { "arg-type", "ret-type" };
  g_autofree char *before = g_strconcat (name, "/", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (halves); i++)
    {
      g_autofree char *path = g_strconcat (before, halves[i], NULL);
      g_autoptr(QmpSchemaType) type = qmp_schema_find_type (schema, path, NULL);

      if (type == NULL)
        continue;
      tool_offers_add (&search->offers, before, halves[i], "");
      if (!exact)
        add_steps (search, type, before);
    }
}

char **
tool_completer_schema_path (ToolCompleter *self,
                            const char    *word,
                            gboolean       exact)
{
  const char *slash = strrchr (word, '/');
  g_autofree char *path = g_strndup (word, slash != NULL ? slash - word : 0);
  g_autofree char *before = g_strndup (word, slash != NULL ? slash + 1 - word : 0);
  g_autoptr(QmpSchemaType) type = NULL;
  QmpSchema *schema;
  Search search;

  start (self, &search, NULL, nothing, word);
  schema = get_schema (self);
  if (slash == NULL)
    {
      add_commands (&search);
      add_events (&search);
    }
  else if (schema != NULL && strchr (path, '/') == NULL)
    {
      add_first_steps (&search, schema, path, exact);
    }
  else if (schema != NULL)
    {
      type = exact ? qmp_schema_find_type (schema, path, NULL) : tool_describe_find_type (schema, path, NULL);
      if (type != NULL)
        add_steps (&search, type, before);
    }
  return tool_offers_end (&search.offers);
}

/* --- lines --- */

/* The type of a transaction's actions. */
static QmpSchemaType *
action_type (QmpSchema *schema)
{
  g_autoptr(QmpSchemaType) arguments = schema != NULL && qmp_schema_has_command (schema, "transaction") ?
                                       qmp_schema_ref_command_arguments (schema, "transaction") : NULL;
  g_autoptr(QmpSchemaMember) actions = arguments != NULL ? qmp_schema_type_ref_member (arguments, "actions") : NULL;
  g_autoptr(QmpSchemaType) list = actions != NULL ? qmp_schema_member_ref_value_type (actions) : NULL;

  return list != NULL ? qmp_schema_type_ref_element_type (list) : NULL;
}

static void
complete_action (Search *search)
{
  g_autoptr(QmpSchemaType) action = action_type (get_schema (search->completer));
  g_autoptr(QmpSchemaType) variant = NULL;
  g_autoptr(QmpSchemaMember) data = NULL;
  g_autoptr(QmpSchemaType) arguments = NULL;

  if (action != NULL && search->command == NULL)
    tool_offers_add_names (&search->offers, "", qmp_schema_type_list_cases (action));
  if (search->command == NULL)
    return;
  variant = action != NULL ? qmp_schema_type_ref_variant (action, search->command) : NULL;
  data = variant != NULL ? qmp_schema_type_ref_member (variant, "data") : NULL;
  arguments = data != NULL ? qmp_schema_member_ref_value_type (data) : NULL;
  complete_argument (search, arguments);
}

static void
complete_command (Search *search)
{
  if (search->command == NULL)
    {
      add_commands (search);
      tool_offers_add (&search->offers, "", "help", "");
      tool_offers_add (&search->offers, "", "transaction", "(");
    }
  else if (!g_str_equal (search->command, "help"))
    {
      add_arguments (search);
    }
  else if (search->given[0] == NULL)
    {
      add_commands (search);
      add_events (search);
    }
  else
    {
      search->command = *search->given++;
      add_arguments (search);
    }
}

char **
tool_completer_line (ToolCompleter *self,
                     const char    *before,
                     const char    *word,
                     gboolean       in_transaction)
{
  g_auto(GStrv) words = tool_words_split_before (before, word);
  const char * const *given = (const char * const *) words;
  const char *command = NULL;
  Search search;

  if (given == NULL)
    return NULL;
  if (given[0] != NULL && g_str_equal (given[0], "transaction("))
    {
      in_transaction = TRUE;
      given++;
    }
  if (given[0] != NULL)
    command = *given++;
  start (self, &search, command, given, word);
  if (in_transaction)
    complete_action (&search);
  else
    complete_command (&search);
  return tool_offers_end (&search.offers);
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
hmp_names (ToolCompleter   *self,
           const char      *line,
           const char      *before,
           char          ***kept)
{
  g_autofree char *text = NULL;

  if (*kept != NULL)
    return g_strdupv (*kept);
  text = tool_live_execute_hmp (&self->live, line);
  if (text == NULL)
    return g_new0 (char *, 1);
  *kept = parse_hmp_help (text, before);
  return g_strdupv (*kept);
}

char **
tool_completer_hmp_line (ToolCompleter *self,
                         const char    *before,
                         const char    *word)
{
  g_auto(GStrv) words = tool_words_split_before (before, word);
  guint n_words = words != NULL ? g_strv_length (words) : G_MAXUINT;
  Search search;

  start (self, &search, NULL, nothing, word);
  if (n_words == 0 || (n_words == 1 && g_str_equal (words[0], "help")))
    tool_offers_add_names (&search.offers, "", hmp_names (self, "help", "", &self->hmp_names));
  else if (n_words == 1 && g_str_equal (words[0], "info"))
    tool_offers_add_names (&search.offers, "", hmp_names (self, "help info", "info ", &self->info_names));
  return tool_offers_end (&search.offers);
}
