/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-utils.h"

/* Real servers, each in a temporary directory of its own. They die with the test, however it ends. */

G_BEGIN_DECLS

typedef struct _TestServer TestServer;

typedef enum {
  TEST_SERVER_QEMU,                  /* -machine none -S, monitor on a Unix socket */
  TEST_SERVER_QEMU_PAIR,             /* the same, monitor on a socketpair: test_server_steal_stream() */
  TEST_SERVER_QEMU_PRETTY,
  TEST_SERVER_QEMU_MACHINE,          /* a small machine that runs, with a second monitor */
  TEST_SERVER_STORAGE_DAEMON,
  TEST_SERVER_STORAGE_DAEMON_PRETTY,
  TEST_SERVER_QEMU_CONNECTING,       /* connects, again and again: test_server_new_connecting() */
  TEST_SERVER_MOCK,                  /* the preset of a mock, which runs, with a second monitor */
  TEST_SERVER_GUEST_AGENT,           /* runs on the host: ask it nothing that changes the machine */
} TestServerKind;

/* Connectable when this returns: the listening socket was made here. */
TestServer          *test_server_new            (TestServerKind   kind);
/* QEMU, whose monitor connects to the Unix socket at path and, after the end of a link, comes again. */
TestServer          *test_server_new_connecting (const char      *path);
/* Kills it if it still runs, and reaps it. */
void                 test_server_free           (TestServer      *self);

GSocketConnectable  *test_server_get_address    (TestServer      *self);
/* of TEST_SERVER_QEMU_MACHINE and TEST_SERVER_MOCK */
GSocketConnectable  *test_server_get_second_address (TestServer  *self);
/* transfer full; of TEST_SERVER_QEMU_PAIR. */
GIOStream           *test_server_steal_stream   (TestServer      *self);
/* borrowed; of TEST_SERVER_MOCK */
QmpMock             *test_server_get_mock       (TestServer      *self);
pid_t                test_server_get_pid        (TestServer      *self);
const char          *test_server_get_directory  (TestServer      *self);
char                *test_server_dup_stderr     (TestServer      *self);

/* fd: the other end of a QEMU's or a storage daemon's last monitor. All of its monitors are served when this returns. */
void                 test_server_await_ready    (int              fd);
void                 test_server_kill           (TestServer      *self);
/* Waits until the process has ended by itself; returns what waitpid() says. */
int                  test_server_wait           (TestServer      *self);

/* A client opened on it. */
QmpClient           *test_server_open           (TestServer      *self);
/* Closes and frees both. */
void                 test_server_close          (TestServer      *self,
                                                 QmpClient       *client);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestServer, test_server_free)

G_END_DECLS
