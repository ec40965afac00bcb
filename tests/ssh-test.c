/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test-machine.h"
#include "test-server.h"

/* Through a real ssh, to a real sshd on this machine's loopback, to a real QEMU. */

/* --- sshd --- */

static struct {
  char    *directory;
  char    *runtime;     /* where tunnels have their sockets */
  char    *program;
  guint16  port;
  pid_t    pid;
} sshd;

static char *
in_directory (const char *name)
{
  return g_build_filename (sshd.directory, name, NULL);
}

static void
write_file (const char *name,
            int         mode,
            const char *format,
            ...) G_GNUC_PRINTF (3, 4);

static void
write_file (const char *name,
            int         mode,
            const char *format,
            ...)
{
  g_autofree char *path = in_directory (name);
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_cmpint (g_chmod (path, mode), ==, 0);
}

static char *
make_key (const char *name)
{
  g_autofree char *path = in_directory (name);
  g_autofree char *public_path = g_strconcat (path, ".pub", NULL);
  const char *argv[] = { "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path, NULL };
  char *text = NULL;
  int status;

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, NULL));
  g_assert_cmpint (status, ==, 0);
  g_assert_true (g_file_get_contents (public_path, &text, NULL, NULL));
  return text;
}

static guint16
find_port (void)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl (INADDR_LOOPBACK) } };
  socklen_t size = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM, 0);

  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *) &address, &size), ==, 0);
  close (fd);
  return ntohs (address.sin_port);
}

/* The program asks for its configuration and keys where its user's home is, which is not the test's. */
static void
write_client_files (const char *user,
                    const char *host_key)
{
  g_autofree char *ssh = g_find_program_in_path ("ssh");
  g_autofree char *bin = in_directory ("bin");

  write_file ("known", 0600, "vm %s", host_key);
  write_file ("nobody", 0600, "%s", "");
  write_file ("config", 0600,
              "Host black\n ProxyCommand sleep 1000\n"
              "Host stranger\n UserKnownHostsFile %s/nobody\n HostKeyAlias stranger\n"
              "Host denied\n User nobody-like-that\n"
              "Host *\n HostName 127.0.0.1\n HostKeyAlias vm\n User %s\n Port %u\n IdentityFile %s/user\n IdentitiesOnly yes\n"
              " IdentityAgent none\n UserKnownHostsFile %s/known\n GlobalKnownHostsFile none\n StrictHostKeyChecking yes\n",
              sshd.directory, user, sshd.port, sshd.directory, sshd.directory);
  g_mkdir (bin, 0700);
  write_file ("bin/ssh", 0700, "#!/bin/sh\nexec %s -F %s/config \"$@\"\n", ssh, sshd.directory);
}

static void
die_with_test (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGTERM);
}

static gboolean
answers (void)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl (INADDR_LOOPBACK) },
                                 .sin_port = htons (sshd.port) };
  int fd = socket (AF_INET, SOCK_STREAM, 0);
  gboolean connected = connect (fd, (struct sockaddr *) &address, sizeof address) == 0;

  close (fd);
  return connected;
}

static void
start_sshd (void)
{
  g_autofree char *config = in_directory ("sshd_config");
  g_autofree char *log = in_directory ("log");
  const char *argv[] = { sshd.program, "-D", "-E", log, "-f", config, NULL };
  g_autoptr(GError) error = NULL;

  g_spawn_async (NULL, (char **) argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, die_with_test, NULL, &sshd.pid, &error);
  g_assert_no_error (error);
  test_wait_until (answers ());
}

static void
stop_sshd (void)
{
  kill (sshd.pid, SIGTERM);
  g_assert_cmpint (waitpid (sshd.pid, NULL, 0), ==, sshd.pid);
}

