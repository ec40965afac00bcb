/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-metrics.h"

#include <math.h>
#include <stdarg.h>

void
tool_metrics_begin (GString    *out,
                    const char *name,
                    const char *type,
                    const char *help)
{
  g_string_append_printf (out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
append_label (GString    *out,
              const char *name,
              const char *value)
{
  g_string_append_printf (out, "%s=\"", name);
  for (; *value != '\0'; value++)
    if (*value == '\n')
      g_string_append (out, "\\n");
    else if (*value == '\\' || *value == '"')
      g_string_append_printf (out, "\\%c", *value);
    else
      g_string_append_c (out, *value);
  g_string_append_c (out, '"');
}

static void
append_value (GString *out,
              double   value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  /* Whole numbers as such, which are what most of them are. */
  if (fabs (value) < 9007199254740992.0 && value == floor (value))
    g_string_append_printf (out, "%" G_GINT64_FORMAT, (gint64) value);
  else
    g_string_append (out, g_ascii_dtostr (text, sizeof text, value));
}

void
tool_metrics_add (GString    *out,
                  const char *name,
                  double      value,
                  ...)
{
  const char *separator = "{";
  const char *label;
  va_list labels;

  g_string_append (out, name);
  va_start (labels, value);
  while ((label = va_arg (labels, const char *)) != NULL)
    {
      const char *text = va_arg (labels, const char *);

      if (text == NULL)
        continue;
      g_string_append (out, separator);
      append_label (out, label, text);
      separator = ",";
    }
  va_end (labels);
  g_string_append (out, *separator == ',' ? "} " : " ");
  append_value (out, value);
  g_string_append_c (out, '\n');
}
