/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "core/qmp-debug-private.h"
#include "core/qmp-error-private.h"
#include "qmp-glib/qmp-message.h"

static void
test_domains (void)
{
  g_assert_cmpstr (g_quark_to_string (QMP_COMMAND_ERROR), ==, "QmpCommandError");
  g_assert_cmpstr (g_quark_to_string (QMP_PROTOCOL_ERROR), ==, "QmpProtocolError");
  g_assert_cmpstr (g_quark_to_string (QMP_CLIENT_ERROR), ==, "QmpClientError");
}

static void
test_classes (void)
{
  g_assert_cmpint (qmp_command_error_code_for_class ("GenericError"), ==, QMP_COMMAND_ERROR_GENERIC);
  g_assert_cmpint (qmp_command_error_code_for_class ("CommandNotFound"), ==,
                   QMP_COMMAND_ERROR_COMMAND_NOT_FOUND);
  g_assert_cmpint (qmp_command_error_code_for_class ("DeviceNotActive"), ==,
                   QMP_COMMAND_ERROR_DEVICE_NOT_ACTIVE);
  g_assert_cmpint (qmp_command_error_code_for_class ("DeviceNotFound"), ==,
                   QMP_COMMAND_ERROR_DEVICE_NOT_FOUND);
  g_assert_cmpint (qmp_command_error_code_for_class ("KVMMissingCap"), ==,
                   QMP_COMMAND_ERROR_KVM_MISSING_CAP);
  g_assert_cmpint (qmp_command_error_code_for_class ("BrandNew"), ==, QMP_COMMAND_ERROR_UNKNOWN);
  g_assert_cmpint (qmp_command_error_code_for_class ("genericerror"), ==, QMP_COMMAND_ERROR_UNKNOWN);
  g_assert_cmpint (qmp_command_error_code_for_class (NULL), ==, QMP_COMMAND_ERROR_UNKNOWN);
}

static void
test_command (void)
{
  QmpMessage *sent = qmp_message_new ();
  QmpMessage *received = qmp_message_new ();
  GError *error = qmp_command_error_new ("DeviceNotFound", "Device 'x' not found: 100%s", sent, received);
  g_autoptr(GError) copy = NULL;

  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_DEVICE_NOT_FOUND);
  g_assert_cmpstr (error->message, ==, "Device 'x' not found: 100%s");
  g_assert_cmpstr (qmp_command_error_get_class (error), ==, "DeviceNotFound");
  g_assert_true (qmp_command_error_get_sent (error) == sent);
  g_assert_true (qmp_command_error_get_received (error) == received);
  g_assert_cmpuint (G_OBJECT (sent)->ref_count, ==, 2);

  /* A copy has all of it, and each owns its own. */
  copy = g_error_copy (error);
  g_error_free (error);
  g_assert_cmpuint (G_OBJECT (sent)->ref_count, ==, 2);
  g_assert_cmpstr (copy->message, ==, "Device 'x' not found: 100%s");
  g_assert_cmpstr (qmp_command_error_get_class (copy), ==, "DeviceNotFound");
  g_assert_true (qmp_command_error_get_sent (copy) == sent);
  g_assert_true (qmp_command_error_get_received (copy) == received);

  g_clear_error (&copy);
  g_assert_finalize_object (sent);
  g_assert_finalize_object (received);
}

static void
test_command_unknown (void)
{
  g_autoptr(QmpMessage) received = qmp_message_new ();
  g_autoptr(GError) error = qmp_command_error_new ("BrandNew", NULL, NULL, received);

  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_UNKNOWN);
  g_assert_cmpstr (error->message, ==, "");
  g_assert_cmpstr (qmp_command_error_get_class (error), ==, "BrandNew");
  g_assert_null (qmp_command_error_get_sent (error));
}

