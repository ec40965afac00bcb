/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/qmp-task-private.h"

gint64
qmp_task_get_dispatch_time (void)
{
  GSource *source = g_main_current_source ();

  return source != NULL ? g_source_get_time (source) : 0;
}

GTask *
qmp_task_new (GMainContext        *context,
              gpointer             source_object,
              GAsyncReadyCallback  callback,
              gpointer             user_data,
              gpointer             source_tag,
              gint64              *created)
{
  GMainContext *current = g_main_context_get_thread_default ();
  gboolean elsewhere = context != NULL && context != (current != NULL ? current : g_main_context_default ());
  GTask *task;

  if (elsewhere)
    g_main_context_push_thread_default (context);
  /* Without the caller's cancellable: once that is cancelled, GTask puts off whatever is returned. And a reply that came
   * is a reply, whether or not the caller has lost interest meanwhile. */
  task = g_task_new (source_object, NULL, callback, user_data);
  if (elsewhere)
    g_main_context_pop_thread_default (context);

  /* Not the macro, which gives the task a copy of this argument's name as its own. */
  (g_task_set_source_tag) (task, source_tag);
  *created = qmp_task_get_dispatch_time ();
  return task;
}

gboolean
qmp_task_is_valid (gpointer result,
                   gpointer self,
                   gpointer source_tag)
{
  return g_task_is_valid (result, self) && g_task_get_source_tag (result) == source_tag;
}

gboolean
qmp_task_would_be_put_off (gint64 created)
{
  return created != 0 && created >= qmp_task_get_dispatch_time ();
}

gboolean
qmp_task_return_if_cancelled (GTask        *task,
                              GCancellable *cancellable)
{
  GError *error = NULL;

  if (cancellable == NULL || !g_cancellable_set_error_if_cancelled (cancellable, &error))
    return FALSE;
  g_task_return_error (task, error);
  return TRUE;
}
