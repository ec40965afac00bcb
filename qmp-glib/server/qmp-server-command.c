/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "server/qmp-server-command-private.h"

#include <string.h>

#include <qmp-glib/qmp-error.h>

/* The members of a command as they stand in it. */
typedef struct {
  QmpJsonSlice execute;
  QmpJsonSlice exec_oob;
  QmpJsonSlice arguments;
  QmpJsonSlice id;
  QmpJsonSlice stranger;  /* the key of the first that does not belong there */
} Members;

static gboolean
is_there (QmpJsonSlice slice)
{
  return slice.length > 0;
}

static const struct { const char *name; gsize length; gsize offset; } places[] = {
  { "execute", 7, G_STRUCT_OFFSET (Members, execute) },
  { "exec-oob", 8, G_STRUCT_OFFSET (Members, exec_oob) },
  { "arguments", 9, G_STRUCT_OFFSET (Members, arguments) },
  { "id", 2, G_STRUCT_OFFSET (Members, id) },
};

/* Mostly a key stands there as it is. */
static QmpJsonSlice *
find_place (Members      *members,
            QmpJsonSlice  key)
{
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    if (key.length - 2 == places[i].length && memcmp (key.text + 1, places[i].name, places[i].length) == 0)
      return &G_STRUCT_MEMBER (QmpJsonSlice, members, places[i].offset);
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    if (qmp_json_string_equal (key.text, key.length, places[i].name))
      return &G_STRUCT_MEMBER (QmpJsonSlice, members, places[i].offset);
  return NULL;
}

static void
find_members (Members    *members,
              const char *text,
              gsize       length)
{
  QmpJsonCursor cursor;
  QmpJsonSlice key, value;

  qmp_json_cursor_init (&cursor, text, length);
  while (qmp_json_cursor_next_member (&cursor, &key, &value))
    {
      QmpJsonSlice *place = find_place (members, key);

      if (place != NULL)
        *place = value;
      else if (!is_there (members->stranger))
        members->stranger = key;
    }
}

/* --- what is wrong with an object --- */

static char *
dup_stranger (QmpJsonSlice key)
{
  g_autofree char *name = qmp_json_dup_string (key.text, key.length);

  return g_strdup_printf ("QMP input member '%s' is unexpected", name);
}

static char *
find_fault (Members  *members,
            gboolean  out_of_band)
{
  if (is_there (members->stranger))
    return dup_stranger (members->stranger);
  if (is_there (members->exec_oob) && !out_of_band)
    return g_strdup ("QMP input member 'exec-oob' is unexpected");
  if (is_there (members->arguments) && *members->arguments.text != '{')
    return g_strdup ("QMP input member 'arguments' must be an object");
  if (is_there (members->execute) && *members->execute.text != '"')
    return g_strdup ("QMP input member 'execute' must be a string");
  if (is_there (members->exec_oob) && *members->exec_oob.text != '"')
    return g_strdup ("QMP input member 'exec-oob' must be a string");
  if (is_there (members->execute) && is_there (members->exec_oob))
    return g_strdup ("QMP input member 'execute' clashes with 'exec-oob'");
  if (!is_there (members->execute) && !is_there (members->exec_oob))
    return g_strdup ("QMP input lacks member 'execute'");
  return NULL;
}

static void
read_object (QmpServerCommand *self,
             const char       *text,
             gsize             length,
             gboolean          out_of_band)
{
  Members members = { { 0 } };
  const QmpJsonSlice *name;

  find_members (&members, text, length);
  self->text = (QmpJsonSlice) { text, length };
  self->id = members.id;
  self->arguments = members.arguments;
  self->out_of_band = is_there (members.exec_oob) && !is_there (members.execute);
  self->desc = find_fault (&members, out_of_band);
  if (self->desc != NULL)
    return;
  name = self->out_of_band ? &members.exec_oob : &members.execute;
  self->name_text.text = name->text;
  self->name_text.length = name->length;
  self->name = qmp_json_dup_string (name->text, name->length);
}

/* --- what is wrong with the text --- */

static char *
dup_fault (const GError *fault)
{
  if (g_error_matches (fault, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_TOO_DEEP))
    return g_strdup ("JSON nesting depth limit exceeded");
  return g_strdup_printf ("JSON parse error, at byte %" G_GSSIZE_FORMAT, qmp_protocol_error_get_offset (fault));
}

static char *
find_text_fault (QmpJsonReaderResult  kind,
                 QmpJsonFrame        *frame,
                 guint                max_depth)
{
  g_autoptr(GError) error = NULL;

  if (frame->fault != NULL)
    return dup_fault (frame->fault);
  /* A value that is neither an object nor an array is junk to the reader. */
  if (kind == QMP_JSON_READER_JUNK && !qmp_json_check (frame->text, frame->length, max_depth, NULL, &error))
    return dup_fault (error);
  if (!qmp_json_check_sendable (frame->text, frame->length, &error))
    return dup_fault (error);
  if (kind == QMP_JSON_READER_JUNK || frame->outline.kind != QMP_JSON_OBJECT)
    return g_strdup ("QMP input must be a JSON object");
  return NULL;
}

void
qmp_server_command_read (QmpServerCommand    *self,
                         QmpJsonReaderResult  kind,
                         QmpJsonFrame        *frame,
                         gboolean             out_of_band,
                         guint                max_depth)
{
  *self = (QmpServerCommand) { .desc = find_text_fault (kind, frame, max_depth) };
  if (self->desc == NULL)
    read_object (self, frame->text, frame->length, out_of_band);
}

void
qmp_server_command_reread (QmpServerCommand *self,
                           const char       *text,
                           gsize             length)
{
  *self = (QmpServerCommand) { 0 };
  read_object (self, text, length, TRUE);
}

void
qmp_server_command_clear (QmpServerCommand *self)
{
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->desc, g_free);
}
