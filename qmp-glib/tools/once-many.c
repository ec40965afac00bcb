/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "once-many.h"

#include <glib/gi18n.h>
#include <string.h>

#include "tool-print.h"
#include "tool-server.h"
#include "tool-value.h"

/* That many at a time; of those that hang no other waits for one unless there are so many. */
#define MAX_AT_ONCE 32

struct _OnceMany {
  Once                *once;
  const OnceManyFuncs *funcs;
  gpointer             user_data;
  GPtrArray           *targets;
  guint                next;        /* of targets */
  guint                n_running;
  GMainLoop           *loop;
  gboolean             stopped;
  GError              *error;       /* nullable: why it was stopped */
};

static void start_more (OnceMany *self);

/* --- what is told --- */

void
once_many_stop (OnceMany *many,
                GError   *error)
{
  if (many->stopped)
    g_clear_error (&error);
  many->stopped = TRUE;
  if (error != NULL)
    many->error = error;
  g_main_loop_quit (many->loop);
}

static void
flush (OnceMany *self)
{
  GError *error = NULL;

  if (!once_flush (self->once, &error))
    once_many_stop (self, error);
}

/* {"machine": "…", REST} */
static void
print_object (OnceMany   *self,
              const char *mark,
              const char *rest,
              gsize       length)
{
  g_autofree char *quoted = tool_value_quote (mark, strlen (mark));
  g_autoptr(GString) json = g_string_new (NULL);

  g_string_append_printf (json, "{\"machine\": %s, ", quoted);
  g_string_append_len (json, rest, length);
  once_print_json (self->once, json->str, json->len, FALSE);
  flush (self);
}

static void
print_member (OnceMany   *self,
              const char *mark,
              const char *member,
              const char *json)
{
  g_autofree char *rest = g_strdup_printf ("\"%s\": %s}", member, json);

  print_object (self, mark, rest, strlen (rest));
}

static gboolean
prints_objects (OnceMany *self)
{
  return self->once->json && self->once->fields == NULL;
}

void
once_one_print_value (OnceOne    *one,
                      const char *member,
                      const char *json)
{
  if (prints_objects (one->many))
    {
      print_member (one->many, one->target->mark, member, json);
      return;
    }
  once_print_marked_json (one->once, one->target->mark, json, strlen (json));
  flush (one->many);
}

void
once_one_print_line (OnceOne    *one,
                     const char *text)
{
  once_print_marked_line (one->once, one->target->mark, text);
  flush (one->many);
}

void
once_one_print_text (OnceOne    *one,
                     const char *text)
{
  g_autofree char *all = g_strdup (text);
  g_auto(GStrv) lines = NULL;

  g_strdelimit (all, "\r", ' ');
  lines = g_strsplit (g_strchomp (all), "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    once_print_marked_line (one->once, one->target->mark, lines[i]);
  flush (one->many);
}

/* Its mark becomes its first member, and the only one of that name: a server is not to speak as another. */
static void
print_message (OnceOne    *one,
               QmpMessage *message)
{
  g_autoptr(QmpMessage) copy = qmp_message_dup (message);
  const char *json, *brace;
  gsize length;

  if (prints_objects (one->many))
    qmp_message_remove_member (copy, "machine");
  json = g_bytes_get_data (qmp_message_get_bytes (copy), &length);
  brace = memchr (json, '{', length);
  if (prints_objects (one->many) && brace != NULL)
    print_object (one->many, one->target->mark, brace + 1, json + length - (brace + 1));
  else
    {
      once_print_marked_json (one->once, one->target->mark, json, length);
      flush (one->many);
    }
}

void
once_one_print_event (OnceOne  *one,
                      QmpEvent *event)
{
  g_autofree char *line = NULL;

  if (one->once->json)
    {
      print_message (one, QMP_MESSAGE (event));
      return;
    }
  line = once_event_to_line (event);
  once_one_print_line (one, line);
}

static char *
describe_error (const GError *error)
{
  const char *class_name = qmp_command_error_get_class (error);

  return class_name != NULL ? g_strdup_printf ("%s: %s", class_name, error->message) : g_strdup (error->message);
}

/* As a server says it; without a class, if no server has said it. */
static char *
error_to_json (const GError *error)
{
  const char *class_name = qmp_command_error_get_class (error);
  g_autofree char *text = tool_value_quote (error->message, strlen (error->message));
  g_autofree char *quoted = class_name != NULL ? tool_value_quote (class_name, strlen (class_name)) : NULL;

  if (quoted == NULL)
    return g_strdup_printf ("{\"desc\": %s}", text);
  return g_strdup_printf ("{\"class\": %s, \"desc\": %s}", quoted, text);
}

static void
tell_of_error (OnceMany     *self,
               const char   *mark,
               const GError *error)
{
  g_autofree char *json = error_to_json (error);
  g_autofree char *text = describe_error (error);

  if (prints_objects (self))
    print_member (self, mark, "error", json);
  else
    once_print_error ("%s: %s", mark, text);
}

static void
tell_of_skipped (OnceMany   *self,
                 OnceTarget *target)
{
  g_autofree char *json = tool_value_quote (target->reason, strlen (target->reason));

  if (prints_objects (self))
    print_member (self, target->mark, "skipped", json);
  else
    once_print_error (_("%s: skipped: %s"), target->mark, target->reason);
}

/* --- one --- */

static void
one_free (OnceOne *one)
{
  if (one->many->funcs->free_data != NULL && one->data != NULL)
    one->many->funcs->free_data (one->data);
  g_signal_handlers_disconnect_by_data (one->client, one);
  g_clear_object (&one->machine);
  g_object_unref (one->client);
  g_free (one);
}

/* Of another user's machine nobody expects that it can be asked; if it was not named. */
static gboolean
is_foreign (const GError *error)
{
  return once_select_is_described () && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
}

static void
take_error (OnceMany   *self,
            OnceTarget *target,
            GError     *error)
{
  if (is_foreign (error))
    {
      target->reason = g_strdup (error->message);
      tell_of_skipped (self, target);
      return;
    }
  self->once->status = ONCE_STATUS_FAILED;
  tell_of_error (self, target->mark, error);
}

void
once_one_end (OnceOne *one,
              GError  *error)
{
  g_autoptr(GError) owned = error;
  OnceMany *self = one->many;

  if (error != NULL)
    take_error (self, one->target, error);
  one_free (one);
  self->n_running--;
  start_more (self);
}

int
once_one_get_remaining (OnceOne *one)
{
  if (one->deadline == 0)
    return QMP_TIMEOUT_NONE;
  return MAX (0, (one->deadline - g_get_monotonic_time () + 999) / 1000);
}

void
once_one_set_timeout (OnceOne *one)
{
  qmp_client_set_timeout (one->client, once_one_get_remaining (one));
}

static void
opened_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  OnceOne *one = user_data;
  GError *error = NULL;
  gboolean good;

  if (one->many->stopped)
    return;
  good = one->machine != NULL ? qmp_machine_open_finish (one->machine, result, &error)
                              : qmp_client_open_finish (one->client, result, &error);
  if (g_error_matches (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY))
    tool_server_name_holder (one->target->address, error);
  if (good)
    one->many->funcs->go (one);
  else
    once_one_end (one, error);
}

