/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mock/qmp-tiny-private.h"

#include "mock/qmp-tiny-jobs-private.h"
#include "mock/qmp-tiny-schema-private.h"
#include "mock/qmp-tiny-value-private.h"

/* The size of a node that nobody has said. */
#define SOME_LENGTH (1024 * 1024)

struct _QmpTiny {
  const QmpTinyFuncs *funcs;
  gpointer            owner;   /* borrowed */
  const char         *status;
  char               *uuid;
  GHashTable         *nodes;   /* of block nodes that were added: name to gint64, their size */
  QmpTinyJobs        *jobs;
};

static void
emit (QmpTiny    *self,
      const char *name,
      JsonObject *data)
{
  g_autoptr(JsonNode) node = NULL;

  if (data != NULL)
    {
      node = json_node_init_object (json_node_alloc (), data);
      json_object_unref (data);
    }
  self->funcs->emit (self->owner, name, node);
}

static gboolean
has_status (QmpTiny    *self,
            const char *status)
{
  return g_str_equal (self->status, status);
}

/* --- who it is --- */

static void
query_status (QmpTiny       *self,
              QmpInvocation *invocation)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "status", self->status);
  json_object_set_boolean_member (object, "running", has_status (self, "running"));
  qmp_tiny_return_object (invocation, object);
}

static void
query_name (QmpTiny       *self,
            QmpInvocation *invocation)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", "mock");
  qmp_tiny_return_object (invocation, object);
}

static void
query_uuid (QmpTiny       *self,
            QmpInvocation *invocation)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "UUID", self->uuid);
  qmp_tiny_return_object (invocation, object);
}

static void
query_version (QmpTiny       *self,
               QmpInvocation *invocation)
{
  qmp_invocation_return_text (invocation, "{\"qemu\": {\"micro\": 0, \"minor\": 2, \"major\": 7}, \"package\": \"\"}", NULL);
}

static void
query_commands (QmpTiny       *self,
                QmpInvocation *invocation)
{
  qmp_tiny_return_array (invocation, qmp_tiny_schema_list_commands ());
}

static void
query_schema (QmpTiny       *self,
              QmpInvocation *invocation)
{
  g_autofree char *text = qmp_tiny_schema_dup_text ();

  qmp_invocation_return_text (invocation, text, NULL);
}

/* Of what a machine without disks and migrations has none. */
static void
query_nothing (QmpTiny       *self,
               QmpInvocation *invocation)
{
  qmp_tiny_return_array (invocation, json_array_new ());
}

static void
do_nothing (QmpTiny       *self,
            QmpInvocation *invocation)
{
  qmp_tiny_return_nothing (invocation);
}

/* --- whether it runs --- */

/* One that is stopped keeps the reason. */
static void
stop (QmpTiny       *self,
      QmpInvocation *invocation)
{
  if (has_status (self, "running"))
    {
      self->status = "paused";
      emit (self, "STOP", NULL);
    }
  qmp_tiny_return_nothing (invocation);
}

static void
cont (QmpTiny       *self,
      QmpInvocation *invocation)
{
  if (!has_status (self, "running"))
    {
      self->status = "running";
      emit (self, "RESUME", NULL);
    }
  qmp_tiny_return_nothing (invocation);
}

static JsonObject *
new_reason (const char *reason)
{
  JsonObject *data = json_object_new ();

  json_object_set_boolean_member (data, "guest", FALSE);
  json_object_set_string_member (data, "reason", reason);
  return data;
}

static void
reset (QmpTiny       *self,
       QmpInvocation *invocation)
{
  if (!has_status (self, "running"))
    self->status = "prelaunch";
  emit (self, "RESET", new_reason ("host-qmp-system-reset"));
  qmp_tiny_return_nothing (invocation);
}

/* It proves nothing: no guest is there that could hear it. */
static void
power_down (QmpTiny       *self,
            QmpInvocation *invocation)
{
  emit (self, "POWERDOWN", NULL);
  qmp_tiny_return_nothing (invocation);
}

static void
wake_up (QmpTiny       *self,
         QmpInvocation *invocation)
{
  qmp_tiny_refuse (invocation, "GenericError", "Unable to wake up: guest is not in suspended state");
}

