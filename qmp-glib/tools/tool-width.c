/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-width.h"

guint
tool_width_of (gunichar c)
{
  if (g_unichar_iszerowidth (c))
    return 0;
  return g_unichar_iswide (c) ? 2 : 1;
}

guint
tool_width (const char *text)
{
  guint width = 0;

  for (; *text != '\0'; text = g_utf8_next_char (text))
    width += tool_width_of (g_utf8_get_char (text));
  return width;
}

char *
tool_width_cut (const char *text,
                guint       width)
{
  const char *end = text;

  while (*end != '\0' && tool_width_of (g_utf8_get_char (end)) <= width)
    {
      width -= tool_width_of (g_utf8_get_char (end));
      end = g_utf8_next_char (end);
    }
  return g_strndup (text, end - text);
}

char *
tool_width_shorten (const char *text,
                    guint       width)
{
  g_autofree char *cut = NULL;

  if (width == 0 || tool_width (text) <= width)
    return tool_width_cut (text, width);
  cut = tool_width_cut (text, width - 1);
  return g_strconcat (cut, "…", NULL);
}

char *
tool_width_shorten_name (const char *name,
                         guint       width)
{
  const char *rest = name;

  if (*name != '/' || tool_width (name) <= width)
    return tool_width_shorten (name, width);
  while (tool_width (rest) >= width && *rest != '\0')
    rest = g_utf8_next_char (rest);
  return width > 0 ? g_strconcat ("…", rest, NULL) : g_strdup ("");
}
