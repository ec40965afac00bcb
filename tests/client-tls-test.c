/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test-peer.h"

/* TLS with a real QEMU, and with servers that know nothing of it. The certificates are made here, once. */

static char *directory;

/* --- certificates --- */

static char *
dup_path (const char *name)
{
  return g_build_filename (directory, name, NULL);
}

static void
run_certtool (const char *line)
{
  g_auto (GStrv) arguments = g_strsplit (line, " ", -1);
  g_autoptr (GSubprocessLauncher) launcher =
    g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GSubprocess) certtool = NULL;
  g_autofree char *errors = NULL;
  g_autoptr (GError) error = NULL;

  g_subprocess_launcher_set_cwd (launcher, directory);
  certtool = g_subprocess_launcher_spawnv (launcher, (const char * const *) arguments, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (certtool, NULL, NULL, NULL, &errors, &error);
  g_assert_no_error (error);
  if (!g_subprocess_get_successful (certtool))
    g_error ("%s: %s", line, errors);
}

/* authority: nullable, for one that signs itself. */
static void
make_certificate (const char *name,
                  const char *authority,
                  const char *template)
{
  g_autofree char *info_name = g_strdup_printf ("%s.info", name);
  g_autofree char *info = dup_path (info_name);
  g_autofree char *key_line = g_strdup_printf ("certtool --generate-privkey --key-type ecdsa --outfile %s-key.pem", name);
  g_autofree char *signer = authority != NULL
    ? g_strdup_printf ("--generate-certificate --load-ca-certificate %s-cert.pem --load-ca-privkey %s-key.pem",
                       authority, authority)
    : g_strdup ("--generate-self-signed");
  g_autofree char *line = g_strdup_printf ("certtool %s --load-privkey %s-key.pem --template %s.info --outfile %s-cert.pem",
                                           signer, name, name, name);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (info, template, -1, &error);
  g_assert_no_error (error);
  run_certtool (key_line);
  run_certtool (line);
}

static void
make_certificates (void)
{
  static const char authority[] = "cn = \"qmp-glib test\"\nca\ncert_signing_key\nexpiration_days = 7\n";

  directory = g_dir_make_tmp ("qmp-tls-XXXXXX", NULL);
  make_certificate ("ca", NULL, authority);
  make_certificate ("other", NULL, authority);
  make_certificate ("server", "ca",
                    "cn = \"server\"\ndns_name = \"vm.example\"\nip_address = \"127.0.0.1\"\n"
                    "tls_www_server\nsigning_key\nexpiration_days = 7\n");
  make_certificate ("client", "ca", "cn = \"client\"\ntls_www_client\nsigning_key\nexpiration_days = 7\n");
  make_certificate ("stranger", "other", "cn = \"client\"\ntls_www_client\nsigning_key\nexpiration_days = 7\n");
}

static void
remove_certificates (void)
{
  g_autoptr (GDir) files = g_dir_open (directory, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (files)) != NULL)
    {
      g_autofree char *path = dup_path (name);

      g_unlink (path);
    }
  g_rmdir (directory);
  g_free (directory);
}

static GTlsDatabase *
load_authority (const char *name)
{
  g_autofree char *file = g_strdup_printf ("%s-cert.pem", name);
  g_autofree char *path = dup_path (file);
  g_autoptr (GError) error = NULL;
  GTlsDatabase *database = g_tls_file_database_new (path, &error);

  g_assert_no_error (error);
  return database;
}

static GTlsCertificate *
load_certificate (const char *name)
{
  g_autofree char *certificate_file = g_strdup_printf ("%s-cert.pem", name);
  g_autofree char *key_file = g_strdup_printf ("%s-key.pem", name);
  g_autofree char *certificate_path = dup_path (certificate_file);
  g_autofree char *key_path = dup_path (key_file);
  g_autoptr (GError) error = NULL;
  GTlsCertificate *certificate = g_tls_certificate_new_from_files (certificate_path, key_path, &error);

  g_assert_no_error (error);
  return certificate;
}

/* --- QEMU --- */

typedef struct {
  GSubprocess        *process;
  GSocketConnectable *address;
} Server;

static void
die_with_the_test_cb (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (getppid () != GPOINTER_TO_INT (user_data))
    _exit (1);
}

