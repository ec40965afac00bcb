/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "top-row.h"

#include <glib/gi18n.h>
#include <string.h>

#include "tool-json.h"
#include "tool-print.h"

const char *
top_column_get_title (TopColumn column)
{
  const char *titles[TOP_N_COLUMNS] = {
    [TOP_COLUMN_NAME] = _("NAME"), [TOP_COLUMN_PID] = _("PID"), [TOP_COLUMN_STATUS] = _("STATUS"),
    [TOP_COLUMN_CPU] = "CPU%", [TOP_COLUMN_VCPU] = "VCPU%", [TOP_COLUMN_READ] = _("READ/s"),
    [TOP_COLUMN_WRITE] = _("WRITE/s"), [TOP_COLUMN_READ_OPERATIONS] = _("READS"),
    [TOP_COLUMN_WRITE_OPERATIONS] = _("WRITES"), [TOP_COLUMN_WORK] = _("WORK"),
  };

  return titles[column];
}

gboolean
top_column_is_number (TopColumn column)
{
  return column != TOP_COLUMN_NAME && column != TOP_COLUMN_STATUS && column != TOP_COLUMN_WORK;
}

/* --- numbers --- */

char *
top_format_number (double number)
{
  static const char * const units[] = { "", "k", "M", "G", "T", "P" };
  guint i = 0;

  while (number >= 999.5 && i + 1 < G_N_ELEMENTS (units))
    {
      number /= 1000;
      i++;
    }
  if (number >= 999.5)
    return g_strdup ("∞");
  return i > 0 && number < 9.95 ? g_strdup_printf ("%.1f%s", number, units[i]) : g_strdup_printf ("%.0f%s", number, units[i]);
}

static char *
format_load (double load)
{
  return load >= 0 ? g_strdup_printf (load < 99.95 ? "%.1f" : "%.0f", load) : g_strdup ("");
}

static char *
format_rate (const TopRow *row,
             double        rate)
{
  return row->sample.has_rates ? top_format_number (rate) : g_strdup ("");
}

/* --- how it is --- */

static gboolean
is_hung (const TopRow *row)
{
  return g_error_matches (qmp_machine_entry_get_error (row->entry), QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_ANSWER);
}

static const char *
describe_error (const TopRow *row,
                const GError *error)
{
  QmpInstance *instance = qmp_machine_entry_get_instance (row->entry);

  if (g_error_matches (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY))
    return _("held");
  if (is_hung (row))
    return instance != NULL && qmp_instance_get_stopped (instance) ? _("stopped") : _("no answer");
  if (g_error_matches (error, QMP_FINDER_ERROR, QMP_FINDER_ERROR_NOT_FOUND))
    return _("not there");
  if (g_error_matches (error, QMP_FINDER_ERROR, QMP_FINDER_ERROR_NO_ENDPOINT))
    return _("no monitor");
  if (g_error_matches (error, QMP_FINDER_ERROR, QMP_FINDER_ERROR_AMBIGUOUS))
    return _("ambiguous");
  return _("no link");
}

static char *
dup_status (const TopRow *row)
{
  const GError *error = qmp_machine_entry_get_error (row->entry);
  QmpMachine *machine = qmp_machine_entry_get_machine (row->entry);
  const char *name = qmp_machine_get_status_name (machine);

  if (error != NULL)
    return g_strdup (describe_error (row, error));
  if (!qmp_machine_get_connected (machine))
    return g_strdup (_("connecting"));
  /* A storage daemon has none. */
  return name != NULL ? tool_print_harmless_line (name) : g_strdup (_("open"));
}

ToolStyle
top_row_get_style (const TopRow *row)
{
  if (is_hung (row))
    return TOOL_STYLE_RED;
  if (qmp_machine_entry_get_error (row->entry) != NULL)
    return TOOL_STYLE_DIM;
  return qmp_machine_get_running (qmp_machine_entry_get_machine (row->entry)) ? TOOL_STYLE_PLAIN : TOOL_STYLE_YELLOW;
}

int
top_row_get_pid (const TopRow *row)
{
  QmpInstance *instance = qmp_machine_entry_get_instance (row->entry);

  return instance != NULL && !qmp_instance_get_gone (instance) ? qmp_instance_get_pid (instance) : 0;
}

char *
top_row_dup_reason (const TopRow *row)
{
  const GError *error = qmp_machine_entry_get_error (row->entry);

  return error != NULL ? tool_print_harmless_line (error->message) : NULL;
}

/* --- what it works at --- */

static char *
describe_migration (QmpMachine *machine)
{
  QmpMigration *migration = qmp_machine_get_migration (machine);

  if (migration == NULL || qmp_migration_get_finished (migration))
    return NULL;
  return g_strdup_printf (_("migration %d %%"), (int) (qmp_migration_get_fraction (migration) * 100));
}

static char *
dup_work (const TopRow *row)
{
  QmpMachine *machine = qmp_machine_entry_get_machine (row->entry);
  GListModel *jobs = qmp_machine_get_jobs (machine);
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *all = NULL;
  char *migration = describe_migration (machine);

  if (migration != NULL)
    g_ptr_array_add (words, migration);
  for (guint i = 0; i < g_list_model_get_n_items (jobs); i++)
    {
      g_autoptr(QmpJob) job = g_list_model_get_item (jobs, i);

      if (!qmp_job_get_finished (job))
        g_ptr_array_add (words, g_strdup_printf ("%s %d %%", qmp_job_get_id (job), (int) (qmp_job_get_fraction (job) * 100)));
    }
  g_ptr_array_add (words, NULL);
  all = g_strjoinv (", ", (char **) words->pdata);
  return tool_print_harmless_line (all);
}

/* --- cells --- */

