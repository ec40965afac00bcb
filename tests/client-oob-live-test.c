/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test-server.h"

/* A real QEMU whose main thread is blocked in a command, as in QEMU's own tests: blkdebug reads its configuration
 * from a FIFO. */

typedef struct {
  TestServer   *server;
  QmpClient    *client;
  char         *fifo;
  int           fifo_fd;  /* QEMU reads from the FIFO until this is closed; -1 before it is blocked, and after */
  GAsyncResult *blocked;  /* nullable: of the command that blocks */
} Qemu;

static void
qemu_begin (Qemu     *qemu,
            gboolean  out_of_band)
{
  g_autoptr (GError) error = NULL;

  *qemu = (Qemu) { .server = test_server_new (TEST_SERVER_QEMU), .fifo_fd = -1 };
  qemu->client = test_server_open (qemu->server);
  if (!out_of_band)
    {
      g_assert_true (test_close (qemu->client, &error));
      qmp_client_set_out_of_band (qemu->client, FALSE);
      g_assert_true (test_open (qemu->client, test_server_get_address (qemu->server), &error));
    }
  g_assert_cmpint (qmp_client_get_out_of_band_active (qemu->client), ==, out_of_band);
  qemu->fifo = g_build_filename (test_server_get_directory (qemu->server), "fifo", NULL);
  g_assert_cmpint (mkfifo (qemu->fifo, 0600), ==, 0);
}

/* Opening the FIFO waits until QEMU opens it too, so it is blocked for certain when this returns. */
static void
qemu_block (Qemu *qemu)
{
  g_autofree char *text = g_strdup_printf ("{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": \"blkdebug\", "
                                           "\"node-name\": \"slow\", \"config\": \"%s\", "
                                           "\"image\": {\"driver\": \"null-co\"}}}", qemu->fifo);
  g_autoptr (QmpMessage) message = test_message (text);

  qmp_client_execute_message_async (qemu->client, message, NULL, test_result_cb, &qemu->blocked);
  test_spin_ready ();
  qemu->fifo_fd = open (qemu->fifo, O_WRONLY | O_CLOEXEC);
  g_assert_cmpint (qemu->fifo_fd, >=, 0);
}

static void
qemu_unblock (Qemu *qemu)
{
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (qemu->blocked);
  close (qemu->fifo_fd);
  test_spin_until (qemu->blocked != NULL);
  value = qmp_client_execute_message_finish (qemu->client, qemu->blocked, &error);
  g_assert_no_error (error);
  g_clear_object (&qemu->blocked);
}

static void
qemu_end (Qemu *qemu)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (test_close (qemu->client, &error));
  test_client_free (qemu->client);
  test_server_free (qemu->server);
  g_free (qemu->fifo);
}

/* --- out-of-band --- */

#define N_WAITING 12

static guint
count_ended (GAsyncResult *results[],
             guint         n_results)
{
  guint n = 0;

  for (guint i = 0; i < n_results; i++)
    n += results[i] != NULL;
  return n;
}

static void
assert_good_and_clear (GAsyncResult *results[],
                       guint         n_results)
{
  for (guint i = 0; i < n_results; i++)
    {
      g_autoptr (JsonNode) value = NULL;
      g_autoptr (GError) error = NULL;

      test_spin_until (results[i] != NULL);
      value = g_task_propagate_pointer (G_TASK (results[i]), &error);
      g_assert_no_error (error);
      g_clear_object (&results[i]);
    }
}

/* Twelve behind the blocked one; the out-of-band command, async and blocking, is answered while all of them wait. */
static void
test_overtakes (void)
{
  Qemu qemu;
  GAsyncResult *results[N_WAITING] = { NULL };
  g_autoptr (QmpMessage) query = test_message ("{\"exec-oob\": \"query-yank\"}");

  qemu_begin (&qemu, TRUE);
  qemu_block (&qemu);
  for (guint i = 0; i < N_WAITING; i++)
    qmp_client_execute_async (qemu.client, "query-name", NULL, NULL, test_result_cb, &results[i]);
  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (JsonNode) value = NULL;
      g_autoptr (GError) error = NULL;

      if (i % 2 == 0)
        value = test_execute_message (qemu.client, query, &error);
      else
        value = qmp_client_execute_message (qemu.client, query, NULL, &error);
      g_assert_no_error (error);
      g_assert_true (JSON_NODE_HOLDS_ARRAY (value));
    }
  g_assert_null (qemu.blocked);
  g_assert_cmpuint (count_ended (results, N_WAITING), ==, 0);
  qemu_unblock (&qemu);
  assert_good_and_clear (results, N_WAITING);
  qemu_end (&qemu);
}

