/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "event/qmp-event-match-private.h"

#include <string.h>

#include "core/qmp-closure-private.h"
#include "json/qmp-json-node-private.h"
#include "json/qmp-json-writer-private.h"
#include "message/qmp-path-private.h"

/**
 * QmpEventMatch:
 *
 * Which events a program wants.
 *
 * A match is made once and used any number of times: for listeners ([ctor@EventListener.new_for_match]) and for commands
 * that bring an event ([method@Client.execute_and_wait_async]). Who uses a match takes a copy of it, so it can be changed and
 * freed afterwards without an effect on them.
 *
 * An event is wanted if all of these are true:
 *
 * - it has one of the names that the match was made with, or is a failure ([method@EventMatch.add_failure]);
 * - the members of its data have the values of [method@EventMatch.add_member];
 * - the filter ([method@EventMatch.set_filter]), which is asked last, says so.
 *
 * ```c
 * const char *names[] = { "DEVICE_DELETED", NULL };
 * g_autoptr(QmpEventMatch) unplugged = qmp_event_match_new (names);
 *
 * qmp_event_match_add_string_member (unplugged, NULL, "device", "net0");
 * qmp_event_match_add_failure (unplugged, "DEVICE_UNPLUG_GUEST_ERROR", NULL, NULL);
 * ```
 *
 * A match belongs to one thread at a time. Each of its copies may be in a thread of its own; they share the filter, which is
 * called in the thread of the client that has read the event.
 *
 * Since: 1.0
 */
struct _QmpEventMatch {
  char       **names;     /* NULL for all */
  guint64      letters;   /* of the names and those of the failures */
  GPtrArray   *members;   /* of Member: all must hold */
  GPtrArray   *failures;  /* of Failure: wanted, too */
  QmpClosure  *filter;    /* nullable; of QmpEventFilterFunc */
};

G_DEFINE_BOXED_TYPE (QmpEventMatch, qmp_event_match, qmp_event_match_copy, qmp_event_match_free)

guint64
qmp_event_match_get_letters (const char *name)
{
  guint hash = 0;

  for (guint i = 0; i < 4 && name[i] != '\0'; i++)
    hash = hash * 31 + (guchar) name[i];
  return G_GUINT64_CONSTANT (1) << (hash % 64);
}

/* A member that must have one of some values. */
typedef struct {
  char      *event;   /* nullable: any */
  char      *path;    /* in the event, so from "data" on */
  GPtrArray *values;  /* of JsonNode, sealed: alternatives */
} Member;

typedef struct {
  char     *event;
  char     *path;   /* nullable: whatever the data are */
  JsonNode *value;  /* nullable: whatever there is at path; sealed */
} Failure;

static void
member_free (Member *member)
{
  g_free (member->event);
  g_free (member->path);
  g_ptr_array_unref (member->values);
  g_free (member);
}

static gpointer
copy_node (gconstpointer node,
           gpointer      user_data)
{
  return json_node_ref ((JsonNode *) node);
}

static gpointer
copy_member (gconstpointer source,
             gpointer      user_data)
{
  const Member *member = source;

  return g_memdup2 (&(Member) { g_strdup (member->event), g_strdup (member->path),
                                g_ptr_array_copy (member->values, copy_node, NULL) }, sizeof (Member));
}

static void
failure_free (Failure *failure)
{
  g_free (failure->event);
  g_free (failure->path);
  g_clear_pointer (&failure->value, json_node_unref);
  g_free (failure);
}

static gpointer
copy_failure (gconstpointer source,
              gpointer      user_data)
{
  const Failure *failure = source;

  return g_memdup2 (&(Failure) { g_strdup (failure->event), g_strdup (failure->path),
                                 failure->value != NULL ? json_node_ref (failure->value) : NULL }, sizeof (Failure));
}

/**
 * qmp_event_match_new:
 * @names: (nullable) (array zero-terminated=1): the names of the events that are wanted; `NULL` for all
 *
 * Makes a match of events by their names.
 *
 * Returns: (transfer full) (not nullable): a new match
 *
 * Since: 1.0
 */
QmpEventMatch *
qmp_event_match_new (const char * const *names)
{
  QmpEventMatch *self = g_new0 (QmpEventMatch, 1);

  self->names = g_strdupv ((char **) names);
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    self->letters |= qmp_event_match_get_letters (names[i]);
  self->members = g_ptr_array_new_with_free_func ((GDestroyNotify) member_free);
  self->failures = g_ptr_array_new_with_free_func ((GDestroyNotify) failure_free);
  return self;
}

