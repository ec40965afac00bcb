/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "event/qmp-event-history-private.h"

#include <gio/gio.h>

#include "event/qmp-event-queue-private.h"
#include "message/qmp-message-private.h"

struct _QmpEventHistory {
  GObject     parent_instance;

  GPtrArray  *events;      /* of QmpEvent, owned, from start on; NULL before */
  guint       start;
  gsize       n_bytes;     /* that they cost */
  guint       max_length;
};

enum {
  PROP_0,
  PROP_N_ITEMS,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void list_model_iface_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (QmpEventHistory, qmp_event_history, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_iface_init))

/* --- the list --- */

static GType
get_item_type (GListModel *list)
{
  return QMP_TYPE_EVENT;
}

static guint
get_n_items (GListModel *list)
{
  QmpEventHistory *self = QMP_EVENT_HISTORY (list);

  return self->events->len - self->start;
}

static gpointer
get_item (GListModel *list,
          guint       position)
{
  QmpEventHistory *self = QMP_EVENT_HISTORY (list);

  if (position >= get_n_items (list))
    return NULL;
  return g_object_ref (g_ptr_array_index (self->events, self->start + position));
}

static void
list_model_iface_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

/* --- its bounds --- */

static void
forget_oldest (QmpEventHistory *self)
{
  g_autoptr(QmpEvent) oldest = g_steal_pointer (&g_ptr_array_index (self->events, self->start));

  self->n_bytes -= qmp_event_get_size (oldest);
  self->start++;
  /* Not more room in front than there are events: what is moved then was paid for by those that went. */
  if (self->start > self->events->len - self->start)
    {
      g_ptr_array_remove_range (self->events, 0, self->start);
      self->start = 0;
    }
}

/* One event stays whatever its size is. */
static gboolean
is_over (QmpEventHistory *self)
{
  guint length = self->events->len - self->start;

  return length > self->max_length || (length > 1 && self->n_bytes > QMP_EVENT_MAX_BYTES);
}

static void
shorten (QmpEventHistory *self)
{
  guint n_forgotten = 0;

  while (is_over (self))
    {
      forget_oldest (self);
      n_forgotten++;
    }
  if (n_forgotten > 0)
    g_list_model_items_changed (G_LIST_MODEL (self), 0, n_forgotten, 0);
}

/* n_items: what it was before. */
static void
notify_n_items (QmpEventHistory *self,
                guint            n_items)
{
  if (self->events->len - self->start != n_items)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_ITEMS]);
}

/* Handlers may drop the listener, and the history with it. */
void
qmp_event_history_add (QmpEventHistory *self,
                       QmpEvent        *event)
{
  g_autoptr(QmpEventHistory) keep = NULL;
  guint n_items = self->events->len - self->start;

  if (self->max_length == 0)
    return;

  keep = g_object_ref (self);
  g_ptr_array_add (self->events, g_object_ref (event));
  self->n_bytes += qmp_event_get_size (event);
  g_list_model_items_changed (G_LIST_MODEL (self), n_items, 0, 1);
  shorten (self);
  notify_n_items (self, n_items);
}

void
qmp_event_history_set_max_length (QmpEventHistory *self,
                                  guint            max_length)
{
  g_autoptr(QmpEventHistory) keep = g_object_ref (self);
  guint n_items = self->events->len - self->start;

  self->max_length = max_length;
  shorten (self);
  notify_n_items (self, n_items);
}

guint
qmp_event_history_get_max_length (QmpEventHistory *self)
{
  return self->max_length;
}

/* --- the object --- */

static void
qmp_event_history_get_property (GObject    *object,
                                guint       property_id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  switch (property_id)
    {
    case PROP_N_ITEMS:
      g_value_set_uint (value, get_n_items (G_LIST_MODEL (object)));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
qmp_event_history_finalize (GObject *object)
{
  QmpEventHistory *self = QMP_EVENT_HISTORY (object);

  g_ptr_array_unref (self->events);

  G_OBJECT_CLASS (qmp_event_history_parent_class)->finalize (object);
}

static void
qmp_event_history_class_init (QmpEventHistoryClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = qmp_event_history_get_property;
  object_class->finalize = qmp_event_history_finalize;

  properties[PROP_N_ITEMS] =
    g_param_spec_uint ("n-items", NULL, NULL, 0, G_MAXUINT, 0,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

/* Those that were forgotten are NULL. */
static void
clear_event (gpointer event)
{
  if (event != NULL)
    g_object_unref (event);
}

static void
qmp_event_history_init (QmpEventHistory *self)
{
  self->events = g_ptr_array_new_with_free_func (clear_event);
}

QmpEventHistory *
qmp_event_history_new (void)
{
  return g_object_new (QMP_TYPE_EVENT_HISTORY, NULL);
}