/* PyGObject makes errors anew from domain, code and text. */
static void
test_rebuilt (void)
{
  g_autoptr(GError) generic = g_error_new_literal (QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC, "x");
  g_autoptr(GError) unknown = g_error_new_literal (QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_UNKNOWN, "x");
  g_autoptr(GError) protocol = g_error_new_literal (QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_TOO_DEEP, "x");
  g_autoptr(GError) copy = g_error_copy (protocol);

  g_assert_cmpstr (qmp_command_error_get_class (generic), ==, "GenericError");
  g_assert_null (qmp_command_error_get_class (unknown));
  g_assert_null (qmp_command_error_get_sent (generic));
  g_assert_null (qmp_command_error_get_received (generic));
  g_assert_null (qmp_protocol_error_get_text (protocol));
  g_assert_cmpint (qmp_protocol_error_get_offset (protocol), ==, -1);
  g_assert_null (qmp_protocol_error_get_text (copy));
  g_assert_cmpint (qmp_protocol_error_get_offset (copy), ==, -1);
}

/* The first test: nothing of the library may have been called. So bindings make errors. */
static void
test_by_name (void)
{
  g_autoptr(GError) command = g_error_new_literal (g_quark_from_string ("QmpCommandError"), 1, "x");
  g_autoptr(GError) protocol = g_error_new_literal (g_quark_from_string ("QmpProtocolError"), 1, "x");

  g_assert_cmpstr (qmp_command_error_get_class (command), ==, "GenericError");
  g_assert_null (qmp_command_error_get_sent (command));
  g_assert_null (qmp_protocol_error_get_text (protocol));
  g_assert_cmpint (qmp_protocol_error_get_offset (protocol), ==, -1);
}

static void
test_foreign (void)
{
  g_autoptr(GError) client = g_error_new_literal (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY, "x");
  g_autoptr(GError) protocol = g_error_new_literal (QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_GREETING, "x");
  g_autoptr(GError) command = g_error_new_literal (QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC, "x");

  g_assert_null (qmp_command_error_get_class (client));
  g_assert_null (qmp_command_error_get_class (protocol));
  g_assert_null (qmp_command_error_get_sent (protocol));
  g_assert_null (qmp_command_error_get_received (client));
  g_assert_null (qmp_protocol_error_get_text (command));
  g_assert_cmpint (qmp_protocol_error_get_offset (command), ==, -1);
  g_assert_cmpint (qmp_protocol_error_get_offset (client), ==, -1);
}

static void
test_protocol (void)
{
  const char *text = "{\"a\": \"foo\nbar\"}";
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) copy = NULL;
  gsize length;

  error = qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_DESERIALIZATION, text, strlen (text), 10,
                                           "Raw control character 0x%02x in a string", '\n');
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_DESERIALIZATION);
  g_assert_cmpstr (error->message, ==,
                   "Raw control character 0x0a in a string, at byte 10 of 16: {\"a\": \"foo\\x0abar\"}");
  g_assert_cmpint (qmp_protocol_error_get_offset (error), ==, 10);
  g_assert_cmpmem (g_bytes_get_data (qmp_protocol_error_get_text (error), &length), length,
                   text, strlen (text));

  copy = g_error_copy (error);
  g_clear_error (&error);
  g_assert_cmpint (qmp_protocol_error_get_offset (copy), ==, 10);
  g_assert_cmpuint (g_bytes_get_size (qmp_protocol_error_get_text (copy)), ==, strlen (text));
}

static void
test_protocol_without_offset (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) empty = NULL;

  error = qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE, "[1]", 3, -1, "No object");
  g_assert_cmpstr (error->message, ==, "No object: [1]");
  g_assert_cmpint (qmp_protocol_error_get_offset (error), ==, -1);

  empty = qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_DESERIALIZATION, NULL, 0, 0, "Nothing");
  g_assert_cmpstr (empty->message, ==, "Nothing");
  g_assert_cmpint (qmp_protocol_error_get_offset (empty), ==, 0);
  g_assert_cmpuint (g_bytes_get_size (qmp_protocol_error_get_text (empty)), ==, 0);
}

