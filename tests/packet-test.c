/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gunixfdlist.h>
#include <string.h>
#include <unistd.h>

#include "wire/qmp-packet-private.h"

static void
test_new (void)
{
  static const char bytes[] = "a\0\xff" "b";
  g_autofree char *text = g_memdup2 (bytes, sizeof (bytes));
  QmpPacket *packet = qmp_packet_new (text, sizeof (bytes), NULL);

  /* It has a copy. */
  memset (text, 'x', sizeof (bytes));
  g_assert_cmpmem (packet->text, packet->length, bytes, sizeof (bytes));

  g_assert_true (packet->link.data == packet);
  g_assert_null (packet->link.prev);
  g_assert_null (packet->link.next);
  g_assert_cmpuint (packet->written, ==, 0);
  g_assert_null (packet->fd_list);
  g_assert_false (packet->queued);
  g_assert_false (packet->begun);
  g_assert_false (packet->read_first);
  qmp_packet_unref (packet);
}

static void
test_empty (void)
{
  QmpPacket *packet = qmp_packet_new ("", 0, NULL);

  g_assert_cmpuint (packet->length, ==, 0);
  qmp_packet_unref (packet);
}

/* Whoever still holds it has the text and the descriptors as well. */
static void
test_references (void)
{
  QmpPacket *packet = qmp_packet_new ("{}", 2, NULL);

  g_assert_true (qmp_packet_ref (packet) == packet);
  qmp_packet_unref (packet);
  g_assert_cmpmem (packet->text, packet->length, "{}", 2);
  qmp_packet_unref (packet);
}

static void
test_descriptors (void)
{
  int fds[2];
  char byte;
  GUnixFDList *fd_list;
  QmpPacket *packet;

  g_assert_no_errno (pipe (fds));
  fd_list = g_unix_fd_list_new_from_array (&fds[1], 1);
  packet = qmp_packet_new ("{}", 2, fd_list);
  g_assert_true (packet->fd_list == fd_list);
  g_object_add_weak_pointer (G_OBJECT (fd_list), (gpointer *) &fd_list);

  /* It is referenced: the caller has its own. */
  g_object_unref (fd_list);
  g_assert_nonnull (fd_list);
  qmp_packet_ref (packet);
  qmp_packet_unref (packet);
  g_assert_nonnull (fd_list);

  qmp_packet_unref (packet);
  g_assert_null (fd_list);
  g_assert_cmpint (read (fds[0], &byte, 1), ==, 0);
  close (fds[0]);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/packet/new", test_new);
  g_test_add_func ("/packet/empty", test_empty);
  g_test_add_func ("/packet/references", test_references);
  g_test_add_func ("/packet/descriptors", test_descriptors);

  return g_test_run ();
}
