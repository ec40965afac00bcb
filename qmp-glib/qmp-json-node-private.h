/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Valid JSON text as json-glib nodes. What nodes cannot hold: an integer outside of int64 becomes
 * the nearest double, a number beyond a double's range becomes infinity, U+0000 in a string becomes
 * U+FFFD, and of a key used twice the last value is kept. Recursion is bounded by the depth that the
 * text was checked for. */
JsonNode *qmp_json_to_node (const char *text,
                            gsize       length);

G_END_DECLS
