/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "finder/qmp-scan-private.h"

#include <glib/gstdio.h>
#include <qmp-glib/qmp-glib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* A folder that looks like /proc. */

typedef struct {
  char   *root;
  char   *folder;    /* where the processes work */
  GArray *sockets;   /* of int: that listen there */
} World;

#define NET_TCP "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
#define NET_UNIX "Num       RefCount Protocol Flags    Type St Inode Path\n"

static void
write_bytes (const char *folder,
             const char *name,
             const char *text,
             gssize      length)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, length, NULL));
}

static void
make_link (const char *folder,
           const char *name,
           const char *target)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_assert_cmpint (symlink (target, path), ==, 0);
}

static World *
world_new (const char *net_unix)
{
  World *world = g_new0 (World, 1);

  world->root = g_dir_make_tmp ("qmp-scan-XXXXXX", NULL);
  world->folder = g_dir_make_tmp ("qmp-work-XXXXXX", NULL);
  world->sockets = g_array_new (FALSE, FALSE, sizeof (int));
  write_bytes (world->root, "net/unix", net_unix, -1);
  return world;
}

static void
remove_tree (const char *path)
{
  g_autoptr(GDir) folder = g_dir_open (path, 0, NULL);
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      if (g_file_test (child, G_FILE_TEST_IS_SYMLINK) || !g_file_test (child, G_FILE_TEST_IS_DIR))
        g_unlink (child);
      else
        remove_tree (child);
    }
  g_rmdir (path);
}

static void
world_free (World *world)
{
  for (guint i = 0; i < world->sockets->len; i++)
    close (g_array_index (world->sockets, int, i));
  g_array_unref (world->sockets);
  remove_tree (world->root);
  remove_tree (world->folder);
  g_free (world->root);
  g_free (world->folder);
  g_free (world);
}

/* words: with one blank between them. */
static void
add_process (World      *world,
             int         pid,
             const char *exe,
             const char *words)
{
  g_autofree char *folder = g_strdup_printf ("%s/%d", world->root, pid);
  g_autofree char *cmdline = g_strdup (words);
  g_autofree char *stat = g_strdup_printf ("%d (a) b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 %d 20\n", pid, 1000 + pid);

  for (char *at = cmdline; *at != '\0'; at++)
    if (*at == ' ')
      *at = '\0';
  g_mkdir (folder, 0700);
  if (exe != NULL)
    make_link (folder, "exe", exe);
  write_bytes (folder, "cmdline", cmdline, *words != '\0' ? (gssize) strlen (words) + 1 : 0);
  write_bytes (folder, "stat", stat, -1);
  write_bytes (folder, "status", "Name:\tx\nUid:\t1000\t1001\t1001\t1001\n", -1);
  make_link (folder, "cwd", world->folder);
  make_link (folder, "root", "/");
}

static void
add_fd (World      *world,
        int         pid,
        int         fd,
        const char *target)
{
  g_autofree char *name = g_strdup_printf ("%d/fd/%d", pid, fd);

  make_link (world->root, name, target);
}

static void
add_socket (World      *world,
            const char *name)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_snprintf (address.sun_path, sizeof address.sun_path, "%s/%s", world->folder, name);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_array_append_val (world->sockets, fd);
}

static void
append_endpoint (GString     *out,
                 World       *world,
                 QmpEndpoint *endpoint)
{
  static const char * const states[] = { "unknown", "free", "held" };
  const char *address = qmp_endpoint_get_address (endpoint);

  if (address != NULL && g_str_has_prefix (address, world->folder))
    address += strlen (world->folder) + 1;
  g_string_append_printf (out, " [%s %s]", address != NULL ? address : "-", states[qmp_endpoint_get_state (endpoint)]);
}

static char *
describe (World *world)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpHolders) holders = qmp_holders_new ();
  g_autoptr(GPtrArray) instances = qmp_scan_run (world->root, NULL, holders, &error);
  GString *out = g_string_new (NULL);

  g_assert_no_error (error);
  for (guint i = 0; i < instances->len; i++)
    {
      QmpInstance *instance = instances->pdata[i];
      GListModel *endpoints = qmp_instance_get_endpoints (instance);

      g_string_append_printf (out, "%s%d %s", i > 0 ? "; " : "", qmp_instance_get_pid (instance),
                              qmp_instance_get_name (instance));
      for (guint j = 0; j < g_list_model_get_n_items (endpoints); j++)
        {
          g_autoptr(QmpEndpoint) endpoint = g_list_model_get_item (endpoints, j);

          append_endpoint (out, world, endpoint);
        }
    }
  return g_string_free (out, FALSE);
}