static void
set_up (void)
{
  g_autofree char *host_key = NULL;
  g_autofree char *user_key = NULL;
  g_autofree char *path = NULL;

  /* Where a login that has no rights yet lives. */
  if (geteuid () == 0)
    g_mkdir_with_parents ("/run/sshd", 0755);
  sshd.directory = g_dir_make_tmp ("qmp-sshd-XXXXXX", NULL);
  sshd.port = find_port ();
  host_key = make_key ("host");
  user_key = make_key ("user");
  write_file ("authorized", 0600, "%s", user_key);
  write_file ("sshd_config", 0600,
              "Port %u\nListenAddress 127.0.0.1\nHostKey %s/host\nAuthorizedKeysFile %s/authorized\nPidFile none\nUsePAM no\n"
              "StrictModes no\nPermitRootLogin prohibit-password\nMaxStartups 100\n",
              sshd.port, sshd.directory, sshd.directory);
  write_client_files (g_get_user_name (), host_key);
  path = g_strconcat (sshd.directory, "/bin:", g_getenv ("PATH"), NULL);
  g_setenv ("PATH", path, TRUE);
  sshd.runtime = in_directory ("run");
  g_mkdir (sshd.runtime, 0700);
  g_setenv ("XDG_RUNTIME_DIR", sshd.runtime, TRUE);
  start_sshd ();
}

static void
tear_down (void)
{
  const char *argv[] = { "rm", "-r", sshd.directory, NULL };

  stop_sshd ();
  test_assert_no_children ();
  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
}

/* --- processes --- */

/* NULL-terminated. */
static char **
list_children (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%d/children", pid, pid);
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return g_strsplit (g_strchomp (text), " ", -1);
}

static gboolean
is_ssh (const char *pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%s/comm", pid);
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) && g_str_equal (text, "ssh\n");
}

/* The children of a program that are ssh: the first one, and how many there are. */
static pid_t
find_ssh (pid_t  program,
          guint *n)
{
  g_auto(GStrv) children = list_children (program);
  pid_t found = 0;

  *n = 0;
  for (guint i = 0; children[i] != NULL; i++)
    if (is_ssh (children[i]))
      {
        found = atoi (children[i]);
        (*n)++;
      }
  return found;
}

/* What a test begins and ends with. */
static void
assert_nothing_left (void)
{
  g_autoptr(GDir) directory = g_dir_open (sshd.runtime, 0, NULL);
  guint n;

  find_ssh (getpid (), &n);
  g_assert_cmpuint (n, ==, 0);
  g_assert_null (g_dir_read_name (directory));
}

/* Newer versions of sshd have a process below that of a session. */
static void
kill_below (pid_t pid)
{
  g_auto(GStrv) children = list_children (pid);

  for (guint i = 0; children[i] != NULL; i++)
    {
      kill_below (atoi (children[i]));
      kill (atoi (children[i]), SIGKILL);
    }
}

/* What serves those who have logged in. */
static void
kill_sessions (void)
{
  kill_below (sshd.pid);
}

/* --- clients --- */

/* path: from the root on, or a name in the server's directory. */
static GSocketConnectable *
address_for (const char *host,
             TestServer *server,
             const char *name)
{
  g_autofree char *text = g_strdup_printf ("ssh:%s%s/%s", host, test_server_get_directory (server), name);
  g_autoptr(GError) error = NULL;
  GSocketConnectable *address = qmp_address_parse (text, &error);

  g_assert_no_error (error);
  return address;
}

static QmpClient *
open_client (TestServer *server,
             const char *name)
{
  g_autoptr(GSocketConnectable) address = address_for ("vm", server, name);
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr(GError) error = NULL;

  test_open (client, address, &error);
  g_assert_no_error (error);
  return client;
}

static void
assert_runs (QmpClient *client)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) status = test_execute (client, "query-status", &error);

  g_assert_no_error (error);
}

static void
close_client (QmpClient *client)
{
  g_autoptr(GError) error = NULL;

  test_close (client, &error);
  g_assert_no_error (error);
  test_client_free (client);
}

static void
closed_cb (QmpClient    *client,
           const GError *cause,
           GError      **taken)
{
  *taken = cause != NULL ? g_error_copy (cause) : NULL;
}

