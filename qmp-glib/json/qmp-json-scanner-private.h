/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "json/qmp-json-reader-private.h"

/* Goes over one JSON text, validates it, finds its end, and can stop and go on at every byte. What
 * the reader and qmp_json_check() have in common; nobody else should need it. */

G_BEGIN_DECLS

/* The resync sentinel of guest agents, which can be in no valid UTF-8. */
#define QMP_JSON_RESYNC 0xff

/* What comes next. */
typedef enum {
  QMP_JSON_STATE_VALUE,
  QMP_JSON_STATE_FIRST_ELEMENT,
  QMP_JSON_STATE_FIRST_KEY,
  QMP_JSON_STATE_KEY,
  QMP_JSON_STATE_COLON,
  QMP_JSON_STATE_AFTER_ELEMENT,
  QMP_JSON_STATE_AFTER_MEMBER,
  QMP_JSON_STATE_AFTER_ALL, /* a document is whole; only white space may follow */

  QMP_JSON_STATE_STRING,    /* the rest of a string */
  QMP_JSON_STATE_WORD,      /* the rest of a number, true, false, null */
  QMP_JSON_STATE_BROKEN,    /* the rest of a text that makes no sense any more: to its end */
  QMP_JSON_STATE_BROKEN_STRING,
  QMP_JSON_STATE_DONE,      /* the text of a stream ends at position */
} QmpJsonState;

typedef enum {
  QMP_JSON_FAULT_NONE,

  /* Soft: the grammar around the token is intact. */
  QMP_JSON_FAULT_NUMBER,
  QMP_JSON_FAULT_WORD,
  QMP_JSON_FAULT_ESCAPE,
  QMP_JSON_FAULT_SURROGATE,
  QMP_JSON_FAULT_UTF8,

  /* The structure is broken. */
  QMP_JSON_FAULT_UNEXPECTED,
  QMP_JSON_FAULT_CONTROL,
  QMP_JSON_FAULT_DEPTH,
  QMP_JSON_FAULT_RESYNC,
  QMP_JSON_FAULT_END,
  QMP_JSON_FAULT_SIZE, /* beyond what an outline can point to */
} QmpJsonFault;

typedef struct {
  gboolean        document;   /* one text of any kind that fills its buffer, not one of a stream */
  guint           max_depth;

  const guint8   *text;       /* borrowed while qmp_json_scanner_run() runs */
  gsize           position;   /* all before it is scanned */
  gboolean        starved;    /* what is left is the beginning of an escape or a character */
  QmpJsonState    state;

  guint           depth;
  QmpJsonState    after;      /* a value in the innermost object or array */
  guint64        *levels;     /* a bit for each: is it an object? */
  guint           n_levels;   /* words of levels */
  guint64         few_levels[4];

  gsize           token;      /* where the string or word that is half read began, */
  QmpJsonState    token_state; /* and in which state */
  gboolean        token_escaped;
  gboolean        token_bad;

  gsize           skim_from;  /* not earlier, since that takes longer than it saves */

  gsize           member;     /* where the value of a depth 1 member began, if object or array */
  QmpJsonKey      key;        /* of that member; QMP_JSON_N_KEYS: not a known one */
  QmpJsonOutline  outline;    /* but for the kind */

  QmpJsonFault    fault;      /* the first one, */
  QmpJsonState    fault_state; /* the state in which it was found, */
  gsize           fault_offset;
} QmpJsonScanner;

/* The scanner points into itself: it cannot be copied or moved. */
void      qmp_json_scanner_init      (QmpJsonScanner *self,
                                      gboolean        document,
                                      guint           max_depth);
void      qmp_json_scanner_clear     (QmpJsonScanner *self);
/* Makes ready for the next text. */
void      qmp_json_scanner_reset     (QmpJsonScanner *self);

/* Goes on to length, or to where state is DONE. Everything up to position was scanned by earlier
 * calls, for which the text may have stood elsewhere. */
void      qmp_json_scanner_run       (QmpJsonScanner *self,
                                      const guint8   *text,
                                      gsize           length);
/* The input is over: if the text is not, that is a fault. (The fault is SIZE, and nothing was run,
 * for a length of more than 32 bits.) */
void      qmp_json_scanner_end       (QmpJsonScanner *self,
                                      const guint8   *text,
                                      gsize           length);

/* A fast way through what is nested in a large text: on from p, over as many members and elements as are written in a
 * usual way. What is not stands where this stops, with the state to judge it in: nothing is a fault here. To be called
 * right behind a comma that is deeper than the members of a message, with the state that it leads to, for
 * QMP_JSON_SKIM_MIN bytes or more. */
#define QMP_JSON_SKIM_MIN 128

const guint8 *qmp_json_scanner_skim (QmpJsonScanner *self,
                                     const guint8   *p,
                                     const guint8   *end);

/* Inside of a string, at what is not plain: goes over an escape or a character, and says how many bytes that is. 0 if
 * more has to come to tell, or if it is neither. What is bad is recorded; no more than is surely a part of it is gone over. */
gsize     qmp_json_scanner_pass_special (QmpJsonScanner *self,
                                         const guint8   *p,
                                         const guint8   *end);

/* Keeps the first one. */
static inline void
qmp_json_scanner_record_fault (QmpJsonScanner *self,
                               QmpJsonFault    kind,
                               const guint8   *p)
{
  if (self->fault != QMP_JSON_FAULT_NONE)
    return;

  self->fault = kind;
  self->fault_state = self->state;
  self->fault_offset = p - self->text;
}

/* What is wrong with the text; transfer full; NULL if nothing is. */
GError   *qmp_json_scanner_dup_fault (QmpJsonScanner *self,
                                      const guint8   *text,
                                      gsize           length);

/* QMP_JSON_N_KEYS: none of these. */
QmpJsonKey qmp_json_key_find         (const char     *name,
                                      gsize           length);

/* White space as JSON has it. */
static inline gboolean
qmp_json_is_space (guint8 byte)
{
  return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

G_END_DECLS
