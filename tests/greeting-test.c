/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "core/qmp-error-private.h"
#include "message/qmp-message-private.h"

static QmpGreeting *
greeting_from_text (const char  *text,
                    GError     **error)
{
  QmpJsonFrame frame = { .text = text, .length = strlen (text) };

  g_assert_true (qmp_json_check (text, frame.length, 1024, &frame.outline, NULL));

  return qmp_greeting_new_received (NULL, &frame, error);
}

static void
assert_version (QmpGreeting *greeting,
                guint        expected_major,
                guint        expected_minor,
                guint        expected_micro)
{
  guint major = 99;
  guint minor = 99;
  guint micro = 99;

  qmp_greeting_get_version (greeting, &major, &minor, &micro);
  g_assert_cmpuint (major, ==, expected_major);
  g_assert_cmpuint (minor, ==, expected_minor);
  g_assert_cmpuint (micro, ==, expected_micro);
  qmp_greeting_get_version (greeting, NULL, NULL, NULL);
}

static void
test_all (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpGreeting) greeting =
    greeting_from_text ("{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}, "
                        "\"package\": \"Debian 1:7.2+dfsg-7+deb12u18\"}, \"capabilities\": [\"oob\"]}}\r\n",
                        &error);

  g_assert_no_error (error);
  assert_version (greeting, 7, 2, 22);
  g_assert_cmpstr (qmp_greeting_get_version_string (greeting), ==, "7.2.22");
  g_assert_cmpstr (qmp_greeting_get_package (greeting), ==, "Debian 1:7.2+dfsg-7+deb12u18");
  g_assert_cmpstr (qmp_greeting_get_capabilities (greeting)[0], ==, "oob");
  g_assert_null (qmp_greeting_get_capabilities (greeting)[1]);
  g_assert_true (qmp_greeting_has_capability (greeting, "oob"));
  g_assert_false (qmp_greeting_has_capability (greeting, "OOB"));
  g_assert_true (qmp_message_is_read_only (QMP_MESSAGE (greeting)));
  g_assert_true (qmp_message_has_member (QMP_MESSAGE (greeting), "QMP"));
}

/* What a server leaves out, or says in another way, is no reason not to talk to it. */
static void
test_lenient (void)
{
  static const char * const texts[] = {
    "{\"QMP\":{}}",
    "{\"QMP\":{\"version\":null,\"capabilities\":null}}",
    "{\"QMP\":{\"version\":[],\"capabilities\":{}}}",
    "{\"QMP\":{\"version\":{\"qemu\":7,\"package\":1},\"capabilities\":[]}}",
    "{\"QMP\":{\"version\":{\"qemu\":{},\"package\":\"\"},\"capabilities\":[1,null,{\"a\":[]}]}}",
    "{\"QMP\":{\"version\":{\"qemu\":{\"major\":-1,\"minor\":4294967297,\"micro\":1.5}}},\"more\":1}",
    "{\"QMP\":{\"version\":{\"qemu\":{\"major\":\"7\",\"minor\":null,\"micro\":[2]}}}}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(QmpGreeting) greeting = greeting_from_text (texts[i], &error);

      g_test_message ("%s", texts[i]);
      g_assert_no_error (error);
      assert_version (greeting, 0, 0, 0);
      g_assert_cmpstr (qmp_greeting_get_version_string (greeting), ==, "0.0.0");
      g_assert_cmpstr (qmp_greeting_get_package (greeting), ==, "");
      g_assert_nonnull (qmp_greeting_get_capabilities (greeting));
      g_assert_null (qmp_greeting_get_capabilities (greeting)[0]);
      g_assert_false (qmp_greeting_has_capability (greeting, "oob"));
    }
}

