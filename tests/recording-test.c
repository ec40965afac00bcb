/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <gio/gunixoutputstream.h>
#include <qmp-glib/qmp-version.h>
#include <string.h>

#include "server/qmp-recording-private.h"
#include "test-utils.h"

/* What two sides say, as lines of a file. */

typedef struct {
  GOutputStream *stream;
  QmpRecording  *recording;
  char          *text;       /* what was got last; owned */
} Fixture;

static void
set_up (Fixture       *self,
        gconstpointer  redact)
{
  self->stream = g_memory_output_stream_new_resizable ();
  self->recording = qmp_recording_new (self->stream, GPOINTER_TO_INT (redact));
}

static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  qmp_recording_free (self->recording);
  g_object_unref (self->stream);
  g_free (self->text);
}

static void
add (Fixture          *self,
     QmpRecordingSide  from,
     const char       *text,
     guint             n_fds)
{
  qmp_recording_add (self->recording, from, (const guint8 *) text, strlen (text), n_fds);
}

/* What stands in the file behind the first line, with 0 for each time. */
static const char *
get (Fixture *self)
{
  GMemoryOutputStream *memory = G_MEMORY_OUTPUT_STREAM (self->stream);
  g_autoptr(GRegex) time = g_regex_new ("\"time\":[0-9]{10}\\.[0-9]{6},", 0, 0, NULL);
  g_autoptr(GError) error = NULL;
  g_autofree char *all = NULL;
  const char *rest;

  qmp_recording_write (self->recording, &error);
  g_assert_no_error (error);
  all = g_strndup (g_memory_output_stream_get_data (memory), g_memory_output_stream_get_data_size (memory));
  rest = strchr (all, '\n') + 1;
  g_free (self->text);
  self->text = g_regex_replace_literal (time, rest, -1, 0, "", 0, NULL);
  return self->text;
}

#define CLIENT "{\"session\":1,\"from\":\"client\","
#define SERVER "{\"session\":1,\"from\":\"server\","

static void
test_first_line (Fixture       *self,
                 gconstpointer  data)
{
  GMemoryOutputStream *memory = G_MEMORY_OUTPUT_STREAM (self->stream);
  g_autofree char *expected =
    g_strdup_printf ("{\"recording\":1,\"version\":\"%d.%d.%d\",\"redacted\":true}\n", QMP_MAJOR_VERSION,
                     QMP_MINOR_VERSION, QMP_MICRO_VERSION);

  g_assert_cmpstr (get (self), ==, "");
  g_assert_cmpmem (g_memory_output_stream_get_data (memory), g_memory_output_stream_get_data_size (memory), expected,
                   strlen (expected));
}

/* However they come. */
static void
test_messages (Fixture       *self,
               gconstpointer  data)
{
  qmp_recording_begin (self->recording);
  add (self, QMP_RECORDING_SERVER, "{\"QMP\": {\"version\": ", 0);
  add (self, QMP_RECORDING_CLIENT, "{\"execute\":\"a\", \"id\": 1.50}\r\n{\"execute\":", 0);
  add (self, QMP_RECORDING_SERVER, "{}}}\r\n", 0);
  add (self, QMP_RECORDING_CLIENT, "\"b\",\n \"arguments\":\t{\"x\": \"\\u0041\"}}\xff", 0);
  g_assert_cmpstr (get (self), ==,
                   CLIENT "\"opened\":true}\n"
                   CLIENT "\"message\":{\"execute\":\"a\",\"id\":1.50}}\n"
                   SERVER "\"message\":{\"QMP\":{\"version\":{}}}}\n"
                   CLIENT "\"message\":{\"execute\":\"b\",\"arguments\":{\"x\":\"\\u0041\"}}}\n");
}

static void
test_sessions (Fixture       *self,
               gconstpointer  data)
{
  qmp_recording_begin (self->recording);
  add (self, QMP_RECORDING_SERVER, "{\"half", 0);
  qmp_recording_end (self->recording, QMP_RECORDING_SERVER);
  qmp_recording_begin (self->recording);
  add (self, QMP_RECORDING_SERVER, "{\"whole\":1}", 0);
  qmp_recording_end (self->recording, QMP_RECORDING_CLIENT);
  g_assert_cmpstr (get (self), ==,
                   CLIENT "\"opened\":true}\n"
                   SERVER "\"text\":\"(6 bytes that are not JSON)\"}\n"
                   SERVER "\"closed\":true}\n"
                   "{\"session\":2,\"from\":\"client\",\"opened\":true}\n"
                   "{\"session\":2,\"from\":\"server\",\"message\":{\"whole\":1}}\n"
                   "{\"session\":2,\"from\":\"client\",\"closed\":true}\n");
}

