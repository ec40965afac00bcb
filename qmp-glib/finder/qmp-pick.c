/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "finder/qmp-pick-private.h"

#include <glib/gi18n-lib.h>

static gboolean
is_name (const char *name,
         const char *wanted)
{
  return g_strcmp0 (name, wanted) == 0;
}

static gboolean
is_uuid (const char *uuid,
         const char *wanted)
{
  return uuid != NULL && g_ascii_strcasecmp (uuid, wanted) == 0;
}

static gboolean
is_pid (int         pid,
        const char *wanted)
{
  guint64 number;

  return g_ascii_string_to_unsigned (wanted, 10, 0, G_MAXINT, &number, NULL) && (int) number == pid;
}

gboolean
qmp_pick_may_be (const char *name,
                 const char *uuid,
                 int         pid,
                 const char *wanted)
{
  return is_name (name, wanted) || is_uuid (uuid, wanted) || is_pid (pid, wanted);
}

static gboolean
has_name (QmpInstance *instance,
          const char  *wanted)
{
  return is_name (qmp_instance_get_name (instance), wanted);
}

static gboolean
has_uuid (QmpInstance *instance,
          const char  *wanted)
{
  return is_uuid (qmp_instance_get_uuid (instance), wanted);
}

static gboolean
has_pid (QmpInstance *instance,
         const char  *wanted)
{
  return is_pid (qmp_instance_get_pid (instance), wanted);
}

typedef gboolean (* HasFunc) (QmpInstance *instance,
                              const char  *wanted);

/* Borrowed. */
static GPtrArray *
find_all (GPtrArray  *instances,
          HasFunc     has,
          const char *wanted)
{
  GPtrArray *found = g_ptr_array_new ();

  for (guint i = 0; i < instances->len; i++)
    if (has (instances->pdata[i], wanted))
      g_ptr_array_add (found, instances->pdata[i]);
  return found;
}

/* Returns NULL, for the caller to return. */
static QmpInstance *
fail_by_many (GPtrArray   *found,
              const char  *wanted,
              GError     **error)
{
  g_autoptr(GString) all = g_string_new (NULL);

  for (guint i = 0; i < found->len; i++)
    g_string_append_printf (all, "%s%d", i > 0 ? ", " : "", qmp_instance_get_pid (found->pdata[i]));
  g_set_error (error, QMP_FINDER_ERROR, QMP_FINDER_ERROR_AMBIGUOUS,
               _("There are %u machines “%s”: the processes %s"), found->len, wanted, all->str);
  return NULL;
}

QmpInstance *
qmp_pick_instance (GPtrArray   *instances,
                   const char  *wanted,
                   GError     **error)
{
  static const HasFunc ways[] = { has_name, has_uuid, has_pid };

  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autoptr(GPtrArray) found = find_all (instances, ways[i], wanted);

      if (found->len > 1)
        return fail_by_many (found, wanted, error);
      if (found->len == 1)
        return g_object_ref (found->pdata[0]);
    }
  g_set_error (error, QMP_FINDER_ERROR, QMP_FINDER_ERROR_NOT_FOUND, _("No machine “%s” runs on this computer"), wanted);
  return NULL;
}
