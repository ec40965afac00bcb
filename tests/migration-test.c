/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-migrations-private.h"

#include <qmp-glib/qmp-machine.h>

#include "test-event.h"
#include "test-utils.h"

/* The migrations of one machine, by themselves: what events, answers and ends make of them. migration-live-test.c has the
 * real ones. */

#define RUNNING QMP_MACHINE_STATUS_RUNNING
#define INMIGRATE QMP_MACHINE_STATUS_INMIGRATE
#define POSTMIGRATE QMP_MACHINE_STATUS_POSTMIGRATE
#define FINISH_MIGRATE QMP_MACHINE_STATUS_FINISH_MIGRATE
#define NOT_KNOWN QMP_MACHINE_STATUS_UNKNOWN
#define OUTGOING QMP_MIGRATION_DIRECTION_OUTGOING
#define INCOMING QMP_MIGRATION_DIRECTION_INCOMING
#define SUCCESS (-1)

typedef struct {
  QmpMigrations  migrations;
  QmpClient     *client;
  guint          n_changed;
  guint          n_wants;
  guint          n_held;
  gboolean       blocked;    /* somebody has blocked */
} Desk;

static void
changed_cb (gpointer owner)
{
  ((Desk *) owner)->n_changed++;
}

static void
touched_cb (gpointer owner)
{
}

static void
wants_cb (gpointer owner)
{
  ((Desk *) owner)->n_wants++;
}

static const QmpMigrationsFuncs funcs = { changed_cb, touched_cb, wants_cb };

static void
migration_touched (gpointer      owner,
                   QmpMigration *migration)
{
  qmp_migrations_touch (&((Desk *) owner)->migrations, migration);
}

static void
hold_cb (gpointer owner)
{
  ((Desk *) owner)->n_held++;
}

static void
release_cb (gpointer owner)
{
  ((Desk *) owner)->n_held--;
}

static gboolean
block_cb (gpointer       owner,
          QmpMigration  *migration,
          int            timeout,
          GCancellable  *cancellable,
          GError       **error)
{
  ((Desk *) owner)->blocked = TRUE;
  qmp_migration_lose (migration, "not here");
  return TRUE;
}

static const QmpMigrationFuncs migration_funcs = { migration_touched, hold_cb, release_cb, block_cb };

static void
set_up (Desk          *desk,
        gconstpointer  data)
{
  g_autoptr(QmpIoContext) io = qmp_io_context_get (g_main_context_default ());

  desk->client = qmp_client_new (NULL);
  qmp_migrations_init (&desk->migrations, &funcs, &migration_funcs, desk, desk->client, io);
}

static void
tear_down (Desk          *desk,
           gconstpointer  data)
{
  qmp_migrations_clear (&desk->migrations);
  qmp_migrations_clear (&desk->migrations);
  test_spin_ready ();
  g_assert_cmpuint (desk->n_held, ==, 0);
  g_assert_finalize_object (desk->client);
}

static gboolean
hear (Desk             *desk,
      const char       *name,
      QmpMachineStatus  status)
{
  g_autofree char *data = g_strdup_printf ("{\"status\": \"%s\"}", name);
  g_autoptr(QmpEvent) event = test_event_new ("MIGRATION", data);

  return qmp_migrations_event (&desk->migrations, event, status);
}

static void
answer_to (Desk                *desk,
           QmpMigrationsTicket  ticket,
           const char          *text,
           QmpMachineStatus     status,
           gboolean             first)
{
  g_autoptr(JsonNode) node = text != NULL ? test_json (text) : NULL;

  qmp_migrations_answer (&desk->migrations, ticket, node, status, first);
}

static void
answer (Desk             *desk,
        const char       *text,
        QmpMachineStatus  status)
{
  answer_to (desk, qmp_migrations_ask (&desk->migrations), text, status, FALSE);
}

static void
answer_first (Desk             *desk,
              const char       *text,
              QmpMachineStatus  status)
{
  answer_to (desk, qmp_migrations_ask (&desk->migrations), text, status, TRUE);
}

static void
tell_all (Desk *desk)
{
  QmpMigration *migration;

  while ((migration = qmp_migrations_pop_untold (&desk->migrations)) != NULL)
    {
      qmp_migration_tell (migration);
      g_object_unref (migration);
    }
}

