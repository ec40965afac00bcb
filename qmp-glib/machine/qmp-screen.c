/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-screen-private.h"

#include <gio/gunixfdlist.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include <qmp-glib/qmp-error.h>

#include "wire/qmp-patience-private.h"

#define BACKGROUND 0
#define BLOCKING 1

/* What comes next of one picture; and, the last of them, of taking back what is there. */
typedef enum {
  SHOT_CLEAR,   /* the set is emptied of what is left from before */
  SHOT_LEND,
  SHOT_DUMP,
  SHOT_REMOVE,
  SHOT_END,
} ShotStep;

typedef struct {
  QmpScreen    *screen;    /* owned */
  QmpScreenSet *set;
  char         *device;    /* nullable */
  guint         head;
  QmpPicture   *picture;   /* nullable: not lent yet */
  ShotStep      step;      /* the one under way, or to be taken */
  guint         n_stale;   /* of the set, when that was to be emptied */
  GBytes       *bytes;     /* nullable: not taken yet */
  GError       *error;     /* nullable */
  GTask        *task;      /* nullable, owned: nobody is told */
  QmpPatience  *patience;  /* nullable */
} Shot;

/* --- commands --- */

/* A snapshot may take as long as it likes, and so may what waits behind it. */
static QmpMessage *
prepare (Shot       *shot,
         QmpMessage *command)
{
  qmp_message_set_timeout (command, qmp_jobs_may_be_deaf (shot->screen->jobs) ? QMP_TIMEOUT_NONE : QMP_TIMEOUT_CLIENT);
  return command;
}

/* From then on it is not looked for any more. */
static QmpMessage *
new_remove (Shot *shot)
{
  QmpScreenSet *set = shot->set;

  g_clear_pointer (&set->lent, qmp_picture_unref);
  shot->n_stale = ++set->n_stale;
  return prepare (shot, qmp_message_new_parsed ("remove-fd", NULL, "{'fdset-id': %i}", set->id));
}

/* NULL with the shot's error. */
static QmpMessage *
new_lend (Shot *shot)
{
  g_autoptr(GUnixFDList) fds = g_unix_fd_list_new ();
  QmpMessage *command;

  shot->picture = qmp_picture_new (&shot->error);
  if (shot->picture == NULL || g_unix_fd_list_append (fds, shot->picture->write_fd, &shot->error) < 0)
    return NULL;
  command = qmp_message_new_parsed ("add-fd", NULL, "{'fdset-id': %i, 'opaque': 'qmp-glib screendump'}", shot->set->id);
  qmp_message_set_fd_list (command, fds);
  return prepare (shot, command);
}

static QmpMessage *
new_dump (Shot *shot)
{
  g_autofree char *filename = g_strdup_printf ("/dev/fdset/%d", shot->set->id);
  QmpMessage *command;

  /* Which is an error without a device, in QEMU's words. */
  if (shot->device == NULL && shot->head != 0)
    command = qmp_message_new_parsed ("screendump", NULL, "{'filename': %s, 'format': 'png', 'head': %u}", filename,
                                      shot->head);
  else if (shot->device == NULL)
    command = qmp_message_new_parsed ("screendump", NULL, "{'filename': %s, 'format': 'png'}", filename);
  else
    command = qmp_message_new_parsed ("screendump", NULL, "{'filename': %s, 'format': 'png', 'device': %s, 'head': %u}",
                                      filename, shot->device, shot->head);
  return prepare (shot, command);
}

/* The command of this step; NULL if there is none, or with the shot's error. */
static QmpMessage *
new_command (Shot *shot)
{
  QmpScreenSet *set = shot->set;

  switch (shot->step)
    {
    case SHOT_CLEAR:
      return set->n_stale > 0 ? new_remove (shot) : NULL;
    case SHOT_LEND:
      if (set->lent == NULL)
        return new_lend (shot);
      shot->picture = qmp_picture_ref (set->lent);
      return NULL;
    case SHOT_DUMP:
      return qmp_picture_rewind (shot->picture, &shot->error) ? new_dump (shot) : NULL;
    case SHOT_REMOVE:
      return shot->screen->running && (set->lent != NULL || set->n_stale > 0) ? new_remove (shot) : NULL;
    case SHOT_END:
      break;
    }
  g_assert_not_reached ();
}

