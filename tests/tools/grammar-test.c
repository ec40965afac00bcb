/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <locale.h>
#include <string.h>

#include "tool-grammar.h"

/* What one line, or lines, become: the JSON that is sent, or words of the error. */
typedef struct {
  const char *line;
  const char *json;
  const char *error;
} Case;

/* The arguments of a command, from "x=..." on. */
static const Case values[] = {
  /* integers, as Python's int() reads them */
  { "x=7", "{\"x\":7}" },
  { "x=-7", "{\"x\":-7}" },
  { "x=+7", "{\"x\":7}" },
  { "x=007", "{\"x\":7}" },
  { "x=-0", "{\"x\":0}" },
  { "x=0", "{\"x\":0}" },
  { "x=000", "{\"x\":0}" },
  { "x=1_000", "{\"x\":1000}" },
  { "x=18446744073709551615", "{\"x\":18446744073709551615}" },
  { "x=123456789012345678901234567890", "{\"x\":123456789012345678901234567890}" },
  { "x=٤٢", "{\"x\":42}" },
  { "x=1__0", "{\"x\":\"1__0\"}" },
  { "x=_1", "{\"x\":\"_1\"}" },
  { "x=1_", "{\"x\":\"1_\"}" },
  { "x=+", "{\"x\":\"+\"}" },
  { "x=-", "{\"x\":\"-\"}" },
  { "x=+-7", "{\"x\":\"+-7\"}" },
  { "x=0x10", "{\"x\":\"0x10\"}" },
  { "x=²", "{\"x\":\"²\"}" },
  /* booleans in any case; nothing else has a meaning of its own */
  { "x=true", "{\"x\":true}" },
  { "x=False", "{\"x\":false}" },
  { "x=tRuE", "{\"x\":true}" },
  { "x=null", "{\"x\":\"null\"}" },
  { "x=None", "{\"x\":\"None\"}" },
  { "x=1.5", "{\"x\":\"1.5\"}" },
  { "x=1e3", "{\"x\":\"1e3\"}" },
  { "x=on", "{\"x\":\"on\"}" },
  { "x=NaN", "{\"x\":\"NaN\"}" },
  /* strings */
  { "x=", "{\"x\":\"\"}" },
  { "x=a=b", "{\"x\":\"a=b\"}" },
  { "x=pci.0", "{\"x\":\"pci.0\"}" },
  { "x=/dev/sdä", "{\"x\":\"/dev/sdä\"}" },
  { "x=a\\b", "{\"x\":\"a\\\\b\"}" },
  { "x=\x01\x7f", "{\"x\":\"\\u0001\x7f\"}" },
  /* quotes around a whole value are quotes */
  { "x=\"a b\"", "{\"x\":\"a b\"}" },
  { "x='a b'", "{\"x\":\"a b\"}" },
  { "x=\"7\"", "{\"x\":\"7\"}" },
  { "x='true'", "{\"x\":\"true\"}" },
  { "x=\"\"", "{\"x\":\"\"}" },
  { "x=''", "{\"x\":\"\"}" },
  { "x=\"a\\tb\\u00e4\\\"\"", "{\"x\":\"a\\tbä\\\"\"}" },
  { "x='it\\'s \"'", "{\"x\":\"it's \\\"\"}" },
  { "x=\"\\ud83d\\ude00\"", "{\"x\":\"😀\"}" },
  { "x='\\x41\\101\\U0001F600\\q\\v'", "{\"x\":\"AA😀\\\\q\\u000b\"}" },
  { "x=\"\\u0000\"", "{\"x\":\"\\u0000\"}" },
  { "x=a\"b c\"", "{\"x\":\"a\\\"b c\\\"\"}" },
  { "x=\"a\"b", "{\"x\":\"\\\"a\\\"b\"}" },
  { "x=\"a\"'b'", "{\"x\":\"\\\"a\\\"'b'\"}" },
  { "x=\"abc", NULL, "quote \" is not closed" },
  { "x=it's", NULL, "quote ' is not closed in “x=it's”, at character 3" },
  { "x='\\x4'", NULL, "bad escape" },
  { "x=\"\\ud83d\"", NULL, "half a surrogate pair" },
  { "x=\"\\ude00\"", NULL, "half a surrogate pair" },
  /* objects and arrays: JSON */
  { "x={}", "{\"x\":{}}" },
  { "x=[]", "{\"x\":[]}" },
  { "x={\"a\":1,\"b\":[true,null,1.50,-0,1e400]}", "{\"x\":{\"a\":1,\"b\":[true,null,1.50,-0,1e400]}}" },
  { "x={\"a\":1,\"b\":2,\"a\":3}", "{\"x\":{\"a\":3,\"b\":2}}" },
  { "x={\"a b\":\"c d\"}", "{\"x\":{\"a b\":\"c d\"}}" },
  { "x={ \"a\" : [ 1 , 2 ] } y=3", "{\"x\":{\"a\":[1,2]},\"y\":3}" },
  { "x=[ ]", "{\"x\":[]}" },
  { "x=[\"\\/\\u0041\"]", "{\"x\":[\"/A\"]}" },
  /* objects and arrays: Python */
  { "x={'a':1}", "{\"x\":{\"a\":1}}" },
  { "x={\"a\":1,}", "{\"x\":{\"a\":1}}" },
  { "x={'a': None, 'b': True}", "{\"x\":{\"a\":null,\"b\":true}}" },
  { "x={'a':true,'b':null}", "{\"x\":{\"a\":true,\"b\":null}}" },
  { "x={a:1}", "{\"x\":\"{a:1}\"}" },
  { "x={'a':none}", "{\"x\":\"{'a':none}\"}" },
  { "x=[0x10,1_0]", "{\"x\":[16,10]}" },
  { "x=[0XfF,0o17,0b1_01,0x_0]", "{\"x\":[255,15,5,0]}" },
  { "x=[0xFFFFFFFFFFFFFFFFFFFF,-0x10]", "{\"x\":[1208925819614629174706175,-16]}" },
  { "x=[1.,.5,1_0.2_5e1_0,-.5,+3,01.5]", "{\"x\":[1.0,0.5,10.25e10,-0.5,3,1.5]}" },
  { "x=[007]", "{\"x\":\"[007]\"}" },
  { "x=[1+2]", "{\"x\":\"[1+2]\"}" },
  { "x=[1,'x',(1,2)]", "{\"x\":[1,\"x\",[1,2]]}" },
  { "x=[(),(1),(1,)]", "{\"x\":[[],1,[1]]}" },
  { "x=['a' 'b']", "{\"x\":[\"ab\"]}" },
  { "x=['a'\"b\" r'\\n',u'ä']", "{\"x\":[\"ab\\\\n\",\"ä\"]}" },
  { "x={1:2}", "{\"x\":{\"1\":2}}" },
  { "x={None:1,True:2,1.5:3}", "{\"x\":{\"null\":1,\"true\":2,\"1.5\":3}}" },
  { "x=[f'a']", "{\"x\":\"[f'a']\"}" },
  { "x=[1,2", "{\"x\":\"[1,2\"}" },
  { "x={a y=2", "{\"x\":\"{a\",\"y\":2}" },
  { "x=[1]z", "{\"x\":\"[1]z\"}" },
  { "x=[1 2]", NULL, "Expected a key=value pair, got “2]”, at character 8" },
  /* what JSON cannot say */
  { "x={1,2}", NULL, "JSON has no sets" },
  { "x=[b'x']", NULL, "byte strings" },
  { "x=[1j]", NULL, "complex" },
  { "x=[...]", NULL, "..." },
  { "x=[NaN]", NULL, "not finite" },
  { "x=[-Infinity]", NULL, "not finite: “[-Infinity]”, at character 3" },
  { "x={():1}", NULL, "key must be a string" },
  /* ":=" takes literals alone */
  { "x:=1.5", "{\"x\":1.5}" },
  { "x:=null", "{\"x\":null}" },
  { "x:=None", "{\"x\":null}" },
  { "x:=0x10", "{\"x\":16}" },
  { "x:=\"7\"", "{\"x\":\"7\"}" },
  { "x:=[1, 2]", "{\"x\":[1,2]}" },
  { "a.b:=1e3", "{\"a\":{\"b\":1e3}}" },
  { "x:==", NULL, "“=”" },
  /* "==" takes a text as it stands, to the next blank */
  { "x==00123", "{\"x\":\"00123\"}" },
  { "x==true y==[1] z==\"q\"", "{\"x\":\"true\",\"y\":\"[1]\",\"z\":\"\\\"q\\\"\"}" },
  { "x==it's y==\"a b==c", "{\"x\":\"it's\",\"y\":\"\\\"a\",\"b\":\"c\"}" },
  { "x== y===a==b", "{\"x\":\"\",\"y\":\"=a==b\"}" },
  { "a.b==7", "{\"a\":{\"b\":\"7\"}}" },
  { "x=a==1", "{\"x\":\"a==1\"}" },
  { "x:=word", NULL, "“word”" },
  { "x:={a:1}", NULL, "from “a:1}” on" },
  { "x:=1}", NULL, "Something follows the value" },
  { "x:=", NULL, "ends too early" },
  /* keys */
  { "a.b=1", "{\"a\":{\"b\":1}}" },
  { "node-name=n file.driver=file file.filename=f",
    "{\"node-name\":\"n\",\"file\":{\"driver\":\"file\",\"filename\":\"f\"}}" },
  { "a.b.c=1 a.b.d=2 a.e=3 f=4", "{\"a\":{\"b\":{\"c\":1,\"d\":2},\"e\":3},\"f\":4}" },
  { "a={'x':1} a.b=2", "{\"a\":{\"x\":1,\"b\":2}}" },
  { "a.b=1 a=2", NULL, "Cannot use “a” as both leaf and non-leaf key, at character 9" },
  { "a=1 a.b=2", NULL, "Cannot use “a” as both leaf and non-leaf key" },
  { "a.b=1 a.b.c.d=2", NULL, "Cannot use “a.b” as both leaf and non-leaf key" },
  { "a=1 a=2", NULL, "Cannot set “a” multiple times" },
  { "a.b=1 a.b=2", NULL, "Cannot set “a.b” multiple times" },
  { "x", NULL, "Expected a key=value pair, got “x”, at character 3" },
  { "ä=1 x", NULL, "got “x”, at character 7" },
  /* blanks about the sign */
  { "x= 1", NULL, "without blanks about the “=”, got “1”, at character 6" },
  { "x = 1", NULL, "without blanks about the “=”, got “x”, at character 3" },
  { "x =1", NULL, "without blanks about the “=”, got “x”" },
  { "y=1 = 2", NULL, "without blanks about the “=”, got “=”" },
  { "=1", NULL, "empty" },
  { "a..b=1", NULL, "A part of the key “a..b” is empty" },
  { "a.=1", NULL, "empty" },
};

