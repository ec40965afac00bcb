/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-server.h"

/* Real servers with command lines of the test's own, in one temporary folder, which is their working directory. They die with the
 * test, however it ends. */

G_BEGIN_DECLS

#define TEST_QEMU_RUNNING "qemu-system-x86_64 -machine none -nodefaults -display none "
#define TEST_QEMU TEST_QEMU_RUNNING "-S "
#define TEST_DAEMON "qemu-storage-daemon "
/* Each has a last monitor, which tells when all of them are served. */
#define TEST_READY " -chardev socket,id=ready,fd=3 -mon ready,mode=control"
#define TEST_DAEMON_READY " --chardev socket,id=ready,fd=3 --monitor ready"
#define TEST_SERVER(path) "unix:" path ",server=on,wait=off"

#define TEST_MAX_PROCESSES 64

typedef struct {
  char  *folder;
  pid_t  pids[TEST_MAX_PROCESSES];  /* 0: was ended */
  guint  n;
} TestProcesses;

TestProcesses *test_processes_new            (void);
void           test_processes_free           (TestProcesses *self);
/* Our end of its last monitor, for test_server_await_ready(). as_nobody: as another user, which takes root. */
int            test_processes_start_as       (TestProcesses *self,
                                              gboolean       as_nobody,
                                              const char    *words);
/* Until somebody has said something. */
void           test_processes_await          (int            fd);
void           test_processes_start_and_wait (TestProcesses *self,
                                              const char    *words);
/* Kills and reaps it. */
void           test_processes_end            (TestProcesses *self,
                                              guint          index);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestProcesses, test_processes_free)

G_END_DECLS
