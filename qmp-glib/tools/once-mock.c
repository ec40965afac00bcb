/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>

#include "once.h"

static char *replay;
static gboolean any_arguments, bare;

static gboolean
run_mock (Once                *once,
          const char * const  *words,
          GError             **error)
{
  if (replay == NULL)
    return once_script (once, words[0], bare, error);
  if (words[0] != NULL || bare)
    return once_fail (error, ONCE_STATUS_USAGE, _("A recording is played without a script and --bare"));
  return once_replay (once, replay, any_arguments, error);
}

static const GOptionEntry entries[] = {
  { "bare", 0, 0, G_OPTION_ARG_NONE, &bare, N_("Know only what the script says"), NULL },
  { "replay", 0, 0, G_OPTION_ARG_FILENAME, &replay, N_("Play the server of the recording in FILE"), N_("FILE") },
  { "any-arguments", 0, 0, G_OPTION_ARG_NONE, &any_arguments, N_("Take a recorded command whatever its arguments are"), NULL },
  G_OPTION_ENTRY_NULL
};

const OnceVerb once_mock = {
  .words = "mock",
  .parameters = N_("[SCRIPT]"),
  .summary = N_("Play a server for the test of a program"),
  .entries = entries,
  .max_words = 1,
  .listens = TRUE,
  .prints_no_json = TRUE,
  .run = run_mock,
};
