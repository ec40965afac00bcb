/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "finder/qmp-chardev-private.h"

#include <string.h>

#include "finder/qmp-options-private.h"

/* --- from -chardev --- */

static gboolean
read_number (const char *text,
             guint64     max,
             guint      *number)
{
  guint64 value;

  if (text == NULL || !g_ascii_string_to_unsigned (text, 10, 0, max, &value, NULL))
    return FALSE;
  *number = value;
  return TRUE;
}

static void
init_socket (QmpChardev *self,
             GHashTable *options)
{
  const char *path = qmp_options_get (options, "path");

  self->listens = qmp_options_is_on (options, "server");
  /* Not the bare protocol. */
  if (qmp_options_is_on (options, "telnet") || qmp_options_is_on (options, "tn3270") ||
      qmp_options_is_on (options, "websocket"))
    return;
  if (path != NULL)
    {
      self->type = qmp_options_is_on (options, "abstract") ? QMP_CHARDEV_ABSTRACT : QMP_CHARDEV_PATH;
      self->place = g_strdup (path);
    }
  else if (read_number (qmp_options_get (options, "fd"), G_MAXINT, &self->number))
    self->type = QMP_CHARDEV_FD;
  /* With "to" it is one of many ports. */
  else if (qmp_options_get (options, "to") == NULL &&
           read_number (qmp_options_get (options, "port"), G_MAXUINT16, &self->number) && self->number != 0)
    {
      self->type = QMP_CHARDEV_TCP;
      self->place = g_strdup (qmp_options_get (options, "host"));
    }
}

void
qmp_chardev_init (QmpChardev *self,
                  GHashTable *options)
{
  const char *backend = qmp_options_get (options, "backend");
  const char *path = qmp_options_get (options, "path");

  *self = (QmpChardev) { QMP_CHARDEV_OTHER };
  if (g_strcmp0 (backend, "socket") == 0)
    init_socket (self, options);
  else if (g_strcmp0 (backend, "pipe") == 0 && path != NULL)
    {
      self->type = QMP_CHARDEV_PIPE;
      self->place = g_strdup (path);
      self->listens = TRUE;
    }
}

void
qmp_chardev_clear (QmpChardev *self)
{
  g_clear_pointer (&self->place, g_free);
}

/* --- from -qmp --- */

static void
set (GHashTable *options,
     const char *key,
     const char *value)
{
  g_hash_table_replace (options, g_strdup (key), g_strdup (value));
}

/* "HOST:PORT,OPTION…", where HOST may be empty. */
static GHashTable *
parse_host (const char *text)
{
  const char *colon = strchr (text, ':');
  const char *comma = colon != NULL ? strchr (colon, ',') : NULL;
  GHashTable *options = qmp_options_parse (comma != NULL ? comma + 1 : "", NULL);
  g_autofree char *host = g_strndup (text, colon != NULL ? (gsize) (colon - text) : 0);
  g_autofree char *port = NULL;

  if (colon != NULL)
    port = comma != NULL ? g_strndup (colon + 1, comma - colon - 1) : g_strdup (colon + 1);
  set (options, "backend", "socket");
  set (options, "host", host);
  set (options, "port", port != NULL ? port : "");
  return options;
}

GHashTable *
qmp_chardev_parse_legacy (const char *text)
{
  static const char * const by_host[] = { "tcp", "telnet", "tn3270", "websocket" };
  GHashTable *options;

  if (g_str_has_prefix (text, "mon:"))
    text += strlen ("mon:");
  for (guint i = 0; i < G_N_ELEMENTS (by_host); i++)
    {
      gsize length = strlen (by_host[i]);

      if (!g_str_has_prefix (text, by_host[i]) || text[length] != ':')
        continue;
      options = parse_host (text + length + 1);
      set (options, by_host[i], "on");
      return options;
    }
  if (g_str_has_prefix (text, "unix:"))
    {
      options = qmp_options_parse (text + strlen ("unix:"), "path");
      set (options, "backend", "socket");
      return options;
    }
  if (g_str_has_prefix (text, "pipe:"))
    {
      options = qmp_options_parse ("pipe", "backend");
      set (options, "path", text + strlen ("pipe:"));
      return options;
    }
  return qmp_options_parse (text, "backend");
}
