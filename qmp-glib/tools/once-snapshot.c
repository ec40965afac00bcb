/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>

#include "once.h"
#include "tool-json.h"

/* Snapshots of a whole machine, within its images. */

static char **only_nodes;
static char *state_node;

/* --- which nodes --- */

/* A node that holds snapshots: qcow2, and somebody may write to it. */
static gboolean
can_hold (JsonNode *inserted)
{
  return g_str_equal (tool_json_get_string (inserted, "drv"), "qcow2") && !tool_json_get_boolean (inserted, "ro");
}

/* Adds the nodes of the machine's disks that can hold a snapshot. FALSE with error set if one cannot that is written to: what is
 * in it would not go back with the rest. */
static gboolean
find_nodes (JsonNode   *devices,
            GPtrArray  *names,
            GError    **error)
{
  for (guint i = 0; i < tool_json_get_length (devices); i++)
    {
      JsonNode *inserted = tool_json_get_member (tool_json_get_element (devices, i), "inserted");

      if (inserted == NULL || tool_json_get_boolean (inserted, "ro"))
        continue;
      if (!can_hold (inserted))
        return once_fail (error, ONCE_STATUS_FAILED, _("The node “%s” (%s) cannot hold a snapshot; say with --node which are to"),
                          tool_json_get_string (inserted, "node-name"), tool_json_get_string (inserted, "drv"));
      g_ptr_array_add (names, g_strdup (tool_json_get_string (inserted, "node-name")));
    }
  return names->len > 0 || once_fail (error, ONCE_STATUS_FAILED, _("There is no disk that can hold a snapshot"));
}

/* Transfer full; NULL with error set. */
static JsonNode *
query (Once        *once,
       const char  *command,
       GError     **error)
{
  return once_execute (once, qmp_message_new_command (command, NULL, error), error);
}

/* What is said by --node, or all disks. Transfer full, with NULL behind; NULL with error set. */
static char **
get_nodes (Once    *once,
           GError **error)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(JsonNode) devices = NULL;

  if (only_nodes != NULL)
    return g_strdupv (only_nodes);
  devices = query (once, "query-block", error);
  if (devices == NULL || !find_nodes (devices, names, error))
    return NULL;
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_steal (names, NULL);
}

/* --- list --- */

static char *
format_date (JsonNode *snapshot)
{
  g_autoptr(GDateTime) date = g_date_time_new_from_unix_local (tool_json_get_int (snapshot, "date-sec"));

  return date != NULL ? g_date_time_format (date, "%Y-%m-%d %H:%M:%S") : g_strdup ("");
}

static void
add_snapshots (OnceTable *table,
               JsonNode  *node)
{
  JsonNode *snapshots = tool_json_get_member (tool_json_get_member (node, "image"), "snapshots");

  for (guint i = 0; i < tool_json_get_length (snapshots); i++)
    {
      JsonNode *snapshot = tool_json_get_element (snapshots, i);
      gint64 size = tool_json_get_int (snapshot, "vm-state-size");
      g_autofree char *date = format_date (snapshot);
      g_autofree char *state = size > 0 ? g_format_size (size) : g_strdup ("");
      const char *cells[] = { tool_json_get_string (snapshot, "name"), date, state, tool_json_get_string (node, "node-name") };

      once_table_add (table, cells);
    }
}

static gboolean
run_list (Once                *once,
          const char * const  *words,
          GError             **error)
{
  const char *header[] = { _("NAME"), _("DATE"), _("STATE"), _("NODE"), NULL };
  g_autoptr(OnceTable) table = once_table_new (header);
  g_autoptr(JsonNode) nodes = NULL;

  if (!once_open (once, error))
    return FALSE;
  if (once->json)
    return once_execute_and_print (once, qmp_message_new_command ("query-named-block-nodes", NULL, error), error);
  nodes = query (once, "query-named-block-nodes", error);
  if (nodes == NULL)
    return FALSE;
  for (guint i = 0; i < tool_json_get_length (nodes); i++)
    add_snapshots (table, tool_json_get_element (nodes, i));
  once_table_print (table, once);
  return TRUE;
}

