/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <locale.h>
#include <string.h>

#include "tool-grammar.h"

/* Of everything that a member can be. */
static const char schema_text[] =
  "[{\"name\":\"c\",\"meta-type\":\"command\",\"arg-type\":\"A\",\"ret-type\":\"E\"},"
  " {\"name\":\"device_add\",\"meta-type\":\"command\",\"arg-type\":\"D\",\"ret-type\":\"E\"},"
  " {\"name\":\"qom-set\",\"meta-type\":\"command\",\"arg-type\":\"Q\",\"ret-type\":\"E\"},"
  " {\"name\":\"transaction\",\"meta-type\":\"command\",\"arg-type\":\"T\",\"ret-type\":\"E\"},"
  " {\"name\":\"E\",\"meta-type\":\"object\",\"members\":[]},"
  " {\"name\":\"A\",\"meta-type\":\"object\",\"members\":["
  "   {\"name\":\"str\",\"type\":\"str\"},{\"name\":\"int\",\"type\":\"int\"},{\"name\":\"number\",\"type\":\"number\"},"
  "   {\"name\":\"bool\",\"type\":\"bool\"},{\"name\":\"any\",\"type\":\"any\"},{\"name\":\"enum\",\"type\":\"N\"},"
  "   {\"name\":\"list\",\"type\":\"[str]\"},{\"name\":\"int-or-str\",\"type\":\"IS\"},{\"name\":\"ref\",\"type\":\"R\"},"
  "   {\"name\":\"union\",\"type\":\"U\"}]},"
  " {\"name\":\"D\",\"meta-type\":\"object\",\"members\":[{\"name\":\"driver\",\"type\":\"str\"}]},"
  " {\"name\":\"Q\",\"meta-type\":\"object\",\"members\":[{\"name\":\"path\",\"type\":\"str\"},"
  "   {\"name\":\"property\",\"type\":\"str\"},{\"name\":\"value\",\"type\":\"any\"}]},"
  " {\"name\":\"T\",\"meta-type\":\"object\",\"members\":[{\"name\":\"actions\",\"type\":\"[X]\"}]},"
  " {\"name\":\"[X]\",\"meta-type\":\"array\",\"element-type\":\"X\"},"
  " {\"name\":\"X\",\"meta-type\":\"object\",\"members\":[{\"name\":\"type\",\"type\":\"N\"}],\"tag\":\"type\","
  "   \"variants\":[{\"case\":\"one\",\"type\":\"W\"}]},"
  " {\"name\":\"W\",\"meta-type\":\"object\",\"members\":[{\"name\":\"data\",\"type\":\"O\"}]},"
  " {\"name\":\"O\",\"meta-type\":\"object\",\"members\":[{\"name\":\"str\",\"type\":\"str\"},{\"name\":\"int\",\"type\":\"int\"}]},"
  " {\"name\":\"U\",\"meta-type\":\"object\",\"members\":[{\"name\":\"kind\",\"type\":\"N\"}],\"tag\":\"kind\","
  "   \"variants\":[{\"case\":\"one\",\"type\":\"O\"}]},"
  " {\"name\":\"N\",\"meta-type\":\"enum\",\"values\":[\"one\",\"2\"]},"
  " {\"name\":\"IS\",\"meta-type\":\"alternate\",\"members\":[{\"type\":\"int\"},{\"type\":\"str\"}]},"
  " {\"name\":\"R\",\"meta-type\":\"alternate\",\"members\":[{\"type\":\"str\"},{\"type\":\"O\"}]},"
  " {\"name\":\"[str]\",\"meta-type\":\"array\",\"element-type\":\"str\"},"
  " {\"name\":\"str\",\"meta-type\":\"builtin\",\"json-type\":\"string\"},"
  " {\"name\":\"int\",\"meta-type\":\"builtin\",\"json-type\":\"int\"},"
  " {\"name\":\"number\",\"meta-type\":\"builtin\",\"json-type\":\"number\"},"
  " {\"name\":\"bool\",\"meta-type\":\"builtin\",\"json-type\":\"boolean\"},"
  " {\"name\":\"any\",\"meta-type\":\"builtin\",\"json-type\":\"value\"}]";

