/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>
#include <string.h>

#include "test-utils.h"

/* Every construct that a schema can have, under made-up type names as on the wire. */
#define TYPES                                                                                                        \
  "{'name':'str','meta-type':'builtin','json-type':'string'},"                                                       \
  "{'name':'int','meta-type':'builtin','json-type':'int'},"                                                          \
  "{'name':'number','meta-type':'builtin','json-type':'number'},"                                                    \
  "{'name':'bool','meta-type':'builtin','json-type':'boolean'},"                                                     \
  "{'name':'null','meta-type':'builtin','json-type':'null'},"                                                        \
  "{'name':'any','meta-type':'builtin','json-type':'value'},"                                                        \
  "{'name':'0','meta-type':'object','members':[]},"                                                                  \
  "{'name':'[str]','meta-type':'array','element-type':'str'}"
#define COMMANDS                                                                                                     \
  "{'name':'stop','meta-type':'command','arg-type':'0','ret-type':'0'},"                                             \
  "{'name':'yank','meta-type':'command','arg-type':'0','ret-type':'0','allow-oob':true},"                            \
  "{'name':'old','meta-type':'command','arg-type':'0','ret-type':'0','features':['deprecated','unstable']},"         \
  "{'name':'device_add','meta-type':'command','arg-type':'7','ret-type':'0'},"                                       \
  "{'name':'7','meta-type':'object','members':[{'name':'driver','type':'str'}]},"                                    \
  "{'name':'add','meta-type':'command','arg-type':'1','ret-type':'[str]'},"                                          \
  "{'name':'1','meta-type':'object','tag':'driver','features':['whole'],'members':["                                 \
    "{'name':'driver','type':'2'},{'name':'node-name','type':'str','default':null},"                                 \
    "{'name':'size','type':'int','default':10},{'name':'ratio','type':'number','default':null},"                     \
    "{'name':'old-flag','type':'bool','default':null,'features':['deprecated']},"                                    \
    "{'name':'extra','type':'any','default':null},{'name':'tags','type':'[str]','default':null},"                    \
    "{'name':'password','type':'str','default':null}],"                                                              \
   "'variants':[{'case':'file','type':'3'},{'case':'nbd','type':'4'}]},"                                             \
  "{'name':'2','meta-type':'enum','members':[{'name':'file'},{'name':'nbd'},"                                        \
    "{'name':'null','features':['deprecated']}],'values':['file','nbd','null']},"                                    \
  "{'name':'3','meta-type':'object','members':[{'name':'filename','type':'str'},"                                    \
    "{'name':'backing','type':'5','default':null},{'name':'parts','type':'[1]','default':null}]},"                   \
  "{'name':'[1]','meta-type':'array','element-type':'1'},"                                                           \
  "{'name':'4','meta-type':'object','tag':'kind','members':[{'name':'kind','type':'6'}],"                            \
   "'variants':[{'case':'inet','type':'8'}]},"                                                                       \
  "{'name':'5','meta-type':'alternate','members':[{'type':'1'},{'type':'str'},{'type':'null'}]},"                    \
  "{'name':'6','meta-type':'enum','values':['inet','unix']},"                                                        \
  "{'name':'8','meta-type':'object','members':[{'name':'host','type':'str'},{'name':'port','type':'int'}]},"         \
  "{'name':'ADDED','meta-type':'event','arg-type':'9'},"                                                             \
  "{'name':'9','meta-type':'object','members':[{'name':'node','type':'str'},{'name':' odd','type':'str'}]}"

static char *
unquote (const char *text)
{
  return g_strdelimit (g_strdup (text), "'", '"');
}

static QmpSchema *
load (const char  *text,
      GError     **error)
{
  char *json = unquote (text);
  g_autoptr (GBytes) bytes = g_bytes_new_take (json, strlen (json));

  return qmp_schema_new_from_bytes (bytes, error);
}

static QmpSchema *
make (void)
{
  g_autoptr (GError) error = NULL;
  QmpSchema *schema = load ("[" TYPES "," COMMANDS "]", &error);

  g_assert_no_error (error);
  return schema;
}

static void
assert_words (char      **words,
              const char *expected)
{
  g_autofree char *text = g_strjoinv (" ", words);

  g_assert_cmpstr (text, ==, expected);
  g_strfreev (words);
}

/* --- asking --- */

