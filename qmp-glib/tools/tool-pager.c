/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-pager.h"

#include <gio/gio.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tool-streams.h"
#include "tool-width.h"

/* The columns that a line has, with our colours taking none. */
static gsize
measure_line (const char *line,
              const char *end)
{
  gsize columns = 0;

  while (line < end)
    {
      if (*line == '\033')
        while (line < end && *line != 'm')
          line++;
      else
        columns += tool_width_of (g_utf8_get_char (line));
      line = g_utf8_next_char (line);
    }
  return columns;
}

/* text: UTF-8. */
static gboolean
is_longer_than (const char *text,
                guint       rows,
                guint       columns)
{
  gsize needed = 0;

  while (*text != '\0' && needed <= rows)
    {
      const char *end = strchr (text, '\n');

      if (end == NULL)
        end = text + strlen (text);
      needed += 1 + (MAX (1, measure_line (text, end)) - 1) / columns;
      text = *end == '\n' ? end + 1 : end;
    }
  return needed > rows;
}

static gboolean
is_wanted (const char *text)
{
  struct winsize size = { 0 };

  if (!isatty (STDOUT_FILENO) || g_strcmp0 (g_getenv ("TERM"), "dumb") == 0)
    return FALSE;
  if (ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row < 2 || size.ws_col == 0)
    return FALSE;
  /* One row is the prompt's. */
  return is_longer_than (text, size.ws_row - 1, size.ws_col);
}

/* Ctrl-C is the pager's. */
static void
child_cb (gpointer user_data)
{
  signal (SIGINT, SIG_DFL);
  signal (SIGQUIT, SIG_DFL);
  signal (SIGPIPE, SIG_DFL);
}

static GSubprocess *
start (void)
{
  g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE);
  const char *pager = g_getenv ("PAGER");
  g_auto(GStrv) words = NULL;

  if (!g_shell_parse_argv (pager != NULL ? pager : "less", NULL, &words, NULL) || g_str_equal (words[0], "cat"))
    return NULL;
  /* As git has it: colours are kept, and the text stays on the terminal. */
  g_subprocess_launcher_setenv (launcher, "LESS", "FRX", FALSE);
  g_subprocess_launcher_set_child_setup (launcher, child_cb, NULL, NULL);
  return g_subprocess_launcher_spawnv (launcher, (const char * const *) words, NULL);
}

/* Both are stopped by Ctrl-Z, also where a program has taken that for its own. */
static void
allow_stopping (sigset_t *before)
{
  sigset_t stop;

  sigemptyset (&stop);
  sigaddset (&stop, SIGTSTP);
  pthread_sigmask (SIG_UNBLOCK, &stop, before);
}

gboolean
tool_pager_show (const char *text)
{
  const int signals[] = { SIGINT, SIGQUIT, SIGPIPE };
  const struct sigaction ignore = { .sa_handler = SIG_IGN };
  struct sigaction old[G_N_ELEMENTS (signals)];
  g_autoptr(GSubprocess) pager = NULL;
  sigset_t before;

  if (!is_wanted (text))
    return FALSE;
  allow_stopping (&before);
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    sigaction (signals[i], &ignore, &old[i]);
  pager = start ();
  if (pager != NULL)
    {
      GOutputStream *stream = g_subprocess_get_stdin_pipe (pager);
      g_autofree char *encoded = tool_streams_encode (text);

      /* It may be left before its end. */
      g_output_stream_write_all (stream, encoded, strlen (encoded), NULL, NULL, NULL);
      g_output_stream_close (stream, NULL, NULL);
      g_subprocess_wait (pager, NULL, NULL);
    }
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    sigaction (signals[i], &old[i], NULL);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  return pager != NULL;
}
