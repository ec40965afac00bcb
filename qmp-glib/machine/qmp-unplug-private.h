/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-event.h>

/* What is heard of a device that its guest was asked to let go of. Has no state. */

G_BEGIN_DECLS

typedef enum {
  QMP_UNPLUG_NOTHING,  /* the event says nothing about it */
  QMP_UNPLUG_GONE,
  QMP_UNPLUG_REFUSED,
} QmpUnplugNews;

/* The events that may say something. */
extern const char * const qmp_unplug_events[];

/* device: its ID, or its path in QOM. */
QmpUnplugNews qmp_unplug_read         (const char   *device,
                                       QmpEvent     *event);
/* TRUE if an event of those that say something says that it is gone; FALSE with error. */
gboolean      qmp_unplug_judge        (const char   *device,
                                       QmpEvent     *event,
                                       GError      **error);
/* device_del was refused because the guest was asked before, and has not answered. error: nullable. */
gboolean      qmp_unplug_is_under_way (const GError *error);

G_END_DECLS
