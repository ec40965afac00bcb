/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "mock/qmp-tiny-schema-private.h"
#include "test-line.h"
#include "test-server.h"

/* The preset of a mock beside a real QEMU: the same is said to both, and each says the same, in the same order. */

typedef struct {
  const char *said;
  const char *until;   /* what the last line has in it; NULL: the answer */
} Turn;

#define SAY(command) "{\"execute\": \"" command "\"}"
#define SAY_WITH(command, arguments) "{\"execute\": \"" command "\", \"arguments\": {" arguments "}}"
#define JOB(command, more) \
  SAY_WITH (command, "\"job-id\": \"j\", \"device\": \"d\", \"target\": \"t\", \"sync\": \"full\"" more)
#define BACKUP(more) JOB ("blockdev-backup", more)
#define MIRROR(more) JOB ("blockdev-mirror", more)
#define JOB_VERB(verb) SAY_WITH ("job-" verb, "\"id\": \"j\"")
#define DISK(name) SAY_WITH ("blockdev-add", "\"driver\": \"null-co\", \"node-name\": \"" name "\", \"size\": 4194304, " \
                                             "\"read-zeroes\": true")

static const Turn turns[] = {
  /* It is in prelaunch. */
  { SAY ("stop") },
  { SAY ("cont") },
  { SAY ("cont") },
  { SAY ("stop") },
  { SAY ("stop") },
  { SAY ("system_reset") },
  { SAY ("cont") },
  { SAY ("system_reset") },
  { SAY ("system_powerdown") },
  { SAY ("query-migrate") },
  { SAY ("query-block") },
  { SAY ("query-jobs") },
  { SAY ("query-block-jobs") },
  { SAY ("no-such-command") },
  { JOB_VERB ("pause") },
  { SAY ("job-pause") },
  { SAY_WITH ("block-job-pause", "\"device\": \"j\"") },
  { SAY_WITH ("block-job-finalize", "\"id\": \"j\"") },
  { SAY_WITH ("blockdev-add", "\"driver\": \"null-co\"") },
  { DISK ("d") },
  { DISK ("t") },
  { DISK ("t") },
  { SAY_WITH ("blockdev-backup", "\"device\": \"d\", \"target\": \"t\", \"sync\": \"full\"") },

  { BACKUP (""), "null" },
  { BACKUP (", \"auto-finalize\": false"), "BLOCK_JOB_PENDING" },
  { JOB_VERB ("complete") },
  { JOB_VERB ("finalize") },
  { BACKUP (", \"auto-dismiss\": false"), "concluded" },
  { SAY ("query-jobs") },
  { JOB_VERB ("cancel") },
  { JOB_VERB ("dismiss") },
  { JOB_VERB ("dismiss") },

  { BACKUP (", \"speed\": 1") },
  { SAY ("query-jobs") },
  { SAY ("query-block-jobs") },
  { JOB_VERB ("complete") },
  { JOB_VERB ("dismiss") },
  { JOB_VERB ("resume") },
  { JOB_VERB ("pause") },
  { JOB_VERB ("pause") },
  { SAY_WITH ("block-job-cancel", "\"device\": \"j\"") },
  { JOB_VERB ("resume") },
  { SAY_WITH ("block-job-set-speed", "\"device\": \"j\", \"speed\": 0"), "null" },
  { BACKUP (", \"speed\": 1") },
  { JOB_VERB ("cancel"), "null" },
  { BACKUP (", \"speed\": 1, \"auto-dismiss\": false") },
  { JOB_VERB ("cancel"), "concluded" },
  { SAY ("query-jobs") },
  { JOB_VERB ("dismiss") },

  { MIRROR (""), "BLOCK_JOB_READY" },
  { JOB_VERB ("complete"), "null" },
  { MIRROR (""), "BLOCK_JOB_READY" },
  { JOB_VERB ("pause") },
  { JOB_VERB ("resume") },
  { SAY_WITH ("block-job-cancel", "\"device\": \"j\""), "null" },
  { MIRROR (""), "BLOCK_JOB_READY" },
  { JOB_VERB ("cancel"), "null" },

  { SAY_WITH ("blockdev-del", "\"node-name\": \"z\"") },
  { BACKUP (", \"speed\": 1") },
  { SAY ("quit"), "return" },
};

static gboolean
is_answer (const char *normal)
{
  return g_str_has_prefix (normal, "{\"return\"") || g_str_has_prefix (normal, "{\"error\"");
}

/* What comes for a turn, a line each. What QEMU does behind an answer may be done before that is on its way: then the answer
 * has no place among the others, and stands first. */
