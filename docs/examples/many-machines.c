/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A service that watches machines, and tells when one comes, stops, resumes or goes. One that cannot be
 * reached is tried again every second. SIGINT and SIGTERM end it.
 *
 * usage: many-machines ADDRESS... */

#include <glib-unix.h>
#include <qmp-glib/qmp-glib.h>

#define RETRY_SECONDS 1

typedef struct {
  QmpClient *vm;  /* its name is the address as it was given */
  GSocketConnectable *address;
  GCancellable *ending;  /* shared by all */
  guint retry;
} Machine;

static void open_machine (Machine *machine);

static void
say (Machine    *machine,
     const char *text)
{
  g_print ("%s: %s\n", qmp_client_get_name (machine->vm), text);
}

static gboolean
retry_cb (gpointer user_data)
{
  Machine *machine = user_data;

  machine->retry = 0;
  open_machine (machine);
  return G_SOURCE_REMOVE;
}

static void
retry_later (Machine *machine)
{
  machine->retry = g_timeout_add_seconds (RETRY_SECONDS, retry_cb, machine);
}

static void
status_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Machine *machine = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) status = qmp_client_execute_finish (machine->vm, result, &error);

  if (status != NULL)
    say (machine, json_object_get_string_member (json_node_get_object (status), "status"));
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    say (machine, error->message);
}

static void
opened_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Machine *machine = user_data;
  g_autoptr(GError) error = NULL;

  if (qmp_client_open_finish (machine->vm, result, &error))
    qmp_client_execute_async (machine->vm, "query-status", NULL, machine->ending, status_cb, machine);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    retry_later (machine);
}

static void
open_machine (Machine *machine)
{
  qmp_client_open_async (machine->vm, machine->address, machine->ending, opened_cb, machine);
}

static void
event_cb (QmpClient *vm,
          QmpEvent  *event,
          gpointer   user_data)
{
  Machine *machine = user_data;

  say (machine, qmp_event_get_name (event));
}

/* Emitted once for each link, whatever it was that ended it. */
static void
closed_cb (QmpClient *vm,
           GError    *error,
           gpointer   user_data)
{
  Machine *machine = user_data;

  say (machine, "gone");
  if (!g_cancellable_is_cancelled (machine->ending))
    retry_later (machine);
}

static Machine *
watch_machine (const char   *text,
               GCancellable *ending,
               GError      **error)
{
  static const char *const signals[] = {
    "event::STOP", "event::RESUME", "event::SHUTDOWN"
  };
  g_autoptr(GSocketConnectable) address = qmp_address_parse (text, error);
  Machine *machine;

  if (address == NULL)
    return NULL;

  machine = g_new0 (Machine, 1);
  machine->vm = qmp_client_new (text);
  machine->address = g_steal_pointer (&address);
  machine->ending = g_object_ref (ending);
  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    g_signal_connect (machine->vm, signals[i], G_CALLBACK (event_cb), machine);
  g_signal_connect (machine->vm, "closed", G_CALLBACK (closed_cb), machine);
  open_machine (machine);
  return machine;
}

static void
machine_free (gpointer data)
{
  Machine *machine = data;

  if (machine->retry != 0)
    g_source_remove (machine->retry);
  qmp_client_close (machine->vm, NULL, NULL);
  g_signal_handlers_disconnect_by_data (machine->vm, machine);
  g_object_unref (machine->vm);
  g_object_unref (machine->address);
  g_object_unref (machine->ending);
  g_free (machine);
}

static gboolean
end_cb (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_CONTINUE;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(GCancellable) ending = g_cancellable_new ();
  g_autoptr(GPtrArray) machines = g_ptr_array_new_with_free_func (machine_free);

  for (int i = 1; i < argc; i++)
    {
      g_autoptr(GError) error = NULL;
      Machine *machine = watch_machine (argv[i], ending, &error);

      if (machine == NULL)
        {
          g_printerr ("%s: %s\n", argv[i], error->message);
          return 2;
        }
      g_ptr_array_add (machines, machine);
    }

  g_unix_signal_add (SIGINT, end_cb, loop);
  g_unix_signal_add (SIGTERM, end_cb, loop);
  g_main_loop_run (loop);

  /* Calls under way end, and their callbacks run, before what these use is freed. */
  g_cancellable_cancel (ending);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  return 0;
}