/* Lines are separated by \n. */
static const Case lines[] = {
  { "query-status", "{\"execute\":\"query-status\"}" },
  { "  query-status\t ", "{\"execute\":\"query-status\"}" },
  { "device_add driver=e1000 id=net1",
    "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"e1000\",\"id\":\"net1\"}}" },
  { "", NULL },
  { " \t", NULL },
  /* transactions */
  { "transaction(", NULL },
  { "transaction(\nblock-dirty-bitmap-add node=drive0 name=bitmap1\nblock-dirty-bitmap-clear node=drive0 name=bitmap0\n)",
    "{\"execute\":\"transaction\",\"arguments\":{\"actions\":["
    "{\"type\":\"block-dirty-bitmap-add\",\"data\":{\"node\":\"drive0\",\"name\":\"bitmap1\"}},"
    "{\"type\":\"block-dirty-bitmap-clear\",\"data\":{\"node\":\"drive0\",\"name\":\"bitmap0\"}}]}}" },
  { "transaction( a x=1 )",
    "{\"execute\":\"transaction\",\"arguments\":{\"actions\":[{\"type\":\"a\",\"data\":{\"x\":1}}]}}" },
  { "transaction( a x=1\n\nb )",
    "{\"execute\":\"transaction\",\"arguments\":{\"actions\":["
    "{\"type\":\"a\",\"data\":{\"x\":1}},{\"type\":\"b\",\"data\":{}}]}}" },
  { "transaction( )", "{\"execute\":\"transaction\",\"arguments\":{\"actions\":[]}}" },
  { "transaction(\n)", "{\"execute\":\"transaction\",\"arguments\":{\"actions\":[]}}" },
  { "transaction(a x=1", NULL, "A blank has to follow “transaction(”, at character 1" },
  { "transaction ( a", NULL, "No blank stands in “transaction(”, at character 1" },
  { "transaction(\n)x=1", NULL, "A blank has to follow “)”, at character 1" },
  { "transaction( a\nabort\nb y=2", "{\"execute\":\"b\",\"arguments\":{\"y\":2}}" },
  { "transaction( abort )",
    "{\"execute\":\"transaction\",\"arguments\":{\"actions\":[{\"type\":\"abort\",\"data\":{}}]}}" },
  { "transaction(\n{\"type\":\"abort\",\"data\":{}}\n)",
    "{\"execute\":\"transaction\",\"arguments\":{\"actions\":[{\"type\":\"abort\",\"data\":{}}]}}" },
  { "transaction(\n) x", NULL, "Unexpected input after close of Transaction sub-shell: “x”, at character 3" },
  { "transaction( a x=1 ) properties.completion-mode=grouped",
    "{\"execute\":\"transaction\",\"arguments\":{\"actions\":[{\"type\":\"a\",\"data\":{\"x\":1}}],"
    "\"properties\":{\"completion-mode\":\"grouped\"}}}" },
  { "transaction(\na\n) properties={\"completion-mode\":\"individual\"}",
    "{\"execute\":\"transaction\",\"arguments\":{\"actions\":[{\"type\":\"a\",\"data\":{}}],"
    "\"properties\":{\"completion-mode\":\"individual\"}}}" },
  { "transaction( a ) actions=1", NULL, "Cannot set “actions” multiple times, at character 18" },
  { "transaction( a ) p=1 x", NULL, "Expected a key=value pair, got “x”, at character 22" },
  { "transaction( a ) b c=1", NULL, "Unexpected input after close of Transaction sub-shell: “b”, at character 18" },
  { "transaction(\ntransaction(", NULL, "going on already" },
  { "transaction( a x )", NULL, "Expected a key=value pair" },
  { ")", "{\"execute\":\")\"}" },
  { "a x=1 )", NULL, "got “)”" },
  /* JSON as it is */
  { "{\"execute\":\"query-status\"}", "{\"execute\":\"query-status\"}" },
  { " { \"exec-oob\": \"x\", \"id\": 1.0 } ", "{ \"exec-oob\": \"x\", \"id\": 1.0 }" },
  { "{\n  \"execute\": \"a\"\n}", "{\n  \"execute\": \"a\"\n}" },
  { "{\"execute\":", NULL },
  { "{\"execute\" 1}", NULL, "" },
  { "{\"execute\":\"a\"} x", NULL, "" },
  { "{'execute':'a'}", NULL, "" },
  /* comments */
  { "# query-status", NULL },
  { "\t#", NULL },
  { "#\nc", "{\"execute\":\"c\"}" },
  { "transaction( a\n# b\n)",
    "{\"execute\":\"transaction\",\"arguments\":{\"actions\":[{\"type\":\"a\",\"data\":{}}]}}" },
  { "c x=#", "{\"execute\":\"c\",\"arguments\":{\"x\":\"#\"}}" },
};

