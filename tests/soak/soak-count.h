/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What was done and what came of it, for the table at the end. */

G_BEGIN_DECLS

typedef enum {
  SOAK_ISSUED,
  SOAK_RESULT,
  SOAK_ERROR,       /* the server's, and the one that was expected */
  SOAK_INTERRUPTED, /* the link ended first */
  SOAK_REFUSED,     /* the link had ended when it was issued */
  SOAK_CANCELLED,
  SOAK_TIMED_OUT,
  SOAK_N_OUTCOMES,
} SoakOutcome;

void    soak_count_command (const char  *command,
                            SoakOutcome  outcome);
void    soak_count_event   (const char  *link,
                            const char  *event);
void    soak_count_fault   (const char  *fault);
guint64 soak_count_get     (SoakOutcome  outcome);
/* All outcomes. */
guint64 soak_count_answers (void);
void    soak_count_print   (void);
void    soak_count_clear   (void);

/* Says what is wrong and all that is known, and ends the program. */
G_NORETURN
void    soak_fail          (const char  *format,
                            ...) G_GNUC_PRINTF (1, 2);
/* What more is known. */
void    soak_set_explain   (void      (* explain) (gpointer user_data),
                            gpointer     user_data);

G_END_DECLS
