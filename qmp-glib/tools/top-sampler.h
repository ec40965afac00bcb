/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

#include "top-rates.h"

/* Asks one machine how busy it is, again and again: one command after the other, so that of one that hangs a single one waits. */

G_BEGIN_DECLS

typedef struct {
  double   load;          /* of its process, in percent of a processor; -1: not known */
  double   threads_load;  /* of its virtual processors; -1: not known */
  guint    n_threads;
  gboolean has_rates;
  TopRates rates;
} TopSample;

typedef struct _TopSampler TopSampler;

/* answered: is called when something is known that was not. */
TopSampler      *top_sampler_new     (QmpMachine      *machine,
                                      void           (* answered) (gpointer owner),
                                      gpointer         owner);
void             top_sampler_free    (TopSampler      *self);
/* pid: of its process, on this computer; 0: there is none. Once per interval. */
void             top_sampler_tick    (TopSampler      *self,
                                      int              pid);
const TopSample *top_sampler_get     (TopSampler      *self);
/* Whether a command of it waits for its answer. */
gboolean         top_sampler_is_busy (TopSampler      *self);

G_END_DECLS
