/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "link/qmp-wire-log-private.h"
#include "test-json-reader.h"

/* A log, its inbox, and their owner. */
typedef struct {
  QmpCalls   *calls;
  QmpInbox    inbox;
  QmpWireLog  log;
  GString    *told;
} Owner;

static void
filled (gpointer owner)
{
}

static gboolean
prepare (gpointer owner)
{
  return TRUE;
}

static const QmpInboxFuncs inbox_funcs = { filled, prepare };

static void
tell (gpointer    user_data,
      gboolean    sent,
      const char *text)
{
  Owner *owner = user_data;

  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_string_append_printf (owner->told, "%s%.100s|", sent ? ">" : "<", text);
}

static Owner *
owner_new (gboolean heard)
{
  Owner *owner = g_new0 (Owner, 1);

  owner->calls = qmp_calls_new ();
  owner->told = g_string_new (NULL);
  qmp_inbox_init (&owner->inbox, &inbox_funcs, owner);
  owner->inbox.max_time = G_MAXINT64;
  qmp_wire_log_init (&owner->log, owner->calls, &owner->inbox, tell, owner);
  qmp_wire_log_begin (&owner->log, heard);
  return owner;
}

static void
owner_free (Owner *owner)
{
  qmp_inbox_clear (&owner->inbox);
  g_assert_cmpuint (owner->log.texts.length, ==, 0);
  g_assert_cmpuint (owner->log.size, ==, 0);
  qmp_calls_free (owner->calls);
  g_string_free (owner->told, TRUE);
  g_free (owner);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Owner, owner_free)

static void
note_sent (Owner      *owner,
           const char *text)
{
  QmpPacket *packet = qmp_packet_new (text, strlen (text), NULL);

  qmp_wire_log_note_sent (&owner->log, packet);
  qmp_packet_unref (packet);
}

static void
note_received (Owner      *owner,
               const char *text)
{
  QmpJsonFrame frame = { .text = text, .length = strlen (text) };

  if (!qmp_json_check (text, frame.length, MAX_DEPTH, &frame.outline, NULL))
    frame.outline = (QmpJsonOutline) { 0 };
  qmp_wire_log_note_received (&owner->log, &frame);
}

static void
deliver_all (Owner *owner)
{
  while (!qmp_inbox_is_empty (&owner->inbox))
    qmp_inbox_deliver (&owner->inbox);
}

static void
test_order (void)
{
  g_autoptr(Owner) owner = owner_new (TRUE);

  note_received (owner, "{\"QMP\": {}}\r\n");
  note_sent (owner, "\xff{\"execute\":\"a\"}\n");
  note_received (owner, " {\"error\": {}}");
  g_assert_cmpuint (owner->inbox.entries.length, ==, 3);
  g_assert_cmpstr (owner->told->str, ==, "");
  deliver_all (owner);
  g_assert_cmpstr (owner->told->str, ==, "<{\"QMP\": {}}|>{\"execute\":\"a\"}|<{\"error\": {}}|");
  g_assert_cmpuint (owner->log.size, ==, 0);
}

/* What stands between messages is not one. */
static void
test_between (void)
{
  g_autoptr(Owner) owner = owner_new (TRUE);

  note_received (owner, "");
  note_received (owner, "\r\n \xff\t");
  g_assert_true (qmp_inbox_is_empty (&owner->inbox));
}

static void
test_nobody (void)
{
  g_autoptr(Owner) owner = owner_new (FALSE);

  note_sent (owner, "{\"execute\":\"a\"}");
  note_received (owner, "{\"return\": {}}");
  g_assert_true (qmp_inbox_is_empty (&owner->inbox));
  g_assert_cmpuint (owner->log.size, ==, 0);

  qmp_wire_log_begin (&owner->log, TRUE);
  note_received (owner, "{\"event\": \"X\"}");
  deliver_all (owner);
  g_assert_cmpstr (owner->told->str, ==, "<{\"event\": \"X\"}|");
}

