/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* What each case does: time itself, and reach its server. */

#define BENCH_IN_FLIGHT 1000

/* Nullable: a server of our own. */
extern const char *bench_server_path;
/* The result, in microseconds. */
extern gint64      bench_elapsed;

void  bench_begin            (void);
void  bench_end              (void);

int   bench_connect_to       (const char *path);
int   bench_connect          (void);
/* A server for one client after the other, at a new path; transfer full. */
char *bench_listen_somewhere (pid_t      *pid);
