/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-list-private.h"

/**
 * QmpMachineList:
 *
 * Machines that are kept open, as many as there are: a list model of [class@MachineEntry].
 *
 * ```c
 * g_autoptr(QmpFinder) finder = qmp_finder_new ();
 * g_autoptr(QmpMachineList) machines = qmp_machine_list_new ();
 *
 * g_signal_connect (machines, "items-changed", G_CALLBACK (on_changed), NULL);
 * qmp_machine_list_set_finder (machines, finder);
 * ```
 *
 * What stands in it are
 *
 * - the machines that its [property@MachineList:finder] finds, while they run;
 * - what was added by an address or by a name: it stays, whether or not it runs.
 *
 * Each is opened when it can be had, and again when its link ends: see [method@Machine.keep_open]. One that a name or the finder
 * tells of is opened where nobody else is connected, for a monitor serves one at a time. Its process is known then, so
 * it can be killed. All goes on in the main context, and none waits for another: one that hangs, or that somebody else holds, is
 * not connected, and [property@MachineEntry:error] says why.
 *
 * | Error | When |
 * | --- | --- |
 * | `QMP_CLIENT_ERROR_BUSY` | somebody else is connected; the text says who, if that can be seen |
 * | `QMP_MACHINE_ERROR_NO_ANSWER` | its process is stopped; or a command waits for [property@Client:stall-time], which is set on the machine's client. There may be a link |
 * | `QMP_FINDER_ERROR_NOT_FOUND`, `QMP_FINDER_ERROR_AMBIGUOUS` | no machine of that name runs on this computer, or several do |
 * | `QMP_FINDER_ERROR_NO_ENDPOINT` | it has no monitor that could be connected to |
 * | others | those of [property@Machine:link-error] |
 *
 * What is to be set on the client of a machine, such as a timeout or TLS, is set in a handler of
 * [signal@Gio.ListModel::items-changed], or behind [method@MachineList.add]: a machine is not opened before the main context runs again.
 *
 * A machine that was found leaves the list behind [signal@Machine::ended]. What leaves it is not kept open any more; a link that
 * is there lasts as long as somebody holds the machine.
 *
 * A list belongs to the thread that made it; it may lose its last reference in any.
 *
 * Since: 1.0
 */

enum {
  PROP_0,
  PROP_FINDER,
  PROP_N_ITEMS,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void list_model_iface_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (QmpMachineList, qmp_machine_list, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_iface_init))

/* --- the list --- */

static GType
get_item_type (GListModel *list)
{
  return QMP_TYPE_MACHINE_ENTRY;
}

static guint
get_n_items (GListModel *list)
{
  return QMP_MACHINE_LIST (list)->members->len;
}

static gpointer
get_item (GListModel *list,
          guint       position)
{
  QmpMachineList *self = QMP_MACHINE_LIST (list);

  return position < self->members->len ? g_object_ref (((QmpMachineMember *) self->members->pdata[position])->entry) : NULL;
}

static void
list_model_iface_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

void
qmp_machine_list_tell (QmpMachineList *self,
                       guint           position,
                       guint           removed,
                       guint           added)
{
  g_list_model_items_changed (G_LIST_MODEL (self), position, removed, added);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_ITEMS]);
}

static void
member_free (gpointer data)
{
  QmpMachineMember *member = data;

  qmp_machine_entry_retire (member->entry);
  g_object_unref (member->entry);
  g_free (member->key);
  g_free (member);
}

QmpMachineMember *
qmp_machine_list_find (QmpMachineList  *self,
                       QmpMachineEntry *entry)
{
  QmpMachineMember *member = g_hash_table_lookup (self->by_title, qmp_machine_entry_get_title (entry));

  return member != NULL && member->entry == entry ? member : NULL;
}

void
qmp_machine_list_set_instance (QmpMachineList   *self,
                               QmpMachineMember *member,
                               QmpInstance      *instance)
{
  QmpInstance *before = qmp_machine_entry_get_instance (member->entry);

  if (before != NULL)
    g_hash_table_remove (self->by_instance, before);
  if (instance != NULL)
    g_hash_table_insert (self->by_instance, instance, member);
  qmp_machine_entry_set_instance (member->entry, instance);
}