#define assert_current(desk, direction_, name)                                                        \
  G_STMT_START {                                                                                      \
    QmpMigration *current_ = (desk)->migrations.current;                                              \
    g_assert_nonnull (current_);                                                                      \
    g_assert_cmpint (qmp_migration_get_direction (current_), ==, direction_);                         \
    g_assert_cmpstr (qmp_migration_get_status_name (current_), ==, name);                             \
  } G_STMT_END

#define assert_going_on(desk) g_assert_false (qmp_migration_get_finished ((desk)->migrations.current))

/* It has finished, with that code of QmpMachineError, or SUCCESS. */
#define assert_finished(migration, code_)                                                             \
  G_STMT_START {                                                                                      \
    g_assert_true (qmp_migration_get_finished (migration));                                           \
    if (code_ == SUCCESS)                                                                             \
      g_assert_no_error (qmp_migration_get_error (migration));                                        \
    else                                                                                              \
      g_assert_error (qmp_migration_get_error (migration), QMP_MACHINE_ERROR, code_);                 \
  } G_STMT_END

/* --- one that somebody else has started --- */

/* In the order of QEMU 7.2; the answers are its own. */
static void
test_completed (Desk          *desk,
                gconstpointer  data)
{
  answer_first (desk, "{}", RUNNING);
  g_assert_null (desk->migrations.current);
  g_assert_false (hear (desk, "setup", RUNNING));
  assert_current (desk, OUTGOING, "setup");
  g_assert_cmpuint (desk->n_changed, ==, 1);
  hear (desk, "active", RUNNING);
  g_assert_true (qmp_migration_is_at_work (desk->migrations.current));
  answer (desk, "{\"status\": \"active\", \"ram\": {\"total\": 400, \"remaining\": 300}}", RUNNING);
  g_assert_cmpfloat (qmp_migration_get_fraction (desk->migrations.current), ==, 0.25);
  g_assert_cmpint (qmp_migration_get_total (desk->migrations.current), ==, 400);
  g_assert_cmpint (qmp_migration_get_remaining (desk->migrations.current), ==, 300);
  g_assert_false (desk->migrations.wanted);
  hear (desk, "completed", FINISH_MIGRATE);
  g_assert_true (desk->migrations.wanted);
  /* It is not described yet. */
  qmp_migrations_settle (&desk->migrations);
  assert_going_on (desk);
  answer (desk, "{\"status\": \"completed\", \"ram\": {\"total\": 400, \"remaining\": 0}}", FINISH_MIGRATE);
  /* And now it is for the machine's status. */
  assert_going_on (desk);
  g_assert_false (desk->migrations.wanted);
  qmp_migrations_settle (&desk->migrations);
  assert_finished (desk->migrations.current, SUCCESS);
  g_assert_cmpfloat (qmp_migration_get_fraction (desk->migrations.current), ==, 1);
  qmp_migrations_settle (&desk->migrations);
  g_assert_cmpuint (desk->n_changed, ==, 1);
}

static void
test_failed (Desk          *desk,
             gconstpointer  data)
{
  hear (desk, "setup", RUNNING);
  g_assert_false (hear (desk, "failed", RUNNING));
  answer (desk, "{\"status\": \"failed\", \"error-desc\": \"Failed to connect\"}", RUNNING);
  qmp_migrations_settle (&desk->migrations);
  assert_finished (desk->migrations.current, QMP_MACHINE_ERROR_MIGRATION);
  test_assert_error_has (qmp_migration_get_error (desk->migrations.current), "Failed to connect");
  g_assert_cmpfloat (qmp_migration_get_fraction (desk->migrations.current), ==, 0);
}

/* A server that does not say why. */
static void
test_failed_silently (Desk          *desk,
                      gconstpointer  data)
{
  hear (desk, "setup", RUNNING);
  hear (desk, "failed", RUNNING);
  answer (desk, NULL, RUNNING);
  qmp_migrations_settle (&desk->migrations);
  assert_finished (desk->migrations.current, QMP_MACHINE_ERROR_MIGRATION);
}

/* QEMU 10 has a text there, too. */
static void
test_cancelled (Desk          *desk,
                gconstpointer  data)
{
  hear (desk, "setup", RUNNING);
  hear (desk, "active", RUNNING);
  hear (desk, "cancelling", RUNNING);
  assert_going_on (desk);
  hear (desk, "cancelled", RUNNING);
  answer (desk, "{\"status\": \"cancelled\", \"error-desc\": \"Unable to write\"}", RUNNING);
  qmp_migrations_settle (&desk->migrations);
  assert_finished (desk->migrations.current, QMP_MACHINE_ERROR_MIGRATION_CANCELLED);
}

