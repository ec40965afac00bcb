/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-utils.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <malloc.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* the main loop */

typedef struct {
  const char *file;
  int         line;
  const char *function;
  const char *condition;
} Watchdog;

static gboolean
watchdog_bark_cb (gpointer user_data)
{
  Watchdog *watchdog = user_data;
  g_autofree char *message = g_strdup_printf ("still not true after %d s: %s",
                                              TEST_DEADLINE_SECONDS, watchdog->condition);

  g_assertion_message (G_LOG_DOMAIN, watchdog->file, watchdog->line, watchdog->function, message);
  return G_SOURCE_REMOVE;
}

GSource *
test_watchdog_start (const char *file,
                     int         line,
                     const char *function,
                     const char *condition)
{
  GSource *source = g_timeout_source_new_seconds (TEST_DEADLINE_SECONDS);
  Watchdog *watchdog = g_new (Watchdog, 1);

  *watchdog = (Watchdog) { file, line, function, condition };
  g_source_set_callback (source, watchdog_bark_cb, watchdog, g_free);
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
}

void
test_watchdog_stop (GSource *watchdog)
{
  g_source_destroy (watchdog);
  g_source_unref (watchdog);
}

void
test_iterate (void)
{
  g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
  test_check_failure ();
}

void
test_spin_ready (void)
{
  while (g_main_context_iteration (g_main_context_get_thread_default (), FALSE))
    test_check_failure ();
}

typedef struct {
  const char *file;
  int         line;
  const char *function;
  char       *message;
} Failure;

static Failure *first_failure; /* atomic */

void
test_report_failure (const char *file,
                     int         line,
                     const char *function,
                     const char *message)
{
  Failure *failure = g_new (Failure, 1);

  *failure = (Failure) { file, line, function, g_strdup (message) };
  g_printerr ("# %s:%d: %s: %s\n", file, line, function, message);
  if (!g_atomic_pointer_compare_and_exchange (&first_failure, NULL, failure))
    {
      g_free (failure->message);
      g_free (failure);
    }
}

void
test_check_failure (void)
{
  Failure *failure = g_atomic_pointer_get (&first_failure);

  if (failure != NULL)
    g_assertion_message (G_LOG_DOMAIN, failure->file, failure->line, failure->function,
                         failure->message);
}

/* results */

void
test_result_cb (GObject      *object,
                GAsyncResult *result,
                gpointer      user_data)
{
  GAsyncResult **slot = user_data;

  g_assert_null (*slot);
  *slot = g_object_ref (result);
}

void
test_not_reached_cb (GObject      *object,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  g_assert_not_reached ();
}

gboolean
test_open (QmpClient           *client,
           GSocketConnectable  *address,
           GError             **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  qmp_client_open_async (client, address, NULL, test_result_cb, &result);
  g_assert_null (result);
  test_spin_until (result != NULL);
  return qmp_client_open_finish (client, result, error);
}

gboolean
test_open_stream (QmpClient  *client,
                  GIOStream  *stream,
                  GError    **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  qmp_client_open_stream_async (client, stream, NULL, test_result_cb, &result);
  g_assert_null (result);
  test_spin_until (result != NULL);
  return qmp_client_open_stream_finish (client, result, error);
}

gboolean
test_close (QmpClient  *client,
            GError    **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  qmp_client_close_async (client, NULL, test_result_cb, &result);
  g_assert_null (result);
  test_spin_until (result != NULL);
  return qmp_client_close_finish (client, result, error);
}

JsonNode *
test_execute (QmpClient   *client,
              const char  *command,
              GError     **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  qmp_client_execute_async (client, command, NULL, NULL, test_result_cb, &result);
  g_assert_null (result);
  test_spin_until (result != NULL);
  return qmp_client_execute_finish (client, result, error);
}

JsonNode *
test_execute_message (QmpClient   *client,
                      QmpMessage  *message,
                      GError     **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  qmp_client_execute_message_async (client, message, NULL, test_result_cb, &result);
  g_assert_null (result);
  test_spin_until (result != NULL);
  return qmp_client_execute_message_finish (client, result, error);
}

QmpMessage *
test_exchange (QmpClient   *client,
               const char  *message,
               GError     **error)
{
  g_autoptr (QmpMessage) command = test_message (message);
  g_autoptr (GAsyncResult) result = NULL;

  qmp_client_exchange_async (client, command, NULL, test_result_cb, &result);
  g_assert_null (result);
  test_spin_until (result != NULL);
  return qmp_client_exchange_finish (client, result, error);
}

/* the log */

struct _TestLog {
  QmpClient *client; /* borrowed, NULL when it is gone */
  GString   *words;
  gulong     handlers[4];
};

