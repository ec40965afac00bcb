/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-list-private.h"

#include <glib/gi18n-lib.h>

#include "qmp-error.h"

/* What the finder knows of machines in a list, and finds for it. */

/* --- names --- */

static gboolean
is_missing (QmpMachineMember *member)
{
  return member->origin == QMP_MACHINE_BY_NAME && qmp_machine_entry_get_instance (member->entry) == NULL;
}

static void
set_missing (QmpMachineList   *self,
             QmpMachineMember *member,
             QmpInstance      *instance,
             const GError     *error)
{
  QmpMachineMember *other = instance != NULL ? g_hash_table_lookup (self->by_instance, instance) : NULL;
  g_autoptr(GError) twice = NULL;

  if (other != NULL)
    twice = g_error_new (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY, _("It is in the list already, as “%s”"),
                         qmp_machine_entry_get_title (other->entry));
  qmp_machine_entry_set_missing (member->entry, other != NULL ? twice : error);
}

static void
look_up (QmpMachineList   *self,
         QmpMachineMember *member)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpInstance) instance = qmp_finder_find (self->looker, member->key, &error);

  if (instance != NULL && !g_hash_table_contains (self->by_instance, instance))
    qmp_machine_list_set_instance (self, member, instance);
  else
    set_missing (self, member, instance, error);
}

/* error: nullable, why nothing can be found. */
static void
look_up_missing (QmpMachineList *self,
                 const GError   *error)
{
  g_autoptr(GPtrArray) entries = qmp_machine_list_dup_entries (self, is_missing);

  for (guint i = 0; i < entries->len; i++)
    {
      QmpMachineMember *member = qmp_machine_list_find (self, entries->pdata[i]);

      if (member == NULL || !is_missing (member) || self->looker == NULL)
        continue;
      if (error != NULL)
        qmp_machine_entry_set_missing (member->entry, error);
      else
        look_up (self, member);
    }
}