/* --- jobs --- */

static gboolean
look (gpointer data)
{
  QmpJob *job = data;
  const OnceProgress progress = {
    qmp_job_get_id (job), qmp_job_get_status_name (job) != NULL ? qmp_job_get_status_name (job) : "", qmp_job_get_current (job),
    qmp_job_get_total (job), FALSE
  };

  if (qmp_job_get_finished (job))
    return TRUE;
  once_show_progress (&progress);
  return FALSE;
}

/* The job is dismissed however it has ended: QEMU keeps these. */
static gboolean
finish (Once    *once,
        QmpJob  *job,
        GError **error)
{
  gboolean followed = once_follow (once, look, job, error);

  once_end_progress ();
  if (!followed)
    return FALSE;
  if (qmp_job_get_status (job) == QMP_JOB_STATUS_CONCLUDED)
    qmp_job_dismiss (job, NULL, NULL);
  return qmp_job_get_error (job) == NULL ||
         once_fail (error, ONCE_STATUS_FAILED, "%s", qmp_job_get_error (job)->message);
}

/* Takes command, which starts a job. */
static gboolean
run_job (Once        *once,
         QmpMessage  *command,
         GError     **error)
{
  g_autoptr(QmpMessage) owned = command;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(QmpJob) job = NULL;

  if (command == NULL)
    return FALSE;
  qmp_machine_start_job_async (once->machine, command, cancellable, once_take_result, &result);
  if (!once_await_result (once, &result, cancellable, error))
    return FALSE;
  job = qmp_machine_start_job_finish (once->machine, result, error);
  return job != NULL && finish (once, job, error);
}

static void
add_nodes (JsonBuilder        *builder,
           const char * const *nodes)
{
  json_builder_set_member_name (builder, "devices");
  json_builder_begin_array (builder);
  for (guint i = 0; nodes[i] != NULL; i++)
    json_builder_add_string_value (builder, nodes[i]);
  json_builder_end_array (builder);
}

static QmpMessage *
new_command (const char          *command,
             const char          *tag,
             const char * const  *nodes,
             gboolean             with_state,
             GError             **error)
{
  g_autoptr(JsonBuilder) builder = json_builder_new ();
  g_autoptr(JsonNode) arguments = NULL;
  g_autofree char *id = g_strdup_printf ("qmp-%s-%08x", command, g_random_int ());

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "job-id");
  json_builder_add_string_value (builder, id);
  json_builder_set_member_name (builder, "tag");
  json_builder_add_string_value (builder, tag);
  if (with_state)
    {
      json_builder_set_member_name (builder, "vmstate");
      json_builder_add_string_value (builder, state_node != NULL ? state_node : nodes[0]);
    }
  add_nodes (builder, nodes);
  json_builder_end_object (builder);
  arguments = json_builder_get_root (builder);
  return qmp_message_new_command (command, arguments, error);
}

/* Of a machine that is open. */
static gboolean
act (Once        *once,
     const char  *command,
     const char  *tag,
     gboolean     with_state,
     GError     **error)
{
  g_auto(GStrv) nodes = get_nodes (once, error);

  return nodes != NULL &&
         run_job (once, new_command (command, tag, (const char * const *) nodes, with_state, error), error);
}

static gboolean
run_save (Once                *once,
          const char * const  *words,
          GError             **error)
{
  return once_open_machine (once, error) && act (once, "snapshot-save", words[0], TRUE, error);
}

/* QEMU pauses the machine for it, and leaves it so, whatever comes of it. */
static void
go_on (Once *once)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;

  qmp_machine_resume_async (once->machine, cancellable, once_take_result, &result);
  once_await_result (once, &result, cancellable, NULL);
}

