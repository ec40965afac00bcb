/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "qmp-glib/qmp-json-reader-private.h"
#include "qmp-glib/qmp-json-text-private.h"

/* What is a secret and what is not, by the names that servers use. */

typedef struct {
  const char *text;
  const char *expected;  /* NULL: the same */
} Case;

static const Case cases[] = {
  /* commands that carry a secret */
  { "{\"execute\":\"set_password\",\"arguments\":{\"protocol\":\"vnc\",\"password\":\"hunter2\"},\"id\":1}",
    "{\"execute\":\"set_password\",\"arguments\":{\"protocol\":\"vnc\",\"password\":\"***\"},\"id\":1}" },
  { "{\"execute\":\"guest-set-user-password\",\"arguments\":{\"username\":\"root\",\"password\":\"eA==\",\"crypted\":true}}",
    "{\"execute\":\"guest-set-user-password\",\"arguments\":{\"username\":\"root\",\"password\":\"***\",\"crypted\":true}}" },
  { "{\"execute\":\"object-add\",\"arguments\":{\"qom-type\":\"secret\",\"id\":\"s0\",\"data\":\"hunter2\"}}",
    "{\"execute\":\"object-add\",\"arguments\":{\"qom-type\":\"secret\",\"id\":\"s0\",\"data\":\"***\"}}" },
  { "{\"arguments\":{\"props\":{\"data\":\"hunter2\"},\"qom-type\":\"secret\"}}",
    "{\"arguments\":{\"props\":{\"data\":\"***\"},\"qom-type\":\"secret\"}}" },
  { "{\"execute\":\"qom-set\",\"arguments\":{\"path\":\"/objects/s0\",\"property\":\"data\",\"value\":\"hunter2\"}}",
    "{\"execute\":\"qom-set\",\"arguments\":{\"path\":\"/objects/s0\",\"property\":\"data\",\"value\":\"***\"}}" },
  { "{\"execute\":\"sev-inject-launch-secret\",\"arguments\":{\"packet-header\":\"aA==\",\"secret\":\"cw==\"}}",
    "{\"execute\":\"sev-inject-launch-secret\",\"arguments\":{\"packet-header\":\"aA==\",\"secret\":\"***\"}}" },
  { "{\"driver\":\"http\",\"cookie\":\"session=1\",\"cookie-secret\":\"s0\"}",
    "{\"driver\":\"http\",\"cookie\":\"***\",\"cookie-secret\":\"s0\"}" },
  { "{\"command-line\":\"set_password vnc hunter2\"}", "{\"command-line\":\"***\"}" },
  { "{\"command-line\":\"change vnc PASSWORD hunter2\"}", "{\"command-line\":\"***\"}" },
  { "{\"command-line\":\"object_add secret,id=s0,data=hunter2\"}", "{\"command-line\":\"***\"}" },

  /* spellings */
  { "{\"Password\":\"x\"}", "{\"Password\":\"***\"}" },
  { "{\"old_passwd\":\"x\"}", "{\"old_passwd\":\"***\"}" },
  { "{\"vncpassword\":\"x\"}", "{\"vncpassword\":\"***\"}" },
  { "{\"p\\u0061ssword\":\"x\"}", "{\"p\\u0061ssword\":\"***\"}" },
  { "{\"client_secret\":\"x\"}", "{\"client_secret\":\"***\"}" },
  { "{\"access-token\":\"x\"}", "{\"access-token\":\"***\"}" },
  { "{\"Private_Key\":\"x\"}", "{\"Private_Key\":\"***\"}" },
  { "{\"file.password\":\"x\"}", "{\"file.password\":\"***\"}" },
  { "{\"file.cookie\":\"x\"}", "{\"file.cookie\":\"***\"}" },

  /* values of all kinds, at any depth, several, white space kept */
  { "{\"password\":null}", "{\"password\":\"***\"}" },
  { "{\"password\":12,\"a\":1}", "{\"password\":\"***\",\"a\":1}" },
  { "{\"password\":{\"a\":[\"x\"]}}", "{\"password\":\"***\"}" },
  { "{\"password\":\"a\\\"b\\\\\"}", "{\"password\":\"***\"}" },
  { "[[{\"a\":{\"password\":\"x\"}},{\"secret\":\"y\"}],\"z\"]",
    "[[{\"a\":{\"password\":\"***\"}},{\"secret\":\"***\"}],\"z\"]" },
  { " { \"password\" : \"x\" , \"b\" : 1 }\r\n", " { \"password\" : \"***\" , \"b\" : 1 }\r\n" },

  /* what only looks like one */
  { "{\"key-secret\":\"s0\",\"password-secret\":\"s1\",\"new-secret\":\"s2\",\"old-secret\":\"s3\"}", NULL },
  { "{\"proxy-password-secret\":\"s0\",\"file.key-secret\":\"s0\"}", NULL },
  { "{\"execute\":\"guest-ssh-add-authorized-keys\",\"arguments\":{\"keys\":[\"ssh-ed25519 AAAA\"]}}", NULL },
  { "{\"public-key\":\"AAAA\"}", NULL },
  { "{\"execute\":\"send-key\",\"arguments\":{\"keys\":[{\"type\":\"qcode\",\"data\":\"a\"}]}}", NULL },
  { "{\"type\":\"key\",\"data\":{\"down\":true,\"key\":{\"type\":\"qcode\",\"data\":\"a\"}}}", NULL },
  { "{\"monkey\":\"see\",\"keys\":\"b\",\"passwords\":\"c\",\"passwordid\":\"d\"}", NULL },
  { "{\"execute\":\"ringbuf-write\",\"arguments\":{\"device\":\"c\",\"data\":\"hello\"}}", NULL },
  { "{\"event\":\"VNC_CONNECTED\",\"data\":{\"server\":{\"auth\":\"none\"}}}", NULL },
  { "{\"qom-type\":\"secret\",\"data\":{\"a\":1}}", NULL },
  { "{\"execute\":\"qom-set\",\"arguments\":{\"property\":\"size\",\"value\":1}}", NULL },
  { "{\"command-line\":\"info block\"}", NULL },
  { "{\"name\":\"password\",\"type\":\"str\"}", NULL },
  { "[\"password\",\"secret\"]", NULL },
  { "{\"desc\":\"\\\"password\\\": hidden\"}", NULL },
  { "{}", NULL },
  { "\"password\"", NULL },
};