static void
test_odd (void)
{
  g_autoptr(QmpGreeting) greeting =
    greeting_from_text ("{\"x\":1,\"QMP\":{\"capabilities\":[1,\"a\",[],\"b\\u0063\",null],\"version\":"
                        "{\"package\":\"p\\u00fc\",\"qemu\":{\"major\":1,\"major\":4294967295}}}}", NULL);

  g_assert_nonnull (greeting);
  assert_version (greeting, G_MAXUINT, 0, 0);
  g_assert_cmpstr (qmp_greeting_get_package (greeting), ==, "pü");
  g_assert_true (qmp_greeting_has_capability (greeting, "a"));
  g_assert_true (qmp_greeting_has_capability (greeting, "bc"));
  g_assert_cmpuint (g_strv_length ((char **) qmp_greeting_get_capabilities (greeting)), ==, 2);
}

static void
test_none (void)
{
  static const char * const texts[] = {
    "{\"QMP\":[]}", "{\"QMP\":null}", "{\"QMP\":\"QMP\"}", "{\"qmp\":{}}", "{}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(GError) error = NULL;
      gsize length;

      g_assert_null (greeting_from_text (texts[i], &error));
      g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_GREETING);
      g_assert_nonnull (strstr (error->message, texts[i]));
      g_assert_cmpmem (g_bytes_get_data (qmp_protocol_error_get_text (error), &length), length,
                       texts[i], strlen (texts[i]));
      g_assert_null (greeting_from_text (texts[i], NULL));
    }
}

static void
test_properties (void)
{
  g_autoptr(QmpGreeting) greeting =
    greeting_from_text ("{\"QMP\":{\"version\":{\"qemu\":{\"major\":10,\"minor\":1,\"micro\":0},"
                        "\"package\":\"x\"},\"capabilities\":[\"oob\"]}}", NULL);
  g_autofree char *version = NULL;
  g_autofree char *package = NULL;
  g_auto(GStrv) capabilities = NULL;

  g_object_get (greeting, "version-string", &version, "package", &package, "capabilities", &capabilities, NULL);
  g_assert_cmpstr (version, ==, "10.1.0");
  g_assert_true (qmp_greeting_check_version (greeting, 9, 2, 3));
  g_assert_true (qmp_greeting_check_version (greeting, 10, 0, 9));
  g_assert_true (qmp_greeting_check_version (greeting, 10, 1, 0));
  g_assert_false (qmp_greeting_check_version (greeting, 10, 1, 1));
  g_assert_false (qmp_greeting_check_version (greeting, 10, 2, 0));
  g_assert_false (qmp_greeting_check_version (greeting, 11, 0, 0));
  g_assert_cmpstr (package, ==, "x");
  g_assert_cmpstr (capabilities[0], ==, "oob");
  g_assert_null (capabilities[1]);
}

/* Programs cannot make one; one that does it all the same does not crash. */
static void
test_empty (void)
{
  g_autoptr(QmpGreeting) greeting = NULL;

  g_test_expect_message ("Qmp", G_LOG_LEVEL_CRITICAL, "A QmpGreeting cannot be made*");
  greeting = g_object_new (QMP_TYPE_GREETING, NULL);
  g_test_assert_expected_messages ();
  g_assert_true (G_TYPE_IS_FINAL (QMP_TYPE_GREETING));
  g_assert_true (qmp_greeting_check_version (greeting, 0, 0, 0));
  g_assert_false (qmp_greeting_check_version (greeting, 0, 0, 1));
  assert_version (greeting, 0, 0, 0);
  g_assert_cmpstr (qmp_greeting_get_version_string (greeting), ==, "0.0.0");
  g_assert_cmpstr (qmp_greeting_get_package (greeting), ==, "");
  g_assert_null (qmp_greeting_get_capabilities (greeting)[0]);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/greeting/all", test_all);
  g_test_add_func ("/greeting/lenient", test_lenient);
  g_test_add_func ("/greeting/odd", test_odd);
  g_test_add_func ("/greeting/none", test_none);
  g_test_add_func ("/greeting/properties", test_properties);
  g_test_add_func ("/greeting/empty", test_empty);

  return g_test_run ();
}
