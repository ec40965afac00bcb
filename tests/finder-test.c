/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "finder/qmp-finder-private.h"

#include <glib/gstdio.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test-processes.h"

/* Real servers, of which nothing is asked. Others may run beside them: the tests look at those of their own folder. */

/* --- what is found --- */

static gboolean
is_own (TestProcesses *self,
        QmpInstance   *instance)
{
  for (guint i = 0; i < self->n; i++)
    if (self->pids[i] == qmp_instance_get_pid (instance))
      return TRUE;
  return FALSE;
}

static void
append_holder (GString     *out,
               QmpEndpoint *endpoint)
{
  int pid = qmp_endpoint_get_holder_pid (endpoint);

  g_assert_true ((pid != 0) == (qmp_endpoint_get_holder_name (endpoint) != NULL));
  if (pid != 0)
    g_string_append (out, pid == getpid () ? " by us" : " by another");
}

static void
append_endpoints (GString       *out,
                  TestProcesses *self,
                  QmpInstance   *instance)
{
  static const char * const states[] = { "unknown", "free", "held" };
  GListModel *endpoints = qmp_instance_get_endpoints (instance);

  for (guint i = 0; i < g_list_model_get_n_items (endpoints); i++)
    {
      g_autoptr(QmpEndpoint) endpoint = g_list_model_get_item (endpoints, i);
      const char *address = qmp_endpoint_get_address (endpoint);

      if (g_strcmp0 (qmp_endpoint_get_id (endpoint), "ready") == 0)
        continue;
      if (address != NULL && g_str_has_prefix (address, self->folder))
        address += strlen (self->folder) + 1;
      g_string_append_printf (out, " [%s %s", address != NULL ? address : "-",
                              states[qmp_endpoint_get_state (endpoint)]);
      append_holder (out, endpoint);
      g_string_append_c (out, ']');
    }
}

/* One line for each, in the order of their start. */
static char *
describe (TestProcesses *self,
          QmpFinder     *finder)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (finder)); i++)
    {
      g_autoptr(QmpInstance) instance = g_list_model_get_item (G_LIST_MODEL (finder), i);
      const char *name = qmp_instance_get_name (instance);

      if (!is_own (self, instance))
        continue;
      g_string_append_printf (out, "%s%s%s", name != NULL ? name : "-", qmp_instance_get_stopped (instance) ? " stopped" : "",
                              qmp_instance_get_uid (instance) != getuid () ? " another's" : "");
      append_endpoints (out, self, instance);
      g_string_append_c (out, '\n');
    }
  return g_string_free (out, FALSE);
}

static void
refresh (QmpFinder *finder)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (qmp_finder_refresh (finder, NULL, &error));
  g_assert_no_error (error);
}

