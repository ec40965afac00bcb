/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire/qmp-address-private.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gi18n-lib.h>
#include <limits.h>
#include <string.h>

#include "qmp-error.h"

static GSocketConnectable *
fail (GError     **error,
      const char  *format,
      ...) G_GNUC_PRINTF (2, 3);

/* Returns NULL, for the caller to return. */
static GSocketConnectable *
fail (GError     **error,
      const char  *format,
      ...)
{
  va_list arguments;

  va_start (arguments, format);
  if (error != NULL)
    *error = g_error_new_valist (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_ADDRESS, format, arguments);
  va_end (arguments);
  return NULL;
}

/* what: the name of the part in the text, translated. */
static gboolean
parse_number (const char  *text,
              const char  *part,
              const char  *what,
              guint64      max,
              guint64     *number,
              GError     **error)
{
  g_autoptr(GError) local_error = NULL;

  if (part[0] == '\0')
    fail (error, _("%s is missing in the address “%s”"), what, text);
  else if (g_ascii_string_to_unsigned (part, 10, 0, max, number, &local_error))
    return TRUE;
  else if (g_error_matches (local_error, G_NUMBER_PARSER_ERROR, G_NUMBER_PARSER_ERROR_OUT_OF_BOUNDS))
    fail (error, _("%s “%s” in the address “%s” is over %lu"), what, part, text, (gulong) max);
  else
    fail (error, _("%s “%s” in the address “%s” is not a number"), what, part, text);
  return FALSE;
}

/* --- Unix sockets --- */

static GSocketConnectable *
parse_path (const char  *text,
            const char  *path,
            GError     **error)
{
  gsize length = strlen (path);

  if (length == 0)
    return fail (error, _("The path is missing in the address “%s”"), text);
  if (length >= PATH_MAX)
    return fail (error, _("The path is %lu bytes long, and the longest is %d"), (gulong) length, PATH_MAX - 1);
  if (length > QMP_ADDRESS_MAX_PATH)
    return qmp_own_address_new_path (path);
  return G_SOCKET_CONNECTABLE (g_unix_socket_address_new (path));
}

static GSocketConnectable *
parse_abstract (const char  *text,
                const char  *name,
                GError     **error)
{
  gsize length = strlen (name);

  if (length == 0)
    return fail (error, _("The abstract name is missing in the address “%s”"), text);
  if (length > QMP_ADDRESS_MAX_PATH)
    return fail (error, _("The abstract name is %lu bytes long, and the longest is %d"),
                 (gulong) length, QMP_ADDRESS_MAX_PATH);
  return G_SOCKET_CONNECTABLE (g_unix_socket_address_new_with_type (name, length,
                                                                    G_UNIX_SOCKET_ADDRESS_ABSTRACT));
}

static GSocketConnectable *
parse_unix (const char  *text,
            const char  *rest,
            GError     **error)
{
  if (rest[0] == '@')
    return parse_abstract (text, rest + 1, error);
  return parse_path (text, rest, error);
}

/* --- TCP --- */

/* A numeric host as what it is; a name is looked up when it is connected to. */
static GSocketConnectable *
new_inet (const char *host,
          guint16     port)
{
  GSocketAddress *numeric;

  /* Whatever the machine's resolver says of it. */
  if (host[0] == '\0' || strcmp (host, "localhost") == 0)
    return g_network_address_new_loopback (port);
  numeric = g_inet_socket_address_new_from_string (host, port);
  return numeric != NULL ? G_SOCKET_CONNECTABLE (numeric) : g_network_address_new (host, port);
}

/* "[HOST]" or "[HOST]:PORT". Returns the host; port (out): what stands behind the colon, NULL if there is none. */
static char *
parse_brackets (const char  *text,
                const char  *rest,
                const char **port,
                GError     **error)
{
  const char *end = strchr (rest, ']');
  g_autofree char *host = NULL;
  g_autoptr(GSocketAddress) numeric = NULL;

  if (end == NULL)
    {
      fail (error, _("The bracket is not closed in the address “%s”"), text);
      return NULL;
    }
  host = g_strndup (rest + 1, end - rest - 1);
  numeric = strchr (host, ':') != NULL ? g_inet_socket_address_new_from_string (host, 0) : NULL;
  if (numeric == NULL)
    fail (error, _("The host “%s” in the address “%s” is not an IPv6 address"), host, text);
  else if (end[1] != ':' && end[1] != '\0')
    fail (error, _("There is “%s” behind the bracket in the address “%s”"), end + 1, text);
  else
    {
      *port = end[1] == ':' ? end + 2 : NULL;
      return g_steal_pointer (&host);
    }
  return NULL;
}

