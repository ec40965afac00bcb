/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "once.h"
#include "tool-describe.h"
#include "tool-json.h"

static char **paths;

static gboolean
is_pattern (const char *word)
{
  return strpbrk (word, "*?") != NULL;
}

/* "driver=qcow2", behind a name */
static gboolean
is_argument (const char *word)
{
  return strchr (word, '=') != NULL;
}

/* Takes error. */
static void
add_error (GError **all,
           GError  *error)
{
  char *both;

  if (*all == NULL)
    {
      *all = error;
      return;
    }
  both = g_strdup_printf ("%s; %s", (*all)->message, error->message);
  g_free ((*all)->message);
  (*all)->message = both;
  g_error_free (error);
}

/* --- for people --- */

static guint
print_matching (Once        *once,
                char       **names,
                const char  *pattern)
{
  guint n = 0;

  for (guint i = 0; names[i] != NULL; i++)
    if (g_pattern_match_simple (pattern, names[i]))
      {
        once_print_line (once, "%s", names[i]);
        n++;
      }
  return n;
}

static gboolean
print_pattern (Once        *once,
               QmpSchema   *schema,
               const char  *pattern,
               GError     **error)
{
  g_auto(GStrv) commands = qmp_schema_list_commands (schema);
  g_auto(GStrv) events = qmp_schema_list_events (schema);
  guint n = print_matching (once, commands, pattern) + print_matching (once, events, pattern);

  return n > 0 || once_fail (error, ONCE_STATUS_FAILED, _("Nothing of the server is like “%s”"), pattern);
}

/* One name, with the arguments behind it. */
static gboolean
print_named (Once                *once,
             QmpSchema           *schema,
             const char * const  *words,
             GError             **error)
{
  g_autoptr(GStrvBuilder) given = g_strv_builder_new ();
  g_auto(GStrv) arguments = NULL;
  g_autofree char *text = NULL;

  if (is_pattern (words[0]))
    return print_pattern (once, schema, words[0], error);
  for (guint i = 1; words[i] != NULL && is_argument (words[i]); i++)
    g_strv_builder_add (given, words[i]);
  arguments = g_strv_builder_end (given);
  text = tool_describe (schema, words[0], (const char * const *) arguments, error);
  if (text != NULL)
    once_print (once, "%s", text);
  return text != NULL;
}

/* What is not there keeps nothing else from being shown; the error has all of it. */
static gboolean
print_described (Once                *once,
                 QmpSchema           *schema,
                 const char * const  *words,
                 GError             **error)
{
  g_autoptr(GError) all = NULL;

  if (words[0] == NULL)
    return print_pattern (once, schema, "*", error);
  for (guint i = 0; words[i] != NULL; i++)
    {
      GError *local_error = NULL;

      if (!is_argument (words[i]) && !print_named (once, schema, words + i, &local_error))
        add_error (&all, local_error);
    }
  if (all == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&all));
  return FALSE;
}

/* --- as JSON: of query-qmp-schema's reply what was asked for, and all that it needs --- */

typedef struct {
  GTree     *left;      /* of JsonNode by name, those that were not taken; borrowed. No server can make a tree slow. */
  GPtrArray *wanted;    /* of JsonNode, in the order of their discovery; grows while it is walked */
} Selection;

static gboolean
matches (const char         *name,
         const char * const *words)
{
  for (guint i = 0; words[i] != NULL; i++)
    if (g_pattern_match_simple (words[i], name))
      return TRUE;
  return FALSE;
}

static void
take (Selection  *selection,
      const char *name)
{
  JsonNode *entry = g_tree_lookup (selection->left, name);

  if (entry == NULL)
    return;
  g_tree_remove (selection->left, name);
  g_ptr_array_add (selection->wanted, entry);
}

static void
take_types_of (Selection *selection,
               JsonNode  *entry)
{
  static const char * const names[] = { "arg-type", "ret-type", "element-type" };
  static const char * const lists[] = { "members", "variants" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    take (selection, tool_json_get_string (entry, names[i]));
  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      JsonNode *list = tool_json_get_member (entry, lists[i]);

      for (guint j = 0; j < tool_json_get_length (list); j++)
        take (selection, tool_json_get_string (tool_json_get_element (list, j), "type"));
    }
}

static void
take_named (Selection          *selection,
            JsonNode           *all,
            const char * const *words)
{
  for (guint i = 0; i < tool_json_get_length (all); i++)
    {
      JsonNode *entry = tool_json_get_element (all, i);
      const char *meta = tool_json_get_string (entry, "meta-type");

      g_tree_insert (selection->left, (gpointer) tool_json_get_string (entry, "name"), entry);
      if (!g_str_equal (meta, "command") && !g_str_equal (meta, "event"))
        continue;
      if (matches (tool_json_get_string (entry, "name"), words))
        take (selection, tool_json_get_string (entry, "name"));
    }
}

