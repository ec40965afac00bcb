/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>

#include "event/qmp-event-history-private.h"
#include "test-responder.h"

/* The program drops its references inside of each signal of each object. All signals and all properties of the types
 * are gone through, so that a new one without a place in the story below makes the test fail. */

typedef struct {
  TestResponder    *responder;
  QmpClient        *client;      /* NULL: dropped */
  QmpClient        *own;         /* the program's reference, nullable */
  QmpEventListener *listener;    /* likewise */
  QmpEventListener *own_listener;
  gboolean          dispose;     /* as well as to drop */
  guint             n_emissions;
} Story;

static void
drop (Story *self)
{
  QmpClient *client = g_steal_pointer (&self->own);
  QmpEventListener *listener = g_steal_pointer (&self->own_listener);

  self->n_emissions++;
  if (self->dispose && listener != NULL)
    g_object_run_dispose (G_OBJECT (listener));
  if (self->dispose && client != NULL)
    g_object_run_dispose (G_OBJECT (client));
  g_clear_object (&listener);
  g_clear_object (&client);
}

/* --- the story --- */

static void
hear_wire_cb (void)
{
}

/* A value that is not the one that it has; FALSE if there is none to make up. */
static gboolean
set_other (GObject    *object,
           GParamSpec *pspec)
{
  g_auto (GValue) value = G_VALUE_INIT;

  if (!(pspec->flags & G_PARAM_WRITABLE) || (pspec->flags & G_PARAM_CONSTRUCT_ONLY))
    return FALSE;
  g_value_init (&value, pspec->value_type);
  g_object_get_property (object, pspec->name, &value);
  if (G_VALUE_HOLDS_BOOLEAN (&value))
    g_value_set_boolean (&value, !g_value_get_boolean (&value));
  else if (G_VALUE_HOLDS_UINT (&value))
    g_value_set_uint (&value, g_value_get_uint (&value) == 100 ? 101 : 100);
  else if (G_VALUE_HOLDS_INT (&value))
    g_value_set_int (&value, g_value_get_int (&value) == 100 ? 101 : 100);
  else if (G_VALUE_HOLDS_ENUM (&value))
    g_value_set_enum (&value, !g_value_get_enum (&value));
  else if (G_VALUE_HOLDS_STRING (&value))
    g_value_set_string (&value, "other");
  else if (pspec->value_type == QMP_TYPE_EVENT_MATCH)
    g_value_take_boxed (&value, TEST_MATCH ("OTHER"));
  else if (g_type_is_a (pspec->value_type, G_TYPE_TLS_DATABASE))
    g_value_take_object (&value, g_tls_backend_get_default_database (g_tls_backend_get_default ()));
  else if (g_type_is_a (pspec->value_type, G_TYPE_TLS_CERTIFICATE))
    g_value_take_object (&value, g_object_new (g_tls_backend_get_certificate_type (g_tls_backend_get_default ()), NULL));
  else
    return FALSE;
  g_object_set_property (object, pspec->name, &value);
  return TRUE;
}

/* Each property that can be set, set to something else and back; borrowed: it may go in between. */
static void
set_all (gpointer *object)
{
  guint n_properties = 0;
  g_autofree GParamSpec **properties = NULL;

  if (*object != NULL)
    properties = g_object_class_list_properties (G_OBJECT_GET_CLASS (*object), &n_properties);
  for (guint i = 0; i < n_properties && *object != NULL; i++)
    {
      g_auto (GValue) before = G_VALUE_INIT;

      g_object_get_property (*object, properties[i]->name, &before);
      if (set_other (*object, properties[i]) && *object != NULL)
        g_object_set_property (*object, properties[i]->name, &before);
    }
}

static void
finished_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  (*(guint *) user_data)--;
}

static void
say (Story      *self,
     const char *command,
     guint      *n_pending)
{
  if (self->own == NULL)
    return;
  ++*n_pending;
  qmp_client_execute_async (self->own, command, NULL, NULL, finished_cb, n_pending);
}

static void
open_link (Story *self,
           guint *n_pending)
{
  if (self->own == NULL)
    return;
  ++*n_pending;
  qmp_client_open_async (self->own, test_responder_get_address (self->responder), NULL, finished_cb, n_pending);
  test_spin_until (*n_pending == 0);
}

