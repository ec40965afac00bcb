/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-job-list-private.h"

#include <gio/gio.h>

struct _QmpJobList {
  GObject    parent_instance;

  GPtrArray *jobs;  /* of QmpJob, owned: as they were seen first */
};

enum {
  PROP_0,
  PROP_N_ITEMS,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void list_model_iface_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (QmpJobList, qmp_job_list, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_iface_init))

/* --- the list --- */

static GType
get_item_type (GListModel *list)
{
  return QMP_TYPE_JOB;
}

static guint
get_n_items (GListModel *list)
{
  return QMP_JOB_LIST (list)->jobs->len;
}

static gpointer
get_item (GListModel *list,
          guint       position)
{
  QmpJobList *self = QMP_JOB_LIST (list);

  return position < self->jobs->len ? g_object_ref (self->jobs->pdata[position]) : NULL;
}

static void
list_model_iface_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

static void
tell (QmpJobList *self,
      guint       position,
      guint       removed,
      guint       added)
{
  g_autoptr(QmpJobList) held = g_object_ref (self);

  g_list_model_items_changed (G_LIST_MODEL (self), position, removed, added);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_ITEMS]);
}

void
qmp_job_list_append (QmpJobList *self,
                     QmpJob     *job)
{
  g_ptr_array_add (self->jobs, g_object_ref (job));
  tell (self, self->jobs->len - 1, 0, 1);
}

void
qmp_job_list_remove (QmpJobList *self,
                     QmpJob     *job)
{
  guint position;

  if (!g_ptr_array_find (self->jobs, job, &position))
    return;
  g_ptr_array_remove_index (self->jobs, position);
  tell (self, position, 1, 0);
}

/* --- the object --- */

static void
get_property (GObject    *object,
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
qmp_job_list_finalize (GObject *object)
{
  g_ptr_array_unref (QMP_JOB_LIST (object)->jobs);

  G_OBJECT_CLASS (qmp_job_list_parent_class)->finalize (object);
}

static void
qmp_job_list_class_init (QmpJobListClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = get_property;
  object_class->finalize = qmp_job_list_finalize;

  properties[PROP_N_ITEMS] =
    g_param_spec_uint ("n-items", NULL, NULL, 0, G_MAXUINT, 0,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
qmp_job_list_init (QmpJobList *self)
{
  self->jobs = g_ptr_array_new_with_free_func (g_object_unref);
}

QmpJobList *
qmp_job_list_new (void)
{
  return g_object_new (QMP_TYPE_JOB_LIST, NULL);
}
