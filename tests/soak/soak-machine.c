/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "soak-machine.h"

#include <errno.h>
#include <qmp-glib/qmp-glib.h>
#include <signal.h>

#include "soak-count.h"
#include "test-utils.h"

#define MAX_REST_MS 50

typedef struct {
  const char *name;
  void     (* start)  (QmpMachine           *vm,
                       GCancellable         *cancellable,
                       GAsyncReadyCallback   callback,
                       gpointer              user_data);
  gboolean (* finish) (QmpMachine           *vm,
                       GAsyncResult         *result,
                       GError              **error);
  enum { STAYS, STOPS, RUNS } effect;
} Verb;

static const Verb verbs[] = {
  { "machine pauses", qmp_machine_pause_async, qmp_machine_pause_finish, STOPS },
  { "machine resumes", qmp_machine_resume_async, qmp_machine_resume_finish, RUNS },
  { "machine is reset", qmp_machine_reset_async, qmp_machine_reset_finish, STAYS },
  { "machine is asked", qmp_machine_refresh_async, qmp_machine_refresh_finish, STAYS },
};

struct _SoakMachine {
  QmpMachine *vm;
  GRand      *random;   /* borrowed */
  const Verb *verb;     /* that is under way; NULL: none */
  gboolean    running;  /* it has to be */
  guint       rest;     /* source; 0: none */
  gboolean    launched;
};

static void act (SoakMachine *self);

static gboolean
rest_cb (gpointer user_data)
{
  SoakMachine *self = user_data;

  self->rest = 0;
  act (self);
  return G_SOURCE_REMOVE;
}

static void
rest (SoakMachine *self)
{
  self->rest = g_timeout_add (g_rand_int_range (self->random, 0, MAX_REST_MS), rest_cb, self);
}

static void
done_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  SoakMachine *self = user_data;
  const Verb *verb = g_steal_pointer (&self->verb);
  g_autoptr(GError) error = NULL;

  if (!verb->finish (self->vm, result, &error))
    soak_fail ("%s: %s", verb->name, error->message);
  if (verb->effect != STAYS)
    self->running = verb->effect == RUNS;
  if (qmp_machine_get_running (self->vm) != self->running ||
      g_str_equal (qmp_machine_get_status_name (self->vm), "running") != self->running)
    soak_fail ("%s: then it is %s", verb->name, qmp_machine_get_status_name (self->vm));
  rest (self);
}

static void
act (SoakMachine *self)
{
  self->verb = &verbs[g_rand_int_range (self->random, 0, G_N_ELEMENTS (verbs))];
  soak_count_fault (self->verb->name);
  self->verb->start (self->vm, NULL, done_cb, self);
}

static void
launched_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  SoakMachine *self = user_data;
  g_autoptr(GError) error = NULL;

  if (!qmp_machine_launch_finish (self->vm, result, &error))
    soak_fail ("A machine could not be launched: %s", error->message);
  self->launched = TRUE;
  rest (self);
}

SoakMachine *
soak_machine_new (GRand *random)
{
  const char * const argv[] = { "qemu-system-x86_64", "-machine", "none", "-nodefaults", "-display", "none", NULL };
  g_autoptr(QmpLauncher) launcher = qmp_launcher_new (argv);
  SoakMachine *self = g_new0 (SoakMachine, 1);

  self->vm = qmp_machine_new (NULL);
  self->random = random;
  self->running = TRUE;
  soak_count_fault ("machine is launched");
  qmp_machine_launch_async (self->vm, launcher, NULL, launched_cb, self);
  return self;
}

/* --- the end --- */

static void
result_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/* Returns whether it was told to end, or else was only killed. */
static gboolean
end (SoakMachine *self)
{
  g_autoptr(GAsyncResult) result = NULL;

  switch (g_rand_int_range (self->random, 0, 4))
    {
    case 0:
      soak_count_fault ("machine quits");
      qmp_machine_quit_async (self->vm, NULL, result_cb, &result);
      break;
    case 1:
      soak_count_fault ("machine is shut down");
      qmp_machine_shut_down_async (self->vm, QMP_SHUT_DOWN_NONE, 0, -1, NULL, result_cb, &result);
      break;
    case 2:
      soak_count_fault ("machine is killed");
      qmp_machine_kill_async (self->vm, NULL, result_cb, &result);
      break;
    default:
      soak_count_fault ("machine is killed by others");
      kill (qmp_machine_get_pid (self->vm), SIGKILL);
      return FALSE;
    }
  test_spin_until (result != NULL);
  return TRUE;
}

void
soak_machine_free (SoakMachine *self)
{
  pid_t pid;
  QmpOutcome *outcome;
  gboolean by_us;

  test_spin_until (self->launched && self->verb == NULL);
  g_clear_handle_id (&self->rest, g_source_remove);
  pid = qmp_machine_get_pid (self->vm);
  by_us = end (self);
  test_spin_until (qmp_machine_get_outcome (self->vm) != NULL);
  outcome = qmp_machine_get_outcome (self->vm);
  if (qmp_outcome_get_by_us (outcome) != by_us)
    soak_fail ("A machine has ended as %s", qmp_outcome_get_text (outcome));
  if (kill (pid, 0) == 0 || errno != ESRCH)
    soak_fail ("A machine's process is left");
  g_object_unref (self->vm);
  g_free (self);
}
