/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire/qmp-tls-private.h"

#include <glib/gi18n-lib.h>

#include <qmp-glib/qmp-error.h>

#include "wire/qmp-address-private.h"

void
qmp_tls_clear (QmpTls *self)
{
  g_clear_object (&self->database);
  g_clear_object (&self->certificate);
  g_clear_pointer (&self->identity, g_free);
}

gboolean
qmp_tls_lacks_certificate (const QmpTls *self)
{
  return self->wanted && self->certificate == NULL;
}

/* --- who the server is to be --- */

static GSocketConnectable *
new_host (const char *name)
{
  GSocketAddress *numeric = g_inet_socket_address_new_from_string (name, 0);

  return numeric != NULL ? G_SOCKET_CONNECTABLE (numeric) : g_network_address_new (name, 0);
}

/* Never NULL for a handshake: GIO would accept a certificate for any host then. */
static GSocketConnectable *
dup_identity (const QmpTls        *self,
              GSocketConnectable  *address,
              GError             **error)
{
  if (self->identity != NULL)
    return new_host (self->identity);
  if (!qmp_address_is_immediate (address) && !qmp_address_is_vsock (address) && qmp_address_get_ssh_place (address) == NULL)
    return g_object_ref (address);

  g_set_error_literal (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_TLS_IDENTITY,
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

static void
explain_handshake (const QmpTls    *self,
                   GTlsConnection  *connection,
                   GError         **error)
{
  GTlsCertificateFlags flags = connection != NULL ? g_tls_connection_get_peer_certificate_errors (connection) : 0;

  if (g_error_matches (*error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE) && flags != 0)
    {
      g_autofree char *reasons = describe_certificate_errors (flags);

      g_prefix_error (error, _("The server's certificate is refused, because %s: "), reasons);
    }
  else if (g_error_matches (*error, G_TLS_ERROR, G_TLS_ERROR_NOT_TLS) ||
           g_error_matches (*error, G_TLS_ERROR, G_TLS_ERROR_MISC))
    {
      /* GnuTLS says "an unexpected packet" of a greeting in the clear. */
      g_prefix_error (error, "%s: ",
                      self->certificate == NULL
                      ? _("The server may not speak TLS, or want a certificate of the client (property “tls-certificate”)")
                      : _("The server may not speak TLS, or not accept the client's certificate"));
    }
}

void
qmp_tls_explain (const QmpTls        *self,
                 GTlsConnection      *connection,
                 GSocketConnectable  *address,
                 GError             **error)
{
  g_autofree char *name = qmp_address_dup_text (address);

  explain_handshake (self, connection, error);
  g_prefix_error (error, _("Could not secure the connection to %s: "), name);
}

/* --- the connection --- */

/* The client's authorities are there from the beginning: GIO loads those of the system otherwise, and warns where there
 * are none. */
static GIOStream *
new_connection (const QmpTls        *self,
                GIOStream           *stream,
                GSocketConnectable  *identity,
                GError             **error)
{
  GType type = g_tls_backend_get_client_connection_type (g_tls_backend_get_default ());

  if (self->database == NULL)
    return g_tls_client_connection_new (stream, identity, error);

  return g_initable_new (type, NULL, error,
                         "base-io-stream", stream,
                         "server-identity", identity,
                         "database", self->database,
                         NULL);
}

GTlsConnection *
qmp_tls_wrap (const QmpTls        *self,
              GIOStream           *stream,
              GSocketConnectable  *address,
              GError             **error)
{
  g_autoptr(GSocketConnectable) identity = dup_identity (self, address, error);
  g_autoptr(GIOStream) connection = NULL;

  if (identity == NULL)
    return NULL;
  connection = new_connection (self, stream, identity, error);
  if (connection == NULL)
    return NULL;

  if (self->certificate != NULL)
    g_tls_connection_set_certificate (G_TLS_CONNECTION (connection), self->certificate);
  return G_TLS_CONNECTION (g_steal_pointer (&connection));
}
