/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-private.h"

#include <glib/gi18n-lib.h>

/* Keeping a machine open: one try after the other, with pauses between. */

#define FIRST_DELAY (100 * G_TIME_SPAN_MILLISECOND)
#define LAST_DELAY (10 * G_TIME_SPAN_SECOND)

struct _QmpMachineTry {
  QmpMachine   *self;         /* borrowed; NULL: it is not wanted any more */
  QmpMachine   *held;         /* nullable, owned: while it is read */
  GCancellable *cancellable;  /* owned */
};

static void
try_free (QmpMachineTry *try)
{
  g_clear_object (&try->held);
  g_object_unref (try->cancellable);
  g_free (try);
}

/* --- its end --- */

/* It has come to nothing. Takes try. error: nullable. */
static void
end_try (QmpMachineTry *try,
         const GError  *error)
{
  g_autoptr(QmpMachine) self = g_object_ref (try->self);

  self->keeping.attempt = NULL;
  try_free (try);
  if (qmp_client_is_linked (self->client))
    qmp_client_close_async (self->client, NULL, NULL, NULL);
  if (error != NULL)
    qmp_machine_set_link_error (self, error);
  qmp_machine_advance (self);
  qmp_machine_give_link_up (self);
  qmp_machine_keep (self);
  qmp_machine_tell (self);
}

/* Nobody wants it any more: its callbacks find that. */
static void
drop_try (QmpMachine *self)
{
  QmpMachineTry *try = g_steal_pointer (&self->keeping.attempt);
  g_autoptr(GCancellable) cancellable = NULL;

  if (try == NULL)
    return;
  try->self = NULL;
  cancellable = g_object_ref (try->cancellable);
  if (try->held != NULL && qmp_client_is_linked (self->client))
    qmp_client_close_async (self->client, NULL, NULL, NULL);
  g_cancellable_cancel (cancellable);
}

/* --- how it goes on --- */

static void read_cb (QmpMachine   *self,
                     const GError *error,
                     gpointer      user_data);

/* The link is there. What is told first, of a run that is over, may end it all. */
static void
begin_to_read (QmpMachineTry *try)
{
  QmpMachine *self = try->self;

  qmp_machine_take_link (self);
  qmp_machine_tell (self);
  if (try->self == NULL)
    try_free (try);
  else if (qmp_client_is_linked (self->client))
    qmp_machine_read_async (self, try->cancellable, read_cb, try);
  else
    end_try (try, NULL);
}

static void
read_cb (QmpMachine   *self,
         const GError *error,
         gpointer      user_data)
{
  QmpMachineTry *try = user_data;

  if (try->self == NULL)
    {
      try_free (try);
    }
  else if (qmp_machine_is_replaced (error))
    {
      qmp_machine_lose_run (self);
      begin_to_read (try);
    }
  else if (error != NULL || self->run == NULL)
    {
      end_try (try, error);
    }
  else
    {
      self->keeping.attempt = NULL;
      qmp_backoff_reset (&self->keeping.backoff);
      qmp_machine_set_ready (self);
      qmp_machine_advance (self);
      qmp_machine_tell (self);
      try_free (try);
    }
}

static void
opened_cb (GObject      *client,
           GAsyncResult *result,
           gpointer      user_data)
{
  QmpMachineTry *try = user_data;
  g_autoptr(GError) error = NULL;
  gboolean opened = qmp_client_open_finish (QMP_CLIENT (client), result, &error);

  if (try->self == NULL)
    {
      if (opened)
        qmp_client_close_async (QMP_CLIENT (client), NULL, NULL, NULL);
      try_free (try);
    }
  else if (!opened)
    {
      end_try (try, error);
    }
  else
    {
      try->held = g_object_ref (try->self);
      begin_to_read (try);
    }
}

/* --- its beginning --- */

