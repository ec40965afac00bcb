/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire/qmp-tunnel-private.h"

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "wire/qmp-output-private.h"
#include "wire/qmp-process-private.h"

/* ssh forwards no Unix socket to its standard input and output, so it listens on one of ours, in a directory that only we can
 * enter. That it has bound it means that it has logged in. We connect, and remove both at once: what is connected needs no
 * name. */

/* The end of what ssh says. */
#define OUTPUT_LIMIT 4096
/* Of that, what an error shows: its last lines, so many bytes of each. */
#define MAX_LINES 4
#define MAX_LINE_LENGTH 200
/* Between bind() and listen(), in microseconds. */
#define LISTEN_DELAY 2000
/* From asking ssh to end to killing it, in microseconds. */
#define END_TIME G_USEC_PER_SEC

/* ssh's own way to notice that the other computer is gone: after three minutes, as over TCP. */
static const char * const keep_alive_options[] = { "-o", "ServerAliveInterval=60", "-o", "ServerAliveCountMax=3", NULL };

/* No question that nobody answers; a connection of its own, that ends with it; a forwarding in the configuration that is in
 * somebody's way is not in ours; words that can be told. */
static const char * const options[] = {
  "-N", "-o", "BatchMode=yes", "-o", "ControlMaster=no", "-o", "ControlPath=none", "-o", "ExitOnForwardFailure=no",
  "-o", "PermitLocalCommand=no", "-o", "LogLevel=INFO", NULL,
};

typedef enum {
  STAGE_LOGS_IN,
  STAGE_CONNECTED,
  STAGE_ENDS,
} Stage;

struct _QmpTunnel {
  Stage                 stage;
  QmpIoContext         *context;
  pid_t                 pid;          /* of who has made it: a forked child only drops it */
  QmpProcess           *process;
  QmpOutput            *output;
  char                 *directory;    /* nullable: it was removed */
  char                 *socket_path;
  int                   notify_fd;    /* something is new in the directory; -1: nobody waits for that */
  QmpIoWatch            watch;
  QmpIoTimer            timer;
  const QmpTunnelFuncs *funcs;
  gpointer              owner;
  QmpTunnelOverFunc     over_func;    /* in STAGE_ENDS */
  gpointer              over_owner;
};

/* --- the directory --- */

static gboolean
fail_errno (GError     **error,
            const char  *path)
{
  int code = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s: %s", path, g_strerror (code));
  return FALSE;
}

static gboolean
make_directory_in (QmpTunnel   *self,
                   const char  *parent,
                   GError     **error)
{
  g_autofree char *directory = g_build_filename (parent, "qmp-ssh-XXXXXX", NULL);
  g_autofree char *socket_path = NULL;

  if (g_mkdtemp (directory) == NULL)
    return fail_errno (error, parent);
  socket_path = g_build_filename (directory, "s", NULL);
  if (strlen (socket_path) > QMP_ADDRESS_MAX_PATH)
    {
      g_rmdir (directory);
      errno = ENAMETOOLONG;
      return fail_errno (error, parent);
    }
  self->directory = g_steal_pointer (&directory);
  self->socket_path = g_steal_pointer (&socket_path);
  return TRUE;
}

static gboolean
make_directory (QmpTunnel  *self,
                GError    **error)
{
  const char *runtime = g_getenv ("XDG_RUNTIME_DIR");

  return (runtime != NULL && g_path_is_absolute (runtime) && make_directory_in (self, runtime, NULL)) ||
         make_directory_in (self, g_get_tmp_dir (), error);
}

static void
remove_directory (QmpTunnel *self)
{
  qmp_io_watch_detach (&self->watch);
  if (self->notify_fd >= 0)
    close (self->notify_fd);
  self->notify_fd = -1;
  if (self->directory != NULL && self->pid == getpid ())
    {
      g_unlink (self->socket_path);
      g_rmdir (self->directory);
    }
  g_clear_pointer (&self->directory, g_free);
}

/* --- what ssh is told --- */

/* As a part of "-L": ssh takes the backslash away, and then what a percent sign stands for. */
static void
append_path (GString    *text,
             const char *path)
{
  for (const char *c = path; *c != '\0'; c++)
    {
      if (*c == '\\' || *c == ':')
        g_string_append_c (text, '\\');
      if (*c == '%')
        g_string_append_c (text, '%');
      g_string_append_c (text, *c);
    }
}