static int
connect_to (TestProcesses *self,
            const char    *name)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_snprintf (address.sun_path, sizeof address.sun_path, "%s/%s", self->folder, name);
  g_assert_cmpint (connect (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  return fd;
}

/* Whoever comes first is still served. */
static void
assert_greets (TestProcesses *self,
               const char    *name)
{
  int fd = connect_to (self, name);
  char greeting[8] = "";

  test_processes_await (fd);
  g_assert_cmpint (recv (fd, greeting, 7, MSG_WAITALL), ==, 7);
  g_assert_cmpstr (greeting, ==, "{\"QMP\":");
  close (fd);
}

/* Of one that is stopped whoever connects stays to be seen, for nobody takes him. */
static void
stop_all (TestProcesses *self,
          int            number)
{
  for (guint i = 0; i < self->n; i++)
    {
      siginfo_t info;

      kill (self->pids[i], number);
      g_assert_cmpint (waitid (P_PID, self->pids[i], &info, (number == SIGSTOP ? WSTOPPED : WCONTINUED) | WEXITED | WNOWAIT), ==, 0);
    }
}

static void
assert_untouched (TestProcesses *self,
                  QmpFinder     *finder,
                  const char    *expected)
{
  g_autofree char *text = NULL;

  stop_all (self, SIGSTOP);
  refresh (finder);
  refresh (finder);
  text = describe (self, finder);
  g_assert_cmpstr (text, ==, expected);
  stop_all (self, SIGCONT);
}

static void
test_ten (void)
{
  static const char * const commands[] = {
    TEST_QEMU "-name a -uuid 01234567-0000-4000-8000-000000000000 -qmp " TEST_SERVER ("a") TEST_READY,
    TEST_QEMU "-qmp " TEST_SERVER ("b") TEST_READY,
    TEST_QEMU "-name guest=c,debug-threads=on -qmp " TEST_SERVER ("c1") " -chardev socket,id=x,path=c2,server=on,wait=off "
      "-mon x,mode=control" TEST_READY,
    TEST_QEMU "-name held -qmp " TEST_SERVER ("held") TEST_READY,
    TEST_QEMU "-name hung -qmp " TEST_SERVER ("hung") TEST_READY,
    TEST_DAEMON "--chardev socket,id=x,path=daemon,server=on,wait=off --monitor x" TEST_DAEMON_READY,
    TEST_QEMU "-name dying -qmp " TEST_SERVER ("dying") TEST_READY,
    TEST_QEMU "-name twin -qmp " TEST_SERVER ("t1") TEST_READY,
    TEST_QEMU "-name twin -qmp " TEST_SERVER ("t2") TEST_READY,
  };
  g_autoptr(TestProcesses) self = test_processes_new ();
  g_autoptr(QmpFinder) finder = qmp_finder_new ();
  g_autofree char *text = NULL;
  int fds[TEST_MAX_PROCESSES], held;
  siginfo_t info;

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    fds[i] = test_processes_start_as (self, FALSE, commands[i]);
  if (getuid () == 0)
    fds[self->n] = test_processes_start_as (self, TRUE, TEST_QEMU "-name other -qmp " TEST_SERVER ("other") TEST_READY);
  for (guint i = 0; i < self->n; i++)
    test_server_await_ready (fds[i]);
  held = connect_to (self, "held");
  test_processes_await (held);
  kill (self->pids[4], SIGSTOP);
  g_assert_cmpint (waitid (P_PID, self->pids[4], &info, WSTOPPED | WNOWAIT), ==, 0);
  /* A zombie. */
  kill (self->pids[6], SIGKILL);
  g_assert_cmpint (waitid (P_PID, self->pids[6], &info, WEXITED | WNOWAIT), ==, 0);

  refresh (finder);
  text = describe (self, finder);
  g_assert_cmpstr (text, ==, getuid () == 0 ?
    "a [a free]\n- [b free]\nc [c1 free] [c2 free]\nheld [held held by us]\nhung stopped [hung free]\n- [daemon free]\n"
    "twin [t1 free]\ntwin [t2 free]\nother another's [other free]\n" :
    "a [a free]\n- [b free]\nc [c1 free] [c2 free]\nheld [held held by us]\nhung stopped [hung free]\n- [daemon free]\n"
    "twin [t1 free]\ntwin [t2 free]\n");

  assert_untouched (self, finder, getuid () == 0 ?
    "a stopped [a free]\n- stopped [b free]\nc stopped [c1 free] [c2 free]\nheld stopped [held held by us]\n"
    "hung stopped [hung free]\n- stopped [daemon free]\ntwin stopped [t1 free]\ntwin stopped [t2 free]\n"
    "other stopped another's [other free]\n" :
    "a stopped [a free]\n- stopped [b free]\nc stopped [c1 free] [c2 free]\nheld stopped [held held by us]\n"
    "hung stopped [hung free]\n- stopped [daemon free]\ntwin stopped [t1 free]\ntwin stopped [t2 free]\n");
  for (guint i = 0; i < 6; i++)
    assert_greets (self, ((const char *[]) { "a", "b", "c1", "c2", "hung", "daemon" })[i]);
  close (held);
  for (guint i = 0; i < self->n; i++)
    close (fds[i]);
}

/* --- names --- */

static void
assert_finds (QmpFinder  *finder,
              const char *name,
              pid_t       pid)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpInstance) instance = qmp_finder_find (finder, name, &error);

  g_assert_no_error (error);
  g_assert_cmpint (qmp_instance_get_pid (instance), ==, pid);
}

static void
assert_finds_not (QmpFinder      *finder,
                  const char     *name,
                  QmpFinderError  code,
                  const char     *part)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (qmp_finder_find (finder, name, &error));
  g_assert_error (error, QMP_FINDER_ERROR, (int) code);
  test_assert_error_has (error, part);
}

