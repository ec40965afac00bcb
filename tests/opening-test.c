/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link/qmp-opening-private.h"
#include "test-link.h"
#include "test-utils.h"

/* An opening by itself, at each of its steps. */
typedef struct {
  TestOwner             owner;
  QmpConnectorSettings  connection;
  QmpOpening           *opening;
  char                 *directory;
  char                 *path;
  GSocketAddress       *address;
  GSocket              *listener;  /* nullable, at address */
} Fixture;

static void
opened_cb (gpointer  owner,
           QmpLink  *link)
{
  TestOwner *self = owner;

  g_assert_null (self->link);
  self->link = link;
  test_owner_note (self, "opened");
}

static void
done_cb (gpointer    owner,
         QmpOpening *opening)
{
  g_autofree char *word = opening->error != NULL ? test_error_word (opening->error) : g_strdup ("");

  g_assert_true (qmp_opening_is_done (opening));
  g_assert_cmpint (opening->step, ==, opening->error != NULL ? QMP_OPENING_FAILED : QMP_OPENING_OPENED);
  test_owner_note (owner, "done(%s)", word);
}

static const QmpOpeningFuncs funcs = { opened_cb, done_cb };

static void
set_up (Fixture       *self,
        gconstpointer  data)
{
  test_owner_init (&self->owner);
  self->directory = g_dir_make_tmp ("qmp-opening-XXXXXX", NULL);
  self->path = g_build_filename (self->directory, "socket", NULL);
  self->address = g_unix_socket_address_new (self->path);
}

static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  g_assert_true (qmp_opening_is_done (self->opening));
  qmp_opening_free (self->opening);
  test_owner_clear (&self->owner);
  g_clear_object (&self->listener);
  g_object_unref (self->address);
  g_unlink (self->path);
  g_assert_no_errno (g_rmdir (self->directory));
  g_free (self->path);
  g_free (self->directory);
}

static void
listen_at_address (Fixture *self)
{
  g_autoptr(GError) error = NULL;

  self->listener = g_socket_new (g_socket_address_get_family (self->address), G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, &error);
  g_assert_no_error (error);
  g_socket_set_listen_backlog (self->listener, 1);
  g_assert_true (g_socket_bind (self->listener, self->address, FALSE, &error) && g_socket_listen (self->listener, &error));
}

/* A port on this machine, which takes GIO a turn of the context. */
static void
listen_at_port (Fixture *self)
{
  g_object_unref (self->address);
  self->address = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  listen_at_address (self);
  g_object_unref (self->address);
  self->address = g_socket_get_local_address (self->listener, NULL);
}

typedef enum { STREAM, CONNECT, ACCEPT } Way;

static void
start (Fixture      *self,
       Way           way,
       gint64        milliseconds,
       GCancellable *cancellable)
{
  QmpOpeningPlan plan = {
    .settings = self->owner.settings,
    .connection = &self->connection,
    .address = way == CONNECT ? G_SOCKET_CONNECTABLE (self->address) : NULL,
    .stream = way == STREAM ? self->owner.stream : NULL,
    .listen_address = way == ACCEPT ? self->address : NULL,
    .calls = self->owner.calls,
    .log = &self->owner.log,
    .link_funcs = &test_link_funcs,
    .funcs = &funcs,
    .owner = &self->owner,
  };

  self->opening = qmp_opening_new (&plan);
  g_assert_cmpint (self->opening->step, ==, QMP_OPENING_NEW);
  /* GIO does its part in the thread's default context. */
  g_main_context_push_thread_default (self->owner.context);
  qmp_opening_start (self->opening, self->owner.io, milliseconds, cancellable);
  g_main_context_pop_thread_default (self->owner.context);
}

static void
assert_step (Fixture        *self,
             QmpOpeningStep  step)
{
  g_assert_cmpint (self->opening->step, ==, step);
  g_assert_cmpint (qmp_opening_is_done (self->opening), ==, step > QMP_OPENING_CANCELS);
}

/* The context's turns until that step. */
static void
turn_until (Fixture        *self,
            QmpOpeningStep  step)
{
  while (self->opening->step != step)
    {
      g_main_context_push_thread_default (self->owner.context);
      g_main_context_iteration (self->owner.context, TRUE);
      g_main_context_pop_thread_default (self->owner.context);
    }
}

/* --- its ways --- */

static void
test_stream (Fixture       *self,
             gconstpointer  data)
{
  start (self, STREAM, -1, NULL);
  assert_step (self, QMP_OPENING_HANDSHAKE);
  g_assert_cmpint (self->opening->link->state, ==, QMP_LINK_GREETING);
  test_owner_hear (&self->owner, TEST_GREETING);
  g_assert_cmpint (self->opening->link->state, ==, QMP_LINK_NEGOTIATION);

  test_owner_negotiate (&self->owner, "\"return\": {}");
  assert_step (self, QMP_OPENING_OPENED);
  test_assert_words (&self->owner, "opened done()");
  g_assert_null (self->opening->link);
  g_assert_true (self->opening->greeting == self->owner.link->handshake.greeting);
  test_owner_hear (&self->owner, "{\"event\": \"A\"}\n");
  test_assert_words (&self->owner, "event(A)");
}

