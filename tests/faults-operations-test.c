/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "test-resolver.h"
#include "test-responder.h"

/* Each operation, stopped at each iteration of the main loop that it takes: by cancelling it, by closing the client
 * under it, by g_object_run_dispose(); and with the last reference dropped while it is under way and inside of its
 * callback. Each time its callback is called once, and nothing is left. */

typedef struct _Operation Operation;

typedef struct {
  const Operation    *operation;
  TestResponder      *responder;  /* nullable */
  QmpClient          *client;     /* nullable: dropped */
  QmpClient          *watched;    /* the same, not owned: NULL when nobody holds it any more */
  QmpEventListener   *listener;
  GIOStream          *stream;     /* nullable */
  GSocketConnectable *address;    /* nullable */
  char               *directory;  /* nullable */
  int                 fd;         /* -1: none */
  GCancellable       *cancellable;
  GAsyncResult       *result;
  guint               n_callbacks;
  gboolean            drop_in_callback;
} Fixture;

struct _Operation {
  const char *name;
  void     (* prepare) (Fixture *self);
  void     (* begin)   (Fixture *self);
  /* Frees the value. */
  void     (* finish)  (Fixture *self,
                        GError **error);
  gboolean    endless;  /* it does not end by itself */
};

/* Iterations after which an endless one has certainly come as far as it gets. */
#define MANY 24

static void
done_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Fixture *self = user_data;

  self->n_callbacks++;
  g_assert_null (self->result);
  self->result = g_object_ref (result);
  if (self->drop_in_callback)
    {
      g_clear_object (&self->listener);
      g_clear_object (&self->client);
    }
}

/* --- opening --- */

static void
prepare_unix (Fixture *self)
{
  self->responder = test_responder_new (TEST_RESPONDER_UNIX);
  self->address = g_object_ref (test_responder_get_address (self->responder));
}

static void
prepare_long_path (Fixture *self)
{
  g_autofree char *directory = NULL;
  g_autofree char *detour = g_strnfill (120, '/');
  g_autofree char *path = NULL;

  self->responder = test_responder_new (TEST_RESPONDER_UNIX);
  directory = g_path_get_dirname (test_responder_get_path (self->responder));
  path = g_strconcat (directory, detour, "qmp", NULL);
  self->address = qmp_address_parse (path, NULL);
}

static void
prepare_tcp (Fixture *self)
{
  self->responder = test_responder_new (TEST_RESPONDER_TCP);
  self->address = g_object_ref (test_responder_get_address (self->responder));
}

static guint16
get_port (Fixture *self)
{
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (test_responder_get_address (self->responder)));
}

static void
prepare_localhost (Fixture *self)
{
  self->responder = test_responder_new (TEST_RESPONDER_TCP);
  self->address = g_network_address_new ("localhost", get_port (self));
}

static void
prepare_name (Fixture *self)
{
  self->responder = test_responder_new (TEST_RESPONDER_TCP);
  self->address = g_network_address_new ("vm.example", get_port (self));
}

/* Nobody is there, and whether there are vsocks at all is up to the system. */
static void
prepare_vsock (Fixture *self)
{
  self->address = qmp_address_parse ("vsock:1:4294967290", NULL);
}

static void
prepare_pair (Fixture *self)
{
  self->responder = test_responder_new_pair (TEST_RESPONDER_UNIX, &self->stream);
}

static void
prepare_fd (Fixture *self)
{
  g_autofree char *text = NULL;

  prepare_pair (self);
  self->fd = fcntl (g_socket_get_fd (g_socket_connection_get_socket (G_SOCKET_CONNECTION (self->stream))),
                    F_DUPFD_CLOEXEC, 3);
  g_clear_object (&self->stream);
  text = g_strdup_printf ("fd:%d", self->fd);
  self->address = qmp_address_parse (text, NULL);
}

static void
prepare_other_stream (Fixture *self)
{
  g_autoptr (GIOStream) base = NULL;

  self->responder = test_responder_new_pair (TEST_RESPONDER_UNIX, &base);
  self->stream = test_chunk_stream_new (base, 7);
}

