/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Launches a machine that goes on when this program has ended, or keeps one open until that ends.
 *
 * usage: stay start ADDRESS QEMU [ARGUMENT...]
 *        stay watch ADDRESS */

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

static void
start (GSocketConnectable *address,
       char              **argv)
{
  GError *error = NULL;
  g_autoptr(QmpMachine) vm = qmp_machine_new (NULL);
  g_autoptr(QmpLauncher) launcher = NULL;

  launcher = qmp_launcher_new ((const char * const *) argv);
  qmp_launcher_set_leave_running (launcher, address, -1, &error);
  check (error);
  qmp_machine_launch (vm, launcher, NULL, &error);
  check (error);
  g_print ("started: %d\n", qmp_machine_get_pid (vm));
}

static void
connected_cb (QmpMachine *vm)
{
  if (qmp_machine_get_connected (vm))
    g_print ("now: %s\n", qmp_machine_get_status_name (vm));
  else
    g_print ("no link\n");
  fflush (stdout);
}

static void
ended_cb (QmpMachine *vm,
          QmpOutcome *outcome,
          GMainLoop  *loop)
{
  g_print ("ended: %s\n", qmp_outcome_get_text (outcome));
  g_main_loop_quit (loop);
}

static void
watch (GSocketConnectable *address)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(QmpMachine) vm = qmp_machine_new (NULL);

  g_signal_connect (vm, "notify::connected",
                    G_CALLBACK (connected_cb), NULL);
  g_signal_connect (vm, "ended", G_CALLBACK (ended_cb), loop);
  qmp_machine_keep_open (vm, address);
  g_main_loop_run (loop);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GSocketConnectable) address = NULL;
  GError *error = NULL;

  if (argc < 3)
    {
      g_printerr ("usage: %s start|watch ADDRESS...\n", argv[0]);
      return 2;
    }
  address = qmp_address_parse (argv[2], &error);
  check (error);
  if (g_str_equal (argv[1], "start"))
    start (address, argv + 3);
  else
    watch (address);
  return 0;
}