static void
listen_and_close (Story *self,
                  guint *n_pending)
{
  g_autofree char *path = g_strconcat (test_responder_get_path (self->responder), "-listening", NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);

  if (self->own == NULL)
    return;
  g_assert_true (qmp_client_listen (self->own, G_SOCKET_CONNECTABLE (address), NULL, NULL));
  if (self->own == NULL)
    return;
  ++*n_pending;
  qmp_client_close_async (self->own, NULL, finished_cb, n_pending);
  test_spin_until (*n_pending == 0);
}

/* Until the client is stalled, or gone. */
static void
stall (Story *self,
       guint *n_pending)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  if (self->own == NULL)
    return;
  ++*n_pending;
  qmp_client_execute_async (self->own, "hang", NULL, cancellable, finished_cb, n_pending);
  test_spin_until (self->own == NULL || qmp_client_get_stalled (self->own));
  g_cancellable_cancel (cancellable);
  test_spin_until (*n_pending == 0);
}

/* Everything happens that a signal tells of. It may end anywhere, by drop(). */
static void
tell (Story *self)
{
  guint n_pending = 0;

  set_all ((gpointer *) &self->listener);
  set_all ((gpointer *) &self->client);
  if (self->own_listener != NULL)
    qmp_event_listener_set_history_length (self->own_listener, 1);
  listen_and_close (self, &n_pending);
  open_link (self, &n_pending);
  stall (self, &n_pending);
  for (guint i = 0; i < 3; i++)
    say (self, "stop", &n_pending);
  say (self, "junk", &n_pending);
  test_spin_until (n_pending == 0);
  say (self, "leave", &n_pending);
  test_spin_until (n_pending == 0);
  test_spin_until (self->own == NULL || qmp_client_get_runstate (self->own) == QMP_RUNSTATE_IDLE);
  test_spin_ready ();
}

/* --- all signals --- */

typedef struct {
  GType  type;
  char  *signal;  /* with its detail */
} Signal;

static void
story_init (Story    *self,
            gboolean  dispose)
{
  *self = (Story) { .dispose = dispose };
  self->responder = test_responder_new (TEST_RESPONDER_OOB);
  self->own = qmp_client_new (NULL);
  self->own_listener = qmp_event_listener_new (NULL);
  qmp_client_set_out_of_band (self->own, TRUE);
  qmp_client_set_stall_time (self->own, 1);
  g_set_weak_pointer (&self->client, self->own);
  g_set_weak_pointer (&self->listener, self->own_listener);
  qmp_client_add_listener (self->own, self->own_listener);
  g_signal_connect (self->own, "wire", G_CALLBACK (hear_wire_cb), NULL);
}

static void
story_clear (Story *self)
{
  test_spin_ready ();
  g_assert_null (self->own);
  g_assert_null (self->own_listener);
  g_assert_null (self->client);
  g_assert_null (self->listener);
  test_responder_free (self->responder);
}

typedef struct {
  Story *story;
  guint  n_left;
} Trigger;

/* For any signal, whose arguments come behind. */
static void
count_cb (gpointer user_data)
{
  Trigger *trigger = user_data;

  if (trigger->n_left-- == 0)
    drop (trigger->story);
}

static GObject *
get_object (Story *self,
            GType  type)
{
  if (type == QMP_TYPE_CLIENT)
    return G_OBJECT (self->own);
  if (type == QMP_TYPE_EVENT_LISTENER)
    return G_OBJECT (self->own_listener);
  return G_OBJECT (qmp_event_listener_get_history (self->own_listener));
}

/* The program drops what it has at the n-th emission. FALSE if there were fewer. */
static gboolean
run (const Signal *what,
     guint         n,
     gboolean      dispose)
{
  Story story;
  Trigger trigger = { &story, n };
  GObject *object;
  gulong handler;

  story_init (&story, dispose);
  object = get_object (&story, what->type);
  handler = g_signal_connect_swapped (object, what->signal, G_CALLBACK (count_cb), &trigger);
  tell (&story);
  if (story.n_emissions == 0)
    {
      g_signal_handler_disconnect (object, handler);
      drop (&story);
      story.n_emissions = 0;
    }
  story_clear (&story);
  return story.n_emissions > 0;
}

