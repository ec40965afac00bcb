/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-pipe.h"

#include <gio/gunixoutputstream.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "tool-words.h"

struct _ShellPipe {
  char            *command;
  char            *text;
  ShellPipeDone    done;
  gpointer         user_data;
  GSubprocess     *process;
  GCancellable    *cancellable;  /* of writing */
  gboolean         is_written;
  gboolean         has_ended;
  gboolean         has_terminal;
  struct termios   terminal;     /* as it was; so is the next */
  struct sigaction interrupt;
};

/* --- the terminal --- */

/* Ctrl-C comes to both. How the command has ended says whether it was one: GLib might tell of the signal after that. */
static void
leave_terminal (ShellPipe *self)
{
  const struct sigaction ignore = { .sa_handler = SIG_IGN };

  self->has_terminal = tcgetattr (STDIN_FILENO, &self->terminal) == 0;
  if (self->has_terminal)
    sigaction (SIGINT, &ignore, &self->interrupt);
}

/* Also from one that has taken the terminal for a group of its own, and has died. */
static void
take_terminal (ShellPipe *self)
{
  sigset_t wanted, before;

  if (!self->has_terminal)
    return;
  sigaction (SIGINT, &self->interrupt, NULL);
  sigemptyset (&wanted);
  sigaddset (&wanted, SIGTTOU);
  pthread_sigmask (SIG_BLOCK, &wanted, &before);
  if (tcgetpgrp (STDIN_FILENO) != getpgrp ())
    tcsetpgrp (STDIN_FILENO, getpgrp ());
  tcsetattr (STDIN_FILENO, TCSADRAIN, &self->terminal);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
}

/* --- the end --- */

static void
pipe_free (ShellPipe *self)
{
  g_clear_object (&self->process);
  g_object_unref (self->cancellable);
  g_free (self->command);
  g_free (self->text);
  g_free (self);
}

/* Shells, and programs that tidy up first, say by their status that it was Ctrl-C. */
static GError *
make_error (ShellPipe *self)
{
  g_autofree char *shown = tool_shorten (self->command);
  gboolean has_exited = g_subprocess_get_if_exited (self->process);
  int number = has_exited ? g_subprocess_get_exit_status (self->process) : g_subprocess_get_term_sig (self->process);
  gboolean is_ctrl_c = number == (has_exited ? 128 + SIGINT : SIGINT);

  if (has_exited && number == 0)
    return NULL;
  return g_error_new (G_IO_ERROR, is_ctrl_c ? G_IO_ERROR_CANCELLED : G_IO_ERROR_FAILED,
                      has_exited ? _("The command “%s” has ended with status %d")
                                 : _("The command “%s” was ended by signal %d"), shown, number);
}

static void
finish (ShellPipe *self)
{
  g_autoptr(GError) error = NULL;
  ShellPipeDone done = self->done;
  gpointer user_data = self->user_data;

  if (!self->is_written || !self->has_ended)
    return;
  take_terminal (self);
  error = make_error (self);
  pipe_free (self);
  done (error, user_data);
}

static void
ended_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  ShellPipe *self = user_data;

  g_subprocess_wait_finish (self->process, result, NULL);
  self->has_ended = TRUE;
  /* What it has started may hold the pipe, and not read it. */
  g_cancellable_cancel (self->cancellable);
  finish (self);
}

/* It need not read all, or anything. */
static void
written_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  ShellPipe *self = user_data;

  g_output_stream_write_all_finish (G_OUTPUT_STREAM (object), result, NULL, NULL);
  g_output_stream_close (G_OUTPUT_STREAM (object), NULL, NULL);
  self->is_written = TRUE;
  finish (self);
}

void
shell_pipe_end (ShellPipe *self)
{
  g_subprocess_send_signal (self->process, SIGTERM);
}

/* --- the beginning --- */

/* In the command, before it is executed: it is as if a shell had started it. */
static void
child_cb (gpointer user_data)
{
  const int signals[] = { SIGINT, SIGQUIT, SIGPIPE };
  sigset_t none;

  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    signal (signals[i], SIG_DFL);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
}

static gboolean
spawn (ShellPipe  *self,
       GError    **error)
{
  g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE);

  g_subprocess_launcher_set_child_setup (launcher, child_cb, NULL, NULL);
  leave_terminal (self);
  self->process = g_subprocess_launcher_spawn (launcher, error, "/bin/sh", "-c", self->command, NULL);
  if (self->process == NULL)
    take_terminal (self);
  return self->process != NULL;
}

static void
begin_writing (ShellPipe *self)
{
  GOutputStream *stream = g_subprocess_get_stdin_pipe (self->process);

  /* GIO would write all at once, and wait for who does not read. */
  g_unix_set_fd_nonblocking (g_unix_output_stream_get_fd (G_UNIX_OUTPUT_STREAM (stream)), TRUE, NULL);
  g_output_stream_write_all_async (stream, self->text, strlen (self->text), G_PRIORITY_DEFAULT, self->cancellable,
                                   written_cb, self);
}

ShellPipe *
shell_pipe_start (const char     *command,
                  const char     *text,
                  ShellPipeDone   done,
                  gpointer        user_data,
                  GError        **error)
{
  ShellPipe *self = g_new0 (ShellPipe, 1);

  self->command = g_strdup (command);
  self->text = g_strdup (text);
  self->done = done;
  self->user_data = user_data;
  self->cancellable = g_cancellable_new ();
  if (!spawn (self, error))
    {
      pipe_free (self);
      return NULL;
    }
  begin_writing (self);
  g_subprocess_wait_async (self->process, NULL, ended_cb, self);
  return self;
}
