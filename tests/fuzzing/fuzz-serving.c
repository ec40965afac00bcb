/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"

#include <gio/gunixfdmessage.h>
#include <sys/socket.h>
#include <unistd.h>

#include <qmp-glib/qmp-glib.h>

#include "json/qmp-json-reader-private.h"
#include "test-utils.h"

/* A server, and clients of which the fuzzer plays each, with what the program does. Whatever happens: all that a client is
 * told is right JSON in lines, the server goes away with all that it has, and no descriptor is left. No time passes.
 *
 * With FUZZ_SHARE there is a multiplexer in between: the clients talk to its server, and what they say comes to the program's
 * through its client. What comes there is right, whatever they say.
 *
 * Input: lines with an instruction each, a letter and its argument:
 *
 *   n           a client connects, and is the one that is meant from here on; digits mean an earlier one
 *   s, l TEXT   says a text; with a line's end
 *   f TEXT      the same, with a descriptor
 *   r           reads what it was told
 *   h, w        hangs up; says that it will say no more
 *   a, b, x, d  the program answers the oldest command that it has kept, the newest, with an error, drops it
 *   t TEXT      the same with a text
 *   e NAME      emits an event
 *   c, C        closes the newest connection, the server
 *   k LETTERS   what the next handlers do: any of a, b, x, d, e, c, C; K: they keep their command, F: they do not know it
 *
 * After each instruction the main context does what is due. */

#define MAX_CLIENTS 4
#define MAX_ITERATIONS 10000

typedef struct {
  QmpServer *server;            /* the program's */
  QmpServer *served;            /* what the clients talk to: the same, or borrowed from the multiplexer */
  QmpClient *client;            /* of the multiplexer; nullable, as that is */
  QmpMultiplexer *multiplexer;
  int        fds[MAX_CLIENTS];  /* -1: hung up */
  GString   *heard[MAX_CLIENTS];
  guint      n_clients;
  guint      current;
  GPtrArray *kept;              /* of QmpInvocation */
  GString   *actions;
} Serving;

/* --- clients --- */

/* Each line is a message. The last may be cut. */
static void
check_heard (GString *heard)
{
  char *end;

  while ((end = strstr (heard->str, "\r\n")) != NULL)
    {
      gsize length = end - heard->str;

      g_assert_true (qmp_json_check (heard->str, length, 2048, NULL, NULL));
      g_assert_cmpint (*heard->str, ==, '{');
      g_string_erase (heard, 0, length + strlen ("\r\n"));
    }
}

static void
read_all (Serving *self,
          guint    client)
{
  char buffer[4096];
  gssize n;

  if (self->fds[client] < 0)
    return;
  while ((n = recv (self->fds[client], buffer, sizeof (buffer), MSG_DONTWAIT)) > 0)
    g_string_append_len (self->heard[client], buffer, n);
  check_heard (self->heard[client]);
}

static void
connect_client (Serving *self)
{
  g_autoptr(GIOStream) stream = NULL;

  if (self->n_clients == MAX_CLIENTS)
    return;
  stream = test_socketpair (&self->fds[self->n_clients]);
  self->heard[self->n_clients] = g_string_new (NULL);
  self->current = self->n_clients++;
  /* A multiplexer takes nobody when there is no link. */
  g_assert_true (qmp_server_add_stream (self->served, stream, NULL) ||
                 (FUZZ_SHARE && qmp_client_get_runstate (self->client) != QMP_RUNSTATE_RUNNING));
}

static void
hang_up (Serving *self,
         guint    client)
{
  read_all (self, client);
  if (self->fds[client] >= 0)
    close (self->fds[client]);
  self->fds[client] = -1;
}

