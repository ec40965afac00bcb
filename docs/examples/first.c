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
  g_autoptr(QmpClient) vm = NULL;
  g_autoptr(QmpMessage) reply = NULL;
  g_autofree char *status = NULL;

  if (argc == 2)
    vm = qmp_client_new_for_address (argv[1], NULL, &error);
  if (vm != NULL)
    reply = qmp_client_execute_parsed (vm, NULL, &error,
                                       "query-status", NULL);
  if (reply != NULL)
    status = qmp_message_dup_string (reply, "return.status", &error);
  if (status == NULL)
    {
      g_printerr ("%s\n", error != NULL ? error->message
                                        : "usage: first ADDRESS");
      return 1;
    }

  g_print ("%s\n", status);
  return qmp_client_close (vm, NULL, NULL) ? 0 : 1;
}