/* Connectable when this returns: the listening socket was made here. */
/* QEMU 7.2 may lose a client that connects while it sets its monitors up, on a busy machine. It greets on a monitor
 * without TLS when it is done with that. */
static void
wait_for_greeting (GSocketConnectable *address)
{
  g_autoptr (QmpClient) client = qmp_client_new (NULL);
  g_autoptr (GError) error = NULL;

  qmp_client_set_open_timeout (client, 60000);
  qmp_client_open (client, address, NULL, &error);
  g_assert_no_error (error);
  qmp_client_close (client, NULL, &error);
  g_assert_no_error (error);
}

static GSocket *
listen_at (GSocketAddress *address)
{
  g_autoptr (GError) error = NULL;
  GSocket *listener = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                                    G_SOCKET_PROTOCOL_DEFAULT, NULL);

  g_assert_true (g_socket_bind (listener, address, FALSE, &error));
  g_assert_true (g_socket_listen (listener, &error));
  return listener;
}

static Server *
server_new (GSocketFamily  family,
            gboolean       verify_peer)
{
  Server *self = g_new0 (Server, 1);
  g_autoptr (GSocket) listener = NULL;
  g_autoptr (GSocket) plain_listener = NULL;
  g_autofree char *plain_path = dup_path ("plain");
  g_autoptr (GSocketAddress) plain = g_unix_socket_address_new (plain_path);
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autofree char *path = dup_path ("qmp");
  g_autoptr (GSocketAddress) address = family == G_SOCKET_FAMILY_UNIX
    ? g_unix_socket_address_new (path) : g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autofree char *credentials = g_strdup_printf ("tls-creds-x509,id=t,dir=%s,endpoint=server,verify-peer=%s",
                                                  directory, verify_peer ? "yes" : "no");
  g_autoptr (GError) error = NULL;

  g_unlink (path);
  g_unlink (plain_path);
  listener = listen_at (address);
  plain_listener = listen_at (plain);
  self->address = G_SOCKET_CONNECTABLE (g_socket_get_local_address (listener, &error));
  g_assert_no_error (error);
  g_subprocess_launcher_take_fd (launcher, dup (g_socket_get_fd (listener)), 3);
  g_subprocess_launcher_take_fd (launcher, dup (g_socket_get_fd (plain_listener)), 4);
  g_subprocess_launcher_set_child_setup (launcher, die_with_the_test_cb, GINT_TO_POINTER (getpid ()), NULL);
  self->process = g_subprocess_launcher_spawn (launcher, &error,
                                               "qemu-system-x86_64", "-machine", "none", "-nodefaults",
                                               "-display", "none", "-S", "-object", credentials, "-chardev",
                                               "socket,id=m,fd=3,server=on,wait=off,tls-creds=t",
                                               "-mon", "chardev=m,mode=control", "-chardev",
                                               "socket,id=p,fd=4,server=on,wait=off",
                                               "-mon", "chardev=p,mode=control", NULL);
  g_assert_no_error (error);
  wait_for_greeting (G_SOCKET_CONNECTABLE (plain));
  return self;
}

static void
server_free (Server *self)
{
  g_subprocess_force_exit (self->process);
  g_subprocess_wait (self->process, NULL, NULL);
  g_object_unref (self->process);
  g_object_unref (self->address);
  g_free (self);
}

/* authority, certificate: names, nullable. */
static QmpClient *
tls_client_new (const char *authority,
                const char *certificate)
{
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GTlsDatabase) database = authority != NULL ? load_authority (authority) : NULL;
  g_autoptr (GTlsCertificate) own = certificate != NULL ? load_certificate (certificate) : NULL;

  qmp_client_set_tls (client, TRUE);
  qmp_client_set_tls_database (client, database);
  qmp_client_set_tls_certificate (client, own);
  return client;
}

/* --- a link that works --- */

static void
check_schema (QmpClient *client,
              gboolean   blocking)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) schema = blocking ? qmp_client_execute (client, "query-qmp-schema", NULL, NULL, &error)
                                         : test_execute (client, "query-qmp-schema", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (json_array_get_length (json_node_get_array (schema)), >, 1000);
}