/* --- as it should be --- */

static void
test_blocking (void)
{
  g_autoptr(TestServer) server = test_server_new (TEST_SERVER_QEMU);
  g_autoptr(GSocketConnectable) address = address_for ("vm", server, "qmp");
  g_autoptr(QmpClient) client = qmp_client_new (NULL);
  g_autoptr(JsonNode) status = NULL;
  g_autoptr(GError) error = NULL;
  guint n_fds;

  test_warm_up ();
  n_fds = test_count_fds ();
  for (int i = 0; i < 2; i++)
    {
      qmp_client_open (client, address, NULL, &error);
      g_assert_no_error (error);
      g_clear_pointer (&status, json_node_unref);
      status = qmp_client_execute (client, "query-status", NULL, NULL, &error);
      g_assert_no_error (error);
      qmp_client_close (client, NULL, &error);
      g_assert_no_error (error);
      assert_nothing_left ();
    }
  test_assert_n_fds (n_fds);
}

static void
test_background (void)
{
  g_autoptr(TestServer) server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = open_client (server, "qmp");
  g_autoptr(TestLog) log = test_log_new (client);
  guint n;

  find_ssh (getpid (), &n);
  g_assert_cmpuint (n, ==, 1);
  test_log_execute_async (log, "cont", client, "cont", NULL);
  test_spin_until (test_log_has (log, "cont"));
  g_assert_cmpstr (test_log_get (log), ==, "RESUME cont");
  close_client (client);
  assert_nothing_left ();
}

static void
test_two (void)
{
  g_autoptr(TestServer) server = test_server_new (TEST_SERVER_QEMU_MACHINE);
  QmpClient *one = open_client (server, "qmp");
  QmpClient *other = open_client (server, "second");

  assert_runs (one);
  close_client (one);
  assert_runs (other);
  close_client (other);
  assert_nothing_left ();
}

