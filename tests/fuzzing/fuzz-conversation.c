/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"

#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <unistd.h>

#include <qmp-glib/qmp-glib.h>

#include "fuzz-server.h"
#include "test-utils.h"

/* A client and a server of which the fuzzer plays both ends, what the server says and what the program does. Whatever
 * happens: each call is answered once, the client is idle at the end and goes away, and what it sends is right.
 * No time passes: no deadline is set, and the main context only does what is due.
 *
 * Input: a line of letters for how the client is set up (see set_up()), then lines with an instruction each: a letter
 * and its argument; see follow(). */

/* The most that is done in one go: a client that has nothing to do has to become quiet. */
#define MAX_ITERATIONS 10000
#define MAX_CALLS 100

typedef struct {
  QmpClient        *client;     /* NULL when it was dropped */
  FuzzServer       *server;
  QmpEventListener *listener;
  gboolean          listens;
  gboolean          narrow;
  gboolean          chunked;
  GPtrArray        *calls;      /* of Call */
  const char       *actions;    /* what the next callbacks do, a letter each */
  char             *all_actions;
  gint              n_streams;  /* chunked ones that are there, atomic */
  guint             n_opened;
  guint             n_running; /* how often the client was: a handler that is told may close it, and then the opening fails */
  guint             n_closed;
} Talk;

/* Returns what was finished, to be freed with destroy, or NULL with error. */
typedef gpointer (*FinishFunc) (GObject       *object,
                                GAsyncResult  *result,
                                GError       **error);

typedef struct {
  Talk           *talk;         /* borrowed */
  FinishFunc      finish;
  GDestroyNotify  destroy;      /* nullable: the result is a boolean */
  GCancellable   *cancellable;
  gboolean        opens;
  guint           n_answers;
} Call;

static void act (Talk *self);

/* --- calls --- */

static void
call_free (Call *call)
{
  g_object_unref (call->cancellable);
  g_free (call);
}

static Call *
add_call (Talk           *self,
          FinishFunc      finish,
          GDestroyNotify  destroy)
{
  Call *call = g_new0 (Call, 1);

  call->talk = self;
  call->finish = finish;
  call->destroy = destroy;
  call->cancellable = g_cancellable_new ();
  g_ptr_array_add (self->calls, call);
  return call;
}

static void
answered_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  Call *call = user_data;
  g_autoptr(GError) error = NULL;
  gpointer value = call->finish (object, result, &error);

  g_assert_true ((value == NULL) == (error != NULL));
  g_assert_cmpuint (++call->n_answers, ==, 1);
  if (value != NULL && call->destroy != NULL)
    call->destroy (value);
  if (value != NULL && call->opens)
    call->talk->n_opened++;
  act (call->talk);
}

static gpointer
execute_finish (GObject       *object,
                GAsyncResult  *result,
                GError       **error)
{
  return qmp_client_execute_finish (QMP_CLIENT (object), result, error);
}

static gpointer
execute_message_finish (GObject       *object,
                        GAsyncResult  *result,
                        GError       **error)
{
  return qmp_client_execute_message_finish (QMP_CLIENT (object), result, error);
}

static gpointer
exchange_finish (GObject       *object,
                 GAsyncResult  *result,
                 GError       **error)
{
  return qmp_client_exchange_finish (QMP_CLIENT (object), result, error);
}

static gpointer
wait_finish (GObject       *object,
             GAsyncResult  *result,
             GError       **error)
{
  return qmp_client_execute_and_wait_finish (QMP_CLIENT (object), result, error);
}

static gpointer
next_finish (GObject       *object,
             GAsyncResult  *result,
             GError       **error)
{
  return qmp_event_listener_next_finish (QMP_EVENT_LISTENER (object), result, error);
}

static gpointer
open_finish (GObject       *object,
             GAsyncResult  *result,
             GError       **error)
{
  return GINT_TO_POINTER (qmp_client_open_stream_finish (QMP_CLIENT (object), result, error));
}

static gpointer
close_finish (GObject       *object,
              GAsyncResult  *result,
              GError       **error)
{
  return GINT_TO_POINTER (qmp_client_close_finish (QMP_CLIENT (object), result, error));
}

/* --- the main context --- */

/* The client writes when the context is about to wait, so the server hears once more in the end. */
static void
pump (Talk *self)
{
  for (guint n = 0; g_main_context_iteration (NULL, FALSE); n++)
    {
      fuzz_server_hear (self->server);
      g_assert_cmpuint (n, <, MAX_ITERATIONS);
    }
  fuzz_server_hear (self->server);
}