typedef struct {
  const char *line;
  const char *arguments;
} Case;

static const Case cases[] = {
  { "c str=007 str2=007", "{\"str\":\"007\",\"str2\":7}" },
  { "c str=true", "{\"str\":\"true\"}" },
  { "c str=[1,", "{\"str\":\"[1,\"}" },
  { "c str=[1, 2]", "{\"str\":\"[1, 2]\"}" },
  { "c str={'a':1}", "{\"str\":\"{'a':1}\"}" },
  { "c str=\"007\"", "{\"str\":\"007\"}" },
  { "c str:=7 int==7", "{\"str\":7,\"int\":\"7\"}" },
  { "c int=+7 number=7 bool=TRUE", "{\"int\":7,\"number\":7,\"bool\":true}" },
  { "c int=true bool=1", "{\"int\":true,\"bool\":1}" },
  { "c any=7 list=[1]", "{\"any\":7,\"list\":[1]}" },
  { "c enum=2", "{\"enum\":\"2\"}" },
  { "c int-or-str=7", "{\"int-or-str\":7}" },
  { "c int-or-str=true", "{\"int-or-str\":\"true\"}" },
  { "c ref=7", "{\"ref\":\"7\"}" },
  { "c ref={'str':'7'}", "{\"ref\":{\"str\":\"7\"}}" },
  { "c ref.str=7 ref.int=8", "{\"ref\":{\"str\":\"7\",\"int\":8}}" },
  { "c union.str=7 union.kind=one", "{\"union\":{\"str\":\"7\",\"kind\":\"one\"}}" },
  { "c union.str=7 union.kind=2", "{\"union\":{\"str\":7,\"kind\":\"2\"}}" },
  { "c union.kind='one' union.str=7", "{\"union\":{\"kind\":\"one\",\"str\":\"7\"}}" },
  { "c str.x=7", "{\"str\":{\"x\":7}}" },
  { "nothing str=7", "{\"str\":7}" },
  { "transaction( one str=7 int=8 )", "{\"actions\":[{\"type\":\"one\",\"data\":{\"str\":\"7\",\"int\":8}}]}" },
  { "transaction( other str=7 )", "{\"actions\":[{\"type\":\"other\",\"data\":{\"str\":7}}]}" },
  { "device_add driver=d serial=007 n=8 mode=9 on=true what=10",
    "{\"driver\":\"d\",\"serial\":\"007\",\"n\":8,\"mode\":\"9\",\"on\":true,\"what\":10}" },
  { "device_add serial=007", "{\"serial\":7}" },
  { "qom-set path=/p property=serial value=007", "{\"path\":\"/p\",\"property\":\"serial\",\"value\":\"007\"}" },
  { "qom-set path=/p property=n value=8", "{\"path\":\"/p\",\"property\":\"n\",\"value\":8}" },
  { "qom-set path=/p property=struct value={'a':1}", "{\"path\":\"/p\",\"property\":\"struct\",\"value\":{\"a\":1}}" },
};

static QmpSchema *
new_schema (void)
{
  g_autoptr(GBytes) bytes = g_bytes_new_static (schema_text, strlen (schema_text));
  g_autoptr(GError) error = NULL;
  QmpSchema *schema = qmp_schema_new_from_bytes (bytes, &error);

  g_assert_no_error (error);
  return schema;
}

/* With an entry that is none, as a server may send it. */
static JsonNode *
new_properties (void)
{
  return json_from_string ("[{\"name\":\"serial\",\"type\":\"str\"},1,{\"name\":2},{\"name\":\"n\",\"type\":\"uint32\"},"
                           "{\"name\":\"mode\",\"type\":\"OnOffAuto\"},{\"name\":\"on\",\"type\":\"bool\"},"
                           "{\"name\":\"struct\",\"type\":\"Thing\"}]", NULL);
}