static GSocketConnectable *
parse_bracketed (const char  *text,
                 const char  *rest,
                 GError     **error)
{
  const char *part;
  g_autofree char *host = parse_brackets (text, rest, &part, error);
  guint64 port;

  if (host == NULL || !parse_number (text, part != NULL ? part : "", _("The port"), G_MAXUINT16, &port, error))
    return NULL;
  return new_inet (host, port);
}

static gboolean
is_host (const char *host)
{
  for (const char *c = host; *c != '\0'; c++)
    {
      if (g_ascii_isspace (*c) || g_ascii_iscntrl (*c) || strchr ("/[]@,:", *c) != NULL)
        return FALSE;
    }
  return g_utf8_validate (host, -1, NULL);
}

static gboolean
is_bare_ipv6 (const char *text)
{
  g_autoptr(GInetAddress) address = g_inet_address_new_from_string (text);

  return address != NULL && g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6;
}

/* rest: what stands behind "tcp:", or all of it. */
static GSocketConnectable *
parse_tcp (const char  *text,
           const char  *rest,
           GError     **error)
{
  const char *colon = strrchr (rest, ':');
  g_autofree char *host = NULL;
  guint64 port;

  if (rest[0] == '[')
    return parse_bracketed (text, rest, error);

  host = colon != NULL ? g_strndup (rest, colon - rest) : g_strdup (rest);
  if (is_bare_ipv6 (rest) || is_bare_ipv6 (host))
    return fail (error, _("The IPv6 address in “%s” needs brackets, as in [::1]:4444"), text);
  if (!is_host (host))
    return fail (error, _("The host “%s” in the address “%s” is not a host name"), host, text);
  if (!parse_number (text, colon != NULL ? colon + 1 : "", _("The port"), G_MAXUINT16, &port, error))
    return NULL;
  return new_inet (host, port);
}

/* --- the rest --- */

static GSocketConnectable *
parse_vsock (const char  *text,
             const char  *rest,
             GError     **error)
{
  const char *colon = strchr (rest, ':');
  g_autofree char *first = colon != NULL ? g_strndup (rest, colon - rest) : g_strdup (rest);
  guint64 cid, port;

  if (!parse_number (text, first, _("The context ID"), G_MAXUINT32, &cid, error) ||
      !parse_number (text, colon != NULL ? colon + 1 : "", _("The port"), G_MAXUINT32, &port, error))
    return NULL;
  return qmp_own_address_new_vsock (cid, port);
}

static GSocketConnectable *
parse_fd (const char  *text,
          const char  *rest,
          GError     **error)
{
  guint64 fd;

  if (!parse_number (text, rest, _("The file descriptor"), G_MAXINT, &fd, error))
    return NULL;
  return qmp_own_address_new_fd (fd);
}

/* --- through ssh --- */

/* No shell ever reads it, but ssh takes a word that begins with a hyphen for an option. */
static gboolean
is_ssh_word (const char *word)
{
  return word[0] != '\0' && word[0] != '-' && is_host (word);
}

static char *
parse_ssh_host (const char  *text,
                const char  *rest,
                const char **port,
                GError     **error)
{
  const char *colon = strchr (rest, ':');
  g_autofree char *host = NULL;

  if (rest[0] == '[')
    return parse_brackets (text, rest, port, error);

  host = colon != NULL ? g_strndup (rest, colon - rest) : g_strdup (rest);
  *port = colon != NULL ? colon + 1 : NULL;
  if (is_ssh_word (host))
    return g_steal_pointer (&host);
  if (is_bare_ipv6 (rest))
    fail (error, _("The IPv6 address in “%s” needs brackets, as in ssh:[::1]/PATH"), text);
  else
    fail (error, _("The host “%s” in the address “%s” is not a host name"), host, text);
  return NULL;
}

/* ssh puts an environment variable in the place of "${NAME}", and that itself cannot be written. */
static char *
parse_ssh_path (const char  *text,
                const char  *rest,
                GError     **error)
{
  g_autofree char *path = g_uri_unescape_string (rest, NULL);

  if (path == NULL)
    fail (error, _("In the path of the address “%s”, “%%” stands for itself as “%%25” alone"), text);
  else if (strlen (path) > QMP_ADDRESS_MAX_PATH)
    fail (error, _("The path is %lu bytes long, and a Unix socket's address holds %d"), (gulong) strlen (path),
          QMP_ADDRESS_MAX_PATH);
  else if (strstr (path, "${") != NULL)
    fail (error, _("The path in the address “%s” has “${” in it, which ssh cannot pass on"), text);
  else
    return g_steal_pointer (&path);
  return NULL;
}