/* --- the program --- */

/* May be called in GIO's thread. */
static void
stream_gone_cb (gpointer  n_streams,
                GObject  *stream)
{
  g_atomic_int_add ((gint *) n_streams, -1);
}

static GIOStream *
connect_stream (Talk *self)
{
  GIOStream *stream = fuzz_server_connect (self->server, self->narrow);
  GIOStream *chunked;

  if (!self->chunked)
    return stream;
  chunked = test_chunk_stream_new (stream, 7);
  g_atomic_int_inc (&self->n_streams);
  g_object_weak_ref (G_OBJECT (chunked), stream_gone_cb, &self->n_streams);
  g_object_unref (stream);
  return chunked;
}

static void
open_link (Talk *self)
{
  g_autoptr(GIOStream) stream = connect_stream (self);
  Call *call = add_call (self, open_finish, NULL);

  call->opens = TRUE;
  qmp_client_open_stream_async (self->client, stream, call->cancellable, answered_cb, call);
}

static void
close_link (Talk *self)
{
  Call *call = add_call (self, close_finish, NULL);

  qmp_client_close_async (self->client, call->cancellable, answered_cb, call);
}

static void
execute (Talk       *self,
         const char *command)
{
  Call *call = add_call (self, execute_finish, (GDestroyNotify) json_node_unref);

  qmp_client_execute_async (self->client, command, NULL, call->cancellable, answered_cb, call);
}

static void
execute_message (Talk       *self,
                 QmpMessage *message)
{
  Call *call = add_call (self, execute_message_finish, (GDestroyNotify) json_node_unref);

  qmp_client_execute_message_async (self->client, message, call->cancellable, answered_cb, call);
}

static void
exchange (Talk       *self,
          QmpMessage *message)
{
  Call *call = add_call (self, exchange_finish, g_object_unref);

  qmp_client_exchange_async (self->client, message, call->cancellable, answered_cb, call);
}

static void
execute_and_wait (Talk       *self,
                  QmpMessage *message)
{
  Call *call = add_call (self, wait_finish, g_object_unref);

  qmp_client_execute_and_wait_async (self->client, message, qmp_event_listener_get_match (self->listener), call->cancellable, answered_cb, call);
}

static void
wait_for_next (Talk *self)
{
  Call *call = add_call (self, next_finish, g_object_unref);

  qmp_event_listener_next_async (self->listener, -1, call->cancellable, answered_cb, call);
}

static void
cancel (Talk  *self,
        guint  index)
{
  if (self->calls->len > 0)
    g_cancellable_cancel (((Call *) g_ptr_array_index (self->calls, index % self->calls->len))->cancellable);
}

static void
cancel_pending (Talk *self)
{
  for (guint i = 0; i < self->calls->len; i++)
    {
      Call *call = g_ptr_array_index (self->calls, i);

      if (call->n_answers == 0)
        g_cancellable_cancel (call->cancellable);
    }
}

/* The same bytes may be a message, and a message a command, or not. */
static QmpMessage *
take_message (const char *text)
{
  g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));

  return qmp_message_new_from_bytes_unchecked (bytes);
}

static void
execute_with_fd (Talk       *self,
                 const char *command)
{
  g_autoptr(QmpMessage) message = qmp_message_new_command (command, NULL, NULL);
  g_autoptr(GUnixFDList) fds = g_unix_fd_list_new ();

  if (message == NULL)
    return;
  g_assert_cmpint (g_unix_fd_list_append (fds, STDERR_FILENO, NULL), ==, 0);
  qmp_message_set_fd_list (message, fds);
  execute_message (self, message);
}

static void
execute_out_of_band (Talk       *self,
                     const char *command)
{
  g_autoptr(QmpMessage) message = qmp_message_new_command (command, NULL, NULL);

  if (message == NULL)
    return;
  qmp_message_set_out_of_band (message, TRUE);
  execute_message (self, message);
}

/* More than fits into a narrow socket. */
static void
execute_large (Talk *self)
{
  g_autofree char *letters = g_strnfill (8000, 'x');
  g_autofree char *text = g_strdup_printf ("{\"execute\":\"a\",\"arguments\":{\"a\":\"%s\"}}", letters);
  g_autoptr(QmpMessage) message = take_message (text);

  execute_message (self, message);
}

/* A blocking call has nothing to wait for: the server has said all that it will. */
static void
execute_blocking (Talk       *self,
                  const char *command)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) value = NULL;

  fuzz_server_hear (self->server);
  fuzz_server_end_sending (self->server);
  value = qmp_client_execute (self->client, command, NULL, NULL, &error);
  g_assert_true ((value == NULL) == (error != NULL));
}