static void
assert_part (const char *text,
             gsize       length,
             gssize      offset,
             gsize       start,
             gsize       size)
{
  g_autoptr(GError) error = NULL;
  gsize kept;

  error = qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_TOO_LARGE, text, length, offset, "x");
  g_assert_cmpmem (g_bytes_get_data (qmp_protocol_error_get_text (error), &kept), kept,
                   text + start, size);
  g_assert_cmpint (qmp_protocol_error_get_offset (error), ==, offset);
}

static void
test_protocol_part (void)
{
  g_autofree char *text = g_malloc (10000);

  for (gsize i = 0; i < 10000; i++)
    text[i] = 'a' + i % 23;

  assert_part (text, 4096, 4000, 0, 4096);
  assert_part (text, 4097, 4000, 1, 4096);
  assert_part (text, 10000, -1, 0, 4096);
  assert_part (text, 10000, 0, 0, 4096);
  assert_part (text, 10000, 2048, 0, 4096);
  assert_part (text, 10000, 2049, 1, 4096);
  assert_part (text, 10000, 5000, 2952, 4096);
  assert_part (text, 10000, 9999, 5904, 4096);
  assert_part (text, 10000, 10000, 5904, 4096);
}

/* A message goes into logs. */
static void
test_protocol_secret (void)
{
  static const char * const texts[] = {
    "{\"event\":\"E\",\"data\":{\"password\":\"hunter2\",\"x\":nan}}",
    "\"old_Passwd\":\"hunter2\" ",
    "[{\"secret\":1},\"hunter2\"",
    "hunter2 is the password",
  };
  g_autoptr (GError) plain = NULL;
  g_autoptr (GError) value = NULL;
  g_autofree char *message = NULL;

  value = qmp_protocol_error_new_for_value (QMP_PROTOCOL_ERROR_SERIALIZATION, "hunt\xff" "er2", 8, 4, "Wrong");
  g_assert_cmpstr (value->message, ==, "Wrong, at byte 4 of 8: \\xff");
  g_assert_cmpuint (g_bytes_get_size (qmp_protocol_error_get_text (value)), ==, 8);

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      gsize length;

      error = qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_DESERIALIZATION, texts[i], strlen (texts[i]), 30,
                                               "Wrong");
      g_assert_null (strstr (error->message, "hunter2"));
      g_assert_nonnull (strstr (error->message, "Wrong"));
      g_assert_cmpmem (g_bytes_get_data (qmp_protocol_error_get_text (error), &length), length,
                       texts[i], strlen (texts[i]));
    }

  plain = qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_DESERIALIZATION, "{\"a\":hunter2}", 13, 5, "Wrong");
  g_prefix_error (&plain, "Before: ");
  message = qmp_error_dup_public_message (plain);
  g_assert_cmpstr (plain->message, ==, "Before: Wrong, at byte 5 of 13: {\"a\":hunter2}");
  g_assert_cmpstr (message, ==, "Before: Wrong, at byte 5 of 13");
}

static void
assert_excerpt (const char *text,
                gssize      length,
                gssize      offset,
                const char *expected)
{
  g_autofree char *excerpt = qmp_excerpt (text, length < 0 ? strlen (text) : (gsize) length, offset);

  g_assert_cmpstr (excerpt, ==, expected);
  g_assert_true (g_utf8_validate (excerpt, -1, NULL));
}

#define TEN "0123456789"

