/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>
#include <string.h>

#include "test-server.h"
#include "test-utils.h"

/* --- facts --- */

/* What the QAPI sources of QEMU 7.2 say, read from qapi/ of Debian's source package by QEMU's own parser. */
static const struct {
  const char *command;
  const char *arguments;
  const char *result;
  const char *features;
  gboolean    out_of_band;
} facts[] = {
  { "query-status", "", "object", "", FALSE },
  { "set-action",
    "*reboot:enum(reset,shutdown) *shutdown:enum(poweroff,pause) "
    "*panic:enum(pause,shutdown,exit-failure,none) "
    "*watchdog:enum(reset,shutdown,poweroff,pause,debug,none,inject-nmi)",
    "object", "", FALSE },
  { "blockdev-snapshot-sync",
    "*device:string *node-name:string snapshot-file:string *snapshot-node-name:string *format:string "
    "*mode:enum(existing,absolute-paths)",
    "object", "", FALSE },
  { "change-backing-file",
    "device:string image-node-name:string backing-file:string",
    "object", "", FALSE },
  { "block-commit",
    "*job-id:string device:string *base-node:string *base:string *top-node:string *top:string "
    "*backing-file:string *speed:int *on-error:enum(report,ignore,enospc,stop,auto) "
    "*filter-node-name:string *auto-finalize:boolean *auto-dismiss:boolean",
    "object", "", FALSE },
  { "query-named-block-nodes", "*flat:boolean", "list(object)", "", FALSE },
  { "x-debug-query-block-graph", "", "object", "unstable", FALSE },
  { "drive-mirror",
    "*job-id:string device:string target:string *format:string *node-name:string *replaces:string "
    "sync:enum(top,full,none,incremental,bitmap) *mode:enum(existing,absolute-paths) *speed:int "
    "*granularity:int *buf-size:int *on-source-error:enum(report,ignore,enospc,stop,auto) "
    "*on-target-error:enum(report,ignore,enospc,stop,auto) *unmap:boolean "
    "*copy-mode:enum(background,write-blocking) *auto-finalize:boolean *auto-dismiss:boolean",
    "object", "", FALSE },
  { "block-dirty-bitmap-add",
    "node:string name:string *granularity:int *persistent:boolean *disabled:boolean",
    "object", "", FALSE },
  { "blockdev-reopen", "options:list(object)", "object", "", FALSE },
  { "blockdev-create", "job-id:string options:object", "object", "", FALSE },
  { "nbd-server-start",
    "addr:object *tls-creds:string *tls-authz:string *max-connections:int",
    "object", "", FALSE },
  { "dump-guest-memory",
    "paging:boolean protocol:string *detach:boolean *begin:int *length:int "
    "*format:enum(elf,kdump-zlib,kdump-lzo,kdump-snappy,win-dmp)",
    "object", "", FALSE },
  { "announce-self",
    "initial:int max:int rounds:int step:int *interfaces:list(string) *id:string",
    "object", "", FALSE },
  { "set_password",
    "protocol:enum(vnc,spice) password:string *connected:enum(keep,fail,disconnect) +protocol",
    "object", "", FALSE },
  { "screendump",
    "filename:string *device:string *head:int *format:enum(ppm,png)",
    "object", "", FALSE },
  { "send-key", "keys:list(object) *hold-time:int", "object", "", FALSE },
  { "input-send-event", "*device:string *head:int events:list(object)", "object", "", FALSE },
  { "migrate",
    "uri:string *blk:boolean *inc:boolean *detach:boolean *resume:boolean",
    "object", "", FALSE },
  { "migrate-pause", "", "object", "", TRUE },
  { "calc-dirty-rate",
    "calc-time:int *sample-pages:int *mode:enum(page-sampling,dirty-ring,dirty-bitmap)",
    "object", "", FALSE },
  { "transaction", "actions:list(object) *properties:object", "object", "", FALSE },
  { "qmp_capabilities", "*enable:list(enum(oob))", "object", "", FALSE },
  { "qom-get", "path:string property:string", "value", "", FALSE },
  { "qom-set", "path:string property:string value:value", "object", "", FALSE },
  { "device_add",
    "driver:string *bus:string *id:string",
    "object", "json-cli,json-cli-hotplug", FALSE },
  { "yank", "instances:list(object)", "object", "", TRUE },
  { "stop", "", "object", "", FALSE },
  { "human-monitor-command",
    "command-line:string *cpu-index:int",
    "string", "savevm-monitor-nodes", FALSE },
  { "add-fd", "*fdset-id:int *opaque:string", "object", "", FALSE },
};

