/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-list-private.h"

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>

#include "qmp-address.h"
#include "qmp-error.h"

/* What is added to a list of machines. */

/* What some editors put in front of a text. */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"
/* Of a file, which has an address a line. */
#define MAX_BYTES (64 * 1024 * 1024)

/* --- adding --- */

/* As the programs tell them apart. */
static gboolean
is_address (const char *text)
{
  g_autofree char *pipe = NULL;

  if (*text == '\0' || *text == '@' || strpbrk (text, "/:") != NULL)
    return TRUE;
  pipe = g_strconcat (text, ".in", NULL);
  return g_file_test (text, G_FILE_TEST_EXISTS) || g_file_test (pipe, G_FILE_TEST_EXISTS);
}

/* As the finder spells it. */
static char *
make_key (const char         *text,
          GSocketConnectable *address)
{
  GUnixSocketAddress *local = G_IS_UNIX_SOCKET_ADDRESS (address) ? G_UNIX_SOCKET_ADDRESS (address) : NULL;

  if (local == NULL || g_unix_socket_address_get_address_type (local) != G_UNIX_SOCKET_ADDRESS_PATH)
    return g_strdup (text);
  return g_canonicalize_filename (g_unix_socket_address_get_path (local), NULL);
}

/* Runs user code. */
static QmpMachineEntry *
add_new (QmpMachineList     *self,
         QmpMachineOrigin    origin,
         char               *key,
         const char         *text,
         GSocketConnectable *address,
         QmpInstance        *instance)
{
  QmpMachineMember *member = qmp_machine_list_append (self, origin, key, g_strdup (text));
  QmpMachineEntry *entry = g_object_ref (member->entry);

  if (address != NULL)
    qmp_machine_entry_fix (entry, text, address);
  if (instance != NULL)
    qmp_machine_list_set_instance (self, member, instance);
  qmp_machine_list_tell (self, self->members->len - 1, 0, 1);
  return entry;
}

/* It is in the list, and stays there from now on. Takes key. */
static QmpMachineEntry *
claim (QmpMachineList     *self,
       QmpMachineMember   *member,
       QmpMachineOrigin    origin,
       char               *key,
       const char         *text,
       GSocketConnectable *address)
{
  QmpMachineEntry *entry = g_object_ref (member->entry);

  if (member->origin != QMP_MACHINE_NOT_ADDED)
    {
      g_free (key);
      return entry;
    }
  member->origin = origin;
  member->key = key;
  g_hash_table_insert (self->by_key, key, member);
  if (address != NULL)
    qmp_machine_entry_fix (entry, text, address);
  return entry;
}

/* address: nullable, it is a name. */
static QmpMachineEntry *
add (QmpMachineList     *self,
     const char         *text,
     GSocketConnectable *address)
{
  QmpMachineOrigin origin = address != NULL ? QMP_MACHINE_BY_ADDRESS : QMP_MACHINE_BY_NAME;
  char *key = address != NULL ? make_key (text, address) : g_strdup (text);
  QmpMachineMember *member = g_hash_table_lookup (self->by_key, key);
  g_autoptr(QmpInstance) instance = NULL;

  if (member != NULL)
    {
      g_free (key);
      return g_object_ref (member->entry);
    }
  instance = address != NULL ? qmp_machine_list_find_at (self, key) : qmp_finder_find (self->looker, key, NULL);
  member = instance != NULL ? g_hash_table_lookup (self->by_instance, instance) : NULL;
  return member != NULL ? claim (self, member, origin, key, text, address)
                        : add_new (self, origin, key, text, address, instance);
}

/**
 * qmp_machine_list_add:
 * @self: a list
 * @text: an address, or the name, UUID or process ID of a machine
 * @error: where to store an error
 *
 * Adds a machine, which stays in the list whether or not it runs.
 *
 * What has neither a slash nor a colon in it, does not begin with an at sign and is not a file, is a name; all else is an address: see
 * [func@address_parse]. A name is looked for on this computer, for as long as there is no such machine. What is in the list
 * already is not added twice: then its entry is returned.
 *
 * Fails with `QMP_CLIENT_ERROR_ADDRESS` if it is an address that cannot be used.
 *
 * Returns: (transfer full): its entry
 *
 * Since: 1.0
 */
