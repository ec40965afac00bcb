/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-upstream.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/qmp-io-context-private.h"

/* A multiplexer whose clients and whose server come and go, do not read, or say nonsense. */

/* --- coming and going --- */

/* Its commands are executed, and their replies are nobody's. */
static void
test_client_leaves (TestUpstream *self,
                    gconstpointer data)
{
  TestRaw *raw = test_upstream_new_raw (self);
  g_autoptr(TestRaw) other = test_upstream_new_raw (self);

  test_raw_say (raw, "{\"execute\": \"a\", \"id\": 1}{\"execute\": \"b\", \"id\": 2}{\"execute\": \"c");
  test_spin_until (self->kept->len == 2);
  test_raw_free (raw);
  test_spin_until (test_upstream_count_clients (self) == 1);
  test_raw_say (other, "{\"execute\": \"c\", \"id\": 1}");
  test_upstream_answer (self, "1");
  test_upstream_answer (self, "2");
  test_upstream_answer (self, "3");
  test_raw_assert_line (other, "{\"return\": 3, \"id\": 1}");
}

/* One that asks and asks has to wait; the others have not. */
static void
test_flood (TestUpstream *self,
            gconstpointer data)
{
  g_autoptr(TestRaw) raw = test_upstream_new_raw (self);
  g_autoptr(TestRaw) other = test_upstream_new_raw (self);
  g_autoptr(GString) text = g_string_new (NULL);
  guint n = TEST_FEW ? 200 : 4000;

  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "{\"execute\": \"a\", \"id\": %u}", i);
  test_raw_say (raw, text->str);
  test_spin_until (self->kept->len == 8);
  test_raw_say (other, "{\"execute\": \"b\"}");
  test_spin_until (self->kept->len == 9);
  for (guint i = 0; i < 8; i++)
    test_upstream_answer (self, "{}");
  g_free (test_upstream_peek_arguments (self, "b"));
  test_upstream_answer (self, "7");
  test_raw_assert_line (other, "{\"return\": 7}");
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *expected = g_strdup_printf ("{\"return\": {}, \"id\": %u}", i);
      g_autofree char *line = NULL;

      if (i >= 8)
        test_upstream_answer (self, "{}");
      line = test_raw_read_line (raw);
      g_assert_cmpstr (line, ==, expected);
    }
}

/* One that asks and does not read gets no more than what waits for it. */
static void
test_deaf_asks (TestUpstream *self,
                gconstpointer data)
{
  g_autoptr(TestRaw) raw = test_upstream_new_raw (self);
  g_autofree char *large = g_strdup_printf ("\"%0*u\"", 100000, 0);
  guint n = 0;

  for (guint i = 0; i < 60; i++)
    test_raw_say (raw, "{\"execute\": \"a\"}");
  test_spin_until (self->kept->len == 8);
  for (; self->kept->len > 0; n++)
    {
      test_upstream_answer (self, large);
      test_spin_ready ();
    }
  g_assert_cmpuint (n, <, 30);
  g_assert_cmpuint (test_upstream_count_clients (self), ==, 1);
  /* When it reads it gets all. */
  for (guint i = 0; i < 60; i++)
    {
      g_autofree char *line = NULL;

      while (!test_raw_has_line (raw) && self->kept->len > 0)
        test_upstream_answer (self, large);
      line = test_raw_read_line (raw);
      g_assert_cmpuint (strlen (line), >, 100000);
      test_spin_ready ();
    }
}