static void
set_deadline (OnceOne *one)
{
  gint64 time = one->once->time;

  if (time == 0)
    time = (gint64) one->many->funcs->seconds * G_USEC_PER_SEC;
  one->deadline = time != 0 ? g_get_monotonic_time () + time : 0;
}

static void
start (OnceMany   *self,
       OnceTarget *target)
{
  OnceOne *one = g_new0 (OnceOne, 1);
  GError *error = NULL;

  self->n_running++;
  one->many = self;
  one->once = self->once;
  one->target = target;
  one->user_data = self->user_data;
  one->client = qmp_client_new (NULL);
  set_deadline (one);
  if (!once_set_up_client (self->once, one->client, &error))
    {
      once_one_end (one, error);
      return;
    }
  if (one->deadline != 0)
    qmp_client_set_open_timeout (one->client, once_one_get_remaining (one));
  once_one_set_timeout (one);
  if (self->funcs->prepare != NULL)
    self->funcs->prepare (one);
  if (self->funcs->as_machines)
    one->machine = qmp_machine_new (one->client);
  if (one->machine != NULL)
    qmp_machine_open_async (one->machine, target->address, NULL, opened_cb, one);
  else
    qmp_client_open_async (one->client, target->address, NULL, opened_cb, one);
}

/* --- all --- */

static void
start_more (OnceMany *self)
{
  while (!self->stopped && self->n_running < MAX_AT_ONCE && self->next < self->targets->len)
    {
      OnceTarget *target = self->targets->pdata[self->next++];

      if (target->error != NULL)
        take_error (self, target, target->error);
      else if (target->address == NULL)
        tell_of_skipped (self, target);
      else
        start (self, target);
    }
  if (self->n_running == 0 && self->next == self->targets->len)
    g_main_loop_quit (self->loop);
}

static gboolean
late_cb (gpointer user_data)
{
  OnceMany *self = user_data;
  GError *error = NULL;

  once_fail (&error, ONCE_STATUS_TIMEOUT, _("The time is over"));
  once_many_stop (self, error);
  return G_SOURCE_REMOVE;
}

gboolean
once_many_run (Once                *once,
               const OnceManyFuncs *funcs,
               gpointer             user_data,
               GError             **error)
{
  g_autoptr(GPtrArray) targets = NULL;
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  OnceMany self = { once, funcs, user_data, .loop = loop };

  /* What is wrong for all is said once. */
  if (!once_set_up_client (once, once->client, error))
    return FALSE;
  targets = self.targets = once_list_targets (once, error);
  if (targets == NULL)
    return FALSE;
  if (once->deadline != 0 && funcs->seconds == 0)
    g_timeout_add (once_remaining (once), late_cb, &self);
  start_more (&self);
  if (!self.stopped && self.n_running > 0)
    g_main_loop_run (loop);
  /* What still runs then ends with the program. */
  if (self.error != NULL)
    g_propagate_error (error, self.error);
  return self.error == NULL;
}
