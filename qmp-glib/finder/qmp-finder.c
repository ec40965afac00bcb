/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <qmp-glib/qmp-finder.h>

#include <errno.h>
#include <unistd.h>

#include "core/qmp-task-private.h"
#include "finder/qmp-finder-private.h"
#include "finder/qmp-looker-private.h"
#include "finder/qmp-pick-private.h"
#include "wire/qmp-hand-over-private.h"

/**
 * QmpFinder:
 *
 * The QEMUs, storage daemons and guest agents that run on this computer: a list model of [class@Instance].
 *
 * ```c
 * g_autoptr(QmpFinder) finder = qmp_finder_new ();
 * g_autoptr(QmpInstance) instance = NULL;
 * g_autoptr(QmpEndpoint) monitor = NULL;
 *
 * if (qmp_finder_refresh (finder, NULL, &error))
 *   instance = qmp_finder_find (finder, "vm1", &error);
 * if (instance != NULL)
 *   monitor = qmp_instance_choose_endpoint (instance, QMP_ENDPOINT_KIND_MONITOR, &error);
 * if (monitor != NULL)
 *   client = qmp_client_new_for_address (qmp_endpoint_get_address (monitor), NULL, &error);
 * ```
 *
 * It reads what the system says of processes, and its tables of sockets. No monitor is opened: whoever looks does not take
 * the place of whoever is to be served.
 *
 * ## What is seen
 *
 * All processes of the user's own, those of others as far as the system shows them: everybody may read a command line, and so knows the
 * path of a monitor; only root sees what a descriptor is that was handed to it, as libvirt does, and who is connected.
 * [property@Instance:visible] tells. A process in a container is found as well; its sockets are then where `/proc` has its files.
 *
 * ## Coming and going
 *
 * While its main context runs, the list follows what happens. That a process has ended is told by the kernel, at once. That one has
 * come is not told to everybody, so the finder looks for it every [property@Finder:interval], in another thread.
 * [method@Finder.refresh] looks at once.
 *
 * A finder belongs to the thread that made it; it may lose its last reference in any.
 *
 * Since: 1.0
 */

#define DEFAULT_INTERVAL 2000

/* A member of the list. */
typedef struct {
  QmpFinder   *finder;    /* borrowed */
  QmpInstance *instance;
  int          fd;        /* pidfd; -1 if there is none */
  QmpIoWatch   watch;
} Entry;

struct _QmpFinder {
  GObject       parent_instance;

  QmpIoContext *io;
  QmpLooker    *looker;
  char         *root;
  GPtrArray    *entries;        /* of Entry */
  guint         interval;
  gboolean      find_holders;
};

enum {
  PROP_0,
  PROP_INTERVAL,
  PROP_FIND_HOLDERS,
  PROP_N_ITEMS,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void list_model_iface_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (QmpFinder, qmp_finder, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_iface_init))

/* --- the list --- */

static GType
get_item_type (GListModel *list)
{
  return QMP_TYPE_INSTANCE;
}

static guint
get_n_items (GListModel *list)
{
  return QMP_FINDER (list)->entries->len;
}

static gpointer
get_item (GListModel *list,
          guint       position)
{
  QmpFinder *self = QMP_FINDER (list);

  return position < self->entries->len ? g_object_ref (((Entry *) self->entries->pdata[position])->instance) : NULL;
}

static void
list_model_iface_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

/* Runs user code. */
static void
tell (QmpFinder *self,
      guint      position,
      guint      removed,
      guint      added)
{
  g_list_model_items_changed (G_LIST_MODEL (self), position, removed, added);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_ITEMS]);
}

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  qmp_io_watch_detach (&entry->watch);
  if (entry->fd >= 0)
    close (entry->fd);
  g_object_unref (entry->instance);
  g_free (entry);
}

static Entry *
find_entry (QmpFinder   *self,
            QmpInstance *instance)
{
  for (guint i = 0; i < self->entries->len; i++)
    {
      Entry *entry = self->entries->pdata[i];

      if (qmp_instance_is_same (entry->instance, instance))
        return entry;
    }
  return NULL;
}

