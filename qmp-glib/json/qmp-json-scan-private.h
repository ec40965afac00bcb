/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

G_BEGIN_DECLS

/* Where in [p, end) the first byte stands that is not plain inside of a JSON string: a quote, a
 * backslash, a control character, or a byte of a multi-byte character. end if there is none. */
static inline const guint8 *
qmp_json_scan_plain_bytewise (const guint8 *p,
                              const guint8 *end)
{
  while (p < end && *p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\')
    p++;

  return p;
}

#if defined(__SSE2__)
/* A bit for each byte: is it not plain? */
static inline guint
qmp_json_scan_mask (__m128i bytes)
{
  const __m128i quote = _mm_set1_epi8 ('"');
  const __m128i backslash = _mm_set1_epi8 ('\\');
  const __m128i space = _mm_set1_epi8 (0x20);

  /* The comparison is signed: what is below a space takes in the bytes from 0x80 on. */
  return _mm_movemask_epi8 (_mm_or_si128 (_mm_cmplt_epi8 (bytes, space),
                                          _mm_or_si128 (_mm_cmpeq_epi8 (bytes, quote),
                                                        _mm_cmpeq_epi8 (bytes, backslash))));
}
#endif

/* The same, 16 bytes at a time where the machine has a way to. Never reads outside of [p, end). */
static inline const guint8 *
qmp_json_scan_plain (const guint8 *p,
                     const guint8 *end)
{
#if defined(__SSE2__)
  for (; end - p >= 16; p += 16)
    {
      guint mask = qmp_json_scan_mask (_mm_loadu_si128 ((const __m128i *) p));

      if (mask != 0)
        return p + __builtin_ctz (mask);
    }
  if (end - p >= 8)
    {
      guint mask = qmp_json_scan_mask (_mm_loadl_epi64 ((const __m128i *) p)) & 0xff;

      if (mask != 0)
        return p + __builtin_ctz (mask);
      p += 8;
    }
#elif defined(__aarch64__) && G_BYTE_ORDER == G_LITTLE_ENDIAN
  for (; end - p >= 16; p += 16)
    {
      uint8x16_t bytes = vld1q_u8 (p);
      uint8x16_t special = vorrq_u8 (vcltq_s8 (vreinterpretq_s8_u8 (bytes), vdupq_n_s8 (0x20)),
                                     vorrq_u8 (vceqq_u8 (bytes, vdupq_n_u8 ('"')),
                                               vceqq_u8 (bytes, vdupq_n_u8 ('\\'))));
      /* There is no movemask: narrowing leaves four bits of each byte. */
      uint8x8_t narrow = vshrn_n_u16 (vreinterpretq_u16_u8 (special), 4);
      guint64 mask = vget_lane_u64 (vreinterpret_u64_u8 (narrow), 0);

      if (mask != 0)
        return p + __builtin_ctzll (mask) / 4;
    }
#endif

  return qmp_json_scan_plain_bytewise (p, end);
}

/* Where there is a way to see many at once: a bit for each of QMP_JSON_BLOCK bytes from p on, is it not plain? */
#define QMP_JSON_BLOCK 64

#if defined(__SSE2__)
#define QMP_JSON_HAS_BLOCKS 1

static inline guint64
qmp_json_scan_block (const guint8 *p)
{
  guint64 block = 0;

  for (guint i = 0; i < QMP_JSON_BLOCK; i += 16)
    block |= (guint64) qmp_json_scan_mask (_mm_loadu_si128 ((const __m128i *) (p + i))) << i;

  return block;
}

/* Of the 16 bytes from p on, how many are spaces before any other. */
static inline guint
qmp_json_count_spaces (const guint8 *p)
{
  __m128i spaces = _mm_cmpeq_epi8 (_mm_loadu_si128 ((const __m128i *) p), _mm_set1_epi8 (' '));

  return __builtin_ctz (~(guint) _mm_movemask_epi8 (spaces));
}
#else
#define QMP_JSON_HAS_BLOCKS 0
#endif

G_END_DECLS
