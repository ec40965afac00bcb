/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "soak-actor.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <unistd.h>

#include "soak-count.h"
#include "test-utils.h"

#define MAX_REST_MS 20
#define MAX_BURST 40

typedef enum {
  BACKUP,
  SNAPSHOT,
  RUN,
  DEVICE,
  DISK,
  SCREEN,
  BURST,
  SECOND_BURST,
  BLOCKING,
  N_ACTORS,
} Role;

typedef struct _Actor Actor;

typedef struct {
  const char *name;
  /* Does the step of the number self->step, which begins with 0. value: the result of the step before. */
  void     (* play) (Actor    *self,
                     JsonNode *value);
  gboolean    stateless; /* needs not know what it did before */
  gboolean    second;    /* over the second link */
  guint       not_beside; /* bits of roles */
} Scene;

struct _Actor {
  const Scene  *scene;
  SoakStage    *stage;
  SoakLink     *link;
  guint         step;
  gboolean      playing;
  guint         turn;    /* waits until those leave that it must not play beside; 0: does not */
  guint         rest;     /* source */
  guint         choice;
  guint         n_left;   /* of a burst */
  char         *id;       /* of what it works with; new in each scene */
  /* What it waits for: a status of job id, or that device id is deleted. */
  const char   *job_status;
  gboolean      wait_deleted;
  int           fdset;
};

struct _SoakStage {
  SoakLink   *main;
  GRand      *random;
  const char *directory;
  gboolean    paused;
  Actor       actors[N_ACTORS];
};

QmpMessage *
soak_command (const char *command,
              const char *format,
              ...)
{
  g_autoptr (GError) error = NULL;
  va_list arguments;
  QmpMessage *message;

  va_start (arguments, format);
  message = qmp_message_new_parsed_va (command, &error, format, &arguments);
  va_end (arguments);
  if (message == NULL)
    soak_fail ("%s: %s", command, error->message);
  return message;
}

static const Scene scenes[N_ACTORS];

/* How a scene goes on. */

static gboolean actor_begin_cb (gpointer user_data);

static char *
actor_dup_path (Actor *self)
{
  return g_build_filename (self->stage->directory, self->id, NULL);
}

static void
actor_rest (Actor *self)
{
  self->playing = FALSE;
  g_clear_pointer (&self->id, g_free);
  if (!self->stage->paused)
    self->rest = g_timeout_add (g_rand_int_range (self->stage->random, 0, MAX_REST_MS), actor_begin_cb, self);
}

static void
actor_next (Actor    *self,
            JsonNode *value)
{
  self->scene->play (self, value);
  self->step++;
}

/* Without a result the link has ended, and the scene with it. */
static void
actor_answered_cb (SoakLink *link,
                   JsonNode *value,
                   gpointer  user_data)
{
  Actor *self = user_data;

  if (value != NULL)
    actor_next (self, value);
  else
    self->playing = FALSE;
}

static void
actor_send (Actor      *self,
            QmpMessage *command)
{
  soak_link_execute (self->link, command, NULL, actor_answered_cb, self);
}

static void
actor_look (Actor *self)
{
  SoakOrder *order = self->link->order;

  if (self->job_status != NULL && g_strcmp0 (soak_order_get_job_status (order, self->id), self->job_status) == 0)
    self->job_status = NULL;
  else if (self->wait_deleted && soak_order_is_deleted (order, self->id))
    self->wait_deleted = FALSE;
  else
    return;
  actor_next (self, NULL);
}

static gboolean
look_cb (gpointer user_data)
{
  Actor *self = user_data;

  self->rest = 0;
  actor_look (self);
  return G_SOURCE_REMOVE;
}

/* The event may have come already. */
static void
actor_wait_for_job (Actor      *self,
                    const char *status)
{
  self->job_status = status;
  self->rest = g_idle_add (look_cb, self);
}

static void
actor_wait_deleted (Actor *self)
{
  self->wait_deleted = TRUE;
  self->rest = g_idle_add (look_cb, self);
}

static gboolean
stage_has_room (SoakStage *self,
                Role       role)
{
  for (guint i = 0; i < N_ACTORS; i++)
    if ((scenes[role].not_beside & 1 << i) != 0 || (scenes[i].not_beside & 1 << role) != 0)
      if (self->actors[i].playing || (self->actors[i].turn != 0 && self->actors[i].turn < self->actors[role].turn))
        return FALSE;
  return TRUE;
}

