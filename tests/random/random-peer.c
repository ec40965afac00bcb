/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "random-peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define GREETING \
  "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 2, \"major\": 7}, \"package\": \"\"}, " \
  "\"capabilities\": [\"oob\"]}}\r\n"

const char * const random_peer_commands[] = {
  "good", "bad", "event", "behind", "hang", "junk", "late", "burst", "bye", "greet", "deaf",
};

struct _RandomPeer {
  char      *directory;
  char      *path;
  int        listening;
  GThread   *thread;
  guint32    seed;      /* 0: it is always well */

  GMutex     mutex;
  GPtrArray *threads;   /* of GThread: one for each connection */
  GArray    *fds;       /* theirs, -1 once closed */
  gboolean   over;
};

typedef struct {
  RandomPeer *peer;
  guint       number;
  int         fd;
  guint       n_sent;
  GRand      *rand;
  char       *late;     /* nullable: the id of a command that is answered behind the next */
  gboolean    deaf;     /* until more comes: then it speaks before it reads */
  gboolean    over;
} Link;

guint
random_peer_get_n_commands (void)
{
  return G_N_ELEMENTS (random_peer_commands);
}

/* --- one connection --- */

/* In pieces, at times. */
static void
send_text (Link       *self,
           const char *text)
{
  gsize length = strlen (text);

  while (length > 0 && !self->over)
    {
      gsize piece = g_rand_int_range (self->rand, 0, 8) == 0 ? 1 + length / 2 : length;
      gssize n = send (self->fd, text, piece, MSG_NOSIGNAL);

      if (n < 0 && errno != EINTR)
        self->over = TRUE;
      else if (n > 0)
        {
          text += n;
          length -= n;
        }
    }
}

static void
send_event (Link *self)
{
  g_autofree char *text = g_strdup_printf ("{\"event\": \"E%d\", \"data\": {\"link\": %u, \"n\": %u}}\r\n",
                                           g_rand_int_range (self->rand, 0, 3), self->number, self->n_sent++);

  send_text (self, text);
}

static void
send_value (Link       *self,
            const char *id)
{
  g_autofree char *text = g_strdup_printf ("{\"return\": {\"link\": %u, \"n\": %u}, \"id\": %s}\r\n",
                                           self->number, self->n_sent++, id);

  send_text (self, text);
}

static void
send_number (Link       *self,
             const char *number)
{
  g_autofree char *text = g_strdup_printf ("{\"return\": %s}\r\n", number);

  send_text (self, text);
}

static void
send_error (Link       *self,
            const char *id)
{
  g_autofree char *text = g_strdup_printf ("{\"error\": {\"class\": \"GenericError\", \"desc\": \"%u %u\"}, \"id\": %s}\r\n",
                                           self->number, self->n_sent++, id);

  send_text (self, text);
}

static void
send_burst (Link *self)
{
  for (int i = g_rand_int_range (self->rand, 2, 300); i > 0 && !self->over; i--)
    send_event (self);
}

static void
answer (Link       *self,
        const char *name,
        const char *id)
{
  if (g_str_equal (name, "hang"))
    return;
  if (g_str_equal (name, "bye"))
    self->over = TRUE;
  else if (g_str_equal (name, "junk"))
    send_text (self, g_rand_boolean (self->rand) ? "}} \x01 nonsense\r\n" : "[1, {\"a\": nan}]\r\n");
  else if (g_str_equal (name, "greet"))
    send_text (self, GREETING);
  else if (g_str_equal (name, "event"))
    send_event (self);
  else if (g_str_equal (name, "burst"))
    send_burst (self);
  else if (g_str_equal (name, "deaf"))
    self->deaf = TRUE;

  if (g_str_equal (name, "late") && self->late == NULL)
    {
      self->late = g_strdup (id);
      return;
    }
  if (g_str_equal (name, "bad"))
    send_error (self, id);
  else
    send_value (self, id);
  if (g_str_equal (name, "behind"))
    send_event (self);
  if (self->late != NULL)
    send_value (self, self->late);
  g_clear_pointer (&self->late, g_free);
}

static void
negotiate (Link       *self,
           const char *id)
{
  switch (self->peer->seed != 0 ? g_rand_int_range (self->rand, 0, 20) : -1)
    {
    case 0:
      send_error (self, id);
      break;
    case 1:
      self->over = TRUE;
      break;
    case 2:
      break;
    case 3:
      send_event (self);
      send_value (self, id);
      send_event (self);
      break;
    case 4:
      send_value (self, id);
      self->over = TRUE;
      break;
    default:
      send_value (self, id);
    }
}

/* The text of a member that stands in one of the client's commands; nullable. */
static char *
find_member (const char *command,
             const char *member)
{
  g_autofree char *key = g_strdup_printf ("\"%s\":", member);
  const char *start = strstr (command, key);

  if (start == NULL)
    return NULL;
  start += strlen (key);
  if (*start == '"')
    return g_strndup (start + 1, strcspn (start + 1, "\""));
  return g_strndup (start, strspn (start, "0123456789"));
}

