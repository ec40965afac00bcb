/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plays a machine that can be paused: a server of QMP, without a QEMU.
 *
 * usage: server ADDRESS */

#include <qmp-glib/qmp-glib.h>
#include <stdio.h>

typedef struct {
  GMainLoop  *loop;
  const char *status;
} Machine;

static gboolean
query_status_cb (QmpServer     *server,
                 QmpInvocation *invocation,
                 gpointer       user_data)
{
  Machine *machine = user_data;
  gboolean running = g_str_equal (machine->status, "running");
  g_autofree char *json =
    g_strdup_printf ("{\"status\": \"%s\", \"running\": %s}",
                     machine->status, running ? "true" : "false");

  return qmp_invocation_return_text (invocation, json, NULL);
}

static gboolean
stop_cb (QmpServer     *server,
         QmpInvocation *invocation,
         gpointer       user_data)
{
  Machine *machine = user_data;

  machine->status = "paused";
  qmp_server_emit_event (server, "STOP", NULL, NULL);
  return qmp_invocation_return_value (invocation, NULL, NULL);
}

static gboolean
cont_cb (QmpServer     *server,
         QmpInvocation *invocation,
         gpointer       user_data)
{
  Machine *machine = user_data;

  machine->status = "running";
  qmp_server_emit_event (server, "RESUME", NULL, NULL);
  return qmp_invocation_return_value (invocation, NULL, NULL);
}

static gboolean
device_del_cb (QmpServer     *server,
               QmpInvocation *invocation,
               gpointer       user_data)
{
  QmpMessage *message = qmp_invocation_get_message (invocation);
  g_autofree char *id =
    qmp_message_dup_string (message, "arguments.id", NULL);
  g_autofree char *desc =
    g_strdup_printf ("Device '%s' not found", id != NULL ? id : "");

  return qmp_invocation_return_error (invocation, "DeviceNotFound",
                                      desc, NULL);
}

static gboolean
quit_cb (QmpServer     *server,
         QmpInvocation *invocation,
         gpointer       user_data)
{
  Machine *machine = user_data;

  g_main_loop_quit (machine->loop);
  return qmp_invocation_return_value (invocation, NULL, NULL);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Machine machine = { loop, "running" };
  g_autoptr(QmpServer) server = qmp_server_new ("example");
  g_autoptr(GSocketConnectable) address = NULL;
  g_autoptr(GError) error = NULL;

  if (argc != 2)
    {
      g_printerr ("usage: %s ADDRESS\n", argv[0]);
      return 2;
    }

  g_signal_connect (server, "command::query-status",
                    G_CALLBACK (query_status_cb), &machine);
  g_signal_connect (server, "command::stop",
                    G_CALLBACK (stop_cb), &machine);
  g_signal_connect (server, "command::cont",
                    G_CALLBACK (cont_cb), &machine);
  g_signal_connect (server, "command::device_del",
                    G_CALLBACK (device_del_cb), &machine);
  g_signal_connect (server, "command::quit",
                    G_CALLBACK (quit_cb), &machine);

  address = qmp_address_parse (argv[1], &error);
  if (address == NULL || !qmp_server_listen (server, address, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  g_print ("listening\n");
  fflush (stdout);
  g_main_loop_run (loop);
  qmp_server_close (server);
  return 0;
}
