/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "test-peer.h"

/* One message that is made to be expensive. What it costs in memory is measured; what it costs in time is seen by the
 * deadline that all tests have: where the work grows with the square of the size, these would run for minutes. */

#define MIB ((gsize) 1024 * 1024)
/* Under valgrind less is enough. */
#define MANY(n) (TEST_FEW ? (n) / 20 : (n))

static gboolean
send_reply (TestPeer *peer,
            gpointer  user_data)
{
  const GString *value = user_data;
  g_autoptr (GString) reply = g_string_new ("{\"return\": ");
  g_autofree char *id = NULL;

  if (test_peer_read_command (peer) == NULL)
    return FALSE;
  id = test_peer_pop_id (peer);
  g_string_append_len (reply, value->str, value->len);
  g_string_append_printf (reply, ", \"id\": %s}\r\n", id);
  return test_peer_send (peer, reply->str, reply->len);
}

static gboolean
send_event (TestPeer *peer,
            gpointer  user_data)
{
  const GString *value = user_data;
  g_autoptr (GString) event = g_string_new ("{\"timestamp\": {\"seconds\": 1, \"microseconds\": 1}, "
                                            "\"event\": \"E\", \"data\": ");

  g_string_append_len (event, value->str, value->len);
  g_string_append (event, "}\r\n");
  return test_peer_send (peer, event->str, event->len);
}

#define PEER_ALIVE PEER_EXPECT ("alive"), PEER_REPLY ("\"yes\"")

static void
assert_lives (QmpClient *client)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = test_execute (client, "alive", &error);

  g_assert_no_error (error);
  test_assert_json (value, "\"yes\"");
}

/* Objects. */

static GString *
object_begin (void)
{
  return g_string_new ("{");
}

static void
object_add (GString    *text,
            const char *key)
{
  g_string_append_printf (text, "%s\"%s\":1", text->len > 1 ? "," : "", key);
}

/* Keys that g_str_hash() gives the same number to: "Az" and "BY" have the same, and so have all that are put together
 * of as many of them. */
static char *
make_colliding_key (guint i)
{
  char *key = g_malloc (41);

  for (guint bit = 0; bit < 20; bit++)
    memcpy (key + 2 * bit, i & 1 << bit ? "Az" : "BY", 2);
  key[40] = '\0';
  return key;
}

static GString *
make_colliding (guint n)
{
  GString *text = object_begin ();

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *key = make_colliding_key (i);

      object_add (text, key);
    }
  return g_string_append_c (text, '}');
}

/* n keys, and the last of them n times again. */
static GString *
make_repeated (guint n)
{
  GString *text = object_begin ();

  for (guint i = 0; i < 2 * n; i++)
    {
      g_autofree char *key = g_strdup_printf ("k%u", MIN (i, n - 1));

      object_add (text, key);
    }
  return g_string_append_c (text, '}');
}

static GString *
make_different (guint n)
{
  GString *text = object_begin ();

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *key = g_strdup_printf ("k%u", i);

      object_add (text, key);
    }
  return g_string_append_c (text, '}');
}

typedef GString *(* MakeFunc) (guint n);

static const struct {
  const char *path;
  MakeFunc    make;
  guint       n;
} objects[] = {
  { "different", make_different, 1000000 },
  { "repeated", make_repeated, 200000 },
  { "colliding", make_colliding, 200000 },
};

/* As a node it is refused, whatever its keys are. */
static void
test_object_value (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  g_autoptr (GString) text = objects[i].make (MANY (objects[i].n));
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_CALL (send_reply, text), PEER_ALIVE);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  value = test_execute (client, "a", &error);
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_TOO_LARGE);
  g_assert_null (value);
  assert_lives (client);
  test_peer_close (peer, client);
}

/* The message has all of it. */
static void
test_object_message (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  g_autoptr (GString) text = objects[i].make (MANY (objects[i].n));
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_CALL (send_reply, text), PEER_ALIVE);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpMessage) reply = NULL;
  g_autofree char *received = NULL;
  g_autoptr (GError) error = NULL;

  reply = test_exchange (client, "{\"execute\": \"a\"}", &error);
  g_assert_no_error (error);
  received = qmp_message_dup_member_text (reply, "return");
  g_assert_cmpstr (received, ==, text->str);
  /* As much of it as one object may have. */
  g_assert_nonnull (qmp_message_get_member (reply, "return"));
  assert_lives (client);
  test_peer_close (peer, client);
}

/* The keys of the message itself. */
static void
test_object_members (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  g_autoptr (GString) text = objects[i].make (MANY (objects[i].n));
  g_autoptr (GBytes) bytes = g_bytes_new (text->str, text->len);
  g_autoptr (QmpMessage) message = qmp_message_new_from_bytes_unchecked (bytes);
  g_auto (GStrv) names = NULL;

  names = qmp_message_list_members (message);
  g_assert_cmpuint (g_strv_length (names), ==, MANY (objects[i].n));
}

