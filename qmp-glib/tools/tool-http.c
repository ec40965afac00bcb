/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-http.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

/* Of all that comes before the empty line. */
#define MAX_REQUEST 8192
#define MAX_CLIENTS 16
#define PATIENCE_SECONDS 5

struct _ToolHttp {
  GSocketService *service;
  GSocketAddress *address;    /* where it listens */
  ToolHttpFunc    func;
  gpointer        user_data;
  GQueue          requests;   /* of ToolHttpRequest */
};

struct _ToolHttpRequest {
  ToolHttp          *http;
  GSocketConnection *connection;
  GCancellable      *cancellable;
  guint              timer;      /* 0: none */
  gboolean           answered;
  gboolean           sleeps;     /* nothing of GIO's is under way */
  gsize              length;
  char               text[MAX_REQUEST + 1];
  char              *answer;     /* nullable */
  GList              link;       /* in the requests of http */
};

/* --- a request's end --- */

static void
request_free (ToolHttpRequest *self)
{
  ToolHttp *http = self->http;

  if (http != NULL)
    {
      g_queue_unlink (&http->requests, &self->link);
      if (http->requests.length == MAX_CLIENTS - 1)
        g_socket_service_start (http->service);
    }
  if (self->timer != 0)
    g_source_remove (self->timer);
  g_io_stream_close (G_IO_STREAM (self->connection), NULL, NULL);
  g_object_unref (self->connection);
  g_object_unref (self->cancellable);
  g_free (self->answer);
  g_free (self);
}

/* Nothing is told any more. It is freed by its callback, if GIO owes one. */
static void
request_abort (ToolHttpRequest *self)
{
  if (self->sleeps)
    request_free (self);
  else
    g_cancellable_cancel (self->cancellable);
}

static gboolean
late_cb (gpointer user_data)
{
  ToolHttpRequest *self = user_data;

  self->timer = 0;
  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_REMOVE;
}

/* --- the answer --- */

static void
written_cb (GObject      *stream,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_output_stream_write_all_finish (G_OUTPUT_STREAM (stream), result, NULL, NULL);
  request_free (user_data);
}

static const char *
get_reason (guint status)
{
  static const struct {
    guint       status;
    const char *reason;
  } reasons[] = { { 200, "OK" }, { 400, "Bad Request" }, { 403, "Forbidden" }, { 404, "Not Found" }, { 405, "Method Not Allowed" },
                  { 431, "Request Header Fields Too Large" }, { 505, "HTTP Version Not Supported" } };

  for (guint i = 0; i < G_N_ELEMENTS (reasons); i++)
    if (reasons[i].status == status)
      return reasons[i].reason;
  return "Error";
}

void
tool_http_request_return (ToolHttpRequest *self,
                          guint            status,
                          const char      *type,
                          const char      *text)
{
  g_assert (!self->answered);

  self->answered = TRUE;
  self->sleeps = FALSE;
  if (self->timer == 0)
    self->timer = g_timeout_add_seconds (PATIENCE_SECONDS, late_cb, self);
  self->answer = g_strdup_printf ("HTTP/1.1 %u %s\r\nContent-Type: %s\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n"
                                  "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n%sConnection: close\r\n\r\n%s",
                                  status, get_reason (status), type, strlen (text), status == 405 ? "Allow: GET\r\n" : "", text);
  g_output_stream_write_all_async (g_io_stream_get_output_stream (G_IO_STREAM (self->connection)), self->answer,
                                   strlen (self->answer), G_PRIORITY_DEFAULT, self->cancellable, written_cb, self);
}

static void
refuse (ToolHttpRequest *self,
        guint            status)
{
  g_autofree char *text = g_strdup_printf ("%s\n", get_reason (status));

  tool_http_request_return (self, status, "text/plain; charset=utf-8", text);
}

/* --- what is asked --- */

/* A page of the Web can have a browser ask at whatever address its own name stands for, but under that name. */
static gboolean
is_own_name (const char *host)
{
  static const char * const names[] = { "localhost", "127.0.0.1", "[::1]" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      gsize length = strlen (names[i]);

      if (g_ascii_strncasecmp (host, names[i], length) == 0 && (host[length] == '\0' || host[length] == ':'))
        return TRUE;
    }
  return FALSE;
}

