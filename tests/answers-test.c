/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>

#include "server/qmp-answers-private.h"

/* Answers go out in the order of the commands, whichever comes first. */

#define assert_next(answers, expected)                           \
  G_STMT_START {                                                 \
    gboolean test_secret;                                        \
    GString *test_text = qmp_answers_take (answers, &test_secret); \
    g_assert_nonnull (test_text);                                \
    g_assert_cmpstr (test_text->str, ==, expected);              \
    g_assert_cmpint (test_secret, ==, *expected == '2');         \
    g_string_free (test_text, TRUE);                             \
  } G_STMT_END

static void
test_order (void)
{
  QmpAnswers answers = { 0 };
  QmpAnswer *first = qmp_answers_expect (&answers, 10);
  QmpAnswer *second = qmp_answers_expect (&answers, 10);
  QmpAnswer *third = qmp_answers_expect (&answers, 10);

  g_assert_null (qmp_answers_take (&answers, NULL));
  qmp_answers_give (&answers, second, g_string_new ("2"), TRUE);
  g_assert_null (qmp_answers_take (&answers, NULL));
  qmp_answers_give (&answers, first, g_string_new ("1"), FALSE);
  assert_next (&answers, "1");
  assert_next (&answers, "2");
  g_assert_null (qmp_answers_take (&answers, NULL));
  qmp_answers_give (&answers, third, g_string_new ("3"), FALSE);
  assert_next (&answers, "3");
  g_assert_null (qmp_answers_take (&answers, NULL));
  g_assert_cmpuint (answers.queue.length, ==, 0);
}

/* With and without their texts. */
static void
test_clear (void)
{
  QmpAnswers answers = { 0 };

  qmp_answers_clear (&answers);
  qmp_answers_expect (&answers, 10);
  qmp_answers_give (&answers, qmp_answers_expect (&answers, 10), g_string_new ("2"), TRUE);
  qmp_answers_clear (&answers);
  g_assert_null (qmp_answers_take (&answers, NULL));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/answers/order", test_order);
  g_test_add_func ("/answers/clear", test_clear);

  return g_test_run ();
}
