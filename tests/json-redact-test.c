/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "core/qmp-error-private.h"
#include "json/qmp-json-reader-private.h"
#include "json/qmp-json-text-private.h"

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

  { "{\"command-line\":\"qom-set /objects/s0 data hunter2\"}", "{\"command-line\":\"***\"}" },
  { "{\"command-line\":\"drive_add 0 file.cookie=a=1\"}", "{\"command-line\":\"***\"}" },
  { "{\"execute\":\"guest-exec\",\"arguments\":{\"path\":\"chpasswd\",\"input-data\":\"cm9vdDp4\"}}",
    "{\"execute\":\"guest-exec\",\"arguments\":{\"path\":\"chpasswd\",\"input-data\":\"***\"}}" },
  { "{\"return\":{\"exited\":true,\"out-data\":\"eA==\",\"err-data\":\"eA==\"}}",
    "{\"return\":{\"exited\":true,\"out-data\":\"***\",\"err-data\":\"***\"}}" },
  { "{\"handle\":1,\"buf-b64\":\"eA==\"}", "{\"handle\":1,\"buf-b64\":\"***\"}" },

  /* within strings: URLs */
  { "{\"filename\":\"http://me:hunter2@host/a\"}", "{\"filename\":\"http://me:***@host/a\"}" },
  { "[\"ftp:\\/\\/me:hun@ter2@host:21\\/a@b\"]", "[\"ftp:\\/\\/me:***@b\"]" },
  { "[\"x iscsi://me%hunter2@host/iqn/0\",\"http://a:b@c\"]", "[\"x iscsi://me%***@host/iqn/0\",\"http://a:***@c\"]" },
  /* with what should be encoded there */
  { "[\"http://me:hun/t?r#2@host/a\",\"iscsi://me%hun/ter@h/iqn\"]", "[\"http://me:***@host/a\",\"iscsi://me%***@h/iqn\"]" },
  { "[\"http:\\/\\/me:hun\\/ter2@host\\/a\"]", "[\"http:\\/\\/me:***@host\\/a\"]" },
  { "[\"http://me:a@b/c@host x@y\",\"nbd://h:1/a@b\"]", "[\"http://me:***@host x@y\",\"nbd://h:***@b\"]" },
  { "[\"http://host/a:b@c\",\"http://me:hun\\nter@host\"]", NULL },
  { "[\"nbd://host:10809/export\",\"ssh://me@host/a:b@c\",\"a@b:c\",\"http://[::1]:80/\"]", NULL },

  /* within strings: options */
  { "[\"driver=http,cookie=a,b=c\"]", "[\"driver=http,cookie=***,b=c\"]" },
  { "[\"password=hun,,ter2,x=1\"]", "[\"password=***,x=1\"]" },
  { "[\"--Token=\\\"hun ter2\\\" x\",\"http://h/?api_key=a&b=1\"]", "[\"--Token=***\\\" x\",\"http://h/?api_key=***&b=1\"]" },
  { "[\"secret,id=s,data=hunter2\",\"rbd:p/i:id=a:key=AQ\"]", "[\"secret,id=s,data=***\",\"rbd:p/i:id=a:key=***\"]" },
  { "[\"key-secret=s0,data=x,public-key=y\",\"a=b=c\",\"=\",\"password=\"]", "[\"key-secret=s0,data=***,public-key=y\",\"a=b=c\",\"=\",\"password=\"]" },

  /* within strings: JSON */
  { "{\"file\":\"json:{\\\"driver\\\": \\\"http\\\", \\\"cookie\\\": \\\"a\\\", \\\"url\\\": \\\"http://a:b@c\\\"}\"}",
    "{\"file\":\"json:{\\\"driver\\\": \\\"http\\\", \\\"cookie\\\": \\\"***\\\", \\\"url\\\": \\\"http://a:***@c\\\"}\"}" },
  { "[\"json:{\\\"driver\\\": \\\"null-co\\\"}\"]", NULL },
  /* cut off */
  { "[\"json:{\\\"password\\\": \\\"hun\"]", "[\"json:***\"]" },
  { "[\"json:[\\\"json:[\\\\\\\"json:[]\\\\\\\"]\\\"]\"]", NULL },

  /* spellings */
  { "{\"pass\":\"x\",\"db_pwd\":\"x\",\"PIN\":\"x\",\"psk\":\"x\"}", "{\"pass\":\"***\",\"db_pwd\":\"***\",\"PIN\":\"***\",\"psk\":\"***\"}" },
  { "{\"user-credential\":{\"a\":1},\"credentials\":[1],\"passcode\":1}", "{\"user-credential\":\"***\",\"credentials\":\"***\",\"passcode\":\"***\"}" },
  { "{\"Authorization\":\"Bearer x\",\"cookies\":[\"a\"]}", "{\"Authorization\":\"***\",\"cookies\":\"***\"}" },
  { "{\"Password\":\"x\"}", "{\"Password\":\"***\"}" },
  { "{\"old_passwd\":\"x\"}", "{\"old_passwd\":\"***\"}" },
  { "{\"vncpassword\":\"x\"}", "{\"vncpassword\":\"***\"}" },
  { "{\"p\\u0061ssword\":\"x\"}", "{\"p\\u0061ssword\":\"***\"}" },
  /* as Go and Gson write '&' and '=', and as nobody does */
  { "{\"url\":\"https://h/d?x=1\\u0026key=hunter2\"}", "{\"url\":\"https://h/d?x=1&key=***\"}" },
  { "[\"rbd:p/i:id=a:key\\u003dhunter2\"]", "[\"rbd:p/i:id=a:key=***\"]" },
  { "[\"ssh://me:hunter2\\u0040host/a\"]", "[\"ssh://me:***@host/a\"]" },
  { "[\"ssh\\u003A//me:hunter2@host/a\"]", "[\"ssh://me:***@host/a\"]" },
  { "{\"command-line\":\"set_p\\u0061ssword vnc hunter2\"}", "{\"command-line\":\"***\"}" },
  { "{\"command-line\":\"object_add s\\u0065cret,id=s0,data=hunter2\"}", "{\"command-line\":\"***\"}" },
  { "{\"file\":\"\\u006ason:{\\u0022password\\u0022: \\\"hunter2\\\"}\"}", "{\"file\":\"json:{\\\"password\\\": \\\"***\\\"}\"}" },
  { "[\"\\u0041 \\u00e9 \\u005c\\u0022\\\\u0041\", \"a:b=c\"]", NULL },
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
  { "{\"command-line\":\"qom-set /objects/m0 size 1\"}", NULL },
  { "{\"pin\":4,\"bypass\":\"a\",\"spin\":\"b\",\"compass\":\"c\"}", NULL },
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

