/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "link/qmp-link-private.h"

/* Who owns a link, for the tests of links and openings: writes down what it is told and runs no client. The test is the
 * server, at the other end of a socketpair. What either side says is there at once for the other, so that nothing here
 * waits. */

G_BEGIN_DECLS

typedef struct {
  GMainContext    *context;
  QmpIoContext    *io;          /* the context's */
  QmpLinkSettings  settings;
  QmpCalls        *calls;
  QmpInbox         inbox;
  QmpWireLog       log;
  QmpLink         *link;        /* nullable, owned: the owner's; freed when it settles after its end */
  GIOStream       *stream;      /* nullable, owned: for the link */
  int              peer_fd;     /* -1 once closed */
  GString         *words;       /* see test_assert_words() */
  gboolean         hears_wire;
  GQueue           rest;        /* of QmpCall, by pending_link: what pended at its end */
  void          (* after_dispatch) (gpointer user_data);  /* nullable: the test's own doing */
  gpointer         user_data;
} TestOwner;

extern const QmpLinkFuncs test_link_funcs;

/* Waits for a greeting, and negotiates. */
void   test_owner_init      (TestOwner  *self);
void   test_owner_clear     (TestOwner  *self);
void   test_owner_note      (TestOwner  *self,
                             const char *format,
                             ...) G_GNUC_PRINTF (2, 3);

/* The server says text, and all is done that comes of it. */
void   test_owner_hear      (TestOwner  *self,
                             const char *text);
void   test_owner_hang_up   (TestOwner  *self);
/* All turns that have something to do. */
void   test_owner_turn      (TestOwner  *self);
/* What the server has been sent since, or "". */
char  *test_owner_dup_sent  (TestOwner  *self);
/* Answers what was sent last, which is qmp_capabilities; members: of the reply. */
void   test_owner_negotiate (TestOwner  *self,
                             const char *members);

#define TEST_GREETING "{\"QMP\": {\"version\": {\"qemu\": {\"major\": 9, \"minor\": 1, \"micro\": 0}, \"package\": \"\"}, " \
                      "\"capabilities\": []}}\n"

/* Words, with a space between: event(NAME), greeting, error(…), done(…), ended(…), and what the tests add. Forgotten
 * then. */
#define test_assert_words(owner, expected)                         \
  G_STMT_START {                                                   \
    g_assert_cmpstr ((owner)->words->str, ==, expected);           \
    g_string_truncate ((owner)->words, 0);                         \
  } G_STMT_END

G_END_DECLS