/* TLS is spoken to a server that does not know it: it answers with its greeting. */
static void
prepare_tls (Fixture *self)
{
  self->responder = test_responder_new (TEST_RESPONDER_TCP | TEST_RESPONDER_SINK);
  self->address = g_network_address_new ("localhost", get_port (self));
  qmp_client_set_tls (self->client, TRUE);
}

static void
prepare_silent_tls (Fixture *self)
{
  self->responder = test_responder_new (TEST_RESPONDER_TCP | TEST_RESPONDER_MUTE | TEST_RESPONDER_SINK);
  self->address = g_network_address_new ("localhost", get_port (self));
  qmp_client_set_tls (self->client, TRUE);
}

static void
prepare_silent (Fixture *self)
{
  self->responder = test_responder_new (TEST_RESPONDER_MUTE);
  self->address = g_object_ref (test_responder_get_address (self->responder));
}

static void
prepare_slow (Fixture *self)
{
  self->responder = test_responder_new (TEST_RESPONDER_SLOW);
  self->address = g_object_ref (test_responder_get_address (self->responder));
}

static void
prepare_agent (Fixture *self)
{
  prepare_silent (self);
  qmp_client_set_guest_agent (self->client, TRUE);
}

static void
begin_open (Fixture *self)
{
  if (self->stream != NULL)
    qmp_client_open_stream_async (self->client, self->stream, self->cancellable, done_cb, self);
  else
    qmp_client_open_async (self->client, self->address, self->cancellable, done_cb, self);
}

static QmpClient *
get_source (Fixture *self)
{
  return QMP_CLIENT (g_async_result_get_source_object (self->result));
}

static void
finish_open (Fixture *self,
             GError **error)
{
  g_autoptr (QmpClient) client = get_source (self);
  gboolean success = self->stream != NULL ? qmp_client_open_stream_finish (client, self->result, error)
                                          : qmp_client_open_finish (client, self->result, error);

  g_assert_true (success == (*error == NULL));
}

static void
prepare_listening (Fixture *self)
{
  g_autofree char *path = NULL;

  self->directory = g_dir_make_tmp ("qmp-faults-XXXXXX", NULL);
  path = g_build_filename (self->directory, "s", NULL);
  self->address = G_SOCKET_CONNECTABLE (g_unix_socket_address_new (path));
  g_assert_true (qmp_client_listen (self->client, self->address, NULL, NULL));
}

static void
prepare_peer (Fixture *self)
{
  prepare_listening (self);
  self->responder = test_responder_new_connecting (G_SOCKET_ADDRESS (self->address));
}

static void
begin_accept (Fixture *self)
{
  qmp_client_accept_async (self->client, self->cancellable, done_cb, self);
}

static void
finish_accept (Fixture *self,
               GError **error)
{
  g_autoptr (QmpClient) client = get_source (self);

  g_assert_true (qmp_client_accept_finish (client, self->result, error) == (*error == NULL));
}

/* --- commands --- */

static void
open_well (Fixture *self)
{
  g_autoptr (GError) error = NULL;

  qmp_client_open (self->client, self->address, NULL, &error);
  g_assert_no_error (error);
  test_spin_ready ();
}

static void
prepare_link (Fixture *self)
{
  prepare_unix (self);
  open_well (self);
  qmp_client_add_listener (self->client, self->listener);
}

static void
prepare_link_of_agent (Fixture *self)
{
  prepare_agent (self);
  open_well (self);
}

static void
execute (Fixture    *self,
         const char *command)
{
  qmp_client_execute_async (self->client, command, NULL, self->cancellable, done_cb, self);
}

static void
begin_execute (Fixture *self)
{
  execute (self, "query-name");
}

static void
begin_hang (Fixture *self)
{
  execute (self, "hang");
}

static void
finish_execute (Fixture *self,
                GError **error)
{
  g_autoptr (QmpClient) client = get_source (self);
  g_autoptr (JsonNode) value = qmp_client_execute_finish (client, self->result, error);

  g_assert_true ((value == NULL) == (*error != NULL));
}

/* It stands behind what the window has room for. Nobody asks what becomes of those. */
static void
prepare_window (Fixture *self)
{
  self->responder = test_responder_new (TEST_RESPONDER_OOB);
  self->address = g_object_ref (test_responder_get_address (self->responder));
  qmp_client_set_out_of_band (self->client, TRUE);
  open_well (self);
  g_assert_true (qmp_client_get_out_of_band_active (self->client));
  for (guint i = 0; i < 7; i++)
    qmp_client_execute_async (self->client, "hang", NULL, NULL, NULL, NULL);
}

