/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "soak-memory.h"

#include <stdio.h>
#include <unistd.h>

#include "soak-count.h"
#include "test-utils.h"

/* What may come and go: buffers of stdio, GLib's pools, entries of the table. A leak of one byte in each of a
 * million calls is more. */
#define MAX_ALLOCATED (256 * 1024)
/* Arenas that are broken into pieces. */
#define MAX_RESIDENT (8 * 1024 * 1024)

static gsize
get_resident (void)
{
  gsize pages = 0;
  FILE *file = fopen ("/proc/self/statm", "re");

  if (file == NULL || fscanf (file, "%*u %zu", &pages) != 1)
    soak_fail ("/proc/self/statm cannot be read");
  fclose (file);
  return pages * (gsize) sysconf (_SC_PAGESIZE);
}

static guint
count_threads (void)
{
  g_autoptr (GDir) directory = g_dir_open ("/proc/self/task", 0, NULL);
  guint count = 0;

  while (g_dir_read_name (directory) != NULL)
    count++;
  return count;
}

SoakMemory
soak_memory_measure (void)
{
  return (SoakMemory) {
    .allocated = test_count_allocated (),
    .resident = get_resident (),
    .n_fds = test_count_fds (),
    .n_threads = count_threads (),
  };
}

void
soak_memory_print (const char       *title,
                   const SoakMemory *memory)
{
  g_print ("%-28s %11zu bytes allocated, %6zu KiB resident, %u descriptors, %u threads\n", title,
           memory->allocated, memory->resident / 1024, memory->n_fds, memory->n_threads);
}

void
soak_memory_check (const SoakMemory *before,
                   const SoakMemory *after)
{
  if (after->n_fds != before->n_fds)
    soak_fail ("%u descriptors are open, and %u were", after->n_fds, before->n_fds);
  if (after->allocated > before->allocated + MAX_ALLOCATED)
    soak_fail ("%zu bytes more are allocated than before", after->allocated - before->allocated);
  if (after->resident > before->resident + MAX_RESIDENT)
    soak_fail ("%zu bytes more are resident than before", after->resident - before->resident);
}
