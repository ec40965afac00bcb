/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mock/qmp-script-private.h"

#include <glib/gi18n-lib.h>

struct _QmpScript {
  GMutex      lock;
  GCond       changed;    /* a step was met, something unexpected came, or it is over */
  GPtrArray  *steps;      /* of QmpStep, in order */
  GPtrArray  *came;       /* of QmpMessage */
  GError     *problem;    /* nullable: the first that was not expected */
  gboolean    over;
};

/* --- steps --- */

static void
event_free (gpointer data)
{
  QmpScriptEvent *event = data;

  g_free (event->name);
  g_clear_pointer (&event->data, json_node_unref);
  g_free (event);
}

static void
step_free (gpointer data)
{
  QmpStep *step = data;

  g_free (step->command);
  g_clear_pointer (&step->arguments, json_node_unref);
  g_clear_pointer (&step->value, json_node_unref);
  g_free (step->error_class);
  g_free (step->desc);
  g_ptr_array_unref (step->before);
  g_ptr_array_unref (step->after);
  g_clear_object (&step->message);
  g_free (step);
}

void
qmp_step_add_event (GPtrArray  *events,
                    const char *name,
                    JsonNode   *data)
{
  QmpScriptEvent *event = g_new0 (QmpScriptEvent, 1);

  event->name = g_strdup (name);
  event->data = qmp_script_copy_node (data);
  g_ptr_array_add (events, event);
}

JsonNode *
qmp_script_copy_node (JsonNode *node)
{
  JsonNode *copy;

  if (node == NULL)
    return NULL;
  copy = json_node_copy (node);
  json_node_seal (copy);
  return copy;
}

/* --- the script --- */

QmpScript *
qmp_script_new (void)
{
  QmpScript *self = g_atomic_rc_box_new0 (QmpScript);

  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->steps = g_ptr_array_new_with_free_func (step_free);
  self->came = g_ptr_array_new_with_free_func (g_object_unref);
  return self;
}

QmpScript *
qmp_script_ref (QmpScript *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
script_clear (QmpScript *self)
{
  g_ptr_array_unref (self->steps);
  g_ptr_array_unref (self->came);
  g_clear_error (&self->problem);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
}

void
qmp_script_unref (QmpScript *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) script_clear);
}

void
qmp_script_lock (QmpScript *self)
{
  g_mutex_lock (&self->lock);
}

void
qmp_script_unlock (QmpScript *self)
{
  g_mutex_unlock (&self->lock);
}

QmpStep *
qmp_script_add (QmpScript  *self,
                const char *command,
                JsonNode   *arguments)
{
  QmpStep *step = g_new0 (QmpStep, 1);

  step->command = g_strdup (command);
  step->arguments = qmp_script_copy_node (arguments);
  step->before = g_ptr_array_new_with_free_func (event_free);
  step->after = g_ptr_array_new_with_free_func (event_free);
  g_ptr_array_add (self->steps, step);
  return step;
}

/* --- what fits --- */

static gboolean contains (JsonNode *node,
                          JsonNode *part);

static gboolean
object_contains (JsonObject *object,
                 JsonObject *part)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  json_object_iter_init (&iter, part);
  while (json_object_iter_next (&iter, &name, &value))
    {
      JsonNode *member = json_object_get_member (object, name);

      if (member == NULL || !contains (member, value))
        return FALSE;
    }
  return TRUE;
}

static gboolean
array_contains (JsonArray *array,
                JsonArray *part)
{
  if (json_array_get_length (array) != json_array_get_length (part))
    return FALSE;
  for (guint i = 0; i < json_array_get_length (part); i++)
    if (!contains (json_array_get_element (array, i), json_array_get_element (part, i)))
      return FALSE;
  return TRUE;
}

/* Of objects only some of the members need be named, at any depth; the program's own nesting bounds the recursion. */
static gboolean
contains (JsonNode *node,
          JsonNode *part)
{
  if (JSON_NODE_HOLDS_OBJECT (node) && JSON_NODE_HOLDS_OBJECT (part))
    return object_contains (json_node_get_object (node), json_node_get_object (part));
  if (JSON_NODE_HOLDS_ARRAY (node) && JSON_NODE_HOLDS_ARRAY (part))
    return array_contains (json_node_get_array (node), json_node_get_array (part));
  return json_node_equal (node, part);
}

static gboolean
fits (QmpStep    *step,
      const char *command,
      QmpMessage *message)
{
  JsonNode *arguments;

  if (!g_str_equal (step->command, command))
    return FALSE;
  if (step->arguments == NULL)
    return TRUE;
  arguments = qmp_message_get_member (message, "arguments");
  if (arguments == NULL)
    return json_object_get_size (json_node_get_object (step->arguments)) == 0;
  return contains (arguments, step->arguments);
}

/* --- what is said of it --- */

static char *
describe_step (QmpStep *step)
{
  g_autofree char *arguments = step->arguments != NULL ? json_to_string (step->arguments, FALSE) : NULL;

  if (arguments == NULL)
    return g_strdup_printf (_("“%s”"), step->command);
  return g_strdup_printf (_("“%s” with %s"), step->command, arguments);
}

static char *
describe_message (const char *command,
                  QmpMessage *message)
{
  g_autofree char *arguments = qmp_message_dup_member_text (message, "arguments");

  if (arguments == NULL)
    return g_strdup_printf (_("“%s” without arguments"), command);
  return g_strdup_printf (_("“%s” with %s"), command, arguments);
}

