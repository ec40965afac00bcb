/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The ids of commands that were given up after they were written, and may still be answered: nobody else is to get that
 * reply, so no message is sent with such an id.
 *
 * Of ids that are serials, one that has the same low bits as a later one is forgotten when there are many: its reply is
 * still dropped, since nobody has that id. */

G_BEGIN_DECLS

/* So many serials are kept at most, four bytes each. */
#define QMP_GIVEN_UP_MAX_SERIALS 65536
/* So many are in the window at most. */
#define QMP_GIVEN_UP_MAX_WINDOW 7

typedef struct {
  guint      *serials;    /* nullable; by the low bits, 0 for none */
  guint       n_serials;  /* a power of two */
  guint       window[QMP_GIVEN_UP_MAX_WINDOW];  /* the serials that are in the window, 0 for none */
  GHashTable *texts;      /* nullable; id_text, owned → whether in the window */
} QmpGivenUp;

/* Forgets all. */
void     qmp_given_up_clear       (QmpGivenUp *self);

/* in_window: for who takes it out again. */
void     qmp_given_up_add_serial  (QmpGivenUp *self,
                                   guint       serial,
                                   gboolean    in_window);
void     qmp_given_up_add_text    (QmpGivenUp *self,
                                   const char *id_text,
                                   gboolean    in_window);

gboolean qmp_given_up_has_serial  (QmpGivenUp *self,
                                   guint       serial);
gboolean qmp_given_up_has_text    (QmpGivenUp *self,
                                   const char *id_text);
gboolean qmp_given_up_has_texts   (QmpGivenUp *self);

/* Answered: FALSE if it is not there. */
gboolean qmp_given_up_take_serial (QmpGivenUp *self,
                                   guint       serial,
                                   gboolean   *in_window);
gboolean qmp_given_up_take_text   (QmpGivenUp *self,
                                   const char *id_text,
                                   gboolean   *in_window);

G_END_DECLS
