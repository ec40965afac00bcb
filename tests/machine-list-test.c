/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-list-private.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "finder/qmp-finder-private.h"
#include "test-machine.h"
#include "test-processes.h"

/* Lists of machines: mocks, and real QEMU. A finder sees the processes of the test and no others, which would be opened. */

/* --- the finder --- */

typedef struct {
  TestProcesses *processes;
  char          *root;
  QmpFinder     *finder;
} World;

static void
let_see (World *self,
         pid_t  pid)
{
  g_autofree char *target = g_strdup_printf ("/proc/%d", pid);
  g_autofree char *link = g_strdup_printf ("%s/%d", self->root, pid);

  g_assert_cmpint (symlink (target, link), ==, 0);
}

static World *
world_new (void)
{
  World *self = g_new0 (World, 1);
  g_autofree char *net = NULL;

  self->processes = test_processes_new ();
  self->root = g_dir_make_tmp ("qmp-list-XXXXXX", NULL);
  net = g_build_filename (self->root, "net", NULL);
  g_assert_cmpint (symlink ("/proc/self/net", net), ==, 0);
  let_see (self, getpid ());
  self->finder = qmp_finder_new ();
  qmp_finder_set_interval (self->finder, 0);
  qmp_finder_set_root (self->finder, self->root);
  return self;
}

static void
world_free (World *self)
{
  g_autoptr(GDir) folder = g_dir_open (self->root, 0, NULL);
  const char *name;

  test_spin_ready ();
  g_assert_finalize_object (self->finder);
  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *path = g_build_filename (self->root, name, NULL);

      g_unlink (path);
    }
  g_rmdir (self->root);
  g_free (self->root);
  test_processes_free (self->processes);
  g_free (self);
}

/* Its index. */
static guint
start (World      *self,
       const char *words)
{
  test_processes_start_and_wait (self->processes, words);
  let_see (self, self->processes->pids[self->processes->n - 1]);
  return self->processes->n - 1;
}

/* As the finder does every two seconds. */
static void
look (World *self)
{
  g_autoptr(GError) error = NULL;

  qmp_finder_refresh (self->finder, NULL, &error);
  g_assert_no_error (error);
}

static char *
dup_path (World      *self,
          const char *name)
{
  return g_build_filename (self->processes->folder, name, NULL);
}

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

  g_assert_true (g_file_set_contents (path, "# ours\n\n  /no/such/one \r\ntcp:[::1]:1\n/no/such/one\n#/no/such/two", -1, NULL));
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
  g_assert_cmpuint (count (list), ==, 2);
  free_list (list);
  g_rmdir (folder);
}

/* --- what is found --- */

static void
test_follows (void)
{
  World *world = world_new ();
  QmpMachineList *list = qmp_machine_list_new ();
  GString *log = log_list (list), *machine_log;
  guint a = start (world, TEST_QEMU "-name a -qmp " TEST_SERVER ("a") TEST_READY), b;
  g_autoptr(QmpMachine) vm = NULL;

  start (world, TEST_DAEMON "--chardev socket,id=x,path=daemon,server=on,wait=off --monitor x" TEST_DAEMON_READY);
  look (world);
  qmp_machine_list_set_finder (list, world->finder);
  /* The storage daemon is not a machine. */
  test_assert_log (log, "0-0+1");
  test_spin_until (is_connected (list, "a"));
  vm = g_object_ref (get_machine (list, "a"));
  g_assert_cmpint (qmp_machine_get_pid (vm), ==, world->processes->pids[a]);
  machine_log = test_machine_log (vm);

  b = start (world, TEST_QEMU "-qmp " TEST_SERVER ("b") TEST_READY);
  look (world);
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
  world_free (world);
  g_string_free (log, TRUE);
  g_string_free (machine_log, TRUE);
}

/* Two of one name have titles of their own; one that has no monitor says so. */
static void
test_titles (void)
{
  World *world = world_new ();
  QmpMachineList *list = qmp_machine_list_new ();
  g_autofree char *twin = NULL;

  start (world, TEST_QEMU "-name twin -qmp " TEST_SERVER ("a") TEST_READY);
  start (world, TEST_QEMU "-name twin -qmp " TEST_SERVER ("b") TEST_READY);
  start (world, TEST_QEMU "-name bare" TEST_READY);
  twin = g_strdup_printf ("twin (process %d)", world->processes->pids[1]);
  qmp_machine_list_set_finder (list, world->finder);
  look (world);
  g_assert_cmpuint (count (list), ==, 3);
  g_assert_true (has_error (list, "bare", QMP_FINDER_ERROR, QMP_FINDER_ERROR_NO_ENDPOINT));
  g_assert_null (qmp_machine_entry_get_address (find (list, "bare")));
  test_spin_until (is_connected (list, "twin") && is_connected (list, twin));
  qmp_machine_list_set_finder (list, NULL);
  g_assert_cmpuint (count (list), ==, 0);
  free_list (list);
  world_free (world);
}

