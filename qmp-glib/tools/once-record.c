/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixoutputstream.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <sys/stat.h>
#include <unistd.h>

#include "once.h"
#include "tool-server.h"
#include "tool-streams.h"

/* Until it is told to stop, or the server ends a session. */

static gboolean secrets, one_session;

typedef struct {
  Once      *once;
  GMainLoop *loop;
  GError    *error;   /* how it ends; nullable: well */
  gboolean   runs;    /* programs can connect */
  gboolean   failed;  /* the recording has */
} Session;

static void
ended_cb (QmpRecorder  *recorder,
          const GError *error,
          gpointer      user_data)
{
  Session *session = user_data;

  if (error == NULL && !one_session)
    return;
  if (error != NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED))
    session->error = g_error_copy (error);
  g_main_loop_quit (session->loop);
}

/* What a program does must not depend on whether it is recorded. */
static void
failed_cb (QmpRecorder  *recorder,
           const GError *error,
           gpointer      user_data)
{
  Session *session = user_data;

  session->failed = TRUE;
  if (session->runs)
    g_printerr (_("qmp: The recording has ended, and the session goes on: %s\n"), error->message);
  else
    once_fail (&session->error, ONCE_STATUS_FAILED, _("The recording cannot be written: %s"), error->message);
}

static gboolean
stop_cb (gpointer user_data)
{
  Session *session = user_data;

  g_main_loop_quit (session->loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
timeout_cb (gpointer user_data)
{
  Session *session = user_data;

  once_fail (&session->error, ONCE_STATUS_TIMEOUT, _("The time is over"));
  g_main_loop_quit (session->loop);
  return G_SOURCE_REMOVE;
}

/* Before anybody is told that it listens. */
static void
watch_signals (Session *session)
{
  const int signals[] = { SIGINT, SIGTERM, SIGHUP };

  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    g_unix_signal_add (signals[i], stop_cb, session);
}

static void
run_loop (Session *session)
{
  session->runs = TRUE;
  if (session->once->deadline != 0)
    g_timeout_add (once_remaining (session->once), timeout_cb, session);
  g_main_loop_run (session->loop);
}

/* What was in the file is kept until the recording has begun. */
static void
cut_off (int fd)
{
  off_t position = fd != STDOUT_FILENO ? lseek (fd, 0, SEEK_CUR) : -1;

  if (position >= 0 && ftruncate (fd, position) != 0)
    g_debug ("the file keeps its length: %s", g_strerror (errno));
}

/* A line, as soon as clients can come; into a recording that goes there it would not belong. */
static gboolean
print_address (Once         *once,
               QmpRecorder  *recorder,
               int           fd,
               GError      **error)
{
  GSocketAddress *address = qmp_recorder_get_listen_address (recorder);
  g_autofree char *text = NULL;

  if (fd == STDOUT_FILENO)
    return TRUE;
  text = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));
  once_print_line (once, "%s", text);
  return once_flush (once, error);
}

/* fd: taken, unless it is standard output. */
static gboolean
record (Once                *once,
        GSocketConnectable  *address,
        int                  fd,
        GError             **error)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(GOutputStream) stream = g_unix_output_stream_new (fd, fd != STDOUT_FILENO);
  g_autoptr(QmpRecorder) recorder = qmp_recorder_new (once->address, stream);
  Session session = { once, loop };

  qmp_recorder_set_redact (recorder, !secrets);
  watch_signals (&session);
  g_signal_connect (recorder, "ended", G_CALLBACK (ended_cb), &session);
  g_signal_connect (recorder, "failed", G_CALLBACK (failed_cb), &session);
  if (!qmp_recorder_listen (recorder, address, error))
    return FALSE;
  cut_off (fd);
  if (session.error == NULL && print_address (once, recorder, fd, &session.error))
    run_loop (&session);
  qmp_recorder_close (recorder);
  once->status = session.failed ? ONCE_STATUS_FAILED : ONCE_STATUS_DONE;
  if (session.error == NULL)
    return TRUE;
  g_propagate_error (error, session.error);
  return FALSE;
}

/* One that was made in vain, and has nothing in it, is not left behind. */
static void
take_back (const char *path)
{
  struct stat info;

  if (lstat (path, &info) == 0 && S_ISREG (info.st_mode) && info.st_size == 0)
    unlink (path);
}

/* "/dev/stdout" and whatever else is standard output: through two descriptors one would write over what the other has. */
static gboolean
is_standard_output (const char *path)
{
  struct stat info, output;

  return g_str_equal (path, "-") ||
         (stat (path, &info) == 0 && fstat (STDOUT_FILENO, &output) == 0 && !S_ISCHR (info.st_mode) &&
          info.st_dev == output.st_dev && info.st_ino == output.st_ino);
}

/* It may hold what is nobody else's to read. */
static int
open_file (const char  *path,
           GError     **error)
{
  int fd = is_standard_output (path) ? STDOUT_FILENO : tool_streams_open_private (path, 0);

  if (fd < 0)
    once_fail (error, ONCE_STATUS_FAILED, _("Could not write “%s”: %s"), path, g_strerror (errno));
  return fd;
}

static gboolean
run_record (Once                *once,
            const char * const  *words,
            GError             **error)
{
  g_autoptr(GSocketConnectable) address = tool_server_parse (words[0], error);
  gboolean is_new, done;
  int fd;

  if (address == NULL)
    return FALSE;
  if (once->address == NULL)
    once->address = tool_server_find (once->server, FALSE, TRUE, error);
  if (once->address == NULL)
    return FALSE;
  if (once->tls.on || once->tls.authorities != NULL || once->tls.certificate != NULL || once->tls.host != NULL)
    return once_fail (error, ONCE_STATUS_USAGE, _("What is said over TLS cannot be recorded"));
  /* A reader that is gone ends the recording, and not the session. */
  signal (SIGPIPE, SIG_IGN);
  is_new = !g_file_test (words[1], G_FILE_TEST_EXISTS);
  fd = open_file (words[1], error);
  if (fd < 0)
    return FALSE;
  done = record (once, address, fd, error);
  if (!done && is_new)
    take_back (words[1]);
  return done;
}

static const GOptionEntry entries[] = {
  { "once", 0, 0, G_OPTION_ARG_NONE, &one_session, N_("End with the first client, and take no other"), NULL },
  { "secrets", 0, 0, G_OPTION_ARG_NONE, &secrets, N_("Record passwords and the like, too"), NULL },
  G_OPTION_ENTRY_NULL
};

const OnceVerb once_record = {
  .words = "record",
  .parameters = N_("LISTEN FILE"),
  .summary = N_("Stand between a program and the server, and record what they say"),
  .entries = entries,
  .min_words = 2,
  .max_words = 2,
  .prints_no_json = TRUE,
  .run = run_record,
};
