/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gunixsocketaddress.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "json/qmp-json-reader-private.h"
#include "json/qmp-json-text-private.h"
#include "test-raw.h"
#include "test-server.h"

/* The same bytes to a real QEMU and to a server of ours, and what comes back compared. What differs has a name, which stands
 * in the table of docs/server.md with its reason; each name there was seen.
 *
 * usage: server-conformance-test [SEED] */

#define N_RANDOM 400
#define DEFAULT_SEED 15

/* What a client has been told is a list of these words:
 *
 *   parse-error        any number of errors of QEMU's parser, one after the other
 *   {"return": …}      any other answer, in one spelling
 *   not JSON           as it is
 *
 * Two marks tell where it ends. The second one comes behind a byte 0xFF, which ends whatever is half read. */
#define MARK "{\"execute\": \"query-name\", \"id\": \"mark\"}"
#define LAST_MARK "{\"execute\": \"query-name\", \"id\": \"last mark\"}"

typedef enum {
  MODE_GREETED,     /* a new connection for each input */
  MODE_NEGOTIATED,
  MODE_OUT_OF_BAND,
} Mode;

typedef struct {
  TestServer  *qemu;
  GHashTable  *qemu_answers;  /* what QEMU says to commands that both have, as JSON */
  QmpServer   *server;
  GHashTable  *seen;          /* the names of differences */
  GHashTable  *their_forms;   /* what QEMU has said, without names and ids */
  GHashTable  *our_forms;     /* the same of what we said where QEMU has named another fault */
  GRand       *rand;
  guint        n_inputs;
} Fixture;

static Fixture fixture;

/* --- both sides --- */

static TestRaw *
connect_to_qemu (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocket) socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, 0, NULL);

  g_socket_connect (socket, G_SOCKET_ADDRESS (test_server_get_address (fixture.qemu)), NULL, &error);
  g_assert_no_error (error);
  return test_raw_new_for_fd (dup (g_socket_get_fd (socket)));
}

static TestRaw *
connect_to_server (void)
{
  int fd;
  g_autoptr(GIOStream) stream = test_socketpair (&fd);

  g_assert_true (qmp_server_add_stream (fixture.server, stream, NULL));
  return test_raw_new_for_fd (fd);
}

/* As QEMU does: arguments are wrong before anything else is. */
static gboolean
command_cb (QmpServer     *server,
            QmpInvocation *invocation,
            gpointer       user_data)
{
  const char *name = qmp_invocation_get_command (invocation);
  JsonNode *arguments = qmp_invocation_get_arguments (invocation);
  const char *error = g_hash_table_lookup (fixture.qemu_answers, name);

  if (error == NULL && !g_str_equal (name, "query-name") && !g_str_equal (name, "getfd"))
    return FALSE;
  if (g_str_equal (name, "getfd"))
    {
      if (qmp_invocation_get_fd_list (invocation) != NULL)
        return qmp_invocation_return_value (invocation, NULL, NULL);
      return qmp_invocation_return_error (invocation, "GenericError", "No file descriptor supplied via SCM_RIGHTS", NULL);
    }
  if (arguments != NULL && json_object_get_size (json_node_get_object (arguments)) > 0)
    {
      g_autoptr(GList) members = json_object_get_members (json_node_get_object (arguments));
      g_autofree char *desc = g_strdup_printf ("Parameter '%s' is unexpected", (char *) members->data);

      return qmp_invocation_return_error (invocation, "GenericError", desc, NULL);
    }
  if (error != NULL)
    return qmp_invocation_return_error (invocation, "GenericError", error, NULL);
  return qmp_invocation_return_value (invocation, NULL, NULL);
}

/* The text of QEMU's own for a command that may go out-of-band: versions have different ones. */
static void
ask_qemu (const char *command)
{
  QmpClient *client = test_server_open (fixture.qemu);
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) value = test_execute (client, command, &error);

  g_assert_null (value);
  g_hash_table_insert (fixture.qemu_answers, g_strdup (command), g_strdup (error->message));
  g_assert_true (test_close (client, NULL));
  test_client_free (client);
}

/* --- what comes back --- */

