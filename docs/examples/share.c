/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shares the monitor of a QEMU, which nobody but this program may end, and ends it when the machine is paused.
 *
 * usage: share ADDRESS LISTEN */

#include <qmp-glib/qmp-glib.h>
#include <stdio.h>
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

static gboolean
allow (QmpMultiplexer *multiplexer,
       QmpInvocation  *invocation,
       gpointer        user_data)
{
  return g_strcmp0 (qmp_invocation_get_command (invocation),
                    "quit") != 0;
}

static void
event_cb (QmpClient *client,
          QmpEvent  *event,
          gpointer   user_data)
{
  if (g_str_equal (qmp_event_get_name (event), "STOP"))
    qmp_client_execute_async (client, "quit", NULL, NULL, NULL, NULL);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(QmpClient) vm = NULL;
  g_autoptr(QmpMultiplexer) multiplexer = NULL;
  g_autoptr(GSocketConnectable) address = NULL;
  GError *error = NULL;

  if (argc != 3)
    {
      g_printerr ("usage: %s ADDRESS LISTEN\n", argv[0]);
      return 2;
    }

  vm = qmp_client_new_for_address (argv[1], NULL, &error);
  check (error);
  g_signal_connect (vm, "event", G_CALLBACK (event_cb), NULL);
  g_signal_connect_swapped (vm, "closed", G_CALLBACK (g_main_loop_quit),
                            loop);

  multiplexer = qmp_multiplexer_new (vm);
  qmp_multiplexer_set_allow_func (multiplexer, allow, NULL, NULL);
  address = qmp_address_parse (argv[2], &error);
  check (error);
  qmp_server_listen (qmp_multiplexer_get_server (multiplexer), address,
                     &error);
  check (error);
  g_print ("listening\n");
  fflush (stdout);
  g_main_loop_run (loop);
  return 0;
}
