/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/qmp-error-private.h"
#include "json/qmp-json-text-private.h"

/* What QEMU's parser takes: MAX_NESTING in its json-streamer.c. */
#define MAX_DEPTH 1024
/* MAX_TOKEN_COUNT and MAX_TOKEN_SIZE there, which hold for all tokens of a message together. */
#define MAX_TOKENS (2u << 20)
#define MAX_TOKEN_BYTES ((gsize) 64 << 20)

typedef struct {
  const char *string;  /* as it stands in the text, without the quotes, or owned */
  gsize       length;
  char       *owned;   /* nullable: unescaped */
  const char *source;
} Key;

typedef struct {
  gboolean is_object;
  guint    first_key;  /* those from here on are of this object */
} Level;

/* Most messages have fewer, and need no memory for them. */
#define FEW_LEVELS 16
#define FEW_KEYS 32
/* Up to so many are compared with each other, which takes less than to sort them. */
#define FEW_TO_COMPARE 8

typedef struct {
  const char *text;
  gsize       length;
  Level      *levels;  /* owned if they are not the few; so are keys */
  guint       n_levels, max_levels;
  Key        *keys;    /* of all objects that are open */
  guint       n_keys, max_keys;
  gboolean    key_next;
  guint       n_tokens;
  gsize       token_bytes;
  Level       few_levels[FEW_LEVELS];
  Key         few_keys[FEW_KEYS];
} Check;

/* Twice the room. array is of so many elements, or few if it has not grown yet. */
static gpointer
grow (gpointer  array,
      gpointer  few,
      guint    *max,
      gsize     size)
{
  gpointer grown = array == few ? g_memdup2 (few, *max * size) : array;

  *max *= 2;
  return g_realloc_n (grown, *max, size);
}

static void
add_level (Check *self,
           Level  level)
{
  if (self->n_levels == self->max_levels)
    self->levels = grow (self->levels, self->few_levels, &self->max_levels, sizeof (Level));
  self->levels[self->n_levels++] = level;
}

static void
add_key (Check *self,
         Key    key)
{
  if (self->n_keys == self->max_keys)
    self->keys = grow (self->keys, self->few_keys, &self->max_keys, sizeof (Key));
  self->keys[self->n_keys++] = key;
}

static void
drop_keys (Check *self,
           guint  first)
{
  while (self->n_keys > first)
    g_free (self->keys[--self->n_keys].owned);
}

static void
check_init (Check      *self,
            const char *text,
            gsize       length)
{
  /* Not all of it at once: the few would be set to 0 for nothing. */
  self->text = text;
  self->length = length;
  self->levels = self->few_levels;
  self->n_levels = 0;
  self->max_levels = FEW_LEVELS;
  self->keys = self->few_keys;
  self->n_keys = 0;
  self->max_keys = FEW_KEYS;
  self->key_next = FALSE;
  self->n_tokens = 0;
  self->token_bytes = 0;
}

static void
check_clear (Check *self)
{
  drop_keys (self, 0);
  if (self->keys != self->few_keys)
    g_free (self->keys);
  if (self->levels != self->few_levels)
    g_free (self->levels);
}

static gboolean
refuse (Check       *self,
        const char  *p,
        const char  *complaint,
        GError     **error)
{
  g_propagate_error (error,
                     qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_SERIALIZATION,
                                                      self->text, self->length, p - self->text,
                                                      "%s", complaint));
  return FALSE;
}

static gboolean
open_level (Check       *self,
            const char  *p,
            GError     **error)
{
  Level level = { *p == '{', self->n_keys };

  if (self->n_levels == MAX_DEPTH)
    return refuse (self, p, _("Too many levels of nesting"), error);

  add_level (self, level);
  self->key_next = level.is_object;
  return TRUE;
}

/* Equal keys come to stand side by side, in the order of the text. */
static int
compare_keys (const void *a,
              const void *b)
{
  const Key *left = a;
  const Key *right = b;
  int order;

  if (left->length != right->length)
    return left->length < right->length ? -1 : 1;

  order = memcmp (left->string, right->string, left->length);
  if (order != 0)
    return order;

  return left->source < right->source ? -1 : 1;
}

static gboolean
is_same (const Key *left,
         const Key *right)
{
  return left->length == right->length && memcmp (left->string, right->string, left->length) == 0;
}

/* The key that was there before, or NULL. */
static const Key *
find_repeated (Key   *keys,
               guint  n_keys)
{
  if (n_keys > FEW_TO_COMPARE)
    {
      qsort (keys, n_keys, sizeof (Key), compare_keys);
      for (guint i = 1; i < n_keys; i++)
        if (is_same (&keys[i - 1], &keys[i]))
          return &keys[i];
      return NULL;
    }
  for (guint i = 1; i < n_keys; i++)
    for (guint before = 0; before < i; before++)
      if (is_same (&keys[before], &keys[i]))
        return &keys[i];
  return NULL;
}