static void
prepare_busy_agent (Fixture *self)
{
  prepare_link_of_agent (self);
  qmp_client_execute_async (self->client, "hang", NULL, NULL, NULL, NULL);
}

static void
execute_message (Fixture    *self,
                 QmpMessage *message)
{
  qmp_client_execute_message_async (self->client, message, self->cancellable, done_cb, self);
}

/* More than the socket takes at once. */
static void
begin_large (Fixture *self)
{
  g_autofree char *filler = g_strnfill (1024 * 1024, 'x');
  g_autofree char *text = g_strdup_printf ("{\"execute\": \"query-name\", \"arguments\": {\"x\": \"%s\"}}", filler);
  g_autoptr (QmpMessage) message = test_message (text);

  execute_message (self, message);
}

static void
begin_with_fd (Fixture *self)
{
  g_autoptr (QmpMessage) message = test_message ("{\"execute\": \"getfd\"}");
  int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new_from_array (&fd, 1);

  qmp_message_set_fd_list (message, list);
  execute_message (self, message);
}

static void
begin_out_of_band (Fixture *self)
{
  g_autoptr (QmpMessage) message = test_message ("{\"exec-oob\": \"query-name\"}");

  execute_message (self, message);
}

static void
finish_message (Fixture *self,
                GError **error)
{
  g_autoptr (QmpClient) client = get_source (self);
  g_autoptr (JsonNode) value = qmp_client_execute_message_finish (client, self->result, error);

  g_assert_true ((value == NULL) == (*error != NULL));
}

static void
begin_exchange (Fixture *self)
{
  g_autoptr (QmpMessage) message = test_message ("{\"execute\": \"query-name\", \"id\": {\"a\": [1]}}");

  qmp_client_exchange_async (self->client, message, self->cancellable, done_cb, self);
}

static void
begin_exchange_without_id (Fixture *self)
{
  g_autoptr (QmpMessage) message = test_message ("{\"execute\": \"query-name\", \"id\": null}");

  qmp_client_exchange_async (self->client, message, self->cancellable, done_cb, self);
}

static void
finish_exchange (Fixture *self,
                 GError **error)
{
  g_autoptr (QmpClient) client = get_source (self);
  g_autoptr (QmpMessage) reply = qmp_client_exchange_finish (client, self->result, error);

  g_assert_true ((reply == NULL) == (*error != NULL));
}

/* --- events --- */

static void
wait_for (Fixture    *self,
          const char *text)
{
  g_autoptr (QmpMessage) message = test_message (text);
  g_autoptr (QmpEventMatch) wanted = TEST_MATCH ("STOP");

  qmp_client_execute_and_wait_async (self->client, message, wanted, self->cancellable, done_cb, self);
}

static void
begin_wait (Fixture *self)
{
  wait_for (self, "{\"execute\": \"stop\"}");
}

/* Its event never comes. */
static void
begin_wait_in_vain (Fixture *self)
{
  wait_for (self, "{\"execute\": \"query-name\"}");
}

static void
finish_wait (Fixture *self,
             GError **error)
{
  g_autoptr (QmpClient) client = get_source (self);
  g_autoptr (QmpEvent) event = qmp_client_execute_and_wait_finish (client, self->result, error);

  g_assert_true ((event == NULL) == (*error != NULL));
}

static void
begin_next (Fixture *self)
{
  qmp_client_execute_async (self->client, "stop", NULL, NULL, NULL, NULL);
  qmp_event_listener_next_async (self->listener, -1, self->cancellable, done_cb, self);
}

static void
begin_next_in_vain (Fixture *self)
{
  qmp_event_listener_next_async (self->listener, -1, self->cancellable, done_cb, self);
}

static void
finish_next (Fixture *self,
             GError **error)
{
  g_autoptr (GObject) listener = g_async_result_get_source_object (self->result);
  g_autoptr (QmpEvent) event = qmp_event_listener_next_finish (QMP_EVENT_LISTENER (listener), self->result, error);

  g_assert_true ((event == NULL) == (*error != NULL));
}

