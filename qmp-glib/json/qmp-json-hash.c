/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "json/qmp-json-text-private.h"

/* SipHash-2-4 (Aumasson and Bernstein, 2012), of a key that no server knows. */

typedef struct {
  guint64 v0, v1, v2, v3;
} State;

static guint64
rotate (guint64 word,
        guint   bits)
{
  return word << bits | word >> (64 - bits);
}

static void
mix (State *self,
     guint  n_rounds)
{
  while (n_rounds-- > 0)
    {
      self->v0 += self->v1;
      self->v2 += self->v3;
      self->v1 = rotate (self->v1, 13) ^ self->v0;
      self->v3 = rotate (self->v3, 16) ^ self->v2;
      self->v0 = rotate (self->v0, 32);
      self->v2 += self->v1;
      self->v0 += self->v3;
      self->v1 = rotate (self->v1, 17) ^ self->v2;
      self->v3 = rotate (self->v3, 21) ^ self->v0;
      self->v2 = rotate (self->v2, 32);
    }
}

static void
take_word (State   *self,
           guint64  word)
{
  self->v3 ^= word;
  mix (self, 2);
  self->v0 ^= word;
}

guint64
qmp_json_hash_bytes (const guint64  key[2],
                     const void    *bytes,
                     gsize          length)
{
  State self = {
    key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
    key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573,
  };
  const guint8 *position = bytes;
  guint64 word;

  for (gsize n = length / 8; n > 0; n--, position += 8)
    {
      memcpy (&word, position, 8);
      take_word (&self, GUINT64_FROM_LE (word));
    }
  word = 0;
  memcpy (&word, position, length % 8);
  take_word (&self, GUINT64_FROM_LE (word) | (guint64) length << 56);
  self.v2 ^= 0xff;
  mix (&self, 4);
  return self.v0 ^ self.v1 ^ self.v2 ^ self.v3;
}

static guint64
make_word (void)
{
  return (guint64) g_random_int () << 32 | g_random_int ();
}

guint
qmp_json_hash_name (gconstpointer name)
{
  static gsize made;
  static guint64 key[2];

  if (g_once_init_enter (&made))
    {
      key[0] = make_word ();
      key[1] = make_word ();
      g_once_init_leave (&made, 1);
    }
  return (guint) qmp_json_hash_bytes (key, name, strlen (name));
}