static void
take_command (Link       *self,
              const char *command)
{
  g_autofree char *name = find_member (command, "execute");
  g_autofree char *id = find_member (command, "id");

  if (name == NULL)
    name = find_member (command, "exec-oob");
  if (name == NULL || id == NULL || *id == '\0')
    return;
  if (g_str_equal (name, "qmp_capabilities"))
    negotiate (self, id);
  else if (g_str_equal (name, "guest-sync-delimited"))
    send_number (self, id);
  else
    answer (self, name, id);
}

/* The commands' strings have no braces in them. */
static void
take_bytes (Link    *self,
            GString *text)
{
  gsize start = 0;
  int depth = 0;

  for (gsize i = 0; i < text->len && !self->over; i++)
    {
      if (text->str[i] == '{' && depth++ == 0)
        start = i;
      if (text->str[i] == '}' && --depth == 0)
        {
          g_autofree char *command = g_strndup (text->str + start, i + 1 - start);

          take_command (self, command);
          start = i + 1;
        }
    }
  g_string_erase (text, 0, start);
}

/* Whoever has much to send is in the middle of it. */
static void
hear_again (Link *self)
{
  struct pollfd fd = { self->fd, POLLIN, 0 };

  self->deaf = FALSE;
  if (poll (&fd, 1, -1) > 0)
    send_event (self);
}

static void
serve (Link *self)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (self->peer->seed == 0 || g_rand_int_range (self->rand, 0, 12) == 0)
    send_event (self);
  if (self->peer->seed == 0 || g_rand_int_range (self->rand, 0, 25) != 0)
    send_text (self, GREETING);
  while (!self->over)
    {
      char buffer[65536];
      gssize n;

      if (self->deaf)
        hear_again (self);
      n = recv (self->fd, buffer, sizeof buffer, 0);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        break;
      g_string_append_len (text, buffer, n);
      take_bytes (self, text);
    }
}

static gpointer
link_thread (gpointer data)
{
  Link *self = data;

  serve (self);
  g_mutex_lock (&self->peer->mutex);
  g_array_index (self->peer->fds, int, self->number) = -1;
  close (self->fd);
  g_mutex_unlock (&self->peer->mutex);
  g_rand_free (self->rand);
  g_free (self->late);
  g_free (self);
  return NULL;
}

/* Takes fd. */
static void
add_link (RandomPeer *self,
          int         fd)
{
  Link *link = g_new0 (Link, 1);

  g_mutex_lock (&self->mutex);
  link->peer = self;
  link->fd = fd;
  link->number = self->fds->len;
  link->rand = g_rand_new_with_seed (self->seed + link->number);
  g_array_append_val (self->fds, fd);
  if (self->over)
    shutdown (fd, SHUT_RDWR);
  g_ptr_array_add (self->threads, g_thread_new ("link", link_thread, link));
  g_mutex_unlock (&self->mutex);
}

/* --- all of them --- */

static void
fill_address (struct sockaddr_un *address,
              const char         *path)
{
  memset (address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  g_strlcpy (address->sun_path, path, sizeof address->sun_path);
}

static gpointer
accept_thread (gpointer data)
{
  RandomPeer *self = data;
  int fd;

  while ((fd = accept (self->listening, NULL, NULL)) >= 0)
    add_link (self, fd);
  return NULL;
}

RandomPeer *
random_peer_new (guint32 seed)
{
  RandomPeer *self = g_new0 (RandomPeer, 1);
  struct sockaddr_un address;

  self->seed = seed;
  self->directory = g_dir_make_tmp ("qmp-random-XXXXXX", NULL);
  self->path = g_build_filename (self->directory, "peer", NULL);
  self->threads = g_ptr_array_new ();
  self->fds = g_array_new (FALSE, FALSE, sizeof (int));
  g_mutex_init (&self->mutex);
  fill_address (&address, self->path);
  self->listening = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (bind (self->listening, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (self->listening, 10), ==, 0);
  self->thread = g_thread_new ("accept", accept_thread, self);
  return self;
}

void
random_peer_free (RandomPeer *self)
{
  shutdown (self->listening, SHUT_RDWR);
  g_thread_join (self->thread);
  close (self->listening);
  g_mutex_lock (&self->mutex);
  self->over = TRUE;
  for (guint i = 0; i < self->fds->len; i++)
    if (g_array_index (self->fds, int, i) >= 0)
      shutdown (g_array_index (self->fds, int, i), SHUT_RDWR);
  g_mutex_unlock (&self->mutex);
  for (guint i = 0; i < self->threads->len; i++)
    g_thread_join (g_ptr_array_index (self->threads, i));
  g_ptr_array_unref (self->threads);
  g_array_unref (self->fds);
  unlink (self->path);
  rmdir (self->directory);
  g_mutex_clear (&self->mutex);
  g_free (self->path);
  g_free (self->directory);
  g_free (self);
}

const char *
random_peer_get_path (RandomPeer *self)
{
  return self->path;
}

int
random_peer_add_pair (RandomPeer *self)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  add_link (self, fds[0]);
  return fds[1];
}

void
random_peer_connect (RandomPeer *self,
                     const char *path)
{
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  struct sockaddr_un address;

  fill_address (&address, path);
  if (connect (fd, (struct sockaddr *) &address, sizeof address) != 0)
    {
      close (fd);
      return;
    }
  fcntl (fd, F_SETFL, 0);
  add_link (self, fd);
}
