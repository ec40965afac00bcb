/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The same bytes in a bare loop of system calls, which is what no client can do without; -poll and -loop ask first whether there is
 * something to be read, by poll() or in a main loop. */

void bench_floor_blocking  (guint count);
void bench_floor_poll      (guint count);
void bench_floor_loop      (guint count);
void bench_floor_pipelined (guint count);
void bench_floor_event     (guint count);
void bench_floor_schema    (guint count);
void bench_floor_open      (guint count);
void bench_floor_open_poll (guint count);