static void
answer (ToolTypes *types,
        QmpSchema *schema,
        guint     *n_questions)
{
  g_autoptr(QmpMessage) question = tool_types_new_question (types);
  g_autoptr(JsonNode) properties = new_properties ();

  (*n_questions)++;
  if (question != NULL)
    tool_types_take_answer (types, properties);
  else
    tool_types_take_schema (types, schema);
}

/* Feeds the line until all that is asked for has been answered. */
static char *
read_line (ToolTypes  *types,
           QmpSchema  *schema,
           const char *line,
           guint      *n_questions)
{
  g_autoptr(ToolGrammar) grammar = tool_grammar_new (types);
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMessage) command = NULL;
  GQueue commands = G_QUEUE_INIT;

  while (!tool_grammar_feed (grammar, line, &commands, &error))
    {
      g_assert_error (error, TOOL_ERROR, TOOL_ERROR_ASK);
      g_assert_true (g_queue_is_empty (&commands));
      g_assert_cmpint (tool_grammar_get_state (grammar), ==, TOOL_STATE_COMMAND);
      g_clear_error (&error);
      answer (types, schema, n_questions);
    }
  command = g_queue_pop_head (&commands);
  g_assert_nonnull (command);
  return qmp_message_dup_member_text (command, "arguments");
}

static void
test_values (void)
{
  g_autoptr(QmpSchema) schema = new_schema ();
  g_autoptr(ToolTypes) types = tool_types_new ();
  guint n_questions = 0;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *arguments = read_line (types, schema, cases[i].line, &n_questions);

      g_assert_cmpstr (arguments, ==, cases[i].arguments);
    }
}

static guint
count_questions (ToolTypes  *types,
                 QmpSchema  *schema,
                 const char *line)
{
  guint n_questions = 0;
  g_autofree char *arguments = read_line (types, schema, line, &n_questions);

  return n_questions;
}

/* Nothing is asked that would not help, and nothing twice. */
static void
test_questions (void)
{
  g_autoptr(QmpSchema) schema = new_schema ();
  g_autoptr(ToolTypes) types = tool_types_new ();
  static const struct {
    const char *line;
    guint       n_questions;
  } lines[] = {
    { "c str=a x=\"7\" y==7 z:=7", 0 },
    { "c str=7 int=8", 1 },
    { "c str=7 int=8", 0 },
    { "device_add driver=d serial=7 n=7", 1 },
    { "device_add driver=d serial=7", 0 },
    { "device_add driver=e serial=7", 1 },
    { "qom-set path=/p property=n value=\"7\"", 0 },
    { "qom-set path=/p property=n value=7", 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    g_assert_cmpuint (count_questions (types, schema, lines[i].line), ==, lines[i].n_questions);
  /* Objects come and go; so do servers. */
  tool_types_forget_answers (types);
  g_assert_cmpuint (count_questions (types, schema, "device_add driver=d serial=7"), ==, 1);
  tool_types_forget (types);
  g_assert_cmpuint (count_questions (types, schema, "device_add driver=d serial=7"), ==, 2);
}

/* Then a value is what it looks like. */
static void
test_no_schema (void)
{
  g_autoptr(ToolTypes) types = tool_types_new ();
  guint n_questions = 0;
  g_autofree char *arguments = read_line (types, NULL, "c str=007 x=true", &n_questions);

  g_assert_cmpstr (arguments, ==, "{\"str\":7,\"x\":true}");
  g_assert_cmpuint (n_questions, ==, 1);
}

int
main (int    argc,
      char **argv)
{
  setlocale (LC_ALL, "");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tools/types/values", test_values);
  g_test_add_func ("/tools/types/questions", test_questions);
  g_test_add_func ("/tools/types/no-schema", test_no_schema);
  return g_test_run ();
}
