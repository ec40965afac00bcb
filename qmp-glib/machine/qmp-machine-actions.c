/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-private.h"

/* The verbs as actions, for menus and buttons. They know the machine, and do not hold it. */

typedef void     (* Start)  (QmpMachine           *machine,
                             GCancellable         *cancellable,
                             GAsyncReadyCallback   callback,
                             gpointer              user_data);
typedef gboolean (* Finish) (QmpMachine           *machine,
                             GAsyncResult         *result,
                             GError              **error);

/* What of a machine an action depends on. */
typedef struct {
  QmpMachineStatus status;
  gboolean         connected;
  gboolean         alive;
} Sight;

typedef struct {
  const char *name;
  gboolean (* is_enabled) (const Sight *sight);
  Start       start;
  Finish      finish;
} Verb;

typedef struct {
  GSimpleActionGroup *group;      /* borrowed: it owns this */
  QmpMachine         *machine;    /* weak */
  guint               under_way;  /* bits of verbs */
} Actions;

/* --- when they are enabled --- */

static gboolean
can_pause (const Sight *sight)
{
  return sight->connected && sight->status == QMP_MACHINE_STATUS_RUNNING;
}

/* One that has migrated away runs elsewhere. */
static gboolean
can_resume (const Sight *sight)
{
  return sight->connected &&
         (sight->status == QMP_MACHINE_STATUS_PRELAUNCH || sight->status == QMP_MACHINE_STATUS_PAUSED ||
          sight->status == QMP_MACHINE_STATUS_IO_ERROR || sight->status == QMP_MACHINE_STATUS_WATCHDOG ||
          sight->status == QMP_MACHINE_STATUS_GUEST_PANICKED || sight->status == QMP_MACHINE_STATUS_RESTORE_VM);
}

static gboolean
can_power_down (const Sight *sight)
{
  return sight->connected &&
         (sight->status == QMP_MACHINE_STATUS_RUNNING || sight->status == QMP_MACHINE_STATUS_SUSPENDED);
}

static gboolean
can_wake_up (const Sight *sight)
{
  return sight->connected && sight->status == QMP_MACHINE_STATUS_SUSPENDED;
}

static gboolean
is_connected (const Sight *sight)
{
  return sight->connected;
}

static gboolean
is_alive (const Sight *sight)
{
  return sight->alive;
}

static const Verb verbs[] = {
  { "pause", can_pause, qmp_machine_pause_async, qmp_machine_pause_finish },
  { "resume", can_resume, qmp_machine_resume_async, qmp_machine_resume_finish },
  { "reset", is_connected, qmp_machine_reset_async, qmp_machine_reset_finish },
  { "power-down", can_power_down, qmp_machine_power_down_async, qmp_machine_power_down_finish },
  { "wake-up", can_wake_up, qmp_machine_wake_up_async, qmp_machine_wake_up_finish },
  { "quit", is_connected, qmp_machine_quit_async, qmp_machine_quit_finish },
  { "kill", is_alive, qmp_machine_kill_async, qmp_machine_kill_finish },
};

static void
update (Actions *self)
{
  Sight sight = { QMP_MACHINE_STATUS_UNKNOWN, FALSE, FALSE };

  if (self->machine != NULL)
    sight = (Sight) { qmp_machine_get_status (self->machine), qmp_machine_get_connected (self->machine),
                      qmp_machine_get_alive (self->machine) };
  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    {
      GAction *action = g_action_map_lookup_action (G_ACTION_MAP (self->group), verbs[i].name);

      g_simple_action_set_enabled (G_SIMPLE_ACTION (action),
                                   (self->under_way & 1u << i) == 0 && verbs[i].is_enabled (&sight));
    }
}

static void
update_group (GSimpleActionGroup *group)
{
  g_autoptr(GSimpleActionGroup) held = g_object_ref (group);

  update (g_object_get_data (G_OBJECT (group), "qmp-actions"));
}

/* --- what they do --- */

typedef struct {
  GSimpleActionGroup *group;  /* owned */
  guint               verb;
} Call;

static void
done_cb (GObject      *machine,
         GAsyncResult *result,
         gpointer      user_data)
{
  Call *call = user_data;
  g_autoptr(GSimpleActionGroup) group = call->group;
  Actions *self = g_object_get_data (G_OBJECT (group), "qmp-actions");
  const Verb *verb = &verbs[call->verb];
  g_autoptr(GError) error = NULL;
  gboolean succeeded = verb->finish (QMP_MACHINE (machine), result, &error);

  self->under_way &= ~(1u << call->verb);
  g_free (call);
  update (self);
  if (!succeeded)
    g_signal_emit (machine, qmp_machine_signals[QMP_MACHINE_ACTION_FAILED], g_quark_from_static_string (verb->name),
                   verb->name, error);
}

static guint
find_verb (GSimpleAction *action)
{
  const char *name = g_action_get_name (G_ACTION (action));
  guint i = 0;

  while (!g_str_equal (verbs[i].name, name))
    i++;
  return i;
}

static void
activate_cb (GSimpleAction *action,
             GVariant      *parameter,
             gpointer       user_data)
{
  Actions *self = user_data;
  guint verb = find_verb (action);
  g_autoptr(QmpMachine) machine = self->machine != NULL ? g_object_ref (self->machine) : NULL;
  Call *call;

  if (machine == NULL)
    return;
  call = g_new (Call, 1);
  *call = (Call) { g_object_ref (self->group), verb };
  self->under_way |= 1u << verb;
  update (self);
  verbs[verb].start (machine, NULL, done_cb, call);
}

/* --- their life --- */

static void
actions_free (gpointer data)
{
  Actions *self = data;

  g_clear_weak_pointer (&self->machine);
  g_free (self);
}

GActionGroup *
qmp_machine_make_actions (QmpMachine *machine)
{
  GSimpleActionGroup *group = g_simple_action_group_new ();
  Actions *self = g_new0 (Actions, 1);

  self->group = group;
  g_set_weak_pointer (&self->machine, machine);
  g_object_set_data_full (G_OBJECT (group), "qmp-actions", self, actions_free);
  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    {
      GActionEntry entry = { .name = verbs[i].name, .activate = activate_cb };

      g_action_map_add_action_entries (G_ACTION_MAP (group), &entry, 1, self);
    }
  update (self);
  g_signal_connect_object (machine, "notify::status", G_CALLBACK (update_group), group, G_CONNECT_SWAPPED);
  g_signal_connect_object (machine, "notify::connected", G_CALLBACK (update_group), group, G_CONNECT_SWAPPED);
  g_signal_connect_object (machine, "notify::alive", G_CALLBACK (update_group), group, G_CONNECT_SWAPPED);
  return G_ACTION_GROUP (group);
}

/**
 * qmp_machine_get_action_group:
 * @self: a machine
 *
 * Gets the machine's verbs as actions, for menus and buttons: `pause`, `resume`, `reset`, `power-down`, `wake-up`, `quit`,
 * `kill`.
 *
 * They have no parameters and no state. Each is enabled when it makes sense, and not while it is under way. What fails is told by
 * [signal@Machine::action-failed]. The group may outlive the machine; nothing in it is enabled then. How a machine is shut
 * down is the program's to say, so that is not an action.
 *
 * Returns: (transfer none): the actions
 *
 * Since: 1.0
 */
GActionGroup *
qmp_machine_get_action_group (QmpMachine *self)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), NULL);

  if (self->actions == NULL)
    self->actions = qmp_machine_make_actions (self);
  return self->actions;
}
