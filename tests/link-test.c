/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-link.h"
#include "test-utils.h"

/* A link by itself. */

static void
set_up (TestOwner     *owner,
        gconstpointer  data)
{
  test_owner_init (owner);
}

static void
tear_down (TestOwner     *owner,
           gconstpointer  data)
{
  test_owner_clear (owner);
}

static void
established_cb (gpointer opener)
{
  TestOwner *owner = opener;

  g_assert_cmpint (owner->link->state, ==, QMP_LINK_RUNNING);
  test_owner_note (owner, "established");
}

static void
failed_cb (gpointer  opener,
           GError   *error)
{
  TestOwner *owner = opener;
  g_autofree char *word = test_error_word (error);

  g_assert_cmpint (owner->link->state, ==, QMP_LINK_FAILED);
  test_owner_note (owner, "failed(%s)", word);
  g_error_free (error);
}

static const QmpLinkHandshakeFuncs handshake_funcs = { established_cb, failed_cb };

static void
begin (TestOwner    *owner,
       QmpLinkState  expected)
{
  g_autoptr(GError) error = NULL;

  owner->link = qmp_link_new (owner->stream, &owner->settings, owner->calls, &owner->log, &test_link_funcs, owner, &error);
  g_assert_no_error (error);
  /* They are copied. */
  owner->settings = (QmpLinkSettings) { 0 };
  qmp_link_begin (owner->link, owner->io, &handshake_funcs, owner);
  g_assert_cmpint (owner->link->state, ==, expected);
}

static void
begin_running (TestOwner *owner)
{
  owner->settings.await_greeting = owner->settings.negotiate = FALSE;
  begin (owner, QMP_LINK_RUNNING);
  test_assert_words (owner, "established");
}

/* --- the handshake --- */

static void
test_handshake (TestOwner     *owner,
                gconstpointer  data)
{
  begin (owner, QMP_LINK_GREETING);
  test_owner_hear (owner, "{\"event\": \"EARLY\"}\n" TEST_GREETING);
  test_assert_words (owner, "event(EARLY)");
  g_assert_cmpint (owner->link->state, ==, QMP_LINK_NEGOTIATION);

  /* What comes in the same read behind the last word of the handshake is that of a link that runs. */
  test_owner_negotiate (owner, "\"return\": {}");
  test_assert_words (owner, "established");
  g_assert_nonnull (owner->link->handshake.greeting);
  test_owner_hear (owner, TEST_GREETING "junk\n{\"event\": \"LATE\"}\n");
  test_assert_words (owner, "greeting error(deserialization) event(LATE)");
}

static void
test_greeting_only (TestOwner     *owner,
                    gconstpointer  data)
{
  owner->settings.negotiate = FALSE;
  begin (owner, QMP_LINK_GREETING);
  test_owner_hear (owner, "rest of a reply}\n" TEST_GREETING "{\"event\": \"A\"}\njunk\n");
  test_assert_words (owner, "established event(A) error(deserialization)");
}

static void
test_sync (TestOwner     *owner,
           gconstpointer  data)
{
  g_autofree char *sent = NULL;
  g_autofree char *reply = NULL;

  owner->settings.guest_agent = TRUE;
  begin (owner, QMP_LINK_SYNC);
  g_assert_nonnull (owner->link->agent);
  sent = test_owner_dup_sent (owner);
  g_assert_nonnull (strstr (sent, "guest-sync-delimited"));
  test_owner_hear (owner, "{\"return\": {}}\n{\"event\": \"NOT\"}\n");
  test_assert_words (owner, "");

  reply = g_strdup_printf ("{\"return\": %" G_GINT64_FORMAT "}\n",
                           g_ascii_strtoll (strstr (sent, "\"id\":") + strlen ("\"id\":"), NULL, 10));
  test_owner_hear (owner, reply);
  test_assert_words (owner, "established");
}

/* A handshake that fails tells so once, and what comes behind is nobody's. */
static void
test_fails (TestOwner     *owner,
            gconstpointer  data)
{
  begin (owner, QMP_LINK_GREETING);
  test_owner_hear (owner, "{\"QMP\": 1}\n{\"event\": \"A\"}\njunk\n" TEST_GREETING);
  test_assert_words (owner, "failed(greeting)");
  g_assert_null (owner->link);
}

static void
test_refused (TestOwner     *owner,
              gconstpointer  data)
{
  begin (owner, QMP_LINK_GREETING);
  test_owner_hear (owner, TEST_GREETING);
  test_owner_negotiate (owner, "\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}");
  test_assert_words (owner, "failed(negotiation)");
}

static void
test_monitor_for_agent (TestOwner     *owner,
                        gconstpointer  data)
{
  owner->settings.guest_agent = TRUE;
  begin (owner, QMP_LINK_SYNC);
  test_owner_hear (owner, TEST_GREETING "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"qmp_capabilities\"}}\n");
  test_assert_words (owner, "failed(greeting)");
}