/* Many TLS records, the other way. */
static void
check_large_command (QmpClient *client,
                     gboolean   blocking)
{
  g_autofree char *filler = g_strnfill (40 * 1000, 'x');
  g_autofree char *text = g_strdup_printf ("{\"execute\": \"query-name\", \"arguments\": {\"%s\": 1}}", filler);
  g_autoptr (QmpMessage) message = test_message (text);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = blocking ? qmp_client_execute_message (client, message, NULL, &error)
                                        : test_execute_message (client, message, &error);

  g_assert_null (value);
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
}

static void
check_pipelining (QmpClient *client)
{
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (GString) expected = g_string_new (NULL);

  for (guint i = 0; i < 200; i++)
    {
      g_autofree char *name = g_strdup_printf ("c%u", i);

      test_log_execute_async (log, name, client, "query-version", NULL);
      g_string_append_printf (expected, "%s%s", i > 0 ? " " : "", name);
    }
  test_spin_until (test_log_has (log, "c199"));
  g_assert_cmpstr (test_log_get (log), ==, expected->str);
}

/* There is no control message within TLS. */
static void
check_no_fds (QmpClient *client)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (qmp_client_send_fd (client, 0, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
}

static void
check_works (QmpClient *client,
             gboolean   blocking)
{
  check_schema (client, blocking);
  check_large_command (client, blocking);
  check_pipelining (client);
  check_no_fds (client);
  check_schema (client, !blocking);
}

static void
check_opens (QmpClient *client,
             Server    *server,
             gboolean   blocking)
{
  g_autoptr (GError) error = NULL;

  if (blocking)
    qmp_client_open (client, server->address, NULL, &error);
  else
    test_open (client, server->address, &error);
  g_assert_no_error (error);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_RUNNING);
}

static void
check_closes (QmpClient *client,
              gboolean   blocking)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (blocking ? qmp_client_close (client, NULL, &error) : test_close (client, &error));
  g_assert_no_error (error);
}

static void
test_works (gconstpointer data)
{
  gboolean blocking = GPOINTER_TO_INT (data);
  Server *server = server_new (G_SOCKET_FAMILY_IPV4, TRUE);
  QmpClient *client = tls_client_new ("ca", "client");
  guint n_fds;

  check_opens (client, server, blocking);
  check_works (client, blocking);
  check_closes (client, blocking);
  n_fds = test_count_fds ();

  /* Again, for what it leaves behind. GIO closes a TLS stream in its thread; of one that was closed in a blocking call
   * the rest, a descriptor, may stay until the next such call. */
  for (int i = 0; i < 3; i++)
    {
      check_opens (client, server, blocking);
      check_closes (client, blocking);
    }
  test_spin_until (test_count_fds () <= n_fds + (blocking ? 1 : 0));
  test_client_free (client);
  server_free (server);
}

static void
test_no_client_certificate (void)
{
  Server *server = server_new (G_SOCKET_FAMILY_IPV4, FALSE);
  QmpClient *client = tls_client_new ("ca", NULL);

  check_opens (client, server, FALSE);
  check_schema (client, FALSE);
  check_closes (client, FALSE);
  test_client_free (client);
  server_free (server);
}

static void
test_other_identity (void)
{
  Server *server = server_new (G_SOCKET_FAMILY_UNIX, TRUE);
  QmpClient *client = tls_client_new ("ca", "client");
  g_autoptr (GError) error = NULL;

  g_assert_false (test_open (client, server->address, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_TLS_IDENTITY);
  test_assert_error_has (error, "tls-identity");
  qmp_client_set_tls_identity (client, "vm.example");
  check_opens (client, server, TRUE);
  check_schema (client, TRUE);
  check_closes (client, TRUE);
  qmp_client_set_tls_identity (client, "127.0.0.1");
  check_opens (client, server, FALSE);
  check_closes (client, FALSE);
  test_client_free (client);
  server_free (server);
}

/* The stream made by hand. */
static void
test_open_stream_works (void)
{
  Server *server = server_new (G_SOCKET_FAMILY_IPV4, TRUE);
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GSocketClient) socket_client = g_socket_client_new ();
  g_autoptr (GTlsDatabase) database = load_authority ("ca");
  g_autoptr (GTlsCertificate) certificate = load_certificate ("client");
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (GError) error = NULL;

  connection = g_socket_client_connect (socket_client, server->address, NULL, &error);
  g_assert_no_error (error);
  stream = g_tls_client_connection_new (G_IO_STREAM (connection), server->address, &error);
  g_assert_no_error (error);
  g_tls_connection_set_database (G_TLS_CONNECTION (stream), database);
  g_tls_connection_set_certificate (G_TLS_CONNECTION (stream), certificate);
  g_assert_true (test_open_stream (client, stream, &error));
  g_assert_no_error (error);
  g_clear_object (&stream);
  check_works (client, FALSE);
  check_closes (client, FALSE);
  test_client_free (client);
  server_free (server);
}

