/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "soak-link.h"

#include <string.h>

#include "soak-count.h"
#include "test-utils.h"

typedef struct {
  SoakLink     *link;
  char         *command;
  char         *result;
  char         *error;
  GCancellable *cancellable;
  gboolean      has_timeout;
  gboolean      any_running;
  SoakDone      done;
  gpointer      user_data;
} SoakCall;

static void
call_free (SoakCall *call)
{
  g_free (call->command);
  g_free (call->result);
  g_free (call->error);
  g_clear_object (&call->cancellable);
  g_free (call);
}

static gboolean
link_may_end (SoakLink *self)
{
  if (!self->may_end && self->has_crashed (self->crash_data))
    self->may_end = TRUE;
  return self->may_end;
}

/* Events. */

static void
link_order (SoakLink *self,
            QmpEvent *event)
{
  soak_order_event (self->order, event);
  if (self->look != NULL)
    self->look (self, self->look_data);
}

void
soak_link_drain (SoakLink *self)
{
  QmpEvent *event;

  while ((event = qmp_event_listener_try_next (self->listener)) != NULL)
    {
      g_queue_push_tail (&self->taken, event);
      link_order (self, event);
    }
}

/* Each event is in the queue before it is emitted, once, and in the same order. */
static void
event_cb (QmpClient *client,
          QmpEvent  *event,
          SoakLink  *self)
{
  g_autoptr (QmpEvent) queued = NULL;

  if (self->blocking)
    soak_link_drain (self);
  queued = self->blocking ? g_queue_pop_head (&self->taken) : qmp_event_listener_try_next (self->listener);
  if (queued == NULL || !qmp_message_equal (QMP_MESSAGE (queued), QMP_MESSAGE (event)))
    soak_fail ("%s: %s was emitted, and %s is next in the queue", self->name, qmp_event_get_name (event),
               queued != NULL ? qmp_event_get_name (queued) : "nothing");
  if (!self->blocking)
    link_order (self, event);
}

static void
protocol_error_cb (QmpClient *client,
                   GError    *error,
                   SoakLink  *self)
{
  soak_fail ("%s: %s", self->name, error->message);
}

/* The end of a link comes once, and after the answers to all that was sent. */
static void
closed_cb (QmpClient *client,
           GError    *error,
           SoakLink  *self)
{
  if (!link_may_end (self))
    soak_fail ("%s: the link ended: %s", self->name, error != NULL ? error->message : "without an error");
  if (self->n_closed++ > 0)
    soak_fail ("%s: closed was emitted twice", self->name);
}

/* Answers. */

static void
check_result (SoakCall *call,
              JsonNode *value,
              guint     n_turns)
{
  SoakOrder *order = call->link->order;

  if (call->error != NULL)
    soak_fail ("%s: a result, and not “%s”", call->command, call->error);
  if (call->result != NULL && g_strcmp0 (json_node_get_string (value), call->result) != 0)
    soak_fail ("%s: “%s”, and not “%s”: the answer to another one", call->command,
               json_node_get_string (value), call->result);
  if (g_str_equal (call->command, "stop") || g_str_equal (call->command, "cont"))
    soak_order_check_running (order, g_str_equal (call->command, "cont"), call->command);
  if (g_str_equal (call->command, "query-status") && !call->any_running
      && n_turns == soak_order_get_n_turns (order))
    soak_order_check_running (order, json_object_get_boolean_member (json_node_get_object (value), "running"),
                              call->command);
}

static SoakOutcome
check_error (SoakCall     *call,
             const GError *error)
{
  if (error->domain == QMP_COMMAND_ERROR && call->error != NULL && strstr (error->message, call->error) != NULL)
    return SOAK_ERROR;
  if (g_error_matches (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED) && link_may_end (call->link))
    return SOAK_INTERRUPTED;
  if (g_error_matches (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE) && link_may_end (call->link))
    return SOAK_REFUSED;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) && g_cancellable_is_cancelled (call->cancellable))
    return SOAK_CANCELLED;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) && call->has_timeout)
    return SOAK_TIMED_OUT;
  soak_fail ("%s: %s: %s: %s", call->link->name, call->command, g_quark_to_string (error->domain), error->message);
}

