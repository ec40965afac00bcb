/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "core/qmp-error-private.h"

/* What an error's message shows of a text from the other side, or of a command that cannot be sent. Such messages end up
 * in logs, so that no secret may be in them. */

#define EXCERPT_MAX 60

/* --- secrets --- */

/* What stands before a secret, in lower case with '-' for '_'. The text need be no JSON: quotes and colons tell nothing
 * there. Finds whatever qmp_json_append_redacted() would replace, and more. */
static const char * const suspicious[] = {
  "passw", "passphrase", "passcode", "pass\"", "pass=", "pwd", "pin\"", "pin=", "psk",
  "secret", "token", "credential", "cookie", "key\"", "key=", "authorization",
  "qom-set", "qom-get", "-data\"", "b64\"", "://", ":\\/",
};

static gboolean
begins_with (const char *text,
             gsize       length,
             const char *word)
{
  for (; *word != '\0'; word++, text++, length--)
    if (length == 0 || *word != (*text == '_' ? '-' : g_ascii_tolower (*text)))
      return FALSE;
  return TRUE;
}

gboolean
qmp_excerpt_may_hold_secret (const char *text,
                             gsize       length,
                             gssize      offset)
{
  gboolean first[256] = { FALSE };
  gsize start, end;

  for (gsize i = 0; i < G_N_ELEMENTS (suspicious); i++)
    {
      first[(guchar) suspicious[i][0]] = TRUE;
      first[(guchar) g_ascii_toupper (suspicious[i][0])] = TRUE;
    }
  first['_'] = TRUE;

  /* What comes behind the excerpt does not matter, but a name may be cut off by its end. */
  qmp_excerpt_get_window (length, offset, EXCERPT_MAX, &start, &end);
  for (gsize i = 0; i < end; i++)
    for (gsize n = 0; first[(guchar) text[i]] && n < G_N_ELEMENTS (suspicious); n++)
      if (begins_with (text + i, length - i, suspicious[n]))
        return TRUE;
  return FALSE;
}

/* --- excerpts --- */

void
qmp_excerpt_get_window (gsize   length,
                        gssize  offset,
                        gsize   size,
                        gsize  *start,
                        gsize  *end)
{
  gsize middle = offset > 0 ? (gsize) offset : 0;

  *start = middle > size / 2 ? middle - size / 2 : 0;
  if (length <= size)
    *start = 0;
  else
    *start = MIN (*start, length - size);

  *end = MIN (length, *start + size);
}

/* Appends the character at text, or its first byte as \xNN; returns the number of bytes used up. */
static gsize
append_readable (GString    *out,
                 const char *text,
                 gsize       length)
{
  gunichar character = g_utf8_get_char_validated (text, length);
  gboolean valid = character != (gunichar) -1 && character != (gunichar) -2;

  if (valid && character != 0 && g_unichar_isprint (character))
    {
      gsize used = g_utf8_next_char (text) - text;

      g_string_append_len (out, text, used);
      return used;
    }

  g_string_append_printf (out, "\\x%02x", (guchar) *text);
  return 1;
}

static gboolean
is_continuation (char byte)
{
  return ((guchar) byte & 0xc0) == 0x80;
}

/* Moves both ends of a cut inwards onto character boundaries. An UTF-8 character is at most four
 * bytes: where there is no boundary within three, it is not UTF-8, and the cut stays. */
static void
trim_to_characters (const char *text,
                    gsize       length,
                    gsize      *start,
                    gsize      *end)
{
  gsize first = *start;
  gsize last = *end;

  while (first > 0 && first < last && first - *start < 3 && is_continuation (text[first]))
    first++;
  if (first == 0 || first == last || !is_continuation (text[first]))
    *start = first;

  while (last < length && last > *start && *end - last < 3 && is_continuation (text[last]))
    last--;
  if (last == length || !is_continuation (text[last]))
    *end = last;
}

char *
qmp_excerpt (const char *text,
             gsize       length,
             gssize      offset)
{
  g_autoptr(GString) out = g_string_new (NULL);
  gsize start;
  gsize end;

  qmp_excerpt_get_window (length, offset, EXCERPT_MAX, &start, &end);
  trim_to_characters (text, length, &start, &end);

  if (start > 0)
    g_string_append (out, "…");
  for (gsize i = start; i < end;)
    i += append_readable (out, text + i, end - i);
  if (end < length)
    g_string_append (out, "…");

  return g_string_free (g_steal_pointer (&out), FALSE);
}
