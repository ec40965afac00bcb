/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "once.h"

/* Which machines are kept open: those that are named, or all. */

static gboolean
add_all (QmpMachineList  *list,
         GError         **error)
{
  g_autoptr(QmpFinder) finder = qmp_finder_new ();

  if (!qmp_finder_refresh (finder, NULL, error))
    return FALSE;
  qmp_machine_list_set_finder (list, finder);
  return TRUE;
}

static gboolean
add_one (Once            *once,
         QmpMachineList  *list,
         const char      *word,
         GError         **error)
{
  const char *address = once_read_address (once, word, error);
  QmpMachineEntry *entry = address != NULL ? qmp_machine_list_add (list, address, error) : NULL;
  QmpClient *client;

  if (entry == NULL)
    return FALSE;
  client = qmp_machine_get_client (qmp_machine_entry_get_machine (entry));
  qmp_client_set_await_greeting (client, !once->skip_negotiation);
  qmp_client_set_negotiate (client, !once->skip_negotiation);
  return tool_tls_apply (&once->tls, client, error);
}

gboolean
once_add_machines (Once                *once,
                   QmpMachineList      *list,
                   const char * const  *words,
                   GError             **error)
{
  for (guint i = 0; words[i] != NULL; i++)
    if (!add_one (once, list, words[i], error))
      return FALSE;
  return words[0] != NULL || add_all (list, error);
}
