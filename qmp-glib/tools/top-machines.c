/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "top-machines.h"

/* After so long without an answer it is said. */
#define STALL_MILLISECONDS 3000

typedef struct {
  TopMachines     *machines;   /* borrowed */
  QmpMachineEntry *entry;
  TopSampler      *sampler;
} Member;

struct _TopMachines {
  QmpMachineList *list;
  GPtrArray      *members;     /* of Member, as in the list */
  TopLog         *log;
  guint           interval;
  void         (* changed) (gpointer owner);
  gpointer        owner;
};

static void
tell (TopMachines *self)
{
  self->changed (self->owner);
}

static void
event_cb (QmpClient *client,
          QmpEvent  *event,
          Member    *member)
{
  g_autofree char *data = qmp_message_dup_member_text (QMP_MESSAGE (event), "data");

  top_log_add (member->machines->log, qmp_machine_entry_get_title (member->entry), qmp_event_get_name (event), data);
  tell (member->machines);
}

static Member *
member_new (TopMachines     *self,
            QmpMachineEntry *entry)
{
  QmpMachine *machine = qmp_machine_entry_get_machine (entry);
  QmpClient *client = qmp_machine_get_client (machine);
  Member *member = g_new0 (Member, 1);

  member->machines = self;
  member->entry = g_object_ref (entry);
  member->sampler = top_sampler_new (machine, (void (*) (gpointer)) tell, self);
  /* What waits is shown; another command would only wait behind it. */
  qmp_client_set_timeout (client, QMP_TIMEOUT_NONE);
  qmp_client_set_stall_time (client, STALL_MILLISECONDS);
  qmp_machine_set_progress_interval (machine, MAX (1, self->interval));
  g_signal_connect_swapped (entry, "notify", G_CALLBACK (tell), self);
  g_signal_connect_swapped (machine, "notify", G_CALLBACK (tell), self);
  g_signal_connect_swapped (qmp_machine_get_jobs (machine), "items-changed", G_CALLBACK (tell), self);
  g_signal_connect (client, "event", G_CALLBACK (event_cb), member);
  return member;
}

static void
member_free (gpointer data)
{
  Member *member = data;
  QmpMachine *machine = qmp_machine_entry_get_machine (member->entry);

  g_signal_handlers_disconnect_by_data (member->entry, member->machines);
  g_signal_handlers_disconnect_by_data (machine, member->machines);
  g_signal_handlers_disconnect_by_data (qmp_machine_get_jobs (machine), member->machines);
  g_signal_handlers_disconnect_by_data (qmp_machine_get_client (machine), member);
  top_sampler_free (member->sampler);
  g_object_unref (member->entry);
  g_free (member);
}

static void
items_cb (GListModel  *list,
          guint        position,
          guint        n_removed,
          guint        n_added,
          TopMachines *self)
{
  if (n_removed > 0)
    g_ptr_array_remove_range (self->members, position, n_removed);
  for (guint i = position; i < position + n_added; i++)
    {
      g_autoptr(QmpMachineEntry) entry = g_list_model_get_item (list, i);

      g_ptr_array_insert (self->members, (int) i, member_new (self, entry));
    }
  tell (self);
}

TopMachines *
top_machines_new (guint      interval,
                  void    (* changed) (gpointer owner),
                  gpointer   owner)
{
  TopMachines *self = g_new0 (TopMachines, 1);

  self->interval = interval;
  self->changed = changed;
  self->owner = owner;
  self->log = top_log_new ();
  self->members = g_ptr_array_new_with_free_func (member_free);
  self->list = qmp_machine_list_new ();
  g_signal_connect (self->list, "items-changed", G_CALLBACK (items_cb), self);
  return self;
}

void
top_machines_free (TopMachines *self)
{
  g_signal_handlers_disconnect_by_data (self->list, self);
  g_ptr_array_unref (self->members);
  g_object_unref (self->list);
  top_log_free (self->log);
  g_free (self);
}

gboolean
top_machines_add (TopMachines         *self,
                  Once                *once,
                  gboolean             waits,
                  GError             **error)
{
  return once_add_machines (once, self->list, waits, error);
}

void
top_machines_tick (TopMachines *self)
{
  for (guint i = 0; i < self->members->len; i++)
    {
      Member *member = self->members->pdata[i];
      TopRow row = { member->entry };

      top_sampler_tick (member->sampler, top_row_get_pid (&row));
    }
  tell (self);
}

GArray *
top_machines_list (TopMachines *self)
{
  GArray *rows = g_array_new (FALSE, FALSE, sizeof (TopRow));

  for (guint i = 0; i < self->members->len; i++)
    {
      Member *member = self->members->pdata[i];
      TopRow row = { member->entry, *top_sampler_get (member->sampler) };

      g_array_append_val (rows, row);
    }
  return rows;
}

TopLog *
top_machines_get_log (TopMachines *self)
{
  return self->log;
}

gboolean
top_machines_is_settled (TopMachines *self)
{
  for (guint i = 0; i < self->members->len; i++)
    {
      Member *member = self->members->pdata[i];

      if (qmp_machine_entry_get_error (member->entry) == NULL &&
          (!qmp_machine_get_connected (qmp_machine_entry_get_machine (member->entry)) ||
           top_sampler_is_busy (member->sampler)))
        return FALSE;
    }
  return TRUE;
}