static const char * const paths[] = {
  "block-commit/arg-type/base/$deprecated",
  "block-commit/arg-type/top/$deprecated",
  "eject/arg-type/*device/$deprecated",
  "transaction/arg-type/actions/type/^drive-backup/$deprecated",
  "query-sgx/ret-type/section-size/$deprecated",
  "blockdev-snapshot/$allow-write-only-overlay",
  "device_add/$json-cli-hotplug",
  "blockdev-add/arg-type/*node-name/!string",
  "blockdev-add/arg-type/*read-only/!boolean",
  "blockdev-add/arg-type/+nbd/server/+inet/host",
  "blockdev-add/arg-type/+nbd/*x-dirty-bitmap/$unstable",
  "blockdev-add/arg-type/+nbd/*reconnect-delay/!int",
  "blockdev-add/arg-type/+qcow2/*backing/!null",
  "blockdev-add/arg-type/+qcow2/backing/driver/^nbd",
  "blockdev-add/arg-type/+qcow2/file/!object",
  "blockdev-create/arg-type/options/+qcow2/*preallocation/^falloc",
  "object-add/arg-type/+throttle-group/limits/*iops-total",
  "query-block/ret-type/inserted/image/filename",
  "BLOCK_JOB_READY/arg-type/type/^mirror",
  "BLOCK_JOB_READY/arg-type/speed/!int",
  "netdev_add/arg-type/+socket/*listen",
  "migrate-pause/!allow-oob",
};

static const char * const no_paths[] = {
  "migrate/!allow-oob",
  "migrate/arg-type/*uri",
  "block-commit/arg-type/device/$deprecated",
  "blockdev-add/arg-type/*driver",
  "blockdev-add/arg-type/+nbd/*server",
  "blockdev-add/arg-type/+nbd/filename",
  "blockdev-add/arg-type/driver/^sheepdog",
  "blockdev-create/arg-type/options/+qcow2/preallocation/^fallok",
  "BLOCK_JOB_READY/ret-type",
  "change",
};

static char *describe_type (QmpSchemaType *type);

static int
compare_text (gconstpointer a,
              gconstpointer b)
{
  return strcmp (*(const char * const *) a, *(const char * const *) b);
}

static char *
describe_alternate (QmpSchemaType *type)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *joined = NULL;
  GList *types = qmp_schema_type_list_alternatives (type);

  for (GList *l = types; l != NULL; l = l->next)
    g_ptr_array_add (parts, describe_type (l->data));
  g_list_free_full (types, g_object_unref);
  g_ptr_array_sort (parts, compare_text);
  g_ptr_array_add (parts, NULL);
  joined = g_strjoinv (",", (char **) parts->pdata);
  return g_strdup_printf ("alternate(%s)", joined);
}

/* As the facts have it. */
static char *
describe_type (QmpSchemaType *type)
{
  g_auto (GStrv) values = qmp_schema_type_list_values (type);
  g_autoptr (QmpSchemaType) element = qmp_schema_type_ref_element_type (type);
  g_autofree char *text = NULL;

  switch (qmp_schema_type_get_kind (type))
    {
    case QMP_SCHEMA_KIND_ENUM:
      text = g_strjoinv (",", values);
      return g_strdup_printf ("enum(%s)", text);
    case QMP_SCHEMA_KIND_ARRAY:
      text = describe_type (element);
      return g_strdup_printf ("list(%s)", text);
    case QMP_SCHEMA_KIND_ALTERNATE:
      return describe_alternate (type);
    default:
      return g_strdup (qmp_schema_type_get_json_type (type));
    }
}