char *
top_row_dup_text (const TopRow *row,
                  TopColumn     column)
{
  const TopRates *rates = &row->sample.rates;
  int pid = top_row_get_pid (row);

  switch (column)
    {
    case TOP_COLUMN_NAME:
      return tool_print_harmless_line (qmp_machine_entry_get_title (row->entry));
    case TOP_COLUMN_PID:
      return pid > 0 ? g_strdup_printf ("%d", pid) : g_strdup ("");
    case TOP_COLUMN_STATUS:
      return dup_status (row);
    case TOP_COLUMN_CPU:
      return format_load (row->sample.load);
    case TOP_COLUMN_VCPU:
      return format_load (row->sample.threads_load);
    case TOP_COLUMN_READ:
      return format_rate (row, rates->read_bytes);
    case TOP_COLUMN_WRITE:
      return format_rate (row, rates->write_bytes);
    case TOP_COLUMN_READ_OPERATIONS:
      return format_rate (row, rates->read_operations);
    case TOP_COLUMN_WRITE_OPERATIONS:
      return format_rate (row, rates->write_operations);
    case TOP_COLUMN_WORK:
    case TOP_N_COLUMNS:
    default:
      return dup_work (row);
    }
}

static double
get_number (const TopRow *row,
            TopColumn     column)
{
  switch (column)
    {
    case TOP_COLUMN_CPU:
      return row->sample.load;
    case TOP_COLUMN_READ:
      return row->sample.has_rates ? row->sample.rates.read_bytes : -1;
    case TOP_COLUMN_WRITE:
      return row->sample.has_rates ? row->sample.rates.write_bytes : -1;
    default:
      return 0;
    }
}

static int
compare_texts (const TopRow *row,
               const TopRow *other,
               TopColumn     column)
{
  g_autofree char *text = top_row_dup_text (row, column);
  g_autofree char *other_text = top_row_dup_text (other, column);

  return g_utf8_collate (text, other_text);
}

int
top_row_compare (const TopRow *row,
                 const TopRow *other,
                 TopColumn     column)
{
  double a = get_number (row, column), b = get_number (other, column);
  int order = 0;

  if (a != b)
    return a > b ? -1 : 1;
  if (column == TOP_COLUMN_STATUS)
    order = compare_texts (row, other, TOP_COLUMN_STATUS);
  return order != 0 ? order : compare_texts (row, other, TOP_COLUMN_NAME);
}

/* --- as JSON --- */

/* Two digits behind the point are enough. */
static void
add_number (JsonBuilder *builder,
            const char  *name,
            double       number)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_double_value (builder, (gint64) (number * 100 + 0.5) / 100.0);
}

static void
add_sample (JsonBuilder     *builder,
            const TopSample *sample)
{
  if (sample->load >= 0)
    add_number (builder, "cpu", sample->load);
  if (sample->threads_load >= 0)
    add_number (builder, "vcpu", sample->threads_load);
  if (sample->n_threads > 0)
    tool_json_add_int (builder, "vcpus", sample->n_threads);
  if (!sample->has_rates)
    return;
  add_number (builder, "read-bytes", sample->rates.read_bytes);
  add_number (builder, "write-bytes", sample->rates.write_bytes);
  add_number (builder, "read-operations", sample->rates.read_operations);
  add_number (builder, "write-operations", sample->rates.write_operations);
}

static void
add_jobs (JsonBuilder *builder,
          GListModel  *jobs)
{
  json_builder_set_member_name (builder, "jobs");
  json_builder_begin_array (builder);
  for (guint i = 0; i < g_list_model_get_n_items (jobs); i++)
    {
      g_autoptr(QmpJob) job = g_list_model_get_item (jobs, i);

      json_builder_begin_object (builder);
      tool_json_add_text (builder, "id", qmp_job_get_id (job));
      tool_json_add_text (builder, "type", qmp_job_get_job_type (job));
      tool_json_add_text (builder, "status", qmp_job_get_status_name (job));
      tool_json_add_int (builder, "current-progress", qmp_job_get_current (job));
      tool_json_add_int (builder, "total-progress", qmp_job_get_total (job));
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static void
add_migration (JsonBuilder  *builder,
               QmpMigration *migration)
{
  if (migration == NULL)
    return;
  json_builder_set_member_name (builder, "migration");
  json_builder_begin_object (builder);
  tool_json_add_text (builder, "status", qmp_migration_get_status_name (migration));
  tool_json_add_int (builder, "total", qmp_migration_get_total (migration));
  tool_json_add_int (builder, "remaining", qmp_migration_get_remaining (migration));
  json_builder_end_object (builder);
}

static void
add_machine (JsonBuilder *builder,
             QmpMachine  *machine)
{
  json_builder_set_member_name (builder, "connected");
  json_builder_add_boolean_value (builder, qmp_machine_get_connected (machine));
  if (!qmp_machine_get_connected (machine))
    return;
  tool_json_add_text (builder, "status", qmp_machine_get_status_name (machine));
  add_jobs (builder, qmp_machine_get_jobs (machine));
  add_migration (builder, qmp_machine_get_migration (machine));
}

char *
top_row_to_json (const TopRow *row)
{
  g_autoptr(JsonBuilder) builder = json_builder_new ();
  g_autoptr(JsonNode) root = NULL;
  const GError *error = qmp_machine_entry_get_error (row->entry);

  json_builder_begin_object (builder);
  tool_json_add_text (builder, "machine", qmp_machine_entry_get_title (row->entry));
  if (top_row_get_pid (row) > 0)
    tool_json_add_int (builder, "pid", top_row_get_pid (row));
  add_machine (builder, qmp_machine_entry_get_machine (row->entry));
  tool_json_add_text (builder, "error", error != NULL ? error->message : NULL);
  add_sample (builder, &row->sample);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}