/* --- the rest --- */

static void
begin_close (Fixture *self)
{
  qmp_client_execute_async (self->client, "query-name", NULL, NULL, NULL, NULL);
  qmp_client_close_async (self->client, self->cancellable, done_cb, self);
}

/* With much to write before it. */
static void
begin_close_large (Fixture *self)
{
  g_autofree char *filler = g_strnfill (1024 * 1024, 'x');
  g_autofree char *text = g_strdup_printf ("{\"execute\": \"query-name\", \"arguments\": {\"x\": \"%s\"}}", filler);
  g_autoptr (QmpMessage) message = test_message (text);

  qmp_client_execute_message_async (self->client, message, NULL, NULL, NULL);
  qmp_client_close_async (self->client, self->cancellable, done_cb, self);
}

static void
begin_close_opening (Fixture *self)
{
  qmp_client_open_async (self->client, self->address, NULL, NULL, NULL);
  qmp_client_close_async (self->client, self->cancellable, done_cb, self);
}

static void
finish_close (Fixture *self,
              GError **error)
{
  g_autoptr (QmpClient) client = get_source (self);

  g_assert_true (qmp_client_close_finish (client, self->result, error) == (*error == NULL));
}

static void
begin_fetch (Fixture *self)
{
  qmp_schema_fetch_async (self->client, self->cancellable, done_cb, self);
}

static void
finish_fetch (Fixture *self,
              GError **error)
{
  g_autoptr (QmpSchema) schema = qmp_schema_fetch_finish (self->result, error);

  g_assert_true ((schema == NULL) == (*error != NULL));
}

static const Operation operations[] = {
  { "open/unix", prepare_unix, begin_open, finish_open },
  { "open/long-path", prepare_long_path, begin_open, finish_open },
  { "open/tcp", prepare_tcp, begin_open, finish_open },
  { "open/localhost", prepare_localhost, begin_open, finish_open },
  { "open/name", prepare_name, begin_open, finish_open },
  { "open/vsock", prepare_vsock, begin_open, finish_open, TRUE },
  { "open/fd", prepare_fd, begin_open, finish_open },
  { "open/tls", prepare_tls, begin_open, finish_open },
  { "open/silent-tls", prepare_silent_tls, begin_open, finish_open, TRUE },
  { "open/silent", prepare_silent, begin_open, finish_open, TRUE },
  { "open/slow", prepare_slow, begin_open, finish_open },
  { "open/agent", prepare_agent, begin_open, finish_open },
  { "open-stream/pair", prepare_pair, begin_open, finish_open },
  { "open-stream/other", prepare_other_stream, begin_open, finish_open },
  { "accept/nobody", prepare_listening, begin_accept, finish_accept, TRUE },
  { "accept/peer", prepare_peer, begin_accept, finish_accept },
  { "execute", prepare_link, begin_execute, finish_execute },
  { "execute/unanswered", prepare_link, begin_hang, finish_execute, TRUE },
  { "execute/large", prepare_link, begin_large, finish_message },
  { "execute/fd", prepare_link, begin_with_fd, finish_message },
  { "execute/held", prepare_window, begin_execute, finish_execute, TRUE },
  { "execute/out-of-band", prepare_window, begin_out_of_band, finish_message },
  { "execute/agent", prepare_link_of_agent, begin_execute, finish_execute },
  { "execute/agent-busy", prepare_busy_agent, begin_execute, finish_execute, TRUE },
  { "exchange", prepare_link, begin_exchange, finish_exchange },
  { "exchange/no-id", prepare_link, begin_exchange_without_id, finish_exchange },
  { "execute-and-wait", prepare_link, begin_wait, finish_wait },
  { "execute-and-wait/no-event", prepare_link, begin_wait_in_vain, finish_wait, TRUE },
  { "next", prepare_link, begin_next, finish_next },
  { "next/no-event", prepare_link, begin_next_in_vain, finish_next, TRUE },
  { "close", prepare_link, begin_close, finish_close },
  { "close/large", prepare_link, begin_close_large, finish_close },
  { "close/opening", prepare_silent, begin_close_opening, finish_close },
  { "schema-fetch", prepare_link, begin_fetch, finish_fetch },
};

