/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-raw.h"

#include <errno.h>
#include <gio/gunixfdmessage.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "json/qmp-json-reader-private.h"
#include "json/qmp-json-text-private.h"

struct _TestRaw {
  GSocket *socket;
  GString *heard;  /* and not read */
  gboolean ended;
};

TestRaw *
test_raw_new_for_fd (int fd)
{
  TestRaw *self = g_new0 (TestRaw, 1);
  g_autoptr(GError) error = NULL;

  self->socket = g_socket_new_from_fd (fd, &error);
  g_assert_no_error (error);
  g_socket_set_blocking (self->socket, FALSE);
  self->heard = g_string_new (NULL);
  return self;
}

TestRaw *
test_raw_new (QmpServer *server)
{
  int fd;
  g_autoptr(GIOStream) stream = test_socketpair (&fd);
  g_autoptr(GError) error = NULL;
  TestRaw *self = test_raw_new_for_fd (fd);
  g_autofree char *greeting = NULL;

  qmp_server_add_stream (server, stream, &error);
  g_assert_no_error (error);
  greeting = test_raw_read_line (self);
  g_assert_true (g_str_has_prefix (greeting, "{\"QMP\": "));
  return self;
}

void
test_raw_free (TestRaw *self)
{
  g_object_unref (self->socket);
  g_string_free (self->heard, TRUE);
  g_free (self);
}

int
test_raw_get_fd (TestRaw *self)
{
  return g_socket_get_fd (self->socket);
}

/* --- waiting --- */

static gboolean
ready_cb (GSocket      *socket,
          GIOCondition  condition,
          gpointer      user_data)
{
  return G_SOURCE_CONTINUE;
}

/* The main loop is woken by what can be read or written here. */
static GSource *
watch (TestRaw      *self,
       GIOCondition  condition)
{
  GSource *source = g_socket_create_source (self->socket, condition, NULL);

  g_source_set_callback (source, G_SOURCE_FUNC (ready_cb), NULL, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
}

static void
unwatch (GSource *source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

/* --- saying --- */

void
test_raw_say_with_fds (TestRaw    *self,
                       const char *text,
                       guint       n_fds)
{
  g_autoptr(GSocketControlMessage) message = g_unix_fd_message_new ();
  GOutputVector vector = { text, strlen (text) };
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < n_fds; i++)
    g_assert_true (g_unix_fd_message_append_fd (G_UNIX_FD_MESSAGE (message), STDERR_FILENO, NULL));
  g_assert_cmpint (g_socket_send_message (self->socket, NULL, &vector, 1, &message, n_fds > 0 ? 1 : 0, 0, NULL, &error),
                   ==, strlen (text));
  g_assert_no_error (error);
}

static void
wait_for_room (TestRaw *self)
{
  GSource *source = watch (self, G_IO_OUT);

  test_spin_until (g_socket_condition_check (self->socket, G_IO_OUT) != 0);
  unwatch (source);
}

void
test_raw_say (TestRaw    *self,
              const char *text)
{
  gsize length = strlen (text);

  while (length > 0)
    {
      gssize n = send (test_raw_get_fd (self), text, length, MSG_NOSIGNAL | MSG_DONTWAIT);

      if (n < 0)
        {
          g_assert_cmpint (errno, ==, EAGAIN);
          wait_for_room (self);
          continue;
        }
      text += n;
      length -= n;
    }
}

/* --- hearing --- */

gboolean
test_raw_has_line (TestRaw *self)
{
  char buffer[65536];
  gssize n;

  while (!self->ended && (n = recv (test_raw_get_fd (self), buffer, sizeof (buffer), MSG_DONTWAIT)) != -1)
    {
      self->ended = n == 0;
      g_string_append_len (self->heard, buffer, n);
    }
  if (!self->ended && errno == ECONNRESET)
    self->ended = TRUE;
  return self->ended || strstr (self->heard->str, "\r\n") != NULL;
}

static void
wait_for_line (TestRaw *self)
{
  GSource *source = watch (self, G_IO_IN);

  test_spin_until (test_raw_has_line (self));
  unwatch (source);
}

char *
test_raw_read_line (TestRaw *self)
{
  char *line, *end;

  wait_for_line (self);
  end = strstr (self->heard->str, "\r\n");
  if (end == NULL)
    {
      g_assert_cmpstr (self->heard->str, ==, "");
      return NULL;
    }
  line = g_strndup (self->heard->str, end - self->heard->str);
  g_string_erase (self->heard, 0, end + strlen ("\r\n") - self->heard->str);
  return line;
}

char *
test_raw_normalize (const char *text)
{
  GString *out;

  if (text == NULL || !qmp_json_check (text, strlen (text), 1024, NULL, NULL))
    return g_strdup (text);
  out = g_string_new (NULL);
  qmp_json_append_canonical (out, text, strlen (text));
  return g_string_free (out, FALSE);
}

const char *
test_raw_error (const char *error_class,
                const char *desc,
                const char *id)
{
  static char *last;
  GString *out = g_string_new (NULL);

  g_string_append_printf (out, "{\"error\": {\"class\": \"%s\", \"desc\": ", error_class);
  qmp_json_append_escaped (out, desc, strlen (desc));
  g_string_append_c (out, '}');
  if (id != NULL)
    g_string_append_printf (out, ", \"id\": %s", id);
  g_string_append_c (out, '}');
  g_free (last);
  last = g_string_free (out, FALSE);
  return last;
}

void
test_raw_negotiate (TestRaw *self)
{
  test_raw_assert_answer (self, "{\"execute\": \"qmp_capabilities\"}", "{\"return\": {}}");
}

void
test_raw_negotiate_oob (TestRaw *self)
{
  test_raw_assert_answer (self, "{\"execute\": \"qmp_capabilities\", \"arguments\": {\"enable\": [\"oob\"]}}",
                          "{\"return\": {}}");
}
