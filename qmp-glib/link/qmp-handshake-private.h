/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-greeting.h>

#include "json/qmp-json-reader-private.h"

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
  GString     *junk;         /* nullable: what came and was not a message, its beginning */
  gsize        n_junk;       /* bytes of it, all in all */
  gboolean     greeted;      /* what was to be an agent has sent a greeting */
  gboolean     reused;       /* the connection may have been used before */
  gboolean     wrong_id;     /* a reply came during the negotiation, and was not to it */
  char        *complaint;    /* nullable: an error without an id that came during the negotiation */
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

/* Bytes that are not a message came before the greeting. Returns FALSE when it is time to give up: there are too many, or
 * they are those of another protocol. */
gboolean  qmp_handshake_note_junk          (QmpHandshake *self,
                                            const char   *text,
                                            gsize         length);

/* Of what was to be a guest agent: is this message what a monitor answers, after it has greeted? A greeting alone may be
 * left over from somebody else. */
gboolean  qmp_handshake_is_monitor         (QmpHandshake *self,
                                            QmpJsonFrame *frame);

/* The server has something against what it was sent during the negotiation. */
void      qmp_handshake_note_complaint     (QmpHandshake *self,
                                            const char   *desc);

gboolean  qmp_handshake_enables_oob        (QmpHandshake *self);

/* The text of the qmp_capabilities command. */
char     *qmp_handshake_dup_command        (QmpHandshake *self,
                                            guint         id);

/* Why the handshake failed (transfer full), when: no message came in time over the socket fd (-1: something else); the
 * link ended, and perhaps since the server was shown no certificate; something else than a greeting came. */
GError   *qmp_handshake_error_timed_out    (QmpHandshake *self,
                                            int           fd);
GError   *qmp_handshake_error_ended        (QmpHandshake *self,
                                            const GError *cause,
                                            gboolean      wants_certificate);
GError   *qmp_handshake_error_no_greeting  (QmpHandshake *self);
/* A greeting came from what was to be a guest agent. */
GError   *qmp_handshake_error_greeted      (void);
/* Too much came that is not a message, in either stage. */
GError   *qmp_handshake_error_junk         (QmpHandshake *self);
/* The negotiation call failed with error. */
GError   *qmp_handshake_error_refused      (const GError *error);

G_END_DECLS
