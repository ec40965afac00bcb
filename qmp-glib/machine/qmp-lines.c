/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-lines-private.h"

#include <string.h>

void
qmp_lines_clear (QmpLines *self)
{
  g_clear_pointer (&self->bytes, g_byte_array_unref);
  self->at = 0;
}

static gsize
count_left (QmpLines *self)
{
  return self->bytes != NULL ? self->bytes->len - self->at : 0;
}

void
qmp_lines_add (QmpLines     *self,
               const guint8 *bytes,
               gsize         length)
{
  if (self->bytes == NULL)
    self->bytes = g_byte_array_new ();
  g_byte_array_append (self->bytes, bytes, length);
  if (count_left (self) > QMP_LINES_MAX_KEPT)
    self->at = self->bytes->len - QMP_LINES_MAX_KEPT;
  /* What was taken is moved out of the way now and then, and not for each line. */
  if (self->at < self->bytes->len / 2)
    return;
  g_byte_array_remove_range (self->bytes, 0, self->at);
  self->at = 0;
}

void
qmp_lines_end (QmpLines *self)
{
  if (count_left (self) > 0 && self->bytes->data[self->bytes->len - 1] != '\n')
    qmp_lines_add (self, (const guint8 *) "\n", 1);
}

/* How long the next line is; -1: it is not there yet. */
static gssize
measure (QmpLines *self)
{
  gsize left = MIN (count_left (self), QMP_LINES_MAX_LINE);
  const guint8 *start = left > 0 ? self->bytes->data + self->at : NULL;
  const guint8 *end = start != NULL ? memchr (start, '\n', left) : NULL;

  if (end != NULL)
    return end - start;
  return left == QMP_LINES_MAX_LINE ? QMP_LINES_MAX_LINE : -1;
}

gboolean
qmp_lines_ready (QmpLines *self)
{
  return measure (self) >= 0;
}

char *
qmp_lines_take (QmpLines *self)
{
  gssize length = measure (self);
  const char *line;
  char *text;

  if (length < 0)
    return NULL;
  line = (const char *) self->bytes->data + self->at;
  text = length > 0 ? g_utf8_make_valid (line, length) : g_strdup ("");
  self->at += length;
  if (count_left (self) > 0 && self->bytes->data[self->at] == '\n')
    self->at++;
  if (count_left (self) == 0)
    qmp_lines_clear (self);
  return text;
}