static void
quit (QmpTiny       *self,
      QmpInvocation *invocation)
{
  emit (self, "SHUTDOWN", new_reason ("host-qmp-quit"));
  qmp_tiny_jobs_cancel_all (self->jobs);
  qmp_tiny_return_nothing (invocation);
  self->funcs->quit (self->owner);
}

/* --- block nodes --- */

static void
add_node (QmpTiny       *self,
          QmpInvocation *invocation)
{
  const char *name = qmp_tiny_get_string (invocation, "node-name");

  if (name == NULL)
    {
      qmp_tiny_refuse (invocation, "GenericError", "'node-name' must be specified for the root node");
      return;
    }
  if (g_hash_table_contains (self->nodes, name))
    {
      qmp_tiny_refuse (invocation, "GenericError", "Duplicate nodes with node-name='%s'", name);
      return;
    }
  g_hash_table_insert (self->nodes, g_strdup (name),
                       g_memdup2 (&(gint64) { qmp_tiny_get_int (invocation, "size", SOME_LENGTH) }, sizeof (gint64)));
  qmp_tiny_return_nothing (invocation);
}

static void
delete_node (QmpTiny       *self,
             QmpInvocation *invocation)
{
  const char *name = qmp_tiny_get_string (invocation, "node-name");

  if (name == NULL)
    qmp_tiny_refuse (invocation, "GenericError", "Parameter 'node-name' is missing");
  else if (!g_hash_table_remove (self->nodes, name))
    qmp_tiny_refuse (invocation, "GenericError", "Failed to find node with node-name='%s'", name);
  else
    qmp_tiny_return_nothing (invocation);
}

/* --- what it can do --- */

static const struct {
  const char  *command;
  void      (* func) (QmpTiny       *self,
                      QmpInvocation *invocation);
} commands[] = {
  { "query-status", query_status },
  { "query-name", query_name },
  { "query-uuid", query_uuid },
  { "query-version", query_version },
  { "query-commands", query_commands },
  { "query-qmp-schema", query_schema },
  { "query-block", query_nothing },
  { "query-migrate", do_nothing },
  { "migrate-set-capabilities", do_nothing },
  { "stop", stop },
  { "cont", cont },
  { "system_reset", reset },
  { "system_powerdown", power_down },
  { "system_wakeup", wake_up },
  { "quit", quit },
  { "blockdev-add", add_node },
  { "blockdev-del", delete_node },
};

gboolean
qmp_tiny_answer (QmpTiny       *self,
                 QmpInvocation *invocation)
{
  const char *command = qmp_invocation_get_command (invocation);

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (commands[i].command, command))
      {
        commands[i].func (self, invocation);
        return TRUE;
      }
  return qmp_tiny_jobs_answer (self->jobs, invocation);
}

void
qmp_tiny_fail_job (QmpTiny       *self,
                   QmpInvocation *invocation,
                   const char    *desc)
{
  qmp_tiny_jobs_fail (self->jobs, invocation, desc);
}

/* --- for its jobs --- */

static void
emit_cb (gpointer    owner,
         const char *name,
         JsonObject *data)
{
  emit (owner, name, data);
}

static gboolean
runs_cb (gpointer owner)
{
  return has_status (owner, "running");
}

static gint64
length_cb (gpointer    owner,
           const char *node)
{
  QmpTiny *self = owner;
  gint64 *length = g_hash_table_lookup (self->nodes, node);

  return length != NULL ? *length : -1;
}

static const QmpTinyJobsFuncs jobs_funcs = { emit_cb, runs_cb, length_cb };

/* --- the machine --- */

QmpTiny *
qmp_tiny_new (const QmpTinyFuncs *funcs,
              gpointer            owner)
{
  QmpTiny *self = g_new0 (QmpTiny, 1);

  self->funcs = funcs;
  self->owner = owner;
  self->status = "running";
  self->uuid = g_uuid_string_random ();
  self->nodes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->jobs = qmp_tiny_jobs_new (&jobs_funcs, self);
  return self;
}

void
qmp_tiny_free (QmpTiny *self)
{
  qmp_tiny_jobs_free (self->jobs);
  g_hash_table_unref (self->nodes);
  g_free (self->uuid);
  g_free (self);
}
