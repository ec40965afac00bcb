/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "json/qmp-json-reader-private.h"
#include "json/qmp-json-text-private.h"
#include "test-server.h"

/* What the library sends, and what QEMU takes, compared: texts that a grammar makes at random go to a server, each as
 * an argument of a command that does not exist. A text that the server takes is answered with the id, one that its
 * lexer or its parser refuses without. A text that is sent and then answered without an id would be a call without an
 * end; one that is refused though the server takes it would be a command that cannot be executed.
 *
 * usage: compare-sendable [--seed SEED] SERVER AMOUNT
 *
 * SERVER is "qemu", or "agent": QEMU's guest agent has the same lexer and the same parser, and does not read byte by
 * byte. AMOUNT is in seconds, or with an x behind it in texts. */

#define TEXTS_IN_BATCH 200
#define MAX_DEPTH 1024
/* What QEMU takes in one message. */
#define MAX_TOKENS (2u << 20)
#define MAX_BYTES ((gsize) 64 << 20)
/* From so many texts on there is time for those that are that large. */
#define MANY_TEXTS 100000

#define HEAD "{\"execute\":\"x\",\"arguments\":{\"a\":"
/* Not a byte of JSON: the parser begins anew. */
#define RESET "\xff"
#define HEAD_TOKENS 10
#define TAIL "},\"id\":%u}"
#define TAIL_TOKENS 6

typedef struct {
  GRand            *random;
  GDataInputStream *input;
  GOutputStream    *output;
  guint64           n_texts;
  guint64           n_taken;
  guint             n_different;
} Comparison;

/* --- the grammar --- */

static guint
pick (Comparison *self,
      guint       n)
{
  return g_rand_int_range (self->random, 0, n);
}

static gboolean
one_in (Comparison *self,
        guint       n)
{
  return pick (self, n) == 0;
}

static void
append_one_of (Comparison *self,
               GString    *out,
               const char *characters)
{
  g_string_append_c (out, characters[pick (self, strlen (characters))]);
}

static void
append_digits (Comparison *self,
               GString    *out)
{
  for (guint n = one_in (self, 20) ? pick (self, 400) : 1 + pick (self, 4); n > 0; n--)
    append_one_of (self, out, one_in (self, 3) ? "0" : "0123456789");
}

/* Something taken away, put in or exchanged. */
static void
damage (Comparison *self,
        GString    *out,
        gsize       start,
        const char *characters)
{
  gsize at = start + pick (self, out->len - start + 1);

  if (at < out->len && !one_in (self, 3))
    g_string_erase (out, at, 1);
  if (!one_in (self, 3))
    g_string_insert_c (out, at, characters[pick (self, strlen (characters))]);
}

static void
append_number (Comparison *self,
               GString    *out)
{
  gsize start = out->len;

  if (one_in (self, 3))
    g_string_append_c (out, '-');
  if (one_in (self, 3))
    g_string_append_c (out, '0');
  else
    append_digits (self, g_string_append_c (out, '1' + pick (self, 9)));
  if (one_in (self, 3))
    append_digits (self, g_string_append_c (out, '.'));
  if (one_in (self, 3))
    {
      append_one_of (self, out, "eE");
      if (one_in (self, 2))
        append_one_of (self, out, "+-");
      append_digits (self, out);
    }
  if (one_in (self, 10))
    damage (self, out, start, "0123456789eE+-.xX");
}

/* Not \', which QEMU takes though it is not JSON. */
static void
append_escape (Comparison *self,
               GString    *out)
{
  static const char * const few[] = {
    "0000", "0001", "0022", "005c", "0061", "0062", "d7ff", "d800", "dbff", "dc00", "dfff", "e000", "fdcf", "fdd0",
    "fdef", "fdf0", "feff", "fffd", "fffe", "ffff", "D83D\\uDE00", "d83f\\udffe", "dbff\\udfff", "dbff\\udffd",
  };

  g_string_append_c (out, '\\');
  if (one_in (self, 3))
    append_one_of (self, out, one_in (self, 10) ? "xav0u" : "\"\\/bfnrt");
  else if (one_in (self, 2))
    g_string_append_printf (out, "u%s", few[pick (self, G_N_ELEMENTS (few))]);
  else
    g_string_append_printf (out, one_in (self, 2) ? "u%04x" : "u%04X", pick (self, 0x10000));
}