static char *
describe_arguments (QmpSchemaType *type)
{
  GString *text = g_string_new (NULL);
  GList *members = qmp_schema_type_list_members (type);

  for (GList *l = members; l != NULL; l = l->next)
    {
      g_autoptr (QmpSchemaType) value = qmp_schema_member_ref_value_type (l->data);
      g_autofree char *words = describe_type (value);

      g_string_append_printf (text, "%s%s%s:%s", l != members ? " " : "",
                              qmp_schema_member_is_optional (l->data) ? "*" : "", qmp_schema_member_get_name (l->data), words);
    }
  if (qmp_schema_type_get_tag (type) != NULL)
    g_string_append_printf (text, " +%s", qmp_schema_type_get_tag (type));
  g_list_free_full (members, g_object_unref);
  return g_string_free (text, FALSE);
}

static QmpSchema *
fetch (QmpClient *client)
{
  g_autoptr (GError) error = NULL;
  QmpSchema *schema = qmp_schema_fetch (client, NULL, &error);

  g_assert_no_error (error);
  return schema;
}

/* The facts are those of one version. */
static gboolean
is_version_of_facts (QmpClient *client)
{
  guint major, minor, micro;

  qmp_greeting_get_version (qmp_client_get_greeting (client), &major, &minor, &micro);
  return major == 7 && minor == 2;
}

static void
test_facts (void)
{
  TestServer *server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = test_server_open (server);
  g_autoptr (QmpSchema) schema = fetch (client);

  for (guint i = 0; is_version_of_facts (client) && i < G_N_ELEMENTS (facts); i++)
    {
      g_autoptr (QmpSchemaType) arguments = qmp_schema_ref_command_arguments (schema, facts[i].command);
      g_autoptr (QmpSchemaType) result = qmp_schema_ref_command_return (schema, facts[i].command);
      g_auto (GStrv) features = qmp_schema_list_features (schema, facts[i].command);
      g_autofree char *arguments_text = NULL;
      g_autofree char *result_text = NULL;
      g_autofree char *features_text = g_strjoinv (",", features);

      g_test_message ("%s", facts[i].command);
      g_assert_nonnull (arguments);
      arguments_text = describe_arguments (arguments);
      result_text = describe_type (result);
      g_assert_cmpstr (arguments_text, ==, facts[i].arguments);
      g_assert_cmpstr (result_text, ==, facts[i].result);
      g_assert_cmpstr (features_text, ==, facts[i].features);
      g_assert_cmpint (qmp_schema_allows_out_of_band (schema, facts[i].command), ==, facts[i].out_of_band);
    }
  test_server_close (server, client);
}

static void
test_fact_paths (void)
{
  TestServer *server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = test_server_open (server);
  g_autoptr (QmpSchema) schema = fetch (client);

  for (guint i = 0; is_version_of_facts (client) && i < G_N_ELEMENTS (paths); i++)
    {
      g_test_message ("%s", paths[i]);
      g_assert_true (qmp_schema_has_path (schema, paths[i]));
    }
  for (guint i = 0; is_version_of_facts (client) && i < G_N_ELEMENTS (no_paths); i++)
    {
      g_test_message ("not %s", no_paths[i]);
      g_assert_false (qmp_schema_has_path (schema, no_paths[i]));
    }
  test_server_close (server, client);
}

/* --- every type, each by a path --- */

typedef struct {
  QmpSchema *schema;
  GPtrArray *types;     /* of QmpSchemaType: those met */
  GPtrArray *paths;     /* to each of them */
  guint      n_steps;
} Tour;

