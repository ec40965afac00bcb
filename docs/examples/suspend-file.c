/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Suspends a machine to a file, and lets it go on from there.
 *
 * usage: suspend-file FILE QEMU [ARGUMENT...] */

#include <fcntl.h>
#include <qmp-glib/qmp-glib.h>
#include <stdlib.h>
#include <unistd.h>

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
launch (QmpMachine         *vm,
        const char * const *argv)
{
  g_autoptr(QmpLauncher) launcher = qmp_launcher_new (argv);
  g_autoptr(GError) error = NULL;

  qmp_machine_launch (vm, launcher, NULL, &error);
  check (error);
}

static void
suspend (QmpMachine *vm,
         int         fd)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMigration) migration = NULL;

  migration = qmp_machine_start_migration_fd (vm, fd, NULL, &error);
  check (error);
  qmp_migration_wait (migration, QMP_TIMEOUT_NONE, NULL, &error);
  check (error);
  /* QEMU has written all of it. Now it has to be on the disk. */
  fsync (fd);
}

static void
restore (QmpMachine *vm,
         int         fd)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMigration) migration = NULL;

  lseek (fd, 0, SEEK_SET);
  migration = qmp_machine_start_incoming_fd (vm, fd, NULL, &error);
  check (error);
  qmp_migration_wait (migration, QMP_TIMEOUT_NONE, NULL, &error);
  check (error);
}

static void
shut_down (QmpMachine *vm)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpOutcome) outcome = NULL;

  outcome = qmp_machine_shut_down (vm, QMP_SHUT_DOWN_NONE, 0, 10000,
                                   NULL, &error);
  check (error);
}

int
main (int    argc,
      char **argv)
{
  const char * const *command = (const char * const *) argv + 2;
  const char *more[] = { "-incoming", "defer", NULL };
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  g_auto(GStrv) again = NULL;
  g_autoptr(QmpMachine) vm = qmp_machine_new (NULL);
  int fd = open (argv[1], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

  g_strv_builder_addv (builder, (const char **) command);
  g_strv_builder_addv (builder, more);
  again = g_strv_builder_end (builder);

  launch (vm, command);
  g_print ("launched: %s\n", qmp_machine_get_status_name (vm));
  suspend (vm, fd);
  g_print ("suspended: %s\n", qmp_machine_get_status_name (vm));
  shut_down (vm);

  launch (vm, (const char * const *) again);
  g_print ("launched again: %s\n", qmp_machine_get_status_name (vm));
  restore (vm, fd);
  g_print ("restored: %s\n", qmp_machine_get_status_name (vm));
  shut_down (vm);
  close (fd);
  return 0;
}