static void
test_names (void)
{
  g_autoptr (QmpSchema) schema = make ();

  assert_words (qmp_schema_list_commands (schema), "add device_add old stop yank");
  assert_words (qmp_schema_list_events (schema), "ADDED");
  g_assert_true (qmp_schema_has_command (schema, "add"));
  g_assert_false (qmp_schema_has_command (schema, "ADDED"));
  g_assert_false (qmp_schema_has_command (schema, "1"));
  g_assert_true (qmp_schema_has_event (schema, "ADDED"));
  g_assert_false (qmp_schema_has_event (schema, "add"));
  assert_words (qmp_schema_list_features (schema, "old"), "deprecated unstable");
  assert_words (qmp_schema_list_features (schema, "nothing"), "");
  assert_words (qmp_schema_list_features (schema, "1"), "");
  g_assert_true (qmp_schema_has_feature (schema, "old", "unstable"));
  g_assert_false (qmp_schema_has_feature (schema, "stop", "unstable"));
  g_assert_true (qmp_schema_allows_out_of_band (schema, "yank"));
  g_assert_false (qmp_schema_allows_out_of_band (schema, "stop"));
  g_assert_false (qmp_schema_allows_out_of_band (schema, "nothing"));
  g_assert_null (qmp_schema_ref_command_arguments (schema, "ADDED"));
  g_assert_null (qmp_schema_ref_event_data (schema, "add"));
}

static void
assert_described (QmpSchema  *schema,
                  const char *path,
                  const char *json,
                  const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpSchemaType) type = qmp_schema_find_type (schema, path, &error);
  g_autofree char *text = NULL;

  g_assert_no_error (error);
  text = qmp_schema_type_describe (type);
  g_assert_cmpstr (text, ==, expected);
  g_assert_cmpstr (qmp_schema_type_get_json_type (type), ==, json);
}

static void
test_types (void)
{
  g_autoptr (QmpSchema) schema = make ();
  g_autoptr (QmpSchemaType) type = qmp_schema_ref_command_arguments (schema, "add");
  g_autoptr (QmpSchemaType) variant = qmp_schema_type_ref_variant (type, "file");
  g_autoptr (QmpSchemaType) result = qmp_schema_ref_command_return (schema, "add");
  g_autoptr (QmpSchemaType) element = qmp_schema_type_ref_element_type (result);
  g_autoptr (QmpSchemaMember) size = qmp_schema_type_ref_member (type, "size");
  g_autoptr (QmpSchemaMember) old = qmp_schema_type_ref_member (type, "old-flag");
  g_autoptr (QmpSchemaMember) driver = qmp_schema_type_ref_member (type, "driver");
  g_autoptr (QmpSchemaType) drivers = qmp_schema_member_ref_value_type (driver);
  g_autoptr (QmpSchemaMember) backing = qmp_schema_type_ref_member (variant, "backing");
  g_autoptr (QmpSchemaType) alternate = qmp_schema_member_ref_value_type (backing);
  GList *alternatives = qmp_schema_type_list_alternatives (alternate);
  GList *members = qmp_schema_type_list_members (type);

  g_assert_cmpint (qmp_schema_type_get_kind (type), ==, QMP_SCHEMA_KIND_OBJECT);
  g_assert_cmpint (qmp_schema_type_get_kind (result), ==, QMP_SCHEMA_KIND_ARRAY);
  g_assert_cmpint (qmp_schema_type_get_kind (element), ==, QMP_SCHEMA_KIND_BUILTIN);
  g_assert_cmpint (qmp_schema_type_get_kind (drivers), ==, QMP_SCHEMA_KIND_ENUM);
  g_assert_cmpint (qmp_schema_type_get_kind (alternate), ==, QMP_SCHEMA_KIND_ALTERNATE);
  g_assert_cmpuint (g_list_length (members), ==, 8);
  g_assert_cmpstr (qmp_schema_member_get_name (members->next->data), ==, "node-name");
  g_assert_null (qmp_schema_member_get_default_text (members->next->data));
  g_assert_true (qmp_schema_member_is_optional (members->next->data));
  g_assert_cmpstr (qmp_schema_member_get_default_text (size), ==, "10");
  g_assert_false (qmp_schema_member_is_optional (driver));
  assert_words (qmp_schema_member_list_features (old), "deprecated");
  assert_words (qmp_schema_member_list_features (size), "");
  assert_words (qmp_schema_type_list_features (type), "whole");
  g_assert_cmpstr (qmp_schema_type_get_tag (type), ==, "driver");
  g_assert_null (qmp_schema_type_get_tag (variant));
  assert_words (qmp_schema_type_list_cases (type), "file nbd");
  g_assert_null (qmp_schema_type_ref_variant (type, "null"));
  assert_words (qmp_schema_type_list_values (drivers), "file nbd null");
  assert_words (qmp_schema_type_list_values (type), "");
  assert_words (qmp_schema_type_list_value_features (drivers, "null"), "deprecated");
  assert_words (qmp_schema_type_list_value_features (drivers, "nope"), "");
  g_assert_true (qmp_schema_type_has_value (drivers, "nbd"));
  g_assert_false (qmp_schema_type_has_value (type, "driver"));
  g_assert_cmpuint (g_list_length (alternatives), ==, 3);
  g_assert_true (qmp_schema_type_equal (alternatives->data, type));
  g_assert_false (qmp_schema_type_equal (alternatives->next->data, type));
  g_list_free_full (alternatives, g_object_unref);
  g_list_free_full (members, g_object_unref);

  assert_described (schema, "add/arg-type/driver", "string", "“file”, “nbd”, “null”");
  assert_described (schema, "add/arg-type/+file/backing", "value", "object or string or null");
  assert_described (schema, "add/arg-type/+file/parts", "array", "list of object");
  assert_described (schema, "add/arg-type/size", "int", "integer");
  assert_described (schema, "add/arg-type/extra", "value", "any value");
}

