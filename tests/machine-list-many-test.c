/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gstdio.h>
#include <gio/gunixsocketaddress.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test-machine.h"
#include "test-world.h"

/* A thousand monitors and fifty QEMUs in one list and one main loop. */

#define N_MONITORS (TEST_FEW ? 50u : 1000u)
#define N_QEMUS (TEST_FEW ? 5u : 50u)
/* Our end and the server's, what it listens with, and some to spare; and a process has two more. */
#define N_DESCRIPTORS (4 * N_MONITORS + 8 * N_QEMUS + 200)

/* --- the monitors, in a thread of their own --- */

typedef struct {
  char         *folder;
  GMainContext *context;
  GMainLoop    *loop;
  GPtrArray    *servers;  /* of QmpServer; the thread's */
  GThread      *thread;
  GMutex        lock;
  GCond         cond;
  gboolean      listening;
} Monitors;

static gboolean
command_cb (QmpServer     *server,
            QmpInvocation *invocation,
            gpointer       user_data)
{
  gboolean status = g_str_equal (qmp_invocation_get_command (invocation), "query-status");

  if (g_str_equal (qmp_invocation_get_command (invocation), "query-jobs"))
    return qmp_invocation_return_text (invocation, "[]", NULL);
  return qmp_invocation_return_text (invocation, status ? "{\"status\": \"running\"}" : "{}", NULL);
}

static char *
dup_path (Monitors *self,
          guint     i)
{
  return g_strdup_printf ("%s/%u", self->folder, i);
}

static void
add_server (Monitors *self,
            guint     i)
{
  QmpServer *server = qmp_server_new (NULL);
  g_autofree char *path = dup_path (self, i);
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr(GError) error = NULL;

  g_signal_connect (server, "command", G_CALLBACK (command_cb), NULL);
  qmp_server_listen (server, G_SOCKET_CONNECTABLE (address), &error);
  g_assert_no_error (error);
  g_ptr_array_add (self->servers, server);
}

static gpointer
serve (gpointer data)
{
  Monitors *self = data;

  g_main_context_push_thread_default (self->context);
  self->servers = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < N_MONITORS; i++)
    add_server (self, i);
  g_mutex_lock (&self->lock);
  self->listening = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->lock);
  g_main_loop_run (self->loop);
  g_ptr_array_unref (self->servers);
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

static Monitors *
monitors_new (void)
{
  Monitors *self = g_new0 (Monitors, 1);

  self->folder = g_dir_make_tmp ("qmp-many-XXXXXX", NULL);
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->thread = g_thread_new ("monitors", serve, self);
  g_mutex_lock (&self->lock);
  while (!self->listening)
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);
  return self;
}

static void
monitors_free (Monitors *self)
{
  g_main_loop_quit (self->loop);
  g_thread_join (self->thread);
  for (guint i = 0; i < N_MONITORS; i++)
    {
      g_autofree char *path = dup_path (self, i);

      g_unlink (path);
    }
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_free (self->folder);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  g_free (self);
}

/* --- the list --- */

static QmpMachine *
get_machine (QmpMachineList *list,
             guint           i)
{
  g_autoptr(QmpMachineEntry) entry = g_list_model_get_item (G_LIST_MODEL (list), i);

  /* The list has it. */
  return qmp_machine_entry_get_machine (entry);
}

static guint
count_running (QmpMachineList *list)
{
  guint n = 0;

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (list)); i++)
    if (qmp_machine_get_connected (get_machine (list, i)) && qmp_machine_get_running (get_machine (list, i)))
      n++;
  return n;
}

static void
connected_cb (QmpMachine *machine,
              GParamSpec *pspec,
              guint      *n)
{
  *n += qmp_machine_get_connected (machine) ? 1 : 0;
}

static void
answered_cb (GObject      *client,
             GAsyncResult *result,
             gpointer      n)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) status = qmp_client_execute_finish (QMP_CLIENT (client), result, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (status), "status"), ==, "running");
  (*(guint *) n)++;
}