static void
open_blocking (Talk       *self,
               const char *text)
{
  g_autoptr(GIOStream) stream = connect_stream (self);
  g_autoptr(GError) error = NULL;
  gboolean opened;

  fuzz_server_send (self->server, text);
  fuzz_server_end_sending (self->server);
  opened = qmp_client_open_stream (self->client, stream, NULL, &error);
  g_assert_true (opened == (error == NULL));
  self->n_opened += opened;
}

static void
close_blocking (Talk *self)
{
  g_autoptr(GError) error = NULL;

  fuzz_server_set_deaf (self->server, FALSE);
  fuzz_server_hear (self->server);
  fuzz_server_end_sending (self->server);
  g_assert_true (qmp_client_close (self->client, NULL, &error) == (error == NULL));
}

/* Adding twice, and removing what is not there, are errors of the programmer. */
static void
listen_to_events (Talk     *self,
                  gboolean  listen)
{
  if (self->listens == listen)
    return;
  self->listens = listen;
  if (listen)
    qmp_client_add_listener (self->client, self->listener);
  else
    qmp_client_remove_listener (self->client, self->listener);
}

static void
look_at_events (Talk *self)
{
  QmpEvent *event;

  while ((event = qmp_event_listener_try_next (self->listener)) != NULL)
    {
      qmp_event_get_data (event);
      qmp_event_get_timestamp (event);
      g_object_unref (event);
    }
}

/* --- callbacks --- */

/* A callback may do anything. */
static void
act (Talk *self)
{
  char letter = *self->actions;

  if (letter == '\0' || self->client == NULL)
    return;
  self->actions++;
  switch (letter)
    {
    case 'e':
      execute (self, "query-status");
      break;
    case 'q':
      close_link (self);
      break;
    case 'Q':
      close_blocking (self);
      break;
    case 'O':
      open_link (self);
      break;
    case 'b':
      execute_blocking (self, "query-name");
      break;
    case 'c':
      cancel_pending (self);
      break;
    case 'n':
      wait_for_next (self);
      break;
    case 'i':
      g_main_context_iteration (NULL, FALSE);
      break;
    case 'h':
      fuzz_server_hang_up (self->server);
      break;
    case 'L':
      listen_to_events (self, FALSE);
      break;
    case 'u':
      g_clear_object (&self->client);
      break;
    default:
      break;
    }
}

static void
event_cb (QmpClient *client,
          QmpEvent  *event,
          Talk      *self)
{
  g_assert_nonnull (qmp_event_get_name (event));
  act (self);
}

static void
closed_cb (QmpClient *client,
           GError    *error,
           Talk      *self)
{
  self->n_closed++;
  act (self);
}

static void
protocol_error_cb (QmpClient *client,
                   GError    *error,
                   Talk      *self)
{
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  act (self);
}

static void
runstate_cb (QmpClient  *client,
             GParamSpec *pspec,
             Talk       *self)
{
  self->n_running += qmp_client_get_runstate (client) == QMP_RUNSTATE_RUNNING;
  act (self);
}

static void
wire_cb (QmpClient        *client,
         QmpWireDirection  direction,
         const char       *text,
         Talk             *self)
{
  g_assert_true (g_utf8_validate (text, -1, NULL));
}

static gboolean
filter_cb (QmpEvent *event,
           gpointer  user_data)
{
  return qmp_event_get_data (event) != NULL;
}

/* --- instructions --- */

#define GREETING "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 2, \"major\": 7}, \"package\": \"\"}, " \
                 "\"capabilities\": [%s]}}\r\n"

/* What makes a client run. */
static void
greet (Talk     *self,
       gboolean  out_of_band)
{
  g_autofree char *greeting = g_strdup_printf (GREETING, out_of_band ? "\"oob\"" : "");

  pump (self);
  if (FUZZ_GUEST_AGENT)
    {
      fuzz_server_sync (self->server);
    }
  else
    {
      fuzz_server_send (self->server, greeting);
      pump (self);
      fuzz_server_reply (self->server, "return", "{}", FALSE);
    }
  pump (self);
}

static void
send_message (Talk       *self,
              char        how,
              const char *text)
{
  g_autoptr(QmpMessage) message = take_message (text);

  if (how == 'm')
    execute_message (self, message);
  else if (how == 'x')
    exchange (self, message);
  else
    execute_and_wait (self, message);
}