/* A type outlives the reference to the schema that it came from. */
static void
test_hold (void)
{
  QmpSchema *schema = make ();
  g_autoptr (QmpSchemaType) type = qmp_schema_ref_command_arguments (schema, "add");
  g_autoptr (QmpSchemaMember) member = qmp_schema_type_ref_member (type, "tags");

  g_object_unref (schema);
  g_clear_object (&type);
  g_assert_cmpstr (qmp_schema_member_get_name (member), ==, "tags");
}

/* --- paths --- */

static const char * const there[] = {
  "add", "ADDED", "old/$deprecated", "yank/!allow-oob", "add/arg-type", "add/ret-type", "ADDED/arg-type",
  "add/arg-type/driver", "add/arg-type/driver/^nbd", "add/arg-type/driver/^null/$deprecated", "add/arg-type/*size",
  "add/arg-type/size/!int", "add/arg-type/$whole", "add/arg-type/+file/filename/!string",
  "add/arg-type/+file/*backing/!null", "add/arg-type/+file/backing/!string", "add/arg-type/+file/backing/!value",
  "add/arg-type/+file/backing/!object", "add/arg-type/+file/backing/driver/^nbd",
  "add/arg-type/+file/parts/[]/+nbd/kind/^unix", "add/arg-type/+file/parts/+nbd/+inet/port", "add/arg-type/+file/parts/!array",
  "add/arg-type/+file/parts/!object", "add/arg-type/old-flag/$deprecated", "add/ret-type/!array", "add/ret-type/[]/!string",
  "add/ret-type/!string", "ADDED/arg-type/node", "ADDED/arg-type/  odd", "ADDED/arg-type/ node",
};

static const char * const absent[] = {
  "1", "nothing", "str", "stop/$deprecated", "stop/!allow-oob", "ADDED/ret-type", "add/arg-type/*driver", "add/arg-type/filename",
  "add/arg-type/+null", "add/arg-type/+nothing", "add/arg-type/driver/^nob", "add/arg-type/driver/^nbd/$deprecated",
  "add/arg-type/size/^1", "add/arg-type/size/!string", "add/arg-type/size/$deprecated", "add/arg-type/size/more",
  "add/arg-type/+file/backing/!int", "add/arg-type/+file/backing/nothing", "add/arg-type/[]", "add/arg-type/ driver/x",
  "add/ret-type/[]/[]", "ADDED/arg-type/ odd",
};

static const char * const wrong[] = {
  "", "/", "add/", "add//driver", "add/driver", "add/arg-type/", "add/arg-type/^", "add/arg-type/driver/^nbd/more",
  "add/arg-type/driver/^nbd/$a/$b", "add/$deprecated/arg-type", "add/arg-type/!int/x", "add/arg-type/+", "add/arg-type/ ",
};