static void
test_names (void)
{
  g_autoptr(TestProcesses) self = test_processes_new ();
  g_autoptr(QmpFinder) finder = qmp_finder_new ();
  g_autofree char *name = g_strdup_printf ("finder-%d", getpid ());
  g_autofree char *twin = g_strdup_printf ("twin-%d", getpid ());
  g_autofree char *uuid = g_uuid_string_random ();
  g_autofree char *upper = g_ascii_strup (uuid, -1);
  g_autofree char *number = NULL;
  g_autofree char *both = NULL;
  g_autofree char *first = g_strdup_printf (TEST_QEMU "-name %s -uuid %s" TEST_READY, name, uuid);
  g_autofree char *second = g_strdup_printf (TEST_QEMU "-name %s" TEST_READY, twin);

  test_processes_start_and_wait (self, first);
  test_processes_start_and_wait (self, second);
  test_processes_start_and_wait (self, second);
  number = g_strdup_printf ("%d", self->pids[1]);
  both = g_strdup_printf ("%d, %d", MIN (self->pids[1], self->pids[2]), MAX (self->pids[1], self->pids[2]));
  assert_finds_not (finder, name, QMP_FINDER_ERROR_NOT_FOUND, name);
  refresh (finder);
  assert_finds (finder, name, self->pids[0]);
  assert_finds (finder, upper, self->pids[0]);
  assert_finds (finder, number, self->pids[1]);
  assert_finds_not (finder, twin, QMP_FINDER_ERROR_AMBIGUOUS, both);
  assert_finds_not (finder, "", QMP_FINDER_ERROR_NOT_FOUND, "");
  assert_finds_not (finder, "no such", QMP_FINDER_ERROR_NOT_FOUND, "no such");
}

static void
test_choose (void)
{
  g_autoptr(TestProcesses) self = test_processes_new ();
  g_autoptr(QmpFinder) finder = qmp_finder_new ();
  g_autoptr(QmpInstance) instance = NULL;
  g_autoptr(QmpEndpoint) endpoint = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *number = NULL;
  int fd = test_processes_start_as (self, FALSE, TEST_QEMU "-qmp " TEST_SERVER ("a") " -qmp " TEST_SERVER ("b") TEST_READY), held;

  test_server_await_ready (fd);
  held = connect_to (self, "a");
  test_processes_await (held);
  refresh (finder);
  number = g_strdup_printf ("%d", self->pids[0]);
  instance = qmp_finder_find (finder, number, &error);
  g_assert_no_error (error);
  endpoint = qmp_instance_choose_endpoint (instance, QMP_ENDPOINT_KIND_MONITOR, &error);
  g_assert_no_error (error);
  g_assert_true (g_str_has_suffix (qmp_endpoint_get_address (endpoint), "/b"));
  g_assert_null (qmp_instance_choose_endpoint (instance, QMP_ENDPOINT_KIND_AGENT, &error));
  g_assert_error (error, QMP_FINDER_ERROR, QMP_FINDER_ERROR_NO_ENDPOINT);
  close (held);
  close (fd);
}

/* --- coming and going --- */

static gboolean
has_own (TestProcesses *self,
         QmpFinder     *finder)
{
  g_autofree char *text = describe (self, finder);

  return *text != '\0';
}

static void
test_follows (void)
{
  g_autoptr(TestProcesses) self = test_processes_new ();
  g_autoptr(QmpFinder) finder = qmp_finder_new ();
  g_autoptr(QmpInstance) instance = NULL;
  g_autofree char *number = NULL;
  int fd, held;

  qmp_finder_set_interval (finder, 1);
  fd = test_processes_start_as (self, FALSE, TEST_QEMU "-qmp " TEST_SERVER ("a") TEST_READY);
  test_server_await_ready (fd);
  test_spin_until (has_own (self, finder));
  number = g_strdup_printf ("%d", self->pids[0]);
  instance = qmp_finder_find (finder, number, NULL);
  {
    g_autoptr(QmpEndpoint) endpoint = g_list_model_get_item (qmp_instance_get_endpoints (instance), 0);

    test_spin_until (qmp_endpoint_get_state (endpoint) == QMP_ENDPOINT_STATE_FREE);
    held = connect_to (self, "a");
    test_spin_until (qmp_endpoint_get_state (endpoint) == QMP_ENDPOINT_STATE_HELD);
    test_spin_until (qmp_endpoint_get_holder_pid (endpoint) == getpid ());
    close (held);
    test_spin_until (qmp_endpoint_get_state (endpoint) == QMP_ENDPOINT_STATE_FREE);
    g_assert_cmpint (qmp_endpoint_get_holder_pid (endpoint), ==, 0);
  }
  g_assert_false (qmp_instance_get_gone (instance));
  /* Its end is not looked for. */
  qmp_finder_set_interval (finder, 0);
  test_processes_end (self, 0);
  test_spin_until (qmp_instance_get_gone (instance));
  g_assert_null (qmp_finder_find (finder, number, NULL));
  close (fd);
}

/* --- what handlers and threads do --- */