static void
add_all (GPtrArray          *argv,
         const char * const *words)
{
  for (; *words != NULL; words++)
    g_ptr_array_add (argv, g_strdup (*words));
}

static void
add_option (GPtrArray  *argv,
            const char *option,
            const char *value)
{
  g_ptr_array_add (argv, g_strdup (option));
  g_ptr_array_add (argv, g_strdup (value));
}

static char **
build_argv (QmpTunnel         *self,
            const QmpSshPlace *place,
            gboolean           keep_alive)
{
  GPtrArray *argv = g_ptr_array_new ();
  g_autoptr(GString) forward = g_string_new (NULL);
  g_autofree char *port = g_strdup_printf ("%u", place->port);

  append_path (forward, self->socket_path);
  g_string_append_c (forward, ':');
  append_path (forward, place->path);

  g_ptr_array_add (argv, g_strdup ("ssh"));
  add_all (argv, options);
  if (keep_alive)
    add_all (argv, keep_alive_options);
  if (place->port != 0)
    add_option (argv, "-p", port);
  if (place->user != NULL)
    add_option (argv, "-l", place->user);
  add_option (argv, "-L", forward->str);
  add_option (argv, "--", place->host);
  g_ptr_array_add (argv, NULL);
  return (char **) g_ptr_array_free (argv, FALSE);
}

/* --- what ssh says --- */

/* Of a line that says nothing of a cause. */
static gboolean
is_noise (const char *line)
{
  return line[0] == '\0' || g_str_has_prefix (line, "Warning: ") || g_str_has_prefix (line, "** ");
}

/* The other computer has a say in it: what a terminal would obey is spelled as a question mark. */
static void
append_line (GString    *text,
             const char *line)
{
  const char *end = line + MIN (strlen (line), MAX_LINE_LENGTH);

  if (text->len > 0)
    g_string_append (text, text->str[text->len - 1] == '.' ? " " : "; ");
  for (; line < end; line = g_utf8_next_char (line))
    {
      gunichar c = g_utf8_get_char (line);

      g_string_append_unichar (text, g_unichar_isprint (c) && g_unichar_type (c) != G_UNICODE_FORMAT ? c : '?');
    }
}

char *
qmp_tunnel_dup_words (QmpTunnel *self)
{
  g_autoptr(GString) text = g_string_new (NULL);
  g_autoptr(GPtrArray) told = g_ptr_array_new ();
  g_autofree char *said = NULL;
  g_auto(GStrv) lines = NULL;

  qmp_output_drain (self->output);
  said = qmp_output_dup_text (self->output);
  lines = g_strsplit (said, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (!is_noise (g_strstrip (lines[i])))
      g_ptr_array_add (told, lines[i]);
  for (guint i = told->len - MIN (told->len, MAX_LINES); i < told->len; i++)
    append_line (text, told->pdata[i]);
  /* ssh is not told more by the other side. */
  if (strstr (text->str, "open failed: connect failed") != NULL)
    g_string_append_printf (text, " (%s)", _("nobody listens at the path there, or not for this user"));
  return text->len > 0 ? g_string_free (g_steal_pointer (&text), FALSE) : NULL;
}

/* --- its way --- */

static GError *
explain_end (QmpTunnel *self)
{
  const QmpProcessEnd *end = qmp_process_get_end (self->process);
  g_autofree char *words = qmp_tunnel_dup_words (self);
  GError *error = qmp_process_explain (self->process);

  if (error != NULL)
    return error;
  if (words != NULL)
    return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, words);
  if (end->signal != 0)
    return g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED, _("ssh was killed by signal %d"), end->signal);
  return g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED, _("ssh ended with status %d, and without a word"), end->exit_status);
}

static void
ended_cb (gpointer owner)
{
  QmpTunnel *self = owner;

  /* The stream tells of the end of one that has connected. */
  if (self->stage == STAGE_LOGS_IN)
    self->funcs->failed (self->owner, explain_end (self));
  else if (self->stage == STAGE_ENDS)
    self->over_func (self->over_owner);
}

