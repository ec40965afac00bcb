/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <qmp-glib/qmp-event-match.h>

#include "test-event.h"
#include "test-utils.h"

static gboolean
accepts (QmpEventMatch *match,
         const char    *name,
         const char    *data)
{
  g_autoptr(QmpEvent) event = test_event_new (name, data);

  return qmp_event_match_accepts (match, event);
}

static gboolean
is_failure (QmpEventMatch *match,
            const char    *name,
            const char    *data)
{
  g_autoptr(QmpEvent) event = test_event_new (name, data);

  return qmp_event_match_is_failure (match, event);
}

/* value: JSON. */
static void
add_member (QmpEventMatch *match,
            const char    *event,
            const char    *path,
            const char    *value)
{
  g_autoptr(JsonNode) node = test_json (value);

  qmp_event_match_add_member (match, event, path, node);
}

/* value: JSON, nullable. */
static void
add_failure (QmpEventMatch *match,
             const char    *event,
             const char    *path,
             const char    *value)
{
  g_autoptr(JsonNode) node = value != NULL ? test_json (value) : NULL;

  qmp_event_match_add_failure (match, event, path, node);
}

#define assert_shown(match, expected)                              \
  G_STMT_START {                                                   \
    g_autofree char *test_text = qmp_event_match_to_string (match); \
    g_assert_cmpstr (test_text, ==, expected);                     \
  } G_STMT_END

/* --- names --- */

static void
test_all (void)
{
  g_autoptr(QmpEventMatch) match = qmp_event_match_new (NULL);

  g_assert_null (qmp_event_match_get_names (match));
  g_assert_true (accepts (match, "A", NULL));
  g_assert_true (accepts (match, "", "{}"));
  assert_shown (match, "any event");
}

static void
test_none (void)
{
  const char * const no_names[] = { NULL };
  g_autoptr(QmpEventMatch) match = qmp_event_match_new (no_names);

  g_assert_null (qmp_event_match_get_names (match)[0]);
  g_assert_false (accepts (match, "A", NULL));
  assert_shown (match, "no event");
}

static void
test_names (void)
{
  g_autoptr(QmpEventMatch) match = TEST_MATCH ("A", "B", "A");

  g_assert_cmpuint (g_strv_length ((char **) qmp_event_match_get_names (match)), ==, 3);
  g_assert_true (accepts (match, "A", NULL));
  g_assert_true (accepts (match, "B", NULL));
  g_assert_false (accepts (match, "C", NULL));
  g_assert_false (accepts (match, "a", NULL));
  g_assert_false (accepts (match, "AA", NULL));
  assert_shown (match, "A, B, A");
}

/* --- members --- */

/* Values of one member are alternatives, different members must all fit. */
static void
test_members (void)
{
  g_autoptr(QmpEventMatch) match = TEST_MATCH ("A", "B");

  qmp_event_match_add_string_member (match, NULL, "device", "a");
  qmp_event_match_add_string_member (match, NULL, "device", "b");
  add_member (match, NULL, "size", "1");
  g_assert_true (accepts (match, "A", "{\"device\": \"a\", \"size\": 1}"));
  g_assert_true (accepts (match, "B", "{\"size\": 1, \"device\": \"b\"}"));
  g_assert_false (accepts (match, "A", "{\"device\": \"c\", \"size\": 1}"));
  g_assert_false (accepts (match, "A", "{\"device\": \"a\", \"size\": 2}"));
  g_assert_false (accepts (match, "A", "{\"device\": \"a\"}"));
  g_assert_false (accepts (match, "A", "{\"size\": 1}"));
  g_assert_false (accepts (match, "A", "{}"));
  g_assert_false (accepts (match, "A", "\"device\""));
  g_assert_false (accepts (match, "A", "null"));
  g_assert_false (accepts (match, "A", NULL));
  g_assert_false (accepts (match, "C", "{\"device\": \"a\", \"size\": 1}"));
  assert_shown (match, "A, B; device = \"a\" | \"b\"; size = 1");
}

