/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test-peer.h"

/* Out-of-band execution: the window of in-band commands, those that are held, descriptors behind each other.
 *
 * The peer takes commands by name and answers them by name, in any order. What is not to come is not looked for but
 * ruled out by order: bytes come as they were sent, and the next step takes what must come instead. */

static GHashTable *ids; /* the peer's: of char *, JSON text, by name */

static gboolean
take (TestPeer *peer,
      gpointer  user_data)
{
  const char *name = user_data;
  JsonObject *command = test_peer_read_command (peer);
  const char *came;

  if (command == NULL)
    return FALSE;
  came = json_object_get_string_member_with_default (command, "execute", NULL);
  if (came == NULL)
    came = json_object_get_string_member_with_default (command, "exec-oob", "");
  if (!g_str_equal (came, name))
    return test_peer_fail (peer, "%s expected, %s came", name, came);
  g_hash_table_insert (ids, g_strdup (name), test_peer_pop_id (peer));
  return TRUE;
}

static gboolean
answer (TestPeer *peer,
        gpointer  user_data)
{
  g_autofree char *text = g_strdup_printf ("{\"return\": \"%s\", \"id\": %s}\r\n", (char *) user_data,
                                           (char *) g_hash_table_lookup (ids, user_data));

  return test_peer_send (peer, text, -1);
}

#define TAKE(name) PEER_CALL (take, (gpointer) (name))
#define ANSWER(name) PEER_CALL (answer, (gpointer) (name))
#define HANDSHAKE_OOB PEER_GREET_OOB, PEER_NEGOTIATE
#define TAKE_SEVEN TAKE ("c0"), TAKE ("c1"), TAKE ("c2"), TAKE ("c3"), TAKE ("c4"), TAKE ("c5"), TAKE ("c6")
#define ANSWER_SIX ANSWER ("c1"), ANSWER ("c2"), ANSWER ("c3"), ANSWER ("c4"), ANSWER ("c5"), ANSWER ("c6")

/* --- calls with names --- */

/* A client on a peer, and what became of its calls: their names, with "!" behind when they failed. */
typedef struct {
  TestPeer     *peer;
  QmpClient    *client;
  GString      *ended;
  GError       *error;   /* of the one that failed last */
  GString      *texts;   /* of all errors */
  guint         n_calls;
} Story;

typedef struct {
  Story *story;
  char  *name;
} Call;

static QmpMessage *
new_command (const char *name)
{
  g_autofree char *text = g_strdup_printf ("{\"execute\": \"%s\"}", name);

  return test_message (text);
}

static void
call_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Call *call = user_data;
  GError *error = NULL;
  g_autoptr (JsonNode) value = qmp_client_execute_message_finish (QMP_CLIENT (object), result, &error);

  g_string_append_printf (call->story->ended, "%s%s ", call->name, value != NULL ? "" : "!");
  if (value != NULL)
    {
      g_assert_cmpstr (json_node_get_string (value), ==, call->name);
    }
  else
    {
      g_clear_error (&call->story->error);
      call->story->error = error;
      g_string_append_printf (call->story->texts, "%s\n", error->message);
    }
  call->story->n_calls--;
  g_free (call->name);
  g_free (call);
}

static void
issue_message (Story        *story,
               const char   *name,
               QmpMessage   *message,
               GCancellable *cancellable)
{
  Call *call = g_new (Call, 1);

  *call = (Call) { story, g_strdup (name) };
  story->n_calls++;
  qmp_client_execute_message_async (story->client, message, cancellable, call_cb, call);
}

static void
issue (Story        *story,
       const char   *name,
       GCancellable *cancellable)
{
  g_autoptr (QmpMessage) message = new_command (name);

  issue_message (story, name, message, cancellable);
}

/* c0, c1 ... */
static void
issue_many (Story *story,
            guint  n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup_printf ("c%u", i);

      issue (story, name, NULL);
    }
}

static void
issue_oob (Story      *story,
           const char *name)
{
  g_autoptr (QmpMessage) message = new_command (name);

  qmp_message_set_out_of_band (message, TRUE);
  issue_message (story, name, message, NULL);
}

static void
add_fd (QmpMessage *message,
        int         fd)
{
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new ();
  g_autoptr (GError) error = NULL;

  g_unix_fd_list_append (list, fd, &error);
  g_assert_no_error (error);
  qmp_message_set_fd_list (message, list);
}