/**
 * qmp_event_match_copy:
 * @self: a match
 *
 * Makes a match that is equal to another, and independent of it. Both have the same filter, whose data are freed with the
 * last of them.
 *
 * Returns: (transfer full) (not nullable): a new match
 *
 * Since: 1.0
 */
QmpEventMatch *
qmp_event_match_copy (const QmpEventMatch *self)
{
  QmpEventMatch *copy;

  g_return_val_if_fail (self != NULL, NULL);

  copy = g_new0 (QmpEventMatch, 1);
  copy->names = g_strdupv (self->names);
  copy->letters = self->letters;
  copy->members = g_ptr_array_copy (self->members, copy_member, NULL);
  copy->failures = g_ptr_array_copy (self->failures, copy_failure, NULL);
  copy->filter = self->filter != NULL ? qmp_closure_ref (self->filter) : NULL;
  return copy;
}

/**
 * qmp_event_match_free: (skip)
 * @self: (nullable): a match
 *
 * Frees a match. Listeners and calls that use it have copies of their own.
 *
 * Since: 1.0
 */
void
qmp_event_match_free (QmpEventMatch *self)
{
  g_autoptr(QmpClosure) filter = NULL;

  if (self == NULL)
    return;

  g_strfreev (self->names);
  g_ptr_array_unref (self->members);
  g_ptr_array_unref (self->failures);
  /* Last: its destroy function is user code. */
  filter = self->filter;
  g_free (self);
}

/* --- matching --- */

static gboolean
find_value (QmpEvent     *event,
            const char   *path,
            QmpJsonSlice *value)
{
  return qmp_path_find (QMP_MESSAGE (event), path, value, NULL);
}

/* alternatives: of JsonNode. What nodes cannot hold is equal to none. */
static gboolean
is_any (QmpJsonSlice   value,
        JsonNode     **alternatives,
        guint          n_alternatives)
{
  g_autoptr(JsonNode) node = qmp_json_to_whole_node (value.text, value.length, NULL);

  for (guint i = 0; node != NULL && i < n_alternatives; i++)
    if (json_node_equal (node, alternatives[i]))
      return TRUE;
  return FALSE;
}

static gboolean
is_about (const Member *member,
          QmpEvent     *event)
{
  return member->event == NULL || g_str_equal (member->event, qmp_event_get_name (event));
}

static gboolean
holds (const Member *member,
       QmpEvent     *event)
{
  QmpJsonSlice value;

  return find_value (event, member->path, &value) &&
         is_any (value, (JsonNode **) member->values->pdata, member->values->len);
}

static gboolean
fails (const Failure *failure,
       QmpEvent      *event)
{
  QmpJsonSlice value;

  if (!g_str_equal (failure->event, qmp_event_get_name (event)))
    return FALSE;
  if (failure->path == NULL)
    return TRUE;
  return find_value (event, failure->path, &value) &&
         (failure->value == NULL || is_any (value, (JsonNode **) &failure->value, 1));
}

/* Nullable. */
static const Failure *
find_failure (const QmpEventMatch *self,
              QmpEvent            *event)
{
  for (guint i = 0; i < self->failures->len; i++)
    if (fails (g_ptr_array_index (self->failures, i), event))
      return g_ptr_array_index (self->failures, i);
  return NULL;
}

/* What says that the event is a failure need not have one of the other values. */
static gboolean
has_members (const QmpEventMatch *self,
             QmpEvent            *event,
             const Failure       *failure)
{
  for (guint i = 0; i < self->members->len; i++)
    {
      const Member *member = g_ptr_array_index (self->members, i);

      if (is_about (member, event) && (failure == NULL || g_strcmp0 (failure->path, member->path) != 0) &&
          !holds (member, event))
        return FALSE;
    }
  return TRUE;
}

static gboolean
has_name (const QmpEventMatch *self,
          QmpEvent            *event)
{
  return self->names == NULL ||
         g_strv_contains ((const char * const *) self->names, qmp_event_get_name (event));
}

/* The match may be changed or freed within. */
static gboolean
passes_filter (const QmpEventMatch *self,
               QmpEvent            *event)
{
  g_autoptr(QmpClosure) filter = NULL;

  if (self->filter == NULL)
    return TRUE;

  filter = qmp_closure_ref (self->filter);
  return ((QmpEventFilterFunc) filter->function) (event, filter->user_data);
}

gboolean
qmp_event_match_may_accept (const QmpEventMatch *self,
                            guint64              letters)
{
  return self->names == NULL || (self->letters & letters) != 0;
}

gboolean
qmp_event_match_may_filter (const QmpEventMatch *self,
                            guint64              letters)
{
  return self->filter != NULL && qmp_event_match_may_accept (self, letters);
}

