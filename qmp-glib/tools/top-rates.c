/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "top-rates.h"

#include "tool-json.h"

enum { READ_BYTES, WRITE_BYTES, READ_OPERATIONS, WRITE_OPERATIONS, N_COUNTS };

typedef struct {
  gint64 counts[N_COUNTS];
} Device;

struct _TopBlocks {
  GHashTable *devices;   /* Device by name; nullable: nothing has been seen */
  gint64      time;      /* of that */
};

TopBlocks *
top_blocks_new (void)
{
  return g_new0 (TopBlocks, 1);
}

void
top_blocks_free (TopBlocks *self)
{
  top_blocks_forget (self);
  g_free (self);
}

void
top_blocks_forget (TopBlocks *self)
{
  g_clear_pointer (&self->devices, g_hash_table_unref);
}

/* What makes it the same again: one of them is there. */
static char *
dup_name (JsonNode *entry)
{
  return g_strdup_printf ("%s\n%s\n%s", tool_json_get_string (entry, "device"), tool_json_get_string (entry, "qdev"),
                          tool_json_get_string (entry, "node-name"));
}

static Device *
read_device (JsonNode *entry)
{
  static const char * const names[N_COUNTS] = { "rd_bytes", "wr_bytes", "rd_operations", "wr_operations" };
  JsonNode *stats = tool_json_get_member (entry, "stats");
  Device *device = g_new (Device, 1);

  for (guint i = 0; i < N_COUNTS; i++)
    device->counts[i] = tool_json_get_int (stats, names[i]);
  return device;
}

static GHashTable *
read_devices (JsonNode *stats)
{
  GHashTable *devices = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (guint i = 0; i < tool_json_get_length (stats); i++)
    {
      JsonNode *entry = tool_json_get_element (stats, i);

      g_hash_table_replace (devices, dup_name (entry), read_device (entry));
    }
  return devices;
}

/* What has become more since then, of all devices. */
static double
count (GHashTable *before,
       GHashTable *devices,
       guint       i)
{
  GHashTableIter iter;
  gpointer name;
  Device *device;
  double sum = 0;

  g_hash_table_iter_init (&iter, devices);
  while (g_hash_table_iter_next (&iter, &name, (gpointer *) &device))
    {
      Device *old = g_hash_table_lookup (before, name);

      if (old != NULL && device->counts[i] > old->counts[i])
        sum += (double) device->counts[i] - (double) old->counts[i];
    }
  return sum;
}

gboolean
top_blocks_take (TopBlocks *self,
                 JsonNode  *stats,
                 gint64     time,
                 TopRates  *rates)
{
  g_autoptr(GHashTable) before = g_steal_pointer (&self->devices);
  GHashTable *devices = self->devices = read_devices (stats);
  double seconds = (double) (time - self->time) / G_USEC_PER_SEC;

  self->time = time;
  if (before == NULL || seconds <= 0)
    return FALSE;
  *rates = (TopRates) {
    count (before, devices, READ_BYTES) / seconds, count (before, devices, WRITE_BYTES) / seconds,
    count (before, devices, READ_OPERATIONS) / seconds, count (before, devices, WRITE_OPERATIONS) / seconds,
  };
  return TRUE;
}