/* A machine that was launched has a link of its own, unless it is left running. */
static gboolean
may_try (QmpMachine *self)
{
  return self->keeping.address != NULL && self->keeping.attempt == NULL && self->n_openings == 0 &&
         (self->run == NULL || !self->run->launched || self->run->left) &&
         qmp_client_get_runstate (self->client) == QMP_RUNSTATE_IDLE;
}

static void
try_now (gpointer owner)
{
  g_autoptr(QmpMachine) self = g_object_ref (owner);
  QmpMachineTry *try;

  /* If not, it is asked for again when the client is idle. */
  if (!may_try (self))
    return;
  try = g_new0 (QmpMachineTry, 1);
  try->self = self;
  try->cancellable = g_cancellable_new ();
  self->keeping.attempt = try;
  qmp_client_open_async (self->client, self->keeping.address, try->cancellable, opened_cb, try);
}

static void
set_timer (QmpMachine *self,
           gint64      delay)
{
  qmp_io_timer_set (&self->keeping.timer, self->io, g_get_monotonic_time () + delay, try_now, self);
}

void
qmp_machine_keep (QmpMachine *self)
{
  if (may_try (self) && !qmp_io_timer_is_set (&self->keeping.timer))
    set_timer (self, qmp_backoff_step (&self->keeping.backoff, g_random_double ()));
}

gboolean
qmp_machine_require_not_kept (QmpMachine  *self,
                              GError     **error)
{
  if (self->keeping.address == NULL)
    return TRUE;
  g_set_error_literal (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE,
                       _("The machine is kept open: it cannot be launched or opened meanwhile"));
  return FALSE;
}

/* --- for the machine, and for tests --- */

void
qmp_machine_init_keeping (QmpMachine *self)
{
  qmp_machine_set_keep_delays (self, FIRST_DELAY, LAST_DELAY);
}

void
qmp_machine_set_keep_delays (QmpMachine *self,
                             gint64      first,
                             gint64      last)
{
  qmp_backoff_init (&self->keeping.backoff, first, last);
}

void
qmp_machine_stop_keeping (QmpMachine *self)
{
  qmp_io_timer_clear (&self->keeping.timer);
  g_clear_object (&self->keeping.address);
  drop_try (self);
}

/**
 * qmp_machine_keep_open:
 * @self: a machine
 * @address: (nullable): the address of a monitor; `NULL` to keep it open no more
 *
 * Keeps the monitor of a machine open: opens it as soon as it can be had, and again whenever the link ends.
 *
 * It is tried at once and then after pauses, of a tenth of a second at first and of ten seconds in the end, each shortened by
 * chance. Why there is no link is [property@Machine:link-error]. [property@Machine:connected] is `TRUE` when there is one and
 * all was read anew: a job that has ended over the gap is found, and what is gone ends with `QMP_MACHINE_ERROR_LOST`. If another
 * machine is behind the address then, by its UUID, the one before has ended ([signal@Machine::ended]), and this one is
 * followed. A server that does not greet is given up after [property@Client:open-timeout].
 *
 * A link that is there already is left as it is. So is one when @address is another or `NULL`; a try that is under way is
 * given up. Meanwhile the machine cannot be launched, and not be opened by a method. It goes on after the machine's end, and
 * does not hold the machine. Tries are made from the owner's context, not within blocking calls.
 *
 * Since: 1.0
 */
void
qmp_machine_keep_open (QmpMachine         *self,
                       GSocketConnectable *address)
{
  g_autoptr(GSocketConnectable) kept = NULL;

  g_return_if_fail (QMP_IS_MACHINE (self));
  g_return_if_fail (address == NULL || G_IS_SOCKET_CONNECTABLE (address));
  if (qmp_machine_is_foreign (self, NULL))
    return;

  kept = address != NULL ? g_object_ref (address) : NULL;
  qmp_machine_stop_keeping (self);
  if (kept == NULL)
    return;
  self->keeping.address = g_steal_pointer (&kept);
  qmp_backoff_reset (&self->keeping.backoff);
  /* Runs no user code here. */
  set_timer (self, 0);
}