static void
say (Serving    *self,
     const char *text,
     gsize       length,
     gboolean    with_fd)
{
  struct iovec vector = { (char *) text, length };
  union { char bytes[CMSG_SPACE (sizeof (int))]; struct cmsghdr align; } control = { { 0 } };
  struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
  struct cmsghdr *header;

  if (self->n_clients == 0 || self->fds[self->current] < 0 || length == 0)
    return;
  if (with_fd)
    {
      message.msg_control = control.bytes;
      message.msg_controllen = sizeof (control.bytes);
      header = CMSG_FIRSTHDR (&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN (sizeof (int));
      *(int *) CMSG_DATA (header) = STDERR_FILENO;
    }
  /* What finds no room, or nobody, is not said. */
  if (sendmsg (self->fds[self->current], &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
    return;
}

/* --- the program --- */

static QmpInvocation *
take_kept (Serving  *self,
           gboolean  newest)
{
  if (self->kept->len == 0)
    return NULL;
  return g_ptr_array_steal_index (self->kept, newest ? self->kept->len - 1 : 0);
}

static void
answer (Serving    *self,
        char        how,
        const char *text)
{
  g_autoptr(QmpInvocation) invocation = take_kept (self, how == 'b');
  g_autoptr(GError) error = NULL;

  if (invocation == NULL || how == 'd')
    return;
  if (how == 'x')
    qmp_invocation_return_error (invocation, "GenericError", text, &error);
  else if (how == 't')
    qmp_invocation_return_text (invocation, text, &error);
  else
    qmp_invocation_return_value (invocation, qmp_invocation_get_arguments (invocation), &error);
  g_assert_true ((error == NULL) == qmp_invocation_get_answered (invocation));
}

static void
close_newest (Serving *self)
{
  GListModel *list = qmp_server_get_connections (self->served);
  guint n = g_list_model_get_n_items (list);
  g_autoptr(QmpServerConnection) connection = n > 0 ? g_list_model_get_item (list, n - 1) : NULL;

  if (connection != NULL)
    qmp_server_connection_close (connection);
}

static void
act (Serving    *self,
     char        what,
     const char *text)
{
  switch (what)
    {
    case 'a':
    case 'b':
    case 'x':
    case 'd':
    case 't':
      answer (self, what, text);
      break;
    case 'e':
      qmp_server_emit_event (self->server, text, NULL, NULL);
      break;
    case 'c':
      close_newest (self);
      break;
    case 'C':
      qmp_server_close (self->server);
      break;
    default:
      break;
    }
}

static gboolean
command_cb (QmpServer     *server,
            QmpInvocation *invocation,
            gpointer       user_data)
{
  Serving *self = user_data;
  char what = self->actions->len > 0 ? *self->actions->str : 'K';

  g_assert_nonnull (qmp_invocation_get_command (invocation));
  g_assert_true (qmp_message_validate (qmp_invocation_get_message (invocation), NULL));
  if (self->actions->len > 0)
    g_string_erase (self->actions, 0, 1);
  if (what == 'F')
    return FALSE;
  g_ptr_array_add (self->kept, g_object_ref (invocation));
  act (self, what, "A");
  return TRUE;
}

/* --- the input --- */

static void
settle (void)
{
  guint n = 0;

  while (g_main_context_iteration (NULL, FALSE))
    g_assert_cmpuint (++n, <, MAX_ITERATIONS);
}

static void
follow (Serving *self,
        char    *line)
{
  g_autofree char *with_end = NULL;

  switch (*line)
    {
    case 'n':
      connect_client (self);
      break;
    case 's':
    case 'f':
      say (self, line + 1, strlen (line + 1), *line == 'f');
      break;
    case 'l':
      with_end = g_strconcat (line + 1, "\n", NULL);
      say (self, with_end, strlen (with_end), FALSE);
      break;
    case 'r':
      read_all (self, self->current);
      break;
    case 'h':
      hang_up (self, self->current);
      break;
    case 'w':
      if (self->fds[self->current] >= 0)
        shutdown (self->fds[self->current], SHUT_WR);
      break;
    case 'k':
      g_string_append (self->actions, line + 1);
      break;
    default:
      if (g_ascii_isdigit (*line) && (guint) (*line - '0') < self->n_clients)
        self->current = *line - '0';
      else
        act (self, *line, line + 1);
    }
}

static void
opened_cb (GObject      *client,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_assert_true (qmp_client_open_stream_finish (QMP_CLIENT (client), result, NULL));
}

static void
begin_sharing (Serving *self)
{
  int fd;
  g_autoptr(GIOStream) stream = test_socketpair (&fd);
  g_autoptr(GSocket) socket = g_socket_new_from_fd (fd, NULL);
  g_autoptr(GSocketConnection) peer = g_socket_connection_factory_create_connection (socket);

  g_assert_true (qmp_server_add_stream (self->server, stream, NULL));
  self->client = qmp_client_new (NULL);
  qmp_client_set_out_of_band (self->client, TRUE);
  qmp_client_open_stream_async (self->client, G_IO_STREAM (peer), NULL, opened_cb, NULL);
  settle ();
  self->multiplexer = qmp_multiplexer_new (self->client);
  self->served = qmp_multiplexer_get_server (self->multiplexer);
}

static void
begin (Serving *self)
{
  *self = (Serving) { .server = qmp_server_new (NULL), .fds = { -1, -1, -1, -1 } };
  self->served = self->server;
  self->kept = g_ptr_array_new_with_free_func (g_object_unref);
  self->actions = g_string_new (NULL);
  qmp_server_set_oob_commands (self->server, (const char * const []) { "urgent", NULL });
  g_signal_connect (self->server, "command", G_CALLBACK (command_cb), self);
  if (FUZZ_SHARE)
    begin_sharing (self);
  qmp_server_set_max_message_size (self->served, 400);
  qmp_server_set_max_pending (self->served, 4);
  qmp_server_set_max_unsent (self->served, 100000);
}

static void
end_sharing (Serving *self)
{
  g_assert_finalize_object (self->multiplexer);
  qmp_client_close_async (self->client, NULL, NULL, NULL);
  settle ();
  test_client_free (self->client);
}

static void
end (Serving *self)
{
  for (guint i = 0; i < self->n_clients; i++)
    {
      hang_up (self, i);
      g_string_free (self->heard[i], TRUE);
    }
  settle ();
  g_assert_cmpuint (g_list_model_get_n_items (qmp_server_get_connections (self->served)), ==, 0);
  if (self->multiplexer != NULL)
    end_sharing (self);
  g_assert_cmpuint (g_list_model_get_n_items (qmp_server_get_connections (self->server)), ==, 0);
  g_ptr_array_unref (self->kept);
  g_string_free (self->actions, TRUE);
  g_assert_finalize_object (self->server);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  guint n_fds = test_count_fds ();
  Serving self;
  FuzzInput input;
  char *line;

  begin (&self);
  fuzz_input_init (&input, data, size);
  while ((line = fuzz_input_take_line (&input)) != NULL)
    {
      follow (&self, line);
      settle ();
      g_free (line);
    }
  end (&self);
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
  return 0;
}
