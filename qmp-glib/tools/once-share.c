/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib-unix.h>
#include <glib/gi18n.h>

#include "once.h"
#include "tool-server.h"

typedef struct {
  Once           *once;
  QmpMultiplexer *multiplexer;
  gboolean        over;
  gboolean        shut_down;  /* the server said that it will end */
  GError         *error;      /* nullable: why it is over, unless all is well */
} Share;

/* Takes error, which is nullable. */
static void
end (Share  *share,
     GError *error)
{
  if (share->over)
    g_clear_error (&error);
  else
    share->error = error;
  share->over = TRUE;
}

static void
event_cb (QmpClient *client,
          QmpEvent  *event,
          gpointer   user_data)
{
  Share *share = user_data;

  if (g_str_equal (qmp_event_get_name (event), "SHUTDOWN"))
    share->shut_down = TRUE;
}

static void
closed_cb (QmpClient    *client,
           const GError *error,
           gpointer      user_data)
{
  Share *share = user_data;

  end (share, share->shut_down || error == NULL ? NULL : g_error_copy (error));
}

static gboolean
signal_cb (gpointer user_data)
{
  end (user_data, NULL);
  return G_SOURCE_CONTINUE;
}

static gboolean
timeout_cb (gpointer user_data)
{
  Share *share = user_data;
  GError *error = NULL;

  once_fail (&error, ONCE_STATUS_TIMEOUT, _("The time is over"));
  end (share, error);
  return G_SOURCE_REMOVE;
}

static void
watch_end (Share *share)
{
  g_unix_signal_add (SIGINT, signal_cb, share);
  g_unix_signal_add (SIGTERM, signal_cb, share);
  g_unix_signal_add (SIGHUP, signal_cb, share);
  if (share->once->deadline != 0)
    g_timeout_add (once_remaining (share->once), timeout_cb, share);
}

static GListModel *
get_clients (Share *share)
{
  return qmp_server_get_connections (qmp_multiplexer_get_server (share->multiplexer));
}

/* When the server has gone its last words are still on their way to some. */
static gboolean
run_loop (Share   *share,
          GError **error)
{
  watch_end (share);
  while (!share->over)
    g_main_context_iteration (NULL, TRUE);
  while (qmp_client_get_runstate (share->once->client) == QMP_RUNSTATE_IDLE &&
         g_list_model_get_n_items (get_clients (share)) > 0)
    g_main_context_iteration (NULL, TRUE);
  if (share->error == NULL)
    return TRUE;
  g_propagate_error (error, share->error);
  return FALSE;
}

/* Where it listens is printed when clients can come. */
static gboolean
listen_at (Share               *share,
           GSocketConnectable  *address,
           const char          *text,
           GError             **error)
{
  g_autoptr(GError) local_error = NULL;
  QmpServer *server = qmp_multiplexer_get_server (share->multiplexer);
  g_autofree char *listening = NULL;

  if (!qmp_server_listen (server, address, &local_error))
    return once_fail (error, ONCE_STATUS_FAILED, _("Cannot listen at “%s”: %s"), text, local_error->message);
  listening = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (qmp_server_get_listen_address (server)));
  once_print_line (share->once, "%s", listening);
  return once_flush (share->once, error);
}

static gboolean read_only, oob;

static gboolean
run_share (Once                *once,
           const char * const  *words,
           GError             **error)
{
  g_autoptr(GSocketConnectable) address = tool_server_parse (words[0], error);
  Share share = { once };
  gboolean good;

  if (address == NULL)
    return FALSE;
  once->out_of_band = oob;
  g_signal_connect (once->client, "event", G_CALLBACK (event_cb), &share);
  g_signal_connect (once->client, "closed", G_CALLBACK (closed_cb), &share);
  share.multiplexer = qmp_multiplexer_new (once->client);
  qmp_multiplexer_set_read_only (share.multiplexer, read_only);
  good = once_open (once, error) && listen_at (&share, address, words[0], error) && run_loop (&share, error);
  g_signal_handlers_disconnect_by_data (once->client, &share);
  g_object_unref (share.multiplexer);
  return good;
}

static const GOptionEntry share_entries[] = {
  { "read-only", 'r', 0, G_OPTION_ARG_NONE, &read_only, N_("Let clients only look"), NULL },
  { "oob", 0, 0, G_OPTION_ARG_NONE, &oob, N_("Let clients execute out of band"), NULL },
  { NULL }
};

const OnceVerb once_share = {
  .words = "share",
  .parameters = N_("LISTEN"),
  .summary = N_("Serve many clients over one monitor"),
  .entries = share_entries,
  .min_words = 1,
  .max_words = 1,
  .prints_no_json = TRUE,
  .run = run_share,
};
