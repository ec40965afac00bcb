/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

#include "qmp-json-reader-private.h"

/* The wire: owns the GIOStream of one link, reads JSON texts from it and writes packets to it.
 *
 * All its work is done from one GSource that can be moved between contexts at any time
 * (qmp_transport_attach()); it never blocks and has no thread. It knows nothing of QMP but that it is
 * JSON texts one way and packets the other. */

G_BEGIN_DECLS

typedef struct _QmpTransport QmpTransport;

/* Text to send and the descriptors that ride on its first byte. Reference counted, because both the
 * transport's queue and the call that wants to take it back hold it. */
typedef struct {
  GList        link;     /* in the transport's queue; data is the packet */
  gsize        length;
  gsize        written;
  GUnixFDList *fd_list;  /* owned, nullable */
  gboolean     queued;   /* in the queue of a transport, which holds a reference */
  gboolean     begun;    /* at least one byte may be out: it cannot be taken back */
  gboolean     read_first; /* all that has come is to be read before its first byte goes out */
  char         text[];   /* not terminated */
} QmpPacket;

/* Copies text; references fd_list (nullable). */
QmpPacket *qmp_packet_new   (const char  *text,
                             gsize        length,
                             GUnixFDList *fd_list);
QmpPacket *qmp_packet_ref   (QmpPacket   *self);
void       qmp_packet_unref (QmpPacket   *self);

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
  /* Last in each dispatch: whatever must run other people's code is done from here, closing the
   * transport included. */
  void (* settled)  (gpointer             owner);
  /* The first byte of a packet is out, or was given to a stream that will take it: in the order of the wire.
   * Not from a dispatch alone. */
  void (* sent)     (gpointer             owner,
                     QmpPacket           *packet);
  /* Before any number of received or sent, during which nobody else's code is run. */
  void (* begins)   (gpointer             owner);
} QmpTransportFuncs;

/* The largest number of descriptors that one packet can carry (the kernel's limit). */
#define QMP_TRANSPORT_MAX_FDS 253

/* stream: referenced, and closed with the transport. Fails with G_IO_ERROR_NOT_SUPPORTED for a stream
 * that cannot be polled. It does nothing before it is attached. */
QmpTransport *qmp_transport_new          (GIOStream               *stream,
                                          guint                    max_message_size,
                                          guint                    max_depth,
                                          const QmpTransportFuncs *funcs,
                                          gpointer                 owner,
                                          GError                 **error);

/* Does the I/O from now on in context; out of the one before. */
void          qmp_transport_attach       (QmpTransport            *self,
                                          GMainContext            *context);

/* Is it a socket, so that the next can be called? */
gboolean      qmp_transport_can_iterate  (QmpTransport            *self);

/* One iteration without the context, which stays as it is: waits until there is something to be done, or for so many
 * milliseconds (-1: for ever), and does it like a dispatch. May return early. */
void          qmp_transport_iterate      (QmpTransport            *self,
                                          int                      timeout);

/* Queues; the packet goes out when the context is iterated next, or with qmp_transport_flush(). */
void          qmp_transport_send         (QmpTransport            *self,
                                          QmpPacket               *packet);

/* Takes a packet back; FALSE if a byte of it may be out already. */
gboolean      qmp_transport_recall       (QmpTransport            *self,
                                          QmpPacket               *packet);

/* Writes what the stream takes at once. Errors come up later, through ended. */
void          qmp_transport_flush        (QmpTransport            *self);

/* Is everything written, or lost because writing has failed? */
gboolean      qmp_transport_is_flushed   (QmpTransport            *self);

/* Was anything dropped that was queued, since it could not be written? */
gboolean      qmp_transport_has_lost     (QmpTransport            *self);

/* From now on settled is called when everything is written, too. */
void          qmp_transport_tell_flushed (QmpTransport            *self);

gboolean      qmp_transport_can_send_fds (QmpTransport            *self);

/* Before the link is given up: what was received and is half a message goes up as junk, since it is no
 * message to anybody, but tells what the other side is. */
void          qmp_transport_give_out_rest (QmpTransport           *self);

/* Closes the stream at once and frees the transport. What is queued is lost; nothing is called. */
void          qmp_transport_close        (QmpTransport            *self);

/* The same for a stream that has become no transport's. */
void          qmp_transport_close_stream (GIOStream               *stream);

G_END_DECLS