/* step: nullable, the one whose turn it was. */
static char *
describe_problem (QmpStep    *step,
                  const char *command,
                  QmpMessage *message)
{
  g_autofree char *came = describe_message (command, message);
  g_autofree char *expected = step != NULL ? describe_step (step) : NULL;

  if (expected == NULL)
    return g_strdup_printf (_("Expected nothing more, but %s came"), came);
  return g_strdup_printf (_("Expected %s, but %s came"), expected, came);
}

/* --- what comes --- */

/* The first whose turn it is; NULL if there is none any more. */
static QmpStep *
find_next (QmpScript *self)
{
  for (guint i = 0; i < self->steps->len; i++)
    {
      QmpStep *step = self->steps->pdata[i];

      if (!step->repeats && step->n_met == 0)
        return step;
    }
  return NULL;
}

static QmpStep *
find_repeating (QmpScript  *self,
                const char *command,
                QmpMessage *message)
{
  for (guint i = 0; i < self->steps->len; i++)
    {
      QmpStep *step = self->steps->pdata[i];

      if (step->repeats && fits (step, command, message))
        return step;
    }
  return NULL;
}

static gboolean
names (QmpScript  *self,
       const char *command)
{
  for (guint i = 0; i < self->steps->len; i++)
    if (g_str_equal (((QmpStep *) self->steps->pdata[i])->command, command))
      return TRUE;
  return FALSE;
}

static void
meet (QmpScript  *self,
      QmpStep    *step,
      QmpMessage *message)
{
  step->n_met++;
  g_set_object (&step->message, message);
  g_cond_broadcast (&self->changed);
}

QmpScriptResult
qmp_script_take (QmpScript   *self,
                 const char  *command,
                 QmpMessage  *message,
                 QmpStep    **step,
                 char       **problem)
{
  QmpStep *next = find_next (self);

  g_ptr_array_add (self->came, g_object_ref (message));
  *step = next != NULL && fits (next, command, message) ? next : find_repeating (self, command, message);
  if (*step != NULL)
    {
      meet (self, *step, message);
      return QMP_SCRIPT_MET;
    }
  if (!names (self, command))
    return QMP_SCRIPT_FREE;
  *problem = describe_problem (next, command, message);
  if (self->problem == NULL)
    self->problem = g_error_new_literal (QMP_MOCK_ERROR, QMP_MOCK_ERROR_UNEXPECTED, *problem);
  g_cond_broadcast (&self->changed);
  return QMP_SCRIPT_UNEXPECTED;
}

GList *
qmp_script_list (QmpScript *self)
{
  GList *list = NULL;

  for (guint i = self->came->len; i > 0; i--)
    list = g_list_prepend (list, qmp_message_dup (self->came->pdata[i - 1]));
  return list;
}

/* What has come last, for who wonders what came instead. */
static char *
describe_last (QmpScript *self)
{
  QmpMessage *last;
  g_autofree char *command = NULL;

  if (self->came->len == 0)
    return g_strdup (_("nothing"));
  last = self->came->pdata[self->came->len - 1];
  command = qmp_message_dup_string (last, "execute", NULL);
  if (command == NULL)
    command = qmp_message_dup_string (last, "exec-oob", NULL);
  return describe_message (command, last);
}

gboolean
qmp_script_verify (QmpScript  *self,
                   GError    **error)
{
  QmpStep *next = find_next (self);
  g_autofree char *expected = NULL;
  g_autofree char *last = NULL;

  if (self->problem != NULL)
    {
      g_propagate_error (error, g_error_copy (self->problem));
      return FALSE;
    }
  if (next == NULL)
    return TRUE;
  expected = describe_step (next);
  last = describe_last (self);
  g_set_error (error, QMP_MOCK_ERROR, QMP_MOCK_ERROR_MISSING,
               _("Expected %s, which did not come; the last command was: %s"), expected, last);
  return FALSE;
}

/* --- waiting --- */

void
qmp_script_end (QmpScript *self)
{
  self->over = TRUE;
  g_cond_broadcast (&self->changed);
}

gboolean
qmp_script_has_ended (QmpScript *self)
{
  return self->over;
}

static void
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  QmpScript *self = user_data;

  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

/* FALSE when the time is over. */
static gboolean
sleep_until (QmpScript *self,
             gint64     until)
{
  if (until >= 0)
    return g_cond_wait_until (&self->changed, &self->lock, until);
  g_cond_wait (&self->changed, &self->lock);
  return TRUE;
}

static gboolean
is_met (QmpStep *step)
{
  return step->n_met > 0;
}

static gboolean
wait_for (QmpScript     *self,
          QmpStep       *step,
          gint64         until,
          GCancellable  *cancellable,
          GError       **error)
{
  gboolean in_time = TRUE;

  while (!is_met (step) && !self->over && self->problem == NULL && in_time && !g_cancellable_is_cancelled (cancellable))
    in_time = sleep_until (self, until);
  if (is_met (step))
    return TRUE;
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (!self->over && self->problem == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("“%s” did not come in time"), step->command);
  else if (qmp_script_verify (self, error))
    g_set_error (error, QMP_MOCK_ERROR, QMP_MOCK_ERROR_MISSING, _("“%s” did not come"), step->command);
  return FALSE;
}

gboolean
qmp_script_wait (QmpScript     *self,
                 QmpStep       *step,
                 int            timeout,
                 GCancellable  *cancellable,
                 GError       **error)
{
  gint64 until = timeout >= 0 ? g_get_monotonic_time () + timeout * G_TIME_SPAN_MILLISECOND : -1;
  gulong handler = 0;
  gboolean met;

  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb), self, NULL);
  g_mutex_lock (&self->lock);
  met = wait_for (self, step, until, cancellable, error);
  g_mutex_unlock (&self->lock);
  g_cancellable_disconnect (cancellable, handler);
  return met;
}