/* A monitor that somebody holds is left to him, until he goes. */
static void
test_held (void)
{
  World *world = world_new ();
  QmpMachineList *list = qmp_machine_list_new ();
  g_autoptr(QmpClient) other = qmp_client_new (NULL);
  g_autofree char *path = dup_path (world, "a");
  g_autoptr(GSocketConnectable) address = qmp_address_parse (path, NULL);

  start (world, TEST_QEMU "-name a -qmp " TEST_SERVER ("a") TEST_READY);
  g_assert_true (test_open (other, address, NULL));
  look (world);
  qmp_machine_list_set_finder (list, world->finder);
  g_assert_true (has_error (list, "a", QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY));
  g_assert_null (qmp_machine_entry_get_address (find (list, "a")));
  test_spin_ready ();
  g_assert_cmpint (qmp_client_get_runstate (qmp_machine_get_client (get_machine (list, "a"))), ==, QMP_RUNSTATE_IDLE);
  g_assert_true (test_close (other, NULL));
  test_wait_until ((look (world), qmp_machine_entry_get_address (find (list, "a")) != NULL));
  test_spin_until (is_connected (list, "a"));
  g_assert_null (qmp_machine_entry_get_error (find (list, "a")));
  /* We hold it now, and go on. */
  look (world);
  g_assert_cmpstr (qmp_machine_entry_get_address (find (list, "a")), ==, path);
  free_list (list);
  world_free (world);
}

/* One that was stopped, before it was opened or after, says so and is not in the way of others. */
static void
test_hung (void)
{
  World *world = world_new ();
  QmpMachineList *list = qmp_machine_list_new ();
  guint a = start (world, TEST_QEMU "-name a -qmp " TEST_SERVER ("a") TEST_READY);
  siginfo_t info;

  start (world, TEST_QEMU "-name b -qmp " TEST_SERVER ("b") TEST_READY);
  kill (world->processes->pids[a], SIGSTOP);
  g_assert_cmpint (waitid (P_PID, world->processes->pids[a], &info, WSTOPPED | WNOWAIT), ==, 0);
  look (world);
  qmp_machine_list_set_finder (list, world->finder);
  test_spin_until (is_connected (list, "b"));
  g_assert_false (is_connected (list, "a"));
  g_assert_true (has_error (list, "a", QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_ANSWER));
  kill (world->processes->pids[a], SIGCONT);
  test_spin_until (is_connected (list, "a"));
  look (world);
  g_assert_null (qmp_machine_entry_get_error (find (list, "a")));

  kill (world->processes->pids[a], SIGSTOP);
  g_assert_cmpint (waitid (P_PID, world->processes->pids[a], &info, WSTOPPED | WNOWAIT), ==, 0);
  look (world);
  g_assert_true (has_error (list, "a", QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_ANSWER));
  g_assert_true (is_connected (list, "a"));
  free_list (list);
  world_free (world);
}

/* --- both --- */

/* A name is looked for until it is there, and again when it has gone. The list's own finder sees all processes. */
static void
test_name (void)
{
  World *world = world_new ();
  QmpMachineList *list = qmp_machine_list_new ();
  g_autofree char *name = g_strdup_printf ("qmp-list-test-%d", getpid ());
  g_autofree char *words = g_strdup_printf (TEST_QEMU "-name %s -qmp " TEST_SERVER ("a") TEST_READY, name);
  guint a;

  g_assert_true (add (list, name) == add (list, name));
  g_assert_null (qmp_machine_entry_get_error (find (list, name)));
  test_spin_until (has_error (list, name, QMP_FINDER_ERROR, QMP_FINDER_ERROR_NOT_FOUND));
  a = start (world, words);
  test_spin_until (is_connected (list, name));
  g_assert_null (qmp_machine_entry_get_error (find (list, name)));
  test_processes_end (world->processes, a);
  test_spin_until (has_error (list, name, QMP_FINDER_ERROR, QMP_FINDER_ERROR_NOT_FOUND));
  g_assert_cmpuint (count (list), ==, 1);
  g_assert_null (qmp_machine_entry_get_instance (find (list, name)));
  test_spin_until (qmp_machine_get_outcome (get_machine (list, name)) != NULL);
  free_list (list);
  world_free (world);
}

