/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* A server in threads of its own that answers anyhow: well, wrongly, late, twice or never, and hangs up in the middle. What
 * it answers is up to a command's name, or to chance. Each reply and event that it sends has two numbers in it: that
 * of its connection, and how many came before on it.
 *
 *   good: a value        bad: an error       event: an event, a value    behind: a value, an event
 *   hang: nothing        junk: what is none  late: a value, behind that of the next command
 *   burst: many events   bye: hangs up       greet: another greeting, a value
 *   deaf: a value, and an event before it reads what comes next
 *
 * It answers a guest agent's sync as well. */

G_BEGIN_DECLS

typedef struct _RandomPeer RandomPeer;

extern const char * const random_peer_commands[];
guint       random_peer_get_n_commands (void);

/* seed 0: its handshake always succeeds, with an event before. */
RandomPeer *random_peer_new            (guint32      seed);
/* Hangs up on all. */
void        random_peer_free           (RandomPeer  *self);
const char *random_peer_get_path       (RandomPeer  *self);
/* Serves one end of a pair; returns the other. */
int         random_peer_add_pair       (RandomPeer  *self);
/* Connects to a client that listens at path, if it still does. */
void        random_peer_connect        (RandomPeer  *self,
                                        const char  *path);

G_END_DECLS
