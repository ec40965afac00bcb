/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "once-select.h"

#include <glib/gi18n.h>

#include "tool-server.h"

#define ALL_KINDS G_MAXUINT

static gboolean all;
static char **also;
static char **kind_names;
static char **patterns;
static char *file;

/* Of kind_names: a bit for each QmpInstanceKind. */
static guint kinds;

const GOptionEntry once_many_entries[] = {
  { "also", 'a', 0, G_OPTION_ARG_STRING_ARRAY, &also, N_("Another server, beside ADDRESS; may be repeated"), N_("ADDRESS") },
  { "all", 'A', 0, G_OPTION_ARG_NONE, &all, N_("All machines on this computer, and no ADDRESS"), NULL },
  { "name", 0, 0, G_OPTION_ARG_STRING_ARRAY, &patterns,
    N_("The same, of those whose name is like PATTERN; may be repeated"), N_("PATTERN") },
  { "kind", 0, 0, G_OPTION_ARG_STRING_ARRAY, &kind_names,
    N_("The same, of that kind: machine or storage-daemon; may be repeated"), N_("KIND") },
  { "file", 'F', 0, G_OPTION_ARG_FILENAME, &file, N_("Those that FILE names, one a line; there need not be an ADDRESS"), N_("FILE") },
  G_OPTION_ENTRY_NULL
};

const GOptionEntry once_choice_entries[] = {
  { "name", 0, 0, G_OPTION_ARG_STRING_ARRAY, &patterns, N_("Only those whose name is like PATTERN; may be repeated"), N_("PATTERN") },
  { "kind", 0, 0, G_OPTION_ARG_STRING_ARRAY, &kind_names,
    N_("Only those of that kind: machine, storage-daemon or guest-agent; may be repeated"), N_("KIND") },
  G_OPTION_ENTRY_NULL
};

/* --- what the command line says --- */

gboolean
once_select_is_described (void)
{
  return all || patterns != NULL || kind_names != NULL;
}

gboolean
once_select_has_no_address (void)
{
  return once_select_is_described () || file != NULL;
}

gboolean
once_select_is_found (Once *once)
{
  return once_select_is_described () || (once->verb->local && once->words[0] == NULL && also == NULL && file == NULL);
}

gboolean
once_is_many (Once *once)
{
  return once_select_has_no_address () || also != NULL ||
         (once->verb->addresses && once->words[0] != NULL && once->words[1] != NULL);
}

static gboolean
read_kind (Once        *once,
           const char  *name,
           GError     **error)
{
  g_autoptr(GEnumClass) known = g_type_class_ref (QMP_TYPE_INSTANCE_KIND);
  GEnumValue *value = g_enum_get_value_by_nick (known, name);

  if (value != NULL && (value->value != QMP_INSTANCE_KIND_GUEST_AGENT || !once->verb->many))
    {
      kinds |= 1u << value->value;
      return TRUE;
    }
  if (once->verb->many)
    return once_fail (error, ONCE_STATUS_USAGE, _("--kind takes “machine” or “storage-daemon”, not “%s”"), name);
  return once_fail (error, ONCE_STATUS_USAGE, _("--kind takes “machine”, “storage-daemon” or “guest-agent”, not “%s”"), name);
}

static gboolean
read_kinds (Once    *once,
            GError **error)
{
  if (kind_names == NULL)
    kinds = once->verb->many ? 1u << QMP_INSTANCE_KIND_MACHINE : ALL_KINDS;
  for (guint i = 0; kind_names != NULL && kind_names[i] != NULL; i++)
    if (!read_kind (once, kind_names[i], error))
      return FALSE;
  return TRUE;
}

gboolean
once_select_check (Once    *once,
                   GError **error)
{
  if (once_select_is_described () && also != NULL)
    return once_fail (error, ONCE_STATUS_USAGE, _("--also has an ADDRESS to be beside, and --all has none"));
  if (once_select_is_described () && file != NULL)
    return once_fail (error, ONCE_STATUS_USAGE, _("--file names the machines, and --all takes those that there are"));
  return read_kinds (once, error);
}