/* Clients that come, ask, and leave: when too much is under way nobody is read from, until half of that is answered. */
static void
test_congested (TestUpstream *self,
                gconstpointer data)
{
  g_autoptr(TestRaw) other = test_upstream_new_raw (self);

  if (TEST_FEW)
    {
      g_test_skip ("That many take very long under valgrind");
      return;
    }
  for (guint n = 0; n < 4096; n += 8)
    {
      g_autoptr(TestRaw) raw = test_upstream_new_raw (self);

      for (guint i = 0; i < 8; i++)
        test_raw_say (raw, "{\"execute\":\"a\"}");
      test_spin_until (self->kept->len == n + 8);
    }
  test_raw_say (other, "{\"execute\":\"b\"}");
  test_spin_ready ();
  g_assert_cmpuint (self->kept->len, ==, 4096);
  for (guint n = 0; n < 2049; n++)
    test_upstream_answer (self, "{}");
  test_spin_until (g_str_equal (qmp_invocation_get_command (self->kept->pdata[self->kept->len - 1]), "b"));
  g_assert_cmpuint (self->kept->len, ==, 2048);
}

/* Clients that read nothing keep what is held for them, and nothing else from anybody. */
static void
test_many_deaf (TestUpstream *self,
                gconstpointer data)
{
  g_autoptr(GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) test_raw_free);
  g_autoptr(TestRaw) other = test_upstream_new_raw (self);
  g_autoptr(GString) text = g_string_new (NULL);
  g_autofree char *large = g_strdup_printf ("\"%0*u\"", 400000, 0);
  guint n_clients = TEST_FEW ? 2 : 20;

  for (guint i = 0; i < 1000; i++)
    g_string_append (text, "{\"execute\":\"a\"}");
  for (guint i = 0; i < n_clients; i++)
    {
      g_ptr_array_add (clients, test_upstream_new_raw (self));
      test_raw_say (clients->pdata[i], text->str);
    }
  test_spin_until (self->kept->len == n_clients * 8);
  while (self->kept->len > 0)
    {
      test_upstream_answer (self, large);
      test_spin_ready ();
    }
  test_raw_say (other, "{\"execute\":\"b\"}");
  test_upstream_answer (self, "7");
  test_raw_assert_line (other, "{\"return\": 7}");
}

static void
read_events (TestRaw    *raw,
             const char *last)
{
  for (gboolean seen = FALSE; !seen;)
    {
      g_autofree char *line = test_raw_read_line (raw);

      g_assert_nonnull (line);
      seen = strstr (line, last) != NULL;
    }
}

/* One that does not read is cut off. */
static void
test_deaf (TestUpstream *self,
           gconstpointer data)
{
  g_autoptr(TestRaw) deaf = NULL;
  g_autoptr(TestRaw) other = NULL;
  g_autofree char *text = g_strnfill (100000, 'x');
  g_autoptr(JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, json_object_new ());
  json_object_set_string_member (json_node_get_object (node), "text", text);
  qmp_server_set_max_unsent (self->server, 300000);
  deaf = test_upstream_new_raw (self);
  other = test_upstream_new_raw (self);
  for (guint i = 0; i < 20; i++)
    {
      g_assert_true (qmp_server_emit_event (self->upstream, "E", node, NULL));
      read_events (other, "\"E\"");
    }
  test_spin_until (test_upstream_count_clients (self) == 1);
  test_raw_say (other, "{\"execute\": \"a\"}");
  test_upstream_answer (self, "{}");
  test_raw_assert_line (other, "{\"return\": {}}");
}

