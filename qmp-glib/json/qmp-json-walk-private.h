/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <string.h>

#include "json/qmp-json-scan-private.h"
#include "json/qmp-json-text-private.h"

/* The steps of a walk over valid JSON text, for who takes so many of them that a call for each would count. None of them goes
 * beyond end, whatever the text is. */

G_BEGIN_DECLS

/* From a byte of a string on that is not plain, or from the first bracket of an object or an array: the place behind it. */
const char *qmp_json_walk_rest_of_string (const char *p,
                                          const char *end);
const char *qmp_json_walk_container      (const char *p,
                                          const char *end);

/* Outside of strings valid text has no other control characters. */
static inline gboolean
qmp_json_walk_is_space (char c)
{
  return (guint8) c <= ' ';
}

static inline const char *
qmp_json_walk_spaces (const char *p,
                      const char *end)
{
  while (p < end && qmp_json_walk_is_space (*p))
    p++;

  return p;
}

/* p: at the opening quote. Returns the place after the closing one. plain (out): what is between them is ASCII without
 * an escape; otherwise it may still be without one. */
static inline const char *
qmp_json_walk_string (const char *p,
                      const char *end,
                      gboolean   *plain)
{
  p = (const char *) qmp_json_scan_plain ((const guint8 *) p + 1, (const guint8 *) end);
  *plain = p < end && *p == '"';

  return G_LIKELY (*plain) ? p + 1 : qmp_json_walk_rest_of_string (p, end);
}

static inline gboolean
qmp_json_walk_ends_word (char c)
{
  return qmp_json_walk_is_space (c) || c == ',' || c == ']' || c == '}';
}

/* Digits, of which words are long, stand in a row with the other bytes of numbers. */
static inline const char *
qmp_json_walk_word (const char *p,
                    const char *end)
{
  while (p < end && ((guint8) (*p - '-') <= '9' - '-' || !qmp_json_walk_ends_word (*p)))
    p++;

  return p;
}

/* Over so many bytes, which are there unless the text is cut off. */
static inline const char *
qmp_json_walk_bytes (gsize       n,
                     const char *p,
                     const char *end)
{
  return p + MIN (n, (gsize) (end - p));
}

/* Over what stands between two tokens: a separator and white space around it, mostly one blank behind it. */
static inline const char *
qmp_json_walk_over (char        separator,
                    const char *p,
                    const char *end)
{
  if (G_LIKELY (end - p > 2 && p[0] == separator && p[1] == ' ' && !qmp_json_walk_is_space (p[2])))
    return p + 2;

  p = qmp_json_walk_spaces (p, end);
  return p < end && *p == separator ? qmp_json_walk_spaces (p + 1, end) : p;
}

static inline const char *
qmp_json_walk_value (const char *p,
                     const char *end)
{
  gboolean plain;

  if (p == end)
    return end;

  switch (*p)
    {
    case '"':
      return qmp_json_walk_string (p, end, &plain);
    case '{':
    case '[':
      return qmp_json_walk_container (p, end);
    case 't':
    case 'n':
      return qmp_json_walk_bytes (strlen ("true"), p, end);
    case 'f':
      return qmp_json_walk_bytes (strlen ("false"), p, end);
    default:
      return qmp_json_walk_word (p, end);
    }
}

/* Takes what begins at p, which is not the end. */
static inline void
qmp_json_walk_take_value (QmpJsonCursor *cursor,
                          const char    *p,
                          QmpJsonSlice  *value)
{
  cursor->position = qmp_json_walk_value (p, cursor->end);
  value->text = p;
  value->length = cursor->position - p;
}

/* Where the next element or key begins; NULL if there is none. */
static inline const char *
qmp_json_walk_find_next (QmpJsonCursor *cursor)
{
  const char *p = qmp_json_walk_over (',', cursor->position, cursor->end);

  return p == cursor->end || *p == ']' || *p == '}' ? NULL : p;
}

/* These are the cursor's functions. */
static inline gboolean
qmp_json_walk_next_element (QmpJsonCursor *cursor,
                            QmpJsonSlice  *value)
{
  const char *p = qmp_json_walk_find_next (cursor);

  if (p == NULL)
    return FALSE;

  qmp_json_walk_take_value (cursor, p, value);
  return TRUE;
}

/* plain (out): as that of qmp_json_walk_string(), of the key. */
static inline gboolean
qmp_json_walk_next_member (QmpJsonCursor *cursor,
                           QmpJsonSlice  *key,
                           gboolean      *plain,
                           QmpJsonSlice  *value)
{
  const char *p = qmp_json_walk_find_next (cursor);

  if (p == NULL)
    return FALSE;

  key->text = p;
  p = qmp_json_walk_string (p, cursor->end, plain);
  key->length = p - key->text;
  qmp_json_walk_take_value (cursor, qmp_json_walk_over (':', p, cursor->end), value);
  return TRUE;
}

G_END_DECLS
