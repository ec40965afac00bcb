/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "agent/qmp-guest-agent-private.h"

#include "client/qmp-client-serve-private.h"
#include "wire/qmp-hand-over-private.h"

/**
 * QmpGuestAgent:
 *
 * What a guest agent can do, in calls: programs, files, file systems, power.
 *
 * The QEMU guest agent runs inside a guest. This class stands on a [class@Client] that is a guest agent's
 * ([property@Client:guest-agent]) and was opened by the program. It hides nothing: any command can be executed with
 * [property@GuestAgent:client] beside it.
 *
 * ```c
 * g_autoptr(QmpGuestAgent) guest = qmp_guest_agent_new (client);
 * g_autoptr(QmpGuestExecResult) result = NULL;
 *
 * result = qmp_guest_agent_exec (guest, (const char * const []) { "uname", "-r", NULL }, NULL, NULL,
 *                                QMP_GUEST_EXEC_DEFAULT, 10000, NULL, &error);
 * ```
 *
 * An agent does one command after the other, and is not to be trusted more than the guest. Whether the guest is paused,
 * hangs or is gone cannot be told from outside: [property@Client:timeout] says how long each command waits for its
 * reply, and should be set.
 *
 * An object belongs to the thread of its client. Calls that are under way hold it.
 *
 * See [Guest agents](guest-agents.html).
 *
 * Since: 1.0
 */

struct _QmpGuestAgent {
  GObject        parent_instance;

  QmpClient     *client;
  QmpIoContext  *io;           /* nullable: the client's */
  guint          link_number;
  QmpGuestLease  lease;
};

enum {
  PROP_0,
  PROP_CLIENT,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (QmpGuestAgent, qmp_guest_agent, G_TYPE_OBJECT)

/**
 * qmp_guest_agent_error_quark:
 *
 * The error domain of [error@GuestAgentError].
 *
 * Returns: the domain
 *
 * Since: 1.0
 */
G_DEFINE_QUARK (QmpGuestAgentError, qmp_guest_agent_error)

static void
closed_cb (QmpClient    *client,
           const GError *error,
           gpointer      user_data)
{
  QmpGuestAgent *self = user_data;

  self->link_number++;
}

static void
runstate_cb (QmpClient  *client,
             GParamSpec *pspec,
             gpointer    user_data)
{
  QmpGuestAgent *self = user_data;

  if (qmp_client_get_runstate (client) == QMP_RUNSTATE_RUNNING)
    qmp_guest_lease_resume (&self->lease);
}

static void
qmp_guest_agent_constructed (GObject *object)
{
  QmpGuestAgent *self = QMP_GUEST_AGENT (object);

  G_OBJECT_CLASS (qmp_guest_agent_parent_class)->constructed (object);

  qmp_guest_lease_init (&self->lease, self->client, object);
  if (self->client == NULL)
    {
      g_critical ("A QmpGuestAgent was made without a client");
      return;
    }
  self->io = qmp_io_context_ref (qmp_client_get_owner_io_context (self->client));
  g_signal_connect_object (self->client, "closed", G_CALLBACK (closed_cb), self, G_CONNECT_DEFAULT);
  g_signal_connect_object (self->client, "notify::runstate", G_CALLBACK (runstate_cb), self, G_CONNECT_DEFAULT);
}

static void
qmp_guest_agent_dispose (GObject *object)
{
  QmpGuestAgent *self = QMP_GUEST_AGENT (object);

  if (self->io != NULL && !qmp_hand_over_begin_dispose (object, self->io))
    return;

  qmp_guest_lease_clear (&self->lease);

  G_OBJECT_CLASS (qmp_guest_agent_parent_class)->dispose (object);
  if (self->io != NULL)
    qmp_hand_over_end_dispose (object, self->io);
}

static void
qmp_guest_agent_finalize (GObject *object)
{
  QmpGuestAgent *self = QMP_GUEST_AGENT (object);

  g_clear_object (&self->client);
  if (self->io != NULL)
    {
      qmp_io_context_leave (self->io);
      qmp_io_context_unref (self->io);
    }

  G_OBJECT_CLASS (qmp_guest_agent_parent_class)->finalize (object);
}

static void
qmp_guest_agent_get_property (GObject    *object,
                              guint       property_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  QmpGuestAgent *self = QMP_GUEST_AGENT (object);

  switch (property_id)
    {
    case PROP_CLIENT:
      g_value_set_object (value, self->client);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
qmp_guest_agent_set_property (GObject      *object,
                              guint         property_id,
                              const GValue *value,
                              GParamSpec   *pspec)
{
  QmpGuestAgent *self = QMP_GUEST_AGENT (object);

  switch (property_id)
    {
    case PROP_CLIENT:
      self->client = g_value_dup_object (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
qmp_guest_agent_class_init (QmpGuestAgentClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  qmp_hand_over_install (object_class);
  object_class->constructed = qmp_guest_agent_constructed;
  object_class->dispose = qmp_guest_agent_dispose;
  object_class->finalize = qmp_guest_agent_finalize;
  object_class->get_property = qmp_guest_agent_get_property;
  object_class->set_property = qmp_guest_agent_set_property;

  /**
   * QmpGuestAgent:client: (getter get_client)
   *
   * The client that talks to the agent.
   *
   * Since: 1.0
   */
  properties[PROP_CLIENT] =
    g_param_spec_object ("client", NULL, NULL, QMP_TYPE_CLIENT,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
qmp_guest_agent_init (QmpGuestAgent *self)
{
}

/**
 * qmp_guest_agent_new:
 * @client: a client of a guest agent, see [property@Client:guest-agent]
 *
 * Makes calls of what a client's guest agent can do.
 *
 * The client may be opened before or afterwards, and stays the program's to open and to close. Of several objects on
 * one client each works by itself.
 *
 * Returns: (transfer full): the new object
 *
 * Since: 1.0
 */
QmpGuestAgent *
qmp_guest_agent_new (QmpClient *client)
{
  g_return_val_if_fail (QMP_IS_CLIENT (client), NULL);

  return g_object_new (QMP_TYPE_GUEST_AGENT, "client", client, NULL);
}

/**
 * qmp_guest_agent_get_client: (get-property client)
 * @self: a guest agent
 *
 * The client that talks to the agent.
 *
 * Returns: (transfer none): the client
 *
 * Since: 1.0
 */
QmpClient *
qmp_guest_agent_get_client (QmpGuestAgent *self)
{
  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), NULL);

  return self->client;
}

guint
qmp_guest_agent_get_link_number (QmpGuestAgent *self)
{
  return self->link_number;
}

QmpGuestLease *
qmp_guest_agent_get_lease (QmpGuestAgent *self)
{
  return &self->lease;
}