/* And frees it. */
static void
assert_is (World      *world,
           const char *expected)
{
  g_autofree char *text = describe (world);

  g_assert_cmpstr (text, ==, expected);
  world_free (world);
}

#define QEMU "/usr/bin/qemu-system-x86_64"

static void
test_programs (void)
{
  World *world = world_new (NET_UNIX);

  add_process (world, 30, QEMU, "kvm -name c");
  add_process (world, 4, QEMU " (deleted)", "anything -name b");
  add_process (world, 1, "/bin/sh", QEMU " -name script");
  add_process (world, 5, NULL, QEMU " -name thread-of-kernel");
  add_process (world, 6, QEMU, "");
  write_bytes (world->root, "self", "", 0);
  write_bytes (world->root, "99999999999", "", 0);
  assert_is (world, "4 b; 30 c");
}

/* What a process may be at the moment when it ends. */
static void
test_halves (void)
{
  World *world = world_new (NET_UNIX);
  g_autofree char *path = g_build_filename (world->root, "3", "stat", NULL);
  g_autofree char *other = g_build_filename (world->root, "4", NULL);
  g_autofree char *broken = g_build_filename (world->root, "5", NULL);

  add_process (world, 3, QEMU, "qemu -name no-stat");
  g_unlink (path);
  g_mkdir (other, 0700);
  make_link (other, "exe", QEMU);
  add_process (world, 5, QEMU, "qemu -name broken-stat");
  write_bytes (broken, "stat", "5 (x", -1);
  add_process (world, 6, QEMU, "qemu -name good");
  assert_is (world, "6 good");
}

static void
test_absurd (void)
{
  World *world = world_new (NET_UNIX "\n\n???\n");
  g_autoptr(GString) huge = g_string_new ("qemu -name huge");
  g_autofree char *bytes = g_build_filename (world->root, "8", NULL);

  for (guint i = 0; i < 100000; i++)
    g_string_append (huge, " -device x,y=z");
  g_string_append (huge, " -qmp unix:/no/such/socket,server");
  add_process (world, 7, QEMU, huge->str);
  add_process (world, 8, QEMU, "qemu");
  /* The last word without its NUL, and bytes that are not UTF-8. */
  write_bytes (bytes, "cmdline", "qemu\0-name\0\xff\n\x1b[2J", 17);
  assert_is (world, "7 huge [- unknown]; 8 \357\277\275\n\x1b[2J");
}

static void
test_sockets (void)
{
  World *world = world_new (
    NET_UNIX
    "0: 00000002 00000000 00010000 0001 01 10 free\n"
    "0: 00000002 00000000 00010000 0001 01 20 held\n"
    "0: 00000003 00000000 00000000 0001 03 21 held\n"
    "0: 00000002 00000000 00010000 0001 01 30 waits\n"
    "0: 00000003 00000000 00000000 0001 02 31 waits\n"
    "0: 00000002 00000000 00010000 0001 01 40 @abstract@@\n"
    "0: 00000003 00000000 00000000 0001 03 50\n");

  add_socket (world, "free");
  add_socket (world, "held");
  add_socket (world, "waits");
  add_process (world, 1, QEMU, "q -name a -qmp unix:free,server -qmp unix:held,server -qmp unix:waits,server "
               "-qmp unix:abstract,abstract=on,server -qmp unix:missing,server -qmp tcp::1,server -qmp stdio -qmp tcp:localhost:2,server "
               "-qmp tcp:localhost:3,server -qmp tcp:localhost:4,server");
  write_bytes (world->root, "net/tcp", NET_TCP
    " 0: 00000000:0001 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 60 1 0 100\n"
    " 1: 0100007F:0002 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 61 1 0 100\n"
    " 4: 0100007F:0001 0100007F:8A2C 01 00000000:00000000 00:00000000 00000000     0        0 0 1 0 100\n"
    " 2: 0100007F:0001 0100007F:8A2B 01 00000000:00000000 00:00000000 00000000     0        0 62 1 0 100\n"
    " 3: 0100007F:0003 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 63 1 0 100\n", -1);
  add_process (world, 2, QEMU, "q -name b -chardev socket,id=x,fd=3 -mon x,mode=control "
               "-chardev socket,id=y,fd=4 -mon y,mode=control -chardev socket,id=z,fd=5 -mon z,mode=control");
  add_fd (world, 1, 0, "/dev/null");
  add_fd (world, 1, 1, "socket:[10]");
  add_fd (world, 1, 2, "socket:[20]");
  add_fd (world, 1, 3, "socket:[21]");
  add_fd (world, 1, 4, "socket:[30]");
  add_fd (world, 1, 5, "socket:[40]");
  add_fd (world, 1, 6, "socket:[60]");
  add_fd (world, 1, 7, "socket:[61]");
  add_fd (world, 1, 8, "socket:[62]");
  add_fd (world, 2, 3, "socket:[40]");
  add_fd (world, 2, 4, "socket:[50]");
  add_fd (world, 2, 5, "socket:[9999]");
  assert_is (world, "1 a [free free] [held held] [waits held] [@abstract free] [- unknown] [:1 held] [- unknown] [localhost:2 free] "
             "[localhost:3 unknown] [localhost:4 unknown]; "
             "2 b [@abstract free] [- held] [- unknown]");
}

