/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

#include "soak-order.h"

/* A client whose every call is followed: it is answered once, with what was expected or for a reason. */

G_BEGIN_DECLS

typedef struct _SoakLink SoakLink;

/* value: NULL when there is no result, which has been counted and found right. */
typedef void (*SoakDone) (SoakLink *link,
                          JsonNode *value,
                          gpointer  user_data);
typedef void (*SoakLook) (SoakLink *link,
                          gpointer  user_data);

typedef struct {
  const char   *result;      /* the string that is the value; NULL: any value */
  const char   *error;       /* what stands in the text of the server's error; NULL: none is expected */
  GCancellable *cancellable;
  gboolean      any_running; /* query-status: do not compare with the events */
} SoakExpected;

struct _SoakLink {
  const char       *name;
  /* Its events are taken from the listener's queue, before they are emitted: blocking calls need them. */
  gboolean          blocking;
  QmpClient        *client;
  QmpEventListener *listener;
  SoakOrder        *order;
  GHashTable       *calls;     /* number -> SoakCall, those without an answer */
  GQueue            taken;     /* events from the queue that are still to be emitted */
  guint64           last_number;
  guint             n_closed;  /* since it was opened */
  gboolean          may_end;
  /* Whether the server has ended by a fault of its own; asked when the link ended and must not. */
  gboolean      (* has_crashed) (gpointer user_data);
  gpointer          crash_data;
  /* Called after each event. */
  SoakLook          look;
  gpointer          look_data;
};

SoakLink  *soak_link_new              (const char          *name,
                                       gboolean             blocking);
void       soak_link_free             (SoakLink            *self);
/* Drops the client, which must be idle, and asserts that nothing holds it. */
void       soak_link_drop_client      (SoakLink            *self);
void       soak_link_prepare          (SoakLink            *self,
                                       gboolean             out_of_band,
                                       gboolean             same_server);
/* FALSE: the server has crashed. */
gboolean   soak_link_open             (SoakLink            *self,
                                       GSocketConnectable  *address);
gboolean   soak_link_is_up            (SoakLink            *self);
/* command is freed. */
void       soak_link_execute          (SoakLink            *self,
                                       QmpMessage          *command,
                                       const SoakExpected  *expected,
                                       SoakDone             done,
                                       gpointer             user_data);
/* transfer full; NULL: no result. */
JsonNode  *soak_link_execute_blocking (SoakLink            *self,
                                       QmpMessage          *command,
                                       const SoakExpected  *expected);
void       soak_link_close            (SoakLink            *self);
/* Until the end of the link has been told. All calls have been answered by then. */
void       soak_link_wait_for_end     (SoakLink            *self);
/* Takes what is in the listener's queue, of a blocking link. */
void       soak_link_drain            (SoakLink            *self);

G_END_DECLS
