/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-entry-private.h"

#include <glib/gi18n-lib.h>
#include <unistd.h>

#include "qmp-address.h"
#include "qmp-error.h"
#include "qmp-finder.h"

/**
 * QmpMachineEntry:
 *
 * A machine of a [class@MachineList], where it is, and why it is not open.
 *
 * What the machine itself tells, such as its status, are the properties of [property@MachineEntry:machine].
 *
 * It belongs to the thread of its list.
 *
 * Since: 1.0
 */

struct _QmpMachineEntry {
  GObject       parent_instance;

  char         *title;
  QmpMachine   *machine;
  gboolean      fixed;      /* the address was given */
  char         *address;    /* nullable: where it is kept open */
  QmpInstance  *instance;   /* nullable */
  QmpEndpoint  *endpoint;   /* nullable: of the instance, where it is kept open */
  GError       *missing;    /* nullable: why there is no instance */
  GError       *closed;     /* nullable: why it is not tried */
  GError       *error;      /* nullable: what is told of these, and of the machine */
  gboolean      retired;
  void       (* left)       (gpointer         owner,
                             QmpMachineEntry *self);
  gpointer      owner;      /* borrowed */
};

enum {
  PROP_0,
  PROP_TITLE,
  PROP_MACHINE,
  PROP_INSTANCE,
  PROP_ADDRESS,
  PROP_ERROR,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (QmpMachineEntry, qmp_machine_entry, G_TYPE_OBJECT)

/* --- where it is --- */

/* text: nullable. address: nullable. */
static void
keep (QmpMachineEntry    *self,
      const char         *text,
      GSocketConnectable *address)
{
  if (g_strcmp0 (self->address, text) == 0)
    return;
  g_free (self->address);
  self->address = g_strdup (text);
  qmp_machine_keep_open (self->machine, address);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ADDRESS]);
}

/* Takes why, which is nullable. */
static void
keep_closed (QmpMachineEntry *self,
             GError          *why)
{
  g_clear_object (&self->endpoint);
  g_clear_error (&self->closed);
  self->closed = why;
  keep (self, NULL, NULL);
}

static GError *
held_error (QmpEndpoint *endpoint)
{
  if (qmp_endpoint_get_holder_name (endpoint) == NULL)
    return g_error_new_literal (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY, _("Another client holds the monitor"));
  return g_error_new (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY, _("The process %d (%s) holds the monitor"),
                      qmp_endpoint_get_holder_pid (endpoint), qmp_endpoint_get_holder_name (endpoint));
}

/* While it is opened the finder may see that already. */
static gboolean
may_be_ours (QmpEndpoint *endpoint)
{
  int pid = qmp_endpoint_get_holder_pid (endpoint);

  return qmp_endpoint_get_state (endpoint) != QMP_ENDPOINT_STATE_HELD || pid == 0 || pid == getpid ();
}

static void
keep_at (QmpMachineEntry *self,
         QmpEndpoint     *endpoint)
{
  const char *text = qmp_endpoint_get_address (endpoint);
  GError *error = NULL;
  g_autoptr(GSocketConnectable) address = NULL;

  if (qmp_endpoint_get_state (endpoint) == QMP_ENDPOINT_STATE_HELD)
    {
      keep_closed (self, held_error (endpoint));
      return;
    }
  address = qmp_address_parse (text, &error);
  if (address == NULL)
    {
      keep_closed (self, error);
      return;
    }
  g_clear_error (&self->closed);
  g_set_object (&self->endpoint, endpoint);
  keep (self, text, address);
}

static gboolean
has_place (QmpMachineEntry *self)
{
  return self->fixed || qmp_machine_get_connected (self->machine) ||
         (self->endpoint != NULL && may_be_ours (self->endpoint) &&
          g_strcmp0 (qmp_endpoint_get_address (self->endpoint), self->address) == 0);
}