/**
 * qmp_event_match_accepts:
 * @self: a match
 * @event: an event
 *
 * Tells whether an event is wanted: it has one of the names or is a failure, has the values, and passes the filter.
 *
 * Returns: `TRUE` if it is
 *
 * Since: 1.0
 */
gboolean
qmp_event_match_accepts (const QmpEventMatch *self,
                         QmpEvent            *event)
{
  const Failure *failure;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (QMP_IS_EVENT (event), FALSE);

  failure = find_failure (self, event);
  return (failure != NULL || has_name (self, event)) && has_members (self, event, failure) &&
         passes_filter (self, event);
}

/**
 * qmp_event_match_is_failure:
 * @self: a match
 * @event: an event
 *
 * Tells whether an event is one of those that were named by [method@EventMatch.add_failure]. It may still be one that is not
 * wanted.
 *
 * Returns: `TRUE` if it is
 *
 * Since: 1.0
 */
gboolean
qmp_event_match_is_failure (const QmpEventMatch *self,
                            QmpEvent            *event)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (QMP_IS_EVENT (event), FALSE);

  return find_failure (self, event) != NULL;
}

/* --- which events --- */

/* A node's copy shares its object or array, which the caller may change. */
static JsonNode *
copy_deep (JsonNode *value)
{
  g_autoptr(GString) text = g_string_new (NULL);
  JsonNode *copy;

  if (JSON_NODE_HOLDS_VALUE (value) || !qmp_json_append_node (text, value, NULL))
    copy = json_node_copy (value);
  else
    copy = qmp_json_to_node (text->str, text->len);
  json_node_seal (copy);
  return copy;
}

/* path: from the data on. The result is of the whole event. */
static char *
make_path (const char *path)
{
  return g_strconcat (*path == '[' ? "data" : "data.", path, NULL);
}

/* Back again. */
static const char *
get_path (const char *path)
{
  const char *rest = path + strlen ("data");

  return *rest == '.' ? rest + 1 : rest;
}

/* Takes path. */
static Member *
ensure_member (QmpEventMatch *self,
               const char    *event,
               char          *path)
{
  Member *member;

  for (guint i = 0; i < self->members->len; i++)
    {
      member = g_ptr_array_index (self->members, i);
      if (g_strcmp0 (member->event, event) == 0 && g_str_equal (member->path, path))
        {
          g_free (path);
          return member;
        }
    }

  member = g_new (Member, 1);
  *member = (Member) { g_strdup (event), path, g_ptr_array_new_with_free_func ((GDestroyNotify) json_node_unref) };
  g_ptr_array_add (self->members, member);
  return member;
}

/**
 * qmp_event_match_add_member:
 * @self: a match
 * @event: (nullable): the name of an event; `NULL` for each event that is wanted
 * @path: where in the event's data to look: `device`, `info.status`, `nodes[0]`
 * @value: the value that must be there, of any JSON type
 *
 * Wants an event only when a member of its data has a certain value.
 *
 * Several values for the same member are alternatives; different members must all have theirs. An event
 * that has no such member is not wanted. [method@Message.dup_string] says how a path is written; nothing is at one that is
 * written otherwise.
 *
 * Since: 1.0
 */
void
qmp_event_match_add_member (QmpEventMatch *self,
                            const char    *event,
                            const char    *path,
                            JsonNode      *value)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (path != NULL && value != NULL);

  g_ptr_array_add (ensure_member (self, event, make_path (path))->values, copy_deep (value));
}

/**
 * qmp_event_match_add_string_member:
 * @self: a match
 * @event: (nullable): the name of an event; `NULL` for each event that is wanted
 * @path: where in the event's data to look
 * @value: the string that must be there
 *
 * Wants an event only when a member of its data is a certain string.
 *
 * Otherwise this is [method@EventMatch.add_member].
 *
 * Since: 1.0
 */
void
qmp_event_match_add_string_member (QmpEventMatch *self,
                                   const char    *event,
                                   const char    *path,
                                   const char    *value)
{
  g_autoptr(JsonNode) node = NULL;

  g_return_if_fail (self != NULL);
  g_return_if_fail (path != NULL && value != NULL);

  node = json_node_init_string (json_node_alloc (), value);
  qmp_event_match_add_member (self, event, path, node);
}

