/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-settings.h"

#include <glib/gi18n.h>
#include <qmp-glib/qmp-glib.h>
#include <string.h>

#include "tool-events.h"
#include "tool-suggest.h"
#include "tool-words.h"

#define MAX_TIMEOUT_SECONDS 86400.0

static const char * const names[] = { "colour", "events", "pretty", "prompt", "redirect", "timeout", "verbose", NULL };
static const char * const on_or_off[] = { "off", "on", NULL };
static const char * const prompts[] = { "full", "plain", NULL };
static const char * const none[] = { "none", NULL };

const char * const *
shell_settings_list (void)
{
  return names;
}

gboolean
shell_settings_has (const char *name)
{
  return g_strv_contains (names, name);
}

const char * const *
shell_settings_list_values (const char *name)
{
  if (strcmp (name, "prompt") == 0)
    return prompts;
  return strcmp (name, "timeout") == 0 ? none : on_or_off;
}

void
shell_settings_clear (ShellSettings *self)
{
  g_clear_pointer (&self->events, g_strfreev);
}

/* --- setting --- */

/* Which of two words it is; the second one is TRUE. */
static gboolean
parse_choice (const char         *name,
              const char * const *choices,
              const char         *value,
              gboolean           *result,
              GError            **error)
{
  g_autofree char *shown = tool_shorten (value);

  *result = strcmp (value, choices[1]) == 0;
  return *result || strcmp (value, choices[0]) == 0 ||
         tool_fail (error, _("“%s” is “%s” or “%s”, not “%s”"), name, choices[0], choices[1], shown);
}

static gboolean
set_timeout (ShellSettings  *self,
             const char     *value,
             GError        **error)
{
  g_autofree char *shown = tool_shorten (value);
  char *end;
  double seconds = g_ascii_strtod (value, &end);

  if (strcmp (value, none[0]) == 0)
    {
      self->timeout = QMP_TIMEOUT_NONE;
      return TRUE;
    }
  /* Not a number is not above 0. */
  if (*end != '\0' || !(seconds > 0) || seconds > MAX_TIMEOUT_SECONDS)
    return tool_fail (error, _("“timeout” is a number of seconds up to %d, or “none”, not “%s”"), (int) MAX_TIMEOUT_SECONDS,
                      shown);
  self->timeout = MAX (1, seconds * 1000);
  return TRUE;
}

static gboolean
set_events (ShellSettings       *self,
            const char * const  *values)
{
  g_strfreev (self->events);
  if (strcmp (values[0], "on") == 0 && values[1] == NULL)
    self->events = NULL;
  else if (strcmp (values[0], "off") == 0 && values[1] == NULL)
    self->events = g_new0 (char *, 1);
  else
    self->events = g_strdupv ((char **) values);
  return TRUE;
}

static gboolean
fail_by_name (const char  *name,
              GError     **error)
{
  g_autofree char *shown = tool_shorten (name);
  g_autofree char *hint = tool_suggest_hint (name, names);

  return tool_fail (error, _("There is no setting “%s”%s"), shown, hint);
}

/* What has two values; the second one is TRUE. */
static gboolean *
find_flag (ShellSettings *self,
           const char    *name)
{
  if (strcmp (name, "colour") == 0)
    return &self->colour;
  if (strcmp (name, "pretty") == 0)
    return &self->pretty;
  if (strcmp (name, "prompt") == 0)
    return &self->plain_prompt;
  return strcmp (name, "redirect") == 0 ? &self->redirect : &self->verbose;
}

gboolean
shell_settings_set (ShellSettings       *self,
                    const char          *name,
                    const char * const  *values,
                    GError             **error)
{
  gboolean on;

  if (!shell_settings_has (name))
    return fail_by_name (name, error);
  if (strcmp (name, "events") == 0)
    return set_events (self, values);
  if (values[1] != NULL)
    return tool_fail (error, _("“%s” has one value"), name);
  if (strcmp (name, "timeout") == 0)
    return set_timeout (self, values[0], error);
  if (!parse_choice (name, shell_settings_list_values (name), values[0], &on, error))
    return FALSE;
  *find_flag (self, name) = on;
  return TRUE;
}

/* --- showing --- */

static char *
events_text (const ShellSettings *self)
{
  if (self->events == NULL)
    return g_strdup ("on");
  return self->events[0] == NULL ? g_strdup ("off") : g_strjoinv (" ", self->events);
}

static char *
timeout_text (const ShellSettings *self)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  if (self->timeout == QMP_TIMEOUT_NONE)
    return g_strdup (none[0]);
  return g_strdup (g_ascii_formatd (number, sizeof number, "%g", self->timeout / 1000.0));
}

static char *
text_of (const ShellSettings *self,
         const char          *name)
{
  if (strcmp (name, "events") == 0)
    return events_text (self);
  if (strcmp (name, "timeout") == 0)
    return timeout_text (self);
  return g_strdup (shell_settings_list_values (name)[*find_flag ((ShellSettings *) self, name) ? 1 : 0]);
}

char *
shell_settings_show (const ShellSettings  *self,
                     const char           *name,
                     GError              **error)
{
  g_autoptr(GString) text = g_string_new (NULL);

  if (name != NULL && !shell_settings_has (name))
    {
      fail_by_name (name, error);
      return NULL;
    }
  for (guint i = 0; names[i] != NULL; i++)
    {
      g_autofree char *value = text_of (self, names[i]);

      if (name == NULL || strcmp (name, names[i]) == 0)
        g_string_append_printf (text, "%s %s\n", names[i], value);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

gboolean
shell_settings_want_event (const ShellSettings *self,
                           const char          *event)
{
  return self->events == NULL || tool_events_have ((const char * const *) self->events, event);
}
