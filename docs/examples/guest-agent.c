/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks a QEMU guest agent who it is. It changes nothing in the guest.
 *
 * usage: guest-agent ADDRESS */

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

static JsonNode *
execute (QmpClient  *agent,
         const char *command)
{
  g_autoptr(GError) error = NULL;
  JsonNode *value = qmp_client_execute (agent, command, NULL, NULL, &error);

  check (error);
  return value;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpClient) agent = qmp_client_new ("guest-agent");
  g_autoptr(GSocketConnectable) address = NULL;
  g_autoptr(JsonNode) pong = NULL;
  g_autoptr(JsonNode) info = NULL;
  JsonObject *object;

  if (argc != 2)
    {
      g_printerr ("usage: %s ADDRESS\n", argv[0]);
      return 2;
    }

  address = qmp_address_parse (argv[1], &error);
  check (error);
  qmp_client_set_guest_agent (agent, TRUE);
  /* A guest that is down does not answer, and nobody waits for ever. */
  qmp_client_set_timeout (agent, 5000);
  qmp_client_open (agent, address, NULL, &error);
  check (error);

  pong = execute (agent, "guest-ping");
  g_print ("guest-ping: answered\n");
  info = execute (agent, "guest-info");
  object = json_node_get_object (info);
  g_print ("guest-info: version %s, %u commands\n",
           json_object_get_string_member (object, "version"),
           json_array_get_length (json_object_get_array_member (object, "supported_commands")));

  qmp_client_close (agent, NULL, &error);
  check (error);
  return 0;
}
