/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "json/qmp-json-node-private.h"
#include "message/qmp-message-private.h"
#include "message/qmp-message-struct-private.h"

/* What an event costs in addition to its text: the object, the place in a queue. Less than this, and a flood of short ones
 * could make a queue many times as large as it may be. */
#define COST 512

/**
 * QmpEvent:
 *
 * An event: something that happened, and that the server tells without being asked.
 *
 * Events are received only, hence read-only and shared by all who hear of them. They are also
 * messages, so what this class does not give is found with the functions of [class@Message].
 *
 * ```c
 * static void
 * event_cb (QmpClient *client,
 *           QmpEvent  *event,
 *           gpointer   user_data)
 * {
 *   g_print ("%s at %" G_GINT64_FORMAT "\n",
 *            qmp_event_get_name (event), qmp_event_get_timestamp (event));
 * }
 * ```
 *
 * See the section “Asynchronous events” of the QMP specification.
 *
 * Since: 1.0
 */

/* Events come in floods and most are looked at by name only: everything is made when asked for. */
struct _QmpEvent {
  QmpMessage  parent_instance;
  char       *name;      /* nullable: not made yet; short_name if it fits */
  char        short_name[32];
  JsonNode   *data;      /* nullable: not made yet; sealed */
  gint64      timestamp; /* in microseconds */
  gboolean    has_timestamp;
};

struct _QmpEventClass {
  QmpMessageClass parent_class;
};

enum {
  PROP_0,
  PROP_NAME,
  PROP_DATA,
  PROP_TIMESTAMP,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (QmpEvent, qmp_event, QMP_TYPE_MESSAGE)

static void
qmp_event_finalize (GObject *object)
{
  QmpEvent *self = QMP_EVENT (object);

  if (self->name != self->short_name)
    g_free (self->name);
  g_clear_pointer (&self->data, json_node_unref);

  G_OBJECT_CLASS (qmp_event_parent_class)->finalize (object);
}

static void
qmp_event_get_property (GObject    *object,
                        guint       prop_id,
                        GValue     *value,
                        GParamSpec *pspec)
{
  QmpEvent *self = QMP_EVENT (object);

  switch (prop_id)
    {
    case PROP_NAME:
      g_value_set_string (value, qmp_event_get_name (self));
      break;
    case PROP_DATA:
      g_value_set_boxed (value, qmp_event_get_data (self));
      break;
    case PROP_TIMESTAMP:
      g_value_set_int64 (value, qmp_event_get_timestamp (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
qmp_event_class_init (QmpEventClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = qmp_event_finalize;
  object_class->get_property = qmp_event_get_property;

  /**
   * QmpEvent:name: (getter get_name)
   *
   * What happened, for example `STOP`.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] =
    g_param_spec_string ("name", NULL, NULL, NULL,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * QmpEvent:data: (getter get_data)
   *
   * What there is to say about it.
   *
   * Since: 1.0
   */
  properties[PROP_DATA] =
    g_param_spec_boxed ("data", NULL, NULL, JSON_TYPE_NODE,
                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * QmpEvent:timestamp: (getter get_timestamp)
   *
   * When it happened, in microseconds since the epoch; -1 if that is not known.
   *
   * Since: 1.0
   */
  properties[PROP_TIMESTAMP] =
    g_param_spec_int64 ("timestamp", NULL, NULL, -1, G_MAXINT64, -1,
                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
qmp_event_init (QmpEvent *self)
{
  qmp_message_check_received (QMP_MESSAGE (self));
}

QmpEvent *
qmp_event_new_received (QmpJsonReader *reader,
                        QmpJsonFrame  *frame)
{
  return qmp_message_new_received_as (QMP_TYPE_EVENT, reader, frame);
}

gsize
qmp_event_get_size (QmpEvent *self)
{
  return COST + self->parent_instance.body.length;
}

static char *
make_name (QmpEvent *self)
{
  QmpJsonSlice value;
  gsize length;

  if (!qmp_body_find_key (&self->parent_instance.body, QMP_JSON_KEY_EVENT, "event", &value) || *value.text != '"')
    return self->short_name;
  length = value.length - 2;
  if (length >= sizeof self->short_name || memchr (value.text, '\\', value.length) != NULL)
    return qmp_json_dup_string (value.text, value.length);

  memcpy (self->short_name, value.text + 1, length);
  return self->short_name;
}

/**
 * qmp_event_get_name: (get-property name)
 * @self: an event
 *
 * What happened, for example `STOP`.
 *
 * Returns: (transfer none) (not nullable): the name of the event, owned by it; empty if the server
 *   sent none
 *
 * Since: 1.0
 */
const char *
qmp_event_get_name (QmpEvent *self)
{
  g_return_val_if_fail (QMP_IS_EVENT (self), NULL);

  if (self->name == NULL)
    self->name = make_name (self);
  return self->name;
}

/**
 * qmp_event_get_data: (get-property data)
 * @self: an event
 *
 * What there is to say about what happened; the documentation of the event tells what it has.
 *
 * See [method@Message.get_node] for what a node cannot hold. The function
 * [method@Message.dup_member_text], asked for `data`, has the value in full.
 *
 * Returns: (transfer none) (nullable): the data, an object, immutable and owned by the event;
 *   `NULL` if it has none
 *
 * Since: 1.0
 */
JsonNode *
qmp_event_get_data (QmpEvent *self)
{
  QmpJsonSlice value;

  g_return_val_if_fail (QMP_IS_EVENT (self), NULL);

  if (self->data == NULL && qmp_body_find (&QMP_MESSAGE (self)->body, "data", &value))
    {
      self->data = qmp_json_to_node (value.text, value.length);
      json_node_seal (self->data);
    }

  return self->data;
}

static gint64
read_timestamp (QmpMessage *message)
{
  QmpJsonCursor cursor;
  QmpJsonSlice timestamp;
  QmpJsonSlice key;
  QmpJsonSlice value;
  gint64 seconds = -1;
  gint64 microseconds = -1;

  if (!qmp_body_find (&message->body, "timestamp", &timestamp) || *timestamp.text != '{')
    return -1;

  qmp_json_cursor_init (&cursor, timestamp.text, timestamp.length);
  while (qmp_json_cursor_next_member (&cursor, &key, &value))
    {
      if (qmp_json_string_equal (key.text, key.length, "seconds") &&
          !qmp_json_get_int64 (value.text, value.length, &seconds))
        seconds = -1;
      else if (qmp_json_string_equal (key.text, key.length, "microseconds") &&
               !qmp_json_get_int64 (value.text, value.length, &microseconds))
        microseconds = -1;
    }

  /* The server sends -1 for both when it could not tell the time. */
  if (seconds < 0 || microseconds < 0 ||
      seconds > (G_MAXINT64 - microseconds) / G_USEC_PER_SEC)
    return -1;

  return seconds * G_USEC_PER_SEC + microseconds;
}

/**
 * qmp_event_get_timestamp: (get-property timestamp)
 * @self: an event
 *
 * When it happened, by the clock of the server's host.
 *
 * Returns: the time in microseconds since 1970-01-01 00:00:00 UTC, 0 or more; -1 if the server did
 *   not know or tell
 *
 * Since: 1.0
 */
gint64
qmp_event_get_timestamp (QmpEvent *self)
{
  g_return_val_if_fail (QMP_IS_EVENT (self), -1);

  if (!self->has_timestamp)
    {
      self->timestamp = read_timestamp (QMP_MESSAGE (self));
      self->has_timestamp = TRUE;
    }

  return self->timestamp;
}
