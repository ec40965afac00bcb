/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-event-listener-private.h"

#include "qmp-json-node-private.h"
#include "qmp-json-writer-private.h"

typedef struct {
  char     *event;   /* nullable: any */
  char    **path;    /* the member, and the members within */
  JsonNode *value;
} Match;

/* Reference counted (g_rc_box): the listener holds it, and so does whoever is calling it, since it may be replaced
 * meanwhile. */
struct _QmpEventFilter {
  QmpEventFilterFunc  function;
  gpointer            user_data;
  GDestroyNotify      destroy;  /* nullable */
};

typedef QmpEventFilter Filter;

static void
match_free (Match *match)
{
  g_free (match->event);
  g_strfreev (match->path);
  json_node_unref (match->value);
  g_free (match);
}

static JsonNode *
find_member (JsonNode *data,
             char    **path)
{
  for (; data != NULL && *path != NULL; path++)
    {
      if (!JSON_NODE_HOLDS_OBJECT (data))
        return NULL;
      data = json_object_get_member (json_node_get_object (data), *path);
    }
  return data;
}

static gboolean
is_about (const Match *match,
          const char  *name)
{
  return match->event == NULL || g_str_equal (match->event, name);
}

static gboolean
holds (const Match *match,
       QmpEvent    *event)
{
  JsonNode *value = find_member (qmp_event_get_data (event), match->path);

  return value != NULL && json_node_equal (value, match->value);
}

static gboolean
is_same_member (const Match *a,
                const Match *b)
{
  return g_strcmp0 (a->event, b->event) == 0 &&
         g_strv_equal ((const char * const *) a->path, (const char * const *) b->path);
}

/* Several values for one member are alternatives. */
static gboolean
any_alternative_holds (QmpEventListener *self,
                       const Match      *match,
                       QmpEvent         *event)
{
  for (guint i = 0; i < self->matches->len; i++)
    {
      const Match *other = g_ptr_array_index (self->matches, i);

      if (is_same_member (match, other) && holds (other, event))
        return TRUE;
    }
  return FALSE;
}

static gboolean
fits_matches (QmpEventListener *self,
              QmpEvent         *event)
{
  if (self->matches == NULL)
    return TRUE;

  for (guint i = 0; i < self->matches->len; i++)
    {
      const Match *match = g_ptr_array_index (self->matches, i);

      if (is_about (match, qmp_event_get_name (event)) && !any_alternative_holds (self, match, event))
        return FALSE;
    }
  return TRUE;
}

static gboolean
has_name (QmpEventListener *self,
          const char       *name)
{
  return self->names == NULL || g_strv_contains ((const char * const *) self->names, name) ||
         (self->failures != NULL &&
          g_ptr_array_find_with_equal_func (self->failures, name, g_str_equal, NULL));
}

static void
filter_clear (Filter *filter)
{
  if (filter->destroy != NULL)
    filter->destroy (filter->user_data);
}

static void
filter_unref (Filter *filter)
{
  g_rc_box_release_full (filter, (GDestroyNotify) filter_clear);
}

gboolean
qmp_event_listener_has_filter (QmpEventListener *self)
{
  return self->filter != NULL;
}

static gboolean
passes_filter (QmpEventListener *self,
               QmpEvent         *event)
{
  Filter *filter;
  gboolean passes;

  if (self->filter == NULL)
    return TRUE;

  filter = g_rc_box_acquire (self->filter);
  passes = filter->function (self, event, filter->user_data);
  filter_unref (filter);
  return passes;
}

/**
 * qmp_event_listener_accepts:
 * @self: a listener
 * @event: an event
 *
 * Tells whether the listener wants an event: it has one of its names, fits its matches and passes its filter.
 *
 * Returns: `TRUE` if it does
 *
 * Since: 1.0
 */
gboolean
qmp_event_listener_accepts (QmpEventListener *self,
                            QmpEvent         *event)
{
  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (self), FALSE);
  g_return_val_if_fail (QMP_IS_EVENT (event), FALSE);

  return has_name (self, qmp_event_get_name (event)) && fits_matches (self, event) && passes_filter (self, event);
}

/**
 * qmp_event_listener_is_failure:
 * @self: a listener
 * @event: an event
 *
 * Tells whether an event is one of those that were named by [method@EventListener.add_failure].
 *
 * Returns: `TRUE` if it is
 *
 * Since: 1.0
 */
