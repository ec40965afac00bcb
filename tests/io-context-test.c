/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire/qmp-io-context-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test-utils.h"

/* One source for many descriptors, with socketpairs: what is said at one end is there at once at the other, so that
 * nothing here waits. Each test runs with all descriptors polled, with all in an epoll set, and with as many of each as
 * there are by default. */

#define MAX_LINES 12

typedef struct _Desk Desk;
typedef struct _Line Line;

struct _Line {
  QmpIoWatch   watch;
  Desk        *desk;
  char         name;
  int          fd;
  int          peer_fd;
  QmpIoNeed    need;            /* what prepare says */
  gboolean     more;            /* what dispatch says */
  gboolean     keeps;           /* does not read */
  void      (* served) (Line *line);
};

struct _Desk {
  GMainContext *context;
  QmpIoContext *io;
  GString      *log;            /* the names of who was served; in capitals if nothing was to be read */
  Line         *lines[MAX_LINES];
  guint         n_idles;
};

static QmpIoNeed
prepare_cb (gpointer owner)
{
  return ((Line *) owner)->need;
}

static gboolean
dispatch_cb (gpointer     owner,
             GIOCondition ready)
{
  Line *line = owner;
  gboolean more = line->more;
  char bytes[100];
  gboolean has_read = !line->keeps && line->fd >= 0 && recv (line->fd, bytes, sizeof (bytes), MSG_DONTWAIT) > 0;

  g_assert_true (g_source_get_context (g_main_current_source ()) == line->desk->context);
  g_string_append_c (line->desk->log, has_read ? line->name : g_ascii_toupper (line->name));
  if (line->served != NULL)
    line->served (line);
  return more;
}

static const QmpIoFuncs line_funcs = { prepare_cb, dispatch_cb };

static void
attach (Line *line)
{
  qmp_io_watch_attach (&line->watch, line->desk->io, &line_funcs, line);
  qmp_io_watch_set_fd (&line->watch, line->fd, G_IO_IN);
}

static Line *
line_new (Desk *desk,
          guint index)
{
  Line *line = g_new0 (Line, 1);
  int fds[2];

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
  *line = (Line) { .desk = desk, .name = 'a' + index, .fd = fds[0], .peer_fd = fds[1] };
  attach (line);
  g_assert_null (desk->lines[index]);
  desk->lines[index] = line;
  return line;
}

static void
line_free (Line *line)
{
  line->desk->lines[line->name - 'a'] = NULL;
  qmp_io_watch_detach (&line->watch);
  if (line->fd >= 0)
    close (line->fd);
  close (line->peer_fd);
  g_free (line);
}

static void
say (Line *line)
{
  g_assert_cmpint (send (line->peer_fd, "x", 1, 0), ==, 1);
}

static gboolean
turn (Desk *desk)
{
  return g_main_context_iteration (desk->context, FALSE);
}

#define assert_served(desk, expected)                              \
  G_STMT_START {                                                   \
    g_assert_cmpstr ((desk)->log->str, ==, expected);              \
    g_string_truncate ((desk)->log, 0);                            \
  } G_STMT_END

static void
set_up (Desk          *desk,
        gconstpointer  data)
{
  desk->context = g_main_context_new ();
  desk->io = qmp_io_context_get (desk->context);
  qmp_io_context_set_max_polled (desk->io, GPOINTER_TO_UINT (data));
  desk->log = g_string_new (NULL);
}

static void
tear_down (Desk          *desk,
           gconstpointer  data)
{
  for (guint i = 0; i < MAX_LINES; i++)
    if (desk->lines[i] != NULL)
      line_free (desk->lines[i]);
  if (desk->io != NULL)
    qmp_io_context_unref (desk->io);
  g_main_context_unref (desk->context);
  g_string_free (desk->log, TRUE);
}

static void
add_lines (Desk  *desk,
           guint  n)
{
  for (guint i = 0; i < n; i++)
    line_new (desk, i);
}

/* --- who is served --- */

