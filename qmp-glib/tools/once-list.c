/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>
#include <pwd.h>
#include <unistd.h>

#include "once-select.h"
#include "tool-json.h"

/* "qmp list": what runs on this computer. No monitor is opened. */

enum { COLUMN_PID, COLUMN_USER, COLUMN_NAME, COLUMN_TYPE, COLUMN_SPEAKS, COLUMN_ADDRESS, COLUMN_STATE, N_COLUMNS };

/* --- as a table --- */

static OnceTable *
new_table (void)
{
  const char *header[N_COLUMNS + 1] = {
    [COLUMN_PID] = _("PID"), [COLUMN_USER] = _("USER"), [COLUMN_NAME] = _("NAME"), [COLUMN_TYPE] = _("TYPE"),
    [COLUMN_SPEAKS] = _("SPEAKS"), [COLUMN_ADDRESS] = _("ADDRESS"), [COLUMN_STATE] = _("STATE"),
  };

  return once_table_new (header);
}

static char *
dup_user (guint uid)
{
  struct passwd *user = getpwuid (uid);

  return user != NULL ? g_strdup (user->pw_name) : g_strdup_printf ("%u", uid);
}

static char *
dup_type (QmpInstance *instance)
{
  const char *type;

  switch (qmp_instance_get_kind (instance))
    {
    case QMP_INSTANCE_KIND_STORAGE_DAEMON:
      type = _("storage daemon");
      break;
    case QMP_INSTANCE_KIND_GUEST_AGENT:
      type = _("guest agent");
      break;
    case QMP_INSTANCE_KIND_MACHINE:
    default:
      type = qmp_instance_get_machine_type (instance);
    }
  if (!qmp_instance_get_stopped (instance))
    return g_strdup (type);
  return type != NULL ? g_strdup_printf (_("%s, stopped"), type) : g_strdup (_("stopped"));
}

static char *
dup_state (QmpEndpoint *endpoint)
{
  const char *name = qmp_endpoint_get_holder_name (endpoint);

  switch (qmp_endpoint_get_state (endpoint))
    {
    case QMP_ENDPOINT_STATE_FREE:
      return g_strdup (_("free"));
    case QMP_ENDPOINT_STATE_HELD:
      if (name == NULL)
        return g_strdup (_("held"));
      return g_strdup_printf (_("held by %s (%d)"), name, qmp_endpoint_get_holder_pid (endpoint));
    case QMP_ENDPOINT_STATE_UNKNOWN:
    default:
      return NULL;
    }
}

/* One that cannot be connected to, or has none that can be told, is shown as the command line has it. */
static char *
dup_address (QmpEndpoint *endpoint)
{
  const char *address = qmp_endpoint_get_address (endpoint);

  if (address != NULL && qmp_endpoint_get_listens (endpoint))
    return g_strdup (address);
  return g_strdup_printf ("(%s)", qmp_endpoint_get_description (endpoint));
}

/* cells: what stands in front of it. */
static void
add_endpoint (OnceTable    *table,
              const char  **cells,
              QmpEndpoint  *endpoint)
{
  g_autofree char *address = dup_address (endpoint);
  g_autofree char *state = dup_state (endpoint);

  cells[COLUMN_SPEAKS] = qmp_endpoint_get_kind (endpoint) == QMP_ENDPOINT_KIND_MONITOR ? _("monitor") : _("agent");
  cells[COLUMN_ADDRESS] = address;
  cells[COLUMN_STATE] = state;
  once_table_add (table, cells);
}

static void
add_instance (OnceTable   *table,
              QmpInstance *instance)
{
  GListModel *endpoints = qmp_instance_get_endpoints (instance);
  guint n = g_list_model_get_n_items (endpoints);
  g_autofree char *pid = g_strdup_printf ("%d", qmp_instance_get_pid (instance));
  g_autofree char *user = dup_user (qmp_instance_get_uid (instance));
  g_autofree char *type = dup_type (instance);
  const char *cells[N_COLUMNS] = {
    [COLUMN_PID] = pid, [COLUMN_USER] = user, [COLUMN_NAME] = qmp_instance_get_name (instance), [COLUMN_TYPE] = type,
  };

  if (n == 0)
    once_table_add (table, cells);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr(QmpEndpoint) endpoint = g_list_model_get_item (endpoints, i);

      add_endpoint (table, cells, endpoint);
      /* They are said once. */
      cells[COLUMN_PID] = cells[COLUMN_USER] = cells[COLUMN_NAME] = cells[COLUMN_TYPE] = NULL;
    }
}

/* That something is missing in the table. */
static void
tell_of_hidden (GListModel *instances)
{
  for (guint i = 0; i < g_list_model_get_n_items (instances); i++)
    {
      g_autoptr(QmpInstance) instance = g_list_model_get_item (instances, i);

      if (qmp_instance_get_visible (instance))
        continue;
      g_printerr ("qmp: %s\n", _("Of other users' processes this is what everybody may see; root sees more"));
      return;
    }
}

