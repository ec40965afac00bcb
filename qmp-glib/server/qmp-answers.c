/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "server/qmp-answers-private.h"

static void
answer_free (QmpAnswer *place)
{
  if (place->text != NULL)
    g_string_free (place->text, TRUE);
  g_free (place);
}

void
qmp_answers_clear (QmpAnswers *self)
{
  GList *link;

  while ((link = g_queue_pop_head_link (&self->queue)) != NULL)
    answer_free (link->data);
  self->size = 0;
}

QmpAnswer *
qmp_answers_expect (QmpAnswers *self,
                    gsize       size)
{
  QmpAnswer *place = g_new0 (QmpAnswer, 1);

  place->link.data = place;
  place->size = size;
  self->size += size;
  g_queue_push_tail_link (&self->queue, &place->link);
  return place;
}

void
qmp_answers_give (QmpAnswers *self,
                  QmpAnswer  *place,
                  GString    *text,
                  gboolean    secret)
{
  g_assert (place->text == NULL);

  place->text = text;
  place->secret = secret;
}

GString *
qmp_answers_take (QmpAnswers *self,
                  gboolean   *secret)
{
  QmpAnswer *first = self->queue.head != NULL ? self->queue.head->data : NULL;
  GString *text;

  if (first == NULL || first->text == NULL)
    return NULL;

  text = g_steal_pointer (&first->text);
  *secret = first->secret;
  self->size -= first->size;
  answer_free (g_queue_pop_head_link (&self->queue)->data);
  return text;
}
