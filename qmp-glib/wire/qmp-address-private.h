/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-address.h>

/* Addresses that GIO has no class for, or whose class cannot hold them: a path too long for sockaddr_un, a
 * descriptor that is connected already, a vsock. They look like any other GSocketAddress; where they need to be
 * connected to in a way of their own, that is here. */

G_BEGIN_DECLS

#define QMP_TYPE_OWN_ADDRESS (qmp_own_address_get_type ())
G_DECLARE_FINAL_TYPE (QmpOwnAddress, qmp_own_address, QMP, OWN_ADDRESS, GSocketAddress)

/* A Unix socket on another computer. */
typedef struct {
  char    *user;  /* nullable */
  char    *host;
  guint16  port;  /* 0: none was given */
  char    *path;
} QmpSshPlace;

/* The longest path that a sockaddr_un holds. */
#define QMP_ADDRESS_MAX_PATH 107

GSocketConnectable *qmp_own_address_new_path  (const char          *path);
/* fd is not taken: it stays the caller's, and is looked at when it is connected to. */
GSocketConnectable *qmp_own_address_new_fd    (int                  fd);
GSocketConnectable *qmp_own_address_new_vsock (guint32              cid,
                                               guint32              port);

/* Through ssh: port 0 is ssh's own choice, as user NULL is. */
GSocketConnectable *qmp_own_address_new_ssh   (const char          *user,
                                               const char          *host,
                                               guint16              port,
                                               const char          *path);

/* Is it connected to at once or not at all? A Unix socket, a descriptor. */
gboolean            qmp_address_is_immediate  (GSocketConnectable  *address);
/* Such a one. G_IO_ERROR_WOULD_BLOCK: the socket's queue of connections is full. */
GIOStream          *qmp_address_connect       (GSocketConnectable  *address,
                                               GError             **error);
/* Of a given one: its file status flags, which duplicates share; a duplicate of a socket that listens already. */
int                 qmp_address_get_flags     (GSocketConnectable  *address);
GSocket            *qmp_address_dup_listener  (GSocketConnectable  *address,
                                               GError             **error);
gboolean            qmp_address_is_vsock      (GSocketConnectable  *address);
/* A socket that is on its way to such a one: writable when it is there, or has failed. */
GSocket            *qmp_address_begin_vsock   (GSocketConnectable  *address,
                                               GError             **error);
/* Where a tunnel is to lead; NULL for any other address. Borrowed. */
const QmpSshPlace  *qmp_address_get_ssh_place (GSocketConnectable  *address);
/* Is it a connection that somebody else has made? A descriptor. */
gboolean            qmp_address_is_given      (GSocketConnectable  *address);
/* For display, as qmp_address_parse() would take it: with its port, with the '@' of an abstract name. */
char               *qmp_address_dup_text      (GSocketConnectable  *address);
/* The file of a Unix socket; NULL for any other address. */
const char         *qmp_address_get_path      (GSocketConnectable  *address);

G_END_DECLS
