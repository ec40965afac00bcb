/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "once.h"
#include "tool-grammar.h"
#include "tool-json.h"
#include "tool-suggest.h"

/* A server that goes deeper means no good. */
#define MAX_DEPTH 64

static gboolean
is_child (JsonNode *property)
{
  return g_str_has_prefix (tool_json_get_string (property, "type"), "child<");
}

static gboolean
is_link (JsonNode *property)
{
  return g_str_has_prefix (tool_json_get_string (property, "type"), "link<");
}

static QmpMessage *
new_list_command (const char  *path,
                  GError     **error)
{
  return qmp_message_new_parsed ("qom-list", error, "{'path': %s}", path);
}

/* The reply, which may be an error. */
static QmpMessage *
get_property (Once        *once,
              const char  *path,
              const char  *property,
              GError     **error)
{
  return once_exchange (once, qmp_message_new_parsed ("qom-get", error, "{'path': %s, 'property': %s}", path, property),
                        error);
}

/* --- list --- */

static void
print_property (Once     *once,
                JsonNode *property)
{
  const char *name = tool_json_get_string (property, "name");

  if (is_child (property))
    once_print_line (once, "%s/", name);
  else if (is_link (property))
    once_print_line (once, "@%s/", name);
  else
    once_print_line (once, "%s", name);
}

static gboolean
run_list (Once                *once,
          const char * const  *words,
          GError             **error)
{
  g_autoptr(JsonNode) properties = NULL;
  QmpMessage *command;

  if (!once_open (once, error))
    return FALSE;
  command = new_list_command (words[0] != NULL ? words[0] : "/", error);
  if (once->json)
    return once_execute_and_print (once, command, error);
  properties = once_execute (once, command, error);
  if (properties == NULL)
    return FALSE;
  for (guint i = 0; i < tool_json_get_length (properties); i++)
    print_property (once, tool_json_get_element (properties, i));
  return TRUE;
}

/* --- get and set --- */

typedef struct {
  char       *path;
  const char *property;   /* borrowed */
} Place;

/* "PATH PROPERTY", or "PATH.PROPERTY" in one word. */
static gboolean
take_place (Place                *place,
            const char * const   *words,
            guint                 n_words,
            GError              **error)
{
  const char *dot = strrchr (words[0], '.');

  if (n_words > 1)
    {
      place->path = g_strdup (words[0]);
      place->property = words[1];
      return TRUE;
    }
  if (dot == NULL || dot[1] == '\0')
    return once_fail (error, ONCE_STATUS_USAGE, _("“%s” names no property: expected PATH.PROPERTY or PATH PROPERTY"),
                      words[0]);
  place->path = g_strndup (words[0], dot - words[0]);
  place->property = dot + 1;
  return TRUE;
}

static gboolean
get_and_print (Once        *once,
               Place       *place,
               GError     **error)
{
  g_autoptr(QmpMessage) reply = get_property (once, place->path, place->property, error);
  const char *text;

  if (reply == NULL)
    return FALSE;
  text = once_get_return_string (reply);
  if (once->json || text == NULL)
    return once_print_return (once, reply, error);
  once_print (once, "%s\n", text);
  return TRUE;
}

static gboolean
run_get (Once                *once,
         const char * const  *words,
         GError             **error)
{
  Place place = { NULL };
  gboolean done = take_place (&place, words, g_strv_length ((char **) words), error) &&
                  once_open (once, error) &&
                  get_and_print (once, &place, error);

  g_free (place.path);
  return done;
}

/* As the words of a command, so that a value is read as there. */
static char **
new_set_words (Place      *place,
               const char *text)
{
  char **words = g_new0 (char *, 5);

  words[0] = g_strdup ("qom-set");
  words[1] = g_strconcat ("path==", place->path, NULL);
  words[2] = g_strconcat ("property==", place->property, NULL);
  words[3] = g_strconcat ("value=", text, NULL);
  return words;
}