/* --- those that are named --- */

static gboolean
add_name (Once             *once,
          GStrvBuilder     *names,
          const char       *word,
          GError          **error)
{
  const char *name = once_read_address (once, word, error);
  g_autoptr(GSocketConnectable) address = NULL;

  if (name == NULL)
    return FALSE;
  if (tool_server_is_address (name))
    {
      address = qmp_address_parse (name, error);
      if (address == NULL)
        return FALSE;
    }
  g_strv_builder_add (names, name);
  return TRUE;
}

static gboolean
add_words (Once                *once,
           GStrvBuilder        *names,
           const char * const  *words,
           GError             **error)
{
  for (guint i = 0; words != NULL && words[i] != NULL; i++)
    if (!add_name (once, names, words[i], error))
      return FALSE;
  return TRUE;
}

/* A list of machines knows how to read it. */
static gboolean
add_file (GStrvBuilder  *names,
          GError       **error)
{
  g_autoptr(QmpMachineList) list = qmp_machine_list_new ();

  if (file != NULL && !qmp_machine_list_add_file (list, file, error))
    return FALSE;
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (list)); i++)
    {
      g_autoptr(QmpMachineEntry) entry = g_list_model_get_item (G_LIST_MODEL (list), i);

      g_strv_builder_add (names, qmp_machine_entry_get_title (entry));
    }
  return TRUE;
}

char **
once_select_list_names (Once    *once,
                        GError **error)
{
  g_autoptr(GStrvBuilder) names = g_strv_builder_new ();
  const char *first[] = { once->server, NULL };
  gboolean good = add_words (once, names, once->verb->addresses ? once->words : first, error) &&
                  add_words (once, names, (const char * const *) also, error) &&
                  add_file (names, error);

  return good ? g_strv_builder_end (names) : NULL;
}

/* --- those that are described --- */

static gboolean
is_like (QmpInstance *instance,
         const char  *pattern)
{
  const char *name = qmp_instance_get_name (instance);

  return (kinds & (1u << qmp_instance_get_kind (instance))) != 0 && name != NULL && g_pattern_match_simple (pattern, name);
}

gboolean
once_select_wants (QmpInstance *instance)
{
  if (patterns == NULL)
    return (kinds & (1u << qmp_instance_get_kind (instance))) != 0;
  for (guint i = 0; patterns[i] != NULL; i++)
    if (is_like (instance, patterns[i]))
      return TRUE;
  return FALSE;
}

static gboolean
has_one_like (GListModel *instances,
              const char *pattern)
{
  for (guint i = 0; i < g_list_model_get_n_items (instances); i++)
    {
      g_autoptr(QmpInstance) instance = g_list_model_get_item (instances, i);

      if (is_like (instance, pattern))
        return TRUE;
    }
  return FALSE;
}

GPtrArray *
once_select_list_unmatched (GListModel *instances)
{
  GPtrArray *unmatched = g_ptr_array_new ();

  for (guint i = 0; patterns != NULL && patterns[i] != NULL; i++)
    if (!has_one_like (instances, patterns[i]))
      g_ptr_array_add (unmatched, patterns[i]);
  return unmatched;
}

GError *
once_select_new_unmatched (const char *pattern)
{
  return g_error_new (QMP_FINDER_ERROR, QMP_FINDER_ERROR_NOT_FOUND, _("Nothing of a name like “%s” runs on this computer"), pattern);
}

gboolean
once_select_check_matches (GListModel  *instances,
                           GError     **error)
{
  g_autoptr(GPtrArray) unmatched = once_select_list_unmatched (instances);

  if (patterns == NULL || unmatched->len < g_strv_length (patterns))
    return TRUE;
  g_propagate_error (error, once_select_new_unmatched (patterns[0]));
  return FALSE;
}
