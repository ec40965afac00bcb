/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "link/qmp-given-up-private.h"

#define FIRST_SERIALS 8

void
qmp_given_up_clear (QmpGivenUp *self)
{
  g_free (self->serials);
  g_clear_pointer (&self->texts, g_hash_table_unref);
  *self = (QmpGivenUp) { NULL };
}

/* --- serials --- */

static guint *
get_place (QmpGivenUp *self,
           guint       serial)
{
  return &self->serials[serial & (self->n_serials - 1)];
}

/* Those that differ in their low bits still do with one bit more. */
static void
grow (QmpGivenUp *self)
{
  g_autofree guint *old = g_steal_pointer (&self->serials);
  guint n_old = self->n_serials;

  self->n_serials = MAX (n_old * 2, FIRST_SERIALS);
  self->serials = g_new0 (guint, self->n_serials);
  for (guint i = 0; i < n_old; i++)
    if (old[i] != 0)
      *get_place (self, old[i]) = old[i];
}

static gboolean
replace_in_window (QmpGivenUp *self,
                   guint       serial,
                   guint       replacement)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->window); i++)
    if (self->window[i] == serial)
      {
        self->window[i] = replacement;
        return TRUE;
      }
  return FALSE;
}

void
qmp_given_up_add_serial (QmpGivenUp *self,
                         guint       serial,
                         gboolean    in_window)
{
  if (self->n_serials == 0)
    grow (self);
  while (*get_place (self, serial) != 0 && self->n_serials < QMP_GIVEN_UP_MAX_SERIALS)
    grow (self);
  *get_place (self, serial) = serial;
  if (in_window && !replace_in_window (self, 0, serial))
    g_assert_not_reached ();
}

gboolean
qmp_given_up_has_serial (QmpGivenUp *self,
                         guint       serial)
{
  return self->n_serials > 0 && *get_place (self, serial) == serial;
}

gboolean
qmp_given_up_take_serial (QmpGivenUp *self,
                          guint       serial,
                          gboolean   *in_window)
{
  if (self->n_serials == 0)
    return FALSE;

  /* What is in the window is not forgotten for one that is later. */
  *in_window = replace_in_window (self, serial, 0);
  if (*get_place (self, serial) != serial)
    return *in_window;
  *get_place (self, serial) = 0;
  return TRUE;
}

/* --- texts --- */

void
qmp_given_up_add_text (QmpGivenUp *self,
                       const char *id_text,
                       gboolean    in_window)
{
  if (self->texts == NULL)
    self->texts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_insert (self->texts, g_strdup (id_text), GINT_TO_POINTER (in_window));
}

gboolean
qmp_given_up_has_texts (QmpGivenUp *self)
{
  return self->texts != NULL && g_hash_table_size (self->texts) > 0;
}

gboolean
qmp_given_up_has_text (QmpGivenUp *self,
                       const char *id_text)
{
  return self->texts != NULL && g_hash_table_contains (self->texts, id_text);
}

gboolean
qmp_given_up_take_text (QmpGivenUp *self,
                        const char *id_text,
                        gboolean   *in_window)
{
  gpointer value;

  if (self->texts == NULL || !g_hash_table_lookup_extended (self->texts, id_text, NULL, &value))
    return FALSE;

  *in_window = GPOINTER_TO_INT (value);
  g_hash_table_remove (self->texts, id_text);
  return TRUE;
}