/* QEMU's own errors come through. */
static void
test_errors (void)
{
  Qemu qemu;
  g_autoptr (QmpMessage) unfit = test_message ("{\"exec-oob\": \"query-name\"}");
  g_autoptr (QmpMessage) recover = test_message ("{\"exec-oob\": \"migrate-pause\"}");
  g_autoptr (GError) error = NULL;

  qemu_begin (&qemu, TRUE);
  qemu_block (&qemu);
  g_assert_null (test_execute_message (qemu.client, unfit, &error));
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
  test_assert_error_has (error, "query-name");
  g_clear_error (&error);
  g_assert_null (test_execute_message (qemu.client, recover, &error));
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
  g_clear_error (&error);
  qemu_unblock (&qemu);
  qemu_end (&qemu);
}

/* Without it the client says so; QEMU would not read it before the slow command has ended. */
static void
test_refused (void)
{
  Qemu qemu;
  g_autoptr (QmpMessage) query = test_message ("{\"exec-oob\": \"query-yank\"}");
  g_autoptr (GError) error = NULL;

  qemu_begin (&qemu, FALSE);
  qemu_block (&qemu);
  g_assert_null (test_execute_message (qemu.client, query, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  qemu_unblock (&qemu);
  qemu_end (&qemu);
}

/* --- descriptors --- */

static int
open_file (void)
{
  int fd = memfd_create ("qmp-test", MFD_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  return fd;
}

/* fd < 0: without a descriptor. */
static QmpMessage *
build_command (const char *text,
               int         fd)
{
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new ();
  g_autoptr (GError) error = NULL;
  QmpMessage *message = test_message (text);

  if (fd < 0)
    return message;
  g_unix_fd_list_append (list, fd, &error);
  g_assert_no_error (error);
  qmp_message_set_fd_list (message, list);
  return message;
}

/* add-fd into the set number, which says so in its "opaque" too. */
static QmpMessage *
build_add_fd (guint number,
              int   fd)
{
  g_autofree char *text = g_strdup_printf ("{\"execute\": \"add-fd\", \"arguments\": {\"fdset-id\": %u, "
                                           "\"opaque\": \"set %u\"}}", number, number);

  return build_command (text, fd);
}

static ino_t
get_inode (int fd)
{
  struct stat info;

  g_assert_cmpint (fstat (fd, &info), ==, 0);
  return info.st_ino;
}

/* The one descriptor of each set, as QEMU has it, is the file of fds[set's number]. */
static void
assert_sets (Qemu  *qemu,
             int    fds[],
             guint  n_sets)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) sets = test_execute (qemu->client, "query-fdsets", &error);
  JsonArray *array;

  g_assert_no_error (error);
  array = json_node_get_array (sets);
  g_assert_cmpuint (json_array_get_length (array), ==, n_sets);
  for (guint i = 0; i < n_sets; i++)
    {
      JsonObject *set = json_array_get_object_element (array, i);
      guint number = json_object_get_int_member (set, "fdset-id");
      JsonArray *members = json_object_get_array_member (set, "fds");
      JsonObject *member = json_array_get_object_element (members, 0);
      g_autofree char *opaque = g_strdup_printf ("set %u", number);
      g_autofree char *path = NULL;
      struct stat info;

      g_assert_cmpuint (json_array_get_length (members), ==, 1);
      g_assert_cmpstr (json_object_get_string_member (member, "opaque"), ==, opaque);
      path = g_strdup_printf ("/proc/%d/fd/%d", (int) test_server_get_pid (qemu->server),
                              (int) json_object_get_int_member (member, "fd"));
      g_assert_cmpint (stat (path, &info), ==, 0);
      g_assert_cmpuint (number, <, 100);
      g_assert_cmpuint (info.st_ino, ==, get_inode (fds[number]));
    }
}

static gboolean
qemu_has_file (Qemu  *qemu,
               ino_t  inode)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd", (int) test_server_get_pid (qemu->server));
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);
      struct stat info;

      if (stat (file, &info) == 0 && info.st_ino == inode)
        return TRUE;
    }
  return FALSE;
}

