/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Memory into which QEMU writes a picture: a file that has no name, open twice. QEMU wants the descriptor that it finds in a
 * set to be open for writing alone. */

G_BEGIN_DECLS

typedef struct {
  int read_fd;
  int write_fd;  /* for QEMU */
} QmpPicture;

/* NULL with error. */
QmpPicture *qmp_picture_new    (GError     **error);
QmpPicture *qmp_picture_ref    (QmpPicture  *self);
void        qmp_picture_unref  (QmpPicture  *self);
/* Empty again: QEMU shares the place where it is written, and goes on from there. FALSE with error. */
gboolean    qmp_picture_rewind (QmpPicture  *self,
                                GError     **error);
/* What was written: a PNG image; NULL with error. */
GBytes     *qmp_picture_read   (QmpPicture  *self,
                                GError     **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpPicture, qmp_picture_unref)

G_END_DECLS
