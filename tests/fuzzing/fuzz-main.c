/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "fuzz.h"

/* Stands in for libFuzzer: runs a target once over files, and over the files of directories. */

static guint n_files;

static void
run_file (const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, &error))
    {
      g_printerr ("%s\n", error->message);
      exit (1);
    }
  /* The last name is the one to look at when this ends badly. */
  g_printerr ("%s\n", path);
  LLVMFuzzerTestOneInput ((const guint8 *) text, length);
  n_files++;
}

static void
run (const char *path)
{
  g_autoptr(GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  if (directory == NULL)
    {
      run_file (path);
      return;
    }
  while ((name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);

      run_file (file);
    }
}

int
main (int    argc,
      char **argv)
{
  LLVMFuzzerInitialize (&argc, &argv);
  LLVMFuzzerTestOneInput ((const guint8 *) "", 0);
  for (int i = 1; i < argc; i++)
    run (argv[i]);
  g_print ("%u files\n", n_files);
  return n_files > 0 ? 0 : 1;
}
