/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-input.h"

#include <gio/gio.h>
#include <gio/gunixinputstream.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <readline/history.h>
#include <readline/readline.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "tool-lines.h"
#include "tool-offers.h"
#include "tool-streams.h"
#include "tool-words.h"

#define HISTORY_FILE ".qmp-shell_history"
#define HISTORY_LENGTH 1024
/* What some editors put in front of a text. */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct _ShellInput {
  ShellLineFunc      take_line;
  ShellCompleteFunc  complete;
  gpointer           user_data;

  gboolean           interactive;
  gboolean           asking;
  FILE              *terminal;      /* readline's output; NULL when it is a standard stream */
  GDataInputStream  *stream;        /* when not interactive */
  gboolean           has_begun;     /* its first line was read */
  gboolean           reads_now;     /* within a call that reads */
  GCancellable      *cancellable;   /* of its reading */

  char              *history;       /* the file */
  guint              input_source;  /* while asking, unless GIO reads */
  guint              resize_source;
  guint              stop_source;
  int                stop_fd;
  char             **matches;       /* of the completion that is going on */
};

/* readline has no user data. */
static ShellInput *the_input;

/* --- the history file --- */

static void
load_history (ShellInput *self)
{
  self->history = g_build_filename (g_get_home_dir (), HISTORY_FILE, NULL);
  using_history ();
  stifle_history (HISTORY_LENGTH);
  read_history (self->history);
}

static gboolean
is_repeated (const char *line)
{
  HIST_ENTRY *last = history_length > 0 ? history_get (history_base + history_length - 1) : NULL;

  return last != NULL && strcmp (last->line, line) == 0;
}

/* At once, so that shells which run side by side, or are killed, lose nothing. A line that begins with a
 * blank is private. */
static void
remember (ShellInput *self,
          const char *line)
{
  g_auto(GStrv) parts = g_strsplit (line, "\n", -1);

  for (guint i = 0; parts[i] != NULL; i++)
    {
      if (parts[i][0] == '\0' || g_ascii_isspace (parts[i][0]) || is_repeated (parts[i]))
        continue;
      add_history (parts[i]);
      if (append_history (1, self->history) != 0)
        write_history (self->history);
    }
}

/* --- completion --- */

static char *
next_match (const char *text,
            int         state)
{
  char *match = the_input->matches != NULL ? *the_input->matches : NULL;

  if (match == NULL)
    return NULL;
  the_input->matches++;
  return g_strdup (match);
}

static char **
complete_cb (const char *text,
             int         start,
             int         end)
{
  g_autofree char *before = g_strndup (rl_line_buffer, end);
  g_auto(GStrv) matches = the_input->complete (before, text, the_input->user_data);
  char **found;

  /* Never file names. */
  rl_attempted_completion_over = 1;
  if (matches == NULL || matches[0] == NULL)
    return NULL;
  rl_completion_append_character = ' ';
  rl_completion_suppress_append = tool_offers_is_open (matches[0]);
  the_input->matches = matches;
  found = rl_completion_matches (text, next_match);
  the_input->matches = NULL;
  return found;
}

/* --- the terminal --- */

static void
stop_asking (ShellInput *self)
{
  self->asking = FALSE;
  g_clear_handle_id (&self->input_source, g_source_remove);
  if (self->interactive)
    rl_callback_handler_remove ();
}

static void
line_cb (char *line)
{
  ShellInput *self = the_input;

  /* The terminal's ordinary mode while the line's command runs: what is typed meanwhile waits there. */
  stop_asking (self);
  if (line != NULL)
    remember (self, line);
  self->take_line (line, line != NULL ? strlen (line) : 0, NULL, self->user_data);
  free (line);
}

