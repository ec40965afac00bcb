/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-expectation.h>

G_BEGIN_DECLS

/**
 * QMP_MOCK_ERROR:
 *
 * The domain of the errors whose codes are [error@MockError].
 *
 * Since: 1.0
 */
#define QMP_MOCK_ERROR (qmp_mock_error_quark ())

/**
 * QmpMockError:
 * @QMP_MOCK_ERROR_FAILED: something else; also what to take a code for that a program does not know
 * @QMP_MOCK_ERROR_UNEXPECTED: a command came that was not expected, or not then, or not with those arguments
 * @QMP_MOCK_ERROR_MISSING: a command was expected that did not come
 * @QMP_MOCK_ERROR_SCRIPT: a script is wrong; the text names the line
 *
 * What a mock has found.
 *
 * New codes may be added.
 *
 * Since: 1.0
 */
typedef enum {
  QMP_MOCK_ERROR_FAILED,
  QMP_MOCK_ERROR_UNEXPECTED,
  QMP_MOCK_ERROR_MISSING,
  QMP_MOCK_ERROR_SCRIPT,
} QmpMockError;

QMP_AVAILABLE_IN_1_0
GQuark               qmp_mock_error_quark     (void) G_GNUC_CONST;

/**
 * QmpMockPreset:
 * @QMP_MOCK_PRESET_NONE: none but what is expected, and `qmp_capabilities`; others are `CommandNotFound`
 * @QMP_MOCK_PRESET_MACHINE: those of a small machine that runs, which keeps its state
 *
 * Which commands a mock answers by itself.
 *
 * New values may be added.
 *
 * Since: 1.0
 */
typedef enum {
  QMP_MOCK_PRESET_NONE,
  QMP_MOCK_PRESET_MACHINE,
} QmpMockPreset;

#define QMP_TYPE_MOCK (qmp_mock_get_type ())

QMP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (QmpMock, qmp_mock, QMP, MOCK, GObject)

QMP_AVAILABLE_IN_1_0
QmpMock             *qmp_mock_new             (QmpMockPreset         preset) G_GNUC_WARN_UNUSED_RESULT;

/* the script */
QMP_AVAILABLE_IN_1_0
QmpExpectation      *qmp_mock_expect          (QmpMock              *self,
                                               const char           *command,
                                               JsonNode             *arguments);

QMP_AVAILABLE_IN_1_0
gboolean             qmp_mock_add_script      (QmpMock              *self,
                                               const char           *text,
                                               GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean             qmp_mock_verify          (QmpMock              *self,
                                               GError              **error);

QMP_AVAILABLE_IN_1_0
GList               *qmp_mock_list_commands   (QmpMock              *self);

/* clients */
QMP_AVAILABLE_IN_1_0
gboolean             qmp_mock_listen          (QmpMock              *self,
                                               GSocketConnectable   *address,
                                               GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean             qmp_mock_add_stream      (QmpMock              *self,
                                               GIOStream            *stream,
                                               GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean             qmp_mock_emit_event      (QmpMock              *self,
                                               const char           *name,
                                               JsonNode             *data,
                                               GError              **error);

QMP_AVAILABLE_IN_1_0
void                 qmp_mock_close           (QmpMock              *self);

/* properties */
QMP_AVAILABLE_IN_1_0
QmpMockPreset        qmp_mock_get_preset      (QmpMock              *self);

QMP_AVAILABLE_IN_1_0
GSocketConnectable  *qmp_mock_get_address     (QmpMock              *self);

QMP_AVAILABLE_IN_1_0
const char          *qmp_mock_get_path        (QmpMock              *self);

QMP_AVAILABLE_IN_1_0
gboolean             qmp_mock_get_ended       (QmpMock              *self);

QMP_AVAILABLE_IN_1_0
gboolean             qmp_mock_get_bytewise    (QmpMock              *self);

QMP_AVAILABLE_IN_1_0
void                 qmp_mock_set_bytewise    (QmpMock              *self,
                                               gboolean              bytewise);

G_END_DECLS
