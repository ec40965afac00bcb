/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-list-private.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test-machine.h"
#include "test-world.h"

/* Lists of machines: mocks, and real QEMU. A finder sees the processes of the test and no others, which would be opened. */

/* --- the list --- */

static guint
count (QmpMachineList *list)
{
  return g_list_model_get_n_items (G_LIST_MODEL (list));
}

/* Borrowed; NULL if there is none. */
static QmpMachineEntry *
find (QmpMachineList *list,
      const char     *title)
{
  for (guint i = 0; i < count (list); i++)
    {
      g_autoptr(QmpMachineEntry) entry = g_list_model_get_item (G_LIST_MODEL (list), i);

      if (g_str_equal (qmp_machine_entry_get_title (entry), title))
        return entry;
    }
  return NULL;
}

static QmpMachine *
get_machine (QmpMachineList *list,
             const char     *title)
{
  return qmp_machine_entry_get_machine (find (list, title));
}

static gboolean
is_connected (QmpMachineList *list,
              const char     *title)
{
  return find (list, title) != NULL && qmp_machine_get_connected (get_machine (list, title));
}

static gboolean
has_error (QmpMachineList *list,
           const char     *title,
           GQuark          domain,
           int             code)
{
  QmpMachineEntry *entry = find (list, title);

  return entry != NULL && g_error_matches (qmp_machine_entry_get_error (entry), domain, code);
}

static QmpMachineEntry *
add (QmpMachineList *list,
     const char     *text)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMachineEntry) entry = qmp_machine_list_add (list, text, &error);

  g_assert_no_error (error);
  return entry;
}

static void
log_cb (QmpMachineList *list,
        guint           position,
        guint           removed,
        guint           added,
        GString        *log)
{
  g_string_append_printf (log, "%s%u-%u+%u", log->len > 0 ? " " : "", position, removed, added);
}

static GString *
log_list (QmpMachineList *list)
{
  GString *log = g_string_new (NULL);

  g_signal_connect (list, "items-changed", G_CALLBACK (log_cb), log);
  return log;
}

/* Drops the last reference, once all was told. */
static void
free_list (QmpMachineList *list)
{
  test_spin_ready ();
  g_assert_finalize_object (list);
  test_spin_ready ();
}

/* --- what is added --- */

static QmpMock *
new_mock (void)
{
  QmpMock *mock = qmp_mock_new (QMP_MOCK_PRESET_MACHINE);
  g_autoptr(GError) error = NULL;

  qmp_mock_listen (mock, NULL, &error);
  g_assert_no_error (error);
  return mock;
}

static void
test_addresses (void)
{
  g_autoptr(QmpMock) first = new_mock ();
  g_autoptr(QmpMock) second = new_mock ();
  g_autofree char *spelled = g_strconcat ("unix:", qmp_mock_get_path (first), NULL);
  QmpMachineList *list = qmp_machine_list_new ();
  GString *log = log_list (list);
  QmpMachineEntry *entry = add (list, qmp_mock_get_path (first));

  add (list, qmp_mock_get_path (second));
  /* However it is spelled. */
  g_assert_true (add (list, qmp_mock_get_path (first)) == entry);
  g_assert_true (add (list, spelled) == entry);
  test_assert_log (log, "0-0+1 1-0+1");
  g_assert_cmpstr (qmp_machine_entry_get_title (entry), ==, qmp_mock_get_path (first));
  g_assert_cmpstr (qmp_machine_entry_get_address (entry), ==, qmp_mock_get_path (first));
  g_assert_null (qmp_machine_entry_get_instance (entry));
  g_assert_null (qmp_machine_entry_get_error (entry));
  test_spin_until (is_connected (list, qmp_mock_get_path (first)) && is_connected (list, qmp_mock_get_path (second)));
  g_assert_true (qmp_machine_get_running (qmp_machine_entry_get_machine (entry)));

  qmp_machine_list_remove (list, entry);
  test_assert_log (log, "0-1+0");
  g_assert_cmpuint (count (list), ==, 1);
  free_list (list);
  g_string_free (log, TRUE);
}