/* One machine stands in the list once, whoever tells of it, and in whatever order. */
static void
test_once (void)
{
  World *world = world_new ();
  QmpMachineList *list = qmp_machine_list_new ();
  g_autofree char *path = dup_path (world, "a");
  g_autofree char *other = dup_path (world, "b");
  guint a = start (world, TEST_QEMU "-name a -qmp " TEST_SERVER ("a") TEST_READY);

  start (world, TEST_QEMU "-name b -qmp " TEST_SERVER ("b") TEST_READY);
  add (list, path);
  look (world);
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
  world_free (world);
}

/* Two names of one process, given before it runs. */
static void
test_twice (void)
{
  World *world = world_new ();
  QmpMachineList *list = qmp_machine_list_new ();

  qmp_machine_list_set_finder (list, world->finder);
  add (list, "a");
  add (list, "01234567-0000-4000-8000-000000000000");
  start (world, TEST_QEMU "-name a -uuid 01234567-0000-4000-8000-000000000000 -qmp " TEST_SERVER ("a") TEST_READY);
  look (world);
  g_assert_cmpuint (count (list), ==, 2);
  test_spin_until (is_connected (list, "a"));
  g_assert_true (has_error (list, "01234567-0000-4000-8000-000000000000", QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY));
  free_list (list);
  world_free (world);
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
  World *world = world_new ();
  QmpMachineList *list = qmp_machine_list_new ();
  guint n = 0;

  start (world, TEST_QEMU "-name a -qmp " TEST_SERVER ("a") TEST_READY);
  start (world, TEST_QEMU "-name b -qmp " TEST_SERVER ("b") TEST_READY);
  g_signal_connect (list, "items-changed", G_CALLBACK (remove_all_cb), &n);
  qmp_machine_list_set_finder (list, world->finder);
  look (world);
  g_assert_cmpuint (n, ==, 3);
  g_assert_cmpuint (count (list), ==, 0);
  add (list, "/no/such/one");
  g_assert_cmpuint (count (list), ==, 0);
  free_list (list);
  world_free (world);
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
  World *world = world_new ();
  QmpMachineList *list = qmp_machine_list_new ();

  start (world, TEST_QEMU "-name a -qmp " TEST_SERVER ("a") TEST_READY);
  g_object_add_weak_pointer (G_OBJECT (list), (gpointer *) &list);
  qmp_machine_list_set_finder (list, world->finder);
  {
    QmpMachineList *owned = list;

    g_signal_connect (list, "items-changed", G_CALLBACK (drop_cb), &owned);
    look (world);
    g_assert_null (owned);
  }
  test_spin_until (list == NULL);
  world_free (world);
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
  World *world = world_new ();
  QmpMachineList *list = qmp_machine_list_new ();
  g_autoptr(QmpMachineEntry) entry = NULL;

  start (world, TEST_QEMU "-name a -qmp " TEST_SERVER ("a") TEST_READY);
  look (world);
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
  world_free (world);
}

/* Its process ends while it is opened. */
static void
test_ends_while_opened (void)
{
  World *world = world_new ();
  QmpMachineList *list = qmp_machine_list_new ();
  guint a = start (world, TEST_QEMU "-name a -qmp " TEST_SERVER ("a") TEST_READY);

  look (world);
  qmp_machine_list_set_finder (list, world->finder);
  test_spin_until (qmp_client_get_runstate (qmp_machine_get_client (get_machine (list, "a"))) != QMP_RUNSTATE_IDLE);
  test_processes_end (world->processes, a);
  test_spin_until (count (list) == 0);
  free_list (list);
  world_free (world);
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
  g_test_add_func ("/machine-list/removes-inside", test_removes_inside);
  g_test_add_func ("/machine-list/dropped-inside", test_dropped_inside);
  g_test_add_func ("/machine-list/dropped-elsewhere", test_dropped_elsewhere);
  g_test_add_func ("/machine-list/ends-while-opened", test_ends_while_opened);
  return g_test_run ();
}