/* Takes type and path. */
static void
note (Tour          *tour,
      QmpSchemaType *type,
      char          *path)
{
  for (guint i = 0; i < tour->types->len; i++)
    if (qmp_schema_type_equal (tour->types->pdata[i], type))
      {
        g_object_unref (type);
        g_free (path);
        return;
      }
  g_ptr_array_add (tour->types, type);
  g_ptr_array_add (tour->paths, path);
}

static void
assert_leads_to (Tour          *tour,
                 const char    *path,
                 QmpSchemaType *type)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpSchemaType) found = qmp_schema_find_type (tour->schema, path, &error);

  g_assert_no_error (error);
  g_assert_true (qmp_schema_type_equal (found, type));
}

static void
meet (Tour          *tour,
      QmpSchemaType *type,
      char          *path)
{
  g_autofree char *text = qmp_schema_type_describe (type);

  assert_leads_to (tour, path, type);
  g_assert_cmpuint (strlen (text), >, 0);
  tour->n_steps++;
  note (tour, type, path);
}

static void
go_on (Tour          *tour,
       QmpSchemaType *type,
       const char    *path)
{
  g_auto (GStrv) cases = qmp_schema_type_list_cases (type);
  g_auto (GStrv) values = qmp_schema_type_list_values (type);
  GList *members = qmp_schema_type_list_members (type);
  QmpSchemaType *element = qmp_schema_type_ref_element_type (type);

  for (GList *l = members; l != NULL; l = l->next)
    meet (tour, qmp_schema_member_ref_value_type (l->data),
          g_strdup_printf ("%s/%s%s", path, qmp_schema_member_is_optional (l->data) ? "*" : "",
                           qmp_schema_member_get_name (l->data)));
  for (guint i = 0; cases[i] != NULL; i++)
    meet (tour, qmp_schema_type_ref_variant (type, cases[i]), g_strdup_printf ("%s/+%s", path, cases[i]));
  for (guint i = 0; values[i] != NULL; i++)
    {
      g_autofree char *value = g_strdup_printf ("%s/^%s", path, values[i]);

      g_assert_true (qmp_schema_has_path (tour->schema, value));
    }
  if (element != NULL)
    meet (tour, element, g_strdup_printf ("%s/[]", path));
  g_list_free_full (members, g_object_unref);
}

/* An alternate's types have no step of their own: a test finds them, and the next step goes through. */
static void
go_through_alternate (Tour          *tour,
                      QmpSchemaType *type,
                      const char    *path)
{
  GList *types = qmp_schema_type_list_alternatives (type);

  for (GList *l = types; l != NULL; l = l->next)
    {
      g_autofree char *test = g_strdup_printf ("%s/!%s", path, qmp_schema_type_get_json_type (l->data));

      assert_leads_to (tour, test, l->data);
      note (tour, g_object_ref (l->data), g_strdup (path));
    }
  g_list_free_full (types, g_object_unref);
}

/* All strings below these members are names of types. */
static void
refer (JsonNode   *node,
       GHashTable *names)
{
  static const char * const keys[] = { "arg-type", "ret-type", "element-type", "members", "variants", "type", NULL };

  if (JSON_NODE_HOLDS_ARRAY (node))
    for (guint i = 0; i < json_array_get_length (json_node_get_array (node)); i++)
      refer (json_array_get_element (json_node_get_array (node), i), names);
  for (guint i = 0; JSON_NODE_HOLDS_OBJECT (node) && keys[i] != NULL; i++)
    if (json_object_has_member (json_node_get_object (node), keys[i]))
      refer (json_object_get_member (json_node_get_object (node), keys[i]), names);
  if (JSON_NODE_HOLDS_VALUE (node))
    g_hash_table_add (names, (char *) json_node_get_string (node));
}