static void
test_paths (void)
{
  g_autoptr (QmpSchema) schema = make ();

  for (guint i = 0; i < G_N_ELEMENTS (there); i++)
    {
      g_test_message ("%s", there[i]);
      g_assert_true (qmp_schema_has_path (schema, there[i]));
    }
  for (guint i = 0; i < G_N_ELEMENTS (absent); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", absent[i]);
      g_assert_false (qmp_schema_has_path (schema, absent[i]));
      g_assert_null (qmp_schema_find_type (schema, absent[i], &error));
      g_assert_error (error, QMP_SCHEMA_ERROR, QMP_SCHEMA_ERROR_NOT_FOUND);
    }
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", wrong[i]);
      g_assert_false (qmp_schema_has_path (schema, wrong[i]));
      g_assert_null (qmp_schema_find_type (schema, wrong[i], &error));
      g_assert_error (error, QMP_SCHEMA_ERROR, QMP_SCHEMA_ERROR_SYNTAX);
    }
}

static void
assert_path_error (QmpSchema  *schema,
                   const char *path,
                   int         code,
                   const char *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (qmp_schema_find_type (schema, path, &error));
  g_assert_error (error, QMP_SCHEMA_ERROR, code);
  g_assert_cmpstr (error->message, ==, text);
}

static void
test_path_errors (void)
{
  g_autoptr (QmpSchema) schema = make ();

  assert_path_error (schema, "add/arg-type/+file/filname", QMP_SCHEMA_ERROR_NOT_FOUND,
                     "The server has no “add/arg-type/+file/filname”: no “filname”, but “filename”");
  assert_path_error (schema, "add/arg-type/zzzzzz/more", QMP_SCHEMA_ERROR_NOT_FOUND,
                     "The server has no “add/arg-type/zzzzzz/more”: no “zzzzzz”");
  assert_path_error (schema, "add/arg-type/driver/^nbb", QMP_SCHEMA_ERROR_NOT_FOUND,
                     "The server has no “add/arg-type/driver/^nbb”: no “^nbb”, but “nbd”");
  assert_path_error (schema, "sotp/arg-type", QMP_SCHEMA_ERROR_NOT_FOUND,
                     "The server has no “sotp/arg-type”: no “sotp”, but “stop”");
  assert_path_error (schema, "add", QMP_SCHEMA_ERROR_SYNTAX, "“add” is not a type");
}

/* An endless path through a type that has itself as a member. */
static void
test_path_long (void)
{
  g_autoptr (QmpSchema) schema = make ();
  g_autoptr (GString) path = g_string_new ("add/arg-type");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 127; i++)
    g_string_append (path, "/+file/backing");
  g_assert_true (qmp_schema_has_path (schema, path->str));
  g_string_append (path, "/+file");
  g_assert_null (qmp_schema_find_type (schema, path->str, &error));
  g_assert_error (error, QMP_SCHEMA_ERROR, QMP_SCHEMA_ERROR_SYNTAX);
  for (guint i = 0; i < 100000; i++)
    g_string_append (path, "/backing/+file");
  g_assert_false (qmp_schema_has_path (schema, path->str));
}

/* --- what is no schema --- */