static void
try_to_connect (gpointer owner)
{
  QmpTunnel *self = owner;
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (self->socket_path);
  g_autoptr(GError) error = NULL;
  g_autoptr(GIOStream) stream = NULL;

  /* It has logged in: what it says from now on, and at once if the other side refuses, is about what is behind that. */
  qmp_output_forget (self->output);
  stream = qmp_address_connect (G_SOCKET_CONNECTABLE (address), &error);
  if (stream != NULL)
    {
      self->stage = STAGE_CONNECTED;
      remove_directory (self);
      self->funcs->connected (self->owner, stream);
    }
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
    qmp_io_timer_set (&self->timer, self->context, g_get_monotonic_time () + LISTEN_DELAY, try_to_connect, self);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    self->funcs->failed (self->owner, g_steal_pointer (&error));
}

static gboolean
something_new (gpointer     owner,
               GIOCondition ready)
{
  QmpTunnel *self = owner;
  char events[sizeof (struct inotify_event) + NAME_MAX + 1];

  if (ready != 0 && read (self->notify_fd, events, sizeof events) > 0)
    try_to_connect (self);
  return FALSE;
}

static const QmpIoFuncs notify_funcs = { NULL, something_new };

static void
kill_it (gpointer owner)
{
  QmpTunnel *self = owner;

  qmp_process_kill (self->process, SIGKILL);
}

/* --- its life --- */

static gboolean
watch_directory (QmpTunnel  *self,
                 GError    **error)
{
  self->notify_fd = inotify_init1 (IN_CLOEXEC | IN_NONBLOCK);
  if (self->notify_fd < 0 || inotify_add_watch (self->notify_fd, self->directory, IN_CREATE) < 0)
    return fail_errno (error, self->directory);
  return TRUE;
}

static gboolean
start (QmpTunnel          *self,
       const QmpSshPlace  *place,
       gboolean            keep_alive,
       GError            **error)
{
  g_auto(GStrv) argv = build_argv (self, place, keep_alive);
  QmpSpawnPlan plan = { .argv = (const char * const *) argv, .ties_input = TRUE, .output_fd = -1 };

  self->output = qmp_output_new (OUTPUT_LIMIT, &plan.error_fd, error);
  if (self->output == NULL)
    return FALSE;
  self->process = qmp_process_spawn (&plan, error);
  close (plan.error_fd);
  return self->process != NULL;
}

QmpTunnel *
qmp_tunnel_new (const QmpSshPlace     *place,
                gboolean               keep_alive,
                QmpIoContext          *context,
                const QmpTunnelFuncs  *funcs,
                gpointer               owner,
                GError               **error)
{
  g_autoptr(QmpTunnel) self = g_new0 (QmpTunnel, 1);

  self->context = qmp_io_context_ref (context);
  self->pid = getpid ();
  self->notify_fd = -1;
  self->funcs = funcs;
  self->owner = owner;
  if (!make_directory (self, error) || !watch_directory (self, error) || !start (self, place, keep_alive, error))
    return NULL;
  qmp_tunnel_attach (self, context);
  return g_steal_pointer (&self);
}

void
qmp_tunnel_free (QmpTunnel *self)
{
  qmp_io_timer_clear (&self->timer);
  if (self->process != NULL)
    qmp_process_end (self->process, self->context);
  remove_directory (self);
  g_clear_pointer (&self->output, qmp_output_free);
  g_free (self->socket_path);
  qmp_io_context_unref (self->context);
  g_free (self);
}

static void
set_end_timer (QmpTunnel *self)
{
  qmp_io_timer_set (&self->timer, self->context, g_get_monotonic_time () + END_TIME, kill_it, self);
}

void
qmp_tunnel_attach (QmpTunnel    *self,
                   QmpIoContext *context)
{
  qmp_io_context_ref (context);
  qmp_io_context_unref (self->context);
  self->context = context;
  qmp_process_attach (self->process, context, ended_cb, self);
  qmp_output_attach (self->output, context);
  if (self->notify_fd >= 0)
    {
      qmp_io_watch_detach (&self->watch);
      qmp_io_watch_attach (&self->watch, context, &notify_funcs, self);
      qmp_io_watch_set_fd (&self->watch, self->notify_fd, G_IO_IN);
    }
  if (self->stage == STAGE_ENDS)
    set_end_timer (self);
}

gboolean
qmp_tunnel_end (QmpTunnel         *self,
                QmpTunnelOverFunc  func,
                gpointer           owner)
{
  g_assert (self->stage == STAGE_CONNECTED);

  if (qmp_process_check (self->process))
    return TRUE;
  self->stage = STAGE_ENDS;
  self->over_func = func;
  self->over_owner = owner;
  qmp_process_terminate (self->process);
  set_end_timer (self);
  return FALSE;
}
