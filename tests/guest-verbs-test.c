/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-agent.h"

/* The calls that are one command, played by a scripted agent: what is sent, and what is made of the answer. */

typedef enum {
  INFO,
  OSINFO,
  NETWORK_INTERFACES,
  USERS,
  GET_TIME,
  SET_TIME,
  SET_TIME_FROM_RTC,
  PASSWORD,
  GET_KEYS,
  ADD_KEYS,
  REMOVE_KEYS,
  POWERDOWN,
  HALT,
  REBOOT,
  SUSPEND_DISK,
  SUSPEND_RAM,
  SUSPEND_HYBRID,
} Verb;

static const char * const keys[] = { "ssh-ed25519 A a", "ssh-rsa B b", NULL };

static void
start (QmpGuestAgent  *agent,
       Verb            verb,
       GAsyncResult  **result)
{
  switch (verb)
    {
    case INFO:
      qmp_guest_agent_get_info_async (agent, NULL, test_result_cb, result);
      break;
    case OSINFO:
      qmp_guest_agent_get_osinfo_async (agent, NULL, test_result_cb, result);
      break;
    case NETWORK_INTERFACES:
      qmp_guest_agent_get_network_interfaces_async (agent, NULL, test_result_cb, result);
      break;
    case USERS:
      qmp_guest_agent_get_users_async (agent, NULL, test_result_cb, result);
      break;
    case GET_TIME:
      qmp_guest_agent_get_time_async (agent, NULL, test_result_cb, result);
      break;
    case SET_TIME:
      qmp_guest_agent_set_time_async (agent, 1700000000000001, NULL, test_result_cb, result);
      break;
    case SET_TIME_FROM_RTC:
      qmp_guest_agent_set_time_async (agent, -1, NULL, test_result_cb, result);
      break;
    case PASSWORD:
      qmp_guest_agent_set_user_password_async (agent, "joe", "hi", TRUE, NULL, test_result_cb, result);
      break;
    case GET_KEYS:
      qmp_guest_agent_get_authorized_keys_async (agent, "joe", NULL, test_result_cb, result);
      break;
    case ADD_KEYS:
      qmp_guest_agent_add_authorized_keys_async (agent, "joe", keys, FALSE, NULL, test_result_cb, result);
      break;
    case REMOVE_KEYS:
      qmp_guest_agent_remove_authorized_keys_async (agent, "joe", keys, NULL, test_result_cb, result);
      break;
    case POWERDOWN:
    case HALT:
    case REBOOT:
      qmp_guest_agent_shutdown_async (agent, (QmpGuestShutdownMode) (verb - POWERDOWN), NULL, test_result_cb, result);
      break;
    case SUSPEND_DISK:
    case SUSPEND_RAM:
    case SUSPEND_HYBRID:
    default:
      qmp_guest_agent_suspend_async (agent, (QmpGuestSuspendMode) (verb - SUSPEND_DISK), NULL, test_result_cb, result);
      break;
    }
}

static char *
text_of_time (gint64 time)
{
  return time >= 0 ? g_strdup_printf ("%" G_GINT64_FORMAT, time) : NULL;
}

static char *
text_of_message (QmpMessage *message)
{
  g_autoptr(QmpMessage) owned = message;

  return message != NULL ? qmp_message_dup_text (message, "return", NULL) : NULL;
}

static char *
text_of_done (gboolean done)
{
  return done ? g_strdup ("done") : NULL;
}

static char *
text_of_keys (char **list)
{
  g_auto(GStrv) owned = list;

  return list != NULL ? g_strjoinv ("|", list) : NULL;
}

/* What came, as text; NULL with error. */
static char *
finish (QmpGuestAgent  *agent,
        Verb            verb,
        GAsyncResult   *result,
        GError        **error)
{
  switch (verb)
    {
    case INFO:
      return text_of_message (qmp_guest_agent_get_info_finish (agent, result, error));
    case OSINFO:
      return text_of_message (qmp_guest_agent_get_osinfo_finish (agent, result, error));
    case NETWORK_INTERFACES:
      return text_of_message (qmp_guest_agent_get_network_interfaces_finish (agent, result, error));
    case USERS:
      return text_of_message (qmp_guest_agent_get_users_finish (agent, result, error));
    case GET_TIME:
      return text_of_time (qmp_guest_agent_get_time_finish (agent, result, error));
    case SET_TIME:
    case SET_TIME_FROM_RTC:
      return text_of_done (qmp_guest_agent_set_time_finish (agent, result, error));
    case PASSWORD:
      return text_of_done (qmp_guest_agent_set_user_password_finish (agent, result, error));
    case GET_KEYS:
      return text_of_keys (qmp_guest_agent_get_authorized_keys_finish (agent, result, error));
    case ADD_KEYS:
      return text_of_done (qmp_guest_agent_add_authorized_keys_finish (agent, result, error));
    case REMOVE_KEYS:
      return text_of_done (qmp_guest_agent_remove_authorized_keys_finish (agent, result, error));
    case POWERDOWN:
    case HALT:
    case REBOOT:
      return text_of_done (qmp_guest_agent_shutdown_finish (agent, result, error));
    case SUSPEND_DISK:
    case SUSPEND_RAM:
    case SUSPEND_HYBRID:
    default:
      return text_of_done (qmp_guest_agent_suspend_finish (agent, result, error));
    }
}

