/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-live.h"

#include <string.h>

#include "tool-json.h"
#include "tool-members.h"

#define LIMIT_SECONDS 1.0
#define MAX_LIMIT_SECONDS 600.0
/* Whose properties are kept. */
#define MAX_DEVICES 64

/* Where the values of an argument, or of an event's member, come from; the first that has any counts. Patterns are
 * those of GPatternSpec. */
static const struct {
  const char *command;
  const char *key;
  const char *query;       /* NULL: the name is a new one */
  const char *arguments;
  const char *member;
} sources[] = {
  { "blockdev-add", "node-name", NULL, NULL, NULL },
  { "chardev-add", "id", NULL, NULL, NULL },
  { "device_add", "driver", "qom-list-types", "{'implements': 'device', 'abstract': false}", "name" },
  { "device-list-properties", "typename", "qom-list-types", "{'implements': 'device'}", "name" },
  { "qom-list-properties", "typename", "qom-list-types", "{}", "name" },
  { "qom-list-types", "implements", "qom-list-types", "{'abstract': true}", "name" },
  { "device_del", "id", "qom-list", "{'path': '/machine/peripheral'}", "name" },
  { "DEVICE_*", "device", "qom-list", "{'path': '/machine/peripheral'}", "name" },
  { "object-del", "id", "qom-list", "{'path': '/objects'}", "name" },
  { "chardev-*", "id", "query-chardev", "{}", "label" },
  { "job-*", "id", "query-jobs", "{}", "id" },
  { "JOB_*", "id", "query-jobs", "{}", "id" },
  { "block-job-*", "device", "query-block-jobs", "{}", "device" },
  { "BLOCK_JOB_*", "device", "query-block-jobs", "{}", "device" },
  { "block-export-del", "id", "query-block-exports", "{}", "id" },
  { "*", "*device", "query-block", "{}", "device" },
  { "*", "*device", "query-named-block-nodes", "{'flat': true}", "node-name" },
  { "*", "drive", "query-named-block-nodes", "{'flat': true}", "node-name" },
  { "*", "*node", "query-named-block-nodes", "{'flat': true}", "node-name" },
  { "*", "*node-name", "query-named-block-nodes", "{'flat': true}", "node-name" },
  { "*", "*file", "query-named-block-nodes", "{'flat': true}", "node-name" },
  { "*", "*backing", "query-named-block-nodes", "{'flat': true}", "node-name" },
  { "*", "*chardev", "query-chardev", "{}", "label" },
  { "*", "*iothread", "query-iothreads", "{}", "id" },
};

/* --- asking --- */

guint
tool_live_get_limit (void)
{
  const char *variable = g_getenv ("QMP_COMPLETION_TIMEOUT");
  double seconds = variable != NULL ? g_ascii_strtod (variable, NULL) : LIMIT_SECONDS;

  /* not a number is not above 0 */
  if (!(seconds > 0))
    seconds = LIMIT_SECONDS;
  return MIN (seconds, MAX_LIMIT_SECONDS) * 1000;
}

void
tool_live_start (ToolLive  *self,
                 QmpClient *client,
                 gint64     deadline)
{
  self->client = client;
  self->deadline = deadline != 0 ? deadline : g_get_monotonic_time () + (gint64) tool_live_get_limit () * 1000;
  self->late = FALSE;
}

void
tool_live_forget (ToolLive *self)
{
  g_clear_pointer (&self->devices, g_hash_table_unref);
}

/* The milliseconds that are left; 0: none. */
static guint
remaining (ToolLive *self)
{
  gint64 left = self->deadline - g_get_monotonic_time ();

  if (left <= 0)
    self->late = TRUE;
  return self->late ? 0 : MAX (1, left / 1000);
}

static void
take_error (ToolLive *self,
            GError   *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    self->late = TRUE;
  g_clear_error (&error);
}

/* Takes command, which may be NULL. */
static JsonNode *
ask (ToolLive   *self,
     QmpMessage *command)
{
  g_autoptr(QmpMessage) owned = command;
  GError *error = NULL;
  JsonNode *reply;

  if (command == NULL || remaining (self) == 0)
    return NULL;
  qmp_message_set_timeout (command, remaining (self));
  reply = qmp_client_execute_message (self->client, command, NULL, &error);
  take_error (self, error);
  return reply;
}

QmpSchema *
tool_live_fetch_schema (ToolLive *self)
{
  int timeout = qmp_client_get_timeout (self->client);
  GError *error = NULL;
  QmpSchema *schema;

  if (remaining (self) == 0)
    return NULL;
  qmp_client_set_timeout (self->client, remaining (self));
  schema = qmp_schema_fetch (self->client, NULL, &error);
  qmp_client_set_timeout (self->client, timeout);
  take_error (self, error);
  return schema;
}

/* --- replies --- */

static void
add_members (ToolOffers *offers,
             const char *before,
             JsonNode   *list,
             const char *member,
             const char *after)
{
  for (guint i = 0; i < tool_json_get_length (list); i++)
    tool_offers_add (offers, before, tool_json_get_string (tool_json_get_element (list, i), member), after);
}

/* list: of qom-list, which has an object's properties too. */
static void
add_children (ToolOffers *offers,
              const char *before,
              JsonNode   *list)
{
  for (guint i = 0; i < tool_json_get_length (list); i++)
    {
      JsonNode *property = tool_json_get_element (list, i);

      if (g_str_has_prefix (tool_json_get_string (property, "type"), "child<"))
        tool_offers_add (offers, before, tool_json_get_string (property, "name"), "");
    }
}

