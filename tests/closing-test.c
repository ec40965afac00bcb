/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/socket.h>
#include <unistd.h>

#include "link/qmp-closing-private.h"
#include "test-link.h"
#include "test-utils.h"
#include "test-wire.h"

/* A closing by itself, on a link that runs. */
typedef struct {
  TestOwner   owner;
  QmpClosing *closing;  /* the caller's reference */
} Fixture;

static void
established_cb (gpointer opener)
{
}

static void
failed_cb (gpointer  opener,
           GError   *error)
{
  g_assert_not_reached ();
}

static const QmpLinkHandshakeFuncs handshake_funcs = { established_cb, failed_cb };

static void
done_cb (gpointer    owner,
         QmpClosing *closing)
{
  TestOwner *self = owner;
  g_autofree char *word = closing->error != NULL ? test_error_word (closing->error) : g_strdup ("");

  g_assert_true (closing->done);
  test_owner_note (self, "done(%s)", word);
  g_assert_null (qmp_link_end (self->link, "closed", &self->rest));
  qmp_closing_unref (closing);
}

static void
drop_cb (gpointer owner)
{
  TestOwner *self = owner;

  test_owner_note (self, "drop");
  g_clear_pointer (&self->link, qmp_link_free);
}

static const QmpClosingFuncs funcs = { done_cb, drop_cb };

static void
set_up (Fixture       *self,
        gconstpointer  data)
{
  TestOwner *owner = &self->owner;
  g_autoptr(GError) error = NULL;

  test_owner_init (owner);
  owner->settings.await_greeting = owner->settings.negotiate = FALSE;
  owner->link = qmp_link_new (owner->stream, &owner->settings, owner->calls, &owner->log, &test_link_funcs, owner, &error);
  g_assert_no_error (error);
  qmp_link_begin (owner->link, owner->io, &handshake_funcs, owner);
}

static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  qmp_closing_unref (self->closing);
  g_assert_null (self->owner.link);
  test_owner_clear (&self->owner);
}

static void
begin (Fixture *self)
{
  self->closing = qmp_closing_ref (qmp_closing_new (self->owner.link, &funcs, &self->owner));
}

/* More than the stream takes. */
static void
queue_much (Fixture *self)
{
  g_autoptr(QmpPacket) packet = test_packet_large (8 * 1024 * 1024);

  qmp_transport_send (self->owner.link->transport, packet);
}

static void
begin_slowly (Fixture *self)
{
  queue_much (self);
  begin (self);
  qmp_closing_flush (self->closing);
  test_assert_words (&self->owner, "");
  g_assert_false (self->closing->done);
}

static void
test_at_once (Fixture       *self,
              gconstpointer  data)
{
  g_autoptr(QmpPacket) packet = test_packet ("{}");
  g_autofree char *sent = NULL;

  qmp_transport_send (self->owner.link->transport, packet);
  begin (self);
  qmp_closing_flush (self->closing);
  test_assert_words (&self->owner, "done() drop");
  sent = test_owner_dup_sent (&self->owner);
  g_assert_cmpstr (sent, ==, "{}");
}

static void
look_cb (gpointer user_data)
{
  Fixture *self = user_data;

  if (!self->closing->done)
    qmp_closing_look (self->closing);
}

/* By and by. */
static void
test_flushes (Fixture       *self,
              gconstpointer  data)
{
  self->owner.after_dispatch = look_cb;
  self->owner.user_data = self;
  begin_slowly (self);
  qmp_closing_watch (self->closing, self->owner.io, -1, NULL);
  while (self->owner.link != NULL)
    g_free (test_owner_dup_sent (&self->owner));
  test_assert_words (&self->owner, "done()");
}

static void
test_ends_meanwhile (Fixture       *self,
                     gconstpointer  data)
{
  begin_slowly (self);
  close (self->owner.peer_fd);
  self->owner.peer_fd = -1;
  qmp_transport_flush (self->owner.link->transport);
  qmp_closing_finish (self->closing);
  test_assert_words (&self->owner, "done(broken-pipe)");
  /* Once. */
  qmp_closing_finish (self->closing);
  test_assert_words (&self->owner, "");
  drop_cb (&self->owner);
}

static void
test_patience (Fixture       *self,
               gconstpointer  data)
{
  g_autoptr(GMainContext) other = g_main_context_new ();
  g_autoptr(QmpIoContext) other_io = qmp_io_context_get (other);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  begin_slowly (self);
  qmp_closing_watch (self->closing, self->owner.io, 0, NULL);
  /* Another takes over. */
  qmp_closing_watch (self->closing, other_io, data != NULL ? -1 : 0, data != NULL ? cancellable : NULL);
  test_owner_turn (&self->owner);
  test_assert_words (&self->owner, "");
  g_cancellable_cancel (cancellable);
  g_main_context_iteration (other, TRUE);
  test_assert_words (&self->owner, data != NULL ? "done(cancelled) drop" : "done(timed-out) drop");
  g_assert_false (g_main_context_pending (other));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, data, func) g_test_add (path, Fixture, GINT_TO_POINTER (data), set_up, func, tear_down)
  ADD ("/closing/at-once", 0, test_at_once);
  ADD ("/closing/flushes", 0, test_flushes);
  ADD ("/closing/ends-meanwhile", 0, test_ends_meanwhile);
  ADD ("/closing/patience/time", FALSE, test_patience);
  ADD ("/closing/patience/cancelled", TRUE, test_patience);
#undef ADD

  return g_test_run ();
}
