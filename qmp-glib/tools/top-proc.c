/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "top-proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NANOSECONDS 1000000000

gint64
top_proc_parse (const char *text)
{
  /* The name in front may have anything in it. */
  const char *behind = strrchr (text, ')');
  unsigned long user, system;

  if (behind == NULL ||
      sscanf (behind + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
    return -1;
  return (gint64) ((double) (user + system) * NANOSECONDS / sysconf (_SC_CLK_TCK));
}

gint64
top_proc_read (int pid,
               int thread)
{
  char path[64];
  char text[1024];
  gssize length;
  int fd;

  if (thread == 0)
    g_snprintf (path, sizeof path, "/proc/%d/stat", pid);
  else
    g_snprintf (path, sizeof path, "/proc/%d/task/%d/stat", pid, thread);
  fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return -1;
  length = read (fd, text, sizeof text - 1);
  close (fd);
  if (length < 0)
    return -1;
  text[length] = '\0';
  return top_proc_parse (text);
}