static char *
text_of (QmpMessage *message)
{
  gsize length;
  const char *text = g_bytes_get_data (qmp_message_get_bytes (message), &length);

  return g_strndup (text, length);
}

/* What a line becomes, when that is one command. */
static QmpMessage *
feed (ToolGrammar  *grammar,
      const char   *line,
      GError      **error)
{
  GQueue commands = G_QUEUE_INIT;
  gboolean good = tool_grammar_feed (grammar, line, &commands, error);

  g_assert_cmpint (good, ==, *error == NULL);
  g_assert_cmpuint (g_queue_get_length (&commands), <=, good ? 1 : 0);
  return g_queue_pop_head (&commands);
}

/* The last line counts. */
static QmpMessage *
feed_all (ToolGrammar  *grammar,
          const char   *text,
          GError      **error)
{
  g_auto(GStrv) parts = g_strsplit (text, "\n", -1);
  QmpMessage *message = NULL;

  for (guint i = 0; parts[i] != NULL; i++)
    {
      g_assert_null (message);
      message = feed (grammar, parts[i], error);
      if (message == NULL && *error != NULL)
        g_assert_null (parts[i + 1]);
    }
  return message;
}

static void
check_case (const char *text,
            const char *json,
            const char *problem)
{
  g_autoptr(ToolGrammar) grammar = tool_grammar_new (NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMessage) message = feed_all (grammar, text, &error);
  g_autofree char *sent = message != NULL ? text_of (message) : NULL;
  g_autofree char *shown = g_strescape (text, NULL);

  g_test_message ("%.200s", shown);
  if (problem != NULL)
    {
      g_assert_nonnull (error);
      g_assert_null (message);
      if (strstr (error->message, problem) == NULL)
        g_assert_cmpstr (error->message, ==, problem);
      return;
    }
  g_assert_no_error (error);
  g_assert_cmpstr (sent, ==, json);
}

