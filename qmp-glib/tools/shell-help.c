/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-help.h"

#include <glib/gi18n.h>

#include "tool-describe.h"

static const char *
own_text (void)
{
  return _("... | command, > file, >> file        where the reply goes\n"
           "source FILE                          executes the lines of a file, up to the first error\n"
           "set [NAME [VALUE]]                   settings, as events or pretty; set alone shows them\n"
           "exit                                 leaves the shell; the machine runs on (quit ends it)\n");
}

static const char *
general_text (void)
{
  return _("command-name [arg-name=value]...     executes a command\n"
           "  values: 7, true, word, \"two words\", {\"json\": 1}, {'python': None}\n"
           "  arg-name:=1.5 or :=null            any JSON value; key.inner=value nests\n"
           "  arg-name==text                     a text as it stands\n"
           "transaction( ... )                   many actions as one, over as many lines; abort forgets it\n"
           "{\"execute\": ...}                     JSON as it is\n"
           "help NAME [arg-name=value]...        about a command or an event, as those arguments make it\n"
           "help NAME/MEMBER...                  about a member of its arguments, or of what it returns\n"
           "Tab completes, Ctrl-C cancels the command that runs, Ctrl-D leaves.\n");
}

char *
shell_help_text (QmpSchema  *schema,
                 const char *named)
{
  g_auto(GStrv) words = g_strsplit_set (named, " \t", -1);
  g_autoptr(GError) error = NULL;
  char *text;

  if (*named == '\0')
    return g_strconcat (general_text (), own_text (), NULL);
  if (schema == NULL)
    return g_strdup (_("The server does not describe its commands\n"));
  text = tool_describe (schema, words[0], (const char * const *) words + 1, &error);
  return text != NULL ? text : g_strconcat (error->message, "\n", NULL);
}