static void
log_runstate_cb (QmpClient  *client,
                 GParamSpec *pspec,
                 TestLog    *self)
{
  static const char * const names[] = { "IDLE", "CONNECTING", "RUNNING", "DISCONNECTING" };

  test_log_add (self, "%s", names[qmp_client_get_runstate (client)]);
}

static void
log_event_cb (QmpClient *client,
              QmpEvent  *event,
              TestLog   *self)
{
  test_log_add (self, "%s", qmp_event_get_name (event));
}

static void
log_closed_cb (QmpClient *client,
               GError    *error,
               TestLog   *self)
{
  g_autofree char *word = error != NULL ? test_error_word (error) : NULL;

  if (word != NULL)
    test_log_add (self, "closed(%s)", word);
  else
    test_log_add (self, "closed");
}

static void
log_protocol_error_cb (QmpClient *client,
                       GError    *error,
                       TestLog   *self)
{
  g_autofree char *word = test_error_word (error);

  test_log_add (self, "protocol-error(%s)", word);
}

TestLog *
test_log_new (QmpClient *client)
{
  TestLog *self = g_new0 (TestLog, 1);

  self->words = g_string_new (NULL);
  g_set_weak_pointer (&self->client, client);
  self->handlers[0] = g_signal_connect (client, "notify::runstate",
                                        G_CALLBACK (log_runstate_cb), self);
  self->handlers[1] = g_signal_connect (client, "event", G_CALLBACK (log_event_cb), self);
  self->handlers[2] = g_signal_connect (client, "closed", G_CALLBACK (log_closed_cb), self);
  self->handlers[3] = g_signal_connect (client, "protocol-error",
                                        G_CALLBACK (log_protocol_error_cb), self);
  return self;
}

void
test_log_free (TestLog *self)
{
  if (self->client != NULL)
    for (guint i = 0; i < G_N_ELEMENTS (self->handlers); i++)
      g_signal_handler_disconnect (self->client, self->handlers[i]);
  g_clear_weak_pointer (&self->client);
  g_string_free (self->words, TRUE);
  g_free (self);
}

void
test_log_add (TestLog    *self,
              const char *format,
              ...)
{
  va_list arguments;

  if (self->words->len > 0)
    g_string_append_c (self->words, ' ');
  va_start (arguments, format);
  g_string_append_vprintf (self->words, format, arguments);
  va_end (arguments);
}

const char *
test_log_get (TestLog *self)
{
  return self->words->str;
}

void
test_log_clear (TestLog *self)
{
  g_string_truncate (self->words, 0);
}

guint
test_log_count (TestLog    *self,
                const char *word)
{
  g_auto (GStrv) words = g_strsplit (self->words->str, " ", -1);
  guint count = 0;

  for (guint i = 0; words[i] != NULL; i++)
    count += g_str_equal (words[i], word);
  return count;
}

typedef struct {
  TestLog *log;
  char    *name;
  guint    n_completed;
} LoggedCall;

static void
log_execute_cb (GObject      *object,
                GAsyncResult *result,
                gpointer      user_data)
{
  LoggedCall *call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = qmp_client_execute_finish (QMP_CLIENT (object), result, &error);

  g_assert_true ((value != NULL) == (error == NULL));
  if (error == NULL)
    {
      test_log_add (call->log, "%s", call->name);
    }
  else
    {
      g_autofree char *word = test_error_word (error);

      test_log_add (call->log, "%s!%s", call->name, word);
    }
  g_free (call->name);
  g_free (call);
}

void
test_log_execute_async (TestLog      *self,
                        const char   *name,
                        QmpClient    *client,
                        const char   *command,
                        GCancellable *cancellable)
{
  LoggedCall *call = g_new0 (LoggedCall, 1);

  call->log = self;
  call->name = g_strdup (name);
  qmp_client_execute_async (client, command, NULL, cancellable, log_execute_cb, call);
}

void
test_log_next_cb (GObject      *object,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpEvent) event = qmp_event_listener_next_finish (QMP_EVENT_LISTENER (object), result, &error);
  g_autofree char *word = error != NULL ? test_error_word (error) : g_strdup (qmp_event_get_name (event));

  g_assert_true ((event == NULL) == (error != NULL));
  test_log_add (user_data, "next(%s)", word);
}

/* listeners */

void
test_set_filter (QmpEventListener   *listener,
                 QmpEventFilterFunc  filter,
                 gpointer            user_data,
                 GDestroyNotify      destroy)
{
  g_autoptr (QmpEventMatch) match = qmp_event_match_copy (qmp_event_listener_get_match (listener));

  qmp_event_match_set_filter (match, filter, user_data, destroy);
  qmp_event_listener_set_match (listener, match);
}

char *
test_listener_drain (QmpEventListener *listener)
{
  GString *names = g_string_new (NULL);
  QmpEvent *event;

  while ((event = qmp_event_listener_try_next (listener)) != NULL)
    {
      g_string_append_printf (names, "%s%s", names->len > 0 ? " " : "", qmp_event_get_name (event));
      g_object_unref (event);
    }
  return g_string_free (names, FALSE);
}