gboolean
qmp_event_listener_is_failure (QmpEventListener *self,
                               QmpEvent         *event)
{
  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (self), FALSE);
  g_return_val_if_fail (QMP_IS_EVENT (event), FALSE);

  return self->failures != NULL &&
         g_ptr_array_find_with_equal_func (self->failures, qmp_event_get_name (event), g_str_equal, NULL);
}

/**
 * qmp_event_listener_add_match:
 * @self: a listener
 * @event: (nullable): an event's name; `NULL` for each event that the listener wants
 * @member: a member of the event's data, `device` say; a dot leads into an object: `info.status`
 * @value: the string that the member must be equal to
 *
 * Wants an event only when a member of its data has a certain value.
 *
 * Several values for the same member are alternatives; matches of different members must all hold. An event
 * that has no such member does not match.
 *
 * Since: 1.0
 */
void
qmp_event_listener_add_match (QmpEventListener *self,
                              const char       *event,
                              const char       *member,
                              const char       *value)
{
  g_autoptr(JsonNode) node = NULL;

  g_return_if_fail (QMP_IS_EVENT_LISTENER (self));
  g_return_if_fail (member != NULL && value != NULL);

  node = json_node_init_string (json_node_alloc (), value);
  qmp_event_listener_add_match_node (self, event, member, node);
}

/* A node's copy shares its object or array, which the caller may change. */
static JsonNode *
copy_deep (JsonNode *value)
{
  g_autoptr(GString) text = g_string_new (NULL);

  if (JSON_NODE_HOLDS_VALUE (value) || !qmp_json_append_node (text, value, NULL))
    return json_node_copy (value);
  return qmp_json_to_node (text->str, text->len);
}

/**
 * qmp_event_listener_add_match_node:
 * @self: a listener
 * @event: (nullable): an event's name; `NULL` for each event that the listener wants
 * @member: a member of the event's data; a dot leads into an object
 * @value: the value that the member must be equal to
 *
 * Wants an event only when a member of its data has a certain value, of any JSON type.
 *
 * Otherwise this is [method@EventListener.add_match].
 *
 * Since: 1.0
 */
void
qmp_event_listener_add_match_node (QmpEventListener *self,
                                   const char       *event,
                                   const char       *member,
                                   JsonNode         *value)
{
  Match *match;

  g_return_if_fail (QMP_IS_EVENT_LISTENER (self));
  g_return_if_fail (member != NULL && value != NULL);

  match = g_new0 (Match, 1);
  match->event = g_strdup (event);
  match->path = g_strsplit (member, ".", -1);
  match->value = copy_deep (value);
  if (self->matches == NULL)
    self->matches = g_ptr_array_new_with_free_func ((GDestroyNotify) match_free);
  g_ptr_array_add (self->matches, match);
}

/**
 * qmp_event_listener_add_failure:
 * @self: a listener
 * @event: an event's name
 *
 * Wants an event too, and takes it for a failure in [method@Client.execute_and_wait_async].
 *
 * Since: 1.0
 */
void
qmp_event_listener_add_failure (QmpEventListener *self,
                                const char       *event)
{
  g_return_if_fail (QMP_IS_EVENT_LISTENER (self));
  g_return_if_fail (event != NULL);

  if (self->failures == NULL)
    self->failures = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->failures, g_strdup (event));
}

/**
 * qmp_event_listener_set_filter:
 * @self: a listener
 * @filter: (nullable) (scope notified) (closure user_data) (destroy destroy): decides about each event
 * @user_data: data for @filter
 * @destroy: (nullable): frees @user_data
 *
 * Sets a function that has the last word about which events are taken.
 *
 * Since: 1.0
 */
void
qmp_event_listener_set_filter (QmpEventListener   *self,
                               QmpEventFilterFunc  filter,
                               gpointer            user_data,
                               GDestroyNotify      destroy)
{
  Filter *old;

  g_return_if_fail (QMP_IS_EVENT_LISTENER (self));

  old = g_steal_pointer (&self->filter);
  if (filter != NULL)
    {
      self->filter = g_rc_box_new (Filter);
      *self->filter = (Filter) { filter, user_data, destroy };
    }
  if (old != NULL)
    filter_unref (old);
}