static void
add_queried (ToolLive   *self,
             ToolOffers *offers,
             const char *before,
             const char *query,
             const char *arguments,
             const char *member)
{
  g_autoptr(JsonNode) reply = ask (self, qmp_message_new_parsed (query, NULL, arguments));

  if (strcmp (query, "qom-list") == 0)
    add_children (offers, before, reply);
  else
    add_members (offers, before, reply, member, "");
}

/* --- QOM --- */

static JsonNode *
list_path (ToolLive   *self,
           const char *path)
{
  return ask (self, qmp_message_new_parsed ("qom-list", NULL, "{'path': %s}", path));
}

void
tool_live_add_paths (ToolLive   *self,
                     ToolOffers *offers,
                     const char *before,
                     const char *typed)
{
  const char *slash = strrchr (typed, '/');
  g_autofree char *directory = slash > typed ? g_strndup (typed, slash - typed) : g_strdup ("/");
  g_autofree char *start = g_strconcat (before, slash > typed ? directory : "", "/", NULL);
  g_autoptr(JsonNode) list = list_path (self, directory);

  add_children (offers, start, list);
}

void
tool_live_add_properties (ToolLive   *self,
                          ToolOffers *offers,
                          const char *before,
                          const char *path)
{
  g_autoptr(JsonNode) list = list_path (self, path);

  add_members (offers, before, list, "name", "");
}

/* --- devices --- */

/* Asked once: the server goes on with the devices that it has. Borrowed; NULL if it fails. */
static JsonNode *
list_device (ToolLive   *self,
             const char *driver)
{
  JsonNode *list = self->devices != NULL ? g_hash_table_lookup (self->devices, driver) : NULL;

  if (list != NULL)
    return list;
  list = ask (self, qmp_message_new_parsed ("device-list-properties", NULL, "{'typename': %s}", driver));
  if (list == NULL)
    return NULL;
  if (self->devices == NULL)
    self->devices = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) json_node_unref);
  if (g_hash_table_size (self->devices) == MAX_DEVICES)
    g_hash_table_remove_all (self->devices);
  g_hash_table_insert (self->devices, g_strdup (driver), list);
  return list;
}

void
tool_live_add_device_keys (ToolLive   *self,
                           ToolOffers *offers,
                           const char *driver)
{
  add_members (offers, "", list_device (self, driver), "name", "=");
}

/* An enumeration is described as "on/off/auto". */
static void
add_described (ToolOffers *offers,
               const char *before,
               const char *description)
{
  if (strchr (description, '/') != NULL && strpbrk (description, " ([") == NULL)
    tool_offers_add_names (offers, before, g_strsplit (description, "/", -1));
}

void
tool_live_add_device_values (ToolLive   *self,
                             ToolOffers *offers,
                             const char *before,
                             const char *driver,
                             const char *key)
{
  JsonNode *list = list_device (self, driver);

  for (guint i = 0; i < tool_json_get_length (list); i++)
    {
      JsonNode *property = tool_json_get_element (list, i);

      if (!g_str_equal (tool_json_get_string (property, "name"), key))
        continue;
      if (g_str_equal (tool_json_get_string (property, "type"), "bool"))
        add_described (offers, before, "true/false");
      else
        add_described (offers, before, tool_json_get_string (property, "description"));
    }
}

/* --- all of it --- */

static void
add_from_sources (ToolLive   *self,
                  ToolOffers *offers,
                  const char *before,
                  const char *command,
                  const char *key)
{
  guint n_found = offers->found->len;

  for (guint i = 0; i < G_N_ELEMENTS (sources) && offers->found->len == n_found; i++)
    {
      if (!g_pattern_match_simple (sources[i].command, command) || !g_pattern_match_simple (sources[i].key, key))
        continue;
      if (sources[i].query == NULL)
        return;
      add_queried (self, offers, before, sources[i].query, sources[i].arguments, sources[i].member);
    }
}

void
tool_live_add_values (ToolLive           *self,
                      ToolOffers         *offers,
                      const char         *before,
                      const char         *command,
                      const char         *key,
                      const char         *typed,
                      const char * const *given)
{
  g_autofree char *driver = g_str_equal (command, "device_add") ? tool_members_dup_given (given, "driver") : NULL;
  g_autofree char *path = tool_members_dup_given (given, "path");

  if (g_str_has_prefix (command, "qom-") && strcmp (key, "path") == 0)
    {
      tool_live_add_paths (self, offers, before, typed);
      return;
    }
  if (g_str_has_prefix (command, "qom-") && strcmp (key, "property") == 0)
    {
      if (path != NULL)
        tool_live_add_properties (self, offers, before, path);
      return;
    }
  add_from_sources (self, offers, before, command, key);
  if (driver != NULL)
    tool_live_add_device_values (self, offers, before, driver, key);
}

void
tool_live_add_commands (ToolLive   *self,
                        ToolOffers *offers)
{
  g_autoptr(JsonNode) info = NULL;

  add_queried (self, offers, "", "query-commands", "{}", "name");
  if (offers->found->len > 0)
    return;
  info = ask (self, qmp_message_new_command ("guest-info", NULL, NULL));
  add_members (offers, "", tool_json_get_member (info, "supported_commands"), "name", "");
}

char *
tool_live_execute_hmp (ToolLive   *self,
                       const char *line)
{
  g_autoptr(JsonNode) reply = ask (self, qmp_message_new_parsed ("human-monitor-command", NULL, "{'command-line': %s}",
                                                                 line));

  return g_strdup (tool_json_as_string (reply));
}