/* QEMU says no goodbye in TLS, and that is no error of TLS. */
static void
test_quit (void)
{
  Server *server = server_new (G_SOCKET_FAMILY_IPV4, TRUE);
  QmpClient *client = tls_client_new ("ca", "client");
  g_autoptr (TestLog) log = test_log_new (client);
  g_autofree char *word = NULL;
  g_autoptr (GError) closed = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "");
  g_autofree char *closed_error = test_error_word (closed);

  check_opens (client, server, FALSE);
  test_log_execute_async (log, "quit", client, "quit", NULL);
  word = g_strdup_printf ("closed(%s)", closed_error);
  test_spin_until (test_log_has (log, "IDLE"));
  test_spin_ready ();
  g_assert_true (test_log_has (log, "quit"));
  g_assert_true (test_log_has (log, word));
  test_client_free (client);
  server_free (server);
}

/* --- a server of our own --- */

static GThread *
start_server (GThreadFunc   func,
              GIOStream   **stream)
{
  g_autoptr (GSocketConnectable) identity = g_network_address_new ("vm.example", 0);
  g_autoptr (GTlsDatabase) database = load_authority ("ca");
  g_autoptr (GIOStream) base = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;
  int fd;

  base = test_socketpair (&fd);
  socket = g_socket_new_from_fd (fd, NULL);
  *stream = g_tls_client_connection_new (base, identity, &error);
  g_assert_no_error (error);
  g_tls_connection_set_database (G_TLS_CONNECTION (*stream), database);
  return g_thread_new ("server", func, g_socket_connection_factory_create_connection (socket));
}

/* A greeting in two TLS records, the second a full one: it does not fit into what is left of the client's buffer,
 * and the rest of it waits where only TLS knows of it. */
static gpointer
full_record_thread (gpointer data)
{
  g_autoptr (GIOStream) base = data;
  g_autoptr (GTlsCertificate) certificate = load_certificate ("server");
  g_autoptr (GIOStream) stream = g_tls_server_connection_new (base, certificate, NULL);
  GOutputStream *output = g_io_stream_get_output_stream (stream);
  g_autofree char *filler = g_strnfill (16384 + 1000, ' ');
  const char greeting[] = PEER_GREETING;
  char byte;

  g_assert_true (g_tls_connection_handshake (G_TLS_CONNECTION (stream), NULL, NULL));
  /* The greeting's last byte is the last of all. */
  memcpy (filler, "{", 1);
  memcpy (filler + 16384 + 1000 - strlen (greeting) + 1, greeting + 1, strlen (greeting) - 1);
  g_assert_true (g_output_stream_write_all (output, filler, 1000, NULL, NULL, NULL));
  g_assert_true (g_output_stream_write_all (output, filler + 1000, 16384, NULL, NULL, NULL));
  g_input_stream_read (g_io_stream_get_input_stream (stream), &byte, 1, NULL, NULL);
  return NULL;
}

static void
test_full_record (void)
{
  g_autoptr (QmpClient) client = qmp_client_new (NULL);
  g_autoptr (GIOStream) stream = NULL;
  GThread *thread = start_server (full_record_thread, &stream);
  g_autoptr (GError) error = NULL;

  qmp_client_set_negotiate (client, FALSE);
  g_assert_true (test_open_stream (client, stream, &error));
  g_assert_no_error (error);
  check_closes (client, FALSE);
  g_thread_join (thread);
}