/* Of any plane, surrogates and what is beyond Unicode too; all with as many bytes as the number asks for. */
static void
append_character (Comparison *self,
                  GString    *out)
{
  char bytes[6];
  gunichar character = one_in (self, 2) ? pick (self, 0x800) : pick (self, 0x110100);

  if (one_in (self, 4))
    character = (character & 0x1f0000) | 0xfffe | pick (self, 2);
  g_string_append_len (out, bytes, g_unichar_to_utf8 (MAX (character, ' '), bytes));
}

static void
append_string (Comparison *self,
               GString    *out)
{
  gsize start = out->len;

  g_string_append_c (out, '"');
  for (guint n = pick (self, 4); n > 0; n--)
    if (one_in (self, 2))
      append_escape (self, out);
    else if (one_in (self, 2))
      append_character (self, out);
    else
      append_one_of (self, out, "ab%/ \x7f");
  g_string_append_c (out, '"');
  if (one_in (self, 20))
    damage (self, out, start, "\"\\\x01\t\n\x80\xc0\xc1\xe0\xed\xf4\xf5\xfe");
}

static void
append_space (Comparison *self,
              GString    *out)
{
  if (one_in (self, 4))
    append_one_of (self, out, one_in (self, 50) ? "\v\f\b" : " \t\r\n");
}

static void
append_scalar (Comparison *self,
               GString    *out)
{
  static const char * const words[] = { "true", "false", "null" };
  gsize start = out->len;

  switch (pick (self, 5))
    {
    case 0:
      g_string_append (out, words[pick (self, G_N_ELEMENTS (words))]);
      if (one_in (self, 20))
        damage (self, out, start, "trufalsenTFN");
      break;
    case 1:
    case 2:
      append_string (self, out);
      break;
    default:
      append_number (self, out);
    }
}

static void
append_value (Comparison *self,
              GString    *out,
              guint       depth)
{
  gboolean is_object = one_in (self, 2);

  append_space (self, out);
  if (depth == 0 || one_in (self, 2))
    {
      append_scalar (self, out);
    }
  else
    {
      g_string_append_c (out, is_object ? '{' : '[');
      for (guint n = pick (self, 4); n > 0; n--)
        {
          if (is_object && !one_in (self, 50))
            append_string (self, out);
          if (is_object)
            g_string_append_c (out, ':');
          append_value (self, out, depth - 1);
          if (n > 1 || one_in (self, 100))
            g_string_append_c (out, ',');
        }
      g_string_append_c (out, is_object ? '}' : ']');
    }
  append_space (self, out);
}

/* About as deep as it may be: two levels are around it. */
static void
append_deep (Comparison *self,
             GString    *out)
{
  guint depth = MAX_DEPTH - 4 + pick (self, 5);
  gboolean objects = one_in (self, 2);

  for (guint i = 0; i < depth; i++)
    g_string_append (out, objects ? "{\"a\":" : "[");
  append_number (self, out);
  for (guint i = 0; i < depth; i++)
    g_string_append_c (out, objects ? '}' : ']');
}

static void
append_text (Comparison *self,
             GString    *out)
{
  gsize start = out->len;

  if (one_in (self, 5000))
    append_deep (self, out);
  else
    append_value (self, out, pick (self, 4));
  if (one_in (self, 50))
    damage (self, out, start, "{}[],:\"");
}

/* --- the comparison --- */

typedef enum {
  SENT,
  REFUSED,
  REFUSED_ALTHOUGH_TAKEN,
} Fate;

/* Before a command is sent it was JSON for qmp_json_check(). QEMU takes two things more: C0 80, which is no UTF-8, for U+0000, and a
 * number beyond a double's range, which it makes infinite. */
