/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-client-private.h"

#include <glib/gi18n-lib.h>

#include "qmp-address-private.h"

/* The GTlsConnection works on the handshake in a thread of GIO's; it calls back, and asks whether a certificate is
 * accepted, in the context where the link does its I/O. */

/* --- who the server is to be --- */

static GSocketConnectable *
new_host (const char *name)
{
  GSocketAddress *numeric = g_inet_socket_address_new_from_string (name, 0);

  return numeric != NULL ? G_SOCKET_CONNECTABLE (numeric) : g_network_address_new (name, 0);
}

/* Never NULL for a handshake: GIO would accept a certificate for any host then. */
static GSocketConnectable *
dup_identity (QmpClient  *self,
              GError    **error)
{
  GSocketConnectable *address = self->opening->address;

  if (self->tls_identity != NULL)
    return new_host (self->tls_identity);
  if (!qmp_address_is_immediate (address) && !qmp_address_is_vsock (address))
    return g_object_ref (address);

  g_set_error_literal (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_ADDRESS,
                       _("The address has no host name that the server's certificate could be checked against: "
                         "the property “tls-identity” is needed"));
  return NULL;
}

/* --- why it failed --- */

static char *
describe_certificate_errors (GTlsCertificateFlags flags)
{
  const struct {
    GTlsCertificateFlags flag;
    const char *text;
  } reasons[] = {
    { G_TLS_CERTIFICATE_UNKNOWN_CA, _("it is not signed by an authority that is trusted") },
    { G_TLS_CERTIFICATE_BAD_IDENTITY, _("it is for another host") },
    { G_TLS_CERTIFICATE_NOT_ACTIVATED, _("it is not valid yet") },
    { G_TLS_CERTIFICATE_EXPIRED, _("it has expired") },
    { G_TLS_CERTIFICATE_REVOKED, _("it was revoked") },
    { G_TLS_CERTIFICATE_INSECURE, _("its algorithm is not secure") },
    { G_TLS_CERTIFICATE_GENERIC_ERROR, _("it is not valid") },
  };
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (reasons); i++)
    {
      if (flags & reasons[i].flag)
        g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", reasons[i].text);
    }
  return g_string_free (text, FALSE);
}

/* The same code; GIO's own texts do not say what was wrong with a certificate. Takes error. */
static void
fail_securing (QmpClient      *self,
               GTlsConnection *connection,
               GError         *error)
{
  g_autofree char *name = g_socket_connectable_to_string (self->opening->address);
  GTlsCertificateFlags flags = connection != NULL ? g_tls_connection_get_peer_certificate_errors (connection) : 0;

  if (g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE) && flags != 0)
    {
      g_autofree char *reasons = describe_certificate_errors (flags);

      g_prefix_error (&error, _("The server's certificate is refused, because %s: "), reasons);
    }
  else if (g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_NOT_TLS) ||
           g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_MISC))
    {
      /* GnuTLS says "an unexpected packet" of a greeting in the clear. */
      g_prefix_error (&error, "%s: ", _("The server may not speak TLS"));
    }
  g_prefix_error (&error, _("Could not secure the connection to %s: "), name);
  qmp_client_opening_fail_now (self, error);
}

/* --- the handshake --- */

/* The client's authorities are there from the beginning: GIO loads those of the system otherwise, and warns where there
 * are none. */
static GIOStream *
new_connection (QmpClient           *self,
                GIOStream           *stream,
                GSocketConnectable  *identity,
                GError             **error)
{
  GType type = g_tls_backend_get_client_connection_type (g_tls_backend_get_default ());

  if (self->tls_database == NULL)
    return g_tls_client_connection_new (stream, identity, error);

  return g_initable_new (type, NULL, error,
                         "base-io-stream", stream,
                         "server-identity", identity,
                         "database", self->tls_database,
                         NULL);
}

static GTlsConnection *
create_connection (QmpClient  *self,
                   GIOStream  *stream,
                   GError    **error)
{
  g_autoptr(GSocketConnectable) identity = dup_identity (self, error);
  g_autoptr(GIOStream) connection = NULL;

  if (identity == NULL)
    return NULL;
  connection = new_connection (self, stream, identity, error);
  if (connection == NULL)
    return NULL;

  if (self->tls_certificate != NULL)
    g_tls_connection_set_certificate (G_TLS_CONNECTION (connection), self->tls_certificate);
  return G_TLS_CONNECTION (g_steal_pointer (&connection));
}

static void
secured_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(QmpClient) self = qmp_client_opening_end_step (user_data);
  GTlsConnection *connection = G_TLS_CONNECTION (source);
  g_autoptr(GError) error = NULL;
  gboolean success = g_tls_connection_handshake_finish (connection, result, &error);

  if (self == NULL)
    return;
  if (success)
    qmp_client_opening_establish (self, G_IO_STREAM (connection));
  else
    fail_securing (self, connection, g_steal_pointer (&error));
}

void
qmp_client_opening_secure (QmpClient *self,
                           GIOStream *stream)
{
  QmpOpening *opening = self->opening;
  GError *error = NULL;
  gpointer step;

  opening->securing = create_connection (self, stream, &error);
  if (opening->securing == NULL)
    {
      fail_securing (self, NULL, error);
      return;
    }
  step = qmp_client_opening_begin_step (self);
  g_main_context_push_thread_default (qmp_client_get_io_context (self));
  g_tls_connection_handshake_async (opening->securing, G_PRIORITY_DEFAULT, opening->connecting, secured_cb, step);
  g_main_context_pop_thread_default (qmp_client_get_io_context (self));
}

GError *
qmp_client_opening_secure_timed_out (QmpClient *self)
{
  return g_error_new_literal (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY,
                              _("Connected, but the TLS handshake did not come to its end in time: another client "
                                "may be holding this monitor, or the server does not speak TLS"));
}

/* --- the properties --- */

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

  return self->tls;
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

  tls = !!tls;
  if (self->tls == tls)
    return;

  self->tls = tls;
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

  return self->tls_database;
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
  g_return_if_fail (tls_database == NULL || G_IS_TLS_DATABASE (tls_database));

  if (g_set_object (&self->tls_database, tls_database))
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

  return self->tls_certificate;
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
  g_return_if_fail (tls_certificate == NULL || G_IS_TLS_CERTIFICATE (tls_certificate));

  if (g_set_object (&self->tls_certificate, tls_certificate))
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

  return self->tls_identity;
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

  if (g_strcmp0 (self->tls_identity, tls_identity) == 0)
    return;

  g_free (self->tls_identity);
  self->tls_identity = g_strdup (tls_identity);
  g_object_notify (G_OBJECT (self), "tls-identity");
}
