/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "test-desk.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "message/qmp-reply-private.h"
#include "test-message.h"
#include "test-utils.h"

void
test_desk_note (GString *log,
                QmpCall *call)
{
  g_assert_cmpint (call->phase, ==, QMP_CALL_DONE);
  g_assert_true ((call->value == NULL) != (call->error == NULL));
  if (call->error != NULL)
    {
      g_autofree char *word = test_error_word (call->error);

      g_string_append_printf (log, "%s!%s", TEST_DESK_NAME (call), word);
    }
  else if (call->form != QMP_CALL_VALUE)
    {
      g_autofree char *text = test_message_dup_text (call->value);

      g_string_append_printf (log, "%s:%s", TEST_DESK_NAME (call), text);
    }
  else
    {
      g_autofree char *text = json_to_string (call->value, FALSE);

      g_string_append_printf (log, "%s=%s", TEST_DESK_NAME (call), text);
    }
}

static void
route_cb (TestWire      *wire,
          QmpJsonReader *reader,
          QmpJsonFrame  *frame)
{
  static const char * const words[] = { "", "swallowed", "unknown", "parse-error" };
  TestDesk *desk = wire->data;
  QmpCall *call = NULL;
  QmpCallsMatch match = qmp_calls_route (desk->calls, reader, frame, &call);

  if (desk->log->len > 0)
    g_string_append_c (desk->log, ' ');
  g_string_append (desk->log, words[match]);
  g_assert_cmpint (call != NULL, ==, match == QMP_CALLS_MATCHED);
  if (call == NULL)
    return;

  test_desk_note (desk->log, call);
  qmp_call_free (call);
}

void
test_desk_end (TestDesk *desk)
{
  QmpCall *awaited;
  GQueue rest;
  GList *link;

  awaited = qmp_calls_end (desk->calls, "test", &rest);
  g_clear_pointer (&awaited, qmp_call_free);
  while ((link = g_queue_pop_head_link (&rest)) != NULL)
    qmp_call_free (link->data);
}

TestDesk *
test_desk_new (void)
{
  TestDesk *desk = g_new0 (TestDesk, 1);

  desk->wire = test_wire_new (SOCK_STREAM);
  desk->wire->data = desk;
  desk->wire->received = route_cb;
  desk->log = g_string_new (NULL);
  desk->calls = qmp_calls_new ();
  qmp_calls_begin (desk->calls, desk->wire->transport);
  return desk;
}

TestDesk *
test_desk_new_with_window (void)
{
  TestDesk *desk = test_desk_new ();

  qmp_calls_set_window (desk->calls, TRUE);
  return desk;
}

static void
out_of_step_cb (gpointer owner)
{
  ((TestDesk *) owner)->n_out_of_step++;
}

TestDesk *
test_desk_new_agent (void)
{
  TestDesk *desk = test_desk_new ();

  qmp_calls_set_agent (desk->calls, out_of_step_cb, desk);
  return desk;
}

void
test_desk_free (TestDesk *desk)
{
  test_desk_end (desk);
  qmp_calls_free (desk->calls);
  test_wire_free (desk->wire);
  g_string_free (desk->log, TRUE);
  g_free (desk);
}

QmpCall *
test_desk_issue_full (TestDesk    *desk,
                      const char  *name,
                      const char  *id,
                      gboolean     out_of_band,
                      QmpCallForm  form,
                      GUnixFDList *fd_list)
{
  guint serial = id == NULL ? qmp_calls_take_serial (desk->calls) : 0;
  g_autofree char *serial_text = g_strdup_printf ("%u", serial);
  g_autoptr(GString) text = g_string_new (NULL);
  char *key = NULL;
  QmpCall *call;

  g_string_printf (text, "{\"%s\":\"%s\"", out_of_band ? "exec-oob" : "execute", name);
  if (id == NULL)
    id = serial_text;
  else if (*id != '\0')
    key = qmp_reply_dup_id_key (id, strlen (id));
  if (*id != '\0')
    g_string_append_printf (text, ",\"id\":%s", id);
  g_string_append (text, "}\n");
  call = qmp_calls_issue (desk->calls, form, qmp_packet_new (text->str, text->len, fd_list), serial, key, out_of_band);
  call->owner = (gpointer) name;
  return call;
}

