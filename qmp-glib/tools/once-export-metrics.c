/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "once-export.h"
#include "tool-json.h"
#include "tool-metrics.h"

/* The metrics of "qmp export". Those of one name stand together, so that each goes through all machines. Names and help are
 * for Prometheus, and not translated. */

/* Names are the server's to choose: those beyond are counted together. */
#define MAX_EVENTS 256
#define OTHER_EVENTS "other"

/* --- a machine --- */

ExportMachine *
export_machine_new (QmpMachineEntry *entry)
{
  ExportMachine *self = g_new0 (ExportMachine, 1);

  self->n_refs = 1;
  self->entry = g_object_ref (entry);
  self->events = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

ExportMachine *
export_machine_ref (ExportMachine *self)
{
  self->n_refs++;
  return self;
}

void
export_machine_unref (ExportMachine *self)
{
  if (--self->n_refs > 0)
    return;
  g_object_unref (self->entry);
  g_hash_table_unref (self->events);
  g_clear_pointer (&self->blocks, json_node_unref);
  g_free (self);
}

void
export_machine_count (ExportMachine *self,
                      const char    *event)
{
  guint64 *count = g_hash_table_lookup (self->events, event);

  if (count == NULL && g_hash_table_size (self->events) >= MAX_EVENTS)
    {
      event = OTHER_EVENTS;
      count = g_hash_table_lookup (self->events, event);
    }
  if (count == NULL)
    {
      count = g_new0 (guint64, 1);
      g_hash_table_insert (self->events, g_strdup (event), count);
    }
  (*count)++;
}

static const char *
get_title (ExportMachine *self)
{
  return qmp_machine_entry_get_title (self->entry);
}

static QmpMachine *
get_machine (ExportMachine *self)
{
  return qmp_machine_entry_get_machine (self->entry);
}

/* --- the machines --- */

static void
add_up (GString       *out,
        const char    *name,
        ExportMachine *machine)
{
  gboolean up = qmp_machine_get_connected (get_machine (machine)) && qmp_machine_entry_get_error (machine->entry) == NULL;

  tool_metrics_add (out, name, up, "machine", get_title (machine), NULL);
}

static void
add_running (GString       *out,
             const char    *name,
             ExportMachine *machine)
{
  tool_metrics_add (out, name, qmp_machine_get_running (get_machine (machine)), "machine", get_title (machine), NULL);
}

static void
add_status (GString       *out,
            const char    *name,
            ExportMachine *machine)
{
  const char *status = qmp_machine_get_status_name (get_machine (machine));

  if (status != NULL)
    tool_metrics_add (out, name, 1, "machine", get_title (machine), "status", status, NULL);
}

static void
add_info (GString       *out,
          const char    *name,
          ExportMachine *machine)
{
  QmpMachine *vm = get_machine (machine);

  tool_metrics_add (out, name, 1, "machine", get_title (machine), "name", qmp_machine_get_name (vm), "uuid",
                    qmp_machine_get_uuid (vm), NULL);
}

static void
add_events (GString       *out,
            const char    *name,
            ExportMachine *machine)
{
  GHashTableIter iter;
  gpointer event, count;

  g_hash_table_iter_init (&iter, machine->events);
  while (g_hash_table_iter_next (&iter, &event, &count))
    tool_metrics_add (out, name, *(guint64 *) count, "machine", get_title (machine), "event", event, NULL);
}

static void
add_job_progress (GString       *out,
                  const char    *name,
                  ExportMachine *machine)
{
  GListModel *jobs = qmp_machine_get_jobs (get_machine (machine));

  for (guint i = 0; i < g_list_model_get_n_items (jobs); i++)
    {
      g_autoptr(QmpJob) job = g_list_model_get_item (jobs, i);

      tool_metrics_add (out, name, qmp_job_get_fraction (job), "machine", get_title (machine), "job", qmp_job_get_id (job),
                        "type", qmp_job_get_job_type (job), "status", qmp_job_get_status_name (job), NULL);
    }
}

/* --- their disks --- */

/* What a device is called: by QEMU's older name for it, or the device's in the guest, or the node's. */
static const char *
get_device (JsonNode *block)
{
  static const char * const members[] = { "device", "qdev", "node-name" };

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    if (*tool_json_get_string (block, members[i]) != '\0')
      return tool_json_get_string (block, members[i]);
  return NULL;
}

/* Of a name that comes twice the first counts: Prometheus takes no other. */
static void
add_blocks (GString       *out,
            const char    *name,
            ExportMachine *machine,
            const char    *member)
{
  g_autoptr(GHashTable) told = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < tool_json_get_length (machine->blocks); i++)
    {
      JsonNode *block = tool_json_get_element (machine->blocks, i);
      const char *device = get_device (block);

      if (device != NULL && g_hash_table_add (told, (gpointer) device))
        tool_metrics_add (out, name, tool_json_get_int (tool_json_get_member (block, "stats"), member), "machine",
                          get_title (machine), "device", device, NULL);
    }
}

/* --- all of them --- */

typedef struct {
  const char  *name;
  const char  *type;
  const char  *help;
  void       (*add)   (GString       *out,
                       const char    *name,
                       ExportMachine *machine);
  const char  *member;  /* of a disk's numbers; instead of add */
} Metric;

