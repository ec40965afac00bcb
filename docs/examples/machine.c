/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Launches a machine, pauses and resumes it, and shuts it down.
 *
 * usage: machine QEMU [ARGUMENT...] */

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
  g_autoptr(QmpLauncher) launcher = NULL;
  g_autoptr(QmpMachine) vm = qmp_machine_new (NULL);
  g_autoptr(QmpOutcome) outcome = NULL;

  launcher = qmp_launcher_new ((const char * const *) argv + 1);
  qmp_machine_launch (vm, launcher, NULL, &error);
  check (error);
  g_print ("launched: %s\n", qmp_machine_get_status_name (vm));

  qmp_machine_pause (vm, NULL, &error);
  check (error);
  g_print ("now: %s\n", qmp_machine_get_status_name (vm));
  qmp_machine_resume (vm, NULL, &error);
  check (error);

  /* The guest has a second, then QEMU has ten. */
  outcome = qmp_machine_shut_down (vm, QMP_SHUT_DOWN_NONE, 1000, 10000,
                                   NULL, &error);
  check (error);
  g_print ("ended: %s\n", qmp_outcome_get_text (outcome));
  return 0;
}