/* values */

char *
test_error_word (const GError *error)
{
  const struct {
    GQuark      domain;
    const char *name;
  } domains[] = {
    { G_IO_ERROR, "io" },
    { QMP_COMMAND_ERROR, "command" },
    { QMP_PROTOCOL_ERROR, "protocol" },
    { QMP_CLIENT_ERROR, "client" },
  };
  GType types[] = { G_TYPE_IO_ERROR_ENUM, QMP_TYPE_COMMAND_ERROR, QMP_TYPE_PROTOCOL_ERROR,
                    QMP_TYPE_CLIENT_ERROR };

  for (guint i = 0; i < G_N_ELEMENTS (domains); i++)
    if (error->domain == domains[i].domain)
      {
        g_autoptr (GEnumClass) enum_class = g_type_class_ref (types[i]);
        GEnumValue *value = g_enum_get_value (enum_class, error->code);

        g_assert_nonnull (value);
        return g_strdup (value->value_nick);
      }
  return g_strdup_printf ("%s:%d", g_quark_to_string (error->domain), error->code);
}

JsonNode *
test_json (const char *text)
{
  g_autoptr (GError) error = NULL;
  JsonNode *node = json_from_string (text, &error);

  g_assert_no_error (error);
  g_assert_nonnull (node);
  return node;
}

void
test_assert_json (JsonNode   *node,
                  const char *text)
{
  g_autoptr (JsonNode) expected = test_json (text);
  g_autofree char *actual = NULL;

  g_assert_nonnull (node);
  if (json_node_equal (node, expected))
    return;
  actual = json_to_string (node, FALSE);
  g_assert_cmpstr (actual, ==, text);
}

QmpMessage *
test_message (const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (GError) error = NULL;
  QmpMessage *message = qmp_message_new_from_bytes (bytes, &error);

  g_assert_no_error (error);
  g_assert_nonnull (message);
  return message;
}

char *
test_message_dup_text (QmpMessage *message)
{
  GBytes *bytes = qmp_message_get_bytes (message);

  return g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

gint64
test_member_int (JsonNode   *object,
                 const char *name)
{
  g_assert_true (JSON_NODE_HOLDS_OBJECT (object));
  g_assert_true (json_object_has_member (json_node_get_object (object), name));
  return json_object_get_int_member (json_node_get_object (object), name);
}

void
test_assert_error_has (const GError *error,
                       const char   *part)
{
  if (strstr (error->message, part) == NULL)
    g_assert_cmpstr (error->message, ==, part);
}

/* what must not leak */

guint
test_count_fds (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) directory = NULL;
  guint count = 0;

  /* What GLib makes once and keeps. */
  g_type_ensure (G_TYPE_TASK);
  g_main_context_unref (g_main_context_ref_thread_default ());
  directory = g_dir_open ("/proc/self/fd", 0, &error);
  g_assert_no_error (error);
  while (g_dir_read_name (directory) != NULL)
    count++;
  return count - 1; /* the directory itself */
}

void
test_warm_up (void)
{
  int peer_fd;
  g_autoptr (GIOStream) stream = test_socketpair (&peer_fd);
  QmpClient *client = qmp_client_new (NULL);

  qmp_client_set_await_greeting (client, FALSE);
  qmp_client_set_negotiate (client, FALSE);
  g_assert_true (qmp_client_open_stream (client, stream, NULL, NULL));
  g_assert_true (qmp_client_close (client, NULL, NULL));
  test_client_free (client);
  close (peer_fd);
}

void
test_assert_n_fds (guint n_fds)
{
  gint64 end = g_get_monotonic_time () + TEST_DEADLINE_SECONDS * G_TIME_SPAN_SECOND;

  while (test_count_fds () != n_fds && g_get_monotonic_time () < end)
    g_thread_yield ();
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
}

gboolean
test_fd_is_open (int fd)
{
  return fcntl (fd, F_GETFD) >= 0 || errno != EBADF;
}

gsize
test_count_allocated (void)
{
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
}

/* streams */

GIOStream *
test_socketpair (int *peer_fd)
{
  int fds[2];
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = NULL;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  socket = g_socket_new_from_fd (fds[0], &error);
  g_assert_no_error (error);
  *peer_fd = fds[1];
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

/* A stream whose reads are short. */

typedef struct {
  GFilterInputStream parent;
  gsize              chunk_size;
} TestChunkInput;

typedef GFilterInputStreamClass TestChunkInputClass;

typedef struct {
  GIOStream     parent;
  GIOStream    *base;
  GInputStream *input;
} TestChunkStream;

typedef GIOStreamClass TestChunkStreamClass;

static GType test_chunk_input_get_type (void);
static GType test_chunk_stream_get_type (void);
static void  test_chunk_input_pollable_init (GPollableInputStreamInterface *iface);

G_DEFINE_TYPE_WITH_CODE (TestChunkInput, test_chunk_input, G_TYPE_FILTER_INPUT_STREAM,
                         G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                test_chunk_input_pollable_init))