static const struct {
  const char *text;
  const char *part;
} refused[] = {
  { "{}", "neither" },
  { "{'return':{}}", "neither" },
  { "{'error':{'class':'CommandNotFound','desc':'x'}}", "neither" },
  { "3", "neither" },
  { "[3]", "object was expected" },
  { "[{}]", "“name” is missing" },
  { "[{'name':3,'meta-type':'builtin'}]", "“name” is missing" },
  { "[{'name':'a'}]", "entry “a”: “meta-type” is missing" },
  { "[{'name':'a','meta-type':'builtin'}]", "“json-type”" },
  { "[{'name':'a','meta-type':'builtin','json-type':'int'},{'name':'a','meta-type':'builtin','json-type':'int'}]", "twice" },
  { "[{'name':'a','meta-type':'enum'}]", "“members” is missing" },
  { "[{'name':'a','meta-type':'enum','values':[3]}]", "not a list of strings" },
  { "[{'name':'a','meta-type':'enum','values':'x'}]", "“values” is not a list" },
  { "[{'name':'a','meta-type':'enum','values':['x','x']}]", "“x” comes twice" },
  { "[{'name':'a','meta-type':'enum','members':[{'name':'x'},{'name':'x'}]}]", "“x” comes twice" },
  { "[{'name':'a','meta-type':'enum','members':'x'}]", "not a list" },
  { "[{'name':'a','meta-type':'array'}]", "“element-type”" },
  { "[{'name':'a','meta-type':'array','element-type':'b'}]", "no type “b”" },
  { "[{'name':'a','meta-type':'array','element-type':'a'}]", "contains itself" },
  { "[{'name':'a','meta-type':'array','element-type':'b'},{'name':'b','meta-type':'alternate','members':[{'type':'a'}]}]",
    "contains itself" },
  { "[{'name':'a','meta-type':'object'}]", "“members” is missing" },
  { "[{'name':'a','meta-type':'object','members':[{'name':'x','type':'b'}]}]", "no type “b”" },
  { "[{'name':'a','meta-type':'object','members':[{'name':'x','type':'a'},{'name':'x','type':'a'}]}]", "“x” comes twice" },
  { "[{'name':'a','meta-type':'object','members':[],'tag':'x'}]", "tag “x”" },
  { "[{'name':'a','meta-type':'object','members':[{'name':'x','type':'a'}],'tag':'x'}]", "tag “x”" },
  { "[{'name':'a','meta-type':'object','members':[],'variants':[{'case':'x','type':'a'}]}]", "no tag" },
  { "[{'name':'e','meta-type':'enum','values':['x']},"
    "{'name':'a','meta-type':'object','members':[{'name':'t','type':'e'}],'tag':'t','variants':[{'case':'x','type':'a'}]}]",
    "contains itself" },
  { "[{'name':'e','meta-type':'enum','values':['x']},"
    "{'name':'a','meta-type':'object','members':[{'name':'t','type':'e'}],'tag':'t','variants':[{'case':'x','type':'e'}]}]",
    "not an object" },
  { "[{'name':'a','meta-type':'alternate','members':[{'type':'a'}]}]", "alternate" },
  { "[{'name':'a','meta-type':'command','arg-type':'b','ret-type':'b'}]", "no type “b”" },
  { "[{'name':'a','meta-type':'command','arg-type':'a','ret-type':'a'}]", "no type “a”" },
  { "[{'name':'a','meta-type':'event','arg-type':'b'},{'name':'b','meta-type':'builtin','json-type':'int'}]", "not an object" },
  { "[{'name':'a','meta-type':'object','members':[],'features':[[]]}]", "not a list of strings" },
};

static void
test_refused (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", refused[i].text);
      g_assert_null (load (refused[i].text, &error));
      g_assert_error (error, QMP_SCHEMA_ERROR, QMP_SCHEMA_ERROR_INVALID);
      g_test_message ("%s", error->message);
      test_assert_error_has (error, refused[i].part);
    }
}

static void
test_no_json (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) deep = g_string_new (NULL);

  g_assert_null (load ("[{]", &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_DESERIALIZATION);
  g_clear_error (&error);
  for (guint i = 0; i < 100000; i++)
    g_string_append_c (deep, '[');
  g_assert_null (load (deep->str, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_TOO_DEEP);
}

/* What a newer server may say is taken for any value. */
static void
test_unknown_kind (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpSchema) schema = load ("{'id':1,'return':[" TYPES ",{'name':'a','meta-type':'tuple','x':[]},"
                                       "{'name':'c','meta-type':'builtin','json-type':'date'},"
                                       "{'name':'b','meta-type':'object','members':[{'name':'m','type':'a'},{'name':'n','type':'c'}]},"
                                       "{'name':'go','meta-type':'command','arg-type':'b','ret-type':'a','new':1}]}", &error);

  g_assert_no_error (error);
  g_assert_true (qmp_schema_has_path (schema, "go/arg-type/m/!value"));
  g_assert_true (qmp_schema_has_path (schema, "go/arg-type/n/!value"));
}

/* A chain of lists of lists, and a wide alternate of lists of itself-like types: neither deep nor wide ones hang. */
static void
test_hostile_chain (void)
{
  g_autoptr (GString) text = g_string_new ("[" TYPES);
  g_autoptr (GError) error = NULL;
  guint n = TEST_FEW ? 5000 : 100000;

  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, ",{'name':'c%u','meta-type':'array','element-type':'c%u'}", i, i + 1);
  g_string_append_printf (text, ",{'name':'c%u','meta-type':'array','element-type':'str'}]", n);
  g_assert_null (load (text->str, &error));
  g_assert_error (error, QMP_SCHEMA_ERROR, QMP_SCHEMA_ERROR_INVALID);
  test_assert_error_has (error, "too deeply");
}

