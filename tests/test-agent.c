/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-agent.h"

static char *
with_quotes (const char *text)
{
  return g_strdelimit (g_strdup (text), "'", '"');
}

gboolean
test_agent_sync (TestPeer *peer,
                 gpointer  user_data)
{
  gint64 number = test_peer_read_sync (peer);
  g_autofree char *text = g_strdup_printf ("\xff{\"return\": %" G_GINT64_FORMAT "}\n", number);

  return number > 0 && test_peer_send (peer, text, -1);
}

gboolean
test_agent_expect (TestPeer *peer,
                   gpointer  text)
{
  JsonObject *command = test_peer_read_command (peer);
  g_autoptr(JsonNode) came = NULL;
  g_autoptr(JsonNode) expected = NULL;
  g_autofree char *quoted = with_quotes (text);
  g_autofree char *came_text = NULL;

  if (command == NULL)
    return FALSE;
  came = json_node_init_object (json_node_alloc (), command);
  json_object_remove_member (command, "id");
  expected = test_json (quoted);
  if (json_node_equal (came, expected))
    return TRUE;
  came_text = json_to_string (came, FALSE);
  return test_peer_fail (peer, "expected %s, and not %s", quoted, came_text);
}

gboolean
test_agent_reply (TestPeer *peer,
                  gpointer  text)
{
  g_autofree char *quoted = with_quotes (text);
  g_autofree char *id = test_peer_pop_id (peer);
  g_autofree char *reply = g_strdup_printf ("{\"return\": %s, \"id\": %s}\n", quoted, id);

  return test_peer_send (peer, reply, -1);
}

QmpGuestAgent *
test_agent_start_script (TestPeer       **peer,
                         const TestStep  *script)
{
  g_autoptr(QmpClient) client = qmp_client_new (NULL);
  g_autoptr(GError) error = NULL;

  *peer = test_peer_start_script (TEST_PEER_UNIX, script);
  qmp_client_set_guest_agent (client, TRUE);
  test_open (client, test_peer_get_address (*peer), &error);
  test_check_failure ();
  g_assert_no_error (error);
  return qmp_guest_agent_new (client);
}

void
test_agent_finish (TestPeer      *peer,
                   QmpGuestAgent *agent)
{
  QmpClient *client = g_object_ref (qmp_guest_agent_get_client (agent));

  test_spin_ready ();
  g_assert_finalize_object (agent);
  test_peer_close (peer, client);
}