/* The server's instructions. */
static gboolean
follow_server (Talk       *self,
               char        letter,
               const char *argument)
{
  switch (letter)
    {
    case '<': /* says a line */
      fuzz_server_send (self->server, argument);
      fuzz_server_send (self->server, "\r\n");
      return TRUE;
    case '|': /* says something without a line's end */
      fuzz_server_send (self->server, argument);
      return TRUE;
    case 'r': /* answers the oldest command */
    case 'R': /* the newest */
      fuzz_server_reply (self->server, "return", argument, letter == 'R');
      return TRUE;
    case 'f': /* refuses the oldest */
      fuzz_server_reply (self->server, "error", argument, FALSE);
      return TRUE;
    case 'y': /* answers a guest agent's client's sync */
      fuzz_server_sync (self->server);
      return TRUE;
    case 'g':
    case 'G':
      greet (self, letter == 'G');
      return TRUE;
    case 's':
    case 'S':
      fuzz_server_set_deaf (self->server, letter == 's');
      return TRUE;
    case 'h':
      fuzz_server_hang_up (self->server);
      return TRUE;
    case 'H':
      fuzz_server_end_sending (self->server);
      return TRUE;
    default:
      return FALSE;
    }
}

/* The program's instructions that begin a call. */
static void
follow_call (Talk       *self,
             char        letter,
             const char *argument)
{
  if (self->calls->len >= MAX_CALLS)
    return;
  switch (letter)
    {
    case 'e':
      execute (self, argument);
      break;
    case 'm':
    case 'x':
    case 'w':
      send_message (self, letter, argument);
      break;
    case 'o':
      execute_out_of_band (self, argument);
      break;
    case 'd':
      execute_with_fd (self, argument);
      break;
    case 'X':
      execute_large (self);
      break;
    case 'n':
      wait_for_next (self);
      break;
    case 'q':
      close_link (self);
      break;
    case 'O':
      open_link (self);
      break;
    default:
      break;
    }
}

static void
set_actions (Talk       *self,
             const char *actions)
{
  g_free (self->all_actions);
  self->all_actions = g_strdup (actions);
  self->actions = self->all_actions;
}

/* Those that are over at once. */
static gboolean
follow_program (Talk       *self,
                char        letter,
                const char *argument)
{
  switch (letter)
    {
    case 'b':
      execute_blocking (self, argument);
      return TRUE;
    case 'B':
      open_blocking (self, argument);
      return TRUE;
    case 'Q':
      close_blocking (self);
      return TRUE;
    case 'F':
      qmp_client_send_fd (self->client, STDERR_FILENO, NULL);
      return TRUE;
    case 'c':
      cancel (self, (guint8) argument[0]);
      return TRUE;
    case 'l':
    case 'L':
      listen_to_events (self, letter == 'l');
      return TRUE;
    case 'v':
      look_at_events (self);
      return TRUE;
    case 'k':
      set_actions (self, argument);
      return TRUE;
    case 'u':
      g_clear_object (&self->client);
      return TRUE;
    default:
      return FALSE;
    }
}

static void
follow (Talk       *self,
        const char *line)
{
  if (line[0] == '\0')
    pump (self);
  else if (line[0] == '.')
    g_main_context_iteration (NULL, FALSE);
  else if (follow_server (self, line[0], line + 1) || self->client == NULL)
    return;
  else if (!follow_program (self, line[0], line + 1))
    follow_call (self, line[0], line + 1);
}

/* --- the whole --- */

static void
set_up (Talk       *self,
        const char *letters)
{
  QmpClient *client = qmp_client_new (NULL);

  self->client = client;
  self->narrow = strchr (letters, 'z') != NULL;
  self->chunked = strchr (letters, 'p') != NULL;
  g_object_set (client,
                "open-timeout", QMP_TIMEOUT_NONE, "close-timeout", QMP_TIMEOUT_NONE,
                "timeout", QMP_TIMEOUT_NONE, "stall-time", QMP_TIMEOUT_NONE,
                "guest-agent", FUZZ_GUEST_AGENT,
                "await-greeting", strchr (letters, 'w') == NULL,
                "negotiate", strchr (letters, 'n') == NULL,
                "out-of-band", strchr (letters, 'b') == NULL,
                "max-message-size", strchr (letters, 's') != NULL ? 200 : 1 << 20,
                "max-depth", strchr (letters, 'd') != NULL ? 8 : 1024,
                NULL);
  g_signal_connect (client, "event", G_CALLBACK (event_cb), self);
  g_signal_connect (client, "closed", G_CALLBACK (closed_cb), self);
  g_signal_connect (client, "protocol-error", G_CALLBACK (protocol_error_cb), self);
  g_signal_connect (client, "notify::runstate", G_CALLBACK (runstate_cb), self);
  if (strchr (letters, 'v') != NULL)
    g_signal_connect (client, "wire", G_CALLBACK (wire_cb), self);

  self->listener = qmp_event_listener_new (NULL);
  qmp_event_listener_set_max_length (self->listener, 4);
  if (strchr (letters, 'f') != NULL)
    test_set_filter (self->listener, filter_cb, NULL, NULL);
}