static void
test_hostile_wide (void)
{
  g_autoptr (GString) text = g_string_new ("[" TYPES);
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpSchema) schema = NULL;
  g_autoptr (QmpSchemaType) type = NULL;
  g_autofree char *described = NULL;
  gint64 start = g_get_monotonic_time ();

  /* Each level has ten ways to the next: 10^14 walks. */
  for (guint i = 0; i < 14; i++)
    {
      g_string_append_printf (text, ",{'name':'l%u','meta-type':'array','element-type':'a%u'}", i, i + 1);
      g_string_append_printf (text, ",{'name':'a%u','meta-type':'alternate','members':[", i);
      for (guint j = 0; j < 10; j++)
        g_string_append_printf (text, "%s{'type':'l%u'}", j > 0 ? "," : "", i);
      g_string_append (text, "]}");
    }
  g_string_append (text, ",{'name':'a14','meta-type':'alternate','members':[{'type':'str'}]}");
  g_string_append (text, ",{'name':'o','meta-type':'object','members':[{'name':'m','type':'a0'},{'name':'o','type':'o'}]}");
  g_string_append (text, ",{'name':'go','meta-type':'command','arg-type':'o','ret-type':'0'}]");
  schema = load (text->str, &error);
  g_assert_no_error (error);
  g_assert_false (qmp_schema_has_path (schema, "go/arg-type/m/nothing"));
  type = qmp_schema_find_type (schema, "go/arg-type/m", &error);
  g_assert_no_error (error);
  described = qmp_schema_type_describe (type);
  g_assert_cmpuint (strlen (described), <, 1000);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 20 * G_USEC_PER_SEC);
}

/* 100 000 entries, members and values. */
static void
test_huge (void)
{
  g_autoptr (GString) text = g_string_new ("[" TYPES);
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpSchema) schema = NULL;
  guint n = TEST_FEW ? 5000 : 100000;
  g_autofree char *arguments = g_strdup_printf ("command-%u/arg-type/m%u", n / 2, n - 1);
  g_autofree char *values = g_strdup_printf ("command-%u/ret-type/^v%u", n / 2, n - 1);

  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, ",{'name':'command-%u','meta-type':'command','arg-type':'o','ret-type':'e'}", i);
  g_string_append (text, ",{'name':'o','meta-type':'object','members':[");
  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%s{'name':'m%u','type':'str','default':null}", i > 0 ? "," : "", i);
  g_string_append (text, "]},{'name':'e','meta-type':'enum','values':[");
  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%s'v%u'", i > 0 ? "," : "", i);
  g_string_append (text, "]}]");
  schema = load (text->str, &error);
  g_assert_no_error (error);
  g_assert_true (qmp_schema_has_path (schema, arguments));
  g_assert_true (qmp_schema_has_path (schema, values));
}

/* --- commands --- */

/* All problems as "path: text", warnings with "~" before, a line each. */
static char *
validate (QmpSchema  *schema,
          const char *text)
{
  g_autofree char *json = unquote (text);
  g_autoptr (QmpMessage) command = test_message (json);
  GList *problems = qmp_schema_list_problems (schema, command);
  GString *lines = g_string_new (NULL);

  for (GList *l = problems; l != NULL; l = l->next)
    g_string_append_printf (lines, "%s%s%s: %s", l != problems ? "\n" : "",
                            qmp_schema_problem_get_severity (l->data) == QMP_SCHEMA_SEVERITY_WARNING ? "~" : "",
                            qmp_schema_problem_get_path (l->data), qmp_schema_problem_get_text (l->data));
  g_list_free_full (problems, g_object_unref);
  return g_string_free (lines, FALSE);
}

#define DRIVERS "“file”, “nbd”, “null”"