QmpCall *
test_desk_issue (TestDesk   *desk,
                 const char *name)
{
  return test_desk_issue_full (desk, name, NULL, FALSE, QMP_CALL_VALUE, NULL);
}

QmpCall *
test_desk_issue_with_id (TestDesk   *desk,
                         const char *name,
                         const char *id)
{
  return test_desk_issue_full (desk, name, id, FALSE, QMP_CALL_VALUE, NULL);
}

QmpCall *
test_desk_issue_out_of_band (TestDesk   *desk,
                             const char *name)
{
  return test_desk_issue_full (desk, name, NULL, TRUE, QMP_CALL_VALUE, NULL);
}

GUnixFDList *
test_desk_make_fds (int *pipe_fd)
{
  int fds[2];

  g_assert_no_errno (pipe (fds));
  *pipe_fd = fds[0];
  return g_unix_fd_list_new_from_array (&fds[1], 1);
}

QmpCall *
test_desk_issue_with_fds (TestDesk   *desk,
                          const char *name,
                          gboolean    out_of_band)
{
  int pipe_fd;
  g_autoptr(GUnixFDList) fd_list = test_desk_make_fds (&pipe_fd);

  close (pipe_fd);
  return test_desk_issue_full (desk, name, NULL, out_of_band, QMP_CALL_VALUE, fd_list);
}

int
test_desk_issue_bare (TestDesk *desk)
{
  int pipe_fd;
  g_autoptr(GUnixFDList) fd_list = test_desk_make_fds (&pipe_fd);

  qmp_calls_issue_fds (desk->calls, qmp_packet_new (" \n", 2, fd_list));
  return pipe_fd;
}

static gsize
get_n_unsent (TestWire *wire)
{
  return wire->transport != NULL ? qmp_transport_get_n_unsent (wire->transport) : 0;
}

char *
test_desk_hear (TestDesk *desk)
{
  GString *names = g_string_new (NULL);
  g_autofree char *heard = NULL;
  g_auto(GStrv) lines = NULL;
  gsize n_unsent;

  /* A turn writes for a limited time, and may do nothing else. */
  do
    n_unsent = get_n_unsent (desk->wire);
  while (test_wire_turn (desk->wire) || get_n_unsent (desk->wire) != n_unsent);
  heard = test_wire_hear (desk->wire);
  lines = g_strsplit (heard, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (*lines[i] != '\0')
      {
        g_auto(GStrv) parts = g_strsplit (lines[i], "\"", 5);

        g_string_append_printf (names, "%s%s", names->len > 0 ? " " : "", *lines[i] == ' ' ? "fds" : parts[3]);
      }
  return g_string_free (names, FALSE);
}

void
test_desk_say (TestDesk   *desk,
               const char *text)
{
  test_wire_say (desk->wire, text);
  test_wire_turn (desk->wire);
}

void
test_desk_reply (TestDesk *desk,
                 guint     serial)
{
  g_autofree char *text = g_strdup_printf ("{\"return\":1,\"id\":%u}", serial);

  test_desk_say (desk, text);
}

void
test_desk_abandon (TestDesk     *desk,
                   QmpCall      *call,
                   GIOErrorEnum  code)
{
  qmp_calls_abandon (desk->calls, call, g_error_new_literal (G_IO_ERROR, code, "given up"));
  g_assert_cmpint (call->phase, ==, QMP_CALL_DONE);
  test_desk_note (desk->log, call);
  qmp_call_free (call);
}

gboolean
test_desk_has_id (TestDesk   *desk,
                  const char *id)
{
  g_autofree char *key = qmp_reply_dup_id_key (id, strlen (id));

  return qmp_calls_has_id (desk->calls, key);
}