/* Runs user code. */
static void
remove_entry (QmpFinder *self,
              Entry     *entry)
{
  g_autoptr(QmpInstance) instance = g_object_ref (entry->instance);
  guint position;

  if (!g_ptr_array_find (self->entries, entry, &position))
    return;
  g_ptr_array_remove_index (self->entries, position);
  qmp_instance_set_gone (instance);
  tell (self, position, 1, 0);
}

/* --- the end of a process --- */

static gboolean
ended_cb (gpointer     owner,
          GIOCondition ready)
{
  Entry *entry = owner;
  g_autoptr(QmpFinder) self = g_object_ref (entry->finder);

  if (ready != 0)
    remove_entry (self, entry);
  return FALSE;
}

static const QmpIoFuncs entry_funcs = { .dispatch = ended_cb };

/* NULL if it has ended already. Without a descriptor, of which there may be too few, its end is seen at the next look. */
static Entry *
entry_new (QmpFinder   *self,
           QmpInstance *instance)
{
  int fd = qmp_scan_open_process (self->root, instance);
  Entry *entry;

  if (fd < 0 && errno == ESRCH)
    return NULL;
  entry = g_new0 (Entry, 1);
  entry->finder = self;
  entry->instance = g_object_ref (instance);
  entry->fd = fd;
  qmp_io_watch_attach (&entry->watch, self->io, &entry_funcs, entry);
  if (fd >= 0)
    qmp_io_watch_set_fd (&entry->watch, fd, G_IO_IN);
  return entry;
}

/* --- what was seen --- */

static gboolean
was_seen (GPtrArray   *instances,
          QmpInstance *instance)
{
  for (guint i = 0; i < instances->len; i++)
    if (qmp_instance_is_same (instances->pdata[i], instance))
      return TRUE;
  return FALSE;
}

/* Handlers may look again, in the middle of this. */
static void
remove_gone (QmpFinder *self,
             GPtrArray *instances)
{
  guint i = 0;

  while (i < self->entries->len)
    {
      Entry *entry = self->entries->pdata[i];

      if (was_seen (instances, entry->instance))
        i++;
      else
        {
          remove_entry (self, entry);
          i = 0;
        }
    }
}

static void
add_new (QmpFinder *self,
         GPtrArray *instances)
{
  guint position = self->entries->len;

  for (guint i = 0; i < instances->len; i++)
    {
      Entry *entry = find_entry (self, instances->pdata[i]) == NULL ? entry_new (self, instances->pdata[i]) : NULL;

      if (entry != NULL)
        g_ptr_array_add (self->entries, entry);
    }
  if (self->entries->len > position)
    tell (self, position, 0, self->entries->len - position);
}

static void
take_instances (QmpFinder *self,
                GPtrArray *instances)
{
  g_autoptr(QmpFinder) held = g_object_ref (self);

  remove_gone (self, instances);
  for (guint i = 0; i < instances->len; i++)
    {
      Entry *entry = find_entry (self, instances->pdata[i]);
      g_autoptr(QmpInstance) instance = entry != NULL ? g_object_ref (entry->instance) : NULL;

      if (instance != NULL)
        qmp_instance_update (instance, instances->pdata[i]);
    }
  add_new (self, instances);
}

static void
seen_cb (gpointer   owner,
         GPtrArray *instances)
{
  take_instances (owner, instances);
}

/* --- the object --- */

