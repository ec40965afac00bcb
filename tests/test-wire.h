/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "wire/qmp-transport-private.h"

/* A transport by itself, for the tests of the floors around it: one end of a socketpair, with an owner that writes
 * down what it is told and runs no client. The test is the other end. What either side says is there at once for the
 * other, so that nothing here waits. */

G_BEGIN_DECLS

typedef struct _TestWire TestWire;

struct _TestWire {
  QmpTransport *transport;   /* NULL once closed */
  GMainContext *context;     /* the wire's own */
  QmpIoContext *io;          /* the context's, which it is attached to */
  int           peer_fd;     /* the test's end; -1 once closed */
  GString      *log;         /* see test_assert_log() */
  gboolean      wants_more;  /* what the owner says */

  /* The owner's own doings, nullable. */
  void       (* received)       (TestWire      *self,
                                 QmpJsonReader *reader,
                                 QmpJsonFrame  *frame);
  void       (* after_dispatch) (TestWire      *self);
  gpointer      data;        /* theirs */

  gboolean      begun;       /* begins was called, and user code has not run since */
  gboolean      over;        /* ended was called */
};

#define TEST_WIRE_MAX_SIZE (1024 * 1024)
#define TEST_WIRE_MAX_DEPTH 16

/* type: SOCK_STREAM, or SOCK_SEQPACKET to see what goes out in one system call. */
TestWire  *test_wire_new            (int         type);
/* Takes both. */
TestWire  *test_wire_new_for_stream (GIOStream  *stream,
                                     int         peer_fd);
/* Over two pipes. peer_out (out, the caller's): where the other end reads; peer_fd is where it writes. */
TestWire  *test_wire_new_over_pipes (int        *peer_out);
void       test_wire_free           (TestWire   *self);
void       test_wire_close          (TestWire   *self);

/* The other end. */
void       test_wire_say            (TestWire   *self,
                                     const char *text);
/* n texts of 16 bytes, in one piece: each that is said by itself takes much more of the socket's room. */
void       test_wire_say_many       (TestWire   *self,
                                     guint       n);
/* All that is there (of a SOCK_SEQPACKET one record), or "". */
char      *test_wire_hear           (TestWire   *self);
void       test_wire_hang_up        (TestWire   *self);

/* One iteration of the context, which waits for nothing. Has something been dispatched? */
gboolean   test_wire_turn           (TestWire   *self);
/* Until it has nothing to do; not for a stream that would block. Behind a turn that left work the next one may rest. */
void       test_wire_settle         (TestWire   *self);

QmpPacket *test_packet              (const char *text);
/* Of so many bytes, which are one JSON text. */
QmpPacket *test_packet_large        (gsize       length);
/* Queues a copy. */
void       test_wire_send           (TestWire   *self,
                                     const char *text);
/* The same, and all that has come is to be read before. */
void       test_wire_send_read_first (TestWire  *self,
                                     const char *text);
/* The same, with n times the writing end of a pipe, whose reading end is returned. */
int        test_wire_send_with_fds  (TestWire   *self,
                                     const char *text,
                                     guint       n);
/* The pipe's writing end is open nowhere. Closes fd. */
void       test_assert_pipe_ended   (int         fd);
/* Writes until the stream takes no more: begins with half a text, in a packet that is returned. */
QmpPacket *test_wire_fill           (TestWire   *self);

/* How often a word stands in the log. */
guint      test_wire_count          (TestWire   *self,
                                     const char *word);

/* Words, with a space between: text(…) and fault(…) for a text that is broken, junk(…), sent(…), ended(error), each with
 * the first bytes of what it is about; and | when a dispatch, or some that brought nothing, was over. Forgotten then. */
#define test_assert_log(wire, expected)                            \
  G_STMT_START {                                                   \
    g_assert_cmpstr ((wire)->log->str, ==, expected);              \
    g_string_truncate ((wire)->log, 0);                            \
  } G_STMT_END

#define test_assert_heard(wire, expected)                          \
  G_STMT_START {                                                   \
    g_autofree char *test_heard = test_wire_hear (wire);           \
    g_assert_cmpstr (test_heard, ==, expected);                    \
  } G_STMT_END

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestWire, test_wire_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpPacket, qmp_packet_unref)

G_END_DECLS