static const struct {
  const char *command;
  const char *problems;
} commands[] = {
  { "{'execute':'stop'}", "" },
  { "{'execute':'stop','arguments':{},'id':{'a':[]}}", "" },
  { "{'exec-oob':'yank'}", "" },
  { "{'exec-oob':'stop'}", "exec-oob: this command cannot be executed out of band" },
  { "{'execute':'old'}", "~execute: this command is deprecated" },
  { "{'execute':'stpo'}", "execute: the server has no command “stpo”; did you mean “stop”?" },
  { "{'execute':'zzzzzzzzz'}", "execute: the server has no command “zzzzzzzzz”" },
  { "{'execute':'ADDED'}", "execute: the server has no command “ADDED”; did you mean “add”?" },
  { "{'execute':'device-add','arguments':{}}", "execute: the server has no command “device-add”; did you mean “device_add”?" },
  { "{'id':1}", "execute: a command needs one name" },
  { "{'execute':'stop','argument':{}}", "argument: there is no such member; did you mean “arguments”?" },
  { "{'execute':'stop','arguments':[]}", "arguments: expected object, found []" },
  { "{'execute':'stop','arguments':{'x':1}}", "arguments.x: there is no such member" },
  { "{'execute':'add','arguments':{'driver':'file','filename':'x','size':18446744073709551615,'ratio':1.5,'extra':[{}],"
    "'tags':['a'],'backing':null}}", "" },
  { "{'execute':'add','arguments':{'driver':'file','filename':'x','ratio':3,'backing':'node'}}", "" },
  { "{'execute':'add','arguments':{'driver':'nbd','kind':'unix'}}", "" },
  { "{'execute':'add','arguments':{'driver':'nbd','kind':'inet','host':'h','port':1}}", "" },
  { "{'execute':'add'}", "arguments.driver: it is missing; expected " DRIVERS },
  { "{'execute':'add','arguments':{'driver':'file'}}", "arguments.filename: it is missing; expected string" },
  { "{'execute':'add','arguments':{'driver':'null','filename':'x'}}",
    "~arguments.driver: this value is deprecated\narguments.filename: there is no such member" },
  { "{'execute':'add','arguments':{'driver':'nbe','kind':'inet','filname':1}}",
    "arguments.driver: expected " DRIVERS ", found \"nbe\"; did you mean “nbd”?" },
  { "{'execute':'add','arguments':{'driver':7,'filename':'x'}}", "arguments.driver: expected " DRIVERS ", found 7" },
  { "{'execute':'add','arguments':{'driver':'nbd','kind':'inet','host':1}}",
    "arguments.host: expected string, found 1\narguments.port: it is missing; expected integer" },
  { "{'execute':'add','arguments':{'driver':'nbd','kind':'unix','port':1}}", "arguments.port: there is no such member" },
  { "{'execute':'add','arguments':{'driver':'nbd','kind':'unix','size':1.0}}", "arguments.size: expected integer, found 1.0" },
  { "{'execute':'add','arguments':{'driver':'nbd','kind':'unix','size':18446744073709551616}}",
    "arguments.size: expected integer, found 18446744073709551616" },
  { "{'execute':'add','arguments':{'driver':'nbd','kind':'unix','size':'1'}}", "arguments.size: expected integer, found \"1\"" },
  { "{'execute':'add','arguments':{'driver':'nbd','kind':'unix','old-flag':1}}",
    "~arguments.old-flag: this member is deprecated\narguments.old-flag: expected boolean, found 1" },
  { "{'execute':'add','arguments':{'driver':'nbd','kind':'unix','tags':['a',true,'b',null]}}",
    "arguments.tags[1]: expected string, found true\narguments.tags[3]: expected string, found null" },
  { "{'execute':'add','arguments':{'driver':'nbd','kind':'unix','node_name':'a'}}",
    "arguments.node_name: there is no such member; did you mean “node-name”?" },
  { "{'execute':'add','arguments':{'driver':'nbd','kind':'unix','password':123}}",
    "arguments.password: expected string, found \"***\"" },
  { "{'execute':'add','arguments':{'driver':'file','filename':'x','backing':3}}",
    "arguments.backing: expected object or string or null, found 3" },
  { "{'execute':'add','arguments':{'driver':'file','filename':'x','backing':{'driver':'file','filenam':'y'}}}",
    "arguments.backing.filenam: there is no such member; did you mean “filename”?\n"
    "arguments.backing.filename: it is missing; expected string" },
  { "{'execute':'add','arguments':{'driver':'file','filename':'x','parts':[{'driver':'nbd','kind':'unix'},{'driver':'nbd'}]}}",
    "arguments.parts[1].kind: it is missing; expected “inet”, “unix”" },
  { "{'execute':'device_add','arguments':{'driver':'e1000','mac':'x','anything':{}}}", "" },
  { "{'execute':'device_add','arguments':{'driver':1,'mac':'x'}}", "arguments.driver: expected string, found 1" },
  { "{'execute':'device_add','arguments':{'mac':'x'}}", "arguments.driver: it is missing; expected string" },
};

static void
test_validate (void)
{
  g_autoptr (QmpSchema) schema = make ();

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autofree char *problems = validate (schema, commands[i].command);

      g_test_message ("%s", commands[i].command);
      g_assert_cmpstr (problems, ==, commands[i].problems);
    }
}