static void
print_selection (Once      *once,
                 Selection *selection)
{
  g_autoptr(JsonNode) node = json_node_new (JSON_NODE_ARRAY);
  JsonArray *array = json_array_new ();
  g_autofree char *text = NULL;

  for (guint i = 0; i < selection->wanted->len; i++)
    json_array_add_element (array, json_node_copy (selection->wanted->pdata[i]));
  json_node_take_array (node, array);
  text = json_to_string (node, FALSE);
  once_print_json (once, text, -1, TRUE);
}

static gboolean
print_entries (Once                *once,
               const char * const  *words,
               GError             **error)
{
  QmpMessage *command = qmp_message_new_command ("query-qmp-schema", NULL, error);
  g_autoptr(JsonNode) all = NULL;
  g_autoptr(GTree) left = g_tree_new ((GCompareFunc) strcmp);
  g_autoptr(GPtrArray) wanted = g_ptr_array_new ();
  Selection selection = { left, wanted };

  if (words[0] == NULL)
    return once_execute_and_print (once, command, error);
  all = once_execute (once, command, error);
  if (all == NULL)
    return FALSE;
  take_named (&selection, all, words);
  for (guint i = 0; i < wanted->len; i++)
    take_types_of (&selection, wanted->pdata[i]);
  print_selection (once, &selection);
  return TRUE;
}

/* --- */

static gboolean
check_paths (QmpSchema  *schema,
             GError    **error)
{
  for (guint i = 0; paths[i] != NULL; i++)
    {
      g_autoptr(QmpSchemaType) type = NULL;

      if (qmp_schema_has_path (schema, paths[i]))
        continue;
      /* It says what is wrong. */
      type = qmp_schema_find_type (schema, paths[i], error);
      return FALSE;
    }
  return TRUE;
}

/* What JSON is printed for: commands and events. */
static gboolean
check_words (QmpSchema           *schema,
             const char * const  *words,
             GError             **error)
{
  for (guint i = 0; words[i] != NULL; i++)
    {
      g_autoptr(QmpSchemaType) type = NULL;

      if (is_pattern (words[i]) || qmp_schema_has_command (schema, words[i]) || qmp_schema_has_event (schema, words[i]))
        continue;
      if (is_argument (words[i]) || strchr (words[i], '/') != NULL)
        return once_fail (error, ONCE_STATUS_USAGE, _("“%s” is not a name, which is what --json takes"), words[i]);
      /* It says what is wrong. */
      type = qmp_schema_find_type (schema, words[i], error);
      return FALSE;
    }
  return TRUE;
}

/* Behind a name. */
static gboolean
check_arguments (const char * const  *words,
                 GError             **error)
{
  if (words[0] == NULL || !is_argument (words[0]))
    return TRUE;
  return once_fail (error, ONCE_STATUS_USAGE, _("A name has to be in front of “%s”"), words[0]);
}

static gboolean
run_introspect (Once                *once,
                const char * const  *words,
                GError             **error)
{
  g_autoptr(GError) local_error = NULL;
  g_autoptr(QmpSchema) schema = NULL;

  if (!check_arguments (words, error) || !once_open (once, error))
    return FALSE;
  schema = once_fetch_schema (once, &local_error);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (schema == NULL)
    return once_fail (error, ONCE_STATUS_FAILED, _("The server does not describe its commands"));
  if (paths != NULL && !check_paths (schema, error))
    return FALSE;
  /* A question alone is answered by the status. */
  if (paths != NULL && words[0] == NULL)
    return TRUE;
  if (once->json && !check_words (schema, words, error))
    return FALSE;
  return once->json ? print_entries (once, words, error) : print_described (once, schema, words, error);
}

static const GOptionEntry introspect_entries[] = {
  { "has", 0, 0, G_OPTION_ARG_STRING_ARRAY, &paths,
    N_("Tell by the exit status whether the server has PATH, such as blockdev-add/arg-type/driver/^nbd"), N_("PATH") },
  G_OPTION_ENTRY_NULL
};

const OnceVerb once_introspect = {
  .words = "introspect",
  .parameters = N_("[COMMAND [KEY=VALUE…] | EVENT | PATTERN | PATH]…"),
  .summary = N_("Tell what the server offers"),
  .entries = introspect_entries,
  .max_words = G_MAXUINT,
  .pages = TRUE,
  .run = run_introspect,
};
