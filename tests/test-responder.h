/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-utils.h"

/* A server in a thread of its own that takes what comes: it answers each command, as one client after the other
 * connects, and does not mind how or when a client goes. (TestPeer is for what has to come exactly so.)
 *
 *   qmp_capabilities, and any other command: {}
 *   stop: the event STOP, then {}
 *   hang: nothing
 *   junk: two braces too many, then {}
 *   leave: nothing, and hangs up
 *   query-qmp-schema: a schema of one command and one event
 *   guest-sync-delimited: as an agent does */

G_BEGIN_DECLS

typedef struct _TestResponder TestResponder;

typedef enum {
  TEST_RESPONDER_UNIX = 0,
  TEST_RESPONDER_TCP  = 1 << 0,
  TEST_RESPONDER_OOB  = 1 << 1,  /* offers out-of-band execution */
  TEST_RESPONDER_MUTE = 1 << 2,  /* no greeting */
  TEST_RESPONDER_SLOW = 1 << 3,  /* sends a byte at a time */
  TEST_RESPONDER_SINK = 1 << 4,  /* reads whatever comes, and answers nothing */
  TEST_RESPONDER_PIPES = 1 << 5, /* a pair of pipes instead of sockets */
} TestResponderFlags;

TestResponder      *test_responder_new            (TestResponderFlags  flags);
/* Connects once, to a client that listens. */
TestResponder      *test_responder_new_connecting (GSocketAddress     *address);
/* Serves one end of a socketpair, or of two pipes; stream (out): the other one. */
TestResponder      *test_responder_new_pair       (TestResponderFlags  flags,
                                                   GIOStream         **stream);
/* Waits until it has seen the last of its clients, which has to be closed. */
void                test_responder_stop           (TestResponder      *self);
/* The same, unless that was done already. */
void                test_responder_free           (TestResponder      *self);

GSocketConnectable *test_responder_get_address    (TestResponder      *self);
/* A Unix socket's. */
const char         *test_responder_get_path       (TestResponder      *self);
/* What came so far; all of it, behind test_responder_stop(). */
guint               test_responder_get_n_commands (TestResponder      *self);
guint               test_responder_get_n_fds      (TestResponder      *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestResponder, test_responder_free)

G_END_DECLS