static gboolean
is_parse_error (const char *line)
{
  g_autoptr(QmpMessage) message = NULL;
  g_autoptr(GBytes) bytes = g_bytes_new (line, strlen (line));
  g_autofree char *desc = NULL;

  message = qmp_message_new_from_bytes (bytes, NULL);
  if (message == NULL || qmp_message_has_member (message, "id") || !qmp_message_has_member (message, "error"))
    return FALSE;
  desc = qmp_message_dup_string (message, "error.desc", NULL);
  return g_str_has_prefix (desc, "JSON ");
}

static void
add_word (GPtrArray  *words,
          const char *line)
{
  if (!is_parse_error (line))
    g_ptr_array_add (words, test_raw_normalize (line));
  else if (words->len == 0 || !g_str_equal (words->pdata[words->len - 1], "parse-error"))
    g_ptr_array_add (words, g_strdup ("parse-error"));
}

static gboolean
is_mark (const char *line,
         const char *id)
{
  g_autofree char *got = test_raw_normalize (line);
  g_autofree char *text = g_strdup_printf ("{\"return\": {}, \"id\": \"%s\"}", id);
  g_autofree char *mark = test_raw_normalize (text);

  return g_strcmp0 (got, mark) == 0;
}

static char *
join (GPtrArray *words)
{
  g_ptr_array_add (words, NULL);
  return g_strjoinv ("\n", (char **) words->pdata);
}

/* Up to the last mark. Behind the first one nothing but the byte 0xFF is complained about. */
static char *
listen_to (TestRaw *raw)
{
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  gboolean marked = FALSE;

  for (;;)
    {
      g_autofree char *line = test_raw_read_line (raw);

      g_assert_nonnull (line);
      if (strstr (line, "\"timestamp\"") != NULL)
        continue;
      if (is_mark (line, "last mark"))
        break;
      if (is_mark (line, "mark"))
        marked = TRUE;
      else if (!marked || !is_parse_error (line))
        add_word (words, line);
    }
  return join (words);
}

/* The greeting, and what is said to the input, up to the answer that a negotiation at its end brings. */
static char *
listen_to_greeted (TestRaw *raw)
{
  g_autofree char *greeting = test_raw_read_line (raw);
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func (g_free);

  g_assert_true (g_str_has_prefix (greeting, "{\"QMP\""));
  for (;;)
    {
      g_autofree char *line = test_raw_read_line (raw);

      g_assert_nonnull (line);
      if (strstr (line, "\"id\": \"end\"") != NULL)
        break;
      add_word (words, line);
    }
  return join (words);
}

/* --- differences --- */

static gboolean
has_word (const char *words,
          const char *word)
{
  return strstr (words, word) != NULL;
}

/* Both say that something is wrong with the same command, which is wrong in more than one way. */
static gboolean
name_other_faults (const char *ours,
                   const char *theirs)
{
  const char *beginnings[] = { "\"desc\":\"QMP input ", "\"desc\":\"Parameter ", "\"desc\":\"Invalid parameter " };
  gboolean ours_too = FALSE, theirs_too = FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (beginnings); i++)
    {
      ours_too = ours_too || has_word (ours, beginnings[i]);
      theirs_too = theirs_too || has_word (theirs, beginnings[i]);
    }
  return ours_too && theirs_too;
}

/* NULL: it is not known. */
static const char *
name_difference (const char *input,
                 const char *ours,
                 const char *theirs)
{
  gboolean ours_broken = has_word (ours, "parse-error"), theirs_broken = has_word (theirs, "parse-error");

  if (strchr (input, '\xff') != NULL && theirs_broken && !ours_broken)
    return "resync";
  if (strchr (input, '\'') != NULL && ours_broken)
    return "single-quotes";
  if (ours_broken && (has_word (theirs, "inf") || has_word (input, "e999")))
    return "infinite";
  if (ours_broken && theirs_broken)
    return "parse-errors";
  if (has_word (input, "\\u0000") && has_word (ours, "\xef\xbf\xbd"))
    return "nul";
  if (!ours_broken && !theirs_broken && name_other_faults (ours, theirs))
    return "several-faults";
  return NULL;
}

/* What is said, with all that is in single quotes left out, and without the id. */
static char *
dup_form (const char *words)
{
  const char *start = strstr (words, "\"desc\":");
  GString *form = g_string_new (NULL);
  gboolean quoted = FALSE;

  for (const char *p = start != NULL ? start : words; *p != '\0' && *p != '}'; p++)
    {
      quoted ^= *p == '\'';
      if (!quoted)
        g_string_append_c (form, *p);
    }
  return g_string_free (form, FALSE);
}

