/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "wire/qmp-io-context-private.h"

/* Two sockets, of which each is given what the other says: all bytes as they are, each descriptor with the byte that it came
 * with, and the ends. What one does not take waits, and the other waits too. */

G_BEGIN_DECLS

typedef struct _QmpRelay QmpRelay;

typedef enum {
  QMP_RELAY_CLIENT,
  QMP_RELAY_SERVER,
} QmpRelaySide;

/* How the relay calls up, from dispatches. */
typedef struct {
  /* Before they go on: so many bytes came from a side, with so many descriptors, which came with the first. */
  void (* seen)  (gpointer      owner,
                  QmpRelaySide  from,
                  const guint8 *bytes,
                  gsize         length,
                  guint         n_fds);
  /* Last in each dispatch in which something was seen, or in which it ended. May free the relay. */
  void (* rests) (gpointer      owner);
} QmpRelayFuncs;

/* Closes both streams in the end. Fails with G_IO_ERROR_NOT_SUPPORTED if one is not a bare socket. */
QmpRelay *qmp_relay_new   (GIOStream            *client,
                           GIOStream            *server,
                           QmpIoContext         *io,
                           const QmpRelayFuncs  *funcs,
                           gpointer              owner,
                           GError              **error);
/* What was not taken by then is lost. */
void      qmp_relay_free  (QmpRelay             *self);
/* Has all ended? first: out, nullable: which side was the first to end. */
gboolean  qmp_relay_is_over (QmpRelay           *self,
                             QmpRelaySide       *first);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpRelay, qmp_relay_free)

G_END_DECLS
