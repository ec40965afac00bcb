/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mock/qmp-script-private.h"
#include "mock/qmp-stage-private.h"
#include "test-utils.h"

/* A script by itself: what it takes, and what it says of it; and a stage. */

static void
set_up (QmpScript     **script,
        gconstpointer   data)
{
  *script = qmp_script_new ();
}

static void
tear_down (QmpScript     **script,
           gconstpointer   data)
{
  qmp_script_unref (*script);
}

static QmpStep *
expect (QmpScript  *script,
        const char *command,
        const char *arguments)
{
  g_autoptr(JsonNode) node = arguments != NULL ? test_json (arguments) : NULL;

  return qmp_script_add (script, command, node);
}

/* Whose step it is, by its place; -1: nobody's, -2: unexpected. */
static int
take (QmpScript  *script,
      const char *command,
      const char *arguments)
{
  g_autofree char *text = arguments != NULL ?
    g_strdup_printf ("{\"execute\": \"%s\", \"arguments\": %s}", command, arguments) :
    g_strdup_printf ("{\"execute\": \"%s\"}", command);
  g_autoptr(QmpMessage) message = test_message (text);
  g_autofree char *problem = NULL;
  QmpStep *step;

  switch (qmp_script_take (script, command, message, &step, &problem))
    {
    case QMP_SCRIPT_FREE:
      return -1;
    case QMP_SCRIPT_UNEXPECTED:
      return -2;
    case QMP_SCRIPT_MET:
      return step->desc != NULL ? atoi (step->desc) : 0;
    }
  g_assert_not_reached ();
}

static void
number (QmpStep *step,
        int      n)
{
  step->desc = g_strdup_printf ("%d", n);
}

#define assert_verified(script, expected)                                      \
  G_STMT_START {                                                               \
    g_autoptr(GError) script_error = NULL;                                     \
    qmp_script_verify (script, &script_error);                                 \
    g_assert_cmpstr (script_error != NULL ? script_error->message : "", ==, expected); \
  } G_STMT_END

static void
test_order (QmpScript     **script,
            gconstpointer   data)
{
  number (expect (*script, "stop", NULL), 1);
  number (expect (*script, "cont", NULL), 2);
  number (expect (*script, "stop", NULL), 3);
  assert_verified (*script, "Expected “stop”, which did not come; the last command was: nothing");
  g_assert_cmpint (take (*script, "stop", NULL), ==, 1);
  g_assert_cmpint (take (*script, "query-status", NULL), ==, -1);
  assert_verified (*script, "Expected “cont”, which did not come; the last command was: “query-status” without arguments");
  g_assert_cmpint (take (*script, "cont", NULL), ==, 2);
  g_assert_cmpint (take (*script, "stop", NULL), ==, 3);
  assert_verified (*script, "");
  g_assert_cmpint (take (*script, "stop", NULL), ==, -2);
  assert_verified (*script, "Expected nothing more, but “stop” without arguments came");
}

static void
test_wrong_order (QmpScript     **script,
                  gconstpointer   data)
{
  expect (*script, "stop", NULL);
  expect (*script, "cont", "{\"a\": 1}");
  g_assert_cmpint (take (*script, "cont", "{\"a\": 1}"), ==, -2);
  assert_verified (*script, "Expected “stop”, but “cont” with {\"a\": 1} came");
  /* It stays the first that was wrong. */
  g_assert_cmpint (take (*script, "stop", NULL), ==, 0);
  g_assert_cmpint (take (*script, "cont", "{}"), ==, -2);
  assert_verified (*script, "Expected “stop”, but “cont” with {\"a\": 1} came");
}

static const struct {
  const char *expected;
  const char *came;
  gboolean    fits;
} pairs[] = {
  { NULL, NULL, TRUE },
  { NULL, "{\"a\": 1}", TRUE },
  { "{}", NULL, TRUE },
  { "{\"a\": 1}", NULL, FALSE },
  { "{\"a\": 1}", "{\"a\": 1, \"b\": 2}", TRUE },
  { "{\"a\": 1}", "{\"a\": 2}", FALSE },
  { "{\"a\": 1}", "{\"a\": \"1\"}", FALSE },
  { "{\"a\": 1}", "{\"b\": 1}", FALSE },
  { "{\"a\": null}", "{\"a\": null}", TRUE },
  { "{\"a\": null}", "{}", FALSE },
  { "{\"a\": {\"b\": true}}", "{\"a\": {\"b\": true, \"c\": 1}}", TRUE },
  { "{\"a\": {\"b\": true}}", "{\"a\": {\"b\": false}}", FALSE },
  { "{\"a\": {\"b\": true}}", "{\"a\": [true]}", FALSE },
  { "{\"a\": [{\"b\": 1}, 2]}", "{\"a\": [{\"b\": 1, \"c\": 1}, 2]}", TRUE },
  { "{\"a\": [1]}", "{\"a\": [1, 2]}", FALSE },
  { "{\"a\": [1, 2]}", "{\"a\": [2, 1]}", FALSE },
};