/* There is one object for each attempt, and an old one does not change. */
static void
test_again (Desk          *desk,
            gconstpointer  data)
{
  g_autoptr(QmpMigration) first = NULL;

  test_failed (desk, NULL);
  g_set_object (&first, desk->migrations.current);
  hear (desk, "setup", RUNNING);
  g_assert_true (first != desk->migrations.current);
  g_assert_cmpuint (desk->n_changed, ==, 2);
  hear (desk, "active", RUNNING);
  assert_finished (first, QMP_MACHINE_ERROR_MIGRATION);
  tell_all (desk);
  g_assert_null (first->owner);
  /* A migration can end before anybody has asked. */
  hear (desk, "completed", RUNNING);
  g_set_object (&first, desk->migrations.current);
  hear (desk, "setup", RUNNING);
  assert_finished (first, SUCCESS);
  /* Of this one no end was heard. */
  hear (desk, "active", RUNNING);
  g_set_object (&first, desk->migrations.current);
  hear (desk, "setup", RUNNING);
  assert_finished (first, QMP_MACHINE_ERROR_LOST);
}

/* What a newer QEMU says is shown, and is not an end. */
static void
test_unknown_status (Desk          *desk,
                     gconstpointer  data)
{
  hear (desk, "setup", RUNNING);
  hear (desk, "levitating", RUNNING);
  assert_current (desk, OUTGOING, "levitating");
  g_assert_cmpint (qmp_migration_get_status (desk->migrations.current), ==, QMP_MIGRATION_STATUS_UNKNOWN);
  qmp_migrations_settle (&desk->migrations);
  assert_going_on (desk);
}

/* Events that say nothing, and answers that are nonsense. */
static void
test_nonsense (Desk          *desk,
               gconstpointer  data)
{
  static const char * const answers[] = {
    "[]", "null", "{\"status\": 5}", "{\"status\": {}}", "{\"status\": \"none\"}",
    "{\"ram\": {\"total\": 5}}",
  };
  g_autoptr(QmpEvent) without = test_event_new ("MIGRATION", NULL);
  g_autoptr(QmpEvent) number = test_event_new ("MIGRATION", "{\"status\": 5}");
  g_autoptr(QmpEvent) other = test_event_new ("STOP", "{\"status\": \"setup\"}");

  qmp_migrations_event (&desk->migrations, without, RUNNING);
  qmp_migrations_event (&desk->migrations, number, RUNNING);
  qmp_migrations_event (&desk->migrations, other, RUNNING);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      answer (desk, answers[i], INMIGRATE);
      answer_first (desk, answers[i], RUNNING);
    }
  g_assert_null (desk->migrations.current);
  hear (desk, "setup", RUNNING);
  answer (desk, "{\"status\": \"active\", \"ram\": {\"total\": -5, \"remaining\": 10}}", RUNNING);
  g_assert_cmpfloat (qmp_migration_get_fraction (desk->migrations.current), ==, 0);
  answer (desk, "{\"status\": \"active\", \"ram\": {\"total\": 9223372036854775807, "
                "\"remaining\": -9223372036854775808}}", RUNNING);
  g_assert_cmpfloat (qmp_migration_get_fraction (desk->migrations.current), ==, 1);
  answer (desk, "{\"status\": \"active\", \"ram\": []}", RUNNING);
  assert_going_on (desk);
}

/* --- which way --- */

static void
test_directions (Desk          *desk,
                 gconstpointer  data)
{
  static const struct {
    const char            *answer;
    QmpMachineStatus       status;
    QmpMigrationDirection  direction;
  } rows[] = {
    { "{\"status\": \"active\", \"ram\": {}}", RUNNING, OUTGOING },
    { "{\"status\": \"active\", \"ram\": {}}", QMP_MACHINE_STATUS_PAUSED, OUTGOING },
    { "{\"status\": \"active\"}", INMIGRATE, INCOMING },
    { "{\"status\": \"postcopy-active\"}", RUNNING, INCOMING },
    { "{\"status\": \"postcopy-paused\"}", QMP_MACHINE_STATUS_PAUSED, INCOMING },
    { "{\"status\": \"postcopy-active\", \"ram\": {}}", FINISH_MIGRATE, OUTGOING },
    { "{\"status\": \"setup\"}", RUNNING, OUTGOING },
    { "{\"status\": \"completed\", \"ram\": {}}", POSTMIGRATE, OUTGOING },
    { "{\"status\": \"completed\", \"ram\": {}}", RUNNING, OUTGOING },
    { "{\"status\": \"completed\"}", RUNNING, INCOMING },
    { "{\"status\": \"failed\"}", RUNNING, OUTGOING },
    { "{\"status\": \"cancelled\"}", RUNNING, OUTGOING },
    { "{\"socket-address\": []}", INMIGRATE, INCOMING },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      answer_first (desk, rows[i].answer, rows[i].status);
      g_assert_cmpint (qmp_migration_get_direction (desk->migrations.current), ==, rows[i].direction);
      qmp_migrations_forget (&desk->migrations);
      g_assert_null (desk->migrations.current);
    }
}