static gboolean
is_referred_to (JsonObject *entry,
                GHashTable *names)
{
  const char *kind = json_object_get_string_member (entry, "meta-type");

  return g_str_equal (kind, "command") || g_str_equal (kind, "event") ||
         g_hash_table_contains (names, json_object_get_string_member (entry, "name"));
}

/* Counted in the server's own words. QEMU has types that nothing refers to, and QEMU 10 some that only these refer to;
 * all others have to be met. */
static guint
count_types (QmpClient *client)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = qmp_client_execute (client, "query-qmp-schema", NULL, NULL, &error);
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  JsonArray *array = json_node_get_array (node);
  guint n_known;

  g_assert_cmpuint (json_array_get_length (array), >, 400);
  do
    {
      n_known = g_hash_table_size (names);
      for (guint i = 0; i < json_array_get_length (array); i++)
        if (is_referred_to (json_array_get_object_element (array, i), names))
          refer (json_array_get_element (array, i), names);
    }
  while (g_hash_table_size (names) > n_known);
  return n_known;
}

static void
start_tour (Tour *tour)
{
  g_auto (GStrv) commands = qmp_schema_list_commands (tour->schema);
  g_auto (GStrv) events = qmp_schema_list_events (tour->schema);

  for (guint i = 0; commands[i] != NULL; i++)
    {
      meet (tour, qmp_schema_ref_command_arguments (tour->schema, commands[i]), g_strdup_printf ("%s/arg-type", commands[i]));
      meet (tour, qmp_schema_ref_command_return (tour->schema, commands[i]), g_strdup_printf ("%s/ret-type", commands[i]));
    }
  for (guint i = 0; events[i] != NULL; i++)
    meet (tour, qmp_schema_ref_event_data (tour->schema, events[i]), g_strdup_printf ("%s/arg-type", events[i]));
}

static void
test_tour (gconstpointer data)
{
  TestServer *server = test_server_new (GPOINTER_TO_INT (data));
  QmpClient *client = test_server_open (server);
  g_autoptr (QmpSchema) schema = fetch (client);
  Tour tour = { schema, g_ptr_array_new_with_free_func (g_object_unref), g_ptr_array_new_with_free_func (g_free), 0 };

  start_tour (&tour);
  for (guint i = 0; i < tour.types->len; i++)
    if (qmp_schema_type_get_kind (tour.types->pdata[i]) == QMP_SCHEMA_KIND_ALTERNATE)
      go_through_alternate (&tour, tour.types->pdata[i], tour.paths->pdata[i]);
    else
      go_on (&tour, tour.types->pdata[i], tour.paths->pdata[i]);
  g_test_message ("%u types by %u paths", tour.types->len, tour.n_steps);
  g_assert_cmpuint (tour.types->len, ==, count_types (client));
  g_ptr_array_unref (tour.types);
  g_ptr_array_unref (tour.paths);
  test_server_close (server, client);
}

/* --- fetching --- */

static QmpSchema *
fetch_in_background (QmpClient     *client,
                     GCancellable  *cancellable,
                     GError       **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  qmp_schema_fetch_async (client, cancellable, test_result_cb, &result);
  g_assert_null (result);
  test_spin_until (result != NULL);
  return qmp_schema_fetch_finish (result, error);
}

static void
count_wire_cb (QmpClient        *client,
               QmpWireDirection  direction,
               const char       *text,
               gpointer          user_data)
{
  if (direction == QMP_WIRE_DIRECTION_SENT)
    ++*(guint *) user_data;
}