/* What each read of the server brings is a record. */
static gpointer
count_records_thread (gpointer data)
{
  g_autoptr (GIOStream) base = data;
  g_autoptr (GTlsCertificate) certificate = load_certificate ("server");
  g_autoptr (GIOStream) stream = g_tls_server_connection_new (base, certificate, NULL);
  GInputStream *input = g_io_stream_get_input_stream (stream);
  const char greeting[] = PEER_GREETING;
  GString *sizes = g_string_new (NULL);
  char record[16384];
  gssize n;

  g_assert_true (g_tls_connection_handshake (G_TLS_CONNECTION (stream), NULL, NULL));
  g_output_stream_write_all (g_io_stream_get_output_stream (stream), greeting, strlen (greeting), NULL, NULL, NULL);
  while ((n = g_input_stream_read (input, record, sizeof (record), NULL, NULL)) > 0)
    g_string_append_printf (sizes, "%zd ", n);
  return g_string_free (sizes, FALSE);
}

/* Two for a command, the second of one byte, which is what QEMU before 8.0 needs. */
static void
test_records (void)
{
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GIOStream) stream = NULL;
  GThread *thread = start_server (count_records_thread, &stream);
  g_autofree char *sizes = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_set_negotiate (client, FALSE);
  g_assert_true (test_open_stream (client, stream, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (QmpMessage) command = test_message ("{\"execute\": \"query-status\", \"id\": \"0123456789\"}");

      qmp_client_execute_message_async (client, command, NULL, NULL, NULL);
    }
  check_closes (client, FALSE);
  g_clear_object (&stream);
  sizes = g_thread_join (thread);
  g_test_message ("%s", sizes);
  g_assert_true (g_regex_match_simple ("^(\\d\\d 1 ){3}$", sizes, 0, 0));
  test_client_free (client);
}

/* The pool's spawner, which newer GLibs have, runs no tasks and never ends. */
static guint
count_pool_threads (void)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  const char *task;
  guint n = 0;

  while ((task = g_dir_read_name (tasks)) != NULL)
    {
      g_autofree char *path = g_strdup_printf ("/proc/self/task/%s/comm", task);
      g_autofree char *name = NULL;

      if (g_file_get_contents (path, &name, NULL, NULL))
        n += g_str_has_prefix (name, "pool") && !g_str_has_prefix (name, "pool-spawner");
    }
  return n;
}

/* A goodbye of the child's would be the parent's. GIO must not think that it has a thread for that: those of the
 * parent's stay with the parent. */