/* The next that there is; NULL: it is done. */
static QmpMessage *
next_command (Shot *shot)
{
  QmpMessage *command = NULL;

  while (shot->step != SHOT_END && (command = new_command (shot)) == NULL)
    shot->step = shot->error != NULL && shot->step < SHOT_REMOVE ? SHOT_REMOVE : shot->step + 1;
  return command;
}

/* --- replies --- */

static gboolean
is_refusal (const GError *error)
{
  return error != NULL && error->domain == QMP_COMMAND_ERROR;
}

/* QEMU before 7.1 does not know the argument, and one that was built without libpng says so. Takes failure. */
static GError *
explain (GError *failure)
{
  GError *error;

  if (!is_refusal (failure) ||
      (strstr (failure->message, "'format'") == NULL && strstr (failure->message, "libpng") == NULL))
    return failure;
  error = g_error_new (G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, _("This QEMU cannot write a picture as PNG: %s"), failure->message);
  g_error_free (failure);
  return error;
}

/* What was sent may still be done: what QEMU has then is to be taken back another time. Takes failure. */
static void
give_up (Shot   *shot,
         GError *failure)
{
  g_clear_pointer (&shot->set->lent, qmp_picture_unref);
  shot->set->n_stale++;
  shot->error = failure;
  shot->step = SHOT_END;
}

/* Takes failure, nullable. */
static void
take_lent (Shot   *shot,
           GError *failure)
{
  shot->error = failure;
  if (failure == NULL)
    shot->set->lent = qmp_picture_ref (shot->picture);
}

static void
take_dumped (Shot   *shot,
             GError *failure)
{
  if (failure == NULL)
    shot->bytes = qmp_picture_read (shot->picture, &shot->error);
  else
    shot->error = explain (failure);
}

/* If the machine has stopped since, nobody knows. */
static void
take_removed (Shot *shot)
{
  if (shot->screen->running && shot->set->n_stale == shot->n_stale)
    shot->set->n_stale = 0;
}

