/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire/qmp-tunnel-private.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test-utils.h"

/* A tunnel alone, with a program that says it is ssh. */

typedef struct {
  char         *directory;
  char         *runtime;    /* where the sockets are made */
  QmpIoContext *io;
  QmpTunnel    *tunnel;
  GIOStream    *stream;
  GError       *error;
  gboolean      over;
} Room;

static char *original_path;

static char *
make_directory (Room       *room,
                const char *name)
{
  char *path = g_build_filename (room->directory, name, NULL);

  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  return path;
}

static void
set_up (Room          *room,
        gconstpointer  data)
{
  g_autofree char *bin = NULL;
  g_autofree char *notes = NULL;
  g_autofree char *name = NULL;
  g_autofree char *fake = g_test_build_filename (G_TEST_DIST, "fake-ssh", NULL);
  g_autofree char *path = NULL;

  room->directory = g_dir_make_tmp ("qmp-tunnel-XXXXXX", NULL);
  room->runtime = make_directory (room, "a:b%c\\d");
  room->io = qmp_io_context_get (g_main_context_default ());
  bin = make_directory (room, "bin");
  notes = make_directory (room, "notes");
  name = g_build_filename (bin, "ssh", NULL);
  g_assert_cmpint (symlink (fake, name), ==, 0);
  path = g_strconcat (bin, ":", original_path, NULL);
  g_setenv ("PATH", path, TRUE);
  g_setenv ("FAKE_SSH_NOTES", notes, TRUE);
  g_setenv ("FAKE_SSH_WORDS", "", TRUE);
  g_setenv ("XDG_RUNTIME_DIR", room->runtime, TRUE);
}

static void
remove_all (const char *path)
{
  const char *argv[] = { "rm", "-r", path, NULL };

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
}

/* Nothing is left: no process, no zombie, no file. */
static void
tear_down (Room          *room,
           gconstpointer  data)
{
  g_clear_pointer (&room->tunnel, qmp_tunnel_free);
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, -1);
  g_assert_cmpint (errno, ==, ECHILD);
  g_assert_cmpint (g_rmdir (room->runtime), ==, 0);
  g_clear_object (&room->stream);
  g_clear_error (&room->error);
  qmp_io_context_unref (room->io);
  g_setenv ("PATH", original_path, TRUE);
  remove_all (room->directory);
  g_free (room->runtime);
  g_free (room->directory);
}

static void
connected_cb (gpointer   owner,
              GIOStream *stream)
{
  Room *room = owner;

  g_assert_null (room->stream);
  room->stream = g_object_ref (stream);
}

static void
failed_cb (gpointer  owner,
           GError   *error)
{
  Room *room = owner;

  g_assert_no_error (room->error);
  room->error = error;
}

static const QmpTunnelFuncs funcs = { connected_cb, failed_cb };

static void
over_cb (gpointer owner)
{
  ((Room *) owner)->over = TRUE;
}

static void
begin_in (Room         *room,
          const char   *mode,
          QmpIoContext *io)
{
  const QmpSshPlace place = { (char *) "me", (char *) "there", 2222, (char *) "/run/a:b %\\.sock" };
  g_autoptr(GError) error = NULL;

  g_setenv ("FAKE_SSH", mode, TRUE);
  room->tunnel = qmp_tunnel_new (&place, TRUE, io, &funcs, room, &error);
  g_assert_no_error (error);
}

static void
begin (Room       *room,
       const char *mode)
{
  begin_in (room, mode, room->io);
}

static void
connect (Room       *room,
         const char *mode)
{
  begin (room, mode);
  test_spin_until (room->stream != NULL);
  g_assert_no_error (room->error);
}

/* NULL until the fake has written it. */
static char *
read_note (const char *name)
{
  g_autofree char *path = g_build_filename (g_getenv ("FAKE_SSH_NOTES"), name, NULL);
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);
  return text;
}

static char *
wait_for_note (const char *name)
{
  char *text;

  test_wait_until ((text = read_note (name)) != NULL);
  return text;
}

static void
send (Room       *room,
      const char *text)
{
  GOutputStream *output = g_io_stream_get_output_stream (room->stream);

  g_assert_true (g_output_stream_write_all (output, text, strlen (text), NULL, NULL, NULL));
}

/* Blocks, for what comes or for the end. */
static void
assert_comes (Room       *room,
              const char *text)
{
  char buffer[100] = "";

  g_socket_set_blocking (g_socket_connection_get_socket (G_SOCKET_CONNECTION (room->stream)), TRUE);
  g_assert_cmpint (g_input_stream_read (g_io_stream_get_input_stream (room->stream), buffer, sizeof buffer - 1, NULL, NULL), >=,
                   0);
  g_assert_cmpstr (buffer, ==, text);
}

static void
end (Room *room)
{
  if (!qmp_tunnel_end (room->tunnel, over_cb, room))
    test_spin_until (room->over);
}

