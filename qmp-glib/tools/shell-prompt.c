/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-prompt.h"

#include <string.h>

#include "tool-json.h"
#include "tool-print.h"
#include "tool-streams.h"
#include "tool-words.h"

#define PLAIN "(QEMU) "
/* How long the first prompt may wait for what it says. */
#define AWAITED_MILLISECONDS 500

struct _ShellPrompt {
  QmpClient     *client;          /* borrowed */
  void         (*changed) (gpointer user_data);
  gpointer       user_data;
  char          *name;            /* nullable */
  char          *status;          /* nullable */
  char          *text;
  GCancellable  *cancellable;     /* of what this link is asked */
  guint          awaited_source;
  guint          n_asked;         /* that are not answered yet */
  gboolean       is_machine;      /* it has told a status */
  gboolean       asks_again;      /* something has happened since it was asked */
};

/* What an event says of the status until the server is asked: it may be a sort of it, such as io-error. */
static const struct {
  const char *event;
  const char *status;   /* NULL: it has to be asked */
} statuses[] = {
  { "STOP", "paused" },
  { "RESUME", "running" },
  { "SUSPEND", "suspended" },
  { "WAKEUP", "running" },
  { "SHUTDOWN", "shutdown" },
  { "GUEST_PANICKED", NULL },
  { "RESET", NULL },
  { "WATCHDOG", NULL },
  { "MIGRATION", NULL },
};

typedef struct {
  ShellPrompt   *prompt;        /* gone when it was cancelled */
  GCancellable  *cancellable;
  void         (*take) (ShellPrompt *self, JsonNode *answer);
} Question;

static void ask_status (ShellPrompt *self);

/* --- the text --- */

static void
update (ShellPrompt *self)
{
  g_autofree char *name = tool_print_harmless_line (self->name != NULL && *self->name != '\0' ? self->name : "QEMU");
  g_autofree char *status = tool_print_harmless_line (self->status != NULL ? self->status : "");
  g_autofree char *short_name = tool_shorten (name);
  g_autofree char *short_status = tool_shorten (status);
  g_autofree char *text = g_strdup_printf ("(%s%s%s) ", short_name, *status != '\0' ? " " : "", short_status);
  g_autofree char *encoded = tool_streams_encode (text);

  if (strcmp (encoded, self->text) == 0)
    return;
  g_free (self->text);
  self->text = g_steal_pointer (&encoded);
  self->changed (self->user_data);
}

const char *
shell_prompt_get_text (ShellPrompt *self)
{
  return self->text;
}

/* --- asking --- */

void
shell_prompt_give_up (ShellPrompt *self)
{
  g_clear_handle_id (&self->awaited_source, g_source_remove);
}

static void
late_cb (gpointer user_data)
{
  ShellPrompt *self = user_data;

  self->awaited_source = 0;
  self->changed (self->user_data);
}

gboolean
shell_prompt_is_awaited (ShellPrompt *self)
{
  return self->awaited_source != 0;
}

/* An answer is there, or there is none. */
static void
finish (ShellPrompt *self)
{
  gboolean was_awaited = self->awaited_source != 0;

  if (--self->n_asked > 0)
    return;
  shell_prompt_give_up (self);
  update (self);
  if (was_awaited)
    self->changed (self->user_data);
}

static void
answer_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autofree Question *question = user_data;
  g_autoptr(GCancellable) cancellable = question->cancellable;
  g_autoptr(JsonNode) answer = qmp_client_execute_finish (QMP_CLIENT (object), result, NULL);

  if (!g_cancellable_is_cancelled (cancellable))
    question->take (question->prompt, answer);
}

/* take: answer is NULL if there is none. */
static void
ask (ShellPrompt  *self,
     const char   *command,
     void        (*take) (ShellPrompt *self, JsonNode *answer))
{
  const Question question = { self, g_object_ref (self->cancellable), take };

  self->n_asked++;
  qmp_client_execute_async (self->client, command, NULL, self->cancellable, answer_cb,
                            g_memdup2 (&question, sizeof question));
}

static void
take_name (ShellPrompt *self,
           JsonNode    *answer)
{
  g_free (self->name);
  self->name = g_strdup (tool_json_get_string (answer, "name"));
  finish (self);
}

static void
take_status (ShellPrompt *self,
             JsonNode    *answer)
{
  gboolean was_machine = self->is_machine;

  /* A machine is one still when a question was lost, to a timeout maybe. */
  self->is_machine = was_machine || answer != NULL;
  if (answer != NULL)
    {
      g_free (self->status);
      self->status = g_strdup (tool_json_get_string (answer, "status"));
    }
  if (self->is_machine && !was_machine)
    ask (self, "query-name", take_name);
  finish (self);
  if (self->is_machine && self->asks_again)
    ask_status (self);
}

static void
ask_status (ShellPrompt *self)
{
  self->asks_again = FALSE;
  ask (self, "query-status", take_status);
}

void
shell_prompt_ask (ShellPrompt *self)
{
  if (self->cancellable != NULL)
    return;
  self->cancellable = g_cancellable_new ();
  self->awaited_source = g_timeout_add_once (AWAITED_MILLISECONDS, late_cb, self);
  ask_status (self);
}

void
shell_prompt_take_event (ShellPrompt *self,
                         QmpEvent    *event)
{
  for (guint i = 0; self->is_machine && i < G_N_ELEMENTS (statuses); i++)
    {
      if (strcmp (qmp_event_get_name (event), statuses[i].event) != 0)
        continue;
      if (statuses[i].status != NULL)
        {
          g_free (self->status);
          self->status = g_strdup (statuses[i].status);
          update (self);
        }
      self->asks_again = TRUE;
      if (self->n_asked == 0)
        ask_status (self);
    }
}

void
shell_prompt_forget (ShellPrompt *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  shell_prompt_give_up (self);
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->status, g_free);
  g_free (self->text);
  self->text = g_strdup (PLAIN);
  self->n_asked = 0;
  self->is_machine = FALSE;
  self->asks_again = FALSE;
}

/* --- making it --- */

ShellPrompt *
shell_prompt_new (QmpClient   *client,
                  void       (*changed) (gpointer user_data),
                  gpointer     user_data)
{
  ShellPrompt *self = g_new0 (ShellPrompt, 1);

  self->client = client;
  self->changed = changed;
  self->user_data = user_data;
  self->text = g_strdup (PLAIN);
  return self;
}

void
shell_prompt_free (ShellPrompt *self)
{
  shell_prompt_forget (self);
  g_free (self->text);
  g_free (self);
}
