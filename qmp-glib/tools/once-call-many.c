/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>

#include "once-many.h"
#include "tool-grammar.h"

/* Commands for several servers: each is asked what it wants where, and nobody waits for another. */

typedef struct {
  const char * const *words;          /* of the one command; NULL: there are messages */
  GList              *messages;       /* of QmpMessage, borrowed: each is sent to everybody */
  gboolean            out_of_band;
  OncePrintReplyFunc  print;
} Plan;

/* Of one server. */
typedef struct {
  ToolTypes  *types;      /* nullable: an agent has none */
  QmpMessage *command;    /* that is under way; nullable */
  GList      *next;       /* of the plan's messages */
} Progress;

static void make_command (OnceOne *one);

static void
progress_free (gpointer data)
{
  Progress *progress = data;

  g_clear_pointer (&progress->types, tool_types_free);
  g_clear_object (&progress->command);
  g_free (progress);
}

/* --- a command, and its reply --- */

static void send_next (OnceOne *one);

static void
replied_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  OnceOne *one = user_data;
  const Plan *plan = one->user_data;
  Progress *progress = one->data;
  GError *error = NULL;
  g_autoptr(QmpMessage) reply = qmp_client_exchange_finish (one->client, result, &error);

  if (reply == NULL || !qmp_message_check_reply (reply, progress->command, &error))
    {
      once_one_end (one, error);
      return;
    }
  plan->print (one, reply);
  send_next (one);
}

/* Takes command. */
static void
send (OnceOne    *one,
      QmpMessage *command)
{
  const Plan *plan = one->user_data;
  Progress *progress = one->data;

  g_set_object (&progress->command, command);
  g_object_unref (command);
  if (plan->out_of_band)
    qmp_message_set_out_of_band (command, TRUE);
  once_one_set_timeout (one);
  qmp_client_exchange_async (one->client, command, NULL, replied_cb, one);
}

static void
send_next (OnceOne *one)
{
  Progress *progress = one->data;
  GList *next = progress->next;

  if (next == NULL)
    {
      once_one_end (one, NULL);
      return;
    }
  progress->next = next->next;
  send (one, qmp_message_dup (next->data));
}

/* --- what a server wants where --- */

static void
answered_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  OnceOne *one = user_data;
  Progress *progress = one->data;
  g_autoptr(JsonNode) answer = qmp_client_execute_message_finish (one->client, result, NULL);

  tool_types_take_answer (progress->types, answer);
  make_command (one);
}

static void
fetched_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  OnceOne *one = user_data;
  Progress *progress = one->data;
  g_autoptr(QmpSchema) schema = qmp_schema_fetch_finish (result, NULL);

  tool_types_take_schema (progress->types, schema);
  make_command (one);
}

/* When there is no answer nothing is known; a link that has ended is told of by the command itself. */
static void
ask (OnceOne *one)
{
  Progress *progress = one->data;
  g_autoptr(QmpMessage) question = tool_types_new_question (progress->types);

  once_one_set_timeout (one);
  if (question != NULL)
    qmp_client_execute_message_async (one->client, question, NULL, answered_cb, one);
  else
    qmp_schema_fetch_async (one->client, NULL, fetched_cb, one);
}

static void
make_command (OnceOne *one)
{
  const Plan *plan = one->user_data;
  Progress *progress = one->data;
  GError *error = NULL;
  QmpMessage *command = tool_command_from_words (plan->words, progress->types, &error);

  if (command != NULL)
    {
      send (one, command);
      return;
    }
  if (!g_error_matches (error, TOOL_ERROR, TOOL_ERROR_ASK))
    {
      once_one_end (one, error);
      return;
    }
  g_clear_error (&error);
  ask (one);
}

/* --- all of it --- */

static void
go (OnceOne *one)
{
  const Plan *plan = one->user_data;
  Progress *progress = g_new0 (Progress, 1);
  GError *error = NULL;

  one->data = progress;
  progress->next = plan->messages;
  if (plan->out_of_band && !qmp_client_get_out_of_band_active (one->client))
    {
      once_fail (&error, ONCE_STATUS_FAILED, _("The server does not offer to execute out of band"));
      once_one_end (one, error);
      return;
    }
  if (plan->words == NULL)
    {
      send_next (one);
      return;
    }
  progress->types = one->once->agent ? NULL : tool_types_new ();
  make_command (one);
}

static void
print_reply (OnceOne    *one,
             QmpMessage *reply)
{
  g_autofree char *text = qmp_message_dup_member_text (reply, "return");

  once_one_print_value (one, "return", text);
}

gboolean
once_call_many (Once                *once,
                const char * const  *words,
                GQueue              *messages,
                OncePrintReplyFunc   print,
                GError             **error)
{
  static const OnceManyFuncs funcs = { NULL, go, progress_free, ONCE_ANSWER_SECONDS };
  Plan plan = { words, messages != NULL ? messages->head : NULL, once->out_of_band, print != NULL ? print : print_reply };

  return once_many_run (once, &funcs, &plan, error);
}