/* Whoever is connected to a monitor is not disturbed, and a link that is there stays. */
static void
find_place (QmpMachineEntry *self)
{
  g_autoptr(QmpEndpoint) endpoint = NULL;
  GError *error = NULL;

  if (has_place (self))
    return;
  if (self->instance == NULL || self->left != NULL)
    {
      keep_closed (self, NULL);
      return;
    }
  endpoint = qmp_instance_choose_endpoint (self->instance, QMP_ENDPOINT_KIND_MONITOR, &error);
  if (endpoint != NULL)
    keep_at (self, endpoint);
  else
    keep_closed (self, error);
}

/* --- what is wrong --- */

static GError *
copy_error (const GError *error)
{
  return error != NULL ? g_error_copy (error) : NULL;
}

static GError *
find_error (QmpMachineEntry *self)
{
  QmpClient *client = qmp_machine_get_client (self->machine);

  if (self->instance != NULL && qmp_instance_get_stopped (self->instance))
    return g_error_new (QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_ANSWER,
                        _("The process %d is stopped, and has to be continued (SIGCONT)"),
                        qmp_instance_get_pid (self->instance));
  if (qmp_client_get_stalled (client))
    return g_error_new (QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_ANSWER, _("A command was not answered for %d milliseconds"),
                        qmp_client_get_stall_time (client));
  if (qmp_machine_get_connected (self->machine))
    return NULL;
  if (self->missing != NULL || self->closed != NULL)
    return copy_error (self->missing != NULL ? self->missing : self->closed);
  return self->address != NULL ? copy_error (qmp_machine_get_link_error (self->machine)) : NULL;
}

static gboolean
is_same_error (const GError *error,
               const GError *other)
{
  if (error == NULL || other == NULL)
    return error == other;
  return g_error_matches (error, other->domain, other->code) && g_str_equal (error->message, other->message);
}

static void
update_error (QmpMachineEntry *self)
{
  g_autoptr(GError) error = find_error (self);

  if (is_same_error (self->error, error))
    return;
  g_clear_error (&self->error);
  self->error = g_steal_pointer (&error);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ERROR]);
}

/* --- what it follows --- */

/* Its end is seen and can be brought about then. Without one, of which there may be too many, the link alone tells. */
static void
give_process (QmpMachineEntry *self)
{
  int fd;

  if (self->instance == NULL || qmp_instance_get_gone (self->instance) || !qmp_machine_get_connected (self->machine) ||
      qmp_machine_get_alive (self->machine))
    return;
  fd = qmp_instance_open_process (self->instance, NULL);
  if (fd < 0)
    return;
  qmp_machine_set_process (self->machine, fd, NULL);
  close (fd);
}

/* Of one that has a process comes more behind the end of its link. */
static gboolean
is_over (QmpMachineEntry *self)
{
  return !qmp_machine_get_connected (self->machine) && !qmp_machine_get_alive (self->machine);
}

/* Something has changed. Runs user code last. */
static void
look (QmpMachineEntry *self)
{
  g_autoptr(QmpMachineEntry) held = g_object_ref (self);

  if (self->retired)
    return;
  g_object_freeze_notify (G_OBJECT (self));
  give_process (self);
  find_place (self);
  update_error (self);
  g_object_thaw_notify (G_OBJECT (self));
  if (self->left != NULL && !self->retired && is_over (self))
    self->left (self->owner, self);
}

static void
watch_instance (QmpMachineEntry *self)
{
  GListModel *endpoints;

  if (self->instance == NULL)
    return;
  endpoints = qmp_instance_get_endpoints (self->instance);
  g_signal_connect_swapped (self->instance, "notify::stopped", G_CALLBACK (look), self);
  for (guint i = 0; i < g_list_model_get_n_items (endpoints); i++)
    {
      g_autoptr(QmpEndpoint) endpoint = g_list_model_get_item (endpoints, i);

      g_signal_connect_swapped (endpoint, "notify", G_CALLBACK (look), self);
    }
}

