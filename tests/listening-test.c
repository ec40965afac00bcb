/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test-utils.h"
#include "wire/qmp-address-private.h"
#include "wire/qmp-listening-private.h"

/* A socket that listens, made alone: its file, and who comes. */

typedef struct {
  QmpListening   *listening;
  char           *directory;
  char           *path;
  GSocketAddress *address;
  guint           n_calls;
  GIOStream      *peer;     /* the last one, owned */
  GError         *error;    /* the last one */
  gboolean        frees;    /* what the function does then */
  gboolean        awaits;
  QmpListeningFlags flags;
  QmpIoContext   *io;       /* the default main context's */
} Fixture;

static void
came_cb (GIOStream *peer,
         GError    *error,
         gpointer   user_data)
{
  Fixture *self = user_data;

  self->n_calls++;
  g_set_object (&self->peer, peer);
  g_clear_error (&self->error);
  self->error = error;
  if (self->awaits)
    qmp_listening_await (self->listening, self->io);
  if (self->frees)
    g_clear_pointer (&self->listening, qmp_listening_free);
}

static void
listen_well (Fixture *self)
{
  g_autoptr (GError) error = NULL;

  self->listening = qmp_listening_new (G_SOCKET_CONNECTABLE (self->address), self->flags, self->io,
                                       came_cb, self, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture       *self,
        gconstpointer  data)
{
  self->directory = g_dir_make_tmp ("qmp-listening-XXXXXX", NULL);
  self->path = g_build_filename (self->directory, "socket", NULL);
  self->address = g_unix_socket_address_new (self->path);
  self->io = qmp_io_context_get (g_main_context_default ());
}

static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  g_clear_pointer (&self->listening, qmp_listening_free);
  g_clear_object (&self->peer);
  g_clear_error (&self->error);
  g_unlink (self->path);
  g_assert_no_errno (g_rmdir (self->directory));
  g_object_unref (self->address);
  qmp_io_context_unref (self->io);
  g_free (self->path);
  g_free (self->directory);
}

static gboolean
has_file (Fixture *self)
{
  return g_file_test (self->path, G_FILE_TEST_EXISTS);
}

/* Somebody who connects; the kernel does that at once. */
static GIOStream *
come (GSocketAddress *address)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                                             G_SOCKET_PROTOCOL_DEFAULT, NULL);

  g_assert_true (g_socket_connect (socket, address, NULL, &error));
  g_assert_no_error (error);
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

static int
get_fd (GIOStream *stream)
{
  return g_socket_get_fd (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream)));
}

static gboolean
is_turned_away (GIOStream *stream)
{
  char byte;

  return recv (get_fd (stream), &byte, 1, MSG_DONTWAIT) == 0;
}

static gboolean
is_met (GIOStream *stream,
        GIOStream *peer)
{
  char byte = 0;

  return write (get_fd (peer), "x", 1) == 1 && read (get_fd (stream), &byte, 1) == 1 && byte == 'x';
}

/* --- peers --- */

static void
test_one_peer (Fixture       *self,
               gconstpointer  data)
{
  g_autoptr (GIOStream) first = NULL;
  g_autoptr (GIOStream) second = NULL;

  listen_well (self);
  qmp_listening_await (self->listening, self->io);
  first = come (self->address);
  test_spin_until (self->n_calls > 0);
  g_assert_null (self->error);
  g_assert_true (is_met (first, self->peer));

  second = come (self->address);
  test_spin_until (is_turned_away (second));
  g_assert_cmpuint (self->n_calls, ==, 1);
  g_assert_true (is_met (first, self->peer));
}

/* Nobody looks at whoever comes while it rests; the next one that is awaited is he. */
static void
test_rest (Fixture       *self,
           gconstpointer  data)
{
  g_autoptr (GIOStream) early = NULL;
  g_autoptr (GIOStream) late = NULL;

  listen_well (self);
  early = come (self->address);
  test_spin_ready ();
  g_assert_cmpuint (self->n_calls, ==, 0);
  qmp_listening_await (self->listening, self->io);
  test_spin_until (self->n_calls > 0);
  g_assert_true (is_met (early, self->peer));

  qmp_listening_rest (self->listening);
  qmp_listening_rest (self->listening);
  late = come (self->address);
  test_spin_ready ();
  g_assert_cmpuint (self->n_calls, ==, 1);
  g_assert_false (is_turned_away (late));
  qmp_listening_await (self->listening, self->io);
  test_spin_until (self->n_calls > 1);
  g_assert_true (is_met (late, self->peer));

  qmp_listening_rest (NULL);
}

