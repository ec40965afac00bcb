/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "link/qmp-handshake-private.h"
#include "message/qmp-message-private.h"
#include "test-json-reader.h"
#include "test-utils.h"

#define GREETING "{\"QMP\":{\"version\":{\"qemu\":{\"major\":7,\"minor\":2,\"micro\":0}},\"capabilities\":[%s]}}"

static QmpGreeting *
make_greeting (const char *capabilities)
{
  g_autofree char *text = g_strdup_printf (GREETING, capabilities);
  g_autoptr(GError) error = NULL;
  QmpJsonFrame frame = { .text = text, .length = strlen (text) };
  QmpGreeting *greeting;

  g_assert_true (qmp_json_check (text, frame.length, MAX_DEPTH, &frame.outline, NULL));
  greeting = qmp_greeting_new_received (NULL, &frame, &error);
  g_assert_no_error (error);
  return greeting;
}

/* The steps in which a handshake can be, for its errors. */
typedef enum {
  AWAITING,      /* the greeting */
  NEGOTIATING,
  SYNCING,       /* a guest agent */
} Step;

static void
init_at (QmpHandshake *handshake,
         Step          step)
{
  qmp_handshake_init (handshake, TRUE, TRUE, FALSE, step == SYNCING);
  if (step == NEGOTIATING)
    qmp_handshake_greet (handshake, make_greeting (""));
}

static gboolean
note_junk (QmpHandshake *handshake,
           const char   *text)
{
  return qmp_handshake_note_junk (handshake, text, strlen (text));
}

/* --- what to wait for --- */