static void
test_ready (Desk          *desk,
            gconstpointer  data)
{
  add_lines (desk, 10);
  turn (desk);
  g_assert_false (turn (desk));
  assert_served (desk, "");

  say (desk->lines[3]);
  g_assert_true (turn (desk));
  assert_served (desk, "d");
  g_assert_false (turn (desk));

  for (guint i = 0; i < 10; i++)
    say (desk->lines[i]);
  turn (desk);
  g_assert_cmpuint (desk->log->len, ==, 10);
  for (char name = 'a'; name < 'k'; name++)
    g_assert_nonnull (strchr (desk->log->str, name));
  g_assert_false (turn (desk));
}

/* What a watch needs is asked once it was stirred, and it is served once a turn, not until it needs no more. */
static void
test_need (Desk          *desk,
           gconstpointer  data)
{
  Line *line = line_new (desk, 0);

  line->need = QMP_IO_READY;
  g_assert_false (turn (desk));
  qmp_io_watch_stir (&line->watch);
  turn (desk);
  assert_served (desk, "A");
  turn (desk);
  assert_served (desk, "A");
  line->need = QMP_IO_SLEEP;
  g_assert_false (turn (desk));

  line->need = QMP_IO_READY;
  qmp_io_watch_stir (&line->watch);
  qmp_io_watch_calm (&line->watch);
  g_assert_false (turn (desk));
  assert_served (desk, "");
}

/* A watch that has more to do, without being ready, keeps the context from sleeping. */
static void
test_again (Desk          *desk,
            gconstpointer  data)
{
  Line *line = line_new (desk, 0);
  int priority;
  int timeout;

  line->need = QMP_IO_AGAIN;
  qmp_io_watch_stir (&line->watch);
  g_assert_true (g_main_context_acquire (desk->context));
  for (guint i = 0; i < 3; i++)
    {
      if (i == 2)
        line->need = QMP_IO_SLEEP;
      g_assert_false (g_main_context_prepare (desk->context, &priority));
      g_main_context_query (desk->context, priority, &timeout, NULL, 0);
      g_assert_cmpint (timeout, ==, i < 2 ? 0 : -1);
    }
  g_main_context_release (desk->context);
}

static void
test_late (Desk          *desk,
           gconstpointer  data)
{
  add_lines (desk, 2);
  qmp_io_watch_set_late (&desk->lines[0]->watch, TRUE);
  say (desk->lines[0]);
  say (desk->lines[1]);
  turn (desk);
  assert_served (desk, "b");
  turn (desk);
  assert_served (desk, "a");
}

/* A hang-up cannot be masked: who does not read any more must not be waited for. */
static void
test_hang_up (Desk          *desk,
              gconstpointer  data)
{
  Line *line = line_new (desk, 0);

  line_new (desk, 1);
  shutdown (line->peer_fd, SHUT_RDWR);
  turn (desk);
  assert_served (desk, "A");
  qmp_io_watch_set_fd (&line->watch, -1, 0);
  g_assert_false (turn (desk));
  say (desk->lines[1]);
  turn (desk);
  assert_served (desk, "b");
}

static void
test_events (Desk          *desk,
             gconstpointer  data)
{
  Line *line = line_new (desk, 0);

  g_assert_false (turn (desk));
  qmp_io_watch_set_fd (&line->watch, line->fd, G_IO_IN | G_IO_OUT);
  turn (desk);
  assert_served (desk, "A");
  qmp_io_watch_set_fd (&line->watch, line->fd, G_IO_IN);
  g_assert_false (turn (desk));
  say (line);
  turn (desk);
  assert_served (desk, "a");
}

/* --- what user code does in a turn --- */

static void
free_next (Line *line)
{
  Line *next = line->desk->lines[line->name - 'a' + 1];

  if (next != NULL)
    line_free (next);
}

static void
test_free_another (Desk          *desk,
                   gconstpointer  data)
{
  add_lines (desk, 4);
  for (guint i = 0; i < 4; i++)
    {
      desk->lines[i]->served = i < 3 ? free_next : NULL;
      say (desk->lines[i]);
    }
  while (turn (desk))
    ;
  /* In which order is the kernel's to say: of two neighbours one is served at least. */
  g_assert_cmpuint (desk->log->len, >=, 2);
}

