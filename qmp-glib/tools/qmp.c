/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>

#include "once.h"
#include "tool-literal.h"
#include "tool-streams.h"

/* What timeout(1) leaves with; see docs/man/qmp.rst. */
#define STATUS_EXEC_TIMEOUT 124
#define STATUS_EXEC_FAILED 125

static Once the_once;

const OnceVerb * const once_verbs[] = {
  &once_call, &once_batch, &once_monitor, &once_wait, &once_introspect, &once_hmp, &once_screenshot, &once_share,
  &once_status, &once_pause, &once_resume, &once_reset, &once_powerdown, &once_wakeup, &once_shutdown, &once_quit,
  &once_qom_list, &once_qom_get, &once_qom_set, &once_qom_tree, &once_qom_types,
  &once_guest_ping, &once_guest_sync, &once_guest_info, &once_guest_network, &once_guest_exec, &once_guest_cat,
  &once_job_list, &once_job_wait, &once_job_pause, &once_job_resume, &once_job_complete, &once_job_cancel, &once_job_dismiss,
  &once_block_list, &once_block_tree, &once_device_list,
  &once_snapshot_list, &once_snapshot_save, &once_snapshot_load, &once_snapshot_delete,
  &once_migration_status, &once_migration_start, &once_migration_wait, &once_migration_cancel,
  &once_record, &once_mock, &once_list, &once_top, &once_watch, &once_export, NULL
};

/* --- errors --- */

static OnceStatus
status_of_client_error (Once         *once,
                        const GError *error)
{
  switch (error->code)
    {
    case QMP_CLIENT_ERROR_ADDRESS:
    case QMP_CLIENT_ERROR_NOT_A_SOCKET:
    case QMP_CLIENT_ERROR_TLS_IDENTITY:
      return ONCE_STATUS_USAGE;
    case QMP_CLIENT_ERROR_FAILURE_EVENT:
      return ONCE_STATUS_FAILED;
    case QMP_CLIENT_ERROR_BUSY:
      return once_is_late (once) ? ONCE_STATUS_TIMEOUT : ONCE_STATUS_LINK;
    default:
      return ONCE_STATUS_LINK;
    }
}

static OnceStatus
status_of (Once         *once,
           const GError *error)
{
  if (error->domain == ONCE_ERROR)
    return error->code;
  if (error->domain == TOOL_ERROR || error->domain == G_OPTION_ERROR ||
      g_error_matches (error, QMP_SCHEMA_ERROR, QMP_SCHEMA_ERROR_SYNTAX) ||
      g_error_matches (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION))
    return ONCE_STATUS_USAGE;
  if (error->domain == QMP_COMMAND_ERROR || error->domain == QMP_SCHEMA_ERROR || error->domain == G_FILE_ERROR ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    return ONCE_STATUS_FAILED;
  if (error->domain == QMP_MOCK_ERROR)
    return ONCE_STATUS_FAILED;
  if (error->domain == QMP_MACHINE_ERROR)
    return error->code == QMP_MACHINE_ERROR_LOST ? ONCE_STATUS_LINK : ONCE_STATUS_FAILED;
  if (g_error_matches (error, QMP_FINDER_ERROR, QMP_FINDER_ERROR_AMBIGUOUS))
    return ONCE_STATUS_USAGE;
  if (error->domain == QMP_CLIENT_ERROR)
    return status_of_client_error (once, error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) && once->deadline != 0)
    return ONCE_STATUS_TIMEOUT;
  return ONCE_STATUS_LINK;
}

static int
leave_with (Once       *once,
            OnceStatus  status)
{
  if (once->verb == NULL || !once->verb->passes_status)
    return status;
  return status == ONCE_STATUS_TIMEOUT ? STATUS_EXEC_TIMEOUT : STATUS_EXEC_FAILED;
}

static int
complain (Once         *once,
          const GError *error)
{
  const char *class_name = qmp_command_error_get_class (error);
  OnceStatus status = status_of (once, error);

  if (class_name != NULL)
    once_print_error ("%s: %s", class_name, error->message);
  else if (status == ONCE_STATUS_USAGE)
    once_print_error (_("%s; see “%s --help”"), error->message, g_get_prgname ());
  else
    once_print_error ("%s", error->message);
  return leave_with (once, status);
}

/* --- all of it --- */

static gboolean
run_verb (Once    *once,
          GError **error)
{
  gboolean good;

  if (once->verb->pages)
    once_start_page (once);
  good = once->verb->run (once, once->words, error);
  /* What there is is shown before it is said what is not. */
  return once_flush (once, good ? error : NULL) && good && once_check_fields (once, error);
}

static gboolean
run (Once    *once,
     int      argc,
     char   **argv,
     GError **error)
{
  if (argc > 1 && g_str_equal (argv[1], "complete"))
    {
      once->status = once_complete (once, argc - 2, argv + 2);
      return TRUE;
    }
  if (!once_read_line (once, &argc, &argv, error))
    return FALSE;
  once->client = qmp_client_new (NULL);
  return run_verb (once, error);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GError) error = NULL;

  tool_streams_set_up ();
  g_set_prgname ("qmp");
  if (!run (&the_once, argc, argv, &error))
    the_once.status = complain (&the_once, error);
  g_clear_object (&the_once.machine);
  g_clear_object (&the_once.client);
  g_clear_object (&the_once.address);
  tool_tls_clear (&the_once.tls);
  g_clear_pointer (&the_once.fields, tool_fields_free);
  return the_once.status;
}