/* It is heard before the machine's status was read. */
static void
test_direction_later (Desk          *desk,
                      gconstpointer  data)
{
  QmpMigrationsTicket ticket = qmp_migrations_ask (&desk->migrations);

  hear (desk, "active", NOT_KNOWN);
  assert_current (desk, QMP_MIGRATION_DIRECTION_UNKNOWN, "active");
  /* older than the event */
  answer_to (desk, ticket, "{}", INMIGRATE, TRUE);
  g_assert_true (desk->migrations.wanted);
  assert_going_on (desk);
  hear (desk, "completed", RUNNING);
  answer (desk, "{\"status\": \"completed\"}", RUNNING);
  assert_current (desk, INCOMING, "completed");
}

/* --- arriving --- */

static void
test_arrived (Desk          *desk,
              gconstpointer  data)
{
  hear (desk, "setup", INMIGRATE);
  assert_current (desk, INCOMING, "setup");
  /* QEMU 7.2 has no status there. */
  answer (desk, "{\"socket-address\": []}", INMIGRATE);
  hear (desk, "active", INMIGRATE);
  g_assert_false (qmp_migration_is_at_work (desk->migrations.current));
  g_assert_true (qmp_migrations_is_arriving (&desk->migrations));
  /* RESUME comes before. */
  g_assert_false (hear (desk, "completed", RUNNING));
  answer (desk, "{\"status\": \"completed\"}", RUNNING);
  qmp_migrations_settle (&desk->migrations);
  assert_finished (desk->migrations.current, SUCCESS);
  g_assert_false (qmp_migrations_is_arriving (&desk->migrations));
  /* Then it leaves. */
  hear (desk, "setup", RUNNING);
  assert_current (desk, OUTGOING, "setup");
}

/* QEMU ends: what it has said is why. */
static void
test_not_arrived (Desk          *desk,
                  gconstpointer  data)
{
  hear (desk, "setup", INMIGRATE);
  hear (desk, "active", INMIGRATE);
  g_assert_true (hear (desk, "failed", INMIGRATE));
  qmp_migrations_ask (&desk->migrations);
  qmp_migrations_miss (&desk->migrations);
  qmp_migrations_lose (&desk->migrations);
  assert_going_on (desk);
  qmp_migrations_end (&desk->migrations, "qemu: Not a migration stream\nqemu: load of migration failed\n", TRUE);
  assert_finished (desk->migrations.current, QMP_MACHINE_ERROR_MIGRATION);
  test_assert_error_has (qmp_migration_get_error (desk->migrations.current), "Not a migration stream\nqemu: load");
  qmp_migrations_end (&desk->migrations, "again", TRUE);
}

/* QEMU 10 may go on (exit-on-error: false), and says why. */
static void
test_not_arrived_and_alive (Desk          *desk,
                            gconstpointer  data)
{
  hear (desk, "setup", INMIGRATE);
  hear (desk, "failed", INMIGRATE);
  answer (desk, "{\"status\": \"failed\", \"error-desc\": \"Not a migration stream\"}", INMIGRATE);
  qmp_migrations_settle (&desk->migrations);
  assert_finished (desk->migrations.current, QMP_MACHINE_ERROR_MIGRATION);
  test_assert_error_has (qmp_migration_get_error (desk->migrations.current), "Not a migration stream");
}