static char *
block (QmpGuestAgent  *agent,
       Verb            verb,
       GError        **error)
{
  switch (verb)
    {
    case INFO:
      return text_of_message (qmp_guest_agent_get_info (agent, NULL, error));
    case OSINFO:
      return text_of_message (qmp_guest_agent_get_osinfo (agent, NULL, error));
    case NETWORK_INTERFACES:
      return text_of_message (qmp_guest_agent_get_network_interfaces (agent, NULL, error));
    case USERS:
      return text_of_message (qmp_guest_agent_get_users (agent, NULL, error));
    case GET_TIME:
      return text_of_time (qmp_guest_agent_get_time (agent, NULL, error));
    case SET_TIME:
      return text_of_done (qmp_guest_agent_set_time (agent, 1700000000000001, NULL, error));
    case SET_TIME_FROM_RTC:
      return text_of_done (qmp_guest_agent_set_time (agent, -1, NULL, error));
    case PASSWORD:
      return text_of_done (qmp_guest_agent_set_user_password (agent, "joe", "hi", TRUE, NULL, error));
    case GET_KEYS:
      return text_of_keys (qmp_guest_agent_get_authorized_keys (agent, "joe", NULL, error));
    case ADD_KEYS:
      return text_of_done (qmp_guest_agent_add_authorized_keys (agent, "joe", keys, FALSE, NULL, error));
    case REMOVE_KEYS:
      return text_of_done (qmp_guest_agent_remove_authorized_keys (agent, "joe", keys, NULL, error));
    case POWERDOWN:
    case HALT:
    case REBOOT:
      return text_of_done (qmp_guest_agent_shutdown (agent, (QmpGuestShutdownMode) (verb - POWERDOWN), NULL, error));
    case SUSPEND_DISK:
    case SUSPEND_RAM:
    case SUSPEND_HYBRID:
    default:
      return text_of_done (qmp_guest_agent_suspend (agent, (QmpGuestSuspendMode) (verb - SUSPEND_DISK), NULL, error));
    }
}

static char *
run (QmpGuestAgent  *agent,
     gconstpointer   blocking,
     Verb            verb,
     GError        **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  if (GPOINTER_TO_INT (blocking))
    return block (agent, verb, error);
  start (agent, verb, &result);
  test_spin_until (result != NULL);
  return finish (agent, verb, result, error);
}

#define COMMAND(name) "{'execute': '" name "'}"
#define COMMAND_WITH(name, arguments) "{'execute': '" name "', 'arguments': " arguments "}"

static const struct {
  Verb        verb;
  const char *command;
  const char *reply;
  const char *text;     /* NULL: the reply is not as it should be */
} answers[] = {
  { INFO, COMMAND ("guest-info"), "{'version':'8'}", "{\"version\":\"8\"}" },
  { OSINFO, COMMAND ("guest-get-osinfo"), "{'id':'debian'}", "{\"id\":\"debian\"}" },
  { NETWORK_INTERFACES, COMMAND ("guest-network-get-interfaces"), "[]", "[]" },
  { USERS, COMMAND ("guest-get-users"), "[]", "[]" },
  { GET_TIME, COMMAND ("guest-get-time"), "1700000000000001999", "1700000000000001" },
  { GET_TIME, COMMAND ("guest-get-time"), "-1", NULL },
  { GET_TIME, COMMAND ("guest-get-time"), "1e30", NULL },
  { GET_TIME, COMMAND ("guest-get-time"), "{}", NULL },
  { SET_TIME, COMMAND_WITH ("guest-set-time", "{'time': 1700000000000001000}"), "{}", "done" },
  { SET_TIME_FROM_RTC, COMMAND ("guest-set-time"), "{}", "done" },
  { PASSWORD, COMMAND_WITH ("guest-set-user-password", "{'username': 'joe', 'password': 'aGk=', 'crypted': true}"), "{}",
    "done" },
  { GET_KEYS, COMMAND_WITH ("guest-ssh-get-authorized-keys", "{'username': 'joe'}"), "{'keys': ['a', 'b c']}", "a|b c" },
  { GET_KEYS, COMMAND_WITH ("guest-ssh-get-authorized-keys", "{'username': 'joe'}"), "{'keys': []}", "" },
  { GET_KEYS, COMMAND_WITH ("guest-ssh-get-authorized-keys", "{'username': 'joe'}"), "{'keys': [7]}", NULL },
  { GET_KEYS, COMMAND_WITH ("guest-ssh-get-authorized-keys", "{'username': 'joe'}"), "{'keys': 'a'}", NULL },
  { GET_KEYS, COMMAND_WITH ("guest-ssh-get-authorized-keys", "{'username': 'joe'}"), "{}", NULL },
  { ADD_KEYS, COMMAND_WITH ("guest-ssh-add-authorized-keys",
                            "{'username': 'joe', 'keys': ['ssh-ed25519 A a', 'ssh-rsa B b'], 'reset': false}"), "{}", "done" },
  { REMOVE_KEYS, COMMAND_WITH ("guest-ssh-remove-authorized-keys",
                               "{'username': 'joe', 'keys': ['ssh-ed25519 A a', 'ssh-rsa B b']}"), "{}", "done" },
};

