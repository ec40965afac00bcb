/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <signal.h>

#include "qmp-enums.h"
#include "test-machine.h"
#include "test-peer.h"

/* The verbs as actions: when they are enabled, and what they do. */

static const char * const names[] = { "pause", "resume", "reset", "power-down", "wake-up", "quit", "kill" };

#define assert_enabled(group, expected)                                     \
  G_STMT_START {                                                            \
    g_autofree char *enabled_names = list_enabled (group);                  \
    g_assert_cmpstr (enabled_names, ==, expected);                          \
  } G_STMT_END

static char *
list_enabled (GActionGroup *group)
{
  GString *list = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_action_group_get_action_enabled (group, names[i]))
      g_string_append_printf (list, "%s%s", list->len > 0 ? " " : "", names[i]);
  return g_string_free (list, FALSE);
}


/* The rows of docs/machines.md. */
static const struct {
  const char *status;
  const char *enabled;
} rows[] = {
  { "running", "pause reset power-down quit" },
  { "paused", "resume reset quit" },
  { "prelaunch", "resume reset quit" },
  { "io-error", "resume reset quit" },
  { "watchdog", "resume reset quit" },
  { "guest-panicked", "resume reset quit" },
  { "restore-vm", "resume reset quit" },
  { "suspended", "reset power-down wake-up quit" },
  { "shutdown", "reset quit" },
  { "postmigrate", "reset quit" },
  { "inmigrate", "reset quit" },
  { "levitating", "reset quit" },
};

static void
test_rows (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *reply = g_strdup_printf ("{\"status\": \"%s\"}", rows[i].status);
      TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE,
                                        PEER_EXPECT ("query-status"), PEER_REPLY (reply),
                                        PEER_EXPECT ("query-name"), PEER_REPLY ("{}"),
                                        PEER_EXPECT ("query-uuid"), PEER_REPLY ("{}"),
                                        PEER_EXPECT ("query-jobs"), PEER_REPLY ("[]"),
                                        PEER_EXPECT ("migrate-set-capabilities"), PEER_REPLY ("{}"),
                                        PEER_EXPECT ("query-migrate"), PEER_REPLY ("{}"));
      QmpMachine *vm = qmp_machine_new (NULL);
      GActionGroup *group = qmp_machine_get_action_group (vm);
      g_autoptr(GError) error = NULL;

      g_test_message ("%s", rows[i].status);
      assert_enabled (group, "");
      g_assert_true (qmp_machine_open (vm, test_peer_get_address (peer), NULL, &error));
      g_assert_no_error (error);
      test_spin_ready ();
      assert_enabled (group, rows[i].enabled);
      g_assert_true (qmp_client_close (qmp_machine_get_client (vm), NULL, NULL));
      test_spin_ready ();
      assert_enabled (group, "");
      test_peer_finish (peer);
      test_machine_free (vm);
    }
}

static void
enabled_changed_cb (GActionGroup *group,
                    const char   *name,
                    gboolean      enabled,
                    GString      *log)
{
  g_string_append_printf (log, "%c%s ", enabled ? '+' : '-', name);
}

static void
test_qemu (void)
{
  QmpMachine *vm = test_machine_new (test_launcher_new_pc ());
  GActionGroup *group = qmp_machine_get_action_group (vm);
  g_autoptr(GString) log = g_string_new (NULL);

  assert_enabled (group, "pause reset power-down quit kill");
  g_assert_true (group == qmp_machine_get_action_group (vm));
  g_signal_connect (group, "action-enabled-changed", G_CALLBACK (enabled_changed_cb), log);
  g_action_group_activate_action (group, "pause", NULL);
  /* Not twice. */
  assert_enabled (group, "reset power-down quit kill");
  test_spin_until (g_action_group_get_action_enabled (group, "resume"));
  test_spin_ready ();
  assert_enabled (group, "resume reset quit kill");
  g_action_group_activate_action (group, "resume", NULL);
  test_spin_until (g_action_group_get_action_enabled (group, "pause"));
  g_action_group_activate_action (group, "kill", NULL);
  g_object_unref (test_wait_ended (vm));
  test_spin_ready ();
  assert_enabled (group, "");
  g_assert_cmpint (qmp_outcome_get_signal (qmp_machine_get_outcome (vm)), ==, SIGKILL);
  g_signal_handlers_disconnect_by_data (group, log);
  test_machine_free (vm);
}

static void
failed_cb (QmpMachine *vm,
           const char *name,
           GError     *error,
           GString    *log)
{
  g_string_append_printf (log, "%s: %s", name, error->message);
}

static void
test_failed (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE,
                                    PEER_EXPECT ("query-status"), PEER_REPLY ("{\"status\": \"paused\"}"),
                                    PEER_EXPECT ("query-name"), PEER_REPLY ("{}"),
                                    PEER_EXPECT ("query-uuid"), PEER_REPLY ("{}"),
                                    PEER_EXPECT ("query-jobs"), PEER_REPLY ("[]"),
                                    PEER_EXPECT ("migrate-set-capabilities"), PEER_REPLY ("{}"),
                                    PEER_EXPECT ("query-migrate"), PEER_REPLY ("{}"),
                                    PEER_EXPECT ("cont"), PEER_EXPECT ("query-status"),
                                    PEER_ERROR ("GenericError", "no"), PEER_REPLY ("{\"status\": \"paused\"}"));
  QmpMachine *vm = qmp_machine_new (NULL);
  GActionGroup *group = qmp_machine_get_action_group (vm);
  g_autoptr(GString) log = g_string_new (NULL);

  g_signal_connect (vm, "action-failed", G_CALLBACK (failed_cb), log);
  g_assert_true (qmp_machine_open (vm, test_peer_get_address (peer), NULL, NULL));
  test_spin_ready ();
  g_action_group_activate_action (group, "resume", NULL);
  test_spin_until (log->len > 0);
  g_assert_cmpstr (log->str, ==, "resume: no");
  assert_enabled (group, "resume reset quit");
  g_assert_true (qmp_client_close (qmp_machine_get_client (vm), NULL, NULL));
  test_peer_finish (peer);
  test_machine_free (vm);
}

/* The group outlives its machine, and does nothing then. */
static void
test_outlives (void)
{
  QmpMachine *vm = qmp_machine_new (NULL);
  GActionGroup *group = g_object_ref (qmp_machine_get_action_group (vm));

  g_assert_finalize_object (vm);
  assert_enabled (group, "");
  g_action_group_activate_action (group, "kill", NULL);
  g_object_unref (group);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  test_warm_up ();

  g_test_add_func ("/machine-actions/rows", test_rows);
  g_test_add_func ("/machine-actions/qemu", test_qemu);
  g_test_add_func ("/machine-actions/failed", test_failed);
  g_test_add_func ("/machine-actions/outlives", test_outlives);

  return g_test_run ();
}