static void
assert_words (Room       *room,
              const char *expected)
{
  g_autofree char *words = qmp_tunnel_dup_words (room->tunnel);

  g_assert_cmpstr (words, ==, expected);
}

/* --- as it should be --- */

static void
test_argv (Room          *room,
           gconstpointer  data)
{
  static const char expected[] =
    "-N\n-o\nBatchMode=yes\n-o\nControlMaster=no\n-o\nControlPath=none\n-o\nExitOnForwardFailure=no\n-o\nPermitLocalCommand=no\n"
    "-o\nLogLevel=INFO\n-o\nServerAliveInterval=60\n-o\nServerAliveCountMax=3\n-p\n2222\n-l\nme\n-L\nLOCAL"
    ":/run/a\\:b %%\\\\.sock\n--\nthere";
  g_autofree char *argv = NULL;
  g_autoptr(GString) text = NULL;
  g_autoptr(GRegex) local = g_regex_new ("\n/.*/a\\\\:b%%c\\\\\\\\d/qmp-ssh-....../s:", 0, 0, NULL);
  g_autofree char *replaced = NULL;

  begin (room, "hang");
  argv = wait_for_note ("argv");
  replaced = g_regex_replace_literal (local, argv, -1, 0, "\nLOCAL:", 0, NULL);
  g_assert_cmpstr (replaced, ==, expected);
}

static void
test_connected (Room          *room,
                gconstpointer  data)
{
  g_autoptr(GDir) directory = NULL;

  connect (room, "listen");
  /* Nothing of it has a name any more, and nobody can connect but us. */
  directory = g_dir_open (room->runtime, 0, NULL);
  g_assert_null (g_dir_read_name (directory));
  send (room, "hello");
  assert_comes (room, "hello");
  assert_words (room, NULL);
  g_io_stream_close (room->stream, NULL, NULL);
  end (room);
  assert_words (room, NULL);
}

static void
test_elsewhere (Room          *room,
                gconstpointer  data)
{
  g_autoptr(GMainContext) other = g_main_context_new ();
  g_autoptr(QmpIoContext) io = qmp_io_context_get (other);

  begin_in (room, "listen", io);
  test_spin_ready ();
  g_assert_null (room->stream);
  qmp_tunnel_attach (room->tunnel, room->io);
  test_spin_until (room->stream != NULL);
  qmp_tunnel_attach (room->tunnel, io);
  g_assert_false (qmp_tunnel_end (room->tunnel, over_cb, room));
  qmp_tunnel_attach (room->tunnel, room->io);
  test_spin_until (room->over);
}

static void
test_no_runtime_directory (Room          *room,
                           gconstpointer  data)
{
  g_setenv ("XDG_RUNTIME_DIR", "/nonexistent", TRUE);
  connect (room, "listen");
}

/* --- as it should not --- */

