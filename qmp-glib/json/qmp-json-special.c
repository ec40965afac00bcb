/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "json/qmp-json-scanner-private.h"

/* What is not plain inside of a string. Each returns how many bytes to go on, 0 if the input ends
 * too early to tell. What is bad is recorded, and is as long as is surely a part of it: the rest is
 * looked at again as it stands. */

enum {
  HEX_BAD = -1,
  HEX_CUT = -2,
};

static int
scan_hex4 (const guint8 *p,
           const guint8 *end)
{
  int unit = 0;

  for (guint i = 0; i < 4; i++)
    {
      int digit;

      if (p + i >= end)
        return HEX_CUT;
      digit = g_ascii_xdigit_value (p[i]);
      if (digit < 0)
        return HEX_BAD;
      unit = unit * 16 + digit;
    }

  return unit;
}

static gsize
bad_token (QmpJsonScanner *self,
           QmpJsonFault    kind,
           const guint8   *p,
           gsize           length)
{
  qmp_json_scanner_record_fault (self, kind, p);
  self->token_bad = TRUE;
  return length;
}

/* The second half of a surrogate pair whose first half stands at p. */
static gsize
scan_low_surrogate (QmpJsonScanner *self,
                    const guint8   *p,
                    const guint8   *end)
{
  int unit;

  for (guint i = 0; i < 2; i++)
    {
      if (end - p <= 6 + i)
        return 0;
      if (p[6 + i] != "\\u"[i])
        return bad_token (self, QMP_JSON_FAULT_SURROGATE, p, 6);
    }

  unit = scan_hex4 (p + 8, end);
  if (unit == HEX_CUT)
    return 0;
  if (unit < 0xdc00 || unit > 0xdfff)
    return bad_token (self, QMP_JSON_FAULT_SURROGATE, p, 6);

  return 12;
}

static gsize
scan_escape (QmpJsonScanner *self,
             const guint8   *p,
             const guint8   *end)
{
  int unit;

  self->token_escaped = TRUE;
  if (end - p < 2)
    return 0;
  if (p[1] != 'u')
    {
      if (memchr ("\"\\/bfnrt", p[1], 8) != NULL)
        return 2;
      return bad_token (self, QMP_JSON_FAULT_ESCAPE, p, 1);
    }

  unit = scan_hex4 (p + 2, end);
  if (unit == HEX_CUT)
    return 0;
  if (unit == HEX_BAD)
    return bad_token (self, QMP_JSON_FAULT_ESCAPE, p, 2);
  if (unit >= 0xdc00 && unit <= 0xdfff)
    return bad_token (self, QMP_JSON_FAULT_SURROGATE, p, 6);
  if (unit >= 0xd800 && unit <= 0xdbff)
    return scan_low_surrogate (self, p, end);

  return 6;
}

static gsize
scan_utf8 (QmpJsonScanner *self,
           const guint8   *p,
           const guint8   *end)
{
  gsize length = *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
  /* The second byte is where overlong forms, surrogates and what is beyond U+10FFFF show. */
  guint8 low = *p == 0xe0 ? 0xa0 : *p == 0xf0 ? 0x90 : 0x80;
  guint8 high = *p == 0xed ? 0x9f : *p == 0xf4 ? 0x8f : 0xbf;

  if (*p < 0xc2 || *p > 0xf4)
    return bad_token (self, QMP_JSON_FAULT_UTF8, p, 1);

  for (gsize i = 1; i < length; i++)
    {
      if (p + i >= end)
        return 0;
      if (p[i] < low || p[i] > high)
        return bad_token (self, QMP_JSON_FAULT_UTF8, p, 1);
      low = 0x80;
      high = 0xbf;
    }

  return length;
}

gsize
qmp_json_scanner_pass_special (QmpJsonScanner *self,
                               const guint8   *p,
                               const guint8   *end)
{
  if (*p == '\\')
    return scan_escape (self, p, end);

  if (*p < 0x20 || (*p == QMP_JSON_RESYNC && !self->document))
    return 0;

  return scan_utf8 (self, p, end);
}
