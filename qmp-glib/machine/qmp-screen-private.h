/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-client.h>

#include "machine/qmp-jobs-private.h"
#include "machine/qmp-picture-private.h"

/* The screen of one machine, of which pictures are taken. QEMU writes each into a descriptor of ours, which it finds in a set
 * of file descriptors, and which is taken back behind that.
 *
 * QEMU 7.2 does not close what is taken back while the machine does not run. Then it is left there, and the next picture is
 * written into the same; when the machine runs again it is taken back. */

G_BEGIN_DECLS

/* One set for the calls in the background, of which one is under way at a time, and one for blocking calls, which may come in
 * between. */
typedef struct {
  int         id;       /* at random: nobody else has it */
  QmpPicture *lent;     /* nullable: QEMU has it, and finds it there */
  guint       n_stale;  /* not 0: QEMU may have others of ours as well; changes when there may be more */
  guint       n_users;  /* pictures that are being taken */
  gboolean    tidying;  /* they are being taken back */
} QmpScreenSet;

typedef struct {
  guint         n_refs;
  QmpClient    *client;
  QmpIoContext *io;
  QmpJobs      *jobs;
  gboolean      running;
  QmpIoWatch    todo;     /* in io */
  gboolean      untidy;   /* something may have to be taken back */
  QmpScreenSet  sets[2];
  GQueue        shots;    /* of the first set; the head is under way */
} QmpScreen;

QmpScreen *qmp_screen_new         (QmpClient     *client,
                                   QmpIoContext  *io,
                                   QmpJobs       *jobs);
QmpScreen *qmp_screen_ref         (QmpScreen     *self);
void       qmp_screen_unref       (QmpScreen     *self);
/* Whether the machine runs. */
void       qmp_screen_set_running (QmpScreen     *self,
                                   gboolean       running);
/* The link has ended: the next one may lead to another QEMU. */
void       qmp_screen_forget      (QmpScreen     *self);
/* device: nullable. Takes task, which returns GBytes. */
void       qmp_screen_dump_async  (QmpScreen     *self,
                                   const char    *device,
                                   guint          head,
                                   GCancellable  *cancellable,
                                   GTask         *task);
GBytes    *qmp_screen_dump        (QmpScreen     *self,
                                   const char    *device,
                                   guint          head,
                                   GCancellable  *cancellable,
                                   GError       **error);

G_END_DECLS