static Fate
get_fate (const char *text,
          gsize       length)
{
  g_autoptr(GError) error = NULL;

  if (!qmp_json_check (text, length, MAX_DEPTH, NULL, NULL))
    return memmem (text, length, "\xc0\x80", 2) != NULL ? REFUSED_ALTHOUGH_TAKEN : REFUSED;
  if (qmp_json_check_sendable (text, length, &error))
    return SENT;
  return strstr (error->message, "A number out of range") != NULL ? REFUSED_ALTHOUGH_TAKEN : REFUSED;
}

static void
check (gboolean    good,
       GError     *error)
{
  if (!good)
    g_error ("%s", error != NULL ? error->message : "QEMU has hung up");
}

static char *
read_line (Comparison *self)
{
  GError *error = NULL;
  char *line = g_data_input_stream_read_line (self->input, NULL, NULL, &error);

  check (line != NULL, error);
  return line;
}

/* QEMU writes the id first or last, in one line; -1 for none, TEXTS_IN_BATCH for the end of the batch. */
static int
find_id (const char *line)
{
  const char *id = strstr (line, "\"id\": ");

  return id != NULL ? atoi (id + strlen ("\"id\": ")) : -1;
}

static void
ask (Comparison *self,
     GString    *batch,
     gboolean   *taken)
{
  GError *error = NULL;
  int id = -1;

  g_string_append_printf (batch, RESET "{\"execute\":\"x\",\"id\":%d}\n", TEXTS_IN_BATCH);
  check (g_output_stream_write_all (self->output, batch->str, batch->len, NULL, NULL, &error), error);
  while (id != TEXTS_IN_BATCH)
    {
      g_autofree char *line = read_line (self);

      id = find_id (line);
      if (id >= 0 && id < TEXTS_IN_BATCH)
        taken[id] = TRUE;
    }
}

static void
report (Comparison *self,
        const char *text,
        gsize       length,
        gboolean    sent)
{
  g_autofree char *shown = g_strndup (text, MIN (length, 2000));
  g_autofree char *escaped = g_strescape (shown, NULL);

  self->n_different++;
  g_print ("%s: %s\n", sent ? "sent, and QEMU refuses it" : "refused, and QEMU takes it", escaped);
}

typedef struct {
  GString *bytes;  /* what goes out */
  guint    n_texts;
  gsize    starts[TEXTS_IN_BATCH];
  gsize    ends[TEXTS_IN_BATCH];
  Fate     fates[TEXTS_IN_BATCH];
} Batch;

static void
batch_begin_text (Batch *batch)
{
  batch->starts[batch->n_texts] = batch->bytes->len;
  g_string_append (batch->bytes, HEAD);
}

static void
batch_end_text (Batch *batch)
{
  guint i = batch->n_texts++;

  g_string_append_printf (batch->bytes, TAIL, i);
  batch->ends[i] = batch->bytes->len;
  batch->fates[i] = get_fate (batch->bytes->str + batch->starts[i], batch->ends[i] - batch->starts[i]);
  g_string_append (batch->bytes, batch->fates[i] == SENT ? "\n" : RESET);
}

static void
compare_batch (Comparison *self,
               Batch      *batch)
{
  gboolean taken[TEXTS_IN_BATCH] = { FALSE };

  ask (self, batch->bytes, taken);
  for (guint i = 0; i < batch->n_texts; i++)
    {
      gboolean sent = batch->fates[i] == SENT;

      self->n_taken += taken[i];
      if (batch->fates[i] != REFUSED_ALTHOUGH_TAKEN && sent != taken[i])
        report (self, batch->bytes->str + batch->starts[i], batch->ends[i] - batch->starts[i], sent);
    }
  self->n_texts += batch->n_texts;
  g_string_free (batch->bytes, TRUE);
}

static void
compare_random (Comparison *self)
{
  Batch batch = { .bytes = g_string_new (NULL) };

  while (batch.n_texts < TEXTS_IN_BATCH)
    {
      batch_begin_text (&batch);
      append_text (self, batch.bytes);
      batch_end_text (&batch);
    }
  compare_batch (self, &batch);
}

