/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks a machine how it is.
 *
 * usage: first ADDRESS */

#include <qmp-glib/qmp-glib.h>

int
main (int    argc,
      char **argv)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpClient) vm = qmp_client_new (NULL);
  g_autoptr(GSocketConnectable) address = NULL;
  g_autoptr(JsonNode) status = NULL;

  if (argc == 2)
    address = qmp_address_parse (argv[1], &error);
  if (address != NULL && qmp_client_open (vm, address, NULL, &error))
    status = qmp_client_execute (vm, "query-status", NULL, NULL, &error);
  if (status == NULL)
    {
      g_printerr ("%s\n", error != NULL ? error->message : "usage: first ADDRESS");
      return 1;
    }

  g_print ("%s\n", json_object_get_string_member (json_node_get_object (status), "status"));
  return qmp_client_close (vm, NULL, NULL) ? 0 : 1;
}
