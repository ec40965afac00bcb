/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test-raw.h"

/* Clients that come, cost too much and go, and user code that does anything in the middle. */

typedef struct _Fixture Fixture;

struct _Fixture {
  QmpServer *server;
  GPtrArray *kept;       /* of QmpInvocation */
  char      *closed;     /* how the last connection has ended, as a word */
  guint      n_closed;
  void    (* act) (Fixture       *self,
                   QmpInvocation *invocation);  /* what "act" does */
};

static gboolean
keep_cb (QmpServer     *server,
         QmpInvocation *invocation,
         Fixture       *self)
{
  g_ptr_array_add (self->kept, g_object_ref (invocation));
  return TRUE;
}

static gboolean
echo_cb (QmpServer     *server,
         QmpInvocation *invocation,
         Fixture       *self)
{
  return qmp_invocation_return_value (invocation, qmp_invocation_get_arguments (invocation), NULL);
}

static gboolean
act_cb (QmpServer     *server,
        QmpInvocation *invocation,
        Fixture       *self)
{
  self->act (self, invocation);
  return TRUE;
}

static void
closed_cb (QmpServerConnection *connection,
           const GError        *error,
           Fixture             *self)
{
  g_assert_cmpint (qmp_server_connection_get_runstate (connection), ==, QMP_RUNSTATE_IDLE);
  self->n_closed++;
  g_free (self->closed);
  self->closed = error != NULL ? test_error_word (error) : g_strdup ("ours");
}

static void
items_changed_cb (GListModel *list,
                  guint       position,
                  guint       removed,
                  guint       added,
                  Fixture    *self)
{
  for (guint i = position; i < position + added; i++)
    {
      g_autoptr(QmpServerConnection) connection = g_list_model_get_item (list, i);

      g_signal_connect (connection, "closed", G_CALLBACK (closed_cb), self);
    }
}

static void
set_up (Fixture       *self,
        gconstpointer  data)
{
  self->server = qmp_server_new (NULL);
  self->kept = g_ptr_array_new_with_free_func (g_object_unref);
  g_signal_connect (self->server, "command::keep", G_CALLBACK (keep_cb), self);
  g_signal_connect (self->server, "command::echo", G_CALLBACK (echo_cb), self);
  g_signal_connect (self->server, "command::act", G_CALLBACK (act_cb), self);
  g_signal_connect (qmp_server_get_connections (self->server), "items-changed", G_CALLBACK (items_changed_cb), self);
}

static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  if (self->server != NULL)
    {
      qmp_server_close (self->server);
      g_assert_finalize_object (self->server);
    }
  g_ptr_array_unref (self->kept);
  g_free (self->closed);
}

static guint
count (Fixture *self)
{
  return g_list_model_get_n_items (qmp_server_get_connections (self->server));
}

static TestRaw *
new_raw (Fixture *self)
{
  TestRaw *raw = test_raw_new (self->server);

  test_raw_negotiate (raw);
  return raw;
}

static void
assert_serves (TestRaw *raw)
{
  test_raw_assert_answer (raw, "{\"execute\":\"echo\",\"id\":9}", "{\"return\":{},\"id\":9}");
}

#define assert_closed(self, n, word)                  \
  G_STMT_START {                                      \
    test_spin_until ((self)->n_closed >= (n));        \
    g_assert_cmpuint ((self)->n_closed, ==, n);       \
    g_assert_cmpstr ((self)->closed, ==, word);       \
  } G_STMT_END

/* --- going --- */

/* What nobody was asked to answer is dropped; what is answered then goes nowhere. */
static void
test_client_leaves (Fixture       *self,
                    gconstpointer  data)
{
  TestRaw *raw = new_raw (self);
  g_autoptr(TestRaw) other = new_raw (self);

  test_raw_say (raw, "{\"execute\":\"keep\"}{\"execute\":\"keep\"}");
  test_spin_until (self->kept->len == 2);
  test_raw_free (raw);
  assert_closed (self, 1, "broken-pipe");
  g_assert_cmpuint (count (self), ==, 1);
  g_assert_true (qmp_invocation_return_value (self->kept->pdata[0], NULL, NULL));
  g_assert_true (qmp_invocation_get_answered (self->kept->pdata[0]));
  g_assert_cmpint (qmp_server_connection_get_runstate (qmp_invocation_get_connection (self->kept->pdata[1])), ==,
                   QMP_RUNSTATE_IDLE);
  g_ptr_array_set_size (self->kept, 0);
  assert_serves (other);
}

