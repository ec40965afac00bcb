/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire/qmp-poll-set-private.h"

#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* What the kernel is asked for at once. It reports in turn, so that nobody is left out. */
#define MAX_EVENTS 256

/* The two have the same values. */
G_STATIC_ASSERT ((int) EPOLLIN == (int) G_IO_IN && (int) EPOLLOUT == (int) G_IO_OUT &&
                 (int) EPOLLERR == (int) G_IO_ERR && (int) EPOLLHUP == (int) G_IO_HUP);

struct _QmpPollSet {
  QmpPollSetFunc  func;
  gpointer        user_data;
  GSource        *source;      /* borrowed, nullable */
  guint           max_polled;

  GQueue          polled;      /* of QmpPollEntry, by their links; so is the next */
  GQueue          fresh;       /* will be: see qmp_poll_set_settle() */

  GPollFD         epoll;       /* fd is -1 while there is none */
  pid_t           pid;         /* whose the epoll set is: a forked child shares it, and must not change it */
  GHashTable     *by_fd;       /* of QmpPollEntry, borrowed: who is in it */
  guint           generation;  /* the last that was given */
};

QmpPollSet *
qmp_poll_set_new (QmpPollSetFunc func,
                  gpointer       user_data)
{
  QmpPollSet *self = g_new0 (QmpPollSet, 1);

  self->func = func;
  self->user_data = user_data;
  self->max_polled = QMP_POLL_SET_MAX_POLLED;
  self->epoll = (GPollFD) { -1, G_IO_IN, 0 };
  self->by_fd = g_hash_table_new (NULL, NULL);
  return self;
}

static guint
get_n_entries (QmpPollSet *self)
{
  return self->polled.length + self->fresh.length + g_hash_table_size (self->by_fd);
}

void
qmp_poll_set_free (QmpPollSet *self)
{
  g_assert (get_n_entries (self) == 0 && self->epoll.fd < 0);

  g_hash_table_unref (self->by_fd);
  g_free (self);
}

void
qmp_poll_set_set_max_polled (QmpPollSet *self,
                             guint       max_polled)
{
  g_assert (get_n_entries (self) == 0);

  self->max_polled = max_polled;
}

/* --- what is polled one by one --- */

/* The program may have destroyed the source, which has forgotten what it polled then. */
static void
poll_fd (QmpPollSet *self,
         GPollFD    *fd)
{
  fd->revents = 0;
  if (self->source != NULL && !g_source_is_destroyed (self->source))
    g_source_add_poll (self->source, fd);
}

static void
unpoll_fd (QmpPollSet *self,
           GPollFD    *fd)
{
  if (self->source != NULL && !g_source_is_destroyed (self->source))
    g_source_remove_poll (self->source, fd);
}

static void
add_polled (QmpPollSet   *self,
            QmpPollEntry *entry)
{
  entry->is_polled = TRUE;
  entry->is_fresh = TRUE;
  entry->poll.revents = 0;
  entry->link = (GList) { entry, NULL, NULL };
  g_queue_push_tail_link (&self->fresh, &entry->link);
}

static void
remove_polled (QmpPollSet   *self,
               QmpPollEntry *entry)
{
  if (!entry->is_fresh)
    unpoll_fd (self, &entry->poll);
  g_queue_unlink (entry->is_fresh ? &self->fresh : &self->polled, &entry->link);
  entry->is_polled = FALSE;
}

void
qmp_poll_set_settle (QmpPollSet *self)
{
  while (self->fresh.head != NULL)
    {
      GList *link = g_queue_pop_head_link (&self->fresh);
      QmpPollEntry *entry = link->data;

      g_queue_push_tail_link (&self->polled, link);
      entry->is_fresh = FALSE;
      poll_fd (self, &entry->poll);
    }
}

gboolean
qmp_poll_set_is_settled (QmpPollSet *self)
{
  return self->fresh.head == NULL;
}

void
qmp_poll_set_set_source (QmpPollSet *self,
                         GSource    *source)
{
  self->source = source;
  if (self->epoll.fd >= 0)
    poll_fd (self, &self->epoll);
  for (GList *l = self->polled.head; l != NULL; l = l->next)
    poll_fd (self, &((QmpPollEntry *) l->data)->poll);
}

/* --- what the epoll set waits for --- */