/* Titles are told apart: there may be two processes of one name. Takes title. */
static char *
make_unique (QmpMachineList *self,
             char           *title)
{
  g_autofree char *first = title;
  char *unique = g_strdup (first);

  for (guint i = 2; g_hash_table_contains (self->by_title, unique); i++)
    {
      g_free (unique);
      unique = g_strdup_printf ("%s (%u)", first, i);
    }
  return unique;
}

QmpMachineMember *
qmp_machine_list_append (QmpMachineList   *self,
                         QmpMachineOrigin  origin,
                         char             *key,
                         char             *title)
{
  g_autofree char *unique = make_unique (self, title);
  QmpMachineMember *member = g_new (QmpMachineMember, 1);

  *member = (QmpMachineMember) { qmp_machine_entry_new (unique), origin, key };
  g_ptr_array_add (self->members, member);
  g_hash_table_insert (self->by_title, (char *) qmp_machine_entry_get_title (member->entry), member);
  if (key != NULL)
    g_hash_table_insert (self->by_key, key, member);
  return member;
}

void
qmp_machine_list_remove_member (QmpMachineList   *self,
                                QmpMachineMember *member)
{
  QmpInstance *instance = qmp_machine_entry_get_instance (member->entry);
  guint position;

  if (!g_ptr_array_find (self->members, member, &position))
    return;
  g_hash_table_remove (self->by_title, qmp_machine_entry_get_title (member->entry));
  if (member->key != NULL)
    g_hash_table_remove (self->by_key, member->key);
  if (instance != NULL)
    g_hash_table_remove (self->by_instance, instance);
  g_signal_handlers_disconnect_by_data (member->entry, self);
  g_ptr_array_remove_index (self->members, position);
  qmp_machine_list_tell (self, position, 1, 0);
}

GPtrArray *
qmp_machine_list_dup_entries (QmpMachineList *self,
              gboolean     (* is_so) (QmpMachineMember *member))
{
  GPtrArray *entries = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < self->members->len; i++)
    if (is_so (self->members->pdata[i]))
      g_ptr_array_add (entries, g_object_ref (((QmpMachineMember *) self->members->pdata[i])->entry));
  return entries;
}

/* --- the object --- */

