/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-client.h>

/* File systems of the guest that are frozen, and are to be thawed again: by the program, when the time is over, or when nobody
 * is left who would do it. A guest that stays frozen hangs. */

G_BEGIN_DECLS

typedef enum {
  QMP_GUEST_LEASE_NONE,
  QMP_GUEST_LEASE_FROZEN,
  QMP_GUEST_LEASE_OVER,     /* the time is over: thawing is tried again and again, until it is done */
  QMP_GUEST_LEASE_LAPSED,   /* was thawed because the time was over, and the program does not know yet */
  QMP_GUEST_LEASE_UNDOING,  /* maybe frozen, and the program was told that it failed: as OVER, and nobody asks */
} QmpGuestLeaseState;

typedef struct {
  QmpClient          *client;     /* borrowed, and held by the owner */
  GObject            *owner;      /* borrowed: has this in it */
  GMainContext       *context;    /* of the thread of both */
  QmpGuestLeaseState  state;
  guint               serial;     /* of what the state is about */
  gint64              n_frozen;
  GSource            *timer;      /* nullable */
} QmpGuestLease;

void     qmp_guest_lease_init   (QmpGuestLease  *self,
                                 QmpClient      *client,
                                 GObject        *owner);
/* Thaws if that is still to be done. In the owner's thread, or when that has ended. */
void     qmp_guest_lease_clear  (QmpGuestLease  *self);

/* So many are frozen, for so many milliseconds at most, -1 for ever. */
void     qmp_guest_lease_begin  (QmpGuestLease  *self,
                                 gint64          n_frozen,
                                 int             time);
/* They may be frozen, and should not be. */
void     qmp_guest_lease_undo   (QmpGuestLease  *self);
/* There is a link again: what could not be thawed without one can be now. */
void     qmp_guest_lease_resume (QmpGuestLease  *self);
/* The program has thawed so many. FALSE with error if they were thawed before. */
gboolean qmp_guest_lease_end    (QmpGuestLease  *self,
                                 gint64          n_thawed,
                                 GError        **error);

G_END_DECLS