static gboolean
run_load (Once                *once,
          const char * const  *words,
          GError             **error)
{
  gboolean done, was_running;

  if (!once_open_machine (once, error))
    return FALSE;
  was_running = qmp_machine_get_running (once->machine);
  done = act (once, "snapshot-load", words[0], TRUE, error);
  if (was_running && !qmp_machine_get_running (once->machine))
    go_on (once);
  return done;
}

static gboolean
has_snapshot (JsonNode   *node,
              const char *name)
{
  JsonNode *snapshots = tool_json_get_member (tool_json_get_member (node, "image"), "snapshots");

  for (guint i = 0; i < tool_json_get_length (snapshots); i++)
    if (g_str_equal (tool_json_get_string (tool_json_get_element (snapshots, i), "name"), name))
      return TRUE;
  return FALSE;
}

/* NULL if there is none. */
static JsonNode *
find_node (JsonNode   *nodes,
           const char *name)
{
  for (guint i = 0; i < tool_json_get_length (nodes); i++)
    {
      JsonNode *node = tool_json_get_element (nodes, i);

      if (g_str_equal (tool_json_get_string (node, "node-name"), name))
        return node;
    }
  return NULL;
}

/* QEMU is content with a name that it does not find. Of a node that it does not know it says so itself. */
static gboolean
check_name (Once                *once,
            const char * const  *names,
            const char          *snapshot,
            GError             **error)
{
  g_autoptr(JsonNode) nodes = query (once, "query-named-block-nodes", error);

  if (nodes == NULL)
    return FALSE;
  for (guint i = 0; names[i] != NULL; i++)
    {
      JsonNode *node = find_node (nodes, names[i]);

      if (node == NULL || has_snapshot (node, snapshot))
        return TRUE;
    }
  return once_fail (error, ONCE_STATUS_FAILED, _("There is no snapshot “%s”"), snapshot);
}

static gboolean
run_delete (Once                *once,
            const char * const  *words,
            GError             **error)
{
  g_auto(GStrv) nodes = once_open_machine (once, error) ? get_nodes (once, error) : NULL;

  return nodes != NULL && check_name (once, (const char * const *) nodes, words[0], error) &&
         act (once, "snapshot-delete", words[0], FALSE, error);
}

/* --- */

#define NODE_ENTRY { "node", 0, 0, G_OPTION_ARG_STRING_ARRAY, &only_nodes, \
                     N_("Only this block node; it may be repeated. Without it: all disks"), N_("NAME") }

static const GOptionEntry node_entries[] = {
  NODE_ENTRY,
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry state_entries[] = {
  NODE_ENTRY,
  { "state", 0, 0, G_OPTION_ARG_STRING, &state_node, N_("The block node that holds the machine's state; without it: the first"), N_("NAME") },
  G_OPTION_ENTRY_NULL
};

const OnceVerb once_snapshot_list = {
  .words = "snapshot list",
  .parameters = "",
  .summary = N_("List the snapshots in the machine's disks"),
  .pages = TRUE,
  .run = run_list,
};

const OnceVerb once_snapshot_save = {
  .words = "snapshot save",
  .parameters = N_("NAME"),
  .summary = N_("Save the machine and its disks as a snapshot in them"),
  .entries = state_entries,
  .min_words = 1,
  .max_words = 1,
  .prints_no_json = TRUE,
  .run = run_save,
};

const OnceVerb once_snapshot_load = {
  .words = "snapshot load",
  .parameters = N_("NAME"),
  .summary = N_("Go back to a snapshot of the machine"),
  .entries = state_entries,
  .min_words = 1,
  .max_words = 1,
  .prints_no_json = TRUE,
  .run = run_load,
};

const OnceVerb once_snapshot_delete = {
  .words = "snapshot delete",
  .parameters = N_("NAME"),
  .summary = N_("Delete a snapshot"),
  .entries = node_entries,
  .min_words = 1,
  .max_words = 1,
  .prints_no_json = TRUE,
  .run = run_delete,
};
