/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client/qmp-client-private.h"

/**
 * qmp_client_get_tls:
 * @self: a client
 *
 * Gets whether TLS is spoken with the server.
 *
 * Returns: `TRUE` if it is
 *
 * Since: 1.0
 */
gboolean
qmp_client_get_tls (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), FALSE);

  return self->settings.connection.tls.wanted;
}

/**
 * qmp_client_set_tls:
 * @self: a client
 * @tls: whether to speak TLS
 *
 * Sets whether TLS is spoken with the server; see [property@Client:tls].
 *
 * Since: 1.0
 */
void
qmp_client_set_tls (QmpClient *self,
                    gboolean   tls)
{
  g_return_if_fail (QMP_IS_CLIENT (self));
  qmp_client_return_if_foreign (self);

  tls = !!tls;
  if (self->settings.connection.tls.wanted == tls)
    return;

  self->settings.connection.tls.wanted = tls;
  g_object_notify (G_OBJECT (self), "tls");
}

/**
 * qmp_client_get_tls_database:
 * @self: a client
 *
 * Gets the authorities that may have signed the server's certificate.
 *
 * Returns: (transfer none) (nullable): the authorities, or `NULL` for those that the system trusts
 *
 * Since: 1.0
 */
GTlsDatabase *
qmp_client_get_tls_database (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), NULL);

  return self->settings.connection.tls.database;
}

/**
 * qmp_client_set_tls_database:
 * @self: a client
 * @tls_database: (nullable): the authorities, or `NULL` for those that the system trusts
 *
 * Sets the authorities that may have signed the server's certificate.
 *
 * Since: 1.0
 */
void
qmp_client_set_tls_database (QmpClient    *self,
                             GTlsDatabase *tls_database)
{
  g_return_if_fail (QMP_IS_CLIENT (self));
  qmp_client_return_if_foreign (self);
  g_return_if_fail (tls_database == NULL || G_IS_TLS_DATABASE (tls_database));

  if (g_set_object (&self->settings.connection.tls.database, tls_database))
    g_object_notify (G_OBJECT (self), "tls-database");
}

/**
 * qmp_client_get_tls_certificate:
 * @self: a client
 *
 * Gets the client's own certificate.
 *
 * Returns: (transfer none) (nullable): the certificate
 *
 * Since: 1.0
 */
GTlsCertificate *
qmp_client_get_tls_certificate (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), NULL);

  return self->settings.connection.tls.certificate;
}

/**
 * qmp_client_set_tls_certificate:
 * @self: a client
 * @tls_certificate: (nullable): a certificate with its private key
 *
 * Sets the client's own certificate.
 *
 * Since: 1.0
 */
void
qmp_client_set_tls_certificate (QmpClient       *self,
                                GTlsCertificate *tls_certificate)
{
  g_return_if_fail (QMP_IS_CLIENT (self));
  qmp_client_return_if_foreign (self);
  g_return_if_fail (tls_certificate == NULL || G_IS_TLS_CERTIFICATE (tls_certificate));

  if (g_set_object (&self->settings.connection.tls.certificate, tls_certificate))
    g_object_notify (G_OBJECT (self), "tls-certificate");
}

/**
 * qmp_client_get_tls_identity:
 * @self: a client
 *
 * Gets the host that the server's certificate must be for.
 *
 * Returns: (nullable): a host name or an IP address, or `NULL` for that of the address
 *
 * Since: 1.0
 */
const char *
qmp_client_get_tls_identity (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), NULL);

  return self->settings.connection.tls.identity;
}

/**
 * qmp_client_set_tls_identity:
 * @self: a client
 * @tls_identity: (nullable): a host name or an IP address, or `NULL` for that of the address
 *
 * Sets the host that the server's certificate must be for.
 *
 * Since: 1.0
 */
void
qmp_client_set_tls_identity (QmpClient  *self,
                             const char *tls_identity)
{
  g_return_if_fail (QMP_IS_CLIENT (self));
  qmp_client_return_if_foreign (self);

  if (g_strcmp0 (self->settings.connection.tls.identity, tls_identity) == 0)
    return;

  g_free (self->settings.connection.tls.identity);
  self->settings.connection.tls.identity = g_strdup (tls_identity);
  g_object_notify (G_OBJECT (self), "tls-identity");
}
