/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* What two sides said to each other, as lines of JSON. It is given the bytes as they come, finds the messages in them, and
 * leaves out what is secret. See "The file" in docs/server.md. */

G_BEGIN_DECLS

typedef struct _QmpRecording QmpRecording;

typedef enum {
  QMP_RECORDING_CLIENT,
  QMP_RECORDING_SERVER,
} QmpRecordingSide;

/* stream: referenced, written to and not closed. */
QmpRecording *qmp_recording_new   (GOutputStream     *stream,
                                   gboolean           redact);
void          qmp_recording_free  (QmpRecording      *self);

/* Between two sessions, or before the first: a client has come. */
void          qmp_recording_begin (QmpRecording      *self);
/* Bytes of a session, as many or few as there are. n_fds: so many descriptors came with the first of them. */
void          qmp_recording_add   (QmpRecording      *self,
                                   QmpRecordingSide   from,
                                   const guint8      *bytes,
                                   gsize              length,
                                   guint              n_fds);
/* That side ended the session. */
void          qmp_recording_end   (QmpRecording      *self,
                                   QmpRecordingSide   from);
/* Writes what was added since. Blocks. FALSE with error: once, and from then on nothing is written, or kept. */
gboolean      qmp_recording_write (QmpRecording      *self,
                                   GError           **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpRecording, qmp_recording_free)

G_END_DECLS