/* All that came before it is executed. */
static void
test_client_leaves_at_once (Fixture       *self,
                            gconstpointer  data)
{
  g_autoptr(TestRaw) raw = new_raw (self);

  test_raw_say (raw, "{\"execute\":\"keep\"}{\"execute\":\"keep\"}");
  shutdown (test_raw_get_fd (raw), SHUT_WR);
  assert_closed (self, 1, "broken-pipe");
  g_assert_cmpuint (self->kept->len, ==, 2);
}

static void
close_connection (Fixture       *self,
                  QmpInvocation *invocation)
{
  qmp_invocation_return_text (invocation, "\"bye\"", NULL);
  qmp_server_connection_close (qmp_invocation_get_connection (invocation));
  qmp_server_connection_close (qmp_invocation_get_connection (invocation));
}

/* What was answered before goes out, and what stands behind is not executed. */
static void
test_close_inside (Fixture       *self,
                   gconstpointer  data)
{
  g_autoptr(TestRaw) raw = new_raw (self);
  g_autoptr(TestRaw) other = new_raw (self);

  self->act = close_connection;
  test_raw_say (raw, "{\"execute\":\"act\"}{\"execute\":\"keep\"}");
  test_raw_assert_line (raw, "{\"return\":\"bye\"}");
  test_raw_assert_end (raw);
  assert_closed (self, 1, "ours");
  g_assert_cmpuint (self->kept->len, ==, 0);
  assert_serves (other);
}

static void
close_server (Fixture       *self,
              QmpInvocation *invocation)
{
  qmp_server_close (self->server);
  g_assert_cmpuint (count (self), ==, 0);
  g_assert_true (qmp_invocation_return_value (invocation, NULL, NULL));
}

static void
test_close_server_inside (Fixture       *self,
                          gconstpointer  data)
{
  g_autoptr(TestRaw) raw = new_raw (self);
  g_autoptr(TestRaw) other = new_raw (self);
  g_autoptr(TestRaw) later = NULL;

  self->act = close_server;
  test_raw_say (raw, "{\"execute\":\"act\"}{\"execute\":\"keep\"}");
  test_raw_assert_end (raw);
  test_raw_assert_end (other);
  assert_closed (self, 2, "ours");

  /* It may go on. */
  later = new_raw (self);
  assert_serves (later);
}

static void
unref_server (Fixture       *self,
              QmpInvocation *invocation)
{
  g_clear_object (&self->server);
}

/* It comes to its end when the handler is done. */
static void
test_unref_inside (Fixture       *self,
                   gconstpointer  data)
{
  g_autoptr(TestRaw) raw = new_raw (self);
  gpointer weak = self->server;

  g_object_add_weak_pointer (weak, &weak);
  self->act = unref_server;
  test_raw_say (raw, "{\"execute\":\"act\",\"id\":1}{\"execute\":\"keep\"}");
  test_raw_assert_end (raw);
  g_assert_null (weak);
  g_assert_cmpuint (self->kept->len, ==, 0);
  assert_closed (self, 1, "ours");
}

static void
dispose_all (Fixture       *self,
             QmpInvocation *invocation)
{
  g_object_run_dispose (G_OBJECT (invocation));
  g_assert_true (qmp_invocation_get_answered (invocation));
  g_object_run_dispose (G_OBJECT (qmp_invocation_get_connection (invocation)));
  g_assert_cmpuint (count (self), ==, 0);
  g_object_run_dispose (G_OBJECT (self->server));
}

static void
test_dispose_inside (Fixture       *self,
                     gconstpointer  data)
{
  g_autoptr(TestRaw) raw = new_raw (self);
  g_autoptr(TestRaw) later = NULL;

  self->act = dispose_all;
  test_raw_say (raw, "{\"execute\":\"act\",\"id\":1}{\"execute\":\"keep\"}");
  test_raw_assert_end (raw);
  assert_closed (self, 1, "ours");
}

static void
run_loop (Fixture       *self,
          QmpInvocation *invocation)
{
  test_spin_until (self->kept->len == 1);
  qmp_invocation_return_value (invocation, NULL, NULL);
}