static void
test_object_event (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  g_autoptr (GString) text = objects[i].make (MANY (objects[i].n));
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_CALL (send_event, text), PEER_ALIVE);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpEventMatch) match = TEST_MATCH ("E");
  g_autoptr (QmpEventListener) listener = NULL;
  g_autoptr (QmpEvent) event = NULL;

  qmp_event_match_add_string_member (match, "E", "k1", "x");
  listener = qmp_event_listener_new_for_match (match);
  qmp_client_add_listener (client, listener);
  assert_lives (client);
  g_assert_true (qmp_event_listener_is_empty (listener));
  test_peer_close (peer, client);
}

/* What QEMU sends is far from the limit. */
static void
test_object_large_enough (void)
{
  g_autoptr (GString) text = make_different (4096);
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_CALL (send_reply, text));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  value = test_execute (client, "a", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (json_object_get_size (json_node_get_object (value)), ==, 4096);
  test_peer_close (peer, client);
}

/* A schema's names. */

static void
test_schema_colliding (void)
{
  g_autoptr (GString) text = g_string_new ("[");
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (QmpSchema) schema = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < MANY (200000); i++)
    {
      g_autofree char *name = make_colliding_key (i);

      g_string_append_printf (text, "{\"name\":\"%s\",\"meta-type\":\"builtin\",\"json-type\":\"int\"},", name);
    }
  g_string_append (text, "{\"name\":\"a\",\"meta-type\":\"builtin\",\"json-type\":\"int\"}]");
  bytes = g_bytes_new (text->str, text->len);
  schema = qmp_schema_new_from_bytes (bytes, &error);
  g_assert_no_error (error);
  g_assert_nonnull (schema);
}

/* A type with very many members. */
static void
test_schema_members (void)
{
  g_autoptr (GString) text = g_string_new ("[{\"name\":\"i\",\"meta-type\":\"builtin\",\"json-type\":\"int\"},"
                                           "{\"name\":\"o\",\"meta-type\":\"object\",\"members\":[");
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (QmpSchema) schema = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < MANY (200000); i++)
    g_string_append_printf (text, "%s{\"name\":\"m%u\",\"type\":\"i\"}", i > 0 ? "," : "", i);
  g_string_append (text, "]}]");
  bytes = g_bytes_new (text->str, text->len);
  schema = qmp_schema_new_from_bytes (bytes, &error);
  g_assert_true ((schema != NULL) == (error == NULL));
}

/* One huge thing: the error that tells of it keeps little of it. */

static const struct {
  const char *path;
  const char *before;
  const char *after;
} huge[] = {
  { "key", "{\"return\": {\"", "\": nan}}\r\n" },
  { "string", "{\"return\": nan, \"x\": \"", "\"}\r\n" },
  { "event-name", "{\"timestamp\": nan, \"event\": \"", "\"}\r\n" },
  { "no-json", "x", "\r\n" },
};

static gboolean
send_huge (TestPeer *peer,
           gpointer  user_data)
{
  guint i = GPOINTER_TO_UINT (user_data);
  g_autoptr (GString) text = g_string_new (huge[i].before);

  for (gsize n = 0; n < (TEST_FEW ? 2 : 16) * MIB; n += 16)
    g_string_append (text, "sixteen letters.");
  g_string_append (text, huge[i].after);
  return test_peer_send (peer, text->str, text->len);
}

static void
protocol_error_cb (QmpClient *client,
                   GError    *error,
                   gsize     *n_bytes)
{
  GBytes *text = qmp_protocol_error_get_text (error);

  *n_bytes = MAX (*n_bytes, strlen (error->message) + (text != NULL ? g_bytes_get_size (text) : 0));
}

static void
test_huge (gconstpointer data)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_CALL (send_huge, (gpointer) data),
                                    PEER_ALIVE);
  QmpClient *client = test_peer_open (peer);
  gsize n_bytes = 0;
  gsize before = test_count_allocated ();

  g_signal_connect (client, "protocol-error", G_CALLBACK (protocol_error_cb), &n_bytes);
  assert_lives (client);
  g_assert_cmpuint (n_bytes, >, 0);
  g_assert_cmpuint (n_bytes, <, 2 * 4096);
  /* The buffer for it is gone. */
  g_assert_cmpuint (test_count_allocated (), <, before + MIB);
  test_peer_close (peer, client);
}

