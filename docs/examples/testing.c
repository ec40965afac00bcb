/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small program, and its test, which needs no QEMU.
 *
 * usage: testing */

#include <qmp-glib/qmp-glib.h>

/* What is tested: pauses a machine, and says how that went. */
static char *
pause_machine (GSocketConnectable *address)
{
  g_autoptr(QmpClient) vm = qmp_client_new (NULL);
  g_autoptr(QmpMessage) reply = NULL;
  g_autoptr(JsonNode) stopped = NULL;
  g_autoptr(GError) error = NULL;

  if (qmp_client_open (vm, address, NULL, &error))
    stopped = qmp_client_execute (vm, "stop", NULL, NULL, &error);
  if (stopped != NULL)
    reply = qmp_client_execute_parsed (vm, NULL, &error,
                                       "query-status", NULL);
  if (reply == NULL)
    return g_strdup_printf ("cannot pause: %s", error->message);
  return qmp_message_dup_string (reply, "return.status", NULL);
}

static void
test_pauses (void)
{
  g_autoptr(QmpMock) mock = qmp_mock_new (QMP_MOCK_PRESET_MACHINE);
  g_autoptr(GError) error = NULL;
  g_autofree char *said = NULL;

  qmp_mock_expect (mock, "stop", NULL);
  qmp_mock_listen (mock, NULL, &error);
  said = pause_machine (qmp_mock_get_address (mock));
  g_assert_cmpstr (said, ==, "paused");
  qmp_mock_verify (mock, &error);
  g_assert_no_error (error);
}

static void
test_says_why_not (void)
{
  g_autoptr(QmpMock) mock = qmp_mock_new (QMP_MOCK_PRESET_MACHINE);
  g_autofree char *said = NULL;

  qmp_expectation_fails (qmp_mock_expect (mock, "stop", NULL),
                         "GenericError", "not today");
  qmp_mock_listen (mock, NULL, NULL);
  said = pause_machine (qmp_mock_get_address (mock));
  g_assert_cmpstr (said, ==, "cannot pause: not today");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pause/pauses", test_pauses);
  g_test_add_func ("/pause/says-why-not", test_says_why_not);
  return g_test_run ();
}
