/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-utils.h"

/* A scripted QMP server in a thread of its own, with blocking calls, each of which has a deadline.
 *
 *   TestPeer *peer = test_peer_start (TEST_PEER_PAIR,
 *                                     PEER_GREET, PEER_NEGOTIATE,
 *                                     PEER_EXPECT ("query-name"), PEER_REPLY ("{\"name\":\"a\"}"));
 *   ...
 *   test_peer_finish (peer);
 *
 * A step that needs a connection when there is none accepts the next one (or takes the pair's end), so that
 * steps after PEER_CLOSE speak to the next client. After the last step the peer waits for the client to
 * hang up, and fails if commands come that no step expected. What fails in the thread is raised in the test,
 * with file and line of the step, and hangs up. What follows the handshake unasked may reach the client before
 * test_peer_open() returns: PEER_WAIT stands between, where handlers are connected after it. Texts of a script must live until test_peer_finish(). */

G_BEGIN_DECLS

typedef struct _TestPeer TestPeer;

typedef enum {
  TEST_PEER_PAIR,      /* a socketpair; one connection only: test_peer_steal_stream() */
  TEST_PEER_UNIX,      /* listens: test_peer_get_address() */
  TEST_PEER_TCP,
} TestPeerTransport;

/* For PEER_CALL. FALSE: test_peer_fail() was called. */
typedef gboolean (*TestPeerFunc) (TestPeer *self,
                                  gpointer  user_data);

typedef enum {
  TEST_STEP_END,
  TEST_STEP_ACCEPT,
  TEST_STEP_SEND,
  TEST_STEP_NEGOTIATE,
  TEST_STEP_EXPECT,
  TEST_STEP_EXPECT_MANY,
  TEST_STEP_REPLY,
  TEST_STEP_ERROR,
  TEST_STEP_SEND_FOR,
  TEST_STEP_CLOSE,
  TEST_STEP_RESET,
  TEST_STEP_SHUTDOWN_WRITE,
  TEST_STEP_WAIT,
  TEST_STEP_TELL,
  TEST_STEP_BYTEWISE,
  TEST_STEP_EXPECT_FD,
  TEST_STEP_EXPECT_SPACE_FD,
  TEST_STEP_EXPECT_EOF,
  TEST_STEP_DRAIN,
  TEST_STEP_ECHO,
  TEST_STEP_CALL,
} TestStepKind;

typedef struct {
  TestStepKind  kind;
  const char   *name;
  const char   *file;
  int           line;
  const char   *text;
  const char   *detail;
  guint         number;
  guint         number2;
  TestPeerFunc  func;
  gpointer      user_data;
} TestStep;

