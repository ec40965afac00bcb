/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Metrics as Prometheus reads them: its text format, version 0.0.4. What a server has put into a label can neither end it, nor make
 * another line. */

G_BEGIN_DECLS

#define TOOL_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* type: "counter" or "gauge". What is added next is of this metric. */
void tool_metrics_begin (GString    *out,
                         const char *name,
                         const char *type,
                         const char *help);
/* labels: names and values, with NULL behind; those whose value is NULL are left out. */
void tool_metrics_add   (GString    *out,
                         const char *name,
                         double      value,
                         ...) G_GNUC_NULL_TERMINATED;

G_END_DECLS