static void
test_said (Room          *room,
           gconstpointer  data)
{
  g_setenv ("FAKE_SSH_WORDS", "one\ntwo\nWarning: of something\n\n three\r\nfour \033[31m\342\200\256\377\nfive\n", TRUE);
  begin (room, "say");
  test_spin_until (room->error != NULL);
  g_assert_error (room->error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_assert_cmpstr (room->error->message, ==, "two; three; four ?[31m?\357\277\275; five");
}

static void
test_said_long (Room          *room,
                gconstpointer  data)
{
  g_autofree char *line = g_strnfill (100000, 'x');

  g_setenv ("FAKE_SSH_WORDS", line, TRUE);
  begin (room, "say");
  test_spin_until (room->error != NULL);
  g_assert_cmpuint (strlen (room->error->message), ==, 200);
}

static void
test_quiet (Room          *room,
            gconstpointer  data)
{
  begin (room, "quiet");
  test_spin_until (room->error != NULL);
  g_assert_error (room->error, G_IO_ERROR, G_IO_ERROR_FAILED);
  test_assert_error_has (room->error, "status 3");
}

static void
test_killed (Room          *room,
             gconstpointer  data)
{
  g_autofree char *pid = NULL;

  begin (room, "hang");
  pid = wait_for_note ("pid");
  kill (atoi (pid), SIGKILL);
  test_spin_until (room->error != NULL);
  test_assert_error_has (room->error, "signal 9");
}

static void
test_missing (Room          *room,
              gconstpointer  data)
{
  g_setenv ("PATH", room->runtime, TRUE);
  begin (room, "hang");
  test_spin_until (room->error != NULL);
  g_assert_error (room->error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
}

static void
test_nowhere (Room          *room,
              gconstpointer  data)
{
  g_autofree char *deep = g_build_filename (room->runtime, "a-directory-whose-name-is-so-long-that-no-socket-has-room-behind-it", NULL);
  g_autofree char *argv = NULL;

  g_assert_cmpint (g_mkdir (deep, 0700), ==, 0);
  g_setenv ("XDG_RUNTIME_DIR", deep, TRUE);
  connect (room, "listen");
  g_assert_cmpint (g_rmdir (deep), ==, 0);
}

/* What was said before it has connected is no cause of what comes later. */
static void
test_refused (Room          *room,
              gconstpointer  data)
{
  g_setenv ("FAKE_SSH_WORDS", "channel 1: open failed: connect failed: open failed\n", TRUE);
  connect (room, "refuse");
  send (room, "x");
  assert_comes (room, "");
  end (room);
  assert_words (room, "channel 1: open failed: connect failed: open failed "
                      "(nobody listens at the path there, or not for this user)");
}

static void
test_ends_first (Room          *room,
                 gconstpointer  data)
{
  g_setenv ("FAKE_SSH_WORDS", "Connection to there closed by remote host.\r\n", TRUE);
  connect (room, "leave");
  send (room, "x");
  assert_comes (room, "");
  end (room);
  assert_words (room, "Connection to there closed by remote host.");
}

static void
test_deaf (Room          *room,
           gconstpointer  data)
{
  connect (room, "deaf");
  send (room, "x");
  assert_comes (room, "");
  g_assert_false (qmp_tunnel_end (room->tunnel, over_cb, room));
  g_assert_true (qmp_io_context_hurry (room->io));
  test_spin_until (room->over);
}

/* --- who drops it --- */

static gboolean
is_alive (const char *pid)
{
  return kill (atoi (pid), 0) == 0;
}

static void
test_dropped (Room          *room,
              gconstpointer  data)
{
  g_autofree char *pid = NULL;

  begin (room, data);
  pid = wait_for_note ("pid");
  g_clear_pointer (&room->tunnel, qmp_tunnel_free);
  g_assert_false (is_alive (pid));
}

static void
free_cb (gpointer   owner,
         GIOStream *stream)
{
  Room *room = owner;

  room->stream = g_object_ref (stream);
  g_clear_pointer (&room->tunnel, qmp_tunnel_free);
}

static void
free_failed_cb (gpointer  owner,
                GError   *error)
{
  Room *room = owner;

  room->error = error;
  g_clear_pointer (&room->tunnel, qmp_tunnel_free);
}

static void
free_over_cb (gpointer owner)
{
  Room *room = owner;

  room->over = TRUE;
  g_clear_pointer (&room->tunnel, qmp_tunnel_free);
}

static void
test_dropped_inside (Room          *room,
                     gconstpointer  data)
{
  static const QmpTunnelFuncs freeing = { free_cb, free_failed_cb };
  const QmpSshPlace place = { NULL, (char *) "there", 0, (char *) "/s" };

  g_setenv ("FAKE_SSH", data, TRUE);
  room->tunnel = qmp_tunnel_new (&place, FALSE, room->io, &freeing, room, NULL);
  test_spin_until (room->tunnel == NULL);
}

static void
test_dropped_over (Room          *room,
                   gconstpointer  data)
{
  connect (room, "listen");
  g_assert_false (qmp_tunnel_end (room->tunnel, free_over_cb, room));
  test_spin_until (room->over);
}

/* A program that is killed in the middle takes it along. */
static void
test_program_killed (Room          *room,
                     gconstpointer  data)
{
  g_autofree char *note = NULL;
  pid_t program = fork ();

  if (program == 0)
    {
      GMainContext *context = g_main_context_new ();

      begin_in (room, data, qmp_io_context_get (context));
      while (TRUE)
        g_main_context_iteration (context, TRUE);
    }
  note = wait_for_note ("pid");
  kill (program, SIGKILL);
  g_assert_cmpint (waitpid (program, NULL, 0), ==, program);
  test_wait_until (!is_alive (note));
  remove_all (room->runtime);
  g_assert_cmpint (g_mkdir (room->runtime, 0700), ==, 0);
}

static void
add (const char    *name,
     gconstpointer  data,
     void        (* test) (Room *room, gconstpointer data))
{
  g_autofree char *path = g_strconcat ("/tunnel/", name, NULL);

  g_test_add (path, Room, data, set_up, test, tear_down);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  original_path = g_strdup (g_getenv ("PATH"));

  add ("argv", NULL, test_argv);
  add ("connected", NULL, test_connected);
  add ("elsewhere", NULL, test_elsewhere);
  add ("no-runtime-directory", NULL, test_no_runtime_directory);
  add ("nowhere", NULL, test_nowhere);
  add ("said", NULL, test_said);
  add ("said/long", NULL, test_said_long);
  add ("quiet", NULL, test_quiet);
  add ("killed", NULL, test_killed);
  add ("missing", NULL, test_missing);
  add ("refused", NULL, test_refused);
  add ("ends-first", NULL, test_ends_first);
  add ("deaf", NULL, test_deaf);
  add ("dropped/hang", "hang", test_dropped);
  add ("dropped/listen", "listen", test_dropped);
  add ("dropped/connected", "listen", test_dropped_inside);
  add ("dropped/failed", "quiet", test_dropped_inside);
  add ("dropped/over", NULL, test_dropped_over);
  add ("program-killed/hang", "hang", test_program_killed);
  add ("program-killed/listen", "listen", test_program_killed);

  return g_test_run ();
}
