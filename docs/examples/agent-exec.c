/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a program in a guest, and prints what it prints.
 *
 * usage: agent-exec ADDRESS PROGRAM [ARGUMENT...] */

#include <qmp-glib/qmp-glib.h>
#include <stdio.h>
#include <stdlib.h>

#define SECOND 1000

/* An example ends at the first error; a program would pass it on. */
static void
check (GError *error)
{
  if (error == NULL)
    return;
  g_printerr ("%s\n", error->message);
  exit (1);
}

static void
print_bytes (GBytes *bytes,
             FILE   *stream)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  if (size > 0)
    fwrite (data, 1, size, stream);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpClient) client = qmp_client_new ("guest");
  g_autoptr(GSocketConnectable) address = NULL;
  g_autoptr(QmpGuestAgent) guest = NULL;
  g_autoptr(QmpGuestExecResult) result = NULL;
  const char * const *words;
  gint64 signal;

  if (argc < 3)
    {
      g_printerr ("usage: %s ADDRESS PROGRAM [ARGUMENT...]\n", argv[0]);
      return 2;
    }

  address = qmp_address_parse (argv[1], &error);
  check (error);
  qmp_client_set_guest_agent (client, TRUE);
  /* A guest that is down does not answer, and nobody waits for ever. */
  qmp_client_set_timeout (client, 5 * SECOND);
  qmp_client_open (client, address, NULL, &error);
  check (error);

  words = (const char * const *) argv + 2;
  guest = qmp_guest_agent_new (client);
  result = qmp_guest_agent_exec (guest, words, NULL, NULL,
                                 QMP_GUEST_EXEC_DEFAULT, 60 * SECOND,
                                 NULL, &error);
  check (error);
  print_bytes (qmp_guest_exec_result_get_output (result), stdout);
  print_bytes (qmp_guest_exec_result_get_error_output (result), stderr);

  qmp_client_close (client, NULL, &error);
  check (error);
  signal = qmp_guest_exec_result_get_signal (result);
  return signal != 0 ? 128 + signal : qmp_guest_exec_result_get_exit_status (result);
}
