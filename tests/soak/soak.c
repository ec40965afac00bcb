/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Works with a real QEMU for a while, in which it is stopped, killed and started anew, and counts.
 *
 *   soak [--seed NUMBER] SECONDS
 *
 * It is over with the first thing that is not as it must be. The same seed gives the same choices, though not the
 * same moments. */

#include <glib-unix.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>


#include "soak-actor.h"
#include "soak-count.h"
#include "soak-link.h"
#include "soak-machine.h"
#include "soak-memory.h"
#include "test-server.h"

#define MAX_FREEZE_MS 300
/* The first part of the time makes what is made once. */
#define WARM_UP_PART 8

typedef struct {
  GRand      *random;
  gint64      begin;
  gint64      end; /* monotonic */
  gboolean    interrupted;
  gboolean    crashed; /* the server, in this life */
  SoakLink   *main;
  SoakLink   *second;
  TestServer *server;
  SoakStage  *stage;
  GThread    *thaw;
  guint       max_faults; /* in a life, which is what happens to one QEMU */
  guint       n_lives;
  guint       n_links;
  SoakMemory  before;
  guint       before_life;
} Soak;

static gboolean
soak_chance (Soak *self,
             guint one_in)
{
  return g_rand_int_range (self->random, 0, one_in) == 0;
}

/* Time. */

static void
set_true_cb (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
}

static void
soak_run_ms (guint ms)
{
  gboolean over = FALSE;

  g_timeout_add_once (ms, set_true_cb, &over);
  test_spin_until (over);
}

static gboolean
interrupted_cb (gpointer user_data)
{
  ((Soak *) user_data)->interrupted = TRUE;
  return G_SOURCE_CONTINUE;
}

static gboolean
soak_is_over (Soak *self)
{
  return self->interrupted || g_get_monotonic_time () >= self->end;
}

/* A frozen server. Another thread ends that, since this one may be in a blocking call. */

typedef struct {
  pid_t pid;
  guint ms;
  int   signal;
} Freeze;

static gpointer
thaw_thread (gpointer data)
{
  g_autofree Freeze *freeze = data;

  g_usleep (freeze->ms * 1000);
  kill (freeze->pid, freeze->signal);
  return NULL;
}

static void
soak_wait_for_thaw (Soak *self)
{
  g_clear_pointer (&self->thaw, g_thread_join);
}

static void
soak_freeze_until (Soak *self,
                   int   signal)
{
  Freeze *freeze = g_new (Freeze, 1);

  soak_wait_for_thaw (self);
  freeze->pid = test_server_get_pid (self->server);
  freeze->ms = g_rand_int_range (self->random, 1, MAX_FREEZE_MS);
  freeze->signal = signal;
  kill (freeze->pid, SIGSTOP);
  self->thaw = g_thread_new ("thaw", thaw_thread, freeze);
}

static void
soak_freeze (Soak *self)
{
  soak_count_fault ("freeze");
  soak_freeze_until (self, SIGCONT);
}

/* Links. */

/* A QEMU that has crashed is one more that was killed. */
static gboolean
has_crashed_cb (gpointer user_data)
{
  Soak *self = user_data;
  int status;

  if (self->crashed)
    return TRUE;
  /* Afterwards its number may be another process's. */
  soak_wait_for_thaw (self);
  status = test_server_wait (self->server);
  self->crashed = WIFSIGNALED (status) && (WTERMSIG (status) == SIGABRT || WTERMSIG (status) == SIGSEGV);
  if (self->crashed)
    {
      g_autofree char *output = test_server_dup_stderr (self->server);
      const char *last = strrchr (g_strchomp (output), '\n');

      soak_count_fault ("(QEMU crashed)");
      g_print ("QEMU crashed in life %u, signal %d: %s\n", self->n_lives + 1, WTERMSIG (status),
               last != NULL ? last + 1 : output);
    }
  return self->crashed;
}

static SoakLink *
soak_new_link (Soak       *self,
               const char *name,
               gboolean    blocking)
{
  SoakLink *link = soak_link_new (name, blocking);

  link->has_crashed = has_crashed_cb;
  link->crash_data = self;
  return link;
}

static gboolean
soak_open_link (Soak     *self,
                SoakLink *link,
                gboolean  same_server)
{
  soak_link_prepare (link, soak_chance (self, 2), same_server);
  self->n_links++;
  return soak_link_open (link, link == self->main ? test_server_get_address (self->server)
                                                  : test_server_get_second_address (self->server));
}