static void
leave_instance (QmpMachineEntry *self)
{
  GListModel *endpoints;

  if (self->instance == NULL)
    return;
  endpoints = qmp_instance_get_endpoints (self->instance);
  g_signal_handlers_disconnect_by_data (self->instance, self);
  for (guint i = 0; i < g_list_model_get_n_items (endpoints); i++)
    {
      g_autoptr(QmpEndpoint) endpoint = g_list_model_get_item (endpoints, i);

      g_signal_handlers_disconnect_by_data (endpoint, self);
    }
}

/* --- for the list --- */

QmpMachineEntry *
qmp_machine_entry_new (const char *title)
{
  QmpMachineEntry *self = g_object_new (QMP_TYPE_MACHINE_ENTRY, NULL);

  self->title = g_strdup (title);
  return self;
}

void
qmp_machine_entry_fix (QmpMachineEntry    *self,
                       const char         *text,
                       GSocketConnectable *address)
{
  self->fixed = TRUE;
  g_clear_object (&self->endpoint);
  g_clear_error (&self->closed);
  g_object_freeze_notify (G_OBJECT (self));
  keep (self, text, address);
  look (self);
  g_object_thaw_notify (G_OBJECT (self));
}

void
qmp_machine_entry_set_instance (QmpMachineEntry *self,
                                QmpInstance     *instance)
{
  if (self->instance == instance)
    return;
  leave_instance (self);
  g_set_object (&self->instance, instance);
  g_clear_object (&self->endpoint);
  if (instance != NULL)
    g_clear_error (&self->missing);
  watch_instance (self);
  g_object_freeze_notify (G_OBJECT (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_INSTANCE]);
  look (self);
  g_object_thaw_notify (G_OBJECT (self));
}

void
qmp_machine_entry_set_missing (QmpMachineEntry *self,
                               const GError    *error)
{
  g_clear_error (&self->missing);
  self->missing = copy_error (error);
  look (self);
}

void
qmp_machine_entry_leave (QmpMachineEntry  *self,
                         void           (* left) (gpointer         owner,
                                                  QmpMachineEntry *self),
                         gpointer          owner)
{
  self->left = left;
  self->owner = owner;
  g_clear_object (&self->endpoint);
  look (self);
}

void
qmp_machine_entry_retire (QmpMachineEntry *self)
{
  if (self->retired)
    return;
  self->retired = TRUE;
  leave_instance (self);
  g_signal_handlers_disconnect_by_data (self->machine, self);
  g_signal_handlers_disconnect_by_data (qmp_machine_get_client (self->machine), self);
  qmp_machine_keep_open (self->machine, NULL);
}

/* --- the object --- */

