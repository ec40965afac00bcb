/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Bytes that come in pieces, taken line by line; no I/O.
 *
 * Who takes no lines loses the first of them: no more than QMP_LINES_MAX_KEPT bytes are kept. */

G_BEGIN_DECLS

/* A longer line comes in pieces. */
#define QMP_LINES_MAX_LINE 65536
#define QMP_LINES_MAX_KEPT (2 * QMP_LINES_MAX_LINE)

/* A member of its owner, with its bytes 0 at first. */
typedef struct {
  GByteArray *bytes;  /* nullable: none */
  gsize       at;     /* where the next line begins */
} QmpLines;

void     qmp_lines_clear (QmpLines     *self);
void     qmp_lines_add   (QmpLines     *self,
                          const guint8 *bytes,
                          gsize         length);
/* What was added last is a line, although it has no end. */
void     qmp_lines_end   (QmpLines     *self);
/* Is there a line to be taken? */
gboolean qmp_lines_ready (QmpLines     *self);
/* The next line, without its end; NULL: it is not there yet. What is not UTF-8 in it is replaced. Transfer full. */
char    *qmp_lines_take  (QmpLines     *self);

G_END_DECLS
