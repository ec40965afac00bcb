/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* GTasks that are completed in their place among others. */

G_BEGIN_DECLS

/* The time of the dispatch that is under way in this thread, 0 outside of one. */
gint64   qmp_task_get_dispatch_time   (void);

/* A task that completes in context (nullable: the one that is thread-default), whatever context is thread-default.
 * created (out): the time of the dispatch that makes it, for qmp_task_would_be_put_off(). */
GTask   *qmp_task_new                 (GMainContext        *context,
                                       gpointer             source_object,
                                       GAsyncReadyCallback  callback,
                                       gpointer             user_data,
                                       gpointer             source_tag,
                                       gint64              *created);

/* Is result the task of self (nullable) that was made with source_tag? g_task_is_valid() and g_async_result_is_tagged() in
 * one, at a tenth of what the second costs: it looks for the interface to ask any result, and ours are tasks. */
gboolean qmp_task_is_valid            (gpointer             result,
                                       gpointer             self,
                                       gpointer             source_tag);

/* GTask puts a callback off to an idle when it is returned in the very iteration that created it, or in one that is
 * older: a filter makes calls in the newer iteration of a blocking call's context. Would it be so here and now? created:
 * 0 for none. */
gboolean qmp_task_would_be_put_off    (gint64               created);

/* If the operation whose task has just been made is cancelled already: TRUE, and it has failed. */
gboolean qmp_task_return_if_cancelled (GTask               *task,
                                       GCancellable        *cancellable);

G_END_DECLS
