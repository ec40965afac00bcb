/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* How busy a machine's disks are: the difference of two answers to query-blockstats. No I/O, no clock. */

G_BEGIN_DECLS

typedef struct {
  double read_bytes;        /* all of them a second */
  double write_bytes;
  double read_operations;
  double write_operations;
} TopRates;

typedef struct _TopBlocks TopBlocks;

TopBlocks *top_blocks_new    (void);
void       top_blocks_free   (TopBlocks   *self);
/* stats: what the server has returned, which may be anything. time: of the monotonic clock, in microseconds. Returns whether
 * something is known: for the first answer, it is not. A device that was not there before counts from then on, and one whose
 * counts have become less was replaced. */
gboolean   top_blocks_take   (TopBlocks   *self,
                              JsonNode    *stats,
                              gint64       time,
                              TopRates    *rates);
/* The next answer is the first. */
void       top_blocks_forget (TopBlocks   *self);

G_END_DECLS
