/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

/* What the client tests share: running the main loop with a watchdog, collecting results, one ordered
 * log of all that a client does, counting what must not leak. */

G_BEGIN_DECLS

/* Under valgrind, where each step takes fifty times as long, and a few of many show as much. */
#define TEST_FEW (g_getenv ("QMP_TEST_FEW") != NULL)

/* How long anything may take before it counts as hung. Nothing waits for this in a test that passes. */
#ifndef TEST_DEADLINE_SECONDS
/* Under valgrind, on a machine that does other things as well, a minute can be too short. */
#define TEST_DEADLINE_SECONDS (TEST_FEW ? 300 : 60)
#endif

/* the main loop */

/* Runs the thread-default main context until condition holds. Fails after the deadline. */
#define test_spin_until(condition)                                                       \
  G_STMT_START {                                                                         \
    GSource *test_watchdog = test_watchdog_start (__FILE__, __LINE__, G_STRFUNC,         \
                                                  #condition);                           \
    while (!(condition))                                                                 \
      test_iterate ();                                                                   \
    test_watchdog_stop (test_watchdog);                                                  \
  } G_STMT_END

/* The same without the main loop, which a forked child would wake: looks again and again. */
#define test_wait_until(condition)                                                           \
  G_STMT_START {                                                                             \
    gint64 test_deadline = g_get_monotonic_time () + TEST_DEADLINE_SECONDS * G_USEC_PER_SEC; \
    while (!(condition))                                                                     \
      {                                                                                      \
        g_assert_cmpint (g_get_monotonic_time (), <, test_deadline);                         \
        g_usleep (1000);                                                                     \
      }                                                                                      \
  } G_STMT_END

GSource     *test_watchdog_start      (const char          *file,
                                       int                  line,
                                       const char          *function,
                                       const char          *condition);
void         test_watchdog_stop       (GSource             *watchdog);
void         test_iterate             (void);
/* Runs everything that is ready now; waits for nothing. */
void         test_spin_ready          (void);

/* A failure in a helper thread: printed at once, raised by the next test_check_failure() or
 * test_iterate() in the test's own thread. */
void         test_report_failure      (const char          *file,
                                       int                  line,
                                       const char          *function,
                                       const char          *message);
void         test_check_failure       (void);

/* results */

/* GAsyncReadyCallback: user_data is a GAsyncResult **, which must be NULL: a call completes once. */
void         test_result_cb           (GObject             *object,
                                       GAsyncResult        *result,
                                       gpointer             user_data);
/* GAsyncReadyCallback for a call that must not complete. */
void         test_not_reached_cb      (GObject             *object,
                                       GAsyncResult        *result,
                                       gpointer             user_data);
/* The async form run to its end in the main loop. */
gboolean     test_open                (QmpClient           *client,
                                       GSocketConnectable  *address,
                                       GError             **error);
gboolean     test_open_stream         (QmpClient           *client,
                                       GIOStream           *stream,
                                       GError             **error);
gboolean     test_close               (QmpClient           *client,
                                       GError             **error);
JsonNode    *test_execute             (QmpClient           *client,
                                       const char          *command,
                                       GError             **error);
JsonNode    *test_execute_message     (QmpClient           *client,
                                       QmpMessage          *message,
                                       GError             **error);
QmpMessage  *test_exchange            (QmpClient           *client,
                                       const char          *message,
                                       GError             **error);

/* the log */

typedef struct _TestLog TestLog;

/* Records words: the nick of each runstate in capitals (IDLE CONNECTING RUNNING DISCONNECTING), the name
 * of each event, "closed" or "closed(domain:code)", "protocol-error(domain:code)". */
TestLog     *test_log_new             (QmpClient           *client);
void         test_log_free            (TestLog             *self);
void         test_log_add             (TestLog             *self,
                                       const char          *format,
                                       ...) G_GNUC_PRINTF (2, 3);
/* All words, with a space between. */
const char  *test_log_get             (TestLog             *self);
void         test_log_clear           (TestLog             *self);
guint        test_log_count           (TestLog             *self,
                                       const char          *word);
#define test_log_has(log, word) (test_log_count (log, word) > 0)
/* Writes its name into the log when the call completes, "name!" when it failed. user_data: see below. */
void         test_log_execute_async   (TestLog             *self,
                                       const char          *name,
                                       QmpClient           *client,
                                       const char          *command,
                                       GCancellable        *cancellable);

/* GAsyncReadyCallback for qmp_event_listener_next_async(): writes "next(EVENT)" or "next(error)" into the log
 * that is user_data. */
void         test_log_next_cb         (GObject             *object,
                                       GAsyncResult        *result,
                                       gpointer             user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestLog, test_log_free)

/* listeners */

#define TEST_LISTENER(...) qmp_event_listener_new ((const char * const []) { __VA_ARGS__, NULL })

#define TEST_MATCH(...) qmp_event_match_new ((const char * const []) { __VA_ARGS__, NULL })

/* Sets a changed copy of its match. */
void         test_set_filter          (QmpEventListener    *listener,
                                       QmpEventFilterFunc   filter,
                                       gpointer             user_data,
                                       GDestroyNotify       destroy);

/* Empties the queue and asserts that it had the events of these names, with a space between. */
#define test_assert_drain(listener, expected)                                            \
  G_STMT_START {                                                                         \
    g_autofree char *test_names = test_listener_drain (listener);                        \
    g_assert_cmpstr (test_names, ==, expected);                                          \
  } G_STMT_END

char        *test_listener_drain      (QmpEventListener    *listener);

/* values */

/* "G_IO_ERROR:19" and so on; the word for an error in logs. */
char        *test_error_word          (const GError        *error);
JsonNode    *test_json                (const char          *text);
void         test_assert_json         (JsonNode            *node,
                                       const char          *text);
QmpMessage  *test_message             (const char          *text);
char        *test_message_dup_text    (QmpMessage          *message);
gint64       test_member_int          (JsonNode            *object,
                                       const char          *name);
/* Asserts that error's text has part in it. */
void         test_assert_error_has    (const GError        *error,
                                       const char          *part);

/* what must not leak */

guint        test_count_fds           (void);
/* Makes what a process, or the thread, makes once and keeps. */
void         test_warm_up             (void);
/* So many, as soon as GIO's threads have closed theirs. */
void         test_assert_n_fds        (guint                n_fds);
gboolean     test_fd_is_open          (int                  fd);
/* Bytes that malloc() has given out. 0 under valgrind. */
gsize        test_count_allocated     (void);
/* Drops the last reference and asserts that it was. */
#define test_client_free(client)                                                         \
  G_STMT_START {                                                                         \
    QmpClient *test_client = (client);                                                   \
    test_spin_ready ();                                                                  \
    g_assert_finalize_object (test_client);                                              \
  } G_STMT_END

/* streams */

/* Both ends of a socketpair: one as a stream, one as a descriptor. */
GIOStream   *test_socketpair          (int                 *peer_fd);
/* Wraps a stream; each read gives at most chunk_size bytes. Hides that it is a socket. */
GIOStream   *test_chunk_stream_new    (GIOStream           *base,
                                       gsize                chunk_size);

/* How an execute() in the background has ended. */
void         test_assert_value        (QmpClient           *client,
                                       GAsyncResult        *result,
                                       const char          *text);
void         test_assert_fails        (QmpClient           *client,
                                       GAsyncResult        *result,
                                       GQuark               domain,
                                       int                  code);

G_END_DECLS