/* What is wrong with an address, and what is not there. */
static void
test_wrong_addresses (void)
{
  g_autofree char *folder = g_dir_make_tmp ("qmp-list-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "none", NULL);
  QmpMachineList *list = qmp_machine_list_new ();
  g_autoptr(GError) error = NULL;

  g_assert_null (qmp_machine_list_add (list, "", &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_ADDRESS);
  g_clear_error (&error);
  g_assert_null (qmp_machine_list_add (list, "tcp:host:port", &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_ADDRESS);
  g_assert_cmpuint (count (list), ==, 0);
  add (list, path);
  test_spin_until (has_error (list, path, G_IO_ERROR, G_IO_ERROR_NOT_FOUND));
  free_list (list);
  g_rmdir (folder);
}

static void
test_file (void)
{
  g_autofree char *folder = g_dir_make_tmp ("qmp-list-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "machines", NULL);
  QmpMachineList *list = qmp_machine_list_new ();
  g_autoptr(GError) error = NULL;

  g_assert_true (g_file_set_contents (path, "\xef\xbb\xbf# ours\n\n  /no/such/one \r\ntcp:[::1]:1\n/no/such/one\n#/no/such/two", -1, NULL));
  g_assert_true (qmp_machine_list_add_file (list, path, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (count (list), ==, 2);
  g_assert_nonnull (find (list, "/no/such/one"));
  g_assert_nonnull (find (list, "tcp:[::1]:1"));

  /* All or nothing. */
  g_assert_true (g_file_set_contents (path, "/no/such/three\n\ntcp:host:port\n", -1, NULL));
  g_assert_false (qmp_machine_list_add_file (list, path, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_ADDRESS);
  test_assert_error_has (error, "machines:3: ");
  g_clear_error (&error);
  g_assert_true (g_file_set_contents (path, "/no/such\0three\n", 15, NULL));
  g_assert_false (qmp_machine_list_add_file (list, path, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_ADDRESS);
  g_clear_error (&error);
  g_unlink (path);
  g_assert_false (qmp_machine_list_add_file (list, path, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_clear_error (&error);
  /* What does not end is not read to its end. */
  g_assert_false (qmp_machine_list_add_file (list, "/dev/zero", &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED);
  test_assert_error_has (error, "too long");
  g_clear_error (&error);
  g_assert_false (qmp_machine_list_add_file (list, folder, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_ISDIR);
  g_clear_error (&error);
  g_assert_cmpuint (count (list), ==, 2);
  free_list (list);
  g_rmdir (folder);
}

/* --- what is found --- */

static void
test_follows (void)
{
  TestWorld *world = test_world_new ();
  QmpMachineList *list = qmp_machine_list_new ();
  GString *log = log_list (list), *machine_log;
  guint a = test_world_start (world, TEST_QEMU "-name a -qmp " TEST_SERVER ("a") TEST_READY), b;
  g_autoptr(QmpMachine) vm = NULL;

  test_world_start (world, TEST_DAEMON "--chardev socket,id=x,path=daemon,server=on,wait=off --monitor x" TEST_DAEMON_READY);
  test_world_look (world);
  qmp_machine_list_set_finder (list, world->finder);
  /* The storage daemon is not a machine. */
  test_assert_log (log, "0-0+1");
  test_spin_until (is_connected (list, "a"));
  vm = g_object_ref (get_machine (list, "a"));
  g_assert_cmpint (qmp_machine_get_pid (vm), ==, world->processes->pids[a]);
  machine_log = test_machine_log (vm);

  b = test_world_start (world, TEST_QEMU "-qmp " TEST_SERVER ("b") TEST_READY);
  test_world_look (world);
  test_assert_log (log, "1-0+1");
  test_processes_end (world->processes, a);
  test_spin_until (count (list) == 1);
  /* Whoever follows the machine has heard of it before. */
  test_assert_log (machine_log, "closed -connected unknown -alive outcome ended(lost)");
  test_assert_log (log, "0-1+0");
  test_processes_end (world->processes, b);
  test_spin_until (count (list) == 0);
  qmp_machine_list_set_finder (list, NULL);
  g_clear_object (&vm);
  free_list (list);
  test_world_free (world);
  g_string_free (log, TRUE);
  g_string_free (machine_log, TRUE);
}

/* Two of one name have titles of their own; one that has no monitor says so. */
static void
test_titles (void)
{
  TestWorld *world = test_world_new ();
  QmpMachineList *list = qmp_machine_list_new ();
  g_autofree char *twin = NULL;

  test_world_start (world, TEST_QEMU "-name twin -qmp " TEST_SERVER ("a") TEST_READY);
  test_world_start (world, TEST_QEMU "-name twin -qmp " TEST_SERVER ("b") TEST_READY);
  test_world_start (world, TEST_QEMU "-name bare" TEST_READY);
  twin = g_strdup_printf ("twin (process %d)", world->processes->pids[1]);
  qmp_machine_list_set_finder (list, world->finder);
  test_world_look (world);
  g_assert_cmpuint (count (list), ==, 3);
  g_assert_true (has_error (list, "bare", QMP_FINDER_ERROR, QMP_FINDER_ERROR_NO_ENDPOINT));
  g_assert_null (qmp_machine_entry_get_address (find (list, "bare")));
  test_spin_until (is_connected (list, "twin") && is_connected (list, twin));
  qmp_machine_list_set_finder (list, NULL);
  g_assert_cmpuint (count (list), ==, 0);
  free_list (list);
  test_world_free (world);
}

/* A monitor that somebody holds is left to him, until he goes. */
static void
test_held (void)
{
  TestWorld *world = test_world_new ();
  QmpMachineList *list = qmp_machine_list_new ();
  g_autoptr(QmpClient) other = qmp_client_new (NULL);
  g_autofree char *path = test_world_dup_path (world, "a");
  g_autoptr(GSocketConnectable) address = qmp_address_parse (path, NULL);

  test_world_start (world, TEST_QEMU "-name a -qmp " TEST_SERVER ("a") TEST_READY);
  g_assert_true (test_open (other, address, NULL));
  test_world_look (world);
  qmp_machine_list_set_finder (list, world->finder);
  g_assert_true (has_error (list, "a", QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY));
  g_assert_null (qmp_machine_entry_get_address (find (list, "a")));
  test_spin_ready ();
  g_assert_cmpint (qmp_client_get_runstate (qmp_machine_get_client (get_machine (list, "a"))), ==, QMP_RUNSTATE_IDLE);
  g_assert_true (test_close (other, NULL));
  test_wait_until ((test_world_look (world), qmp_machine_entry_get_address (find (list, "a")) != NULL));
  test_spin_until (is_connected (list, "a"));
  g_assert_null (qmp_machine_entry_get_error (find (list, "a")));
  /* We hold it now, and go on. */
  test_world_look (world);
  g_assert_cmpstr (qmp_machine_entry_get_address (find (list, "a")), ==, path);
  free_list (list);
  test_world_free (world);
}

/* One that was stopped, before it was opened or after, says so and is not in the way of others. */
static void
test_hung (void)
{
  TestWorld *world = test_world_new ();
  QmpMachineList *list = qmp_machine_list_new ();
  guint a = test_world_start (world, TEST_QEMU "-name a -qmp " TEST_SERVER ("a") TEST_READY);
  siginfo_t info;

  test_world_start (world, TEST_QEMU "-name b -qmp " TEST_SERVER ("b") TEST_READY);
  kill (world->processes->pids[a], SIGSTOP);
  g_assert_cmpint (waitid (P_PID, world->processes->pids[a], &info, WSTOPPED | WNOWAIT), ==, 0);
  test_world_look (world);
  qmp_machine_list_set_finder (list, world->finder);
  test_spin_until (is_connected (list, "b"));
  g_assert_false (is_connected (list, "a"));
  g_assert_true (has_error (list, "a", QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_ANSWER));
  kill (world->processes->pids[a], SIGCONT);
  test_spin_until (is_connected (list, "a"));
  test_world_look (world);
  g_assert_null (qmp_machine_entry_get_error (find (list, "a")));

  kill (world->processes->pids[a], SIGSTOP);
  g_assert_cmpint (waitid (P_PID, world->processes->pids[a], &info, WSTOPPED | WNOWAIT), ==, 0);
  test_world_look (world);
  g_assert_true (has_error (list, "a", QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_ANSWER));
  g_assert_true (is_connected (list, "a"));
  free_list (list);
  test_world_free (world);
}

/* --- both --- */

/* A name is looked for until it is there, and again when it has gone. The list's own finder sees all processes. */
static void
test_name (void)
{
  TestWorld *world = test_world_new ();
  QmpMachineList *list = qmp_machine_list_new ();
  g_autofree char *name = g_strdup_printf ("qmp-list-test-%d", getpid ());
  g_autofree char *words = g_strdup_printf (TEST_QEMU "-name %s -qmp " TEST_SERVER ("a") TEST_READY, name);
  guint a;

  g_assert_true (add (list, name) == add (list, name));
  g_assert_null (qmp_machine_entry_get_error (find (list, name)));
  test_spin_until (has_error (list, name, QMP_FINDER_ERROR, QMP_FINDER_ERROR_NOT_FOUND));
  a = test_world_start (world, words);
  test_spin_until (is_connected (list, name));
  g_assert_null (qmp_machine_entry_get_error (find (list, name)));
  test_processes_end (world->processes, a);
  test_spin_until (has_error (list, name, QMP_FINDER_ERROR, QMP_FINDER_ERROR_NOT_FOUND));
  g_assert_cmpuint (count (list), ==, 1);
  g_assert_null (qmp_machine_entry_get_instance (find (list, name)));
  test_spin_until (qmp_machine_get_outcome (get_machine (list, name)) != NULL);
  free_list (list);
  test_world_free (world);
}

/* One machine stands in the list once, whoever tells of it, and in whatever order. */
static void
test_once (void)
{
  TestWorld *world = test_world_new ();
  QmpMachineList *list = qmp_machine_list_new ();
  g_autofree char *path = test_world_dup_path (world, "a");
  g_autofree char *other = test_world_dup_path (world, "b");
  guint a = test_world_start (world, TEST_QEMU "-name a -qmp " TEST_SERVER ("a") TEST_READY);

  test_world_start (world, TEST_QEMU "-name b -qmp " TEST_SERVER ("b") TEST_READY);
  add (list, path);
  test_world_look (world);
  qmp_machine_list_set_finder (list, world->finder);
  g_assert_cmpuint (count (list), ==, 2);
  g_assert_cmpint (qmp_instance_get_pid (qmp_machine_entry_get_instance (find (list, path))), ==, world->processes->pids[a]);
  g_assert_true (add (list, "b") == find (list, "b"));
  g_assert_true (add (list, other) == find (list, "b"));
  g_assert_true (add (list, "a") == find (list, path));
  g_assert_cmpuint (count (list), ==, 2);
  test_spin_until (is_connected (list, path) && is_connected (list, "b"));
  g_assert_cmpint (qmp_machine_get_pid (get_machine (list, path)), ==, world->processes->pids[a]);

  /* What was added stays. */
  test_processes_end (world->processes, a);
  test_spin_until (qmp_machine_entry_get_instance (find (list, path)) == NULL);
  g_assert_cmpstr (qmp_machine_entry_get_address (find (list, path)), ==, path);
  qmp_machine_list_set_finder (list, NULL);
  g_assert_cmpuint (count (list), ==, 2);
  free_list (list);
  test_world_free (world);
}

/* Two names of one process, given before it runs. */
static void
test_twice (void)
{
  TestWorld *world = test_world_new ();
  QmpMachineList *list = qmp_machine_list_new ();

  qmp_machine_list_set_finder (list, world->finder);
  add (list, "a");
  add (list, "01234567-0000-4000-8000-000000000000");
  test_world_start (world, TEST_QEMU "-name a -uuid 01234567-0000-4000-8000-000000000000 -qmp " TEST_SERVER ("a") TEST_READY);
  test_world_look (world);
  g_assert_cmpuint (count (list), ==, 2);
  test_spin_until (is_connected (list, "a"));
  g_assert_true (has_error (list, "01234567-0000-4000-8000-000000000000", QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY));
  free_list (list);
  test_world_free (world);
}

/* --- the end of all --- */

static QmpMachineList *
new_followed (TestWorld *world)
{
  QmpMachineList *list = qmp_machine_list_new ();

  test_world_look (world);
  qmp_machine_list_set_finder (list, world->finder);
  return list;
}

static gboolean
are_connected (QmpMachineList *list)
{
  for (guint i = 0; i < count (list); i++)
    {
      g_autoptr(QmpMachineEntry) entry = g_list_model_get_item (G_LIST_MODEL (list), i);

      if (!qmp_machine_get_connected (qmp_machine_entry_get_machine (entry)))
        return FALSE;
    }
  return TRUE;
}

typedef GList *(* ShutDownFunc) (QmpMachineList *list, QmpShutDownFlags flags, int ask, int quit, guint max_parallel,
                                     GCancellable *cancellable, GError **error);

/* The async form run to its end in the main loop. */
static GList *
shut_down_in_loop (QmpMachineList    *list,
                   QmpShutDownFlags   flags,
                   int                ask,
                   int                quit,
                   guint              max_parallel,
                   GCancellable      *cancellable,
                   GError           **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  qmp_machine_list_shut_down_all_async (list, flags, ask, quit, max_parallel, cancellable, test_result_cb, &result);
  test_spin_until (result != NULL);
  return qmp_machine_list_shut_down_all_finish (list, result, error);
}

static const ShutDownFunc forms[] = { shut_down_in_loop, qmp_machine_list_shut_down_all };

/* "title:stage" of what has ended, "title:!" and the error's word of what has not. */
static char *
describe (GList *results)
{
  GString *text = g_string_new (NULL);

  for (GList *l = results; l != NULL; l = l->next)
    {
      QmpMachineResult *result = l->data;
      QmpOutcome *outcome = qmp_machine_result_get_outcome (result);

      g_assert_true ((outcome == NULL) != (qmp_machine_result_get_error (result) == NULL));
      g_string_append_printf (text, "%s%s:", l->prev != NULL ? " " : "", qmp_machine_entry_get_title (qmp_machine_result_get_entry (result)));
      if (outcome != NULL)
        g_string_append_printf (text, "%d", qmp_outcome_get_stage (outcome));
      else
        {
          g_autofree char *word = test_error_word (qmp_machine_result_get_error (result));

          g_string_append_printf (text, "!%s", word);
        }
    }
  return g_string_free (text, FALSE);
}

/* Guests that do not hear the button, one of which hangs, and one that somebody else holds: one deadline for all. */
static void
test_shut_down (gconstpointer data)
{
  ShutDownFunc shut_down = *(const ShutDownFunc *) data;
  TestWorld *world = test_world_new ();
  g_autoptr(QmpClient) other = qmp_client_new (NULL);
  g_autofree char *path = test_world_dup_path (world, "held");
  g_autoptr(GSocketConnectable) address = qmp_address_parse (path, NULL);
  GList *results;
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;
  QmpMachineList *list;
  guint hung;

  test_world_start (world, TEST_QEMU_RUNNING "-name a -qmp " TEST_SERVER ("a") TEST_READY);
  hung = test_world_start (world, TEST_QEMU_RUNNING "-name hung -qmp " TEST_SERVER ("hung") TEST_READY);
  test_world_start (world, TEST_QEMU_RUNNING "-name b -qmp " TEST_SERVER ("b") TEST_READY);
  list = new_followed (world);
  test_spin_until (are_connected (list));
  test_world_start (world, TEST_QEMU "-name held -qmp " TEST_SERVER ("held") TEST_READY);
  g_assert_true (test_open (other, address, NULL));
  test_world_look (world);
  g_assert_cmpuint (count (list), ==, 4);
  kill (world->processes->pids[hung], SIGSTOP);

  results = shut_down (list, QMP_SHUT_DOWN_NONE, 50, 3000, 0, NULL, &error);
  g_assert_no_error (error);
  text = describe (results);
  g_assert_cmpstr (text, ==, "a:2 hung:4 b:2 held:!busy");
  g_list_free_full (results, g_object_unref);
  test_spin_until (count (list) == 1);
  g_assert_true (test_close (other, NULL));
  free_list (list);
  test_world_free (world);
}

/* One at a time: who comes behind the deadline has no time left, and is killed. */
static void
test_shut_down_late (gconstpointer data)
{
  ShutDownFunc shut_down = *(const ShutDownFunc *) data;
  TestWorld *world = test_world_new ();
  GList *results;
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;
  QmpMachineList *list;

  test_world_start (world, TEST_QEMU_RUNNING "-name a -qmp " TEST_SERVER ("a") TEST_READY);
  test_world_start (world, TEST_QEMU_RUNNING "-name b -qmp " TEST_SERVER ("b") TEST_READY);
  list = new_followed (world);
  test_spin_until (are_connected (list));
  kill (world->processes->pids[0], SIGSTOP);
  results = shut_down (list, QMP_SHUT_DOWN_NONE, 0, 50, 1, NULL, &error);
  g_assert_no_error (error);
  text = describe (results);
  g_assert_cmpstr (text, ==, "a:4 b:4");
  g_list_free_full (results, g_object_unref);
  test_spin_until (count (list) == 0);
  free_list (list);
  test_world_free (world);
}

static gboolean
cancel_cb (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return G_SOURCE_REMOVE;
}

/* The first thread waits for something. */
static gboolean
is_asleep (void)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%d/stat", (int) getpid ());
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) && strstr (text, ") S ") != NULL;
}

/* A blocking call that has begun. */
static gpointer
cancel_in_thread (gpointer cancellable)
{
  test_wait_until (is_asleep ());
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* Those that have begun go no further, and the others do not begin. */
static void
test_shut_down_cancelled (gconstpointer data)
{
  ShutDownFunc shut_down = *(const ShutDownFunc *) data;
  TestWorld *world = test_world_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  QmpMachineList *list;
  GThread *thread = NULL;

  test_world_start (world, TEST_QEMU_RUNNING "-name a -qmp " TEST_SERVER ("a") TEST_READY);
  test_world_start (world, TEST_QEMU_RUNNING "-name b -qmp " TEST_SERVER ("b") TEST_READY);
  list = new_followed (world);
  test_spin_until (are_connected (list));
  if (shut_down == shut_down_in_loop)
    g_idle_add (cancel_cb, cancellable);
  else
    thread = g_thread_new ("cancel", cancel_in_thread, cancellable);
  g_assert_null (shut_down (list, QMP_SHUT_DOWN_NONE, -1, -1, 1, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  if (thread != NULL)
    g_thread_join (thread);
  test_spin_ready ();
  g_assert_true (are_connected (list) && count (list) == 2);
  g_assert_cmpint (qmp_machine_get_shut_down_stage (get_machine (list, "a")), ==, QMP_SHUT_DOWN_STAGE_NONE);

  /* Cancelled before. */
  g_assert_null (shut_down (list, QMP_SHUT_DOWN_NONE, -1, -1, 0, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  free_list (list);
  test_world_free (world);
}

/* More than go at a time; with nothing in it; and twice. */
static void
test_shut_down_many (gconstpointer data)
{
  ShutDownFunc shut_down = *(const ShutDownFunc *) data;
  TestWorld *world = test_world_new ();
  GList *results;
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;
  QmpMachineList *list;

  for (guint i = 0; i < 5; i++)
    {
      g_autofree char *words = g_strdup_printf (TEST_QEMU "-name n%u -qmp unix:n%u,server=on,wait=off" TEST_READY, i, i);

      test_world_start (world, words);
    }
  list = new_followed (world);
  test_spin_until (are_connected (list));
  /* A machine that is paused cannot be asked. */
  results = shut_down (list, QMP_SHUT_DOWN_NONE, -1, -1, 2, NULL, &error);
  g_assert_no_error (error);
  text = describe (results);
  g_assert_cmpstr (text, ==, "n0:2 n1:2 n2:2 n3:2 n4:2");
  g_list_free_full (results, g_object_unref);
  test_spin_until (count (list) == 0);
  results = shut_down (list, QMP_SHUT_DOWN_NONE, -1, -1, 2, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (results);
  free_list (list);
  test_world_free (world);
}

/* --- user code --- */

static void
remove_all_cb (QmpMachineList *list,
               guint           position,
               guint           removed,
               guint           added,
               guint          *n)
{
  (*n)++;
  while (count (list) > 0)
    {
      g_autoptr(QmpMachineEntry) entry = g_list_model_get_item (G_LIST_MODEL (list), 0);

      qmp_machine_list_remove (list, entry);
    }
}

/* A handler that takes out what has come. */
static void
test_removes_inside (void)
{
  TestWorld *world = test_world_new ();
  QmpMachineList *list = qmp_machine_list_new ();
  guint n = 0;

  test_world_start (world, TEST_QEMU "-name a -qmp " TEST_SERVER ("a") TEST_READY);
  test_world_start (world, TEST_QEMU "-name b -qmp " TEST_SERVER ("b") TEST_READY);
  g_signal_connect (list, "items-changed", G_CALLBACK (remove_all_cb), &n);
  qmp_machine_list_set_finder (list, world->finder);
  test_world_look (world);
  g_assert_cmpuint (n, ==, 3);
  g_assert_cmpuint (count (list), ==, 0);
  add (list, "/no/such/one");
  g_assert_cmpuint (count (list), ==, 0);
  free_list (list);
  test_world_free (world);
}

static void
shut_down_cb (QmpMachine     *machine,
              GParamSpec     *pspec,
              QmpMachineList *list)
{
  g_autoptr(GError) error = NULL;

  if (!qmp_machine_get_connected (machine))
    return;
  g_list_free_full (qmp_machine_list_shut_down_all (list, QMP_SHUT_DOWN_NONE, 0, 5000, 0, NULL, &error), g_object_unref);
  g_assert_no_error (error);
}

static void
close_cb (QmpMachineList *list,
          guint           position,
          guint           removed,
          guint           added,
          gpointer        user_data)
{
  for (guint i = position; i < position + added; i++)
    {
      g_autoptr(QmpMachineEntry) entry = g_list_model_get_item (G_LIST_MODEL (list), i);
      QmpMachine *machine = qmp_machine_entry_get_machine (entry);

      qmp_client_close_async (qmp_machine_get_client (machine), NULL, NULL, NULL);
      g_signal_connect (machine, "notify::connected", G_CALLBACK (shut_down_cb), list);
    }
}

/* Handlers that close what is to be opened, and end all as soon as one is there. */
static void
test_ends_inside (void)
{
  TestWorld *world = test_world_new ();
  QmpMachineList *list = qmp_machine_list_new ();

  test_world_start (world, TEST_QEMU "-name a -qmp " TEST_SERVER ("a") TEST_READY);
  test_world_start (world, TEST_QEMU "-name b -qmp " TEST_SERVER ("b") TEST_READY);
  g_signal_connect (list, "items-changed", G_CALLBACK (close_cb), NULL);
  test_world_look (world);
  qmp_machine_list_set_finder (list, world->finder);
  test_spin_until (count (list) == 0);
  free_list (list);
  test_world_free (world);
}

/* What was taken out of the list, and the list itself, see the end of what was begun with them. */
static void
test_removed_meanwhile (void)
{
  TestWorld *world = test_world_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;
  QmpMachineList *list;
  GList *results;
  guint n = 0;

  test_world_start (world, TEST_QEMU "-name a -qmp " TEST_SERVER ("a") TEST_READY);
  test_world_start (world, TEST_QEMU "-name b -qmp " TEST_SERVER ("b") TEST_READY);
  list = new_followed (world);
  test_spin_until (are_connected (list));
  qmp_machine_list_shut_down_all_async (list, QMP_SHUT_DOWN_NONE, 0, -1, 1, NULL, test_result_cb, &result);
  remove_all_cb (list, 0, 0, 0, &n);
  g_object_unref (list);
  test_spin_until (result != NULL);
  results = qmp_machine_list_shut_down_all_finish (list, result, &error);
  g_assert_no_error (error);
  text = describe (results);
  g_assert_cmpstr (text, ==, "a:2 b:2");
  g_list_free_full (results, g_object_unref);
  g_clear_object (&result);
  test_spin_ready ();
  test_world_free (world);
}

static void
set_other_cb (QmpMachineEntry *entry,
              GParamSpec      *pspec,
              QmpMachineList  *list)
{
  g_autoptr(QmpFinder) other = qmp_finder_new ();

  if (qmp_machine_entry_get_instance (entry) != NULL)
    qmp_machine_list_set_finder (list, other);
}

/* What the one before has found does not come behind it. */
static void
test_other_finder_inside (void)
{
  TestWorld *world = test_world_new ();
  QmpMachineList *list = qmp_machine_list_new ();
  g_autofree char *path = test_world_dup_path (world, "a");

  test_world_start (world, TEST_QEMU "-name a -qmp " TEST_SERVER ("a") TEST_READY);
  test_world_start (world, TEST_QEMU "-name b -qmp " TEST_SERVER ("b") TEST_READY);
  test_world_look (world);
  g_signal_connect (add (list, path), "notify::instance", G_CALLBACK (set_other_cb), list);
  qmp_machine_list_set_finder (list, world->finder);
  g_assert_true (qmp_machine_list_get_finder (list) != world->finder);
  g_assert_cmpuint (count (list), ==, 1);
  g_assert_null (qmp_machine_entry_get_instance (find (list, path)));
  free_list (list);
  test_world_free (world);
}

static void
drop_cb (QmpMachineList  *list,
         guint            position,
         guint            removed,
         guint            added,
         QmpMachineList **owned)
{
  g_clear_object (owned);
}

/* A handler that drops the list, and another finder. */
static void
test_dropped_inside (void)
{
  TestWorld *world = test_world_new ();
  QmpMachineList *list = qmp_machine_list_new ();

  test_world_start (world, TEST_QEMU "-name a -qmp " TEST_SERVER ("a") TEST_READY);
  g_object_add_weak_pointer (G_OBJECT (list), (gpointer *) &list);
  qmp_machine_list_set_finder (list, world->finder);
  {
    QmpMachineList *owned = list;

    g_signal_connect (list, "items-changed", G_CALLBACK (drop_cb), &owned);
    test_world_look (world);
    g_assert_null (owned);
  }
  test_spin_until (list == NULL);
  test_world_free (world);
}

static gpointer
unref_in_thread (gpointer data)
{
  g_object_unref (data);
  return NULL;
}

/* The last reference goes in another thread, while machines are opened. */
static void
test_dropped_elsewhere (void)
{
  TestWorld *world = test_world_new ();
  QmpMachineList *list = qmp_machine_list_new ();
  g_autoptr(QmpMachineEntry) entry = NULL;

  test_world_start (world, TEST_QEMU "-name a -qmp " TEST_SERVER ("a") TEST_READY);
  test_world_look (world);
  qmp_machine_list_set_finder (list, world->finder);
  entry = g_object_ref (find (list, "a"));
  add (list, "no-such-machine");
  test_iterate ();
  g_object_add_weak_pointer (G_OBJECT (list), (gpointer *) &list);
  g_thread_join (g_thread_new ("unref", unref_in_thread, list));
  test_spin_until (list == NULL);
  test_spin_ready ();
  /* It is kept open no more. */
  test_spin_until (qmp_client_get_runstate (qmp_machine_get_client (qmp_machine_entry_get_machine (entry))) == QMP_RUNSTATE_IDLE ||
                   qmp_machine_get_connected (qmp_machine_entry_get_machine (entry)));
  g_thread_join (g_thread_new ("unref", unref_in_thread, g_steal_pointer (&entry)));
  test_spin_ready ();
  test_world_free (world);
}

/* Its process ends while it is opened. */
static void
test_ends_while_opened (void)
{
  TestWorld *world = test_world_new ();
  QmpMachineList *list = qmp_machine_list_new ();
  guint a = test_world_start (world, TEST_QEMU "-name a -qmp " TEST_SERVER ("a") TEST_READY);

  test_world_look (world);
  qmp_machine_list_set_finder (list, world->finder);
  test_spin_until (qmp_client_get_runstate (qmp_machine_get_client (get_machine (list, "a"))) != QMP_RUNSTATE_IDLE);
  test_processes_end (world->processes, a);
  test_spin_until (count (list) == 0);
  free_list (list);
  test_world_free (world);
}

static void
add_for (const char         *path,
         const char         *name,
         const ShutDownFunc *form,
         GTestDataFunc       test)
{
  g_autofree char *full = g_strconcat (path, name, NULL);

  g_test_add_data_func (full, form, test);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/machine-list/addresses", test_addresses);
  g_test_add_func ("/machine-list/wrong-addresses", test_wrong_addresses);
  g_test_add_func ("/machine-list/file", test_file);
  g_test_add_func ("/machine-list/follows", test_follows);
  g_test_add_func ("/machine-list/titles", test_titles);
  g_test_add_func ("/machine-list/held", test_held);
  g_test_add_func ("/machine-list/hung", test_hung);
  g_test_add_func ("/machine-list/name", test_name);
  g_test_add_func ("/machine-list/once", test_once);
  g_test_add_func ("/machine-list/twice", test_twice);
  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      static const char * const names[] = { "background", "blocking" };

      add_for ("/machine-list/shut-down/", names[i], &forms[i], test_shut_down);
      add_for ("/machine-list/shut-down-late/", names[i], &forms[i], test_shut_down_late);
      add_for ("/machine-list/shut-down-cancelled/", names[i], &forms[i], test_shut_down_cancelled);
      add_for ("/machine-list/shut-down-many/", names[i], &forms[i], test_shut_down_many);
    }
  g_test_add_func ("/machine-list/removes-inside", test_removes_inside);
  g_test_add_func ("/machine-list/ends-inside", test_ends_inside);
  g_test_add_func ("/machine-list/removed-meanwhile", test_removed_meanwhile);
  g_test_add_func ("/machine-list/other-finder-inside", test_other_finder_inside);
  g_test_add_func ("/machine-list/dropped-inside", test_dropped_inside);
  g_test_add_func ("/machine-list/dropped-elsewhere", test_dropped_elsewhere);
  g_test_add_func ("/machine-list/ends-while-opened", test_ends_while_opened);
  return g_test_run ();
}
