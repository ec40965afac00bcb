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
  if (once_is_many (once))
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

static gboolean
push_one (Once            *once,
          const OncePush  *push,
          GError         **error)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  const char *said = NULL;

  if (!once_open_machine (once, error))
    return FALSE;
  push->start (once->machine, cancellable, once_take_result, &result);
  if (!once_await_result (once, &result, cancellable, error) || !push->finish (once->machine, result, &said, error))
    return FALSE;
  if (said != NULL)
    once_print_line (once, "%s", said);
  return TRUE;
}

static gboolean
push (Once            *once,
      const OncePush  *push,
      guint            seconds,
      GError         **error)
{
  return once_is_many (once) ? once_push_many (once, push, seconds, error) : push_one (once, push, error);
}

/* Those that are done without a word. */
#define DEFINE_PUSH(name, verb) \
  static gboolean \
  finish_##name (QmpMachine    *machine, \
                 GAsyncResult  *result, \
                 const char   **said, \
                 GError       **error) \
  { \
    return qmp_machine_##verb##_finish (machine, result, error); \
  } \
  \
  static gboolean \
  run_##name (Once                *once, \
              const char * const  *words, \
              GError             **error) \
  { \
    static const OncePush funcs = { qmp_machine_##verb##_async, finish_##name }; \
  \
    return push (once, &funcs, ONCE_ANSWER_SECONDS, error); \
  }

DEFINE_PUSH (pause, pause)
DEFINE_PUSH (resume, resume)
DEFINE_PUSH (reset, reset)
DEFINE_PUSH (powerdown, power_down)
DEFINE_PUSH (wakeup, wake_up)
DEFINE_PUSH (quit, quit)

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

/* Of both stages. */
static int ask_milliseconds, quit_milliseconds;

static void
start_shutdown (QmpMachine          *machine,
                GCancellable        *cancellable,
                GAsyncReadyCallback  callback,
                gpointer             user_data)
{
  qmp_machine_shut_down_async (machine, get_flags (), ask_milliseconds, quit_milliseconds, cancellable, callback, user_data);
}

static gboolean
finish_shutdown (QmpMachine    *machine,
                 GAsyncResult  *result,
                 const char   **said,
                 GError       **error)
{
  g_autoptr(QmpOutcome) outcome = qmp_machine_shut_down_finish (machine, result, error);

  if (outcome != NULL)
    *said = qmp_outcome_get_by_guest (outcome) ? _("The guest has turned itself off") : _("QEMU has quit");
  return outcome != NULL;
}

static gboolean
run_shutdown (Once                *once,
              const char * const  *words,
              GError             **error)
{
  static const OncePush funcs = { start_shutdown, finish_shutdown };

  ask_milliseconds = read_stage (ask_seconds, "--ask", error);
  quit_milliseconds = ask_milliseconds >= 0 ? read_stage (quit_seconds, "--quit", error) : -1;
  return quit_milliseconds >= 0 &&
         push (once, &funcs, ONCE_ANSWER_SECONDS + (guint) (ask_seconds + 1) + (guint) (quit_seconds + 1), error);
}

/* --- */

const OnceVerb once_status = {
  .words = "status",
  .parameters = N_("ADDRESS…"),
  .summary = N_("Print whether the machine runs: “running”, “paused” and the like"),
  .addresses = TRUE,
  .many = TRUE,
  .run = run_status,
};

const OnceVerb once_pause = {
  .words = "pause",
  .parameters = N_("ADDRESS…"),
  .summary = N_("Pause the machine"),
  .prints_no_json = TRUE,
  .addresses = TRUE,
  .many = TRUE,
  .run = run_pause,
};

const OnceVerb once_resume = {
  .words = "resume",
  .parameters = N_("ADDRESS…"),
  .summary = N_("Let the machine go on"),
  .prints_no_json = TRUE,
  .addresses = TRUE,
  .many = TRUE,
  .run = run_resume,
};

const OnceVerb once_reset = {
  .words = "reset",
  .parameters = N_("ADDRESS…"),
  .summary = N_("Reset the machine, as its reset button does"),
  .prints_no_json = TRUE,
  .addresses = TRUE,
  .many = TRUE,
  .run = run_reset,
};

const OnceVerb once_powerdown = {
  .words = "powerdown",
  .parameters = N_("ADDRESS…"),
  .summary = N_("Press the power button, and do not wait for the guest"),
  .prints_no_json = TRUE,
  .addresses = TRUE,
  .many = TRUE,
  .run = run_powerdown,
};

const OnceVerb once_wakeup = {
  .words = "wakeup",
  .parameters = N_("ADDRESS…"),
  .summary = N_("Wake a guest that sleeps"),
  .prints_no_json = TRUE,
  .addresses = TRUE,
  .many = TRUE,
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
  .parameters = N_("ADDRESS…"),
  .summary = N_("Shut the machine down: ask its guest, then let QEMU quit"),
  .entries = shutdown_entries,
  .prints_no_json = TRUE,
  .addresses = TRUE,
  .many = TRUE,
  .run = run_shutdown,
};

const OnceVerb once_quit = {
  .words = "quit",
  .parameters = N_("ADDRESS…"),
  .summary = N_("Let QEMU quit at once, without asking the guest"),
  .prints_no_json = TRUE,
  .addresses = TRUE,
  .many = TRUE,
  .run = run_quit,
};