static void
test_hangs_up (TestOwner     *owner,
               gconstpointer  data)
{
  begin (owner, QMP_LINK_GREETING);
  test_owner_hang_up (owner);
  test_assert_words (owner, "failed(broken-pipe)");
}

/* --- a link that runs --- */

static QmpCall *
issue (TestOwner  *owner,
       const char *command)
{
  g_auto(QmpRequest) request = { 0 };

  g_assert_true (qmp_request_init_command (&request, owner->calls, command, NULL, 0, NULL));
  return qmp_link_issue (owner->link, &request);
}

static void
test_routes (TestOwner     *owner,
             gconstpointer  data)
{
  g_autofree char *good = NULL;
  g_autofree char *bad = NULL;

  begin_running (owner);
  good = g_strdup_printf ("{\"return\": {}, \"id\": %u}\n", issue (owner, "good")->serial);
  bad = g_strdup_printf ("{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}, \"id\": %u}\n",
                         issue (owner, "bad")->serial);
  test_owner_hear (owner, bad);
  test_owner_hear (owner, "{\"event\": \"A\"}\n");
  test_owner_hear (owner, good);
  test_assert_words (owner, "done(generic) event(A) done()");

  /* To nobody. */
  test_owner_hear (owner, good);
  test_owner_hear (owner, "{\"error\": {\"class\": \"GenericError\", \"desc\": \"what?\"}}\n[]\n{\"error\": 1}\n");
  test_assert_words (owner, "error(server-parse) error(unexpected-type) error(bad-reply)");
}

static void
test_wire (TestOwner     *owner,
           gconstpointer  data)
{
  begin_running (owner);
  owner->hears_wire = TRUE;
  test_owner_hear (owner, "{\"event\": \"A\"}\n");
  test_assert_words (owner, "wire event(A)");
  qmp_inbox_clear (&owner->inbox);
  issue (owner, "a");
  test_owner_turn (owner);
  test_assert_words (owner, "wire");
  owner->hears_wire = FALSE;
  test_owner_hear (owner, "{\"event\": \"A\"}\n");
  test_assert_words (owner, "event(A)");
}

static void
test_ends (TestOwner     *owner,
           gconstpointer  data)
{
  begin_running (owner);
  issue (owner, "a");
  test_owner_turn (owner);
  g_assert_cmpint (send (owner->peer_fd, "{\"event\": \"BYE\"}", strlen ("{\"event\": \"BYE\"}"), 0), >, 0);
  test_owner_hang_up (owner);
  test_assert_words (owner, "event(BYE) ended(broken-pipe)");
  g_assert_null (owner->link);
  g_assert_cmpuint (owner->rest.length, ==, 1);
}

/* Without an end: who drops it wants to hear nothing. */
static void
test_dropped (TestOwner     *owner,
              gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  begin_running (owner);
  issue (owner, "a");
  g_clear_pointer (&owner->link, qmp_link_free);
  test_owner_turn (owner);
  test_assert_words (owner, "");

  /* The calls serve the next. */
  close (owner->peer_fd);
  g_object_unref (owner->stream);
  owner->stream = test_socketpair (&owner->peer_fd);
  owner->settings.max_message_size = 1000;
  owner->settings.max_depth = 10;
  begin (owner, QMP_LINK_RUNNING);
  test_assert_words (owner, "established");
}

static void
test_moves (TestOwner     *owner,
            gconstpointer  data)
{
  g_autoptr(GMainContext) other = g_main_context_new ();
  g_autoptr(QmpIoContext) other_io = qmp_io_context_get (other);

  begin_running (owner);
  qmp_link_attach (owner->link, other_io);
  test_owner_hear (owner, "{\"event\": \"A\"}\n");
  test_assert_words (owner, "");
  while (g_main_context_iteration (other, FALSE))
    ;
  test_assert_words (owner, "event(A)");
}

static void
test_no_stream (TestOwner     *owner,
                gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (g_io_stream_close (owner->stream, NULL, NULL));
  g_assert_null (qmp_link_new (owner->stream, &owner->settings, owner->calls, &owner->log, &test_link_funcs, owner,
                               &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add (path, TestOwner, NULL, set_up, func, tear_down)
  ADD ("/link/handshake", test_handshake);
  ADD ("/link/handshake/greeting-only", test_greeting_only);
  ADD ("/link/handshake/sync", test_sync);
  ADD ("/link/handshake/fails", test_fails);
  ADD ("/link/handshake/refused", test_refused);
  ADD ("/link/handshake/monitor-for-agent", test_monitor_for_agent);
  ADD ("/link/handshake/hangs-up", test_hangs_up);
  ADD ("/link/routes", test_routes);
  ADD ("/link/wire", test_wire);
  ADD ("/link/ends", test_ends);
  ADD ("/link/dropped", test_dropped);
  ADD ("/link/moves", test_moves);
  ADD ("/link/no-stream", test_no_stream);
#undef ADD

  return g_test_run ();
}
