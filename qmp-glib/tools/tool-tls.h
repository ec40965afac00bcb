/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

/* TLS, as the command line asks for it. */

G_BEGIN_DECLS

typedef struct {
  gboolean  on;           /* --tls; each of the others means it too */
  char     *authorities;  /* files; nullable */
  char     *certificate;
  char     *host;
} ToolTls;

/* For a table of options: where each is kept, or NULL. */
#define TOOL_TLS_ENTRIES(on, authorities, certificate, host) \
  { "tls", 0, 0, G_OPTION_ARG_NONE, on, N_("Speak TLS with the server"), NULL }, \
  { "tls-ca", 0, 0, G_OPTION_ARG_FILENAME, authorities, \
    N_("Speak TLS; the server's certificate is signed by one in FILE (PEM)"), N_("FILE") }, \
  { "tls-certificate", 0, 0, G_OPTION_ARG_FILENAME, certificate, \
    N_("Speak TLS; show the server the certificate in FILE, with its key (PEM)"), N_("FILE") }, \
  { "tls-host", 0, 0, G_OPTION_ARG_STRING, host, N_("Speak TLS; the server's certificate is for HOST"), N_("HOST") }

/* Before the client is opened. FALSE with G_OPTION_ERROR_BAD_VALUE when a file cannot be used. */
gboolean tool_tls_apply (const ToolTls  *self,
                         QmpClient      *client,
                         GError        **error);
void     tool_tls_clear (ToolTls        *self);

G_END_DECLS
