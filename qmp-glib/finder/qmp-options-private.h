/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What QEMU reads as "key=value,key=value": a table of char * by char *. A comma within a value is doubled, and a key alone
 * is on, or off with "no" in front of it. first: nullable; the key of a value that stands first and alone. A text that is
 * a JSON object is what its members say, as far as those have one value. Bytes stay as they are. */
GHashTable *qmp_options_parse    (const char *text,
                                  const char *first);
/* NULL if it is not there, or is empty. */
const char *qmp_options_get      (GHashTable *options,
                                  const char *key);
gboolean    qmp_options_is_on    (GHashTable *options,
                                  const char *key);

G_END_DECLS
