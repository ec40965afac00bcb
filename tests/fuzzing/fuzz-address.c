/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"

#include <gio/gunixsocketaddress.h>

#include "wire/qmp-address-private.h"
#include "qmp-glib/qmp-error.h"

/* An address is understood, or refused in words; what is shown of it, with the prefix that it had or could have had, is
 * understood as the same.
 *
 * Input: the address. Nothing is connected to. */

static GSocketConnectable *
parse (const char *text)
{
  g_autoptr(GError) error = NULL;
  GSocketConnectable *address = qmp_address_parse (text, &error);

  g_assert_true ((address == NULL) == (error != NULL));
  if (error != NULL)
    {
      g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_ADDRESS);
      g_assert_cmpstr (error->message, !=, "");
    }
  return address;
}

static char *
with_prefix (GSocketConnectable *address,
             const char         *shown)
{
  if (G_IS_NETWORK_ADDRESS (address) || G_IS_INET_SOCKET_ADDRESS (address))
    return g_strconcat ("tcp:", shown, NULL);
  if (qmp_address_get_path (address) != NULL)
    return g_strconcat ("unix:", qmp_address_get_path (address), NULL);
  return g_strdup (shown);
}

/* GIO shows an abstract name with escapes and without its mark, and does not show the port 0. */
static gboolean
is_shown_in_part (GSocketConnectable *address)
{
  if (G_IS_UNIX_SOCKET_ADDRESS (address))
    return qmp_address_get_path (address) == NULL;
  if (G_IS_NETWORK_ADDRESS (address))
    return g_network_address_get_port (G_NETWORK_ADDRESS (address)) == 0;
  return G_IS_INET_SOCKET_ADDRESS (address) &&
         g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)) == 0;
}

static void
check_again (GSocketConnectable *address)
{
  g_autofree char *shown = g_socket_connectable_to_string (address);
  g_autofree char *text = with_prefix (address, shown);
  g_autoptr(GSocketConnectable) again = NULL;
  g_autofree char *shown_again = NULL;

  g_assert_nonnull (shown);
  if (is_shown_in_part (address))
    return;
  again = parse (text);
  g_assert_nonnull (again);
  g_assert_true (G_OBJECT_TYPE (again) == G_OBJECT_TYPE (address));
  shown_again = g_socket_connectable_to_string (again);
  g_assert_cmpstr (shown, ==, shown_again);
  g_assert_cmpstr (qmp_address_get_path (address), ==, qmp_address_get_path (again));
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr(GSocketConnectable) address = parse (text);

  if (address != NULL)
    check_again (address);
  return 0;
}