static void
compare (const char *input,
         const char *ours,
         const char *theirs)
{
  const char *name;

  fixture.n_inputs++;
  g_hash_table_add (fixture.their_forms, dup_form (theirs));
  if (has_word (ours, "parse-error") && has_word (theirs, "parse-error"))
    g_hash_table_add (fixture.seen, (char *) "parse-errors");
  if (g_str_equal (ours, theirs))
    return;

  name = name_difference (input, ours, theirs);
  if (name == NULL)
    {
      g_test_message ("input:\n%s\nQEMU:\n%s\nours:\n%s", input, theirs, ours);
      g_test_fail ();
      return;
    }
  g_hash_table_add (fixture.seen, (char *) name);
  if (g_str_equal (name, "several-faults"))
    g_hash_table_add (fixture.our_forms, dup_form (ours));
}

/* --- inputs --- */

typedef struct {
  TestRaw *qemu;
  TestRaw *server;
} Pair;

static void
say (Pair       *pair,
     const char *text)
{
  test_raw_say (pair->qemu, text);
  test_raw_say (pair->server, text);
}

static void
pair_open (Pair *pair,
           Mode  mode)
{
  pair->qemu = connect_to_qemu ();
  pair->server = connect_to_server ();
  if (mode == MODE_GREETED)
    return;
  g_free (test_raw_read_line (pair->qemu));
  g_free (test_raw_read_line (pair->server));
  say (pair, mode == MODE_OUT_OF_BAND ? "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[\"oob\"]}}"
                                      : "{\"execute\":\"qmp_capabilities\"}");
  g_free (test_raw_read_line (pair->qemu));
  g_free (test_raw_read_line (pair->server));
}

static void
pair_close (Pair *pair)
{
  test_raw_free (pair->qemu);
  test_raw_free (pair->server);
}

static void
try_input (Pair       *pair,
           const char *input)
{
  g_autofree char *text = g_strconcat (input, "\n" MARK "\n\xff\n" LAST_MARK "\n", NULL);
  g_autofree char *ours = NULL;
  g_autofree char *theirs = NULL;

  say (pair, text);
  theirs = listen_to (pair->qemu);
  ours = listen_to (pair->server);
  compare (input, ours, theirs);
}

static void
try_inputs (Mode                mode,
            const char * const *inputs)
{
  Pair pair;

  pair_open (&pair, mode);
  for (; *inputs != NULL; inputs++)
    try_input (&pair, *inputs);
  pair_close (&pair);
}

/* For an input that is said before anything was negotiated. */
static void
try_greeted (const char *input)
{
  g_autofree char *text = g_strconcat (input, "\n{\"execute\": \"query-name\", \"id\": \"end\"}\n", NULL);
  g_autofree char *ours = NULL;
  g_autofree char *theirs = NULL;
  Pair pair;

  pair_open (&pair, MODE_GREETED);
  say (&pair, text);
  theirs = listen_to_greeted (pair.qemu);
  ours = listen_to_greeted (pair.server);
  compare (input, ours, theirs);
  pair_close (&pair);
}

#define CAPABILITIES(arguments) "{\"execute\": \"qmp_capabilities\", \"arguments\": " arguments "}"