static void
test_answers (gconstpointer blocking)
{
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      TestPeer *peer;
      QmpGuestAgent *agent = test_agent_start (&peer, AGENT_EXPECT (answers[i].command), AGENT_REPLY (answers[i].reply),
                                               AGENT_EXPECT (answers[i].command), PEER_ERROR ("CommandNotFound", "disabled"));
      g_autoptr(GError) error = NULL;
      g_autofree char *text = run (agent, blocking, answers[i].verb, &error);

      g_assert_cmpstr (text, ==, answers[i].text);
      if (text == NULL)
        g_assert_true (error->domain == QMP_PROTOCOL_ERROR);
      g_clear_error (&error);
      g_assert_null (run (agent, blocking, answers[i].verb, &error));
      g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_COMMAND_NOT_FOUND);
      g_assert_true (qmp_command_error_get_sent (error) != NULL);
      test_agent_finish (peer, agent);
    }
}

static const struct {
  Verb        verb;
  const char *command;
} silent[] = {
  { POWERDOWN, COMMAND_WITH ("guest-shutdown", "{'mode': 'powerdown'}") },
  { HALT, COMMAND_WITH ("guest-shutdown", "{'mode': 'halt'}") },
  { REBOOT, COMMAND_WITH ("guest-shutdown", "{'mode': 'reboot'}") },
  { SUSPEND_DISK, COMMAND ("guest-suspend-disk") },
  { SUSPEND_RAM, COMMAND ("guest-suspend-ram") },
  { SUSPEND_HYBRID, COMMAND ("guest-suspend-hybrid") },
};

/* Silence is a success, and so is the end of the link; an answer is a refusal. */
static void
test_silent (gconstpointer blocking)
{
  for (guint i = 0; i < G_N_ELEMENTS (silent); i++)
    {
      TestPeer *peer;
      QmpGuestAgent *agent = test_agent_start (&peer, AGENT_EXPECT (silent[i].command), AGENT_FORGET, AGENT_SYNC,
                                               AGENT_EXPECT (silent[i].command), PEER_ERROR ("GenericError", "no"),
                                               AGENT_EXPECT (silent[i].command), PEER_CLOSE);
      QmpClient *client = qmp_guest_agent_get_client (agent);
      g_autoptr(GError) error = NULL;
      g_autofree char *first = NULL;
      g_autofree char *third = NULL;

      qmp_client_set_timeout (client, 1000);
      first = run (agent, blocking, silent[i].verb, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (first, ==, "done");
      qmp_client_set_timeout (client, 60000);
      g_assert_null (run (agent, blocking, silent[i].verb, &error));
      g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
      g_clear_error (&error);
      third = run (agent, blocking, silent[i].verb, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (third, ==, "done");
      test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
      test_agent_finish (peer, agent);
    }
}

/* Text that is not UTF-8 cannot be said to an agent. */
static void
test_unsendable (void)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, PEER_EXPECT_EOF);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_false (qmp_guest_agent_set_user_password (agent, "\xff", "hi", FALSE, NULL, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  g_clear_error (&error);
  qmp_guest_agent_get_authorized_keys_async (agent, "\xff", NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_null (qmp_guest_agent_get_authorized_keys_finish (agent, result, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  g_clear_object (&result);
  test_agent_finish (peer, agent);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/guest/verbs/answers/async", GINT_TO_POINTER (FALSE), test_answers);
  g_test_add_data_func ("/guest/verbs/answers/blocking", GINT_TO_POINTER (TRUE), test_answers);
  g_test_add_data_func ("/guest/verbs/silent/async", GINT_TO_POINTER (FALSE), test_silent);
  g_test_add_data_func ("/guest/verbs/silent/blocking", GINT_TO_POINTER (TRUE), test_silent);
  g_test_add_func ("/guest/verbs/unsendable", test_unsendable);
  return g_test_run ();
}
