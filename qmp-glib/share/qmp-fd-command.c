/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "share/qmp-fd-command-private.h"

#include <string.h>

static gboolean
is_string (QmpJsonSlice value)
{
  return *value.text == '"';
}

static gboolean
is_integer (QmpJsonSlice value)
{
  gint64 integer;

  return qmp_json_get_int64 (value.text, value.length, &integer);
}

/* {"fdname": string} and nothing else. NULL if it is not like that. */
static char *
dup_fdname (QmpJsonSlice arguments)
{
  QmpJsonSlice key, value, name = { 0 };
  QmpJsonCursor cursor;

  if (arguments.length == 0)
    return NULL;
  qmp_json_cursor_init (&cursor, arguments.text, arguments.length);
  while (qmp_json_cursor_next_member (&cursor, &key, &value))
    {
      if (!is_string (value) || !qmp_json_string_equal (key.text, key.length, "fdname"))
        return NULL;
      name = value;
    }
  return name.length > 0 ? qmp_json_dup_string (name.text, name.length) : NULL;
}

static gboolean
is_add_fd_member (QmpJsonSlice key,
                  QmpJsonSlice value)
{
  if (qmp_json_string_equal (key.text, key.length, "fdset-id"))
    return is_integer (value);
  return qmp_json_string_equal (key.text, key.length, "opaque") && is_string (value);
}

static gboolean
is_add_fd (QmpJsonSlice arguments)
{
  QmpJsonSlice key, value;
  QmpJsonCursor cursor;

  if (arguments.length == 0)
    return TRUE;
  qmp_json_cursor_init (&cursor, arguments.text, arguments.length);
  while (qmp_json_cursor_next_member (&cursor, &key, &value))
    if (!is_add_fd_member (key, value))
      return FALSE;
  return TRUE;
}

QmpFdCommand
qmp_fd_command_read (const char    *name,
                     QmpJsonSlice   arguments,
                     char         **fdname)
{
  QmpFdCommand command = QMP_FD_COMMAND_NONE;

  *fdname = NULL;
  if (strcmp (name, "add-fd") == 0)
    return is_add_fd (arguments) ? QMP_FD_COMMAND_ADD_FD : QMP_FD_COMMAND_NONE;
  if (strcmp (name, "getfd") == 0)
    command = QMP_FD_COMMAND_GETFD;
  else if (strcmp (name, "closefd") == 0)
    command = QMP_FD_COMMAND_CLOSEFD;
  else
    return QMP_FD_COMMAND_NONE;

  *fdname = dup_fdname (arguments);
  return *fdname != NULL ? command : QMP_FD_COMMAND_NONE;
}