#define PEER_STEP(kind_, ...) \
  { .kind = TEST_STEP_##kind_, .name = "PEER_" #kind_, .file = __FILE__, .line = __LINE__, __VA_ARGS__ }

#define PEER_GREETING \
  "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}, " \
  "\"package\": \"Debian 1:7.2\"}, \"capabilities\": []}}\r\n"
#define PEER_GREETING_OOB \
  "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}, " \
  "\"package\": \"Debian 1:7.2\"}, \"capabilities\": [\"oob\"]}}\r\n"
#define PEER_EVENT_TEXT(event) \
  "{\"timestamp\": {\"seconds\": 1700000000, \"microseconds\": 250000}, \"event\": \"" event "\"}\r\n"
#define PEER_EVENT_DATA_TEXT(event, data) \
  "{\"timestamp\": {\"seconds\": 1700000000, \"microseconds\": 250000}, \"event\": \"" event "\", " \
  "\"data\": " data "}\r\n"

/* Accept now; when the step does nothing else. */
#define PEER_ACCEPT PEER_STEP (ACCEPT)
/* The same for a peer that connects. */
#define PEER_CONNECT PEER_STEP (ACCEPT)
#define PEER_SEND(bytes) PEER_STEP (SEND, .text = (bytes))
/* In pieces of n bytes, one system call each. */
#define PEER_SEND_CHUNKS(bytes, n) PEER_STEP (SEND, .text = (bytes), .number = (n))
#define PEER_GREET PEER_SEND (PEER_GREETING)
#define PEER_GREET_OOB PEER_SEND (PEER_GREETING_OOB)
/* Expects qmp_capabilities, answers it. */
#define PEER_NEGOTIATE PEER_STEP (NEGOTIATE)
#define PEER_HANDSHAKE PEER_GREET, PEER_NEGOTIATE
/* Reads one command, checks its name (NULL: any; "exec-oob" too), remembers its id. */
#define PEER_EXPECT(command) PEER_STEP (EXPECT, .text = (command))
#define PEER_EXPECT_MANY(command, n) PEER_STEP (EXPECT_MANY, .text = (command), .number = (n))
/* Answers the oldest command that has no answer yet. */
#define PEER_REPLY(value) PEER_STEP (REPLY, .text = (value))
#define PEER_ERROR(class_, desc) PEER_STEP (ERROR, .text = (class_), .detail = (desc))
/* Any text; each @ in it stands for the id of the oldest command without an answer. */
#define PEER_SEND_FOR(template) PEER_STEP (SEND_FOR, .text = (template))
#define PEER_SEND_FOR_CHUNKS(template, n) PEER_STEP (SEND_FOR, .text = (template), .number = (n))
#define PEER_EVENT(event) PEER_SEND (PEER_EVENT_TEXT (event))
#define PEER_EVENT_DATA(event, data) PEER_SEND (PEER_EVENT_DATA_TEXT (event, data))
#define PEER_CLOSE PEER_STEP (CLOSE)
/* The client's next read fails with ECONNRESET. On Unix sockets: waits until the client has sent something
 * that was not read, and leaves it unread. */
#define PEER_RESET PEER_STEP (RESET)
#define PEER_SHUTDOWN_WRITE PEER_STEP (SHUTDOWN_WRITE)
/* Until test_peer_signal(). */
#define PEER_WAIT PEER_STEP (WAIT)
/* Makes test_peer_get_told() one more, and wakes the test's main loop. */
#define PEER_TELL PEER_STEP (TELL)
/* From here on reads one byte at a time, so that a descriptor is known to have come with that byte. */
#define PEER_BYTEWISE PEER_STEP (BYTEWISE)
/* The command that was expected last brought n descriptors: in the one system call that brought its first
 * byte (after PEER_BYTEWISE), and that brought nothing behind its last byte (without). */
#define PEER_EXPECT_FD(n) PEER_STEP (EXPECT_FD, .number = (n))
/* After PEER_BYTEWISE: one space with one descriptor. */
#define PEER_EXPECT_SPACE_FD PEER_STEP (EXPECT_SPACE_FD)
/* The client hangs up, having sent nothing that was not expected. */
#define PEER_EXPECT_EOF PEER_STEP (EXPECT_EOF)
/* Reads and drops everything until the client hangs up. */
#define PEER_DRAIN PEER_STEP (DRAIN)
/* Answers each command until the client hangs up, with
 *   {"command": name, "n": 0, 1, 2 ..., "arguments": whatever came}
 * after n_events events (ECHO, with data {"n": the same}) for each; after every burst commands, all in one
 * write (0: as they come). */
#define PEER_ECHO(n_events, burst) PEER_STEP (ECHO, .number = (n_events), .number2 = (burst))
#define PEER_CALL(func_, data) PEER_STEP (CALL, .func = (func_), .user_data = (data))
#define PEER_END PEER_STEP (END)

#define test_peer_start(transport, ...) \
  test_peer_start_script (transport, (const TestStep[]) { __VA_ARGS__, PEER_END })

TestPeer           *test_peer_start_script   (TestPeerTransport    transport,
                                              const TestStep      *script);
/* The other way round: connects to the client, which listens, whenever it would accept otherwise. */
#define test_peer_start_connecting(address, ...) \
  test_peer_start_connecting_script (address, (const TestStep[]) { __VA_ARGS__, PEER_END })

TestPeer           *test_peer_start_connecting_script (GSocketAddress *address,
                                              const TestStep      *script);
/* Waits for the script's end; raises what failed in it. */
void                test_peer_finish         (TestPeer            *self);

/* transfer full: the client's end of a pair. */
GIOStream          *test_peer_steal_stream   (TestPeer            *self);
GSocketConnectable *test_peer_get_address    (TestPeer            *self);
const char         *test_peer_get_path       (TestPeer            *self);

void                test_peer_signal         (TestPeer            *self);
guint               test_peer_get_told       (TestPeer            *self);
/* Blocks without a main loop. */
void                test_peer_wait_told      (TestPeer            *self,
                                              guint                told);
/* All bytes that clients sent, over all connections. */
GBytes             *test_peer_dup_received   (TestPeer            *self);
char               *test_peer_dup_text       (TestPeer            *self);

/* A descriptor that came, kept by the peer; -1 if there is none. */
int                 test_peer_get_fd         (TestPeer            *self,
                                              guint                index);
guint               test_peer_get_n_fds      (TestPeer            *self);

/* The usual beginning and end: a client opened on the peer; closed, last reference dropped. */
QmpClient          *test_peer_open           (TestPeer            *self);
void                test_peer_close          (TestPeer            *self,
                                              QmpClient           *client);

/* for PEER_CALL, in the peer's thread */
gboolean            test_peer_fail           (TestPeer            *self,
                                              const char          *format,
                                              ...) G_GNUC_PRINTF (2, 3);
gboolean            test_peer_send           (TestPeer            *self,
                                              const char          *bytes,
                                              gssize               length);
/* NULL: failed. Valid until the next call. */
JsonObject         *test_peer_read_command   (TestPeer            *self);
/* Reads a guest agent's sync request, with 0xFF before it: its number, 0: failed. */
gint64              test_peer_read_sync      (TestPeer            *self);
/* The oldest id without an answer, as JSON text. */
char               *test_peer_pop_id         (TestPeer            *self);

G_END_DECLS
