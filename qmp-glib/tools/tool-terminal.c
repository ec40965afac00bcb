/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* The other screen, no cursor, and nothing goes on in the next line by itself. */
#define ENTER "\033[?1049h\033[?25l\033[?7l"
#define LEAVE "\033[0m\033[?7h\033[?25h\033[?1049l"

#define USUAL_COLUMNS 80
#define USUAL_ROWS 24
/* No terminal is larger; what says so means no good. */
#define MOST 1000

/* Those that end the program, the worst among them. */
static const int ending[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV };
/* Those that stop it, that let it go on, and that say that the size has changed. */
static const int others[] = { SIGTSTP, SIGCONT, SIGWINCH };

struct _ToolTerminal {
  const ToolTerminalFuncs *funcs;
  gpointer                 owner;
  guint                    input;      /* sources */
  guint                    wake;
  struct sigaction         before_ending[G_N_ELEMENTS (ending)];
  struct sigaction         before_others[G_N_ELEMENTS (others)];
};

/* What handlers of signals need, which may do little: there is one terminal for the process. */
static struct {
  struct termios          before;
  struct termios          own;
  int                     wake_fd;
  pthread_t               thread;
  volatile sig_atomic_t   entered;
} the;

gboolean
tool_terminal_is_there (void)
{
  const char *term = g_getenv ("TERM");

  return isatty (STDIN_FILENO) && isatty (STDOUT_FILENO) && term != NULL && *term != '\0' && strcmp (term, "dumb") != 0;
}

/* --- in and out; both in handlers of signals, too --- */

/* A terminal that takes nothing is not waited for. */
static void
say (const char *text)
{
  struct pollfd poll_fd = { STDOUT_FILENO, POLLOUT, 0 };

  if (poll (&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLOUT))
    (void) !write (STDOUT_FILENO, text, strlen (text));
}

/* In the background the terminal is somebody else's. */
static void
enter (void)
{
  if (tcgetpgrp (STDIN_FILENO) != getpgrp ())
    return;
  tcsetattr (STDIN_FILENO, TCSANOW, &the.own);
  say (ENTER);
  the.entered = TRUE;
}

static void
leave (void)
{
  if (!the.entered)
    return;
  the.entered = FALSE;
  say (LEAVE);
  /* What was typed for this program is not for the next one. */
  tcsetattr (STDIN_FILENO, TCSAFLUSH, &the.before);
}

/* --- signals --- */

/* Whoever writes to the terminal is the main thread: in the middle of that no other one gives it back. */
static gboolean
is_elsewhere (int number)
{
  if (pthread_equal (pthread_self (), the.thread))
    return FALSE;
  pthread_kill (the.thread, number);
  return TRUE;
}

/* As if nobody had handled it. */
static void
raise_again (int number)
{
  sigset_t set;

  signal (number, SIG_DFL);
  sigemptyset (&set);
  sigaddset (&set, number);
  raise (number);
  pthread_sigmask (SIG_UNBLOCK, &set, NULL);
}

static void
ending_cb (int number)
{
  int code = errno;

  if (!is_elsewhere (number))
    {
      leave ();
      raise_again (number);
    }
  errno = code;
}

static void
wake (void)
{
  const guint64 one = 1;

  (void) !write (the.wake_fd, &one, sizeof one);
}

static void other_cb (int number);

static void
handle (int                       number,
        void                   (* handler) (int number),
        struct sigaction         *before)
{
  struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };

  sigfillset (&action.sa_mask);
  sigdelset (&action.sa_mask, SIGTTOU);
  sigaction (number, &action, before);
}

static void
stop (int number)
{
  leave ();
  raise_again (number);
  /* It goes on, or nobody is there who could let it. */
  handle (number, other_cb, NULL);
  enter ();
}

static void
other_cb (int number)
{
  int code = errno;

  if (!is_elsewhere (number))
    {
      if (number == SIGTSTP)
        stop (number);
      else if (number == SIGCONT)
        enter ();
      wake ();
    }
  errno = code;
}

static void
take_signals (ToolTerminal *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (ending); i++)
    handle (ending[i], ending_cb, &self->before_ending[i]);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    handle (others[i], other_cb, &self->before_others[i]);
}

static void
give_signals_back (ToolTerminal *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (ending); i++)
    sigaction (ending[i], &self->before_ending[i], NULL);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    sigaction (others[i], &self->before_others[i], NULL);
}

/* --- what comes --- */

static gboolean
input_cb (int          fd,
          GIOCondition condition,
          gpointer     user_data)
{
  ToolTerminal *self = user_data;
  char data[256];
  gssize length = read (fd, data, sizeof data);

  if (length < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (length <= 0)
    self->input = 0;
  self->funcs->input (self->owner, data, MAX (0, length));
  return length > 0;
}

static gboolean
wake_cb (int          fd,
         GIOCondition condition,
         gpointer     user_data)
{
  ToolTerminal *self = user_data;
  guint64 count;

  (void) !read (fd, &count, sizeof count);
  self->funcs->changed (self->owner);
  return G_SOURCE_CONTINUE;
}

/* --- all of it --- */

/* Ctrl-C and Ctrl-Z are signals still; Ctrl-S is a key, so that nothing waits for a Ctrl-Q. */
static void
make_own (void)
{
  the.own = the.before;
  the.own.c_lflag &= ~(ICANON | ECHO | IEXTEN);
  the.own.c_iflag &= ~(IXON | ICRNL | INLCR | ISTRIP);
  the.own.c_cc[VMIN] = 1;
  the.own.c_cc[VTIME] = 0;
}

ToolTerminal *
tool_terminal_new (const ToolTerminalFuncs *funcs,
                   gpointer                 owner)
{
  ToolTerminal *self = g_new0 (ToolTerminal, 1);

  self->funcs = funcs;
  self->owner = owner;
  tcgetattr (STDIN_FILENO, &the.before);
  make_own ();
  the.thread = pthread_self ();
  the.wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  take_signals (self);
  enter ();
  self->input = g_unix_fd_add (STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, input_cb, self);
  self->wake = g_unix_fd_add (the.wake_fd, G_IO_IN, wake_cb, self);
  return self;
}

void
tool_terminal_free (ToolTerminal *self)
{
  g_clear_handle_id (&self->input, g_source_remove);
  g_source_remove (self->wake);
  leave ();
  give_signals_back (self);
  close (the.wake_fd);
  g_free (self);
}

void
tool_terminal_get_size (ToolTerminal *self,
                        guint        *columns,
                        guint        *rows)
{
  struct winsize size = { 0 };

  if (ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
    size.ws_col = size.ws_row = 0;
  *columns = size.ws_col > 0 ? MIN (size.ws_col, MOST) : USUAL_COLUMNS;
  *rows = size.ws_row > 0 ? MIN (size.ws_row, MOST) : USUAL_ROWS;
}

gboolean
tool_terminal_write (ToolTerminal *self,
                     const char   *data,
                     gsize         length)
{
  while (length > 0 && the.entered)
    {
      gssize written = write (STDOUT_FILENO, data, length);
      struct pollfd poll_fd = { STDOUT_FILENO, POLLOUT, 0 };

      if (written < 0 && errno == EAGAIN)
        poll (&poll_fd, 1, -1);
      else if (written < 0 && errno != EINTR)
        return FALSE;
      data += MAX (0, written);
      length -= MAX (0, written);
    }
  return TRUE;
}
