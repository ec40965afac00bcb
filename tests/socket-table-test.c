/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "finder/qmp-socket-table-private.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void
test_text (void)
{
  g_autoptr(QmpSocketTable) table = qmp_socket_table_new_from_text (
    "Num       RefCount Protocol Flags    Type St Inode Path\n"
    "0000000000000000: 00000002 00000000 00010000 0001 01 11 /run/a sock\n"
    "ffff888003b0a000: 00000003 00000000 00000000 0001 03 12 /run/a sock\n"
    "0000000000000000: 00000003 00000000 00000000 0001 02 13 /run/a sock\n"
    "0000000000000000: 00000003 00000000 00000000 0001 03 14\n"
    "0000000000000000: 00000002 00000000 00010000 0001 01 15 @name@@@\n"
    "0000000000000000: 00000002 00000000 00000000 0002 01 16 \n"
    "0000000000000000: 00000002\n"
    "of a name with a line end\n"
    "\n");
  GPtrArray *named = qmp_socket_table_get_named (table, "/run/a sock");
  const QmpSocketEntry *entry;

  g_assert_cmpuint (named->len, ==, 2);
  entry = qmp_socket_table_find (table, 11);
  g_assert_true (entry->listens && !entry->connected && !entry->abstract && entry->has_waiting);
  entry = qmp_socket_table_find (table, 12);
  g_assert_true (!entry->listens && entry->connected);
  /* Its number is another one when it is taken. */
  g_assert_null (qmp_socket_table_find (table, 13));
  g_assert_null (qmp_socket_table_find (table, 14)->name);
  entry = qmp_socket_table_find (table, 15);
  g_assert_true (entry->abstract);
  g_assert_cmpstr (entry->name, ==, "@name");
  g_assert_nonnull (qmp_socket_table_find (table, 16));
  g_assert_null (qmp_socket_table_get_named (table, "of"));
}

static guint
inode_of (int fd)
{
  struct stat info;

  g_assert_cmpint (fstat (fd, &info), ==, 0);
  return info.st_ino;
}

static int
make_socket (const char *name,
             gsize       length,
             gboolean    listens)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  socklen_t size = offsetof (struct sockaddr_un, sun_path) + length;
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  memcpy (address.sun_path, name, length);
  if (listens)
    {
      g_assert_cmpint (bind (fd, (struct sockaddr *) &address, size), ==, 0);
      g_assert_cmpint (listen (fd, 5), ==, 0);
    }
  else
    g_assert_cmpint (connect (fd, (struct sockaddr *) &address, size), ==, 0);
  return fd;
}

static int
make_path_socket (const char *path,
                  gboolean    listens)
{
  return make_socket (path, strlen (path) + 1, listens);
}

/* What the kernel says is what was done. */
static void
test_kernel (void)
{
  g_autofree char *folder = g_dir_make_tmp ("qmp-table-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "a\nb", NULL);
  int server = make_path_socket (path, TRUE), taken = make_path_socket (path, FALSE);
  int accepted = accept4 (server, NULL, NULL, SOCK_CLOEXEC), waits = make_path_socket (path, FALSE);
  int abstract = make_socket ("\0qmp-table-test\0\0", 17, TRUE);
  struct stat file;
  g_autoptr(QmpSocketTable) table = qmp_socket_table_new_from_kernel ();
  const QmpSocketEntry *entry;

  if (table == NULL)
    {
      g_test_skip ("this kernel does not answer");
      return;
    }
  g_assert_cmpint (stat (path, &file), ==, 0);
  entry = qmp_socket_table_find (table, inode_of (server));
  g_assert_true (entry->listens && !entry->connected && !entry->abstract);
  g_assert_cmpuint (entry->file, ==, (guint32) file.st_ino);
  g_assert_true (entry->has_waiting);
  g_assert_cmpuint (entry->waiting, ==, inode_of (waits));
  entry = qmp_socket_table_find (table, inode_of (accepted));
  g_assert_true (entry->connected && !entry->listens);
  g_assert_cmpuint (entry->peer, ==, inode_of (taken));
  g_assert_cmpuint (qmp_socket_table_find (table, inode_of (taken))->peer, ==, inode_of (accepted));
  g_assert_cmpuint (qmp_socket_table_get_named (table, path)->len, ==, 2);
  entry = qmp_socket_table_find (table, inode_of (abstract));
  g_assert_true (entry->abstract && entry->file == 0);
  g_assert_cmpstr (entry->name, ==, "@qmp-table-test");

  close (server);
  close (taken);
  close (accepted);
  close (waits);
  close (abstract);
  g_unlink (path);
  g_rmdir (folder);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/socket-table/text", test_text);
  g_test_add_func ("/socket-table/kernel", test_kernel);
  return g_test_run ();
}
