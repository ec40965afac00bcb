/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "finder/qmp-endpoint-private.h"

#include "qmp-enums.h"

/**
 * QmpEndpoint:
 *
 * A monitor of an [class@Instance], or its channel to a guest agent.
 *
 * What can be connected to has an [property@Endpoint:address] and [property@Endpoint:listens].
 * [method@Instance.choose_endpoint] finds such a one. Nothing was opened to find it out, and so it serves whoever comes first.
 *
 * It belongs to the thread of the [class@Finder] that has found it.
 *
 * Since: 1.0
 */

enum {
  PROP_0,
  PROP_KIND,
  PROP_ID,
  PROP_DESCRIPTION,
  PROP_ADDRESS,
  PROP_LISTENS,
  PROP_STATE,
  PROP_HOLDER_PID,
  PROP_HOLDER_NAME,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (QmpEndpoint, qmp_endpoint, G_TYPE_OBJECT)

QmpEndpoint *
qmp_endpoint_new (QmpEndpointKind  kind,
                  const char      *id,
                  const char      *description,
                  gboolean         listens)
{
  QmpEndpoint *self = g_object_new (QMP_TYPE_ENDPOINT, NULL);

  self->kind = kind;
  self->id = g_strdup (id);
  self->description = g_strdup (description);
  self->listens = listens;
  return self;
}

static void
update_text (QmpEndpoint  *self,
             char        **text,
             const char   *fresh,
             guint         property)
{
  if (g_strcmp0 (*text, fresh) == 0)
    return;
  g_free (*text);
  *text = g_strdup (fresh);
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

void
qmp_endpoint_update (QmpEndpoint *self,
                     QmpEndpoint *fresh)
{
  QmpEndpointSight *old = &self->sight, *now = &fresh->sight;

  g_object_freeze_notify (G_OBJECT (self));
  if (old->state != now->state)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
  if (old->holder_pid != now->holder_pid)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HOLDER_PID]);
  old->state = now->state;
  old->holder_pid = now->holder_pid;
  update_text (self, &old->holder_name, now->holder_name, PROP_HOLDER_NAME);
  update_text (self, &old->address, now->address, PROP_ADDRESS);
  g_object_thaw_notify (G_OBJECT (self));
}

/* --- the object --- */

