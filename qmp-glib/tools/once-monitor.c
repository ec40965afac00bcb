/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>

#include "once-many.h"
#include "tool-events.h"
#include "tool-streams.h"

typedef struct {
  Once                *once;
  const char * const  *names;      /* patterns; none: all events */
  GMainLoop           *loop;
  gboolean             shut_down;  /* the server said that it will end */
  GError              *error;
} Monitor;

static void
end (Monitor *monitor,
     GError  *error)
{
  if (monitor->error == NULL)
    monitor->error = error;
  else
    g_clear_error (&error);
  g_main_loop_quit (monitor->loop);
}

static gboolean
is_wanted (const char * const *names,
           QmpEvent           *event)
{
  return names[0] == NULL || tool_events_have (names, qmp_event_get_name (event));
}

static gboolean
announces_end (QmpEvent *event)
{
  return g_str_equal (qmp_event_get_name (event), "SHUTDOWN");
}

/* --- one --- */

static void
event_cb (QmpClient *client,
          QmpEvent  *event,
          gpointer   user_data)
{
  Monitor *monitor = user_data;
  GError *error = NULL;

  if (announces_end (event))
    monitor->shut_down = TRUE;
  if (monitor->error != NULL || !is_wanted (monitor->names, event))
    return;
  once_print_event (monitor->once, event);
  if (!once_flush (monitor->once, &error))
    end (monitor, error);
}

static void
closed_cb (QmpClient    *client,
           const GError *error,
           gpointer      user_data)
{
  Monitor *monitor = user_data;

  end (monitor, monitor->shut_down || error == NULL ? NULL : g_error_copy (error));
}

static gboolean
timeout_cb (gpointer user_data)
{
  Monitor *monitor = user_data;
  GError *error = NULL;

  once_fail (&error, ONCE_STATUS_TIMEOUT, _("The time is over"));
  end (monitor, error);
  return G_SOURCE_REMOVE;
}

static gboolean
run_loop (Monitor  *monitor,
          GError  **error)
{
  Once *once = monitor->once;

  tool_streams_watch_output ();
  if (once->deadline != 0)
    g_timeout_add (once_remaining (once), timeout_cb, monitor);
  g_main_loop_run (monitor->loop);
  if (monitor->error == NULL)
    return TRUE;
  g_propagate_error (error, monitor->error);
  return FALSE;
}

static gboolean
follow_one (Once                *once,
            const char * const  *words,
            GError             **error)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Monitor monitor = { once, words, loop };
  gboolean good;

  /* Before it is opened: an event can come together with the greeting. */
  g_signal_connect (once->client, "event", G_CALLBACK (event_cb), &monitor);
  g_signal_connect (once->client, "closed", G_CALLBACK (closed_cb), &monitor);
  good = once_open (once, error) && once_check_events (once, words, error) && run_loop (&monitor, error);
  g_signal_handlers_disconnect_by_data (once->client, &monitor);
  return good;
}

/* --- several --- */

/* Of one of them. */
typedef struct {
  gboolean  asks;        /* for the schema, of whose failure that call is told */
  gboolean  shut_down;
} View;

static void
event_of_one_cb (QmpClient *client,
                 QmpEvent  *event,
                 gpointer   user_data)
{
  OnceOne *one = user_data;
  View *view = one->data;

  if (announces_end (event))
    view->shut_down = TRUE;
  if (is_wanted (one->user_data, event))
    once_one_print_event (one, event);
}

static void
one_closed_cb (QmpClient    *client,
               const GError *error,
               gpointer      user_data)
{
  OnceOne *one = user_data;
  View *view = one->data;

  if (!view->asks)
    once_one_end (one, view->shut_down || error == NULL ? NULL : g_error_copy (error));
}

static void
fetched_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  OnceOne *one = user_data;
  View *view = one->data;
  GError *error = NULL;
  g_autoptr(QmpSchema) schema = once_finish_schema (result, &error);

  view->asks = FALSE;
  if (error != NULL || !once_check_event_names (schema, one->user_data, &error))
    once_one_end (one, error);
}

static void
prepare (OnceOne *one)
{
  one->data = g_new0 (View, 1);
  g_signal_connect (one->client, "event", G_CALLBACK (event_of_one_cb), one);
  g_signal_connect (one->client, "closed", G_CALLBACK (one_closed_cb), one);
}

static void
go (OnceOne *one)
{
  const char * const *names = one->user_data;
  View *view = one->data;

  once_one_set_timeout (one);
  if (names[0] == NULL)
    return;
  view->asks = TRUE;
  qmp_schema_fetch_async (one->client, NULL, fetched_cb, one);
}

static gboolean
run_monitor (Once                *once,
             const char * const  *words,
             GError             **error)
{
  static const OnceManyFuncs funcs = { prepare, go, g_free };

  if (!once_is_many (once))
    return follow_one (once, words, error);
  tool_streams_watch_output ();
  return once_many_run (once, &funcs, (gpointer) words, error);
}

const OnceVerb once_monitor = {
  .words = "monitor",
  .parameters = N_("[EVENT…]"),
  .summary = N_("Show events as they come"),
  .max_words = G_MAXUINT,
  .many = TRUE,
  .run = run_monitor,
};
