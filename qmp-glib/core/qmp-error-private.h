/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-error.h>

G_BEGIN_DECLS

/* The code of a QAPI error class, QMP_COMMAND_ERROR_UNKNOWN for one that is not known. */
QmpCommandError  qmp_command_error_code_for_class (const char        *error_class);

/* The server's error as a GError: desc verbatim. received is held; sent (nullable) too. */
GError          *qmp_command_error_new            (const char        *error_class,
                                                   const char        *desc,
                                                   QmpMessage        *sent,
                                                   QmpMessage        *received);

/* A protocol error about a text: keeps a copy of at most QMP_PROTOCOL_ERROR_TEXT_MAX bytes around
 * offset, and appends where it is to the message, and what stands there unless there may be a secret in it. offset is -1
 * for none. */
#define QMP_PROTOCOL_ERROR_TEXT_MAX 4096

GError          *qmp_protocol_error_new_for_text  (QmpProtocolError   code,
                                                   const char        *text,
                                                   gsize              length,
                                                   gssize             offset,
                                                   const char        *format,
                                                   ...) G_GNUC_PRINTF (5, 6);
/* The same about a string of which nobody knows whether it is a secret: of it the character at offset alone is shown. */
GError          *qmp_protocol_error_new_for_value (QmpProtocolError   code,
                                                   const char        *text,
                                                   gsize              length,
                                                   gsize              offset,
                                                   const char        *problem);

/* Behind the message: ": REASON". */
void             qmp_error_append_reason          (GError            *error,
                                                   const char        *reason);

/* The message without what it shows of a text: for a log that must not hold secrets. */
char            *qmp_error_dup_public_message     (const GError      *error);

/* The at most size bytes of a text that have offset in their middle. */
void             qmp_excerpt_get_window           (gsize              length,
                                                   gssize             offset,
                                                   gsize              size,
                                                   gsize             *start,
                                                   gsize             *end);
/* Might the excerpt have a secret in it, or the text before it the name of one? */
gboolean         qmp_excerpt_may_hold_secret      (const char        *text,
                                                   gsize              length,
                                                   gssize             offset);
/* Text from the other side made fit for an error message: at most 60 bytes around offset, what is
 * not printable as \xNN, dots where something was left out. */
char            *qmp_excerpt                      (const char        *text,
                                                   gsize              length,
                                                   gssize             offset);

G_END_DECLS
