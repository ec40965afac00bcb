/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A machine that is launched and worked with beside the two links, in the same main context, and comes to its end in one of
 * the ways there are. */

G_BEGIN_DECLS

typedef struct _SoakMachine SoakMachine;

/* random: borrowed. It works from now on. */
SoakMachine *soak_machine_new  (GRand       *random);
/* Ends it, and sees that it has ended as it was told. */
void         soak_machine_free (SoakMachine *self);

G_END_DECLS
