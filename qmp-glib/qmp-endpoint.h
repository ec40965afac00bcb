/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-types.h>

G_BEGIN_DECLS

/**
 * QmpEndpointKind:
 * @QMP_ENDPOINT_KIND_MONITOR: a QMP monitor
 * @QMP_ENDPOINT_KIND_AGENT: a guest agent, or the channel to one
 *
 * What speaks there.
 *
 * New values may be added.
 *
 * Since: 1.0
 */
typedef enum {
  QMP_ENDPOINT_KIND_MONITOR,
  QMP_ENDPOINT_KIND_AGENT,
} QmpEndpointKind;

/**
 * QmpEndpointState:
 * @QMP_ENDPOINT_STATE_UNKNOWN: it cannot be seen
 * @QMP_ENDPOINT_STATE_FREE: nobody is connected to it
 * @QMP_ENDPOINT_STATE_HELD: somebody is connected to it
 *
 * Whether somebody is connected to an endpoint, which serves one at a time.
 *
 * New values may be added.
 *
 * Since: 1.0
 */
typedef enum {
  QMP_ENDPOINT_STATE_UNKNOWN,
  QMP_ENDPOINT_STATE_FREE,
  QMP_ENDPOINT_STATE_HELD,
} QmpEndpointState;

#define QMP_TYPE_ENDPOINT (qmp_endpoint_get_type ())

QMP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (QmpEndpoint, qmp_endpoint, QMP, ENDPOINT, GObject)

QMP_AVAILABLE_IN_1_0
QmpEndpointKind   qmp_endpoint_get_kind         (QmpEndpoint *self);

QMP_AVAILABLE_IN_1_0
const char       *qmp_endpoint_get_id           (QmpEndpoint *self);

QMP_AVAILABLE_IN_1_0
const char       *qmp_endpoint_get_description  (QmpEndpoint *self);

QMP_AVAILABLE_IN_1_0
const char       *qmp_endpoint_get_address      (QmpEndpoint *self);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_endpoint_get_listens      (QmpEndpoint *self);

QMP_AVAILABLE_IN_1_0
QmpEndpointState  qmp_endpoint_get_state        (QmpEndpoint *self);

QMP_AVAILABLE_IN_1_0
int               qmp_endpoint_get_holder_pid   (QmpEndpoint *self);

QMP_AVAILABLE_IN_1_0
const char       *qmp_endpoint_get_holder_name  (QmpEndpoint *self);

G_END_DECLS