static void
append_times (GString    *out,
              const char *text,
              gsize       n)
{
  for (gsize i = 0; i < n; i++)
    g_string_append (out, text);
}

/* As many tokens as QEMU takes, and one more; as many bytes, and one more. */
static void
compare_large (Comparison *self)
{
  guint elements = (MAX_TOKENS - HEAD_TOKENS - TAIL_TOKENS - 2) / 2;
  gsize letters = MAX_BYTES - 1 - strlen (HEAD "\"\"" "},\"id\":0}");
  Batch batch = { .bytes = g_string_new (NULL) };

  for (guint more = 0; more < 4; more++)
    {
      batch_begin_text (&batch);
      if (more < 2)
        {
          g_string_append (batch.bytes, more == 0 ? "[[]" : "[[0]");
          append_times (batch.bytes, ",0", elements - 1);
          g_string_append_c (batch.bytes, ']');
        }
      else
        {
          g_string_append_c (batch.bytes, '"');
          append_times (batch.bytes, "a", letters + more - 2);
          g_string_append_c (batch.bytes, '"');
        }
      batch_end_text (&batch);
      g_assert_true ((batch.fates[more] == SENT) == (more % 2 == 0));
    }
  compare_batch (self, &batch);
}

/* Nothing of the library's: this is about what the other side does. */
static GSocketConnection *
open_server (Comparison *self,
             TestServer *server,
             gboolean    greets)
{
  g_autoptr(GSocketClient) client = g_socket_client_new ();
  GError *error = NULL;
  GSocketConnection *connection = g_socket_client_connect (client, test_server_get_address (server), NULL, &error);
  const char *negotiation = "{\"execute\":\"qmp_capabilities\"}\n";

  check (connection != NULL, error);
  self->output = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  self->input = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (connection)));
  if (greets)
    {
      g_free (read_line (self));
      check (g_output_stream_write_all (self->output, negotiation, strlen (negotiation), NULL, NULL, &error), error);
      g_free (read_line (self));
    }
  return connection;
}

static gboolean
is_enough (Comparison *self,
           const char *amount,
           gint64      begun)
{
  guint64 limit = g_ascii_strtoull (amount, NULL, 10);

  if (g_str_has_suffix (amount, "x"))
    return self->n_texts >= limit;
  return g_get_monotonic_time () - begun >= (gint64) limit * G_USEC_PER_SEC;
}

static void
compare (Comparison *self,
         gboolean    agent,
         const char *amount)
{
  g_autoptr(TestServer) server = test_server_new (agent ? TEST_SERVER_GUEST_AGENT : TEST_SERVER_QEMU);
  g_autoptr(GSocketConnection) connection = open_server (self, server, !agent);
  gint64 begun = g_get_monotonic_time ();

  while (!is_enough (self, amount, begun))
    compare_random (self);
  if (agent && self->n_texts >= MANY_TEXTS)
    compare_large (self);
  g_object_unref (self->input);
}

int
main (int    argc,
      char **argv)
{
  Comparison comparison = { NULL };
  guint32 seed = g_random_int ();

  if (argc == 5 && g_str_equal (argv[1], "--seed"))
    seed = g_ascii_strtoull (argv[2], NULL, 10);
  else if (argc != 3)
    g_error ("usage: compare-sendable [--seed SEED] SERVER AMOUNT");

  g_print ("seed %u\n", seed);
  comparison.random = g_rand_new_with_seed (seed);
  compare (&comparison, g_str_equal (argv[argc - 2], "agent"), argv[argc - 1]);
  g_print ("%" G_GUINT64_FORMAT " texts, of which %" G_GUINT64_FORMAT " are taken; %u differences\n",
           comparison.n_texts, comparison.n_taken, comparison.n_different);
  g_rand_free (comparison.random);
  return comparison.n_different == 0 ? 0 : 1;
}
