/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <stdarg.h>

/* JSON text in its shortest form, refusing what QEMU would refuse. Each function appends to out; one
 * that fails with QMP_PROTOCOL_ERROR_SERIALIZATION leaves out as it was. */

G_BEGIN_DECLS

/* length -1: up to the NUL. Refuses invalid UTF-8 and noncharacters. */
gboolean qmp_json_append_string (GString     *out,
                                 const char  *string,
                                 gssize       length,
                                 GError     **error);
void     qmp_json_append_int64  (GString     *out,
                                 gint64       value);
void     qmp_json_append_uint64 (GString     *out,
                                 guint64      value);
/* printf() takes a thousand instructions for it. Returns the first digit, within digits. */
#define QMP_JSON_DIGITS 21
const char *qmp_json_format_uint64 (char     digits[QMP_JSON_DIGITS],
                                    guint64  value);
/* The shortest digits that read back as the same double. Refuses infinities and NaN. */
gboolean qmp_json_append_double (GString     *out,
                                 double       value,
                                 GError     **error);
/* Refuses more than 1024 levels. */
gboolean qmp_json_append_node   (GString     *out,
                                 JsonNode    *node,
                                 GError     **error);

/* A JSON text with holes. Outside of the holes it is JSON in which strings may also stand in single
 * quotes; a hole stands where a value may stand:
 *   %b gboolean   %i int   %u guint   %x gint64   %t guint64   %d double
 *   %s const char *, a string (NULL: null)
 *   %v JsonNode * (transfer none; NULL: null)
 *   %j const char *, a JSON text (checked; NULL: null)
 * A % inside of a string is not a placeholder.
 * A wrong format is the programmer's error: criticals and returns FALSE with an error set. */
gboolean qmp_json_append_format (GString     *out,
                                 GError     **error,
                                 const char  *format,
                                 va_list     *arguments);

G_END_DECLS