static void
get_property (GObject    *object,
              guint       property_id,
              GValue     *value,
              GParamSpec *pspec)
{
  QmpMachineEntry *self = QMP_MACHINE_ENTRY (object);

  switch (property_id)
    {
    case PROP_TITLE:
      g_value_set_string (value, self->title);
      break;
    case PROP_MACHINE:
      g_value_set_object (value, self->machine);
      break;
    case PROP_INSTANCE:
      g_value_set_object (value, self->instance);
      break;
    case PROP_ADDRESS:
      g_value_set_string (value, self->address);
      break;
    case PROP_ERROR:
      g_value_set_boxed (value, self->error);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
qmp_machine_entry_finalize (GObject *object)
{
  QmpMachineEntry *self = QMP_MACHINE_ENTRY (object);

  g_free (self->title);
  g_free (self->address);
  g_object_unref (self->machine);
  g_clear_object (&self->instance);
  g_clear_object (&self->endpoint);
  g_clear_error (&self->missing);
  g_clear_error (&self->closed);
  g_clear_error (&self->error);

  G_OBJECT_CLASS (qmp_machine_entry_parent_class)->finalize (object);
}

static void
qmp_machine_entry_class_init (QmpMachineEntryClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = get_property;
  object_class->finalize = qmp_machine_entry_finalize;

  /**
   * QmpMachineEntry:title: (getter get_title)
   *
   * What it is called in the list, where no other has this title: what it was added as, or the name of the process that was found.
   *
   * Since: 1.0
   */
  properties[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, NULL, flags);

  /**
   * QmpMachineEntry:machine: (getter get_machine)
   *
   * The machine, which is kept open. It stays the same.
   *
   * Since: 1.0
   */
  properties[PROP_MACHINE] = g_param_spec_object ("machine", NULL, NULL, QMP_TYPE_MACHINE, flags);

  /**
   * QmpMachineEntry:instance: (getter get_instance)
   *
   * What the finder has found of it; `NULL` if it runs elsewhere, or not at all.
   *
   * Since: 1.0
   */
  properties[PROP_INSTANCE] = g_param_spec_object ("instance", NULL, NULL, QMP_TYPE_INSTANCE, flags);

  /**
   * QmpMachineEntry:address: (getter get_address)
   *
   * Where it is kept open; `NULL` while there is no such place, or somebody else is connected there.
   *
   * Since: 1.0
   */
  properties[PROP_ADDRESS] = g_param_spec_string ("address", NULL, NULL, NULL, flags);

  /**
   * QmpMachineEntry:error: (getter get_error)
   *
   * Why nothing can be asked of the machine; `NULL` while all is well, and until that was seen. See [class@MachineList].
   *
   * Since: 1.0
   */
  properties[PROP_ERROR] = g_param_spec_boxed ("error", NULL, NULL, G_TYPE_ERROR, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
qmp_machine_entry_init (QmpMachineEntry *self)
{
  self->machine = qmp_machine_new (NULL);
  g_signal_connect_swapped (self->machine, "notify::connected", G_CALLBACK (look), self);
  g_signal_connect_swapped (self->machine, "notify::link-error", G_CALLBACK (look), self);
  g_signal_connect_data (self->machine, "ended", G_CALLBACK (look), self, NULL, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_swapped (qmp_machine_get_client (self->machine), "notify::stalled", G_CALLBACK (look), self);
}

/**
 * qmp_machine_entry_get_title: (get-property title)
 * @self: an entry
 *
 * Gets what it is called: see [property@MachineEntry:title].
 *
 * Returns: (transfer none): the title
 *
 * Since: 1.0
 */
const char *
qmp_machine_entry_get_title (QmpMachineEntry *self)
{
  g_return_val_if_fail (QMP_IS_MACHINE_ENTRY (self), NULL);

  return self->title;
}

/**
 * qmp_machine_entry_get_machine: (get-property machine)
 * @self: an entry
 *
 * Gets the machine: see [property@MachineEntry:machine].
 *
 * Returns: (transfer none): the machine
 *
 * Since: 1.0
 */
QmpMachine *
qmp_machine_entry_get_machine (QmpMachineEntry *self)
{
  g_return_val_if_fail (QMP_IS_MACHINE_ENTRY (self), NULL);

  return self->machine;
}

/**
 * qmp_machine_entry_get_instance: (get-property instance)
 * @self: an entry
 *
 * Gets what the finder has found of it: see [property@MachineEntry:instance].
 *
 * Returns: (nullable) (transfer none): the instance
 *
 * Since: 1.0
 */
QmpInstance *
qmp_machine_entry_get_instance (QmpMachineEntry *self)
{
  g_return_val_if_fail (QMP_IS_MACHINE_ENTRY (self), NULL);

  return self->instance;
}

/**
 * qmp_machine_entry_get_address: (get-property address)
 * @self: an entry
 *
 * Gets where it is kept open: see [property@MachineEntry:address].
 *
 * Returns: (nullable) (transfer none): the address
 *
 * Since: 1.0
 */
const char *
qmp_machine_entry_get_address (QmpMachineEntry *self)
{
  g_return_val_if_fail (QMP_IS_MACHINE_ENTRY (self), NULL);

  return self->address;
}

/**
 * qmp_machine_entry_get_error: (get-property error)
 * @self: an entry
 *
 * Gets why nothing can be asked of the machine: see [property@MachineEntry:error].
 *
 * Returns: (nullable) (transfer none): the error
 *
 * Since: 1.0
 */
const GError *
qmp_machine_entry_get_error (QmpMachineEntry *self)
{
  g_return_val_if_fail (QMP_IS_MACHINE_ENTRY (self), NULL);

  return self->error;
}