static void
test_negotiation (void)
{
  const char * const inputs[] = {
    "", "{\"execute\": \"qmp_capabilities\"}", "{\"execute\": \"qmp_capabilities\", \"id\": 1}",
    CAPABILITIES ("{}"), CAPABILITIES ("{\"enable\": []}"), CAPABILITIES ("{\"enable\": [\"oob\"]}"),
    CAPABILITIES ("{\"enable\": [\"oob\", \"oob\"]}"), CAPABILITIES ("{\"enable\": [\"foo\"]}"),
    CAPABILITIES ("{\"enable\": [\"oob\", \"foo\"]}"), CAPABILITIES ("{\"enable\": 1}"),
    CAPABILITIES ("{\"enable\": null}"), CAPABILITIES ("{\"enable\": [1]}"), CAPABILITIES ("{\"enable\": [{}]}"),
    CAPABILITIES ("{\"enable\": [\"oob\", []]}"), CAPABILITIES ("{\"foo\": 1}"),
    CAPABILITIES ("{\"enable\": [\"oob\"], \"foo\": 1}"), CAPABILITIES ("[]"), CAPABILITIES ("null"),
    CAPABILITIES ("{\"enable\": [\"a\\u0000b\"]}"),
    "{\"execute\": \"qmp_capabilities\"}{\"execute\": \"qmp_capabilities\", \"id\": 2}",
    "{\"execute\": \"qmp_capabilities\"}" CAPABILITIES ("{\"enable\": [\"foo\"]}"),
    "{\"execute\": \"qmp_capabilities\"}" CAPABILITIES ("{\"enable\": [\"oob\"]}"),
    "{\"execute\": \"qmp_capabilities\"}{\"execute\": \"query-name\", \"id\": 3}",
    CAPABILITIES ("{\"enable\": [\"oob\"]}") "{\"exec-oob\": \"query-name\", \"id\": 3}",
    "{\"exec-oob\": \"qmp_capabilities\"}", "{\"exec-oob\": \"query-name\", \"id\": {}}",
    "{\"execute\": \"query-name\"}", "{\"execute\": \"query-name\", \"id\": [1]}", "{\"execute\": \"nothing\", \"arguments\": {\"a\": 1}}",
    "{\"foo\": 1}", "{}", "[]", "{\"execute\": 1}", "{\"id\": 5}", "1", "hello", "{\"execute\": }",
  };

  for (guint i = 0; i < G_N_ELEMENTS (inputs); i++)
    try_greeted (inputs[i]);
}

#define WITH_ID(id) \
  "{\"execute\": \"query-name\", \"id\": " id "}", "{\"execute\": \"nothing\", \"id\": " id "}", "{\"id\": " id "}"

static void
test_ids (void)
{
  const char * const inputs[] = {
    WITH_ID ("1"), WITH_ID ("0"), WITH_ID ("-1"), WITH_ID ("1.5"), WITH_ID ("1.0"), WITH_ID ("1e3"), WITH_ID ("-0"),
    WITH_ID ("9223372036854775807"), WITH_ID ("9223372036854775808"), WITH_ID ("18446744073709551615"),
    WITH_ID ("-9223372036854775808"), WITH_ID ("0.1"), WITH_ID ("1e300"),
    WITH_ID ("true"), WITH_ID ("false"), WITH_ID ("null"), WITH_ID ("\"\""), WITH_ID ("\"a\""),
    WITH_ID ("\"\\u00e9\\n\\/\\\"\""), WITH_ID ("\"\\ud83d\\ude00\""), WITH_ID ("\"\xc3\xa9\""), WITH_ID ("\"\\u0001\""),
    WITH_ID ("[]"), WITH_ID ("[1, [2, {}], \"a\"]"), WITH_ID ("{}"), WITH_ID ("{\"b\": 1, \"a\": {\"c\": null}}"),
    WITH_ID ("1e999"),
    "{\"execute\": \"query-name\"}", "{\"execute\": \"nothing\"}",
    NULL
  };

  try_inputs (MODE_NEGOTIATED, inputs);
}