static gboolean
readable_cb (int          fd,
             GIOCondition condition,
             gpointer     user_data)
{
  ShellInput *self = user_data;

  if (condition & (G_IO_ERR | G_IO_NVAL))
    {
      line_cb (NULL);
      return G_SOURCE_REMOVE;
    }
  rl_callback_read_char ();
  return self->input_source != 0 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static gboolean
resize_cb (gpointer user_data)
{
  ShellInput *self = user_data;

  if (self->asking)
    rl_resize_terminal ();
  else
    rl_reset_screen_size ();
  return G_SOURCE_CONTINUE;
}

/* Ctrl-Z: the terminal is given back as it was, and taken again. */
static gboolean
stop_cb (int          fd,
         GIOCondition condition,
         gpointer     user_data)
{
  ShellInput *self = user_data;
  struct signalfd_siginfo info;

  if (read (fd, &info, sizeof info) != sizeof info)
    return G_SOURCE_CONTINUE;
  if (self->asking)
    rl_deprep_terminal ();
  raise (SIGSTOP);
  if (self->asking)
    {
      rl_prep_terminal (1);
      rl_reset_screen_size ();
      rl_forced_update_display ();
    }
  return G_SOURCE_CONTINUE;
}

static void
watch_stop (ShellInput *self)
{
  sigset_t signals;

  sigemptyset (&signals);
  sigaddset (&signals, SIGTSTP);
  sigprocmask (SIG_BLOCK, &signals, NULL);
  self->stop_fd = signalfd (-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (self->stop_fd >= 0)
    self->stop_source = g_unix_fd_add (self->stop_fd, G_IO_IN, stop_cb, self);
}

/* The prompt is for a person: it goes to a terminal, and never into a file that replies are kept in. */
static FILE *
open_terminal (ShellInput *self)
{
  if (isatty (STDOUT_FILENO))
    return stdout;
  if (!isatty (STDERR_FILENO))
    self->terminal = fopen ("/dev/tty", "we");
  return self->terminal != NULL ? self->terminal : stderr;
}

static void
set_up_readline (ShellInput *self)
{
  rl_outstream = open_terminal (self);
  rl_readline_name = "qmp-shell";
  rl_catch_signals = 0;
  rl_catch_sigwinch = 0;
  rl_change_environment = 0;
  rl_attempted_completion_function = complete_cb;
  rl_completer_word_break_characters = " \t\n";
  rl_completer_quote_characters = "";
  /* The terminal may be resized before the first prompt. */
  rl_initialize ();
  load_history (self);
  self->resize_source = g_unix_signal_add (SIGWINCH, resize_cb, self);
  watch_stop (self);
}

/* --- anything else --- */

/* line: taken; nullable. */
static void
take_stream_line (ShellInput   *self,
                  char         *line,
                  gsize         length,
                  const GError *error)
{
  g_autofree char *owned = line;
  gsize skipped = 0;

  self->asking = FALSE;
  if (line != NULL && !self->has_begun && g_str_has_prefix (line, BYTE_ORDER_MARK))
    skipped = strlen (BYTE_ORDER_MARK);
  self->has_begun = TRUE;
  self->take_line (line != NULL ? line + skipped : NULL, length - skipped, error, self->user_data);
}

static void
too_long_cb (gpointer user_data)
{
  ShellInput *self = user_data;
  g_autoptr(GError) error = NULL;

  self->input_source = 0;
  tool_fail (&error, _("The line is longer than %d MiB"), TOOL_LINES_MAX);
  take_stream_line (self, NULL, 0, error);
}

static void
read_line_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  gsize length = 0;
  char *line = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (object), result, &length, &error);

  /* Cancelled: self may be gone. */
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    take_stream_line (user_data, line, length, error);
}

static void
read_line_now_cb (gpointer user_data)
{
  ShellInput *self = user_data;
  g_autoptr(GError) error = NULL;
  gsize length = 0;
  char *line;

  self->input_source = 0;
  self->reads_now = TRUE;
  line = g_data_input_stream_read_line (self->stream, &length, self->cancellable, &error);
  self->reads_now = FALSE;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    too_long_cb (self);
  else
    take_stream_line (self, line, length, error);
}

/* The stream's buffer grows with the line that is read. */
static void
buffer_cb (GBufferedInputStream *stream,
           GParamSpec           *pspec,
           ShellInput           *self)
{
  if (g_buffered_input_stream_get_buffer_size (stream) <= (gsize) TOOL_LINES_MAX * 1024 * 1024)
    return;
  g_cancellable_cancel (self->cancellable);
  if (!self->reads_now && self->input_source == 0)
    self->input_source = g_timeout_add_once (0, too_long_cb, self);
}

