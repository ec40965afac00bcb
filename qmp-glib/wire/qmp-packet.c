/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire/qmp-packet-private.h"

#include <string.h>

QmpPacket *
qmp_packet_new (const char  *text,
                gsize        length,
                GUnixFDList *fd_list)
{
  QmpPacket *self = g_rc_box_alloc (sizeof (QmpPacket) + length);

  memset (self, 0, sizeof (QmpPacket));
  self->link.data = self;
  self->length = length;
  memcpy (self->text, text, length);
  g_set_object (&self->fd_list, fd_list);
  return self;
}

QmpPacket *
qmp_packet_ref (QmpPacket *self)
{
  return g_rc_box_acquire (self);
}

static void
packet_clear (QmpPacket *self)
{
  g_clear_object (&self->fd_list);
}

void
qmp_packet_unref (QmpPacket *self)
{
  g_rc_box_release_full (self, (GDestroyNotify) packet_clear);
}