static void
test_excerpt (void)
{
  assert_excerpt ("", -1, 0, "");
  assert_excerpt (NULL, 0, -1, "");
  assert_excerpt ("plain", -1, 2, "plain");
  assert_excerpt ("a\0b\x7f\r\n\t", 7, 0, "a\\x00b\\x7f\\x0d\\x0a\\x09");
  assert_excerpt ("gr\xc3\xbc\xc3\x9f", -1, 0, "grüß");
  assert_excerpt ("\xff\xfe{", -1, 0, "\\xff\\xfe{");
  assert_excerpt ("\xed\xa0\x80", -1, 0, "\\xed\\xa0\\x80");
  /* Not to be seen, or turning the text around: U+200B, U+202E. */
  assert_excerpt ("\xe2\x80\x8b\xe2\x80\xae", -1, 0, "\\xe2\\x80\\x8b\\xe2\\x80\\xae");

  assert_excerpt (TEN TEN TEN TEN TEN TEN, -1, 0, TEN TEN TEN TEN TEN TEN);
  assert_excerpt (TEN TEN TEN TEN TEN TEN "x", -1, 0, TEN TEN TEN TEN TEN TEN "…");
  assert_excerpt ("x" TEN TEN TEN TEN TEN TEN, -1, 61, "…" TEN TEN TEN TEN TEN TEN);
  assert_excerpt (TEN TEN TEN TEN TEN TEN TEN TEN, -1, 40, "…" TEN TEN TEN TEN TEN TEN "…");
}

/* Where the cut falls into a character, that is left out. */
static void
test_excerpt_characters (void)
{
  g_autoptr(GString) text = g_string_new (NULL);

  for (int i = 0; i < 60; i++)
    g_string_append (text, "€");
  for (gssize offset = 0; offset <= (gssize) text->len; offset++)
    {
      g_autofree char *excerpt = qmp_excerpt (text->str, text->len, offset);

      g_assert_null (strchr (excerpt, '\\'));
      g_assert_cmpint (g_utf8_strlen (excerpt, -1), >=, 19);
      g_assert_cmpint (g_utf8_strlen (excerpt, -1), <=, 22);
    }

  /* Continuation bytes only: no characters, and nothing is lost but what does not fit. */
  g_string_truncate (text, 0);
  for (int i = 0; i < 100; i++)
    g_string_append_c (text, (char) 0x80);
  for (gssize offset = 0; offset <= 100; offset++)
    {
      g_autofree char *excerpt = qmp_excerpt (text->str, text->len, offset);

      g_assert_cmpint (strlen (excerpt), >=, 60 * strlen ("\\x80"));
    }
}

static void
test_debug_off (void)
{
  if (g_test_subprocess ())
    {
      g_unsetenv ("QMP_DEBUG");
      g_assert_false (qmp_debug_enabled (QMP_DEBUG_STATE));
      qmp_debug (QMP_DEBUG_STATE, "not to be seen");
      g_setenv ("QMP_DEBUG", "all", TRUE);
      g_assert_false (qmp_debug_enabled (QMP_DEBUG_STATE));
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr_unmatched ("*not to be seen*");
}

static void
test_debug_on (void)
{
  if (g_test_subprocess ())
    {
      g_setenv ("QMP_DEBUG", "state", TRUE);
      g_assert_true (qmp_debug_enabled (QMP_DEBUG_STATE));
      g_assert_false (qmp_debug_enabled (QMP_DEBUG_WIRE));
      qmp_debug (QMP_DEBUG_STATE, "seen %d", 42);
      qmp_debug (QMP_DEBUG_WIRE, "not to be seen");
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*Qmp: seen 42\n*");
  g_test_trap_assert_stderr_unmatched ("*not to be seen*");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/error/by-name", test_by_name);
  g_test_add_func ("/error/domains", test_domains);
  g_test_add_func ("/error/classes", test_classes);
  g_test_add_func ("/error/command", test_command);
  g_test_add_func ("/error/command-unknown", test_command_unknown);
  g_test_add_func ("/error/rebuilt", test_rebuilt);
  g_test_add_func ("/error/foreign", test_foreign);
  g_test_add_func ("/error/protocol", test_protocol);
  g_test_add_func ("/error/protocol-without-offset", test_protocol_without_offset);
  g_test_add_func ("/error/protocol-part", test_protocol_part);
  g_test_add_func ("/error/protocol-secret", test_protocol_secret);
  g_test_add_func ("/error/excerpt", test_excerpt);
  g_test_add_func ("/error/excerpt-characters", test_excerpt_characters);
  g_test_add_func ("/error/debug-off", test_debug_off);
  g_test_add_func ("/error/debug-on", test_debug_on);

  return g_test_run ();
}