static void
test_free_itself (Desk          *desk,
                  gconstpointer  data)
{
  add_lines (desk, 2);
  desk->lines[0]->served = line_free;
  say (desk->lines[0]);
  turn (desk);
  assert_served (desk, "a");
  say (desk->lines[1]);
  turn (desk);
  assert_served (desk, "b");
}

/* With the last watch the source goes, and with the last reference the context, from within its own dispatch. */
static void
free_all (Line *line)
{
  Desk *desk = line->desk;

  line_free (line);
  qmp_io_context_unref (g_steal_pointer (&desk->io));
}

static void
test_free_all (Desk          *desk,
               gconstpointer  data)
{
  Line *line = line_new (desk, 0);

  line->served = free_all;
  say (line);
  turn (desk);
  assert_served (desk, "a");
  g_assert_false (turn (desk));
}

static void
add_one (Line *line)
{
  line->served = NULL;
  say (line_new (line->desk, 1));
}

static void
test_add (Desk          *desk,
          gconstpointer  data)
{
  line_new (desk, 0)->served = add_one;
  say (desk->lines[0]);
  turn (desk);
  assert_served (desk, "a");
  turn (desk);
  assert_served (desk, "b");
}

/* The first one that is served frees another and runs a main loop until all who are left were served. */
static void
nest (Line *line)
{
  Desk *desk = line->desk;

  for (guint i = 0; i < 4; i++)
    if (desk->lines[i] != NULL)
      desk->lines[i]->served = NULL;
  line_free (desk->lines[line->name == 'a' ? 1 : 0]);
  while (desk->log->len < 3)
    turn (desk);
  g_string_append_c (desk->log, '.');
}

static void
test_nested (Desk          *desk,
             gconstpointer  data)
{
  add_lines (desk, 4);
  for (guint i = 0; i < 4; i++)
    {
      desk->lines[i]->served = nest;
      say (desk->lines[i]);
    }
  turn (desk);
  g_assert_cmpuint (desk->log->len, ==, 4);
  g_assert_cmpint (desk->log->str[3], ==, '.');
  while (turn (desk))
    ;
  g_assert_cmpuint (desk->log->len, ==, 4);
}

static void
destroy_source (Line *line)
{
  g_source_destroy (g_main_current_source ());
}

/* It is not the program's to destroy, and a program that does so goes on. */
static void
test_source_destroyed (Desk          *desk,
                       gconstpointer  data)
{
  add_lines (desk, 3);
  desk->lines[0]->served = destroy_source;
  say (desk->lines[0]);
  g_test_expect_message ("Qmp", G_LOG_LEVEL_WARNING, "*destroyed the source*");
  turn (desk);
  g_test_assert_expected_messages ();
  assert_served (desk, "a");
  say (desk->lines[1]);
  say (desk->lines[2]);
  turn (desk);
  g_assert_cmpuint (desk->log->len, ==, 2);
}

/* --- descriptors --- */

/* The number of a descriptor that was closed behind a watch's back is given to another: that one is heard, also after
 * the first has left. */
static void
test_number_again (Desk          *desk,
                   gconstpointer  data)
{
  Line *old = line_new (desk, 0);
  Line *young;

  turn (desk);
  close (old->fd);
  young = line_new (desk, 1);
  g_assert_cmpint (young->fd, ==, old->fd);
  old->fd = -1;
  turn (desk);
  g_string_truncate (desk->log, 0);

  line_free (old);
  say (young);
  turn (desk);
  assert_served (desk, "b");
  g_assert_false (turn (desk));
}

/* The kernel goes on telling of a descriptor that was closed while a duplicate lives on. */
static void
test_duplicate (Desk          *desk,
                gconstpointer  data)
{
  Line *line;
  int fd;

  add_lines (desk, 2);
  line = desk->lines[0];
  fd = dup (line->fd);
  close (line->fd);
  line->fd = -1;
  line_free (line);
  g_assert_cmpint (send (fd, "x", 1, MSG_NOSIGNAL), <, 0);
  turn (desk);
  g_assert_false (turn (desk));
  assert_served (desk, "");
  say (desk->lines[1]);
  turn (desk);
  assert_served (desk, "b");
  close (fd);
}