/* A main loop in a handler goes on with what stands behind, and other clients. */
static void
test_nested (Fixture       *self,
             gconstpointer  data)
{
  g_autoptr(TestRaw) raw = new_raw (self);
  g_autoptr(TestRaw) other = new_raw (self);

  self->act = run_loop;
  test_raw_say (raw, "{\"execute\":\"act\",\"id\":1}{\"execute\":\"echo\",\"id\":2}");
  test_raw_say (other, "{\"execute\":\"keep\"}");
  test_raw_assert_line (raw, "{\"return\":{},\"id\":1}");
  test_raw_assert_line (raw, "{\"return\":{},\"id\":2}");
}

static gpointer
drop_in_thread (gpointer data)
{
  g_object_unref (data);
  return NULL;
}

static void
test_unref_in_thread (Fixture       *self,
                      gconstpointer  data)
{
  g_autoptr(TestRaw) raw = new_raw (self);

  g_thread_join (g_thread_new ("dropper", drop_in_thread, g_steal_pointer (&self->server)));
  test_raw_assert_end (raw);
  assert_closed (self, 1, "ours");
}

/* --- limits --- */

static void
test_too_large (Fixture       *self,
                gconstpointer  data)
{
  g_autoptr(TestRaw) other = new_raw (self);
  g_autoptr(TestRaw) raw = NULL;
  g_autofree char *much = g_strnfill (2000, 'x');

  qmp_server_set_max_message_size (self->server, 1000);
  raw = new_raw (self);
  test_raw_say (raw, "{\"execute\":\"");
  test_raw_say (raw, much);
  test_raw_assert_end (raw);
  assert_closed (self, 1, "too-large");
  assert_serves (other);
}

/* Events go to a client that does not read until it is too much: then he is cut off, and the others are not. */
static void
test_max_unsent (Fixture       *self,
                 gconstpointer  data)
{
  g_autoptr(TestRaw) deaf = NULL;
  g_autoptr(TestRaw) other = new_raw (self);
  g_autofree char *much = g_strnfill (10000, 'x');
  g_autofree char *json = g_strdup_printf ("{\"a\":\"%s\"}", much);
  g_autoptr(JsonNode) event_data = test_json (json);

  qmp_server_set_max_unsent (self->server, 100000);
  deaf = new_raw (self);
  for (guint i = 0; self->n_closed == 0; i++)
    {
      g_autofree char *line = NULL;

      g_assert_cmpuint (i, <, 10000);
      qmp_server_emit_event (self->server, "A", event_data, NULL);
      line = test_raw_read_line (other);
      g_assert_true (g_str_has_prefix (line, "{\"timestamp\""));
    }
  assert_closed (self, 1, "no-space");
  assert_serves (other);
}

/* Commands of a client that does not read are not read either, so that its answers cut nobody off. */
static void
test_deaf_asks (Fixture       *self,
                gconstpointer  data)
{
  g_autoptr(TestRaw) deaf = NULL;
  g_autoptr(TestRaw) other = new_raw (self);
  g_autofree char *much = g_strnfill (10000, 'x');
  g_autofree char *command = g_strdup_printf ("{\"execute\":\"echo\",\"arguments\":{\"a\":\"%s\"}}", much);
  const guint n = 500;
  gsize n_said = 0, length = strlen (command);

  qmp_server_set_max_unsent (self->server, 200000);
  deaf = new_raw (self);
  /* As much as goes: the last is not whole. */
  for (guint stuck = 0; stuck < 3 && n_said < n * length; )
    {
      gssize n_now = send (test_raw_get_fd (deaf), command + n_said % length, length - n_said % length, MSG_DONTWAIT);

      stuck = n_now < 0 ? stuck + 1 : 0;
      n_said += MAX (n_now, 0);
      assert_serves (other);
    }
  g_assert_cmpuint (n_said, <, n * length);
  g_assert_cmpuint (self->n_closed, ==, 0);

  /* Now it reads, and nothing is lost. */
  for (guint i = 0; i < n_said / length; i++)
    {
      g_autofree char *line = test_raw_read_line (deaf);

      g_assert_true (g_str_has_prefix (line, "{\"return\""));
    }
  test_raw_say (deaf, command + n_said % length);
  g_free (test_raw_read_line (deaf));
  assert_serves (deaf);
}

