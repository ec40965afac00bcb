/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "once-many.h"
#include "tool-print.h"
#include "tool-server.h"

static gboolean all;
static char **also;
static char *kind_name;
static char *pattern;

const GOptionEntry once_many_entries[] = {
  { "also", 'a', 0, G_OPTION_ARG_STRING_ARRAY, &also, N_("Another server, beside ADDRESS; may be repeated"), N_("ADDRESS") },
  { "all", 'A', 0, G_OPTION_ARG_NONE, &all, N_("All machines on this computer, and no ADDRESS"), NULL },
  { "name", 0, 0, G_OPTION_ARG_STRING, &pattern, N_("The same, of those whose name is like PATTERN"), N_("PATTERN") },
  { "kind", 0, 0, G_OPTION_ARG_STRING, &kind_name, N_("The same, of that kind: machine or storage-daemon"), N_("KIND") },
  G_OPTION_ENTRY_NULL
};

gboolean
once_is_all (void)
{
  return all || pattern != NULL || kind_name != NULL;
}

gboolean
once_is_many (void)
{
  return once_is_all () || also != NULL;
}

void
once_target_free (OnceTarget *self)
{
  g_free (self->mark);
  g_clear_object (&self->address);
  g_free (self->reason);
  g_clear_error (&self->error);
  g_free (self);
}

/* --- those that are named --- */

static void
add_server (Once       *once,
            GPtrArray  *targets,
            const char *server)
{
  OnceTarget *target = g_new0 (OnceTarget, 1);

  target->mark = tool_print_harmless_line (server);
  target->address = tool_server_find (server, once->agent, FALSE, &target->error);
  g_ptr_array_add (targets, target);
}

static void
add_servers (Once      *once,
             GPtrArray *targets)
{
  add_server (once, targets, once->server);
  for (guint i = 0; also[i] != NULL; i++)
    add_server (once, targets, also[i]);
}

/* --- all there are --- */

static gboolean
read_kind (QmpInstanceKind  *kind,
           GError          **error)
{
  g_autoptr(GEnumClass) kinds = g_type_class_ref (QMP_TYPE_INSTANCE_KIND);
  GEnumValue *value = g_enum_get_value_by_nick (kinds, kind_name != NULL ? kind_name : "machine");

  if (value == NULL || value->value == QMP_INSTANCE_KIND_GUEST_AGENT)
    return once_fail (error, ONCE_STATUS_USAGE, _("--kind takes “machine” or “storage-daemon”, not “%s”"), kind_name);
  *kind = value->value;
  return TRUE;
}

static gboolean
is_wanted (QmpInstance     *instance,
           QmpInstanceKind  kind)
{
  const char *name = qmp_instance_get_name (instance);

  return qmp_instance_get_kind (instance) == kind &&
         (pattern == NULL || (name != NULL && g_pattern_match_simple (pattern, name)));
}

static gboolean
is_only_one (GListModel *instances,
             const char *name)
{
  guint n = 0;

  for (guint i = 0; i < g_list_model_get_n_items (instances); i++)
    {
      g_autoptr(QmpInstance) instance = g_list_model_get_item (instances, i);

      if (g_strcmp0 (qmp_instance_get_name (instance), name) == 0)
        n++;
    }
  return n == 1;
}

/* Its name, if that would find it, and else its process. */
static char *
dup_mark (GListModel  *instances,
          QmpInstance *instance)
{
  const char *name = qmp_instance_get_name (instance);

  if (name != NULL && !tool_server_is_address (name) && is_only_one (instances, name))
    return tool_print_harmless_line (name);
  return g_strdup_printf ("%d", qmp_instance_get_pid (instance));
}

/* What serves others is left to them, and who cannot be asked need not be. */
static void
choose (Once        *once,
        OnceTarget  *target,
        QmpInstance *instance)
{
  QmpEndpointKind kind = once->agent ? QMP_ENDPOINT_KIND_AGENT : QMP_ENDPOINT_KIND_MONITOR;
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpEndpoint) endpoint = qmp_instance_choose_endpoint (instance, kind, &error);

  if (endpoint == NULL)
    target->reason = g_strdup (error->message);
  else if (qmp_endpoint_get_state (endpoint) == QMP_ENDPOINT_STATE_HELD)
    target->reason = tool_server_dup_holder (endpoint);
  else
    target->address = qmp_address_parse (qmp_endpoint_get_address (endpoint), &target->error);
}

static gboolean
add_all (Once       *once,
         GPtrArray  *targets,
         GError    **error)
{
  g_autoptr(QmpFinder) finder = qmp_finder_new ();
  QmpInstanceKind kind = QMP_INSTANCE_KIND_MACHINE;

  if (!read_kind (&kind, error) || !qmp_finder_refresh (finder, NULL, error))
    return FALSE;
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (finder)); i++)
    {
      g_autoptr(QmpInstance) instance = g_list_model_get_item (G_LIST_MODEL (finder), i);
      OnceTarget *target;

      if (!is_wanted (instance, kind))
        continue;
      target = g_new0 (OnceTarget, 1);
      target->mark = dup_mark (G_LIST_MODEL (finder), instance);
      choose (once, target, instance);
      g_ptr_array_add (targets, target);
    }
  if (targets->len == 0 && isatty (STDERR_FILENO))
    g_printerr ("qmp: %s\n", _("There is no such machine on this computer"));
  return TRUE;
}

/* --- */

GPtrArray *
once_list_targets (Once    *once,
                   GError **error)
{
  g_autoptr(GPtrArray) targets = g_ptr_array_new_with_free_func ((GDestroyNotify) once_target_free);

  if (once_is_all () && also != NULL)
    {
      once_fail (error, ONCE_STATUS_USAGE, _("--also has an ADDRESS to be beside, and --all has none"));
      return NULL;
    }
  if (!once_is_all ())
    add_servers (once, targets);
  else if (!add_all (once, targets, error))
    return NULL;
  return g_steal_pointer (&targets);
}
