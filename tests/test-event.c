/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "json/qmp-json-text-private.h"
#include "message/qmp-message-private.h"
#include "test-event.h"

QmpEvent *
test_event_new (const char *name,
                const char *data)
{
  g_autofree char *text = data != NULL ? g_strdup_printf ("{\"event\": \"%s\", \"data\": %s}", name, data)
                                       : g_strdup_printf ("{\"event\": \"%s\"}", name);
  QmpJsonFrame frame = { .text = text, .length = strlen (text) };

  g_assert_true (qmp_json_check (text, frame.length, 1024, &frame.outline, NULL));
  return qmp_event_new_received (NULL, &frame);
}

/* --- the owner --- */

static void
filled (gpointer owner)
{
}

static gboolean
prepare (gpointer owner)
{
  TestHub *self = owner;

  qmp_event_hub_match (&self->hub);
  return !self->hub.matching;
}

static const QmpInboxFuncs inbox_funcs = { filled, prepare };

static void
emit (gpointer  owner,
      QmpEvent *event)
{
  g_string_append_printf (((TestHub *) owner)->log, " %s", qmp_event_get_name (event));
}

static gboolean
keeps (gpointer  owner,
       QmpEvent *event,
       gboolean  taken)
{
  return ((TestHub *) owner)->keeps;
}

static gboolean
expects (gpointer   owner,
         GError   **error)
{
  if (((TestHub *) owner)->expects)
    return TRUE;

  g_set_error_literal (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED, "it is over");
  return FALSE;
}

static gboolean
receive_next (TestHub *self)
{
  QmpEvent *event = g_queue_pop_head (&self->coming);

  if (event == NULL)
    return FALSE;
  qmp_event_hub_route (&self->hub, event);
  qmp_event_hub_match (&self->hub);
  return TRUE;
}

static void
catch_up (gpointer owner)
{
  while (receive_next (owner))
    continue;
}

/* The time is over when nothing comes any more. */
static gboolean
block (gpointer       owner,
       gboolean    (* done) (gpointer data),
       GError     * (* timed_out) (gpointer data),
       gpointer       data,
       int            timeout,
       GCancellable  *cancellable,
       GError       **error)
{
  while (!done (data))
    {
      if (!expects (owner, error))
        return FALSE;
      if (receive_next (owner))
        continue;
      g_propagate_error (error, timed_out (data));
      return FALSE;
    }
  return TRUE;
}

static gboolean
abandon (gpointer      owner,
         gpointer      call,
         const GError *error)
{
  TestHub *self = owner;

  g_string_append_printf (self->log, " abandon(%s)", (const char *) call);
  return self->abandons;
}

static const QmpEventHubFuncs hub_funcs = { emit, keeps, expects, catch_up, block, abandon };

void
test_hub_set_up (TestHub       *self,
                 gconstpointer  data)
{
  self->context = g_main_context_new ();
  self->log = g_string_new (NULL);
  self->keeps = self->expects = self->abandons = TRUE;
  g_queue_init (&self->coming);
  qmp_inbox_init (&self->inbox, &inbox_funcs, self);
  /* On a machine that is busy with other things as well. */
  self->inbox.max_time = G_MAXINT64;
  self->io = qmp_io_context_get (self->context);
  qmp_event_hub_init (&self->hub, self->io, &self->inbox, &hub_funcs, self);
}

void
test_hub_tear_down (TestHub       *self,
                    gconstpointer  data)
{
  qmp_inbox_clear (&self->inbox);
  qmp_event_hub_clear (&self->hub);
  while (g_main_context_iteration (self->context, FALSE))
    continue;
  g_assert_cmpuint (self->inbox.size, ==, 0);
  g_assert_cmpstr (self->log->str, ==, "");
  g_queue_clear_full (&self->coming, g_object_unref);
  g_string_free (self->log, TRUE);
  qmp_io_context_unref (self->io);
  g_main_context_unref (self->context);
}

/* --- what happens --- */

void
test_hub_receive (TestHub    *self,
                  const char *name)
{
  qmp_event_hub_route (&self->hub, test_event_new (name, NULL));
  qmp_event_hub_match (&self->hub);
}

typedef struct {
  TestHub  *hub;
  void   (* function) (TestHub *self);
} Job;

static gboolean
dispatch_cb (gpointer user_data)
{
  Job *job = user_data;

  job->function (job->hub);
  return G_SOURCE_REMOVE;
}

void
test_hub_dispatch (TestHub  *self,
                   void   (* function) (TestHub *self))
{
  g_autoptr(GSource) source = g_idle_source_new ();
  Job job = { self, function };

  g_source_set_callback (source, dispatch_cb, &job, NULL);
  g_source_attach (source, self->context);
  while (!g_source_is_destroyed (source))
    g_main_context_iteration (self->context, FALSE);
}

static void
deliver (TestHub *self)
{
  qmp_inbox_deliver (&self->inbox);
}

void
test_hub_deliver (TestHub *self)
{
  test_hub_dispatch (self, deliver);
}

static const char *
describe (const GError *error)
{
  static const struct { GQuark (* domain) (void); int code; const char *word; } words[] = {
    { qmp_client_error_quark, QMP_CLIENT_ERROR_STATE, "state" },
    { qmp_client_error_quark, QMP_CLIENT_ERROR_INTERRUPTED, "interrupted" },
    { qmp_client_error_quark, QMP_CLIENT_ERROR_FAILURE_EVENT, "failure" },
    { qmp_command_error_quark, QMP_COMMAND_ERROR_GENERIC, "generic" },
    { g_io_error_quark, G_IO_ERROR_CANCELLED, "cancelled" },
    { g_io_error_quark, G_IO_ERROR_TIMED_OUT, "timed-out" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_error_matches (error, words[i].domain (), words[i].code))
      return words[i].word;
  return error->message;
}

void
test_hub_note_next (GObject      *object,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  TestNote *note = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpEvent) event = g_task_propagate_pointer (G_TASK (result), &error);

  if (event != NULL)
    g_string_append_printf (note->hub->log, " %s=%s", note->name, qmp_event_get_name (event));
  else
    g_string_append_printf (note->hub->log, " %s!%s", note->name, describe (error));
}