static void
test_values (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autofree char *line = g_strconcat ("c ", values[i].line, NULL);
      g_autofree char *json = g_strdup_printf ("{\"execute\":\"c\",\"arguments\":%s}", values[i].json);

      check_case (line, json, values[i].error);
    }
}

static void
test_lines (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    check_case (lines[i].line, lines[i].json, lines[i].error);
}

static void
test_states (void)
{
  g_autoptr(ToolGrammar) grammar = tool_grammar_new (NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMessage) message = NULL;

  g_assert_cmpint (tool_grammar_get_state (grammar), ==, TOOL_STATE_COMMAND);
  g_assert_false (tool_grammar_abort (grammar));
  g_assert_null (feed (grammar, "transaction( a", &error));
  g_assert_cmpint (tool_grammar_get_state (grammar), ==, TOOL_STATE_TRANSACTION);
  g_assert_null (feed (grammar, "{\"type\":", &error));
  g_assert_cmpint (tool_grammar_get_state (grammar), ==, TOOL_STATE_JSON);
  g_assert_null (feed (grammar, "\"b\"}", &error));
  g_assert_no_error (error);

  /* A bad line leaves the transaction as it was. */
  g_assert_null (feed (grammar, "c nothing", &error));
  g_assert_error (error, TOOL_ERROR, TOOL_ERROR_USAGE);
  g_clear_error (&error);
  g_assert_cmpint (tool_grammar_get_state (grammar), ==, TOOL_STATE_TRANSACTION);
  g_assert_null (feed (grammar, "d ) properties.x=1 properties=2", &error));
  g_assert_error (error, TOOL_ERROR, TOOL_ERROR_USAGE);
  g_clear_error (&error);
  g_assert_cmpint (tool_grammar_get_state (grammar), ==, TOOL_STATE_TRANSACTION);
  message = feed (grammar, ")", &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (g_bytes_get_data (qmp_message_get_bytes (message), NULL),
                            "[{\"type\":\"a\",\"data\":{}},{\"type\":\n\"b\"}]"));
  g_assert_cmpint (tool_grammar_get_state (grammar), ==, TOOL_STATE_COMMAND);

  g_assert_null (feed (grammar, "transaction(", &error));
  g_assert_true (tool_grammar_abort (grammar));
  g_assert_cmpint (tool_grammar_get_state (grammar), ==, TOOL_STATE_COMMAND);
}

