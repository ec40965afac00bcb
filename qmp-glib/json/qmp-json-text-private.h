/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Walking over JSON text that qmp_json_check() or the reader has already found valid. Nothing here
 * checks again and nothing fails on valid text. */

G_BEGIN_DECLS

/* What stands in for U+0000 where a NUL would end the string. */
#define QMP_JSON_REPLACEMENT_CHARACTER "\xef\xbf\xbd"

typedef struct {
  const char *text;
  gsize       length;
} QmpJsonSlice;

/* A cursor over the members of one object or the elements of one array. */
typedef struct {
  const char *position;
  const char *end;
} QmpJsonCursor;

void          qmp_json_cursor_init         (QmpJsonCursor *self,
                                            const char    *text,
                                            gsize          length);
/* key: the string with its quotes. */
gboolean      qmp_json_cursor_next_member  (QmpJsonCursor *self,
                                            QmpJsonSlice  *key,
                                            QmpJsonSlice  *value);
gboolean      qmp_json_cursor_next_element (QmpJsonCursor *self,
                                            QmpJsonSlice  *value);

/* Where the next token begins; where the value at text ends. */
const char   *qmp_json_skip_spaces         (const char    *text,
                                            const char    *end);
const char   *qmp_json_skip_value          (const char    *text,
                                            const char    *end);

/* Strings, given with their quotes. */
/* The unescaped string; U+0000 comes out as U+FFFD, since C and GObject strings end at a NUL. */
char         *qmp_json_dup_string          (const char    *text,
                                            gsize          length);
gboolean      qmp_json_string_equal        (const char    *text,
                                            gsize          length,
                                            const char    *plain);

/* A GHashFunc for names that a server chooses: it cannot foresee which of them share a hash, as with g_str_hash(). */
guint         qmp_json_hash_name           (gconstpointer  name);
guint64       qmp_json_hash_bytes          (const guint64  key[2],
                                            const void    *bytes,
                                            gsize          length);

/* nul stands in for U+0000; NULL: a NUL byte. */
void          qmp_json_append_unescaped    (GString       *out,
                                            const char    *text,
                                            gsize          length,
                                            const char    *nul);

/* Strings without quotes, valid UTF-8. */
/* As JSON, with quotes. */
void          qmp_json_append_escaped      (GString       *out,
                                            const char    *string,
                                            gsize          length);
/* The first of the noncharacters, which QEMU refuses; NULL if there is none. */
const char   *qmp_json_find_noncharacter   (const char    *string,
                                            gsize          length);

/* Integers: FALSE if the number is not one (1.0, 1e3) or does not fit. */
gboolean      qmp_json_get_int64           (const char    *text,
                                            gsize          length,
                                            gint64        *value);
gboolean      qmp_json_get_uint64          (const char    *text,
                                            gsize          length,
                                            guint64       *value);

/* Any number; an infinity if it is out of range. */
double        qmp_json_get_double          (const char    *text,
                                            gsize          length);
/* The shortest digits that read back as the same double, which is finite. */
void          qmp_json_append_digits       (GString       *out,
                                            double         value);

/* The same text without white space; indented by two spaces a level; in a form that is equal for
 * equal values (members sorted, the last of a key used twice, numbers and strings in one spelling). */
void          qmp_json_append_compact      (GString       *out,
                                            const char    *text,
                                            gsize          length);
void          qmp_json_append_pretty       (GString       *out,
                                            const char    *text,
                                            gsize          length);
void          qmp_json_append_canonical    (GString       *out,
                                            const char    *text,
                                            gsize          length);

/* The same text for display: what its member's name tells to be a secret (the table in qmp-json-redact.c) replaced by
 * "***", and so are passwords in URLs and in options within strings. Any bytes may be given: what is not JSON is replaced
 * as a whole, by its length. */
void          qmp_json_append_redacted     (GString       *out,
                                            const char    *text,
                                            gsize          length);
/* The same for the answer to a command that asks for a secret: all that it returns is replaced. */
void          qmp_json_append_redacted_answer (GString    *out,
                                            const char    *text,
                                            gsize          length);
/* Is a message such a command? */
gboolean      qmp_json_asks_for_secret     (const char    *text,
                                            gsize          length);

/* Would QEMU take it? FALSE with QMP_PROTOCOL_ERROR_SERIALIZATION: a key used twice at any depth,
 * a noncharacter in a string, a number beyond what a double holds, more than 1024 levels. */
gboolean      qmp_json_check_sendable      (const char    *text,
                                            gsize          length,
                                            GError       **error);

G_END_DECLS