/* As deep as can be, as the tree of QEMU's objects is asked for. */
static void
test_deep (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  TestPeer *peer;
  QmpClient *client;
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 1023; i++)
    g_string_append (text, "{\"a\":");
  g_string_append (text, "1");
  for (guint i = 0; i < 1023; i++)
    g_string_append_c (text, '}');
  peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_CALL (send_reply, text));
  client = test_peer_open (peer);
  value = test_execute (client, "a", &error);
  g_assert_no_error (error);
  g_assert_true (JSON_NODE_HOLDS_OBJECT (value));
  test_peer_close (peer, client);
}

/* A number of ten million digits is one number. */
static void
test_long_number (void)
{
  g_autoptr (GString) text = g_string_new ("0.");
  TestPeer *peer;
  QmpClient *client;
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 1000000; i++)
    g_string_append (text, "1234567890");
  peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_CALL (send_reply, text));
  client = test_peer_open (peer);
  value = test_execute (client, "a", &error);
  g_assert_no_error (error);
  g_assert_cmpfloat_with_epsilon (json_node_get_double (value), 0.123456789, 1e-8);
  test_peer_close (peer, client);
}

/* Files that are named: nothing looks at them. */

static const char names_script[] =
  "{\"timestamp\":{\"seconds\":1,\"microseconds\":1},\"event\":\"%1$s\",\"data\":{\"filename\":\"%1$s\","
  "\"path\":\"%1$s\",\"file\":\"file://%1$s\",\"socket\":\"unix:%1$s\"}}"
  "{\"QMP\":{\"version\":{\"package\":\"%1$s\"},\"capabilities\":[\"%1$s\"]}}"
  "{\"error\":{\"class\":\"%1$s\",\"desc\":\"%1$s\"}}"
  "{\"return\":{\"filename\":\"%1$s\",\"inserted\":{\"file\":\"%1$s\",\"backing_file\":\"%1$s\"}},\"id\":%2$s}";

static gboolean
send_names (TestPeer *peer,
            gpointer  user_data)
{
  g_autofree char *id = NULL;
  g_autofree char *text = NULL;

  if (test_peer_read_command (peer) == NULL)
    return FALSE;
  id = test_peer_pop_id (peer);
  text = g_strdup_printf (names_script, (const char *) user_data, id);
  return test_peer_send (peer, text, -1);
}

static void
look_cb (QmpClient *client,
         QmpEvent  *event,
         guint     *n_events)
{
  g_assert_nonnull (qmp_event_get_data (event));
  (*n_events)++;
}

static void
test_file_names (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *directory = g_dir_make_tmp ("qmp-names-XXXXXX", &error);
  g_autofree char *path = g_build_filename (directory, "named", NULL);
  int watch = inotify_init1 (IN_CLOEXEC | IN_NONBLOCK);
  char seen[4096];
  guint n_events = 0;
  TestPeer *peer;
  QmpClient *client;
  g_autoptr (JsonNode) value = NULL;

  g_assert_true (g_file_set_contents (path, "{}", -1, &error));
  g_assert_cmpint (inotify_add_watch (watch, directory, IN_ALL_EVENTS), >=, 0);
  peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_CALL (send_names, path), PEER_ALIVE);
  client = test_peer_open (peer);
  g_signal_connect (client, "event", G_CALLBACK (look_cb), &n_events);
  value = test_execute (client, "query-block", &error);
  g_assert_no_error (error);
  assert_lives (client);
  test_peer_close (peer, client);
  g_assert_cmpuint (n_events, ==, 1);

  g_assert_cmpint (read (watch, seen, sizeof seen), ==, -1);
  g_assert_cmpint (errno, ==, EAGAIN);
  close (watch);
  g_unlink (path);
  g_rmdir (directory);
}

static void
add_all (const char    *format,
         GTestDataFunc  func)
{
  for (guint i = 0; i < G_N_ELEMENTS (objects); i++)
    {
      g_autofree char *path = g_strdup_printf ("/hostile/shapes/object/%s/%s", objects[i].path, format);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), func);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  add_all ("value", test_object_value);
  add_all ("message", test_object_message);
  add_all ("members", test_object_members);
  add_all ("event", test_object_event);
  g_test_add_func ("/hostile/shapes/object/large-enough", test_object_large_enough);
  g_test_add_func ("/hostile/shapes/schema/colliding", test_schema_colliding);
  g_test_add_func ("/hostile/shapes/schema/members", test_schema_members);
  for (guint i = 0; i < G_N_ELEMENTS (huge); i++)
    {
      g_autofree char *path = g_strdup_printf ("/hostile/shapes/huge/%s", huge[i].path);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_huge);
    }
  g_test_add_func ("/hostile/shapes/deep", test_deep);
  g_test_add_func ("/hostile/shapes/file-names", test_file_names);
  g_test_add_func ("/hostile/shapes/long-number", test_long_number);
  return g_test_run ();
}
