/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-error.h>

#include "event/qmp-event-hub-private.h"

/* A hub by itself, for the tests of the floor of events: with an inbox and an owner that writes down what happens, without
 * a client or a link. */

G_BEGIN_DECLS

typedef struct _TestHub TestHub;

struct _TestHub {
  GMainContext *context;     /* its own */
  QmpIoContext *io;          /* the context's */
  QmpInbox      inbox;
  QmpEventHub   hub;
  GString      *log;         /* see test_hub_assert_log() */
  gboolean      keeps;       /* what the owner says */
  gboolean      expects;
  gboolean      abandons;
  GQueue        coming;      /* of QmpEvent: what comes while somebody blocks, or catches up */
};

void      test_hub_set_up    (TestHub       *self,
                              gconstpointer  data);
void      test_hub_tear_down (TestHub       *self,
                              gconstpointer  data);

/* {"event": name, "data": data}; data is JSON, nullable. */
QmpEvent *test_event_new     (const char    *name,
                              const char    *data);
/* It has come, and was matched. */
void      test_hub_receive   (TestHub       *self,
                              const char    *name);
/* Calls function in a dispatch of the context, then runs what is ready there. */
void      test_hub_dispatch  (TestHub       *self,
                              void        (* function) (TestHub *self));
/* Delivers. */
void      test_hub_deliver   (TestHub       *self);

/* Notes the outcome: "name=EVENT" or "name!error". user_data: a TestNote. */
typedef struct {
  TestHub    *hub;
  const char *name;
} TestNote;
void      test_hub_note_next (GObject       *object,
                              GAsyncResult  *result,
                              gpointer       user_data);

/* Words, with a space before each: an event's name when it is emitted, abandon(call), outcomes as above. Forgotten
 * then. */
#define test_hub_assert_log(self, expected)                \
  G_STMT_START {                                           \
    g_assert_cmpstr ((self)->log->str, ==, expected);      \
    g_string_truncate ((self)->log, 0);                    \
  } G_STMT_END

G_END_DECLS