/* Awaited in a context of the caller's, turned away in the owner's. */
static void
test_contexts (Fixture       *self,
               gconstpointer  data)
{
  g_autoptr (GMainContext) other = g_main_context_new ();
  g_autoptr (QmpIoContext) other_io = qmp_io_context_get (other);
  g_autoptr (GIOStream) first = NULL;
  g_autoptr (GIOStream) second = NULL;

  listen_well (self);
  qmp_listening_await (self->listening, other_io);
  first = come (self->address);
  test_spin_ready ();
  g_assert_cmpuint (self->n_calls, ==, 0);
  g_assert_true (g_main_context_iteration (other, FALSE));
  g_assert_cmpuint (self->n_calls, ==, 1);

  second = come (self->address);
  g_assert_false (g_main_context_iteration (other, FALSE));
  g_assert_false (is_turned_away (second));
  test_spin_until (is_turned_away (second));
}

static void
test_freed_inside (Fixture       *self,
                   gconstpointer  data)
{
  g_autoptr (GIOStream) first = NULL;

  listen_well (self);
  self->frees = TRUE;
  qmp_listening_await (self->listening, self->io);
  first = come (self->address);
  test_spin_until (self->n_calls > 0);
  g_assert_null (self->listening);
  g_assert_true (is_met (first, self->peer));
  g_assert_false (has_file (self));
}

/* A dispatch turns away a handful; the others come in the next. The queue has room for two. */
static void
test_many (Fixture       *self,
           gconstpointer  data)
{
  g_autoptr (GIOStream) first = NULL;

  listen_well (self);
  qmp_listening_await (self->listening, self->io);
  first = come (self->address);
  test_spin_until (self->n_calls > 0);
  for (guint i = 0; i < 50; i++)
    {
      g_autoptr (GIOStream) a = come (self->address);
      g_autoptr (GIOStream) b = come (self->address);

      test_spin_until (is_turned_away (a) && is_turned_away (b));
    }
  g_assert_cmpuint (self->n_calls, ==, 1);
}

/* There is room for them all, and each is taken in its turn. */
static void
test_all (Fixture       *self,
          gconstpointer  data)
{
  GIOStream *peers[50];

  self->flags = QMP_LISTENING_MANY;
  self->awaits = TRUE;
  listen_well (self);
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    peers[i] = come (self->address);
  qmp_listening_await (self->listening, self->io);
  test_spin_until (self->n_calls == G_N_ELEMENTS (peers));
  g_assert_true (is_met (peers[G_N_ELEMENTS (peers) - 1], self->peer));
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    g_object_unref (peers[i]);
}

/* --- no descriptors --- */

static void
set_max_fds (rlim_t  max,
             rlim_t *before)
{
  struct rlimit limit;

  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &limit));
  if (before != NULL)
    *before = limit.rlim_cur;
  limit.rlim_cur = max;
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit));
}

/* A peer that cannot be taken: told once, and it rests. It is there still when it is awaited again. */
static void
test_no_fds (Fixture       *self,
             gconstpointer  data)
{
  g_autoptr (GIOStream) first = NULL;
  g_autoptr (GIOStream) next = NULL;
  rlim_t before;

  listen_well (self);
  qmp_listening_await (self->listening, self->io);
  test_spin_ready ();
  first = come (self->address);
  set_max_fds (3, &before);
  while (self->n_calls == 0)
    g_main_context_iteration (NULL, FALSE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  set_max_fds (before, NULL);
  g_assert_cmpuint (self->n_calls, ==, 1);
  g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);

  /* Valgrind takes him, and drops him before it says that there is no room. */
  next = is_turned_away (first) ? come (self->address) : g_object_ref (first);
  qmp_listening_await (self->listening, self->io);
  test_spin_until (self->n_calls > 1);
  g_assert_true (is_met (next, self->peer));
}

/* --- the file --- */

static void
test_file (Fixture       *self,
           gconstpointer  data)
{
  g_autoptr (GSocketAddress) bound = NULL;

  listen_well (self);
  g_assert_true (has_file (self));
  bound = qmp_listening_dup_address (self->listening);
  g_assert_cmpstr (qmp_address_get_path (G_SOCKET_CONNECTABLE (bound)), ==, self->path);
  g_clear_pointer (&self->listening, qmp_listening_free);
  g_assert_false (has_file (self));
}

static mode_t
get_mode (Fixture *self)
{
  struct stat info;

  g_assert_no_errno (lstat (self->path, &info));
  return info.st_mode & 0777;
}

static void
test_file_owner_only (Fixture       *self,
                      gconstpointer  data)
{
  mode_t before = umask (0);

  listen_well (self);
  g_assert_cmpuint (get_mode (self), ==, 0777);
  g_clear_pointer (&self->listening, qmp_listening_free);

  self->flags = QMP_LISTENING_OWNER_ONLY;
  listen_well (self);
  g_assert_cmpuint (get_mode (self), ==, 0600);
  umask (before);
}

