/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "json/qmp-json-scan-private.h"
#include "json/qmp-json-scanner-private.h"

#if QMP_JSON_HAS_BLOCKS

/* So many bytes can be read where a step begins. None needs more, but for strings and for runs of digits and of white
 * space, which look for their end themselves. */
#define STEP 32

/* As many as the first word of levels has. */
#define MAX_DEPTH 64

typedef struct {
  const guint8 *p;
  const guint8 *limit;       /* no step begins from here on */

  const guint8 *block;       /* QMP_JSON_BLOCK bytes, */
  const guint8 *last_block;  /* which begin here at the latest, */
  guint64       special;     /* and a bit for each: is it not plain in a string? */

  QmpJsonState  state;
  QmpJsonState  after;       /* a value in the innermost level: which tells its kind, too */
  guint         depth;
  guint         max_depth;
  guint64       levels;
} Skim;

/* Where things end: NULL if they are odd, or may be. */

/* Those of the block that are not plain, from p on. */
static inline guint64
get_special (const Skim   *self,
             const guint8 *p)
{
  gsize offset = p - self->block;

  return offset < QMP_JSON_BLOCK ? self->special >> offset : 0;
}

/* Goes on to the next block, or to the one that begins at p if p stands in neither. Returns where to look from there on.
 * NULL: there is none left, and all stays as it is. */
static inline const guint8 *
load_block (Skim         *self,
            const guint8 *p)
{
  gsize offset = p - self->block;
  const guint8 *next = offset < QMP_JSON_BLOCK ? self->block + QMP_JSON_BLOCK : p;

  if (next > self->last_block)
    return NULL;
  self->block = next;
  self->special = qmp_json_scan_block (next);
  return next;
}

/* p stands behind the opening quote of a string with nothing but plain bytes. */
static inline const guint8 *
find_string_end (Skim         *self,
                 const guint8 *p)
{
  guint64 special = get_special (self, p);

  while (G_UNLIKELY (special == 0))
    {
      p = load_block (self, p);
      if (p == NULL)
        return NULL;
      special = self->special;
    }

  p += __builtin_ctzll (special);
  return *p == '"' ? p + 1 : NULL;
}

/* At least one digit is there. */
static inline const guint8 *
find_digits_end (const Skim   *self,
                 const guint8 *p)
{
  if (*p < '0' || *p > '9')
    return NULL;

  do
    p++;
  while (p < self->limit && *p >= '0' && *p <= '9');
  return p;
}

/* p stands behind the digits before the point. */
static inline const guint8 *
find_fraction_end (const Skim   *self,
                   const guint8 *p)
{
  if (*p == '.')
    p = find_digits_end (self, p + 1);
  if (p != NULL && (*p == 'e' || *p == 'E'))
    p = find_digits_end (self, p[1] == '+' || p[1] == '-' ? p + 2 : p + 1);

  return p;
}

static inline const guint8 *
find_number_end (const Skim   *self,
                 const guint8 *p)
{
  if (*p == '-')
    p++;
  p = *p == '0' ? p + 1 : find_digits_end (self, p);
  if (p == NULL || *p == ',')
    return p;

  return find_fraction_end (self, p);
}

static inline const guint8 *
find_word_end (const Skim   *self,
               const guint8 *p)
{
  if (memcmp (p, "null", 4) == 0 || memcmp (p, "true", 4) == 0)
    p += 4;
  else if (memcmp (p, "false", 5) == 0)
    p += 5;
  else
    p = find_number_end (self, p);

  /* It may go on. */
  return p != NULL && (*p == ',' || *p == '}' || *p == ']' || *p <= ' ') ? p : NULL;
}

static G_GNUC_NO_INLINE const guint8 *
find_space_end (const guint8 *p,
                const guint8 *limit)
{
  while (p < limit && qmp_json_is_space (*p))
    p += 1 + qmp_json_count_spaces (p + 1);

  return p;
}

/* Each of these goes over what stands at p. FALSE: what is left is odd, or may be, and is to be judged in the state. */

/* Behind a bracket or a comma. */
static inline void
skim_space (Skim *self)
{
  if (*self->p == ' ')
    self->p++;
  if (G_UNLIKELY (*self->p <= ' '))
    self->p = find_space_end (self->p, self->limit);
}

static inline gboolean
skim_key (Skim *self)
{
  const guint8 *end = *self->p == '"' ? find_string_end (self, self->p + 1) : NULL;

  if (end == NULL || *end != ':')
    return FALSE;

  self->p = end[1] == ' ' ? end + 2 : end + 1;
  self->state = QMP_JSON_STATE_VALUE;
  return TRUE;
}

static inline gboolean
skim_leaf (Skim *self)
{
  const guint8 *end = *self->p == '"' ? find_string_end (self, self->p + 1) : find_word_end (self, self->p);

  if (end == NULL)
    return FALSE;

  self->p = end;
  return TRUE;
}