/* Behind the end come the errors of calls that it was too late for: nothing of them was sent. */
static void
check_in_time (SoakCall     *call,
               SoakOutcome   outcome,
               const GError *error)
{
  if (call->link->n_closed == 0 || outcome == SOAK_REFUSED)
    return;
  if (outcome != SOAK_INTERRUPTED || strstr (error->message, "nothing was sent") == NULL)
    soak_fail ("%s: %s: answered after closed: %s", call->link->name, call->command,
               error != NULL ? error->message : "a result");
}

/* n_turns: before the call, when it was a blocking one; events behind its reply have been taken, too. */
static void
check_answer (SoakCall     *call,
              JsonNode     *value,
              const GError *error,
              guint         n_turns)
{
  SoakOutcome outcome = SOAK_RESULT;

  if ((value == NULL) != (error != NULL))
    soak_fail ("%s: neither or both of a result and an error", call->command);
  if (error != NULL)
    outcome = check_error (call, error);
  else
    check_result (call, value, n_turns);
  check_in_time (call, outcome, error);
  soak_count_command (call->command, outcome);
}

static SoakCall *
call_new (SoakLink           *link,
          QmpMessage         *command,
          const SoakExpected *expected)
{
  SoakCall *call = g_new0 (SoakCall, 1);
  JsonNode *name = qmp_message_get_member (command, "execute");

  if (name == NULL)
    name = qmp_message_get_member (command, "exec-oob");
  call->link = link;
  call->command = g_strdup (json_node_get_string (name));
  call->has_timeout = qmp_message_get_timeout (command) >= 0;
  if (expected != NULL)
    {
      call->result = g_strdup (expected->result);
      call->error = g_strdup (expected->error);
      call->any_running = expected->any_running;
      g_set_object (&call->cancellable, expected->cancellable);
    }
  soak_count_command (call->command, SOAK_ISSUED);
  return call;
}

typedef struct {
  SoakLink *link;
  guint64   number;
} SoakNumber;

static void
answer_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autofree SoakNumber *number = user_data;
  SoakLink *self = number->link;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = qmp_client_execute_message_finish (QMP_CLIENT (object), result, &error);
  g_autofree guint64 *key = NULL;
  SoakCall *call = NULL;

  if (!g_hash_table_steal_extended (self->calls, &number->number, (gpointer *) &key, (gpointer *) &call))
    soak_fail ("%s: call %" G_GUINT64_FORMAT " was answered twice", self->name, number->number);
  check_answer (call, value, error, soak_order_get_n_turns (self->order));
  if (call->done != NULL)
    call->done (self, value, call->user_data);
  call_free (call);
}

void
soak_link_execute (SoakLink           *self,
                   QmpMessage         *command,
                   const SoakExpected *expected,
                   SoakDone            done,
                   gpointer            user_data)
{
  SoakCall *call = call_new (self, command, expected);
  SoakNumber *number = g_new (SoakNumber, 1);
  guint64 *key = g_memdup2 (&self->last_number, sizeof (guint64));

  call->done = done;
  call->user_data = user_data;
  *key = ++self->last_number;
  *number = (SoakNumber) { self, *key };
  g_hash_table_insert (self->calls, key, call);
  qmp_client_execute_message_async (self->client, command, call->cancellable, answer_cb, number);
  g_object_unref (command);
}

JsonNode *
soak_link_execute_blocking (SoakLink           *self,
                            QmpMessage         *command,
                            const SoakExpected *expected)
{
  SoakCall *call = call_new (self, command, expected);
  g_autoptr (GError) error = NULL;
  guint n_turns;
  JsonNode *value;

  soak_link_drain (self);
  n_turns = soak_order_get_n_turns (self->order);
  value = qmp_client_execute_message (self->client, command, call->cancellable, &error);
  soak_link_drain (self);
  check_answer (call, value, error, n_turns);
  call_free (call);
  g_object_unref (command);
  return value;
}