/* The owner changes between two frames of one read, be the next the end. */
static void
test_one_read (Fixture       *self,
               gconstpointer  data)
{
  const char *text = "{\"event\": \"A\"}\n" TEST_GREETING "{\"event\": \"B\"}\njunk\n";

  self->owner.settings.negotiate = FALSE;
  start (self, STREAM, -1, NULL);
  g_assert_cmpint (send (self->owner.peer_fd, text, strlen (text), 0), ==, strlen (text));
  test_owner_hang_up (&self->owner);
  test_assert_words (&self->owner, "event(A) opened done() event(B) error(deserialization) ended(broken-pipe)");
  g_assert_null (self->owner.link);
  assert_step (self, QMP_OPENING_OPENED);
}

static void
test_nothing_awaited (Fixture       *self,
                      gconstpointer  data)
{
  self->owner.settings.await_greeting = self->owner.settings.negotiate = FALSE;
  start (self, STREAM, -1, NULL);
  assert_step (self, QMP_OPENING_OPENED);
  test_assert_words (&self->owner, "opened done()");
}

static void
test_connect (Fixture       *self,
              gconstpointer  data)
{
  listen_at_address (self);
  self->owner.settings.await_greeting = self->owner.settings.negotiate = FALSE;
  start (self, CONNECT, -1, NULL);
  turn_until (self, QMP_OPENING_OPENED);
  test_assert_words (&self->owner, "opened done()");
}

static void
test_connect_in_vain (Fixture       *self,
                      gconstpointer  data)
{
  start (self, CONNECT, -1, NULL);
  turn_until (self, QMP_OPENING_FAILED);
  test_assert_words (&self->owner, "done(not-found)");
}

static void
test_accept (Fixture       *self,
             gconstpointer  data)
{
  start (self, ACCEPT, 0, NULL);
  assert_step (self, QMP_OPENING_AWAITS_PEER);
  g_assert_true (self->opening->alone);
  /* There is time for the handshake now. */
  qmp_opening_reach (self->opening, self->owner.stream, -1);
  assert_step (self, QMP_OPENING_HANDSHAKE);
  g_assert_false (self->opening->alone);
  test_owner_hear (&self->owner, TEST_GREETING);
  test_owner_negotiate (&self->owner, "\"return\": {}");
  test_assert_words (&self->owner, "opened done()");
}

/* --- failing --- */

static void
assert_failed (Fixture    *self,
               int         code,
               const char *text)
{
  assert_step (self, QMP_OPENING_FAILED);
  g_assert_null (self->owner.link);
  g_assert_cmpint (self->opening->error->code, ==, code);
  g_assert_nonnull (strstr (self->opening->error->message, text));
}

/* In each handshake the link stays until nothing is being read. */
static void
test_handshake_fails (Fixture       *self,
                      gconstpointer  data)
{
  start (self, STREAM, -1, NULL);
  test_owner_hear (&self->owner, "{\"QMP\": 1}\n{\"event\": \"A\"}\n");
  test_assert_words (&self->owner, "done(greeting)");
  assert_failed (self, QMP_PROTOCOL_ERROR_GREETING, "");
  g_assert_cmpint (self->opening->link->state, ==, QMP_LINK_FAILED);
  qmp_opening_drop_link (self->opening);
  g_assert_null (self->opening->link);
}

static void
test_timed_out (Fixture       *self,
                gconstpointer  data)
{
  Way way = GPOINTER_TO_INT (data);

  if (way == CONNECT)
    listen_at_address (self);
  start (self, way, 0, NULL);
  turn_until (self, QMP_OPENING_FAILED);
  if (way == ACCEPT)
    {
      test_assert_words (&self->owner, "done(timed-out)");
      assert_failed (self, G_IO_ERROR_TIMED_OUT, self->path);
      g_assert_true (self->opening->alone);
    }
  else
    {
      /* Connected at once, and not served. */
      test_assert_words (&self->owner, "done(busy)");
      assert_failed (self, QMP_CLIENT_ERROR_BUSY, way == CONNECT ? self->path : "");
    }
  g_assert_null (self->opening->link);
}

/* What came in time counts. */
static void
test_in_time (Fixture       *self,
              gconstpointer  data)
{
  self->owner.settings.negotiate = FALSE;
  g_assert_cmpint (send (self->owner.peer_fd, TEST_GREETING, strlen (TEST_GREETING), 0), >, 0);
  start (self, STREAM, 0, NULL);
  turn_until (self, QMP_OPENING_OPENED);
  test_owner_turn (&self->owner);
  test_assert_words (&self->owner, "opened done()");
}