/* A file cannot be waited for: GIO would read it in a thread. */
static void
ask_stream (ShellInput *self)
{
  GInputStream *base = g_filter_input_stream_get_base_stream (G_FILTER_INPUT_STREAM (self->stream));

  if (g_pollable_input_stream_can_poll (G_POLLABLE_INPUT_STREAM (base)))
    g_data_input_stream_read_line_async (self->stream, G_PRIORITY_DEFAULT, self->cancellable, read_line_cb, self);
  else
    self->input_source = g_timeout_add_once (0, read_line_now_cb, self);
}

/* --- for all --- */

ShellInput *
shell_input_new (ShellLineFunc      take_line,
                 ShellCompleteFunc  complete,
                 gpointer           user_data)
{
  ShellInput *self = g_new0 (ShellInput, 1);

  g_assert (the_input == NULL);
  the_input = self;
  self->take_line = take_line;
  self->complete = complete;
  self->user_data = user_data;
  self->stop_fd = -1;
  self->interactive = isatty (STDIN_FILENO);
  if (self->interactive)
    {
      set_up_readline (self);
    }
  else
    {
      g_autoptr(GInputStream) stream = g_unix_input_stream_new (STDIN_FILENO, FALSE);

      self->stream = g_data_input_stream_new (stream);
      self->cancellable = g_cancellable_new ();
      g_signal_connect (self->stream, "notify::buffer-size", G_CALLBACK (buffer_cb), self);
    }
  return self;
}

void
shell_input_free (ShellInput *self)
{
  if (self->asking)
    shell_input_drop (self, "");
  if (self->history != NULL)
    history_truncate_file (self->history, HISTORY_LENGTH);
  if (self->stream != NULL)
    g_signal_handlers_disconnect_by_data (self->stream, self);
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->stream);
  g_clear_handle_id (&self->input_source, g_source_remove);
  g_clear_handle_id (&self->resize_source, g_source_remove);
  g_clear_handle_id (&self->stop_source, g_source_remove);
  if (self->stop_fd >= 0)
    close (self->stop_fd);
  if (self->terminal != NULL)
    fclose (self->terminal);
  g_free (self->history);
  g_free (self);
  the_input = NULL;
}

gboolean
shell_input_is_interactive (ShellInput *self)
{
  return self->interactive;
}

void
shell_input_ask (ShellInput *self,
                 const char *prompt)
{
  if (self->asking)
    return;
  self->asking = TRUE;
  if (!self->interactive)
    {
      ask_stream (self);
      return;
    }
  rl_callback_handler_install (prompt, line_cb);
  self->input_source = g_unix_fd_add (STDIN_FILENO, G_IO_IN, readable_cb, self);
}

void
shell_input_set_prompt (ShellInput *self,
                        const char *prompt)
{
  if (!self->asking || !self->interactive || g_strcmp0 (rl_prompt, prompt) == 0)
    return;
  rl_clear_visible_line ();
  rl_set_prompt (prompt);
  rl_on_new_line ();
  rl_redisplay ();
}

void
shell_input_drop (ShellInput *self,
                  const char *mark)
{
  if (!self->asking || !self->interactive)
    return;
  rl_point = rl_end;
  rl_redisplay ();
  fprintf (rl_outstream, "%s\n", mark);
  rl_free_line_state ();
  rl_callback_sigcleanup ();
  stop_asking (self);
  fflush (rl_outstream);
}

void
shell_input_flush (ShellInput *self)
{
  if (self->interactive)
    tcflush (STDIN_FILENO, TCIFLUSH);
}

FILE *
shell_input_get_terminal (ShellInput *self)
{
  return self->interactive ? rl_outstream : stderr;
}

int
shell_input_print (ShellInput *self,
                   FILE       *stream,
                   const char *text)
{
  gboolean above = self->asking && self->interactive && isatty (fileno (stream));
  int code;

  if (above)
    {
      rl_clear_visible_line ();
      fflush (rl_outstream);
    }
  code = tool_streams_write (stream, text);
  if (above)
    {
      rl_on_new_line ();
      rl_redisplay ();
    }
  return code;
}
