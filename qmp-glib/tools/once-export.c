/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "once-export.h"
#include "tool-http.h"
#include "tool-metrics.h"
#include "tool-server.h"
#include "tool-streams.h"
#include "tool-value.h"

/* "qmp export": events of many machines as lines of JSON, and metrics for Prometheus. */

/* A machine with a command that waits so long counts as one that does not answer. */
#define STALL_MILLISECONDS 5000
/* How often a job is asked how far it is, while it is at work. */
#define PROGRESS_MILLISECONDS 5000

static char *listen_text;
static gboolean no_events;

typedef struct {
  Once           *once;
  QmpMachineList *list;
  GPtrArray      *machines;   /* of ExportMachine, as they are in the list */
  ExportScrapes  *scrapes;
  ToolHttp       *http;       /* nullable */
  GMainLoop      *loop;
  GError         *error;      /* nullable: why it ends */
} Export;

/* Takes error, which is nullable. */
static void
end (Export *self,
     GError *error)
{
  if (self->error == NULL)
    self->error = error;
  else
    g_clear_error (&error);
  g_main_loop_quit (self->loop);
}

/* --- lines --- */

/* rest: members, with the brace behind them. */
static void
print (ExportMachine *machine,
       const char    *rest,
       gsize          length)
{
  Export *self = machine->owner;
  const char *title = qmp_machine_entry_get_title (machine->entry);
  g_autofree char *quoted = NULL;
  g_autoptr(GString) line = NULL;
  GError *error = NULL;

  if (no_events || self->error != NULL)
    return;
  quoted = tool_value_quote (title, strlen (title));
  line = g_string_new (NULL);
  g_string_append_printf (line, "{\"machine\": %s, ", quoted);
  g_string_append_len (line, rest, length);
  once_print_json (self->once, line->str, line->len, FALSE);
  if (!once_flush (self->once, &error))
    end (self, error);
}

/* Its name becomes the first member. */
static void
event_cb (QmpClient *client,
          QmpEvent  *event,
          gpointer   user_data)
{
  ExportMachine *machine = user_data;
  gsize length;
  const char *json = g_bytes_get_data (qmp_message_get_bytes (QMP_MESSAGE (event)), &length);
  const char *brace = memchr (json, '{', length);

  export_machine_count (machine, qmp_event_get_name (event));
  if (brace != NULL)
    print (machine, brace + 1, json + length - (brace + 1));
}

static void
changed_cb (ExportMachine *machine)
{
  QmpMachine *vm = qmp_machine_entry_get_machine (machine->entry);
  const GError *error = qmp_machine_entry_get_error (machine->entry);
  g_autoptr(GString) rest = g_string_new (NULL);

  g_string_append_printf (rest, "\"connected\": %s", qmp_machine_get_connected (vm) ? "true" : "false");
  if (error != NULL)
    {
      g_autofree char *text = tool_value_quote (error->message, strlen (error->message));

      g_string_append_printf (rest, ", \"error\": %s", text);
    }
  g_string_append_c (rest, '}');
  print (machine, rest->str, rest->len);
}

/* --- the machines --- */

/* It is opened when the main loop runs again. */
static ExportMachine *
follow (Export          *self,
        QmpMachineEntry *entry)
{
  ExportMachine *machine = export_machine_new (entry);
  QmpMachine *vm = qmp_machine_entry_get_machine (entry);
  QmpClient *client = qmp_machine_get_client (vm);

  machine->owner = self;
  /* That it can be applied was seen. */
  tool_tls_apply (&self->once->tls, client, NULL);
  qmp_client_set_await_greeting (client, !self->once->skip_negotiation);
  qmp_client_set_negotiate (client, !self->once->skip_negotiation);
  qmp_client_set_stall_time (client, STALL_MILLISECONDS);
  /* A machine that does not answer is not asked again: its answer is waited for. */
  qmp_client_set_timeout (client, QMP_TIMEOUT_NONE);
  qmp_machine_set_progress_interval (vm, PROGRESS_MILLISECONDS);
  g_signal_connect (client, "event", G_CALLBACK (event_cb), machine);
  g_signal_connect_swapped (vm, "notify::connected", G_CALLBACK (changed_cb), machine);
  g_signal_connect_swapped (entry, "notify::error", G_CALLBACK (changed_cb), machine);
  return machine;
}

static void
leave (gpointer data)
{
  ExportMachine *machine = data;
  QmpMachine *vm = qmp_machine_entry_get_machine (machine->entry);

  g_signal_handlers_disconnect_by_data (qmp_machine_get_client (vm), machine);
  g_signal_handlers_disconnect_by_data (vm, machine);
  g_signal_handlers_disconnect_by_data (machine->entry, machine);
  export_machine_unref (machine);
}

static void
items_changed_cb (GListModel *list,
                  guint       position,
                  guint       removed,
                  guint       added,
                  gpointer    user_data)
{
  Export *self = user_data;

  if (removed > 0)
    g_ptr_array_remove_range (self->machines, position, removed);
  for (guint i = position; i < position + added; i++)
    {
      g_autoptr(QmpMachineEntry) entry = g_list_model_get_item (list, i);

      g_ptr_array_insert (self->machines, (int) i, follow (self, entry));
    }
}

