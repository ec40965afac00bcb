/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-client-private.h"

#include <glib/gi18n-lib.h>

#include "qmp-debug-private.h"
#include "qmp-json-text-private.h"

/* For a log of all that goes over the wire. The texts are made where the message goes by, and only if somebody
 * wants to see them; they reach their handlers through the inbox, in their place among replies and events. */

/* A program that makes blocking calls alone never delivers. What is over this is lost, the oldest first. */
#define MAX_KEPT (4 * 1024 * 1024)

struct _QmpWireText {
  QmpDirection  direction;
  char         *text;        /* owned */
  gsize         size;        /* what it counts for */
  GList        *inbox_link;  /* borrowed */
};

void
qmp_wire_text_free (QmpWireText *text)
{
  g_free (text->text);
  g_free (text);
}

/* --- making texts --- */

/* Between messages, and no part of them: white space, and the byte that resets a guest agent's parser. */
static gboolean
is_between (char c)
{
  return g_ascii_isspace (c) || c == '\xff';
}

static void
trim (const char **text,
      gsize       *length)
{
  while (*length > 0 && is_between ((*text)[*length - 1]))
    (*length)--;
  while (*length > 0 && is_between (**text))
    {
      (*text)++;
      (*length)--;
    }
}

static char *
make_text (const char *text,
           gsize       length,
           gboolean    redact)
{
  GString *redacted;

  if (!redact)
    return g_utf8_make_valid (text, length);

  redacted = g_string_sized_new (length);
  qmp_json_append_redacted (redacted, text, length);
  return g_string_free (redacted, FALSE);
}

static void
print (QmpClient    *self,
       QmpDirection  direction,
       const char   *text,
       gsize         length)
{
  g_autofree char *shown = make_text (text, length, !qmp_debug_enabled (QMP_DEBUG_SECRETS));

  qmp_debug (QMP_DEBUG_WIRE, "%s %s %s", self->name != NULL ? self->name : "client",
             direction == QMP_DIRECTION_SENT ? "-->" : "<--", shown);
}

/* --- keeping them --- */

static void
drop_oldest (QmpClient *self)
{
  QmpWireText *oldest = g_queue_pop_head (&self->wire);

  self->wire_size -= oldest->size;
  self->n_wire_lost++;
  qmp_client_unpost_wire (self, oldest->inbox_link);
  qmp_wire_text_free (oldest);
}

static void
keep (QmpClient    *self,
      QmpDirection  direction,
      const char   *text,
      gsize         length)
{
  QmpWireText *kept = g_new (QmpWireText, 1);

  kept->direction = direction;
  kept->text = make_text (text, length, self->redact);
  kept->size = length + sizeof (QmpWireText);
  kept->inbox_link = qmp_client_post_wire (self, kept);
  g_queue_push_tail (&self->wire, kept);
  self->wire_size += kept->size;
  while (self->wire_size > MAX_KEPT && self->wire.length > 1)
    drop_oldest (self);
}

void
qmp_client_look_for_wire (QmpClient *self)
{
  self->wire_heard = qmp_client_hears_wire (self);
}

static void
note (QmpClient    *self,
      QmpDirection  direction,
      const char   *text,
      gsize         length)
{
  gboolean debug = qmp_debug_enabled (QMP_DEBUG_WIRE);

  if (!debug && !self->wire_heard)
    return;
  trim (&text, &length);
  if (length == 0)
    return;

  if (debug)
    print (self, direction, text, length);
  if (self->wire_heard)
    keep (self, direction, text, length);
}

void
qmp_client_note_sent (QmpClient *self,
                      QmpPacket *packet)
{
  note (self, QMP_DIRECTION_SENT, packet->text, packet->length);
}

void
qmp_client_note_received (QmpClient    *self,
                          QmpJsonFrame *frame)
{
  note (self, QMP_DIRECTION_RECEIVED, frame->text, frame->length);
}

/* --- delivery --- */

static void
tell_lost (QmpClient    *self,
           QmpDirection  direction)
{
  guint n_lost = self->n_wire_lost;
  g_autofree char *text = NULL;

  if (n_lost == 0)
    return;

  self->n_wire_lost = 0;
  text = g_strdup_printf (_("(messages before this one that were not kept: %u)"), n_lost);
  qmp_client_emit_wire (self, direction, text);
}

void
qmp_client_deliver_wire (QmpClient   *self,
                         QmpWireText *text)
{
  QmpWireText *oldest = g_queue_pop_head (&self->wire);

  g_assert (oldest == text);

  self->wire_size -= text->size;
  tell_lost (self, text->direction);
  qmp_client_emit_wire (self, text->direction, text->text);
  qmp_wire_text_free (text);
}

/* --- the public face --- */

/**
 * qmp_client_get_redact:
 * @self: a client
 *
 * Gets whether [signal@Client::wire] leaves secrets out.
 *
 * Returns: `TRUE` if it does
 *
 * Since: 1.0
 */
gboolean
qmp_client_get_redact (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), FALSE);

  return self->redact;
}

/**
 * qmp_client_set_redact:
 * @self: a client
 * @redact: whether to leave secrets out
 *
 * Sets whether [signal@Client::wire] leaves secrets out; see [property@Client:redact].
 *
 * Since: 1.0
 */
void
qmp_client_set_redact (QmpClient *self,
                       gboolean   redact)
{
  g_return_if_fail (QMP_IS_CLIENT (self));

  redact = !!redact;
  if (self->redact == redact)
    return;

  self->redact = redact;
  g_object_notify (G_OBJECT (self), "redact");
}
