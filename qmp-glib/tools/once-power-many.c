/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "once-many.h"
#include "tool-value.h"

/* One thing that several machines are told to do. */

/* Of one machine. */
typedef struct {
  GCancellable *cancellable;   /* of what it does, when its time is over */
  GSource      *late;          /* nullable */
} Pushing;

static void
pushing_free (gpointer data)
{
  Pushing *pushing = data;

  if (pushing->late != NULL)
    g_source_destroy (pushing->late);
  g_clear_pointer (&pushing->late, g_source_unref);
  g_object_unref (pushing->cancellable);
  g_free (pushing);
}

static gboolean
late_cb (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return G_SOURCE_REMOVE;
}

/* said: nullable. With --json there is something of each. */
static void
tell (OnceOne    *one,
      const char *said)
{
  g_autofree char *json = NULL;

  if (!one->once->json && said != NULL)
    once_one_print_line (one, said);
  if (!one->once->json)
    return;
  json = said != NULL ? tool_value_quote (said, strlen (said)) : g_strdup ("{}");
  once_one_print_value (one, "return", json);
}

static void
pushed_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  OnceOne *one = user_data;
  const OncePush *push = one->user_data;
  Pushing *pushing = one->data;
  GError *error = NULL;
  const char *said = NULL;

  if (push->finish (one->machine, result, &said, &error))
    tell (one, said);
  else if (g_cancellable_is_cancelled (pushing->cancellable))
    {
      g_clear_error (&error);
      once_fail (&error, ONCE_STATUS_TIMEOUT, _("It has not ended in time"));
    }
  once_one_end (one, error);
}

static void
go (OnceOne *one)
{
  const OncePush *push = one->user_data;
  Pushing *pushing = g_new0 (Pushing, 1);
  int remaining = once_one_get_remaining (one);

  one->data = pushing;
  pushing->cancellable = g_cancellable_new ();
  if (remaining != QMP_TIMEOUT_NONE)
    {
      pushing->late = g_timeout_source_new (remaining);
      g_source_set_callback (pushing->late, late_cb, pushing->cancellable, NULL);
      g_source_attach (pushing->late, NULL);
    }
  once_one_set_timeout (one);
  push->start (one->machine, pushing->cancellable, pushed_cb, one);
}

gboolean
once_push_many (Once            *once,
                const OncePush  *push,
                guint            seconds,
                GError         **error)
{
  const OnceManyFuncs funcs = { .go = go, .free_data = pushing_free, .seconds = seconds, .as_machines = TRUE };

  return once_many_run (once, &funcs, (gpointer) push, error);
}