static void
get_property (GObject    *object,
              guint       property_id,
              GValue     *value,
              GParamSpec *pspec)
{
  QmpEndpoint *self = QMP_ENDPOINT (object);

  switch (property_id)
    {
    case PROP_KIND:
      g_value_set_enum (value, self->kind);
      break;
    case PROP_ID:
      g_value_set_string (value, self->id);
      break;
    case PROP_DESCRIPTION:
      g_value_set_string (value, self->description);
      break;
    case PROP_ADDRESS:
      g_value_set_string (value, self->sight.address);
      break;
    case PROP_LISTENS:
      g_value_set_boolean (value, self->listens);
      break;
    case PROP_STATE:
      g_value_set_enum (value, self->sight.state);
      break;
    case PROP_HOLDER_PID:
      g_value_set_int (value, self->sight.holder_pid);
      break;
    case PROP_HOLDER_NAME:
      g_value_set_string (value, self->sight.holder_name);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
qmp_endpoint_finalize (GObject *object)
{
  QmpEndpoint *self = QMP_ENDPOINT (object);

  g_free (self->id);
  g_free (self->description);
  g_free (self->sight.holder_name);
  g_free (self->sight.address);

  G_OBJECT_CLASS (qmp_endpoint_parent_class)->finalize (object);
}

#define READ_ONLY (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY)

static void
install_plan (void)
{
  /**
   * QmpEndpoint:kind: (getter get_kind)
   *
   * What speaks there.
   *
   * Since: 1.0
   */
  properties[PROP_KIND] =
    g_param_spec_enum ("kind", NULL, NULL, QMP_TYPE_ENDPOINT_KIND, QMP_ENDPOINT_KIND_MONITOR, READ_ONLY);

  /**
   * QmpEndpoint:id: (getter get_id)
   *
   * The ID of QEMU's character device, as `query-chardev` has it; `NULL` if it has none.
   *
   * Since: 1.0
   */
  properties[PROP_ID] = g_param_spec_string ("id", NULL, NULL, NULL, READ_ONLY);

  /**
   * QmpEndpoint:description: (getter get_description)
   *
   * What the command line says of it, for people: `unix:/run/vm.sock,server=on`, `stdio`.
   *
   * Since: 1.0
   */
  properties[PROP_DESCRIPTION] = g_param_spec_string ("description", NULL, NULL, NULL, READ_ONLY);

  /**
   * QmpEndpoint:listens: (getter get_listens)
   *
   * Whether it can be connected to; otherwise it connects to somebody, or is connected from its beginning on.
   *
   * Since: 1.0
   */
  properties[PROP_LISTENS] = g_param_spec_boolean ("listens", NULL, NULL, FALSE, READ_ONLY);
}

static void
install_sight (void)
{
  /**
   * QmpEndpoint:address: (getter get_address)
   *
   * The [address](addresses.html) of what listens, or of whom it connects to; `NULL` if it has none, or none that can be told:
   * a descriptor that was handed to another user's process, a path that is not UTF-8, a protocol that this library does not
   * speak, a socket whose file is gone.
   *
   * Since: 1.0
   */
  properties[PROP_ADDRESS] = g_param_spec_string ("address", NULL, NULL, NULL, READ_ONLY);

  /**
   * QmpEndpoint:state: (getter get_state)
   *
   * Whether somebody is connected to it, or waits to be.
   *
   * It can be seen of Unix sockets and of TCP ports, and not of others.
   *
   * Since: 1.0
   */
  properties[PROP_STATE] =
    g_param_spec_enum ("state", NULL, NULL, QMP_TYPE_ENDPOINT_STATE, QMP_ENDPOINT_STATE_UNKNOWN, READ_ONLY);

  /**
   * QmpEndpoint:holder-pid: (getter get_holder_pid)
   *
   * Which process is connected to it; 0 if nobody is, it cannot be seen, or [property@Finder:find-holders] is `FALSE`.
   *
   * Since: 1.0
   */
  properties[PROP_HOLDER_PID] = g_param_spec_int ("holder-pid", NULL, NULL, 0, G_MAXINT, 0, READ_ONLY);

  /**
   * QmpEndpoint:holder-name: (getter get_holder_name)
   *
   * The name of that process, as `ps` shows it.
   *
   * Since: 1.0
   */
  properties[PROP_HOLDER_NAME] = g_param_spec_string ("holder-name", NULL, NULL, NULL, READ_ONLY);
}

static void
qmp_endpoint_class_init (QmpEndpointClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = get_property;
  object_class->finalize = qmp_endpoint_finalize;
  install_plan ();
  install_sight ();
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
qmp_endpoint_init (QmpEndpoint *self)
{
}

/**
 * qmp_endpoint_get_kind: (get-property kind)
 * @self: an endpoint
 *
 * Gets what speaks there: see [property@Endpoint:kind].
 *
 * Returns: a monitor or an agent
 *
 * Since: 1.0
 */
QmpEndpointKind
qmp_endpoint_get_kind (QmpEndpoint *self)
{
  g_return_val_if_fail (QMP_IS_ENDPOINT (self), QMP_ENDPOINT_KIND_MONITOR);

  return self->kind;
}

/**
 * qmp_endpoint_get_id: (get-property id)
 * @self: an endpoint
 *
 * Gets the ID of its character device: see [property@Endpoint:id].
 *
 * Returns: (nullable) (transfer none): the ID
 *
 * Since: 1.0
 */
const char *
qmp_endpoint_get_id (QmpEndpoint *self)
{
  g_return_val_if_fail (QMP_IS_ENDPOINT (self), NULL);

  return self->id;
}

/**
 * qmp_endpoint_get_description: (get-property description)
 * @self: an endpoint
 *
 * Gets what the command line says of it: see [property@Endpoint:description].
 *
 * Returns: (transfer none): that text
 *
 * Since: 1.0
 */
const char *
qmp_endpoint_get_description (QmpEndpoint *self)
{
  g_return_val_if_fail (QMP_IS_ENDPOINT (self), NULL);

  return self->description;
}

/**
 * qmp_endpoint_get_address: (get-property address)
 * @self: an endpoint
 *
 * Gets where it is: see [property@Endpoint:address].
 *
 * Returns: (nullable) (transfer none): the address, for [method@Client.open] and whatever else takes one
 *
 * Since: 1.0
 */
const char *
qmp_endpoint_get_address (QmpEndpoint *self)
{
  g_return_val_if_fail (QMP_IS_ENDPOINT (self), NULL);

  return self->sight.address;
}

/**
 * qmp_endpoint_get_listens: (get-property listens)
 * @self: an endpoint
 *
 * Gets whether it can be connected to: see [property@Endpoint:listens].
 *
 * Returns: whether it listens
 *
 * Since: 1.0
 */
gboolean
qmp_endpoint_get_listens (QmpEndpoint *self)
{
  g_return_val_if_fail (QMP_IS_ENDPOINT (self), FALSE);

  return self->listens;
}

/**
 * qmp_endpoint_get_state: (get-property state)
 * @self: an endpoint
 *
 * Gets whether somebody is connected to it: see [property@Endpoint:state].
 *
 * Returns: the state, as it was when the finder looked
 *
 * Since: 1.0
 */
QmpEndpointState
qmp_endpoint_get_state (QmpEndpoint *self)
{
  g_return_val_if_fail (QMP_IS_ENDPOINT (self), QMP_ENDPOINT_STATE_UNKNOWN);

  return self->sight.state;
}

/**
 * qmp_endpoint_get_holder_pid: (get-property holder-pid)
 * @self: an endpoint
 *
 * Gets which process is connected to it: see [property@Endpoint:holder-pid].
 *
 * Returns: its process ID, or 0
 *
 * Since: 1.0
 */
int
qmp_endpoint_get_holder_pid (QmpEndpoint *self)
{
  g_return_val_if_fail (QMP_IS_ENDPOINT (self), 0);

  return self->sight.holder_pid;
}

/**
 * qmp_endpoint_get_holder_name: (get-property holder-name)
 * @self: an endpoint
 *
 * Gets the name of that process: see [property@Endpoint:holder-name].
 *
 * Returns: (nullable) (transfer none): its name
 *
 * Since: 1.0
 */
const char *
qmp_endpoint_get_holder_name (QmpEndpoint *self)
{
  g_return_val_if_fail (QMP_IS_ENDPOINT (self), NULL);

  return self->sight.holder_name;
}