static void
test_fetch (void)
{
  TestServer *server = test_server_new (TEST_SERVER_QEMU);
  TestServer *other_server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = test_server_open (server);
  QmpClient *other = test_server_open (other_server);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  QmpSchema *first, *again, *others;
  guint n_sent = 0;

  g_signal_connect (client, "wire", G_CALLBACK (count_wire_cb), &n_sent);
  g_cancellable_cancel (cancellable);
  g_assert_null (fetch_in_background (client, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (qmp_schema_fetch (client, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  first = fetch_in_background (client, NULL, &error);
  g_assert_no_error (error);
  test_spin_ready ();
  g_assert_cmpuint (n_sent, ==, 1);
  again = fetch_in_background (client, NULL, &error);
  g_assert_true (again == first);
  g_object_unref (again);
  again = fetch (client);
  g_assert_true (again == first);
  test_spin_ready ();
  g_assert_cmpuint (n_sent, ==, 1);
  others = fetch (other);
  g_assert_true (others == first);
  g_object_unref (again);
  g_object_unref (others);
  test_server_close (server, client);
  test_server_close (other_server, other);
  g_assert_finalize_object (first);
}

static void
test_closed (void)
{
  g_autoptr (QmpClient) client = qmp_client_new (NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (qmp_schema_fetch (client, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  g_clear_error (&error);
  g_assert_null (fetch_in_background (client, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
}

static void
test_storage_daemon (void)
{
  TestServer *server = test_server_new (TEST_SERVER_STORAGE_DAEMON);
  TestServer *qemu_server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = test_server_open (server);
  QmpClient *qemu = test_server_open (qemu_server);
  g_autoptr (QmpSchema) schema = fetch (client);
  g_autoptr (QmpSchema) qemu_schema = fetch (qemu);

  /* Their greetings are the same. */
  g_assert_cmpstr (qmp_greeting_get_version_string (qmp_client_get_greeting (client)), ==,
                   qmp_greeting_get_version_string (qmp_client_get_greeting (qemu)));
  g_assert_true (schema != qemu_schema);
  g_assert_true (qmp_schema_has_path (schema, "blockdev-add/arg-type/driver/^null-co"));
  g_assert_false (qmp_schema_has_command (schema, "query-status"));
  g_assert_true (qmp_schema_has_command (qemu_schema, "query-status"));
  test_server_close (server, client);
  test_server_close (qemu_server, qemu);
}

static void
test_guest_agent (void)
{
  TestServer *server = test_server_new (TEST_SERVER_GUEST_AGENT);
  QmpClient *client = test_server_open (server);
  g_autoptr (GError) error = NULL;

  g_assert_null (qmp_schema_fetch (client, NULL, &error));
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_COMMAND_NOT_FOUND);
  test_assert_error_has (error, "query-qmp-schema");
  g_clear_error (&error);
  g_assert_null (fetch_in_background (client, NULL, &error));
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_COMMAND_NOT_FOUND);
  g_assert_cmpstr (qmp_command_error_get_class (error), ==, "CommandNotFound");
  test_server_close (server, client);
}

/* --- checking --- */

/* Each is sent all the same: QEMU and the schema have to be of one mind. These do what they say, or are wrong. */
static const char * const commands[] = {
  "{'execute':'query-status'}",
  "{'execute':'query-statos'}",
  "{'execute':'query-status','arguments':{'x':1}}",
  "{'execute':'stop','arguments':{}}",
  "{'execute':'blockdev-add','arguments':{'driver':'null-co','node-name':'n0','size':4096}}",
  "{'execute':'blockdev-add','arguments':{'driver':'null-co','node-name':'n1','size':'4096'}}",
  "{'execute':'blockdev-add','arguments':{'driver':'null-co','node-name':'n1','size':1.5}}",
  "{'execute':'blockdev-add','arguments':{'driver':'null-co','node-name':'n1','filename':'x'}}",
  "{'execute':'blockdev-add','arguments':{'driver':'null-cc','node-name':'n1'}}",
  "{'execute':'blockdev-add','arguments':{'node-name':'n1'}}",
  "{'execute':'blockdev-add','arguments':{'driver':'raw','node-name':'n1','file':'n0'}}",
  "{'execute':'blockdev-add','arguments':{'driver':'raw','node-name':'n2','file':{'driver':'null-co','size':512}}}",
  "{'execute':'blockdev-add','arguments':{'driver':'raw','node-name':'n3','file':{'driver':'null-co','siz':512}}}",
  "{'execute':'blockdev-add','arguments':{'driver':'raw','node-name':'n3','file':null}}",
  "{'execute':'blockdev-add','arguments':{'driver':'raw','node-name':'n3','file':7}}",
  "{'execute':'blockdev-add','arguments':{'driver':'raw','node-name':'n3'}}",
  "{'execute':'human-monitor-command','arguments':{'command-line':'info name'}}",
  "{'execute':'human-monitor-command','arguments':{'command_line':'info name'}}",
  "{'execute':'object-add','arguments':{'qom-type':'throttle-group','id':'t0','limits':{'iops-total':10}}}",
  "{'execute':'object-add','arguments':{'qom-type':'throttle-group','id':'t1','limits':{'iops-totl':10}}}",
  "{'execute':'transaction','arguments':{'actions':[{'type':'abort'}]}}",
  "{'execute':'transaction','arguments':{'actions':{'type':'abort','data':{}}}}",
  "{'execute':'qom-set','arguments':{'path':'/objects','property':'x'}}",
  "{'execute':'migrate-set-capabilities','arguments':{'capabilities':[{'capability':'xbzrle','state':false}]}}",
  "{'execute':'migrate-set-capabilities','arguments':{'capabilities':[{'capability':'xbzrle','state':0}]}}",
  "{'execute':'migrate-set-parameters','arguments':{'tls-creds':null}}",
  "{'execute':'set_password','arguments':{'protocol':'spice','password':'x','display':'d'}}",
  "{'exec-oob':'query-yank'}",
  "{'exec-oob':'query-status'}",
  "{'execute':'query-status','argument':{}}",
  "{'execute':'query-status','arguments':[]}",
};

/* Nothing is wrong with these, but what they ask for cannot be done. */
static const char * const vain_commands[] = {
  "{'execute':'transaction','arguments':{'actions':[{'type':'abort','data':{}}]}}",
  "{'execute':'qom-set','arguments':{'path':'/objects','property':'x','value':[{}]}}",
  "{'execute':'set_password','arguments':{'protocol':'vnc','password':'x','display':'d'}}",
  "{'execute':'device_add','arguments':{'driver':'no-such','mac':'x'}}",
};

/* QEMU is asked for the outcome only: its words are not the same in all its versions. */
static void
assert_agree (QmpSchema  *schema,
              QmpClient  *client,
              const char *command_text,
              gboolean    is_vain)
{
  g_autofree char *text = g_strdelimit (g_strdup (command_text), "'", '"');
  g_autoptr (QmpMessage) command = test_message (text);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) server_error = NULL;
  g_autoptr (JsonNode) value = NULL;
  gboolean good = qmp_schema_validate (schema, command, &error);

  g_test_message ("%s", command_text);
  if (!good)
    g_test_message ("   schema: %s", error->message);
  value = qmp_client_execute_message (client, command, NULL, &server_error);
  if (value == NULL)
    g_test_message ("   QEMU: %s", server_error->message);
  g_assert_cmpint (good, ==, is_vain || value != NULL);
  g_assert_false (is_vain && value != NULL);
}

static void
test_agree (void)
{
  TestServer *server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = test_server_open (server);
  g_autoptr (QmpSchema) schema = fetch (client);

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    assert_agree (schema, client, commands[i], FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (vain_commands); i++)
    assert_agree (schema, client, vain_commands[i], TRUE);
  test_server_close (server, client);
}

static void
assert_refused (gpointer  result,
                GError  **error)
{
  g_assert_null (result);
  g_assert_error (*error, QMP_SCHEMA_ERROR, QMP_SCHEMA_ERROR_COMMAND);
  test_assert_error_has (*error, "arguments.flt: there is no such member; did you mean “flat”?");
  g_clear_error (error);
}

static void
test_attach (void)
{
  TestServer *server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = test_server_open (server);
  QmpSchema *schema = fetch (client);
  g_autoptr (QmpMessage) bad =
    test_message ("{\"execute\":\"query-named-block-nodes\",\"arguments\":{\"flt\":true}}");
  g_autoptr (JsonNode) bad_arguments = test_json ("{\"flt\":true}");
  g_autoptr (JsonNode) arguments = test_json ("{\"flat\":true}");
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  guint n_sent = 0;

  g_signal_connect (client, "wire", G_CALLBACK (count_wire_cb), &n_sent);
  qmp_schema_attach (schema, client);
  assert_refused (qmp_client_execute (client, "query-named-block-nodes", bad_arguments, NULL, &error), &error);
  assert_refused (qmp_client_execute_message (client, bad, NULL, &error), &error);
  assert_refused (qmp_client_exchange (client, bad, NULL, &error), &error);
  assert_refused (test_execute_message (client, bad, &error), &error);
  qmp_client_execute_async (client, "query-named-block-nodes", bad_arguments, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  assert_refused (qmp_client_execute_finish (client, result, &error), &error);
  g_clear_object (&result);
  g_assert_null (qmp_client_execute (client, "query-named-block-nodes", bad_arguments, NULL, NULL));
  test_spin_ready ();
  g_assert_cmpuint (n_sent, ==, 0);
  value = qmp_client_execute (client, "query-named-block-nodes", arguments, NULL, &error);
  g_assert_no_error (error);

  qmp_client_set_command_check (client, NULL, NULL, NULL);
  g_assert_null (qmp_client_execute_message (client, bad, NULL, &error));
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
  g_clear_error (&error);

  /* The client holds the schema, and lets it go with itself. */
  qmp_schema_attach (schema, client);
  test_server_close (server, client);
  g_assert_finalize_object (schema);
}

static gboolean
refuse_and_replace (QmpClient   *client,
                    QmpMessage  *command,
                    gpointer     user_data,
                    GError     **error)
{
  char *word = user_data;

  qmp_client_set_command_check (client, NULL, NULL, NULL);
  return *word != 'a';
}

/* A check may be replaced while it runs, and need not set an error. */
static void
test_check_replaced (void)
{
  TestServer *server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = test_server_open (server);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_set_command_check (client, NULL, g_strdup ("freed without a check"), g_free);
  qmp_client_set_command_check (client, refuse_and_replace, g_strdup ("a"), g_free);
  g_assert_null (qmp_client_execute (client, "query-status", NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_clear_error (&error);
  value = qmp_client_execute (client, "query-status", NULL, NULL, &error);
  g_assert_no_error (error);
  test_server_close (server, client);
}

int
main (int   argc,
      char *argv[])
{
  setlocale (LC_ALL, "");
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/schema-live/facts/commands", test_facts);
  g_test_add_func ("/schema-live/facts/paths", test_fact_paths);
  g_test_add_data_func ("/schema-live/tour/qemu", GINT_TO_POINTER (TEST_SERVER_QEMU), test_tour);
  g_test_add_data_func ("/schema-live/tour/pretty", GINT_TO_POINTER (TEST_SERVER_QEMU_PRETTY), test_tour);
  g_test_add_data_func ("/schema-live/tour/storage-daemon", GINT_TO_POINTER (TEST_SERVER_STORAGE_DAEMON), test_tour);
  g_test_add_func ("/schema-live/fetch/shared", test_fetch);
  g_test_add_func ("/schema-live/fetch/closed", test_closed);
  g_test_add_func ("/schema-live/fetch/storage-daemon", test_storage_daemon);
  g_test_add_func ("/schema-live/fetch/guest-agent", test_guest_agent);
  g_test_add_func ("/schema-live/check/agree", test_agree);
  g_test_add_func ("/schema-live/check/attach", test_attach);
  g_test_add_func ("/schema-live/check/replaced", test_check_replaced);
  return g_test_run ();
}