static void
test_steps (void)
{
  static const struct {
    gboolean await_greeting, negotiate, guest_agent;
    gboolean awaits, negotiates;
  } cases[] = {
    { FALSE, FALSE, FALSE, FALSE, FALSE },
    { TRUE,  FALSE, FALSE, TRUE,  FALSE },
    /* There is no negotiating before the greeting. */
    { FALSE, TRUE,  FALSE, TRUE,  TRUE },
    { TRUE,  TRUE,  FALSE, TRUE,  TRUE },
    /* An agent does neither. */
    { TRUE,  TRUE,  TRUE,  FALSE, FALSE },
    { FALSE, FALSE, TRUE,  FALSE, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      QmpHandshake handshake;

      qmp_handshake_init (&handshake, cases[i].await_greeting, cases[i].negotiate, TRUE, cases[i].guest_agent);
      g_assert_cmpint (qmp_handshake_awaits_greeting (&handshake), ==, cases[i].awaits);
      g_assert_cmpint (handshake.negotiate, ==, cases[i].negotiates);
      g_assert_cmpint (handshake.guest_agent, ==, cases[i].guest_agent);
      g_assert_null (handshake.greeting);
      g_assert_null (handshake.junk);

      qmp_handshake_greet (&handshake, make_greeting (""));
      g_assert_false (qmp_handshake_awaits_greeting (&handshake));
      qmp_handshake_clear (&handshake);
    }
}

static void
test_greeting (void)
{
  QmpGreeting *greeting = make_greeting ("\"oob\"");
  QmpHandshake handshake;

  init_at (&handshake, AWAITING);
  g_object_add_weak_pointer (G_OBJECT (greeting), (gpointer *) &greeting);
  /* It is taken, and let go in the end. */
  qmp_handshake_greet (&handshake, greeting);
  g_assert_true (handshake.greeting == greeting);
  note_junk (&handshake, "junk");
  qmp_handshake_clear (&handshake);
  g_assert_null (greeting);
  g_assert_null (handshake.greeting);
  g_assert_null (handshake.junk);
}

/* --- what to send --- */

static void
test_out_of_band (void)
{
  static const struct {
    gboolean negotiate, out_of_band;
    const char *capabilities;
    gboolean enables;
  } cases[] = {
    { TRUE,  TRUE,  "\"oob\"", TRUE },
    { TRUE,  TRUE,  "\"x\",\"oob\"", TRUE },
    { TRUE,  TRUE,  "", FALSE },
    { TRUE,  TRUE,  "\"x\"", FALSE },
    { TRUE,  FALSE, "\"oob\"", FALSE },
    { FALSE, TRUE,  "\"oob\"", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *command = NULL;
      QmpHandshake handshake;

      qmp_handshake_init (&handshake, TRUE, cases[i].negotiate, cases[i].out_of_band, FALSE);
      g_assert_false (qmp_handshake_enables_oob (&handshake));
      qmp_handshake_greet (&handshake, make_greeting (cases[i].capabilities));
      g_assert_cmpint (qmp_handshake_enables_oob (&handshake), ==, cases[i].enables);

      command = qmp_handshake_dup_command (&handshake, 4242);
      g_assert_cmpstr (command, ==, cases[i].enables
                       ? "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[\"oob\"]},\"id\":4242}"
                       : "{\"execute\":\"qmp_capabilities\",\"id\":4242}");
      qmp_handshake_clear (&handshake);
    }
}

/* --- junk --- */

static void
test_junk_limit (void)
{
  g_autofree char *bytes = g_strnfill (QMP_HANDSHAKE_MAX_JUNK, 'j');
  QmpHandshake handshake;

  /* In one piece. */
  init_at (&handshake, AWAITING);
  g_assert_true (qmp_handshake_note_junk (&handshake, bytes, QMP_HANDSHAKE_MAX_JUNK));
  g_assert_false (qmp_handshake_note_junk (&handshake, bytes, 1));
  qmp_handshake_clear (&handshake);

  /* In many: it is the bytes that count. */
  init_at (&handshake, NEGOTIATING);
  for (guint i = 0; i < QMP_HANDSHAKE_MAX_JUNK / 4096; i++)
    g_assert_true (qmp_handshake_note_junk (&handshake, bytes, 4096));
  g_assert_false (qmp_handshake_note_junk (&handshake, bytes, 1));
  qmp_handshake_clear (&handshake);

  init_at (&handshake, AWAITING);
  g_assert_false (qmp_handshake_note_junk (&handshake, bytes, QMP_HANDSHAKE_MAX_JUNK + 1));
  qmp_handshake_clear (&handshake);
}

/* What is kept of it is its beginning, as it came in pieces, and is not much. */
static void
test_junk_kept (void)
{
  g_autofree char *bytes = g_strnfill (QMP_HANDSHAKE_MAX_JUNK, 'j');
  QmpHandshake handshake;

  init_at (&handshake, AWAITING);
  note_junk (&handshake, "HTTP/1.1 ");
  note_junk (&handshake, "400 Bad Request");
  g_assert_cmpstr (handshake.junk->str, ==, "HTTP/1.1 400 Bad Request");
  qmp_handshake_note_junk (&handshake, bytes, QMP_HANDSHAKE_MAX_JUNK);
  qmp_handshake_note_junk (&handshake, bytes, QMP_HANDSHAKE_MAX_JUNK);
  g_assert_true (g_str_has_prefix (handshake.junk->str, "HTTP/1.1 400 Bad Requestjjj"));
  g_assert_cmpuint (handshake.junk->len, <, 1024);
  g_assert_cmpuint (handshake.n_junk, ==, strlen ("HTTP/1.1 400 Bad Request") + 2 * QMP_HANDSHAKE_MAX_JUNK);
  qmp_handshake_clear (&handshake);
}

/* --- why it failed --- */

/* Takes error. The junk is in the text of a protocol error. */
static void
assert_error (GError     *error,
              GQuark      domain,
              int         code,
              const char *part,
              const char *junk)
{
  g_autoptr(GError) owned = error;

  g_assert_error (owned, domain, code);
  test_assert_error_has (owned, part);
  if (junk != NULL)
    {
      gsize length;
      const char *bytes = g_bytes_get_data (qmp_protocol_error_get_text (owned), &length);

      test_assert_error_has (owned, junk);
      g_assert_cmpmem (bytes, length, junk, strlen (junk));
    }
}

static void
test_timed_out (void)
{
  QmpHandshake handshake;

  /* Not a word: QEMU greets one client at a time. */
  init_at (&handshake, AWAITING);
  assert_error (qmp_handshake_error_timed_out (&handshake, -1), QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY,
                "another client may be holding this monitor", NULL);
  note_junk (&handshake, "login: ");
  assert_error (qmp_handshake_error_timed_out (&handshake, -1), QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_GREETING,
                "first words", "login: ");
  qmp_handshake_clear (&handshake);

  init_at (&handshake, NEGOTIATING);
  assert_error (qmp_handshake_error_timed_out (&handshake, -1), G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                "capabilities negotiation", NULL);
  note_junk (&handshake, "x");
  assert_error (qmp_handshake_error_timed_out (&handshake, -1), G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                "capabilities negotiation", NULL);
  qmp_handshake_clear (&handshake);

  init_at (&handshake, SYNCING);
  assert_error (qmp_handshake_error_timed_out (&handshake, -1), G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "guest agent", NULL);
  note_junk (&handshake, "x");
  assert_error (qmp_handshake_error_timed_out (&handshake, -1), G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "guest agent", NULL);
  qmp_handshake_clear (&handshake);
}

static void
test_ended (void)
{
  g_autoptr(GError) cause = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED, "the cause");
  QmpHandshake handshake;

  init_at (&handshake, AWAITING);
  assert_error (qmp_handshake_error_ended (&handshake, cause, FALSE), G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED,
                "While waiting for the greeting: the cause", NULL);
  note_junk (&handshake, "SSH-2.0");
  assert_error (qmp_handshake_error_ended (&handshake, cause, FALSE), QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_GREETING,
                "speaks SSH", "SSH-2.0");
  qmp_handshake_clear (&handshake);

  init_at (&handshake, NEGOTIATING);
  note_junk (&handshake, "x");
  assert_error (qmp_handshake_error_ended (&handshake, cause, FALSE), G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED,
                "During the capabilities negotiation: the cause", NULL);
  qmp_handshake_clear (&handshake);

  init_at (&handshake, SYNCING);
  note_junk (&handshake, "x");
  assert_error (qmp_handshake_error_ended (&handshake, cause, FALSE), G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED,
                "While waiting for the guest agent: the cause", NULL);
  qmp_handshake_clear (&handshake);

  /* It is the caller's still. */
  g_assert_cmpstr (cause->message, ==, "the cause");
}

static void
test_junk_errors (void)
{
  QmpHandshake handshake;

  init_at (&handshake, AWAITING);
  note_junk (&handshake, "220 ftp");
  assert_error (qmp_handshake_error_no_greeting (&handshake), QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_GREETING,
                "not a QMP greeting", "220 ftp");
  assert_error (qmp_handshake_error_junk (&handshake), QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_GREETING,
                "not a QMP greeting", "220 ftp");
  qmp_handshake_clear (&handshake);

  init_at (&handshake, NEGOTIATING);
  note_junk (&handshake, "what?");
  assert_error (qmp_handshake_error_junk (&handshake), QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_NEGOTIATION,
                "is not", "what?");
  qmp_handshake_clear (&handshake);
}

static void
test_refused (void)
{
  g_autoptr(GError) cause = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "the cause");

  assert_error (qmp_handshake_error_refused (cause), QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_NEGOTIATION,
                "negotiation failed: the cause", NULL);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/handshake/steps", test_steps);
  g_test_add_func ("/handshake/greeting", test_greeting);
  g_test_add_func ("/handshake/out-of-band", test_out_of_band);
  g_test_add_func ("/handshake/junk-limit", test_junk_limit);
  g_test_add_func ("/handshake/junk-kept", test_junk_kept);
  g_test_add_func ("/handshake/timed-out", test_timed_out);
  g_test_add_func ("/handshake/ended", test_ended);
  g_test_add_func ("/handshake/junk-errors", test_junk_errors);
  g_test_add_func ("/handshake/refused", test_refused);

  return g_test_run ();
}
