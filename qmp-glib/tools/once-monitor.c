/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <unistd.h>

#include "once.h"
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
is_wanted (Monitor    *monitor,
           const char *name)
{
  if (monitor->names[0] == NULL)
    return TRUE;
  for (guint i = 0; monitor->names[i] != NULL; i++)
    if (g_pattern_match_simple (monitor->names[i], name))
      return TRUE;
  return FALSE;
}

static void
event_cb (QmpClient *client,
          QmpEvent  *event,
          gpointer   user_data)
{
  Monitor *monitor = user_data;
  GError *error = NULL;

  if (g_str_equal (qmp_event_get_name (event), "SHUTDOWN"))
    monitor->shut_down = TRUE;
  if (monitor->error != NULL || !is_wanted (monitor, qmp_event_get_name (event)))
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

/* Without this a monitor in a pipe would stay until the next event. */
static gboolean
unread_cb (int          fd,
           GIOCondition condition,
           gpointer     user_data)
{
  tool_streams_end_unread ();
  return G_SOURCE_REMOVE;
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

  g_unix_fd_add (STDOUT_FILENO, G_IO_ERR | G_IO_HUP, unread_cb, NULL);
  if (once->deadline != 0)
    g_timeout_add (once_remaining (once), timeout_cb, monitor);
  g_main_loop_run (monitor->loop);
  if (monitor->error == NULL)
    return TRUE;
  g_propagate_error (error, monitor->error);
  return FALSE;
}

static gboolean
run_monitor (Once                *once,
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

const OnceVerb once_monitor = {
  .words = "monitor",
  .parameters = N_("[EVENT…]"),
  .summary = N_("Show events as they come"),
  .max_words = G_MAXUINT,
  .run = run_monitor,
};
