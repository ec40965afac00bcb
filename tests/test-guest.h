/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-machine.h"

/* A small Linux, as tests/guest/make-guest.py has made it. A program boots it once; each machine goes on from there, from the
 * same moment, in which the guest has just said that it is ready. */

G_BEGIN_DECLS

typedef struct {
  QmpMachine *vm;       /* nullable: a test may take it */
  int         console;  /* what the guest says, and is told: see tests/guest/init.c */
  GSource    *source;   /* reads it; a guest hangs when the main loop is not run */
  GString    *said;     /* what it has said since it was asked last */
} TestGuest;

/* No kernel could be had. The test is skipped then, in words. */
gboolean     test_guest_is_missing  (void);
/* A machine that runs, with the guest in it. The arguments are added. */
#define test_guest_new(...) test_guest_new_for ((const char * const []) { __VA_ARGS__ __VA_OPT__ (,) NULL })
TestGuest   *test_guest_new_for     (const char * const *arguments);
/* Drops it when all was told; the machine has to have ended. */
void         test_guest_free        (TestGuest          *self);
/* At the end of the program. */
void         test_guest_clean_up    (void);

/* Tells the guest what to do. */
void         test_guest_tell        (TestGuest          *self,
                                     const char         *letters);
/* Runs the main loop until the guest has said so. */
void         test_guest_wait_said   (TestGuest          *self,
                                     const char         *text);

G_END_DECLS
