/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-raw.h"

/* A multiplexer between raw clients and a server of ours that plays QEMU: what it is asked is kept, and answered when a test
 * says so. */

G_BEGIN_DECLS

typedef struct {
  QmpServer      *upstream;
  GPtrArray      *kept;         /* of QmpInvocation: what has come and was not answered */
  QmpClient      *client;
  QmpMultiplexer *multiplexer;
  QmpServer      *server;       /* borrowed: the multiplexer's */
} TestUpstream;

void           test_upstream_open_client    (TestUpstream *self);
/* data: not NULL for out-of-band execution upstream. */
void           test_upstream_set_up         (TestUpstream *self,
                                             gconstpointer data);
void           test_upstream_tear_down      (TestUpstream *self,
                                             gconstpointer data);
/* A client of the multiplexer, which has negotiated. */
TestRaw       *test_upstream_new_raw        (TestUpstream *self);
guint          test_upstream_count_clients  (TestUpstream *self);
/* The next command that has come, and others wait behind it. */
QmpInvocation *test_upstream_take           (TestUpstream *self);
void           test_upstream_answer         (TestUpstream *self,
                                             const char   *value);
void           test_upstream_fail           (TestUpstream *self,
                                             const char   *error_class,
                                             const char   *desc);
void           test_upstream_emit           (TestUpstream *self,
                                             const char   *name);
/* The arguments of the next command, as upstream sees them; its name is asserted. */
char          *test_upstream_peek_arguments (TestUpstream *self,
                                             const char   *command);
int            test_upstream_peek_n_fds     (TestUpstream *self);
char          *test_upstream_peek_fdname    (TestUpstream *self,
                                             const char   *command);
/* The event of that name, without its time. */
void           test_upstream_assert_event   (TestRaw      *raw,
                                             const char   *name);
/* Has the client name a descriptor; how upstream calls it. */
char          *test_upstream_give_name      (TestUpstream *self,
                                             TestRaw      *raw,
                                             const char   *name);

G_END_DECLS
