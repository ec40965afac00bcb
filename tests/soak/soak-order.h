/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

/* The order in which events of one link must come: one that is lost, doubled or moved breaks it.
 *
 * The machine stops and resumes in turn. A job goes from status to status as QEMU's jobs do, from "created" to
 * "null", and is completed once. A device is deleted once. Times do not go back. */

G_BEGIN_DECLS

typedef struct _SoakOrder SoakOrder;

SoakOrder  *soak_order_new            (const char *link);
void        soak_order_free           (SoakOrder  *self);
/* A new link. What a server did while nobody listened is not known: its jobs may be anywhere. */
void        soak_order_begin          (SoakOrder  *self,
                                       gboolean    same_server);
void        soak_order_event          (SoakOrder  *self,
                                       QmpEvent   *event);
/* A reply says so; the events must have said the same. */
void        soak_order_check_running  (SoakOrder  *self,
                                       gboolean    running,
                                       const char *reply);
/* How often the machine stopped or resumed. */
guint       soak_order_get_n_turns    (SoakOrder  *self);
/* NULL: nothing was heard of it. */
const char *soak_order_get_job_status (SoakOrder  *self,
                                       const char *id);
gboolean    soak_order_is_deleted     (SoakOrder  *self,
                                       const char *device);

G_END_DECLS
