/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-tls.h"

#include <glib/gi18n.h>

static gboolean
fail (const char    *option,
      const char    *file,
      const GError  *cause,
      GError       **error)
{
  g_autofree char *name = g_filename_display_name (file);

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, _("The file “%s” of the option “%s” cannot be used: %s"),
               name, option, cause->message);
  return FALSE;
}

static gboolean
set_authorities (const char  *file,
                 QmpClient   *client,
                 GError     **error)
{
  g_autofree char *path = g_canonicalize_filename (file, NULL);
  g_autoptr(GError) cause = NULL;
  g_autoptr(GTlsDatabase) database = g_tls_file_database_new (path, &cause);

  if (database == NULL)
    return fail ("--tls-ca", file, cause, error);
  qmp_client_set_tls_database (client, database);
  return TRUE;
}

static gboolean
set_certificate (const char  *file,
                 QmpClient   *client,
                 GError     **error)
{
  g_autoptr(GError) cause = NULL;
  g_autoptr(GTlsCertificate) certificate = g_tls_certificate_new_from_file (file, &cause);

  if (certificate == NULL)
    return fail ("--tls-certificate", file, cause, error);
  qmp_client_set_tls_certificate (client, certificate);
  return TRUE;
}

gboolean
tool_tls_apply (const ToolTls  *self,
                QmpClient      *client,
                GError        **error)
{
  if (!self->on && self->authorities == NULL && self->certificate == NULL && self->host == NULL)
    return TRUE;

  qmp_client_set_tls (client, TRUE);
  qmp_client_set_tls_identity (client, self->host);
  return (self->authorities == NULL || set_authorities (self->authorities, client, error)) &&
         (self->certificate == NULL || set_certificate (self->certificate, client, error));
}

void
tool_tls_clear (ToolTls *self)
{
  g_free (self->authorities);
  g_free (self->certificate);
  g_free (self->host);
}
