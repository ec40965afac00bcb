/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-instance.h>

G_BEGIN_DECLS

/**
 * QMP_FINDER_ERROR:
 *
 * The domain of the errors whose codes are [error@FinderError].
 *
 * Since: 1.0
 */
#define QMP_FINDER_ERROR (qmp_finder_error_quark ())

/**
 * QmpFinderError:
 * @QMP_FINDER_ERROR_FAILED: something else; also what to take a code for that a program does not know
 * @QMP_FINDER_ERROR_NOT_FOUND: there is no such machine
 * @QMP_FINDER_ERROR_AMBIGUOUS: there are several of that name; the text lists them
 * @QMP_FINDER_ERROR_NO_ENDPOINT: it has nothing of the kind that could be connected to; the text says what it has
 *
 * What a finder did not find.
 *
 * New codes may be added.
 *
 * Since: 1.0
 */
typedef enum {
  QMP_FINDER_ERROR_FAILED,
  QMP_FINDER_ERROR_NOT_FOUND,
  QMP_FINDER_ERROR_AMBIGUOUS,
  QMP_FINDER_ERROR_NO_ENDPOINT,
} QmpFinderError;

QMP_AVAILABLE_IN_1_0
GQuark        qmp_finder_error_quark      (void) G_GNUC_CONST;

#define QMP_TYPE_FINDER (qmp_finder_get_type ())

QMP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (QmpFinder, qmp_finder, QMP, FINDER, GObject)

QMP_AVAILABLE_IN_1_0
QmpFinder    *qmp_finder_new              (void);

QMP_AVAILABLE_IN_1_0
guint         qmp_finder_get_interval     (QmpFinder            *self);

QMP_AVAILABLE_IN_1_0
void          qmp_finder_set_interval     (QmpFinder            *self,
                                           guint                 interval);

QMP_AVAILABLE_IN_1_0
gboolean      qmp_finder_get_find_holders (QmpFinder            *self);

QMP_AVAILABLE_IN_1_0
void          qmp_finder_set_find_holders (QmpFinder            *self,
                                           gboolean              find_holders);

QMP_AVAILABLE_IN_1_0
gboolean      qmp_finder_refresh          (QmpFinder            *self,
                                           GCancellable         *cancellable,
                                           GError              **error);

QMP_AVAILABLE_IN_1_0
void          qmp_finder_refresh_async    (QmpFinder            *self,
                                           GCancellable         *cancellable,
                                           GAsyncReadyCallback   callback,
                                           gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean      qmp_finder_refresh_finish   (QmpFinder            *self,
                                           GAsyncResult         *result,
                                           GError              **error);

QMP_AVAILABLE_IN_1_0
QmpInstance  *qmp_finder_find             (QmpFinder            *self,
                                           const char           *name,
                                           GError              **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
