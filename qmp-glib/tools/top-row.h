/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "once.h"
#include "tool-screen.h"
#include "top-sampler.h"

/* What qmp top says of a machine, as texts and as JSON. */

G_BEGIN_DECLS

typedef enum {
  TOP_COLUMN_NAME,
  TOP_COLUMN_PID,
  TOP_COLUMN_STATUS,
  TOP_COLUMN_CPU,
  TOP_COLUMN_VCPU,
  TOP_COLUMN_READ,
  TOP_COLUMN_WRITE,
  TOP_COLUMN_READ_OPERATIONS,
  TOP_COLUMN_WRITE_OPERATIONS,
  TOP_COLUMN_WORK,
  TOP_N_COLUMNS,
} TopColumn;

/* A machine, how busy it is, and the widths of what is said of it. */
typedef struct {
  QmpMachineEntry *entry;    /* borrowed */
  TopSample        sample;
} TopRow;

const char  *top_column_get_title (TopColumn      column);
/* Numbers stand at the right. */
gboolean     top_column_is_number (TopColumn      column);

/* Harmless, and "" where nothing is known. */
char        *top_row_dup_text     (const TopRow  *row,
                                   TopColumn      column);
ToolStyle    top_row_get_style    (const TopRow  *row);
/* 0 where it cannot be seen, or is another computer's. */
int          top_row_get_pid      (const TopRow  *row);
/* Why it is as it is, for people; nullable. Harmless. */
char        *top_row_dup_reason   (const TopRow  *row);
/* By that column, and then by the name: the busiest first. */
int          top_row_compare      (const TopRow  *row,
                                   const TopRow  *other,
                                   TopColumn      column);
/* A JSON object. */
char        *top_row_to_json      (const TopRow  *row);

/* "1.2M": at most five characters. */
char        *top_format_number    (double         number);

G_END_DECLS
