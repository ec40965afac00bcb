/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "json/qmp-json-reader-private.h"
#include "json/qmp-json-text-private.h"

/* What a client has sent: a command, or what is wrong with it, in QEMU's words. No I/O. */

G_BEGIN_DECLS

/* The values point into the frame's text. */
typedef struct {
  char         *name;         /* owned; NULL: it is not a command */
  QmpJsonSlice  name_text;    /* the same as it stands there, with its quotes */
  gboolean      out_of_band;  /* "exec-oob" without "execute": is answered at once, whether or not it is right */
  QmpJsonSlice  text;         /* all of it */
  QmpJsonSlice  id;           /* of length 0 if there is none; so is the next */
  QmpJsonSlice  arguments;
  char         *desc;         /* owned; not NULL without a name: what is wrong, of class GenericError */
} QmpServerCommand;

/* kind, frame: what the reader has given out. out_of_band: the client has enabled it. max_depth: the reader's. */
void qmp_server_command_read   (QmpServerCommand    *self,
                                QmpJsonReaderResult  kind,
                                QmpJsonFrame        *frame,
                                gboolean             out_of_band,
                                guint                max_depth);
/* Of a message that was read so before, and was found to be right. */
void qmp_server_command_reread (QmpServerCommand    *self,
                                const char          *text,
                                gsize                length);
void qmp_server_command_clear (QmpServerCommand    *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (QmpServerCommand, qmp_server_command_clear)

G_END_DECLS