/* No more are read until some are answered. */
static void
test_max_pending (Fixture       *self,
                  gconstpointer  data)
{
  g_autoptr(TestRaw) raw = NULL;
  g_autoptr(TestRaw) other = new_raw (self);

  qmp_server_set_max_pending (self->server, 2);
  raw = new_raw (self);
  test_raw_say (raw, "{\"execute\":\"keep\",\"id\":1}{\"execute\":\"keep\",\"id\":2}");
  test_spin_until (self->kept->len == 2);
  test_raw_say (raw, "{\"execute\":\"keep\",\"id\":3}");
  test_spin_ready ();
  assert_serves (other);
  g_assert_cmpuint (self->kept->len, ==, 2);

  /* Later ones answered make no room: their answers wait. */
  qmp_invocation_return_value (self->kept->pdata[1], NULL, NULL);
  test_spin_ready ();
  g_assert_cmpuint (self->kept->len, ==, 2);
  qmp_invocation_return_value (self->kept->pdata[0], NULL, NULL);
  test_spin_until (self->kept->len == 3);
  test_raw_assert_line (raw, "{\"return\":{},\"id\":1}");
  test_raw_assert_line (raw, "{\"return\":{},\"id\":2}");
}

static void
test_pending_leaves (Fixture       *self,
                     gconstpointer  data)
{
  TestRaw *raw;

  qmp_server_set_max_pending (self->server, 1);
  raw = new_raw (self);
  test_raw_say (raw, "{\"execute\":\"keep\",\"id\":1}");
  test_spin_until (self->kept->len == 1);
  test_raw_free (raw);
  assert_closed (self, 1, "broken-pipe");
}

/* Junk is answered, and does no harm. */
static void
test_junk (Fixture       *self,
           gconstpointer  data)
{
  g_autoptr(TestRaw) raw = new_raw (self);
  g_autoptr(GString) junk = g_string_new (NULL);
  guint n_answers = 0;

  for (guint i = 0; i < 3000; i++)
    g_string_append (junk, "x\n");
  test_raw_say (raw, junk->str);
  for (; n_answers < 3000; n_answers++)
    {
      g_autofree char *line = test_raw_read_line (raw);

      g_assert_true (g_str_has_prefix (line, "{\"error\""));
    }
  assert_serves (raw);
}

/* --- listening --- */

static char *
dup_path (const char *directory)
{
  return g_build_filename (directory, "socket", NULL);
}

static TestRaw *
connect_to (GSocketAddress *address)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocket) socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM, 0, NULL);

  g_assert_true (g_socket_connect (socket, address, NULL, &error));
  g_assert_no_error (error);
  return test_raw_new_for_fd (dup (g_socket_get_fd (socket)));
}