static void
soak_drop_clients (Soak *self)
{
  soak_link_drop_client (self->main);
  soak_link_drop_client (self->second);
}

/* All scenes have come to their end: every command was answered, and every event that had to come was there. */
static void
soak_make_quiet (Soak *self)
{
  soak_count_fault ("(quiet)");
  soak_stage_pause (self->stage);
  if (!self->crashed && g_hash_table_size (self->main->calls) + g_hash_table_size (self->second->calls) > 0)
    soak_fail ("Calls are left, and nobody waits for them");
}

/* known: between two scenes. Otherwise commands are under way, whose replies go to the next link. */
static void
soak_reconnect (Soak    *self,
                gboolean known)
{
  soak_count_fault (known ? "reconnect" : "reconnect in the middle");
  if (known)
    soak_make_quiet (self);
  soak_link_close (self->main);
  soak_link_close (self->second);
  soak_stage_stop (self->stage);
  if (soak_chance (self, 2))
    soak_drop_clients (self);
  if (!self->crashed && soak_open_link (self, self->second, TRUE))
    soak_open_link (self, self->main, TRUE);
}

/* The end of a life. */

static void
soak_expect_end (Soak *self)
{
  self->main->may_end = TRUE;
  self->second->may_end = TRUE;
}

static void
soak_kill (Soak *self)
{
  soak_count_fault ("kill");
  soak_expect_end (self);
  test_server_kill (self->server);
}

static void
soak_kill_frozen (Soak *self)
{
  soak_count_fault ("freeze and kill");
  soak_expect_end (self);
  soak_freeze_until (self, SIGKILL);
}

static void
soak_quit (Soak *self)
{
  soak_count_fault ("quit");
  soak_expect_end (self);
  soak_link_execute (self->main, soak_command ("quit", NULL), NULL, NULL, NULL);
}

/* The second link ends in the middle of opening, or is open, whichever comes first. */
static void
opened_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (GError) error = NULL;

  *(gboolean *) user_data = TRUE;
  if (!qmp_client_open_finish (QMP_CLIENT (object), result, &error))
    soak_count_fault ("(opening failed)");
}

static void
soak_kill_opening (Soak *self)
{
  gboolean done = FALSE;

  soak_count_fault ("kill while opening");
  soak_link_close (self->second);
  soak_link_prepare (self->second, TRUE, TRUE);
  soak_expect_end (self);
  qmp_client_open_async (self->second->client, test_server_get_second_address (self->server), NULL, opened_cb, &done);
  if (soak_chance (self, 2))
    g_main_context_iteration (NULL, FALSE);
  test_server_kill (self->server);
  test_spin_until (done);
  /* A link that never was is not closed. */
  if (self->second->n_closed == 0 && !soak_link_is_up (self->second))
    self->second->n_closed = 1;
}

static void
soak_end_life (Soak *self)
{
  static void (* const ends[]) (Soak *self) = {
    soak_kill, soak_kill_frozen, soak_quit, soak_kill_opening,
  };

  if (!self->crashed && soak_chance (self, 2))
    soak_make_quiet (self);
  if (!self->crashed)
    ends[g_rand_int_range (self->random, 0, G_N_ELEMENTS (ends))] (self);
  soak_link_wait_for_end (self->main);
  soak_link_wait_for_end (self->second);
  soak_wait_for_thaw (self);
  test_server_wait (self->server);
  soak_stage_stop (self->stage);
}

/* A life. */

/* Returns whether the actors still know what they did. */
static gboolean
soak_fault (Soak    *self,
            gboolean known)
{
  switch (g_rand_int_range (self->random, 0, 8))
    {
    case 0:
      soak_reconnect (self, known);
      break;
    case 1:
      soak_reconnect (self, FALSE);
      known = FALSE;
      break;
    case 2:
      soak_make_quiet (self);
      break;
    default:
      soak_freeze (self);
      return known;
    }
  soak_stage_start (self->stage, known);
  return known;
}

static void
soak_play (Soak *self)
{
  guint n_faults = g_rand_int_range (self->random, 1, self->max_faults);
  gboolean known = TRUE;

  soak_stage_start (self->stage, known);
  for (guint i = 0; i < n_faults && !soak_is_over (self) && !self->crashed; i++)
    {
      soak_run_ms (g_rand_int_range (self->random, 1, 1500));
      if (!self->crashed)
        known = soak_fault (self, known);
    }
}