/* Two that have bound the same name, in folders of their own; one whose files cannot be seen. */
static void
test_same_name (void)
{
  World *world = world_new (
    NET_UNIX
    "0: 00000002 00000000 00010000 0001 01 10 m\n"
    "0: 00000002 00000000 00010000 0001 01 20 m\n"
    "0: 00000003 00000000 00000000 0001 03 21 m\n"
    "0: 00000003 00000000 00000000 0001 02 0 m\n");

  add_socket (world, "m");
  add_process (world, 1, QEMU, "q -name a -qmp unix:m,server");
  add_fd (world, 1, 5, "socket:[10]");
  add_process (world, 2, QEMU, "q -name b -qmp unix:m,server");
  add_fd (world, 2, 5, "socket:[20]");
  add_fd (world, 2, 6, "socket:[21]");
  add_process (world, 3, QEMU, "q -name c -qmp unix:m,server");
  assert_is (world, "1 a [m free]; 2 b [m held]; 3 c [m unknown]");
}

/* -readconfig is read as the process would read it, but no device and no pipe is. */
static void
test_config (void)
{
  World *world = world_new (NET_UNIX);
  g_autofree char *pipe_path = g_build_filename (world->folder, "pipe", NULL);

  write_bytes (world->folder, "config", "[name]\nguest = \"b\"\n", -1);
  g_assert_cmpint (mkfifo (pipe_path, 0600), ==, 0);
  add_process (world, 1, QEMU, "q -name a -readconfig config");
  add_process (world, 2, QEMU, "q -name a -readconfig pipe");
  add_process (world, 3, QEMU, "q -name a -readconfig /dev/zero");
  add_process (world, 4, QEMU, "q -name a -readconfig missing");
  assert_is (world, "1 b; 2 a; 3 a; 4 a");
}

static void
test_facts (void)
{
  World *world = world_new (NET_UNIX);
  g_autoptr(GPtrArray) instances = NULL;
  QmpInstance *instance;

  add_process (world, 1, QEMU, "q -uuid u -M pc");
  write_bytes (world->root, "1/stat", "1 (x) T 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 77 20\n", -1);
  instances = qmp_scan_run (world->root, NULL, NULL, NULL);
  instance = instances->pdata[0];
  g_assert_true (qmp_instance_get_stopped (instance));
  g_assert_false (qmp_instance_get_visible (instance));
  g_assert_cmpuint (qmp_instance_get_uid (instance), ==, 1001);
  g_assert_cmpuint (instance->start_time, ==, 77);
  g_assert_cmpstr (qmp_instance_get_program (instance), ==, "qemu-system-x86_64");
  g_assert_null (qmp_instance_get_name (instance));
  g_assert_cmpstr (qmp_instance_get_uuid (instance), ==, "u");
  g_assert_cmpstr (qmp_instance_get_machine_type (instance), ==, "pc");
  g_assert_true (qmp_scan_is_there (world->root, instance));
  instance->start_time++;
  g_assert_false (qmp_scan_is_there (world->root, instance));
  world_free (world);
}

static void
test_no_proc (void)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (qmp_scan_run ("/no/such/folder", NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/scan/programs", test_programs);
  g_test_add_func ("/scan/halves", test_halves);
  g_test_add_func ("/scan/absurd", test_absurd);
  g_test_add_func ("/scan/sockets", test_sockets);
  g_test_add_func ("/scan/same-name", test_same_name);
  g_test_add_func ("/scan/config", test_config);
  g_test_add_func ("/scan/facts", test_facts);
  g_test_add_func ("/scan/no-proc", test_no_proc);
  return g_test_run ();
}