/* Two watches may wait for the same one, which an epoll set refuses. */
static void
test_same_descriptor (Desk          *desk,
                      gconstpointer  data)
{
  Line *line = line_new (desk, 0);
  Line same = { .desk = desk, .name = 'b', .fd = line->fd, .keeps = TRUE };

  attach (&same);
  line->keeps = TRUE;
  say (line);
  turn (desk);
  g_assert_cmpuint (desk->log->len, ==, 2);
  g_string_truncate (desk->log, 0);
  qmp_io_watch_detach (&same.watch);
  line->keeps = FALSE;
  turn (desk);
  assert_served (desk, "a");
}

/* Files are always ready, and not for an epoll set. */
static void
test_file (Desk          *desk,
           gconstpointer  data)
{
  Line file = { .desk = desk, .name = 'f', .fd = open ("/proc/self/status", O_RDONLY | O_CLOEXEC), .keeps = TRUE };

  g_assert_cmpint (file.fd, >=, 0);
  attach (&file);
  turn (desk);
  assert_served (desk, "F");
  qmp_io_watch_detach (&file.watch);
  close (file.fd);
}

static void
test_no_descriptors (Desk          *desk,
                     gconstpointer  data)
{
  struct rlimit usual;
  struct rlimit none = { 0, 0 };

  add_lines (desk, 2);
  for (guint i = 0; i < 2; i++)
    qmp_io_watch_detach (&desk->lines[i]->watch);
  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &usual));
  none.rlim_max = usual.rlim_max;
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &none));
  for (guint i = 0; i < 2; i++)
    attach (desk->lines[i]);
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &usual));

  for (guint i = 0; i < 2; i++)
    {
      say (desk->lines[i]);
      turn (desk);
    }
  assert_served (desk, "ab");
}

/* Others than a few cost one descriptor for all of them. */
static void
test_crossing (Desk          *desk,
               gconstpointer  data)
{
  guint n_before;
  guint n_after;

  g_assert_cmpuint (GPOINTER_TO_UINT (data), ==, QMP_POLL_SET_MAX_POLLED);
  add_lines (desk, QMP_POLL_SET_MAX_POLLED);
  n_before = test_count_fds ();
  line_new (desk, QMP_POLL_SET_MAX_POLLED);
  g_assert_cmpuint (test_count_fds (), ==, n_before + 3);
  n_after = n_before + 3;
  for (guint i = QMP_POLL_SET_MAX_POLLED + 1; i-- > 0;)
    {
      say (desk->lines[i]);
      turn (desk);
      g_assert_cmpint (desk->log->str[0], ==, 'a' + (char) i);
      g_string_truncate (desk->log, 0);
      line_free (desk->lines[i]);
      n_after -= 2;
      g_assert_cmpuint (test_count_fds (), ==, n_after - (i <= QMP_POLL_SET_MAX_POLLED / 2 ? 1 : 0));
    }
  g_assert_false (turn (desk));
}

/* --- a forked child --- */

static int
wait_for_child (pid_t child)
{
  int status;

  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status));
  return WEXITSTATUS (status);
}

/* Dropping what it has inherited does not make the parent deaf. */
static void
test_fork (Desk          *desk,
           gconstpointer  data)
{
  pid_t child;

  add_lines (desk, 10);
  turn (desk);
  child = fork ();
  if (child == 0)
    {
      for (guint i = 0; i < 10; i++)
        line_free (desk->lines[i]);
      _exit (0);
    }
  g_assert_cmpint (wait_for_child (child), ==, 0);
  for (guint i = 0; i < 10; i++)
    {
      say (desk->lines[i]);
      turn (desk);
    }
  assert_served (desk, "abcdefghij");
}

/* And what it adds itself is its own. */
static void
test_fork_added (Desk          *desk,
                 gconstpointer  data)
{
  pid_t child;

  add_lines (desk, 10);
  turn (desk);
  child = fork ();
  if (child == 0)
    {
      say (line_new (desk, 10));
      turn (desk);
      _exit (strcmp (desk->log->str, "k"));
    }
  g_assert_cmpint (wait_for_child (child), ==, 0);
  g_assert_false (turn (desk));
  say (desk->lines[0]);
  turn (desk);
  assert_served (desk, "a");
}