/* It ends before anything was said of the migration, or behind its success. */
static void
test_ends (Desk          *desk,
           gconstpointer  data)
{
  hear (desk, "setup", INMIGRATE);
  qmp_migrations_end (&desk->migrations, "", TRUE);
  assert_finished (desk->migrations.current, QMP_MACHINE_ERROR_MIGRATION);
  qmp_migrations_forget (&desk->migrations);
  hear (desk, "setup", INMIGRATE);
  hear (desk, "completed", RUNNING);
  qmp_migrations_end (&desk->migrations, "bye", TRUE);
  assert_finished (desk->migrations.current, SUCCESS);
  qmp_migrations_forget (&desk->migrations);
  /* Nobody knows whether it has ended. */
  hear (desk, "setup", INMIGRATE);
  qmp_migrations_end (&desk->migrations, NULL, FALSE);
  assert_finished (desk->migrations.current, QMP_MACHINE_ERROR_LOST);
}

/* --- started by the program --- */

static void
test_started (Desk          *desk,
              gconstpointer  data)
{
  g_autoptr(QmpMigration) migration = NULL;

  qmp_migrations_begin (&desk->migrations, OUTGOING);
  hear (desk, "setup", RUNNING);
  hear (desk, "active", RUNNING);
  /* Nobody is told of it before the reply. */
  g_assert_null (desk->migrations.current);
  migration = qmp_migrations_adopt (&desk->migrations, TRUE);
  g_assert_true (migration == desk->migrations.current);
  assert_current (desk, OUTGOING, "active");
  g_assert_cmpuint (desk->n_changed, ==, 1);
}

/* It may be over before the reply is delivered. */
static void
test_started_and_over (Desk          *desk,
                       gconstpointer  data)
{
  g_autoptr(QmpMigration) migration = NULL;
  QmpMigrationsTicket ticket;

  qmp_migrations_begin (&desk->migrations, OUTGOING);
  hear (desk, "setup", RUNNING);
  hear (desk, "completed", RUNNING);
  ticket = qmp_migrations_ask (&desk->migrations);
  answer_to (desk, ticket, "{\"status\": \"completed\", \"ram\": {}}", POSTMIGRATE, FALSE);
  migration = qmp_migrations_adopt (&desk->migrations, TRUE);
  g_assert_true (desk->migrations.wanted);
  answer (desk, "{\"status\": \"completed\", \"ram\": {\"total\": 5, \"remaining\": 0}}", POSTMIGRATE);
  qmp_migrations_settle (&desk->migrations);
  assert_finished (migration, SUCCESS);
  g_assert_cmpint (qmp_migration_get_total (migration), ==, 5);
}

/* The server has no events. */
static void
test_started_unheard (Desk          *desk,
                      gconstpointer  data)
{
  g_autoptr(QmpMigration) first = NULL;
  g_autoptr(QmpMigration) second = NULL;

  qmp_migrations_begin (&desk->migrations, INCOMING);
  first = qmp_migrations_adopt (&desk->migrations, TRUE);
  assert_current (desk, INCOMING, "setup");
  g_assert_true (desk->migrations.wanted);
  answer (desk, "{\"status\": \"completed\"}", RUNNING);
  qmp_migrations_settle (&desk->migrations);
  assert_finished (first, SUCCESS);
  qmp_migrations_begin (&desk->migrations, OUTGOING);
  second = qmp_migrations_adopt (&desk->migrations, TRUE);
  g_assert_true (second != first);
  assert_current (desk, OUTGOING, "setup");
  answer (desk, "{\"status\": \"active\", \"ram\": {}}", RUNNING);
  assert_current (desk, OUTGOING, "active");
}

/* QEMU 7.2 says that it has begun, and failed; then it refuses. */
static void
test_refused (Desk          *desk,
              gconstpointer  data)
{
  test_cancelled (desk, NULL);
  qmp_migrations_begin (&desk->migrations, OUTGOING);
  hear (desk, "setup", RUNNING);
  hear (desk, "failed", RUNNING);
  g_assert_null (qmp_migrations_adopt (&desk->migrations, FALSE));
  assert_current (desk, OUTGOING, "cancelled");
  g_assert_cmpuint (desk->n_changed, ==, 1);
  /* and of a machine that arrives not even that it has failed */
  qmp_migrations_begin (&desk->migrations, INCOMING);
  hear (desk, "setup", INMIGRATE);
  g_assert_null (qmp_migrations_adopt (&desk->migrations, FALSE));
  assert_current (desk, OUTGOING, "cancelled");
  g_assert_cmpuint (desk->n_changed, ==, 1);
}

/* Somebody else was first: theirs is there. */
static void
test_refused_for_another (Desk          *desk,
                          gconstpointer  data)
{
  qmp_migrations_begin (&desk->migrations, OUTGOING);
  hear (desk, "setup", RUNNING);
  hear (desk, "active", RUNNING);
  g_assert_null (qmp_migrations_adopt (&desk->migrations, FALSE));
  assert_current (desk, OUTGOING, "active");
  assert_going_on (desk);
}