static gboolean
check_keys (Check       *self,
            guint        first,
            GError     **error)
{
  const Key *repeated = find_repeated (self->keys + first, self->n_keys - first);

  return repeated == NULL || refuse (self, repeated->source, _("A key is used twice"), error);
}

static gboolean
close_level (Check   *self,
             GError **error)
{
  Level level;

  if (self->n_levels == 0)
    return TRUE;

  level = self->levels[--self->n_levels];
  if (!level.is_object)
    return TRUE;

  if (!check_keys (self, level.first_key, error))
    return FALSE;
  drop_keys (self, level.first_key);
  return TRUE;
}

static gboolean
check_string (Check       *self,
              const char  *p,
              const char  *end,
              GError     **error)
{
  Key key = { p + 1, end - p - 2, NULL, p };
  const char *noncharacter;

  if (memchr (key.string, '\\', key.length) != NULL)
    {
      GString *plain = g_string_sized_new (key.length);

      qmp_json_append_unescaped (plain, p, end - p, NULL);
      key.length = plain->len;
      key.string = key.owned = g_string_free (plain, FALSE);
    }

  noncharacter = qmp_json_find_noncharacter (key.string, key.length);
  if (noncharacter == NULL && self->key_next)
    add_key (self, key);
  else
    g_free (key.owned);
  self->key_next = FALSE;

  if (noncharacter == NULL)
    return TRUE;
  return refuse (self, p, _("A Unicode noncharacter in a string"), error);
}

/* 0e5 and -0E1 are JSON, but in QEMU's lexer nothing follows a zero but a fraction. */
static gboolean
is_zero_with_exponent (const char *p,
                       const char *end)
{
  if (*p == '-')
    p++;
  return end - p >= 2 && p[0] == '0' && (p[1] == 'e' || p[1] == 'E');
}

/* That short, and without an exponent, it is in any case. */
#define FINITE_LENGTH 300

static gboolean
is_finite (const char *p,
           const char *end)
{
  if (end - p <= FINITE_LENGTH && memchr (p, 'e', end - p) == NULL && memchr (p, 'E', end - p) == NULL)
    return TRUE;
  return isfinite (qmp_json_get_double (p, end - p));
}

static gboolean
check_word (Check       *self,
            const char  *p,
            const char  *end,
            GError     **error)
{
  if (*p != '-' && !g_ascii_isdigit (*p))
    return TRUE;
  if (is_zero_with_exponent (p, end))
    return refuse (self, p, _("A zero with an exponent, which QEMU does not take: 0 is the same"), error);
  if (is_finite (p, end))
    return TRUE;

  return refuse (self, p, _("A number out of range"), error);
}

static gboolean
count_token (Check       *self,
             const char  *p,
             const char  *end,
             GError     **error)
{
  self->token_bytes += end - p;
  if (++self->n_tokens > MAX_TOKENS)
    return refuse (self, p, _("More tokens than QEMU takes in a message"), error);
  if (self->token_bytes >= MAX_TOKEN_BYTES)
    return refuse (self, p, _("More bytes than QEMU takes in a message"), error);

  return TRUE;
}

/* Moves p over one token. */
static gboolean
check_token (Check       *self,
             const char **p,
             const char  *end,
             GError     **error)
{
  const char *start = *p;

  switch (*start)
    {
    case '{':
    case '[':
      (*p)++;
      return open_level (self, start, error);

    case '}':
    case ']':
      (*p)++;
      return close_level (self, error);

    case ',':
      if (self->n_levels > 0)
        self->key_next = self->levels[self->n_levels - 1].is_object;
      (*p)++;
      return TRUE;

    case ':':
      (*p)++;
      return TRUE;

    case '"':
      *p = qmp_json_skip_value (start, end);
      return check_string (self, start, *p, error);

    default:
      *p = qmp_json_skip_value (start, end);
      return check_word (self, start, *p, error);
    }
}

static gboolean
check_tokens (Check   *self,
              GError **error)
{
  const char *end = self->text + self->length;
  const char *p = qmp_json_skip_spaces (self->text, end);

  while (p < end)
    {
      const char *start = p;

      if (!check_token (self, &p, end, error) || !count_token (self, start, p, error))
        return FALSE;
      p = qmp_json_skip_spaces (p, end);
    }
  return TRUE;
}

gboolean
qmp_json_check_sendable (const char  *text,
                         gsize        length,
                         GError     **error)
{
  Check check;
  gboolean good;

  check_init (&check, text, length);
  good = check_tokens (&check, error);
  check_clear (&check);
  return good;
}
