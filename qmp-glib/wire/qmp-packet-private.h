/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

G_BEGIN_DECLS

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

G_END_DECLS
