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

typedef struct {
  const char *text;
  gsize       length;
  GArray     *levels;
  GArray     *keys;    /* of all objects that are open */
  gboolean    key_next;
  guint       n_tokens;
  gsize       token_bytes;
} Check;

static void
key_clear (gpointer data)
{
  Key *key = data;

  g_free (key->owned);
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
  Level level = { *p == '{', self->keys->len };

  if (self->levels->len == MAX_DEPTH)
    return refuse (self, p, _("Too many levels of nesting"), error);

  g_array_append_val (self->levels, level);
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
check_keys (Check       *self,
            guint        first,
            GError     **error)
{
  guint n_keys = self->keys->len - first;
  Key *keys;

  if (n_keys < 2)
    return TRUE;

  keys = &g_array_index (self->keys, Key, first);
  qsort (keys, n_keys, sizeof (Key), compare_keys);
  for (guint i = 1; i < n_keys; i++)
    if (keys[i - 1].length == keys[i].length
        && memcmp (keys[i - 1].string, keys[i].string, keys[i].length) == 0)
      return refuse (self, keys[i].source, _("A key is used twice"), error);

  return TRUE;
}

static gboolean
close_level (Check   *self,
             GError **error)
{
  Level level;

  if (self->levels->len == 0)
    return TRUE;

  level = g_array_index (self->levels, Level, self->levels->len - 1);
  g_array_set_size (self->levels, self->levels->len - 1);
  if (!level.is_object)
    return TRUE;

  if (!check_keys (self, level.first_key, error))
    return FALSE;
  g_array_set_size (self->keys, level.first_key);
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
    g_array_append_val (self->keys, key);
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
  if (isfinite (qmp_json_get_double (p, end - p)))
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
      if (self->levels->len > 0)
        self->key_next = g_array_index (self->levels, Level, self->levels->len - 1).is_object;
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

gboolean
qmp_json_check_sendable (const char  *text,
                         gsize        length,
                         GError     **error)
{
  g_autoptr(GArray) levels = g_array_new (FALSE, FALSE, sizeof (Level));
  g_autoptr(GArray) keys = g_array_new (FALSE, FALSE, sizeof (Key));
  Check check = { text, length, levels, keys, FALSE, 0, 0 };
  const char *end = text + length;
  const char *p = qmp_json_skip_spaces (text, end);

  g_array_set_clear_func (keys, key_clear);
  while (p < end)
    {
      const char *start = p;

      if (!check_token (&check, &p, end, error) || !count_token (&check, start, p, error))
        return FALSE;
      p = qmp_json_skip_spaces (p, end);
    }

  return TRUE;
}