static void
test_arguments (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autoptr(QmpScript) script = qmp_script_new ();

      g_test_message ("%s %s", pairs[i].expected, pairs[i].came);
      expect (script, "c", pairs[i].expected);
      g_assert_cmpint (take (script, "c", pairs[i].came), ==, pairs[i].fits ? 0 : -2);
    }
}

/* It goes behind those that have an order, and is never missing. */
static void
test_repeats (QmpScript     **script,
              gconstpointer   data)
{
  QmpStep *step = expect (*script, "poll", NULL);

  number (step, 1);
  step->repeats = TRUE;
  assert_verified (*script, "");
  number (expect (*script, "poll", "{\"a\": 1}"), 2);
  g_assert_cmpint (take (*script, "poll", NULL), ==, 1);
  g_assert_cmpint (take (*script, "poll", "{\"a\": 1}"), ==, 2);
  g_assert_cmpint (take (*script, "poll", "{\"a\": 1}"), ==, 1);
  g_assert_cmpuint (step->n_met, ==, 2);
  assert_verified (*script, "");
}

static void
test_list (QmpScript     **script,
           gconstpointer   data)
{
  g_autolist(QmpMessage) list = NULL;
  g_autofree char *text = NULL;

  take (*script, "a", NULL);
  take (*script, "b", "{\"c\": 1}");
  list = qmp_script_list (*script);
  g_assert_cmpuint (g_list_length (list), ==, 2);
  text = qmp_message_dup_text (g_list_last (list)->data, "arguments", NULL);
  g_assert_cmpstr (text, ==, "{\"c\": 1}");
}

static void
test_wait (QmpScript     **script,
           gconstpointer   data)
{
  QmpStep *step = expect (*script, "a", NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;

  g_assert_false (qmp_script_wait (*script, step, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  g_cancellable_cancel (cancellable);
  g_assert_false (qmp_script_wait (*script, step, QMP_TIMEOUT_NONE, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  qmp_script_end (*script);
  g_assert_false (qmp_script_wait (*script, step, QMP_TIMEOUT_NONE, NULL, &error));
  g_assert_error (error, QMP_MOCK_ERROR, QMP_MOCK_ERROR_MISSING);
  g_clear_error (&error);
  take (*script, "a", NULL);
  g_assert_true (qmp_script_wait (*script, step, QMP_TIMEOUT_NONE, cancellable, &error));
  take (*script, "a", NULL);
  step = expect (*script, "b", NULL);
  g_assert_false (qmp_script_wait (*script, step, QMP_TIMEOUT_NONE, NULL, &error));
  g_assert_error (error, QMP_MOCK_ERROR, QMP_MOCK_ERROR_UNEXPECTED);
}

/* --- a stage --- */

typedef struct {
  GThread *thread;
  guint    n_calls;
} Actor;

static gpointer
enter_cb (gpointer user_data)
{
  Actor *actor = user_data;

  actor->thread = g_thread_self ();
  g_assert_nonnull (g_main_context_get_thread_default ());
  return actor;
}

static void
leave_cb (gpointer actor)
{
  ((Actor *) actor)->thread = NULL;
}

static void
count_cb (gpointer user_data,
          gpointer n)
{
  Actor *actor = user_data;

  g_assert_true (actor->thread == g_thread_self ());
  actor->n_calls += GPOINTER_TO_UINT (n);
}

static gpointer
call_often (gpointer stage)
{
  for (guint i = 0; i < 100; i++)
    qmp_stage_call (stage, count_cb, GUINT_TO_POINTER (1));
  return NULL;
}

static void
test_stage (void)
{
  static const QmpStageFuncs funcs = { enter_cb, leave_cb };
  Actor actor = { NULL };
  QmpStage *stage = qmp_stage_new (&funcs, &actor);
  GThread *threads[3];

  g_assert_true (qmp_stage_call (stage, count_cb, GUINT_TO_POINTER (1)));
  g_assert_cmpuint (actor.n_calls, ==, 1);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("caller", call_often, stage);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (actor.n_calls, ==, 301);
  g_assert_true (qmp_stage_end (stage));
  g_assert_null (actor.thread);
  g_assert_false (qmp_stage_end (stage));
  g_assert_false (qmp_stage_call (stage, count_cb, GUINT_TO_POINTER (1)));
  g_assert_cmpuint (actor.n_calls, ==, 301);
  qmp_stage_unref (stage);
}

#define add(name, func) g_test_add ("/mock-script/" name, QmpScript *, NULL, set_up, func, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  add ("order", test_order);
  add ("wrong-order", test_wrong_order);
  g_test_add_func ("/mock-script/arguments", test_arguments);
  add ("repeats", test_repeats);
  add ("list", test_list);
  add ("wait", test_wait);
  g_test_add_func ("/mock-script/stage", test_stage);
  return g_test_run ();
}
