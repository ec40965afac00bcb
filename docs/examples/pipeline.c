/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Talks to a QEMU from the main loop: commands go out at once, replies and events come in as they come.
 *
 * usage: pipeline SOCKET */

#include <gio/gunixsocketaddress.h>
#include <qmp-glib/qmp-glib.h>
#include <stdlib.h>

static const char *const commands[] = { "query-status", "stop", "query-status", "quit" };

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
executed_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  const char *command = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) value = NULL;
  g_autofree char *text = NULL;

  value = qmp_client_execute_finish (QMP_CLIENT (object), result,
                                     &error);
  check (error);
  text = json_to_string (value, FALSE);
  g_print ("%s: %s\n", command, text);
}

static void
opened_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  QmpClient *vm = QMP_CLIENT (object);
  g_autoptr(GError) error = NULL;

  qmp_client_open_finish (vm, result, &error);
  check (error);
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    qmp_client_execute_async (vm, commands[i], NULL, NULL,
                              executed_cb, (gpointer) commands[i]);
}

static void
event_cb (QmpClient *vm,
          QmpEvent  *event,
          gpointer   user_data)
{
  g_print ("event %s\n", qmp_event_get_name (event));
}

/* The link has ended, here because QEMU has. */
static void
closed_cb (QmpClient *vm,
           GError    *error,
           gpointer   user_data)
{
  GMainLoop *loop = user_data;

  g_print ("closed\n");
  g_main_loop_quit (loop);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(QmpClient) vm = qmp_client_new ("pipeline");
  g_autoptr(GSocketAddress) address = NULL;

  if (argc != 2)
    {
      g_printerr ("usage: %s SOCKET\n", argv[0]);
      return 2;
    }

  g_signal_connect (vm, "event", G_CALLBACK (event_cb), NULL);
  g_signal_connect (vm, "closed", G_CALLBACK (closed_cb), loop);
  address = g_unix_socket_address_new (argv[1]);
  qmp_client_open_async (vm, G_SOCKET_CONNECTABLE (address), NULL, opened_cb, NULL);
  g_main_loop_run (loop);
  return 0;
}
