/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "wire/qmp-io-context-private.h"

/* One source for many descriptors, with socketpairs: what is said at one end is there at once at the other, so that
 * nothing here waits. Each test runs with all descriptors polled, with all in an epoll set, and with as many of each as
 * there are by default. */

G_BEGIN_DECLS

#define TEST_BOARD_MAX_LINES 12

typedef struct _TestBoard     TestBoard;
typedef struct _TestBoardLine TestBoardLine;

struct _TestBoardLine {
  QmpIoWatch   watch;
  TestBoard   *board;
  char         name;
  int          fd;
  int          peer_fd;
  QmpIoNeed    need;            /* what prepare says, */
  guint        n_asked;         /* and how often it did */
  gboolean     more;            /* what dispatch says */
  gboolean     keeps;           /* does not read */
  void      (* served) (TestBoardLine *line);
};

struct _TestBoard {
  GMainContext  *context;
  QmpIoContext  *io;
  GString       *log;           /* the names of who was served; in capitals if nothing was to be read */
  TestBoardLine *lines[TEST_BOARD_MAX_LINES];
  guint          n_idles;
};

/* data: how many descriptors are polled. */
typedef void (* TestBoardFunc) (TestBoard     *board,
                                gconstpointer  data);

typedef struct {
  const char    *name;
  TestBoardFunc  test;
} TestBoardCase;

/* Its watch, for one that was made by hand. */
void           test_board_attach    (TestBoardLine       *line);
/* With the name 'a' + index. */
TestBoardLine *test_board_add_line  (TestBoard           *board,
                                     guint                index);
void           test_board_add_lines (TestBoard           *board,
                                     guint                n);
void           test_board_line_free (TestBoardLine       *line);

/* One byte, at the other end. */
void           test_board_say       (TestBoardLine       *line);
/* One iteration, which waits for nothing. Has something been dispatched? */
gboolean       test_board_turn      (TestBoard           *board);

/* A main loop that is not GLib's, which queries the context's descriptors and polls them: does its poll return at once? what: done
 * in between. */
typedef void (* TestForeignFunc) (gpointer data);
gboolean       test_foreign_wakes    (GMainContext        *context,
                                      TestForeignFunc      what,
                                      gpointer             data);

/* Who was served since. */
#define test_assert_served(board, expected)           \
  G_STMT_START {                                      \
    g_assert_cmpstr ((board)->log->str, ==, expected); \
    g_string_truncate ((board)->log, 0);              \
  } G_STMT_END

/* As /path/polled/name, /path/epoll/name and /path/both/name. */
void           test_board_add_cases (const char          *path,
                                     const TestBoardCase *cases,
                                     guint                n_cases);
/* As /path/both/name only. */
void           test_board_add_both  (const char          *path,
                                     const char          *name,
                                     TestBoardFunc        test);

G_END_DECLS