QmpMachineEntry *
qmp_machine_list_add (QmpMachineList  *self,
                      const char      *text,
                      GError         **error)
{
  g_autoptr(QmpMachineList) held = NULL;
  g_autoptr(GSocketConnectable) address = NULL;
  QmpMachineEntry *entry;

  g_return_val_if_fail (QMP_IS_MACHINE_LIST (self), NULL);
  g_return_val_if_fail (text != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  held = g_object_ref (self);
  if (is_address (text))
    {
      address = qmp_address_parse (text, error);
      return address != NULL ? add (self, text, address) : NULL;
    }
  qmp_machine_list_need_looker (self);
  entry = add (self, text, NULL);
  if (self->looker != NULL)
    qmp_machine_list_look_now (self);
  return entry;
}

/* --- a file --- */

static gboolean
check_line (const char  *line,
            GError     **error)
{
  g_autoptr(GSocketConnectable) address = is_address (line) ? qmp_address_parse (line, error) : NULL;

  return address != NULL || !is_address (line);
}

static char *
fail_to_read (const char  *path,
              const char  *why,
              int          code,
              GError     **error)
{
  g_set_error (error, G_FILE_ERROR, code, _("Cannot read “%s”: %s"), path, why);
  return NULL;
}

/* A file that does not end, such as a device, would take all memory. */
static char *
read_text (const char  *path,
           gsize       *length,
           GError     **error)
{
  FILE *file = fopen (path, "re");
  g_autoptr(GString) text = NULL;
  char buffer[4096];
  gsize n = 0;
  int code;

  if (file == NULL)
    return fail_to_read (path, g_strerror (errno), g_file_error_from_errno (errno), error);
  text = g_string_new (NULL);
  while (text->len <= MAX_BYTES && (n = fread (buffer, 1, sizeof buffer, file)) > 0)
    g_string_append_len (text, buffer, n);
  code = ferror (file) ? errno : 0;
  fclose (file);
  if (code != 0)
    return fail_to_read (path, g_strerror (code), g_file_error_from_errno (code), error);
  if (text->len > MAX_BYTES)
    return fail_to_read (path, _("it is too long"), G_FILE_ERROR_FAILED, error);
  *length = text->len;
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* The lines that say something; NULL with error if one is wrong. */
static GPtrArray *
read_lines (const char  *path,
            GError     **error)
{
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  gsize length = 0;
  g_autofree char *text = read_text (path, &length, error);
  g_auto(GStrv) all = NULL;

  if (text == NULL)
    return NULL;
  if (!g_utf8_validate (text, length, NULL))
    {
      g_set_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_ADDRESS, _("The file “%s” is not UTF-8 text"), path);
      return NULL;
    }
  all = g_strsplit (g_str_has_prefix (text, BYTE_ORDER_MARK) ? text + strlen (BYTE_ORDER_MARK) : text, "\n", -1);
  for (guint i = 0; all[i] != NULL; i++)
    {
      const char *line = g_strstrip (all[i]);

      if (*line == '\0' || *line == '#')
        continue;
      if (!check_line (line, error))
        {
          g_prefix_error (error, "%s:%u: ", path, i + 1);
          return NULL;
        }
      g_ptr_array_add (lines, g_strdup (line));
    }
  return g_steal_pointer (&lines);
}

/**
 * qmp_machine_list_add_file:
 * @self: a list
 * @path: (type filename): a file
 * @error: where to store an error
 *
 * Adds the machines that a file names: one address or name a line, as for [method@MachineList.add].
 *
 * Empty lines count for nothing, nor do those that begin with `#`, nor space at both ends.
 *
 * Fails with `QMP_CLIENT_ERROR_ADDRESS` if a line is an address that cannot be used, or the file is not UTF-8, and with an error of
 * [error@GLib.FileError] if it cannot be read, or is longer than 64 MiB. Then nothing of it is added.
 *
 * Returns: whether all was added
 *
 * Since: 1.0
 */
gboolean
qmp_machine_list_add_file (QmpMachineList  *self,
                           const char      *path,
                           GError         **error)
{
  g_autoptr(QmpMachineList) held = NULL;
  g_autoptr(GPtrArray) lines = NULL;

  g_return_val_if_fail (QMP_IS_MACHINE_LIST (self), FALSE);
  g_return_val_if_fail (path != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  held = g_object_ref (self);
  lines = read_lines (path, error);
  for (guint i = 0; lines != NULL && i < lines->len; i++)
    {
      g_autoptr(QmpMachineEntry) entry = qmp_machine_list_add (self, lines->pdata[i], NULL);
    }
  return lines != NULL;
}
