/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-streams.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- that they are there --- */

/* A stream that the caller has closed must not become the number of a connection, into which replies would be
 * printed. Input is at its end then, and output fails. */
static void
open_missing (void)
{
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl (fd, F_GETFD) < 0 && errno == EBADF)
      (void) !open ("/dev/null", O_RDONLY);
}

/* --- characters --- */

static const char *
plain_form (gunichar c)
{
  switch (c)
    {
    case 0x201c:
    case 0x201d:
      return "\"";
    case 0x2018:
    case 0x2019:
      return "'";
    case 0x2026:
      return "...";
    case 0x2013:
      return "-";
    default:
      return NULL;
    }
}

static char *
make_plain (const char *text)
{
  GString *out = g_string_sized_new (strlen (text));

  for (; *text != '\0'; text = g_utf8_next_char (text))
    {
      const char *plain = plain_form (g_utf8_get_char (text));

      if (plain != NULL)
        g_string_append (out, plain);
      else
        g_string_append_len (out, text, g_utf8_next_char (text) - text);
    }
  return g_string_free (out, FALSE);
}

char *
tool_streams_encode (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autofree char *plain = NULL;
  const char *charset;
  char *encoded;

  if (g_get_charset (&charset))
    return g_steal_pointer (&valid);
  encoded = g_convert (valid, -1, charset, "UTF-8", NULL, NULL, NULL);
  if (encoded != NULL)
    return encoded;
  plain = make_plain (valid);
  encoded = g_convert_with_fallback (plain, -1, charset, "UTF-8", "?", NULL, NULL, NULL);
  return encoded != NULL ? encoded : g_steal_pointer (&plain);
}

static void
print_out (const char *text)
{
  g_autofree char *encoded = tool_streams_encode (text);

  tool_streams_write (stdout, encoded);
}

static void
print_error (const char *text)
{
  g_autofree char *encoded = tool_streams_encode (text);

  tool_streams_write (stderr, encoded);
}

/* --- what cannot be written --- */

static int output_code;   /* why standard output could not be written; 0: it could */
static gboolean told;     /* whoever has been told is not told again */

int
tool_streams_write (FILE       *stream,
                    const char *text)
{
  int code;

  errno = 0;
  if (fputs (text, stream) != EOF && fflush (stream) == 0)
    return 0;
  code = errno != 0 ? errno : EIO;
  if (stream == stdout && output_code == 0)
    output_code = code;
  return code;
}

void
tool_streams_complain (int code)
{
  if (!told)
    g_printerr (_("%s: Could not write to standard output: %s\n"), g_get_prgname (), g_strerror (code));
  told = TRUE;
}

void
tool_streams_set_told (void)
{
  told = TRUE;
}

void
tool_streams_end_unread (void)
{
  signal (SIGPIPE, SIG_DFL);
  raise (SIGPIPE);
}

static gboolean
unread_cb (int          fd,
           GIOCondition condition,
           gpointer     user_data)
{
  tool_streams_end_unread ();
  return G_SOURCE_REMOVE;
}

void
tool_streams_watch_output (void)
{
  g_unix_fd_add (STDOUT_FILENO, G_IO_ERR | G_IO_HUP, unread_cb, NULL);
}

/* Runs when the program leaves, whatever has printed last. */
static void
check_output (void)
{
  if (output_code == 0 && fflush (stdout) != 0)
    output_code = errno;
  if (output_code == 0 || told)
    return;
  if (output_code == EPIPE)
    tool_streams_end_unread ();
  tool_streams_complain (output_code);
  _exit (EXIT_FAILURE);
}

/* --- files --- */

static gboolean
make_private (int fd)
{
  struct stat info;

  if (fstat (fd, &info) < 0)
    return FALSE;
  if (!S_ISREG (info.st_mode))
    return TRUE;
  if (info.st_uid != geteuid ())
    {
      errno = EACCES;
      return FALSE;
    }
  return (info.st_mode & 077) == 0 || fchmod (fd, 0600) == 0;
}

int
tool_streams_open_private (const char *path,
                           int         flags)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
  int code;

  if (fd < 0 || make_private (fd))
    return fd;
  code = errno;
  close (fd);
  errno = code;
  return -1;
}

/* --- all of it --- */

/* Numbers, sorting and texts: each category may be a file of its own, and dates are written the same everywhere. */
static void
set_up_locale (void)
{
  setlocale (LC_CTYPE, "");
  setlocale (LC_NUMERIC, "");
  setlocale (LC_COLLATE, "");
  setlocale (LC_MESSAGES, "");
}

void
tool_streams_set_up (void)
{
  open_missing ();
  /* A command's effect is not to depend on who reads its reply. GIO ignores it as well, once there is a GSocket. */
  signal (SIGPIPE, SIG_IGN);
  set_up_locale ();
  bindtextdomain (GETTEXT_PACKAGE, QMP_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_set_print_handler (print_out);
  g_set_printerr_handler (print_error);
  atexit (check_output);
}