/* Who has waited longer goes first. */
static gboolean
actor_take_turn (Actor *self)
{
  static guint last_turn;

  if (self->turn == 0)
    self->turn = ++last_turn;
  if (!stage_has_room (self->stage, self->scene - scenes))
    return FALSE;
  self->turn = 0;
  return TRUE;
}

static gboolean
actor_begin_cb (gpointer user_data)
{
  static guint64 last_id;
  Actor *self = user_data;

  self->rest = 0;
  if (!soak_link_is_up (self->link))
    return G_SOURCE_REMOVE;
  if (!actor_take_turn (self))
    {
      actor_rest (self);
      return G_SOURCE_REMOVE;
    }
  self->playing = TRUE;
  self->step = 0;
  self->job_status = NULL;
  self->wait_deleted = FALSE;
  self->choice = g_rand_int_range (self->stage->random, 0, 4);
  self->id = g_strdup_printf ("%s-%" G_GUINT64_FORMAT, self->scene->name, ++last_id);
  actor_next (self, NULL);
  return G_SOURCE_REMOVE;
}

/* The scenes. */

static void
play_run (Actor    *self,
          JsonNode *value)
{
  static const char * const commands[] = { "stop", "query-status", "cont", "query-status" };

  if (self->step < G_N_ELEMENTS (commands))
    actor_send (self, soak_command (commands[self->step], NULL));
  else
    actor_rest (self);
}

static void
play_device (Actor    *self,
             JsonNode *value)
{
  static const char * const drivers[] = { "usb-tablet", "usb-kbd", "usb-mouse", "usb-tablet" };

  switch (self->step)
    {
    case 0:
      actor_send (self, soak_command ("device_add", "{'driver': %s, 'id': %s, 'bus': 'usb.0'}",
                                      drivers[self->choice], self->id));
      break;
    case 1:
      actor_send (self, soak_command ("device_del", "{'id': %s}", self->id));
      break;
    case 2:
      actor_wait_deleted (self);
      break;
    default:
      actor_rest (self);
    }
}

/* A job that is not dismissed by itself says how it went. */
static void
check_job (JsonNode   *jobs,
           const char *id)
{
  JsonArray *array = json_node_get_array (jobs);

  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonObject *job = json_array_get_object_element (array, i);

      if (g_str_equal (json_object_get_string_member (job, "id"), id) && json_object_has_member (job, "error"))
        soak_fail ("job %s: %s", id, json_object_get_string_member (job, "error"));
    }
}

/* Steps 1 to 4 of a scene that has started such a job. */
static void
actor_see_job_off (Actor    *self,
                   JsonNode *value,
                   guint     step)
{
  switch (step)
    {
    case 1:
      actor_wait_for_job (self, "concluded");
      break;
    case 2:
      actor_send (self, soak_command ("query-jobs", NULL));
      break;
    case 3:
      check_job (value, self->id);
      actor_send (self, soak_command ("job-dismiss", "{'id': %s}", self->id));
      break;
    default:
      actor_wait_for_job (self, "null");
    }
}

/* An internal snapshot of the machine: saved, loaded or not, deleted. Each is a job. */
static void
play_snapshot (Actor    *self,
               JsonNode *value)
{
  static const char * const commands[] = { "snapshot-save", "snapshot-load", "snapshot-delete" };
  guint job = self->step / 5;
  guint step = self->step % 5;

  if (job == G_N_ELEMENTS (commands))
    {
      actor_rest (self);
    }
  else if (step != 0)
    {
      actor_see_job_off (self, value, step);
    }
  else
    {
      g_free (self->id);
      self->id = g_strdup_printf ("%s-%" G_GUINT64_FORMAT, commands[job], self->link->last_number);
      if (job == 2)
        actor_send (self, soak_command (commands[job], "{'job-id': %s, 'tag': 'soak', 'devices': ['state']}",
                                        self->id));
      else
        actor_send (self, soak_command (commands[job],
                                        "{'job-id': %s, 'tag': 'soak', 'vmstate': 'state', 'devices': ['state']}",
                                        self->id));
    }
}

static void
play_backup (Actor    *self,
             JsonNode *value)
{
  switch (self->step)
    {
    case 0:
      actor_send (self, soak_command ("blockdev-backup",
                                      "{'job-id': %s, 'device': 'base', 'target': 'target', 'sync': 'full'}",
                                      self->id));
      break;
    case 1:
      actor_wait_for_job (self, "null");
      break;
    default:
      actor_rest (self);
    }
}

