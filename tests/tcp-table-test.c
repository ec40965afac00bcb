/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "finder/qmp-tcp-table-private.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define END " 00000000:00000000 00:00000000 00000000     0        0 "

static void
assert_address (QmpTcpTable *table,
                guint        inode,
                const char  *expected)
{
  const QmpTcpEntry *listener = qmp_tcp_table_find_listener (table, inode);
  g_autofree char *address = listener != NULL ? qmp_tcp_entry_dup_address (listener) : NULL;

  g_assert_cmpstr (address, ==, expected);
}

/* As a machine writes it whose bytes have this order. */
static void
test_text (void)
{
  g_autoptr(QmpTcpTable) table = qmp_tcp_table_new ();
  GPtrArray *entries;

  if (G_BYTE_ORDER != G_LITTLE_ENDIAN)
    {
      g_test_skip ("the text is that of another byte order");
      return;
    }
  qmp_tcp_table_take (table,
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 0100007F:1F90 00000000:0000 0A" END "11 1 0000000000000000 100 0 0 10 0\n"
    "   1: 00000000:1F91 00000000:0000 0A" END "12 1\n"
    "   2: 0100007F:1F90 0100007F:8000 01" END "13 1\n"
    "   3: 0100007F:8000 0100007F:1F90 01" END "14 1\n"
    "   4: 0100007F:1F90 0100007F:8001 06" END "0 3\n"
    "   5: 0100007F:1F90 0100007F:8002 01" END "0 1\n"
    "   6: 0200007F:1F90 0100007F:8003 01" END "0 1\n"
    "   7: 0100007F:1F90\n"
    "   8: 0100007FF:1F90 0100007F:8003 01" END "99 1\n"
    "   9: 1F90 0100007F:8003 01" END "99 1\n"
    "nothing\n"
    "\n");
  qmp_tcp_table_take (table,
    "   0: 00000000000000000000000001000000:1F92 00000000000000000000000000000000:0000 0A" END "21 1\n"
    "   1: 00000000000000000000000000000000:1F93 00000000000000000000000000000000:0000 0A" END "22 1\n"
    "   2: 0000000000000000FFFF00000100007F:1F93 0000000000000000FFFF00000100007F:8004 01" END "23 1\n");
  qmp_tcp_table_take (table, "   3: 0100007F:8004 0100007F:1F93 01" END "24 1");
  assert_address (table, 11, "127.0.0.1:8080");
  assert_address (table, 12, ":8081");
  assert_address (table, 21, "[::1]:8082");
  assert_address (table, 22, ":8083");
  assert_address (table, 13, NULL);
  assert_address (table, 99, NULL);
  g_assert_null (qmp_tcp_table_get_port (table, 1));
  entries = qmp_tcp_table_get_port (table, 8080);
  g_assert_cmpuint (entries->len, ==, 4);
  g_assert_cmpuint (qmp_tcp_table_get_peer (table, entries->pdata[1]), ==, 14);
  g_assert_cmpuint (qmp_tcp_table_get_peer (table, entries->pdata[2]), ==, 0);
  g_assert_false (qmp_tcp_entry_waits_for (entries->pdata[1], entries->pdata[0]));
  g_assert_true (qmp_tcp_entry_waits_for (entries->pdata[2], entries->pdata[0]));
  g_assert_false (qmp_tcp_entry_waits_for (entries->pdata[3], entries->pdata[0]));
  /* A server of IPv6 whose client is one of IPv4. */
  entries = qmp_tcp_table_get_port (table, 8083);
  g_assert_cmpuint (qmp_tcp_table_get_peer (table, entries->pdata[1]), ==, 24);
}

static guint
inode_of (int fd)
{
  struct stat info;

  g_assert_cmpint (fstat (fd, &info), ==, 0);
  return info.st_ino;
}

/* What the kernel says is what was done. */
static void
test_kernel (void)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof address;
  int server = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), client = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), taken;
  g_autoptr(QmpTcpTable) table = qmp_tcp_table_new ();
  g_autofree char *text = NULL;
  g_autofree char *expected = NULL;
  GPtrArray *entries;

  g_assert_cmpint (bind (server, (struct sockaddr *) &address, size), ==, 0);
  g_assert_cmpint (listen (server, 1), ==, 0);
  g_assert_cmpint (getsockname (server, (struct sockaddr *) &address, &size), ==, 0);
  g_assert_cmpint (connect (client, (struct sockaddr *) &address, size), ==, 0);
  taken = accept4 (server, NULL, NULL, SOCK_CLOEXEC);
  g_assert_true (g_file_get_contents ("/proc/net/tcp", &text, NULL, NULL));
  qmp_tcp_table_take (table, text);
  expected = g_strdup_printf ("127.0.0.1:%u", ntohs (address.sin_port));
  assert_address (table, inode_of (server), expected);
  entries = qmp_tcp_table_get_port (table, ntohs (address.sin_port));
  g_assert_cmpuint (entries->len, ==, 2);
  for (guint i = 0; i < entries->len; i++)
    {
      const QmpTcpEntry *entry = entries->pdata[i];

      g_assert_cmpuint (entry->inode, ==, inode_of (entry->listens ? server : taken));
      g_assert_cmpuint (qmp_tcp_table_get_peer (table, entry), ==, entry->listens ? 0 : inode_of (client));
    }
  close (taken);
  close (client);
  close (server);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tcp-table/text", test_text);
  g_test_add_func ("/tcp-table/kernel", test_kernel);
  return g_test_run ();
}