static void
test_file_of_another (Fixture       *self,
                      gconstpointer  data)
{
  listen_well (self);
  g_unlink (self->path);
  g_assert_true (g_file_set_contents (self->path, "", 0, NULL));
  g_clear_pointer (&self->listening, qmp_listening_free);
  g_assert_true (has_file (self));
}

static void
test_file_fork (Fixture       *self,
                gconstpointer  data)
{
  int status;
  pid_t child;

  listen_well (self);
  child = fork ();
  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    {
      qmp_listening_free (self->listening);
      _exit (0);
    }
  g_assert_no_errno (waitpid (child, &status, 0));
  g_assert_true (has_file (self));
}

/* Nobody has the socket any more whose file it is. */
static void
test_file_stale (Fixture       *self,
                 gconstpointer  data)
{
  g_autoptr (GSocket) dead = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);

  g_assert_true (g_socket_bind (dead, self->address, FALSE, NULL));
  g_socket_close (dead, NULL);
  listen_well (self);
  g_object_unref (come (self->address));
}

/* --- what cannot be had --- */

static void
listen_in_vain (Fixture             *self,
                GSocketConnectable  *address,
                GError             **error)
{
  g_assert_null (qmp_listening_new (address, QMP_LISTENING_ONE, self->io, came_cb, self, error));
}

static void
test_living (Fixture       *self,
             gconstpointer  data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GIOStream) peer = NULL;

  listen_well (self);
  listen_in_vain (self, G_SOCKET_CONNECTABLE (self->address), &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  peer = come (self->address);
}

static void
test_no_socket (Fixture       *self,
                gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (self->path, "precious", -1, NULL));
  listen_in_vain (self, G_SOCKET_CONNECTABLE (self->address), &error);
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_NOT_A_SOCKET);
  g_assert_true (has_file (self));
}

static void
test_vsock (Fixture       *self,
            gconstpointer  data)
{
  g_autoptr (GSocketConnectable) address = qmp_own_address_new_vsock (2, 1);
  g_autoptr (GError) error = NULL;

  listen_in_vain (self, address, &error);
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_ADDRESS);
}

/* --- a descriptor --- */

/* The caller's socket is as it was, and listens on. */
static void
test_given (Fixture       *self,
            gconstpointer  data)
{
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM,
                                             G_SOCKET_PROTOCOL_DEFAULT, NULL);
  int fd = g_socket_get_fd (socket);
  g_autoptr (GSocketConnectable) address = qmp_own_address_new_fd (fd);
  g_autoptr (GIOStream) peer = NULL;
  g_autoptr (GError) error = NULL;

  listen_in_vain (self, address, &error);
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_NOT_A_SOCKET);

  g_assert_true (g_socket_bind (socket, self->address, FALSE, NULL) && g_socket_listen (socket, NULL));
  g_assert_no_errno (fcntl (fd, F_SETFL, fcntl (fd, F_GETFL) & ~O_NONBLOCK));
  self->listening = qmp_listening_new (address, QMP_LISTENING_ONE, self->io, came_cb, self, NULL);
  g_assert_nonnull (self->listening);
  qmp_listening_await (self->listening, self->io);
  peer = come (self->address);
  test_spin_until (self->n_calls > 0);
  g_assert_true (is_met (peer, self->peer));

  g_clear_pointer (&self->listening, qmp_listening_free);
  g_assert_cmpint (fcntl (fd, F_GETFL) & O_NONBLOCK, ==, 0);
  g_assert_true (has_file (self));
  g_object_unref (come (self->address));
}

/* Any free port. */
static void
test_tcp (Fixture       *self,
          gconstpointer  data)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GIOStream) peer = NULL;

  g_set_object (&self->address, address);
  listen_well (self);
  bound = qmp_listening_dup_address (self->listening);
  g_assert_cmpuint (g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound)), !=, 0);
  qmp_listening_await (self->listening, self->io);
  peer = come (bound);
  test_spin_until (self->n_calls > 0);
  g_assert_true (is_met (peer, self->peer));
}

#define ADD(path, function) \
  g_test_add ("/listening/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("peers/one", test_one_peer);
  ADD ("peers/rest", test_rest);
  ADD ("peers/contexts", test_contexts);
  ADD ("peers/freed-inside", test_freed_inside);
  ADD ("peers/many", test_many);
  ADD ("peers/all", test_all);
  ADD ("peers/no-fds", test_no_fds);
  ADD ("file/own", test_file);
  ADD ("file/owner-only", test_file_owner_only);
  ADD ("file/of-another", test_file_of_another);
  ADD ("file/fork", test_file_fork);
  ADD ("file/stale", test_file_stale);
  ADD ("in-vain/living", test_living);
  ADD ("in-vain/no-socket", test_no_socket);
  ADD ("in-vain/vsock", test_vsock);
  ADD ("given", test_given);
  ADD ("tcp", test_tcp);

  return g_test_run ();
}
