/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-utils.h"

/* A client that is a bare socket, to a server of ours in the same thread: it says any bytes, and reads lines. */

G_BEGIN_DECLS

typedef struct _TestRaw TestRaw;

/* Over a socketpair; greeted. */
TestRaw  *test_raw_new           (QmpServer   *server);
/* fd is taken. Nothing is read yet. */
TestRaw  *test_raw_new_for_fd    (int          fd);
/* Hangs up. */
void      test_raw_free          (TestRaw     *self);
int       test_raw_get_fd        (TestRaw     *self);

void      test_raw_say           (TestRaw     *self,
                                  const char  *text);
/* In one piece, with so many descriptors, duplicates of standard error. */
void      test_raw_say_with_fds  (TestRaw     *self,
                                  const char  *text,
                                  guint        n_fds);
/* Is there a whole line, or the end? Reads what is there. */
gboolean  test_raw_has_line      (TestRaw     *self);
/* Runs the main loop until there is a line, without its end; NULL when the server has hung up. */
char     *test_raw_read_line     (TestRaw     *self);
/* The same, and negotiates. */
void      test_raw_negotiate     (TestRaw     *self);
void      test_raw_negotiate_oob (TestRaw     *self);

/* The next line says the same JSON. */
#define test_raw_assert_line(raw, expected)                                  \
  G_STMT_START {                                                             \
    g_autofree char *test_line = test_raw_read_line (raw);                   \
    g_autofree char *test_got = test_raw_normalize (test_line);              \
    g_autofree char *test_expected = test_raw_normalize (expected);          \
    g_assert_cmpstr (test_got, ==, test_expected);                           \
  } G_STMT_END

/* Says something, and asserts what is answered. */
#define test_raw_assert_answer(raw, text, expected)                          \
  G_STMT_START {                                                             \
    test_raw_say (raw, text);                                                \
    test_raw_assert_line (raw, expected);                                    \
  } G_STMT_END

/* The server hangs up, with nothing said before. */
#define test_raw_assert_end(raw)                                             \
  G_STMT_START {                                                             \
    g_autofree char *test_line = test_raw_read_line (raw);                   \
    g_assert_null (test_line);                                               \
  } G_STMT_END

/* Equal for equal JSON; of what is not JSON the text. NULL for NULL. */
char     *test_raw_normalize     (const char  *text);

/* {"error": {"class": …, "desc": …}}, with an id that is JSON, or NULL. Borrowed until the next call. */
const char *test_raw_error       (const char  *error_class,
                                  const char  *desc,
                                  const char  *id);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestRaw, test_raw_free)

G_END_DECLS