/* --- somebody else's main loop --- */

/* Does the poll of a foreign main loop return at once? what: done between its query and its poll. */
static gboolean
foreign_wakes (Desk  *desk,
               void (* what) (Desk *desk))
{
  GPollFD fds[MAX_LINES + 2];
  gboolean woken;
  int priority;
  int timeout;
  int n;

  g_assert_true (g_main_context_acquire (desk->context));
  g_main_context_prepare (desk->context, &priority);
  n = g_main_context_query (desk->context, priority, &timeout, fds, G_N_ELEMENTS (fds));
  g_assert_cmpint (n, <=, (int) G_N_ELEMENTS (fds));
  g_main_context_release (desk->context);
  what (desk);
  woken = g_poll (fds, n, 0) > 0;
  g_assert_true (g_main_context_acquire (desk->context));
  if (g_main_context_check (desk->context, priority, fds, n))
    g_main_context_dispatch (desk->context);
  g_main_context_release (desk->context);
  return woken;
}

static void
do_nothing (Desk *desk)
{
}

static void
say_first (Desk *desk)
{
  say (desk->lines[0]);
}

static void
stir_first (Desk *desk)
{
  qmp_io_watch_stir (&desk->lines[0]->watch);
}

static void
stir_held (Desk *desk)
{
  qmp_io_context_hold (desk->io);
  qmp_io_watch_stir (&desk->lines[0]->watch);
  qmp_io_watch_calm (&desk->lines[0]->watch);
  qmp_io_context_release (desk->io);
}

static void
stir_and_release (Desk *desk)
{
  qmp_io_context_hold (desk->io);
  qmp_io_watch_stir (&desk->lines[0]->watch);
  qmp_io_context_release (desk->io);
}

static void
test_foreign (Desk          *desk,
              gconstpointer  data)
{
  add_lines (desk, 10);
  while (foreign_wakes (desk, do_nothing))
    ;
  g_assert_true (foreign_wakes (desk, say_first));
  assert_served (desk, "a");
  while (foreign_wakes (desk, do_nothing))
    ;
  g_assert_true (foreign_wakes (desk, stir_first));
  g_assert_false (foreign_wakes (desk, do_nothing));
  g_assert_false (foreign_wakes (desk, stir_held));
  g_assert_true (foreign_wakes (desk, stir_and_release));
}

static gboolean
idle_cb (gpointer user_data)
{
  ((Desk *) user_data)->n_idles++;
  return G_SOURCE_CONTINUE;
}

static void
add_idle (Desk *desk)
{
  g_autoptr(GSource) idle = g_idle_source_new ();

  /* GTK draws at this priority. */
  g_source_set_priority (idle, G_PRIORITY_HIGH_IDLE + 20);
  g_source_set_callback (idle, idle_cb, desk, NULL);
  g_source_attach (idle, desk->context);
}

/* Somebody who is always ready leaves room for what has a lower priority. */
static void
test_flood (Desk          *desk,
            gconstpointer  data)
{
  Line *line = line_new (desk, 0);

  line->keeps = TRUE;
  line->more = TRUE;
  say (line);
  add_idle (desk);
  for (guint i = 0; i < 100; i++)
    turn (desk);
  g_assert_cmpuint (desk->n_idles, ==, 50);
  g_assert_cmpuint (desk->log->len, ==, 50);

  /* Also who does not say so. */
  line->more = FALSE;
  desk->n_idles = 0;
  for (guint i = 0; i < 200; i++)
    turn (desk);
  g_assert_cmpuint (desk->n_idles, >=, 2);
}

/* --- streams without a descriptor --- */

