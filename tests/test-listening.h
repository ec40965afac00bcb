/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-utils.h"

G_BEGIN_DECLS

/* A client that listens, in a directory of its own. */
typedef struct {
  QmpClient      *client;
  TestLog        *log;
  char           *directory;
  char           *path;
  GSocketAddress *address;
  GCancellable   *cancellable;
  GAsyncResult   *result;
} TestListening;

void      test_listening_init      (TestListening   *self);
/* The same, and the client listens at path. */
void      test_listening_begin     (TestListening   *self);
/* What is usual at the end; the client may be gone already. */
void      test_listening_clear     (TestListening   *self);
void      test_listening_bind      (TestListening   *self,
                                    GSocketAddress  *address);
/* The runstates so far, and what else is in the log. */
#define test_listening_assert_log(self, expected) g_assert_cmpstr (test_log_get ((self)->log), ==, expected)

/* The async form, with self's cancellable and result. */
void      test_accept_begin        (TestListening   *self);
gboolean  test_accept_end          (TestListening   *self,
                                    GError         **error);
void      test_accept_well         (TestListening   *self);
void      test_execute_well        (TestListening   *self,
                                    const char      *command);
gboolean  test_file_exists         (const char      *path);

G_END_DECLS