static void
test_members_within (void)
{
  g_autoptr(QmpEventMatch) match = qmp_event_match_new (NULL);
  g_autoptr(QmpEventMatch) second = qmp_event_match_new (NULL);
  g_autoptr(QmpEventMatch) dotted = qmp_event_match_new (NULL);
  g_autoptr(QmpEventMatch) wrong = qmp_event_match_new (NULL);

  qmp_event_match_add_string_member (match, NULL, "info.job.status", "ok");
  g_assert_true (accepts (match, "A", "{\"info\": {\"job\": {\"status\": \"ok\"}}}"));
  g_assert_false (accepts (match, "A", "{\"info\": {\"job\": {\"status\": \"no\"}}}"));
  g_assert_false (accepts (match, "A", "{\"info\": {\"job\": \"ok\"}}"));
  g_assert_false (accepts (match, "A", "{\"info\": [{\"job\": {\"status\": \"ok\"}}]}"));
  g_assert_false (accepts (match, "A", "{\"info.job.status\": \"ok\"}"));
  qmp_event_match_add_string_member (second, NULL, "nodes[1].name", "n");
  g_assert_true (accepts (second, "A", "{\"nodes\": [{}, {\"name\": \"n\"}]}"));
  g_assert_false (accepts (second, "A", "{\"nodes\": [{\"name\": \"n\"}]}"));
  qmp_event_match_add_string_member (dotted, NULL, "['a.b']", "x");
  g_assert_true (accepts (dotted, "A", "{\"a.b\": \"x\"}"));
  g_assert_false (accepts (dotted, "A", "{\"a\": {\"b\": \"x\"}}"));
  assert_shown (dotted, "any event; ['a.b'] = \"x\"");
  qmp_event_match_add_string_member (wrong, NULL, "a..b", "x");
  g_assert_false (accepts (wrong, "A", "{\"a\": {\"\": {\"b\": \"x\"}}}"));
}

static void
test_members_of_one_event (void)
{
  g_autoptr(QmpEventMatch) match = qmp_event_match_new (NULL);

  add_member (match, "A", "n", "1");
  g_assert_true (accepts (match, "A", "{\"n\": 1}"));
  g_assert_false (accepts (match, "A", "{\"n\": 2}"));
  g_assert_true (accepts (match, "B", "{\"n\": 2}"));
  g_assert_true (accepts (match, "B", NULL));
  add_member (match, NULL, "m", "1");
  g_assert_false (accepts (match, "B", "{\"n\": 1}"));
  g_assert_true (accepts (match, "B", "{\"m\": 1}"));
  g_assert_false (accepts (match, "A", "{\"n\": 1}"));
  g_assert_true (accepts (match, "A", "{\"n\": 1, \"m\": 1}"));
  assert_shown (match, "any event; A: n = 1; m = 1");
}