/* The link. */

SoakLink *
soak_link_new (const char *name,
               gboolean    blocking)
{
  SoakLink *self = g_new0 (SoakLink, 1);

  self->name = name;
  self->blocking = blocking;
  self->order = soak_order_new (name);
  self->calls = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, (GDestroyNotify) call_free);
  g_queue_init (&self->taken);
  return self;
}

void
soak_link_free (SoakLink *self)
{
  soak_link_drop_client (self);
  soak_order_free (self->order);
  g_hash_table_unref (self->calls);
  g_free (self);
}

void
soak_link_drop_client (SoakLink *self)
{
  if (self->client == NULL)
    return;
  qmp_client_remove_listener (self->client, self->listener);
  g_clear_object (&self->listener);
  g_signal_handlers_disconnect_by_data (self->client, self);
  test_client_free (g_steal_pointer (&self->client));
}

static void
link_make_client (SoakLink *self)
{
  self->client = qmp_client_new (self->name);
  self->listener = qmp_event_listener_new (NULL);
  qmp_client_add_listener (self->client, self->listener);
  g_signal_connect (self->client, "event", G_CALLBACK (event_cb), self);
  g_signal_connect (self->client, "closed", G_CALLBACK (closed_cb), self);
  g_signal_connect (self->client, "protocol-error", G_CALLBACK (protocol_error_cb), self);
}

void
soak_link_prepare (SoakLink *self,
                   gboolean  out_of_band,
                   gboolean  same_server)
{
  if (self->client == NULL)
    link_make_client (self);
  qmp_client_set_out_of_band (self->client, out_of_band);
  soak_order_begin (self->order, same_server);
  if (g_hash_table_size (self->calls) > 0)
    soak_fail ("%s: %u calls have no answer", self->name, g_hash_table_size (self->calls));
  self->n_closed = 0;
  self->may_end = FALSE;
}

gboolean
soak_link_open (SoakLink           *self,
                GSocketConnectable *address)
{
  g_autoptr (GError) error = NULL;
  gboolean opened;

  if (self->blocking)
    opened = qmp_client_open (self->client, address, NULL, &error);
  else
    opened = test_open (self->client, address, &error);
  if (!opened && !link_may_end (self))
    soak_fail ("%s: %s", self->name, error->message);
  /* A link that never was is not closed. */
  if (!opened)
    self->n_closed = 1;
  return opened;
}

gboolean
soak_link_is_up (SoakLink *self)
{
  return self->client != NULL && qmp_client_get_runstate (self->client) == QMP_RUNSTATE_RUNNING;
}

void
soak_link_close (SoakLink *self)
{
  g_autoptr (GError) error = NULL;
  gboolean closed;

  self->may_end = TRUE;
  if (self->blocking)
    closed = qmp_client_close (self->client, NULL, &error);
  else
    closed = test_close (self->client, &error);
  if (!closed && !self->has_crashed (self->crash_data))
    soak_fail ("%s: %s", self->name, error->message);
  soak_link_wait_for_end (self);
}

void
soak_link_wait_for_end (SoakLink *self)
{
  if (self->client == NULL)
    return;
  test_spin_until (self->n_closed > 0);
  test_spin_ready ();
  soak_link_drain (self);
  if (self->taken.length > 0)
    soak_fail ("%s: %u events were in the queue and were not emitted", self->name, self->taken.length);
  if (g_hash_table_size (self->calls) > 0)
    soak_fail ("%s: %u calls have no answer", self->name, g_hash_table_size (self->calls));
  if (qmp_client_get_n_pending (self->client) > 0)
    soak_fail ("%s: the client has calls after the end", self->name);
}
