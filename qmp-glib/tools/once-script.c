/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib-unix.h>
#include <glib/gi18n.h>

#include "once.h"
#include "tool-lines.h"

/* Of a script. */
#define MAX_SCRIPT (64 * 1024 * 1024)

typedef struct {
  Once      *once;
  QmpMock   *mock;
  GMainLoop *loop;
  GError    *error;   /* nullable: why it is over, unless all is well */
} Play;

static void
ended_cb (QmpMock    *mock,
          GParamSpec *pspec,
          gpointer    user_data)
{
  Play *play = user_data;

  g_main_loop_quit (play->loop);
}

static gboolean
stop_cb (gpointer user_data)
{
  Play *play = user_data;

  g_main_loop_quit (play->loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
timeout_cb (gpointer user_data)
{
  Play *play = user_data;

  once_fail (&play->error, ONCE_STATUS_TIMEOUT, _("The time is over"));
  g_main_loop_quit (play->loop);
  return G_SOURCE_REMOVE;
}

/* Where it listens is printed when clients can come. */
static gboolean
listen_and_tell (Play    *play,
                 GError **error)
{
  g_autofree char *address = NULL;

  if (!qmp_mock_listen (play->mock, play->once->address, error))
    return FALSE;
  address = g_socket_connectable_to_string (qmp_mock_get_address (play->mock));
  once_print_line (play->once, "%s", address);
  return once_flush (play->once, error);
}

static gboolean
run_loop (Play    *play,
          GError **error)
{
  g_unix_signal_add (SIGINT, stop_cb, play);
  g_unix_signal_add (SIGTERM, stop_cb, play);
  g_unix_signal_add (SIGHUP, stop_cb, play);
  g_signal_connect (play->mock, "notify::ended", G_CALLBACK (ended_cb), play);
  if (!listen_and_tell (play, error))
    return FALSE;
  if (play->once->deadline != 0)
    g_timeout_add (once_remaining (play->once), timeout_cb, play);
  g_main_loop_run (play->loop);
  if (play->error == NULL)
    return TRUE;
  g_propagate_error (error, play->error);
  return FALSE;
}

static gboolean
read_script (QmpMock     *mock,
             const char  *path,
             GError     **error)
{
  g_autoptr(ToolLines) lines = NULL;
  g_autoptr(GString) text = g_string_new (NULL);
  g_autoptr(GError) cause = NULL;
  const char *line;

  if (path == NULL)
    return TRUE;
  lines = tool_lines_open_any (path, error);
  while (lines != NULL && (line = tool_lines_next (lines, &cause)) != NULL && text->len < MAX_SCRIPT)
    g_string_append_printf (text, "%s\n", line);
  if (lines == NULL)
    return FALSE;
  if (cause == NULL && text->len < MAX_SCRIPT)
    return qmp_mock_add_script (mock, text->str, error);
  return once_fail (error, ONCE_STATUS_FAILED, _("Cannot read “%s”: %s"), path, cause != NULL ? cause->message : _("it is too long"));
}

gboolean
once_script (Once        *once,
             const char  *path,
             gboolean     bare,
             GError     **error)
{
  g_autoptr(QmpMock) mock = qmp_mock_new (bare ? QMP_MOCK_PRESET_NONE : QMP_MOCK_PRESET_MACHINE);
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Play play = { once, mock, loop };
  gboolean good = read_script (mock, path, error) && run_loop (&play, error) && qmp_mock_verify (mock, error);

  g_signal_handlers_disconnect_by_data (mock, &play);
  return good;
}