static struct epoll_event
get_event (QmpPollEntry *entry)
{
  return (struct epoll_event) { entry->poll.events, { .u64 = (guint64) entry->poll.fd << 32 | entry->generation } };
}

static QmpPollEntry *
get_by_fd (QmpPollSet *self,
           int         fd)
{
  return g_hash_table_lookup (self->by_fd, GINT_TO_POINTER (fd));
}

/* FALSE if the kernel refuses it: the same descriptor is there already, it is not such a file, or there is no room. */
static gboolean
add_to_epoll (QmpPollSet   *self,
              QmpPollEntry *entry)
{
  QmpPollEntry *stale = get_by_fd (self, entry->poll.fd);
  struct epoll_event event;

  entry->generation = ++self->generation;
  event = get_event (entry);
  if (epoll_ctl (self->epoll.fd, EPOLL_CTL_ADD, entry->poll.fd, &event) < 0)
    return FALSE;

  g_hash_table_insert (self->by_fd, GINT_TO_POINTER (entry->poll.fd), entry);
  if (stale != NULL)
    self->func (stale, G_IO_NVAL, self->user_data);
  return TRUE;
}

static void
close_epoll (QmpPollSet *self)
{
  unpoll_fd (self, &self->epoll);
  close (self->epoll.fd);
  self->epoll.fd = -1;
}

/* FALSE if there are no descriptors left. */
static gboolean
open_epoll (QmpPollSet *self)
{
  self->epoll.fd = epoll_create1 (EPOLL_CLOEXEC);
  if (self->epoll.fd < 0)
    return FALSE;

  self->pid = getpid ();
  poll_fd (self, &self->epoll);
  return TRUE;
}

static void
put (QmpPollSet   *self,
     QmpPollEntry *entry)
{
  if (self->epoll.fd < 0 || !add_to_epoll (self, entry))
    add_polled (self, entry);
}

/* Those of the epoll set wherever there is room for them now. */
static void
put_again (QmpPollSet *self)
{
  g_autoptr(GHashTable) before = g_steal_pointer (&self->by_fd);
  GHashTableIter iter;
  gpointer entry;

  self->by_fd = g_hash_table_new (NULL, NULL);
  g_hash_table_iter_init (&iter, before);
  while (g_hash_table_iter_next (&iter, NULL, &entry))
    put (self, entry);
}

/* The kernel reports what was closed while a duplicate lives on, and cannot be told to stop; and in a forked child the
 * set is the parent's. */
static void
make_anew (QmpPollSet *self)
{
  close_epoll (self);
  open_epoll (self);
  put_again (self);
}

static void
begin_epoll (QmpPollSet *self)
{
  GQueue polled;
  GList *link;

  if (!open_epoll (self))
    return;

  qmp_poll_set_settle (self);
  polled = self->polled;
  for (GList *l = polled.head; l != NULL; l = l->next)
    unpoll_fd (self, &((QmpPollEntry *) l->data)->poll);
  g_queue_init (&self->polled);
  while ((link = g_queue_pop_head_link (&polled)) != NULL)
    {
      ((QmpPollEntry *) link->data)->is_polled = FALSE;
      put (self, link->data);
    }
}

static void
end_epoll (QmpPollSet *self)
{
  close_epoll (self);
  put_again (self);
}

/* --- for its owner --- */

void
qmp_poll_set_add (QmpPollSet   *self,
                  QmpPollEntry *entry,
                  int           fd,
                  GIOCondition  events)
{
  if (self->epoll.fd >= 0 && self->pid != getpid ())
    make_anew (self);
  else if (self->epoll.fd < 0 && get_n_entries (self) >= self->max_polled)
    begin_epoll (self);
  entry->poll = (GPollFD) { fd, events, 0 };
  put (self, entry);
}

void
qmp_poll_set_modify (QmpPollSet   *self,
                     QmpPollEntry *entry,
                     GIOCondition  events)
{
  struct epoll_event event;

  entry->poll.events = events;
  if (entry->is_polled || get_by_fd (self, entry->poll.fd) != entry)
    return;

  event = get_event (entry);
  if (self->pid != getpid ())
    make_anew (self);
  else
    epoll_ctl (self->epoll.fd, EPOLL_CTL_MOD, entry->poll.fd, &event);
}

