/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-files.h"

#include <string.h>

void
tool_files_add (ToolOffers *offers,
                const char *before,
                const char *typed)
{
  const char *slash = strrchr (typed, '/');
  const char *base = slash != NULL ? slash + 1 : typed;
  g_autofree char *folder = g_strndup (typed, base - typed);
  g_autofree char *home = g_str_has_prefix (folder, "~/") ? g_build_filename (g_get_home_dir (), folder + 2, NULL) : NULL;
  g_autofree char *all_before = g_strconcat (before, folder, NULL);
  const char *place = home != NULL ? home : *folder != '\0' ? folder : ".";
  g_autoptr(GDir) directory = g_dir_open (place, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = NULL;

      if (!g_str_has_prefix (name, base))
        continue;
      path = g_build_filename (place, name, NULL);
      tool_offers_add (offers, all_before, name, g_file_test (path, G_FILE_TEST_IS_DIR) ? "/" : "");
    }
}

gboolean
tool_files_want (const char *command,
                 const char *key)
{
  static const char * const patterns[] = { "*filename", "*file", "path", "*-path", "dir", "*-dir" };
  const char *dot = strrchr (key, '.');

  for (guint i = 0; i < G_N_ELEMENTS (patterns) && !g_str_has_prefix (command, "qom-"); i++)
    if (g_pattern_match_simple (patterns[i], dot != NULL ? dot + 1 : key))
      return TRUE;
  return FALSE;
}
