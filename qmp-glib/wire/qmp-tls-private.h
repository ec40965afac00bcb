/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* TLS as a client speaks it: who the server is to be, and why it was not. */

G_BEGIN_DECLS

typedef struct {
  gboolean         wanted;
  GTlsDatabase    *database;     /* nullable: the authorities, instead of those that the system trusts */
  GTlsCertificate *certificate;  /* nullable: our own */
  char            *identity;     /* nullable: the server's host, instead of that of the address */
} QmpTls;

void            qmp_tls_clear             (QmpTls              *self);
/* Is it wanted, without a certificate of our own? A server may refuse that. */
gboolean        qmp_tls_lacks_certificate (const QmpTls        *self);
/* A connection over stream that is yet to shake hands. NULL with error, which needs no qmp_tls_explain() for its cause,
 * but for the place. */
GTlsConnection *qmp_tls_wrap              (const QmpTls        *self,
                                           GIOStream           *stream,
                                           GSocketConnectable  *address,
                                           GError             **error);
/* Puts before an error what GIO does not say: what was wrong, and with whom. connection: nullable. */
void            qmp_tls_explain           (const QmpTls        *self,
                                           GTlsConnection      *connection,
                                           GSocketConnectable  *address,
                                           GError             **error);

G_END_DECLS
