/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "json/qmp-json-reader-private.h"
#include "wire/qmp-fd-receive-private.h"
#include "wire/qmp-io-context-private.h"
#include "wire/qmp-packet-private.h"

/* The wire: owns the GIOStream of one link, reads JSON texts from it and writes packets to it.
 *
 * All its work is done from one watch that can be moved between I/O contexts at any time
 * (qmp_transport_attach()); it never blocks and has no thread. It knows nothing of QMP but that it is
 * JSON texts one way and packets the other. */

G_BEGIN_DECLS

typedef struct _QmpTransport QmpTransport;

/* How the transport calls up. The first two and sent run inside of the loops that read and write: they must not run anybody
 * else's code, move the transport or close it; qmp_transport_send() and qmp_json_reader_dup_bytes()
 * are fine. */
typedef struct {
  /* One frame: kind is QMP_JSON_READER_TEXT or _JUNK. */
  void (* received) (gpointer             owner,
                     QmpJsonReader       *reader,
                     QmpJsonReaderResult  kind,
                     QmpJsonFrame        *frame);
  /* The link is over: once, after all that had been received. Nothing more will come. */
  void (* ended)    (gpointer             owner,
                     const GError        *cause);
  /* Last in each dispatch: whatever must run user code is done from here, closing the transport included. */
  void (* after_dispatch) (gpointer       owner);
  /* The first byte of a packet is out, or was given to a stream that will take it: in the order of the wire.
   * Not from a dispatch alone. */
  void (* sent)     (gpointer             owner,
                     QmpPacket           *packet);
  /* Before any number of received or sent, during which no user code runs. */
  void (* begins)   (gpointer             owner);
  /* Asked before each read of a dispatch. FALSE: nothing is read in this one; it is asked again in the next turn. */
  gboolean (* wants_more) (gpointer       owner);
} QmpTransportFuncs;

/* stream: referenced, and closed with the transport. Fails with G_IO_ERROR_NOT_SUPPORTED for a stream
 * that cannot be polled, and with G_IO_ERROR_CLOSED for one that is closed. It does nothing before it is attached. */
QmpTransport *qmp_transport_new          (GIOStream               *stream,
                                          guint                    max_message_size,
                                          guint                    max_depth,
                                          const QmpTransportFuncs *funcs,
                                          gpointer                 owner,
                                          GError                 **error);

/* Does the I/O from now on in context; out of the one before. */
void          qmp_transport_attach       (QmpTransport            *self,
                                          QmpIoContext            *context);

/* Is it a socket, so that the next can be called? */
gboolean      qmp_transport_can_iterate  (QmpTransport            *self);

/* One iteration without the context, which stays as it is: waits until there is something to be done, or for so many
 * milliseconds (-1: for ever), and does it like a dispatch. May return early. */
void          qmp_transport_iterate      (QmpTransport            *self,
                                          int                      timeout);

/* Nobody else has the stream's socket, so that its flags are ours. A blocking call that nothing else is at work in may wait
 * for what comes by reading it. */
void          qmp_transport_own_socket   (QmpTransport            *self);

/* Queues; the packet goes out when the context is iterated next, or with qmp_transport_flush(). */
void          qmp_transport_send         (QmpTransport            *self,
                                          QmpPacket               *packet);

/* Takes a packet back; FALSE if a byte of it may be out already. */
gboolean      qmp_transport_recall       (QmpTransport            *self,
                                          QmpPacket               *packet);

/* Writes what the stream takes at once, and one turn has time for; the rest goes out by itself. Errors come up later,
 * through ended. */
void          qmp_transport_flush        (QmpTransport            *self);

/* Is everything written, or lost because writing has failed? */
gboolean      qmp_transport_is_flushed   (QmpTransport            *self);

/* Bytes of the packets that are queued and not begun: it becomes less right before sent is called. */
gsize         qmp_transport_get_n_unsent (QmpTransport            *self);

/* The other side is told that nothing more comes. FALSE if it cannot be; may be called again. */
gboolean      qmp_transport_end_writing  (QmpTransport            *self);

/* Was anything dropped that was queued, since it could not be written? */
gboolean      qmp_transport_has_lost     (QmpTransport            *self);

/* From now on after_dispatch is called when everything is written, too. */
void          qmp_transport_tell_flushed (QmpTransport            *self);

/* The socket, or that below TLS; -1 if there is none. */
int           qmp_transport_get_fd        (QmpTransport            *self);
gboolean      qmp_transport_can_send_fds (QmpTransport            *self);

/* Nothing is read until that is over, and the other side has to wait; if it hangs up meanwhile the link ends. May be called
 * within received and sent. */
void          qmp_transport_set_paused   (QmpTransport            *self,
                                          gboolean                 paused);

/* From now on descriptors are received, if it is a Unix socket; before anything is read. */
void          qmp_transport_receive_fds  (QmpTransport            *self);
/* Those that have come with the frame that is received, or with a byte right before it, and were not taken yet:
 * transfer full, nullable. Within received. */
GUnixFDList  *qmp_transport_steal_fds    (QmpTransport            *self);

/* For who plays QEMU, before it is attached: with reads, a socket is read as QEMU reads its monitor, a byte at a time, so that
 * what stands behind a text is not read before that was dealt with; with writes, each byte goes out by itself. */
void          qmp_transport_set_bytewise (QmpTransport            *self,
                                          gboolean                 reads,
                                          gboolean                 writes);

/* Reads what has come by now, however much it is. What follows from that is done in the next dispatch. */
void          qmp_transport_read_rest    (QmpTransport            *self);

/* Before the link is given up: what was received and is half a message goes up as junk, since it is a
 * message to nobody, but tells what the other side is. */
void          qmp_transport_give_out_rest (QmpTransport           *self);

/* Closes the stream at once and frees the transport. What is queued is lost; nothing is called. */
void          qmp_transport_close        (QmpTransport            *self);

G_END_DECLS