/* A second address is refused while the first waits. */
static void
test_refused_while_waiting (Desk          *desk,
                            gconstpointer  data)
{
  g_autoptr(QmpMigration) first = NULL;

  qmp_migrations_begin (&desk->migrations, INCOMING);
  hear (desk, "setup", INMIGRATE);
  first = qmp_migrations_adopt (&desk->migrations, TRUE);
  qmp_migrations_begin (&desk->migrations, INCOMING);
  hear (desk, "setup", INMIGRATE);
  g_assert_null (qmp_migrations_adopt (&desk->migrations, FALSE));
  g_assert_true (first == desk->migrations.current);
  assert_going_on (desk);
}

/* --- what answers say --- */

/* One that is older than an event is not taken. */
static void
test_old_answer (Desk          *desk,
                 gconstpointer  data)
{
  QmpMigrationsTicket ticket;

  hear (desk, "setup", RUNNING);
  hear (desk, "active", RUNNING);
  ticket = qmp_migrations_ask (&desk->migrations);
  hear (desk, "completed", RUNNING);
  answer_to (desk, ticket, "{\"status\": \"active\", \"ram\": {\"total\": 5, \"remaining\": 5}}", RUNNING, FALSE);
  assert_current (desk, OUTGOING, "completed");
  g_assert_cmpint (qmp_migration_get_total (desk->migrations.current), ==, 0);
  g_assert_true (desk->migrations.wanted);
  g_assert_false (desk->migrations.asking);
}

/* What was under way when it was asked for anew does not count. */
static void
test_asked_anew (Desk          *desk,
                 gconstpointer  data)
{
  hear (desk, "setup", RUNNING);
  hear (desk, "completed", RUNNING);
  qmp_migrations_ask (&desk->migrations);
  g_assert_true (desk->migrations.asking);
  qmp_migrations_want (&desk->migrations);
  g_assert_false (desk->migrations.asking);
  answer (desk, "{\"status\": \"completed\", \"ram\": {}}", POSTMIGRATE);
  g_assert_false (desk->migrations.wanted);
  /* There was no answer, and it is known already. */
  qmp_migrations_ask (&desk->migrations);
  qmp_migrations_miss (&desk->migrations);
  g_assert_false (desk->migrations.wanted);
}

/* Over a new link: it goes on, has ended meanwhile, or is not there any more. */
static void
test_new_link (Desk          *desk,
               gconstpointer  data)
{
  g_autoptr(QmpMigration) migration = NULL;

  hear (desk, "setup", RUNNING);
  hear (desk, "active", RUNNING);
  g_set_object (&migration, desk->migrations.current);
  answer_first (desk, "{\"status\": \"active\", \"ram\": {}}", RUNNING);
  g_assert_true (migration == desk->migrations.current);
  answer_first (desk, "{\"status\": \"failed\", \"error-desc\": \"Broken pipe\"}", RUNNING);
  qmp_migrations_settle (&desk->migrations);
  g_assert_true (migration == desk->migrations.current);
  assert_finished (migration, QMP_MACHINE_ERROR_MIGRATION);
  /* It is the same that is known. */
  answer_first (desk, "{\"status\": \"failed\", \"error-desc\": \"Broken pipe\"}", RUNNING);
  g_assert_true (migration == desk->migrations.current);
  /* Another one has come and gone. */
  answer_first (desk, "{\"status\": \"cancelled\"}", RUNNING);
  g_assert_true (migration != desk->migrations.current);
  qmp_migrations_settle (&desk->migrations);
  assert_finished (desk->migrations.current, QMP_MACHINE_ERROR_MIGRATION_CANCELLED);
  /* It is another QEMU. */
  hear (desk, "setup", RUNNING);
  answer (desk, "{}", RUNNING);
  assert_going_on (desk);
  answer_first (desk, "{}", RUNNING);
  assert_finished (desk->migrations.current, QMP_MACHINE_ERROR_LOST);
}

/* Who waits for a machine to connect has no status, and waits still. */
static void
test_new_link_waits (Desk          *desk,
                     gconstpointer  data)
{
  hear (desk, "setup", INMIGRATE);
  answer_first (desk, "{}", INMIGRATE);
  assert_going_on (desk);
  answer_first (desk, "{\"socket-address\": []}", INMIGRATE);
  assert_going_on (desk);
  assert_current (desk, INCOMING, "setup");
}

