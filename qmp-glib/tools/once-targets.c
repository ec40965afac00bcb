/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>
#include <unistd.h>

#include "once-many.h"
#include "tool-print.h"
#include "tool-server.h"

void
once_target_free (OnceTarget *self)
{
  g_free (self->mark);
  g_clear_object (&self->address);
  g_free (self->reason);
  g_clear_error (&self->error);
  g_free (self);
}

/* Returns it, borrowed. */
static OnceTarget *
add_target (GPtrArray  *targets,
            char       *mark)
{
  OnceTarget *target = g_new0 (OnceTarget, 1);

  target->mark = mark;
  g_ptr_array_add (targets, target);
  return target;
}

/* --- those that are named --- */

static gboolean
add_named (Once       *once,
           GPtrArray  *targets,
           GError    **error)
{
  g_auto(GStrv) names = once_select_list_names (once, error);

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      OnceTarget *target = add_target (targets, tool_print_harmless_line (names[i]));

      target->address = tool_server_find (names[i], once->agent, FALSE, &target->error);
    }
  return names != NULL;
}

/* --- those that are described --- */

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

/* Others have one that is like theirs. */
static void
add_unmatched (GPtrArray  *targets,
               GListModel *instances)
{
  g_autoptr(GPtrArray) unmatched = once_select_list_unmatched (instances);

  for (guint i = 0; i < unmatched->len; i++)
    add_target (targets, tool_print_harmless_line (unmatched->pdata[i]))->error = once_select_new_unmatched (unmatched->pdata[i]);
}

static gboolean
add_described (Once       *once,
               GPtrArray  *targets,
               GError    **error)
{
  g_autoptr(QmpFinder) finder = qmp_finder_new ();
  GListModel *instances = G_LIST_MODEL (finder);

  if (!qmp_finder_refresh (finder, NULL, error) || !once_select_check_matches (instances, error))
    return FALSE;
  for (guint i = 0; i < g_list_model_get_n_items (instances); i++)
    {
      g_autoptr(QmpInstance) instance = g_list_model_get_item (instances, i);

      if (once_select_wants (instance))
        choose (once, add_target (targets, dup_mark (instances, instance)), instance);
    }
  add_unmatched (targets, instances);
  return TRUE;
}

/* --- */

GPtrArray *
once_list_targets (Once    *once,
                   GError **error)
{
  g_autoptr(GPtrArray) targets = g_ptr_array_new_with_free_func ((GDestroyNotify) once_target_free);

  if (!(once_select_is_described () ? add_described (once, targets, error) : add_named (once, targets, error)))
    return NULL;
  /* Where all are meant, that there is none is not a fault; a script has no use for the word. */
  if (targets->len == 0 && isatty (STDERR_FILENO))
    g_printerr ("qmp: %s\n", once_select_is_described () ? _("There is no such machine on this computer") : _("The file names no machine"));
  return g_steal_pointer (&targets);
}
