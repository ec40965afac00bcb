/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "soak-link.h"

/* What goes on at the same time over one link. Each actor plays its scene again and again: sends a command, and the
 * next one when the answer or the event is there. */

G_BEGIN_DECLS

typedef struct _SoakStage SoakStage;

/* directory: for the disks and pictures. */
SoakStage *soak_stage_new    (SoakLink   *main,
                              SoakLink   *second,
                              GRand      *random,
                              const char *directory);
void       soak_stage_free   (SoakStage  *self);
/* Makes the disks. FALSE: the link has ended. */
gboolean   soak_stage_set_up (SoakStage  *self);
/* known: whether what they did last came to its end. If not, those stay away that have to know. */
void       soak_stage_start  (SoakStage  *self,
                              gboolean    known);
/* Lets each scene come to its end. */
void       soak_stage_pause  (SoakStage  *self);
/* The links have ended: nobody has anything left to do. */
void       soak_stage_stop   (SoakStage  *self);
QmpMessage *soak_command     (const char *command,
                              const char *format,
                              ...);

G_END_DECLS