static void
get_property (GObject    *object,
              guint       property_id,
              GValue     *value,
              GParamSpec *pspec)
{
  QmpMachineList *self = QMP_MACHINE_LIST (object);

  switch (property_id)
    {
    case PROP_FINDER:
      g_value_set_object (value, self->finder);
      break;
    case PROP_N_ITEMS:
      g_value_set_uint (value, self->members->len);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
set_property (GObject      *object,
              guint         property_id,
              const GValue *value,
              GParamSpec   *pspec)
{
  switch (property_id)
    {
    case PROP_FINDER:
      qmp_machine_list_set_finder (QMP_MACHINE_LIST (object), g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
qmp_machine_list_dispose (GObject *object)
{
  QmpMachineList *self = QMP_MACHINE_LIST (object);

  if (!qmp_hand_over_begin_dispose (object, self->io))
    return;

  qmp_machine_list_drop_looker (self);
  g_clear_object (&self->finder);
  g_hash_table_remove_all (self->by_key);
  g_hash_table_remove_all (self->by_title);
  g_hash_table_remove_all (self->by_instance);
  for (guint i = 0; i < self->members->len; i++)
    g_signal_handlers_disconnect_by_data (((QmpMachineMember *) self->members->pdata[i])->entry, self);
  g_ptr_array_set_size (self->members, 0);

  G_OBJECT_CLASS (qmp_machine_list_parent_class)->dispose (object);
  qmp_hand_over_end_dispose (object, self->io);
}

static void
qmp_machine_list_finalize (GObject *object)
{
  QmpMachineList *self = QMP_MACHINE_LIST (object);

  g_hash_table_unref (self->by_key);
  g_hash_table_unref (self->by_title);
  g_hash_table_unref (self->by_instance);
  g_ptr_array_unref (self->members);
  qmp_io_context_leave (self->io);
  qmp_io_context_unref (self->io);

  G_OBJECT_CLASS (qmp_machine_list_parent_class)->finalize (object);
}

static void
qmp_machine_list_class_init (QmpMachineListClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  qmp_hand_over_install (object_class);
  object_class->get_property = get_property;
  object_class->set_property = set_property;
  object_class->dispose = qmp_machine_list_dispose;
  object_class->finalize = qmp_machine_list_finalize;

  /**
   * QmpMachineList:finder: (getter get_finder) (setter set_finder)
   *
   * Whose machines are all in the list; `NULL` if there is no such finder.
   *
   * Its storage daemons and guest agents are not.
   *
   * Since: 1.0
   */
  properties[PROP_FINDER] =
    g_param_spec_object ("finder", NULL, NULL, QMP_TYPE_FINDER,
                         G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * QmpMachineList:n-items:
   *
   * How many there are: see [method@Gio.ListModel.get_n_items].
   *
   * Since: 1.0
   */
  properties[PROP_N_ITEMS] =
    g_param_spec_uint ("n-items", NULL, NULL, 0, G_MAXUINT, 0,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
qmp_machine_list_init (QmpMachineList *self)
{
  g_autoptr(GMainContext) context = g_main_context_ref_thread_default ();

  self->io = qmp_io_context_get (context);
  self->members = g_ptr_array_new_with_free_func (member_free);
  self->by_key = g_hash_table_new (g_str_hash, g_str_equal);
  self->by_title = g_hash_table_new (g_str_hash, g_str_equal);
  self->by_instance = g_hash_table_new (NULL, NULL);
}

/**
 * qmp_machine_list_new:
 *
 * Makes a list with nothing in it.
 *
 * Returns: (transfer full): a new list
 *
 * Since: 1.0
 */
QmpMachineList *
qmp_machine_list_new (void)
{
  return g_object_new (QMP_TYPE_MACHINE_LIST, NULL);
}

/**
 * qmp_machine_list_get_finder: (get-property finder)
 * @self: a list
 *
 * Gets whose machines are all in the list: see [property@MachineList:finder].
 *
 * Returns: (nullable) (transfer none): the finder
 *
 * Since: 1.0
 */
QmpFinder *
qmp_machine_list_get_finder (QmpMachineList *self)
{
  g_return_val_if_fail (QMP_IS_MACHINE_LIST (self), NULL);

  return self->finder;
}

/**
 * qmp_machine_list_set_finder: (set-property finder)
 * @self: a list
 * @finder: (nullable): a finder of this thread, or `NULL`
 *
 * Sets whose machines are all in the list: see [property@MachineList:finder].
 *
 * What the one before has found leaves the list; what was added stays.
 *
 * Since: 1.0
 */
void
qmp_machine_list_set_finder (QmpMachineList *self,
                             QmpFinder      *finder)
{
  g_autoptr(QmpMachineList) held = NULL;

  g_return_if_fail (QMP_IS_MACHINE_LIST (self));
  g_return_if_fail (finder == NULL || QMP_IS_FINDER (finder));

  if (self->finder == finder)
    return;
  held = g_object_ref (self);
  g_set_object (&self->finder, finder);
  qmp_machine_list_change_looker (self, finder);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FINDER]);
}

/**
 * qmp_machine_list_remove:
 * @self: a list
 * @entry: an entry
 *
 * Takes a machine out of the list. Its guest is not touched.
 *
 * One that the finder has found does not come back before it is started anew. Nothing happens if it is not in the list.
 *
 * Since: 1.0
 */
void
qmp_machine_list_remove (QmpMachineList  *self,
                         QmpMachineEntry *entry)
{
  g_autoptr(QmpMachineList) held = NULL;
  QmpMachineMember *member;

  g_return_if_fail (QMP_IS_MACHINE_LIST (self));
  g_return_if_fail (QMP_IS_MACHINE_ENTRY (entry));

  held = g_object_ref (self);
  member = qmp_machine_list_find (self, entry);
  if (member != NULL)
    qmp_machine_list_remove_member (self, member);
}