G_DEFINE_TYPE (TestChunkStream, test_chunk_stream, G_TYPE_IO_STREAM)

static GPollableInputStream *
chunk_input_get_base (GInputStream *stream)
{
  return G_POLLABLE_INPUT_STREAM (g_filter_input_stream_get_base_stream (G_FILTER_INPUT_STREAM (stream)));
}

static gssize
test_chunk_input_read (GInputStream  *stream,
                       void          *buffer,
                       gsize          count,
                       GCancellable  *cancellable,
                       GError       **error)
{
  TestChunkInput *self = (TestChunkInput *) stream;

  return g_input_stream_read (G_INPUT_STREAM (chunk_input_get_base (stream)), buffer,
                              MIN (count, self->chunk_size), cancellable, error);
}

static gssize
test_chunk_input_read_nonblocking (GPollableInputStream  *stream,
                                   void                  *buffer,
                                   gsize                  count,
                                   GError               **error)
{
  TestChunkInput *self = (TestChunkInput *) stream;

  return g_pollable_input_stream_read_nonblocking (chunk_input_get_base (G_INPUT_STREAM (stream)), buffer,
                                                   MIN (count, self->chunk_size), NULL, error);
}

static gboolean
test_chunk_input_is_readable (GPollableInputStream *stream)
{
  return g_pollable_input_stream_is_readable (chunk_input_get_base (G_INPUT_STREAM (stream)));
}

static GSource *
test_chunk_input_create_source (GPollableInputStream *stream,
                                GCancellable         *cancellable)
{
  g_autoptr (GSource) base = NULL;

  base = g_pollable_input_stream_create_source (chunk_input_get_base (G_INPUT_STREAM (stream)),
                                                cancellable);
  return g_pollable_source_new_full (stream, base, NULL);
}

static void
test_chunk_input_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = test_chunk_input_is_readable;
  iface->create_source = test_chunk_input_create_source;
  iface->read_nonblocking = test_chunk_input_read_nonblocking;
}

static void
test_chunk_input_class_init (TestChunkInputClass *klass)
{
  G_INPUT_STREAM_CLASS (klass)->read_fn = test_chunk_input_read;
}

static void
test_chunk_input_init (TestChunkInput *self)
{
}

static GInputStream *
test_chunk_stream_get_input_stream (GIOStream *stream)
{
  return ((TestChunkStream *) stream)->input;
}

static GOutputStream *
test_chunk_stream_get_output_stream (GIOStream *stream)
{
  return g_io_stream_get_output_stream (((TestChunkStream *) stream)->base);
}

static gboolean
test_chunk_stream_close (GIOStream     *stream,
                         GCancellable  *cancellable,
                         GError       **error)
{
  return g_io_stream_close (((TestChunkStream *) stream)->base, cancellable, error);
}

static void
test_chunk_stream_finalize (GObject *object)
{
  TestChunkStream *self = (TestChunkStream *) object;

  g_clear_object (&self->input);
  g_clear_object (&self->base);
  G_OBJECT_CLASS (test_chunk_stream_parent_class)->finalize (object);
}

static void
test_chunk_stream_class_init (TestChunkStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_chunk_stream_finalize;
  klass->get_input_stream = test_chunk_stream_get_input_stream;
  klass->get_output_stream = test_chunk_stream_get_output_stream;
  klass->close_fn = test_chunk_stream_close;
}

static void
test_chunk_stream_init (TestChunkStream *self)
{
}

GIOStream *
test_chunk_stream_new (GIOStream *base,
                       gsize      chunk_size)
{
  TestChunkStream *self = g_object_new (test_chunk_stream_get_type (), NULL);

  self->base = g_object_ref (base);
  self->input = g_object_new (test_chunk_input_get_type (),
                              "base-stream", g_io_stream_get_input_stream (base),
                              "close-base-stream", FALSE,
                              NULL);
  ((TestChunkInput *) self->input)->chunk_size = chunk_size;
  return G_IO_STREAM (self);
}

void
test_assert_value (QmpClient    *client,
                   GAsyncResult *result,
                   const char   *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = qmp_client_execute_finish (client, result, &error);

  g_assert_no_error (error);
  test_assert_json (value, text);
}

void
test_assert_fails (QmpClient    *client,
                   GAsyncResult *result,
                   GQuark        domain,
                   int           code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = qmp_client_execute_finish (client, result, &error);

  g_assert_null (value);
  g_assert_error (error, domain, code);
}