static void
test_stream (Desk          *desk,
             gconstpointer  data)
{
  Line *line = line_new (desk, 0);
  g_autoptr(GSource) source = g_unix_fd_source_new (line->fd, G_IO_IN);

  qmp_io_watch_set_fd (&line->watch, -1, 0);
  qmp_io_watch_add_source (&line->watch, source);
  g_assert_false (turn (desk));
  say (line);
  turn (desk);
  assert_served (desk, "a");
  g_assert_false (turn (desk));

  line->served = line_free;
  say (line);
  turn (desk);
  assert_served (desk, "a");
  g_assert_true (g_source_is_destroyed (source));
}

static void
test_stream_removed (Desk          *desk,
                     gconstpointer  data)
{
  Line *line = line_new (desk, 0);
  g_autoptr(GSource) source = g_unix_fd_source_new (line->fd, G_IO_IN);

  qmp_io_watch_set_fd (&line->watch, -1, 0);
  qmp_io_watch_add_source (&line->watch, source);
  qmp_io_watch_remove_source (&line->watch, source);
  say (line);
  g_assert_false (turn (desk));
}

/* --- timers --- */

typedef struct {
  QmpIoTimer  timer;
  Desk       *desk;
  char        name;
  QmpIoTimer *other;   /* nullable: cleared */
  gboolean    again;
} Alarm;

static void
alarm_cb (gpointer owner)
{
  Alarm *alarm = owner;

  g_string_append_c (alarm->desk->log, alarm->name);
  g_assert_false (qmp_io_timer_is_set (&alarm->timer));
  if (alarm->other != NULL)
    qmp_io_timer_clear (alarm->other);
  if (alarm->again)
    qmp_io_timer_set (&alarm->timer, alarm->desk->io, 1, alarm_cb, alarm);
}

static void
set_alarm (Alarm *alarm,
           gint64 time)
{
  qmp_io_timer_set (&alarm->timer, alarm->desk->io, time, alarm_cb, alarm);
}

static void
test_timers (Desk          *desk,
             gconstpointer  data)
{
  Alarm a = { .desk = desk, .name = 'a' };
  Alarm b = { .desk = desk, .name = 'b' };
  Alarm c = { .desk = desk, .name = 'c', .other = &a.timer };
  gint64 later = g_get_monotonic_time () + G_TIME_SPAN_DAY;

  set_alarm (&a, 30);
  set_alarm (&b, 10);
  set_alarm (&c, 20);
  turn (desk);
  assert_served (desk, "bc");
  g_assert_false (qmp_io_timer_is_set (&a.timer));
  g_assert_false (turn (desk));

  set_alarm (&b, later);
  g_assert_false (turn (desk));
  set_alarm (&b, 10);
  turn (desk);
  assert_served (desk, "b");

  /* One that is set again for now comes with the next turn. */
  b.again = TRUE;
  set_alarm (&b, 10);
  turn (desk);
  assert_served (desk, "b");
  turn (desk);
  assert_served (desk, "b");
  qmp_io_timer_clear (&b.timer);
  qmp_io_timer_clear (&b.timer);
  g_assert_false (turn (desk));
}

static Alarm soon;

static void
set_soon (Desk *desk)
{
  soon = (Alarm) { .desk = desk, .name = 's' };
  set_alarm (&soon, g_get_monotonic_time () + G_TIME_SPAN_DAY);
}

/* The context sleeps for as long as the earliest, and is woken when there is an earlier one. */
static void
test_timer_timeout (Desk          *desk,
                    gconstpointer  data)
{
  Alarm late = { .desk = desk };
  gint64 now = g_get_monotonic_time ();
  int priority;
  int timeout;

  line_new (desk, 0);
  set_alarm (&late, now + 2 * G_TIME_SPAN_DAY);
  while (foreign_wakes (desk, do_nothing))
    ;
  g_assert_true (foreign_wakes (desk, set_soon));
  g_assert_true (g_main_context_acquire (desk->context));
  g_main_context_prepare (desk->context, &priority);
  g_main_context_query (desk->context, priority, &timeout, NULL, 0);
  g_main_context_release (desk->context);
  g_assert_cmpint (timeout, >, 0);
  g_assert_cmpint (timeout, <=, G_TIME_SPAN_DAY / 1000 + 1);
  qmp_io_timer_clear (&soon.timer);
  qmp_io_timer_clear (&late.timer);
}

