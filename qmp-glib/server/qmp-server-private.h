/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-server.h>

#include "core/qmp-thread-private.h"
#include "server/qmp-server-backend-private.h"

/* The inner life of a server, shared by the files of its class:
 *
 *   qmp-server.c             the object, its clients, its signal
 *   qmp-server-properties.c  what a program sets */

G_BEGIN_DECLS

struct _QmpServer {
  GObject          parent_instance;

  GThread         *thread;
  QmpIoContext    *io;
  char            *name;          /* nullable */
  QmpServerAbout   about;
  char            *version;       /* the same in about, as text */
  QmpServerLimits  limits;
  guint            max_connections;
  char           **oob_commands;
  gboolean         owner_only;
  gboolean         plays_monitor; /* see below */
  gboolean         writes_bytes;
  gboolean         disposed;      /* takes nobody any more */
  GPtrArray       *places;        /* of Place, owned: where it listens */
  GSocketAddress  *listen_address; /* nullable: what was bound first */
  GListStore      *connections;   /* of QmpServerConnection, open */

  const QmpServerBackendFuncs *backend; /* nullable */
  gpointer         backend_owner; /* borrowed */
};

void qmp_server_install_properties (GObjectClass *object_class);
void qmp_server_init_properties    (QmpServer    *self);
void qmp_server_clear_properties   (QmpServer    *self);

/* From the next client on it does as QEMU's monitors do: one client at an address, the next one waits without a greeting; and
 * it is read a byte at a time, so that a client may see a reset where others see the end. writes_bytes: each byte is sent by
 * itself. */
void qmp_server_play_monitor       (QmpServer    *self,
                                    gboolean      writes_bytes);
/* Clients stay. */
void qmp_server_stop_listening     (QmpServer    *self);

#define qmp_server_return_if_foreign(self)                                        \
  G_STMT_START {                                                                  \
    if (!qmp_thread_require_server ((self)->thread, G_STRFUNC, NULL))             \
      return;                                                                     \
  } G_STMT_END
#define qmp_server_return_val_if_foreign(self, value, error)                      \
  G_STMT_START {                                                                  \
    if (!qmp_thread_require_server ((self)->thread, G_STRFUNC, error))            \
      return value;                                                               \
  } G_STMT_END

G_END_DECLS