static gboolean
run_set (Once                *once,
         const char * const  *words,
         GError             **error)
{
  guint n_words = g_strv_length ((char **) words);
  Place place = { NULL };
  g_auto(GStrv) set_words = NULL;
  g_autoptr(QmpMessage) checked = NULL;
  g_autoptr(JsonNode) value = NULL;

  if (!take_place (&place, words, n_words - 1, error))
    return FALSE;
  set_words = new_set_words (&place, words[n_words - 1]);
  g_free (place.path);
  checked = tool_command_from_words ((const char * const *) set_words, NULL, error);
  if (checked == NULL || !once_open (once, error))
    return FALSE;
  value = once_execute (once, once_new_command (once, (const char * const *) set_words, error), error);
  return value != NULL;
}

/* --- tree --- */

/* Why a property cannot be read; borrowed. */
static const char *
get_failure (QmpMessage *reply)
{
  return tool_json_get_string (qmp_message_get_member (reply, "error"), "desc");
}

static void
print_value (Once       *once,
             JsonNode   *property,
             QmpMessage *reply)
{
  const char *name = tool_json_get_string (property, "name");
  const char *type = tool_json_get_string (property, "type");
  const char *text = once_get_return_string (reply);
  g_autofree char *value = qmp_message_dup_member_text (reply, "return");

  if (value == NULL)
    once_print_line (once, "  %s: <%s> (%s)", name, get_failure (reply), type);
  else
    once_print_line (once, "  %s: %s (%s)", name, text != NULL ? text : value, type);
}

static void
append_member (GString    *out,
               const char *name,
               const char *text)
{
  g_autofree char *quoted = tool_value_quote (text, strlen (text));

  g_string_append_printf (out, "\"%s\":%s,", name, quoted);
}

static void
print_value_as_json (Once       *once,
                     const char *path,
                     JsonNode   *property,
                     QmpMessage *reply)
{
  g_autoptr(GString) out = g_string_new ("{");
  g_autofree char *value = qmp_message_dup_member_text (reply, "return");

  append_member (out, "path", path);
  append_member (out, "name", tool_json_get_string (property, "name"));
  append_member (out, "type", tool_json_get_string (property, "type"));
  if (value != NULL)
    g_string_append_printf (out, "\"value\":%s,", value);
  else
    append_member (out, "error", get_failure (reply));
  g_string_truncate (out, out->len - 1);
  g_string_append_c (out, '}');
  once_print_json (once, out->str, out->len, FALSE);
}

/* A property that cannot be read is shown as such, and is not a failure. */
static gboolean
show_value (Once        *once,
            const char  *path,
            JsonNode    *property,
            GError     **error)
{
  g_autoptr(QmpMessage) reply = get_property (once, path, tool_json_get_string (property, "name"), error);

  if (reply == NULL)
    return FALSE;
  if (once->json)
    print_value_as_json (once, path, property, reply);
  else
    print_value (once, property, reply);
  return TRUE;
}

static gboolean show_tree (Once        *once,
                           const char  *path,
                           guint        depth,
                           GError     **error);

static gboolean
show_child (Once        *once,
            const char  *path,
            JsonNode    *property,
            guint        depth,
            GError     **error)
{
  const char *name = tool_json_get_string (property, "name");
  g_autofree char *child = g_strconcat (g_str_equal (path, "/") ? "" : path, "/", name, NULL);

  return show_tree (once, child, depth + 1, error);
}

static gboolean
show_tree (Once        *once,
           const char  *path,
           guint        depth,
           GError     **error)
{
  g_autoptr(JsonNode) properties = once_execute (once, new_list_command (path, error), error);
  guint length = tool_json_get_length (properties);

  if (properties == NULL)
    return FALSE;
  if (depth > MAX_DEPTH)
    return once_fail (error, ONCE_STATUS_FAILED, _("The tree is too deep"));
  if (!once->json)
    once_print_line (once, "%s", path);
  for (guint i = 0; i < length; i++)
    if (!is_child (tool_json_get_element (properties, i)) &&
        !show_value (once, path, tool_json_get_element (properties, i), error))
      return FALSE;
  if (!once->json)
    once_print (once, "\n");
  for (guint i = 0; i < length; i++)
    if (is_child (tool_json_get_element (properties, i)) &&
        !show_child (once, path, tool_json_get_element (properties, i), depth, error))
      return FALSE;
  return TRUE;
}