/* Takes failure, nullable. */
static void
take_reply (Shot   *shot,
            GError *failure)
{
  gboolean removes = shot->step == SHOT_CLEAR || shot->step == SHOT_REMOVE;

  if (removes && (failure == NULL || is_refusal (failure)))
    take_removed (shot);
  if (shot->step == SHOT_REMOVE || (removes && is_refusal (failure)))
    g_clear_error (&failure);
  if (failure != NULL && !is_refusal (failure) && !g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    {
      give_up (shot, failure);
      return;
    }
  if (shot->step == SHOT_LEND)
    take_lent (shot, failure);
  else if (shot->step == SHOT_DUMP)
    take_dumped (shot, failure);
  shot->step = shot->error != NULL && shot->step < SHOT_REMOVE ? SHOT_REMOVE : shot->step + 1;
}

/* --- one picture --- */

static void
set_untidy (QmpScreen *self)
{
  self->untidy = TRUE;
  qmp_io_watch_stir (&self->todo);
}

static void
shot_begin (Shot       *shot,
            QmpScreen  *screen,
            int         set,
            const char *device,
            guint       head)
{
  *shot = (Shot) { .screen = qmp_screen_ref (screen), .set = &screen->sets[set], .device = g_strdup (device), .head = head };
}

static void
shot_clear (Shot *shot)
{
  QmpScreen *screen = shot->screen;

  g_assert (shot->task == NULL && shot->patience == NULL);

  if (shot->set->lent != NULL || shot->set->n_stale > 0)
    set_untidy (screen);
  g_clear_pointer (&shot->picture, qmp_picture_unref);
  g_clear_pointer (&shot->bytes, g_bytes_unref);
  g_clear_error (&shot->error);
  g_free (shot->device);
  qmp_screen_unref (screen);
}

static void
shot_free (Shot *shot)
{
  shot_clear (shot);
  g_free (shot);
}

/* --- in the background --- */

static void take_step (Shot *shot);

/* The task is told behind the next shot's beginning: user code may do anything then. */
static void
end_shot (Shot *shot)
{
  g_autoptr(GTask) task = g_steal_pointer (&shot->task);
  QmpScreen *screen = shot->screen;
  GBytes *bytes = g_steal_pointer (&shot->bytes);
  GError *error = g_steal_pointer (&shot->error);

  g_clear_pointer (&shot->patience, qmp_patience_free);
  g_queue_pop_head (&screen->shots);
  shot->set->n_users--;
  if (screen->shots.head != NULL)
    take_step (screen->shots.head->data);
  shot_free (shot);
  if (task != NULL && error != NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else if (task != NULL)
    g_task_return_pointer (task, g_steal_pointer (&bytes), (GDestroyNotify) g_bytes_unref);
  g_clear_error (&error);
  g_clear_pointer (&bytes, g_bytes_unref);
}

static void
replied_cb (GObject      *client,
            GAsyncResult *result,
            gpointer      user_data)
{
  Shot *shot = user_data;
  GError *failure = NULL;
  g_autoptr(JsonNode) reply = qmp_client_execute_message_finish (QMP_CLIENT (client), result, &failure);

  take_reply (shot, failure);
  take_step (shot);
}

/* Who has cancelled it is told; what was sent goes on, and is waited for by the next. */
static void
take_step (Shot *shot)
{
  g_autoptr(QmpMessage) command = next_command (shot);

  if (command != NULL)
    qmp_client_execute_message_async (shot->screen->client, command, NULL, replied_cb, shot);
  else
    end_shot (shot);
}

static void
impatient (gpointer  operation,
           GError   *error)
{
  Shot *shot = operation;
  QmpScreen *screen = shot->screen;
  g_autoptr(GTask) task = g_steal_pointer (&shot->task);

  g_clear_pointer (&shot->patience, qmp_patience_free);
  if (screen->shots.head->data != shot)
    {
      g_queue_remove (&screen->shots, shot);
      shot->set->n_users--;
      shot_free (shot);
    }
  g_task_return_error (task, error);
}

static const QmpPatienceFuncs patience_funcs = { NULL, NULL, impatient };

void
qmp_screen_dump_async (QmpScreen    *self,
                       const char   *device,
                       guint         head,
                       GCancellable *cancellable,
                       GTask        *task)
{
  Shot *shot = g_new (Shot, 1);

  shot_begin (shot, self, BACKGROUND, device, head);
  shot->task = task;
  shot->patience = qmp_patience_new (&patience_funcs, shot, self->io, QMP_TIMEOUT_NONE, cancellable);
  shot->set->n_users++;
  g_queue_push_tail (&self->shots, shot);
  if (self->shots.head->data == shot)
    take_step (shot);
}

/* --- blocking --- */

GBytes *
qmp_screen_dump (QmpScreen     *self,
                 const char    *device,
                 guint          head,
                 GCancellable  *cancellable,
                 GError       **error)
{
  Shot shot;
  GBytes *bytes;
  QmpMessage *command;

  shot_begin (&shot, self, BLOCKING, device, head);
  shot.set->n_users++;
  while ((command = next_command (&shot)) != NULL)
    {
      GError *failure = NULL;
      g_autoptr(JsonNode) reply = qmp_client_execute_message (self->client, command, cancellable, &failure);

      take_reply (&shot, failure);
      g_object_unref (command);
    }
  shot.set->n_users--;
  bytes = g_steal_pointer (&shot.bytes);
  if (shot.error != NULL)
    g_propagate_error (error, g_steal_pointer (&shot.error));
  shot_clear (&shot);
  return bytes;
}

/* --- taking back --- */

static gboolean
is_linked (QmpScreen *self)
{
  return qmp_client_get_runstate (self->client) == QMP_RUNSTATE_RUNNING;
}

static void
tidied_cb (GObject      *client,
           GAsyncResult *result,
           gpointer      user_data)
{
  Shot *shot = user_data;
  GError *failure = NULL;
  g_autoptr(JsonNode) reply = qmp_client_execute_message_finish (QMP_CLIENT (client), result, &failure);

  take_reply (shot, failure);
  shot->set->tidying = FALSE;
  shot_free (shot);
}

static void
tidy_set (QmpScreen *self,
          int        set)
{
  g_autoptr(QmpMessage) command = NULL;
  Shot *shot;

  if (self->sets[set].n_users > 0 || self->sets[set].tidying)
    return;
  shot = g_new (Shot, 1);
  shot_begin (shot, self, set, NULL, 0);
  shot->step = SHOT_REMOVE;
  command = next_command (shot);
  if (command == NULL)
    {
      shot_free (shot);
      return;
    }
  shot->set->tidying = TRUE;
  qmp_client_execute_message_async (self->client, command, NULL, tidied_cb, shot);
}

static QmpIoNeed
todo_prepare (gpointer owner)
{
  QmpScreen *self = owner;

  return self->untidy && self->running && is_linked (self) ? QMP_IO_READY : QMP_IO_SLEEP;
}

static gboolean
todo_dispatch (gpointer     owner,
               GIOCondition ready)
{
  QmpScreen *self = qmp_screen_ref (owner);

  self->untidy = FALSE;
  tidy_set (self, BACKGROUND);
  tidy_set (self, BLOCKING);
  qmp_screen_unref (self);
  return FALSE;
}

static const QmpIoFuncs todo_funcs = { todo_prepare, todo_dispatch };

void
qmp_screen_set_running (QmpScreen *self,
                        gboolean   running)
{
  self->running = running;
  for (guint i = 0; i < G_N_ELEMENTS (self->sets); i++)
    {
      if (running && (self->sets[i].lent != NULL || self->sets[i].n_stale > 0))
        set_untidy (self);
      /* What is being taken back may stay there. */
      if (!running && self->sets[i].n_stale > 0)
        self->sets[i].n_stale++;
    }
}

void
qmp_screen_forget (QmpScreen *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->sets); i++)
    {
      g_clear_pointer (&self->sets[i].lent, qmp_picture_unref);
      self->sets[i].n_stale = 0;
    }
}

/* --- the object --- */

QmpScreen *
qmp_screen_new (QmpClient    *client,
                QmpIoContext *io,
                QmpJobs      *jobs)
{
  QmpScreen *self = g_new0 (QmpScreen, 1);

  self->n_refs = 1;
  self->client = g_object_ref (client);
  self->io = qmp_io_context_ref (io);
  self->jobs = qmp_jobs_ref (jobs);
  qmp_io_watch_attach (&self->todo, io, &todo_funcs, self);
  /* People number from 0 or 1, and so does QEMU, which takes numbers up to that of an int. */
  for (guint i = 0; i < G_N_ELEMENTS (self->sets); i++)
    self->sets[i].id = g_random_int_range (G_MAXINT / 2, G_MAXINT);
  return self;
}

QmpScreen *
qmp_screen_ref (QmpScreen *self)
{
  self->n_refs++;
  return self;
}

void
qmp_screen_unref (QmpScreen *self)
{
  if (--self->n_refs > 0)
    return;
  g_assert (self->shots.head == NULL);

  qmp_io_watch_detach (&self->todo);
  qmp_screen_forget (self);
  qmp_jobs_unref (self->jobs);
  qmp_io_context_unref (self->io);
  g_object_unref (self->client);
  g_free (self);
}
