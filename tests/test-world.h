/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-finder.h>

#include "test-processes.h"

/* A finder that sees the processes of the test, and no others: a list of machines would open those. */

G_BEGIN_DECLS

typedef struct {
  TestProcesses *processes;
  char          *root;
  QmpFinder     *finder;  /* looks when it is told to */
} TestWorld;

TestWorld *test_world_new      (void);
/* Nobody has its finder any more. */
void       test_world_free     (TestWorld  *self);
/* Starts one, and waits until it serves; returns its index. */
guint      test_world_start    (TestWorld  *self,
                                const char *words);
void       test_world_let_see  (TestWorld  *self,
                                pid_t       pid);
/* As a finder does every two seconds. */
void       test_world_look     (TestWorld  *self);
/* Of a socket of one of them. */
char      *test_world_dup_path (TestWorld  *self,
                                const char *name);

G_END_DECLS