/* --- the end of a link --- */

static void
test_lost (Desk          *desk,
           gconstpointer  data)
{
  static const struct {
    const char *name;
    int         code;
  } rows[] = {
    { "active", QMP_MACHINE_ERROR_LOST },
    { "cancelling", QMP_MACHINE_ERROR_MIGRATION_CANCELLED },
    { "cancelled", QMP_MACHINE_ERROR_MIGRATION_CANCELLED },
    { "failed", QMP_MACHINE_ERROR_MIGRATION },
    { "completed", SUCCESS },
  };

  qmp_migrations_lose (&desk->migrations);
  qmp_migrations_end (&desk->migrations, NULL, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      hear (desk, "setup", RUNNING);
      hear (desk, rows[i].name, RUNNING);
      qmp_migrations_lose (&desk->migrations);
      assert_finished (desk->migrations.current, rows[i].code);
      qmp_migrations_lose (&desk->migrations);
      qmp_migrations_end (&desk->migrations, "text", TRUE);
      assert_finished (desk->migrations.current, rows[i].code);
    }
}

/* --- who waits --- */

static void
note_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  GString *log = user_data;
  g_autoptr(GError) error = NULL;

  if (qmp_migration_wait_finish (QMP_MIGRATION (object), result, &error))
    g_string_append (log, "waited ");
  else
    g_string_append_printf (log, "waited(%s:%d) ", g_quark_to_string (error->domain), error->code);
}

static void
notify_cb (QmpMigration *migration,
           GParamSpec   *pspec,
           GString      *log)
{
  g_string_append_printf (log, "%s ", pspec->name);
}

static void
test_waits (Desk          *desk,
            gconstpointer  data)
{
  g_autoptr(GString) log = g_string_new (NULL);
  g_autoptr(QmpMigration) migration = NULL;

  hear (desk, "setup", RUNNING);
  migration = g_object_ref (desk->migrations.current);
  tell_all (desk);
  g_signal_connect (migration, "notify::status", G_CALLBACK (notify_cb), log);
  g_signal_connect (migration, "notify::finished", G_CALLBACK (notify_cb), log);
  qmp_migration_wait_async (migration, QMP_TIMEOUT_NONE, NULL, note_cb, log);
  qmp_migration_wait_async (migration, QMP_TIMEOUT_NONE, NULL, note_cb, log);
  g_assert_cmpuint (desk->n_held, ==, 2);
  hear (desk, "active", RUNNING);
  hear (desk, "completed", RUNNING);
  tell_all (desk);
  test_spin_ready ();
  /* Of two that came together the last one is told. */
  g_assert_cmpstr (log->str, ==, "status ");
  g_string_truncate (log, 0);
  answer (desk, "{\"status\": \"completed\", \"ram\": {\"total\": 5, \"remaining\": 0}}", POSTMIGRATE);
  qmp_migrations_settle (&desk->migrations);
  /* What is not told yet comes in its order. */
  qmp_migration_wait_async (migration, QMP_TIMEOUT_NONE, NULL, note_cb, log);
  test_spin_ready ();
  g_assert_cmpstr (log->str, ==, "");
  tell_all (desk);
  test_spin_ready ();
  g_assert_cmpstr (log->str, ==, "finished waited waited waited ");
  g_assert_cmpuint (desk->n_held, ==, 0);
  /* and at once */
  qmp_migration_wait_async (migration, 0, NULL, note_cb, log);
  test_spin_ready ();
  g_assert_true (g_str_has_suffix (log->str, "waited waited "));
}