/* --- threads --- */

static gpointer
get_elsewhere (gpointer data)
{
  Desk *desk = data;

  return qmp_io_context_get (desk->context);
}

/* One for each main context in each thread. The last reference may go in any, while the thread lives, or after. */
static void
test_threads (Desk          *desk,
              gconstpointer  data)
{
  g_autoptr(GMainContext) other = g_main_context_new ();
  QmpIoContext *io = qmp_io_context_get (desk->context);

  g_assert_true (io == desk->io);
  qmp_io_context_unref (io);
  io = qmp_io_context_get (other);
  g_assert_true (io != desk->io);
  g_assert_true (qmp_io_context_get_main_context (io) == other);
  g_thread_join (g_thread_new ("unref", (GThreadFunc) qmp_io_context_unref, io));
  /* Nobody holds it, and this thread finds it again. */
  g_assert_true (qmp_io_context_get (other) == io);
  qmp_io_context_unref (io);

  io = g_thread_join (g_thread_new ("get", get_elsewhere, desk));
  g_assert_true (io != desk->io);
  qmp_io_context_unref (io);
}

#ifdef QMP_CHECKS
/* Something to do that nobody was told of would never be done. */
static void
test_check (Desk          *desk,
            gconstpointer  data)
{
  Line *line = line_new (desk, 0);

  qmp_io_context_check (desk->io);
  line->need = QMP_IO_READY;
  qmp_io_watch_stir (&line->watch);
  qmp_io_context_check (desk->io);
  if (g_test_subprocess ())
    {
      qmp_io_watch_calm (&line->watch);
      qmp_io_context_check (desk->io);
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*qmp_io_context_check: assertion failed*");
}
#endif

static void
add (const char      *name,
     gconstpointer    max_polled,
     const char      *how,
     void          (* test) (Desk          *desk,
                             gconstpointer  data))
{
  g_autofree char *path = g_strdup_printf ("/io-context/%s/%s", how, name);

  g_test_add (path, Desk, max_polled, set_up, test, tear_down);
}

static void
add_all (gconstpointer  max_polled,
         const char    *how)
{
  add ("ready", max_polled, how, test_ready);
  add ("need", max_polled, how, test_need);
  add ("again", max_polled, how, test_again);
  add ("late", max_polled, how, test_late);
  add ("hang-up", max_polled, how, test_hang_up);
  add ("events", max_polled, how, test_events);
  add ("free-another", max_polled, how, test_free_another);
  add ("free-itself", max_polled, how, test_free_itself);
  add ("free-all", max_polled, how, test_free_all);
  add ("add", max_polled, how, test_add);
  add ("nested", max_polled, how, test_nested);
  add ("source-destroyed", max_polled, how, test_source_destroyed);
  add ("number-again", max_polled, how, test_number_again);
  add ("duplicate", max_polled, how, test_duplicate);
  add ("same-descriptor", max_polled, how, test_same_descriptor);
  add ("file", max_polled, how, test_file);
  add ("no-descriptors", max_polled, how, test_no_descriptors);
  add ("fork", max_polled, how, test_fork);
  add ("fork-added", max_polled, how, test_fork_added);
  add ("foreign", max_polled, how, test_foreign);
  add ("flood", max_polled, how, test_flood);
  add ("stream", max_polled, how, test_stream);
  add ("stream-removed", max_polled, how, test_stream_removed);
  add ("timers", max_polled, how, test_timers);
  add ("timer-timeout", max_polled, how, test_timer_timeout);
  add ("threads", max_polled, how, test_threads);
#ifdef QMP_CHECKS
  add ("check", max_polled, how, test_check);
#endif
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_all (GUINT_TO_POINTER (G_MAXUINT), "polled");
  add_all (GUINT_TO_POINTER (0), "epoll");
  add_all (GUINT_TO_POINTER (QMP_POLL_SET_MAX_POLLED), "both");
  add ("crossing", GUINT_TO_POINTER (QMP_POLL_SET_MAX_POLLED), "both", test_crossing);

  return g_test_run ();
}
