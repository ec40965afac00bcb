/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-board.h"
#include "test-utils.h"

/* When a main context is woken, and when that would be a system call for nothing: descriptors come and go between its turns. */

#define MAX_LINES 12

typedef struct _Desk Desk;

typedef struct {
  QmpIoWatch  watch;
  Desk       *desk;
  int         fd;
  int         peer_fd;
} Line;

struct _Desk {
  GMainContext *context;
  QmpIoContext *io;
  GPtrArray    *lines;     /* of Line, owned */
  guint         n_served;
};

static gboolean
dispatch_cb (gpointer     owner,
             GIOCondition ready)
{
  Line *line = owner;
  char bytes[100];

  if (recv (line->fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
    line->desk->n_served++;
  return FALSE;
}

static const QmpIoFuncs line_funcs = { NULL, dispatch_cb };

static void
line_free (Line *line)
{
  qmp_io_watch_detach (&line->watch);
  close (line->fd);
  close (line->peer_fd);
  g_free (line);
}

static Line *
add_line (Desk *desk)
{
  Line *line = g_new0 (Line, 1);
  int fds[2];

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
  *line = (Line) { .desk = desk, .fd = fds[0], .peer_fd = fds[1] };
  qmp_io_watch_attach (&line->watch, desk->io, &line_funcs, line);
  qmp_io_watch_set_fd (&line->watch, line->fd, G_IO_IN);
  g_ptr_array_add (desk->lines, line);
  return line;
}

static void
add_lines (Desk  *desk,
           guint  n)
{
  for (guint i = 0; i < n; i++)
    add_line (desk);
}

static void
say (Line *line)
{
  g_assert_cmpint (send (line->peer_fd, "x", 1, 0), ==, 1);
}

static void
assert_all_heard (Desk *desk)
{
  desk->n_served = 0;
  for (guint i = 0; i < desk->lines->len; i++)
    say (g_ptr_array_index (desk->lines, i));
  while (g_main_context_iteration (desk->context, FALSE))
    ;
  g_assert_cmpuint (desk->n_served, ==, desk->lines->len);
}

static void
begin (Desk         *desk,
       QmpIoContext *io)
{
  desk->io = io;
  desk->context = g_main_context_ref (qmp_io_context_get_main_context (io));
  desk->lines = g_ptr_array_new_with_free_func ((GDestroyNotify) line_free);
}

static void
set_up (Desk          *desk,
        gconstpointer  data)
{
  g_autoptr(GMainContext) context = g_main_context_new ();

  begin (desk, qmp_io_context_get (context));
}

static void
set_up_private (Desk          *desk,
                gconstpointer  data)
{
  begin (desk, qmp_io_context_new_private ());
}

static void
tear_down (Desk          *desk,
           gconstpointer  data)
{
  g_ptr_array_unref (desk->lines);
  qmp_io_context_unref (desk->io);
  g_main_context_unref (desk->context);
}

/* --- between the query and the poll of a main loop that is not GLib's --- */

#define wakes(desk, what) test_foreign_wakes ((desk)->context, (TestForeignFunc) (what), desk)

static void
do_nothing (Desk *desk)
{
}

static void
settle (Desk *desk)
{
  while (wakes (desk, do_nothing))
    ;
}

static void
add_one (Desk *desk)
{
  add_line (desk);
}

static void
drop_last (Desk *desk)
{
  g_ptr_array_remove_index (desk->lines, desk->lines->len - 1);
}

static void
add_and_drop (Desk *desk)
{
  add_line (desk);
  drop_last (desk);
}

/* As a blocking call does, by which nobody is to be woken. */
static void
add_and_drop_held (Desk *desk)
{
  qmp_io_context_hold (desk->io);
  add_and_drop (desk);
  qmp_io_context_release (desk->io);
}

static void
add_held (Desk *desk)
{
  qmp_io_context_hold (desk->io);
  add_line (desk);
  qmp_io_context_release (desk->io);
}

/* What is added is waited for, whoever polls. */
static void
test_added (Desk          *desk,
            gconstpointer  data)
{
  add_line (desk);
  settle (desk);
  g_assert_true (wakes (desk, add_one));
  settle (desk);
  g_assert_true (wakes (desk, add_held));
  settle (desk);
  assert_all_heard (desk);
}

/* Also when there was nobody before, so that it is another source. */
static void
test_added_again (Desk          *desk,
                  gconstpointer  data)
{
  for (guint i = 0; i < 3; i++)
    {
      settle (desk);
      g_assert_true (wakes (desk, add_one));
      assert_all_heard (desk);
      drop_last (desk);
      add_and_drop (desk);
    }
}

/* What comes and goes in between is not worth a system call. */
static void
test_come_and_gone (Desk          *desk,
                    gconstpointer  data)
{
  add_line (desk);
  settle (desk);
  g_assert_false (wakes (desk, add_and_drop_held));
  assert_all_heard (desk);
}

/* With a few that go, the others come back from the epoll set: to be polled again, which has to be known. */
static void
drop_most (Desk *desk)
{
  g_ptr_array_remove_range (desk->lines, 0, desk->lines->len - QMP_POLL_SET_MAX_POLLED / 2);
}

static void
test_moved (Desk          *desk,
            gconstpointer  data)
{
  add_lines (desk, QMP_POLL_SET_MAX_POLLED + 2);
  assert_all_heard (desk);
  settle (desk);
  g_assert_true (wakes (desk, drop_most));
  settle (desk);
  g_assert_cmpuint (desk->lines->len, ==, QMP_POLL_SET_MAX_POLLED / 2);
  assert_all_heard (desk);
}

/* --- a main context of our own --- */

static gboolean
count_cb (gpointer user_data)
{
  ((Desk *) user_data)->n_served++;
  return G_SOURCE_REMOVE;
}

/* How many descriptors does GLib poll for it, and is none of them ready? */
static int
count_polled (Desk *desk)
{
  GPollFD fds[MAX_LINES + 2];
  int priority;
  int timeout;
  int n;

  g_assert_true (g_main_context_acquire (desk->context));
  g_main_context_prepare (desk->context, &priority);
  n = g_main_context_query (desk->context, priority, &timeout, fds, G_N_ELEMENTS (fds));
  g_main_context_release (desk->context);
  g_assert_cmpint (g_poll (fds, n, 0), ==, 0);
  return n;
}

/* GLib has its wake-up alone, whoever comes and goes, and nothing is lost by that. */
static void
test_private (Desk          *desk,
              gconstpointer  data)
{
  Line *line = add_line (desk);

  g_assert_cmpint (count_polled (desk), ==, 1);
  say (line);
  g_assert_true (g_main_context_iteration (desk->context, TRUE));
  g_assert_cmpuint (desk->n_served, ==, 1);
  g_assert_false (g_main_context_iteration (desk->context, FALSE));

  qmp_io_watch_stir (&line->watch);
  add_and_drop (desk);
  g_assert_cmpint (count_polled (desk), ==, 1);
  assert_all_heard (desk);
  add_lines (desk, QMP_POLL_SET_MAX_POLLED + 1);
  assert_all_heard (desk);
  drop_most (desk);
  assert_all_heard (desk);
}

/* GIO's sources run in it, too. */
static void
test_private_others (Desk          *desk,
                     gconstpointer  data)
{
  g_autoptr(GSource) source = g_idle_source_new ();
  g_autoptr(GSource) cancellation = NULL;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  add_lines (desk, 2);
  g_source_set_callback (source, count_cb, desk, NULL);
  g_source_attach (source, desk->context);
  g_assert_true (g_main_context_iteration (desk->context, TRUE));
  g_assert_cmpuint (desk->n_served, ==, 1);

  cancellation = g_cancellable_source_new (cancellable);
  g_source_set_callback (cancellation, G_SOURCE_FUNC (count_cb), desk, NULL);
  g_source_attach (cancellation, desk->context);
  g_cancellable_cancel (cancellable);
  g_assert_true (g_main_context_iteration (desk->context, TRUE));
  assert_all_heard (desk);
  g_main_context_wakeup (desk->context);
  g_main_context_iteration (desk->context, TRUE);
  g_source_destroy (cancellation);
}

static void
add (const char  *name,
     void      (* begins) (Desk          *desk,
                           gconstpointer  data),
     void      (* test)   (Desk          *desk,
                           gconstpointer  data))
{
  g_autofree char *path = g_strconcat ("/io-wake/", name, NULL);

  g_test_add (path, Desk, NULL, begins, test, tear_down);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("added", set_up, test_added);
  add ("added/again", set_up, test_added_again);
  add ("come-and-gone", set_up, test_come_and_gone);
  add ("moved", set_up, test_moved);
  add ("private", set_up_private, test_private);
  add ("private/others", set_up_private, test_private_others);

  return g_test_run ();
}
