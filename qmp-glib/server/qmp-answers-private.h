/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The answers to the commands of one client, which go out in the order of the commands, whichever comes first. */

G_BEGIN_DECLS

/* Where an answer stands among the others. */
typedef struct {
  GList     link;    /* data is this */
  gsize     size;    /* of the command, in bytes */
  GString  *text;    /* nullable: it has not come */
  gboolean  secret;  /* all that it returns is not to be shown */
} QmpAnswer;

typedef struct {
  GQueue queue;  /* of QmpAnswer, by their links */
  gsize  size;   /* of the commands */
} QmpAnswers;

/* Empty, as it is when all its bytes are 0. The places are gone. */
void       qmp_answers_clear  (QmpAnswers *self);

/* A place behind all others, for the answer to a command of so many bytes; borrowed, until its answer was taken out. */
QmpAnswer *qmp_answers_expect (QmpAnswers *self,
                               gsize       size);
/* Takes text. The place has no answer yet. */
void       qmp_answers_give   (QmpAnswers *self,
                               QmpAnswer  *place,
                               GString    *text,
                               gboolean    secret);
/* Takes the first answer out (transfer full); NULL if it has not come, or there is none. secret: out. */
GString   *qmp_answers_take   (QmpAnswers *self,
                               gboolean   *secret);

G_END_DECLS
