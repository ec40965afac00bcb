/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "finder/qmp-instance-private.h"

#include <glib/gi18n-lib.h>

#include <qmp-glib/qmp-finder.h>

#include "qmp-enums.h"

/**
 * QmpInstance:
 *
 * A QEMU, a storage daemon or a guest agent that runs on this computer, as a [class@Finder] has found it.
 *
 * It is what its process says of itself: its command line, its open files. Nothing was asked of it, so it may as well hang.
 * What the process was told later, such as a monitor that was added over QMP, is not known.
 *
 * It belongs to the thread of its finder.
 *
 * Since: 1.0
 */

enum {
  PROP_0,
  PROP_KIND,
  PROP_PID,
  PROP_UID,
  PROP_PROGRAM,
  PROP_NAME,
  PROP_UUID,
  PROP_MACHINE_TYPE,
  PROP_STOPPED,
  PROP_VISIBLE,
  PROP_GONE,
  PROP_ENDPOINTS,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (QmpInstance, qmp_instance, G_TYPE_OBJECT)

/**
 * qmp_finder_error_quark:
 *
 * The error domain of [error@FinderError].
 *
 * Returns: the domain
 *
 * Since: 1.0
 */
G_DEFINE_QUARK (QmpFinderError, qmp_finder_error)

QmpInstance *
qmp_instance_new (QmpInstanceKind kind)
{
  QmpInstance *self = g_object_new (QMP_TYPE_INSTANCE, NULL);

  self->kind = kind;
  return self;
}

gboolean
qmp_instance_is_same (QmpInstance *self,
                      QmpInstance *other)
{
  return self->pid == other->pid && self->start_time == other->start_time;
}

static void
update_boolean (QmpInstance *self,
                gboolean    *value,
                gboolean     fresh,
                guint        property)
{
  if (*value == fresh)
    return;
  *value = fresh;
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

void
qmp_instance_update (QmpInstance *self,
                     QmpInstance *fresh)
{
  GListModel *old = G_LIST_MODEL (self->endpoints), *now = G_LIST_MODEL (fresh->endpoints);
  guint n = MIN (g_list_model_get_n_items (old), g_list_model_get_n_items (now));

  update_boolean (self, &self->stopped, fresh->stopped, PROP_STOPPED);
  update_boolean (self, &self->visible, fresh->visible, PROP_VISIBLE);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr(QmpEndpoint) endpoint = g_list_model_get_item (old, i);
      g_autoptr(QmpEndpoint) sight = g_list_model_get_item (now, i);

      qmp_endpoint_update (endpoint, sight);
    }
}

void
qmp_instance_set_gone (QmpInstance *self)
{
  update_boolean (self, &self->gone, TRUE, PROP_GONE);
}

/* --- the object --- */

static void
get_property (GObject    *object,
              guint       property_id,
              GValue     *value,
              GParamSpec *pspec)
{
  QmpInstance *self = QMP_INSTANCE (object);

  switch (property_id)
    {
    case PROP_KIND:
      g_value_set_enum (value, self->kind);
      break;
    case PROP_PID:
      g_value_set_int (value, self->pid);
      break;
    case PROP_UID:
      g_value_set_uint (value, self->uid);
      break;
    case PROP_PROGRAM:
      g_value_set_string (value, self->program);
      break;
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_UUID:
      g_value_set_string (value, self->uuid);
      break;
    case PROP_MACHINE_TYPE:
      g_value_set_string (value, self->machine_type);
      break;
    case PROP_STOPPED:
      g_value_set_boolean (value, self->stopped);
      break;
    case PROP_VISIBLE:
      g_value_set_boolean (value, self->visible);
      break;
    case PROP_GONE:
      g_value_set_boolean (value, self->gone);
      break;
    case PROP_ENDPOINTS:
      g_value_set_object (value, self->endpoints);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
qmp_instance_finalize (GObject *object)
{
  QmpInstance *self = QMP_INSTANCE (object);

  g_free (self->program);
  g_free (self->name);
  g_free (self->uuid);
  g_free (self->machine_type);
  g_object_unref (self->endpoints);

  G_OBJECT_CLASS (qmp_instance_parent_class)->finalize (object);
}

#define READ_ONLY (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY)

static void
install_process (void)
{
  /**
   * QmpInstance:kind: (getter get_kind)
   *
   * Which program it is.
   *
   * Since: 1.0
   */
  properties[PROP_KIND] =
    g_param_spec_enum ("kind", NULL, NULL, QMP_TYPE_INSTANCE_KIND, QMP_INSTANCE_KIND_MACHINE, READ_ONLY);

  /**
   * QmpInstance:pid: (getter get_pid)
   *
   * The ID of its process.
   *
   * Since: 1.0
   */
  properties[PROP_PID] = g_param_spec_int ("pid", NULL, NULL, 0, G_MAXINT, 0, READ_ONLY);

  /**
   * QmpInstance:uid: (getter get_uid)
   *
   * The user it runs as.
   *
   * Since: 1.0
   */
  properties[PROP_UID] = g_param_spec_uint ("uid", NULL, NULL, 0, G_MAXUINT, 0, READ_ONLY);

  /**
   * QmpInstance:program: (getter get_program)
   *
   * The name of its program, without the folder: `qemu-system-x86_64`.
   *
   * Since: 1.0
   */
  properties[PROP_PROGRAM] = g_param_spec_string ("program", NULL, NULL, NULL, READ_ONLY);

  /**
   * QmpInstance:stopped: (getter get_stopped)
   *
   * Whether a signal or a debugger has stopped the process: it answers nothing until it goes on.
   *
   * Since: 1.0
   */
  properties[PROP_STOPPED] = g_param_spec_boolean ("stopped", NULL, NULL, FALSE, READ_ONLY);

  /**
   * QmpInstance:visible: (getter get_visible)
   *
   * Whether the system lets one see its open files.
   *
   * It does not if the process is another user's. Then what is known comes from the command line and the table of Unix sockets
   * alone.
   *
   * Since: 1.0
   */
  properties[PROP_VISIBLE] = g_param_spec_boolean ("visible", NULL, NULL, FALSE, READ_ONLY);

  /**
   * QmpInstance:gone: (getter get_gone)
   *
   * Whether the process has ended, and so it has left the finder's list.
   *
   * Since: 1.0
   */
  properties[PROP_GONE] = g_param_spec_boolean ("gone", NULL, NULL, FALSE, READ_ONLY);
}

static void
install_command_line (void)
{
  /**
   * QmpInstance:name: (getter get_name)
   *
   * What `-name` says; `NULL` if it has no name.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, READ_ONLY);

  /**
   * QmpInstance:uuid: (getter get_uuid)
   *
   * What `-uuid` says; `NULL` if it has none.
   *
   * Since: 1.0
   */
  properties[PROP_UUID] = g_param_spec_string ("uuid", NULL, NULL, NULL, READ_ONLY);

  /**
   * QmpInstance:machine-type: (getter get_machine_type)
   *
   * What `-machine` says, `q35` for example; `NULL` if it is QEMU's choice.
   *
   * Since: 1.0
   */
  properties[PROP_MACHINE_TYPE] = g_param_spec_string ("machine-type", NULL, NULL, NULL, READ_ONLY);

  /**
   * QmpInstance:endpoints: (getter get_endpoints)
   *
   * Its monitors and its channels to agents, of [class@Endpoint]; as they are on its command line.
   *
   * Since: 1.0
   */
  properties[PROP_ENDPOINTS] = g_param_spec_object ("endpoints", NULL, NULL, G_TYPE_LIST_MODEL, READ_ONLY);
}

static void
qmp_instance_class_init (QmpInstanceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = get_property;
  object_class->finalize = qmp_instance_finalize;
  install_process ();
  install_command_line ();
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
qmp_instance_init (QmpInstance *self)
{
  self->endpoints = g_list_store_new (QMP_TYPE_ENDPOINT);
}

/**
 * qmp_instance_get_kind: (get-property kind)
 * @self: an instance
 *
 * Gets which program it is: see [property@Instance:kind].
 *
 * Returns: the program
 *
 * Since: 1.0
 */
QmpInstanceKind
qmp_instance_get_kind (QmpInstance *self)
{
  g_return_val_if_fail (QMP_IS_INSTANCE (self), QMP_INSTANCE_KIND_MACHINE);

  return self->kind;
}

/**
 * qmp_instance_get_pid: (get-property pid)
 * @self: an instance
 *
 * Gets the ID of its process: see [property@Instance:pid].
 *
 * Returns: the ID
 *
 * Since: 1.0
 */
int
qmp_instance_get_pid (QmpInstance *self)
{
  g_return_val_if_fail (QMP_IS_INSTANCE (self), 0);

  return self->pid;
}

/**
 * qmp_instance_get_uid: (get-property uid)
 * @self: an instance
 *
 * Gets the user it runs as: see [property@Instance:uid].
 *
 * Returns: the user's number
 *
 * Since: 1.0
 */
guint
qmp_instance_get_uid (QmpInstance *self)
{
  g_return_val_if_fail (QMP_IS_INSTANCE (self), 0);

  return self->uid;
}

/**
 * qmp_instance_get_program: (get-property program)
 * @self: an instance
 *
 * Gets the name of its program: see [property@Instance:program].
 *
 * Returns: (transfer none): the name
 *
 * Since: 1.0
 */
const char *
qmp_instance_get_program (QmpInstance *self)
{
  g_return_val_if_fail (QMP_IS_INSTANCE (self), NULL);

  return self->program;
}

/**
 * qmp_instance_get_name: (get-property name)
 * @self: an instance
 *
 * Gets what `-name` says: see [property@Instance:name].
 *
 * Returns: (nullable) (transfer none): the name
 *
 * Since: 1.0
 */
const char *
qmp_instance_get_name (QmpInstance *self)
{
  g_return_val_if_fail (QMP_IS_INSTANCE (self), NULL);

  return self->name;
}

/**
 * qmp_instance_get_uuid: (get-property uuid)
 * @self: an instance
 *
 * Gets what `-uuid` says: see [property@Instance:uuid].
 *
 * Returns: (nullable) (transfer none): the UUID
 *
 * Since: 1.0
 */
const char *
qmp_instance_get_uuid (QmpInstance *self)
{
  g_return_val_if_fail (QMP_IS_INSTANCE (self), NULL);

  return self->uuid;
}

/**
 * qmp_instance_get_machine_type: (get-property machine-type)
 * @self: an instance
 *
 * Gets what `-machine` says: see [property@Instance:machine-type].
 *
 * Returns: (nullable) (transfer none): the machine type
 *
 * Since: 1.0
 */
const char *
qmp_instance_get_machine_type (QmpInstance *self)
{
  g_return_val_if_fail (QMP_IS_INSTANCE (self), NULL);

  return self->machine_type;
}

/**
 * qmp_instance_get_stopped: (get-property stopped)
 * @self: an instance
 *
 * Gets whether the process was stopped: see [property@Instance:stopped].
 *
 * Returns: whether it was, when the finder looked
 *
 * Since: 1.0
 */
gboolean
qmp_instance_get_stopped (QmpInstance *self)
{
  g_return_val_if_fail (QMP_IS_INSTANCE (self), FALSE);

  return self->stopped;
}

/**
 * qmp_instance_get_visible: (get-property visible)
 * @self: an instance
 *
 * Gets whether its open files can be seen: see [property@Instance:visible].
 *
 * Returns: whether they can
 *
 * Since: 1.0
 */
gboolean
qmp_instance_get_visible (QmpInstance *self)
{
  g_return_val_if_fail (QMP_IS_INSTANCE (self), FALSE);

  return self->visible;
}

/**
 * qmp_instance_get_gone: (get-property gone)
 * @self: an instance
 *
 * Gets whether the process has ended: see [property@Instance:gone].
 *
 * Returns: whether it has
 *
 * Since: 1.0
 */
gboolean
qmp_instance_get_gone (QmpInstance *self)
{
  g_return_val_if_fail (QMP_IS_INSTANCE (self), FALSE);

  return self->gone;
}

/**
 * qmp_instance_get_endpoints: (get-property endpoints)
 * @self: an instance
 *
 * Gets its monitors and its channels to agents: see [property@Instance:endpoints].
 *
 * Returns: (transfer none): the list
 *
 * Since: 1.0
 */
GListModel *
qmp_instance_get_endpoints (QmpInstance *self)
{
  g_return_val_if_fail (QMP_IS_INSTANCE (self), NULL);

  return G_LIST_MODEL (self->endpoints);
}

/**
 * qmp_instance_dup_title:
 * @self: an instance
 *
 * Makes a text that names it, for people: what it is called, and its process.
 *
 * A name may have anything in it that is UTF-8, control characters too.
 *
 * Returns: (transfer full): that text
 *
 * Since: 1.0
 */
char *
qmp_instance_dup_title (QmpInstance *self)
{
  g_return_val_if_fail (QMP_IS_INSTANCE (self), NULL);

  return g_strdup_printf (_("%s (process %d)"), self->name != NULL ? self->name : self->program, self->pid);
}

/* --- where to connect --- */

static gboolean
can_be_connected_to (QmpEndpoint     *endpoint,
                     QmpEndpointKind  kind)
{
  return endpoint->kind == kind && endpoint->listens && endpoint->sight.address != NULL;
}

/* What there is of the kind, as the command line has it. Returns NULL, for the caller to return. */
static QmpEndpoint *
fail_to_choose (QmpInstance      *self,
                QmpEndpointKind   kind,
                GError          **error)
{
  g_autoptr(GString) all = g_string_new (NULL);
  g_autofree char *title = qmp_instance_dup_title (self);

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->endpoints)); i++)
    {
      g_autoptr(QmpEndpoint) endpoint = g_list_model_get_item (G_LIST_MODEL (self->endpoints), i);

      if (endpoint->kind == kind)
        g_string_append_printf (all, "%s%s", all->len > 0 ? "; " : "", endpoint->description);
    }
  if (all->len > 0)
    g_set_error (error, QMP_FINDER_ERROR, QMP_FINDER_ERROR_NO_ENDPOINT,
                 kind == QMP_ENDPOINT_KIND_MONITOR ? _("%s has no monitor that can be connected to from here: %s")
                                                   : _("%s has no agent that can be connected to from here: %s"),
                 title, all->str);
  else
    g_set_error (error, QMP_FINDER_ERROR, QMP_FINDER_ERROR_NO_ENDPOINT,
                 kind == QMP_ENDPOINT_KIND_MONITOR ? _("%s has no QMP monitor on its command line")
                                                   : _("%s has no channel to a guest agent on its command line"), title);
  return NULL;
}

/**
 * qmp_instance_choose_endpoint:
 * @self: an instance
 * @kind: what is wanted
 * @error: where to store an error
 *
 * Finds the endpoint of a kind that is to be connected to: the first that is not held by somebody, or the first of all.
 *
 * Fails with `QMP_FINDER_ERROR_NO_ENDPOINT` if there is none that listens and has an address.
 *
 * Returns: (transfer full): an endpoint with an [property@Endpoint:address]
 *
 * Since: 1.0
 */
QmpEndpoint *
qmp_instance_choose_endpoint (QmpInstance      *self,
                              QmpEndpointKind   kind,
                              GError          **error)
{
  g_autoptr(QmpEndpoint) first = NULL;

  g_return_val_if_fail (QMP_IS_INSTANCE (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->endpoints)); i++)
    {
      g_autoptr(QmpEndpoint) endpoint = g_list_model_get_item (G_LIST_MODEL (self->endpoints), i);

      if (!can_be_connected_to (endpoint, kind))
        continue;
      if (endpoint->sight.state != QMP_ENDPOINT_STATE_HELD)
        return g_steal_pointer (&endpoint);
      if (first == NULL)
        first = g_object_ref (endpoint);
    }
  return first != NULL ? g_steal_pointer (&first) : fail_to_choose (self, kind, error);
}
