/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "json/qmp-json-reader-private.h"
#include "server/qmp-recording-private.h"
#include "tool-recording.h"

/* What is said between two sides is recorded, and the recording is read. Whatever is said: the recording is right JSON in lines, a
 * secret is not in it. And whatever stands in a file, one of ours or not: reading it is an error, or gives a recording.
 *
 * Input: a file, if it begins with "f"; otherwise lines with an instruction each, a letter and its argument:
 *
 *   b           a client comes
 *   c, s TEXT   the client says a text, the server; C, S: with a line's end
 *   d           the client sends a descriptor, with a space
 *   e, E        the client ends it, the server
 *   p           a password, in what the client says
 */

#define SECRET "xyzzy-9f3c"
#define PASSWORD "{\"execute\": \"set_password\", \"arguments\": {\"protocol\": \"vnc\", \"password\": \"" SECRET "\"}}\n"

typedef struct {
  QmpRecording  *recording;
  GOutputStream *stream;
  guint          n_begun;
  GString       *said;       /* by the client since the last line's end: a password stands in no other text */
  gboolean       gave_away;  /* the input has the secret itself */
} Recording;

/* --- reading --- */

static void
read_file (const char *text,
           gsize       size)
{
  int fd = memfd_create ("recording", MFD_CLOEXEC);
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_autoptr(ToolRecording) recording = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (write (fd, text, size), ==, size);
  recording = tool_recording_read (path, &error);
  close (fd);
  if (recording == NULL)
    {
      g_assert_nonnull (error);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return;
    }
  g_assert_no_error (error);
  g_assert_cmpuint (recording->sessions->len, >, 0);
}

/* --- recording --- */

static void
check_line (const char *line)
{
  g_assert_true (qmp_json_check (line, strlen (line), 2048, NULL, NULL));
}

static void
check (Recording *self)
{
  GMemoryOutputStream *memory = G_MEMORY_OUTPUT_STREAM (self->stream);
  const char *data = g_memory_output_stream_get_data (memory);
  gsize size = g_memory_output_stream_get_data_size (memory);
  g_autofree char *text = g_strndup (data, size);
  g_auto(GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    if (*lines[i] != '\0')
      check_line (lines[i]);
  g_assert_true (self->gave_away || strstr (text, SECRET) == NULL);
  read_file (text, size);
}

static void
add (Recording        *self,
     QmpRecordingSide  from,
     const char       *text,
     gsize             length,
     guint             n_fds)
{
  qmp_recording_add (self->recording, from, (const guint8 *) text, length, n_fds);
}

static void
say (Recording  *self,
     char        who,
     const char *text)
{
  g_autofree char *whole = g_ascii_isupper (who) ? g_strconcat (text, "\n", NULL) : g_strdup (text);

  if (who != 'c' && who != 'C')
    {
      add (self, QMP_RECORDING_SERVER, whole, strlen (whole), 0);
      return;
    }
  g_string_append (self->said, whole);
  if (who == 'C' && qmp_json_check (self->said->str, self->said->len, 1024, NULL, NULL))
    g_string_truncate (self->said, 0);
  add (self, QMP_RECORDING_CLIENT, whole, strlen (whole), 0);
}

static void
follow (Recording  *self,
        const char *line)
{
  switch (*line)
    {
    case 'b':
      qmp_recording_begin (self->recording);
      g_string_truncate (self->said, 0);
      self->n_begun++;
      break;
    case 'c':
    case 'C':
    case 's':
    case 'S':
      say (self, *line, line + 1);
      break;
    case 'd':
      add (self, QMP_RECORDING_CLIENT, " ", 1, 1);
      break;
    case 'e':
    case 'E':
      qmp_recording_end (self->recording, *line == 'e' ? QMP_RECORDING_CLIENT : QMP_RECORDING_SERVER);
      break;
    case 'p':
      /* Within another text it is no password. */
      if (self->said->len == 0)
        add (self, QMP_RECORDING_CLIENT, PASSWORD, strlen (PASSWORD), 0);
      break;
    default:
      g_assert_true (qmp_recording_write (self->recording, NULL));
    }
}

static void
record (const guint8 *data,
        gsize         size)
{
  Recording self = { .stream = g_memory_output_stream_new_resizable (), .said = g_string_new (NULL) };
  FuzzInput input;
  char *line;

  self.gave_away = memmem (data, size, SECRET, strlen (SECRET)) != NULL;
  self.recording = qmp_recording_new (self.stream, TRUE);
  fuzz_input_init (&input, data, size);
  while ((line = fuzz_input_take_line (&input)) != NULL)
    {
      if (self.n_begun > 0 || *line == 'b')
        follow (&self, line);
      g_free (line);
    }
  g_assert_true (qmp_recording_write (self.recording, NULL));
  check (&self);
  qmp_recording_free (self.recording);
  g_string_free (self.said, TRUE);
  g_object_unref (self.stream);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  if (size > 0 && *data == 'f')
    read_file ((const char *) data + 1, size - 1);
  else
    record (data, size);
  return 0;
}