static QmpMessage *
build_fd_command (const char *name,
                  int         fd)
{
  QmpMessage *message = new_command (name);

  add_fd (message, fd);
  return message;
}

static void
issue_fd (Story        *story,
          const char   *name,
          int           fd,
          GCancellable *cancellable)
{
  g_autoptr (QmpMessage) message = build_fd_command (name, fd);

  issue_message (story, name, message, cancellable);
}

static void
send_fd (Story *story,
         int    fd)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (qmp_client_send_fd (story->client, fd, &error));
  g_assert_no_error (error);
}

#define story_begin(story, ...) \
  story_begin_script (story, (const TestStep[]) { HANDSHAKE_OOB, __VA_ARGS__, PEER_END })

static void
story_begin_script (Story          *story,
                    const TestStep *script)
{
  ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  *story = (Story) { .ended = g_string_new (NULL), .texts = g_string_new (NULL) };
  story->peer = test_peer_start_script (TEST_PEER_PAIR, script);
  story->client = test_peer_open (story->peer);
  g_assert_true (qmp_client_get_out_of_band_active (story->client));
}

static void
story_end (Story      *story,
           const char *ended)
{
  test_spin_until (story->n_calls == 0);
  g_assert_cmpstr (story->ended->str, ==, ended);
  test_peer_close (story->peer, story->client);
  g_string_free (story->ended, TRUE);
  g_string_free (story->texts, TRUE);
  g_clear_error (&story->error);
  g_clear_pointer (&ids, g_hash_table_unref);
}

/* --- the window --- */

/* Seven are out, the eighth is held. Each answer lets one out, in the order of issue, whichever it answers. An
 * out-of-band command overtakes those that are held at any time, and does not count. */
static void
test_window (void)
{
  Story story;

  story_begin (&story,
               TAKE_SEVEN, TAKE ("oob"), ANSWER ("oob"),
               ANSWER ("c0"), TAKE ("c7"), PEER_TELL, TAKE ("oob2"), ANSWER ("oob2"),
               ANSWER ("c1"), TAKE ("c8"), ANSWER ("c2"), TAKE ("c9"), PEER_TELL, TAKE ("oob3"),
               ANSWER ("c3"), ANSWER ("c4"), ANSWER ("c5"), ANSWER ("c6"), ANSWER ("c7"), ANSWER ("c8"),
               ANSWER ("oob3"), ANSWER ("c9"));
  issue_many (&story, 10);
  issue_oob (&story, "oob");
  test_spin_until (test_peer_get_told (story.peer) == 1);
  issue_oob (&story, "oob2");
  test_spin_until (test_peer_get_told (story.peer) == 2);
  issue_oob (&story, "oob3");
  story_end (&story, "oob c0 oob2 c1 c2 c3 c4 c5 c6 c7 c8 oob3 c9 ");
}

/* A server may answer in any order: what counts is how many are out. */
static void
test_window_out_of_order (void)
{
  Story story;

  story_begin (&story,
               TAKE_SEVEN, ANSWER ("c6"), TAKE ("c7"), ANSWER ("c7"), TAKE ("c8"), PEER_TELL, TAKE ("oob"),
               ANSWER ("oob"), ANSWER ("c0"), TAKE ("c9"), ANSWER ("c9"), ANSWER ("c8"), ANSWER ("c1"),
               ANSWER ("c2"), ANSWER ("c3"), ANSWER ("c4"), ANSWER ("c5"));
  issue_many (&story, 10);
  test_spin_until (test_peer_get_told (story.peer) == 1);
  issue_oob (&story, "oob");
  story_end (&story, "c6 c7 oob c0 c9 c8 c1 c2 c3 c4 c5 ");
}

/* Without out-of-band there is no window. */
static void
test_no_window (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_GREET_OOB, PEER_NEGOTIATE,
                                    PEER_EXPECT_MANY ("a", 50), PEER_REPLY ("{}"));
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GIOStream) stream = test_peer_steal_stream (peer);
  g_autoptr (TestLog) log = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_set_out_of_band (client, FALSE);
  g_assert_true (test_open_stream (client, stream, &error));
  g_clear_object (&stream);
  log = test_log_new (client);
  for (guint i = 0; i < 50; i++)
    test_log_execute_async (log, "a", client, "a", NULL);
  test_spin_until (test_log_has (log, "a"));
  test_peer_close (peer, client);
}