static void
test_commands (void)
{
  const char * const inputs[] = {
    "{\"execute\": \"\"}", "{\"execute\": \"a b\"}", "{\"execute\": \"\\\"\"}", "{\"execute\": \"\xc3\xa9\"}",
    "{\"execute\": \"n\\u006fthing\"}", "{\"execute\": \"query\\u002dname\", \"id\": 1}", "{\"execute\": \"no\\u0000thing\"}",
    "{\"execute\": null}", "{\"execute\": []}", "{\"execute\": {}}", "{\"execute\": true, \"id\": 1}",
    "{\"execute\": \"query-name\", \"arguments\": {}}", "{\"execute\": \"query-name\", \"arguments\": {\"a\": 1}}",
    "{\"execute\": \"query-name\", \"arguments\": []}", "{\"execute\": \"query-name\", \"arguments\": null}",
    "{\"execute\": \"query-name\", \"arguments\": \"a\", \"id\": 1}", "{\"execute\": \"nothing\", \"arguments\": 1}",
    "{\"execute\": \"query-name\", \"control\": {}}", "{\"execute\": \"query-name\", \"a\\u0000b\": {}}",
    "{\"EXECUTE\": \"query-name\"}", "{\"execute \": \"query-name\"}", "{\"arguments\": {}}", "{\"return\": {}}",
    "{\"event\": \"STOP\"}", "{\"QMP\": {}}", "{\"error\": {}, \"id\": 1}",
    "{\"execute\": 1, \"arguments\": 1, \"x\": 1}", "{\"execute\": 1, \"arguments\": 1}", "{\"x\": 1, \"y\": 1}",
    "{\"a\": 1, \"b\": 2, \"c\": 3, \"d\": 4}", "{\"execute\": \"query-name\", \"arguments\": 1, \"zap\": 1}",
    "{\"execute\": \"qmp_capabilities\"}", CAPABILITIES ("{\"a\": 1}"), CAPABILITIES ("{\"enable\": [\"oob\"]}"),
    "{\"exec-oob\": \"query-name\", \"id\": 1}", "{\"exec-oob\": \"nothing\"}", "{\"exec-oob\": 1}",
    "{\"exec-oob\": \"query-name\", \"execute\": \"query-name\"}",
    "[]", "[1]", "[{\"execute\": \"query-name\"}]", "{}{}", "{}[]{}", " \t\r\n ", "1", "null", "\"a\"", "true", "-0.5",
    "{\"execute\": \"query-name\", \"id\": 1}{\"execute\": \"nothing\", \"id\": 2}{\"execute\": \"query-name\", \"id\": 3}",
    "{\"execute\":\n\"query-name\",\r\n\t\"id\" : 1 }",
    "{'execute': 'query-name'}", "{\"execute\": \"query-name\", 'id': 1}",
    NULL
  };

  try_inputs (MODE_NEGOTIATED, inputs);
}

static void
test_out_of_band (void)
{
  const char * const inputs[] = {
    "{\"exec-oob\": \"query-name\", \"id\": 1}", "{\"exec-oob\": \"nothing\", \"id\": 1}", "{\"exec-oob\": \"nothing\"}",
    "{\"exec-oob\": 1, \"id\": 1}", "{\"exec-oob\": null}", "{\"exec-oob\": \"query-name\", \"x\": 1}",
    "{\"exec-oob\": \"query-name\", \"arguments\": []}", "{\"exec-oob\": \"query-name\", \"arguments\": {\"a\": 1}}",
    "{\"exec-oob\": \"migrate-pause\", \"id\": 1}", "{\"exec-oob\": \"migrate-pause\"}",
    "{\"exec-oob\": \"migrate-pause\", \"id\": {\"a\": []}}", "{\"execute\": \"migrate-pause\", \"id\": 1}",
    "{\"exec-oob\": \"migrate-pause\", \"arguments\": {\"a\": 1}}", "{\"exec-oob\": \"qmp_capabilities\", \"id\": 1}",
    "{\"exec-oob\": \"query-name\", \"execute\": \"query-name\", \"id\": 1}", "{\"exec-oob\": 1, \"execute\": 1}",
    "{\"execute\": \"query-name\", \"id\": 1}", "{\"execute\": \"nothing\", \"id\": 1}", "{}", "[]", "hello",
    NULL
  };

  try_inputs (MODE_OUT_OF_BAND, inputs);
}

static void
test_broken (void)
{
  const char * const inputs[] = {
    "hello", "hello world", "@", "%d", "}", "]", "}}", "{", "[", "{\"a\"", "{\"a\":", "{\"a\":1", "[1,2", "\"a", "{\"a", "{]", "[}",
    "{\"execute\" \"query-name\"}", "{\"execute\": query-name}", "{\"execute\": \"query-name\",}", "{execute: \"query-name\"}",
    "{\"execute\": \"query-name\"}}", "{,}", "[,]", "[1,]", "[1 2]", "{\"a\": 1 \"b\": 2}", "{1: 2}", "{\"a\": 1, \"a\": 2}",
    "{\"x\": {\"a\": 1, \"a\": 2}}", "{\"id\": nil}", "{\"id\": True}", "{\"id\": 01}", "{\"id\": -}", "{\"id\": 1.}", "{\"id\": .5}",
    "{\"id\": +1}", "{\"id\": 1e}", "{\"id\": 0x10}", "{\"id\": NaN}", "{\"id\": 0e5}", "{\"id\": \"\\x\"}", "{\"id\": \"\\u12\"}",
    "{\"id\": \"\\ud800\"}", "{\"id\": \"\\udc00\\ud800\"}", "{\"id\": \"\\uffff\"}", "{\"id\": \"\xc3(\"}", "{\"id\": \"\xed\xa0\x80\"}",
    "{\"id\": \"a\nb\"}", "{\"id\": \"a\tb\"}", "{\"id\": \"\x01\"}", "{\"id\": \"\xff\"}", "\xff", "\xff{}\xff", "/* comment */ {}",
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "{\"execute\": %d}", "{\"id\": [1}",
    NULL
  };

  try_inputs (MODE_NEGOTIATED, inputs);
}