/* A blocking call that has nothing to wait for. It lets GIO finish what was begun in an earlier one. */
static void
block_in_vain (void)
{
  g_autoptr(FuzzServer) server = fuzz_server_new ();
  g_autoptr(GIOStream) stream = fuzz_server_connect (server, FALSE);
  g_autoptr(QmpClient) client = qmp_client_new (NULL);
  g_autoptr(GError) error = NULL;

  fuzz_server_hang_up (server);
  g_assert_false (qmp_client_open_stream (client, stream, NULL, &error));
  g_assert_nonnull (error);
}

/* GIO closes those in a thread. */
static void
await_chunked_streams (Talk *self)
{
  while (g_atomic_int_get (&self->n_streams) > 0)
    {
      block_in_vain ();
      g_main_context_iteration (NULL, FALSE);
    }
}

/* Everything comes to its end. */
static void
wind_up (Talk *self)
{
  set_actions (self, "");
  pump (self);
  if (self->client != NULL)
    close_link (self);
  pump (self);
  fuzz_server_hang_up (self->server);
  pump (self);
  if (self->client != NULL)
    {
      g_assert_cmpint (qmp_client_get_runstate (self->client), ==, QMP_RUNSTATE_IDLE);
      g_assert_cmpuint (qmp_client_get_n_pending (self->client), ==, 0);
      listen_to_events (self, FALSE);
    }
  /* A listener that listens to nobody may be waited for all the same. */
  cancel_pending (self);
  pump (self);
  await_chunked_streams (self);
}

static void
check_answers (Talk *self)
{
  for (guint i = 0; i < self->calls->len; i++)
    g_assert_cmpuint (((Call *) g_ptr_array_index (self->calls, i))->n_answers, ==, 1);
}

/* Returns how often the client was opened. */
static guint
converse (FuzzInput *input)
{
  Talk self = { .server = fuzz_server_new (), .actions = "" };
  g_autofree char *letters = fuzz_input_take_line (input);
  QmpClient *watched = NULL;
  char *line;

  /* An input is to do the same each time: ids begin at random. */
  g_random_set_seed (1);
  self.calls = g_ptr_array_new_with_free_func ((GDestroyNotify) call_free);
  set_up (&self, letters != NULL ? letters : "");
  g_set_weak_pointer (&watched, self.client);
  while ((line = fuzz_input_take_line (input)) != NULL)
    {
      follow (&self, line);
      g_free (line);
    }
  wind_up (&self);
  check_answers (&self);
  if (self.client != NULL)
    {
      g_assert_cmpuint (self.n_closed, ==, self.n_running);
      g_assert_cmpuint (self.n_opened, <=, self.n_running);
    }
  g_clear_object (&self.client);
  g_assert_null (watched);
  g_object_unref (self.listener);
  g_ptr_array_unref (self.calls);
  g_free (self.all_actions);
  fuzz_server_free (self.server);
  return self.n_opened;
}

/* The lowest descriptors that are free: those that leak are missing. */
static guint64
find_free_fds (void)
{
  int fds[8];
  guint64 mask = 0;

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      fds[i] = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
      g_assert_cmpint (fds[i], <, 64);
      mask |= G_GUINT64_CONSTANT (1) << fds[i];
    }
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
  return mask;
}

static guint
converse_about (const void *data,
                gsize       size)
{
  FuzzInput input;

  fuzz_input_init (&input, data, size);
  return converse (&input);
}

/* GLib and the client make some things once, with descriptors of their own. And a conversation has to get somewhere. */
static void
warm_up (void)
{
  static const char first[] = "p\nO\ng\n";
  static gboolean warm;

  if (warm)
    return;
  warm = TRUE;
  block_in_vain ();
  g_assert_cmpuint (converse_about (first, strlen (first)), ==, 1);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  guint64 free_fds;

  warm_up ();
  free_fds = find_free_fds ();
  converse_about (data, size);
  g_assert_cmphex (find_free_fds (), ==, free_fds);
  return 0;
}
