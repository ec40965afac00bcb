/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-world.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "finder/qmp-finder-private.h"

void
test_world_let_see (TestWorld *self,
                    pid_t      pid)
{
  g_autofree char *target = g_strdup_printf ("/proc/%d", pid);
  g_autofree char *link = g_strdup_printf ("%s/%d", self->root, pid);

  g_assert_cmpint (symlink (target, link), ==, 0);
}

TestWorld *
test_world_new (void)
{
  TestWorld *self = g_new0 (TestWorld, 1);
  g_autofree char *net = NULL;

  self->processes = test_processes_new ();
  self->root = g_dir_make_tmp ("qmp-list-XXXXXX", NULL);
  net = g_build_filename (self->root, "net", NULL);
  g_assert_cmpint (symlink ("/proc/self/net", net), ==, 0);
  test_world_let_see (self, getpid ());
  self->finder = qmp_finder_new ();
  qmp_finder_set_interval (self->finder, 0);
  qmp_finder_set_root (self->finder, self->root);
  return self;
}

void
test_world_free (TestWorld *self)
{
  g_autoptr(GDir) folder = g_dir_open (self->root, 0, NULL);
  const char *name;

  test_spin_ready ();
  g_assert_finalize_object (self->finder);
  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *path = g_build_filename (self->root, name, NULL);

      g_unlink (path);
    }
  g_rmdir (self->root);
  g_free (self->root);
  test_processes_free (self->processes);
  g_free (self);
}

guint
test_world_start (TestWorld  *self,
                  const char *words)
{
  test_processes_start_and_wait (self->processes, words);
  test_world_let_see (self, self->processes->pids[self->processes->n - 1]);
  return self->processes->n - 1;
}

void
test_world_look (TestWorld *self)
{
  g_autoptr(GError) error = NULL;

  qmp_finder_refresh (self->finder, NULL, &error);
  g_assert_no_error (error);
}

char *
test_world_dup_path (TestWorld  *self,
                     const char *name)
{
  return g_build_filename (self->processes->folder, name, NULL);
}
