/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "once.h"
#include "tool-streams.h"

static char *device;
static int head = -1;

static gboolean
is_ppm (const char *name)
{
  g_autofree char *lower = g_ascii_strdown (name, -1);

  return g_str_has_suffix (lower, ".ppm");
}

/* Whoever asks for another format is not to get PNG of that name. */
static gboolean
check_file_name (const char  *name,
                 GError     **error)
{
  static const char * const others[] = { ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".svg", ".avif" };
  g_autofree char *lower = g_ascii_strdown (name, -1);

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    if (g_str_has_suffix (lower, others[i]))
      return once_fail (error, ONCE_STATUS_USAGE, _("The picture can be PNG or PPM, not “%s”"), others[i] + 1);
  return TRUE;
}

/* filename: where the server writes; it is the server's to open. */
static gboolean
dump (Once        *once,
      const char  *filename,
      gboolean     ppm,
      GError     **error)
{
  g_autoptr(JsonNode) arguments = json_node_new (JSON_NODE_OBJECT);
  g_autoptr(JsonNode) value = NULL;
  JsonObject *object = json_object_new ();

  json_node_take_object (arguments, object);
  json_object_set_string_member (object, "filename", filename);
  if (!ppm)
    json_object_set_string_member (object, "format", "png");
  if (device != NULL)
    json_object_set_string_member (object, "device", device);
  if (head >= 0)
    json_object_set_int_member (object, "head", head);
  value = once_execute (once, qmp_message_new_command ("screendump", arguments, error), error);
  return value != NULL;
}

/* --- as PNG, through a descriptor: the server need not be able to open any file --- */

static FILE *
open_target (const char  *name,
             GError     **error)
{
  FILE *target = g_str_equal (name, "-") ? stdout : g_fopen (name, "we");

  if (target == NULL)
    once_fail (error, ONCE_STATUS_FAILED, _("Could not write “%s”: %s"), name, g_strerror (errno));
  return target;
}

/* Not by renaming: it may be a device, or a link. */
static gboolean
write_to (const char  *name,
          GBytes      *bytes,
          GError     **error)
{
  FILE *target = open_target (name, error);
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);
  gboolean good;

  if (target == NULL)
    return FALSE;
  good = fwrite (data, 1, length, target) == length;
  /* Standard output is flushed, and looked at, at the end. */
  if (target != stdout)
    good = fclose (target) == 0 && good;
  else if (!good && errno == EPIPE)
    tool_streams_end_unread ();
  return good || once_fail (error, ONCE_STATUS_FAILED, _("Could not write “%s”: %s"), name, g_strerror (errno));
}

/* --- by name: PPM, and over TCP --- */

static gboolean
shoot_by_name (Once        *once,
               const char  *name,
               gboolean     ppm,
               GError     **error)
{
  g_autofree char *path = g_canonicalize_filename (name, NULL);

  if (g_str_equal (name, "-"))
    return once_fail (error, ONCE_STATUS_FAILED, _("To standard output only goes what comes through a Unix socket"));
  return dump (once, path, ppm, error);
}

static gboolean
shoot (Once        *once,
       const char  *name,
       gboolean     ppm,
       GError     **error)
{
  g_autoptr(GError) why = NULL;
  g_autoptr(GBytes) picture = NULL;

  if (ppm)
    return shoot_by_name (once, name, TRUE, error);
  once_set_timeout (once);
  picture = qmp_machine_screendump (once->machine, device, MAX (head, 0), NULL, &why);
  if (picture != NULL)
    return write_to (name, picture, error);
  if (g_error_matches (why, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    return shoot_by_name (once, name, FALSE, error);
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}

/* --- */

static gboolean
check_format (Once     *once,
              GError  **error)
{
  g_autoptr(GError) local_error = NULL;
  g_autoptr(QmpSchema) schema = once_fetch_schema (once, &local_error);

  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (schema == NULL || qmp_schema_has_path (schema, "screendump/arg-type/format/^png"))
    return TRUE;
  if (!qmp_schema_has_command (schema, "screendump"))
    return once_fail (error, ONCE_STATUS_FAILED, _("The server has no screen"));
  return once_fail (error, ONCE_STATUS_FAILED, _("The server cannot write PNG; give a name that ends in “.ppm”"));
}

static gboolean
run_screenshot (Once                *once,
                const char * const  *words,
                GError             **error)
{
  gboolean ppm = is_ppm (words[0]);

  return check_file_name (words[0], error) &&
         (ppm ? once_open (once, error) : once_open_machine (once, error)) &&
         (ppm || check_format (once, error)) &&
         shoot (once, words[0], ppm, error);
}

static const GOptionEntry screenshot_entries[] = {
  { "device", 0, 0, G_OPTION_ARG_STRING, &device, N_("The display device whose screen is wanted"), N_("ID") },
  { "head", 0, 0, G_OPTION_ARG_INT, &head, N_("The screen of that device"), N_("N") },
  G_OPTION_ENTRY_NULL
};

const OnceVerb once_screenshot = {
  .words = "screenshot",
  .parameters = N_("FILE.png | FILE.ppm | -"),
  .summary = N_("Save a picture of the screen"),
  .entries = screenshot_entries,
  .min_words = 1,
  .max_words = 1,
  .prints_no_json = TRUE,
  .run = run_screenshot,
};