static void
looked_cb (GObject      *finder,
           GAsyncResult *result,
           gpointer      user_data)
{
  QmpMachineList *self = user_data;
  g_autoptr(GError) error = NULL;

  /* Then the list may be gone. */
  if (!qmp_finder_refresh_finish (QMP_FINDER (finder), result, &error) &&
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_object_ref (self);
  g_clear_object (&self->looking);
  look_up_missing (self, error);
  g_object_unref (self);
}

static void
stop_looking (QmpMachineList *self)
{
  g_cancellable_cancel (self->looking);
  g_clear_object (&self->looking);
}

/* Until then nobody knows that a name is missing. */
void
qmp_machine_list_look_now (QmpMachineList *self)
{
  if (self->looking != NULL)
    return;
  self->looking = g_cancellable_new ();
  qmp_finder_refresh_async (self->looker, self->looking, looked_cb, self);
}

/* --- what was found --- */

static gboolean
is_at (QmpInstance *instance,
       const char  *key)
{
  GListModel *endpoints = qmp_instance_get_endpoints (instance);

  for (guint i = 0; i < g_list_model_get_n_items (endpoints); i++)
    {
      g_autoptr(QmpEndpoint) endpoint = g_list_model_get_item (endpoints, i);

      if (g_strcmp0 (qmp_endpoint_get_address (endpoint), key) == 0)
        return TRUE;
    }
  return FALSE;
}

QmpInstance *
qmp_machine_list_find_at (QmpMachineList *self,
                          const char     *key)
{
  for (guint i = 0; self->looker != NULL && i < g_list_model_get_n_items (G_LIST_MODEL (self->looker)); i++)
    {
      g_autoptr(QmpInstance) instance = g_list_model_get_item (G_LIST_MODEL (self->looker), i);

      if (is_at (instance, key))
        return g_steal_pointer (&instance);
    }
  return NULL;
}

/* The member that was added with one of its addresses; NULL if there is none. */
static QmpMachineMember *
find_added_at (QmpMachineList *self,
               QmpInstance    *instance)
{
  GListModel *endpoints = qmp_instance_get_endpoints (instance);

  for (guint i = 0; i < g_list_model_get_n_items (endpoints); i++)
    {
      g_autoptr(QmpEndpoint) endpoint = g_list_model_get_item (endpoints, i);
      const char *address = qmp_endpoint_get_address (endpoint);
      QmpMachineMember *member = address != NULL ? g_hash_table_lookup (self->by_key, address) : NULL;

      if (member != NULL && member->origin == QMP_MACHINE_BY_ADDRESS && qmp_machine_entry_get_instance (member->entry) == NULL)
        return member;
    }
  return NULL;
}

/* QEMU was found before it listened, and listens now where something was added that waits for it. */
static void
placed_cb (QmpMachineEntry *entry,
           GParamSpec      *pspec,
           QmpMachineList  *self)
{
  g_autoptr(QmpMachineList) held = g_object_ref (self);
  QmpInstance *known = qmp_machine_entry_get_instance (entry);
  g_autoptr(QmpInstance) instance = known != NULL ? g_object_ref (known) : NULL;
  QmpMachineMember *member = qmp_machine_list_find (self, entry);
  g_autoptr(QmpMachineEntry) added = NULL;

  if (member == NULL || member->origin != QMP_MACHINE_NOT_ADDED || instance == NULL || find_added_at (self, instance) == NULL)
    return;
  added = g_object_ref (find_added_at (self, instance)->entry);
  qmp_machine_list_remove_member (self, member);
  member = qmp_machine_list_find (self, added);
  if (member != NULL && !g_hash_table_contains (self->by_instance, instance))
    qmp_machine_list_set_instance (self, member, instance);
}

static void
append_instance (QmpMachineList *self,
                 QmpInstance    *instance)
{
  const char *name = qmp_instance_get_name (instance);
  gboolean is_told_apart = name != NULL && !g_hash_table_contains (self->by_title, name);
  char *title = is_told_apart ? g_strdup (name) : qmp_instance_dup_title (instance);
  QmpMachineMember *member = qmp_machine_list_append (self, QMP_MACHINE_NOT_ADDED, NULL, title);

  qmp_machine_list_set_instance (self, member, instance);
  g_signal_connect (member->entry, "notify::address", G_CALLBACK (placed_cb), self);
}

static void
append_instances (QmpMachineList *self,
                  GPtrArray      *instances)
{
  guint position = self->members->len;

  for (guint i = 0; i < instances->len; i++)
    if (qmp_instance_get_kind (instances->pdata[i]) == QMP_INSTANCE_KIND_MACHINE &&
        !qmp_instance_get_gone (instances->pdata[i]) && !g_hash_table_contains (self->by_instance, instances->pdata[i]))
      append_instance (self, instances->pdata[i]);
  if (self->members->len > position)
    qmp_machine_list_tell (self, position, 0, self->members->len - position);
}

/* What was added has the first claim. User code may set another finder: then what this one has found is nobody's. */
static void
take_instances (QmpMachineList *self,
                GPtrArray      *instances)
{
  g_autoptr(QmpFinder) looker = g_object_ref (self->looker);

  for (guint i = 0; i < instances->len && self->looker == looker; i++)
    {
      QmpMachineMember *member = find_added_at (self, instances->pdata[i]);

      if (member != NULL && !g_hash_table_contains (self->by_instance, instances->pdata[i]))
        qmp_machine_list_set_instance (self, member, instances->pdata[i]);
    }
  if (self->looker == looker)
    look_up_missing (self, NULL);
  if (self->looker == looker && self->finder != NULL)
    append_instances (self, instances);
}

static GPtrArray *
list_instances (QmpFinder *finder,
                guint      position,
                guint      n)
{
  GPtrArray *instances = g_ptr_array_new_with_free_func (g_object_unref);

  /* User code that was told before may have changed it. */
  for (guint i = 0; i < n && position + i < g_list_model_get_n_items (G_LIST_MODEL (finder)); i++)
    g_ptr_array_add (instances, g_list_model_get_item (G_LIST_MODEL (finder), position + i));
  return instances;
}

static void
left_cb (gpointer         owner,
         QmpMachineEntry *entry)
{
  QmpMachineList *self = owner;
  QmpMachineMember *member = qmp_machine_list_find (self, entry);

  if (member != NULL)
    qmp_machine_list_remove_member (self, member);
}

static gboolean
has_gone (QmpMachineMember *member)
{
  QmpInstance *instance = qmp_machine_entry_get_instance (member->entry);

  return instance != NULL && qmp_instance_get_gone (instance);
}

static void
take_leave (QmpMachineList   *self,
            QmpMachineMember *member)
{
  g_autoptr(QmpInstance) other = NULL;

  if (member->origin == QMP_MACHINE_NOT_ADDED)
    {
      qmp_machine_entry_leave (member->entry, left_cb, self);
      return;
    }
  if (member->origin == QMP_MACHINE_BY_ADDRESS)
    other = qmp_machine_list_find_at (self, member->key);
  if (other != NULL && g_hash_table_contains (self->by_instance, other))
    g_clear_object (&other);
  qmp_machine_list_set_instance (self, member, other);
}

static void
take_leave_of_gone (QmpMachineList *self)
{
  g_autoptr(GPtrArray) entries = qmp_machine_list_dup_entries (self, has_gone);

  for (guint i = 0; i < entries->len; i++)
    {
      QmpMachineMember *member = qmp_machine_list_find (self, entries->pdata[i]);

      if (member != NULL && has_gone (member))
        take_leave (self, member);
    }
}

static void
found_cb (QmpFinder      *finder,
          guint           position,
          guint           removed,
          guint           added,
          QmpMachineList *self)
{
  g_autoptr(QmpMachineList) held = g_object_ref (self);
  g_autoptr(GPtrArray) instances = list_instances (finder, position, added);

  if (removed > 0)
    take_leave_of_gone (self);
  /* User code may have set another one. */
  if (self->looker == finder)
    take_instances (self, instances);
}

/* --- the finder --- */

/* finder: nullable. */
static void
set_looker (QmpMachineList *self,
            QmpFinder      *finder)
{
  if (self->looker == finder)
    return;
  stop_looking (self);
  if (self->looker != NULL)
    g_signal_handlers_disconnect_by_data (self->looker, self);
  g_set_object (&self->looker, finder);
  if (finder != NULL)
    g_signal_connect (finder, "items-changed", G_CALLBACK (found_cb), self);
}

void
qmp_machine_list_need_looker (QmpMachineList *self)
{
  g_autoptr(QmpFinder) finder = self->looker == NULL ? qmp_finder_new () : NULL;

  if (finder != NULL)
    set_looker (self, finder);
}

static gboolean
has_instance (QmpMachineMember *member)
{
  return qmp_machine_entry_get_instance (member->entry) != NULL;
}

/* What the finder before has found. */
static void
forget_instances (QmpMachineList *self)
{
  g_autoptr(GPtrArray) entries = qmp_machine_list_dup_entries (self, has_instance);

  for (guint i = 0; i < entries->len; i++)
    {
      QmpMachineMember *member = qmp_machine_list_find (self, entries->pdata[i]);

      if (member != NULL && member->origin == QMP_MACHINE_NOT_ADDED)
        qmp_machine_list_remove_member (self, member);
      else if (member != NULL)
        qmp_machine_list_set_instance (self, member, NULL);
    }
}

static gboolean
is_by_name (QmpMachineMember *member)
{
  return member->origin == QMP_MACHINE_BY_NAME;
}

static void
follow (QmpMachineList *self)
{
  g_autoptr(GPtrArray) names = qmp_machine_list_dup_entries (self, is_by_name);
  g_autoptr(GPtrArray) instances = NULL;

  if (names->len > 0)
    qmp_machine_list_need_looker (self);
  if (self->looker == NULL)
    return;
  instances = list_instances (self->looker, 0, g_list_model_get_n_items (G_LIST_MODEL (self->looker)));
  take_instances (self, instances);
  if (names->len > 0 && self->looker != NULL)
    qmp_machine_list_look_now (self);
}


void
qmp_machine_list_change_looker (QmpMachineList *self,
                                QmpFinder      *finder)
{
  set_looker (self, finder);
  forget_instances (self);
  /* User code may have set another one. */
  if (self->finder == finder)
    follow (self);
}

void
qmp_machine_list_drop_looker (QmpMachineList *self)
{
  set_looker (self, NULL);
}