static void
test_bad_utf8 (void)
{
  check_case ("c x=\xff", NULL, "not UTF-8");
}

static void
test_depth (void)
{
  g_autofree char *open = g_strnfill (100000, '[');
  g_autofree char *line = g_strconcat ("c x=", open, NULL);

  check_case (line, NULL, "too deep");
}

/* Of what is wrong an error shows a part. */
static void
test_shortened (void)
{
  static const char * const starts[] = { "", "x='", "x=b.", "x:=", "x=['", "transaction( a ) " };
  g_autofree char *many = g_strnfill (100000, 'w');

  for (guint i = 0; i < G_N_ELEMENTS (starts); i++)
    {
      g_autoptr(ToolGrammar) grammar = tool_grammar_new (NULL);
      g_autofree char *line = g_strconcat (i < 5 ? "c y=1 " : "", starts[i], many, " y=2", NULL);
      g_autoptr(GError) error = NULL;

      g_assert_null (feed (grammar, line, &error));
      g_assert_error (error, TOOL_ERROR, TOOL_ERROR_USAGE);
      g_assert_cmpuint (strlen (error->message), <, 400);
    }
}

static char *
join (GQueue *commands)
{
  GString *out = g_string_new (NULL);
  QmpMessage *command;

  while ((command = g_queue_pop_head (commands)) != NULL)
    {
      g_autofree char *text = text_of (command);

      g_string_append_printf (out, "%s\n", text);
      g_object_unref (command);
    }
  return g_string_free (out, FALSE);
}