/**
 * qmp_event_match_add_failure:
 * @self: a match
 * @event: an event's name
 * @path: (nullable): where in the event's data to look; `NULL` if each such event is a failure
 * @value: (nullable): the value that is a failure there; `NULL` if any is; `NULL` without @path
 *
 * Wants an event too, and takes it for a failure.
 *
 * The other members of such an event must have the values that were added for them, but not the one at @path.
 * [method@Client.execute_and_wait_async] fails with `QMP_CLIENT_ERROR_FAILURE_EVENT` when it comes. A listener takes it
 * as it does the others, and [method@EventMatch.is_failure] tells them apart.
 *
 * ```c
 * g_autoptr(JsonNode) failed = json_node_init_string (json_node_alloc (), "failed");
 * const char *names[] = { "MIGRATION", NULL };
 * g_autoptr(QmpEventMatch) migrated = qmp_event_match_new (names);
 *
 * qmp_event_match_add_string_member (migrated, NULL, "status", "completed");
 * qmp_event_match_add_failure (migrated, "MIGRATION", "status", failed);
 * ```
 *
 * Since: 1.0
 */
void
qmp_event_match_add_failure (QmpEventMatch *self,
                             const char    *event,
                             const char    *path,
                             JsonNode      *value)
{
  Failure *failure;

  g_return_if_fail (self != NULL);
  g_return_if_fail (event != NULL);
  g_return_if_fail (path != NULL || value == NULL);

  failure = g_new (Failure, 1);
  *failure = (Failure) { g_strdup (event), path != NULL ? make_path (path) : NULL,
                         value != NULL ? copy_deep (value) : NULL };
  g_ptr_array_add (self->failures, failure);
  self->letters |= qmp_event_match_get_letters (event);
}

/**
 * qmp_event_match_set_filter:
 * @self: a match
 * @filter: (nullable) (scope notified) (closure user_data) (destroy destroy): decides about each event
 * @user_data: data for @filter
 * @destroy: (nullable): frees @user_data
 *
 * Sets a function that has the last word about which events are wanted. Without a function, @user_data is freed at once.
 *
 * Copies of the match that were made before keep what they have. @destroy is called when the last match that has the
 * function goes, in the thread in which it does.
 *
 * Since: 1.0
 */
void
qmp_event_match_set_filter (QmpEventMatch      *self,
                            QmpEventFilterFunc  filter,
                            gpointer            user_data,
                            GDestroyNotify      destroy)
{
  g_return_if_fail (self != NULL);

  qmp_closure_set (&self->filter, G_CALLBACK (filter), user_data, destroy);
}

/**
 * qmp_event_match_get_names:
 * @self: a match
 *
 * Gets the names that the match was made with. Those of failures are not among them.
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1): the names, `NULL` for all
 *
 * Since: 1.0
 */
const char * const *
qmp_event_match_get_names (const QmpEventMatch *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return (const char * const *) self->names;
}

/* --- as text --- */

static void
append_names (const QmpEventMatch *self,
              GString             *out)
{
  g_autofree char *names = NULL;

  if (self->names == NULL)
    g_string_append (out, "any event");
  else if (*self->names == NULL)
    g_string_append (out, "no event");
  else
    g_string_append (out, names = g_strjoinv (", ", self->names));
}

/* path: nullable. */
static void
append_place (GString    *out,
              const char *event,
              const char *path)
{
  if (event != NULL)
    g_string_append_printf (out, "%s%s", event, path != NULL ? ": " : "");
  if (path != NULL)
    g_string_append (out, get_path (path));
}

static void
append_member (const Member *member,
               GString      *out)
{
  g_string_append (out, "; ");
  append_place (out, member->event, member->path);
  for (guint i = 0; i < member->values->len; i++)
    {
      g_string_append (out, i == 0 ? " = " : " | ");
      qmp_json_append_node (out, g_ptr_array_index (member->values, i), NULL);
    }
}

static void
append_failure (const Failure *failure,
                GString       *out)
{
  g_string_append (out, "; failure ");
  append_place (out, failure->event, failure->path);
  if (failure->value != NULL)
    {
      g_string_append (out, " = ");
      qmp_json_append_node (out, failure->value, NULL);
    }
}

/**
 * qmp_event_match_to_string:
 * @self: a match
 *
 * Shows what a match says, on one line, for a log or a debugger:
 * `DEVICE_DELETED; device = "net0"; failure DEVICE_UNPLUG_GUEST_ERROR; filter`.
 *
 * The text may change from version to version.
 *
 * Returns: (transfer full) (not nullable): the text
 *
 * Since: 1.0
 */
char *
qmp_event_match_to_string (const QmpEventMatch *self)
{
  GString *out;

  g_return_val_if_fail (self != NULL, NULL);

  out = g_string_new (NULL);
  append_names (self, out);
  g_ptr_array_foreach (self->members, (GFunc) append_member, out);
  g_ptr_array_foreach (self->failures, (GFunc) append_failure, out);
  if (self->filter != NULL)
    g_string_append (out, "; filter");
  return g_string_free (out, FALSE);
}