/* rest: USER@HOST:PORT/PATH, perhaps as a URI. */
static GSocketConnectable *
parse_ssh (const char  *text,
           const char  *rest,
           GError     **error)
{
  const char *start = g_str_has_prefix (rest, "//") ? rest + 2 : rest;
  const char *slash = strchr (start, '/');
  g_autofree char *authority = slash != NULL ? g_strndup (start, slash - start) : g_strdup (start);
  char *at = strrchr (authority, '@');
  const char *user = at != NULL ? authority : NULL;
  const char *part;
  g_autofree char *host = NULL;
  g_autofree char *path = NULL;
  guint64 port = 0;

  if (at != NULL)
    *at = '\0';
  if (user != NULL && !is_ssh_word (user))
    return fail (error, _("The user “%s” in the address “%s” is not a user's name"), user, text);
  host = parse_ssh_host (text, at != NULL ? at + 1 : authority, &part, error);
  if (host == NULL || (part != NULL && !parse_number (text, part, _("The port"), G_MAXUINT16, &port, error)))
    return NULL;
  if (slash == NULL || slash[1] == '\0')
    return fail (error, _("The path is missing in the address “%s”"), text);
  path = parse_ssh_path (text, slash, error);
  return path != NULL ? qmp_own_address_new_ssh (user, host, port, path) : NULL;
}

/* Without a prefix. What was typed for qmp-shell means the same: "host:port" is TCP and anything else a path.
 * But a file that is there is meant, whatever its name looks like. */
static GSocketConnectable *
parse_bare (const char  *text,
            GError     **error)
{
  const char *colon = strchr (text, ':');

  if (text[0] == '@')
    return parse_abstract (text, text + 1, error);
  if (colon == NULL && text[0] != '[')
    return parse_path (text, text, error);
  if (strchr (text, '/') != NULL || g_file_test (text, G_FILE_TEST_EXISTS))
    return parse_path (text, text, error);
  if (text[0] != '[' && strchr (colon + 1, ':') != NULL && strstr (text, "::") == NULL)
    return parse_path (text, text, error);
  return parse_tcp (text, text, error);
}

/**
 * qmp_address_parse:
 * @text: an address as people write it
 * @error: where to store an error
 *
 * Reads an address, for [method@Client.open] and the like.
 *
 * | Text | Meaning |
 * | ---- | ------- |
 * | `/run/vm.sock`, `vm.sock`, `unix:PATH` | a Unix socket, a device, or a pair of pipes |
 * | a name with an at sign before it | a Unix socket with an abstract name |
 * | `HOST:PORT`, `tcp:HOST:PORT` | TCP; the host is a name or an IPv4 address |
 * | `[::1]:PORT`, `tcp:[::1]:PORT` | TCP over IPv6 |
 * | `:PORT` | TCP to this machine |
 * | `vsock:CID:PORT` | a vsock |
 * | `fd:N` | a descriptor that is connected already; to listen on, one that listens |
 * | `ssh:[USER@]HOST[:PORT]/PATH` | a Unix socket on another computer, through the program ssh |
 *
 * What has a prefix is what the prefix says. Without one, a text with a `/`, one that is the name of a file, and
 * one that fits nothing else, is a path. At a path may be a character device, such as the pseudo-terminal of QEMU's
 * `-chardev pty`; where nothing is, but two pipes with “.in” and “.out” behind the name, it is those of `-chardev pipe`. A
 * path may be longer than the 107 bytes that a Unix socket's address
 * holds, for connecting.
 *
 * A descriptor stays the caller's: [method@Client.open] makes a duplicate, which it closes with the link, and leaves
 * the flags as they are. It is a connected socket, or a device like a terminal or a virtio-serial port. This, the
 * vsock and what is reached through ssh can be connected to by this library only, not by [class@Gio.SocketClient].
 *
 * The path of a socket that is reached through ssh is a URI's: “%20” is a space. Who the user is, how the host is reached and
 * trusted, and which key is used is ssh's own configuration; the addresses' page in the manual tells more.
 *
 * A name is not looked up here, and nothing is connected to. Fails with `QMP_CLIENT_ERROR_ADDRESS`; the text names
 * the part that is wrong. [method@Gio.SocketConnectable.to_string] gives a text for people to read.
 *
 * Returns: (transfer full): the address
 *
 * Since: 1.0
 */
GSocketConnectable *
qmp_address_parse (const char  *text,
                   GError     **error)
{
  static const struct {
    const char *prefix;
    GSocketConnectable *(* parse) (const char *text, const char *rest, GError **error);
  } kinds[] = { { "unix:", parse_unix }, { "tcp:", parse_tcp }, { "vsock:", parse_vsock }, { "fd:", parse_fd },
                { "ssh:", parse_ssh } };

  g_return_val_if_fail (text != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (text[0] == '\0')
    return fail (error, _("The address is empty"));
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      if (g_str_has_prefix (text, kinds[i].prefix))
        return kinds[i].parse (text, text + strlen (kinds[i].prefix), error);
    }
  return parse_bare (text, error);
}