static guint
check_field (const char *line,
             gboolean    local,
             guint      *n_hosts)
{
  const char *colon = strchr (line, ':');
  g_autofree char *name = NULL;
  g_autofree char *value = NULL;

  if (colon == NULL || colon == line || g_ascii_isspace (colon[-1]) || g_ascii_isspace (*line))
    return 400;
  name = g_ascii_strdown (line, colon - line);
  value = g_strstrip (g_strdup (colon + 1));
  /* There is nothing to be sent with it. */
  if (g_str_equal (name, "transfer-encoding") || (g_str_equal (name, "content-length") && !g_str_equal (value, "0")))
    return 400;
  if (!g_str_equal (name, "host"))
    return 0;
  (*n_hosts)++;
  return local || is_own_name (value) ? 0 : 403;
}

static guint
check_fields (char     **lines,
              gboolean   local,
              gboolean   needs_host)
{
  guint n_hosts = 0;

  for (guint i = 0; lines[i] != NULL; i++)
    {
      guint status = check_field (lines[i], local, &n_hosts);

      if (status != 0)
        return status;
    }
  return n_hosts > 1 || (needs_host && n_hosts == 0) ? 400 : 0;
}

guint
tool_http_parse (const char  *text,
                 gboolean     local,
                 char       **path)
{
  g_auto(GStrv) lines = g_strsplit (text, "\r\n", -1);
  g_auto(GStrv) words = lines[0] != NULL ? g_strsplit (lines[0], " ", -1) : NULL;
  gboolean is_1_1;
  guint status;

  for (const char *c = text; *c != '\0'; c++)
    if (*c < 0x20 && *c != '\t' && *c != '\r' && *c != '\n')
      return 400;
  if (words == NULL || g_strv_length (words) != 3 || words[1][0] != '/' || !g_str_has_prefix (words[2], "HTTP/"))
    return 400;
  is_1_1 = g_str_equal (words[2], "HTTP/1.1");
  if (!is_1_1 && !g_str_equal (words[2], "HTTP/1.0"))
    return 505;
  status = check_fields (lines + 1, local, is_1_1);
  if (status != 0)
    return status;
  if (!g_str_equal (words[0], "GET"))
    return 405;
  words[1][strcspn (words[1], "?")] = '\0';
  *path = g_strdup (words[1]);
  return 0;
}

static gboolean
is_local (ToolHttpRequest *self)
{
  return G_IS_UNIX_SOCKET_ADDRESS (self->http->address);
}

static void
take_request (ToolHttpRequest *self,
              char            *end)
{
  g_autofree char *path = NULL;
  guint status;

  *end = '\0';
  g_clear_handle_id (&self->timer, g_source_remove);
  status = memchr (self->text, '\0', end - self->text) != NULL ? 400 : tool_http_parse (self->text, is_local (self), &path);
  if (status != 0)
    refuse (self, status);
  else
    self->http->func (self, path, self->http->user_data);
}

static void read_more (ToolHttpRequest *self);

static void
read_cb (GObject      *stream,
         GAsyncResult *result,
         gpointer      user_data)
{
  ToolHttpRequest *self = user_data;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (stream), result, NULL);
  char *end;

  self->sleeps = TRUE;
  if (n <= 0 || self->http == NULL)
    {
      request_free (self);
      return;
    }
  self->length += n;
  self->text[self->length] = '\0';
  end = memmem (self->text, self->length, "\r\n\r\n", 4);
  if (end != NULL)
    take_request (self, end);
  else if (self->length == MAX_REQUEST)
    refuse (self, 431);
  else
    read_more (self);
}

static void
read_more (ToolHttpRequest *self)
{
  self->sleeps = FALSE;
  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (self->connection)), self->text + self->length,
                             MAX_REQUEST - self->length, G_PRIORITY_DEFAULT, self->cancellable, read_cb, self);
}

/* --- the server --- */

