/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "qmp-glib/qmp-error.h"
#include "json/qmp-json-reader-private.h"

/* What the tests of the JSON reader share. */

G_BEGIN_DECLS

#define MAX_SIZE (64 * 1024 * 1024)
#define MAX_DEPTH 1024

void test_reader_feed         (QmpJsonReader       *reader,
                               const char          *text,
                               gsize                length);
/* Describes all that is there to be read. */
void test_reader_collect      (QmpJsonReader       *reader,
                               GString             *out);
/* text: nullable. */
void test_reader_assert_next  (QmpJsonReader       *reader,
                               QmpJsonReaderResult  expected,
                               const char          *text,
                               QmpJsonFrame        *frame);

/* One line for a frame, with all that the reader tells of it. */
void test_frame_describe      (GString             *out,
                               QmpJsonReaderResult  result,
                               const QmpJsonFrame  *frame);
void test_frame_assert_member (const QmpJsonFrame  *frame,
                               QmpJsonKey           key,
                               const char          *expected);
void test_frame_assert_text   (const QmpJsonFrame  *frame,
                               const char          *expected);

G_END_DECLS
