/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <string.h>

/* What the fuzz targets share. A target is a program with one function, which libFuzzer calls with one input after the
 * other; where there is no libFuzzer, fuzz-main.c calls it with the files of a corpus. What is wrong aborts. */

G_BEGIN_DECLS

int         LLVMFuzzerTestOneInput (const guint8  *data,
                                    gsize          size);
/* Once, before the first input. */
int         LLVMFuzzerInitialize   (int           *argc,
                                    char        ***argv);

/* An input that is being taken apart from its front. */
typedef struct {
  const char *at;
  gsize       left;
} FuzzInput;

void        fuzz_input_init        (FuzzInput     *self,
                                    const guint8  *data,
                                    gsize          size);
/* 0 when there is nothing left. */
guint8      fuzz_input_take_byte   (FuzzInput     *self);
/* Up to the next line feed, without it; NULL when there is nothing left. */
char       *fuzz_input_take_line   (FuzzInput     *self);
/* length bytes, or what is left; a NUL is put behind them. */
char       *fuzz_input_take_text   (FuzzInput     *self,
                                    gsize          length);

/* Equal in kind and value, the doubles bit by bit; members in any order. */
gboolean    fuzz_same_value        (JsonNode      *one,
                                    JsonNode      *other);

G_END_DECLS
