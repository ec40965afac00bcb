/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "json/qmp-json-text-private.h"

/* A server's side of the capabilities negotiation (QMP specification, "Capabilities Negotiation"), in QEMU's words. No I/O. */

G_BEGIN_DECLS

#define QMP_NEGOTIATION_COMMAND "qmp_capabilities"

typedef struct {
  char     **offered;      /* owned */
  gboolean   done;
  gboolean   out_of_band;  /* was enabled */
} QmpNegotiation;

/* What is wrong with a command. desc: owned; NULL if nothing is. */
typedef struct {
  const char *error_class;
  char       *desc;
} QmpNegotiationFault;

void                qmp_negotiation_init    (QmpNegotiation *self,
                                             char          **offered);
void                qmp_negotiation_clear   (QmpNegotiation *self);
/* qmp_capabilities came, with these arguments (a JSON object, or of length 0): if nothing is wrong with it, it is done. */
QmpNegotiationFault qmp_negotiation_execute (QmpNegotiation *self,
                                             QmpJsonSlice    arguments);

G_END_DECLS
