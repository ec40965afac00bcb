/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>

#include "once-many.h"

/* What a machine is told to do: to pause, to go on, to end. */

static double ask_seconds = 30;
static double quit_seconds = 10;
static gboolean asks_only;
static gboolean presses_again;
static gboolean resumes_first;
static gboolean wakes_first;

/* --- status --- */

static void
print_status (OnceOne    *one,
              QmpMessage *reply)
{
  g_autofree char *status = qmp_message_dup_string (reply, "return.status", NULL);

  once_one_print_line (one, status != NULL ? status : "");
}

static gboolean
run_statuses (Once    *once,
              GError **error)
{
  static const char * const words[] = { "query-status", NULL };

  return once_call_many (once, words, NULL, once->json ? NULL : print_status, error);
}

static gboolean
run_status (Once                *once,
            const char * const  *words,
            GError             **error)
{
  if (once_is_many ())
    return run_statuses (once, error);
  if (once->json)
    return once_open (once, error) &&
           once_execute_and_print (once, qmp_message_new_command ("query-status", NULL, error), error);
  if (!once_open_machine (once, error))
    return FALSE;
  if (qmp_machine_get_status_name (once->machine) == NULL)
    return once_fail (error, ONCE_STATUS_FAILED, _("This server has no status: it is not a machine"));
  once_print_line (once, "%s", qmp_machine_get_status_name (once->machine));
  return TRUE;
}

/* --- verbs --- */

typedef void     (*StartFunc)  (QmpMachine           *machine,
                                GCancellable         *cancellable,
                                GAsyncReadyCallback   callback,
                                gpointer              user_data);
typedef gboolean (*FinishFunc) (QmpMachine           *machine,
                                GAsyncResult         *result,
                                GError              **error);

static gboolean
act (Once        *once,
     StartFunc    start,
     FinishFunc   finish,
     GError     **error)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;

  if (!once_open_machine (once, error))
    return FALSE;
  start (once->machine, cancellable, once_take_result, &result);
  return once_await_result (once, &result, cancellable, error) && finish (once->machine, result, error);
}

static gboolean
run_pause (Once                *once,
           const char * const  *words,
           GError             **error)
{
  return act (once, qmp_machine_pause_async, qmp_machine_pause_finish, error);
}

static gboolean
run_resume (Once                *once,
            const char * const  *words,
            GError             **error)
{
  return act (once, qmp_machine_resume_async, qmp_machine_resume_finish, error);
}

static gboolean
run_reset (Once                *once,
           const char * const  *words,
           GError             **error)
{
  return act (once, qmp_machine_reset_async, qmp_machine_reset_finish, error);
}

static gboolean
run_powerdown (Once                *once,
               const char * const  *words,
               GError             **error)
{
  return act (once, qmp_machine_power_down_async, qmp_machine_power_down_finish, error);
}

static gboolean
run_wakeup (Once                *once,
            const char * const  *words,
            GError             **error)
{
  return act (once, qmp_machine_wake_up_async, qmp_machine_wake_up_finish, error);
}

static gboolean
run_quit (Once                *once,
          const char * const  *words,
          GError             **error)
{
  return act (once, qmp_machine_quit_async, qmp_machine_quit_finish, error);
}

/* --- shutdown --- */

static QmpShutDownFlags
get_flags (void)
{
  return (resumes_first ? QMP_SHUT_DOWN_RESUME : 0) | (wakes_first ? QMP_SHUT_DOWN_WAKE : 0) |
         (presses_again ? QMP_SHUT_DOWN_PRESS_AGAIN : 0) | (asks_only ? QMP_SHUT_DOWN_ASK_ONLY : 0);
}

/* Milliseconds; -1 with error set for what is not a time. */
static int
read_stage (double       seconds,
            const char  *option,
            GError     **error)
{
  if (seconds >= 0 && seconds <= G_MAXINT / 1000)
    return (int) (seconds * 1000 + 0.999);
  once_fail (error, ONCE_STATUS_USAGE, _("%s takes seconds, from 0 to %d"), option, G_MAXINT / 1000);
  return -1;
}

