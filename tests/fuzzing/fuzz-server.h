/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* The server's end of a socketpair, in the hands of a fuzzer: it says what it is told to, and can put the id of a
 * command that it has heard into a reply. Never blocks. */

G_BEGIN_DECLS

typedef struct _FuzzServer FuzzServer;

FuzzServer *fuzz_server_new            (void);
void        fuzz_server_free           (FuzzServer  *self);

/* A new connection; the one before is hung up. Returns the client's end. narrow: little fits into the sockets. */
GIOStream  *fuzz_server_connect        (FuzzServer  *self,
                                        gboolean     narrow);
void        fuzz_server_hang_up        (FuzzServer  *self);
/* The client hears the end, and may still send. */
void        fuzz_server_end_sending    (FuzzServer  *self);

/* Hears what the client has sent, unless it is deaf. */
void        fuzz_server_hear           (FuzzServer  *self);
void        fuzz_server_set_deaf       (FuzzServer  *self,
                                        gboolean     deaf);

/* What does not fit into the socket is lost. */
void        fuzz_server_send           (FuzzServer  *self,
                                        const char  *text);
/* {"MEMBER": VALUE, "id": ID} with the id of the oldest command that was not answered, or the newest; without one if
 * there is none. */
void        fuzz_server_reply          (FuzzServer  *self,
                                        const char  *member,
                                        const char  *value,
                                        gboolean     newest);
/* A guest agent's answer to the last sync. */
void        fuzz_server_sync           (FuzzServer  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FuzzServer, fuzz_server_free)

G_END_DECLS
