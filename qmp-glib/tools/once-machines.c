/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "once-select.h"

/* Which machines are kept open: those that are named, or those of this computer that are like what is said of them. */

/* --- those that are described --- */

/* Of what runs here a finder puts nothing but machines into a list of them. */
static void
add_other (QmpMachineList *list,
           QmpInstance    *instance)
{
  g_autofree char *pid = g_strdup_printf ("%d", qmp_instance_get_pid (instance));
  g_autoptr(QmpMachineEntry) entry = qmp_machine_list_add (list, pid, NULL);

  g_object_set_data_full (G_OBJECT (instance), "once-entry", g_steal_pointer (&entry), g_object_unref);
}

static void
gone_cb (QmpInstance    *instance,
         GParamSpec     *pspec,
         QmpMachineList *list)
{
  QmpMachineEntry *entry = g_object_get_data (G_OBJECT (instance), "once-entry");

  if (entry != NULL)
    qmp_machine_list_remove (list, entry);
}

static void
found_cb (GListModel     *instances,
          guint           position,
          guint           n_removed,
          guint           n_added,
          QmpMachineList *list)
{
  for (guint i = position; i < position + n_added; i++)
    {
      g_autoptr(QmpInstance) instance = g_list_model_get_item (instances, i);

      if (qmp_instance_get_kind (instance) == QMP_INSTANCE_KIND_MACHINE || !once_select_wants (instance))
        continue;
      add_other (list, instance);
      g_signal_connect_object (instance, "notify::gone", G_CALLBACK (gone_cb), list, 0);
    }
}

/* Those who follow the list hear of it first, and then that it has left: it is not opened meanwhile. */
static void
listed_cb (GListModel *list,
           guint       position,
           guint       n_removed,
           guint       n_added,
           gpointer    user_data)
{
  for (guint i = position + n_added; i > position; i--)
    {
      g_autoptr(QmpMachineEntry) entry = g_list_model_get_item (list, i - 1);
      QmpInstance *instance = qmp_machine_entry_get_instance (entry);

      if (instance != NULL && !once_select_wants (instance))
        qmp_machine_list_remove (QMP_MACHINE_LIST (list), entry);
    }
}

/* Who waits is only told of what is not there yet. */
static gboolean
check_unmatched (GListModel  *instances,
                 gboolean     waits,
                 GError     **error)
{
  g_autoptr(GPtrArray) unmatched = once_select_list_unmatched (instances);

  for (guint i = 0; waits && i < unmatched->len; i++)
    {
      g_autoptr(GError) unmatched_error = once_select_new_unmatched (unmatched->pdata[i]);

      once_print_error ("%s", unmatched_error->message);
    }
  return waits || once_select_check_matches (instances, error);
}

static gboolean
add_found (QmpMachineList  *list,
           gboolean         waits,
           GError         **error)
{
  g_autoptr(QmpFinder) finder = qmp_finder_new ();

  if (!qmp_finder_refresh (finder, NULL, error) || !check_unmatched (G_LIST_MODEL (finder), waits, error))
    return FALSE;
  g_signal_connect_after (list, "items-changed", G_CALLBACK (listed_cb), NULL);
  qmp_machine_list_set_finder (list, finder);
  g_signal_connect_object (finder, "items-changed", G_CALLBACK (found_cb), list, 0);
  found_cb (G_LIST_MODEL (finder), 0, 0, g_list_model_get_n_items (G_LIST_MODEL (finder)), list);
  return TRUE;
}

/* --- those that are named --- */

static gboolean
add_one (Once            *once,
         QmpMachineList  *list,
         const char      *name,
         GError         **error)
{
  g_autoptr(QmpMachineEntry) entry = qmp_machine_list_add (list, name, error);
  QmpClient *client;

  if (entry == NULL)
    return FALSE;
  client = qmp_machine_get_client (qmp_machine_entry_get_machine (entry));
  qmp_client_set_await_greeting (client, !once->skip_negotiation);
  qmp_client_set_negotiate (client, !once->skip_negotiation);
  return tool_tls_apply (&once->tls, client, error);
}

/* --- */

gboolean
once_add_machines (Once            *once,
                   QmpMachineList  *list,
                   gboolean         waits,
                   GError         **error)
{
  g_auto(GStrv) names = NULL;

  if (once_select_is_found (once))
    return add_found (list, waits, error);
  names = once_select_list_names (once, error);
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    if (!add_one (once, list, names[i], error))
      return FALSE;
  return names != NULL;
}
