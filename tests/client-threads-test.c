/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <qmp-glib/qmp-glib.h>

/* A client for each of several threads, and one in a thread that is not its own. The thread sanitizer sees what GLib's own
 * locks order in no way, so threads meet here only where they begin and end. */

#define N_THREADS 4
#define N_LINKS 20
#define N_COMMANDS 20

#define GREETING \
  "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 2, \"major\": 7}, \"package\": \"\"}, " \
  "\"capabilities\": [\"oob\"]}}\r\n"
#define SCHEMA \
  "[{\"name\": \"x\", \"meta-type\": \"command\", \"arg-type\": \"0\", \"ret-type\": \"0\"}, " \
  "{\"name\": \"E\", \"meta-type\": \"event\", \"arg-type\": \"0\"}, " \
  "{\"name\": \"0\", \"meta-type\": \"object\", \"members\": []}]"

/* --- a peer --- */

static void
say (int         fd,
     const char *text)
{
  g_assert_cmpint (send (fd, text, strlen (text), MSG_NOSIGNAL), ==, strlen (text));
}

/* Answers each id that it reads with an event and a value, until the client hangs up. Takes the descriptor. */
static gpointer
peer_thread (gpointer data)
{
  int fd = GPOINTER_TO_INT (data);
  g_autoptr (GString) text = g_string_new (NULL);
  char buffer[4096];
  gssize n;

  say (fd, GREETING);
  while ((n = recv (fd, buffer, sizeof buffer, 0)) > 0)
    {
      const char *id;

      g_string_append_len (text, buffer, n);
      while ((id = strstr (text->str, "\"id\":")) != NULL && strchr (id, '}') != NULL)
        {
          g_autofree char *reply = g_strdup_printf ("{\"event\": \"E\"}\r\n{\"return\": {}, \"id\": %ld}\r\n",
                                                    strtol (id + strlen ("\"id\":"), NULL, 10));

          g_string_erase (text, 0, id + strlen ("\"id\":") - text->str);
          say (fd, reply);
        }
    }
  close (fd);
  return NULL;
}

static GThread *
peer_start (GIOStream **stream)
{
  g_autoptr (GSocket) socket = NULL;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  socket = g_socket_new_from_fd (fds[0], NULL);
  *stream = G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
  return g_thread_new ("peer", peer_thread, GINT_TO_POINTER (fds[1]));
}

/* --- one for each thread --- */

static void
count_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr (JsonNode) value = qmp_client_execute_finish (QMP_CLIENT (object), result, NULL);

  g_assert_nonnull (value);
  (*(guint *) user_data)++;
}

static void
event_cb (QmpClient *client,
          QmpEvent  *event,
          guint     *n_events)
{
  (*n_events)++;
}

