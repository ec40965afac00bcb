/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/qmp-debug-private.h"

static const GDebugKey debug_keys[] = {
  { "state", QMP_DEBUG_STATE },
  { "wire", QMP_DEBUG_WIRE },
};

/* Not one of the keys: "all" is to mean all that may be shown to others. */
static gboolean
asks_for_secrets (const char *value)
{
  g_auto(GStrv) words = g_strsplit_set (value != NULL ? value : "", ":;, \t", -1);

  return g_strv_contains ((const char * const *) words, "secrets");
}

QmpDebugFlags
qmp_debug_get_flags (void)
{
  /* The flags and one more bit, so that "read, and nothing is asked for" is not 0. */
  static gsize once;

  if (g_once_init_enter (&once))
    {
      const char *value = g_getenv ("QMP_DEBUG");
      guint flags = g_parse_debug_string (value, debug_keys, G_N_ELEMENTS (debug_keys));

      if (asks_for_secrets (value))
        flags |= QMP_DEBUG_SECRETS;
      g_once_init_leave (&once, ((gsize) flags << 1) | 1);
    }

  return (QmpDebugFlags) (once >> 1);
}

void
qmp_debug (QmpDebugFlags  flag,
           const char    *format,
           ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  if (!qmp_debug_enabled (flag))
    return;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);

  g_printerr ("Qmp: %s\n", text);
}