static void
check (const Signal *what,
       gboolean      dispose)
{
  guint n_fds = test_count_fds ();
  guint step = TEST_FEW ? 3 : 1;
  guint n = 0;

  while (run (what, n, dispose))
    n += step;
  g_test_message ("%s: %u emissions", what->signal, n);
  g_assert_cmpuint (n, >, 0);
  test_assert_n_fds (n_fds);
}

static void
test_unref (gconstpointer data)
{
  check (data, FALSE);
}

static void
test_dispose (gconstpointer data)
{
  check (data, TRUE);
}

/* --- inside of the function that is asked about commands --- */

typedef enum {
  EXECUTE,
  EXECUTE_MESSAGE,
  EXCHANGE,
  EXECUTE_AND_WAIT,
} Form;

typedef enum {
  CHECK_UNREF,
  CHECK_UNSET,
  CHECK_CLOSE,
  CHECK_DISPOSE,
} CheckKind;

static const char * const form_names[] = { "execute", "execute-message", "exchange", "execute-and-wait" };
static const char * const check_names[] = { "unref", "unset", "close", "dispose" };

typedef struct {
  CheckKind         kind;
  QmpClient        *client;     /* the program's references, nullable */
  QmpClient        *watched;
  QmpMessage       *message;
  JsonNode         *arguments;
  QmpEventMatch    *match;
  guint             n_checks;
  guint             n_destroyed;
} Checked;

static void
check_destroyed (gpointer user_data)
{
  ((Checked *) user_data)->n_destroyed++;
}

static gboolean
check_cb (QmpClient   *client,
          QmpMessage  *command,
          gpointer     user_data,
          GError     **error)
{
  Checked *self = user_data;

  self->n_checks++;
  switch (self->kind)
    {
    case CHECK_UNREF:
      g_clear_object (&self->message);
      g_clear_pointer (&self->arguments, json_node_unref);
      g_clear_pointer (&self->match, qmp_event_match_free);
      g_clear_object (&self->client);
      break;
    case CHECK_UNSET:
      qmp_client_set_command_check (client, NULL, NULL, NULL);
      /* It is still in use. */
      g_assert_cmpuint (self->n_destroyed, ==, 0);
      break;
    case CHECK_CLOSE:
      g_assert_true (qmp_client_close (client, NULL, NULL));
      break;
    case CHECK_DISPOSE:
      g_object_run_dispose (G_OBJECT (client));
      break;
    }
  /* The command is whole, whatever was dropped. */
  g_assert_true (qmp_message_has_member (command, "arguments"));
  return TRUE;
}

static void
execute_in_background (Checked *self,
                       Form     form,
                       guint   *n_pending)
{
  *n_pending = 1;
  if (form == EXECUTE)
    qmp_client_execute_async (self->client, "stop", self->arguments, NULL, finished_cb, n_pending);
  else if (form == EXECUTE_MESSAGE)
    qmp_client_execute_message_async (self->client, self->message, NULL, finished_cb, n_pending);
  else if (form == EXCHANGE)
    qmp_client_exchange_async (self->client, self->message, NULL, finished_cb, n_pending);
  else
    qmp_client_execute_and_wait_async (self->client, self->message, self->match, NULL, finished_cb, n_pending);
  test_spin_until (*n_pending == 0);
}

static void
execute_blocking (Checked *self,
                  Form     form)
{
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (QmpMessage) reply = NULL;
  g_autoptr (QmpEvent) event = NULL;
  g_autoptr (GError) error = NULL;

  if (form == EXECUTE)
    value = qmp_client_execute (self->client, "stop", self->arguments, NULL, &error);
  else if (form == EXECUTE_MESSAGE)
    value = qmp_client_execute_message (self->client, self->message, NULL, &error);
  else if (form == EXCHANGE)
    reply = qmp_client_exchange (self->client, self->message, NULL, &error);
  else
    event = qmp_client_execute_and_wait (self->client, self->message, self->match, NULL, &error);
  if (self->kind == CHECK_UNREF || self->kind == CHECK_UNSET)
    g_assert_no_error (error);
  else
    g_assert_nonnull (error);
  g_assert_true ((error == NULL) == (value != NULL || reply != NULL || event != NULL));
}

