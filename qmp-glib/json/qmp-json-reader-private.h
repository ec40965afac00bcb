/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* The strict incremental JSON reader: finds where each JSON text of a stream begins and ends, and
 * validates it, in one pass over the bytes. Builds nothing. No I/O. */

G_BEGIN_DECLS

/* What a JSON value is, by its first byte. */
typedef enum {
  QMP_JSON_OBJECT,
  QMP_JSON_ARRAY,
  QMP_JSON_STRING,
  QMP_JSON_NUMBER,
  QMP_JSON_BOOLEAN,
  QMP_JSON_NULL,
} QmpJsonKind;

/* The top-level members that routing needs. */
typedef enum {
  QMP_JSON_KEY_EVENT,
  QMP_JSON_KEY_RETURN,
  QMP_JSON_KEY_ERROR,
  QMP_JSON_KEY_ID,
  QMP_JSON_KEY_QMP,
  QMP_JSON_KEY_DATA,
  QMP_JSON_KEY_TIMESTAMP,
  QMP_JSON_N_KEYS,
} QmpJsonKey;

/* A part of a text; length 0 means that there is no such part (no JSON value is empty). */
typedef struct {
  guint32 start;
  guint32 length;
} QmpJsonSpan;

/* The values of the known top-level members; of a key used twice the last one counts. */
typedef struct {
  QmpJsonKind kind;
  QmpJsonSpan members[QMP_JSON_N_KEYS];
} QmpJsonOutline;

typedef enum {
  QMP_JSON_READER_MORE,     /* all input is used up and no further text is whole */
  QMP_JSON_READER_TEXT,     /* frame has one whole JSON object or array */
  QMP_JSON_READER_JUNK,     /* frame has bytes that stood between texts and are not JSON */
  QMP_JSON_READER_OVERFLOW, /* the text grew over the size limit: the reader gives nothing more,
                             * and frame is empty */
} QmpJsonReaderResult;

typedef struct {
  const char     *text;    /* borrowed from the reader until the next call of any function of it
                            * but qmp_json_reader_dup_bytes() */
  gsize           length;
  QmpJsonOutline  outline; /* with a fault: as far as it is known */
  const GError   *fault;   /* nullable; what is wrong with the text: QMP_PROTOCOL_ERROR_DESERIALIZATION
                            * or _TOO_DEEP */
} QmpJsonFrame;

typedef struct _QmpJsonReader QmpJsonReader;

/* Limits: max_size in bytes for one text, max_depth in nested objects and arrays. */
QmpJsonReader       *qmp_json_reader_new       (guint           max_size,
                                                guint           max_depth);
void                 qmp_json_reader_free      (QmpJsonReader  *self);

/* Room for input. Grows with the text that is being read. Call before each read of the stream. */
guint8              *qmp_json_reader_reserve   (QmpJsonReader  *self,
                                                gsize          *size);
void                 qmp_json_reader_commit    (QmpJsonReader  *self,
                                                gsize           length);
/* Bytes of the text that is being read. */
gsize                qmp_json_reader_get_held  (QmpJsonReader  *self);

/* The next text, or junk. Call until MORE, which leaves frame as it was. */
QmpJsonReaderResult  qmp_json_reader_next      (QmpJsonReader  *self,
                                                QmpJsonFrame   *frame);

/* The frame's text to keep: a copy, or for a large one the reader's own buffer, without copying. */
GBytes              *qmp_json_reader_dup_bytes (QmpJsonReader  *self,
                                                QmpJsonFrame   *frame);

/* At the end of the stream: what is left over, as a JUNK frame or as a TEXT frame with a fault
 * ("ended in the middle of a message"); MORE if nothing is. */
QmpJsonReaderResult  qmp_json_reader_finish    (QmpJsonReader  *self,
                                                QmpJsonFrame   *frame);

/* Gives buffer memory back when no text is half read. */
void                 qmp_json_reader_trim      (QmpJsonReader  *self);

/* One complete JSON text of any kind, white space around it allowed. Sets outline (nullable).
 * Returns FALSE with QMP_PROTOCOL_ERROR_DESERIALIZATION (the error carries text and offset),
 * _TOO_DEEP, or _TOO_LARGE (only from 4 GiB on). Keys used twice are accepted. */
gboolean             qmp_json_check            (const char     *text,
                                                gsize           length,
                                                guint           max_depth,
                                                QmpJsonOutline *outline,
                                                GError        **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpJsonReader, qmp_json_reader_free)

G_END_DECLS
