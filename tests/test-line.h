/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <errno.h>

#include "test-raw.h"

/* A bare socket to a server in another thread or process: it blocks, up to the deadline. */

G_BEGIN_DECLS

typedef struct _TestLine TestLine;

TestLine *test_line_new      (const char *path);
/* Greeted and negotiated. */
TestLine *test_line_open     (const char *path);
/* Hangs up. */
void      test_line_free     (TestLine   *self);

/* With a line feed behind it. */
void      test_line_say      (TestLine   *self,
                              const char *text);
/* Without the time that is in it, nor its end; NULL when the server has hung up, with errno 0 or ECONNRESET. */
char     *test_line_read     (TestLine   *self);
/* What has come by then, as one read gives it. */
char     *test_line_read_all (TestLine   *self);
/* Whether anything is there, without waiting. */
gboolean  test_line_has_any  (TestLine   *self);
/* Lines up to the one that has part in it, with that, each with its end; asserts that it comes. */
char     *test_line_until    (TestLine   *self,
                              const char *part);

/* The next line says the same JSON. */
#define test_line_assert(line, expected)                                       \
  G_STMT_START {                                                               \
    g_autofree char *test_line = test_line_read (line);                        \
    int test_code = errno;                                                     \
    g_autofree char *test_got = test_raw_normalize (test_line);                \
    g_autofree char *test_expected = test_raw_normalize (expected);            \
    g_assert_cmpstr (test_got, ==, test_expected);                             \
    errno = test_code;                                                         \
  } G_STMT_END

/* Says something, and asserts what is answered, and that alone. */
#define test_line_assert_answer(line, text, expected)                          \
  G_STMT_START {                                                               \
    test_line_say (line, text);                                                \
    test_line_assert (line, expected);                                         \
  } G_STMT_END

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestLine, test_line_free)

G_END_DECLS