static void
refresh_cb (GListModel *list,
            guint       position,
            guint       removed,
            guint       added,
            gpointer    user_data)
{
  guint *n = user_data;

  if ((*n)++ < 5)
    refresh (QMP_FINDER (list));
}

static void
drop_cb (GListModel *list,
         guint       position,
         guint       removed,
         guint       added,
         gpointer    user_data)
{
  QmpFinder **finder = user_data;

  g_clear_object (finder);
}

static void
test_handlers (void)
{
  g_autoptr(TestProcesses) self = test_processes_new ();
  QmpFinder *finder = qmp_finder_new ();
  guint n = 0;
  int fd = test_processes_start_as (self, FALSE, TEST_QEMU TEST_READY);

  test_server_await_ready (fd);
  g_signal_connect (finder, "items-changed", G_CALLBACK (refresh_cb), &n);
  refresh (finder);
  g_assert_true (has_own (self, finder));
  test_processes_end (self, 0);
  refresh (finder);
  g_assert_cmpuint (n, >=, 2);
  g_assert_finalize_object (finder);

  finder = qmp_finder_new ();
  g_signal_connect (finder, "items-changed", G_CALLBACK (drop_cb), &finder);
  close (fd);
  fd = test_processes_start_as (self, FALSE, TEST_QEMU TEST_READY);
  test_server_await_ready (fd);
  test_spin_until (finder == NULL);
  close (fd);
}

static void
test_background (void)
{
  QmpFinder *finder = qmp_finder_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) first = NULL, second = NULL, third = NULL;
  g_autoptr(GError) error = NULL;

  qmp_finder_refresh_async (finder, NULL, test_result_cb, &first);
  qmp_finder_refresh_async (finder, cancellable, test_result_cb, &second);
  g_cancellable_cancel (cancellable);
  qmp_finder_refresh_async (finder, cancellable, test_result_cb, &third);
  g_assert_false (qmp_finder_refresh (finder, cancellable, NULL));
  test_spin_until (first != NULL && second != NULL && third != NULL);
  g_assert_true (qmp_finder_refresh_finish (finder, first, &error));
  g_assert_false (qmp_finder_refresh_finish (finder, second, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_object (&first);
  g_clear_object (&second);
  g_clear_object (&third);
  g_assert_finalize_object (finder);
}

static void
test_no_proc (void)
{
  QmpFinder *finder = qmp_finder_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  qmp_finder_set_root (finder, "/no/such/folder");
  g_assert_false (qmp_finder_refresh (finder, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  qmp_finder_refresh_async (finder, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_false (qmp_finder_refresh_finish (finder, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_object (&result);
  g_assert_finalize_object (finder);
}

static gpointer
unref_thread (gpointer data)
{
  g_object_unref (data);
  return NULL;
}

static void
gone_cb (gpointer  data,
         GObject  *object)
{
  *(GThread **) data = g_thread_self ();
}

/* While it looks, too. */
static void
test_other_thread (void)
{
  for (guint i = 0; i < 20; i++)
    {
      QmpFinder *finder = qmp_finder_new ();
      GThread *thread, *ended_in = NULL;

      g_object_weak_ref (G_OBJECT (finder), gone_cb, &ended_in);
      for (guint j = 0; j < i % 4; j++)
        g_main_context_iteration (NULL, FALSE);
      thread = g_thread_new ("unref", unref_thread, finder);
      test_spin_until (ended_in != NULL);
      g_thread_join (thread);
      g_assert_true (ended_in == g_thread_self ());
    }
}

/* It is dropped while it looks, and nobody runs its main context again. */
static void
test_context_gone (void)
{
  GMainContext *context = g_main_context_new ();
  QmpFinder *finder;

  g_main_context_push_thread_default (context);
  finder = qmp_finder_new ();
  qmp_finder_refresh_async (finder, NULL, test_not_reached_cb, NULL);
  g_main_context_pop_thread_default (context);
  g_object_unref (finder);
  g_main_context_unref (context);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/finder/ten", test_ten);
  g_test_add_func ("/finder/names", test_names);
  g_test_add_func ("/finder/choose", test_choose);
  g_test_add_func ("/finder/follows", test_follows);
  g_test_add_func ("/finder/handlers", test_handlers);
  g_test_add_func ("/finder/background", test_background);
  g_test_add_func ("/finder/no-proc", test_no_proc);
  g_test_add_func ("/finder/other-thread", test_other_thread);
  g_test_add_func ("/finder/context-gone", test_context_gone);
  return g_test_run ();
}