#define N_FDS 8

/* How the descriptors go: with their commands, by themselves before them, or one after the other. */
typedef enum {
  WITH_COMMAND,
  BARE,
  MIXED,
} Way;

typedef struct {
  const char *path;
  gboolean    out_of_band;
  Way         way;
} Passing;

static const Passing passings[] = {
  { "/client/oob-live/fds/on/with-command", TRUE, WITH_COMMAND },
  { "/client/oob-live/fds/on/by-themselves", TRUE, BARE },
  { "/client/oob-live/fds/on/mixed", TRUE, MIXED },
  { "/client/oob-live/fds/off/with-command", FALSE, WITH_COMMAND },
  { "/client/oob-live/fds/off/by-themselves", FALSE, BARE },
  { "/client/oob-live/fds/off/mixed", FALSE, MIXED },
};

static void
send_bare (Qemu *qemu,
           int   fd)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (qmp_client_send_fd (qemu->client, fd, &error));
  g_assert_no_error (error);
}

static gboolean
goes_bare (const Passing *passing,
           guint          number)
{
  return passing->way == BARE || (passing->way == MIXED && number % 2 == 1);
}

/* An out-of-band command is answered when all that went out before it has been read. */
static void
wait_until_read (Qemu *qemu)
{
  g_autoptr (QmpMessage) query = test_message ("{\"exec-oob\": \"query-yank\"}");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = test_execute_message (qemu->client, query, &error);

  g_assert_no_error (error);
}

/* All behind one that blocks, with others between: each command has its own descriptor in the end. */
static void
test_fds (gconstpointer data)
{
  const Passing *passing = data;
  Qemu qemu;
  int fds[N_FDS + 1];
  GAsyncResult *added[N_FDS] = { NULL };
  GAsyncResult *others[N_FDS / 2] = { NULL };
  GAsyncResult *got = NULL;
  g_autoptr (QmpMessage) getfd = NULL;
  guint n_fds;

  qemu_begin (&qemu, passing->out_of_band);
  n_fds = test_count_fds ();
  qemu_block (&qemu);
  for (guint i = 0; i <= N_FDS; i++)
    fds[i] = open_file ();
  for (guint i = 0; i < N_FDS; i++)
    {
      gboolean bare = goes_bare (passing, i);
      g_autoptr (QmpMessage) add_fd = build_add_fd (i, bare ? -1 : fds[i]);

      if (bare)
        send_bare (&qemu, fds[i]);
      qmp_client_execute_message_async (qemu.client, add_fd, NULL, test_result_cb, &added[i]);
      if (i % 4 >= 2)
        qmp_client_execute_async (qemu.client, "query-name", NULL, NULL, test_result_cb, &others[i / 4 * 2 + i % 2]);
    }
  getfd = build_command ("{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"last\"}}",
                         passing->way == BARE ? -1 : fds[N_FDS]);
  if (passing->way == BARE)
    send_bare (&qemu, fds[N_FDS]);
  qmp_client_execute_message_async (qemu.client, getfd, NULL, test_result_cb, &got);
  g_clear_object (&getfd);
  if (passing->out_of_band)
    wait_until_read (&qemu);
  g_assert_cmpuint (count_ended (added, N_FDS), ==, 0);
  qemu_unblock (&qemu);
  assert_good_and_clear (added, N_FDS);
  assert_good_and_clear (others, N_FDS / 2);
  assert_good_and_clear (&got, 1);
  assert_sets (&qemu, fds, N_FDS);
  g_assert_true (qemu_has_file (&qemu, get_inode (fds[N_FDS])));
  for (guint i = 0; i <= N_FDS; i++)
    close (fds[i]);
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
  qemu_end (&qemu);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/oob-live/overtakes", test_overtakes);
  g_test_add_func ("/client/oob-live/errors", test_errors);
  g_test_add_func ("/client/oob-live/refused", test_refused);
  for (guint i = 0; i < G_N_ELEMENTS (passings); i++)
    g_test_add_data_func (passings[i].path, &passings[i], test_fds);
  return g_test_run ();
}