static void
test_cancelled_before (Fixture       *self,
                       gconstpointer  data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  g_cancellable_cancel (cancellable);
  start (self, GPOINTER_TO_INT (data), -1, cancellable);
  test_assert_words (&self->owner, "done(cancelled)");
  g_assert_cmpint (self->opening->alone, ==, GPOINTER_TO_INT (data) == ACCEPT);
  g_assert_cmpint (g_io_stream_is_closed (self->owner.stream), ==, GPOINTER_TO_INT (data) == STREAM);
}

static void
test_cancelled (Fixture       *self,
                gconstpointer  data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  if (GPOINTER_TO_INT (data) == CONNECT)
    listen_at_address (self);
  start (self, GPOINTER_TO_INT (data), -1, cancellable);
  g_assert_false (qmp_opening_is_decided (self->opening));
  g_cancellable_cancel (cancellable);
  turn_until (self, QMP_OPENING_FAILED);
  test_assert_words (&self->owner, "done(cancelled)");
}

/* --- given up --- */

static GError *
make_error (void)
{
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_EXISTS, "test");
}

static void
test_abort (Fixture       *self,
            gconstpointer  data)
{
  start (self, GPOINTER_TO_INT (data), -1, NULL);
  qmp_opening_abort (self->opening, make_error ());
  test_assert_words (&self->owner, "done(exists)");
  assert_failed (self, G_IO_ERROR_EXISTS, "test");
  /* Only the first counts. */
  qmp_opening_abort (self->opening, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "late"));
  assert_failed (self, G_IO_ERROR_EXISTS, "test");
  test_owner_turn (&self->owner);
  test_assert_words (&self->owner, "");
}

/* GIO lets go of it in its own time. */
static void
test_abort_connecting (Fixture       *self,
                       gconstpointer  data)
{
  listen_at_port (self);
  start (self, CONNECT, -1, NULL);
  assert_step (self, QMP_OPENING_CONNECTS);
  qmp_opening_abort (self->opening, make_error ());
  assert_step (self, QMP_OPENING_CANCELS);
  g_assert_true (qmp_opening_is_decided (self->opening));
  test_assert_words (&self->owner, "");
  turn_until (self, QMP_OPENING_FAILED);
  test_assert_words (&self->owner, "done(exists)");
}

/* Whoever opened it is not told yet. */
static void
test_abort_opened (Fixture       *self,
                   gconstpointer  data)
{
  self->owner.settings.await_greeting = self->owner.settings.negotiate = FALSE;
  start (self, STREAM, -1, NULL);
  test_assert_words (&self->owner, "opened done()");
  qmp_opening_abort (self->opening, make_error ());
  assert_step (self, QMP_OPENING_FAILED);
  g_assert_error (self->opening->error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  /* The link is the owner's already, and nobody is told twice. */
  g_assert_nonnull (self->owner.link);
  test_assert_words (&self->owner, "");
}

static void
test_moves (Fixture       *self,
            gconstpointer  data)
{
  g_autoptr(GMainContext) other = g_main_context_new ();
  g_autoptr(QmpIoContext) other_io = qmp_io_context_get (other);

  self->owner.settings.negotiate = FALSE;
  start (self, STREAM, -1, NULL);
  qmp_opening_attach (self->opening, other_io);
  test_owner_hear (&self->owner, TEST_GREETING);
  test_assert_words (&self->owner, "");
  while (g_main_context_iteration (other, FALSE))
    ;
  test_assert_words (&self->owner, "opened done()");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, data, func) g_test_add (path, Fixture, GINT_TO_POINTER (data), set_up, func, tear_down)
  ADD ("/opening/stream", 0, test_stream);
  ADD ("/opening/one-read", 0, test_one_read);
  ADD ("/opening/nothing-awaited", 0, test_nothing_awaited);
  ADD ("/opening/connect", 0, test_connect);
  ADD ("/opening/connect-in-vain", 0, test_connect_in_vain);
  ADD ("/opening/accept", 0, test_accept);
  ADD ("/opening/handshake-fails", 0, test_handshake_fails);
  ADD ("/opening/timed-out/stream", STREAM, test_timed_out);
  ADD ("/opening/timed-out/accept", ACCEPT, test_timed_out);
  ADD ("/opening/in-time", 0, test_in_time);
  ADD ("/opening/cancelled-before/stream", STREAM, test_cancelled_before);
  ADD ("/opening/cancelled-before/connect", CONNECT, test_cancelled_before);
  ADD ("/opening/cancelled-before/accept", ACCEPT, test_cancelled_before);
  ADD ("/opening/cancelled/stream", STREAM, test_cancelled);
  ADD ("/opening/cancelled/accept", ACCEPT, test_cancelled);
  ADD ("/opening/abort/stream", STREAM, test_abort);
  ADD ("/opening/abort/accept", ACCEPT, test_abort);
  ADD ("/opening/abort/connecting", 0, test_abort_connecting);
  ADD ("/opening/abort/opened", 0, test_abort_opened);
  ADD ("/opening/moves", 0, test_moves);
#undef ADD

  return g_test_run ();
}
