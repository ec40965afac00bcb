/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-endpoint.h>

G_BEGIN_DECLS

/* What may change of an endpoint. */
typedef struct {
  QmpEndpointState  state;
  int               holder_pid;
  char             *holder_name;  /* nullable */
  char             *address;      /* nullable; UTF-8 */
} QmpEndpointSight;

struct _QmpEndpoint {
  GObject           parent_instance;

  QmpEndpointKind   kind;
  char             *id;           /* nullable */
  char             *description;
  gboolean          listens;
  QmpEndpointSight  sight;
};

/* Its fields are for whoever makes it. */
QmpEndpoint *qmp_endpoint_new   (QmpEndpointKind    kind,
                                 const char        *id,
                                 const char        *description,
                                 gboolean           listens);
/* Takes what has changed from another one of the same; runs user code. */
void         qmp_endpoint_update (QmpEndpoint      *self,
                                  QmpEndpoint      *fresh);

G_END_DECLS