static char *
play (TestLine   *line,
      const Turn *turn)
{
  g_autoptr(GString) got = g_string_new (NULL);
  gboolean answered = FALSE;
  gboolean over = turn->until == NULL;

  test_line_say (line, turn->said);
  while (!answered || !over)
    {
      g_autofree char *text = test_line_read (line);
      g_autofree char *normal = test_raw_normalize (text);

      g_assert_nonnull (normal);
      answered = answered || is_answer (normal);
      over = over || strstr (normal, turn->until) != NULL;
      if (is_answer (normal) && turn->until != NULL)
        g_string_prepend (g_string_prepend (got, "\n"), normal);
      else
        g_string_append_printf (got, "%s\n", normal);
    }
  return g_string_free (g_steal_pointer (&got), FALSE);
}

/* How often it stops a job meanwhile depends on QEMU's version and on the moment: once is enough. */
static char *
stop_once (const char *text)
{
  g_autoptr(GRegex) regex = g_regex_new ("((?:\\{[^\n]*\"status\":\"paused\"[^\n]*\n)(?:\\{[^\n]*\"status\":\"running\"[^\n]*\n))\\1+",
                                         0, 0, NULL);

  return g_regex_replace (regex, text, -1, 0, "\\1", 0, NULL);
}

/* Where "-S" has it. */
static void
make_prelaunch (QmpMock *mock)
{
  g_autoptr(TestLine) line = test_line_open (qmp_mock_get_path (mock));
  g_autofree char *stopped = play (line, &(Turn) { SAY ("stop") });
  g_autofree char *reset = play (line, &(Turn) { SAY ("system_reset") });
}

static void
test_beside (void)
{
  g_autoptr(TestServer) server = test_server_new (TEST_SERVER_QEMU);
  g_autofree char *path = g_build_filename (test_server_get_directory (server), "qmp", NULL);
  g_autoptr(QmpMock) mock = qmp_mock_new (QMP_MOCK_PRESET_MACHINE);
  g_autoptr(TestLine) real = test_line_open (path);
  g_autoptr(TestLine) played = NULL;
  g_autoptr(GError) error = NULL;

  qmp_mock_listen (mock, NULL, &error);
  g_assert_no_error (error);
  make_prelaunch (mock);
  played = test_line_open (qmp_mock_get_path (mock));
  for (gsize i = 0; i < G_N_ELEMENTS (turns); i++)
    {
      g_autofree char *all = play (real, &turns[i]);
      g_autofree char *expected = stop_once (all);
      g_autofree char *got = play (played, &turns[i]);

      g_test_message ("%s", turns[i].said);
      g_assert_cmpstr (got, ==, expected);
    }
  test_line_assert (played, NULL);
}

/* --- the schema --- */

/* What it says of a command or an event is what QEMU says, but for what is new there. */
static void
test_schema (void)
{
  g_autoptr(TestServer) server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = test_server_open (server);
  g_autofree char *text = qmp_tiny_schema_dup_text ();
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpSchema) real = qmp_schema_fetch (client, NULL, &error);
  g_autoptr(JsonNode) node = test_json (text);
  JsonArray *entries = json_node_get_array (node);

  g_assert_no_error (error);
  for (guint i = 0; i < json_array_get_length (entries); i++)
    {
      JsonObject *entry = json_array_get_object_element (entries, i);
      const char *name = json_object_get_string_member (entry, "name");
      const char *kind = json_object_get_string_member (entry, "meta-type");

      if (g_str_equal (kind, "command"))
        g_assert_true (qmp_schema_has_command (real, name));
      if (g_str_equal (kind, "event"))
        g_assert_true (qmp_schema_has_event (real, name));
    }
  test_server_close (g_steal_pointer (&server), client);
}

/* Each command that it names is answered. */
static void
test_commands (void)
{
  g_autoptr(QmpMock) mock = qmp_mock_new (QMP_MOCK_PRESET_MACHINE);
  g_autoptr(QmpClient) client = qmp_client_new (NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpSchema) schema = NULL;
  g_auto(GStrv) commands = NULL;

  g_assert_true (qmp_mock_listen (mock, NULL, &error));
  g_assert_true (qmp_client_open (client, qmp_mock_get_address (mock), NULL, &error));
  schema = qmp_schema_fetch (client, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (qmp_schema_has_path (schema, "blockdev-backup/arg-type/auto-dismiss"));
  commands = qmp_schema_list_commands (schema);
  for (guint i = 0; commands[i] != NULL; i++)
    {
      g_autoptr(JsonNode) reply = NULL;

      if (g_str_equal (commands[i], "quit"))
        continue;
      reply = qmp_client_execute (client, commands[i], NULL, NULL, &error);
      g_assert_false (g_error_matches (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_COMMAND_NOT_FOUND) &&
                      !g_str_equal (commands[i], "qmp_capabilities"));
      g_clear_error (&error);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mock-live/beside", test_beside);
  g_test_add_func ("/mock-live/schema", test_schema);
  g_test_add_func ("/mock-live/commands", test_commands);
  return g_test_run ();
}
