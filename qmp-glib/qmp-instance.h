/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-endpoint.h>

G_BEGIN_DECLS

/**
 * QmpInstanceKind:
 * @QMP_INSTANCE_KIND_MACHINE: QEMU
 * @QMP_INSTANCE_KIND_STORAGE_DAEMON: QEMU's storage daemon
 * @QMP_INSTANCE_KIND_GUEST_AGENT: a guest agent, on this computer
 *
 * Which program it is.
 *
 * New values may be added.
 *
 * Since: 1.0
 */
typedef enum {
  QMP_INSTANCE_KIND_MACHINE,
  QMP_INSTANCE_KIND_STORAGE_DAEMON,
  QMP_INSTANCE_KIND_GUEST_AGENT,
} QmpInstanceKind;

#define QMP_TYPE_INSTANCE (qmp_instance_get_type ())

QMP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (QmpInstance, qmp_instance, QMP, INSTANCE, GObject)

QMP_AVAILABLE_IN_1_0
QmpInstance     *qmp_instance_find             (const char       *name,
                                                 GError          **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpInstanceKind  qmp_instance_get_kind          (QmpInstance      *self);

QMP_AVAILABLE_IN_1_0
int              qmp_instance_get_pid           (QmpInstance      *self);

QMP_AVAILABLE_IN_1_0
guint            qmp_instance_get_uid           (QmpInstance      *self);

QMP_AVAILABLE_IN_1_0
const char      *qmp_instance_get_program       (QmpInstance      *self);

QMP_AVAILABLE_IN_1_0
const char      *qmp_instance_get_name          (QmpInstance      *self);

QMP_AVAILABLE_IN_1_0
const char      *qmp_instance_get_uuid          (QmpInstance      *self);

QMP_AVAILABLE_IN_1_0
const char      *qmp_instance_get_machine_type  (QmpInstance      *self);

QMP_AVAILABLE_IN_1_0
gboolean         qmp_instance_get_stopped       (QmpInstance      *self);

QMP_AVAILABLE_IN_1_0
gboolean         qmp_instance_get_visible       (QmpInstance      *self);

QMP_AVAILABLE_IN_1_0
gboolean         qmp_instance_get_gone          (QmpInstance      *self);

QMP_AVAILABLE_IN_1_0
GListModel      *qmp_instance_get_endpoints     (QmpInstance      *self);

QMP_AVAILABLE_IN_1_0
char            *qmp_instance_dup_title         (QmpInstance      *self);

QMP_AVAILABLE_IN_1_0
int              qmp_instance_open_process      (QmpInstance      *self,
                                                 GError          **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpEndpoint     *qmp_instance_choose_endpoint   (QmpInstance      *self,
                                                 QmpEndpointKind   kind,
                                                 GError          **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
