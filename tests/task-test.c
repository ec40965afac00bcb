/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/qmp-task-private.h"

/* Tasks: whose a result is. */

static GTask *
task_new (gpointer source,
          gpointer source_tag)
{
  gint64 created;

  return qmp_task_new (NULL, source, NULL, NULL, source_tag, &created);
}

static void
test_valid (void)
{
  g_autoptr(GObject) source = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr(GObject) other = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr(GTask) task = task_new (source, task_new);

  g_assert_true (qmp_task_is_valid (task, source, task_new));
  g_assert_false (qmp_task_is_valid (task, other, task_new));
  g_assert_false (qmp_task_is_valid (task, NULL, task_new));
  g_assert_false (qmp_task_is_valid (task, source, test_valid));
  g_assert_false (qmp_task_is_valid (source, source, task_new));
  g_assert_false (qmp_task_is_valid (NULL, source, task_new));
}

static void
test_without_source (void)
{
  g_autoptr(GTask) task = task_new (NULL, task_new);

  g_assert_true (qmp_task_is_valid (task, NULL, task_new));
  g_assert_false (qmp_task_is_valid (task, task, task_new));
  g_assert_false (qmp_task_is_valid (task, NULL, NULL));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/task/valid", test_valid);
  g_test_add_func ("/task/without-source", test_without_source);

  return g_test_run ();
}
