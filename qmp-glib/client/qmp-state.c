/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client/qmp-state-private.h"

#include <glib/gi18n-lib.h>

#include "core/qmp-debug-private.h"

static void
picture_clear (QmpPicture *picture)
{
  g_clear_object (&picture->greeting);
  g_clear_object (&picture->address);
  g_clear_object (&picture->listen_address);
}

static void
picture_set (QmpPicture       *picture,
             const QmpPicture *from)
{
  picture->runstate = from->runstate;
  picture->out_of_band_active = from->out_of_band_active;
  g_set_object (&picture->greeting, from->greeting);
  g_set_object (&picture->address, from->address);
  g_set_object (&picture->listen_address, from->listen_address);
}

void
qmp_state_init (QmpState            *self,
                const QmpStateFuncs *funcs,
                GObject             *owner)
{
  *self = (QmpState) { .funcs = funcs, .owner = owner };
}

void
qmp_state_clear (QmpState *self)
{
  QmpPicture *step;

  while ((step = g_queue_pop_head (&self->steps)) != NULL)
    {
      picture_clear (step);
      g_free (step);
    }
  picture_clear (&self->told);
  picture_clear (&self->now);
}

/* --- asking --- */

static const char *
runstate_to_string (QmpRunstate runstate)
{
  static const char * const texts[] = { "IDLE", "CONNECTING", "RUNNING", "DISCONNECTING" };

  return texts[runstate];
}

const QmpPicture *
qmp_state_get (QmpState *self)
{
  /* A main loop that a handler runs is outside of the step: callbacks there find the client as it is. */
  return self->telling && self->telling_depth == g_main_depth () ? &self->told : &self->now;
}

gboolean
qmp_state_require (QmpState     *self,
                   QmpRunstate   required,
                   const char   *what,
                   GError      **error)
{
  if (self->now.runstate == required)
    return TRUE;

  g_set_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE,
               _("Cannot %s: the client is %s and must be %s"), what,
               runstate_to_string (self->now.runstate), runstate_to_string (required));
  return FALSE;
}

/* --- telling --- */

static gboolean
may_tell (QmpState *self)
{
  return !self->telling && self->n_holds == 0 && self->funcs->may_tell (self->owner);
}

gboolean
qmp_state_has_steps (QmpState *self)
{
  return self->steps.head != NULL && may_tell (self);
}

/* Takes step. */
static void
tell (QmpState   *self,
      QmpPicture *step)
{
  QmpPicture from = self->told;

  self->told = *step;
  g_free (step);
  self->telling = TRUE;
  self->telling_depth = g_main_depth ();
  if (from.greeting != self->told.greeting)
    g_object_notify (self->owner, "greeting");
  if (from.address != self->told.address)
    g_object_notify (self->owner, "address");
  if (from.listen_address != self->told.listen_address)
    g_object_notify (self->owner, "listen-address");
  if (from.runstate != self->told.runstate)
    g_object_notify (self->owner, "runstate");
  if (from.out_of_band_active != self->told.out_of_band_active)
    g_object_notify (self->owner, "out-of-band-active");
  self->telling = FALSE;
  picture_clear (&from);
}

void
qmp_state_tell (QmpState *self)
{
  g_autoptr(GObject) owner = NULL;

  if (!qmp_state_has_steps (self))
    return;

  owner = g_object_ref (self->owner);
  while (qmp_state_has_steps (self))
    tell (self, g_queue_pop_head (&self->steps));
}

/* --- steps --- */

/* Of whatever property: one question instead of six. A handler that is blocked now may not be when the step is told. */
static gboolean
anybody_hears (QmpState *self)
{
  static gsize notify;

  if (g_once_init_enter (&notify))
    g_once_init_leave (&notify, g_signal_lookup ("notify", G_TYPE_OBJECT));
  return g_signal_handler_find (self->owner, G_SIGNAL_MATCH_ID, notify, 0, NULL, NULL, NULL) != 0;
}

/* A program that makes blocking calls alone never has any told: none is kept for nobody. */
static void
add_step (QmpState *self)
{
  QmpPicture *step;

  if (self->steps.head == NULL && !self->telling && !anybody_hears (self))
    {
      picture_set (&self->told, &self->now);
      return;
    }
  step = g_new0 (QmpPicture, 1);
  picture_set (step, &self->now);
  g_queue_push_tail (&self->steps, step);
  if (may_tell (self))
    qmp_state_tell (self);
  else
    self->funcs->due (self->owner);
}

/* What was changed without its runstate, while steps were held. */
static gboolean
is_unpictured (QmpState *self)
{
  const QmpPicture *last = self->steps.tail != NULL ? self->steps.tail->data : &self->told;

  return last->greeting != self->now.greeting || last->listen_address != self->now.listen_address;
}

void
qmp_state_hold (QmpState *self)
{
  self->n_holds++;
}

void
qmp_state_release (QmpState *self)
{
  g_assert (self->n_holds > 0);

  if (self->n_holds == 1 && is_unpictured (self))
    add_step (self);
  if (--self->n_holds == 0 && self->steps.head != NULL)
    self->funcs->due (self->owner);
}

static void
change (QmpState    *self,
        QmpRunstate  runstate,
        gboolean     out_of_band_active)
{
  if (self->now.runstate == runstate)
    return;

  self->now.runstate = runstate;
  self->now.out_of_band_active = out_of_band_active;
  qmp_debug (QMP_DEBUG_STATE, "%s: %s", self->name != NULL ? self->name : "client", runstate_to_string (runstate));
  add_step (self);
}

void
qmp_state_set_runstate (QmpState    *self,
                        QmpRunstate  runstate)
{
  change (self, runstate, FALSE);
}

void
qmp_state_set_running (QmpState    *self,
                       QmpGreeting *greeting,
                       gboolean     out_of_band_active)
{
  if (greeting != NULL)
    g_set_object (&self->now.greeting, greeting);
  change (self, QMP_RUNSTATE_RUNNING, out_of_band_active);
}

void
qmp_state_set_greeting (QmpState    *self,
                        QmpGreeting *greeting)
{
  if (g_set_object (&self->now.greeting, greeting) && self->n_holds == 0)
    add_step (self);
}

void
qmp_state_set_address (QmpState           *self,
                       GSocketConnectable *address)
{
  g_assert (self->n_holds > 0);

  g_set_object (&self->now.address, address);
}

void
qmp_state_set_listen_address (QmpState       *self,
                              GSocketAddress *address)
{
  if (g_set_object (&self->now.listen_address, address) && self->n_holds == 0)
    add_step (self);
}