static void
use_link (QmpClient        *client,
          QmpEventListener *listener)
{
  GMainContext *context = g_main_context_get_thread_default ();
  g_autoptr (GIOStream) stream = NULL;
  GThread *peer = peer_start (&stream);
  g_autoptr (GError) error = NULL;
  guint n_ended = 0;

  g_assert_true (qmp_client_open_stream (client, stream, NULL, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < N_COMMANDS; i++)
    {
      g_autoptr (JsonNode) value = NULL;
      g_autoptr (QmpEvent) event = NULL;

      qmp_client_execute_async (client, "x", NULL, NULL, count_cb, &n_ended);
      value = qmp_client_execute (client, "x", NULL, NULL, &error);
      g_assert_no_error (error);
      event = qmp_event_listener_next (listener, -1, NULL, &error);
      g_assert_no_error (error);
    }
  while (n_ended < N_COMMANDS)
    g_main_context_iteration (context, TRUE);
  g_assert_true (qmp_client_close (client, NULL, &error));
  g_thread_join (peer);
}

static gpointer
own_client_thread (gpointer data)
{
  QmpSchema *schema = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  QmpClient *client;
  guint n_events = 0;

  g_main_context_push_thread_default (context);
  client = qmp_client_new (NULL);
  qmp_schema_attach (schema, client);
  qmp_client_add_listener (client, listener);
  g_signal_connect (client, "event", G_CALLBACK (event_cb), &n_events);
  for (guint i = 0; i < N_LINKS; i++)
    use_link (client, listener);
  while (g_main_context_iteration (context, FALSE))
    ;
  g_assert_cmpuint (n_events, >=, N_LINKS * N_COMMANDS * 2);
  g_assert_finalize_object (client);
  g_main_context_pop_thread_default (context);
  return NULL;
}

/* They share a schema, and nothing else. */
static void
test_own (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_static (SCHEMA, strlen (SCHEMA));
  g_autoptr (QmpSchema) schema = qmp_schema_new_from_bytes (bytes, &error);
  GThread *threads[N_THREADS];

  g_assert_no_error (error);
  /* GObject makes a class once, under a lock of its own. */
  own_client_thread (schema);
  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("own", own_client_thread, schema);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
}

/* --- in another thread --- */

typedef struct {
  QmpClient        *client;
  QmpEventListener *listener;
  QmpEventMatch    *match;
  QmpMessage       *message;
} Foreign;

/* Forms that have an error set it. */
static gboolean
fail_with_error (Foreign  *self,
                 guint     i,
                 GError  **error)
{
  g_autoptr (GSocketConnectable) address = qmp_address_parse ("/nonexistent/x", NULL);

  switch (i)
    {
    case 0:
      return qmp_client_open (self->client, address, NULL, error);
    case 1:
      return qmp_client_listen (self->client, address, NULL, error);
    case 2:
      return qmp_client_accept (self->client, NULL, error);
    case 3:
      return qmp_client_close (self->client, NULL, error);
    case 4:
      return qmp_client_execute (self->client, "x", NULL, NULL, error) != NULL;
    case 5:
      return qmp_client_execute_message (self->client, self->message, NULL, error) != NULL;
    case 6:
      return qmp_client_exchange (self->client, self->message, NULL, error) != NULL;
    case 7:
      return qmp_client_execute_and_wait (self->client, self->message, self->match, NULL, error) != NULL;
    case 8:
      return qmp_client_send_fd (self->client, 0, error);
    default:
      return qmp_event_listener_next (self->listener, 0, NULL, error) != NULL;
    }
}

#define N_WITH_ERROR 10

static void
not_reached_cb (GObject      *object,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_assert_not_reached ();
}

static void
fail_without_error (Foreign *self,
                    guint    i)
{
  g_autoptr (GSocketConnectable) address = qmp_address_parse ("/nonexistent/x", NULL);

  switch (i)
    {
    case 0:
      qmp_client_open_async (self->client, address, NULL, not_reached_cb, NULL);
      break;
    case 1:
      qmp_client_accept_async (self->client, NULL, not_reached_cb, NULL);
      break;
    case 2:
      qmp_client_close_async (self->client, NULL, not_reached_cb, NULL);
      break;
    case 3:
      qmp_client_execute_async (self->client, "x", NULL, NULL, not_reached_cb, NULL);
      break;
    case 4:
      qmp_client_exchange_async (self->client, self->message, NULL, not_reached_cb, NULL);
      break;
    case 5:
      qmp_client_execute_and_wait_async (self->client, self->message, self->match, NULL, not_reached_cb, NULL);
      break;
    case 6:
      qmp_event_listener_next_async (self->listener, -1, NULL, not_reached_cb, NULL);
      break;
    case 7:
      g_assert_null (qmp_event_listener_try_next (self->listener));
      break;
    case 8:
      qmp_client_remove_listener (self->client, self->listener);
      break;
    case 9:
      qmp_event_listener_set_match (self->listener, self->match);
      break;
    case 10:
      qmp_client_set_command_check (self->client, NULL, NULL, NULL);
      break;
    default:
      qmp_event_listener_set_max_length (self->listener, 1);
    }
}

#define N_WITHOUT_ERROR 12

static void
expect_critical (void)
{
  g_test_expect_message ("Qmp", G_LOG_LEVEL_CRITICAL, "*() was called in another thread than the client's*");
}

/* Each property that can be set. */
static void
set_properties (Foreign *self)
{
  g_autofree GParamSpec **pspecs = g_object_class_list_properties (G_OBJECT_GET_CLASS (self->client), NULL);

  for (guint i = 0; pspecs[i] != NULL; i++)
    {
      g_auto (GValue) value = G_VALUE_INIT;

      if ((pspecs[i]->flags & G_PARAM_WRITABLE) == 0 || (pspecs[i]->flags & G_PARAM_CONSTRUCT_ONLY) != 0)
        continue;
      g_value_init (&value, pspecs[i]->value_type);
      g_param_value_set_default (pspecs[i], &value);
      expect_critical ();
      g_object_set_property (G_OBJECT (self->client), pspecs[i]->name, &value);
      g_test_assert_expected_messages ();
    }
}

static gpointer
foreign_thread (gpointer data)
{
  Foreign *self = data;

  g_assert_false (qmp_client_is_owner_thread (self->client));
  for (guint i = 0; i < N_WITH_ERROR; i++)
    {
      g_autoptr (GError) error = NULL;

      expect_critical ();
      g_assert_false (fail_with_error (self, i, &error));
      g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_THREAD);
      g_test_assert_expected_messages ();
    }
  for (guint i = 0; i < N_WITHOUT_ERROR; i++)
    {
      expect_critical ();
      fail_without_error (self, i);
      g_test_assert_expected_messages ();
    }
  set_properties (self);
  return NULL;
}

/* A method says so and does nothing. */
static void
test_foreign (void)
{
  g_autoptr (QmpEventMatch) match = qmp_event_match_new (NULL);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  g_autoptr (QmpMessage) message = qmp_message_new_command ("x", NULL, NULL);
  QmpClient *client = qmp_client_new (NULL);
  Foreign foreign = { client, listener, match, message };
  int timeout = qmp_client_get_timeout (client);

  g_assert_true (qmp_client_is_owner_thread (client));
  qmp_client_add_listener (client, listener);
  g_thread_join (g_thread_new ("foreign", foreign_thread, &foreign));
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  g_assert_cmpint (qmp_client_get_timeout (client), ==, timeout);
  g_assert_false (g_main_context_pending (NULL));
  g_assert_finalize_object (client);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/threads/own", test_own);
  g_test_add_func ("/threads/foreign", test_foreign);
  return g_test_run ();
}
