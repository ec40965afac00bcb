/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gunixfdlist.h>

#include "link/qmp-calls-private.h"
#include "test-wire.h"

/* A table of calls on a transport, with the test as the server. What becomes of each reply is written down: "a=1" is
 * the value of the command a, "a!word" its error. */

G_BEGIN_DECLS

typedef struct {
  TestWire *wire;
  QmpCalls *calls;
  GString  *log;            /* what became of the replies */
  guint     n_out_of_step;  /* how often an agent's owner was told */
} TestDesk;

#define TEST_DESK_NAME(call) ((const char *) (call)->owner)

TestDesk    *test_desk_new               (void);
TestDesk    *test_desk_new_with_window   (void);
TestDesk    *test_desk_new_agent         (void);
void         test_desk_free              (TestDesk     *desk);
/* The end of the link. */
void         test_desk_end               (TestDesk     *desk);

/* Names are static. An id of "" is none; NULL is a serial. */
QmpCall     *test_desk_issue_full        (TestDesk     *desk,
                                          const char   *name,
                                          const char   *id,
                                          gboolean      out_of_band,
                                          QmpCallForm   form,
                                          GUnixFDList  *fd_list);
QmpCall     *test_desk_issue             (TestDesk     *desk,
                                          const char   *name);
QmpCall     *test_desk_issue_with_id     (TestDesk     *desk,
                                          const char   *name,
                                          const char   *id);
QmpCall     *test_desk_issue_out_of_band (TestDesk     *desk,
                                          const char   *name);
QmpCall     *test_desk_issue_with_fds    (TestDesk     *desk,
                                          const char   *name,
                                          gboolean      out_of_band);
/* pipe_fd (out): ends when the descriptor is closed everywhere. */
GUnixFDList *test_desk_make_fds          (int          *pipe_fd);
/* Descriptors by themselves; the same is returned. */
int          test_desk_issue_bare        (TestDesk     *desk);

gboolean     test_desk_has_id            (TestDesk     *desk,
                                          const char   *id);
/* Writes down what became of a call that is done. */
void         test_desk_note              (GString      *log,
                                          QmpCall      *call);
/* Gives the call up with code of G_IO_ERROR, and it is gone with that (or, for a silent one, with success). */
void         test_desk_abandon           (TestDesk     *desk,
                                          QmpCall      *call,
                                          GIOErrorEnum  code);

/* The server. */

/* The names of the commands that have come to it, and of descriptors by themselves "fds". */
char        *test_desk_hear              (TestDesk     *desk);
void         test_desk_say               (TestDesk     *desk,
                                          const char   *text);
/* {"return":1} to the call with this serial, which may be gone. */
void         test_desk_reply             (TestDesk     *desk,
                                          guint         serial);

#define test_desk_assert_out(desk, expected)                   \
  G_STMT_START {                                               \
    g_autofree char *names_ = test_desk_hear (desk);           \
    g_assert_cmpstr (names_, ==, expected);                    \
  } G_STMT_END

#define test_desk_assert_log(desk, expected)                   \
  G_STMT_START {                                               \
    g_assert_cmpstr ((desk)->log->str, ==, expected);          \
    g_string_truncate ((desk)->log, 0);                        \
  } G_STMT_END

/* The server says text, and that becomes of it. */
#define test_desk_assert_routed(desk, text, expected)          \
  G_STMT_START {                                               \
    test_desk_say (desk, text);                                \
    test_desk_assert_log (desk, expected);                     \
  } G_STMT_END

#define test_desk_assert_reply(desk, serial, expected)         \
  G_STMT_START {                                               \
    test_desk_reply (desk, serial);                            \
    test_desk_assert_log (desk, expected);                     \
  } G_STMT_END

#define test_desk_assert_abandoned(desk, call, code, expected) \
  G_STMT_START {                                               \
    test_desk_abandon (desk, call, code);                      \
    test_desk_assert_log (desk, expected);                     \
  } G_STMT_END

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestDesk, test_desk_free)

G_END_DECLS