static gboolean
incoming_cb (GSocketService    *service,
             GSocketConnection *connection,
             GObject           *source,
             gpointer           user_data)
{
  ToolHttp *http = user_data;
  ToolHttpRequest *self = g_new0 (ToolHttpRequest, 1);

  self->http = http;
  self->connection = g_object_ref (connection);
  self->cancellable = g_cancellable_new ();
  self->link.data = self;
  g_queue_push_tail_link (&http->requests, &self->link);
  /* Others wait in the system's queue until one has gone. */
  if (http->requests.length == MAX_CLIENTS)
    g_socket_service_stop (service);
  self->timer = g_timeout_add_seconds (PATIENCE_SECONDS, late_cb, self);
  read_more (self);
  return TRUE;
}

/* The address itself, if it is one that only this computer reaches. */
static GSocketAddress *
find_address (GSocketConnectable  *connectable,
              GError             **error)
{
  g_autoptr(GSocketAddressEnumerator) all = g_socket_connectable_enumerate (connectable);
  g_autoptr(GSocketAddress) address = g_socket_address_enumerator_next (all, NULL, error);
  gboolean allowed = G_IS_UNIX_SOCKET_ADDRESS (address);

  if (address == NULL)
    return NULL;
  if (G_IS_INET_SOCKET_ADDRESS (address))
    allowed = g_inet_address_get_is_loopback (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)));
  if (allowed)
    return g_steal_pointer (&address);
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                       _("It listens at a Unix socket, or at an address of this computer itself (loopback), and nowhere else"));
  return NULL;
}

/* A socket that nobody listens at any more, as a program leaves behind that was killed. */
static void
remove_dead_socket (GSocketAddress *address)
{
  g_autoptr(GSocket) socket = NULL;
  g_autoptr(GError) error = NULL;

  if (!G_IS_UNIX_SOCKET_ADDRESS (address) ||
      g_unix_socket_address_get_address_type (G_UNIX_SOCKET_ADDRESS (address)) != G_UNIX_SOCKET_ADDRESS_PATH)
    return;
  socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  if (socket == NULL)
    return;
  g_socket_set_blocking (socket, FALSE);
  if (!g_socket_connect (socket, address, NULL, &error) && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
    g_unlink (g_unix_socket_address_get_path (G_UNIX_SOCKET_ADDRESS (address)));
}

/* Nobody else may connect, not even for a moment. */
static gboolean
listen_at (ToolHttp        *self,
           GSocketAddress  *address,
           GError         **error)
{
  mode_t mask;
  gboolean good;

  remove_dead_socket (address);
  mask = umask (0177);
  good = g_socket_listener_add_address (G_SOCKET_LISTENER (self->service), address, G_SOCKET_TYPE_STREAM,
                                        G_SOCKET_PROTOCOL_DEFAULT, NULL, &self->address, error);
  umask (mask);
  return good;
}

ToolHttp *
tool_http_new (GSocketConnectable  *connectable,
               ToolHttpFunc         func,
               gpointer             user_data,
               GError             **error)
{
  g_autoptr(GSocketAddress) address = find_address (connectable, error);
  ToolHttp *self;

  if (address == NULL)
    return NULL;
  self = g_new0 (ToolHttp, 1);
  self->service = g_socket_service_new ();
  self->func = func;
  self->user_data = user_data;
  g_signal_connect (self->service, "incoming", G_CALLBACK (incoming_cb), self);
  if (listen_at (self, address, error))
    return self;
  tool_http_free (self);
  return NULL;
}

void
tool_http_free (ToolHttp *self)
{
  GUnixSocketAddress *local = G_IS_UNIX_SOCKET_ADDRESS (self->address) ? G_UNIX_SOCKET_ADDRESS (self->address) : NULL;
  GList *link;

  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  g_signal_handlers_disconnect_by_data (self->service, self);
  while ((link = g_queue_pop_head_link (&self->requests)) != NULL)
    {
      ToolHttpRequest *request = link->data;

      request->http = NULL;
      request_abort (request);
    }
  if (local != NULL && g_unix_socket_address_get_address_type (local) == G_UNIX_SOCKET_ADDRESS_PATH)
    g_unlink (g_unix_socket_address_get_path (local));
  g_clear_object (&self->address);
  g_object_unref (self->service);
  g_free (self);
}

char *
tool_http_dup_place (ToolHttp *self)
{
  return g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (self->address));
}