static void
test_wait_given_up (Desk          *desk,
                    gconstpointer  data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) late = NULL;
  g_autoptr(GAsyncResult) cancelled = NULL;
  g_autoptr(GError) error = NULL;

  hear (desk, "setup", RUNNING);
  qmp_migration_wait_async (desk->migrations.current, 0, NULL, test_result_cb, &late);
  qmp_migration_wait_async (desk->migrations.current, QMP_TIMEOUT_NONE, cancellable, test_result_cb, &cancelled);
  g_cancellable_cancel (cancellable);
  test_spin_until (late != NULL && cancelled != NULL);
  g_assert_false (qmp_migration_wait_finish (desk->migrations.current, late, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  g_assert_false (qmp_migration_wait_finish (desk->migrations.current, cancelled, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (desk->n_held, ==, 0);
  assert_going_on (desk);
}

static void
test_blocking (Desk          *desk,
               gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  hear (desk, "setup", RUNNING);
  g_assert_false (qmp_migration_wait (desk->migrations.current, 0, NULL, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LOST);
  g_clear_error (&error);
  g_assert_true (desk->blocked);
  desk->blocked = FALSE;
  g_assert_false (qmp_migration_wait (desk->migrations.current, 0, NULL, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LOST);
  g_assert_false (desk->blocked);
}

/* A handler drops the last reference, or all that there is. */
static void
clear_cb (QmpMigration *migration,
          GParamSpec   *pspec,
          Desk         *desk)
{
  qmp_migrations_clear (&desk->migrations);
}

static void
test_cleared_in_handler (Desk          *desk,
                         gconstpointer  data)
{
  g_autoptr(GString) log = g_string_new (NULL);

  hear (desk, "setup", RUNNING);
  g_signal_connect (desk->migrations.current, "notify::status", G_CALLBACK (clear_cb), desk);
  qmp_migration_wait_async (desk->migrations.current, QMP_TIMEOUT_NONE, NULL, note_cb, log);
  tell_all (desk);
  test_spin_ready ();
  g_assert_null (desk->migrations.current);
  g_assert_true (g_str_has_prefix (log->str, "waited(QmpMachineError:7)"));
  desk->n_held = 0;
}

/* In a program that never runs its main loop. */
static void
test_untold (Desk          *desk,
             gconstpointer  data)
{
  for (guint i = 0; i < 100; i++)
    {
      hear (desk, "setup", RUNNING);
      hear (desk, "failed", RUNNING);
    }
  g_assert_cmpuint (desk->migrations.untold.length, <, 20);
}

/* --- cancelling --- */

static void
test_not_to_be_cancelled (Desk          *desk,
                          gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  hear (desk, "setup", INMIGRATE);
  g_assert_false (qmp_migration_cancel (desk->migrations.current, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  qmp_migrations_end (&desk->migrations, NULL, TRUE);
  qmp_migration_cancel_async (desk->migrations.current, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_false (qmp_migration_cancel_finish (desk->migrations.current, result, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED);
}

/* One that a program makes is nobody's. */
static void
test_made_by_hand (void)
{
  g_autoptr(QmpMigration) migration = g_object_new (QMP_TYPE_MIGRATION, NULL);
  g_autoptr(GError) error = NULL;

  g_assert_true (qmp_migration_get_finished (migration));
  g_assert_null (qmp_migration_get_status_name (migration));
  g_assert_true (qmp_migration_wait (migration, QMP_TIMEOUT_NONE, NULL, &error));
  g_assert_false (qmp_migration_cancel (migration, NULL, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED);
}

static void
add (const char  *name,
     void      (* function) (Desk          *desk,
                             gconstpointer  data))
{
  g_autofree char *path = g_strconcat ("/migration/", name, NULL);

  g_test_add (path, Desk, NULL, set_up, function, tear_down);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add ("completed", test_completed);
  add ("failed", test_failed);
  add ("failed-silently", test_failed_silently);
  add ("cancelled", test_cancelled);
  add ("again", test_again);
  add ("unknown-status", test_unknown_status);
  add ("nonsense", test_nonsense);
  add ("directions", test_directions);
  add ("direction-later", test_direction_later);
  add ("arrived", test_arrived);
  add ("not-arrived", test_not_arrived);
  add ("not-arrived-and-alive", test_not_arrived_and_alive);
  add ("ends", test_ends);
  add ("started", test_started);
  add ("started-and-over", test_started_and_over);
  add ("started-unheard", test_started_unheard);
  add ("refused", test_refused);
  add ("refused-for-another", test_refused_for_another);
  add ("refused-while-waiting", test_refused_while_waiting);
  add ("old-answer", test_old_answer);
  add ("asked-anew", test_asked_anew);
  add ("new-link", test_new_link);
  add ("new-link-waits", test_new_link_waits);
  add ("lost", test_lost);
  add ("waits", test_waits);
  add ("wait-given-up", test_wait_given_up);
  add ("blocking", test_blocking);
  add ("cleared-in-handler", test_cleared_in_handler);
  add ("untold", test_untold);
  add ("not-to-be-cancelled", test_not_to_be_cancelled);
  g_test_add_func ("/migration/made-by-hand", test_made_by_hand);

  return g_test_run ();
}
