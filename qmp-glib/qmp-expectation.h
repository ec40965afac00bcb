/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-message.h>

G_BEGIN_DECLS

/**
 * QmpMockFault:
 * @QMP_MOCK_FAULT_NONE: nothing goes wrong
 * @QMP_MOCK_FAULT_HANG_UP: the mock hangs up behind the answer
 * @QMP_MOCK_FAULT_RESET: the same, with a byte of the client's unread: a client that ends its commands with a line feed, as most
 *   do, sees a reset of the connection instead of its end. QEMU does so when it quits
 * @QMP_MOCK_FAULT_CUT: the mock hangs up in the middle of the answer
 * @QMP_MOCK_FAULT_STALL: behind the answer nothing is sent and nothing is read any more; the connection stays
 *
 * What goes wrong with a connection when a command is answered.
 *
 * New values may be added.
 *
 * Since: 1.0
 */
typedef enum {
  QMP_MOCK_FAULT_NONE,
  QMP_MOCK_FAULT_HANG_UP,
  QMP_MOCK_FAULT_RESET,
  QMP_MOCK_FAULT_CUT,
  QMP_MOCK_FAULT_STALL,
} QmpMockFault;

#define QMP_TYPE_EXPECTATION (qmp_expectation_get_type ())

QMP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (QmpExpectation, qmp_expectation, QMP, EXPECTATION, GObject)

/* what is answered */
QMP_AVAILABLE_IN_1_0
void         qmp_expectation_returns       (QmpExpectation  *self,
                                            JsonNode        *value);

QMP_AVAILABLE_IN_1_0
void         qmp_expectation_fails         (QmpExpectation  *self,
                                            const char      *error_class,
                                            const char      *desc);

QMP_AVAILABLE_IN_1_0
void         qmp_expectation_fails_job     (QmpExpectation  *self,
                                            const char      *desc);

QMP_AVAILABLE_IN_1_0
void         qmp_expectation_stays_silent  (QmpExpectation  *self);

QMP_AVAILABLE_IN_1_0
void         qmp_expectation_emits_before  (QmpExpectation  *self,
                                            const char      *name,
                                            JsonNode        *data);

QMP_AVAILABLE_IN_1_0
void         qmp_expectation_emits_after   (QmpExpectation  *self,
                                            const char      *name,
                                            JsonNode        *data);

QMP_AVAILABLE_IN_1_0
void         qmp_expectation_breaks        (QmpExpectation  *self,
                                            QmpMockFault     fault);

/* when, and how often */
QMP_AVAILABLE_IN_1_0
void         qmp_expectation_repeats       (QmpExpectation  *self);

QMP_AVAILABLE_IN_1_0
void         qmp_expectation_holds         (QmpExpectation  *self);

QMP_AVAILABLE_IN_1_0
void         qmp_expectation_release       (QmpExpectation  *self);

/* what came */
QMP_AVAILABLE_IN_1_0
const char  *qmp_expectation_get_command   (QmpExpectation  *self);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_expectation_get_met       (QmpExpectation  *self);

QMP_AVAILABLE_IN_1_0
QmpMessage  *qmp_expectation_dup_message   (QmpExpectation  *self);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_expectation_wait          (QmpExpectation  *self,
                                            int              timeout,
                                            GCancellable    *cancellable,
                                            GError         **error);

G_END_DECLS
