/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints the events of a QMP server until it ends.
 *
 * usage: event-watcher ADDRESS [EVENT...] */

#include <qmp-glib/qmp-glib.h>
#include <stdlib.h>

/* An example ends at the first error; a program would show it. */
static void
check (GError *error)
{
  if (error == NULL)
    return;
  g_printerr ("%s\n", error->message);
  exit (1);
}

static void
print_event (QmpEvent *event)
{
  g_autofree char *data = qmp_message_dup_member_text (QMP_MESSAGE (event), "data");

  g_print ("%s %s\n", qmp_event_get_name (event), data != NULL ? data : "{}");
}

static void
next_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  QmpEventListener *events = QMP_EVENT_LISTENER (object);
  GMainLoop *loop = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpEvent) event = qmp_event_listener_next_finish (events, result, &error);

  if (event == NULL)
    {
      /* The link has ended, and there is nothing more to read. */
      g_print ("%s\n", error->message);
      g_main_loop_quit (loop);
      return;
    }

  print_event (event);
  qmp_event_listener_next_async (events, -1, NULL, next_cb, loop);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(QmpClient) vm = qmp_client_new ("event-watcher");
  g_autoptr(QmpEventListener) events = NULL;
  g_autoptr(GSocketConnectable) address = NULL;
  g_autoptr(GError) error = NULL;

  if (argc < 2)
    {
      g_printerr ("usage: %s ADDRESS [EVENT...]\n", argv[0]);
      return 2;
    }

  address = qmp_address_parse (argv[1], &error);
  check (error);

  /* Listen before opening: then no event is missed. */
  events = qmp_event_listener_new (argc > 2 ? (const char *const *) argv + 2 : NULL);
  qmp_client_add_listener (vm, events);
  qmp_client_open (vm, address, NULL, &error);
  check (error);
  g_print ("watching\n");

  qmp_event_listener_next_async (events, -1, NULL, next_cb, loop);
  g_main_loop_run (loop);
  return 0;
}