static void
test_fork (void)
{
  Server *server = server_new (G_SOCKET_FAMILY_IPV4, TRUE);
  QmpClient *client = tls_client_new ("ca", "client");
  guint n_fds;
  int status;
  pid_t pid;

  g_thread_pool_set_max_unused_threads (0);
  check_opens (client, server, TRUE);
  n_fds = test_count_fds ();
  while (count_pool_threads () > 0)
    g_thread_yield ();
  pid = fork ();
  if (pid == 0)
    {
      g_object_run_dispose (G_OBJECT (client));
      g_object_unref (client);
      while (test_count_fds () >= n_fds)
        g_thread_yield ();
      /* Under valgrind, what else the parent has is not the child's to free. */
      execlp ("true", "true", NULL);
      _exit (1);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  check_schema (client, TRUE);
  check_closes (client, TRUE);
  test_client_free (client);
  server_free (server);
}

/* --- a link that must not come to be --- */

static GError *
fail_to_open (QmpClient          *client,
              GSocketConnectable *address)
{
  g_autofree char *name = g_socket_connectable_to_string (address);
  g_autoptr (GError) blocking_error = NULL;
  GError *error = NULL;

  g_assert_false (test_open (client, address, &error));
  g_assert_false (qmp_client_open (client, address, NULL, &blocking_error));
  g_assert_error (blocking_error, error->domain, error->code);
  g_assert_cmpstr (blocking_error->message, ==, error->message);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  g_test_message ("%s", error->message);
  return error;
}

static void
test_wrong_authority (void)
{
  Server *server = server_new (G_SOCKET_FAMILY_IPV4, TRUE);
  QmpClient *client = tls_client_new ("other", "client");
  g_autoptr (GError) error = fail_to_open (client, server->address);
  g_autofree char *name = g_socket_connectable_to_string (server->address);

  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  test_assert_error_has (error, name);
  test_assert_error_has (error, "not signed by an authority");
  test_client_free (client);
  server_free (server);
}

/* Nobody in the system's list has signed it. */
static void
test_system_authority (void)
{
  Server *server = server_new (G_SOCKET_FAMILY_IPV4, FALSE);
  QmpClient *client = tls_client_new (NULL, NULL);
  g_autoptr (GError) error = fail_to_open (client, server->address);

  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  test_client_free (client);
  server_free (server);
}

static void
test_wrong_host (gconstpointer data)
{
  Server *server = server_new (G_SOCKET_FAMILY_IPV4, TRUE);
  QmpClient *client = tls_client_new ("ca", "client");
  g_autoptr (GError) error = NULL;

  qmp_client_set_tls_identity (client, data);
  error = fail_to_open (client, server->address);
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  test_assert_error_has (error, "for another host");
  test_client_free (client);
  server_free (server);
}

/* data: the certificate's name, nullable. When the server looks at it the client's part of the handshake may be
 * over already, so that only the next read shows it. */
static void
test_refused_by_server (gconstpointer data)
{
  Server *server = server_new (G_SOCKET_FAMILY_IPV4, TRUE);
  QmpClient *client = tls_client_new ("ca", data);
  g_autoptr (GError) error = NULL;

  g_assert_false (test_open (client, server->address, &error));
  g_test_message ("%s", error->message);
  g_assert_true (error->domain == G_TLS_ERROR || error->domain == G_IO_ERROR);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  test_client_free (client);
  server_free (server);
}

/* --- servers that know no TLS --- */

static void
test_no_tls_server (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_TCP, PEER_GREET, PEER_DRAIN, PEER_CLOSE, PEER_GREET, PEER_DRAIN);
  QmpClient *client = tls_client_new ("ca", NULL);
  g_autoptr (GError) error = fail_to_open (client, test_peer_get_address (peer));

  g_assert_true (error->domain == G_TLS_ERROR);
  test_assert_error_has (error, "may not speak TLS");
  test_client_free (client);
  test_peer_finish (peer);
}

/* Connected in the very call, so the deadline falls into the handshake. */
static void
test_silent_server (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_DRAIN, PEER_CLOSE, PEER_DRAIN);
  QmpClient *client = tls_client_new ("ca", NULL);
  g_autoptr (GError) error = NULL;

  qmp_client_set_tls_identity (client, "vm.example");
  qmp_client_set_open_timeout (client, 50);
  error = fail_to_open (client, test_peer_get_address (peer));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY);
  test_assert_error_has (error, "TLS handshake");
  test_client_free (client);
  test_peer_finish (peer);
}

static void
test_server_hangs_up (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_TCP, PEER_ACCEPT, PEER_CLOSE, PEER_ACCEPT, PEER_CLOSE);
  QmpClient *client = tls_client_new ("ca", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (test_open (client, test_peer_get_address (peer), &error));
  g_test_message ("%s", error->message);
  test_assert_error_has (error, "Could not secure the connection to 127.0.0.1:");
  g_clear_error (&error);
  g_assert_false (qmp_client_open (client, test_peer_get_address (peer), NULL, &error));
  test_assert_error_has (error, "Could not secure the connection to 127.0.0.1:");
  test_client_free (client);
  test_peer_finish (peer);
}