static void
test_problem (void)
{
  g_autoptr (QmpSchema) schema = make ();
  g_autoptr (QmpMessage) command = test_message ("{\"execute\":\"add\",\"arguments\":{\"driver\":\"fiel\",\"filename\":\"\"}}");
  GList *problems = qmp_schema_list_problems (schema, command);

  g_assert_cmpuint (g_list_length (problems), ==, 1);
  g_assert_cmpstr (qmp_schema_problem_get_expected (problems->data), ==, DRIVERS);
  g_assert_cmpstr (qmp_schema_problem_get_found (problems->data), ==, "\"fiel\"");
  g_assert_cmpstr (qmp_schema_problem_get_suggestion (problems->data), ==, "file");
  g_list_free_full (problems, g_object_unref);
}

static void
test_check (void)
{
  g_autoptr (QmpSchema) schema = make ();
  g_autoptr (QmpMessage) old = test_message ("{\"execute\":\"old\"}");
  g_autoptr (QmpMessage) bad = test_message ("{\"execute\":\"device_add\",\"arguments\":{\"driver\":1},\"x\":2}");
  g_autoptr (GError) error = NULL;

  g_assert_true (qmp_schema_validate (schema, old, &error));
  g_assert_no_error (error);
  g_assert_false (qmp_schema_validate (schema, bad, &error));
  g_assert_error (error, QMP_SCHEMA_ERROR, QMP_SCHEMA_ERROR_COMMAND);
  g_assert_cmpstr (error->message, ==,
                   "The command is wrong: x: there is no such member; arguments.driver: expected string, found 1");
}

/* A key used twice can only stand in a message that was read from text. */
static void
test_given_twice (void)
{
  g_autoptr (QmpSchema) schema = make ();
  g_autofree char *problems = validate (schema, "{'execute':'device_add','arguments':{'driver':'a','driver':'b'}}");

  g_assert_cmpstr (problems, ==, "arguments.driver: it is given twice");
}

static void
test_many_problems (void)
{
  g_autoptr (QmpSchema) schema = make ();
  g_autoptr (GString) text = g_string_new ("{\"execute\":\"add\",\"arguments\":{\"driver\":\"nbd\",\"kind\":\"unix\",\"tags\":[0");
  g_autoptr (QmpMessage) command = NULL;
  GList *problems;

  for (guint i = 0; i < 100000; i++)
    g_string_append (text, ",1");
  g_string_append (text, "]}}");
  command = test_message (text->str);
  problems = qmp_schema_list_problems (schema, command);
  g_assert_cmpuint (g_list_length (problems), ==, 101);
  g_assert_nonnull (strstr (qmp_schema_problem_get_text (g_list_last (problems)->data), "more"));
  g_list_free_full (problems, g_object_unref);
}

static void
test_deep_command (void)
{
  g_autoptr (QmpSchema) schema = make ();
  g_autoptr (GString) text = g_string_new ("{'execute':'add','arguments':");
  g_autofree char *problems = NULL;

  for (guint i = 0; i < 1000; i++)
    g_string_append (text, "{'driver':'file','filename':'','backing':");
  g_string_append (text, "7");
  for (guint i = 0; i < 1000; i++)
    g_string_append_c (text, '}');
  g_string_append_c (text, '}');
  problems = validate (schema, text->str);
  g_assert_true (g_str_has_suffix (problems, ".backing: expected object or string or null, found 7"));
}

int
main (int   argc,
      char *argv[])
{
  setlocale (LC_ALL, "");
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/schema/names", test_names);
  g_test_add_func ("/schema/types", test_types);
  g_test_add_func ("/schema/hold", test_hold);
  g_test_add_func ("/schema/path/table", test_paths);
  g_test_add_func ("/schema/path/errors", test_path_errors);
  g_test_add_func ("/schema/path/long", test_path_long);
  g_test_add_func ("/schema/load/refused", test_refused);
  g_test_add_func ("/schema/load/no-json", test_no_json);
  g_test_add_func ("/schema/load/unknown-kind", test_unknown_kind);
  g_test_add_func ("/schema/load/hostile-chain", test_hostile_chain);
  g_test_add_func ("/schema/load/hostile-wide", test_hostile_wide);
  g_test_add_func ("/schema/load/huge", test_huge);
  g_test_add_func ("/schema/validate/table", test_validate);
  g_test_add_func ("/schema/validate/problem", test_problem);
  g_test_add_func ("/schema/validate/check", test_check);
  g_test_add_func ("/schema/validate/given-twice", test_given_twice);
  g_test_add_func ("/schema/validate/many", test_many_problems);
  g_test_add_func ("/schema/validate/deep", test_deep_command);
  return g_test_run ();
}
