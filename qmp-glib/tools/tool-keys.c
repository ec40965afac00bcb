/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-keys.h"

#include <stdlib.h>
#include <string.h>

#define ESCAPE '\033'
/* No terminal has a key that is longer. */
#define MOST_BYTES 32

void
tool_keys_init (ToolKeys *self)
{
  self->bytes = g_string_new (NULL);
}

void
tool_keys_clear (ToolKeys *self)
{
  g_string_free (self->bytes, TRUE);
}

void
tool_keys_feed (ToolKeys   *self,
                const char *data,
                gsize       length)
{
  g_string_append_len (self->bytes, data, length);
}

void
tool_keys_drop (ToolKeys *self)
{
  g_string_truncate (self->bytes, 0);
}

gboolean
tool_keys_is_escape (ToolKeys *self)
{
  return self->bytes->len == 1 && self->bytes->str[0] == ESCAPE;
}

static guint
take (ToolKeys *self,
      gsize     length,
      guint     key)
{
  g_string_erase (self->bytes, 0, length);
  return key;
}

static guint
find_by_letter (char letter)
{
  static const char letters[] = "ABDCHF";
  const char *place = letter != '\0' ? strchr (letters, letter) : NULL;

  return place != NULL ? TOOL_KEY_UP + (place - letters) : TOOL_KEY_OTHER;
}

static guint
find_by_number (int number)
{
  switch (number)
    {
    case 1:
    case 7:
      return TOOL_KEY_HOME;
    case 4:
    case 8:
      return TOOL_KEY_END;
    case 5:
      return TOOL_KEY_PAGE_UP;
    case 6:
      return TOOL_KEY_PAGE_DOWN;
    default:
      return TOOL_KEY_OTHER;
    }
}

/* "ESC [ 5 ~", "ESC [ 1 ; 2 A" */
static guint
take_sequence (ToolKeys *self)
{
  gsize i = 2;
  char last;

  while (i < self->bytes->len && self->bytes->str[i] >= 0x20 && self->bytes->str[i] < 0x40)
    i++;
  if (i == self->bytes->len)
    return i < MOST_BYTES ? 0 : take (self, i, TOOL_KEY_OTHER);
  last = self->bytes->str[i];
  return take (self, i + 1, last == '~' ? find_by_number (atoi (self->bytes->str + 2)) : find_by_letter (last));
}

static guint
take_escape (ToolKeys *self)
{
  const char *bytes = self->bytes->str;

  if (self->bytes->len == 1)
    return 0;
  if (bytes[1] == ESCAPE)
    return take (self, 1, TOOL_KEY_ESCAPE);
  if (bytes[1] == '[')
    return take_sequence (self);
  if (bytes[1] != 'O')
    return take (self, 2, TOOL_KEY_OTHER);
  return self->bytes->len == 2 ? 0 : take (self, 3, find_by_letter (bytes[2]));
}

guint
tool_keys_next (ToolKeys *self)
{
  gunichar c;

  if (self->bytes->len == 0)
    return 0;
  if (self->bytes->str[0] == ESCAPE)
    return take_escape (self);
  /* NUL is Ctrl-Space. */
  if (self->bytes->str[0] == '\0')
    return take (self, 1, TOOL_KEY_OTHER);
  c = g_utf8_get_char_validated (self->bytes->str, self->bytes->len);
  if (c == (gunichar) -2)
    return 0;
  if (c == (gunichar) -1)
    return take (self, 1, TOOL_KEY_OTHER);
  return take (self, g_unichar_to_utf8 (c, NULL), c);
}