/* --- the metrics --- */

static void
answer (gpointer owner,
        gpointer request)
{
  Export *self = owner;
  g_autofree char *text = export_metrics_write (self->machines);

  tool_http_request_return (request, 200, TOOL_METRICS_TYPE, text);
}

static void
asked_cb (ToolHttpRequest *request,
          const char      *path,
          gpointer         user_data)
{
  Export *self = user_data;

  if (g_str_equal (path, "/metrics"))
    export_scrapes_ask (self->scrapes, request);
  else
    tool_http_request_return (request, 404, "text/plain; charset=utf-8", "The metrics are at /metrics\n");
}

static gboolean
listen_at (Export  *self,
           GError **error)
{
  g_autoptr(GError) local_error = NULL;
  g_autoptr(GSocketConnectable) address = NULL;
  g_autofree char *place = NULL;

  if (listen_text == NULL)
    return TRUE;
  address = tool_server_parse (listen_text, error);
  if (address == NULL)
    return FALSE;
  self->http = tool_http_new (address, asked_cb, self, &local_error);
  if (g_error_matches (local_error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE))
    return once_fail (error, ONCE_STATUS_USAGE, "%s", local_error->message);
  if (self->http == NULL)
    return once_fail (error, ONCE_STATUS_FAILED, _("Cannot listen at “%s”: %s"), listen_text, local_error->message);
  place = tool_http_dup_place (self->http);
  g_printerr (_("qmp: The metrics are at %s\n"), place);
  return TRUE;
}

/* --- */

static gboolean
signal_cb (gpointer user_data)
{
  end (user_data, NULL);
  return G_SOURCE_CONTINUE;
}

static gboolean
timeout_cb (gpointer user_data)
{
  GError *error = NULL;

  once_fail (&error, ONCE_STATUS_TIMEOUT, _("The time is over"));
  end (user_data, error);
  return G_SOURCE_REMOVE;
}

/* Without this an export in a pipe would stay until the next event. */
static gboolean
unread_cb (int          fd,
           GIOCondition condition,
           gpointer     user_data)
{
  tool_streams_end_unread ();
  return G_SOURCE_REMOVE;
}

static void
watch_end (Export *self)
{
  g_unix_signal_add (SIGINT, signal_cb, self);
  g_unix_signal_add (SIGTERM, signal_cb, self);
  g_unix_signal_add (SIGHUP, signal_cb, self);
  if (!no_events)
    g_unix_fd_add (STDOUT_FILENO, G_IO_ERR | G_IO_HUP, unread_cb, NULL);
  if (self->once->deadline != 0)
    g_timeout_add (once_remaining (self->once), timeout_cb, self);
}

/* Each machine takes a few. */
static void
raise_descriptor_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
}

static gboolean
run_export (Once                *once,
            const char * const  *words,
            GError             **error)
{
  Export self = { once };
  gboolean good;

  if (no_events && listen_text == NULL)
    return once_fail (error, ONCE_STATUS_USAGE, _("With --no-events, and without --listen, there is nothing to do"));
  if (!tool_tls_apply (&once->tls, once->client, error))
    return FALSE;
  raise_descriptor_limit ();
  self.loop = g_main_loop_new (NULL, FALSE);
  self.machines = g_ptr_array_new_with_free_func (leave);
  self.scrapes = export_scrapes_new (self.machines, answer, &self);
  self.list = qmp_machine_list_new ();
  g_signal_connect (self.list, "items-changed", G_CALLBACK (items_changed_cb), &self);
  /* Before anybody is told that it listens. */
  watch_end (&self);
  good = listen_at (&self, error) && once_add_machines (once, self.list, TRUE, error);
  if (good)
    {
      g_main_loop_run (self.loop);
      good = self.error == NULL;
      if (!good)
        g_propagate_error (error, self.error);
    }
  g_clear_pointer (&self.http, tool_http_free);
  export_scrapes_free (self.scrapes);
  g_signal_handlers_disconnect_by_data (self.list, &self);
  g_ptr_array_unref (self.machines);
  g_object_unref (self.list);
  /* What was asked is told to be over. */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_main_loop_unref (self.loop);
  return good;
}

static const GOptionEntry export_entries[] = {
  { "listen", 'l', 0, G_OPTION_ARG_STRING, &listen_text, N_("Serve metrics for Prometheus at LISTEN"), N_("LISTEN") },
  { "no-events", 0, 0, G_OPTION_ARG_NONE, &no_events, N_("Print no events"), NULL },
  G_OPTION_ENTRY_NULL
};

const OnceVerb once_export = {
  .words = "export",
  .parameters = N_("[ADDRESS…]"),
  .summary = N_("Tell the events of many machines, and serve metrics of them"),
  .entries = export_entries,
  .local = TRUE,
  .addresses = TRUE,
  .many = TRUE,
  .run = run_export,
};
