/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "once.h"

/* "qmp export": what is known of each machine, and how it is told as metrics. */

G_BEGIN_DECLS

typedef struct _ExportScrapes ExportScrapes;

/* A machine of the list. */
typedef struct {
  QmpMachineEntry *entry;      /* owned */
  gpointer         owner;      /* of its handlers; borrowed */
  GHashTable      *events;     /* name -> guint64 *: how often it has come */
  JsonNode        *blocks;     /* nullable: what query-blockstats has said */
  guint            n_asked;    /* queries that were not answered yet: there is no other then */
  guint            n_refs;
} ExportMachine;

ExportMachine *export_machine_new     (QmpMachineEntry *entry);
ExportMachine *export_machine_ref     (ExportMachine   *self);
void           export_machine_unref   (ExportMachine   *self);
void           export_machine_count   (ExportMachine   *self,
                                       const char      *event);

/* Metrics of all machines, of ExportMachine. */
char          *export_metrics_write   (GPtrArray       *machines);

/* Who asks for them. */
typedef void (*ExportDoneFunc) (gpointer owner,
                                gpointer who);

/* Each machine is asked what only an answer tells, once for all who ask meanwhile. done: called for each of these, when all machines
 * have answered, or some do not. machines: borrowed. */
ExportScrapes *export_scrapes_new     (GPtrArray       *machines,
                                       ExportDoneFunc   done,
                                       gpointer         owner);
/* done is not called any more. */
void           export_scrapes_free    (ExportScrapes   *self);
void           export_scrapes_ask     (ExportScrapes   *self,
                                       gpointer         who);

G_END_DECLS
