/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz-server.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "json/qmp-json-reader-private.h"
#include "qmp-glib/qmp-message.h"

struct _FuzzServer {
  int            fd;       /* -1 without a connection */
  gboolean       deaf;
  QmpJsonReader *reader;
  GQueue         ids;      /* JSON texts of commands that were not answered, owned */
  char          *sync;     /* nullable: the number in the last sync */
};

FuzzServer *
fuzz_server_new (void)
{
  FuzzServer *self = g_new0 (FuzzServer, 1);

  self->fd = -1;
  g_queue_init (&self->ids);
  return self;
}

void
fuzz_server_hang_up (FuzzServer *self)
{
  if (self->fd < 0)
    return;
  close (self->fd);
  self->fd = -1;
  self->deaf = FALSE;
  g_clear_pointer (&self->reader, qmp_json_reader_free);
  g_queue_clear_full (&self->ids, g_free);
  g_clear_pointer (&self->sync, g_free);
}

void
fuzz_server_free (FuzzServer *self)
{
  fuzz_server_hang_up (self);
  g_free (self);
}

GIOStream *
fuzz_server_connect (FuzzServer *self,
                     gboolean    narrow)
{
  const int small = 1;
  int fds[2];
  g_autoptr(GSocket) socket = NULL;

  fuzz_server_hang_up (self);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  if (narrow)
    g_assert_cmpint (setsockopt (fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small), ==, 0);
  self->fd = fds[1];
  self->reader = qmp_json_reader_new (1 << 20, 1024);
  socket = g_socket_new_from_fd (fds[0], NULL);
  g_assert_nonnull (socket);
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

void
fuzz_server_end_sending (FuzzServer *self)
{
  if (self->fd >= 0)
    shutdown (self->fd, SHUT_WR);
}

void
fuzz_server_set_deaf (FuzzServer *self,
                      gboolean    deaf)
{
  self->deaf = deaf;
}

/* The number is the one member of the arguments. */
static char *
dup_sync (QmpMessage *command)
{
  JsonNode *arguments = qmp_message_get_member (command, "arguments");

  if (arguments == NULL || !JSON_NODE_HOLDS_OBJECT (arguments) ||
      !json_object_has_member (json_node_get_object (arguments), "id"))
    return NULL;
  return json_to_string (json_object_get_member (json_node_get_object (arguments), "id"), FALSE);
}

/* Whatever the client sends is right. */
static void
note_command (FuzzServer   *self,
              QmpJsonFrame *frame)
{
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(QmpMessage) command = NULL;
  char *id;
  char *sync;

  g_assert_no_error (frame->fault);
  bytes = qmp_json_reader_dup_bytes (self->reader, frame);
  command = qmp_message_new_from_bytes (bytes, NULL);
  g_assert_nonnull (command);
  id = qmp_message_dup_member_text (command, "id");
  if (id != NULL)
    g_queue_push_tail (&self->ids, id);
  sync = dup_sync (command);
  if (sync != NULL)
    {
      g_free (self->sync);
      self->sync = sync;
    }
}

void
fuzz_server_hear (FuzzServer *self)
{
  while (self->fd >= 0 && !self->deaf)
    {
      gsize room;
      guint8 *target = qmp_json_reader_reserve (self->reader, &room);
      gssize n = recv (self->fd, target, room, MSG_DONTWAIT);
      QmpJsonReaderResult result;
      QmpJsonFrame frame;

      if (n <= 0)
        return;
      qmp_json_reader_commit (self->reader, n);
      while ((result = qmp_json_reader_next (self->reader, &frame)) != QMP_JSON_READER_MORE)
        {
          g_assert_cmpint (result, ==, QMP_JSON_READER_TEXT);
          note_command (self, &frame);
        }
    }
}

void
fuzz_server_send (FuzzServer *self,
                  const char *text)
{
  if (self->fd >= 0)
    send (self->fd, text, strlen (text), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void
fuzz_server_reply (FuzzServer *self,
                   const char *member,
                   const char *value,
                   gboolean    newest)
{
  g_autofree char *id = newest ? g_queue_pop_tail (&self->ids) : g_queue_pop_head (&self->ids);
  g_autofree char *id_member = id != NULL ? g_strconcat (", \"id\": ", id, NULL) : g_strdup ("");
  g_autofree char *text = g_strdup_printf ("{\"%s\": %s%s}\r\n", member, value, id_member);

  fuzz_server_send (self, text);
}

void
fuzz_server_sync (FuzzServer *self)
{
  g_autofree char *text = g_strdup_printf ("\xff{\"return\": %s}\n", self->sync != NULL ? self->sync : "1");

  fuzz_server_send (self, text);
}