static void
remove_from_epoll (QmpPollSet   *self,
                   QmpPollEntry *entry)
{
  /* The number may be another entry's by now, which would become deaf. */
  if (get_by_fd (self, entry->poll.fd) != entry)
    return;

  g_hash_table_remove (self->by_fd, GINT_TO_POINTER (entry->poll.fd));
  if (self->pid == getpid ())
    epoll_ctl (self->epoll.fd, EPOLL_CTL_DEL, entry->poll.fd, NULL);
}

void
qmp_poll_set_remove (QmpPollSet   *self,
                     QmpPollEntry *entry)
{
  if (entry->is_polled)
    remove_polled (self, entry);
  else
    remove_from_epoll (self, entry);
  entry->poll.fd = -1;
  /* Not to and fro with each that comes and goes. */
  if (self->epoll.fd >= 0 && get_n_entries (self) <= self->max_polled / 2)
    end_epoll (self);
}

/* --- without a source --- */

static GPollFD *
collect (QmpPollSet *self,
         GPollFD    *fds,
         guint       n_fds,
         guint      *n_all)
{
  GPollFD *all = g_new (GPollFD, n_fds + self->polled.length + 1);
  guint n = n_fds;

  memcpy (all, fds, n_fds * sizeof *fds);
  for (GList *l = self->polled.head; l != NULL; l = l->next)
    all[n++] = ((QmpPollEntry *) l->data)->poll;
  if (self->epoll.fd >= 0)
    all[n++] = self->epoll;
  *n_all = n;
  return all;
}

static void
spread (QmpPollSet    *self,
        const GPollFD *all,
        GPollFD       *fds,
        guint          n_fds)
{
  for (guint i = 0; i < n_fds; i++)
    fds[i].revents = all[i].revents;
  all += n_fds;
  for (GList *l = self->polled.head; l != NULL; l = l->next)
    ((QmpPollEntry *) l->data)->poll.revents = all++->revents;
  if (self->epoll.fd >= 0)
    self->epoll.revents = all->revents;
}

int
qmp_poll_set_poll (QmpPollSet *self,
                   GPollFD    *fds,
                   guint       n_fds,
                   int         timeout)
{
  guint n_all;
  g_autofree GPollFD *all = collect (self, fds, n_fds, &n_all);
  int n = g_poll (all, n_all, timeout);

  if (n >= 0)
    spread (self, all, fds, n_fds);
  return n;
}

/* --- what is ready --- */

gboolean
qmp_poll_set_is_ready (QmpPollSet *self)
{
  for (GList *l = self->polled.head; l != NULL; l = l->next)
    if (((QmpPollEntry *) l->data)->poll.revents != 0)
      return TRUE;
  return self->epoll.revents != 0;
}

static void
harvest_polled (QmpPollSet *self)
{
  for (GList *l = self->polled.head; l != NULL; l = l->next)
    {
      QmpPollEntry *entry = l->data;
      GIOCondition ready = entry->poll.revents;

      entry->poll.revents = 0;
      if (ready != 0)
        self->func (entry, ready, self->user_data);
    }
}

/* How many the kernel has given. FALSE if it knows of something that is not there any more. */
static gboolean
harvest_some (QmpPollSet *self,
              int        *n)
{
  struct epoll_event events[MAX_EVENTS];
  gboolean is_known = TRUE;

  *n = epoll_wait (self->epoll.fd, events, MAX_EVENTS, 0);
  for (int i = 0; i < *n; i++)
    {
      QmpPollEntry *entry = get_by_fd (self, events[i].data.u64 >> 32);

      if (entry != NULL && entry->generation == (guint) events[i].data.u64)
        self->func (entry, events[i].events, self->user_data);
      else
        is_known = FALSE;
    }
  return is_known;
}

/* All that are ready, so that each has its turn in this one. The kernel gives those again that it gave first. */
static void
harvest_epoll (QmpPollSet *self)
{
  guint n_rounds = g_hash_table_size (self->by_fd) / MAX_EVENTS + 1;
  gboolean is_known = TRUE;
  int n = MAX_EVENTS;

  self->epoll.revents = 0;
  for (; n_rounds > 0 && n == MAX_EVENTS && is_known; n_rounds--)
    is_known = harvest_some (self, &n);
  if (!is_known)
    make_anew (self);
}

void
qmp_poll_set_harvest (QmpPollSet *self)
{
  harvest_polled (self);
  if (self->epoll.revents != 0)
    harvest_epoll (self);
}
