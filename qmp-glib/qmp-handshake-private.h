/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-greeting.h>

#include "qmp-json-reader-private.h"

/* What stands between a connection and a running session: the greeting and the capabilities negotiation
 * (QMP specification, "Server Greeting" and "Capabilities Negotiation"). Knows what to wait for, what to
 * send, and how to name what went wrong. No I/O. */

G_BEGIN_DECLS

typedef struct {
  gboolean     await_greeting;
  gboolean     negotiate;
  gboolean     out_of_band;  /* enable it when the server offers it */
  gboolean     guest_agent;  /* it greets nobody; there is its sync instead */
  QmpGreeting *greeting;     /* nullable */
  GString     *junk;         /* nullable: what came and was no message, its beginning */
  gsize        n_junk;       /* bytes of it, all in all */
} QmpHandshake;

/* More than this before the greeting is not the tail of some earlier client's reply any more. */
#define QMP_HANDSHAKE_MAX_JUNK 65536

void      qmp_handshake_init               (QmpHandshake *self,
                                            gboolean      await_greeting,
                                            gboolean      negotiate,
                                            gboolean      out_of_band,
                                            gboolean      guest_agent);
void      qmp_handshake_clear              (QmpHandshake *self);

gboolean  qmp_handshake_awaits_greeting    (QmpHandshake *self);

/* Takes greeting. */
void      qmp_handshake_greet              (QmpHandshake *self,
                                            QmpGreeting  *greeting);

/* Bytes that are no message came before the greeting. Returns FALSE when it is time to give up. */
gboolean  qmp_handshake_note_junk          (QmpHandshake *self,
                                            const char   *text,
                                            gsize         length);

gboolean  qmp_handshake_enables_oob        (QmpHandshake *self);

/* The text of the qmp_capabilities command. */
char     *qmp_handshake_dup_command        (QmpHandshake *self,
                                            guint         id);

/* A guest agent's sync (its command "guest-sync-delimited"): the bytes to send, the first of which makes it
 * forget what an earlier client has left half said. number is positive. */
GString  *qmp_handshake_dup_sync           (gint64        number);
/* The number that a message brings back, 0 if it is no reply to a sync. */
gint64    qmp_handshake_get_sync_reply     (QmpJsonFrame *frame);

/* Why the handshake failed (transfer full), when: no message came in time; the link ended; something
 * else than a greeting came. */
GError   *qmp_handshake_error_timed_out    (QmpHandshake *self);
GError   *qmp_handshake_error_ended        (QmpHandshake *self,
                                            const GError *cause);
GError   *qmp_handshake_error_no_greeting  (QmpHandshake *self);
/* Too much came that is no message, in either stage. */
GError   *qmp_handshake_error_junk         (QmpHandshake *self);
/* The negotiation call failed with error. */
GError   *qmp_handshake_error_refused      (const GError *error);

G_END_DECLS