/* --- giving up --- */

static void
test_cancel_held (void)
{
  Story story;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  story_begin (&story, TAKE_SEVEN, PEER_TELL, PEER_WAIT, ANSWER ("c0"), TAKE ("after"), ANSWER_SIX, ANSWER ("after"));
  issue_many (&story, 7);
  issue (&story, "held", cancellable);
  issue (&story, "after", NULL);
  test_spin_until (test_peer_get_told (story.peer) == 1);
  g_cancellable_cancel (cancellable);
  test_spin_until (story.n_calls == 8);
  g_assert_error (story.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_peer_signal (story.peer);
  story_end (&story, "held! c0 c1 c2 c3 c4 c5 c6 after ");
}

static void
test_timeout_held (void)
{
  Story story;
  g_autoptr (QmpMessage) held = new_command ("held");

  story_begin (&story, TAKE_SEVEN, PEER_TELL, PEER_WAIT, ANSWER ("c0"), TAKE ("after"), ANSWER_SIX, ANSWER ("after"));
  qmp_message_set_timeout (held, 1);
  issue_many (&story, 7);
  issue_message (&story, "held", held, NULL);
  issue (&story, "after", NULL);
  test_spin_until (test_peer_get_told (story.peer) == 1 && story.n_calls == 8);
  g_assert_error (story.error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  test_assert_error_has (story.error, "held");
  test_peer_signal (story.peer);
  story_end (&story, "held! c0 c1 c2 c3 c4 c5 c6 after ");
}

/* The server still has it in its queue: its place is free when the late reply has come. */
static void
test_abandoned_keeps_place (void)
{
  Story story;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  story_begin (&story, TAKE ("given-up"), TAKE ("c0"), TAKE ("c1"), TAKE ("c2"), TAKE ("c3"), TAKE ("c4"), TAKE ("c5"),
               PEER_TELL, TAKE ("oob"), ANSWER ("oob"), ANSWER ("given-up"), TAKE ("c6"), PEER_TELL, TAKE ("oob2"),
               ANSWER ("oob2"), ANSWER ("c0"), TAKE ("c7"), ANSWER_SIX, ANSWER ("c7"));
  issue (&story, "given-up", cancellable);
  issue_many (&story, 8);
  test_spin_until (test_peer_get_told (story.peer) == 1);
  g_cancellable_cancel (cancellable);
  test_spin_until (story.n_calls == 8);
  issue_oob (&story, "oob");
  test_spin_until (test_peer_get_told (story.peer) == 2);
  issue_oob (&story, "oob2");
  story_end (&story, "given-up! oob oob2 c0 c1 c2 c3 c4 c5 c6 c7 ");
}

/* An out-of-band command holds no place, given up or not. */
static void
test_abandoned_oob (void)
{
  Story story;
  g_autoptr (QmpMessage) oob = new_command ("oob");

  story_begin (&story, TAKE ("oob"), PEER_TELL, TAKE_SEVEN, ANSWER ("oob"), PEER_TELL, TAKE ("oob2"), ANSWER ("oob2"),
               ANSWER ("c0"), TAKE ("c7"), ANSWER_SIX, ANSWER ("c7"));
  qmp_message_set_out_of_band (oob, TRUE);
  qmp_message_set_timeout (oob, 1);
  issue_message (&story, "oob", oob, NULL);
  test_spin_until (test_peer_get_told (story.peer) == 1 && story.n_calls == 0);
  issue_many (&story, 8);
  test_spin_until (test_peer_get_told (story.peer) == 2);
  issue_oob (&story, "oob2");
  story_end (&story, "oob! oob2 c0 c1 c2 c3 c4 c5 c6 c7 ");
}

/* A blocking call is held like any other. */
static void
test_blocking_held (void)
{
  Story story;
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  story_begin (&story, TAKE_SEVEN, ANSWER ("c0"), TAKE ("c7"), ANSWER ("c1"), TAKE ("blocking"), ANSWER_SIX,
               ANSWER ("c7"), ANSWER ("blocking"));
  issue_many (&story, 8);
  value = qmp_client_execute (story.client, "blocking", NULL, NULL, &error);
  g_assert_no_error (error);
  test_assert_json (value, "\"blocking\"");
  story_end (&story, "c0 c1 c2 c3 c4 c5 c6 c7 ");
}

/* --- the end of the link --- */

static void
assert_interrupted (Story      *story,
                    const char *text)
{
  g_assert_error (story->error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  g_assert_nonnull (strstr (story->texts->str, text));
}

static void
test_hang_up (void)
{
  Story story;

  story_begin (&story, TAKE_SEVEN, PEER_CLOSE);
  issue_many (&story, 8);
  test_spin_until (story.n_calls == 0);
  assert_interrupted (&story, "before the reply to “c6”");
  assert_interrupted (&story, "before “c7” was sent");
  g_assert_false (qmp_client_get_out_of_band_active (story.client));
  story_end (&story, "c0! c1! c2! c3! c4! c5! c6! c7! ");
}

/* Our own close does not send what is held. */
static void
test_own_close (void)
{
  Story story;
  g_autoptr (GError) error = NULL;

  story_begin (&story, TAKE_SEVEN, PEER_TELL);
  issue_many (&story, 8);
  test_spin_until (test_peer_get_told (story.peer) == 1);
  g_assert_true (test_close (story.client, &error));
  assert_interrupted (&story, "before “c7” was sent");
  story_end (&story, "c0! c1! c2! c3! c4! c5! c6! c7! ");
}

/* --- whether it is on --- */

static void
note_active_cb (QmpClient  *client,
                GParamSpec *pspec,
                TestLog    *log)
{
  test_log_add (log, "%s", qmp_client_get_out_of_band_active (client) ? "on" : "off");
}

typedef struct {
  const char *path;
  gboolean    offered;
  gboolean    wanted;
  gboolean    negotiated;
} Choice;

static const Choice choices[] = {
  { "/client/oob/active/on", TRUE, TRUE, TRUE },
  { "/client/oob/active/refused", TRUE, FALSE, TRUE },
  { "/client/oob/active/not-negotiated", TRUE, TRUE, FALSE },
  { "/client/oob/active/not-offered", FALSE, TRUE, TRUE },
};

static void
assert_not_active (QmpClient    *client,
                   const Choice *choice)
{
  g_autoptr (QmpMessage) oob = test_message ("{\"exec-oob\": \"yank\"}");
  g_autoptr (GError) error = NULL;

  g_assert_null (test_execute_message (client, oob, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  test_assert_error_has (error, choice->offered ? "was not negotiated" : "does not offer it");
  g_clear_error (&error);
  g_assert_null (qmp_client_execute_message (client, oob, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  g_clear_error (&error);
  g_assert_null (test_exchange (client, "{\"exec-oob\": \"yank\", \"id\": 1}", &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
}

static void
test_active (gconstpointer data)
{
  const Choice *choice = data;
  gboolean active = choice->offered && choice->wanted && choice->negotiated;
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX,
                                    PEER_SEND (choice->offered ? PEER_GREETING_OOB : PEER_GREETING),
                                    PEER_EXPECT (choice->negotiated ? "qmp_capabilities" : "a"), PEER_REPLY ("{}"),
                                    PEER_EXPECT (active ? "yank" : "a"), PEER_REPLY ("{}"));
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpMessage) oob = test_message ("{\"exec-oob\": \"yank\"}");
  g_autoptr (QmpMessage) a = test_message ("{\"execute\": \"a\"}");
  g_autoptr (GError) error = NULL;
  gboolean value;

  g_signal_connect (client, "notify::out-of-band-active", G_CALLBACK (note_active_cb), log);
  qmp_client_set_out_of_band (client, choice->wanted);
  qmp_client_set_negotiate (client, choice->negotiated);
  g_assert_true (test_open (client, test_peer_get_address (peer), &error));
  g_object_get (client, "out-of-band-active", &value, NULL);
  g_assert_cmpint (value, ==, active);
  /* What it is said to be afterwards matters to the next link only. */
  qmp_client_set_out_of_band (client, !choice->wanted);
  g_assert_cmpint (qmp_client_get_out_of_band_active (client), ==, active);

  if (!active)
    assert_not_active (client, choice);
  for (guint i = 0; i < (choice->negotiated ? 1 : 2); i++)
    {
      g_autoptr (JsonNode) reply = test_execute_message (client, active ? oob : a, &error);

      g_assert_no_error (error);
    }
  g_assert_true (test_close (client, &error));
  g_assert_false (qmp_client_get_out_of_band_active (client));
  g_assert_cmpstr (test_log_get (log), ==, active ? "CONNECTING RUNNING on DISCONNECTING off IDLE closed"
                                                  : "CONNECTING RUNNING DISCONNECTING IDLE closed");
  test_peer_close (peer, client);
}

/* --- descriptors --- */

static int
open_file (void)
{
  int fd = memfd_create ("qmp-test", MFD_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  return fd;
}

static void
assert_same_file (TestPeer *peer,
                  guint     index,
                  int       fd)
{
  struct stat mine, theirs;

  g_assert_cmpint (fstat (fd, &mine), ==, 0);
  g_assert_cmpint (fstat (test_peer_get_fd (peer, index), &theirs), ==, 0);
  g_assert_cmpuint (mine.st_ino, ==, theirs.st_ino);
}

/* Two descriptors by themselves and the commands that take them, at once: the second is not out before the first
 * getfd was answered. An out-of-band command is, and tells so. */
static void
test_bare_fds (void)
{
  Story story;
  int fds[] = { open_file (), open_file () };

  story_begin (&story, PEER_BYTEWISE,
               PEER_EXPECT_SPACE_FD, TAKE ("getfd-1"), TAKE ("oob"), PEER_EXPECT_FD (0), PEER_TELL, PEER_WAIT,
               ANSWER ("getfd-1"), PEER_EXPECT_SPACE_FD, TAKE ("getfd-2"), PEER_EXPECT_FD (0),
               ANSWER ("oob"), ANSWER ("getfd-2"), TAKE ("a"), ANSWER ("a"));
  for (guint i = 0; i < 2; i++)
    {
      send_fd (&story, fds[i]);
      issue (&story, i == 0 ? "getfd-1" : "getfd-2", NULL);
    }
  issue_oob (&story, "oob");
  test_spin_until (test_peer_get_told (story.peer) == 1);
  g_assert_cmpuint (test_peer_get_n_fds (story.peer), ==, 1);
  test_peer_signal (story.peer);
  test_spin_until (story.n_calls == 0);
  issue (&story, "a", NULL);
  test_spin_until (story.n_calls == 0);
  for (guint i = 0; i < 2; i++)
    {
      assert_same_file (story.peer, i, fds[i]);
      close (fds[i]);
    }
  story_end (&story, "getfd-1 oob getfd-2 a ");
}

/* One by itself behind commands waits for all of them, and those behind it wait with it; so does one that its
 * command carries, behind one by itself. */
static void
test_bare_fd_in_place (void)
{
  Story story;
  int fds[] = { open_file (), open_file () };

  story_begin (&story, PEER_BYTEWISE,
               TAKE ("a"), TAKE ("b"), TAKE ("oob"), ANSWER ("b"), TAKE ("oob2"), ANSWER ("a"),
               PEER_EXPECT_SPACE_FD, TAKE ("other"), PEER_EXPECT_FD (0), TAKE ("getfd"), PEER_EXPECT_FD (0),
               ANSWER ("other"), TAKE ("oob3"), ANSWER ("getfd"), TAKE ("add-fd"), PEER_EXPECT_FD (1),
               TAKE ("oob4"), ANSWER ("add-fd"), TAKE ("c"), ANSWER ("c"),
               ANSWER ("oob"), ANSWER ("oob2"), ANSWER ("oob3"), ANSWER ("oob4"));
  issue (&story, "a", NULL);
  issue (&story, "b", NULL);
  send_fd (&story, fds[0]);
  issue (&story, "other", NULL);
  issue (&story, "getfd", NULL);
  issue_fd (&story, "add-fd", fds[1], NULL);
  issue (&story, "c", NULL);
  issue_oob (&story, "oob");
  test_spin_until (g_str_equal (story.ended->str, "b "));
  issue_oob (&story, "oob2");
  test_spin_until (g_str_equal (story.ended->str, "b a other "));
  issue_oob (&story, "oob3");
  test_spin_until (g_str_equal (story.ended->str, "b a other getfd "));
  issue_oob (&story, "oob4");
  test_spin_until (story.n_calls == 0);
  for (guint i = 0; i < 2; i++)
    {
      assert_same_file (story.peer, i, fds[i]);
      close (fds[i]);
    }
  story_end (&story, "b a other getfd add-fd c oob oob2 oob3 oob4 ");
}

/* --- descriptors that never go out are closed --- */

/* Text that QEMU refuses, and that is looked at when it is sent. */
#define HALF_A_PAIR "{\"execute\": \"never\", \"arguments\": {\"a\": \"\\ud800\"}}"

static void
test_fds_not_sendable (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_TCP, HANDSHAKE_OOB, PEER_EXPECT ("a"), PEER_REPLY ("{}"));
  QmpClient *client = test_peer_open (peer);
  int fd = open_file ();
  guint n_fds = test_count_fds ();
  QmpMessage *unsupported = build_fd_command ("never", fd);
  g_autoptr (GBytes) text = g_bytes_new_static (HALF_A_PAIR, strlen (HALF_A_PAIR));
  QmpMessage *unfit = qmp_message_new_from_bytes_unchecked (text);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (test_execute_message (client, unsupported, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_false (qmp_client_send_fd (client, fd, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  add_fd (unfit, fd);
  g_assert_null (test_execute_message (client, unfit, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_DESERIALIZATION);
  g_clear_error (&error);
  g_object_unref (unsupported);
  g_object_unref (unfit);
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
  value = test_execute (client, "a", &error);
  g_assert_no_error (error);
  close (fd);
  test_peer_close (peer, client);
}

/* One that its command carries and one by itself, both held behind "slow". */
static void
hold_fds (Story        *story,
          int           timeout,
          GCancellable *cancellable)
{
  int fd = open_file ();
  g_autoptr (QmpMessage) held = build_fd_command ("held", fd);
  guint n_fds;

  issue (story, "slow", NULL);
  qmp_message_set_timeout (held, timeout);
  issue_message (story, "held", held, cancellable);
  send_fd (story, fd);
  close (fd);
  g_clear_object (&held);
  n_fds = test_count_fds ();
  test_spin_until (test_peer_get_told (story->peer) == 1);
  /* Still both of them. */
  if (timeout < 0)
    g_assert_cmpuint (test_count_fds (), ==, n_fds);
}

static void
test_fds_cancelled (gconstpointer data)
{
  gboolean timed_out = GPOINTER_TO_INT (data);
  int code = timed_out ? G_IO_ERROR_TIMED_OUT : G_IO_ERROR_CANCELLED;
  Story story;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  guint n_fds;

  story_begin (&story, TAKE ("slow"), PEER_TELL, TAKE ("oob"), PEER_WAIT, ANSWER ("oob"), ANSWER ("slow"),
               PEER_BYTEWISE, PEER_EXPECT_SPACE_FD, TAKE ("a"), PEER_EXPECT_FD (0), ANSWER ("a"));
  n_fds = test_count_fds ();
  hold_fds (&story, timed_out ? 1 : -1, cancellable);
  if (!timed_out)
    g_cancellable_cancel (cancellable);
  test_spin_until (story.n_calls == 1);
  g_assert_error (story.error, G_IO_ERROR, code);
  /* The one by itself is held still. */
  test_spin_ready ();
  g_assert_cmpuint (test_count_fds (), ==, n_fds + 1);
  issue_oob (&story, "oob");
  issue (&story, "a", NULL);
  test_peer_signal (story.peer);
  test_spin_until (story.n_calls == 0);
  g_assert_cmpuint (test_count_fds (), ==, n_fds + 1); /* the peer's */
  story_end (&story, "held! oob slow a ");
}

static void
test_fds_link_end (gconstpointer data)
{
  gboolean own_close = GPOINTER_TO_INT (data);
  Story story;
  g_autoptr (GError) error = NULL;
  guint n_fds;

  story_begin (&story, TAKE ("slow"), PEER_TELL, PEER_WAIT, PEER_CLOSE);
  n_fds = test_count_fds ();
  hold_fds (&story, -1, NULL);
  if (own_close)
    g_assert_true (test_close (story.client, &error));
  test_peer_signal (story.peer);
  test_spin_until (story.n_calls == 0 && qmp_client_get_runstate (story.client) == QMP_RUNSTATE_IDLE);
  assert_interrupted (&story, "before “held” was sent");
  test_peer_wait_told (story.peer, 1);
  g_assert_cmpuint (test_count_fds (), <=, n_fds - 1); /* the client's end of the link; the peer's may follow */
  story_end (&story, "slow! held! ");
}

/* Nobody waits for the answer any more, so that nothing but the descriptor by itself is left. */
static void
test_fds_finalize (void)
{
  guint n_fds = test_count_fds ();
  Story story;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  int fd = open_file ();

  story_begin (&story, TAKE ("slow"), PEER_TELL, PEER_DRAIN);
  issue (&story, "slow", cancellable);
  test_spin_until (test_peer_get_told (story.peer) == 1);
  g_cancellable_cancel (cancellable);
  test_spin_until (story.n_calls == 0);
  send_fd (&story, fd);
  close (fd);
  test_spin_ready ();
  g_clear_object (&cancellable);
  g_assert_finalize_object (story.client);
  test_peer_finish (story.peer);
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
  g_string_free (story.ended, TRUE);
  g_string_free (story.texts, TRUE);
  g_clear_error (&story.error);
  g_clear_pointer (&ids, g_hash_table_unref);
}

/* --- when the end is known but not told yet --- */

/* The link ends while something is written, outside of a dispatch: what is issued then fails like what was. */
static void
test_end_while_flushing (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, HANDSHAKE_OOB, PEER_WAIT, PEER_SHUTDOWN_WRITE, PEER_TELL,
                                    PEER_DRAIN);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpEventMatch) match = qmp_event_match_new (NULL);
  g_autoptr (QmpMessage) command = new_command ("a");
  g_autoptr (GAsyncResult) waited = NULL;
  g_autoptr (GAsyncResult) executed = NULL;
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;
  int fd = open_file ();

  test_peer_signal (peer);
  test_peer_wait_told (peer, 1);
  qmp_client_execute_and_wait_async (client, command, match, NULL, test_result_cb, &waited);
  /* Flushes, and the command that waits for an event has everything read before. */
  g_assert_true (qmp_client_send_fd (client, fd, &error));
  g_assert_no_error (error);
  g_assert_false (qmp_client_send_fd (client, fd, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  g_clear_error (&error);
  qmp_client_execute_async (client, "b", NULL, NULL, test_result_cb, &executed);
  test_spin_until (waited != NULL && executed != NULL);
  value = qmp_client_execute_finish (client, executed, &error);
  g_assert_null (value);
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  g_clear_object (&waited);
  g_clear_object (&executed);
  close (fd);
  test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
  test_peer_close (peer, client);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/oob/window/seven", test_window);
  g_test_add_func ("/client/oob/window/out-of-order", test_window_out_of_order);
  g_test_add_func ("/client/oob/window/none", test_no_window);
  g_test_add_func ("/client/oob/held/cancelled", test_cancel_held);
  g_test_add_func ("/client/oob/held/timed-out", test_timeout_held);
  g_test_add_func ("/client/oob/held/blocking", test_blocking_held);
  g_test_add_func ("/client/oob/abandoned/in-band", test_abandoned_keeps_place);
  g_test_add_func ("/client/oob/abandoned/out-of-band", test_abandoned_oob);
  g_test_add_func ("/client/oob/end/hang-up", test_hang_up);
  g_test_add_func ("/client/oob/end/close", test_own_close);
  g_test_add_func ("/client/oob/end/while-flushing", test_end_while_flushing);
  for (guint i = 0; i < G_N_ELEMENTS (choices); i++)
    g_test_add_data_func (choices[i].path, &choices[i], test_active);
  g_test_add_func ("/client/oob/fds/by-themselves", test_bare_fds);
  g_test_add_func ("/client/oob/fds/in-place", test_bare_fd_in_place);
  g_test_add_func ("/client/oob/fds/closed/not-sendable", test_fds_not_sendable);
  g_test_add_data_func ("/client/oob/fds/closed/cancelled", GINT_TO_POINTER (FALSE), test_fds_cancelled);
  g_test_add_data_func ("/client/oob/fds/closed/timed-out", GINT_TO_POINTER (TRUE), test_fds_cancelled);
  g_test_add_data_func ("/client/oob/fds/closed/hang-up", GINT_TO_POINTER (FALSE), test_fds_link_end);
  g_test_add_data_func ("/client/oob/fds/closed/close", GINT_TO_POINTER (TRUE), test_fds_link_end);
  g_test_add_func ("/client/oob/fds/closed/finalize", test_fds_finalize);
  return g_test_run ();
}
