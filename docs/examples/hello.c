/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Talks to a QEMU with blocking calls.
 *
 * usage: hello SOCKET */

#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <qmp-glib/qmp-glib.h>
#include <stdlib.h>

/* An example ends at the first error; a program would pass it on. */
static void
check (GError *error)
{
  if (error == NULL)
    return;
  g_printerr ("%s\n", error->message);
  exit (1);
}

static QmpMessage *
execute (QmpClient  *vm,
         const char *command)
{
  g_autoptr(GError) error = NULL;
  QmpMessage *reply = qmp_client_execute_parsed (vm, NULL, &error, command, NULL);

  check (error);
  return reply;
}

static void
run (QmpClient  *vm,
     const char *command)
{
  g_autoptr(QmpMessage) nothing = execute (vm, command);
}

static char *
get_status (QmpClient *vm)
{
  g_autoptr(QmpMessage) reply = execute (vm, "query-status");

  return qmp_message_dup_string (reply, "return.status", NULL);
}

static void
event_cb (QmpClient *vm,
          QmpEvent  *event,
          gpointer   user_data)
{
  gboolean *heard = user_data;

  *heard = TRUE;
}

/* Runs a command and waits for the event that it brings. */
static void
run_and_hear (QmpClient  *vm,
              const char *command,
              const char *event)
{
  g_autofree char *signal = g_strconcat ("event::", event, NULL);
  g_autofree char *status = NULL;
  gboolean heard = FALSE;
  gulong handler = g_signal_connect (vm, signal, G_CALLBACK (event_cb), &heard);

  run (vm, command);
  while (!heard)
    g_main_context_iteration (NULL, TRUE);
  g_signal_handler_disconnect (vm, handler);

  status = get_status (vm);
  g_print ("%s: heard %s, the machine is %s\n", command, event, status);
}

static void
hand_over_fd (QmpClient *vm)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr(QmpMessage) message = NULL;
  g_autoptr(JsonNode) added = NULL;
  g_autoptr(QmpMessage) fdsets = NULL;
  g_autofree char *opaque = NULL;
  int set, fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);

  g_unix_fd_list_append (fds, fd, &error);
  check (error);
  g_close (fd, NULL);

  message = qmp_message_new_parsed ("add-fd", &error,
                                    "{'fdset-id': %i, 'opaque': %s}",
                                    1, "from hello");
  check (error);
  qmp_message_set_fd_list (message, fds);
  added = qmp_client_execute_message (vm, message, NULL, &error);
  check (error);

  fdsets = execute (vm, "query-fdsets");
  qmp_message_lookup (fdsets, &error,
                      "return[0].fdset-id", "i", &set,
                      "return[0].fds[0].opaque", "s", &opaque,
                      NULL);
  check (error);
  g_print ("query-fdsets: set %d has one %s\n", set, opaque);
}

static void
show_an_error (QmpClient *vm)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMessage) reply = NULL;

  reply = qmp_client_execute_parsed (vm, NULL, &error,
                                     "device_del", "{'id': %s}", "nope");
  if (g_error_matches (error, QMP_COMMAND_ERROR,
                       QMP_COMMAND_ERROR_DEVICE_NOT_FOUND))
    g_print ("device_del: %s: %s\n",
             qmp_command_error_get_class (error), error->message);
  else
    check (error);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpClient) vm = qmp_client_new ("hello");
  g_autoptr(GSocketAddress) address = NULL;
  g_autoptr(QmpMessage) reply = NULL;
  g_autofree char *capabilities = NULL;
  g_autofree char *status = NULL;
  QmpGreeting *greeting;
  guint major, minor, micro;

  if (argc != 2)
    {
      g_printerr ("usage: %s SOCKET\n", argv[0]);
      return 2;
    }

  /* Open the monitor. */
  address = g_unix_socket_address_new (argv[1]);
  qmp_client_open (vm, G_SOCKET_CONNECTABLE (address), NULL, &error);
  check (error);
  greeting = qmp_client_get_greeting (vm);
  qmp_greeting_get_version (greeting, &major, &minor, &micro);
  capabilities = g_strjoinv (", ", (char **) qmp_greeting_get_capabilities (greeting));
  g_print ("greeting: QEMU %u.%u.%u offers %s\n", major, minor, micro, capabilities);

  /* Ask. */
  reply = execute (vm, "query-version");
  qmp_message_lookup (reply, &error,
                      "return.qemu.major", "u", &major,
                      "return.qemu.minor", "u", &minor,
                      "return.qemu.micro", "u", &micro,
                      NULL);
  check (error);
  g_print ("query-version: %u.%u.%u\n", major, minor, micro);
  status = get_status (vm);
  g_print ("query-status: %s\n", status);

  /* Pause and resume the machine. */
  run_and_hear (vm, "stop", "STOP");
  run_and_hear (vm, "cont", "RESUME");

  hand_over_fd (vm);
  show_an_error (vm);

  /* End it. */
  run (vm, "quit");
  qmp_client_close (vm, NULL, &error);
  check (error);
  g_print ("quit: closed\n");
  return 0;
}