/* What is only a socket's is not to be had. */
static void
test_limits (void)
{
  g_autoptr(TestServer) server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = open_client (server, "qmp");
  g_autoptr(GError) error = NULL;

  g_assert_false (qmp_client_send_fd (client, STDIN_FILENO, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  test_assert_error_has (error, "ssh");
  g_clear_error (&error);
  g_assert_null (qmp_client_ref_peer_credentials (client, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  assert_runs (client);
  close_client (client);
}

/* Reads to the end; counts. */
static gpointer
read_all (gpointer data)
{
  int listening = GPOINTER_TO_INT (data), fd = accept (listening, NULL, NULL);
  g_autofree char *buffer = g_malloc (65536);
  gsize total = 0;
  gssize n;

  while ((n = read (fd, buffer, 65536)) > 0)
    total += n;
  close (fd);
  close (listening);
  return GSIZE_TO_POINTER (total);
}

static GThread *
serve_bytes (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (fd, 1), ==, 0);
  return g_thread_new ("server", read_all, GINT_TO_POINTER (fd));
}

/* Closing waits until all has arrived. */
static void
test_close_delivers (void)
{
  const gsize size = 3000000;
  g_autofree char *path = in_directory ("bytes");
  g_autofree char *text = g_strconcat ("ssh:vm", path, NULL);
  g_autofree char *filling = g_strnfill (size, 'x');
  g_autoptr(QmpMessage) command = qmp_message_new_parsed ("big", NULL, "{'x': %s}", filling);
  g_autoptr(GSocketConnectable) address = qmp_address_parse (text, NULL);
  GThread *thread = serve_bytes (path);
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  qmp_client_set_await_greeting (client, FALSE);
  qmp_client_set_negotiate (client, FALSE);
  qmp_client_open (client, address, NULL, &error);
  g_assert_no_error (error);
  qmp_client_execute_message_async (client, command, NULL, test_result_cb, &result);
  qmp_client_close (client, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (GPOINTER_TO_SIZE (g_thread_join (thread)), >, size);
  assert_nothing_left ();
  test_spin_until (result != NULL);
  g_clear_object (&result);
  test_client_free (client);
}

/* --- as it should not --- */

static void
assert_fails (TestServer *server,
              const char *host,
              const char *name,
              int         code,
              const char *part)
{
  g_autoptr(GSocketConnectable) address = address_for (host, server, name);
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr(GError) error = NULL;

  g_assert_false (test_open (client, address, &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, G_IO_ERROR, code);
  test_assert_error_has (error, part);
  test_assert_error_has (error, host);
  test_client_free (client);
  assert_nothing_left ();
}

static void
test_failures (void)
{
  g_autoptr(TestServer) server = test_server_new (TEST_SERVER_QEMU);
  g_autofree char *nobody = g_strdup_printf ("127.0.0.1:%u", find_port ());

  assert_fails (server, "vm", "none", G_IO_ERROR_CONNECTION_CLOSED, "open failed");
  /* It is there, and nobody listens. */
  assert_fails (server, "vm", "stderr", G_IO_ERROR_CONNECTION_CLOSED, "open failed");
  assert_fails (server, "denied", "qmp", G_IO_ERROR_FAILED, "Permission denied");
  assert_fails (server, "stranger", "qmp", G_IO_ERROR_FAILED, "Host key verification failed");
  assert_fails (server, nobody, "qmp", G_IO_ERROR_FAILED, "Connection refused");
}

static void
test_time_over (void)
{
  g_autoptr(TestServer) server = test_server_new (TEST_SERVER_QEMU);
  g_autoptr(GSocketConnectable) address = address_for ("black", server, "qmp");
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr(GError) error = NULL;

  qmp_client_set_open_timeout (client, 50);
  g_assert_false (qmp_client_open (client, address, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_nothing_left ();
  test_client_free (client);
}

/* At some step on the way, of which there are a few. */
static void
give_up (TestServer *server,
         const char *host,
         gboolean    drop)
{
  g_autoptr(GSocketConnectable) address = address_for (host, server, "qmp");
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;

  qmp_client_open_async (client, address, cancellable, test_result_cb, &result);
  for (int n = g_test_rand_int_range (0, 8); n > 0 && result == NULL && !g_str_equal (host, "black"); n--)
    test_iterate ();
  if (!drop)
    g_cancellable_cancel (cancellable);
  else
    qmp_client_close_async (client, NULL, NULL, NULL);
  test_spin_until (result != NULL);
  g_clear_object (&result);
  test_close (client, NULL);
  test_client_free (client);
  assert_nothing_left ();
}

static void
test_given_up (void)
{
  g_autoptr(TestServer) server = test_server_new (TEST_SERVER_QEMU);

  for (int i = 0; i < 4; i++)
    {
      give_up (server, "vm", i % 2);
      give_up (server, "black", i % 2);
    }
}

/* --- its end --- */

static void
assert_closed (QmpClient  *client,
               GError    **cause,
               const char *part)
{
  test_spin_until (*cause != NULL);
  g_test_message ("%s", (*cause)->message);
  g_assert_error (*cause, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  if (part != NULL)
    test_assert_error_has (*cause, part);
  else
    g_assert_null (strstr ((*cause)->message, "ssh"));
  g_clear_error (cause);
  test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
  assert_nothing_left ();
}

static void
test_ends (void)
{
  g_autoptr(TestServer) server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = open_client (server, "qmp");
  g_autoptr(GSocketConnectable) address = g_object_ref (qmp_client_get_address (client));
  g_autoptr(GError) cause = NULL;
  guint n;

  g_signal_connect (client, "closed", G_CALLBACK (closed_cb), &cause);
  kill_sessions ();
  assert_closed (client, &cause, "ssh: ");

  g_assert_true (test_open (client, address, NULL));
  kill (find_ssh (getpid (), &n), SIGKILL);
  assert_closed (client, &cause, NULL);

  g_assert_true (test_open (client, address, NULL));
  test_server_kill (server);
  assert_closed (client, &cause, NULL);
  test_client_free (client);
}

static void
test_ends_blocking (void)
{
  g_autoptr(TestServer) server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = open_client (server, "qmp");
  g_autoptr(GError) error = NULL;

  kill_sessions ();
  g_assert_null (qmp_client_execute (client, "query-status", NULL, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  test_assert_error_has (error, "ssh: ");
  assert_nothing_left ();
  test_client_free (client);
}

static void
test_kept_open (void)
{
  g_autoptr(TestServer) server = test_server_new (TEST_SERVER_QEMU_MACHINE);
  g_autoptr(GSocketConnectable) address = address_for ("vm", server, "qmp");
  QmpMachine *vm = qmp_machine_new (NULL);
  QmpClient *client = g_object_ref (qmp_machine_get_client (vm));

  qmp_machine_set_keep_delays (vm, 1000, 1000);
  qmp_machine_keep_open (vm, address);
  test_spin_until (qmp_machine_get_connected (vm));
  kill_sessions ();
  test_spin_until (!qmp_machine_get_connected (vm));
  test_spin_until (qmp_machine_get_connected (vm));
  qmp_machine_keep_open (vm, NULL);
  qmp_client_close (client, NULL, NULL);
  assert_nothing_left ();
  test_machine_free (vm);
  test_client_free (client);
}

/* However a program ends, its ssh does, too. */
static void
test_program_killed (void)
{
  g_autoptr(TestServer) server = test_server_new (TEST_SERVER_QEMU);
  g_autoptr(GSocketConnectable) address = address_for ("vm", server, "qmp");
  pid_t program = fork (), ssh;
  guint n;

  if (program == 0)
    {
      g_autoptr(GMainContext) context = g_main_context_new ();
      QmpClient *client;

      g_main_context_push_thread_default (context);
      client = qmp_client_new (NULL);
      if (!qmp_client_open (client, address, NULL, NULL))
        _exit (1);
      raise (SIGSTOP);
    }
  g_assert_cmpint (waitpid (program, &(int) { 0 }, WUNTRACED), ==, program);
  ssh = find_ssh (program, &n);
  g_assert_cmpuint (n, ==, 1);
  kill (program, SIGKILL);
  g_assert_cmpint (waitpid (program, NULL, 0), ==, program);
  test_wait_until (kill (ssh, 0) != 0);
  assert_nothing_left ();
}

static gboolean
can_run (void)
{
  g_autofree char *ssh = g_find_program_in_path ("ssh");
  g_autofree char *bin = in_directory ("bin");
  g_autofree char *ssh_keygen = g_find_program_in_path ("ssh-keygen");

  sshd.program = g_find_program_in_path ("sshd");
  if (sshd.program == NULL)
    sshd.program = g_find_program_in_path ("/usr/sbin/sshd");
  return ssh != NULL && ssh_keygen != NULL && sshd.program != NULL;
}

static void
test_skipped (void)
{
  g_test_skip ("there is no sshd (Debian's openssh-server), ssh or ssh-keygen here");
}

int
main (int    argc,
      char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  if (!can_run ())
    {
      g_test_add_func ("/ssh/skipped", test_skipped);
      return g_test_run ();
    }

  g_test_add_func ("/ssh/blocking", test_blocking);
  g_test_add_func ("/ssh/background", test_background);
  g_test_add_func ("/ssh/two", test_two);
  g_test_add_func ("/ssh/limits", test_limits);
  g_test_add_func ("/ssh/close-delivers", test_close_delivers);
  g_test_add_func ("/ssh/failures", test_failures);
  g_test_add_func ("/ssh/time-over", test_time_over);
  g_test_add_func ("/ssh/given-up", test_given_up);
  g_test_add_func ("/ssh/ends", test_ends);
  g_test_add_func ("/ssh/ends/blocking", test_ends_blocking);
  g_test_add_func ("/ssh/kept-open", test_kept_open);
  g_test_add_func ("/ssh/program-killed", test_program_killed);

  set_up ();
  status = g_test_run ();
  tear_down ();
  return status;
}
