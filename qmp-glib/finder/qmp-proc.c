/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "finder/qmp-proc-private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The kernel takes no longer command lines. */
#define MAX_ARGUMENTS (8 * 1024 * 1024)
#define MAX_STAT (8 * 1024)
/* What is read at first, and is enough of most processes. */
#define CHUNK 4096

#define SOCKET_PREFIX "socket:["

/* --- files --- */

static gboolean
read_all (int      fd,
          GString *text,
          gsize    max)
{
  while (text->len < max)
    {
      gsize old = text->len, room = MIN (MAX (old, CHUNK), max - old);
      gssize n;

      g_string_set_size (text, old + room);
      n = TEMP_FAILURE_RETRY (read (fd, text->str + old, room));
      g_string_set_size (text, old + MAX (n, 0));
      if (n <= 0)
        return n == 0;
    }
  return TRUE;
}

/* Others say which file it is: it is opened when it is known to be a file, since to open a pipe or a device has effects. */
static int
open_file (int         process,
           const char *name)
{
  char again[sizeof "/proc/self/fd/" + 16];
  struct stat info;
  int place = openat (process, name, O_PATH | O_CLOEXEC);
  int fd = -1;

  if (place < 0)
    return -1;
  if (fstat (place, &info) == 0 && S_ISREG (info.st_mode))
    {
      g_snprintf (again, sizeof again, "/proc/self/fd/%d", place);
      fd = open (again, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    }
  close (place);
  return fd;
}

char *
qmp_proc_read_file (int         process,
                    const char *name,
                    gsize       max,
                    gsize      *length)
{
  int fd = open_file (process, name);
  GString *text;
  gboolean good;

  if (fd < 0)
    return NULL;
  text = g_string_new (NULL);
  good = read_all (fd, text, max);
  close (fd);
  if (length != NULL)
    *length = text->len;
  return g_string_free (text, !good);
}

char *
qmp_proc_dup_link (int         process,
                   const char *name)
{
  char target[PATH_MAX];
  gssize length = readlinkat (process, name, target, sizeof target);

  return length > 0 && length < (gssize) sizeof target ? g_strndup (target, length) : NULL;
}

/* --- processes --- */

static int
compare_numbers (gconstpointer a,
                 gconstpointer b)
{
  return *(const int *) a - *(const int *) b;
}

/* -1 if the text is not one. */
static int
parse_number (const char *text)
{
  guint64 number;

  return g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT, &number, NULL) ? (int) number : -1;
}

/* NULL if it cannot be read. */
static DIR *
open_folder (int         process,
             const char *name)
{
  int fd = openat (process, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *folder = fd >= 0 ? fdopendir (fd) : NULL;

  if (fd >= 0 && folder == NULL)
    close (fd);
  return folder;
}

GArray *
qmp_proc_list (int root)
{
  GArray *pids = g_array_new (FALSE, FALSE, sizeof (int));
  DIR *folder = open_folder (root, ".");
  struct dirent *entry;

  while (folder != NULL && (entry = readdir (folder)) != NULL)
    {
      int pid = parse_number (entry->d_name);

      if (pid > 0)
        g_array_append_val (pids, pid);
    }
  if (folder != NULL)
    closedir (folder);
  g_array_sort (pids, compare_numbers);
  return pids;
}

int
qmp_proc_open (int root,
               int pid)
{
  char name[16];

  g_snprintf (name, sizeof name, "%d", pid);
  return openat (root, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* The kernel may have to wait for a process to give its command line, but not its program. So most are not asked for it. */
char *
qmp_proc_dup_program (int         process,
                      const char *folder)
{
  char name[32];
  g_autofree char *path = NULL;

  g_snprintf (name, sizeof name, "%sexe", folder);
  path = qmp_proc_dup_link (process, name);
  if (path == NULL && (errno == EACCES || errno == EPERM))
    {
      g_snprintf (name, sizeof name, "%scmdline", folder);
      path = qmp_proc_read_file (process, name, CHUNK, NULL);
    }
  return path != NULL && *path != '\0' ? g_path_get_basename (path) : NULL;
}

char **
qmp_proc_dup_arguments (int process)
{
  gsize length = 0;
  g_autofree char *text = qmp_proc_read_file (process, "cmdline", MAX_ARGUMENTS, &length);
  g_autoptr(GPtrArray) words = g_ptr_array_new ();

  if (text == NULL)
    return NULL;
  for (const char *at = text; at < text + length; at += strlen (at) + 1)
    g_ptr_array_add (words, g_strdup (at));
  g_ptr_array_add (words, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&words), FALSE);
}

/* "PID (NAME) STATE …", where the name may have anything in it. The time is the 20th number behind the state. */
gboolean
qmp_proc_read_stat (int          process,
                    QmpProcStat *stat)
{
  g_autofree char *text = qmp_proc_read_file (process, "stat", MAX_STAT, NULL);
  char *name = text != NULL ? strchr (text, '(') : NULL;
  char *end = name != NULL ? strrchr (name, ')') : NULL;

  if (end == NULL || sscanf (end, ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d"
                             " %" G_GUINT64_FORMAT, &stat->state, &stat->start_time) != 2)
    return FALSE;
  *end = '\0';
  stat->name = g_utf8_make_valid (name + 1, -1);
  return TRUE;
}

/* Its folder is root's if it has changed its user. */
int
qmp_proc_get_user (int process)
{
  g_autofree char *text = qmp_proc_read_file (process, "status", MAX_STAT, NULL);
  const char *line = text != NULL ? strstr (text, "\nUid:") : NULL;
  int user;

  return line != NULL && sscanf (line, "\nUid: %*u %d", &user) == 1 ? user : -1;
}

char *
qmp_proc_dup_variable (int         process,
                       const char *name)
{
  gsize length = 0, name_length = strlen (name);
  g_autofree char *text = qmp_proc_read_file (process, "environ", MAX_ARGUMENTS, &length);

  for (const char *at = text; at != NULL && at < text + length; at += strlen (at) + 1)
    if (strncmp (at, name, name_length) == 0 && at[name_length] == '=')
      return g_strdup (at + name_length + 1);
  return NULL;
}

gboolean
qmp_proc_is_visible (int process)
{
  return faccessat (process, "fd", R_OK | X_OK, AT_EACCESS) == 0;
}

GHashTable *
qmp_proc_list_sockets (int process)
{
  DIR *folder = open_folder (process, "fd");
  GHashTable *sockets;
  struct dirent *entry;

  if (folder == NULL)
    return NULL;
  sockets = g_hash_table_new (NULL, NULL);
  while ((entry = readdir (folder)) != NULL)
    {
      char target[64];
      gssize length = readlinkat (dirfd (folder), entry->d_name, target, sizeof target - 1);

      if (length <= 0)
        continue;
      target[length] = '\0';
      if (g_str_has_prefix (target, SOCKET_PREFIX))
        g_hash_table_insert (sockets, GINT_TO_POINTER (parse_number (entry->d_name)),
                             GUINT_TO_POINTER (strtoul (target + strlen (SOCKET_PREFIX), NULL, 10)));
    }
  closedir (folder);
  return sockets;
}
