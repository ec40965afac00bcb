/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-migration.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

gboolean test_migration_blocking;

static gpointer
end_start (QmpMigration *migration,
           GError       *failure,
           GError      **error)
{
  g_assert_true ((migration != NULL) == (failure == NULL));
  if (failure != NULL)
    g_propagate_error (error, failure);
  return migration;
}

#define START(name, type, argument)                                                                   \
  QmpMigration *                                                                                      \
  test_##name (QmpMachine  *vm,                                                                       \
               type         argument,                                                                 \
               GError     **error)                                                                    \
  {                                                                                                   \
    g_autoptr(GAsyncResult) result = NULL;                                                            \
    GError *failure = NULL;                                                                           \
    QmpMigration *migration;                                                                          \
                                                                                                      \
    if (test_migration_blocking)                                                                      \
      migration = qmp_machine_##name (vm, argument, NULL, &failure);                                  \
    else                                                                                              \
      {                                                                                               \
        qmp_machine_##name##_async (vm, argument, NULL, test_result_cb, &result);                     \
        test_spin_until (result != NULL);                                                             \
        migration = qmp_machine_##name##_finish (vm, result, &failure);                               \
      }                                                                                               \
    return end_start (migration, failure, error);                                                     \
  }

START (start_migration, const char *, uri)
START (start_migration_fd, int, fd)
START (start_incoming, const char *, uri)
START (start_incoming_fd, int, fd)

gboolean
test_migration_wait (QmpMigration *migration,
                     GError      **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  if (test_migration_blocking)
    return qmp_migration_wait (migration, QMP_TIMEOUT_NONE, NULL, error);
  qmp_migration_wait_async (migration, QMP_TIMEOUT_NONE, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  return qmp_migration_wait_finish (migration, result, error);
}

gboolean
test_migration_cancel (QmpMigration *migration,
                       GError      **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  if (test_migration_blocking)
    return qmp_migration_cancel (migration, NULL, error);
  qmp_migration_cancel_async (migration, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  return qmp_migration_cancel_finish (migration, result, error);
}

void
test_migration_assert_success (QmpMigration *migration)
{
  g_autoptr(GError) error = NULL;

  test_migration_wait (migration, &error);
  g_assert_no_error (error);
  g_assert_true (qmp_migration_get_finished (migration));
  g_assert_no_error (qmp_migration_get_error (migration));
  g_assert_cmpint (qmp_migration_get_status (migration), ==, QMP_MIGRATION_STATUS_COMPLETED);
  g_assert_cmpfloat (qmp_migration_get_fraction (migration), ==, 1);
}

void
test_migration_assert_failure (QmpMigration *migration,
                               int           code,
                               const char   *text)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (test_migration_wait (migration, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, code);
  test_assert_error_has (error, text);
  g_assert_true (qmp_migration_get_finished (migration));
  g_assert_error (qmp_migration_get_error (migration), QMP_MACHINE_ERROR, code);
}

void
test_migration_execute (QmpMachine *vm,
                        const char *text)
{
  g_autoptr(QmpMessage) message = test_message (text);
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) reply = test_execute_message (qmp_machine_get_client (vm), message, &error);

  g_assert_no_error (error);
}

void
test_migration_slow_down (QmpMachine *vm)
{
  test_migration_execute (vm, "{\"execute\": \"migrate-set-parameters\", \"arguments\": {\"max-bandwidth\": 100}}");
}

void
test_migration_speed_up (QmpMachine *vm)
{
  test_migration_execute (vm, "{\"execute\": \"migrate-set-parameters\", \"arguments\": {\"max-bandwidth\": 1000000000}}");
}

QmpMigration *
test_migration_start_slow (QmpMachine *vm)
{
  g_autoptr(GError) error = NULL;
  QmpMigration *migration;

  test_migration_slow_down (vm);
  migration = test_start_migration (vm, "exec:cat >/dev/null", &error);
  g_assert_no_error (error);
  return migration;
}

int
test_migration_new_file (const char *text)
{
  int fd = memfd_create ("state", MFD_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, text, strlen (text)), ==, strlen (text));
  g_assert_cmpint (lseek (fd, 0, SEEK_SET), ==, 0);
  return fd;
}

void
test_migration_assert_runs (QmpMachine *vm)
{
  g_assert_cmpint (qmp_machine_get_status (vm), ==, QMP_MACHINE_STATUS_RUNNING);
  g_assert_true (qmp_machine_get_alive (vm));
}

void
test_migration_save (QmpMachine *vm,
                     int         fd)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMigration) migration = test_start_migration_fd (vm, fd, &error);

  g_assert_no_error (error);
  g_assert_true (migration == qmp_machine_get_migration (vm));
  g_assert_cmpint (qmp_migration_get_direction (migration), ==, QMP_MIGRATION_DIRECTION_OUTGOING);
  test_migration_assert_success (migration);
  g_assert_cmpint (qmp_machine_get_status (vm), ==, QMP_MACHINE_STATUS_POSTMIGRATE);
  g_assert_cmpint (qmp_migration_get_total (migration), >, 0);
  g_assert_cmpint (qmp_migration_get_remaining (migration), ==, 0);
}

/* --- both forms --- */

static void
run_in_background (gconstpointer data)
{
  test_migration_blocking = FALSE;
  ((const TestMigrationCase *) data)->function ();
}

static void
run_blocking (gconstpointer data)
{
  test_migration_blocking = TRUE;
  ((const TestMigrationCase *) data)->function ();
}

void
test_migration_add (const char              *folder,
                    const TestMigrationCase *cases,
                    guint                    n_cases)
{
  for (guint i = 0; i < n_cases; i++)
    {
      g_autofree char *background = g_strconcat (folder, cases[i].name, "/background", NULL);
      g_autofree char *blocking = g_strconcat (folder, cases[i].name, "/blocking", NULL);

      g_test_add_data_func (background, &cases[i], run_in_background);
      g_test_add_data_func (blocking, &cases[i], run_blocking);
    }
}