static gboolean
run_shutdown (Once                *once,
              const char * const  *words,
              GError             **error)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(QmpOutcome) outcome = NULL;
  int ask = read_stage (ask_seconds, "--ask", error);
  int quit = ask >= 0 ? read_stage (quit_seconds, "--quit", error) : -1;

  if (quit < 0 || !once_open_machine (once, error))
    return FALSE;
  qmp_machine_shut_down_async (once->machine, get_flags (), ask, quit, cancellable, once_take_result, &result);
  if (!once_await_result (once, &result, cancellable, error))
    return FALSE;
  outcome = qmp_machine_shut_down_finish (once->machine, result, error);
  if (outcome != NULL)
    once_print_line (once, "%s", qmp_outcome_get_by_guest (outcome) ? _("The guest has turned itself off")
                                                                    : _("QEMU has quit"));
  return outcome != NULL;
}

/* --- */

const OnceVerb once_status = {
  .words = "status",
  .parameters = "",
  .summary = N_("Print whether the machine runs: “running”, “paused” and the like"),
  .many = TRUE,
  .run = run_status,
};

const OnceVerb once_pause = {
  .words = "pause",
  .parameters = "",
  .summary = N_("Pause the machine"),
  .prints_no_json = TRUE,
  .run = run_pause,
};

const OnceVerb once_resume = {
  .words = "resume",
  .parameters = "",
  .summary = N_("Let the machine go on"),
  .prints_no_json = TRUE,
  .run = run_resume,
};

const OnceVerb once_reset = {
  .words = "reset",
  .parameters = "",
  .summary = N_("Reset the machine, as its reset button does"),
  .prints_no_json = TRUE,
  .run = run_reset,
};

const OnceVerb once_powerdown = {
  .words = "powerdown",
  .parameters = "",
  .summary = N_("Press the power button, and do not wait for the guest"),
  .prints_no_json = TRUE,
  .run = run_powerdown,
};

const OnceVerb once_wakeup = {
  .words = "wakeup",
  .parameters = "",
  .summary = N_("Wake a guest that sleeps"),
  .prints_no_json = TRUE,
  .run = run_wakeup,
};

static const GOptionEntry shutdown_entries[] = {
  { "ask", 0, 0, G_OPTION_ARG_DOUBLE, &ask_seconds,
    N_("How long the guest may take, 30 without this; 0: do not ask it"), N_("SECONDS") },
  { "quit", 0, 0, G_OPTION_ARG_DOUBLE, &quit_seconds, N_("How long QEMU may take to quit then, 10 without this"), N_("SECONDS") },
  { "ask-only", 0, 0, G_OPTION_ARG_NONE, &asks_only, N_("Only ask the guest; do not let QEMU quit if it does not obey"), NULL },
  { "press-again", 0, 0, G_OPTION_ARG_NONE, &presses_again, N_("Press the power button twice, as some guests want it"), NULL },
  { "resume", 0, 0, G_OPTION_ARG_NONE, &resumes_first, N_("Resume a machine that is paused first"), NULL },
  { "wake", 0, 0, G_OPTION_ARG_NONE, &wakes_first, N_("Wake a guest that sleeps first"), NULL },
  G_OPTION_ENTRY_NULL
};

const OnceVerb once_shutdown = {
  .words = "shutdown",
  .parameters = "",
  .summary = N_("Shut the machine down: ask its guest, then let QEMU quit"),
  .entries = shutdown_entries,
  .prints_no_json = TRUE,
  .run = run_shutdown,
};

const OnceVerb once_quit = {
  .words = "quit",
  .parameters = "",
  .summary = N_("Let QEMU quit at once, without asking the guest"),
  .prints_no_json = TRUE,
  .run = run_quit,
};