static void
test_members_types (void)
{
  const struct {
    const char *value;
    const char *equal;
    const char *other[3];
  } cases[] = {
    { "5", "5", { "6", "\"5\"", "null" } },
    { "-9223372036854775807", "-9223372036854775807", { "-9223372036854775806", "0", "\"\"" } },
    { "2.5", "2.5", { "2.25", "2", "\"2.5\"" } },
    { "true", "true", { "false", "1", "\"true\"" } },
    { "null", "null", { "0", "false", "\"\"" } },
    { "[1, \"a\"]", "[1,\"a\"]", { "[1]", "[\"a\", 1]", "1" } },
    { "{\"a\": {\"b\": 1}}", "{\"a\":{\"b\":1}}", { "{}", "{\"a\": {\"b\": 2}}", "{\"a\": 1}" } },
    { "\"net0\"", "\"net\\u0030\"", { "\"net\"", "\"NET0\"", "[\"net0\"]" } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(QmpEventMatch) match = qmp_event_match_new (NULL);
      g_autofree char *equal = g_strdup_printf ("{\"m\": %s}", cases[i].equal);

      add_member (match, NULL, "m", cases[i].value);
      g_assert_true (accepts (match, "A", equal));
      for (guint j = 0; j < G_N_ELEMENTS (cases[i].other); j++)
        {
          g_autofree char *other = g_strdup_printf ("{\"m\": %s}", cases[i].other[j]);

          g_assert_false (accepts (match, "A", other));
        }
    }
}

/* The caller may change what it has given. */
static void
test_members_copied (void)
{
  g_autoptr(QmpEventMatch) match = qmp_event_match_new (NULL);
  g_autoptr(JsonNode) node = test_json ("{\"x\": 1}");

  qmp_event_match_add_member (match, NULL, "n", node);
  qmp_event_match_add_failure (match, "A", "n", node);
  json_object_set_int_member (json_node_get_object (node), "x", 2);
  g_assert_true (accepts (match, "A", "{\"n\": {\"x\": 1}}"));
  g_assert_false (accepts (match, "A", "{\"n\": {\"x\": 2}}"));
  g_assert_true (is_failure (match, "A", "{\"n\": {\"x\": 1}}"));
  g_assert_false (is_failure (match, "A", "{\"n\": {\"x\": 2}}"));
}

/* --- failures --- */

static void
test_failures (void)
{
  g_autoptr(QmpEventMatch) match = TEST_MATCH ("A");

  g_assert_false (is_failure (match, "FAILED", NULL));
  qmp_event_match_add_failure (match, "FAILED", NULL, NULL);
  g_assert_true (is_failure (match, "FAILED", NULL));
  g_assert_false (is_failure (match, "A", NULL));
  g_assert_true (accepts (match, "FAILED", NULL));
  g_assert_false (accepts (match, "B", NULL));
  /* About the same device. */
  qmp_event_match_add_string_member (match, NULL, "device", "a");
  g_assert_true (accepts (match, "FAILED", "{\"device\": \"a\"}"));
  g_assert_false (accepts (match, "FAILED", "{\"device\": \"b\"}"));
  assert_shown (match, "A; device = \"a\"; failure FAILED");
}

/* The same event may say both. */
static void
test_failures_by_value (void)
{
  g_autoptr(QmpEventMatch) match = TEST_MATCH ("M");

  qmp_event_match_add_string_member (match, NULL, "status", "completed");
  qmp_event_match_add_string_member (match, NULL, "id", "a");
  add_failure (match, "M", "status", "\"failed\"");
  add_failure (match, "M", "status", "\"cancelled\"");
  g_assert_true (accepts (match, "M", "{\"id\": \"a\", \"status\": \"completed\"}"));
  g_assert_true (accepts (match, "M", "{\"id\": \"a\", \"status\": \"failed\"}"));
  g_assert_true (accepts (match, "M", "{\"id\": \"a\", \"status\": \"cancelled\"}"));
  g_assert_false (accepts (match, "M", "{\"id\": \"a\", \"status\": \"active\"}"));
  g_assert_false (accepts (match, "M", "{\"id\": \"b\", \"status\": \"failed\"}"));
  g_assert_false (is_failure (match, "M", "{\"id\": \"a\", \"status\": \"completed\"}"));
  g_assert_true (is_failure (match, "M", "{\"id\": \"a\", \"status\": \"cancelled\"}"));
  g_assert_false (is_failure (match, "N", "{\"id\": \"a\", \"status\": \"failed\"}"));
  assert_shown (match, "M; status = \"completed\"; id = \"a\"; failure M: status = \"failed\"; failure M: status = \"cancelled\"");
}

static void
test_failures_by_member (void)
{
  g_autoptr(QmpEventMatch) match = TEST_MATCH ("DONE");

  add_failure (match, "DONE", "error", NULL);
  add_failure (match, "OTHER", "error", NULL);
  g_assert_true (accepts (match, "DONE", "{}"));
  g_assert_true (accepts (match, "DONE", "{\"error\": \"x\"}"));
  g_assert_false (is_failure (match, "DONE", "{}"));
  g_assert_true (is_failure (match, "DONE", "{\"error\": \"x\"}"));
  g_assert_true (is_failure (match, "DONE", "{\"error\": null}"));
  /* Wanted only where it is one. */
  g_assert_true (accepts (match, "OTHER", "{\"error\": \"x\"}"));
  g_assert_false (accepts (match, "OTHER", "{}"));
  assert_shown (match, "DONE; failure DONE: error; failure OTHER: error");
}

/* --- the filter --- */

static gboolean
count_cb (QmpEvent *event,
          gpointer  user_data)
{
  guint *n_calls = user_data;

  return ++*n_calls != 2;
}

static void
count_destroyed (gpointer user_data)
{
  *(guint *) user_data += 1000;
}

static void
test_filter (void)
{
  g_autoptr(QmpEventMatch) match = TEST_MATCH ("A");
  guint n_calls = 0, n_other = 0;

  qmp_event_match_set_filter (match, count_cb, &n_calls, count_destroyed);
  add_member (match, NULL, "n", "1");
  assert_shown (match, "A; n = 1; filter");
  /* Last of all. */
  g_assert_false (accepts (match, "B", "{\"n\": 1}"));
  g_assert_false (accepts (match, "A", "{\"n\": 2}"));
  g_assert_cmpuint (n_calls, ==, 0);
  g_assert_true (accepts (match, "A", "{\"n\": 1}"));
  g_assert_false (accepts (match, "A", "{\"n\": 1}"));
  g_assert_cmpuint (n_calls, ==, 2);

  qmp_event_match_set_filter (match, count_cb, &n_other, count_destroyed);
  g_assert_cmpuint (n_calls, ==, 1002);
  g_assert_true (accepts (match, "A", "{\"n\": 1}"));
  g_assert_cmpuint (n_other, ==, 1);
  qmp_event_match_set_filter (match, NULL, NULL, NULL);
  g_assert_cmpuint (n_other, ==, 1001);
  assert_shown (match, "A; n = 1");
  /* Without a function the data are freed at once. */
  qmp_event_match_set_filter (match, NULL, &n_calls, count_destroyed);
  g_assert_cmpuint (n_calls, ==, 2002);
  g_assert_true (accepts (match, "A", "{\"n\": 1}"));
}

static gboolean
free_cb (QmpEvent *event,
         gpointer  user_data)
{
  g_clear_pointer ((QmpEventMatch **) user_data, qmp_event_match_free);
  return TRUE;
}

/* Neither the match nor the filter is there when it returns. */
static void
test_filter_frees (void)
{
  QmpEventMatch *match = TEST_MATCH ("A");

  qmp_event_match_set_filter (match, free_cb, &match, NULL);
  g_assert_true (accepts (match, "A", NULL));
  g_assert_null (match);
}

static gboolean
replace_cb (QmpEvent *event,
            gpointer  user_data)
{
  qmp_event_match_set_filter (user_data, NULL, NULL, NULL);
  return FALSE;
}

static void
test_filter_replaced (void)
{
  g_autoptr(QmpEventMatch) match = qmp_event_match_new (NULL);

  qmp_event_match_set_filter (match, replace_cb, match, NULL);
  g_assert_false (accepts (match, "A", NULL));
  g_assert_true (accepts (match, "A", NULL));
}

/* --- copies --- */

static void
test_copy (void)
{
  QmpEventMatch *match = TEST_MATCH ("A");
  g_autoptr(QmpEventMatch) copy = NULL;
  guint n_calls = 2;

  qmp_event_match_add_string_member (match, NULL, "device", "a");
  add_failure (match, "B", "status", "\"failed\"");
  qmp_event_match_set_filter (match, count_cb, &n_calls, count_destroyed);
  copy = g_boxed_copy (QMP_TYPE_EVENT_MATCH, match);
  /* Neither hears of the other's changes. */
  qmp_event_match_add_string_member (match, NULL, "device", "b");
  qmp_event_match_add_string_member (copy, NULL, "path", "p");
  qmp_event_match_add_failure (copy, "C", NULL, NULL);
  assert_shown (match, "A; device = \"a\" | \"b\"; failure B: status = \"failed\"; filter");
  assert_shown (copy, "A; device = \"a\"; path = \"p\"; failure B: status = \"failed\"; failure C; filter");
  /* The filter's data go with the last. */
  qmp_event_match_free (match);
  g_assert_cmpuint (n_calls, ==, 2);
  g_assert_true (accepts (copy, "A", "{\"device\": \"a\", \"path\": \"p\"}"));
  g_assert_cmpuint (n_calls, ==, 3);
  g_clear_pointer (&copy, qmp_event_match_free);
  g_assert_cmpuint (n_calls, ==, 1003);
  qmp_event_match_free (NULL);
}

#define N_THREADS 4
#define N_COPIES 2000

static gboolean
accept_cb (QmpEvent *event,
           gpointer  user_data)
{
  return TRUE;
}

static gpointer
copy_and_ask (gpointer data)
{
  g_autoptr(QmpEventMatch) match = data;

  for (guint i = 0; i < N_COPIES; i++)
    {
      g_autoptr(QmpEventMatch) copy = qmp_event_match_copy (match);

      g_assert_true (accepts (copy, "A", "{\"x\": {\"y\": [1]}}"));
    }
  return NULL;
}

/* What they share lives until the last thread lets go of it. */
static void
test_copy_in_threads (void)
{
  QmpEventMatch *match = TEST_MATCH ("A");
  GThread *threads[N_THREADS];
  guint n_destroyed = 0;

  add_member (match, NULL, "x", "{\"y\": [1]}");
  qmp_event_match_set_filter (match, accept_cb, &n_destroyed, count_destroyed);
  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("copies", copy_and_ask, qmp_event_match_copy (match));
  qmp_event_match_free (match);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (n_destroyed, ==, 1000);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/event-match/all", test_all);
  g_test_add_func ("/event-match/none", test_none);
  g_test_add_func ("/event-match/names", test_names);
  g_test_add_func ("/event-match/members", test_members);
  g_test_add_func ("/event-match/members/within", test_members_within);
  g_test_add_func ("/event-match/members/of-one-event", test_members_of_one_event);
  g_test_add_func ("/event-match/members/types", test_members_types);
  g_test_add_func ("/event-match/members/copied", test_members_copied);
  g_test_add_func ("/event-match/failures", test_failures);
  g_test_add_func ("/event-match/failures/by-value", test_failures_by_value);
  g_test_add_func ("/event-match/failures/by-member", test_failures_by_member);
  g_test_add_func ("/event-match/filter", test_filter);
  g_test_add_func ("/event-match/filter/frees", test_filter_frees);
  g_test_add_func ("/event-match/filter/replaced", test_filter_replaced);
  g_test_add_func ("/event-match/copy", test_copy);
  g_test_add_func ("/event-match/copy/in-threads", test_copy_in_threads);

  return g_test_run ();
}