/* What an error's message shows of a text is looked at less closely, and shows no more, unless ASCII is escaped. */
static void
test_excerpt (gconstpointer data)
{
  const Case *one = data;
  g_autofree char *broken = g_strconcat (one->text, " nan", NULL);

  if (one->expected != NULL && strstr (broken, "\\u") == NULL)
    g_assert_true (qmp_excerpt_may_hold_secret (broken, strlen (broken), strlen (broken)));
}

static void
test_answers (void)
{
  static const struct {
    const char *command;
    gboolean asks;
  } commands[] = {
    { "{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"/objects/s0\",\"property\":\"data\"}}", TRUE },
    { "{\"arguments\":{\"property\":\"pass\\u0077ord\"},\"execute\":\"qom-get\"}", TRUE },
    { "{\"arguments\":{\"command-line\":\"qom\\u002dget /objects/s0 data\"}}", TRUE },
    { "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"qom-get /objects/s0 data\"}}", TRUE },
    { "{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"/objects/s0\",\"property\":\"type\"}}", FALSE },
    { "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"qom-get /objects/m0 size\"}}", FALSE },
    { "{\"execute\":\"query-status\"}", FALSE },
  };
  const char *reply = "{\"return\":{\"a\":\"hunter2\"},\"id\":7}";
  g_autoptr (GString) out = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    g_assert_cmpint (qmp_json_asks_for_secret (commands[i].command, strlen (commands[i].command)), ==,
                     commands[i].asks);
  qmp_json_append_redacted_answer (out, reply, strlen (reply));
  g_assert_cmpstr (out->str, ==, "{\"return\":\"***\",\"id\":7}");
}

static void
test_no_json (void)
{
  static const char * const texts[] = { "", "password", "{\"password\":\"x\"", "{\"a\":inf}", "\xff\xfe", "{} {}" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GString) out = g_string_new (NULL);
      g_autofree char *expected = g_strdup_printf ("(%u bytes that are not JSON)", (guint) strlen (texts[i]));

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

/* Nor work that grows with the square of a string's length: a server says what it likes. */
static void
test_long (void)
{
  static const char * const parts[] = { "x://", "x://y/@", "data=,", "data=", "http://a:1/", "pass=\\\"" };

  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autoptr (GString) text = g_string_new ("[\"");
      g_autoptr (GString) out = g_string_new (NULL);

      for (guint n = 0; n < 1000000; n++)
        g_string_append (text, parts[i]);
      g_string_append (text, " http://me:hunter2@h secret,data=hunter2\"]");
      qmp_json_append_redacted (out, text->str, text->len);
      g_assert_null (strstr (out->str, "hunter2"));
      g_assert_nonnull (strstr (out->str, "http://me:***@h secret,data=***\"]"));
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/json/redact/%u", i);

      g_autofree char *excerpt = g_strdup_printf ("/json/redact/excerpt/%u", i);

      g_test_add_data_func (path, &cases[i], test_case);
      g_test_add_data_func (excerpt, &cases[i], test_excerpt);
    }
  g_test_add_func ("/json/redact/answers", test_answers);
  g_test_add_func ("/json/redact/no-json", test_no_json);
  g_test_add_func ("/json/redact/deep", test_deep);
  g_test_add_func ("/json/redact/long", test_long);
  return g_test_run ();
}