static void
test_deep (void)
{
  g_autofree char *open = g_strnfill (1024, '[');
  g_autofree char *close = g_strnfill (1024, ']');
  g_autofree char *most = g_strconcat (open, close, NULL);
  g_autofree char *too_deep = g_strconcat ("[", open, close, "]", NULL);
  const char * const inputs[] = { most, too_deep, open, close, NULL };

  try_inputs (MODE_NEGOTIATED, inputs);
}

static void
test_descriptors (void)
{
  const struct { const char *text; guint n_fds; } inputs[] = {
    { "{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"a\"}, \"id\": 1}", 0 },
    { "{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"a\"}, \"id\": 2}", 1 },
    { "{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"b\"}, \"id\": 3}", 1 },
  };
  Pair pair;

  pair_open (&pair, MODE_NEGOTIATED);
  for (guint i = 0; i < G_N_ELEMENTS (inputs); i++)
    {
      test_raw_say_with_fds (pair.qemu, inputs[i].text, inputs[i].n_fds);
      test_raw_say_with_fds (pair.server, inputs[i].text, inputs[i].n_fds);
      try_input (&pair, "");
    }
  pair_close (&pair);
}

/* --- at random --- */

static const char *
pick (const char * const *words)
{
  return words[g_rand_int_range (fixture.rand, 0, g_strv_length ((char **) words))];
}

/* A command of members that belong there and that do not, with values that fit and that do not. */
static char *
make_mix (void)
{
  const char * const names[] = { "execute", "execute", "exec-oob", "arguments", "id", "id", "x", NULL };
  const char * const values[] = { "\"query-name\"", "\"query-name\"", "\"nothing\"", "\"qmp_capabilities\"", "{}", "{\"a\": 1}", "[]", "1", "null",
                                  "\"\"", "2.5", "true", NULL };
  g_autoptr(GHashTable) used = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr(GString) text = g_string_new ("{");
  guint n = g_rand_int_range (fixture.rand, 1, 5);

  for (guint i = 0; i < n; i++)
    {
      const char *name = pick (names);

      if (g_hash_table_add (used, (char *) name))
        g_string_append_printf (text, "%s\"%s\": %s", text->len > 1 ? ", " : "", name, pick (values));
    }
  return g_string_free (g_string_append_c (g_steal_pointer (&text), '}'), FALSE);
}

/* A text with some bytes changed: mostly broken. */
static char *
make_damaged (void)
{
  const char bytes[] = "{}[]\",: 1etn\\\n@";
  char *text = make_mix ();
  guint n = g_rand_int_range (fixture.rand, 1, 4);

  for (guint i = 0; i < n; i++)
    text[g_rand_int_range (fixture.rand, 0, strlen (text))] = bytes[g_rand_int_range (fixture.rand, 0, strlen (bytes))];
  return text;
}

static void
test_random (void)
{
  Pair pairs[2];

  pair_open (&pairs[0], MODE_NEGOTIATED);
  for (guint i = 0; i < N_RANDOM / 2; i++)
    {
      g_autofree char *mix = make_mix ();
      g_autofree char *damaged = make_damaged ();

      try_input (&pairs[0], mix);
      try_input (&pairs[0], damaged);
    }
  pair_close (&pairs[0]);
  pair_open (&pairs[1], MODE_OUT_OF_BAND);
  for (guint i = 0; i < N_RANDOM / 4; i++)
    {
      g_autofree char *mix = make_mix ();

      try_input (&pairs[1], mix);
    }
  pair_close (&pairs[1]);
}

/* --- the table --- */

