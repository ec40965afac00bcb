/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A process between clients and the benchmark's server: a multiplexer, or a loop that copies bytes both ways and does nothing
 * else. What is measured is the processor time of that process, in its own code and in the kernel's, not how long it takes. */

/* Its microseconds for n_messages, commands and replies together. Each client has that many commands under way at once;
 * with 0 the messages are events. */
gint64 bench_share_run  (guint n_messages,
                         guint n_clients,
                         guint in_flight);
gint64 bench_share_copy (guint n_messages,
                         guint in_flight);