static void
play_mirror (Actor    *self,
             JsonNode *value)
{
  switch (self->step)
    {
    case 0:
      actor_send (self, soak_command ("blockdev-mirror",
                                      "{'job-id': %s, 'device': 'base', 'target': 'target', 'sync': 'full'}",
                                      self->id));
      break;
    case 1:
      actor_wait_for_job (self, "ready");
      break;
    case 2:
      actor_send (self, soak_command ("block-job-cancel", "{'device': %s}", self->id));
      break;
    case 3:
      actor_wait_for_job (self, "null");
      break;
    default:
      actor_rest (self);
    }
}

/* An external snapshot, which is merged into its base again. */
static void
play_commit (Actor    *self,
             JsonNode *value)
{
  g_autofree char *path = actor_dup_path (self);

  switch (self->step)
    {
    case 0:
      actor_send (self, soak_command ("blockdev-snapshot-sync",
                                      "{'node-name': 'base', 'snapshot-file': %s, 'snapshot-node-name': %s}",
                                      path, self->id));
      break;
    case 1:
      actor_send (self, soak_command ("block-commit", "{'job-id': %s, 'device': %s}", self->id, self->id));
      break;
    case 2:
      actor_wait_for_job (self, "ready");
      break;
    case 3:
      actor_send (self, soak_command ("job-complete", "{'id': %s}", self->id));
      break;
    case 4:
      actor_wait_for_job (self, "null");
      break;
    default:
      g_unlink (path);
      actor_rest (self);
    }
}

static void
play_create (Actor    *self,
             JsonNode *value)
{
  g_autofree char *path = actor_dup_path (self);

  if (self->step == 0)
    {
      actor_send (self, soak_command ("blockdev-create", "{'job-id': %s, 'options': "
                                      "{'driver': 'file', 'filename': %s, 'size': 65536}}", self->id, path));
    }
  else if (self->step <= 4)
    {
      actor_see_job_off (self, value, self->step);
    }
  else
    {
      g_unlink (path);
      actor_rest (self);
    }
}

static void
play_disk (Actor    *self,
           JsonNode *value)
{
  static void (* const plays[]) (Actor    *self,
                                 JsonNode *value) = { play_mirror, play_mirror, play_commit, play_create };

  plays[self->choice] (self, value);
}

/* A picture through a descriptor. */

