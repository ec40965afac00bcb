/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Counts live objects, for tests in languages that collect garbage. Debian's GLib is built without its own counters.
 *
 * It is preloaded, and stands before g_object_new() and its like. QMP_TEST_LIVE is set to the path of a file that has a
 * line for each type, its name and how many there are; it changes as objects come and go. */

#include <dlfcn.h>
#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define N_TYPES 32
#define LINE 64

typedef struct {
  GType type;
  int count;
} Live;

static Live live[N_TYPES];
static char (*lines)[LINE];
static GMutex lock;

static void __attribute__((constructor))
start (void)
{
  g_autofree char *path = NULL;
  int fd = memfd_create ("live-objects", MFD_CLOEXEC);

  g_assert_cmpint (ftruncate (fd, N_TYPES * LINE), ==, 0);
  lines = mmap (NULL, N_TYPES * LINE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  g_assert_true (lines != MAP_FAILED);
  path = g_strdup_printf ("/proc/self/fd/%d", fd);
  setenv ("QMP_TEST_LIVE", path, TRUE);
  /* What the program starts is not counted. */
  unsetenv ("LD_PRELOAD");
}

static gboolean
is_counted (GType type)
{
  return g_str_has_prefix (g_type_name (type), "Qmp") || type == G_TYPE_TASK;
}

static void
count (GType type, int change)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&lock);
  int i;

  for (i = 0; live[i].type != 0 && live[i].type != type; i++)
    g_assert_cmpint (i, <, N_TYPES - 1);
  live[i].type = type;
  live[i].count += change;
  g_snprintf (lines[i], LINE, "%-46s %15d\n", g_type_name (type), live[i].count);
}

static void
on_freed (gpointer data)
{
  count (GPOINTER_TO_SIZE (data), -1);
}

static gpointer
watch (gpointer object)
{
  GType type = G_OBJECT_TYPE (object);

  if (is_counted (type) && g_object_get_data (object, "live-objects") == NULL)
    {
      count (type, 1);
      g_object_set_data_full (object, "live-objects", GSIZE_TO_POINTER (type), on_freed);
    }
  return object;
}

gpointer
g_object_new (GType       type,
              const char *first_name,
              ...)
{
  GObject *(*next) (GType, const char *, va_list) = dlsym (RTLD_NEXT, "g_object_new_valist");
  GObject *object;
  va_list arguments;

  va_start (arguments, first_name);
  object = next (type, first_name, arguments);
  va_end (arguments);
  return watch (object);
}

GObject *
g_object_new_with_properties (GType         type,
                              guint         n_properties,
                              const char   *names[],
                              const GValue  values[])
{
  GObject *(*next) (GType, guint, const char **, const GValue *) = dlsym (RTLD_NEXT, "g_object_new_with_properties");

  return watch (next (type, n_properties, names, values));
}
