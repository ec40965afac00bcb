/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shuts a machine down: asks the guest, and ends QEMU if it does not.
 *
 * usage: shutdown ADDRESS [SECONDS] */

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

int
main (int    argc,
      char **argv)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocketConnectable) address = NULL;
  g_autoptr(QmpMachine) vm = qmp_machine_new (NULL);
  g_autoptr(QmpOutcome) outcome = NULL;
  int seconds = argc > 2 ? atoi (argv[2]) : 60;

  address = qmp_address_parse (argc > 1 ? argv[1] : "", &error);
  check (error);
  qmp_machine_open (vm, address, NULL, &error);
  check (error);

  /* The guest is asked as by the power button, then QEMU is told. */
  outcome = qmp_machine_shut_down (vm, QMP_SHUT_DOWN_NONE, seconds * 1000,
                                   10000, NULL, &error);
  check (error);
  g_print ("ended: %s\n", qmp_outcome_get_text (outcome));
  return 0;
}
