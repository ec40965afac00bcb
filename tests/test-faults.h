/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Faults in system calls. test-faults.c defines the C library's functions over again, for the program that it is linked
 * into and for GLib: while a fault is set, those of them that the setting thread calls on sockets, pipes and terminals
 * fail as it says. Other threads' calls, a server's for one, are left alone. */

G_BEGIN_DECLS

typedef enum {
  TEST_CALL_READ    = 1 << 0,  /* read(), recv(), recvmsg() */
  TEST_CALL_WRITE   = 1 << 1,  /* write(), writev(), send(), sendmsg() */
  TEST_CALL_POLL    = 1 << 2,  /* poll(), whatever it looks at */
  TEST_CALL_SOCKET  = 1 << 3,
  TEST_CALL_CONNECT = 1 << 4,
  TEST_CALL_ACCEPT  = 1 << 5,
} TestCall;

/* All that a signal may interrupt. */
#define TEST_CALL_WAITING (TEST_CALL_READ | TEST_CALL_WRITE | TEST_CALL_POLL | TEST_CALL_CONNECT | TEST_CALL_ACCEPT)

typedef struct {
  TestCall calls;     /* which ones it is about; they are counted together */

  /* Fail with this error, if it is not 0: */
  int      code;
  guint    first;     /* from this one on, the first is 0 ... */
  guint    n;         /* ... so many; 0 for all */
  gboolean every_other; /* of these, the first, the third and so on of their kind */

  /* Bytes that each takes at the most, 0 for no such limit. */
  gsize    limit;
  /* If greater than 0: no call goes beyond that many bytes, all calls together, unless it begins there. */
  gsize    split;
} TestFault;

/* Until test_faults_end(); counting begins at 0. fault must live until then. */
void  test_faults_begin      (const TestFault *fault);
/* How many calls there were that it was about. */
guint test_faults_end        (void);
/* How many bytes went through them, until now. */
gsize test_faults_get_n_bytes (void);

G_END_DECLS