/* --- before and behind --- */

static void
fixture_init (Fixture         *self,
              const Operation *operation)
{
  *self = (Fixture) { .operation = operation, .fd = -1 };
  self->cancellable = g_cancellable_new ();
  self->client = qmp_client_new (NULL);
  g_set_weak_pointer (&self->watched, self->client);
  self->listener = qmp_event_listener_new (NULL);
  operation->prepare (self);
}

static gboolean
leaves_some_unanswered (const Operation *operation)
{
  return operation->prepare == prepare_window || operation->prepare == prepare_busy_agent;
}

static void
assert_executes (QmpClient *client)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = test_execute (client, "query-status", &error);

  g_assert_no_error (error);
  g_assert_nonnull (value);
}

/* Whatever has happened: with a link the next command works, without one it can be opened. */
static void
assert_usable (Fixture *self)
{
  g_autoptr (GError) error = NULL;

  if (qmp_client_get_runstate (self->client) == QMP_RUNSTATE_RUNNING && !leaves_some_unanswered (self->operation))
    assert_executes (self->client);
  test_close (self->client, &error);
  g_assert_no_error (error);
  g_assert_cmpint (qmp_client_get_runstate (self->client), ==, QMP_RUNSTATE_IDLE);
}

static void
assert_opens_again (QmpClient *client)
{
  TestResponder *responder = test_responder_new (TEST_RESPONDER_UNIX);
  g_autoptr (GError) error = NULL;

  qmp_client_set_guest_agent (client, FALSE);
  qmp_client_set_tls (client, FALSE);
  test_open (client, test_responder_get_address (responder), &error);
  g_assert_no_error (error);
  assert_executes (client);
  test_close (client, &error);
  g_assert_no_error (error);
  test_responder_free (responder);
}

/* The client is gone, or goes now. */
static void
fixture_clear (Fixture *self)
{
  g_clear_object (&self->result);
  g_clear_object (&self->listener);
  if (self->client != NULL)
    test_client_free (self->client);
  /* Other calls of the same client may still hold it. */
  test_spin_until (self->watched == NULL);
  g_clear_object (&self->stream);
  g_clear_object (&self->address);
  g_clear_object (&self->cancellable);
  if (self->fd >= 0)
    close (self->fd);
  if (self->responder != NULL)
    test_responder_free (self->responder);
  if (self->directory != NULL)
    g_rmdir (self->directory);
  g_free (self->directory);
}

/* --- stopping --- */

typedef enum {
  STOP_NOT,
  STOP_CANCEL,
  STOP_CLOSE,
  STOP_DISPOSE,
  STOP_UNREF,           /* the callback is called all the same */
  STOP_UNREF_INSIDE,
} StopKind;

static void
stop (Fixture *self,
      StopKind kind)
{
  switch (kind)
    {
    case STOP_CANCEL:
      g_cancellable_cancel (self->cancellable);
      break;
    case STOP_CLOSE:
      qmp_client_close_async (self->client, NULL, NULL, NULL);
      break;
    case STOP_DISPOSE:
      g_object_run_dispose (G_OBJECT (self->client));
      break;
    case STOP_UNREF:
      g_clear_object (&self->listener);
      g_clear_object (&self->client);
      break;
    case STOP_UNREF_INSIDE:
    case STOP_NOT:
      break;
    }
}

/* What its callback may be told then, if not success. */
static gboolean
is_expected (const GError *error,
             StopKind      kind)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return kind == STOP_CANCEL || kind == STOP_CLOSE || kind == STOP_DISPOSE;
  if (g_error_matches (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED))
    return kind == STOP_CLOSE || kind == STOP_DISPOSE || kind == STOP_UNREF;
  /* A close with much before it that was cut. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED))
    return kind == STOP_DISPOSE;
  return FALSE;
}

/* Of these the operation itself fails. */
static gboolean
fails_by_itself (const Operation *operation,
                 const GError    *error)
{
  if (operation->prepare == prepare_tls)
    return error->domain == G_TLS_ERROR;
  if (operation->prepare == prepare_vsock)
    return error->domain == G_IO_ERROR;
  return FALSE;
}