static gboolean
run_tree (Once                *once,
          const char * const  *words,
          GError             **error)
{
  return once_open (once, error) && show_tree (once, words[0] != NULL ? words[0] : "/", 0, error);
}

/* --- types --- */

static gboolean with_abstract;

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char **) a, *(const char **) b);
}

static void
print_names_sorted (Once     *once,
                    JsonNode *types)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new ();

  for (guint i = 0; i < tool_json_get_length (types); i++)
    g_ptr_array_add (names, (gpointer) tool_json_get_string (tool_json_get_element (types, i), "name"));
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    once_print_line (once, "%s", (const char *) names->pdata[i]);
}

static QmpMessage *
new_types_command (const char  *implemented,
                   GError     **error)
{
  if (implemented == NULL)
    return qmp_message_new_parsed ("qom-list-types", error, "{'abstract': %b}", with_abstract);
  return qmp_message_new_parsed ("qom-list-types", error, "{'abstract': %b, 'implements': %s}", with_abstract,
                                 implemented);
}

/* Of a type that is not there, a server lists none that is one. */
static gboolean
check_type (Once        *once,
            const char  *name,
            GError     **error)
{
  g_autoptr(JsonNode) all = once_execute (once, qmp_message_new_parsed ("qom-list-types", error, "{'abstract': true}"),
                                          error);
  g_autoptr(GPtrArray) names = g_ptr_array_new ();
  g_autofree char *hint = NULL;

  if (all == NULL)
    return FALSE;
  for (guint i = 0; i < tool_json_get_length (all); i++)
    g_ptr_array_add (names, (gpointer) tool_json_get_string (tool_json_get_element (all, i), "name"));
  g_ptr_array_add (names, NULL);
  if (g_strv_contains ((const char * const *) names->pdata, name))
    return TRUE;
  hint = tool_suggest_hint (name, (const char * const *) names->pdata);
  return once_fail (error, ONCE_STATUS_FAILED, _("There is no type “%s”%s"), name, hint);
}

static gboolean
run_types (Once                *once,
           const char * const  *words,
           GError             **error)
{
  g_autoptr(JsonNode) types = NULL;
  QmpMessage *command;

  if (!once_open (once, error))
    return FALSE;
  command = new_types_command (words[0], error);
  if (once->json)
    return once_execute_and_print (once, command, error);
  types = once_execute (once, command, error);
  if (types == NULL)
    return FALSE;
  print_names_sorted (once, types);
  return words[0] == NULL || tool_json_get_length (types) > 0 || check_type (once, words[0], error);
}

/* --- */

const OnceVerb once_qom_list = {
  .words = "qom list",
  .parameters = N_("[PATH]"),
  .summary = N_("List the properties of an object; / is behind children, @ before links"),
  .max_words = 1,
  .pages = TRUE,
  .run = run_list,
};

const OnceVerb once_qom_get = {
  .words = "qom get",
  .parameters = N_("PATH.PROPERTY | PATH PROPERTY"),
  .summary = N_("Get a property of an object"),
  .min_words = 1,
  .max_words = 2,
  .run = run_get,
};

const OnceVerb once_qom_set = {
  .words = "qom set",
  .parameters = N_("{PATH.PROPERTY | PATH PROPERTY} VALUE"),
  .summary = N_("Set a property of an object"),
  .min_words = 2,
  .max_words = 3,
  .strict = TRUE,
  .prints_no_json = TRUE,
  .run = run_set,
};

const OnceVerb once_qom_tree = {
  .words = "qom tree",
  .parameters = N_("[PATH]"),
  .summary = N_("Show an object and all below it, with the values of all properties"),
  .max_words = 1,
  .pages = TRUE,
  .run = run_tree,
};

static const GOptionEntry types_entries[] = {
  { "abstract", 0, 0, G_OPTION_ARG_NONE, &with_abstract, N_("Also those that no object can be made of"), NULL },
  G_OPTION_ENTRY_NULL
};

const OnceVerb once_qom_types = {
  .words = "qom types",
  .parameters = N_("[TYPE]"),
  .summary = N_("List the types of objects, or those that are a TYPE"),
  .entries = types_entries,
  .max_words = 1,
  .pages = TRUE,
  .run = run_types,
};