static void
start_qemus (TestWorld *world)
{
  int fds[TEST_MAX_PROCESSES];

  for (guint i = 0; i < N_QEMUS; i++)
    {
      g_autofree char *words = g_strdup_printf (TEST_QEMU_RUNNING "-name q%u -qmp unix:q%u,server=on,wait=off" TEST_READY, i, i);

      fds[i] = test_processes_start_as (world->processes, FALSE, words);
      test_world_let_see (world, world->processes->pids[i]);
    }
  for (guint i = 0; i < N_QEMUS; i++)
    {
      test_server_await_ready (fds[i]);
      close (fds[i]);
    }
}

static void
follow_connected (GListModel *list,
                  guint       position,
                  guint       removed,
                  guint       added,
                  guint      *n)
{
  for (guint i = position; i < position + added; i++)
    g_signal_connect (get_machine (QMP_MACHINE_LIST (list), i), "notify::connected", G_CALLBACK (connected_cb), n);
}

static void
ask_all (QmpMachineList *list)
{
  guint n_items = g_list_model_get_n_items (G_LIST_MODEL (list)), n = 0;

  for (guint i = 0; i < n_items; i++)
    qmp_client_execute_async (qmp_machine_get_client (get_machine (list, i)), "query-status", NULL, NULL, answered_cb, &n);
  test_spin_until (n == n_items);
}

static void
add_monitors (QmpMachineList *list,
              Monitors       *monitors)
{
  for (guint i = 0; i < N_MONITORS; i++)
    {
      g_autofree char *path = dup_path (monitors, i);
      g_autoptr(GError) error = NULL;
      g_autoptr(QmpMachineEntry) entry = qmp_machine_list_add (list, path, &error);

      g_assert_no_error (error);
    }
}

/* All come to running, all answer, also beside one that hangs, and the machines among them are brought to their end. */
static void
test_many (void)
{
  Monitors *monitors = monitors_new ();
  TestWorld *world = test_world_new ();
  QmpMachineList *list = qmp_machine_list_new ();
  guint n_connected = 0, n = N_MONITORS + N_QEMUS;
  siginfo_t info;

  start_qemus (world);
  g_signal_connect (list, "items-changed", G_CALLBACK (follow_connected), &n_connected);
  add_monitors (list, monitors);
  test_world_look (world);
  qmp_machine_list_set_finder (list, world->finder);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (list)), ==, n);
  test_spin_until (n_connected == n);
  g_assert_cmpuint (count_running (list), ==, n);
  ask_all (list);

  kill (world->processes->pids[0], SIGSTOP);
  g_assert_cmpint (waitid (P_PID, world->processes->pids[0], &info, WSTOPPED | WNOWAIT), ==, 0);
  qmp_client_execute_async (qmp_machine_get_client (get_machine (list, N_MONITORS)), "query-status", NULL, NULL, NULL, NULL);
  for (guint i = 0; i < 3; i++)
    {
      guint answered = 0;

      for (guint j = 0; j < n; j++)
        if (j != N_MONITORS)
          qmp_client_execute_async (qmp_machine_get_client (get_machine (list, j)), "query-status", NULL, NULL, answered_cb, &answered);
      test_spin_until (answered == n - 1);
    }
  test_processes_end (world->processes, 0);
  test_spin_until (g_list_model_get_n_items (G_LIST_MODEL (list)) == n - 1);
  test_spin_ready ();
  g_assert_finalize_object (list);
  test_spin_ready ();
  test_world_free (world);
  monitors_free (monitors);
}

/* As many descriptors as it takes, if the system lets us. */
static gboolean
raise_limit (void)
{
  struct rlimit limit;

  getrlimit (RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < N_DESCRIPTORS)
    limit.rlim_cur = MIN (limit.rlim_max, N_DESCRIPTORS);
  setrlimit (RLIMIT_NOFILE, &limit);
  return limit.rlim_cur >= N_DESCRIPTORS;
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!raise_limit ())
    {
      g_print ("1..0 # SKIP the limit of open files (RLIMIT_NOFILE) is below %u\n", N_DESCRIPTORS);
      return 0;
    }
  g_test_add_func ("/machine-list-many/all", test_many);
  return g_test_run ();
}
