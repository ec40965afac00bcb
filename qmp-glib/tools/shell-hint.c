/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-hint.h"

#include "tool-suggest.h"

typedef struct {
  ShellOutput  *output;   /* borrowed */
  QmpMessage   *command;
  GCancellable *cancellable;
} Hint;

static void
tell (ShellOutput *output,
      QmpSchema   *schema,
      QmpMessage  *command)
{
  g_autofree char *text = tool_suggest_command (schema, command);

  if (text != NULL)
    shell_output_error (output, "%s", text);
}

static void
schema_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Hint *hint = user_data;
  g_autoptr(QmpSchema) schema = qmp_schema_fetch_finish (result, NULL);

  if (schema != NULL && !g_cancellable_is_cancelled (hint->cancellable))
    tell (hint->output, schema, hint->command);
  g_object_unref (hint->command);
  g_object_unref (hint->cancellable);
  g_free (hint);
}

void
shell_hint_tell (ShellOutput  *output,
                 QmpClient    *client,
                 QmpSchema    *schema,
                 QmpMessage   *command,
                 GCancellable *cancellable)
{
  Hint *hint;

  if (schema != NULL)
    {
      tell (output, schema, command);
      return;
    }
  hint = g_new0 (Hint, 1);
  hint->output = output;
  hint->command = g_object_ref (command);
  hint->cancellable = g_object_ref (cancellable);
  qmp_schema_fetch_async (client, cancellable, schema_cb, hint);
}