static void
test_redact (void)
{
  static const char text[] = "{\"execute\":\"set_password\",\"arguments\":{\"password\":\"hunter2\"}}";
  g_autoptr(Owner) owner = owner_new (TRUE);

  note_sent (owner, text);
  note_received (owner, "no JSON hunter2");
  /* What counts is what is set when a message goes by. */
  owner->log.redact = FALSE;
  deliver_all (owner);
  g_assert_null (strstr (owner->told->str, "hunter2"));

  g_string_truncate (owner->told, 0);
  note_sent (owner, text);
  note_received (owner, "no JSON \xfe");
  deliver_all (owner);
  g_assert_cmpstr (owner->told->str, ==,
                   ">{\"execute\":\"set_password\",\"arguments\":{\"password\":\"hunter2\"}}|<no JSON \xef\xbf\xbd|");
}

/* A reply whose command is not known any more may answer with a secret. */
static void
test_redact_late (void)
{
  g_autoptr(Owner) owner = owner_new (TRUE);

  note_received (owner, "{\"return\": \"hunter2\", \"id\": 5}");
  deliver_all (owner);
  g_assert_null (strstr (owner->told->str, "hunter2"));
  g_assert_nonnull (strstr (owner->told->str, "\"id\": 5"));
}

/* The oldest are dropped, with their places, and it is said how many. */
static void
test_bound (void)
{
  g_autoptr(Owner) owner = owner_new (TRUE);
  g_autofree char *big = g_strnfill (QMP_WIRE_LOG_MAX_KEPT / 4, 'x');
  g_autofree char *text = g_strdup_printf ("{\"event\": \"X\", \"data\": \"%s\"}", big);

  for (guint i = 0; i < 6; i++)
    {
      note_received (owner, text);
      g_assert_cmpuint (owner->log.size, <=, QMP_WIRE_LOG_MAX_KEPT);
    }
  g_assert_cmpuint (owner->inbox.entries.length, ==, 3);
  note_sent (owner, "{}");
  deliver_all (owner);
  g_assert_true (g_str_has_prefix (owner->told->str, "<(messages before this one that were not kept: 3)|<{\"event\""));
  g_assert_true (g_str_has_suffix (owner->told->str, "|>{}|"));

  /* Once. */
  g_string_truncate (owner->told, 0);
  note_sent (owner, "{}");
  deliver_all (owner);
  g_assert_cmpstr (owner->told->str, ==, ">{}|");
}

/* One that is too large by itself is kept until the next. */
static void
test_bound_one (void)
{
  g_autoptr(Owner) owner = owner_new (TRUE);
  g_autofree char *big = g_strnfill (QMP_WIRE_LOG_MAX_KEPT + 1, 'x');
  g_autofree char *text = g_strdup_printf ("[\"%s\"]", big);

  note_received (owner, text);
  g_assert_cmpuint (owner->inbox.entries.length, ==, 1);
  note_received (owner, "{}");
  g_assert_cmpuint (owner->inbox.entries.length, ==, 1);
  deliver_all (owner);
  g_assert_cmpstr (owner->told->str, ==, "<(messages before this one that were not kept: 1)|<{}|");
}

static void
test_clear (void)
{
  g_autoptr(Owner) owner = owner_new (TRUE);

  note_sent (owner, "{}");
  note_received (owner, "{\"return\": {}}");
  qmp_inbox_clear (&owner->inbox);
  g_assert_cmpuint (owner->log.size, ==, 0);
  g_assert_cmpstr (owner->told->str, ==, "");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/wire-log/order", test_order);
  g_test_add_func ("/wire-log/between", test_between);
  g_test_add_func ("/wire-log/nobody", test_nobody);
  g_test_add_func ("/wire-log/redact", test_redact);
  g_test_add_func ("/wire-log/redact/late", test_redact_late);
  g_test_add_func ("/wire-log/bound", test_bound);
  g_test_add_func ("/wire-log/bound/one", test_bound_one);
  g_test_add_func ("/wire-log/clear", test_clear);

  return g_test_run ();
}