/* data: closed rather than cancelled. The client can be opened again. */
static void
test_cancel (gconstpointer data)
{
  gboolean closes = GPOINTER_TO_INT (data);
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_ACCEPT, PEER_TELL, PEER_DRAIN, PEER_CLOSE, PEER_HANDSHAKE);
  QmpClient *client = tls_client_new ("ca", NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) close_error = NULL;

  qmp_client_set_tls_identity (client, "vm.example");
  qmp_client_open_async (client, test_peer_get_address (peer), cancellable, test_result_cb, &result);
  test_spin_until (test_peer_get_told (peer) == 1);
  if (closes)
    g_assert_true (test_close (client, &close_error));
  else
    g_cancellable_cancel (cancellable);
  test_spin_until (result != NULL);
  g_assert_false (qmp_client_open_finish (client, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_clear_object (&result);
  qmp_client_set_tls (client, FALSE);
  g_assert_true (test_open (client, test_peer_get_address (peer), &error));
  g_assert_no_error (error);
  test_peer_close (peer, client);
}

/* --- properties --- */

static void
count_cb (guint *count)
{
  (*count)++;
}

static void
test_properties (void)
{
  g_autoptr (QmpClient) client = qmp_client_new (NULL);
  g_autoptr (GTlsDatabase) database = load_authority ("ca");
  g_autoptr (GTlsCertificate) certificate = load_certificate ("client");
  g_autoptr (GTlsDatabase) got_database = NULL;
  g_autoptr (GTlsCertificate) got_certificate = NULL;
  g_autofree char *identity = NULL;
  gboolean tls = FALSE;
  guint count = 0;

  g_assert_false (qmp_client_get_tls (client));
  g_assert_null (qmp_client_get_tls_database (client));
  g_assert_null (qmp_client_get_tls_certificate (client));
  g_assert_null (qmp_client_get_tls_identity (client));
  g_signal_connect_swapped (client, "notify", G_CALLBACK (count_cb), &count);
  for (guint i = 0; i < 2; i++)
    {
      g_object_set (client, "tls", TRUE, "tls-database", database, "tls-certificate", certificate,
                    "tls-identity", "vm.example", NULL);
      g_assert_cmpuint (count, ==, 4);
    }
  g_object_get (client, "tls", &tls, "tls-database", &got_database, "tls-certificate", &got_certificate,
                "tls-identity", &identity, NULL);
  g_assert_true (tls);
  g_assert_true (got_database == database && qmp_client_get_tls_database (client) == database);
  g_assert_true (got_certificate == certificate && qmp_client_get_tls_certificate (client) == certificate);
  g_assert_cmpstr (identity, ==, "vm.example");
  qmp_client_set_tls_identity (client, NULL);
  qmp_client_set_tls_database (client, NULL);
  g_assert_null (qmp_client_get_tls_identity (client));
  g_assert_cmpuint (count, ==, 6);
}

static void
add_tests (void)
{
  g_test_add_data_func ("/client/tls/works/async", GINT_TO_POINTER (FALSE), test_works);
  g_test_add_data_func ("/client/tls/works/blocking", GINT_TO_POINTER (TRUE), test_works);
  g_test_add_func ("/client/tls/works/no-client-certificate", test_no_client_certificate);
  g_test_add_func ("/client/tls/works/other-identity", test_other_identity);
  g_test_add_func ("/client/tls/works/open-stream", test_open_stream_works);
  g_test_add_func ("/client/tls/works/full-record", test_full_record);
  g_test_add_func ("/client/tls/works/records", test_records);
  g_test_add_func ("/client/tls/works/fork", test_fork);
  g_test_add_func ("/client/tls/quit", test_quit);
  g_test_add_func ("/client/tls/fails/wrong-authority", test_wrong_authority);
  g_test_add_func ("/client/tls/fails/system-authority", test_system_authority);
  g_test_add_data_func ("/client/tls/fails/wrong-host/name", "other.example", test_wrong_host);
  g_test_add_data_func ("/client/tls/fails/wrong-host/number", "127.0.0.2", test_wrong_host);
  g_test_add_data_func ("/client/tls/fails/refused/nobody", NULL, test_refused_by_server);
  g_test_add_data_func ("/client/tls/fails/refused/stranger", "stranger", test_refused_by_server);
  g_test_add_func ("/client/tls/fails/no-tls", test_no_tls_server);
  g_test_add_func ("/client/tls/fails/silent", test_silent_server);
  g_test_add_func ("/client/tls/fails/hangs-up", test_server_hangs_up);
  g_test_add_data_func ("/client/tls/cancel", GINT_TO_POINTER (FALSE), test_cancel);
  g_test_add_data_func ("/client/tls/close", GINT_TO_POINTER (TRUE), test_cancel);
  g_test_add_func ("/client/tls/properties", test_properties);
}

int
main (int   argc,
      char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  make_certificates ();
  add_tests ();
  status = g_test_run ();
  remove_certificates ();
  return status;
}