/* One behind the other, as scripts send them: all or none. */
static void
test_objects (void)
{
  static const struct {
    const char *line;
    const char *commands;
    gboolean    good;
  } cases[] = {
    { "{\"execute\":\"a\"}{\"execute\":\"b\"} {}", "{\"execute\":\"a\"}\n{\"execute\":\"b\"}\n{}\n", TRUE },
    { "{\"execute\":\"a\"} {\"execute\":", "", TRUE },
    { "\"b\"", "", TRUE },
    { "} {\"c\":1}", "{\"execute\":\"a\"}\n{\"execute\":\n\"b\"\n}\n{\"c\":1}\n", TRUE },
    { "{\"execute\":\"a\"} b", "", FALSE },
    { "{\"execute\":\"a\"} {b}", "", FALSE },
    { "transaction(", "", TRUE },
    { "{\"type\":\"a\"} {b}", "", FALSE },
    { "{\"type\":\"a\"} {\"type\":\"b\"}", "", TRUE },
    { ")", "{\"execute\":\"transaction\",\"arguments\":{\"actions\":[{\"type\":\"a\"},{\"type\":\"b\"}]}}\n", TRUE },
  };
  g_autoptr(ToolGrammar) grammar = tool_grammar_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      GQueue commands = G_QUEUE_INIT;
      g_autofree char *text = NULL;

      g_assert_cmpint (tool_grammar_feed (grammar, cases[i].line, &commands, NULL), ==, cases[i].good);
      text = join (&commands);
      g_assert_cmpstr (text, ==, cases[i].commands);
    }
}

/* An object over many lines is not read anew for each of them. */
static void
test_many_lines (void)
{
  g_autoptr(ToolGrammar) grammar = tool_grammar_new (NULL);
  g_autoptr(QmpMessage) message = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_null (feed (grammar, "{\"execute\":\"a\",\"arguments\":{\"x\":[", &error));
  for (guint i = 0; i < 20000; i++)
    {
      g_assert_null (feed (grammar, "{\"y\":\"}]{[\\\"\"},", &error));
      g_assert_no_error (error);
    }
  g_assert_cmpint (tool_grammar_get_state (grammar), ==, TOOL_STATE_JSON);
  message = feed (grammar, "1]}}", &error);
  g_assert_no_error (error);
  g_assert_nonnull (message);
}

static void
test_words (void)
{
  static const char * const words[] = { "a", "x=a b", "y=1", NULL };
  static const char * const wrong[] = { "a", "x=1", "y", NULL };
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMessage) message = tool_command_from_words (words, NULL, &error);
  g_autofree char *text = text_of (message);

  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, "{\"execute\":\"a\",\"arguments\":{\"x\":\"a b\",\"y\":1}}");
  g_assert_null (tool_command_from_words (wrong, NULL, &error));
  g_assert_cmpstr (error->message, ==, "Expected a key=value pair, got “y”, in argument 2");
}

/* Whatever is typed is understood or refused, and what is understood is a message. */
static void
test_random (void)
{
  static const char * const pieces[] = {
    "c ", "x=", "{", "}", "[", "]", "(", ")", "'", "\"", "\\", ",", ":", "1", "0x", "_", ".", "e", "-", "a.b=", " ",
    "null", "True", "\\u", "d83d", "\\ude00", "transaction( ", ":=", "==", "#", "ä", "r'", "\n", "b",
  };

  for (int i = 0; i < 20000; i++)
    {
      g_autoptr(ToolGrammar) grammar = tool_grammar_new (NULL);
      g_autoptr(GString) line = g_string_new ("c ");
      g_autoptr(GError) error = NULL;
      GQueue commands = G_QUEUE_INIT;

      for (int n = g_test_rand_int_range (1, 24); n > 0; n--)
        g_string_append (line, pieces[g_test_rand_int_range (0, G_N_ELEMENTS (pieces))]);
      tool_grammar_feed (grammar, line->str, &commands, &error);
      g_assert_true (g_queue_is_empty (&commands) || error == NULL);
      g_queue_clear_full (&commands, g_object_unref);
    }
}

int
main (int    argc,
      char **argv)
{
  setlocale (LC_ALL, "");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tools/grammar/values", test_values);
  g_test_add_func ("/tools/grammar/lines", test_lines);
  g_test_add_func ("/tools/grammar/states", test_states);
  g_test_add_func ("/tools/grammar/bad-utf8", test_bad_utf8);
  g_test_add_func ("/tools/grammar/depth", test_depth);
  g_test_add_func ("/tools/grammar/shortened", test_shortened);
  g_test_add_func ("/tools/grammar/objects", test_objects);
  g_test_add_func ("/tools/grammar/many-lines", test_many_lines);
  g_test_add_func ("/tools/grammar/words", test_words);
  g_test_add_func ("/tools/grammar/random", test_random);
  return g_test_run ();
}
