/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copies a disk as a block job and watches the job until it is over.
 *
 * usage: job-watch ADDRESS SOURCE-NODE TARGET-NODE */

#include <qmp-glib/qmp-glib.h>
#include <stdlib.h>

#define JOB "copy"

/* An example ends at the first error; a program would pass it on. */
static void
check (GError *error)
{
  if (error == NULL)
    return;
  g_printerr ("%s\n", error->message);
  exit (1);
}

static JsonNode *
run (QmpClient  *qemu,
     QmpMessage *message)
{
  g_autoptr(GError) error = NULL;
  JsonNode *value = qmp_client_execute_message (qemu, message, NULL, &error);

  check (error);
  return value;
}

/* A listener that hears of this job alone. */
static QmpEventListener *
listen_to_job (QmpClient *qemu)
{
  const char *names[] = { "JOB_STATUS_CHANGE", NULL };
  g_autoptr(QmpEventMatch) match = qmp_event_match_new (names);
  g_autoptr(QmpEventListener) events = NULL;

  qmp_event_match_add_string_member (match, NULL, "id", JOB);
  events = qmp_event_listener_new_for_match (match);
  qmp_client_add_listener (qemu, events);
  return g_steal_pointer (&events);
}

static void
start_job (QmpClient  *qemu,
           const char *source,
           const char *target)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) nothing = NULL;
  g_autoptr(QmpMessage) message = NULL;

  /* A job that is not dismissed by itself can be asked afterwards how it went. */
  message = qmp_message_new_parsed (
    "blockdev-backup", &error,
    "{'job-id': %s, 'device': %s, 'target': %s, 'sync': 'full',"
    " 'auto-dismiss': %b}",
    JOB, source, target, FALSE);
  check (error);
  nothing = run (qemu, message);
}

static void
watch_job (QmpEventListener *events)
{
  gboolean concluded = FALSE;

  while (!concluded)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(QmpEvent) event = NULL;
      const char *status;

      event = qmp_event_listener_next (events, -1, NULL, &error);
      check (error);
      status = json_object_get_string_member (json_node_get_object (qmp_event_get_data (event)), "status");
      g_print ("%s: %s\n", JOB, status);
      concluded = g_str_equal (status, "concluded");
    }
}

/* Returns whether the job has done what it was to do. */
static gboolean
end_job (QmpClient *qemu)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) jobs = qmp_client_execute (qemu, "query-jobs", NULL, NULL, &error);
  g_autoptr(JsonNode) nothing = NULL;
  g_autoptr(QmpMessage) dismiss = NULL;
  const char *failure;
  JsonObject *job;

  check (error);
  job = json_array_get_object_element (json_node_get_array (jobs), 0);
  failure = json_object_get_string_member_with_default (job, "error", NULL);
  g_print ("%s: %s\n", JOB, failure != NULL ? failure : "done");

  dismiss = qmp_message_new_parsed ("job-dismiss", &error, "{'id': %s}", JOB);
  check (error);
  nothing = run (qemu, dismiss);
  return failure == NULL;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpClient) qemu = qmp_client_new ("job-watch");
  g_autoptr(QmpEventListener) events = NULL;
  g_autoptr(GSocketConnectable) address = NULL;
  gboolean done;

  if (argc != 4)
    {
      g_printerr ("usage: %s ADDRESS SOURCE-NODE TARGET-NODE\n", argv[0]);
      return 2;
    }

  address = qmp_address_parse (argv[1], &error);
  check (error);
  qmp_client_open (qemu, address, NULL, &error);
  check (error);

  events = listen_to_job (qemu);
  start_job (qemu, argv[2], argv[3]);
  watch_job (events);
  done = end_job (qemu);

  qmp_client_close (qemu, NULL, &error);
  check (error);
  return done ? 0 : 1;
}