/* All hear the last event, and then the end. What waits for its reply has none. */
static void
test_end (TestUpstream *self,
          gconstpointer data)
{
  g_autoptr(TestRaw) a = test_upstream_new_raw (self);
  g_autoptr(TestRaw) b = test_upstream_new_raw (self);
  int fd;
  g_autoptr(GIOStream) stream = NULL;
  g_autoptr(TestRaw) late = NULL;
  g_autoptr(GError) error = NULL;

  test_raw_say (a, "{\"execute\": \"a\"}{\"execute\": \"quit\"}");
  test_spin_until (self->kept->len == 2);
  test_upstream_emit (self, "SHUTDOWN");
  qmp_server_close (self->upstream);
  test_upstream_assert_event (a, "SHUTDOWN");
  test_raw_assert_end (a);
  test_upstream_assert_event (b, "SHUTDOWN");
  test_raw_assert_end (b);
  test_spin_until (qmp_client_get_runstate (self->client) == QMP_RUNSTATE_IDLE);
  g_assert_cmpuint (test_upstream_count_clients (self), ==, 0);

  stream = test_socketpair (&fd);
  late = test_raw_new_for_fd (fd);
  g_assert_false (qmp_server_add_stream (self->server, stream, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  g_ptr_array_set_size (self->kept, 0);

  /* Opened again, it goes on. */
  test_upstream_open_client (self);
  {
    g_autoptr(TestRaw) again = test_upstream_new_raw (self);

    test_raw_say (again, "{\"execute\": \"a\", \"id\": 1}");
    test_upstream_answer (self, "{}");
    test_raw_assert_line (again, "{\"return\": {}, \"id\": 1}");
  }
}

/* One that does not read does not keep the others from hearing of the end, nor itself alive. */
static void
test_end_with_deaf (TestUpstream *self,
                    gconstpointer data)
{
  g_autoptr(TestRaw) deaf = test_upstream_new_raw (self);
  g_autoptr(TestRaw) other = test_upstream_new_raw (self);
  g_autofree char *text = g_strnfill (1000000, 'x');
  g_autoptr(QmpIoContext) io = qmp_io_context_get (g_main_context_default ());
  g_autoptr(JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, json_object_new ());
  json_object_set_string_member (json_node_get_object (node), "text", text);
  g_assert_true (qmp_server_emit_event (self->upstream, "E", node, NULL));
  test_upstream_emit (self, "LAST");
  read_events (other, "\"LAST\"");
  qmp_server_close (self->upstream);
  test_raw_assert_end (other);
  test_spin_until (test_upstream_count_clients (self) == 1);
  g_assert_true (qmp_io_context_hurry (io));
  test_spin_until (test_upstream_count_clients (self) == 0);
}

/* The client closes its link, and is dropped, with commands under way. */
static void
test_client_closes (TestUpstream *self,
                    gconstpointer data)
{
  g_autoptr(TestRaw) raw = test_upstream_new_raw (self);

  test_raw_say (raw, "{\"execute\": \"a\"}");
  test_spin_until (self->kept->len == 1);
  g_assert_true (test_close (self->client, NULL));
  test_raw_assert_end (raw);
  g_ptr_array_set_size (self->kept, 0);
}

/* What is under way goes on without the multiplexer, and its client as well. */
static void
test_multiplexer_goes (TestUpstream *self,
                       gconstpointer data)
{
  g_autoptr(TestRaw) raw = test_upstream_new_raw (self);
  TestLog *log = test_log_new (self->client);
  g_autofree char *full = test_upstream_give_name (self, raw, "x");
  g_autofree char *closed = NULL;

  test_raw_say (raw, "{\"execute\": \"a\"}{\"execute\": \"b\"}");
  test_spin_until (self->kept->len == 2);
  test_log_execute_async (log, "own", self->client, "own", NULL);
  g_assert_finalize_object (g_steal_pointer (&self->multiplexer));
  test_raw_assert_end (raw);
  test_upstream_answer (self, "1");
  test_upstream_answer (self, "2");
  g_free (test_upstream_peek_arguments (self, "own"));
  test_upstream_answer (self, "3");
  closed = test_upstream_peek_fdname (self, "closefd");
  g_assert_cmpstr (closed, ==, full);
  test_upstream_answer (self, "{}");
  test_spin_until (test_log_has (log, "own"));
  test_log_free (log);
}

static void
test_multiplexer_goes_before_the_end (TestUpstream *self,
                                      gconstpointer data)
{
  g_autoptr(TestRaw) raw = test_upstream_new_raw (self);

  test_raw_say (raw, "{\"execute\": \"a\"}{\"execute\": \"b\"}");
  test_spin_until (self->kept->len == 2);
  g_assert_finalize_object (g_steal_pointer (&self->multiplexer));
  g_ptr_array_set_size (self->kept, 0);
}

/* The other way round, within the dispatch that ends the link. */
static void
test_multiplexer_goes_at_the_end (TestUpstream *self,
                                  gconstpointer data)
{
  g_autoptr(TestRaw) raw = test_upstream_new_raw (self);

  g_signal_connect_swapped (self->client, "closed", G_CALLBACK (g_clear_object), &self->multiplexer);
  test_raw_say (raw, "{\"execute\": \"a\"}");
  test_spin_until (self->kept->len == 1);
  qmp_server_close (self->upstream);
  test_raw_assert_end (raw);
  test_spin_until (self->multiplexer == NULL);
  g_ptr_array_set_size (self->kept, 0);
}

/* Two on one client: each has its own. */
static void
test_two (TestUpstream *self,
          gconstpointer data)
{
  g_autoptr(QmpMultiplexer) second = qmp_multiplexer_new (self->client);
  g_autoptr(TestRaw) a = test_upstream_new_raw (self);
  g_autoptr(TestRaw) b = test_raw_new (qmp_multiplexer_get_server (second));

  test_raw_negotiate (b);
  test_raw_say (a, "{\"execute\": \"a\", \"id\": 1}");
  test_spin_until (self->kept->len == 1);
  test_raw_say (b, "{\"execute\": \"b\", \"id\": 1}");
  test_spin_until (self->kept->len == 2);
  test_upstream_answer (self, "\"a\"");
  test_upstream_answer (self, "\"b\"");
  test_upstream_emit (self, "E");
  test_raw_assert_line (a, "{\"return\": \"a\", \"id\": 1}");
  test_raw_assert_line (b, "{\"return\": \"b\", \"id\": 1}");
  test_upstream_assert_event (a, "E");
  test_upstream_assert_event (b, "E");
}

/* --- what is wrong upstream --- */

/* A server that answers nonsense: its clients hear of that, and no nonsense. */
static void
test_bad_replies (TestUpstream *self,
                  gconstpointer data)
{
  g_autoptr(QmpServerConnection) connection = g_list_model_get_item (qmp_server_get_connections (self->upstream), 0);
  static const char * const replies[] = {
    "",
    "\"return\": 1, \"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}, ",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      g_autoptr(TestRaw) raw = test_upstream_new_raw (self);
      g_autoptr(QmpInvocation) invocation = NULL;
      g_autofree char *id = NULL;
      g_autofree char *text = NULL;
      g_autoptr(QmpMessage) message = NULL;

      test_raw_say (raw, "{\"execute\": \"a\", \"id\": 5}");
      invocation = test_upstream_take (self);
      id = qmp_message_dup_member_text (qmp_invocation_get_message (invocation), "id");
      text = g_strdup_printf ("{%s\"id\": %s}", replies[i], id);
      message = test_message (text);
      g_assert_true (qmp_server_connection_send (connection, message, NULL));
      test_raw_assert_line (raw, test_raw_error ("GenericError", "The server's reply cannot be read", "5"));
      g_assert_true (qmp_invocation_return_value (invocation, NULL, NULL));
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, function) \
  g_test_add ("/multiplexer-ends/" name, TestUpstream, NULL, test_upstream_set_up, function, test_upstream_tear_down)
  ADD ("client-leaves", test_client_leaves);
  ADD ("flood", test_flood);
  ADD ("congested", test_congested);
  ADD ("many-deaf", test_many_deaf);
  ADD ("deaf", test_deaf);
  ADD ("deaf-asks", test_deaf_asks);
  ADD ("end", test_end);
  ADD ("end-with-deaf", test_end_with_deaf);
  ADD ("client-closes", test_client_closes);
  ADD ("goes", test_multiplexer_goes);
  ADD ("goes-before-the-end", test_multiplexer_goes_before_the_end);
  ADD ("goes-at-the-end", test_multiplexer_goes_at_the_end);
  ADD ("two", test_two);
  ADD ("bad-replies", test_bad_replies);

  return g_test_run ();
}