/* n (in): after how many iterations it is stopped; FALSE when it was done before that. */
static gboolean
run (const Operation *operation,
     StopKind         kind,
     guint            n)
{
  Fixture self;
  g_autoptr (GError) error = NULL;
  gboolean stopped;

  fixture_init (&self, operation);
  self.drop_in_callback = kind == STOP_UNREF_INSIDE;
  operation->begin (&self);
  g_assert_cmpuint (self.n_callbacks, ==, 0);
  for (guint i = 0; i < n && self.n_callbacks == 0; i++)
    {
      if (operation->endless)
        g_main_context_iteration (NULL, FALSE);
      else
        test_iterate ();
    }
  stopped = self.n_callbacks == 0;
  if (stopped)
    stop (&self, kind);
  test_spin_until (self.n_callbacks > 0);
  operation->finish (&self, &error);
  if (error != NULL && !fails_by_itself (operation, error) && (!stopped || !is_expected (error, kind)))
    g_error ("%s, stopped (%d) after %u iterations: %s", operation->name, kind, n, error->message);
  if (operation->endless)
    g_assert_nonnull (error);
  g_clear_object (&self.result);
  test_spin_ready ();
  g_assert_cmpuint (self.n_callbacks, ==, 1);
  if (self.client != NULL)
    assert_usable (&self);
  if (self.client != NULL && kind == STOP_CANCEL)
    assert_opens_again (self.client);
  fixture_clear (&self);
  g_assert_cmpuint (self.n_callbacks, ==, 1);
  return stopped;
}

static void
check (const Operation *operation,
       StopKind         kind)
{
  guint n_fds = test_count_fds ();
  guint step = TEST_FEW ? 11 : 1;

  for (guint n = 0; run (operation, kind, n); n += step)
    {
      test_assert_n_fds (n_fds);
      if (operation->endless && n >= MANY)
        break;
    }
  test_assert_n_fds (n_fds);
}

static void
test_cancel (gconstpointer data)
{
  check (data, STOP_CANCEL);
}

static void
test_close_under (gconstpointer data)
{
  check (data, STOP_CLOSE);
}

static void
test_dispose (gconstpointer data)
{
  check (data, STOP_DISPOSE);
}

/* What is never answered holds the client for ever, as it should. */
static gboolean
may_drop (const Operation *operation)
{
  return !operation->endless && !leaves_some_unanswered (operation);
}

static void
test_unref (gconstpointer data)
{
  check (data, STOP_UNREF);
}

static void
test_unref_inside (gconstpointer data)
{
  check (data, STOP_UNREF_INSIDE);
}

/* --- cancelled before it begins --- */

static void
test_cancelled (gconstpointer data)
{
  const Operation *operation = data;
  guint n_fds = test_count_fds ();
  Fixture self;
  g_autoptr (GError) error = NULL;

  fixture_init (&self, operation);
  g_cancellable_cancel (self.cancellable);
  operation->begin (&self);
  g_assert_cmpuint (self.n_callbacks, ==, 0);
  test_spin_until (self.n_callbacks > 0);
  operation->finish (&self, &error);
  /* Closing is done all the same, and an event that is there is taken. */
  if (error != NULL || operation->finish != finish_close)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_object (&self.result);
  test_spin_ready ();
  g_assert_cmpuint (self.n_callbacks, ==, 1);
  assert_usable (&self);
  assert_opens_again (self.client);
  fixture_clear (&self);
  test_assert_n_fds (n_fds);
}

/* --- */

static void
add (const char   *what,
     GTestDataFunc function)
{
  gboolean drops = function == test_unref || function == test_unref_inside;

  for (guint i = 0; i < G_N_ELEMENTS (operations); i++)
    {
      g_autofree char *path = g_strdup_printf ("/faults/%s/%s", what, operations[i].name);

      if (!drops || may_drop (&operations[i]))
        g_test_add_data_func (path, &operations[i], function);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  test_resolver_install ();
  test_warm_up ();

  add ("cancelled", test_cancelled);
  add ("cancel", test_cancel);
  add ("close", test_close_under);
  add ("dispose", test_dispose);
  add ("unref", test_unref);
  add ("unref-inside", test_unref_inside);
  return g_test_run ();
}