static void
test_listen (Fixture       *self,
             gconstpointer  data)
{
  g_autofree char *directory = g_dir_make_tmp ("qmp-server-XXXXXX", NULL);
  g_autofree char *path = dup_path (directory);
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr(QmpServer) second = qmp_server_new (NULL);
  g_autoptr(GError) error = NULL;
  mode_t before = umask (0);
  struct stat info;

  g_assert_true (qmp_server_listen (self->server, G_SOCKET_CONNECTABLE (address), &error));
  umask (before);
  g_assert_no_errno (stat (path, &info));
  g_assert_cmpuint (info.st_mode & 0777, ==, 0600);
  g_assert_false (qmp_server_listen (second, G_SOCKET_CONNECTABLE (address), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);

  for (guint i = 0; i < 20; i++)
    {
      g_autoptr(TestRaw) raw = connect_to (address);
      g_autofree char *greeting = test_raw_read_line (raw);

      test_raw_negotiate (raw);
      assert_serves (raw);
    }
  test_spin_until (count (self) == 0);
  qmp_server_close (self->server);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_no_errno (g_rmdir (directory));
}

static void
test_credentials (Fixture       *self,
                  gconstpointer  data)
{
  g_autofree char *directory = g_dir_make_tmp ("qmp-server-XXXXXX", NULL);
  g_autofree char *path = dup_path (directory);
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr(TestRaw) raw = NULL;
  g_autoptr(QmpServerConnection) connection = NULL;
  GCredentials *credentials;

  g_assert_true (qmp_server_listen (self->server, G_SOCKET_CONNECTABLE (address), NULL));
  raw = connect_to (address);
  test_spin_until (count (self) == 1);
  connection = g_list_model_get_item (qmp_server_get_connections (self->server), 0);
  credentials = qmp_server_connection_get_credentials (connection);
  g_assert_cmpint (g_credentials_get_unix_pid (credentials, NULL), ==, getpid ());
  qmp_server_close (self->server);
  g_assert_no_errno (g_rmdir (directory));
}

static void
test_max_connections (Fixture       *self,
                      gconstpointer  data)
{
  g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  GSocketAddress *bound;
  g_autoptr(TestRaw) second = NULL;
  g_autoptr(TestRaw) third = NULL;
  g_autofree char *greeting = NULL;
  g_autofree char *later = NULL;
  TestRaw *first;

  qmp_server_set_max_connections (self->server, 1);
  g_assert_true (qmp_server_listen (self->server, G_SOCKET_CONNECTABLE (address), NULL));
  bound = qmp_server_get_listen_address (self->server);
  first = connect_to (bound);
  greeting = test_raw_read_line (first);
  second = connect_to (bound);
  test_raw_assert_end (second);
  test_raw_free (first);
  test_spin_until (count (self) == 0);
  third = connect_to (bound);
  later = test_raw_read_line (third);
  g_assert_nonnull (later);
}

/* An abstract socket has no file to keep others away: who they are is looked at. As root we can be somebody else. */
static void
test_owner_only (Fixture       *self,
                 gconstpointer  data)
{
  g_autofree char *name = g_strdup_printf ("qmp-server-test-%d", getpid ());
  g_autoptr(GSocketAddress) address =
    g_unix_socket_address_new_with_type (name, -1, G_UNIX_SOCKET_ADDRESS_ABSTRACT);
  g_autoptr(TestRaw) own = NULL;
  g_autoptr(TestRaw) foreign = NULL;
  g_autoptr(TestRaw) welcome = NULL;
  g_autofree char *greeting = NULL;
  g_autofree char *other_greeting = NULL;

  g_assert_true (qmp_server_listen (self->server, G_SOCKET_CONNECTABLE (address), NULL));
  own = connect_to (address);
  greeting = test_raw_read_line (own);
  g_assert_nonnull (greeting);
  if (geteuid () != 0)
    {
      g_test_skip ("not root");
      return;
    }
  g_assert_no_errno (seteuid (65534));
  foreign = connect_to (address);
  welcome = connect_to (address);
  g_assert_no_errno (seteuid (0));
  test_raw_assert_end (foreign);
  test_raw_assert_end (welcome);
  g_clear_pointer (&welcome, test_raw_free);

  qmp_server_set_owner_only (self->server, FALSE);
  g_assert_no_errno (seteuid (65534));
  welcome = connect_to (address);
  g_assert_no_errno (seteuid (0));
  other_greeting = test_raw_read_line (welcome);
  g_assert_nonnull (other_greeting);
}

static void
test_bad_stream (Fixture       *self,
                 gconstpointer  data)
{
  g_autoptr(GInputStream) input = g_memory_input_stream_new ();
  g_autoptr(GOutputStream) output = g_memory_output_stream_new_resizable ();
  g_autoptr(GIOStream) stream = g_simple_io_stream_new (input, output);
  int fd;
  g_autoptr(GIOStream) closed = test_socketpair (&fd);
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) closed_error = NULL;

  g_io_stream_close (closed, NULL, NULL);
  g_assert_false (qmp_server_add_stream (self->server, closed, &closed_error));
  g_assert_error (closed_error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  close (fd);
  g_assert_cmpuint (count (self), ==, 0);
  if (qmp_server_add_stream (self->server, stream, &error))
    test_spin_until (count (self) == 0);
  else
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
}

#define ADD(path, function) \
  g_test_add ("/server-clients/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("leaves", test_client_leaves);
  ADD ("leaves/at-once", test_client_leaves_at_once);
  ADD ("close/inside", test_close_inside);
  ADD ("close/server-inside", test_close_server_inside);
  ADD ("unref/inside", test_unref_inside);
  ADD ("unref/in-thread", test_unref_in_thread);
  ADD ("dispose/inside", test_dispose_inside);
  ADD ("nested", test_nested);
  ADD ("limits/too-large", test_too_large);
  ADD ("limits/max-unsent", test_max_unsent);
  ADD ("limits/deaf-asks", test_deaf_asks);
  ADD ("limits/max-pending", test_max_pending);
  ADD ("limits/max-pending/leaves", test_pending_leaves);
  ADD ("limits/max-connections", test_max_connections);
  ADD ("limits/junk", test_junk);
  ADD ("listen", test_listen);
  ADD ("listen/credentials", test_credentials);
  ADD ("listen/owner-only", test_owner_only);
  ADD ("bad-stream", test_bad_stream);

  return g_test_run ();
}
