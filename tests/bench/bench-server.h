/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

/* A QMP server that answers at once, in a process of its own, so that what is measured is the client.
 *
 *   any command          {"return": {}, "id": N}
 *   "flood"              BENCH_FLOOD events, then the reply
 *   "drizzle"            the same, of events that say nothing of a machine
 *   "query-qmp-schema"   the schema reply
 */

#define BENCH_FLOOD 1000

/* Serves one end of a socketpair; the other one (blocking) is returned. */
int    bench_server_start        (void);

/* Serves every client that connects to path, one after the other. */
pid_t  bench_server_listen       (const char *path);

/* Serves all clients that connect to path, side by side. */
pid_t  bench_server_listen_for_all (const char *path);

/* The schema reply's text, of about the size of QEMU 7.2's, without an id's digits. */
char  *bench_server_build_schema (void);