static inline gboolean
skim_open (Skim *self)
{
  guint64 bit;

  if (self->depth == self->max_depth)
    return FALSE;

  bit = G_GUINT64_CONSTANT (1) << self->depth;
  if (*self->p == '{')
    {
      self->levels |= bit;
      self->state = QMP_JSON_STATE_FIRST_KEY;
      self->after = QMP_JSON_STATE_AFTER_MEMBER;
    }
  else
    {
      self->levels &= ~bit;
      self->state = QMP_JSON_STATE_FIRST_ELEMENT;
      self->after = QMP_JSON_STATE_AFTER_ELEMENT;
    }
  self->depth++;
  self->p++;
  skim_space (self);
  return TRUE;
}

static inline gboolean
is_at_close (const Skim *self)
{
  return *self->p == (self->after == QMP_JSON_STATE_AFTER_MEMBER ? '}' : ']');
}

/* What ends a member of the message is left to others, since the outline has it. */
static inline gboolean
skim_close (Skim *self)
{
  gboolean in_object;

  if (!is_at_close (self) || self->depth == 2)
    return FALSE;

  self->depth--;
  in_object = (self->levels >> (self->depth - 1)) & 1;
  self->after = in_object ? QMP_JSON_STATE_AFTER_MEMBER : QMP_JSON_STATE_AFTER_ELEMENT;
  self->p++;
  return TRUE;
}

/* Behind a value: as many brackets as close, and a comma. */
static inline gboolean
skim_after (Skim *self)
{
  while (*self->p != ',')
    {
      const guint8 *start = self->p;

      self->state = self->after;
      if (start >= self->limit)
        return FALSE;
      if (skim_close (self))
        continue;
      self->p = find_space_end (start, self->limit);
      if (self->p == start)
        return FALSE;
    }

  self->state = self->after == QMP_JSON_STATE_AFTER_MEMBER ? QMP_JSON_STATE_KEY : QMP_JSON_STATE_VALUE;
  self->p++;
  skim_space (self);
  return TRUE;
}

/* A member or an element, or its beginning. */
static inline gboolean
skim_step (Skim *self)
{
  if (self->after == QMP_JSON_STATE_AFTER_MEMBER && !skim_key (self))
    return FALSE;

  if (*self->p == '{' || *self->p == '[')
    {
      if (!skim_open (self))
        return FALSE;
      if (!is_at_close (self))
        return TRUE;
    }
  else if (!skim_leaf (self))
    return FALSE;

  return skim_after (self);
}

/* In a copy, which the compiler keeps in registers. */
static inline void
skim_plain (Skim *self)
{
  Skim copy = *self;

  while (copy.p < copy.limit && skim_step (&copy))
    ;
  *self = copy;
}

/* A value that is a string with more in it than plain bytes, and what is behind it. */
static gboolean
skim_string (Skim           *self,
             QmpJsonScanner *scanner)
{
  const guint8 *p = self->p + 1;

  if (*self->p != '"' || (self->state != QMP_JSON_STATE_VALUE && self->state != QMP_JSON_STATE_FIRST_ELEMENT))
    return FALSE;

  while ((p = qmp_json_scan_plain (p, self->limit)) < self->limit && *p != '"')
    {
      gsize length = qmp_json_scanner_pass_special (scanner, p, self->limit);

      if (length == 0)
        return FALSE;
      p += length;
    }
  if (p >= self->limit)
    return FALSE;

  self->p = p + 1;
  return skim_after (self);
}

const guint8 *
qmp_json_scanner_skim (QmpJsonScanner *self,
                       const guint8   *p,
                       const guint8   *end)
{
  Skim skim = {
    .p = p,
    .limit = end - STEP,
    .block = p,
    .last_block = end - STEP - QMP_JSON_BLOCK,
    .special = qmp_json_scan_block (p),
    .state = self->state,
    .after = self->after,
    .depth = self->depth,
    .max_depth = MIN (self->max_depth, MAX_DEPTH),
    .levels = self->levels[0],
  };

  if (self->depth > MAX_DEPTH)
    {
      self->skim_from = p - self->text + QMP_JSON_SKIM_MIN;
      return p;
    }

  skim_space (&skim);
  do
    skim_plain (&skim);
  while (skim.p < skim.limit && skim_string (&skim, self));

  self->state = skim.state;
  self->after = skim.after;
  self->depth = skim.depth;
  self->levels[0] = skim.levels;
  if (skim.p - p < QMP_JSON_BLOCK)
    self->skim_from = skim.p - self->text + QMP_JSON_SKIM_MIN;
  return skim.p;
}

#else /* there is no way that is faster */

const guint8 *
qmp_json_scanner_skim (QmpJsonScanner *self,
                       const guint8   *p,
                       const guint8   *end)
{
  return p;
}

#endif
