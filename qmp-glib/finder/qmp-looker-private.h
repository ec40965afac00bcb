/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "finder/qmp-scan-private.h"
#include "wire/qmp-io-context-private.h"

G_BEGIN_DECLS

/* Looks at all processes, again and again in another thread, or at once; knows who waits for it. */

typedef struct _QmpLooker QmpLooker;

/* instances: of QmpInstance, as they are now. Runs user code. The looker may be freed meanwhile. */
typedef void (* QmpLookerFunc) (gpointer   owner,
                                GPtrArray *instances);

/* Has no interval yet. Once it has, the first look begins with the next turn of the main context. */
QmpLooker *qmp_looker_new          (QmpIoContext  *io,
                                    QmpLookerFunc  seen,
                                    gpointer       owner);
void       qmp_looker_free         (QmpLooker     *self);
void       qmp_looker_set_root     (QmpLooker     *self,
                                    const char    *root);
/* milliseconds; 0: only when somebody waits for it. */
void       qmp_looker_set_interval (QmpLooker     *self,
                                    guint          interval);
/* Whether who holds what is looked for. */
void       qmp_looker_set_thorough (QmpLooker     *self,
                                    gboolean       thorough);
/* Looks at once, and does not call back. What another thread sees meanwhile is older, and is dropped. */
GPtrArray *qmp_looker_look         (QmpLooker     *self,
                                    GError       **error);
/* Takes task, which returns TRUE when a look is over that has begun after this, or fails. Its source object holds the looker's
 * owner. */
void       qmp_looker_wait_async   (QmpLooker     *self,
                                    GTask         *task);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpLooker, qmp_looker_free)

G_END_DECLS
