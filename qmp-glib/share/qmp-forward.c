/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "share/qmp-forward-private.h"

#include "server/qmp-server-text-private.h"

QmpForward *
qmp_forward_new (QmpAnswer    *place,
                 QmpJsonSlice  id)
{
  QmpForward *self = g_malloc (sizeof *self + id.length);

  *self = (QmpForward) { .place = place, .id_length = id.length };
  self->link.data = self;
  if (id.length > 0)
    memcpy (self->id, id.text, id.length);
  return self;
}

void
qmp_forward_free (QmpForward *self)
{
  g_clear_pointer (&self->names, qmp_fd_names_unref);
  g_clear_pointer (&self->used, g_ptr_array_unref);
  if (self->held != NULL)
    g_string_free (self->held, TRUE);
  g_clear_object (&self->fd_list);
  g_free (self);
}

void
qmp_forward_set_names (QmpForward   *self,
                       QmpFdCommand  fd_command,
                       QmpFdNames   *names,
                       GPtrArray    *used)
{
  self->fd_command = fd_command;
  self->names = qmp_fd_names_ref (names);
  self->used = g_ptr_array_ref (used);
}

/* --- until it is sent --- */

void
qmp_forward_hold (QmpForward   *self,
                  QmpJsonSlice  name,
                  QmpJsonSlice  arguments,
                  GUnixFDList  *fd_list)
{
  self->held = g_string_new_len (name.text, name.length);
  self->held_name = name.length;
  if (arguments.length > 0)
    g_string_append_len (self->held, arguments.text, arguments.length);
  g_set_object (&self->fd_list, fd_list);
}

QmpJsonSlice
qmp_forward_get_held (QmpForward   *self,
                      QmpJsonSlice *arguments)
{
  *arguments = (QmpJsonSlice) { self->held->str + self->held_name, self->held->len - self->held_name };
  return (QmpJsonSlice) { self->held->str, self->held_name };
}

/* --- the reply --- */

static gboolean
has (QmpJsonFrame *frame,
     QmpJsonKey    key)
{
  return frame->outline.members[key].length > 0;
}

gboolean
qmp_forward_succeeded (QmpJsonFrame *reply)
{
  return reply->fault == NULL && has (reply, QMP_JSON_KEY_RETURN) && !has (reply, QMP_JSON_KEY_ERROR);
}

/* The server's, with names as the client knows them. */
static GString *
make_failure (QmpForward *self,
              const char *text,
              gsize       length)
{
  QmpJsonSlice id = { self->id, self->id_length };
  g_autoptr(GString) restored = NULL;

  if (self->names == NULL)
    return qmp_server_text_failure (text, length, id);

  restored = g_string_new (NULL);
  qmp_fd_names_append_restored (self->names, restored, text, length);
  return qmp_server_text_failure (restored->str, restored->len, id);
}

GString *
qmp_forward_make_answer (QmpForward   *self,
                         QmpJsonFrame *reply)
{
  QmpJsonSlice id = { self->id, self->id_length };
  QmpJsonSpan value = reply->outline.members[QMP_JSON_KEY_RETURN];
  QmpJsonSpan error = reply->outline.members[QMP_JSON_KEY_ERROR];

  if (qmp_forward_succeeded (reply))
    return qmp_server_text_return (reply->text + value.start, value.length, id);
  if (reply->fault == NULL && error.length > 0 && value.length == 0)
    return make_failure (self, reply->text + error.start, error.length);
  return qmp_server_text_error ("GenericError", "The server's reply cannot be read", id);
}

/* One that a command has taken has no name any more; of one that has failed that is not known. */
static void
settle_name (QmpForward *self,
             const char *name,
             gboolean    succeeded)
{
  if (self->fd_command == QMP_FD_COMMAND_GETFD)
    qmp_fd_names_end (self->names, name);
  else if (self->fd_command == QMP_FD_COMMAND_CLOSEFD || succeeded)
    qmp_fd_names_remove (self->names, name);
}

void
qmp_forward_settle (QmpForward   *self,
                    QmpJsonFrame *reply)
{
  gboolean succeeded = qmp_forward_succeeded (reply);

  for (guint i = 0; self->used != NULL && i < self->used->len; i++)
    settle_name (self, self->used->pdata[i], succeeded);
}
