/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-link.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-utils.h"

void
test_owner_note (TestOwner  *self,
                 const char *format,
                 ...)
{
  va_list args;

  if (self->words->len > 0)
    g_string_append_c (self->words, ' ');
  va_start (args, format);
  g_string_append_vprintf (self->words, format, args);
  va_end (args);
}

static void
note_error (TestOwner    *self,
            const char   *word,
            const GError *error)
{
  g_autofree char *code = error != NULL ? test_error_word (error) : g_strdup ("");

  test_owner_note (self, "%s(%s)", word, code);
}

/* --- what the link calls --- */

static void
event_cb (gpointer  owner,
          QmpEvent *event)
{
  test_owner_note (owner, "event(%s)", qmp_event_get_name (event));
  g_object_unref (event);
}

static void
greeting_cb (gpointer     owner,
             QmpGreeting *greeting)
{
  test_owner_note (owner, "greeting");
  g_object_unref (greeting);
}

static void
protocol_error_cb (gpointer  owner,
                   GError   *error)
{
  note_error (owner, "error", error);
  g_error_free (error);
}

static void
call_done_cb (gpointer  owner,
              QmpCall  *call)
{
  g_assert_cmpint (call->phase, ==, QMP_CALL_DONE);
  note_error (owner, "done", call->error);
  qmp_call_free (call);
}

static void
ended_cb (gpointer      owner,
          const GError *cause)
{
  TestOwner *self = owner;

  note_error (self, "ended", cause);
  g_assert_null (qmp_link_end (self->link, cause->message, &self->rest));
}

static gboolean
hears_wire_cb (gpointer owner)
{
  return ((TestOwner *) owner)->hears_wire;
}

static gboolean
wants_more_cb (gpointer owner)
{
  return TRUE;
}

static void
after_dispatch_cb (gpointer owner)
{
  TestOwner *self = owner;

  if (self->after_dispatch != NULL)
    self->after_dispatch (self->user_data);
  if (self->link != NULL && self->link->state > QMP_LINK_RUNNING)
    g_clear_pointer (&self->link, qmp_link_free);
}

const QmpLinkFuncs test_link_funcs = {
  event_cb, greeting_cb, protocol_error_cb, call_done_cb, ended_cb, hears_wire_cb, wants_more_cb, after_dispatch_cb,
};

/* A text of the log, which is the first. */
static void
filled_cb (gpointer owner)
{
  test_owner_note (owner, "wire");
}

/* Delivery is not the link's. */
static const QmpInboxFuncs inbox_funcs = { filled_cb, NULL };

static void
tell_cb (gpointer    owner,
         gboolean    sent,
         const char *text)
{
  g_assert_not_reached ();
}

/* --- its life --- */

void
test_owner_init (TestOwner *self)
{
  g_autoptr(GError) error = NULL;

  *self = (TestOwner) { .settings = { .await_greeting = TRUE, .negotiate = TRUE, .out_of_band = TRUE,
                                      .max_message_size = 100000, .max_depth = 16 } };
  self->context = g_main_context_new ();
  self->io = qmp_io_context_get (self->context);
  self->words = g_string_new (NULL);
  self->calls = qmp_calls_new ();
  qmp_inbox_init (&self->inbox, &inbox_funcs, self);
  self->inbox.max_time = G_MAXINT64;
  qmp_wire_log_init (&self->log, self->calls, &self->inbox, tell_cb, self);
  self->stream = test_socketpair (&self->peer_fd);
}

void
test_owner_hang_up (TestOwner *self)
{
  close (self->peer_fd);
  self->peer_fd = -1;
  test_owner_turn (self);
}

void
test_owner_clear (TestOwner *self)
{
  GList *link;

  g_clear_pointer (&self->link, qmp_link_free);
  while ((link = g_queue_pop_head_link (&self->rest)) != NULL)
    qmp_call_free (link->data);
  g_clear_object (&self->stream);
  if (self->peer_fd >= 0)
    test_owner_hang_up (self);
  /* Nothing was left in it. */
  g_assert_false (g_main_context_pending (self->context));
  qmp_inbox_clear (&self->inbox);
  qmp_calls_free (self->calls);
  g_string_free (self->words, TRUE);
  qmp_io_context_unref (self->io);
  g_main_context_unref (self->context);
}

/* --- the server --- */

void
test_owner_turn (TestOwner *self)
{
  while (g_main_context_iteration (self->context, FALSE))
    ;
}

void
test_owner_hear (TestOwner  *self,
                 const char *text)
{
  g_assert_cmpint (send (self->peer_fd, text, strlen (text), MSG_NOSIGNAL), ==, strlen (text));
  test_owner_turn (self);
}

char *
test_owner_dup_sent (TestOwner *self)
{
  g_autoptr(GString) sent = g_string_new (NULL);
  char buffer[4096];
  gssize n;

  test_owner_turn (self);
  while ((n = recv (self->peer_fd, buffer, sizeof buffer, MSG_DONTWAIT)) > 0)
    g_string_append_len (sent, buffer, n);
  return g_strdup (sent->str);
}

void
test_owner_negotiate (TestOwner  *self,
                      const char *members)
{
  g_autofree char *sent = test_owner_dup_sent (self);
  const char *id = strstr (sent, "\"id\":");
  g_autofree char *reply = NULL;

  g_assert_true (g_str_has_prefix (sent, "{\"execute\":\"qmp_capabilities\""));
  g_assert_nonnull (id);
  reply = g_strdup_printf ("{%s, %s\n", members, id);
  test_owner_hear (self, reply);
}