static void
print_table (Once       *once,
             GListModel *instances)
{
  g_autoptr(OnceTable) table = new_table ();

  for (guint i = 0; i < g_list_model_get_n_items (instances); i++)
    {
      g_autoptr(QmpInstance) instance = g_list_model_get_item (instances, i);

      add_instance (table, instance);
    }
  once_table_print (table, once);
  if (isatty (STDERR_FILENO))
    tell_of_hidden (instances);
}

/* --- as JSON --- */

static void
add_boolean (JsonBuilder *builder,
             const char  *name,
             gboolean     value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, value);
}

/* The name of a value as it is in JSON, which is its nick. */
static const char *
get_nick (GType type,
          int   value)
{
  g_autoptr(GEnumClass) values = g_type_class_ref (type);

  return g_enum_get_value (values, value)->value_nick;
}

static void
add_endpoint_object (JsonBuilder *builder,
                     QmpEndpoint *endpoint)
{
  json_builder_begin_object (builder);
  tool_json_add_text (builder, "kind", get_nick (QMP_TYPE_ENDPOINT_KIND, qmp_endpoint_get_kind (endpoint)));
  tool_json_add_text (builder, "id", qmp_endpoint_get_id (endpoint));
  tool_json_add_text (builder, "description", qmp_endpoint_get_description (endpoint));
  tool_json_add_text (builder, "address", qmp_endpoint_get_address (endpoint));
  add_boolean (builder, "listens", qmp_endpoint_get_listens (endpoint));
  tool_json_add_text (builder, "state", get_nick (QMP_TYPE_ENDPOINT_STATE, qmp_endpoint_get_state (endpoint)));
  if (qmp_endpoint_get_holder_pid (endpoint) != 0)
    tool_json_add_int (builder, "holder-pid", qmp_endpoint_get_holder_pid (endpoint));
  tool_json_add_text (builder, "holder-name", qmp_endpoint_get_holder_name (endpoint));
  json_builder_end_object (builder);
}

static void
add_endpoints_array (JsonBuilder *builder,
                     GListModel  *endpoints)
{
  json_builder_set_member_name (builder, "endpoints");
  json_builder_begin_array (builder);
  for (guint i = 0; i < g_list_model_get_n_items (endpoints); i++)
    {
      g_autoptr(QmpEndpoint) endpoint = g_list_model_get_item (endpoints, i);

      add_endpoint_object (builder, endpoint);
    }
  json_builder_end_array (builder);
}

static void
print_object (Once        *once,
              QmpInstance *instance)
{
  g_autoptr(JsonBuilder) builder = json_builder_new ();
  g_autoptr(JsonNode) root = NULL;
  g_autofree char *text = NULL;

  json_builder_begin_object (builder);
  tool_json_add_int (builder, "pid", qmp_instance_get_pid (instance));
  tool_json_add_int (builder, "uid", qmp_instance_get_uid (instance));
  tool_json_add_text (builder, "kind", get_nick (QMP_TYPE_INSTANCE_KIND, qmp_instance_get_kind (instance)));
  tool_json_add_text (builder, "program", qmp_instance_get_program (instance));
  tool_json_add_text (builder, "name", qmp_instance_get_name (instance));
  tool_json_add_text (builder, "uuid", qmp_instance_get_uuid (instance));
  tool_json_add_text (builder, "machine-type", qmp_instance_get_machine_type (instance));
  add_boolean (builder, "stopped", qmp_instance_get_stopped (instance));
  add_boolean (builder, "visible", qmp_instance_get_visible (instance));
  add_endpoints_array (builder, qmp_instance_get_endpoints (instance));
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  text = json_to_string (root, FALSE);
  once_print_json (once, text, -1, FALSE);
}

/* --- */

static GListModel *
list_wanted (GListModel *instances)
{
  GListStore *wanted = g_list_store_new (QMP_TYPE_INSTANCE);

  for (guint i = 0; i < g_list_model_get_n_items (instances); i++)
    {
      g_autoptr(QmpInstance) instance = g_list_model_get_item (instances, i);

      if (once_select_wants (instance))
        g_list_store_append (wanted, instance);
    }
  return G_LIST_MODEL (wanted);
}

static gboolean
run_list (Once                *once,
          const char * const  *words,
          GError             **error)
{
  g_autoptr(QmpFinder) finder = qmp_finder_new ();
  g_autoptr(GListModel) wanted = NULL;

  if (!qmp_finder_refresh (finder, NULL, error) || !once_select_check_matches (G_LIST_MODEL (finder), error))
    return FALSE;
  wanted = list_wanted (G_LIST_MODEL (finder));
  if (!once->json)
    print_table (once, wanted);
  for (guint i = 0; once->json && i < g_list_model_get_n_items (wanted); i++)
    {
      g_autoptr(QmpInstance) instance = g_list_model_get_item (wanted, i);

      print_object (once, instance);
    }
  return TRUE;
}

const OnceVerb once_list = {
  .words = "list",
  .parameters = "",
  .summary = N_("List what runs on this computer, and who holds it"),
  .entries = once_choice_entries,
  .local = TRUE,
  .pages = TRUE,
  .run = run_list,
};
