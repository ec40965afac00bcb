/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Valid JSON text as json-glib nodes. What nodes cannot hold: an integer outside of int64 becomes
 * the nearest double, a number beyond a double's range becomes infinity, U+0000 in a string becomes
 * U+FFFD, and of a key used twice the last value is kept. Recursion is bounded by the depth that the
 * text was checked for.
 *
 * Nor can they hold a very large object: json-glib finds members by a hash that a server can foresee, and goes through
 * all of them for a key that is used twice, so that the work grows with the square of their number. An object has
 * at most QMP_JSON_MAX_MEMBERS; several that are large have fewer, for it is the work that is limited. The
 * members beyond are left out. */
#define QMP_JSON_MAX_MEMBERS 4096

/* Nor are nodes made without bound: each costs about 100 bytes, of which a text can bring one in two bytes of its own. So many
 * values are made, where an object counts as four; those beyond are left out. */
#define QMP_JSON_MAX_VALUES (1024 * 1024)

JsonNode *qmp_json_to_node       (const char  *text,
                                  gsize        length);
/* Fails instead of leaving members out. */
JsonNode *qmp_json_to_whole_node (const char  *text,
                                  gsize        length,
                                  GError     **error);

G_END_DECLS