static void
checked_clear (Checked *self)
{
  g_clear_object (&self->message);
  g_clear_pointer (&self->arguments, json_node_unref);
  g_clear_pointer (&self->match, qmp_event_match_free);
  g_clear_object (&self->client);
  test_spin_ready ();
  g_assert_null (self->watched);
  g_assert_cmpuint (self->n_checks, ==, 1);
  g_assert_cmpuint (self->n_destroyed, ==, 1);
}

static void
run_check (CheckKind kind,
           Form      form,
           gboolean  blocking)
{
  TestResponder *responder = test_responder_new (TEST_RESPONDER_UNIX);
  Checked self = { .kind = kind, .client = qmp_client_new (NULL) };
  g_autoptr (GError) error = NULL;
  guint n_pending;

  g_set_weak_pointer (&self.watched, self.client);
  self.message = test_message ("{\"execute\": \"stop\", \"arguments\": {\"a\": 1}}");
  self.arguments = test_json ("{\"a\": 1}");
  self.match = TEST_MATCH ("STOP");
  test_open (self.client, test_responder_get_address (responder), &error);
  g_assert_no_error (error);
  qmp_client_set_command_check (self.client, check_cb, &self, check_destroyed);
  if (blocking)
    execute_blocking (&self, form);
  else
    execute_in_background (&self, form, &n_pending);
  checked_clear (&self);
  test_responder_free (responder);
}

static void
test_check (gconstpointer data)
{
  guint n_fds = test_count_fds ();

  for (Form form = EXECUTE; form <= EXECUTE_AND_WAIT; form++)
    {
      g_test_message ("%s", form_names[form]);
      run_check (GPOINTER_TO_UINT (data), form, FALSE);
      run_check (GPOINTER_TO_UINT (data), form, TRUE);
    }
  test_assert_n_fds (n_fds);
}

/* --- */

static void
signal_free (gpointer data)
{
  Signal *what = data;

  g_free (what->signal);
  g_free (what);
}

static void
add_one (const char   *kind,
         GType         type,
         const char   *signal,
         GTestDataFunc function)
{
  Signal *what = g_new (Signal, 1);
  g_autofree char *path = g_strdup_printf ("/faults/signals/%s/%s/%s", kind, g_type_name (type), signal);

  *what = (Signal) { type, g_strdup (signal) };
  g_test_add_data_func_full (path, what, function, signal_free);
}

static void
add (GType       type,
     const char *signal)
{
  add_one ("unref", type, signal, test_unref);
  add_one ("dispose", type, signal, test_dispose);
}

/* Those that are only ever asked for, as their documentation says. */
static gboolean
is_notified (GParamSpec *pspec)
{
  static const char * const asked_for[] = { "n-pending", "oldest-wait", "n-dropped", "history", NULL };

  return !(pspec->flags & G_PARAM_CONSTRUCT_ONLY) && !g_strv_contains (asked_for, pspec->name);
}

/* owner: the type or one of its interfaces. */
static void
add_signals (GType type,
             GType owner)
{
  guint n_signals;
  g_autofree guint *signals = g_signal_list_ids (owner, &n_signals);

  for (guint i = 0; i < n_signals; i++)
    add (type, g_signal_name (signals[i]));
}

static void
add_type (GType type)
{
  guint n_interfaces, n_properties;
  g_autoptr (GTypeClass) object_class = g_type_class_ref (type);
  g_autofree GParamSpec **properties = g_object_class_list_properties ((GObjectClass *) object_class, &n_properties);
  g_autofree GType *interfaces = g_type_interfaces (type, &n_interfaces);

  add_signals (type, type);
  for (guint i = 0; i < n_interfaces; i++)
    add_signals (type, interfaces[i]);
  for (guint i = 0; i < n_properties; i++)
    {
      g_autofree char *signal = g_strdup_printf ("notify::%s", properties[i]->name);

      if (is_notified (properties[i]))
        add (type, signal);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  test_warm_up ();

  add_type (QMP_TYPE_CLIENT);
  add_type (QMP_TYPE_EVENT_LISTENER);
  add_type (QMP_TYPE_EVENT_HISTORY);
  for (guint i = 0; i < G_N_ELEMENTS (check_names); i++)
    {
      g_autofree char *path = g_strdup_printf ("/faults/check/%s", check_names[i]);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_check);
    }
  return g_test_run ();
}