/* The names in the first column of the last table of the page. */
static GHashTable *
read_table (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "..", "docs", "server.md", NULL);
  GHashTable *names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  lines = g_strsplit (strstr (text, "## Where it differs from QEMU"), "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (g_str_has_prefix (lines[i], "| `"))
      g_hash_table_add (names, g_strndup (lines[i] + 3, strchr (lines[i] + 3, '`') - lines[i] - 3));
  return names;
}

/* The last of the tests: what was seen is in the table, and nothing else is. */
static void
test_table (void)
{
  g_autoptr(GHashTable) names = read_table ();
  GHashTableIter iter;
  gpointer name;

  g_assert_cmpuint (fixture.n_inputs, >=, 500);
  /* Another fault, but in QEMU's words. */
  g_hash_table_iter_init (&iter, fixture.our_forms);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    if (!g_hash_table_contains (fixture.their_forms, name))
      g_error ("QEMU does not say “%s”", (char *) name);
  g_hash_table_iter_init (&iter, fixture.seen);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    if (!g_hash_table_remove (names, name))
      g_error ("“%s” is not in the table", (char *) name);
  g_hash_table_iter_init (&iter, names);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_error ("“%s” is in the table, and was not seen", (char *) name);
}

/* Versions of their own, and the same shape. */
static void
test_greeting (void)
{
  TestRaw *raws[] = { connect_to_qemu (), connect_to_server () };
  char *shapes[2];

  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *line = test_raw_read_line (raws[i]);
      g_autoptr(QmpMessage) message = test_message (line);

      g_assert_cmpint (qmp_message_get_int64 (message, "QMP.version.qemu.major", NULL), >=, 0);
      g_assert_true (qmp_message_has_path (message, "QMP.version.qemu.minor"));
      g_assert_true (qmp_message_has_path (message, "QMP.version.qemu.micro"));
      g_assert_true (qmp_message_has_path (message, "QMP.version.package"));
      shapes[i] = qmp_message_dup_text (message, "QMP.capabilities", NULL);
      test_raw_free (raws[i]);
    }
  g_assert_cmpstr (shapes[0], ==, shapes[1]);
  g_free (shapes[0]);
  g_free (shapes[1]);
  g_hash_table_add (fixture.seen, (char *) "greeting");
}

static void
set_up (guint seed)
{
  fixture.rand = g_rand_new_with_seed (seed);
  fixture.seen = g_hash_table_new (g_str_hash, g_str_equal);
  fixture.their_forms = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  fixture.our_forms = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  fixture.qemu = test_server_new (TEST_SERVER_QEMU);
  fixture.qemu_answers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  ask_qemu ("migrate-pause");
  fixture.server = qmp_server_new (NULL);
  qmp_server_set_oob_commands (fixture.server, (const char * const []) { "migrate-pause", NULL });
  /* That there is such a command is known by a handler of its name. */
  g_signal_connect (fixture.server, "command::getfd", G_CALLBACK (command_cb), NULL);
  g_signal_connect (fixture.server, "command::query-name", G_CALLBACK (command_cb), NULL);
  g_signal_connect (fixture.server, "command::migrate-pause", G_CALLBACK (command_cb), NULL);
}

static void
tear_down (void)
{
  qmp_server_close (fixture.server);
  g_assert_finalize_object (fixture.server);
  test_server_free (fixture.qemu);
  g_hash_table_unref (fixture.qemu_answers);
  g_hash_table_unref (fixture.seen);
  g_hash_table_unref (fixture.their_forms);
  g_hash_table_unref (fixture.our_forms);
  g_rand_free (fixture.rand);
}

int
main (int    argc,
      char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);

  set_up (argc > 1 ? g_ascii_strtoull (argv[1], NULL, 10) : DEFAULT_SEED);
  g_test_add_func ("/server-conformance/greeting", test_greeting);
  g_test_add_func ("/server-conformance/negotiation", test_negotiation);
  g_test_add_func ("/server-conformance/ids", test_ids);
  g_test_add_func ("/server-conformance/commands", test_commands);
  g_test_add_func ("/server-conformance/out-of-band", test_out_of_band);
  g_test_add_func ("/server-conformance/broken", test_broken);
  g_test_add_func ("/server-conformance/deep", test_deep);
  g_test_add_func ("/server-conformance/descriptors", test_descriptors);
  g_test_add_func ("/server-conformance/random", test_random);
  g_test_add_func ("/server-conformance/table", test_table);
  status = g_test_run ();
  tear_down ();
  return status;
}