static void
soak_live (Soak *self)
{
  SoakMachine *machine = soak_machine_new (self->random);
  gboolean opened;

  self->crashed = FALSE;
  self->server = test_server_new (TEST_SERVER_QEMU_MACHINE);
  if (soak_chance (self, 4))
    soak_freeze (self);
  opened = soak_open_link (self, self->main, FALSE) && soak_open_link (self, self->second, FALSE);
  self->stage = soak_stage_new (self->main, self->second, self->random, test_server_get_directory (self->server));
  if (opened && soak_stage_set_up (self->stage))
    soak_play (self);
  soak_end_life (self);
  g_clear_pointer (&self->stage, soak_stage_free);
  g_clear_pointer (&self->server, test_server_free);
  soak_machine_free (machine);
  self->n_lives++;
}

/* The whole. */

static void
explain_cb (gpointer user_data)
{
  Soak *self = user_data;
  g_autofree char *output = NULL;

  g_print ("\nin life %u, after %.0f seconds\n", self->n_lives + 1, (g_get_monotonic_time () - self->begin) / 1e6);
  if (self->server == NULL)
    return;
  output = test_server_dup_stderr (self->server);
  g_print ("the server said: %s\n", output);
}

static void
soak_measure_first (Soak *self)
{
  gint64 warm = self->begin + (self->end - self->begin) / WARM_UP_PART;

  if (self->before_life > 0 || self->n_lives < 3 || g_get_monotonic_time () < warm)
    return;
  soak_drop_clients (self);
  self->before = soak_memory_measure ();
  self->before_life = self->n_lives;
}

static void
soak_report (Soak *self)
{
  g_autofree char *title = g_strdup_printf ("after %u lives", self->before_life);
  SoakMemory after;

  soak_drop_clients (self);
  after = soak_memory_measure ();
  soak_count_print ();
  g_print ("\n%u lives of QEMU, %u links, %.0f seconds\n", self->n_lives, self->n_links,
           (g_get_monotonic_time () - self->begin) / 1e6);
  if (self->before_life == 0)
    soak_fail ("There were not enough lives for measuring what they cost");
  soak_memory_print (title, &self->before);
  soak_memory_print ("at the end", &after);
  soak_memory_check (&self->before, &after);
  if (soak_count_get (SOAK_ISSUED) != soak_count_answers ())
    soak_fail ("%" G_GUINT64_FORMAT " commands had %" G_GUINT64_FORMAT " answers", soak_count_get (SOAK_ISSUED),
               soak_count_answers ());
  g_print ("every command has one answer, the events are in order, nothing is left\n");
}

static void
soak_run (Soak *self)
{
  self->main = soak_new_link (self, "main", FALSE);
  self->second = soak_new_link (self, "second", TRUE);
  while (!soak_is_over (self) || self->n_lives < 4)
    {
      soak_live (self);
      if (soak_chance (self, 3))
        soak_drop_clients (self);
      soak_measure_first (self);
    }
  soak_report (self);
  soak_link_free (self->main);
  soak_link_free (self->second);
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr (GOptionContext) options = g_option_context_new ("SECONDS");
  g_autoptr (GError) error = NULL;
  Soak self = { 0 };
  int seed = g_random_int_range (1, G_MAXINT);
  int seconds;
  const GOptionEntry entries[] = {
    { "seed", 0, 0, G_OPTION_ARG_INT, &seed, "Make the choices of this number", "NUMBER" },
    { NULL },
  };

  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error))
    g_printerr ("%s\n", error->message);
  if (error != NULL || argc != 2)
    return 2;
  g_print ("seed %d\n", seed);
  self.random = g_rand_new_with_seed (seed);
  self.begin = g_get_monotonic_time ();
  seconds = atoi (argv[1]);
  self.max_faults = CLAMP (seconds / 5, 3, 12);
  self.end = self.begin + seconds * (gint64) G_USEC_PER_SEC;
  g_unix_signal_add (SIGINT, interrupted_cb, &self);
  g_unix_signal_add (SIGTERM, interrupted_cb, &self);
  soak_set_explain (explain_cb, &self);
  soak_run (&self);
  g_rand_free (self.random);
  soak_count_clear ();
  return 0;
}
