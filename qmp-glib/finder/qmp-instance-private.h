/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-instance.h>

#include "finder/qmp-endpoint-private.h"

G_BEGIN_DECLS

struct _QmpInstance {
  GObject          parent_instance;

  QmpInstanceKind  kind;
  int              pid;
  guint64          start_time;     /* with pid it is this process and no other */
  guint            uid;
  char            *program;
  char            *name;           /* nullable, as are the next two */
  char            *uuid;
  char            *machine_type;
  gboolean         stopped;
  gboolean         visible;
  gboolean         gone;
  GListStore      *endpoints;      /* of QmpEndpoint; they stay the same */
};

/* Its fields are for whoever makes it. */
QmpInstance *qmp_instance_new         (QmpInstanceKind   kind);
/* Takes what has changed from another one of the same process; runs user code. */
void         qmp_instance_update      (QmpInstance      *self,
                                       QmpInstance      *fresh);
/* Runs user code. */
void         qmp_instance_set_gone    (QmpInstance      *self);
gboolean     qmp_instance_is_same     (QmpInstance      *self,
                                       QmpInstance      *other);

G_END_DECLS
