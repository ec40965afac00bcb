/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-machine.h"

/* Migrations of real machines, in the background or in blocking calls. */

G_BEGIN_DECLS

/* Which of the two it is now. */
extern gboolean test_migration_blocking;

typedef struct {
  void      (* function) (void);
  const char  *name;
} TestMigrationCase;

/* Adds each twice. folder: with a slash at its end. */
void          test_migration_add            (const char              *folder,
                                             const TestMigrationCase *cases,
                                             guint                    n_cases);

/* With memory, so that there is something to be copied. */
#define test_migration_machine_with(...) test_machine_new (test_launcher_new ("-m", "16" __VA_OPT__ (,) __VA_ARGS__))
#define test_migration_machine() test_migration_machine_with ()
#define test_migration_waiting() test_migration_machine_with ("-incoming", "defer")

/* Starting, in one form or the other. */
QmpMigration *test_start_migration          (QmpMachine    *vm,
                                             const char    *uri,
                                             GError       **error);
QmpMigration *test_start_migration_fd       (QmpMachine    *vm,
                                             int            fd,
                                             GError       **error);
QmpMigration *test_start_incoming           (QmpMachine    *vm,
                                             const char    *uri,
                                             GError       **error);
QmpMigration *test_start_incoming_fd        (QmpMachine    *vm,
                                             int            fd,
                                             GError       **error);
gboolean      test_migration_wait           (QmpMigration  *migration,
                                             GError       **error);
gboolean      test_migration_cancel         (QmpMigration  *migration,
                                             GError       **error);

/* Waits for its end. text: is in the error. */
void          test_migration_assert_success (QmpMigration  *migration);
void          test_migration_assert_failure (QmpMigration  *migration,
                                             int            code,
                                             const char    *text);
void          test_migration_execute        (QmpMachine    *vm,
                                             const char    *text);

/* It is in the middle for as long as one likes: zero would be without a limit, and so are a few bytes a second. */
void          test_migration_slow_down      (QmpMachine    *vm);
void          test_migration_speed_up       (QmpMachine    *vm);
QmpMigration *test_migration_start_slow     (QmpMachine    *vm);

/* Without a name, at its beginning. */
int           test_migration_new_file       (const char    *text);

/* The machine is there as before. */
void          test_migration_assert_runs    (QmpMachine    *vm);

/* Into that file, to the end. */
void          test_migration_save           (QmpMachine    *vm,
                                             int            fd);

G_END_DECLS