static void
test_fds (Fixture       *self,
          gconstpointer  data)
{
  add (self, QMP_RECORDING_CLIENT, "{\"a\":1}", 0);
  add (self, QMP_RECORDING_CLIENT, "{", 2);
  add (self, QMP_RECORDING_CLIENT, "\"b\":1}{\"c\":1}", 0);
  g_assert_nonnull (strstr (get (self), "{\"a\":1}}\n"));
  g_assert_nonnull (strstr (get (self), "{\"b\":1},\"fds\":2}\n"));
  g_assert_nonnull (strstr (get (self), "{\"c\":1}}\n"));
}

static void
test_junk (Fixture       *self,
           gconstpointer  redact)
{
  add (self, QMP_RECORDING_CLIENT, "password \"x\" {\"a\":}", 0);
  if (GPOINTER_TO_INT (redact))
    g_assert_null (strstr (get (self), "password"));
  else
    g_assert_nonnull (strstr (get (self), "\"text\":\"{\\\"a\\\":}\""));
}

/* --- secrets --- */

static void
say_secrets (Fixture *self)
{
  add (self, QMP_RECORDING_CLIENT,
       "{\"execute\":\"set_password\",\"arguments\":{\"protocol\":\"vnc\",\"password\":\"opensesame\"},\"id\":1}"
       "{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"/objects/a\",\"property\":\"password\"},\"id\":2}"
       "{\"execute\":\"query-name\",\"id\":{\"b\": 1, \"a\": \"\\u0041\"}}", 0);
  add (self, QMP_RECORDING_SERVER,
       "{\"return\":{\"name\":\"plain\"},\"id\":{\"a\":\"A\",\"b\":1}}"
       "{\"return\":\"opensesame\",\"id\":2}{\"return\":{},\"id\":1}"
       "{\"return\":\"opensesame\",\"id\":2}", 0);
}

static void
test_redacted (Fixture       *self,
               gconstpointer  data)
{
  say_secrets (self);
  g_assert_null (strstr (get (self), "opensesame"));
  g_assert_nonnull (strstr (self->text, "\"password\":\"***\""));
  g_assert_nonnull (strstr (self->text, "{\"return\":\"***\",\"id\":2}"));
  g_assert_nonnull (strstr (self->text, "{\"return\":{},\"id\":1}"));
  g_assert_nonnull (strstr (self->text, "{\"return\":{\"name\":\"plain\"},\"id\":{"));
}

static void
test_not_redacted (Fixture       *self,
                   gconstpointer  data)
{
  say_secrets (self);
  g_assert_nonnull (strstr (get (self), "\"password\":\"opensesame\""));
  g_assert_nonnull (strstr (self->text, "{\"return\":\"opensesame\",\"id\":2}"));
}

/* A server that never answers costs no more and more. What it says to whom nobody remembers is left out. */
static void
test_forgotten (Fixture       *self,
                gconstpointer  data)
{
  for (int i = 0; i < 1200; i++)
    {
      g_autofree char *command = g_strdup_printf ("{\"execute\":\"a\",\"id\":%d}", i);

      add (self, QMP_RECORDING_CLIENT, command, 0);
    }
  add (self, QMP_RECORDING_SERVER, "{\"return\":\"old\",\"id\":7}{\"return\":\"new\",\"id\":1199}", 0);
  g_assert_nonnull (strstr (get (self), "{\"return\":\"***\",\"id\":7}"));
  g_assert_nonnull (strstr (self->text, "{\"return\":\"new\",\"id\":1199}"));
}

/* --- what goes wrong --- */

/* It is told once. */
static void
test_full (void)
{
  g_autoptr(GOutputStream) stream = g_unix_output_stream_new (open ("/dev/full", O_WRONLY | O_CLOEXEC), TRUE);
  g_autoptr(QmpRecording) recording = qmp_recording_new (stream, TRUE);
  g_autoptr(GError) error = NULL;

  g_assert_false (qmp_recording_write (recording, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  qmp_recording_begin (recording);
  qmp_recording_add (recording, QMP_RECORDING_CLIENT, (const guint8 *) "{}", 2, 0);
  qmp_recording_end (recording, QMP_RECORDING_CLIENT);
  g_assert_true (qmp_recording_write (recording, NULL));
}

#define add_test(path, redact, func) g_test_add (path, Fixture, GINT_TO_POINTER (redact), set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/recording/first-line", TRUE, test_first_line);
  add_test ("/recording/messages", TRUE, test_messages);
  add_test ("/recording/sessions", TRUE, test_sessions);
  add_test ("/recording/fds", TRUE, test_fds);
  add_test ("/recording/junk/redacted", TRUE, test_junk);
  add_test ("/recording/junk/as-it-is", FALSE, test_junk);
  add_test ("/recording/secrets/redacted", TRUE, test_redacted);
  add_test ("/recording/secrets/as-they-are", FALSE, test_not_redacted);
  add_test ("/recording/forgotten", TRUE, test_forgotten);
  g_test_add_func ("/recording/full", test_full);

  return g_test_run ();
}