static const Metric metrics[] = {
  { "qmp_machine_up", "gauge", "Whether the machine answers over its monitor.", add_up },
  { "qmp_machine_running", "gauge", "Whether the guest runs.", add_running },
  { "qmp_machine_status", "gauge", "The status of the machine, in QEMU's word, with the value 1.", add_status },
  { "qmp_machine_info", "gauge", "The name and the UUID of the machine, with the value 1.", add_info },
  { "qmp_events_total", "counter", "Events that have come.", add_events },
  { "qmp_job_progress_ratio", "gauge", "How much of a job is done, from 0 to 1.", add_job_progress },
  { "qmp_block_read_bytes_total", "counter", "Bytes read from a disk.", NULL, "rd_bytes" },
  { "qmp_block_written_bytes_total", "counter", "Bytes written to a disk.", NULL, "wr_bytes" },
  { "qmp_block_reads_total", "counter", "Operations that read from a disk.", NULL, "rd_operations" },
  { "qmp_block_writes_total", "counter", "Operations that write to a disk.", NULL, "wr_operations" },
  { "qmp_block_flushes_total", "counter", "Flushes of a disk.", NULL, "flush_operations" },
  { "qmp_block_failed_reads_total", "counter", "Operations that have failed to read from a disk.", NULL, "failed_rd_operations" },
  { "qmp_block_failed_writes_total", "counter", "Operations that have failed to write to a disk.", NULL, "failed_wr_operations" },
};

char *
export_metrics_write (GPtrArray *machines)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (metrics); i++)
    {
      const Metric *metric = &metrics[i];

      tool_metrics_begin (out, metric->name, metric->type, metric->help);
      for (guint j = 0; j < machines->len; j++)
        if (metric->add != NULL)
          metric->add (out, metric->name, machines->pdata[j]);
        else
          add_blocks (out, metric->name, machines->pdata[j], metric->member);
    }
  return g_string_free (out, FALSE);
}

/* --- what is asked --- */

/* One that does not answer by then is told of without its numbers. */
#define PATIENCE_SECONDS 2

struct _ExportScrapes {
  GPtrArray      *machines;  /* borrowed */
  ExportDoneFunc  done;
  gpointer        owner;     /* borrowed */
  GQueue          waiting;   /* who asks */
  guint           n_asked;   /* machines, of this round */
  guint           round;     /* its number: an answer to an older one is kept, and not waited for */
  guint           timer;     /* 0: nobody asks */
  guint           n_refs;
  gboolean        over;
};

typedef struct {
  ExportScrapes *scrapes;  /* owned */
  ExportMachine *machine;  /* owned */
  guint          round;
} Query;

static void
scrapes_unref (ExportScrapes *self)
{
  if (--self->n_refs == 0)
    g_free (self);
}

static void
end_round (ExportScrapes *self)
{
  gpointer who;

  g_clear_handle_id (&self->timer, g_source_remove);
  self->round++;
  while ((who = g_queue_pop_head (&self->waiting)) != NULL)
    self->done (self->owner, who);
}

static void
answered_cb (GObject      *client,
             GAsyncResult *result,
             gpointer      user_data)
{
  Query *query = user_data;
  ExportScrapes *self = query->scrapes;
  JsonNode *blocks = qmp_client_execute_finish (QMP_CLIENT (client), result, NULL);

  query->machine->n_asked--;
  g_clear_pointer (&query->machine->blocks, json_node_unref);
  query->machine->blocks = blocks;
  if (!self->over && query->round == self->round && --self->n_asked == 0)
    end_round (self);
  export_machine_unref (query->machine);
  scrapes_unref (self);
  g_free (query);
}

static gboolean
late_cb (gpointer user_data)
{
  ExportScrapes *self = user_data;

  self->timer = 0;
  end_round (self);
  return G_SOURCE_REMOVE;
}

static void
ask (ExportScrapes *self,
     ExportMachine *machine)
{
  Query *query;

  /* What was known before is not told again. */
  g_clear_pointer (&machine->blocks, json_node_unref);
  if (machine->n_asked > 0 || !qmp_machine_get_connected (get_machine (machine)))
    return;
  query = g_new (Query, 1);
  *query = (Query) { self, export_machine_ref (machine), self->round };
  self->n_refs++;
  self->n_asked++;
  machine->n_asked++;
  qmp_client_execute_async (qmp_machine_get_client (get_machine (machine)), "query-blockstats", NULL, NULL, answered_cb, query);
}

static void
begin_round (ExportScrapes *self)
{
  self->n_asked = 0;
  for (guint i = 0; i < self->machines->len; i++)
    ask (self, self->machines->pdata[i]);
  self->timer = self->n_asked > 0 ? g_timeout_add_seconds (PATIENCE_SECONDS, late_cb, self) : g_idle_add (late_cb, self);
}

ExportScrapes *
export_scrapes_new (GPtrArray      *machines,
                    ExportDoneFunc  done,
                    gpointer        owner)
{
  ExportScrapes *self = g_new0 (ExportScrapes, 1);

  self->machines = machines;
  self->done = done;
  self->owner = owner;
  self->n_refs = 1;
  return self;
}

void
export_scrapes_free (ExportScrapes *self)
{
  self->over = TRUE;
  g_clear_handle_id (&self->timer, g_source_remove);
  g_queue_clear (&self->waiting);
  scrapes_unref (self);
}

void
export_scrapes_ask (ExportScrapes *self,
                    gpointer       who)
{
  g_queue_push_tail (&self->waiting, who);
  if (self->timer == 0)
    begin_round (self);
}