static void
get_property (GObject    *object,
              guint       property_id,
              GValue     *value,
              GParamSpec *pspec)
{
  QmpFinder *self = QMP_FINDER (object);

  switch (property_id)
    {
    case PROP_INTERVAL:
      g_value_set_uint (value, self->interval);
      break;
    case PROP_FIND_HOLDERS:
      g_value_set_boolean (value, self->find_holders);
      break;
    case PROP_N_ITEMS:
      g_value_set_uint (value, self->entries->len);
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
  QmpFinder *self = QMP_FINDER (object);

  switch (property_id)
    {
    case PROP_INTERVAL:
      qmp_finder_set_interval (self, g_value_get_uint (value));
      break;
    case PROP_FIND_HOLDERS:
      qmp_finder_set_find_holders (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
qmp_finder_dispose (GObject *object)
{
  QmpFinder *self = QMP_FINDER (object);

  if (!qmp_hand_over_begin_dispose (object, self->io))
    return;

  g_ptr_array_set_size (self->entries, 0);

  G_OBJECT_CLASS (qmp_finder_parent_class)->dispose (object);
  qmp_hand_over_end_dispose (object, self->io);
}

static void
qmp_finder_finalize (GObject *object)
{
  QmpFinder *self = QMP_FINDER (object);

  qmp_looker_free (self->looker);
  g_ptr_array_unref (self->entries);
  g_free (self->root);
  qmp_io_context_leave (self->io);
  qmp_io_context_unref (self->io);

  G_OBJECT_CLASS (qmp_finder_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  /**
   * QmpFinder:interval: (getter get_interval) (setter set_interval)
   *
   * How often it looks for what has come, in milliseconds; 0: when [method@Finder.refresh] is called, and not else.
   *
   * Since: 1.0
   */
  properties[PROP_INTERVAL] =
    g_param_spec_uint ("interval", NULL, NULL, 0, G_MAXINT, DEFAULT_INTERVAL,
                       G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * QmpFinder:find-holders: (getter get_find_holders) (setter set_find_holders)
   *
   * Whether it looks which process is connected to an endpoint.
   *
   * For that it looks through the open files of all processes, when somebody is connected who was not before. That somebody
   * is connected is known without it.
   *
   * Since: 1.0
   */
  properties[PROP_FIND_HOLDERS] =
    g_param_spec_boolean ("find-holders", NULL, NULL, TRUE,
                          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * QmpFinder:n-items:
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
qmp_finder_class_init (QmpFinderClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  qmp_hand_over_install (object_class);
  object_class->get_property = get_property;
  object_class->set_property = set_property;
  object_class->dispose = qmp_finder_dispose;
  object_class->finalize = qmp_finder_finalize;
  install_properties (object_class);
}

static void
qmp_finder_init (QmpFinder *self)
{
  g_autoptr(GMainContext) context = g_main_context_ref_thread_default ();

  self->io = qmp_io_context_get (context);
  self->root = g_strdup ("/proc");
  self->entries = g_ptr_array_new_with_free_func (entry_free);
  self->interval = DEFAULT_INTERVAL;
  self->find_holders = TRUE;
  self->looker = qmp_looker_new (self->io, seen_cb, self);
  qmp_looker_set_interval (self->looker, DEFAULT_INTERVAL);
}

/**
 * qmp_finder_new:
 *
 * Makes a finder.
 *
 * Its list is empty until the main context runs, or [method@Finder.refresh] is called.
 *
 * Returns: (transfer full): a new finder
 *
 * Since: 1.0
 */
QmpFinder *
qmp_finder_new (void)
{
  return g_object_new (QMP_TYPE_FINDER, NULL);
}

void
qmp_finder_set_root (QmpFinder  *self,
                     const char *root)
{
  g_free (self->root);
  self->root = g_strdup (root);
  qmp_looker_set_root (self->looker, root);
}

/**
 * qmp_finder_get_interval: (get-property interval)
 * @self: a finder
 *
 * Gets how often it looks for what has come: see [property@Finder:interval].
 *
 * Returns: milliseconds, or 0
 *
 * Since: 1.0
 */
guint
qmp_finder_get_interval (QmpFinder *self)
{
  g_return_val_if_fail (QMP_IS_FINDER (self), 0);

  return self->interval;
}

/**
 * qmp_finder_set_interval: (set-property interval)
 * @self: a finder
 * @interval: milliseconds, or 0
 *
 * Sets how often it looks for what has come: see [property@Finder:interval].
 *
 * Since: 1.0
 */
void
qmp_finder_set_interval (QmpFinder *self,
                         guint      interval)
{
  g_return_if_fail (QMP_IS_FINDER (self));
  g_return_if_fail (interval <= G_MAXINT);

  if (self->interval == interval)
    return;
  self->interval = interval;
  qmp_looker_set_interval (self->looker, interval);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_INTERVAL]);
}

/**
 * qmp_finder_get_find_holders: (get-property find-holders)
 * @self: a finder
 *
 * Gets whether it looks who is connected: see [property@Finder:find-holders].
 *
 * Returns: whether it does
 *
 * Since: 1.0
 */
gboolean
qmp_finder_get_find_holders (QmpFinder *self)
{
  g_return_val_if_fail (QMP_IS_FINDER (self), FALSE);

  return self->find_holders;
}

/**
 * qmp_finder_set_find_holders: (set-property find-holders)
 * @self: a finder
 * @find_holders: whether it is to look
 *
 * Sets whether it looks who is connected, from the next time on: see [property@Finder:find-holders].
 *
 * Since: 1.0
 */
void
qmp_finder_set_find_holders (QmpFinder *self,
                             gboolean   find_holders)
{
  g_return_if_fail (QMP_IS_FINDER (self));

  find_holders = !!find_holders;
  if (self->find_holders == find_holders)
    return;
  self->find_holders = find_holders;
  qmp_looker_set_thorough (self->looker, find_holders);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FIND_HOLDERS]);
}

/* --- refreshing --- */

/**
 * qmp_finder_refresh:
 * @self: a finder
 * @cancellable: (nullable): a cancellable
 * @error: where to store an error
 *
 * Looks what runs now: afterwards the list is right. Blocks, usually for a few milliseconds.
 *
 * The kernel lets whoever asks for the command line of a process wait while that process waits for its memory, on a file system
 * that hangs. [method@Finder.refresh_async] does not block.
 *
 * Fails with an error of `G_IO_ERROR` if there is no `/proc`, and with `G_IO_ERROR_CANCELLED`; the list stays as it was.
 *
 * Returns: whether it could look
 *
 * Since: 1.0
 */
gboolean
qmp_finder_refresh (QmpFinder     *self,
                    GCancellable  *cancellable,
                    GError       **error)
{
  g_autoptr(GPtrArray) instances = NULL;

  g_return_val_if_fail (QMP_IS_FINDER (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  instances = qmp_looker_look (self->looker, error);
  if (instances == NULL)
    return FALSE;
  take_instances (self, instances);
  return TRUE;
}

/**
 * qmp_finder_refresh_async:
 * @self: a finder
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable) (scope async): what to call when it is done
 * @user_data: for @callback
 *
 * Looks what runs now, in another thread.
 *
 * Since: 1.0
 */
void
qmp_finder_refresh_async (QmpFinder           *self,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  GTask *task;

  g_return_if_fail (QMP_IS_FINDER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, qmp_finder_refresh_async);
  qmp_looker_wait_async (self->looker, task);
}

/**
 * qmp_finder_refresh_finish:
 * @self: a finder
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Finishes what [method@Finder.refresh_async] has begun.
 *
 * Fails as [method@Finder.refresh] does.
 *
 * Returns: whether it could look
 *
 * Since: 1.0
 */
gboolean
qmp_finder_refresh_finish (QmpFinder     *self,
                           GAsyncResult  *result,
                           GError       **error)
{
  g_return_val_if_fail (QMP_IS_FINDER (self), FALSE);
  g_return_val_if_fail (qmp_task_is_valid (result, self, qmp_finder_refresh_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- one of them --- */

/**
 * qmp_finder_find:
 * @self: a finder
 * @name: a name, a UUID or a process ID
 * @error: where to store an error
 *
 * Finds the instance of that name in the list; if there is none, that of that UUID, and then that of that process ID.
 *
 * It does not look for it: see [method@Finder.refresh]. [func@Instance.find] does, without a finder.
 *
 * Fails with `QMP_FINDER_ERROR_NOT_FOUND`, and with `QMP_FINDER_ERROR_AMBIGUOUS` if there are several; the error's text lists their
 * processes.
 *
 * Returns: (transfer full): the instance
 *
 * Since: 1.0
 */
QmpInstance *
qmp_finder_find (QmpFinder   *self,
                 const char  *name,
                 GError     **error)
{
  g_autoptr(GPtrArray) instances = g_ptr_array_new ();

  g_return_val_if_fail (QMP_IS_FINDER (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  for (guint i = 0; i < self->entries->len; i++)
    g_ptr_array_add (instances, ((Entry *) self->entries->pdata[i])->instance);
  return qmp_pick_instance (instances, name, error);
}