static void
actor_pass_fd (Actor *self)
{
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new ();
  g_autofree char *path = actor_dup_path (self);
  QmpMessage *command = soak_command ("add-fd", "{'opaque': %s}", self->id);
  int fd = open (path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

  if (g_unix_fd_list_append (list, fd, NULL) < 0)
    soak_fail ("%s: %s", path, g_strerror (errno));
  close (fd);
  qmp_message_set_fd_list (command, list);
  actor_send (self, command);
}

static void
check_picture (const char *path)
{
  g_autofree char *bytes = NULL;
  gsize length = 0;
  int width = 0, height = 0, begin = 0;

  if (!g_file_get_contents (path, &bytes, &length, NULL)
      || sscanf (bytes, "P6 %d %d 255%n", &width, &height, &begin) != 2
      || length != begin + 1 + 3 * (gsize) width * height)
    soak_fail ("%s: no picture in %zu bytes", path, length);
}

static void
play_screen (Actor    *self,
             JsonNode *value)
{
  g_autofree char *path = actor_dup_path (self);
  g_autofree char *file = NULL;

  switch (self->step)
    {
    case 0:
      actor_pass_fd (self);
      break;
    case 1:
      self->fdset = test_member_int (value, "fdset-id");
      file = g_strdup_printf ("/dev/fdset/%d", self->fdset);
      actor_send (self, soak_command ("screendump", "{'filename': %s}", file));
      break;
    case 2:
      check_picture (path);
      g_unlink (path);
      actor_send (self, soak_command ("remove-fd", "{'fdset-id': %i}", self->fdset));
      break;
    default:
      actor_rest (self);
    }
}

/* Many commands at once, some cancelled, some with a short timeout; each answer names its command. */

static void
burst_answered_cb (SoakLink *link,
                   JsonNode *value,
                   gpointer  user_data)
{
  Actor *self = user_data;

  if (--self->n_left > 0)
    return;
  if (soak_link_is_up (link) && !link->may_end)
    actor_rest (self);
  else
    self->playing = FALSE;
}

static void
actor_send_one (Actor *self)
{
  GRand *random = self->stage->random;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree char *line = NULL;
  g_autofree char *text = NULL;
  SoakExpected expected = { .any_running = self->link->blocking };
  guint number = g_rand_int_range (random, 1, 1000000);
  QmpMessage *command = NULL;

  switch (g_rand_int_range (random, 0, 8))
    {
    case 0:
      line = g_strdup_printf ("nope-%06u", number);
      expected.error = line;
      command = soak_command ("device_del", "{'id': %s}", line);
      break;
    case 1:
      command = soak_command ("query-status", NULL);
      break;
    case 2:
      command = soak_command ("query-yank", NULL);
      qmp_message_set_out_of_band (command, qmp_client_get_out_of_band_active (self->link->client));
      break;
    case 3:
      command = soak_command ("query-commands", NULL);
      break;
    default:
      text = g_strdup_printf ("%u\r\n", number);
      line = g_strdup_printf ("print /d %u", number);
      expected.result = text;
      command = soak_command ("human-monitor-command", "{'command-line': %s}", line);
      break;
    }
  if (g_rand_int_range (random, 0, 16) == 0)
    qmp_message_set_timeout (command, g_rand_int_range (random, 1, 20));
  expected.cancellable = cancellable;
  soak_link_execute (self->link, command, &expected, burst_answered_cb, self);
  if (g_rand_int_range (random, 0, 16) == 0)
    g_cancellable_cancel (cancellable);
}

static void
play_burst (Actor    *self,
            JsonNode *value)
{
  guint count = g_rand_int_range (self->stage->random, 1, MAX_BURST);

  self->n_left = count;
  for (guint i = 0; i < count; i++)
    actor_send_one (self);
}

/* Blocking calls, among those of the burst on the same link. */
static void
play_blocking (Actor    *self,
               JsonNode *value)
{
  guint count = g_rand_int_range (self->stage->random, 1, 4);

  for (guint i = 0; i < count && soak_link_is_up (self->link); i++)
    {
      g_autoptr (JsonNode) status = soak_link_execute_blocking (self->link, soak_command ("query-status", NULL), NULL);

      if (status == NULL)
        break;
    }
  if (soak_link_is_up (self->link))
    actor_rest (self);
  else
    self->playing = FALSE;
}

/* Devices must be the same when a snapshot is loaded as when it was saved. The rest is what QEMU 7.2 cannot do at once:
 * saving beside blockdev-create ends it ("job_unref_locked: Assertion `qemu_in_main_thread()' failed"), and after a
 * backup that is over while the machine stops, or is saved, the target stays in use. */
static const Scene scenes[N_ACTORS] = {
  [BACKUP] = { .name = "backup", .play = play_backup, .not_beside = 1 << RUN | 1 << SNAPSHOT | 1 << DISK },
  [SNAPSHOT] = { .name = "snapshot", .play = play_snapshot, .not_beside = 1 << DEVICE | 1 << DISK },
  [RUN] = { .name = "run", .play = play_run, .stateless = TRUE },
  [DEVICE] = { .name = "device", .play = play_device },
  [DISK] = { .name = "disk", .play = play_disk },
  [SCREEN] = { .name = "screen", .play = play_screen, .stateless = TRUE },
  [BURST] = { .name = "burst", .play = play_burst, .stateless = TRUE },
  [SECOND_BURST] = { .name = "second-burst", .play = play_burst, .stateless = TRUE, .second = TRUE },
  [BLOCKING] = { .name = "blocking", .play = play_blocking, .stateless = TRUE, .second = TRUE },
};

/* The stage. */

static void
main_look_cb (SoakLink *link,
              gpointer  user_data)
{
  SoakStage *self = user_data;

  for (guint i = 0; i < N_ACTORS; i++)
    if (self->actors[i].link == link && self->actors[i].playing && self->actors[i].rest == 0)
      actor_look (&self->actors[i]);
}

SoakStage *
soak_stage_new (SoakLink   *main,
                SoakLink   *second,
                GRand      *random,
                const char *directory)
{
  SoakStage *self = g_new0 (SoakStage, 1);

  self->main = main;
  self->random = random;
  self->directory = directory;
  for (guint i = 0; i < N_ACTORS; i++)
    self->actors[i] = (Actor) { .scene = &scenes[i], .stage = self, .link = scenes[i].second ? second : main };
  main->look = main_look_cb;
  main->look_data = self;
  return self;
}

void
soak_stage_free (SoakStage *self)
{
  self->main->look = NULL;
  g_free (self);
}

void
soak_stage_start (SoakStage *self,
                  gboolean   known)
{
  self->paused = FALSE;
  for (guint i = 0; i < N_ACTORS; i++)
    if (scenes[i].stateless || known)
      actor_rest (&self->actors[i]);
}

/* One whose link has ended may wait for an event in vain. */
static gboolean
stage_plays (SoakStage *self)
{
  for (guint i = 0; i < N_ACTORS; i++)
    if (self->actors[i].playing && self->actors[i].link->n_closed == 0)
      return TRUE;
  return FALSE;
}

static void
stage_clear (SoakStage *self)
{
  for (guint i = 0; i < N_ACTORS; i++)
    {
      g_clear_handle_id (&self->actors[i].rest, g_source_remove);
      g_clear_pointer (&self->actors[i].id, g_free);
      self->actors[i].turn = 0;
    }
}

void
soak_stage_pause (SoakStage *self)
{
  self->paused = TRUE;
  for (guint i = 0; i < N_ACTORS; i++)
    if (!self->actors[i].playing)
      g_clear_handle_id (&self->actors[i].rest, g_source_remove);
  test_spin_until (!stage_plays (self));
}

void
soak_stage_stop (SoakStage *self)
{
  for (guint i = 0; i < N_ACTORS; i++)
    if (self->actors[i].playing && self->actors[i].n_left > 0)
      soak_fail ("%s: %u calls were not answered", self->actors[i].scene->name, self->actors[i].n_left);
  for (guint i = 0; i < N_ACTORS; i++)
    self->actors[i].playing = FALSE;
  stage_clear (self);
}

/* The disks. Each step returns whether it was done; it is not when the link has ended. */

typedef struct {
  gboolean over;
  gboolean good;
} Done;

static void
set_up_cb (SoakLink *link,
           JsonNode *value,
           gpointer  user_data)
{
  Done *done = user_data;

  done->over = TRUE;
  done->good = value != NULL;
}

static gboolean
stage_do (SoakStage  *self,
          QmpMessage *command)
{
  Done done = { FALSE, FALSE };

  soak_link_execute (self->main, command, NULL, set_up_cb, &done);
  test_spin_until (done.over);
  return done.good;
}

static gboolean
stage_wait_for_job (SoakStage  *self,
                    const char *id,
                    const char *status)
{
  test_spin_until (g_strcmp0 (soak_order_get_job_status (self->main->order, id), status) == 0
                   || self->main->n_closed > 0);
  return self->main->n_closed == 0;
}

static gboolean
stage_end_job (SoakStage  *self,
               const char *id)
{
  return stage_wait_for_job (self, id, "concluded")
         && stage_do (self, soak_command ("job-dismiss", "{'id': %s}", id))
         && stage_wait_for_job (self, id, "null");
}

static gboolean
stage_add_disk (SoakStage  *self,
                const char *name,
                int         size)
{
  g_autofree char *path = g_strdup_printf ("%s/%s.qcow2", self->directory, name);
  g_autofree char *file = g_strdup_printf ("%s-file", name);

  return stage_do (self, soak_command ("blockdev-create", "{'job-id': %s, 'options': "
                                       "{'driver': 'file', 'filename': %s, 'size': 0}}", file, path))
         && stage_end_job (self, file)
         && stage_do (self, soak_command ("blockdev-add", "{'driver': 'file', 'node-name': %s, 'filename': %s}",
                                          file, path))
         && stage_do (self, soak_command ("blockdev-create", "{'job-id': %s, 'options': "
                                          "{'driver': 'qcow2', 'file': %s, 'size': %i}}", name, file, size))
         && stage_end_job (self, name)
         && stage_do (self, soak_command ("blockdev-add", "{'driver': 'qcow2', 'node-name': %s, 'file': %s}",
                                          name, file));
}

gboolean
soak_stage_set_up (SoakStage *self)
{
  return stage_add_disk (self, "base", 1024 * 1024)
         && stage_add_disk (self, "target", 1024 * 1024)
         && stage_add_disk (self, "state", 64 * 1024 * 1024)
         && stage_do (self, soak_command ("human-monitor-command",
                                          "{'command-line': 'qemu-io base \"write -P 7 0 512k\"'}"))
         && stage_do (self, soak_command ("device_add",
                                          "{'driver': 'virtio-blk-pci', 'id': 'disk', 'drive': 'base'}"));
}