static void
test_case (gconstpointer data)
{
  const Case *one = data;
  gsize length = strlen (one->text);
  /* Just the length, so that a memory checker sees each byte read beyond it. */
  g_autofree char *copy = g_memdup2 (one->text, length);
  g_autoptr (GString) out = g_string_new ("kept ");

  qmp_json_append_redacted (out, copy, length);
  g_assert_true (g_str_has_prefix (out->str, "kept "));
  g_assert_cmpstr (out->str + 5, ==, one->expected != NULL ? one->expected : one->text);
  g_assert_true (qmp_json_check (out->str + 5, out->len - 5, G_MAXUINT, NULL, NULL));
}

static void
test_no_json (void)
{
  static const char * const texts[] = { "", "password", "{\"password\":\"x\"", "{\"a\":inf}", "\xff\xfe", "{} {}" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GString) out = g_string_new (NULL);
      g_autofree char *expected = g_strdup_printf ("(%u bytes that are no JSON)", (guint) strlen (texts[i]));

      qmp_json_append_redacted (out, texts[i], strlen (texts[i]));
      g_assert_cmpstr (out->str, ==, expected);
    }
}

/* Neither recursion nor work that grows with the square of the depth. */
static void
test_deep (void)
{
  const guint depth = 200000;
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GString) out = g_string_new (NULL);

  for (guint i = 0; i < depth; i++)
    g_string_append (text, "{\"key\":");
  g_string_append (text, "\"x\"");
  for (guint i = 0; i < depth; i++)
    g_string_append_c (text, '}');
  qmp_json_append_redacted (out, text->str, text->len);
  g_assert_nonnull (strstr (out->str, "{\"key\":\"***\"}}"));
  g_assert_cmpuint (out->len, ==, text->len + 2);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/json/redact/%u", i);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/json/redact/no-json", test_no_json);
  g_test_add_func ("/json/redact/deep", test_deep);
  return g_test_run ();
}
